"""The stages of the evaluator, one by one, each against an amount a seller states or a sum done by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from pricing import PriceBook, Quote, Usage, usd
from pricing.evaluate.compiled import compiled
from pricing.evaluate.expression import Range
from pricing.evaluate.lines import share
from pricing.evaluate.rates import Multiplier, Stage, decimal_from
from pricing.evaluate.tariffs import quantise
from tests.pricing.cardtexts import TABLE, spoiled

AT = date(2026, 6, 1)


def price(component: str, length: str, *, rate: str = "", outputs: int = 1, **settings: str) -> Quote:
    """What the good card says with this component in place of its own."""
    text = spoiled(TABLE, component).replace('quantise = { step = 1, mode = "ceil" }\n', "", 1)
    text = text.replace("sources", f"{rate}\nsources", 1)
    book = PriceBook.from_texts({"acme.toml": text})
    return book.quote("acme/clip", Usage.billed(length), at=AT, settings=settings or None, outputs=outputs)


def per_unit(amount: str, more: str = "", per: str = "1") -> str:
    return f'tariff = {{ kind = "per-unit", price = {amount}, per = {per} }}\n{more}'


CEIL_5 = 'quantise = { step = 5, mode = "ceil" }'


@pytest.mark.parametrize(
    ("component", "length", "expected"),
    [
        (per_unit("0.13"), "3.28", "0.4264"),  # LTX-2.5 audio-to-video: not rounded
        (per_unit("0.014", CEIL_5), "3", "0.07"),  # Kling lip-sync: up to the next 5 s
        (per_unit("0.03", "minimum = 5"), "3", "0.15"),  # InfiniteTalk: at least 5 s
        (per_unit("0.03", "minimum = 5"), "6.5", "0.195"),
        (per_unit("0.03", "cap = 600"), "700", "18"),  # InfiniteTalk multi: at most 600 s
        (per_unit("0.01", 'quantise = { step = 1, mode = "floor" }\nminimum = 5'), "3.9", "0.05"),
        (per_unit("0.01", 'quantise = { step = 1, mode = "floor" }\nminimum = 5'), "9.9", "0.09"),
        (per_unit("0.01", 'quantise = { step = 1, mode = "floor" }'), "0.9", "0"),
        (per_unit("1", 'quantise = { step = 1, mode = "nearest" }'), "2.5", "3"),
        (per_unit("1", 'quantise = { step = 1, mode = "nearest" }'), "2.499", "2"),
        (per_unit("1", 'quantise = { step = 1, mode = "nearest" }'), "2.501", "3"),
        (per_unit("0.005", "included = 40"), "30", "0"),  # included first …
        (per_unit("0.005", "included = 40"), "50", "0.05"),
        (per_unit("1", "included = 1\n" + CEIL_5), "6", "5"),  # … then quantised …
        (per_unit("1", "included = 1\n" + CEIL_5), "6.1", "10"),
        (per_unit("1", CEIL_5 + "\nminimum = 7"), "4", "7"),  # … then the minimum, not quantised again
        (per_unit("1", CEIL_5 + "\nminimum = 7\ncap = 8"), "9", "8"),
        (per_unit("4", per="60"), "1", "0.066666667"),  # $4 a minute, quoted as 0.0667 a second
        (per_unit("4", per="60"), "30", "2"),
        (per_unit("3", 'quantise = { step = 30, mode = "ceil" }', per="60"), "31", "3"),
        ('tariff = { kind = "flat", price = 7 }', "4", "7"),  # HeyGen cinematic: flat per video
        ('tariff = { kind = "flat", price = 7 }', "15", "7"),
        (per_unit("0.2", 'multipliers = [{ label = "over 81 frames", factor = 1.25 }]'), "10", "2.5"),
        (
            per_unit("1", 'multipliers = [{ label = "a", factor = 0.5 }, { label = "b", factor = 0.6 }]'),
            "10", "3",
        ),
    ],
)  # fmt: skip
def test_stages(component: str, length: str, expected: str) -> None:
    said = price(component, length)
    assert said.expected == usd(expected)
    assert sum((line.amount for line in said.lines), usd(0)) == usd(expected)


def test_a_multiplier_only_where_it_applies() -> None:
    half = per_unit("1", 'multipliers = [{ label = "small", factor = 0.5, when = { resolution = "480p" } }]')
    assert price(half, "10").expected == usd("10")
    said = price(half, "10", resolution="480p")
    assert said.expected == usd("5")
    assert "small" in said.lines[0].label
    assert said.lines[0].rate == Decimal("0.5")


def test_a_flat_table() -> None:
    table = """tariff = { kind = "table", cells = [
        { when = { resolution = "480p" }, price = 0.10 }, { when = { resolution = "720p" }, price = 0.30 },
    ] }"""
    said = price(table, "9", outputs=2)
    assert said.expected == usd("0.60")
    assert said.lines[0].billed == 2
    assert said.lines[0].unit == "output"
    assert "× 0.30 USD = 0.60 USD" in said.explain()


SUM = per_unit("0.4") + '\n[[offers.rates.components]]\nlabel = "start"\ntariff = { kind = "flat", price = 0.1 }'


@pytest.mark.parametrize(
    ("rounding", "outputs", "expected", "lines"),
    [
        ("", 1, "1.3", ["1.2", "0.1"]),
        ("", 2, "2.6", ["2.4", "0.2"]),
        ('rounding = { step = 0.5, mode = "ceil", of = "job" }', 1, "1.5", ["1.2", "0.1", "0.2"]),
        ('rounding = { step = 0.5, mode = "ceil", of = "job" }', 2, "3", ["2.4", "0.2", "0.4"]),
        ('rounding = { step = 1, mode = "ceil", of = "output" }', 2, "4", ["2.4", "0.2", "1.4"]),
        ('rounding = { step = 1, mode = "ceil", of = "job" }', 2, "3", ["2.4", "0.2", "0.4"]),
        ('rounding = { step = 1, mode = "floor", of = "job" }', 1, "1", ["1.2", "0.1", "-0.3"]),
        ('rounding = { step = 0.01, mode = "nearest", of = "job" }', 1, "1.3", ["1.2", "0.1"]),
    ],
)
def test_components_and_money_rounding(rounding: str, outputs: int, expected: str, lines: list[str]) -> None:
    said = price(SUM, "3", rate=rounding, outputs=outputs)
    assert said.expected == said.low == said.high == usd(expected)
    assert [line.amount for line in said.lines] == [usd(amount) for amount in lines]


def test_lines_share_the_last_nanos() -> None:
    third = "\n".join(
        f'[[offers.rates.components]]\nlabel = "{n}"\ntariff = {{ kind = "per-unit", price = 1, per = 3 }}'
        for n in (1, 2)
    )
    said = price(per_unit("1", per="3") + third, "1")
    assert said.expected == usd(1)
    assert sorted(line.amount.nanos for line in said.lines) == [333_333_333, 333_333_333, 333_333_334]


def test_nanos_are_rounded_once_low_down_and_high_up() -> None:
    said = price(per_unit("1", per="3"), "1", outputs=2)
    assert (said.low.nanos, said.expected.nanos, said.high.nanos) == (666_666_666, 666_666_667, 666_666_667)


@pytest.mark.parametrize(
    ("value", "step", "mode", "expected"),
    [
        ("9.4", "1", "ceil", "10"), ("10", "1", "ceil", "10"), ("9.4", "1", "floor", "9"), ("0", "5", "ceil", "0"),
        ("1.25", "0.5", "nearest", "1.5"), ("1.2", "0.5", "nearest", "1"),
        ("1.3", "0.5", "nearest", "1.5"), ("1.499", "0.5", "nearest", "1.5"), ("0", "0.5", "nearest", "0"),
        ("-0.25", "0.5", "nearest", "0"), ("-0.3", "0.5", "nearest", "-0.5"), ("-0.1", "0.04", "floor", "-0.12"),
        ("0.1", "0.04", "ceil", "0.12"),
    ],
)  # fmt: skip
def test_quantise(value: str, step: str, mode: str, expected: str) -> None:
    assert quantise(Fraction(value), Fraction(step), mode) == Fraction(expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("exact", "total", "shared"),
    [
        (["0.5", "0.5"], 1, [1, 0]),
        (["0.2", "0.7", "0.1"], 1, [0, 1, 0]),
        (["3", "4"], 7, [3, 4]),
        (["0.9", "0.9"], 1, [1, 0]),
        (["-0.5", "1.5"], 1, [0, 1]),
        (["0.5", "0.5"], 3, [2, 1]),  # further away than one each: all get some, then the largest remainders
        (["1.2", "2.7", "0.1"], 7, [2, 4, 1]),
        (["1.2", "2.7"], 2, [0, 2]),
        (["0.2", "0.7", "0.1"], -5, [-2, -1, -2]),
    ],
)
def test_share(exact: list[str], total: int, shared: list[int]) -> None:
    assert share([Fraction(part).as_integer_ratio() for part in exact], total) == shared


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(20), "20"), (Fraction(99, 500), "0.198"), (Fraction(1, 3), "0.333333333333333333"),
        (Fraction(0), "0"), (Fraction(1200), "1200"), (Fraction(1, 8), "0.125"),
        (Fraction(1, 10**25), "0." + "0" * 24 + "1"),
    ],
)  # fmt: skip
def test_decimals_for_showing(value: Fraction, text: str) -> None:
    assert f"{decimal_from(value):f}" == text


def test_what_no_program_is_made_of() -> None:
    rate = next(iter(PriceBook.shipped().entries["creatify/aurora_v1"].rates.values()))[0].rate
    all_off = Stage("100 % off", "part", Range.point(Fraction(0)))
    half_off = Stage("50 % off", "part", Range.point(Fraction(1, 2)))
    assert compiled(rate, (half_off,)) is compiled(rate, (half_off,))
    assert compiled(rate, (half_off, all_off)) is None
    many = (Multiplier("more", Range.point(Fraction(2)), (), ()),) * 5
    assert compiled(replace(rate, components=(replace(rate.components[0], multipliers=many[:4]),)), ()) is not None
    assert compiled(replace(rate, components=(replace(rate.components[0], multipliers=many),)), ()) is None


def test_unknown_rounding_may_cross_a_falling_cliff() -> None:
    cells = '[{ up_to = 2.5, price = 1 }, { up_to = "inf", price = 0.1 }]'
    tariff = f'tariff = {{ kind = "tiers", mode = "cliff", cells = {cells} }}'
    said = price(f'quantise = {{ step = 1, mode = "unknown" }}\n{tariff}', "2.3")
    assert (said.low, said.expected, said.high) == (usd("0.25"), usd("0.30"), usd("2.50"))
