"""Ledger: the front door. Each verb is one database transaction; what it does is written in the room it is named after.

Fits `router/ports.py` `Ledger` and `History` by shape. A refusal is a returned value, an exception means that the
question was wrong or the database failed; either way nothing was changed.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from pricing import Money, Quote

from . import reading
from .budget import explain, terms
from .check import rebuild, verify
from .credit import lots
from .evidence import Evidence
from .exporting import Exporting
from .following import Following
from .instants import Weekday, Window, micros
from .jobs import batches, holds, resolving, settling
from .jobs.resolving import Word
from .jobs.rows import ATTEMPTS, view
from .store import Store, Work, open_store
from .teaching import Teaching
from .telling import Telling
from .texts import clean, short
from .values import (  # fmt: skip
    Asked,
    Budget,
    CreditLot,
    Credits,
    Event,
    Explanation,
    Gate,
    Grant,
    Headroom,
    JobView,
    Leg,
    Notice,
    Outcome,
    Overrun,
    Verdict,
)


class Ledger(Following, Teaching, Telling, Exporting):
    """Budgets, holds, charges and the journal in one database. May be used from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @classmethod
    def open(cls, url: str = "sqlite:///spend.db", *, clock: Callable[[], datetime] | None = None) -> Self:
        """Open a database, made when absent: a path, `sqlite:///rel.db`, `sqlite:////abs.db`, `sqlite://` (memory).

        `?synchronous=NORMAL` trades the last commits before a power cut for speed. `postgresql://user@host/base` serves
        many hosts at once (`faregate[postgres]`); its tables stand in a schema of their own, `?schema=faregate`.
        `clock`: None takes the machine's, of PostgreSQL the server's. Raises StorageError.
        """
        return cls(open_store(url, None if clock is None else lambda: micros(clock())))

    def close(self) -> None:
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def set_budget(
        self,
        scope: str,
        limit: Money | None,
        *,
        currency: str | None = None,
        window: Window = "total",
        tz: str = "UTC",
        week_start: Weekday | None = None,
        overrun: Overrun | None = None,
        author: str = "",
        note: str = "",
    ) -> Budget:
        """Make a budget, or change the limit of the one of this scope, window, zone and first day of the week.

        `limit`: None tracks without limiting. `week_start`: None is monday. `overrun`: what a charge past the limit
        does to new holds; None keeps what is set, at first `freeze`. Raises BadScope, BadBudget.
        """
        return self._store.write(
            lambda work: terms.set_budget(
                work, self._store.now(), scope, limit, currency=currency, window=window, tz=tz, week_start=week_start,
                overrun=overrun, author=clean(author), note=clean(note),
            )
        )  # fmt: skip

    def freeze(self, scope: str, *, author: str, note: str = "", window: Window | None = None) -> tuple[Budget, ...]:
        """Let no new hold into this scope's own budgets (`window`: those of that window), this period and later ones.

        What is held goes on, what is charged is recorded. Repeating it changes nothing. Raises BadScope, BadBudget.
        """
        return self._gate(scope, "frozen", author, note, window)

    def close_budget(
        self, scope: str, *, author: str, note: str = "", window: Window | None = None
    ) -> tuple[Budget, ...]:
        """The same, with the word that it is done for good. Raises BadScope, BadBudget."""
        return self._gate(scope, "closed", author, note, window)

    def open_budget(
        self, scope: str, *, author: str, note: str = "", window: Window | None = None
    ) -> tuple[Budget, ...]:
        """Let holds in again, as far as there is room; also where an overrun froze it. Raises BadScope, BadBudget."""
        return self._gate(scope, "open", author, note, window)

    def _gate(self, scope: str, gate: Gate, author: str, note: str, window: Window | None) -> tuple[Budget, ...]:
        return self._store.write(
            lambda work: terms.set_gate(
                work, self._store.now(), scope, gate, window=window, author=clean(author), note=clean(note)
            )
        )

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
        since = self._store.now()
        return self._store.write(
            lambda work: holds.hold(
                work, self._store.now(), job=job, key=key, request_hash=request_hash, scope=scope, quote=quote,
                request=request, tags=tags, owner=owner, expires_in_s=expires_in_s, since=since,
            ),
            at_once=True,
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
        return self._store.write(
            lambda work: holds.begin(
                work, self._store.now(), job=job, attempt=attempt, provider=provider, quote=quote,
                fingerprint=fingerprint, owner=owner, ceiling=ceiling,
            ),
            at_once=True,
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
        return self._store.write(
            lambda work: settling.outcome(
                work, self._store.now(), job=job, attempt=attempt, outcome=outcome,
                provider_job=short(provider_job) if provider_job else None, handle=handle, reason=clean(reason),
            ),
            at_once=True,
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
        revision: int = 0,
        note: str = "",
        took_ms: int | None = None,
        clip_ms: int | None = None,
    ) -> JobView:
        """Record what was said it cost (None: nothing was said) and post the best evidence, once. Raises UnknownJob.

        `revision`: the provider's own count of its words; a refund is a later one with the amount that remains.
        `took_ms`, `clip_ms`: from the intent to the clip, and its length, where somebody watched; the first say counts.
        """
        row, attempts = self._store.write(
            lambda work: settling.settle(
                work, self._store.now(), job=job, attempt=attempt, evidence=evidence, amount=amount,
                revision=revision, final=final, delivered=delivered, outputs=outputs, units=_clean(units),
                external_id=_clean(external_id), note=clean(note), took_ms=took_ms, clip_ms=clip_ms,
            ),
            at_once=True,
        )  # fmt: skip
        return view(row, attempts)

    def extend(self, job: str, *, to: Money | None = None, expires_in_s: int | None = None) -> Grant:
        """Raise what an open job holds to `to`, in the budgets it was granted in, and move the end of its hold away.

        Never lowers either; the same again changes nothing. Refused like a hold. Raises UnknownJob, BadRequest.
        """
        return self._store.write(
            lambda work: holds.extend(work, self._store.now(), job=job, to=to, expires_in_s=expires_in_s)
        )

    def hold_batch(self, *, scope: str, asks: Sequence[Asked], owner: str, expires_in_s: int) -> tuple[Grant, ...]:
        """`hold` for many jobs of one scope, all or none; an answer for each, in order.

        Known keys are replayed and keep what they have, whatever becomes of the others; these share one refusal, which
        names their sum. Raises BadScope, BadRequest.
        """
        return self._store.write(
            lambda work: batches.hold_batch(
                work, self._store.now(), scope=scope, asks=asks, owner=owner, expires_in_s=expires_in_s
            )
        )

    def release(self, *, job: str, attempt: str | None = None, reason: str, proof: str = "") -> JobView:
        """Give the hold back: freely while no attempt is open, else only with proof of no charge. Raises UnknownJob."""

        def unit(work: Work) -> JobView:
            row = holds.release(
                work, self._store.now(), job=job, attempt=attempt, reason=clean(reason), proof=clean(proof)
            )
            return view(row, work.rows(ATTEMPTS, {"job": job}))

        return self._store.write(unit)

    def unknown(self, *, job: str, attempt: str, reason: str) -> str:
        """No one can say yet: the hold stays. Answers the job's state. Raises UnknownJob."""
        return self._store.write(
            lambda work: settling.unknown(work, self._store.now(), job=job, attempt=attempt, reason=clean(reason))
        )

    def resolve(self, job: str, *, charged: Money | None = None, verdict: Word, note: str, author: str) -> JobView:
        """End a job by a person's word; `charged` None takes the amount that waits. Repeating it changes nothing.

        Raises UnknownJob, BadVerdict (no amount, or of a foreign currency), WrongState.
        """
        row, attempts = self._store.write(
            lambda work: resolving.resolve(
                work,
                self._store.now(),
                job=job,
                charged=charged,
                verdict=verdict,
                note=clean(note),
                author=clean(author),
            )
        )  # fmt: skip
        return view(row, attempts)

    def expire(self) -> tuple[str, ...]:
        """Release every lapsed hold without an open attempt; answers their jobs."""
        return self._store.write(lambda work: holds.expire(work, self._store.now()))

    def headroom(self, scope: str) -> Headroom | None:
        """How much the scope may still spend; None: no budget in its chain. Raises BadScope."""
        return self._store.read(lambda work: reading.headroom(work, self._store.now(), scope))

    def budgets(self, scope: str) -> tuple[Budget, ...]:
        """The budgets that apply to a scope, root first. Raises BadScope."""
        return self._store.read(lambda work: reading.chain_budgets(work, self._store.now(), scope))

    def all_budgets(self) -> tuple[Budget, ...]:
        return self._store.read(lambda work: reading.all_budgets(work, self._store.now()))

    def explain(self, scope: str, amount: Money | None = None, limit: int = 20) -> Explanation:
        """Why a hold of so much (None: of anything) would be refused now; who holds the money; the last refusals.

        At most `limit` jobs of each budget and as many refusals. Raises BadScope, BadBudget.
        """
        return self._store.read(lambda work: explain.explain(work, self._store.now(), scope, amount, limit))

    def notices(self, scope: str | None = None, after: int = 0) -> tuple[Notice, ...]:
        """What was noticed of budgets (None: all) in this scope and below, since the one numbered `after`.

        Each threshold (50, 80, 100 %) once a period, anew after the terms changed. Raises BadScope.
        """
        return self._store.read(lambda work: explain.notices(work, scope, after))

    def job(self, job: str) -> JobView | None:
        return self._store.read(lambda work: reading.job(work, job))

    def by_key(self, key: str) -> JobView | None:
        return self._store.read(lambda work: reading.by_key(work, key))

    def jobs(self) -> tuple[JobView, ...]:
        """Every job, in the order they were made."""
        return self._store.read(lambda work: reading.jobs(work))

    def due(self, *, after: str | None = None, limit: int = reading.PAGE) -> tuple[JobView, ...]:
        """Jobs in an open state, oldest first: a page, from the one after job `after` on; empty: that was the last.

        Raises UnknownJob for an `after` that is none.
        """
        return self._store.read(lambda work: reading.due(work, after, limit))

    def provisional(
        self, since: datetime, *, after: str | None = None, limit: int = reading.PAGE
    ) -> tuple[JobView, ...]:
        """Jobs made since then that were settled without the provider's word, oldest first: a page, as `due`."""
        return self._store.read(lambda work: reading.provisional(work, micros(since), after, limit))

    def claimed(self, provider: str) -> frozenset[str]:
        """The provider's job ids that are already ours."""
        return self._store.read(lambda work: reading.claimed(work, provider))

    def timeline(self, job: str) -> tuple[Event, ...]:
        """All that happened to a job, in order. Raises UnknownJob."""
        return self._store.read(lambda work: reading.timeline(work, job))

    def postings(self, job: str) -> tuple[Leg, ...]:
        """The journal's entries for a job, in order. Raises UnknownJob."""
        return self._store.read(lambda work: reading.postings(work, job))

    def buy_credits(
        self,
        provider: str,
        quantity: Money,
        cost: Money,
        *,
        lot: str,
        effective_at: datetime | None = None,
        expires_at: datetime | None = None,
        priority: int = 0,
        author: str = "",
        note: str = "",
    ) -> CreditLot:
        """Book credits bought in advance as a lot, once under the id you give it.

        `effective_at`: None is now. `expires_at`: None is never. `priority`: the lowest number is drawn first; then
        the soonest expiry, the lower unit cost, the oldest. Raises BadLot, ValueError for a naive time.
        """
        begins, ends = (None if one is None else micros(one) for one in (effective_at, expires_at))
        return self._store.write(
            lambda work: lots.buy(
                work, self._store.now(), provider, quantity, cost, lot=clean(lot), effective_at=begins, expires_at=ends,
                priority=priority, author=clean(author), note=clean(note),
            )
        )  # fmt: skip

    def draw_credits(self, provider: str) -> int:
        """Work out which lots paid for what was charged there since, and what expired; answers how many facts it met.

        Repeated or run by several at once it changes nothing more.
        """
        done, at = 0, self._store.read(lambda work: lots.first(work, provider))
        while True:
            met, after = self._store.write(lambda work, at=at: lots.draw(work, self._store.now(), provider, at))  # type: ignore[misc]
            done += met
            if after is None:
                return done
            at = after

    def credits(self, provider: str | None = None) -> tuple[Credits, ...]:
        """What is left of credits bought in advance, as of the last `draw_credits`; None: of every provider."""
        return self._store.read(lambda work: lots.credits(work, provider))

    def verify(self) -> Verdict:
        """Recompute everything that follows from the facts and compare. Changes nothing."""
        return self._store.read(lambda work: verify.verify(work, self._store.now()))

    def rebuild(self) -> tuple[str, ...]:
        """Write everything that follows from the facts anew; answers one line for each number it changed."""
        return self._store.write(lambda work: rebuild.rebuild(work, self._store.now()))


def _clean(text: str | None) -> str | None:
    return None if text is None else clean(text)
