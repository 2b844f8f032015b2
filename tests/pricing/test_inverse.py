"""What budgets buy, at the edges of blocks, limits and pennies."""

from datetime import date
from decimal import Decimal

import pytest

from pricing import BuysNothing, CurrencyMismatch, Money, OverLimit, PriceBook, UnknownSetting, usd
from pricing.inverse import ms_from_seconds, seconds_from_ms

BOOK = PriceBook.shipped()
AT = date(2026, 11, 20)
FAL, RUNWARE_FAST = "fal/fal-ai/creatify/aurora", "runware/creatify:aurora@fast"


@pytest.mark.parametrize(
    ("offer", "budget", "settings", "outputs", "seconds", "audio", "limited_by"),
    [
        (FAL, "5 USD", {}, 1, "35", "34.85", "budget"),
        (FAL, "5 USD", {"resolution": "480p"}, 1, "50", "49.85", "budget"),  # judged by the dearer contested price
        (FAL, "0.14 USD", {}, 1, "1", "0.85", "budget"),
        (FAL, "0.279999999 USD", {}, 1, "1", "0.85", "budget"),
        (FAL, "0.28 USD", {}, 1, "2", "1.85", "budget"),
        (RUNWARE_FAST, "5.04 USD", {}, 4, "18", "17.85", "budget"),
        ("creatify/aurora_v1", "11 creatify-credit", {}, 1, "11", "11", "budget"),
        ("creatify/aurora_v1", "2.178 USD", {}, 1, "11", "11", "budget"),
        ("creatify/aurora_v1", "2.177999999 USD", {}, 1, "10", "10", "budget"),
        ("creatify/aurora_v1", "299.999999999 creatify-credit", {}, 1, "299", "299", "budget"),
        ("creatify/aurora_v1", "300 creatify-credit", {}, 1, "300", "300", "offer_limit"),
        ("creatify/aurora_v1_fast", "1000000 USD", {}, 1, "300", "300", "offer_limit"),
        ("creatify/custom_template:standard", "5 creatify-credit", {}, 1, "30", None, "budget"),
        ("creatify/custom_template:standard", "1.97 USD", {}, 1, "30", None, "budget"),
        ("creatify/custom_template:aurora_v1_fast", "5 creatify-credit", {}, 1, "10", None, "budget"),
        (FAL, "1000000 USD", {}, 1, "86400", "86399.85", "offer_limit"),
    ],
)
def test_what_a_budget_buys(
    offer: str, budget: str, settings: dict[str, str], outputs: int, seconds: str, audio: str | None, limited_by: str
) -> None:
    most = BOOK.max_seconds(offer, Money.parse(budget), at=AT, settings=settings, outputs=outputs)
    assert most.seconds == Decimal(seconds)
    assert most.audio_seconds == (None if audio is None else Decimal(audio))
    assert most.limited_by == limited_by
    assert most.quote.outputs == outputs
    said = most.as_json()
    assert list(said) == ["offer", "settings", "seconds", "audio_seconds", "limited_by", "quote"]
    assert (said["seconds"], said["audio_seconds"]) == (seconds, audio)


@pytest.mark.parametrize("budget", ["0 USD", "-1 USD", "0.139999999 USD"])
def test_buys_nothing(budget: str) -> None:
    with pytest.raises(BuysNothing, match="shortest job") as caught:
        BOOK.max_seconds(FAL, Money.parse(budget), at=AT)
    assert caught.value.code == "buys_nothing"
    assert caught.value.limit == "0.14 USD"


def test_inside_the_uncertain_month_the_dearer_price_decides() -> None:
    most = BOOK.max_seconds("creatify/aurora_v1", Money.of(20, "creatify-credit"), at=date(2026, 5, 10))
    assert most.seconds == 15
    assert most.quote.high == Money.of(20, "creatify-credit")


def test_what_the_inverse_refuses() -> None:
    for offer, currency in ((FAL, "EUR"), (FAL, "creatify-credit"), ("creatify/aurora_v1", "EUR")):
        with pytest.raises(CurrencyMismatch, match=currency):
            BOOK.max_seconds(offer, Money.of(5, currency), at=AT)
    with pytest.raises(UnknownSetting):
        BOOK.max_seconds(FAL, usd(5), at=AT, settings={"resolution": "HD"})
    with pytest.raises(OverLimit):
        BOOK.max_seconds(FAL, usd(5), at=AT, outputs=2)


def test_a_plan_changes_what_dollars_buy() -> None:
    pro = BOOK.with_plan("creatify", "api-pro")
    assert pro.max_seconds("creatify/aurora_v1", usd("2.178"), at=AT).seconds == 14


@pytest.mark.parametrize(
    ("ms", "text"), [(1, "0.001"), (1000, "1"), (9400, "9.4"), (86_400_000, "86400"), (1_010, "1.01")]
)
def test_milliseconds(ms: int, text: str) -> None:
    assert f"{seconds_from_ms(ms):f}" == text
    assert ms_from_seconds(Decimal(text)) == ms
    assert ms_from_seconds(Decimal(text) + Decimal("0.0009")) == ms
