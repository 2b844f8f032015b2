"""Law 3: what a budget buys fits it, nothing longer does, and nothing shorter fails to unless the answer says so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from pricing import BadQuantity, BuysNothing, MaxSeconds, Money, OverLimit, PriceBook, Quote, Usage
from pricing.evaluate.rates import decimal_from
from pricing.questions.inverse import largest
from pricing.questions.lengths import Lengths
from pricing.select import Valuation, select
from tests.conftest import SWEEP
from tests.strategies import (
    CHECKED,
    MadeUp,
    Sold,
    Timed,
    asked_lengths,
    days,
    every_card,
    made_up_cards,
    sold_by_length,
    timed,
    uneven_books,
)

SHIPPED = PriceBook.shipped()
MS = Decimal("0.001")
SOME, MANY = settings(max_examples=1000 if SWEEP else 6), settings(max_examples=2000 if SWEEP else 150)
BY_PROVIDER = {name: [one for one in timed() if one.provider == name] for name in {one.provider for one in timed()}}


@dataclass(frozen=True)
class Question:
    """What a budget buys of one thing, and lengths at which the answer is held against quotes."""

    book: PriceBook
    thing: Sold
    at: date
    outputs: int = 1
    others: Usage | None = None

    def lengths(self) -> Lengths:
        entry = self.book.entries[self.thing.offer]
        chosen = select(entry, self.thing.settings, self.at, Valuation(None, False, {}), "")
        return Lengths.of(chosen, None, self.others)

    def quote(self, usage: Usage) -> Quote | None:
        """None: such a job is not sold."""
        try:
            return self.book.quote(
                self.thing.offer, usage, at=self.at, settings=self.thing.settings, outputs=self.outputs
            )
        except BadQuantity:
            return None

    def cost(self, usage: Usage, currency: str) -> Money | None:
        quote = self.quote(usage)
        return None if quote is None else quote.in_currency(currency).high

    def check(self, budget: Money, asked: Iterable[Fraction]) -> MaxSeconds | None:
        lengths = self.lengths()
        currency = budget.currency
        try:
            most = self.book.max_seconds(
                self.thing.offer,
                budget,
                at=self.at,
                settings=self.thing.settings,
                outputs=self.outputs,
                usage=self.others,
            )
        except (BuysNothing, OverLimit) as error:
            nothing_sold = isinstance(error, OverLimit)
            for length in asked:
                cost = self.cost(lengths.usage(length), currency)
                assert cost is None or (cost > budget and not nothing_sold), length
            return None
        answer = Fraction(most.seconds)
        assert most.quote == self.quote(lengths.usage(answer))
        assert most.quote.in_currency(currency).high <= budget
        assert most.unique == (not most.note)
        for length in asked:
            cost = self.cost(lengths.usage(length), currency)
            if length > answer:
                whole = not lengths.sold and (length * 1000).denominator != 1
                assert cost is None or cost > budget or (whole and length - answer < Fraction(1, 1000)), length
            elif most.unique:
                assert cost is None or cost <= budget, length
        longer = None if answer == 86_400 else self.cost(lengths.usage(answer + Fraction(MS)), currency)
        assert longer is None or (longer > budget and most.limited_by == "budget")
        self.check_audio(most, budget)
        return most

    def check_audio(self, most: MaxSeconds, budget: Money) -> None:
        offer = self.book.offer(self.thing.offer)
        if not offer.audio_driven:
            assert most.audio_seconds is None
        elif most.audio_seconds and self.others is None:
            fitting = self.cost(Usage.audio(most.audio_seconds), budget.currency)
            assert fitting is not None
            assert fitting <= budget
            if most.audio_seconds + MS < 86_400:
                longer = self.cost(Usage.audio(most.audio_seconds + MS), budget.currency)
                assert longer is None or longer > budget or offer.slack_seconds + most.audio_seconds == 86_400


@pytest.mark.parametrize("thing", sold_by_length(), ids=str)
@given(data=st.data(), nanos=st.integers(0, 70 * 10**9) | st.integers(0, 7000).map(lambda n: n * 10**7))
@SOME
def test_what_a_budget_buys_on_any_day(thing: Sold, data: st.DataObject, nanos: int) -> None:
    offer = SHIPPED.offer(thing.offer)
    currency = data.draw(st.sampled_from(sorted({"USD", offer.currency})))
    question = Question(SHIPPED, thing, data.draw(days(thing)), data.draw(st.integers(1, offer.max_outputs)))
    question.check(Money(nanos, currency), data.draw(asked_lengths(question.lengths())))


@pytest.mark.parametrize("provider", sorted(BY_PROVIDER))
@given(data=st.data())
@SOME
def test_what_a_budget_buys_of_every_card(provider: str, data: st.DataObject) -> None:
    """The budget is what one of the lengths costs, or a little less or more: where answers are most easily wrong."""
    sold: Timed = data.draw(st.sampled_from(BY_PROVIDER[provider]))
    offer = every_card().offer(sold.thing.offer)
    outputs = data.draw(st.integers(1, offer.max_outputs))
    question = Question(every_card(), sold.thing, CHECKED, outputs, sold.others)
    lengths = question.lengths()
    asked = data.draw(asked_lengths(lengths))
    costs = [question.cost(lengths.usage(length), offer.currency) for length in asked]
    known = [cost.nanos for cost in costs if cost is not None] or [10**9]
    nanos = data.draw(st.sampled_from(known)) + data.draw(st.sampled_from([-1, 0, 0, 1, 10**7]))
    question.check(Money(nanos, offer.currency), asked)


@given(card=made_up_cards(), nanos=st.integers(0, 500 * 10**9), outputs=st.integers(1, 4), data=st.data())
def test_what_a_budget_buys_on_any_card(card: MadeUp, nanos: int, outputs: int, data: st.DataObject) -> None:
    question = Question(card.book(), Sold("acme/clip", {}), date(2026, 6, 1), outputs)
    question.check(Money(nanos, "USD"), data.draw(asked_lengths(question.lengths())))


@given(book=uneven_books(), cents=st.integers(0, 3000), outputs=st.integers(1, 3))
@MANY
def test_where_prices_fall_a_scan_agrees(book: PriceBook, cents: int, outputs: int) -> None:
    question = Question(book, Sold("acme/a", {}), CHECKED, outputs)
    budget = Money(cents * 10**7, "USD")
    try:
        lengths = question.lengths()
    except OverLimit:  # a ladder none of whose rungs is within the limits
        reject()
    scan = [Fraction(n, 20) for n in range(1, 122)]
    scan += [n + Fraction(k, 1000) for n in (Fraction(m, 2) for m in range(1, 13)) for k in (-1, 1)]
    if lengths.sold is not None:
        scan += [lengths.grid.at(n) for n in range(lengths.grid.count)]
    most = question.check(budget, scan)
    if most is not None and not most.unique:  # some length below it does not fit: the scan knows most of them
        costs = [question.cost(lengths.usage(length), "USD") for length in scan if length < Fraction(most.seconds)]
        known = [cost for cost in costs if cost is not None]
        assert lengths.sold is None or any(cost > budget for cost in known)
        assert "does not" in most.note


@given(data=st.data())
@MANY
def test_how_many_outputs_a_count_agrees(data: st.DataObject) -> None:
    sold = data.draw(st.sampled_from([one for one in timed() if every_card().offer(one.thing.offer).max_outputs > 1]))
    offer = every_card().offer(sold.thing.offer)
    question = Question(every_card(), sold.thing, CHECKED, 1, sold.others)
    usage = question.lengths().usage(
        question.lengths().grid.at(data.draw(st.integers(0, 9)) % question.lengths().grid.count)
    )
    costs = list[Money]()
    for outputs in range(1, offer.max_outputs + 1):
        quote = Question(every_card(), sold.thing, CHECKED, outputs, sold.others).quote(usage)
        assert quote is not None
        costs.append(quote.high)
    budget = data.draw(st.sampled_from(costs)) + Money(data.draw(st.integers(-1, 1)), offer.currency)
    fitting = sum(cost <= budget for cost in costs)
    try:
        most = every_card().max_outputs(offer.id, budget, usage=usage, at=CHECKED, settings=sold.thing.settings)
    except BuysNothing:
        assert fitting == 0
        return
    assert most.outputs == fitting
    assert most.limited_by == ("offer_limit" if fitting == offer.max_outputs else "budget")
    assert most.quote.high <= budget


@given(border=st.integers(0, 2000), limit=st.integers(1, 1000))
def test_bisection_finds_what_a_scan_would(border: int, limit: int) -> None:
    asked: list[int] = []

    def fits(ms: int) -> bool:
        asked.append(ms)
        return ms <= border

    assert largest(fits, 1, limit) == min(border, limit)
    assert len(asked) <= 2 + limit.bit_length()
    assert all(1 <= ms <= limit for ms in asked)


@given(step=st.integers(1, 50), first=st.integers(0, 3), data=st.data())
def test_decimals_of_lengths_are_exact(step: int, first: int, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, 10**6))
    assert Fraction(decimal_from(first + n * Fraction(step, 1000))) == first + n * Fraction(step, 1000)
