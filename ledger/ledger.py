"""Ledger: the front door. Each verb is one database transaction; what it does is written in the room it is named after.

Fits `router/ports.py` `Ledger` and `History` by shape. A refusal is a returned value, an exception means that the
question was wrong or the database failed; either way nothing was changed.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from pricing import Money, Quote

from . import budgets, holds, reading, resolving, settling, verify
from .engine import Store
from .evidence import Evidence
from .instants import Window, micros
from .resolving import Word
from .rows import ATTEMPTS, view
from .texts import clean
from .values import Budget, Event, Grant, Headroom, JobView, Leg, Outcome, Verdict


def utc_now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """Budgets, holds, charges and the journal in one database. May be used from several threads."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store, self._clock, self._seen = store, clock, 0

    @classmethod
    def open(cls, url: str = "sqlite:///spend.db", *, clock: Callable[[], datetime] = utc_now) -> Self:
        """Open a database, made when absent: a path, `sqlite:///rel.db`, `sqlite:////abs.db`, `sqlite://` (memory).

        `?synchronous=NORMAL` trades the last commits before a power cut for speed. Raises StorageError.
        """
        return cls(Store(url, lambda: micros(clock())), clock)

    def close(self) -> None:
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def set_budget(
        self, scope: str, limit: Money | None, *, currency: str | None = None, window: Window = "total", tz: str = "UTC"
    ) -> Budget:
        """Make a budget, or change the limit of the one of this scope, window and zone. Raises BadScope, BadBudget."""
        with self._store.write() as work:
            return budgets.set_budget(work, self._now(), scope, limit, currency, window, tz)

    def hold(
        self,
        *,
        job: str,
        key: str,
        request_hash: str,
        scope: str,
        quote: Quote,
        request: Mapping[str, object],
        tags: Mapping[str, str],
        owner: str,
        expires_in_s: int,
    ) -> Grant:
        """Set the quote's high aside in every budget of the scope's chain, or in none. Raises BadScope."""
        with self._store.write() as work:
            return holds.hold(
                work, self._now(), job=job, key=key, request_hash=request_hash, scope=scope, quote=quote,
                request=request, tags=tags, owner=owner, expires_in_s=expires_in_s,
            )  # fmt: skip

    def begin(
        self,
        *,
        job: str,
        attempt: str,
        provider: str,
        quote: Quote,
        fingerprint: str,
        owner: str,
        ceiling: Money | None,
    ) -> Grant:
        """Commit the intent before the POST: held -> submitting, the hold raised to this quote's high if need be.

        `replayed`: this attempt began before, so its POST may have left. Raises UnknownJob.
        """
        with self._store.write() as work:
            return holds.begin(
                work, self._now(), job=job, attempt=attempt, provider=provider, quote=quote,
                fingerprint=fingerprint, owner=owner, ceiling=ceiling,
            )  # fmt: skip

    def outcome(
        self,
        *,
        job: str,
        attempt: str,
        outcome: Outcome,
        provider_job: str | None = None,
        handle: Mapping[str, str] | None = None,
        reason: str = "",
    ) -> str:
        """Record how the POST ended; answers the job's state. Raises UnknownJob."""
        with self._store.write() as work:
            return settling.outcome(
                work, self._now(), job=job, attempt=attempt, outcome=outcome,
                provider_job=_clean(provider_job), handle=handle, reason=clean(reason),
            )  # fmt: skip

    def settle(
        self,
        *,
        job: str,
        attempt: str,
        evidence: Evidence,
        amount: Money | None,
        final: bool,
        delivered: int,
        outputs: Sequence[str] = (),
        units: str | None = None,
        external_id: str | None = None,
        note: str = "",
    ) -> JobView:
        """Record what was said it cost (None: nothing was said) and post the best evidence, once. Raises UnknownJob."""
        with self._store.write() as work:
            row, attempts = settling.settle(
                work, self._now(), job=job, attempt=attempt, evidence=evidence, amount=amount, final=final,
                delivered=delivered, outputs=outputs, units=_clean(units), external_id=_clean(external_id),
                note=clean(note),
            )  # fmt: skip
        return view(row, attempts)

    def release(self, *, job: str, attempt: str | None = None, reason: str, proof: str = "") -> JobView:
        """Give the hold back: freely while no attempt is open, else only with proof of no charge. Raises UnknownJob."""
        with self._store.write() as work:
            row = holds.release(work, self._now(), job=job, attempt=attempt, reason=clean(reason), proof=clean(proof))
            return view(row, work.rows(ATTEMPTS, {"job": job}))

    def unknown(self, *, job: str, attempt: str, reason: str) -> str:
        """No one can say yet: the hold stays. Answers the job's state. Raises UnknownJob."""
        with self._store.write() as work:
            return settling.unknown(work, self._now(), job=job, attempt=attempt, reason=clean(reason))

    def resolve(self, job: str, *, charged: Money | None = None, verdict: Word, note: str, author: str) -> JobView:
        """End a job by a person's word; `charged` None takes the amount that waits. Repeating it changes nothing.

        Raises UnknownJob, BadVerdict (no amount, or of a foreign currency), WrongState.
        """
        with self._store.write() as work:
            row, attempts = resolving.resolve(
                work, self._now(), job=job, charged=charged, verdict=verdict, note=clean(note), author=clean(author)
            )
        return view(row, attempts)

    def expire(self) -> tuple[str, ...]:
        """Release every lapsed hold without an open attempt; answers their jobs."""
        with self._store.write() as work:
            return holds.expire(work, self._now())

    def headroom(self, scope: str) -> Headroom | None:
        """How much the scope may still spend; None: no budget in its chain. Raises BadScope."""
        with self._store.read() as work:
            return reading.headroom(work, self._now(), scope)

    def budgets(self, scope: str) -> tuple[Budget, ...]:
        """The budgets that apply to a scope, root first. Raises BadScope."""
        with self._store.read() as work:
            return reading.chain_budgets(work, self._now(), scope)

    def all_budgets(self) -> tuple[Budget, ...]:
        with self._store.read() as work:
            return reading.all_budgets(work, self._now())

    def job(self, job: str) -> JobView | None:
        with self._store.read() as work:
            return reading.job(work, job)

    def by_key(self, key: str) -> JobView | None:
        with self._store.read() as work:
            return reading.by_key(work, key)

    def jobs(self) -> tuple[JobView, ...]:
        """Every job, in the order they were made."""
        with self._store.read() as work:
            return reading.jobs(work)

    def due(self) -> tuple[JobView, ...]:
        """Every job in an open state, oldest first."""
        with self._store.read() as work:
            return reading.due(work)

    def provisional(self, since: datetime) -> tuple[JobView, ...]:
        """Every job made since then that was settled without the provider's word, oldest first."""
        with self._store.read() as work:
            return reading.provisional(work, micros(since))

    def claimed(self, provider: str) -> frozenset[str]:
        """The provider's job ids that are already ours."""
        with self._store.read() as work:
            return reading.claimed(work, provider)

    def timeline(self, job: str) -> tuple[Event, ...]:
        """All that happened to a job, in order. Raises UnknownJob."""
        with self._store.read() as work:
            return reading.timeline(work, job)

    def postings(self, job: str) -> tuple[Leg, ...]:
        """The journal's entries for a job, in order. Raises UnknownJob."""
        with self._store.read() as work:
            return reading.postings(work, job)

    def verify(self) -> Verdict:
        """Recompute everything that follows from the facts and compare. Changes nothing."""
        with self._store.read() as work:
            return verify.verify(work, self._now())

    def _now(self) -> int:
        """Microseconds now, never earlier than this ledger has already seen: a clock set back moves nothing back."""
        self._seen = max(self._seen, micros(self._clock()))
        return self._seen


def _clean(text: str | None) -> str | None:
    return None if text is None else clean(text)
