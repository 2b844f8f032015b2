"""What always holds of a reconciliation, for bills that are true, bent, doubled and shuffled."""

from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.reconcile.decompose import decompose
from ledger.reconcile.reconciling import reconcile
from ledger.reconcile.values import Reconciliation, Tolerances
from tests.ledger.reconcile.making import NOW
from tests.strategies import Billed, bills, factors

_FEW = settings(max_examples=80, deadline=None)


def run(made: Billed) -> Reconciliation:
    return reconcile(made.claims, made.statements(), at=NOW)


@given(
    before=factors(),
    after=factors(),
    rates=st.tuples(st.fractions(0, 10), st.fractions(0, 10)),
    noise=st.integers(-9, 9),
)
def test_the_parts_sum_to_the_total(
    before: tuple[Fraction, Fraction], after: tuple[Fraction, Fraction], rates: tuple[Fraction, Fraction], noise: int
) -> None:
    value = [round(q * p * r * 10**9) for (q, p), r in ((before, rates[0]), (after, rates[1]))]
    parts = decompose(before, after, *rates, value[1] - value[0] + noise, "USD")
    shares = parts.quantity.nanos + parts.price.nanos + parts.rate.nanos + parts.remainder.nanos
    assert shares == parts.total.nanos == value[1] - value[0] + noise
    assert abs(parts.remainder.nanos - noise) <= 2  # five roundings of half a nano each


@_FEW
@given(made=bills())
def test_nothing_is_invented_and_nothing_lost(made: Billed) -> None:
    """Σ invoiced − Σ posted = Σ variances, against what went in; and the rows' parts against their difference."""
    result = run(made)
    beside = {key for row in result.jobs for key in row.besides}
    billed, posted, varied = Counter[str](), Counter[str](), Counter[str]()
    for line in made.lines:
        if line.key not in beside:
            billed[line.amount.currency] += line.amount.nanos
    for claim in made.claims:
        posted[claim.owed.currency] += claim.owed.nanos
    for row in result.jobs:
        varied[row.variance.currency] += row.variance.nanos
        if row.parts is not None:
            assert row.parts.quantity + row.parts.price + row.parts.rate + row.parts.remainder == row.parts.total
    for currency in billed | posted | varied:
        assert varied[currency] == billed[currency] - posted[currency]
    for totals in (result.totals, result.by_month, result.by_sku):
        sums = Counter[str]()
        for one in totals:
            sums[one.currency] += one.variance.nanos
            assert one.variance == one.invoiced - one.posted
        assert all(sums[currency] == varied[currency] for currency in varied)


@_FEW
@given(made=bills())
def test_each_line_and_each_claim_is_in_one_row(made: Billed) -> None:
    result = run(made)
    used = Counter(key for row in result.jobs for key in (*row.evidence, *row.besides))
    assert used == Counter(line.key for line in made.lines)
    assert Counter(row.attempt for row in result.jobs if row.attempt) == Counter(one.attempt for one in made.claims)


@_FEW
@given(made=bills(), seed=st.integers(0, 2**32))
def test_order_and_repetition_make_no_difference(made: Billed, seed: int) -> None:
    random = Random(seed)
    claims, lines = list(made.claims), list(made.lines)
    random.shuffle(claims)
    random.shuffle(lines)
    statements = made.statements(tuple(lines))
    later = [replace(one, fetched_at=one.fetched_at.replace(hour=23)) for one in statements]  # imported twice
    both = [*statements, *later]
    random.shuffle(both)
    assert reconcile(claims, both, at=NOW) == run(made)


@_FEW
@given(made=bills(bent=False))
def test_a_bill_that_says_what_the_ledger_says_has_no_break(made: Billed) -> None:
    result = run(made)
    assert not result.breaks
    assert {row.cause for row in result.jobs} <= {"none"}


@_FEW
@given(made=bills(), absolute=st.integers(0, 10**9), percent=st.integers(0, 30), count=st.integers(0, 3))
def test_the_tolerated_sum_is_the_sum_of_what_was_tolerated(
    made: Billed, absolute: int, percent: int, count: int
) -> None:
    tolerances = Tolerances(absolute, Fraction(percent), count)
    result = reconcile(made.claims, made.statements(), at=NOW, tolerances=tolerances)
    sums, counts = defaultdict[tuple[str, str, str], int](int), Counter[tuple[str, str, str]]()
    for row in result.jobs:
        if row.standing == "tolerated":
            size = row.amount.nanos if row.amount.currency != row.posted.currency else row.variance.nanos
            assert abs(size) <= absolute
            sums[row.provider, row.posted.currency, row.month] += row.variance.nanos
            counts[row.provider, row.posted.currency, row.month] += 1
    assert {(one.provider, one.currency, one.key): one.tolerated.nanos for one in result.tolerated} == dict(sums)
    too_many = {place for place, number in counts.items() if number > count}
    told = {
        (one.provider, one.amount.currency, one.month)
        for one in result.breaks
        if one.kind == "rounding" and not one.job
    }
    assert told == too_many


@_FEW
@given(made=bills())
def test_every_row_that_is_off_is_a_break_or_tolerated(made: Billed) -> None:
    result = run(made)
    jobs = Counter(one.kind for one in result.breaks if one.job is not None)
    rows = Counter(row.cause for row in result.jobs if row.standing == "break" and row.job is not None)
    assert jobs == rows
    assert len({one.id for one in result.breaks}) == len(result.breaks)
    for row in result.jobs:
        assert (row.cause == "none") == (row.standing == "agrees")
        assert row.cause != "none" or row.variance.nanos == 0
