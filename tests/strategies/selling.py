"""Everything the shipped cards sell, and what can be asked of it: within limits, on ladders, points and ranges."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from hypothesis import strategies as st

from pricing import PriceBook, Quantity, Usage
from pricing.entry import DatedRate
from pricing.evaluate.measuring import Meter
from pricing.evaluate.tariffs import Ladder
from pricing.units import MEASURES

from .values import seconds


@dataclass(frozen=True)
class Sold:
    """An offer with one choice of its settings."""

    offer: str
    settings: Mapping[str, str]

    def __str__(self) -> str:
        return "-".join([self.offer, *self.settings.values()])


@cache
def sold() -> tuple[Sold, ...]:
    """Every shipped offer that can be quoted, with every choice of settings that is sold."""
    return tuple(
        Sold(offer.id, choice)
        for offer in PriceBook.shipped().offers.values()
        if offer.settlement is None or offer.settlement.quote != "unquotable"
        for choice in offer.choices
    )


@cache
def sold_by_length() -> tuple[Sold, ...]:
    """Those whose price depends on one length alone, any length."""
    return tuple(thing for thing in sold() if _meter(thing).only is not None and not _steps(thing))


def any_sold() -> st.SearchStrategy[Sold]:
    return st.sampled_from(sold())


def offers() -> tuple[str, ...]:
    return tuple(dict.fromkeys(thing.offer for thing in sold()))


def choices_of(offer: str) -> st.SearchStrategy[Sold]:
    return st.sampled_from([thing for thing in sold() if thing.offer == offer])


def _rows(thing: Sold) -> tuple[DatedRate, ...]:
    return PriceBook.shipped().entries[thing.offer].rates[tuple(thing.settings.values())]


@cache
def _meter_of(offer: str, values: tuple[tuple[str, str], ...]) -> Meter:
    thing = Sold(offer, dict(values))
    needs = tuple(dict.fromkeys(name for row in _rows(thing) for name in row.rate.needs))
    return Meter.of(PriceBook.shipped().offer(offer), thing.settings, needs)


def _meter(thing: Sold) -> Meter:
    return _meter_of(thing.offer, tuple(thing.settings.items()))


def _steps(thing: Sold) -> list[Ladder]:
    """The tariffs that take some values only."""
    tariffs = (part.tariff for row in _rows(thing) for part in row.rate.components)
    return [tariff for tariff in tariffs if isinstance(tariff, Ladder)]


def days(thing: Sold) -> st.SearchStrategy[date]:
    """Days on which the offer has a price."""
    rows = [row for row in _rows(thing) if row.rate.standing == "record"]
    first = min(date.min if row.begins is None else row.begins.first for row in rows)
    last = max(date.max if row.ends is None else row.ends.last for row in rows)
    return st.dates(max(first, date(2025, 10, 31)), min(last, date(2027, 12, 31)))


def amounts(thing: Sold, name: str) -> st.SearchStrategy[Decimal]:
    """What the offer takes of one measure: never beyond its limits, only lengths that it sells."""
    meter, facts = _meter(thing), MEASURES[name]
    for ladder in _steps(thing):
        if ladder.axis == name:
            return st.sampled_from([Decimal(value.numerator) / value.denominator for value in ladder.values])
    limits = [limit for limit in meter.limits if limit.measure == name]
    tops = [limit.most for limit in limits if limit.most is not None]
    bottoms = [limit.least for limit in limits if limit.least is not None]
    duration = meter.duration
    if duration is not None and duration.measure == name:
        if duration.values:
            return st.sampled_from(duration.values)
        tops += [] if duration.most is None else [duration.most]
        bottoms += [] if duration.least is None else [duration.least]
        if duration.step is not None:
            low, step = duration.least or duration.step, duration.step
            return st.integers(0, int((min(tops) - low) / step)).map(lambda n: low + n * step)
    usual = Decimal(300 if facts.unit == "s" else 3000)
    most, least = min([*tops, usual]), max([*bottoms, Decimal(0 if facts.zero else 1)])
    if facts.whole:
        return st.integers(int(least), int(most)).map(Decimal)
    if facts.unit == "s":
        return seconds(str(max(least, Decimal("0.001"))), str(most))
    return st.decimals(least, most, places=3)


def stated(thing: Sold) -> st.SearchStrategy[dict[str, Decimal]]:
    """One amount of each measure that the offer needs."""
    return st.fixed_dictionaries({name: amounts(thing, name) for name in _meter(thing).needs})


@st.composite
def usages(draw: st.DrawFn, thing: Sold) -> Usage:
    """What the offer can be asked to price: points, ranges, billed seconds, a measured audio file."""
    sold_offer, one = PriceBook.shipped().offer(thing.offer), draw(stated(thing))
    kind = draw(st.sampled_from(["stated", "stated", "billed", "audio", "range"]))
    if kind == "billed" and MEASURES[sold_offer.measure].unit == "s" and sold_offer.measure in one:
        one["billed_seconds"] = one.pop(sold_offer.measure)
    if kind == "audio" and sold_offer.audio_driven and list(one) == ["output_video_seconds"]:
        length = max(one["output_video_seconds"] - sold_offer.slack_seconds, Decimal("0.001"))
        limits = (limit.most for limit in _meter(thing).limits if limit.measure == "input_audio_seconds")
        return Usage.audio(min([length, *(most for most in limits if most is not None)]))
    measures = {name: Quantity(value, value, value) for name, value in one.items()}
    if kind == "range":
        other = draw(stated(thing))
        for name in [name for name in one if name in other]:
            low, high = sorted((one[name], other[name]))
            measures[name] = Quantity(low, draw(st.sampled_from([low, high])), high)
    return Usage(measures or {"runs": Quantity(Decimal(1), Decimal(1), Decimal(1))})
