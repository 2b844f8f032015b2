"""A rate as a program of whole numbers: made once for a rate, run for each job whose amounts are points.

`rates.evaluate` is the definition. It makes dozens of fractions for one quote, each with its greatest common divisor,
and they were nine tenths of the time. Here an amount is a numerator and a denominator that are never reduced, every
constant is multiplied out beforehand and every line has its words ready. What has no price answers None, and the
definition says why. A law holds both equal, line by line.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Literal

from ..money import NANOS, Money, money_of
from ..quote import Line, new_line
from .lines import share, times_text
from .rates import decimal_of
from .tariffs import Mode

Ratio = tuple[int, int]
"""An exact number: numerator, denominator > 0; not reduced."""
Values = Mapping[str, Decimal]
End = Literal["low", "expected", "high"]

_ONCE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Cell:
    """One multiplication of a component, and how its line reads."""

    price: int
    """Of one grain of the quantity or, not metered, of the whole, in nanos over `bottom`."""
    bottom: int
    metered: bool
    start: int
    """Only grains beyond this one count, and up to `end`."""
    end: int | None
    shown_top: int
    """A grain is so many of the units that the line counts."""
    shown_bottom: int
    as_measured: bool
    """Whether exactly what was measured is billed."""
    label: str
    unit: str
    rate: Decimal
    note: str
    per_output: bool

    def line(self, found: "Found", times: int, amount: Money) -> Line:
        label, note = (self.label, self.note) if times == 1 else times_text(self.label, self.note, times)
        measured, grains, bottom = found[1], found[2], found[3]
        if not self.metered:
            billed = Decimal(times)
        elif self.as_measured and times == 1:
            billed = measured
        else:
            billed = decimal_of(grains * times * self.shown_top, bottom * self.shown_bottom)
        return new_line(label, measured, billed, self.unit, self.rate, amount, note)


@dataclass(frozen=True, slots=True)
class Step:
    """What a later stage does to an amount: takes a part of it, keeps it within a bound, rounds it."""

    kind: Literal["part", "least", "most", "ceil", "floor", "nearest"]
    top: int
    bottom: int
    label: str
    per_output: bool

    def line(self, found: "Found", times: int, amount: Money) -> Line:
        each, unit = decimal_of(found[4][0], found[4][1] * NANOS), "output" if self.per_output else "job"
        return new_line(self.label, _ONCE, Decimal(times), unit, each, amount, "")

    def of(self, top: int, bottom: int) -> Ratio:
        kind = self.kind
        if kind == "part":
            return top * self.top, bottom * self.bottom
        if kind == "least" or kind == "most":
            over = top * self.bottom > self.top * bottom
            return (top, bottom) if over == (kind == "least") else (self.top, self.bottom)
        return _multiple(top * self.bottom, bottom * self.top, kind) * self.top, self.bottom


Found = tuple[Cell | Step, Decimal, int, int, Ratio]
"""A line to be: what made it, what was measured, grains over their denominator, the nanos of one of it."""


@dataclass(frozen=True, slots=True)
class Summand:
    """A component for one end of its prices, and for the multipliers that apply. Quantities are counted in grains."""

    measure: str
    whole: bool
    """Only started whole units count, so that the measure is read as the next whole number."""
    grain: int
    """So many grains are one unit of the measure."""
    included: int
    step: int
    """0: not quantised."""
    mode: Mode
    minimum: int
    cap: int | None
    axis: str | None
    """What is held against `ends`, in grains of its own; None: the quantity itself."""
    axis_grain: int
    ends: tuple[int, ...]
    only: bool
    """Nothing but the ends themselves is sold."""
    places: tuple[tuple[Cell, ...], ...]
    """What counts in each: for graduated tiers those below it too."""
    later: tuple[Step, ...]
    per_output: bool

    def run(self, values: Values, found: list[Found]) -> Ratio | None:
        """What it comes to for one output, in nanos. None: no price, or an amount that is not sold."""
        measured = values.get(self.measure, _ONCE)
        if self.whole:
            top, bottom = ceil(measured), 1
        else:
            top, bottom = measured.as_integer_ratio()
            top *= self.grain
        if self.included:
            top = max(0, top - self.included * bottom)
        if self.step:
            over = bottom * self.step
            top, bottom = (-(-top // over) if self.mode == "ceil" else _multiple(top, over, self.mode)) * self.step, 1
        if self.minimum and top < self.minimum * bottom:
            top = self.minimum * bottom
        if self.cap is not None and top > self.cap * bottom:
            top = self.cap * bottom
        last = 0
        if self.ends:
            along, across = (top, bottom) if self.axis is None else values[self.axis].as_integer_ratio()
            along = along if self.axis is None else along * self.axis_grain
            last = bisect_left(self.ends, -(-along // across))
            if last == len(self.places) or (self.only and self.ends[last] * across != along):
                return None
        total: Ratio = (0, 1)
        for cell in self.places[last]:
            within = top if cell.end is None else cell.end * bottom
            if cell.start:
                within -= cell.start * bottom
            amount = cell.price * (within if cell.metered else bottom), bottom * cell.bottom
            found.append((cell, measured, within, bottom, amount))
            total = _sum(total, amount) if total[0] else amount
        return _later(self.later, total, found) if self.later else total


@dataclass(frozen=True, slots=True)
class Choice:
    """A component with the multipliers that the job decides: what it is for each set of them."""

    tests: tuple[tuple[tuple[str, Decimal, bool], ...], ...]
    """For each multiplier where it applies: the measure, a value, whether above it."""
    variants: Mapping[tuple[bool, ...], Summand]
    per_output: bool

    def run(self, values: Values, found: list[Found]) -> Ratio | None:
        applies = (all((values[name] > value) is above for name, value, above in test) for test in self.tests)
        return self.variants[tuple(applies)].run(values, found)


@dataclass(frozen=True, slots=True)
class Program:
    """A rate for one end of its prices, with the discounts that come last."""

    parts: tuple[Summand | Choice, ...]
    output_steps: tuple[Step, ...]
    job_steps: tuple[Step, ...]

    def run(self, values: Values, outputs: int, found: list[Found]) -> Ratio | None:
        """The price of the job in nanos. None: the definition knows why not."""
        each, once = (0, 1), (0, 1)
        for part in self.parts:
            one = part.run(values, found)
            if one is None:
                return None
            if part.per_output:
                each = _sum(each, one) if each[0] else one
            else:
                once = _sum(once, one)
        if self.output_steps:
            each = _later(self.output_steps, each, found)
        total = each if outputs == 1 else (each[0] * outputs, each[1])
        if once[0]:
            total = _sum(total, once)
        return _later(self.job_steps, total, found) if self.job_steps else total


def lines(found: Sequence[Found], outputs: int, total: Money) -> tuple[Line, ...]:
    """Lines that sum to `total`, as `lines_of` makes them."""
    if len(found) == 1:
        one = found[0]
        return (one[0].line(one, outputs if one[0].per_output else 1, total),)
    exact = [one[4] for one in found]
    times = [outputs if one[0].per_output else 1 for one in found]
    if outputs > 1:
        exact = [(top * many, bottom) for (top, bottom), many in zip(exact, times, strict=True)]
    each = zip(found, times, share(exact, total.nanos), strict=True)
    return tuple([one[0].line(one, many, money_of(nanos, total.currency)) for one, many, nanos in each])


def _later(steps: tuple[Step, ...], amount: Ratio, found: list[Found]) -> Ratio:
    for step in steps:
        top, bottom = amount
        after, under = amount = step.of(top, bottom)
        change = after * bottom - top * under
        if change:
            found.append((step, _ONCE, 1, 1, (change, bottom * under)))
    return amount


def _sum(one: Ratio, other: Ratio) -> Ratio:
    top, bottom = one
    more, under = other
    return (top + more, bottom) if bottom == under else (top * under + more * bottom, bottom * under)


def _multiple(top: int, bottom: int, mode: Mode) -> int:
    """top ÷ bottom as a whole number; half goes up."""
    if mode == "ceil":
        return -(-top // bottom)
    return top // bottom if mode == "floor" else (2 * top + bottom) // (2 * bottom)
