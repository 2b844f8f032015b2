"""Rows of single attempts and of lines that are of none. Pure; sums of usage are in `sums`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from types import MappingProxyType

from pricing import Money

from ..statement.lines import StatementLine
from ..states import OPEN
from .case import Case, basis_of
from .causes import cause_of
from .decompose import decompose
from .expected import Expectations
from .matching import month_of, months_between
from .values import Cause, Claimed, JobMatch, Parts, Standing, Tolerances

_ALONE: Mapping[str, Cause] = MappingProxyType(
    {
        "usage": "unknown_charge",
        "purchase": "unknown_charge",
        "discount": "discount_or_plan",
        "tax": "tax_or_fee",
        "fee": "tax_or_fee",
        "refund": "partial_failure_refund",
        "adjustment": "unexplained",
    }
)
"""What a line without a job is, by its kind; of several the first in this order."""
_WHOLE: frozenset[Cause] = frozenset(
    {"duplicate", "missing_invoice", "unknown_charge", "late_charge_after_release", "wrong_period"}
)
"""Never tolerated, however small: they are of a whole charge, not of its size."""


_FOLLOW_UP = "the job is still open in the ledger: follow it up (faregate resume), and this charge is posted"


@dataclass(frozen=True, slots=True)
class Terms:
    """What rows are judged by."""

    at: datetime
    tolerances: Tolerances
    expectations: Expectations
    worth: Mapping[str, Fraction]
    """Budget currency per unit of a currency that bills are in."""

    def standing(self, cause: Cause, variance: int, posted: int, expected_by: datetime) -> Standing:
        if cause == "none":
            return "agrees"
        if cause not in _WHOLE and self.tolerances.hold(variance, posted):
            return "tolerated"
        return "pending" if self.at < expected_by else "break"


def billed_row(
    claim: Claimed, lines: Sequence[StatementLine], besides: Sequence[StatementLine], terms: Terms
) -> JobMatch:
    """An attempt that has lines."""
    owed, first = claim.owed, lines[0]
    own, other = _months(claim, lines, terms.expectations)
    if other is None and len(lines) == 1 and _plainly(first, claim, owed):
        return _row(claim, lines, besides, terms, first.source, "none", "", owed, owed, None, None)
    case = Case(basis_of(claim), lines, terms.worth, terms.tolerances)
    cause, why = cause_of(case, own, other)
    invoiced = Money(case.invoiced, owed.currency)
    if cause == "none":
        return _row(claim, lines, besides, terms, first.source, cause, why, invoiced, owed, None, None)
    split = split_of(case)
    amount = amount_of(cause, case, split)
    if cause == "wrong_period":
        amount = invoiced
    return _row(claim, lines, besides, terms, first.source, cause, why, invoiced, amount, split, other)


def gap_row(claim: Claimed, source: str | None, early: bool, terms: Terms) -> JobMatch:
    """An attempt without a line: owed nothing, not due, not covered, or missing from the complete bill of `source`."""
    owed = claim.owed
    if not owed.nanos:
        return _row(claim, (), (), terms, source, "none", "", None, owed, None, None)
    if source is not None:
        why = f"no line of {source}, which is complete"
    else:
        why = "the statement was fetched too early to hold it" if early else "no statement covers it"
    return _row(claim, (), (), terms, source, "missing_invoice", why, None, -owed, None, None)


def loose_rows(lines: Iterable[StatementLine], terms: Terms) -> list[JobMatch]:
    """Lines that are of no attempt of ours: those of one job of the provider in one row."""
    groups: dict[tuple[str, str, str], list[StatementLine]] = {}
    for line in lines:
        whose = f"job {line.provider_job}" if line.provider_job else f"line {line.source} {line.key}"
        groups.setdefault((line.provider, whose, line.amount.currency), []).append(line)
    return [loose_row(found, terms) for found in groups.values()]


def loose_row(lines: Sequence[StatementLine], terms: Terms, why: str = "") -> JobMatch:
    """Lines of one currency that no attempt of ours explains."""
    first = lines[0]
    total = Money(sum(line.amount.nanos for line in lines), first.amount.currency)
    kinds = {line.kind for line in lines}
    cause: Cause = next(cause for kind, cause in _ALONE.items() if kind in kinds) if total.nanos else "none"
    seen = first.charged_at or datetime.combine(first.period[1], time(), UTC)
    named = f"job {first.provider_job}" if first.provider_job else first.sku or "a line"
    month = month_of(first.day)
    return JobMatch(
        "aggregate" if first.aggregate else "line",
        first.provider,
        first.sku,
        month,
        month,
        None,
        None,
        "",
        0,
        None,
        None,
        Money.zero(total.currency),
        total,
        total,
        None,
        cause,
        total,
        (why or f"{named} is of no job of ours") if cause != "none" else "",
        tuple(line.key for line in lines),
        (),
        None,
        seen,
        terms.standing(cause, total.nanos, 0, seen),
    )


def split_of(case: Case) -> Parts:
    """The difference by what moved it, in the budget's currency."""
    total = round(case.value) - round(case.settled_value)
    basis = case.basis
    return decompose(basis.factors, case.factors, basis.rate, case.rate, total, basis.budget)


def amount_of(cause: Cause, case: Case, split: Parts) -> Money:
    """What the cause is about: a rate shows only in the budget's currency."""
    return split.total if cause in ("credit_rate", "fx") else Money(case.variance, case.basis.currency)


def _plainly(line: StatementLine, claim: Claimed, owed: Money) -> bool:
    """One line that says just what our books say: nothing has to be weighed."""
    if line.amount != owed or line.kind != "usage":
        return False
    return line.credit_value is None or line.credit_value == claim.rate or owed.currency == claim.held.currency


def _months(
    claim: Claimed, lines: Sequence[StatementLine], expectations: Expectations
) -> tuple[frozenset[str], str | None]:
    """The job's own months, and the lines' where it is none of them."""
    begun, ended = claim.submitted_at, claim.ended_at
    for line in lines:
        first_day, end = line.period
        if first_day <= ended.date() and begun.date() < end:
            continue
        own = months_between(begun.date(), (ended + expectations.lag(line.source)).date())
        if not own & months_between(first_day, end - timedelta(days=1)):
            return own, month_of(first_day)
    return frozenset(), None


def _row(
    claim: Claimed,
    lines: Sequence[StatementLine],
    besides: Sequence[StatementLine],
    terms: Terms,
    source: str | None,
    cause: Cause,
    why: str,
    invoiced: Money | None,
    amount: Money,
    split: Parts | None,
    other: str | None,
) -> JobMatch:
    owed = claim.owed
    variance = -owed if invoiced is None else invoiced - owed
    month = month_of(claim.ended_at.date())
    expected_by = terms.expectations.by(source or terms.expectations.source_of(claim.provider), claim.ended_at)
    size = owed.nanos if amount.currency == owed.currency else round(owed.nanos * claim.rate)
    standing = terms.standing(cause, amount.nanos, size, expected_by)
    return JobMatch(
        "job",
        claim.provider,
        claim.sku,
        month,
        other or month,
        claim.job,
        claim.attempt,
        claim.offer,
        1,
        claim.quoted.expected,
        claim.reported,
        owed,
        invoiced,
        variance,
        claim.held,
        cause,
        variance if cause == "none" else amount,
        why,
        tuple(line.key for line in lines),
        tuple(line.key for line in besides),
        split,
        expected_by,
        "uncovered" if standing == "break" and cause == "missing_invoice" and source is None else standing,
        _FOLLOW_UP if invoiced is not None and cause != "none" and claim.state in OPEN else "",
    )
