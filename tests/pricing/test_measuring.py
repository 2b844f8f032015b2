"""What a job states against what an offer needs: measures, defaults, limits, lengths sold, spellings, refusals."""

from datetime import date
from decimal import Decimal

import pytest

from pricing import BadCard, BadQuantity, NotQuotable, OverLimit, PriceBook, Quantity, Quote, UnknownSetting, Usage, usd
from pricing.units import MEASURES
from tests.pricing.cardtexts import GOOD, spoiled
from tests.pricing.test_tariffs import AT, ask, book

UNIT = 'tariff = { kind = "per-unit", price = 1 }'


@pytest.mark.parametrize("name", MEASURES)
def test_bounds_of_every_measure(name: str) -> None:
    measure = MEASURES[name]
    assert Usage.of(**{name: measure.most})[name].high == measure.most
    for wrong in (measure.most + 1, -1, Decimal("NaN"), "1e3", "٣", 10**5000):
        with pytest.raises(BadQuantity) as caught:
            Usage.of(**{name: wrong})
        assert "\n" not in str(caught.value)
    with pytest.raises(TypeError):
        Usage.of(**{name: 1.5})  # type: ignore[arg-type]
    if measure.zero:
        assert Usage.of(**{name: 0})[name].low == 0
    else:
        with pytest.raises(BadQuantity):
            Usage.of(**{name: 0})
    if measure.whole:
        with pytest.raises(BadQuantity, match="whole"):
            Usage.of(**{name: "1.5"})


@pytest.mark.parametrize(
    ("measure", "expected"),
    [("pixels", "921600"), ("megapixels", "0.9216"), ("mebipixels", "0.87890625"), ("short_edge", "720")],
)
def test_pixels_follow_from_the_frame(measure: str, expected: str) -> None:
    card = book(f'measure = "{measure}"\n{UNIT}')
    assert ask(card, width=1280, height=720).expected == usd(expected)
    stated = card.quote("acme/clip", Usage.of(**{measure: 7}), at=AT)
    assert stated.expected == usd(7)  # what is stated is stated
    with pytest.raises(BadQuantity, match=measure):
        ask(card, width=1280)


def test_two_megapixels() -> None:
    for measure, expected in (("megapixels", "2"), ("mebipixels", "1")):
        card = book(f'measure = "{measure}"\nquantise = {{ step = 1, mode = "ceil" }}\n{UNIT}')
        assert ask(card, width=1024, height=1024).expected == usd(expected)


def test_defaults_stand_in_for_what_is_not_stated() -> None:
    card = book(f'measure = "reference_images"\nincluded = 5\n{UNIT}', offer="defaults = { reference_images = 0 }")
    assert ask(card, requested_seconds=5).expected == usd(0)
    assert ask(card, reference_images=7).expected == usd(2)
    with pytest.raises(BadQuantity, match="reference_images"):
        ask(book(f'measure = "reference_images"\n{UNIT}'), requested_seconds=5)


LIMITS = """limits = [
    { measure = "requested_seconds", max = 30 }, { measure = "requested_seconds", max = 15, when = { mode = "pro" } },
    { measure = "input_audio_seconds", max = 59.7 }, { measure = "height", min = 100 } ]"""


def test_limits() -> None:
    card = book(UNIT, offer=LIMITS)
    assert card.offer("acme/clip").max_seconds == 30
    assert ask(card, requested_seconds=30).expected == usd(30)
    for mode, measures in (
        ("std", {"requested_seconds": "30.001"}),
        ("pro", {"requested_seconds": "15.001"}),
        ("std", {"requested_seconds": "5", "input_audio_seconds": "59.71"}),
    ):
        with pytest.raises(OverLimit, match="at most"):
            card.quote("acme/clip", Usage.of(**measures), at=AT, settings={"mode": mode})
    with pytest.raises(BadQuantity, match="at least 100"):
        ask(card, requested_seconds=5, height=99)
    with pytest.raises(OverLimit):
        card.quote("acme/clip", Usage.billed("30.5"), at=AT)


@pytest.mark.parametrize(
    ("duration", "sold", "refused", "over"),
    [
        ("values = [5, 10]", ["5", "10.0"], ["1", "5.1", "7"], ["10.001", "11"]),
        ("min = 3, max = 15, step = 1", ["3", "4", "15"], ["2", "2.9", "3.5"], ["15.5", "16"]),
        ("min = 2.5, step = 0.5", ["2.5", "3", "1000"], ["2.4", "2.6"], []),
        ("max = 15", ["0.001", "15"], [], ["15.001"]),
    ],
)
def test_lengths_sold(duration: str, sold: list[str], refused: list[str], over: list[str]) -> None:
    card = book(UNIT, offer=f"duration = {{ {duration} }}")
    for length in sold:
        assert ask(card, requested_seconds=length).expected == usd(Decimal(length).normalize())
    for length in (*refused, *over):
        with pytest.raises(BadQuantity, match="legal") as caught:
            card.quote("acme/clip", Usage.billed(length), at=AT)
        assert isinstance(caught.value, OverLimit) == (length in over)


@pytest.mark.parametrize("duration", ["values = []", "values = [5], min = 1", "min = 3, max = 2", "values = [5, 5]"])
def test_lengths_that_are_none(duration: str) -> None:
    with pytest.raises(BadCard, match="duration"):
        book(UNIT, offer=f"duration = {{ {duration} }}")


def spelt(value: str, aliases: str = "") -> Quote:
    text = spoiled('default = "720p"\n', f'default = "720p"\n{aliases}')
    card = PriceBook.from_texts({"acme.toml": text})
    return card.quote("acme/clip", Usage.billed(1), at=AT, settings={"resolution": value})


@pytest.mark.parametrize("value", ["720P", "HD", "1280x720", " 720p", "720", "７２０p", "", "480p,720p"])
def test_another_spelling_is_refused_with_the_legal_ones(value: str) -> None:
    with pytest.raises(UnknownSetting, match="480p, 720p") as caught:
        spelt(value)
    assert caught.value.limit == "480p, 720p"
    if value in {"720P", " 720p", "720"}:
        assert "did you mean 720p?" in str(caught.value)


def test_a_documented_spelling_is_read() -> None:
    aliases = 'aliases = { resolution = { "HD" = "720p", "640x480" = "480p" } }\n'
    text = GOOD.replace("max_outputs = 2\n", f"max_outputs = 2\n{aliases}", 1)
    card = PriceBook.from_texts({"acme.toml": text})
    for value, means in (("HD", "720p"), ("640x480", "480p"), ("720p", "720p")):
        said = card.quote("acme/clip", Usage.billed(1), at=AT, settings={"resolution": value})
        assert said.settings == {"resolution": means}
    for wrong in (
        '{ resolution = { "HD" = "1080p" } }',
        '{ size = { "HD" = "720p" } }',
        '{ resolution = { "480p" = "720p" } }',
    ):
        with pytest.raises(BadCard, match="aliases"):
            PriceBook.from_texts(
                {"acme.toml": GOOD.replace("max_outputs = 2\n", f"max_outputs = 2\naliases = {wrong}\n", 1)}
            )


def test_a_combination_that_is_not_sold() -> None:
    card = book(
        'tariff = { kind = "table", cells = [{ when = { mode = "std" }, price = 1 }] }',
        offer='unsold = [{ mode = "pro" }]',
    )
    assert ask(card, requested_seconds=1).expected == usd(1)
    assert len(card.offer("acme/clip").choices) == 1
    with pytest.raises(UnknownSetting, match="mode std"):
        ask(card, "pro", requested_seconds=1)
    with pytest.raises(BadCard, match="defaults"):
        book(UNIT, offer='unsold = [{ mode = "std" }]')


def test_what_only_the_meter_knows_needs_a_range() -> None:
    card = book(f'measure = "compute_seconds"\n{UNIT}')
    with pytest.raises(NotQuotable, match="state a range for compute_seconds") as caught:
        ask(card, requested_seconds=5)
    assert caught.value.code == "not_quotable"
    said = ask(card, compute_seconds=Quantity(Decimal(10), Decimal(20), Decimal(90)))
    assert (said.low, said.expected, said.high) == (usd(10), usd(20), usd(90))


def test_an_offer_that_cannot_be_quoted_says_why() -> None:
    why = 'settlement = { quote = "unquotable", actual = "header-units", note = "its unit is nowhere defined" }'
    with pytest.raises(NotQuotable, match="its unit is nowhere defined"):
        ask(book(UNIT, offer=why), requested_seconds=5)
    with pytest.raises(BadCard, match="note"):
        book(UNIT, offer='settlement = { quote = "unquotable" }')
    card = book(UNIT, offer='settlement = { quote = "estimate", note = "billed by the file" }')
    assert "the amount is an estimate: billed by the file" in ask(card, requested_seconds=5).assumptions


DERIVE = '[[offers.derive]]\nname = "{}"\nexpression = "{}"\nunit = "thing"\n'


def test_derived_measures() -> None:
    offer = DERIVE.format("half", "requested_seconds / 2") + DERIVE.format("units", "ceil(half) + 1")
    said = ask(book(f'measure = "units"\n{UNIT}', offer=offer), requested_seconds=5)
    assert said.expected == usd(4)
    assert "units = ceil(half) + 1" in said.explain()
    by_images = book(f'measure = "x"\n{UNIT}', offer=DERIVE.format("x", "10 / images_in"))
    assert ask(by_images, images_in=4).expected == usd("2.5")
    with pytest.raises(BadQuantity, match="divides by zero"):
        ask(by_images, images_in=0)
    with pytest.raises(BadQuantity, match="divides by zero"):
        ask(by_images, images_in=Quantity(Decimal(0), Decimal(1), Decimal(2)))
    with pytest.raises(BadQuantity, match="negative"):
        ask(book(f'measure = "x"\n{UNIT}', offer=DERIVE.format("x", "images_in - 5")), images_in=4)


@pytest.mark.parametrize(
    ("offer", "key"),
    [
        (DERIVE.format("x", "x + 1"), "derived before"),
        (DERIVE.format("x", "y") + DERIVE.format("y", "x"), "derived before"),
        (DERIVE.format("x", "minutes"), "neither a measure"),
        (DERIVE.format("x", "1 / 0"), "divides by zero"),
        (DERIVE.format("x", "1 +"), "ends too early"),
        (DERIVE.format("x", "(" * 60 + "1" + ")" * 60), "deeper"),
        (DERIVE.format("x", "1" * 501), "500"),
        (DERIVE.format("ceil", "1"), "taken"),
        (DERIVE.format("x", "1") + DERIVE.format("x", "2"), "taken"),
    ],
)
def test_expressions_that_are_none(offer: str, key: str) -> None:
    with pytest.raises(BadCard, match=key):
        book(UNIT, offer=offer)


def test_usage_by_name() -> None:
    usage = Usage.of(requested_seconds=5, width="1280", height=Decimal(720))
    assert {name: one.expected for name, one in usage.items()} == {"requested_seconds": 5, "width": 1280, "height": 720}
    with pytest.raises(BadQuantity, match="not a measure"):
        Usage.of(minutes=1)
    assert date(2026, 6, 1) == AT


FRAMED = """
[[offers.derive]]
name = "work"
expression = "height * width * requested_seconds"
unit = "work"

[[offers.rates]]
"""


def test_all_that_is_lacking_is_named_with_its_option() -> None:
    text = GOOD.replace('"output_video_seconds"\nfrom_audio = true', '"requested_seconds"')
    text = text.replace("\n[[offers.rates]]\n", FRAMED).replace('label = "clip"', 'label = "clip"\nmeasure = "work"')
    card = PriceBook.from_texts({"acme.toml": text})
    for usage in (Usage.billed(5), Usage.of(requested_seconds=5)):
        with pytest.raises(BadQuantity) as caught:
            card.quote("acme/clip", usage, at=AT)
        assert str(caught.value) == (
            "acme/clip is metered on height and width, and the job states only requested_seconds; "
            "state --measure height=… --measure width=…, in Python Usage.of(height=…, width=…)"
        )
        assert caught.value.limit == "height, width"
    with pytest.raises(BadQuantity, match=r"metered on requested_seconds and width, and the job states only height;"):
        card.quote("acme/clip", Usage.of(height=5), at=AT)
    images = PriceBook.from_texts(
        {"acme.toml": GOOD.replace('"output_video_seconds"\nfrom_audio = true', '"images_in"')}
    )
    with pytest.raises(BadQuantity, match=r"metered on images_in, and the job states only seconds;"):
        images.quote("acme/clip", Usage.billed(5), at=AT)
