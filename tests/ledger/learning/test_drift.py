"""Drift: which price charges support, since when; and the card that follows is one that `pricing.check` accepts."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import pricing
from ledger.errors import BadRequest
from ledger.learning.charges import Charge, charges_of
from ledger.learning.drift import drifts
from ledger.learning.override import proposal
from ledger.reconcile.matching import joined
from ledger.reconcile.values import Claimed, QuotedLine
from ledger.statement.lines import StatementLine
from pricing import Money, PriceBook, Usage, usd
from tests.ledger.reconcile.making import bill, claim, line

NOVEMBER_2 = datetime(2026, 11, 2, 9, tzinfo=UTC)
OFFER, LOW = "fal/fal-ai/creatify/aurora", {"resolution": "480p"}
ON = date(2026, 11, 20)


def charge(
    number: int, price: str, *, card: str = "0.10", others: tuple[str, ...] = ("0.07",), seconds: int = 10
) -> Charge:
    return Charge(
        OFFER,
        LOW,
        NOVEMBER_2 + timedelta(hours=number),
        Money.rounded(Fraction(price) * seconds, "USD", "half-even"),
        Fraction(seconds),
        Fraction(seconds),
        Fraction(1),
        "s",
        Fraction(card),
        tuple(map(Fraction, others)),
    )


def card_text(name: str = "fal.toml") -> str:
    return (files("pricing") / "cards" / name).read_text(encoding="utf-8")


def check(text: str, tmp_path: Path) -> PriceBook:
    (tmp_path / "override.toml").write_text(text, encoding="utf-8")
    assert pricing.check([tmp_path / "override.toml"]) == ()
    return PriceBook.shipped().with_cards({"override.toml": text})


def test_charges_that_support_another_published_price(tmp_path: Path) -> None:
    before = [charge(-n, "0.10") for n in range(1, 9)]
    (found,) = drifts([*before, *(charge(n, "0.07", seconds=4 + n) for n in range(41))])
    said = "fal/fal-ai/creatify/aurora 480p: 41 charges support 0.07 USD per s, none 0.1 since 2026-11-02"
    assert found.text == said
    assert (found.supported_price, found.published, found.charges, found.neither) == (Fraction("0.07"), True, 41, 0)
    text = proposal(found, card_text(), on=ON)
    assert 'rate = "fal-aurora-newer-copy"' in text
    quote = check(text, tmp_path).quote(OFFER, Usage.of(output_video_seconds="9.4"), at=ON, settings=LOW)
    assert (quote.expected, quote.low) == (usd("0.70"), usd("0.70"))


def test_a_price_nobody_published_becomes_a_row_of_its_own_and_history_stays(tmp_path: Path) -> None:
    (found,) = drifts(charge(n, "0.085") for n in range(12))
    assert not found.published
    book = check(proposal(found, card_text(), on=ON), tmp_path)
    shipped = PriceBook.shipped()
    for seconds in ("9.4", "1", "60"):
        for settings in (LOW, {"resolution": "720p"}):
            usage, day_before = Usage.of(output_video_seconds=seconds), date(2026, 11, 1)
            assert (
                book.quote(OFFER, usage, at=day_before, settings=settings).cost
                == shipped.quote(OFFER, usage, at=day_before, settings=settings).cost
            )
    after = book.quote(OFFER, Usage.of(output_video_seconds="9.4"), at=date(2026, 11, 2), settings=LOW)
    assert (after.low, after.expected, after.high) == (usd("0.85"), usd("0.85"), usd("0.85"))
    other = book.quote(OFFER, Usage.of(output_video_seconds="9.4"), at=ON, settings={"resolution": "720p"})
    assert other.expected == usd("1.40")


def test_a_credit_price_that_moved(tmp_path: Path) -> None:
    first = charge(0, "1", card="1", others=())
    moved = [
        replace(
            first,
            offer="creatify/aurora_v1",
            settings={"resolution": "720p"},
            amount=Money.of(n * Decimal("1.2"), "creatify-credit"),
            low=Fraction(n),
            high=Fraction(n),
        )
        for n in range(3, 15)
    ]
    (found,) = drifts(moved)
    book = check(proposal(found, card_text("creatify.toml"), on=ON), tmp_path)
    quote = book.quote("creatify/aurora_v1", Usage.of(input_audio_seconds="9.4"), at=ON)
    assert quote.expected == Money.of(12, "creatify-credit")


def test_no_drift_without_enough_or_without_agreement() -> None:
    assert not drifts(charge(n, "0.07") for n in range(7))
    assert not drifts([*(charge(n, "0.07") for n in range(40)), charge(99, "0.10")])
    mixed = [charge(n, ("0.07", "0.09", "0.08")[n % 3], others=()) for n in range(40)]
    assert not drifts(mixed)
    assert not drifts(charge(n, "0.10") for n in range(40))


def test_a_few_that_support_neither_are_told() -> None:
    (found,) = drifts([*(charge(n, "0.07") for n in range(40)), charge(41, "0.0913"), charge(42, "0.077")])
    assert (found.charges, found.neither) == (40, 2)


def test_a_longer_output_is_not_another_price() -> None:
    """Quoted 10 s, which may have come out as 11: 1.10 is 11 s at the card's price, not 10 s at 0.11."""
    slack = Charge(OFFER, LOW, NOVEMBER_2, usd("1.10"), Fraction(10), Fraction(11), Fraction(1), "s", Fraction("0.10"))
    assert slack.supports(Fraction("0.10"))
    assert not drifts([slack] * 20)


def test_no_row_is_proposed_where_it_cannot_be_told_which_price_moved() -> None:
    (found,) = drifts(charge(n, "0.085", card="0.09") for n in range(12))
    with pytest.raises(BadRequest, match=r"0 prices of its row .* are 0\.09, so no row can be proposed; write"):
        proposal(found, card_text(), on=ON)
    with pytest.raises(BadRequest, match="the card has no offer"):
        proposal(found, card_text("runware.toml"), on=ON)


def test_charges_come_from_claims_and_bills() -> None:
    quoted = (QuotedLine(Fraction(10), "s", Fraction("0.10"), other_prices=(Fraction("0.07"),)),)
    jobs = [claim(n, quoted_lines=quoted, settings=LOW, posted=usd("0.70")) for n in range(10)]
    lines = [line(f"l{n}", "0.70", n, unit_price=Decimal("0.07")) for n in range(10)]
    refund = line("r", "-0.70", 0, kind="refund", quantity=None, unit_price=None)
    charges = charges_of(jobs, joined(jobs, [bill(*lines, refund)]))
    assert len(charges) == 9
    assert {(one.amount, one.low, one.high) for one in charges} == {(usd("0.70"), Fraction(10), Fraction(10))}
    (found,) = drifts(charges)
    assert found.charges == 9


@given(
    st.lists(
        st.tuples(st.sampled_from(("0.14", "0.11")), st.integers(0, 3), st.sampled_from(("0.14", "0.11", "0.09"))),
        max_size=30,
    )
)
@example([("0.11", 5, "0.11"), ("0.14", 5, "0.09"), *[("0.14", 1, "0.09")] * 20])
def test_older_charges_than_the_last_at_the_cards_price_tell_nothing(told: list[tuple[str, int, str]]) -> None:
    """Only the newest are looked at: the same is found as with all of them, whatever came in one instant."""
    jobs, lines, every = list[Claimed](), list[StatementLine](), list[Charge]()
    for n, (price, hour, card) in enumerate(told):
        at, card_price = NOVEMBER_2 + timedelta(hours=hour), Fraction(card)
        jobs.append(claim(n, quoted_lines=(QuotedLine(Fraction(10), "s", card_price),)))
        amount = Decimal(price) * 10
        lines.append(line(f"l{n:03}", str(amount), n, unit_price=Decimal(price), charged_at=at))
        ten, cost = Fraction(10), Money.of(amount, "USD")
        every.append(Charge(OFFER, {"resolution": "720p"}, at, cost, ten, ten, Fraction(1), "s", card_price))
    charges = charges_of(jobs, joined(jobs, [bill(*lines)]))
    assert set(map(repr, charges)) <= set(map(repr, every))
    for least in (1, 2, 8):
        assert drifts(charges, minimum=least) == drifts(every, minimum=least)


@given(
    price=st.integers(1, 10**6).map(lambda micros: Fraction(micros, 10**6)),
    lengths=st.lists(st.integers(1, 300), min_size=8, max_size=30),
)
def test_whatever_price_is_charged_is_found(price: Fraction, lengths: list[int]) -> None:
    """Or the card's own: never a third."""
    charges = [charge(n, str(price), others=(), seconds=length) for n, length in enumerate(lengths)]
    found = drifts(charges)
    if price == Fraction("0.10"):
        assert not found
    else:
        assert [one.supported_price for one in found] == [price]
