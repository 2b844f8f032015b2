"""What is set aside covers what charges came to: learned from the newest, on the same prices, never fed by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing import BadMoney, Money, PriceBook, Quote, Usage, usd
from router import Decision, Policy
from router.margins import LEAST, Margins
from tests.ledger import world as ledgers

from .flow_world import CLIP, SCOPE, World
from .scripted import done

OFFER = "runware/creatify:aurora@fast"
BOOK = PriceBook.shipped()
POLICY = Policy(providers=frozenset({"runware"}))
QUOTE = BOOK.quote(OFFER, Usage.audio("9.4"), at=date(2026, 11, 20))


@dataclass(frozen=True)
class Charge:
    charged: Money
    expected: Money = QUOTE.expected
    rates: tuple[str, ...] = QUOTE.rates
    offer: str = OFFER
    settings: Mapping[str, str] = field(default_factory=lambda: QUOTE.settings)


def charged(*amounts: str) -> list[Charge]:
    return [Charge(usd(amount)) for amount in amounts]


def taught(world: World, *amounts: str | None, quote: Quote = QUOTE) -> None:
    """Jobs that somebody watched, each charged such an amount; None: nobody says what, so it is the quote's high."""
    world.ledger.set_budget("acme", usd("1000"))
    w = ledgers.World(world.ledger, world.clock)  # type: ignore[arg-type]
    for amount in amounts:
        number = len(world.ledger.jobs())
        job, attempt = f"old-{number}", f"a-{number}"
        assert w.hold(job, price=quote).refused is None
        w.begin(job, attempt, provider="runware", price=quote)
        world.ledger.outcome(job=job, attempt=attempt, outcome="accepted", provider_job=f"p-{number}")
        said: dict[str, Any] = {"evidence": "quote", "final": False} if amount is None else {}
        charge = quote.high if amount is None else usd(amount)
        w.settle(charge, job, attempt, took_ms=60_000, clip_ms=9_400, **said)
    world.clock.now += timedelta(seconds=61)


def decided(world: World) -> Decision:
    return world.router.decide(CLIP, POLICY, scope=SCOPE)


def high(world: World) -> Money:
    chosen = decided(world).chosen
    assert chosen is not None
    assert chosen.offer == OFFER
    return chosen.quote.high


def test_twenty_charges_beyond_the_quote_raise_what_is_held_for_the_next(world: World) -> None:
    taught(world, *["0.84"] * 19)
    assert high(world) == usd("0.70")
    taught(world, "0.84")
    decision = decided(world)
    assert high(world) == usd("0.84")
    assert decision.chosen is not None
    assert decision.chosen.quote.expected == usd("0.70")
    said = "up to 0.84 USD is set aside: of the last 20 charges 99 in 100 came to at most 1.2 times what was expected"
    assert said in decision.chosen.quote.assumptions
    assert said.split(":")[0] in decision.explain(details=True)
    world.runware.polls = [done(usd("0.84"))]
    made = world.router.run(decision, key="k", tags={})
    assert (made.charge, world.ledger.by_key("k").held) == (usd("0.84"), usd("0.84"))  # type: ignore[union-attr]


def test_what_was_set_aside_for_that_teaches_nothing_more(world: World) -> None:
    """Charges settled at their quotes' raised high, for want of a word, would otherwise raise it for ever."""
    taught(world, *["0.84"] * 30)
    chosen = decided(world).chosen
    assert chosen is not None
    taught(world, *[None] * 60, quote=chosen.quote)
    assert {one.charged for one in world.ledger.jobs()} == {usd("0.84")}
    assert high(world) == usd("0.84")
    taught(world, *["0.70"] * 200)
    assert high(world) == usd("0.70"), "the newest 200 count"


def test_a_raised_high_is_judged_by_every_limit(world: World) -> None:
    taught(world, *["0.84"] * 20)
    strict = Policy(providers=frozenset({"runware"}), max_cost=usd("0.80"))
    choice = world.router.decide(CLIP, strict, scope=SCOPE)
    assert {(one.reason, one.value) for one in choice.rejections if one.offer == OFFER} == {("max_cost", "0.84 USD")}


def test_a_decision_still_holds_when_less_is_to_be_set_aside(world: World) -> None:
    taught(world, *["0.84"] * 20)
    decision = decided(world)
    taught(world, *["0.70"] * 200)
    world.runware.polls = [done(usd("0.70"))]
    assert world.router.run(decision, key="k").charge == usd("0.70")


@given(st.lists(st.integers(1, 40), max_size=300), st.integers(1, 9))
def test_99_of_100_are_covered_up_to_twice_and_nothing_is_lowered(tenths: list[int], seconds: int) -> None:
    quote = BOOK.quote(OFFER, Usage.audio(seconds), at=QUOTE.at)
    margins = Margins([Charge(Money(QUOTE.expected.nanos * n // 10, "USD")) for n in tenths])
    raised = margins.on(quote)
    assert (raised.low, raised.expected) == (quote.low, quote.expected)
    assert quote.high <= raised.high <= quote.high * 2
    if len(tenths) < LEAST:
        assert raised == quote
    elif raised.high < quote.high * 2:
        covered = sum(quote.expected.nanos * n <= 10 * raised.high.nanos for n in tenths)
        assert covered * 100 >= 99 * len(tenths)


def test_another_price_or_setting_is_another_matter() -> None:
    margins = Margins(charged(*["0.84"] * 20))
    assert margins.on(QUOTE).high == usd("0.84")
    fal = BOOK.quote("fal/fal-ai/creatify/aurora", Usage.audio("9.4"), at=QUOTE.at)
    assert margins.on(fal) == fal
    assert not Margins([Charge(usd("0.84"), rates=("an older price",))] * 20).on(QUOTE).high > QUOTE.high
    assert not Margins(charged(*["0.70"] * 50))


def test_credits_are_raised_in_both_currencies() -> None:
    quote = BOOK.quote("creatify/aurora_v1", Usage.audio("9.4"), at=QUOTE.at)
    more = Charge(quote.expected * 2, quote.expected, quote.rates, quote.offer, quote.settings)
    raised = Margins([more] * 20).on(quote)
    assert raised.high == quote.high * 2
    assert raised.usd.high == quote.usd.high * 2


def test_a_worst_case_cannot_be_lowered() -> None:
    with pytest.raises(BadMoney, match="a span must rise"):
        QUOTE.held_to(usd("0.10"), "why")
