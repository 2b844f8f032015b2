"""Which lengths an offer sells, and which of a job's measures a length decides. Computes no price."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from ..errors import BadQuantity, OverLimit
from ..evaluate.expression import Node, Range
from ..evaluate.rates import decimal_from
from ..evaluate.tariffs import Ladder
from ..select import Selection
from ..units import AUDIO, BILLED, LONGEST_SECONDS, MEASURES, VIDEO
from ..usage import Quantity, Usage

MS = Fraction(1, 1000)
DAY = Fraction(LONGEST_SECONDS)


@dataclass(frozen=True, slots=True)
class Grid:
    """Lengths that can be asked for, rising: some values, or `count` of them `step` apart."""

    first: Fraction
    step: Fraction
    count: int
    values: tuple[Fraction, ...] | None = None

    def at(self, index: int) -> Fraction:
        return self.first + index * self.step if self.values is None else self.values[index]

    @classmethod
    def between(cls, least: Fraction, most: Fraction, step: Fraction, origin: Fraction) -> "Grid":
        """Every origin + n × step, above zero, from least to most."""
        low, high = ceil((least - origin) / step), floor((most - origin) / step)
        if origin + low * step <= 0:
            low = floor(-origin / step) + 1
        return cls(origin + low * step, step, max(high - low + 1, 0))

    @classmethod
    def of(cls, values: tuple[Fraction, ...]) -> "Grid":
        return cls(Fraction(0), Fraction(0), len(values), values)


@dataclass(frozen=True, slots=True)
class Lengths:
    """The lengths of one selection that limits, durations and ladders allow; tariffs may end before `most`."""

    selection: Selection
    measure: str
    """Which length is asked about: `billed_seconds` for the offer's own measure, whatever it is."""
    others: Mapping[str, Quantity]
    """What else the job states."""
    fed: Mapping[str, Fraction]
    """The measures that are this length, and how much longer each may turn out."""
    least: Fraction
    """Sold itself, unless it is zero."""
    most: Fraction
    sold: Grid | None
    """None: every length between."""

    @property
    def grid(self) -> Grid:
        return Grid.between(self.least, self.most, MS, Fraction(0)) if self.sold is None else self.sold

    def usage(self, length: Fraction) -> Usage:
        seconds = decimal_from(length)
        return Usage({**self.others, self.measure: Quantity(seconds, seconds, seconds)})

    @classmethod
    def of(cls, selection: Selection, measure: str | None = None, usage: Usage | None = None) -> "Lengths":
        """Raises BadQuantity where no length decides the price, OverLimit where none is sold."""
        measure = _measure(selection, measure)
        given = dict[str, Quantity]() if usage is None else usage.measures
        drop = {measure, BILLED} | ({selection.offer.measure} if measure == BILLED else set[str]())
        others = {name: quantity for name, quantity in given.items() if name not in drop}
        fed = _fed(selection, measure, others)
        if not fed:
            raise BadQuantity(
                f"{selection.offer.id} is not priced by {measure}",
                value=measure,
                limit=", ".join(selection.meter.needs) or "no measure",
                next="ask for another measure",
            )
        return _bounded(cls(selection, measure, others, fed, Fraction(0), DAY, None))

    def within(self, most: Fraction) -> "Lengths":
        """The same, no longer than `most`."""
        if most >= self.most:
            return self
        sold = self.sold
        if sold is not None:
            sold = (
                Grid.between(self.least, most, sold.step, sold.first)
                if sold.values is None
                else Grid.of(tuple(value for value in sold.values if value <= most))
            )
        return replace(self, most=most, sold=sold)


def rises(node: Node, moving: Mapping[str, int], bounds: Mapping[str, Range]) -> int | None:
    """1: never falls as the moving measures grow; -1: never rises; 0: stays; None: may do either."""
    match node.kind:
        case "number":
            return 0
        case "name":
            return moving.get(node.name, 0)
        case "neg":
            return _turned(rises(node.parts[0], moving, bounds))
        case _:
            ways = [rises(part, moving, bounds) for part in node.parts]
    if node.kind == "-":
        ways[1] = _turned(ways[1])
    elif node.kind in ("*", "/"):
        try:
            left, right = (part.of(bounds) for part in node.parts)
        except ZeroDivisionError:
            return None
        ways = [_scaled(ways[0], right), _scaled(ways[1], left)]
        if node.kind == "/":
            if right.low <= 0 <= right.high:
                return None
            ways[1] = _turned(ways[1])
    found = {way for way in ways if way != 0}
    return 0 if not found else found.pop() if len(found) == 1 else None


def _turned(way: int | None) -> int | None:
    return None if way is None else -way


def _scaled(way: int | None, by: Range) -> int | None:
    """The way of a factor, times another that is never negative, or never positive."""
    if way in (0, None) or by.low >= 0:
        return way
    return _turned(way) if by.high <= 0 else None


def _measure(selection: Selection, measure: str | None) -> str:
    """The length that is meant when none is named: the offer's own, or the only one that its price depends on."""
    offer, meter = selection.offer, selection.meter
    if measure is not None:
        if measure not in MEASURES or MEASURES[measure].unit != "s":
            legal = ", ".join(name for name, one in MEASURES.items() if one.unit == "s")
            raise BadQuantity(f"{measure[:60]!r} is not a length", value=measure[:60], limit=legal, next=legal)
        return measure
    if MEASURES[offer.measure].unit == "s":
        return BILLED
    lengths = [name for name in (*meter.needs, *meter.known) if MEASURES[name].unit == "s"]
    if len(lengths) == 1:
        return lengths[0]
    found = ", ".join(lengths) or "no length"
    raise BadQuantity(
        f"{offer.id} is metered on {offer.measure}, and its price depends on {found}",
        value=offer.measure,
        limit=found,
        next="name the measure" if lengths else "ask for its outputs instead of its seconds",
    )


def _fed(selection: Selection, measure: str, others: Mapping[str, Quantity]) -> dict[str, Fraction]:
    """As `measuring` reads them."""
    offer, fed = selection.offer, dict[str, Fraction]()
    for name in (*selection.meter.needs, *selection.meter.known):
        billed = measure == BILLED and name == offer.measure and MEASURES[name].unit == "s"
        if name == measure or billed:
            fed[name] = Fraction(0)
        elif name == VIDEO and measure == AUDIO and offer.audio_driven and VIDEO not in others:
            fed[name] = Fraction(offer.slack_seconds)
    return fed


def _bounded(lengths: Lengths) -> Lengths:
    selection = lengths.selection
    least, most = lengths.least, lengths.most - max(lengths.fed.values())
    for limit in selection.meter.limits:
        if limit.measure in lengths.fed:
            least = least if limit.least is None else max(least, Fraction(limit.least))
            most = most if limit.most is None else min(most, Fraction(limit.most) - lengths.fed[limit.measure])
    duration = selection.meter.duration
    step, values = None, None
    if duration is not None and duration.measure in lengths.fed:
        slack = lengths.fed[duration.measure]
        bottom = duration.values[0] if duration.values else duration.least
        top = duration.values[-1] if duration.values else duration.most
        least = least if bottom is None else max(least, Fraction(bottom))
        most = most if top is None else min(most, Fraction(top) - slack)
        if not slack:  # a length known only roughly need not be one of those sold
            values = tuple(Fraction(value) for value in duration.values) or None
            step = None if duration.step is None else (Fraction(duration.step), Fraction(duration.least or Decimal(0)))
    for rungs in _ladders(lengths):
        if values is None and step is not None:
            values = tuple(one for one in rungs if (one - step[1]) % step[0] == 0)
        else:
            values = rungs if values is None else tuple(value for value in values if value in rungs)
    sold = None
    if values is not None:
        sold = Grid.of(tuple(value for value in values if least <= value <= most))
    elif step is not None:
        sold = Grid.between(least, most, *step)
    found = replace(lengths, least=least, most=most, sold=sold)
    if not found.grid.count:
        raise OverLimit(f"no length of {selection.offer.id} is within its limits", limit=f"{least} to {most} s")
    return found


def _ladders(lengths: Lengths) -> list[tuple[Fraction, ...]]:
    return [
        part.tariff.values
        for rate in lengths.selection.rates
        for part in rate.components
        if isinstance(part.tariff, Ladder) and lengths.fed.get(part.tariff.axis, 1) == 0
    ]
