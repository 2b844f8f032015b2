"""What a job costs: money, rate cards, quotes. No network, no database, no clock."""

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
    OverLimit,
    PricingError,
    UnknownOffer,
    UnknownSetting,
)
from .money import Money, Span, usd
from .offer import Offer, Setting
from .quote import Line, MaxSeconds, Quote
from .source import Source
from .usage import Quantity, Usage, decimal_of

__all__ = [
    "BadCard",
    "BadMoney",
    "BadQuantity",
    "BuysNothing",
    "CreditPlan",
    "CurrencyMismatch",
    "Line",
    "MaxSeconds",
    "Money",
    "NoPlan",
    "NoPrice",
    "Offer",
    "OverLimit",
    "PriceBook",
    "PricingError",
    "Quantity",
    "Quote",
    "Setting",
    "Source",
    "Span",
    "UnknownOffer",
    "UnknownSetting",
    "Usage",
    "decimal_of",
    "usd",
]
