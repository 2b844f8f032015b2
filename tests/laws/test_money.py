"""Law 1: adding money is exact, currencies never mix, no float enters."""

import json
import operator
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing import CreditPlan, CurrencyMismatch, Money, Source, Span
from tests.strategies import fractions, money


@given(st.lists(money("USD"), min_size=1, max_size=50))
def test_a_sum_is_the_sum_of_its_nanos_in_any_order(amounts: list[Money]) -> None:
    total = sum(amounts, Money.zero("USD"))
    assert total.nanos == sum(amount.nanos for amount in amounts)
    assert sum(reversed(amounts), Money.zero("USD")) == total
    assert total.amount == sum((Fraction(amount.amount) for amount in amounts), Fraction(0))


@given(money("USD"), money("USD"), st.integers(-1000, 1000))
def test_the_arithmetic_of_integers(one: Money, other: Money, times: int) -> None:
    assert one + other - other == one
    assert one - other == -(other - one)
    assert one * times == times * one == Money(one.nanos * times, "USD")
    assert abs(one).nanos == abs(one.nanos)
    assert bool(one) == (one.nanos != 0)
    comparisons: tuple[Callable[[Any, Any], object], ...]
    comparisons = (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)
    for compare in comparisons:
        assert compare(one, other) == compare(one.nanos, other.nanos)


@given(money())
def test_every_spelling_reads_back(amount: Money) -> None:
    assert Money.parse(str(amount)) == amount
    assert Money.of(amount.amount, amount.currency) == amount
    said = json.loads(json.dumps(amount.as_json()))
    assert Money.of(said["amount"], said["currency"]) == amount
    assert "e" not in said["amount"].lower()
    assert f"{amount.amount:f}" == said["amount"]
    with localcontext() as context:
        context.prec = 2
        assert Money.of(amount.amount, amount.currency) == amount
        assert f"{amount.amount:f}" == said["amount"]


@given(money("USD"), money("creatify-credit"))
def test_two_currencies_never_meet(dollars: Money, credits_: Money) -> None:
    assert dollars != credits_
    acts: tuple[Callable[[Any, Any], object], ...]
    acts = (operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge)
    for act in acts:
        with pytest.raises(CurrencyMismatch):
            act(dollars, credits_)
        with pytest.raises(TypeError):
            act(credits_, dollars)
    with pytest.raises(CurrencyMismatch):
        Span(dollars, dollars, credits_)


@given(money(), st.floats())
def test_no_float_enters(amount: Money, number: Any) -> None:
    with pytest.raises(TypeError):
        Money.of(number, "USD")
    with pytest.raises(TypeError):
        Money.rounded(number, "USD", "floor")
    with pytest.raises(TypeError):
        Money(number, "USD")
    acts: tuple[Callable[[Any, Any], object], ...]
    acts = (operator.add, operator.sub, operator.mul, operator.lt, operator.ge)
    for act in acts:
        with pytest.raises(TypeError):
            act(amount, number)
    assert amount != number


@given(fractions())
def test_rounding_is_to_a_neighbour(exact: Fraction) -> None:
    low, middle, high = (Money.rounded(exact, "USD", mode).nanos for mode in ("floor", "half-even", "ceil"))
    nanos = exact * 10**9
    assert low <= nanos <= high < low + 2
    assert middle == round(nanos)  # of a Fraction: half to even
    assert (low == high) == (nanos.denominator == 1)


@given(st.decimals(-(10**6), 10**6, allow_nan=False, places=12))
def test_rounding_a_decimal_is_rounding_its_fraction(exact: Decimal) -> None:
    for mode in ("floor", "half-even", "ceil"):
        assert Money.rounded(exact, "USD", mode) == Money.rounded(Fraction(exact), "USD", mode)


@given(money("creatify-credit", least=0), st.integers(1, 10**12), st.decimals("0.01", 10**5, places=2))
def test_a_plan_converts_exactly_but_for_the_last_nano(credits_: Money, price: int, sold: Decimal) -> None:
    source = Source("https://acme.example", "published", "2026-11-20")
    plan = CreditPlan("p", "acme", "creatify-credit", Money(price, "USD"), sold, source)
    exact = Fraction(credits_.nanos, 10**9) * plan.usd_per_credit
    if exact < 10**9:
        for mode in ("floor", "half-even", "ceil"):
            assert plan.convert(credits_, mode) == Money.rounded(exact, "USD", mode)
