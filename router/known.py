"""What choosing knows beside prices, read from the ledger once for many decisions: latencies, ratings, credits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from .choose import Prepaid
from .latency import Latencies
from .margins import Margins
from .ports import LedgerAndHistory
from .quality import Ratings
from .steps import Ask, Step

LEARNED_FOR = timedelta(seconds=60)
"""What jobs taught is read again after so long."""
CREDITS_FOR = timedelta(seconds=5)
"""So are credits, and at once where this process moved some itself."""
_MOVES_CREDITS = frozenset({"settle", "submitted", "release", "unknown"})


@dataclass(frozen=True, slots=True)
class Learned:
    """One look."""

    latencies: Latencies
    ratings: Ratings
    margins: Margins


class Known:
    """Shared by all threads of a router."""

    def __init__(self, ledger: LedgerAndHistory, clock: Callable[[], datetime]) -> None:
        self._ledger, self._clock = ledger, clock
        self._lock = Lock()
        self._learned: tuple[datetime, Learned] | None = None
        self._prepaid: tuple[datetime, Sequence[Prepaid]] | None = None

    def learned(self) -> Learned:
        """How long jobs took, how good they were found, how far charges went beyond quotes."""
        now = self._clock()
        with self._lock:
            if self._learned is None or not timedelta(0) <= now - self._learned[0] < LEARNED_FOR:
                ledger = self._ledger
                found = Learned(
                    Latencies(ledger.latencies(), now), Ratings(ledger.ratings()), Margins(ledger.charges())
                )
                self._learned = now, found
            return self._learned[1]

    def prepaid(self) -> Sequence[Prepaid]:
        """What is left of the credits that were bought."""
        now = self._clock()
        with self._lock:
            if self._prepaid is None or not timedelta(0) <= now - self._prepaid[0] < CREDITS_FOR:
                self._prepaid = now, self._ledger.prepaid()
            return self._prepaid[1]

    def note(self, step: Step) -> None:
        """A step was performed: credits that it moved are read again."""
        if isinstance(step, Ask) and step.name in _MOVES_CREDITS:
            self._prepaid = None

    def forget(self) -> None:
        """Read everything again when it is next asked for."""
        self._learned = self._prepaid = None
