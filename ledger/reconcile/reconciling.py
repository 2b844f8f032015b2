"""Claims and statements into a reconciliation: each claim and each line in one row, each row with its cause."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from types import MappingProxyType

from pricing import Money

from ..statement.lines import Statement
from .breaks import break_of, make, with_words
from .expected import EXPECTED, Expectations
from .likeness import suggest
from .matching import Matched, coverage_of, joined
from .rows import Terms, billed_row, gap_row, loose_rows
from .sums import sum_rows
from .totals import totals_of
from .values import Break, Cause, Claimed, JobMatch, Reconciliation, Tolerances, Word

_NO_WORTH: Mapping[str, Fraction] = MappingProxyType({})


def reconcile(
    claims: Iterable[Claimed],
    statements: Iterable[Statement],
    *,
    at: datetime,
    tolerances: Tolerances | None = None,
    words: Iterable[Word] = (),
    expectations: Expectations = EXPECTED,
    worth: Mapping[str, Fraction] = _NO_WORTH,
    matched: Matched | None = None,
) -> Reconciliation:
    """What was quoted, held, reported, posted and invoiced, set side by side.

    `at` is now: it decides what is due. `worth`: budget currency per unit of a currency that bills are in. The order
    of claims and statements makes no difference. `matched`: both, joined before. Raises BadStatement where a bill is in
    a currency of unknown worth.
    """
    ours = sorted(claims, key=lambda one: (one.provider, one.job, one.attempt))
    bills = sorted(statements, key=lambda one: (one.provider, one.source, one.period, one.fetched_at))
    terms = Terms(at, tolerances or Tolerances(), expectations, worth)
    coverage, matched = coverage_of(bills, expectations), matched or joined(ours, bills)
    seen, rest = dict[str, JobMatch](), list[Claimed]()
    for claim in ours:
        lines = matched.of_claims.get(claim.attempt)
        source = None if lines else coverage.source_for(claim)
        if lines:
            seen[claim.attempt] = billed_row(claim, lines, matched.besides.get(claim.attempt, ()), terms)
        elif source is not None:
            seen[claim.attempt] = gap_row(claim, source, early=False, terms=terms)
        else:
            rest.append(claim)
    rows = [*seen.values(), *loose_rows(matched.loose, terms)]
    summed, covered = sum_rows(ours, seen, matched, bills, terms)
    rows += summed
    rows += [gap_row(one, None, coverage.too_early(one), terms) for one in rest if one.attempt not in covered]
    rows = suggest(rows, {one.attempt: one for one in ours})
    rows.sort(key=lambda row: (row.provider, row.month, row.job or "~", row.attempt or "", row.sku, row.evidence))
    return Reconciliation(
        at,
        tuple(rows),
        totals_of(rows, ""),
        totals_of(rows, "month"),
        totals_of(rows, "sku"),
        with_words(_breaks(rows, terms), words),
        tuple(matched.purchases),
    )


def _breaks(rows: Sequence[JobMatch], terms: Terms) -> list[Break]:
    """One for each row that is off; what no statement covers, and what was tolerated too often, as a sum a month."""
    found, uncovered = list[Break](), defaultdict[tuple[str, str, str], list[JobMatch]](list)
    tolerated = defaultdict[tuple[str, str, str], list[JobMatch]](list)
    for row in rows:
        place = row.provider, row.month, row.variance.currency
        if row.standing == "uncovered" or (row.standing == "pending" and row.cause == "missing_invoice"):
            uncovered[place].append(row)
        elif row.standing in ("break", "pending"):
            found.append(break_of(row, terms.at))
        elif row.standing == "tolerated" and row.subject != "control":
            tolerated[place].append(row)
    for place, those in uncovered.items():
        due = [row for row in those if row.standing == "uncovered"]
        why = f"{len(due or those)} jobs: {those[0].why}"
        found.append(_of_many(place, due or those, "uncovered", why, "fetch or import the statement", terms.at))
    for place, those in tolerated.items():
        if len(those) > terms.tolerances.count:
            why = f"{len(those)} differences were tolerated, at most {terms.tolerances.count} may be"
            found.append(_of_many(place, those, "tolerated", why, "look for a price that is a little off", terms.at))
    return sorted(found, key=lambda one: (one.provider, one.month, one.kind, one.job or "~", one.id))


def _of_many(
    place: tuple[str, str, str], rows: Sequence[JobMatch], what: str, why: str, suggestion: str, at: datetime
) -> Break:
    provider, month, currency = place
    amount = Money(sum(row.variance.nanos for row in rows), currency)
    first = min(row.expected_by for row in rows)
    kind: Cause = "missing_invoice" if what == "uncovered" else "rounding"
    evidence = [key for row in rows for key in row.evidence] or [str(row.attempt) for row in rows]
    return make(kind, provider, None, f"{what} {currency}", month, amount, first, at, evidence, why, suggestion)
