"""Law 3: what a budget buys fits it, and one millisecond more does not."""

from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing import BuysNothing, MaxSeconds, Money, OverLimit, PriceBook, Quote, Usage
from pricing.inverse import longest_ms
from tests.strategies import DAYS, MadeUp, Sold, made_up_cards, sold

SHIPPED = PriceBook.shipped()
MS = Decimal("0.001")
GRAIN = Decimal(86_400)


def check(book: PriceBook, thing: Sold, budget: Money, at: date, outputs: int) -> MaxSeconds | None:
    offer = book.offer(thing.offer)

    def ask(usage: Usage) -> Quote:
        return book.quote(thing.offer, usage, at=at, settings=thing.settings, outputs=outputs)

    def cost(usage: Usage) -> Money:
        return ask(usage).in_currency(budget.currency).high

    try:
        most = book.max_seconds(thing.offer, budget, at=at, settings=thing.settings, outputs=outputs)
    except BuysNothing:
        assert cost(Usage.billed(MS)) > budget
        return None
    assert most.seconds % MS == 0
    assert most.quote == ask(Usage.billed(most.seconds))
    assert cost(Usage.billed(most.seconds)) <= budget
    if most.limited_by == "budget":
        assert cost(Usage.billed(most.seconds + MS)) > budget
    else:
        assert most.seconds == (offer.max_seconds or GRAIN)
    if not offer.audio_driven:
        assert most.audio_seconds is None
    elif most.audio_seconds:
        assert cost(Usage.audio(most.audio_seconds)) <= budget
        if most.limited_by == "budget":
            with suppress(OverLimit):
                assert cost(Usage.audio(most.audio_seconds + MS)) > budget
    return most


@pytest.mark.parametrize("thing", sold(), ids=lambda thing: f"{thing.offer}-{'-'.join(thing.settings.values())}")
@given(data=st.data(), at=DAYS, nanos=st.integers(0, 70 * 10**9) | st.integers(0, 7000).map(lambda n: n * 10**7))
def test_what_a_budget_buys(thing: Sold, data: st.DataObject, at: date, nanos: int) -> None:
    offer = SHIPPED.offer(thing.offer)
    currency = data.draw(st.sampled_from(sorted({"USD", offer.currency})))
    check(SHIPPED, thing, Money(nanos, currency), at, data.draw(st.integers(1, offer.max_outputs)))


@given(card=made_up_cards(), nanos=st.integers(0, 500 * 10**9), outputs=st.integers(1, 4))
def test_what_a_budget_buys_on_any_card(card: MadeUp, nanos: int, outputs: int) -> None:
    check(card.book(), Sold("acme/clip", {}), Money(nanos, "USD"), date(2026, 6, 1), outputs)


@given(border=st.integers(0, 2000), limit=st.integers(1, 1000))
def test_bisection_finds_what_a_scan_would(border: int, limit: int) -> None:
    asked: list[int] = []

    def fits(ms: int) -> bool:
        asked.append(ms)
        return ms <= border

    assert longest_ms(fits, limit) == min(border, limit)
    assert len(asked) <= 2 + limit.bit_length()
    assert all(1 <= ms <= limit for ms in asked)
