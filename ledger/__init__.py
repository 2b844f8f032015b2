"""Who owes what: budgets, holds, the journal, verification. Knows prices from `pricing`, nothing of the router."""

from .condition import Condition, look_at
from .errors import BadBudget, BadLot, BadScope, BadVerdict, LedgerError, StorageError, UnknownJob, WrongState
from .ledger import Ledger
from .migrations import Upgraded, upgrade
from .values import (
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
    Notice,
    PastRefusal,
    Refusal,
    Standing,
    Verdict,
)

__all__ = [
    "AttemptView",
    "BadBudget",
    "BadLot",
    "BadScope",
    "BadVerdict",
    "Budget",
    "Check",
    "Condition",
    "CreditLot",
    "Credits",
    "Event",
    "Explanation",
    "Grant",
    "Headroom",
    "Holder",
    "JobView",
    "Ledger",
    "LedgerError",
    "Leg",
    "Notice",
    "PastRefusal",
    "Refusal",
    "Standing",
    "StorageError",
    "UnknownJob",
    "Upgraded",
    "Verdict",
    "WrongState",
    "look_at",
    "upgrade",
]
