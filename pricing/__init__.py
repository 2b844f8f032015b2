"""What a job costs: money, rate cards, quotes. No network, no database, no clock."""

from .answers import BestSetting, MaxOutputs, MaxSeconds, Stretch
from .book import PriceBook
from .credits import CreditPlan
from .errors import (
    BadCard,
    BadMoney,
    BadQuantity,
    BuysNothing,
    CurrencyMismatch,
    NoPlan,
    NoPrice,
    NotQuotable,
    OverLimit,
    PricingError,
    UnknownOffer,
    UnknownSetting,
)
from .language import check
from .language.faults import Fault
from .money import Money, Span, usd
from .offer import Duration, Limit, Offer, Setting, Settlement
from .quote import Line, Quote
from .source import Source
from .usage import Quantity, Usage, decimal_of
from .whatif.change import Change
from .whatif.diff import diff, history
from .whatif.facets import PastRow, Terms
from .whatif.jobs import Job, Replay, Total, Unpriced, measure_names
from .whatif.recorded import Past, PastTotal, PastUnpriced, WhatIf, whatif
from .whatif.replay import replay

__all__ = [
    "BadCard",
    "BadMoney",
    "BadQuantity",
    "BestSetting",
    "BuysNothing",
    "Change",
    "CreditPlan",
    "CurrencyMismatch",
    "Duration",
    "Fault",
    "Job",
    "Limit",
    "Line",
    "MaxOutputs",
    "MaxSeconds",
    "Money",
    "NoPlan",
    "NoPrice",
    "NotQuotable",
    "Offer",
    "OverLimit",
    "Past",
    "PastRow",
    "PastTotal",
    "PastUnpriced",
    "PriceBook",
    "PricingError",
    "Quantity",
    "Quote",
    "Replay",
    "Setting",
    "Settlement",
    "Source",
    "Span",
    "Stretch",
    "Terms",
    "Total",
    "UnknownOffer",
    "UnknownSetting",
    "Unpriced",
    "Usage",
    "WhatIf",
    "check",
    "decimal_of",
    "diff",
    "history",
    "measure_names",
    "replay",
    "usd",
    "whatif",
]
