"""What the cards cover: whole published tables against numbers typed from the pages, and what every row must carry.

The cards of `examples/cards` are proof that the language can say how anyone bills; they are loaded only when asked for.
"""

import tomllib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from pricing import NoPrice, NotQuotable, OverLimit, PriceBook, PricingError, Quote, Usage, check

ROOT = Path(__file__).parents[2]
DATA = Path(__file__).parent / "data"
FOLDERS = [ROOT / "pricing" / "cards", ROOT / "examples" / "cards"]
CARDS = {
    file.name: tomllib.loads(file.read_text("utf-8"), parse_float=Decimal)
    for folder in FOLDERS
    for file in sorted(folder.glob("*.toml"))
}
BOOK = PriceBook.shipped().with_cards([FOLDERS[1]])
AT = date(2026, 11, 20)

SELLERS = {
    "ai302", "argil", "atlascloud", "beyondpresence", "black-forest-labs", "brahmand", "byteplus", "captions", "comfy",
    "creatify", "creatomate", "deepgram", "elevenlabs", "fal", "google", "hedra", "heygen", "keyframe", "kling",
    "laozhang", "liveavatar", "luma", "magichour", "minimax", "narakeet", "openai", "pamba", "piapi", "pixverse",
    "pyannote", "replicate", "runflow", "runway", "runware", "stability", "sync", "venice", "vidu", "wavespeed",
    "yandex", "zvid",
}  # fmt: skip

WITHOUT_PLAN = {
    "EUR", "argil-credit", "billed-second", "creatomate-credit", "elevenlabs-credit", "fal-unit", "pamba-credit", "ptc",
    "vidu-credit", "zvid-credit",
}  # fmt: skip
"""Currencies of offers that no published plan sells for dollars."""

ENDED = ("creatify/asset_generator:", "comfy/reve/", "comfy/runway/gen3a")
"""Offers some of which have no price any more."""


def rows() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every row of every card: its name, the day its card was checked, the row."""
    for name, card in CARDS.items():
        for offer in card.get("offers", []):
            for rate in offer["rates"]:
                yield f"{name}: {rate['id']}", card["checked_on"], rate


def asked(words: list[str], at: date = AT) -> Quote:
    """A quote for `offer @setting=value … measure=amount …`."""
    offer, *rest = words
    parts = [word.partition("=") for word in rest]
    settings = {name[1:]: value for name, _, value in parts if name.startswith("@")}
    used = {name: value for name, _, value in parts if not name.startswith("@")}
    return BOOK.quote(offer, Usage.of(**used), at=at, settings=settings)


def point(words: str, at: date = AT) -> Decimal:
    """The amount of a quote that must be one number."""
    said = asked(words.split(), at)
    assert said.low == said.expected == said.high, said.explain()
    return said.expected.amount


def written(name: str) -> list[str]:
    """The lines of a data file but its comments."""
    return [line for line in (DATA / name).read_text("utf-8").splitlines() if not line.startswith("#")]


# ------------------------------------------------------------------------------------------------- what rows carry


def test_the_cards_have_no_fault() -> None:
    assert check(FOLDERS) == ()


def test_every_seller_is_there() -> None:
    assert {card["provider"] for card in CARDS.values()} == SELLERS
    assert {offer.provider for offer in PriceBook.shipped().offers.values()} == {"creatify", "fal", "runware"}


def test_a_row_says_where_it_is_from() -> None:
    for name, checked_on, rate in rows():
        for source in rate["sources"]:
            assert source["url"].startswith(("https://", "http://pamba.app/")), name
            assert date(2025, 5, 1) <= date.fromisoformat(source.get("checked_on", checked_on)) <= AT, name
        read = any(source["evidence"] != "inferred" for source in rate["sources"])
        assert read or "inferred" in rate["assumptions"][0], f"{name}: a price that nobody states says so"


def test_rounding_that_nothing_supports_is_said() -> None:
    for name, _, rate in rows():
        modes = {part.get("quantise", {}).get("mode") for part in rate["components"]}
        assert "unknown" not in modes or rate.get("assumptions"), name


def test_what_no_plan_sells() -> None:
    currencies = {offer.currency for offer in BOOK.offers.values()} - {"USD"}
    assert {name for name in currencies if BOOK.plan_for(name) is None} == WITHOUT_PLAN


def test_every_offer_can_be_asked() -> None:
    """Each offer, with its default settings, quotes some length, or is known to have none."""
    silent = {name for name in BOOK.offers if not any(answers(name, seconds) for seconds in (4, 5, 6, 8, 10))}
    assert {name for name in silent if not name.startswith(ENDED)} == {"fal/wan-3.0"}


def answers(name: str, seconds: int) -> bool:
    """Whether an offer has a price for so much of its own measure, some sizes given besides."""
    sizes = {"width": 1280, "height": 720, "frames_out": 100, "fps_out": 25, "fps_in": 25, "input_video_seconds": 4}
    used = Usage.of(**{**sizes, "output_video_seconds": seconds, BOOK.offers[name].measure: seconds})
    try:
        return BOOK.quote(name, used, at=AT).expected.nanos > 0
    except PricingError:
        return False


# -------------------------------------------------------------------------------------------------------- Creatify


@pytest.mark.parametrize(
    ("resolution", "cells"),
    [
        ("768p", "2.0 2.5 3.0 3.5 4.0 4.0 4.5 5.0 5.5 6.0 6.0"),
        ("1088p", "6.0 7.5 8.5 10.0 11.0 12.0 13.5 14.5 16.0 17.0 18.0"),
        ("2k", "13.0 16.0 18.5 21.0 23.5 26.0 29.0 31.5 34.0 36.5 39.0"),
    ],
)
@pytest.mark.parametrize("offer", ["boreal-h3", "asset_generator:boreal-h3/image-to-video"])
def test_boreal_h3_has_its_33_cells(offer: str, resolution: str, cells: str) -> None:
    for seconds, cell in enumerate(cells.split(), start=5):
        assert point(f"creatify/{offer} @resolution={resolution} requested_seconds={seconds}") == Decimal(cell)


@pytest.mark.parametrize(
    ("words", "credits"),
    [
        ("@resolution=1088p requested_seconds=7 input_video_seconds=20 reference_images=7", "18"),  # 8.4 + 9 + 0.4
        ("@resolution=768p requested_seconds=5 input_video_seconds=1 reference_images=0", "2.5"),
        ("@resolution=768p requested_seconds=5 reference_images=5", "2"),
        ("@resolution=768p requested_seconds=5 reference_images=6", "2.5"),
    ],
)
def test_boreal_h3_rounds_the_sum(words: str, credits: str) -> None:  # noqa: A002 - the seller's word
    assert point(f"creatify/boreal-h3 {words}") == Decimal(credits)


@pytest.mark.parametrize(
    ("words", "credits"),
    [
        ("aurora_v2 @resolution=480p input_audio_seconds=59.7", "24"),
        ("aurora_v2 input_audio_seconds=0.01", "0.7"),
        ("aurora_v2 @resolution=1080p input_audio_seconds=14", "19.6"),
        ("aurora_v2 @resolution=2k input_audio_seconds=14.375", "42"),
        ("boreal input_audio_seconds=10", "1"),
        ("boreal @resolution=720p input_audio_seconds=15", "2"),
        ("boreal @resolution=1080p input_audio_seconds=10.01", "6"),
        ("text_to_speech output_audio_seconds=30.5", "2"),
        ("ai_scripts runs=1", "1"),
        ("links runs=1", "1"),
        ("ads_clone input_video_seconds=11", "36"),
        ("iab_images images_out=3", "6"),
    ],
)
def test_creatify_today(words: str, credits: str) -> None:  # noqa: A002
    assert point(f"creatify/{words}") == Decimal(credits)


@pytest.mark.parametrize(
    ("offer", "resolution", "seconds"),
    [
        ("aurora_v2", "480p", "59.701"),
        ("aurora_v2", "2k", "14.376"),
        ("boreal", "720p", "60.1"),
        ("boreal", "1080p", "30.1"),
        ("boreal", "2k", "15.1"),
    ],
)
def test_too_long_for_the_resolution(offer: str, resolution: str, seconds: str) -> None:
    with pytest.raises(OverLimit):
        asked([f"creatify/{offer}", f"@resolution={resolution}", f"input_audio_seconds={seconds}"])


@pytest.mark.parametrize(
    "product", ["lipsyncs", "lipsyncs_v2", "custom_template", "link_to_videos", "ai_shorts", "ai_editing"]
)
@pytest.mark.parametrize(("seconds", "blocks"), [("0.5", 1), ("24", 1), ("30", 1), ("30.01", 2), ("66.15", 3)])
def test_a_preview_and_its_render_cost_the_video(product: str, seconds: str, blocks: int) -> None:
    whole = product + (":standard" if product == "custom_template" else "")
    steps = [point(f"creatify/{product}:{step} output_video_seconds={seconds}") for step in ("preview", "render")]
    assert steps == [blocks, 4 * blocks]
    assert point(f"creatify/{whole} output_video_seconds={seconds}") == sum(steps)


@pytest.mark.parametrize(
    ("at", "words", "credits"),
    [
        ("2026-02-15", "lipsyncs @model_version=aurora_v1 output_video_seconds=3", "20"),  # a real job
        ("2026-04-10", "lipsyncs @model_version=aurora_v1_fast output_video_seconds=16", "20"),
        ("2025-05-30", "lipsyncs output_video_seconds=66.15", "15"),  # a real job
        ("2026-06-01", "lipsyncs_v2 @model_version=aurora_v1 output_video_seconds=3", "3"),
        ("2026-01-24", "link_to_videos output_video_seconds=24", "5"),  # a real job
        ("2026-11-20", "link_to_videos @model_version=aurora_v1_fast output_video_seconds=10.4", "5.5"),
        ("2026-07-31", "asset_generator:nano-banana images_out=1", "4"),
    ],
)
def test_prices_of_their_day(at: str, words: str, credits: str) -> None:  # noqa: A002
    assert point(f"creatify/{words}", date.fromisoformat(at)) == Decimal(credits)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2025-08-01", "lipsyncs @model_version=aurora_v1 output_video_seconds=3"),
        ("2026-11-20", "asset_generator:nano-banana images_out=1"),
    ],
)
def test_outside_its_dates_there_is_no_price(at: str, words: str) -> None:
    with pytest.raises(NoPrice):
        asked(f"creatify/{words}".split(), date.fromisoformat(at))


def test_product_videos_have_two_published_prices() -> None:
    said = asked(["creatify/product_to_videos:gen_video", "output_video_seconds=12"])
    assert (said.low.amount, said.expected.amount, said.high.amount) == (3, 10, 10)


def test_seedance_at_creatify_goes_up_to_the_next_quarter() -> None:
    """The published cells pin the price of a second so closely that each other cell has one value left."""
    least, most = Decimal("0.2593"), Decimal("0.2626")  # credits a second at 720p
    offer = "creatify/asset_generator:bytedance/seedance/v1.5/pro/text-to-video"
    for resolution, pixels in (("480p", "0.45"), ("720p", "1"), ("1080p", "2.25")):
        for seconds in range(4, 13):
            quarters = {ceil(rate * Decimal(pixels) * seconds * 4) for rate in (least, most)}
            said = point(f"{offer} @resolution={resolution} requested_seconds={seconds}")
            assert {said * 4} == quarters, (resolution, seconds)


# ---------------------------------------------------------------------------------------------------------- others


@pytest.mark.parametrize("line", written("points.txt"))
def test_a_point_of_a_page(line: str) -> None:
    *words, price = line.split()
    said = asked(words)
    low, _, high = price.partition("..")
    assert (said.low.amount, said.high.amount) == (Decimal(low), Decimal(high or low)), said.explain()


@pytest.mark.parametrize("line", written("venice_cells.txt"))
def test_venice_clips_to_the_cent(line: str) -> None:
    offer, resolution, first, *cents = line.split()
    for seconds, cell in enumerate(cents, start=int(first)):
        said = point(f"venice/{offer} @resolution={resolution} requested_seconds={seconds}")
        assert said == Decimal(cell) / 100, seconds


@pytest.mark.parametrize(
    ("size", "resolution", "credits"),
    [
        ("width=854 height=480", "480p", "155.1"),
        ("width=1280 height=720", "720p", "348.7"),
        ("width=1920 height=1080", "1080p", "857.8"),
    ],
)  # fmt: skip
def test_comfys_own_estimates_for_seedance(size: str, resolution: str, credits: str) -> None:  # noqa: A002
    """The page says 348.8 in the middle: its rate is shown to three decimals only."""
    said = point(f"comfy/bytedance/seedance-2.5 @resolution={resolution} requested_seconds=5 {size}")
    assert round(said, 1) == Decimal(credits)


def test_a_promotion_wins_while_it_lasts() -> None:
    job = "comfy/wan/wan3.0-video @resolution=720P output_video_seconds=5"
    assert point(job, date(2026, 9, 30)) == Decimal("105.595")
    assert point(job, date(2026, 10, 1)) == Decimal("150.85")


def test_compute_time_without_a_bound_is_refused() -> None:
    with pytest.raises(NotQuotable):
        asked(["fal/wan-3.0", "compute_seconds=60"])
    assert point("replicate/public-model @hardware=cpu compute_seconds=60") == Decimal("0.006")
