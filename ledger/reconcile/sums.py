"""Sums of usage that name no job, against the sums of our attempts: by provider, SKU and month. Pure.

Charges may be counted on the day a job was begun or on the day it ended. Both are tried for a provider's whole
statement, and the one that leaves fewer differences is taken; with equally many, the day it ended.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from pricing import Money

from ..statement.lines import Statement, StatementLine
from .case import Basis, Case, basis_of, basis_of_all
from .causes import cause_of
from .matching import Matched, month_of
from .rows import Terms, amount_of, loose_row, split_of
from .values import Cause, Claimed, JobMatch

_DAY = timedelta(days=1)
_SUMS_MOST = 4096
_Where = tuple[str, str]
"""SKU and month."""


@dataclass(slots=True)
class _Book:
    """One source's sums at one provider."""

    provider: str
    source: str
    lines: dict[_Where, list[StatementLine]] = field(default_factory=dict[_Where, list[StatementLine]])
    months: dict[tuple[str, date], str] = field(default_factory=dict[tuple[str, date], str])
    """Of each SKU and day with a line, its month: a line of several months is of the first."""
    complete: dict[date, datetime] = field(default_factory=dict[date, datetime])
    """Days on which no line means no charge, and when that was last looked at."""
    invoice: bool = False

    def add(self, line: StatementLine) -> None:
        month = month_of(line.day)
        self.lines.setdefault((line.sku, month), []).append(line)
        self.invoice = self.invoice or line.invoice is not None
        for offset in range((line.period[1] - line.period[0]).days):
            self.months[line.sku, line.period[0] + offset * _DAY] = month

    def place(self, claim: Claimed, moment: datetime, terms: Terms) -> _Where | None:
        """Where a charge of that moment is counted; None: this source does not speak of it yet."""
        day = moment.date()
        looked = self.complete.get(day)
        if looked is not None and looked < terms.expectations.by(self.source, moment):
            looked = None
        month = self.months.get((claim.sku, day))
        if month is None and looked is None:
            return None
        return claim.sku, month or month_of(day)


def sum_rows(
    claims: Sequence[Claimed],
    seen: Mapping[str, JobMatch],
    matched: Matched,
    bills: Sequence[Statement],
    terms: Terms,
) -> tuple[list[JobMatch], set[str]]:
    """Rows of all sums, and the attempts that they cover. `seen`: rows of attempts that have lines of their own, or
    should. A sum of a SKU and month with any of them, or of a second source that sums, is a control."""
    rows, covered = list[JobMatch](), set[str]()
    by_provider = defaultdict[str, list[Claimed]](list)
    for claim in claims:
        by_provider[claim.provider].append(claim)
    told = set[str]()
    named = {(row.provider, row.sku) for row in seen.values()} | {(line.provider, line.sku) for line in matched.loose}
    for book in _books(matched.sums, bills):
        placed = _placed(book, by_provider[book.provider], terms)
        for where in _all(book, placed):
            group = placed.get(where, [])
            told_by_job = any(claim.attempt in seen for claim in group) or (
                not group and (book.provider, where[0]) in named
            )
            control = book.provider in told or told_by_job
            rows += _row(book, where, group, seen, terms, control)
            covered |= set[str]() if control else {claim.attempt for claim in group}
        told.add(book.provider)
    return rows, covered


def _books(sums: Sequence[StatementLine], bills: Sequence[Statement]) -> list[_Book]:
    """The sources that sum, those of a provider in the order of their weight: invoices first."""
    books: dict[tuple[str, str], _Book] = {}
    for line in sums:
        books.setdefault((line.provider, line.source), _Book(line.provider, line.source)).add(line)
    for bill in bills:
        if bill.per_job or not bill.complete:
            continue
        book = books.setdefault((bill.provider, bill.source), _Book(bill.provider, bill.source))
        for offset in range((bill.period[1] - bill.period[0]).days):
            day = bill.period[0] + offset * _DAY
            book.complete[day] = max(book.complete.get(day, bill.fetched_at), bill.fetched_at)
    return sorted(books.values(), key=lambda book: (book.provider, not book.invoice, book.source))


def _placed(book: _Book, claims: Sequence[Claimed], terms: Terms) -> dict[_Where, list[Claimed]]:
    """Our attempts by SKU and month, counted the way that agrees better."""
    best: tuple[int, dict[_Where, list[Claimed]]] | None = None
    for ended in (True, False):
        placed = defaultdict[_Where, list[Claimed]](list)
        for claim in claims:
            where = book.place(claim, claim.ended_at if ended else claim.submitted_at, terms)
            if where is not None:
                placed[where].append(claim)
        off = sum(
            sum(claim.owed.nanos for claim in placed.get(where, ()))
            != sum(line.amount.nanos for line in book.lines.get(where, ()))
            for where in _all(book, placed)
        )
        if best is None or off < best[0]:
            best = off, dict(placed)
        if not off:
            break
    return best[1] if best else {}


def _all(book: _Book, placed: Mapping[_Where, object]) -> list[_Where]:
    return sorted(book.lines.keys() | placed.keys())


def _row(
    book: _Book, where: _Where, claims: list[Claimed], seen: Mapping[str, JobMatch], terms: Terms, control: bool
) -> list[JobMatch]:
    lines = book.lines.get(where, [])
    if not claims:
        by_currency = defaultdict[str, list[StatementLine]](list)
        for line in lines:
            by_currency[line.amount.currency].append(line)
        rows = [loose_row(found, terms, "usage that no job of ours had") for found in by_currency.values()]
        return [replace(row, subject="control") for row in rows] if control else rows
    sku, month = where
    currency = claims[0].quoted.currency
    budgets = {claim.held.currency for claim in claims}
    basis = basis_of_all(claims, currency, budgets.pop() if len(budgets) == 1 else currency)
    if control:
        basis = _as_billed(basis, claims, seen)
    case = Case(basis, lines, terms.worth, terms.tolerances)
    cause, why = _cause(case, claims, lines)
    split = None if cause == "none" or not lines else split_of(case)
    last = max(claim.ended_at for claim in claims)
    expected_by = terms.expectations.by(book.source, last)
    variance, posted = Money(case.variance, currency), Money(basis.posted, currency)
    amount = variance if split is None else amount_of(cause, case, split)
    size = posted.nanos if amount.currency == currency else round(case.settled_value)
    held = [claim.held for claim in claims]
    return [
        JobMatch(
            "control" if control else "aggregate",
            book.provider,
            sku,
            month,
            month,
            None,
            None,
            claims[0].offer,
            len(claims),
            _sum([claim.quoted.expected for claim in claims]),
            _sum([claim.reported for claim in claims if claim.reported is not None]),
            posted,
            Money(case.invoiced, currency) if lines else None,
            variance,
            _sum(held) if len({one.currency for one in held}) == 1 else None,
            cause,
            amount,
            why,
            tuple(line.key for line in lines),
            (),
            split,
            expected_by,
            terms.standing(cause, amount.nanos, size, expected_by),
        )
    ]


def _cause(case: Case, claims: Sequence[Claimed], lines: Sequence[StatementLine]) -> tuple[Cause, str]:
    charged = sum(bool(claim.owed.nanos) for claim in claims)
    if not lines:
        return ("missing_invoice", f"no usage, for {charged} jobs of ours") if case.basis.posted else ("none", "")
    let_go = [claim.quoted.expected.nanos for claim in claims if basis_of(claim).released]
    if case.variance > 0 and case.variance in _sums_of(let_go):
        return "late_charge_after_release", "it is what jobs cost that were let go without a charge"
    counts = [line.count for line in lines if line.count is not None]
    if len(counts) == len(lines) and case.variance:
        billed = sum(counts)
        if billed < charged and case.variance < 0:
            return "missing_invoice", f"{billed} charges, for {charged} jobs of ours"
        if billed > sum(max(1, claim.outputs_asked) for claim in claims) and case.variance > 0:
            return "unknown_charge", f"{billed} charges, for {len(claims)} jobs of ours"
    return cause_of(case, (), None)


def _sums_of(amounts: Sequence[int]) -> set[int]:
    """What some of them can add up to, so far as it can be told quickly."""
    found = {0}
    for nanos in amounts:
        if len(found) > _SUMS_MOST:
            break
        found |= {one + nanos for one in found}
    return found


def _as_billed(basis: Basis, claims: Sequence[Claimed], seen: Mapping[str, JobMatch]) -> Basis:
    """For a control: what the lines of single jobs say, where there are some."""
    posted = 0
    for claim in claims:
        row = seen.get(claim.attempt)
        posted += claim.owed.nanos if row is None else 0 if row.invoiced is None else row.invoiced.nanos
    return replace(basis, posted=posted, factors=None, prices=())


def _sum(amounts: Sequence[Money]) -> Money | None:
    return Money(sum(one.nanos for one in amounts), amounts[0].currency) if amounts else None
