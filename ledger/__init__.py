"""Who owes what: budgets, holds, the journal, verification. Knows prices from `pricing`, nothing of the router."""

from .errors import BadBudget, BadScope, BadVerdict, LedgerError, StorageError, UnknownJob, WrongState
from .ledger import Ledger
from .values import (
    AttemptView,
    Budget,
    Check,
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
    "BadScope",
    "BadVerdict",
    "Budget",
    "Check",
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
    "Verdict",
    "WrongState",
]
