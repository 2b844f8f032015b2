"""Accuracy of quotes as exact quantiles, and what opaque units are worth."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ledger.learning.accuracy import accuracy, quantile
from ledger.learning.opaque import unit_rates
from ledger.reconcile.matching import joined
from ledger.reconcile.values import Claimed
from ledger.statement.lines import StatementLine
from pricing import Money, Span, usd
from tests.ledger.reconcile.making import bill, claim, line


def test_accuracy_and_the_margin_it_suggests() -> None:
    span = Span(usd("1.40"), usd("1.40"), usd("1.54"))
    amounts = ["1.40"] * 90 + ["1.54"] * 8 + ["1.694"] * 2
    (one,) = accuracy(claim(n, quoted=span, posted=usd(amount)) for n, amount in enumerate(amounts))
    assert (one.jobs, one.p10, one.p50, one.p90) == (100, 1, 1, 1)
    assert (one.worst, one.over_high) == (Fraction("1.694") / Fraction("1.4"), 2)
    assert one.hold_margin == Fraction("0.1")


def test_what_was_not_charged_in_full_says_nothing() -> None:
    some = [claim(1, posted=None), claim(2, posted=usd("0")), claim(3, outputs_asked=2, delivered=1), claim(4)]
    (one,) = accuracy(some)
    assert (one.jobs, one.hold_margin) == (1, None)


@given(values=st.lists(st.fractions(0, 10), min_size=1, max_size=50), at=st.fractions(0, 1))
def test_a_quantile_is_one_of_the_values_and_enough_are_below(values: list[Fraction], at: Fraction) -> None:
    ordered = sorted(values)
    found = quantile(ordered, at)
    assert found in values
    assert sum(value <= found for value in values) >= at * len(values)


def test_an_opaque_unit_is_learned_with_its_evidence() -> None:
    """fal's Aurora: a unit is a dollar, and 0.14 of them a second."""
    jobs, lines = list[Claimed](), list[StatementLine]()
    for n in range(1, 13):
        cost = Money(n * 140_000_000, "USD")
        quoted = (replace(claim().quoted_lines[0], quantity=Fraction(n)),)
        jobs.append(claim(n, quoted_lines=quoted, posted=cost, quoted=Span(cost, cost, cost)))
        lines.append(line(f"l{n}", str(cost.amount), n, quantity=cost.amount, unit_price=Decimal(1)))
    (one,) = unit_rates(jobs, joined(jobs, [bill(*lines)]))
    assert (one.price, one.per_measure, one.measure, one.charges) == (1, Fraction("0.14"), "s", 12)
    assert one.text == ("fal/fal-ai/creatify/aurora: a unit is 1 USD; 0.14 units per s, by 12 charges since 2026-11-10")
    assert len(one.evidence) == 12


def test_a_unit_that_varies_is_told_as_a_range() -> None:
    jobs = [claim(n) for n in range(10)]
    lines = [line(f"l{n}", f"1.{n}", n, quantity=Decimal(2), unit_price=None) for n in range(10)]
    (one,) = unit_rates(jobs, joined(jobs, [bill(*lines)]))
    assert (one.price, one.low, one.high) == (None, Fraction("0.5"), Fraction("0.95"))
    assert "varies, 0.5 to 0.95 USD" in one.text


def test_few_charges_teach_nothing() -> None:
    assert unit_rates([claim()], joined([claim()], [bill(line())])) == ()
