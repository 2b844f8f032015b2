"""How many outputs, and which resolution, a budget buys."""

from datetime import date

import pytest

from pricing import BuysNothing, CurrencyMismatch, Money, OverLimit, PriceBook, PricingError, UnknownSetting, Usage, usd
from pricing.questions.inverse import lines_in
from tests.pricing.clips import CLIP, PER_SECOND, book

BOOK = PriceBook.shipped()
AT = date(2026, 11, 20)
FAL, RUNWARE_FAST = "fal/fal-ai/creatify/aurora", "runware/creatify:aurora@fast"


@pytest.mark.parametrize(
    ("offer", "budget", "usage", "outputs", "limited_by"),
    [
        (RUNWARE_FAST, "5.04 USD", Usage.video("17.2"), 4, "offer_limit"),
        (RUNWARE_FAST, "5.039999999 USD", Usage.video("17.2"), 3, "budget"),
        (RUNWARE_FAST, "1.26 USD", Usage.video("17.2"), 1, "budget"),
        (FAL, "5 USD", Usage.audio("9.4"), 1, "offer_limit"),
    ],
)
def test_how_many_outputs(offer: str, budget: str, usage: Usage, outputs: int, limited_by: str) -> None:
    found = BOOK.max_outputs(offer, Money.parse(budget), usage=usage, at=AT)
    assert (found.outputs, found.limited_by) == (outputs, limited_by)
    assert found.quote == BOOK.quote(offer, usage, at=AT, outputs=outputs)
    assert list(found.as_json()) == ["offer", "settings", "outputs", "limited_by", "quote"]


def test_outputs_with_something_charged_once() -> None:
    once = 'per_output = false\ntariff = { kind = "flat", price = 1 }'
    mine = book("max_outputs = 10", PER_SECOND, once, rate='rounding = { step = 0.5, mode = "ceil", of = "job" }')
    for budget, outputs in (("1.5", 1), ("2", 2), ("2.5", 3), ("1000", 10)):  # 1 + 0.4 n, up to the next half
        found = mine.max_outputs(CLIP, usd(budget), usage=Usage.of(requested_seconds=4), at=AT)
        assert found.outputs == outputs, budget
    with pytest.raises(BuysNothing, match=r"one output costs up to 1\.50 USD"):
        mine.max_outputs(CLIP, usd("1.49"), usage=Usage.of(requested_seconds=4), at=AT)


@pytest.mark.parametrize(
    ("offer", "budget", "seconds", "resolution"),
    [
        ("creatify/aurora_v2", "28 creatify-credit", "10", "2k"),
        ("creatify/aurora_v2", "27.9 creatify-credit", "10", "1080p"),
        ("creatify/aurora_v2", "7 creatify-credit", "10", "720p"),
        ("creatify/aurora_v2", "6.9 creatify-credit", "10", "480p"),
        ("creatify/aurora_v2", "1000 creatify-credit", "20", "1080p"),  # 2k ends at 14.375 s
        (FAL, "1.4 USD", "9.4", "720p"),
        (FAL, "1.3 USD", "9.4", "480p"),
    ],
)
def test_the_best_resolution(offer: str, budget: str, seconds: str, resolution: str) -> None:
    found = BOOK.best_resolution(offer, Money.parse(budget), usage=Usage.billed(seconds), at=AT)
    assert (found.name, found.value) == ("resolution", resolution)
    assert found.quote.settings == found.settings
    assert found.as_json()["value"] == resolution
    assert found.quote.in_currency(budget.split()[1]).high <= Money.parse(budget)


@pytest.mark.parametrize(
    ("offer", "budget", "usage", "settings", "error", "match"),
    [
        ("creatify/aurora_v2", "3 creatify-credit", Usage.audio(10), {}, BuysNothing, "job at 480p costs up to 4 "),
        ("creatify/aurora_v2", "9 USD", Usage.audio(10), {"resolution": "2k"}, UnknownSetting, "leave resolution out"),
        ("creatify/aurora_v2", "9 USD", Usage.audio(60), {}, OverLimit, "59.7"),
        ("creatify/aurora_v2", "9 USD", Usage.audio(10), {"mode": "x"}, UnknownSetting, "no setting 'mode'"),
        ("creatify/aurora_v2", "9 EUR", Usage.audio(10), {}, CurrencyMismatch, "EUR"),
        ("creatify/custom_template:standard", "9 USD", Usage.video(9), {}, UnknownSetting, "no resolutions"),
        ("creatify/nothing", "9 USD", Usage.video(9), {}, PricingError, "no offer"),
    ],
)
def test_no_best_resolution(
    offer: str, budget: str, usage: Usage, settings: dict[str, str], error: type[PricingError], match: str
) -> None:
    with pytest.raises(error, match=match):
        BOOK.best_resolution(offer, Money.parse(budget), usage=usage, at=AT, settings=settings)


@pytest.mark.parametrize(
    ("word", "lines"),
    [
        ("480p", 480), ("768P", 768), ("1088p", 1088), ("2k", 1440), ("4K", 2160), ("8K", 4320), ("0.5K", 360),
        ("1280x720", 720), ("720x1280", 720), ("hd", 720), ("low", None), ("", None), ("1080", None), ("٤٨٠p", None),
    ],
)  # fmt: skip
def test_lines_of_a_resolution(word: str, lines: int | None) -> None:
    assert lines_in(word) == lines


def test_a_setting_of_another_name_that_ranks_by_lines() -> None:
    table = 'tariff = {{ kind = "table", per = 1, cells = [ {} ] }}'.format(
        ", ".join(
            f'{{ when = {{ quality = "{one}" }}, price = {price} }}' for one, price in (("1080p", 2), ("360p", 1))
        )
    )
    mine = book('settings = { quality = { values = ["360p", "1080p"], default = "360p" } }', table)
    found = mine.best_resolution(CLIP, usd(19), usage=Usage.of(requested_seconds=10), at=AT)
    assert (found.name, found.value) == ("quality", "360p")
