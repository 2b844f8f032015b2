"""What budgets buy, at the edges of blocks, limits and pennies, and where longer jobs are cheaper."""

from datetime import date
from decimal import Decimal

import pytest

from pricing import (
    BadQuantity,
    BuysNothing,
    CurrencyMismatch,
    MaxSeconds,
    Money,
    NotQuotable,
    OverLimit,
    PriceBook,
    UnknownSetting,
    Usage,
    usd,
)
from tests.pricing.clips import CLIP, PER_SECOND, book

BOOK = PriceBook.shipped()
AT = date(2026, 11, 20)
FAL, RUNWARE_FAST = "fal/fal-ai/creatify/aurora", "runware/creatify:aurora@fast"


def most(of: PriceBook, budget: str, **more: object) -> MaxSeconds:
    return of.max_seconds(CLIP, usd(budget), at=AT, **more)  # type: ignore[arg-type]


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
        # a limit of one resolution only, in thousandths; steps of a second from five on
        ("creatify/aurora_v2", "1000 USD", {"resolution": "2k"}, 1, "14.375", "14.375", "offer_limit"),
        ("creatify/aurora_v2", "1000 USD", {"resolution": "1080p"}, 1, "59.7", "59.7", "offer_limit"),
        ("creatify/boreal", "30 creatify-credit", {"resolution": "2k"}, 1, "15", "15", "offer_limit"),
        ("creatify/boreal", "23.9 creatify-credit", {"resolution": "2k"}, 1, "10", "10", "budget"),
        ("creatify/boreal-h3", "4.49 creatify-credit", {}, 1, "10", None, "budget"),
        ("creatify/boreal-h3", "2 creatify-credit", {}, 1, "5", None, "budget"),
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
    assert most.unique
    assert most.note == ""
    said = most.as_json()
    assert list(said)[:6] == ["offer", "settings", "seconds", "audio_seconds", "limited_by", "quote"]
    assert list(said)[6:] == ["measure", "unique", "note"]
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
    with pytest.raises(BadQuantity, match="not a length"):
        BOOK.max_seconds(FAL, usd(5), at=AT, measure="width")
    with pytest.raises(BadQuantity, match="not priced by compute_seconds"):
        BOOK.max_seconds(FAL, usd(5), at=AT, measure="compute_seconds")
    with pytest.raises(BadQuantity, match="no length"):
        BOOK.max_seconds("creatify/product_to_videos:gen_image", usd(5), at=AT)


def test_a_plan_changes_what_dollars_buy() -> None:
    pro = BOOK.with_plan("creatify", "api-pro")
    assert pro.max_seconds("creatify/aurora_v1", usd("2.178"), at=AT).seconds == 14


def test_the_audio_itself_can_be_asked_for() -> None:
    most = BOOK.max_seconds(FAL, usd(5), at=AT, measure="input_audio_seconds")
    assert (most.seconds, most.audio_seconds, most.measure) == (Decimal("34.85"), Decimal("34.85"), most.measure)
    assert most.quote == BOOK.quote(FAL, Usage.audio("34.85"), at=AT)


LADDER = """tariff = { kind = "ladder", axis = "requested_seconds", cells = [
    { at = 5, price = 1 }, { at = 9.5, price = 3 }, { at = 12, price = 2 } ] }"""
CLIFF = """tariff = { kind = "tiers", mode = "cliff", cells = [
    { up_to = 10, price = 0.2 }, { up_to = "inf", price = 0.1 } ] }"""
GRADUATED = """tariff = { kind = "tiers", mode = "graduated", cells = [
    { up_to = 10, price = 0.2 }, { up_to = "inf", price = 0.1 } ] }"""
INTERVALS = """tariff = { kind = "intervals", axis = "requested_seconds", cells = [
    { up_to = 10, price = 3 }, { up_to = 20.0005, price = 1 }, { up_to = 40, price = 2 } ] }"""
HALVES = "fits: up to 5 s, 8.001 to 10 s; does not: 5.001 to 8 s"
LIMITED = 'limits = [{ measure = "requested_seconds", min = 3, max = 6.0009 }]'
HALF_PRICE = 'multipliers = [{ label = "long", factor = 0.5, above = { requested_seconds = 8 } }]'


@pytest.mark.parametrize(
    ("offer", "component", "budget", "seconds", "limited_by", "note"),
    [
        ("", LADDER, "1.99", "5", "budget", ""),
        ("", LADDER, "2", "12", "offer_limit", "fits: 5 s, 12 s; does not: 9.5 s"),
        ("", LADDER, "3", "12", "offer_limit", ""),
        ("duration = { max = 10 }", LADDER, "2.5", "5", "budget", ""),
        ("duration = { max = 12, step = 4 }", LADDER, "2", "12", "offer_limit", ""),  # the only one that both sell
        ("", CLIFF, "1", "5", "budget", ""),  # 10.001 s costs 1.0001
        (
            "",
            CLIFF,
            "1.5",
            "15",
            "budget",
            "fits: up to 7.5 s, 10.001 to 15 s; does not: 7.501 to 10 s",
        ),
        ("", CLIFF, "2", "20", "budget", ""),
        ("duration = { min = 2, max = 9 }", CLIFF, "2", "9", "offer_limit", ""),
        (
            "duration = { min = 2, step = 4, max = 14 }",
            CLIFF,
            "1.5",
            "14",
            "offer_limit",
            "fits: 2 to 6 s, 14 s; does not: 10 s",
        ),
        ("", GRADUATED, "2.05", "10.5", "budget", ""),
        ("", INTERVALS, "1.5", "20", "budget", "fits: 10.001 to 20 s; does not: up to 10 s"),
        ("", INTERVALS, "2", "40", "offer_limit", "fits: 10.001 to 40 s; does not: up to 10 s"),
        ("", INTERVALS, "3", "40", "offer_limit", ""),
        ("", f"{PER_SECOND}\n{HALF_PRICE}", "0.5", "10", "budget", HALVES),
        ("", f"minimum = 5\n{PER_SECOND}", "0.5", "5", "budget", ""),
        ("", f"cap = 5\n{PER_SECOND}", "0.5", "86400", "offer_limit", ""),
        ("", f"cap = 5\n{PER_SECOND}", "0.49", "4.9", "budget", ""),
        ("", f'maximum_charge = 2\nminimum_charge = 1\n{PER_SECOND}', "1.5", "15", "budget", ""),
        ("", f'quantise = {{ step = 6, mode = "unknown" }}\n{PER_SECOND}', "1", "6", "budget", ""),  # by its high
        ("", f'quantise = {{ step = 6, mode = "floor" }}\n{PER_SECOND}', "1", "11.999", "budget", ""),
        ("", f'quantise = {{ step = 6, mode = "nearest" }}\n{PER_SECOND}', "1", "8.999", "budget", ""),
        ("max_seconds = 0.0005", PER_SECOND, "1", "", "", "no length"),
        ("duration = { values = [0.0005, 7.25, 30] }", PER_SECOND, "1", "7.25", "budget", ""),
        ("duration = { min = 0.5, step = 0.7 }", PER_SECOND, "1", "9.6", "budget", ""),
        ("duration = { step = 7 }", PER_SECOND, "1", "7", "budget", ""),
        (LIMITED, PER_SECOND, "1", "6", "offer_limit", ""),
        ('duration = { values = [5, 8] }', LADDER, "2", "5", "offer_limit", ""),
    ],
)  # fmt: skip
def test_where_prices_fall_or_lengths_are_few(
    offer: str, component: str, budget: str, seconds: str, limited_by: str, note: str
) -> None:
    mine = book(offer, component)
    if not seconds:
        with pytest.raises(OverLimit, match=note):
            most(mine, budget)
        return
    found = most(mine, budget)
    assert (f"{found.seconds:f}", found.limited_by, found.note) == (seconds, limited_by, note)
    assert found.unique == (not note)
    assert found.quote == mine.quote(CLIP, Usage.of(requested_seconds=found.seconds), at=AT)


def test_a_budget_below_every_length_names_the_cheapest() -> None:
    with pytest.raises(BuysNothing, match=r"shortest job costs up to 0\.50 USD"):
        most(book("", f"minimum = 5\n{PER_SECOND}"), "0.49")
    with pytest.raises(BuysNothing, match=r"cheapest job, 10\.001 s, costs up to 1\.00 USD"):
        most(book("", INTERVALS), "0.99")
    with pytest.raises(BuysNothing, match=r"shortest job costs up to 1\.00 USD"):
        most(book("", LADDER), "0.99")
    rungs = LADDER.replace("price = 1 ", "price = 4 ")
    with pytest.raises(BuysNothing, match=r"cheapest job, 12 s, costs up to 2\.00 USD"):
        most(book("", rungs), "0.99")


DERIVED = '[[offers.derive]]\nname = "parts"\nexpression = "{}"\nunit = "part"\n'
BY_PART = 'measure = "parts"\n' + PER_SECOND


@pytest.mark.parametrize(
    ("expression", "budget", "seconds"),
    [
        ("requested_seconds * 2 + 1", "1", "4.5"),
        ("ceil(requested_seconds / 8) * 3", "1", "24"),
        ("0 - (0 - requested_seconds)", "1", "10"),
        ("requested_seconds * requested_seconds", "1", "3.162"),  # √10
        ("min(requested_seconds, 5) * max(1, requested_seconds - 5)", "1", "7"),
        ("requested_seconds - 5", "1", "15"),  # below 5 s it would be negative: not sold
        ("10 - 20 / (requested_seconds + 1)", "0.5", "3"),
        ("width * height * requested_seconds / 921600", "1", "10"),
    ],
)
def test_derived_measures_that_grow_with_the_length(expression: str, budget: str, seconds: str) -> None:
    mine = book(DERIVED.format(expression), BY_PART)
    found = most(mine, budget, usage=Usage.of(width=1280, height=720) if "width" in expression else None)
    assert f"{found.seconds:f}" == seconds
    assert found.unique


@pytest.mark.parametrize(
    "expression",
    [
        "max(0, 20 - requested_seconds)",
        "max(requested_seconds, 20 - requested_seconds)",
        "20 / requested_seconds",
        "requested_seconds * (30 - requested_seconds) + 1000000000000",
    ],
)
def test_derived_measures_that_may_fall(expression: str) -> None:
    with pytest.raises(NotQuotable, match=r"need not grow|divides by zero") as caught:
        most(book(DERIVED.format(expression), BY_PART), "1")
    assert caught.value.next == "quote some lengths instead"


def test_where_a_measure_falls_and_few_lengths_are_sold_each_is_tried() -> None:
    mine = book(
        "duration = { min = 2, max = 25, step = 1 }\n" + DERIVED.format("max(0, 20 - requested_seconds)"), BY_PART
    )
    found = most(mine, "1.5")
    assert (found.seconds, found.unique) == (25, False)
    assert found.note == "fits: 5 to 25 s; does not: 2 to 4 s"


def test_what_else_the_job_takes_is_stated() -> None:
    mine = book(DERIVED.format("width * requested_seconds"), BY_PART)
    with pytest.raises(BadQuantity, match=r"state --measure width=…, in Python Usage\.of\(width=…\)"):
        most(mine, "1")
    assert most(mine, "1", usage=Usage.of(width=5)).seconds == 2
    assert most(mine, "1", usage=Usage.of(width=5, requested_seconds=77)).seconds == 2  # the length is what is asked
    assert most(mine, "1", usage=Usage.of(width=5), measure="requested_seconds").measure == "requested_seconds"


def test_an_offer_counted_in_something_else_is_asked_by_its_only_length() -> None:
    mine = book(DERIVED.format("frames_out * requested_seconds"), BY_PART, measure="frames_out")
    found = most(mine, "1", usage=Usage.of(frames_out=2))
    assert (found.seconds, found.measure) == (5, "requested_seconds")
    with pytest.raises(BadQuantity, match="not priced by billed_seconds"):
        most(mine, "1", usage=Usage.of(frames_out=2), measure="billed_seconds")


SPOKEN = 'from_audio = true\nslack = { seconds = 0.15, evidence = "inferred", note = "seen" }\n'


@pytest.mark.parametrize(
    ("offer", "component", "budget", "seconds", "audio"),
    [
        ("", PER_SECOND, "1", "10", "9.85"),
        ("max_seconds = 8", PER_SECOND, "1", "8", "7.85"),
        ("", PER_SECOND, "0.01", "0.1", "0"),
        # sure to fit: from 9.86 s of audio on, the output may be 10 s and cost 2
        ("", CLIFF, "1.5", "15", "14.85"),
        ("", CLIFF.replace("0.2", "0.9"), "2", "20", "19.85"),
    ],
)
def test_the_longest_audio_that_is_sure_to_fit(
    offer: str, component: str, budget: str, seconds: str, audio: str
) -> None:
    found = most(book(SPOKEN + offer, component, measure="output_video_seconds"), budget)
    assert (f"{found.seconds:f}", f"{found.audio_seconds:f}") == (seconds, audio)


def test_audio_near_a_cheaper_band_is_not_sure_to_fit() -> None:
    """11 s of video fit, and 10 s do not: audio of 10 s may become either."""
    mine = book(SPOKEN, CLIFF, measure="output_video_seconds")
    found = most(mine, "1.0005")
    assert (found.seconds, found.audio_seconds) == (Decimal("10.005"), Decimal("4.852"))
