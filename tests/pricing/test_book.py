"""The shipped prices, to the last digit, against facts written out by hand; dates; what the book refuses."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from pricing import (
    BadQuantity,
    CurrencyMismatch,
    Money,
    NoPlan,
    NoPrice,
    OverLimit,
    PriceBook,
    Quantity,
    Quote,
    UnknownOffer,
    UnknownSetting,
    Usage,
    usd,
)

BOOK = PriceBook.shipped()
NOW = date(2026, 11, 20)
FAL, V1, FAST = "fal/fal-ai/creatify/aurora", "creatify/aurora_v1", "creatify/aurora_v1_fast"
TEMPLATE = "creatify/custom_template:standard"
RUNWARE, RUNWARE_FAST = "runware/creatify:aurora@0", "runware/creatify:aurora@fast"
TEMPLATES = TEMPLATE, "creatify/custom_template:aurora_v1", "creatify/custom_template:aurora_v1_fast"
ROUTED = {FAL, V1, FAST, RUNWARE, RUNWARE_FAST, *TEMPLATES}
"""The offers that the router knows; what they are called and metered on is relied upon."""


def quote(offer: str, length: str | Usage, at: date = NOW, outputs: int = 1, **settings: str) -> Quote:
    usage = length if isinstance(length, Usage) else Usage.billed(length)
    return BOOK.quote(offer, usage, at=at, settings=settings or None, outputs=outputs)


def credits_(amount: str) -> Money:
    return Money.of(amount, "creatify-credit")


def test_the_offers_are_a_contract() -> None:
    assert {
        name: (offer.currency, offer.measure, offer.max_outputs, offer.audio_driven)
        for name, offer in BOOK.offers.items()
        if name in ROUTED
    } == {
        V1: ("creatify-credit", "input_audio_seconds", 1, True),
        FAST: ("creatify-credit", "input_audio_seconds", 1, True),
        TEMPLATE: ("creatify-credit", "output_video_seconds", 1, False),
        "creatify/custom_template:aurora_v1": ("creatify-credit", "output_video_seconds", 1, False),
        "creatify/custom_template:aurora_v1_fast": ("creatify-credit", "output_video_seconds", 1, False),
        FAL: ("USD", "output_video_seconds", 1, True),
        RUNWARE: ("USD", "output_video_seconds", 4, True),
        RUNWARE_FAST: ("USD", "output_video_seconds", 4, True),
    }
    assert BOOK.offer(V1).max_seconds == 300
    assert BOOK.offer(FAL).slack_seconds == Decimal("0.15")
    assert BOOK.offer(V1).slack_seconds == 0
    resolutions = {name: BOOK.offer(name).settings["resolution"].values for name in ROUTED if BOOK.offer(name).settings}
    assert resolutions == {
        V1: ("720p",),
        FAST: ("480p",),
        FAL: ("480p", "720p"),
        RUNWARE: ("720p",),
        RUNWARE_FAST: ("480p",),
    }


@pytest.mark.parametrize(
    ("offer", "length", "at", "outputs", "settings", "expected"),
    [
        (FAL, "9.4", NOW, 1, {"resolution": "480p"}, "1 USD"),
        (FAL, "9.4", NOW, 1, {"resolution": "720p"}, "1.4 USD"),
        (FAL, "9.4", NOW, 1, {}, "1.4 USD"),
        (FAL, "0.001", NOW, 1, {}, "0.14 USD"),
        (V1, "10.4", NOW, 1, {}, "11 creatify-credit"),
        (FAST, "10.4", NOW, 1, {}, "5.5 creatify-credit"),
        (V1, "3", date(2026, 2, 15), 1, {}, "20 creatify-credit"),
        (V1, "15", date(2026, 4, 30), 1, {}, "20 creatify-credit"),
        (V1, "15.001", date(2026, 4, 30), 1, {}, "40 creatify-credit"),
        (FAST, "16", date(2026, 4, 1), 1, {}, "20 creatify-credit"),
        (TEMPLATE, "24", NOW, 1, {}, "5 creatify-credit"),
        (TEMPLATE, "30", NOW, 1, {}, "5 creatify-credit"),
        (TEMPLATE, "30.01", NOW, 1, {}, "10 creatify-credit"),
        (TEMPLATE, "66.15", date(2025, 5, 30), 1, {}, "15 creatify-credit"),
        ("creatify/custom_template:aurora_v1", "9.1", NOW, 1, {}, "10 creatify-credit"),
        ("creatify/custom_template:aurora_v1_fast", "9.1", NOW, 1, {}, "5 creatify-credit"),
        ("creatify/custom_template:aurora_v1", "9.1", date(2026, 1, 1), 1, {}, "20 creatify-credit"),
        ("creatify/custom_template:aurora_v1_fast", "16", date(2026, 1, 1), 1, {}, "20 creatify-credit"),
        (RUNWARE, "13", NOW, 1, {}, "1.82 USD"),
        (RUNWARE, "10.2", NOW, 1, {}, "1.54 USD"),
        (RUNWARE_FAST, "17.2", NOW, 1, {}, "1.26 USD"),
        (RUNWARE_FAST, "17.2", NOW, 4, {}, "5.04 USD"),
        (RUNWARE_FAST, "14", NOW, 1, {}, "0.98 USD"),
    ],
)
def test_prices(offer: str, length: str, at: date, outputs: int, settings: Mapping[str, str], expected: str) -> None:
    said = quote(offer, length, at, outputs, **settings)
    assert said.expected == Money.parse(expected)
    assert said.high == said.expected
    if settings.get("resolution") != "480p" or offer != FAL:
        assert said.low == said.expected


STEP = {FAL: 1, RUNWARE: 1, RUNWARE_FAST: 1, V1: 1, FAST: 1, TEMPLATE: 30}
MICROS = {FAL: 140_000, RUNWARE: 140_000, RUNWARE_FAST: 70_000, V1: 1_000_000, FAST: 500_000, TEMPLATE: 5_000_000}


@pytest.mark.parametrize("offer", STEP)
def test_every_tenth_of_a_second_of_five_minutes_in_plain_integers(offer: str) -> None:
    for tenths in range(1, 3001):
        blocks = (tenths + STEP[offer] * 10 - 1) // (STEP[offer] * 10)
        said = quote(offer, Usage.billed(Decimal(tenths) / 10))
        assert said.expected.nanos == blocks * MICROS[offer] * 1000


def test_the_contested_price_shows_both() -> None:
    said = quote(FAL, "9.4", resolution="480p")
    assert (said.low, said.expected, said.high) == (usd("0.70"), usd("1.00"), usd("1.00"))
    assert len({source.url for source in said.sources}) == 2
    (contested,) = [text for text in said.assumptions if "contested" in text]
    assert "0.10 USD per s" in contested
    assert "0.07 USD per s" in contested
    assert len(said.rates) == 2
    uncontested = quote(FAL, "9.4", resolution="720p")
    assert not any("contested" in text for text in uncontested.assumptions)
    assert len(uncontested.sources) == 2


def test_credits_are_valued_by_a_named_plan() -> None:
    said = quote(V1, "10.4")
    assert said.plan is not None
    assert said.plan.id == "api-starter"
    assert said.usd.expected == usd("2.178")
    assert any("api-starter" in text and "dearest" in text for text in said.assumptions)
    native, dollars = said.lines
    assert native.amount == credits_("11")
    assert dollars.amount == usd("2.178")
    assert "api-starter" in dollars.label
    assert (dollars.billed, dollars.rate, dollars.unit) == (Decimal(11), Decimal("0.198"), "creatify-credit")
    pro = BOOK.with_plan("creatify", "api-pro")
    named = pro.quote(V1, Usage.billed("10.4"), at=NOW)
    assert named.usd.expected == usd("1.6445")
    assert any("api-pro" in text and "as named" in text for text in named.assumptions)
    assert pro.hash != BOOK.hash
    assert pro != BOOK
    assert pro.with_plan("creatify", "api-starter").quote(V1, Usage.billed(1), at=NOW).usd.expected == usd("0.198")
    assert BOOK.plan_for("USD") is None
    assert [plan.id for plan in BOOK.plans] == ["api-starter", "api-pro"]


def test_lines_tell_the_arithmetic() -> None:
    (line,) = quote(RUNWARE_FAST, "17.2", outputs=4).lines
    assert (line.measured, line.billed, line.unit, line.rate) == (Decimal("17.2"), Decimal(72), "s", Decimal("0.07"))
    assert "4 outputs" in line.label
    block = quote(TEMPLATE, "30.01").lines[0]
    assert (block.measured, block.billed, block.unit, block.rate) == (Decimal("30.01"), Decimal(2), "30 s", Decimal(5))


def test_the_month_in_which_the_price_changed() -> None:
    for day in (1, 15, 31):
        said = quote(V1, "3", date(2026, 5, day))
        assert (said.low, said.expected, said.high) == (credits_("3"), credits_("20"), credits_("20"))
        assert said.lines[0].amount == credits_("20")
        assert any("2026-05" in text and "dearer" in text for text in said.assumptions)
        assert len(said.rates) == 2
        long = quote(V1, "29", date(2026, 5, day))  # two blocks are 40, the seconds 29
        assert (long.low, long.expected) == (credits_("29"), credits_("40"))
    assert quote(V1, "3", date(2026, 4, 30)).cost.high == credits_("20")
    assert quote(V1, "3", date(2026, 6, 1)).cost.high == credits_("3")
    assert not any("unpublished" in text for text in quote(V1, "3", date(2026, 6, 1)).assumptions)


def test_dates_before_and_long_after_the_check() -> None:
    early = quote(FAL, "9.4", date(2026, 1, 1))
    assert early.expected == usd("1.40")
    assert any("2026-11-20" in text and "since when" in text for text in early.assumptions)
    assert not any("since when" in text for text in quote(FAL, "9.4").assumptions)
    assert not any("last checked" in text for text in quote(FAL, "9.4", date(2027, 2, 18)).assumptions)  # 90 days
    (stale,) = [text for text in quote(FAL, "9.4", date(2027, 2, 19)).assumptions if "last checked" in text]
    assert "91 days" in stale
    with pytest.raises(NoPrice, match="2025-09") as caught:
        quote(V1, "9.4", date(2025, 8, 31))
    assert caught.value.code == "no_price"
    assert any("began on an unpublished day" in text for text in quote(V1, "9.4", date(2025, 9, 15)).assumptions)


@pytest.mark.parametrize("offer", [FAL, RUNWARE])
def test_audio_where_the_output_is_metered(offer: str) -> None:
    said = quote(offer, Usage.audio("9.4"))
    assert (said.low, said.expected, said.high) == (usd("1.40"),) * 3
    edge = quote(offer, Usage.audio("10.0"))
    assert (edge.low, edge.expected, edge.high) == (usd("1.40"), usd("1.40"), usd("1.54"))
    assert any("0.15 s longer" in text for text in edge.assumptions)
    assert not any("longer" in text for text in quote(offer, "10.0").assumptions)
    assert quote(offer, Usage.audio("9.85")).high == usd("1.40")
    assert quote(offer, Usage.audio("9.851")).high == usd("1.54")


def test_audio_where_the_audio_is_metered() -> None:
    said = quote(V1, Usage.audio("10.0"))
    assert said.cost.low == said.cost.high == credits_("10")


def test_a_range_of_video() -> None:
    said = quote(TEMPLATE, Usage.video("20", "50"))
    assert (said.low, said.expected, said.high) == (credits_("5"), credits_("10"), credits_("10"))
    assert said.usd.low == usd("0.99")
    assert said.lines[0].measured == 35


@pytest.mark.parametrize(
    ("offer", "usage"), [(TEMPLATE, Usage.audio("9.4")), (V1, Usage.video("9.4")), (FAST, Usage.video("1", "2"))]
)
def test_a_measure_that_is_not_stated(offer: str, usage: Usage) -> None:
    with pytest.raises(BadQuantity, match="metered on"):
        quote(offer, usage)


def test_limits() -> None:
    assert quote(V1, "300").expected == credits_("300")
    for usage in (Usage.billed("300.001"), Usage.audio("300.001")):
        with pytest.raises(OverLimit, match="300") as caught:
            quote(V1, usage)
        assert caught.value.code == "over_limit"
    two, long = Decimal(2), Decimal(301)
    with pytest.raises(OverLimit):
        quote(V1, Usage({"input_audio_seconds": Quantity(two, two, long)}))
    for outputs in (2, 5, 10**5000):
        with pytest.raises(OverLimit, match="at most 1"):
            quote(FAL, "9.4", outputs=outputs)
    with pytest.raises(OverLimit, match="at most 4"):
        quote(RUNWARE, "9.4", outputs=5)
    for outputs in (0, -1, -(10**5000)):
        with pytest.raises(BadQuantity):
            quote(RUNWARE, "9.4", outputs=outputs)
    for wrong in (1.0, True, "1", None):
        with pytest.raises(TypeError):
            quote(RUNWARE, "9.4", outputs=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["720P", "HD", "1080p", "", " 720p", "1280x720", None, 720, ["720p"], {}])
def test_values_in_another_spelling(value: Any) -> None:
    def ask() -> Quote:
        return BOOK.quote(FAL, Usage.billed("9.4"), at=NOW, settings={"resolution": value})

    with pytest.raises(UnknownSetting, match="480p, 720p"):
        ask()
    with pytest.raises(UnknownSetting, match="480p, 720p") as caught:
        ask()  # the refusal is not remembered as an answer
    assert caught.value.code == "unknown_setting"
    assert caught.value.limit == "480p, 720p"


def test_settings_nobody_has() -> None:
    with pytest.raises(UnknownSetting, match="resolution"):
        quote(FAL, "9.4", mode="fast")
    with pytest.raises(UnknownSetting, match="none"):
        quote(TEMPLATE, "9.4", resolution="720p")
    with pytest.raises(UnknownSetting, match="legal: 720p"):
        quote(V1, "9.4", resolution="480p")
    assert quote(V1, "9.4").settings == {"resolution": "720p"}
    assert quote(V1, "9.4", resolution="720p").cost == quote(V1, "9.4").cost
    assert any("default" in text for text in quote(FAL, "9.4").assumptions)
    assert not any("default" in text for text in quote(FAL, "9.4", resolution="720p").assumptions)
    assert quote(FAL, "9.4").settings == {"resolution": "720p"}


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("fal/creatify/aurora", FAL),
        ("aurora_v1", V1),
        ("creatify/aurora_v1_fst", FAST),
        ("custom_template:standard", TEMPLATE),
    ],
)
def test_an_unknown_offer_names_those_alike(wrong: str, right: str) -> None:
    with pytest.raises(UnknownOffer, match="no offer") as caught:
        quote(wrong, "9.4")
    assert right in str(caught.value)
    with pytest.raises(UnknownOffer):
        BOOK.offer(wrong)
    with pytest.raises(UnknownOffer):
        BOOK.max_seconds(wrong, usd(5), at=NOW)


@pytest.mark.parametrize("id", ["", "x" * 10_000, "zzz", "١٠"])
def test_an_unknown_offer_in_one_line(id: str) -> None:  # noqa: A002 - the word of the contract
    with pytest.raises(UnknownOffer, match="known") as caught:
        quote(id, "9.4")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_plans_nobody_sells() -> None:
    for provider, plan in (("creatify", "api-mega"), ("fal", "api-pro"), ("nobody", "")):
        with pytest.raises(NoPlan) as caught:
            BOOK.with_plan(provider, plan)
        assert caught.value.code == "no_plan"
        assert provider != "creatify" or "api-starter, api-pro" in str(caught.value)


@pytest.mark.parametrize("at", [datetime(2026, 11, 20, tzinfo=UTC), "2026-11-20", None, 20261120])
def test_at_is_a_date(at: Any) -> None:
    with pytest.raises(TypeError, match="date"):
        BOOK.quote(FAL, Usage.billed(1), at=at)


def test_in_currency() -> None:
    said = quote(V1, "10.4")
    assert said.in_currency("USD") is said.usd
    assert said.in_currency("creatify-credit") is said.cost
    with pytest.raises(CurrencyMismatch, match="EUR"):
        said.in_currency("EUR")
    with pytest.raises(CurrencyMismatch):
        quote(FAL, "9.4").in_currency("creatify-credit")


def test_a_book_is_a_value() -> None:
    assert PriceBook.shipped() is BOOK
    assert len(BOOK.hash) == 32
    assert {BOOK: 1}[PriceBook.shipped()] == 1
    with pytest.raises(TypeError):
        BOOK.offers["x"] = BOOK.offer(V1)  # type: ignore[index]
    with pytest.raises(TypeError):
        quote(FAL, "9.4").settings["resolution"] = "480p"  # type: ignore[index]


def test_the_memory_is_bounded() -> None:
    book = PriceBook.from_texts({})
    assert book.offers == {}
    fresh = BOOK.with_plan("creatify", "api-pro")
    for ordinal in range(NOW.toordinal(), NOW.toordinal() + 5000):
        assert fresh.quote(TEMPLATE, Usage.billed(1), at=date.fromordinal(ordinal)).expected == credits_("5")
    assert len(fresh._memo) <= 4096  # pyright: ignore[reportPrivateUsage]
