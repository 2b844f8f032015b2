"""Exact functions of one length, in closed pieces: a value at each break, a straight line between. Pure fractions.

None stands for "has no price". What cannot be said in straight lines raises NotStraight.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from heapq import merge
from itertools import pairwise
from math import ceil, floor
from typing import NamedTuple

from ..evaluate.tariffs import ZERO, Mode, quantise

MOST_BREAKS = 20_000
_HALF = Fraction(1, 2)


class NotStraight(Exception):
    """Why a function has no closed pieces, in words."""


class Straight(NamedTuple):
    """slope × length + start."""

    slope: Fraction
    start: Fraction

    def at(self, x: Fraction) -> Fraction:
        return self.slope * x + self.start


Value = Fraction | None
Piece = Straight | None


@dataclass(frozen=True, slots=True)
class Curve:
    """`at[i]` is the value at `xs[i]`; `between[i]` is the line strictly between `xs[i]` and `xs[i + 1]`."""

    xs: tuple[Fraction, ...]
    at: tuple[Value, ...]
    between: tuple[Piece, ...]

    def __post_init__(self) -> None:
        if len(self.xs) > MOST_BREAKS:
            raise NotStraight(f"it changes at more than {MOST_BREAKS} lengths: ask for a shorter stretch")

    @classmethod
    def constant(cls, ends: tuple[Fraction, Fraction], value: Fraction) -> "Curve":
        return cls(ends, (value, value), (Straight(ZERO, value),))

    @classmethod
    def length(cls, ends: tuple[Fraction, Fraction], points: Sequence[Fraction] | None) -> "Curve":
        """The length itself: of every length between the ends, but zero, or of some points only."""
        if points is None:
            return cls(ends, tuple(one or None for one in ends), (Straight(Fraction(1), ZERO),))
        xs = tuple(sorted({*ends, *points}))
        sold = set(points)
        return cls(xs, tuple(one if one in sold else None for one in xs), (None,) * (len(xs) - 1))

    def value(self, x: Fraction) -> Value:
        index = bisect_left(self.xs, x)
        if self.xs[index] == x:
            return self.at[index]
        line = self.between[index - 1]
        return None if line is None else line.at(x)

    def on(self, xs: tuple[Fraction, ...]) -> "Curve":
        """The same with these breaks, which contain its own."""
        if xs == self.xs:
            return self
        at, between, index = list[Value](), list[Piece](), 0
        for x in xs:
            if x is self.xs[index] or x == self.xs[index]:
                at.append(self.at[index])
                index += 1
            else:
                line = self.between[index - 1]
                at.append(None if line is None else line.at(x))
            if index < len(self.xs):
                between.append(self.between[index - 1])
        return Curve(xs, tuple(at), tuple(between))

    def also(self, breaks: Sequence[Fraction]) -> "Curve":
        return self.on(_union(self.xs, sorted(breaks))) if breaks else self

    def each(self, function: Callable[[Fraction], Fraction]) -> "Curve":
        """For a function that is the same for all values a piece takes, or adds to and scales them."""
        at = tuple(None if one is None else function(one) for one in self.at)
        return Curve(self.xs, at, tuple(_through(function, line, *ends) for line, ends in self.pieces()))

    def pieces(self) -> Iterator[tuple[Piece, tuple[Fraction, Fraction]]]:
        return zip(self.between, pairwise(self.xs), strict=True)

    def scaled(self, by: Fraction) -> "Curve":
        return Curve(
            self.xs,
            tuple(None if one is None else one * by for one in self.at),
            tuple(None if line is None else Straight(line.slope * by, line.start * by) for line in self.between),
        )

    def plus(self, other: "Curve") -> "Curve":
        return _both(
            self,
            other,
            lambda one, two: one + two,
            lambda one, two: Straight(one.slope + two.slope, one.start + two.start),
        )

    def times(self, other: "Curve") -> "Curve":
        return _both(self, other, lambda one, two: one * two, _product)

    def over(self, other: "Curve") -> "Curve":
        """Without a value where it would divide by zero."""
        return _both(self, other, lambda one, two: one / two if two else None, _quotient)

    def greater(self, other: "Curve") -> "Curve":
        return self._pick(other, max)

    def less(self, other: "Curve") -> "Curve":
        return self._pick(other, min)

    def quantised(self, step: Fraction, mode: Mode) -> "Curve":
        offset = step * _HALF if mode == "nearest" else ZERO
        return self._crossing(lambda low, high: _multiples(low, high, step, offset)).each(
            lambda value: quantise(value, step, mode)
        )

    def placed(self, ends: Sequence[Fraction | None], options: Sequence["Curve"]) -> "Curve":
        """The option of the first cell whose end is not below this curve; no value beyond the last."""
        finite = [end for end in ends if end is not None]
        axis = self._crossing(lambda low, high: [end for end in finite if low < end < high])
        xs = reduce(_union, [option.xs for option in options], axis.xs)
        axis, cells = axis.on(xs), [option.on(xs) for option in options]

        def cell(value: Value) -> int | None:
            index = None if value is None else bisect_left(finite, value)
            return None if index == len(ends) else index

        at = [None if (n := cell(value)) is None else cells[n].at[i] for i, value in enumerate(axis.at)]
        between: list[Piece] = []
        for i, (line, (low, high)) in enumerate(axis.pieces()):
            n = cell(None if line is None else line.at((low + high) * _HALF))
            between.append(None if n is None else cells[n].between[i])
        return Curve(xs, tuple(at), tuple(between))

    def only(self, values: Sequence[Fraction], options: Sequence["Curve"]) -> "Curve":
        """The option whose value this curve has; no value elsewhere."""
        axis = self._crossing(lambda low, high: [one for one in values if low < one < high])
        index = {value: n for n, value in enumerate(values)}
        xs = reduce(_union, [option.xs for option in options], axis.xs)
        axis, cells = axis.on(xs), [option.on(xs) for option in options]
        at = [
            cells[index[value]].at[i] if value is not None and value in index else None
            for i, value in enumerate(axis.at)
        ]
        between = [
            cells[index[line.start]].between[i]
            if line is not None and line.slope == 0 and line.start in index
            else None
            for i, line in enumerate(axis.between)
        ]
        return Curve(xs, tuple(at), tuple(between))

    def where(self, other: "Curve") -> "Curve":
        """The same, without a value where the other has none."""
        return _both(self, other, lambda one, _: one, lambda one, _: one)

    def not_negative(self) -> "Curve":
        """Without a value where it is below zero."""
        split = self._crossing(lambda low, high: [ZERO] if low < 0 < high else [])
        at = tuple(None if one is None or one < 0 else one for one in split.at)
        between = tuple(
            None if line is None or line.at((low + high) * _HALF) < 0 else line for line, (low, high) in split.pieces()
        )
        return Curve(split.xs, at, between)

    def _crossing(self, levels: Callable[[Fraction, Fraction], Sequence[Fraction]]) -> "Curve":
        """Split where a piece passes through levels, told the values between which it runs."""
        breaks: list[Fraction] = []
        for line, (low, high) in self.pieces():
            if line is not None and line.slope:
                first, last = sorted((line.at(low), line.at(high)))
                breaks += [(level - line.start) / line.slope for level in levels(first, last)]
        return self.also(breaks)

    def _pick(self, other: "Curve", pick: Callable[[Fraction, Fraction], Fraction]) -> "Curve":
        one, two = crossed(self, other)
        at = tuple(None if x is None or y is None else pick(x, y) for x, y in zip(one.at, two.at, strict=True))
        between: list[Piece] = []
        for (x, ends), y in zip(one.pieces(), two.between, strict=True):
            if x is None or y is None:
                between.append(None)
            else:
                middle = (ends[0] + ends[1]) * _HALF
                between.append(x if pick(x.at(middle), y.at(middle)) == x.at(middle) else y)
        return Curve(one.xs, at, tuple(between))


def crossed(one: Curve, two: Curve) -> tuple[Curve, Curve]:
    """Both on the same breaks, with one wherever they cross."""
    one, two = _aligned(one, two)
    breaks: list[Fraction] = []
    for (x, (low, high)), y in zip(one.pieces(), two.between, strict=True):
        if x is not None and y is not None and x.slope != y.slope:
            meet = (y.start - x.start) / (x.slope - y.slope)
            breaks += [meet] if low < meet < high else []
    return one.also(breaks), two.also(breaks)


def _aligned(one: Curve, two: Curve) -> tuple[Curve, Curve]:
    if one.xs == two.xs:
        return one, two
    xs = _union(one.xs, two.xs)
    return one.on(xs), two.on(xs)


def _union(one: tuple[Fraction, ...], two: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """Both rising sequences in one, each number once. Numbers are compared, not hashed: that is slow for fractions."""
    few, many = sorted((one, two), key=len)
    if len(few) * 16 > len(many):
        merged = list(merge(few, many))
        return tuple(x for index, x in enumerate(merged) if not index or x != merged[index - 1])
    found, start = list[Fraction](), 0
    for x in few:
        index = bisect_left(many, x, start)
        found += many[start:index]
        if index == len(many) or many[index] != x:
            found.append(x)
        start = index
    return (*found, *many[start:])


def _both(
    one: Curve,
    two: Curve,
    values: Callable[[Fraction, Fraction], Value],
    lines: Callable[[Straight, Straight], Piece],
) -> Curve:
    one, two = _aligned(one, two)
    at = tuple(None if x is None or y is None else values(x, y) for x, y in zip(one.at, two.at, strict=True))
    between = tuple(
        None if x is None or y is None else lines(x, y) for x, y in zip(one.between, two.between, strict=True)
    )
    return Curve(one.xs, at, between)


def _product(one: Straight, two: Straight) -> Straight:
    if one.slope and two.slope:
        raise NotStraight("it multiplies the length by itself")
    if one.slope:
        one, two = two, one
    return Straight(two.slope * one.start, two.start * one.start)


def _quotient(one: Straight, two: Straight) -> Piece:
    if two.slope:
        raise NotStraight("it divides by the length")
    return Straight(one.slope / two.start, one.start / two.start) if two.start else None


def _through(function: Callable[[Fraction], Fraction], line: Piece, low: Fraction, high: Fraction) -> Piece:
    """The line of the values that the function gives inside the piece."""
    if line is None:
        return None
    if not line.slope:
        return Straight(ZERO, function(line.start))
    one, two = (2 * low + high) / 3, (low + 2 * high) / 3
    first, second = function(line.at(one)), function(line.at(two))
    slope = (second - first) / (two - one)
    return Straight(slope, first - slope * one)


def _multiples(low: Fraction, high: Fraction, step: Fraction, offset: Fraction) -> list[Fraction]:
    """offset + n × step strictly between."""
    first, last = floor((low - offset) / step) + 1, ceil((high - offset) / step) - 1
    if last - first > MOST_BREAKS:
        raise NotStraight(f"it changes at more than {MOST_BREAKS} lengths: ask for a shorter stretch")
    return [offset + n * step for n in range(first, last + 1)]
