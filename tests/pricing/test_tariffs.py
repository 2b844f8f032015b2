"""Each kind of tariff through a real card, against an oracle of plain whole numbers written in another hand."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing import BadCard, BadQuantity, OverLimit, PriceBook, Quantity, Quote, Usage, usd

AT = date(2026, 6, 1)
HEAD = """\
provider = "acme"
currency = "USD"
checked_on = "2026-11-20"
[[offers]]
id = "clip"
name = "clip"
measure = "requested_seconds"
max_outputs = 4
{offer}
[offers.settings.mode]
values = ["std", "pro"]
default = "std"
[[offers.rates]]
id = "acme-clip"
effective_from = "2026-01-01"
sources = [{{ url = "https://acme.example/prices", evidence = "published" }}]
{rate}
[[offers.rates.components]]
label = "clip"
{component}
"""


def book(component: str, *, rate: str = "", offer: str = "") -> PriceBook:
    return PriceBook.from_texts({"acme.toml": HEAD.format(offer=offer, rate=rate, component=component)})


def ask(book: PriceBook, mode: str = "std", outputs: int = 1, **measures: str | int | Decimal | Quantity) -> Quote:
    said = book.quote("acme/clip", Usage.of(**measures), at=AT, settings={"mode": mode}, outputs=outputs)
    assert sum((line.amount for line in said.lines), usd(0)) == said.expected
    assert said.low <= said.expected <= said.high
    return said


def cents(said: Quote) -> tuple[int, int, int]:
    return tuple(int(amount.nanos) for amount in (said.low, said.expected, said.high))  # type: ignore[return-value]


MILLIS = st.integers(1, 200_000)


@given(
    length=MILLIS,
    ends=st.lists(st.integers(1, 150), min_size=1, max_size=4, unique=True).map(sorted),
    prices=st.lists(st.integers(0, 900), min_size=5, max_size=5),
    flats=st.lists(st.none() | st.integers(0, 900), min_size=5, max_size=5),
    graduated=st.booleans(),
    outputs=st.integers(1, 4),
)
def test_tiers(
    length: int, ends: list[int], prices: list[int], flats: list[int | None], graduated: bool, outputs: int
) -> None:
    cells: list[str] = []
    for index, end in enumerate([*ends, "inf"]):
        flat = "" if flats[index] is None else f", flat = {Decimal(flats[index] or 0) / 100}"
        up_to = '"inf"' if end == "inf" else end
        cells.append(f"{{ up_to = {up_to}, price = {Decimal(prices[index]) / 100}{flat} }}")
    mode = "graduated" if graduated else "cliff"
    card = book(f'tariff = {{ kind = "tiers", mode = "{mode}", cells = [{", ".join(cells)}] }}')
    said = ask(card, outputs=outputs, requested_seconds=Decimal(length) / 1000)
    # nanos = milliseconds × cents × 10⁴
    starts = [0, *(end * 1000 for end in ends)]
    total = 0
    for index, start in enumerate(starts):
        stop = ends[index] * 1000 if index < len(ends) else 10**9
        if graduated and (length > start or index == 0):
            total += (min(length, stop) - start) * prices[index] * 10**4 + (flats[index] or 0) * 10**7
        if not graduated and start < length <= stop:
            total += length * prices[index] * 10**4 + (flats[index] or 0) * 10**7
    assert cents(said) == (total * outputs,) * 3


@given(
    height=st.integers(1, 3000),
    length=MILLIS,
    ends=st.lists(st.integers(1, 2500), min_size=1, max_size=4, unique=True).map(sorted),
    prices=st.lists(st.integers(0, 900), min_size=5, max_size=5),
    per=st.sampled_from([None, 1, 5, 60]),
)
def test_intervals(height: int, length: int, ends: list[int], prices: list[int], per: int | None) -> None:
    cells = ", ".join(f"{{ up_to = {end}, price = {Decimal(prices[n]) / 100} }}" for n, end in enumerate(ends))
    more = "" if per is None else f", per = {per}"
    card = book(f'tariff = {{ kind = "intervals", axis = "height", cells = [{cells}]{more} }}')
    if height > ends[-1]:
        with pytest.raises(OverLimit, match=str(ends[-1])):
            ask(card, height=height, requested_seconds=Decimal(length) / 1000)
        return
    price = prices[sum(end < height for end in ends)]
    said = ask(card, height=height, requested_seconds=Decimal(length) / 1000)
    if per is None:
        assert cents(said) == (price * 10**7,) * 3
    else:
        whole, rest = divmod(length * price * 10**4, per)
        assert (said.low.nanos, said.high.nanos) == (whole, whole + (rest > 0))


@given(st.dictionaries(st.integers(1, 30), st.integers(0, 900), min_size=1, max_size=5), st.integers(1, 30))
def test_a_ladder_has_its_values_and_no_others(rungs: dict[int, int], length: int) -> None:
    cells = ", ".join(f"{{ at = {at}, price = {Decimal(price) / 100} }}" for at, price in sorted(rungs.items()))
    card = book(f'tariff = {{ kind = "ladder", axis = "requested_seconds", cells = [{cells}] }}')
    if length in rungs:
        assert cents(ask(card, requested_seconds=length)) == (rungs[length] * 10**7,) * 3
        return
    with pytest.raises(BadQuantity) as caught:
        ask(card, requested_seconds=length)
    assert isinstance(caught.value, OverLimit) == (length > max(rungs))
    assert caught.value.limit == ", ".join(map(str, sorted(rungs)))


LADDER = """tariff = { kind = "ladder", axis = "requested_seconds", cells = [
    { at = 5, when = { mode = "std" }, price = 1 }, { at = 5, when = { mode = "pro" }, price = 2 },
    { at = 10, when = { mode = "std" }, price = 0.5 }, { at = 15, when = { mode = ["std", "pro"] }, price = 3 },
] }"""


def test_a_ladder_by_settings_and_for_a_range() -> None:
    card = book(LADDER)
    assert ask(card, requested_seconds=10).expected == usd("0.5")
    with pytest.raises(BadQuantity, match="legal: 5, 15"):
        ask(card, "pro", requested_seconds=10)
    five, ten, fifteen = Decimal(5), Decimal(10), Decimal(15)
    said = ask(card, requested_seconds=Quantity(five, ten, fifteen))
    assert (said.low, said.expected, said.high) == (usd("0.5"), usd("0.5"), usd(3))  # it does not rise with length


CLIFF = """tariff = { kind = "tiers", mode = "cliff", cells = [
    { up_to = 10, price = 1 }, { up_to = 20, price = 0.1 }, { up_to = "inf", price = 5 } ] }"""


@pytest.mark.parametrize(
    ("low", "high", "least", "most"),
    [(1, 10, "1", "10"), (5, 15, "1", "10"), (9, 11, "1", "10"), (15, 18, "1.5", "1.8"), (1, 30, "1", "150")],
)
def test_a_range_over_a_cliff_holds_the_cheap_side_too(low: int, high: int, least: str, most: str) -> None:
    said = ask(book(CLIFF), requested_seconds=Quantity(Decimal(low), Decimal(high), Decimal(high)))
    assert (said.low, said.high) == (usd(least), usd(most))


@given(low=MILLIS, more=st.integers(0, 50_000), at=st.integers(0, 100))
def test_every_point_of_a_range_is_inside(low: int, more: int, at: int) -> None:
    card = book(CLIFF)
    ends = [Decimal(value) / 1000 for value in (low, low + more * at // 100, low + more)]
    said = ask(card, requested_seconds=Quantity(ends[0], ends[1], ends[2]))
    point = ask(card, requested_seconds=ends[1])
    assert said.low <= point.low
    assert point.high <= said.high
    assert said.expected == point.expected


@pytest.mark.parametrize(
    ("frames", "expected"), [(81, "2"), (82, "2.5"), (Quantity(Decimal(50), Decimal(50), Decimal(99)), "2")]
)
def test_a_multiplier_above_some_frames(frames: int | Quantity, expected: str) -> None:
    card = book("""tariff = { kind = "per-unit", price = 0.2 }
        multipliers = [{ label = "over 81 frames", factor = 1.25, above = { frames_out = 81 } }]""")
    said = ask(card, requested_seconds=10, frames_out=frames)
    assert said.expected == usd(expected)
    if isinstance(frames, Quantity):
        assert (said.low, said.high) == (usd(2), usd("2.5"))
    assert ("over 81 frames" in said.lines[0].label) == (said.expected != usd(2))


def test_a_vague_price_is_an_interval() -> None:
    said = ask(
        book('tariff = { kind = "per-unit", price = { low = 1, expected = 1.5, high = 2 } }'), requested_seconds=4
    )
    assert (said.low, said.expected, said.high) == (usd(4), usd(6), usd(8))
    assert any("published only as 1 to 2" in text for text in said.assumptions)


def test_unknown_rounding_is_an_interval() -> None:
    card = book('quantise = { step = 1, mode = "unknown" }\ntariff = { kind = "per-unit", price = 1 }')
    said = ask(card, requested_seconds="9.4")
    assert (said.low, said.expected, said.high) == (usd("9.4"), usd(10), usd(10))
    assert any("not published" in text for text in said.assumptions)
    assert ask(card, requested_seconds=9).low == usd(9)


def tariff(kind: str, *cells: str) -> str:
    return f"tariff = {{ {kind}, cells = [{', '.join(f'{{ {cell} }}' for cell in cells)}] }}"


TIERED = 'kind = "tiers", mode = "cliff"'
STEPPED = 'kind = "ladder", axis = "requested_seconds"'
BAD = {
    "tiers that fall": (tariff(TIERED, "up_to = 9, price = 1", "up_to = 3, price = 1"), "rise"),
    "tiers after the last": (tariff(TIERED, 'up_to = "inf", price = 1', "up_to = 3, price = 1"), "rise"),
    "a tier for nothing": (tariff(TIERED, "up_to = 9"), "flat"),
    "a ladder twice": (tariff(STEPPED, "at = 5, price = 1", "at = 5, price = 2"), "rise"),
    "a ladder with a hole": (tariff(STEPPED, 'at = 5, price = 1, when = { mode = "pro" }'), "hole"),
    "an axis of nothing": (
        tariff('kind = "intervals", axis = "hieght"', "up_to = 5, price = 1"),
        "did you mean height",
    ),
    "a price upside down": ('tariff = { kind = "flat", price = { low = 3, expected = 2, high = 1 } }', "rise"),
    "no component left": ('when = { mode = "pro" }\ntariff = { kind = "flat", price = 1 }', "no component"),
    "charges upside down": ('minimum_charge = 3\nmaximum_charge = 2\ntariff = { kind = "flat", price = 1 }', "above"),
}


@pytest.mark.parametrize(("component", "key"), BAD.values(), ids=list(BAD))
def test_tariffs_that_are_none(component: str, key: str) -> None:
    with pytest.raises(BadCard, match=key):
        book(component)
