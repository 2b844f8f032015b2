"""The closed expression language of derived measures: read into a small tree, evaluated exactly. No eval, no calls.

Numbers, names of measures, + - * / ( ), and ceil floor round (half up) min max. Bounded in length, depth and size.
Every value is a range low ≤ expected ≤ high, so that what is known only roughly stays known roughly.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from fractions import Fraction
from functools import partial, reduce
from math import ceil, floor
from operator import itemgetter

from ..errors import BadCard, BadQuantity

LONGEST, DEEPEST, MOST_NODES = 500, 20, 100

_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{0,18})?|\.[0-9]{1,18}"
_TOKEN = re.compile(rf"\s*(?:({_NUMBER})|([A-Za-z][A-Za-z0-9_]{{0,60}})|([-+*/(),]))", re.ASCII)
_SPACE = re.compile(r"\s*", re.ASCII)

EXACT = Context(prec=80)
"""For the few Decimal operations that leave the exact integers: no card or usage has this many digits."""
STRICT = Context(prec=80, traps=[Inexact, DivisionByZero, InvalidOperation, Overflow])
"""The same, where an answer that is not exact is none: ArithmeticError."""
_HALF = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Range:
    """An exact quantity or amount that may be known only roughly."""

    low: Fraction
    expected: Fraction
    high: Fraction

    @classmethod
    def point(cls, value: Fraction) -> "Range":
        return cls(value, value, value)

    @property
    def is_point(self) -> bool:
        return self.low == self.high

    def each(self, rising: Callable[[Fraction], Fraction]) -> "Range":
        """The same for a function that never falls."""
        if self.low == self.high:
            return Range.point(rising(self.low))
        return Range(rising(self.low), rising(self.expected), rising(self.high))

    def __add__(self, other: "Range") -> "Range":
        if self.low == self.high and other.low == other.high:
            return Range.point(self.low + other.low)
        return Range(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def __sub__(self, other: "Range") -> "Range":
        return Range(self.low - other.high, self.expected - other.expected, self.high - other.low)

    def __mul__(self, other: "Range") -> "Range":
        if self.low == self.high and other.low == other.high:
            return Range.point(self.low * other.low)
        corners = [one * two for one in (self.low, self.high) for two in (other.low, other.high)]
        return Range(min(corners), self.expected * other.expected, max(corners))

    def __truediv__(self, other: "Range") -> "Range":
        if other.low <= 0 <= other.high:
            raise ZeroDivisionError
        return self * Range(1 / other.high, 1 / other.expected, 1 / other.low)


def _round(value: Fraction) -> Fraction:
    return Fraction(floor(value + Fraction(1, 2)))


_ROUNDINGS: Mapping[str, Callable[[Fraction], Fraction]] = {
    "ceil": lambda value: Fraction(ceil(value)),
    "floor": lambda value: Fraction(floor(value)),
    "round": _round,
}
FUNCTIONS = (*_ROUNDINGS, "min", "max")


def _ceil(value: Decimal) -> Decimal:
    return value.to_integral_value(ROUND_CEILING)


def _floor(value: Decimal) -> Decimal:
    return value.to_integral_value(ROUND_FLOOR)


def _half_up(value: Decimal) -> Decimal:
    return _floor(STRICT.add(value, _HALF))


_PAIRS: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": STRICT.add, "-": STRICT.subtract, "*": STRICT.multiply, "/": STRICT.divide, "min": min, "max": max
}  # fmt: skip
_SINGLES: Mapping[str, Callable[[Decimal], Decimal]] = {
    "neg": STRICT.minus, "ceil": _ceil, "floor": _floor, "round": _half_up, "min": STRICT.plus, "max": STRICT.plus
}  # fmt: skip


InDecimals = Callable[[Mapping[str, Decimal]], Decimal]


def _on_one(operation: Callable[[Decimal], Decimal], one: InDecimals) -> InDecimals:
    return lambda measures: operation(one(measures))


def _on_two(operation: Callable[[Decimal, Decimal], Decimal], one: InDecimals, two: InDecimals) -> InDecimals:
    return lambda measures: operation(one(measures), two(measures))


@dataclass(frozen=True, slots=True)
class Node:
    """One step: a number, a name, or an operation on other nodes."""

    kind: str
    """"number", "name", or the operation: + - * / neg ceil floor round min max."""
    value: Fraction = Fraction(0)
    name: str = ""
    parts: tuple["Node", ...] = ()

    def of(self, measures: Mapping[str, Range]) -> Range:
        """Its value. Raises ZeroDivisionError, KeyError."""
        match self.kind:
            case "number":
                return Range.point(self.value)
            case "name":
                return measures[self.name]
            case "neg":
                inner = self.parts[0].of(measures)
                return Range(-inner.high, -inner.expected, -inner.low)
            case "ceil" | "floor" | "round":
                return self.parts[0].of(measures).each(_ROUNDINGS[self.kind])
            case "min" | "max":
                pick = min if self.kind == "min" else max
                values = [part.of(measures) for part in self.parts]
                return Range(
                    pick(value.low for value in values),
                    pick(value.expected for value in values),
                    pick(value.high for value in values),
                )
            case _:
                left, right = (part.of(measures) for part in self.parts)
                match self.kind:
                    case "+":
                        return left + right
                    case "-":
                        return left - right
                    case "*":
                        return left * right
                    case _:
                        return left / right

    def in_decimals(self) -> InDecimals:
        """Its value for points, much sooner. Raises ArithmeticError also where no decimal is exact."""
        if self.kind == "number":
            value = STRICT.divide(Decimal(self.value.numerator), Decimal(self.value.denominator))
            return lambda _: value
        if self.kind == "name":
            return itemgetter(self.name)
        first, *others = [part.in_decimals() for part in self.parts]
        if not others:
            return _on_one(_SINGLES[self.kind], first)
        return reduce(partial(_on_two, _PAIRS[self.kind]), others, first)

    def names(self) -> Iterator[str]:
        if self.kind == "name":
            yield self.name
        for part in self.parts:
            yield from part.names()


@dataclass(frozen=True, slots=True)
class Expression:
    """A derived measure, read and bounded."""

    text: str
    tree: Node
    names: tuple[str, ...]
    """The measures it needs, each once."""

    @classmethod
    def parse(cls, text: str) -> "Expression":
        """Raises BadCard saying what is wrong and where."""
        if len(text) > LONGEST:
            raise BadCard(
                f"an expression of {len(text)} characters",
                value=text[:40],
                limit=f"{LONGEST} characters",
                next="split it",
            )
        tree = _Reader(text).whole()
        return cls(text, tree, tuple(dict.fromkeys(tree.names())))

    def of(self, measures: Mapping[str, Range]) -> Range:
        """Raises BadQuantity where it divides by zero."""
        try:
            return self.tree.of(measures)
        except ZeroDivisionError:
            raise BadQuantity(
                f"{self.text} divides by zero for this job",
                value=", ".join(f"{name} {_plain(measures[name])}" for name in self.names),
                next="give other quantities",
            ) from None


class _Reader:
    """Recursive descent over the tokens: sum → product → sign → atom."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.nodes = text, 0, 0
        self.word, self.start = "", 0
        self.advance()

    def whole(self) -> Node:
        if not self.word:
            raise self.fault("says nothing")
        tree = self.sum(0)
        if self.word:
            raise self.fault(f"{self.word!r} is not expected")
        return tree

    def advance(self) -> None:
        found = _TOKEN.match(self.text, self.at)
        if found is None:
            space = _SPACE.match(self.text, self.at)
            self.start = self.at if space is None else space.end()
            if self.start < len(self.text):
                raise self.fault(f"{self.text[self.start]!r} is not part of the language")
            self.word, self.at = "", len(self.text)
            return
        self.word = found[1] or found[2] or found[3]
        self.start, self.at = found.end() - len(self.word), found.end()

    def take(self, word: str) -> None:
        if self.word != word:
            raise self.fault(f"{word!r} is missing")
        self.advance()

    def sum(self, depth: int) -> Node:
        left = self.product(depth)
        while self.word in ("+", "-"):
            left = self.operation(left, self.product, depth)
        return left

    def product(self, depth: int) -> Node:
        left = self.sign(depth)
        while self.word in ("*", "/"):
            left = self.operation(left, self.sign, depth)
        return left

    def operation(self, left: Node, read: Callable[[int], Node], depth: int) -> Node:
        sign, start = self.word, self.start
        self.advance()
        right = read(depth)
        if sign == "/" and not any(right.names()) and right.of({}).expected == 0:
            self.start = start
            raise self.fault("divides by zero, always")
        return self.node(Node(sign, parts=(left, right)))

    def sign(self, depth: int) -> Node:
        if self.word != "-":
            return self.atom(depth)
        self.deeper(depth)
        self.advance()
        return self.node(Node("neg", parts=(self.sign(depth + 1),)))

    def atom(self, depth: int) -> Node:
        word = self.word
        self.deeper(depth)
        if not word:
            raise self.fault("ends too early")
        if word == "(":
            self.advance()
            inner = self.sum(depth + 1)
            self.take(")")
            return inner
        self.advance()
        if word[0].isdigit() or word[0] == ".":
            return self.node(Node("number", value=Fraction(Decimal(word))))
        if word in FUNCTIONS:
            return self.call(word, depth)
        if not word[0].isalpha():
            raise self.fault(f"{word!r} is not expected")
        return self.node(Node("name", name=word))

    def call(self, name: str, depth: int) -> Node:
        self.take("(")
        parts = [self.sum(depth + 1)]
        while self.word == ",":
            self.advance()
            parts.append(self.sum(depth + 1))
        self.take(")")
        if len(parts) > 1 and name in _ROUNDINGS:
            raise self.fault(f"{name} takes one value")
        return self.node(Node(name, parts=tuple(parts)))

    def deeper(self, depth: int) -> None:
        if depth > DEEPEST:
            raise self.fault(f"is nested deeper than {DEEPEST}")

    def node(self, node: Node) -> Node:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise self.fault(f"has more than {MOST_NODES} parts")
        return node

    def fault(self, what: str) -> BadCard:
        shown = self.text if len(self.text) <= 80 else self.text[:79] + "…"
        return BadCard(
            f"the expression {shown!r} {what}, at character {self.start + 1}",
            value=shown,
            limit="+ - * / ( ) numbers, names of measures, ceil floor round min max",
            next="write it with + - * / ( ), numbers, names of measures, ceil floor round min max",
        )


def plain(value: Decimal) -> Decimal:
    """The same number without an exponent or trailing zeros."""
    value = EXACT.normalize(value)
    return EXACT.quantize(value, Decimal(1)) if value == value.to_integral_value() else value


def _plain(value: Range) -> str:
    return str(value.expected) if value.is_point else f"{value.low} to {value.high}"
