"""Who owes what: budgets, holds, the journal, verification. Knows prices from `pricing`, nothing of the router."""

from .bills.importing import Imported
from .bills.kept import Filed
from .check.condition import Condition, look_at
from .credit.balance import Prepaid
from .errors import (
    BadBudget,
    BadLot,
    BadRequest,
    BadScope,
    BadStatement,
    BadVerdict,
    LedgerError,
    StorageError,
    UnknownJob,
    WrongState,
)
from .experience import Charged, Latency, Rated
from .export.files import whole as whole_file
from .forecast.values import Forecast, Planned
from .learning.accuracy import Accuracy
from .learning.drift import Drift
from .learning.opaque import UnitRate
from .learning.override import proposal
from .ledger import Ledger
from .migrations import Upgraded, upgrade
from .reconcile.values import Break, JobMatch, Reconciliation, Totals
from .report.values import BurnDown, Cell, Report
from .statement.lines import Source, Statement, StatementLine
from .statement.mapping import read_mapping
from .statement.reading import read_statement
from .values import (
    Ask,
    AttemptView,
    Budget,
    Check,
    CreditLot,
    Credits,
    Event,
    Explanation,
    Grant,
    Headroom,
    Holder,
    JobView,
    Leg,
    Message,
    Notice,
    PastRefusal,
    Refusal,
    Standing,
    Verdict,
)

__all__ = [
    "Accuracy",
    "Ask",
    "AttemptView",
    "BadBudget",
    "BadLot",
    "BadRequest",
    "BadScope",
    "BadStatement",
    "BadVerdict",
    "Break",
    "Budget",
    "BurnDown",
    "Cell",
    "Charged",
    "Check",
    "Condition",
    "CreditLot",
    "Credits",
    "Drift",
    "Event",
    "Explanation",
    "Filed",
    "Forecast",
    "Grant",
    "Headroom",
    "Holder",
    "Imported",
    "JobMatch",
    "JobView",
    "Latency",
    "Ledger",
    "LedgerError",
    "Leg",
    "Message",
    "Notice",
    "PastRefusal",
    "Planned",
    "Prepaid",
    "Rated",
    "Reconciliation",
    "Refusal",
    "Report",
    "Source",
    "Standing",
    "Statement",
    "StatementLine",
    "StorageError",
    "Totals",
    "UnitRate",
    "UnknownJob",
    "Upgraded",
    "Verdict",
    "WrongState",
    "look_at",
    "proposal",
    "read_mapping",
    "read_statement",
    "upgrade",
    "whole_file",
]
