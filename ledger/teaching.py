"""The front door's verbs for what jobs taught and what credits are left: what choosing reads. Moves no money."""

from decimal import Decimal

from . import experience
from .credit import balance
from .credit.balance import Prepaid
from .experience import NEWEST, Charged, Latency, Rated
from .store import Store
from .texts import clean


class Teaching:
    """What `Ledger` offers to those who choose."""

    _store: Store

    def latencies(self, most: int = NEWEST) -> tuple[Latency, ...]:
        """How long jobs took that somebody watched, newest first; at most so many of each offer with its settings."""
        return self._store.read(lambda work: experience.latencies(work, most))

    def charges(self, most: int = NEWEST) -> tuple[Charged, ...]:
        """What those jobs were charged, beside their quotes; without those of which only the quote speaks."""
        return self._store.read(lambda work: experience.charges(work, most))

    def ratings(self, most: int = NEWEST) -> tuple[Rated, ...]:
        """Count and sum of the newest ratings of each offer with its settings, at most so many."""
        return self._store.read(lambda work: experience.ratings(work, most))

    def rate(self, job: str, score: Decimal, *, author: str, note: str = "") -> None:
        """Say how good a made job is, 0 to 1. The same author's later word replaces the earlier, which is kept.

        Repeating it changes nothing. Raises UnknownJob, WrongState (no clip), BadRequest.
        """
        self._store.write(
            lambda work: experience.rate(
                work, self._store.now(), job=job, score=score, author=clean(author), note=clean(note)
            )
        )

    def prepaid(self) -> tuple[Prepaid, ...]:
        """What is left of each kind of credits that lots were bought of, less what jobs under way may yet cost."""
        return self._store.read(lambda work: balance.prepaid(work, self._store.now()))
