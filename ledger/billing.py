"""The front door's verbs for bills: statements in, reconciled, breaks closed, and what bills teach."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from functools import partial
from types import MappingProxyType

from .bills import importing, kept, run, words
from .bills.claims import claims
from .bills.importing import Imported
from .bills.kept import Filed
from .instants import moment
from .learning.accuracy import Accuracy, accuracy
from .learning.charges import charges_of
from .learning.drift import Drift, drifts
from .learning.opaque import UnitRate, unit_rates
from .reconcile.breaks import with_words
from .reconcile.matching import joined
from .reconcile.values import Break, Reconciliation, Verdict
from .statement.lines import Statement
from .store import Store
from .texts import clean

NOTHING: Mapping[str, Fraction] = MappingProxyType({})


class Billing:
    """What `Ledger` offers to those who check the bill."""

    _store: Store

    def import_statement(self, statement: Statement, *, author: str) -> Imported:
        """Keep a statement's lines, and charge the attempts they name by exact keys; twice changes nothing.

        A page of lines is one transaction; cut off, it goes on where it stopped. An absurd charge is parked, equal
        charges of one result are never added up, and what comes after a release is charged. Raises BadRequest.
        """
        name, done = importing.named(statement), None
        for page in importing.pages(statement):
            told = self._store.write(
                lambda work, page=page: importing.bring(work, self._store.now(), statement, name, page, clean(author))  # type: ignore[misc]
            )
            done = told if done is None else done.plus(told)
        assert done is not None  # noqa: S101 - there is always a page, if an empty one
        return done

    def statements(self, provider: str | None = None) -> tuple[Filed, ...]:
        """Every statement that was imported, None: of all providers, the last fetched last."""
        return self._store.read(lambda work: tuple(map(kept.filed, kept.heads(work, provider))))

    def reconcile(
        self,
        provider: str | None = None,
        month: str | None = None,
        *,
        at: datetime | None = None,
        worth: Mapping[str, Fraction] = NOTHING,
        minimums: Mapping[str, Fraction] = NOTHING,
    ) -> Reconciliation:
        """What was quoted, held, reported and billed, side by side, and each difference with its cause. Writes nothing.

        Posted is what the books knew without the bill. `month`: 2026-11, None: all time. `at`: None is now; it says
        what is due. `worth`: budget currency per unit of a currency that bills are in. `minimums`: the least that an
        offer charges, native. Raises BadRequest, BadStatement where a bill is in a currency of unknown worth.
        """
        return self._store.read(
            lambda work: run.reconciled(work, at or moment(self._store.now()), provider, month, worth, minimums)
        )

    def close_break(
        self,
        break_id: str,
        verdict: Verdict,
        *,
        author: str,
        note: str,
        worth: Mapping[str, Fraction] = NOTHING,
        minimums: Mapping[str, Fraction] = NOTHING,
    ) -> Break:
        """A person's word on a break, kept for ever; new evidence opens it again. Repeating it changes nothing.

        `accepted` posts what was billed: to the job, or outside any job what is none's. `adjusted` and `disputed` post
        nothing. `break_id`: or its first letters, at least six. `worth`, `minimums`: as it was reconciled. Raises
        BadRequest, WrongState.
        """
        done: Break | None = None
        while done is None:  # until nobody says anything while it is looked at
            since = self._store.read(words.heard)
            one, row = words.found(self.reconcile(worth=worth, minimums=minimums), break_id)
            close = partial(
                words.close, one=one, row=row, since=since, verdict=verdict, author=clean(author), note=clean(note)
            )
            if self._store.write(lambda work, close=close: close(work, self._store.now())):  # type: ignore[misc]
                done = one
        return self._store.read(lambda work: with_words([done], run.words(work))[0])

    def proposals(self, provider: str | None = None) -> tuple[tuple[Drift, ...], tuple[UnitRate, ...]]:
        """Prices that bills no longer support, and what units are worth that nobody explains. Changes nothing."""
        ours, bills = self._store.read(lambda work: (tuple(claims(work, provider)), kept.bills(work, provider)))
        matched = joined(ours, bills)
        return drifts(charges_of(ours, matched)), unit_rates(ours, matched)

    def accuracy(self, provider: str | None = None) -> tuple[Accuracy, ...]:
        """Settled ÷ quoted of each offer with its settings, and the hold margin that would have sufficed."""
        return self._store.read(lambda work: accuracy(claims(work, provider, with_bills=True)))
