"""From a rate to its programs: constants multiplied out, labels and rates made ready. Done once for a rate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import product
from math import lcm
from operator import mul
from typing import assert_never

from ..money import NANOS
from .expression import Range
from .program import Cell, Choice, End, Found, Program, Ratio, Step, Summand, Values
from .rates import Component, Rate, Stage, decimal_from, unit_size
from .tariffs import ZERO, Flat, Intervals, Ladder, PerUnit, Tariff, Terms, Tiers, shown, span_text

_MOST_MULTIPLIERS = 4
_ONE = Fraction(1)

Answer = tuple[Ratio, Ratio, Ratio, list[Found]]
"""The price in nanos, low, expected and high, and the lines to be."""

_Place = tuple[tuple[Range, Fraction | None, str], ...]
"""The prices of one place of a tariff: for how much (None: once, whatever the quantity), and the place in words."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The programs of a rate; where its prices are points, all three are one."""

    low: Program
    expected: Program
    high: Program
    rising: bool
    """Whether the ends of a range of quantities give the ends of the price."""

    def run(self, low: Values, middle: Values, high: Values, outputs: int) -> Answer | None:
        """None: the definition knows why not."""
        found: list[Found] = []
        expected = least = most = self.expected.run(middle, outputs, found)
        if self.low is not self.expected or low is not middle:
            least = self.low.run(low, outputs, [])
        if self.high is not self.expected or high is not middle:
            most = self.high.run(high, outputs, [])
        return None if least is None or expected is None or most is None else (least, expected, most, found)


def compiled(rate: Rate, reductions: tuple[Stage, ...]) -> Ends | None:
    """With the discounts that come last; remembered. None where `evaluate` alone answers.

    So it does for very many multipliers, for a cliff that unknown rounding may cross, and where all is taken off,
    since no total tells then which rate is dearer.
    """
    if any(_needs_ranges(part) for part in rate.components) or any(not stage.value.expected for stage in reductions):
        return None
    found: Ends | None = rate.programs.get(reductions)
    if found is None:
        found = rate.programs[reductions] = _ends(rate, reductions)
    return found


def _ends(rate: Rate, reductions: tuple[Stage, ...]) -> Ends:
    expected = low = high = _program(rate, reductions, "expected")
    if not all(one.is_point for one in _ranges(rate, reductions)):
        low, high = _program(rate, reductions, "low"), _program(rate, reductions, "high")
    elif any(part.mode == "unknown" for part in rate.components):
        low = _program(rate, reductions, "low")
    return Ends(low, expected, high, all(_rises(part) for part in rate.components))


def _ranges(rate: Rate, reductions: Sequence[Stage]) -> Iterator[Range]:
    yield from (stage.value for stage in reductions)
    for part in rate.components:
        yield from (part.factor, *(one.factor for one in part.multipliers), *(left for _, left in part.reductions))
        yield from (price for place in _places(part.tariff)[1] for price, _, _ in place)


def _needs_ranges(part: Component) -> bool:
    tariff = part.tariff
    crosses = part.mode == "unknown" and isinstance(tariff, Tiers) and not tariff.graduated
    return crosses or len(part.multipliers) > _MOST_MULTIPLIERS


def _rises(part: Component) -> bool:
    tariff = part.tariff
    rises = tariff.graduated if isinstance(tariff, Tiers) else isinstance(tariff, Flat | PerUnit)
    return rises and not part.multipliers


def _program(rate: Rate, reductions: Sequence[Stage], end: End) -> Program:
    scale = _ONE if rate.exchange is None else rate.exchange.credits_per_usd
    return Program(
        tuple(_part(part, end, scale) for part in rate.components),
        tuple(_step(stage, end, scale, True) for stage in rate.output_stages),
        tuple(_step(stage, end, scale, False) for stage in (*rate.job_stages, *reductions)),
    )


def _part(part: Component, end: End, scale: Fraction) -> Summand | Choice:
    if not part.multipliers:
        return _summand(part, part.factor, (), end, scale)
    variants: dict[tuple[bool, ...], Summand] = {}
    for applies in product((True, False), repeat=len(part.multipliers)):
        here = [one for one, apply in zip(part.multipliers, applies, strict=True) if apply]
        factor = reduce(mul, (one.factor for one in here), part.factor)
        variants[applies] = _summand(part, factor, tuple(one.label for one in here), end, scale)
    tests = tuple(
        (
            *((name, decimal_from(value), True) for name, value in one.above),
            *((name, decimal_from(value), False) for name, value in one.at_most),
        )
        for one in part.multipliers
    )
    return Choice(tests, variants, part.per_output)


def _summand(part: Component, factor: Range, labels: tuple[str, ...], end: End, scale: Fraction) -> Summand:
    tariff, cap = part.tariff, part.cap
    bounds, places = _places(tariff)
    step = part.step if part.step is not None and not (part.mode == "unknown" and end == "low") else ZERO
    amounts = (part.included, step, part.minimum or ZERO, cap or ZERO)
    own = bounds if tariff.axis is None else ()
    grain = lcm(*(one.denominator for one in (*amounts, *own)))
    axis_grain = grain if tariff.axis is None else lcm(*(one.denominator for one in bounds))
    ends = tuple(int(one * axis_grain) for one in bounds)
    graduated = isinstance(tariff, Tiers) and tariff.graduated
    as_measured = not any(amounts) and cap is None and not graduated
    terms = Terms(factor, part.unit_rounding)

    def cell(place: int, last: int, price: Range, per: Fraction | None, name: str) -> Cell:
        unit, size, grains = "output" if part.per_output else "job", _ONE, 1
        if per is None:
            each = _at(terms.flat(price), end) * scale
        else:
            price, per = terms.unit(price, per)
            each, grains = _at(price, end) * scale / per, grain
            unit, size = unit_size(part, per)
        nanos, units = each * NANOS / grains, 1 / (size * grains)
        return Cell(
            price=nanos.numerator,
            bottom=nanos.denominator,
            metered=per is not None,
            start=ends[place - 1] if graduated and place else 0,
            end=ends[place] if place < last else None,
            shown_top=units.numerator,
            shown_bottom=units.denominator,
            as_measured=as_measured and size == 1,
            label=", ".join([part.shown.label, *([name] if name else []), *labels]),
            unit=unit,
            rate=decimal_from(each * size),
            note=part.shown.note if tariff.metered else "",
            per_output=part.per_output,
        )

    def cells(last: int) -> Iterator[Cell]:
        for place in range(0 if graduated else last, last + 1):
            yield from (cell(place, last, *one) for one in places[place])

    return Summand(
        measure=part.measure,
        whole=part.mode == "ceil" and step > 0 and grain == 1,
        grain=grain,
        included=int(part.included * grain),
        step=int(step * grain),
        mode="ceil" if part.mode == "unknown" else part.mode,
        minimum=int((part.minimum or ZERO) * grain),
        cap=None if cap is None else int(cap * grain),
        axis=tariff.axis,
        axis_grain=axis_grain,
        ends=ends,
        only=isinstance(tariff, Ladder),
        places=tuple(tuple(cells(last)) for last in range(len(places))),
        later=tuple(_step(stage, end, scale, part.per_output, f"{part.shown.label}: ") for stage in part.stages),
        per_output=part.per_output,
    )


def _step(stage: Stage, end: End, scale: Fraction, per_output: bool, whose: str = "") -> Step:
    value = _at(stage.value, end) * (1 if stage.kind == "part" else scale * NANOS)
    return Step(stage.kind, value.numerator, value.denominator, f"{whose}{stage.label}", per_output)


def _at(amount: Range, end: End) -> Fraction:
    return amount.low if end == "low" else amount.expected if end == "expected" else amount.high


def _places(tariff: Tariff) -> tuple[tuple[Fraction, ...], tuple[_Place, ...]]:
    """Where one place ends and the next begins, and the places."""
    match tariff:
        case Flat():
            return (), (((tariff.price, None, ""),),)
        case PerUnit():
            return (), (((tariff.price, tariff.per, ""),),)
        case Ladder(axis, values, prices):
            rungs = zip(prices, values, strict=True)
            return values, tuple(((price, None, f"{axis} {shown(value)}"),) for price, value in rungs)
        case Intervals(axis, ends, prices, per):
            cells = enumerate(prices)
            places: tuple[_Place, ...] = tuple(
                ((price, per, f"{axis} {span_text(ends, index)}"),) for index, price in cells
            )
        case Tiers(measure, _, ends, tiers):
            bands = [(one, f"{measure} {span_text(ends, index)}") for index, one in enumerate(tiers)]
            places = tuple(
                (
                    *([] if one.flat is None else [(one.flat, None, text)]),
                    *([] if one.price is None else [(one.price, one.per, text)]),
                )
                for one, text in bands
            )
        case _ as unreachable:
            assert_never(unreachable)
    return tuple(one for one in ends if one is not None), places
