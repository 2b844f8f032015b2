"""Who owes what: budgets, holds, the journal, verification. Knows prices from `pricing`, nothing of the router."""

from .errors import BadBudget, BadScope, BadVerdict, LedgerError, StorageError, UnknownJob, WrongState
from .ledger import Ledger
from .values import AttemptView, Budget, Check, Event, Grant, Headroom, JobView, Leg, Refusal, Verdict

__all__ = [
    "AttemptView",
    "BadBudget",
    "BadScope",
    "BadVerdict",
    "Budget",
    "Check",
    "Event",
    "Grant",
    "Headroom",
    "JobView",
    "Ledger",
    "LedgerError",
    "Leg",
    "Refusal",
    "StorageError",
    "UnknownJob",
    "Verdict",
    "WrongState",
]
