"""What a price is made of, named and in words, so that two can be set side by side. Compares and computes no price."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import product
from types import MappingProxyType
from typing import assert_never

from ..entry import DatedRate, Entry
from ..evaluate.expression import Range
from ..evaluate.rates import Component, Rate, decimal_from
from ..evaluate.tariffs import Flat, Intervals, Ladder, MoneyRounding, PerUnit, Tiers, shown, span_text
from ..money import written
from ..source import Source

Choice = tuple[tuple[str, str], ...]
"""Every setting of an offer and its value."""

Settings = Mapping[str, tuple[str, ...]]
"""Some choices: any of these values of each setting; empty: all of them."""

_UP = {"ceil": "up to", "floor": "down to", "nearest": "to the nearest", "unknown": "perhaps up to"}


@dataclass(frozen=True, slots=True)
class Facet:
    """One thing that a row says: a price, a rounding, a minimum."""

    text: str
    number: Fraction | None = None
    """The expected price; None: it is no price."""
    unit: str = ""
    """What the number is of: two of one unit can be set against each other."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a row says for some choices of settings."""

    settings: Settings
    facets: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PastRow:
    """A dated row of a card as a person reads it."""

    id: str
    standing: str
    effective_from: str
    """A day, a month, or "unknown"."""
    effective_until: str | None
    """The last day or month; None: still open."""
    checked_on: str
    terms: tuple[Terms, ...]
    assumptions: tuple[str, ...]
    sources: tuple[Source, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "row": self.id,
            "standing": self.standing,
            "effective_from": self.effective_from,
            "effective_until": self.effective_until,
            "checked_on": self.checked_on,
            "terms": [{"settings": settings_json(one.settings), "says": dict(one.facets)} for one in self.terms],
            "assumptions": list(self.assumptions),
            "sources": [source.as_json() for source in self.sources],
        }


Rows = dict[str, dict[Choice, DatedRate]]
"""The rows of an offer by id, each with the choices that it is for."""


def rows_of(entry: Entry) -> Rows:
    found: Rows = {}
    for values, rates in entry.rates.items():
        choice = tuple(zip(entry.offer.settings, values, strict=True))
        for dated in rates:
            found.setdefault(dated.rate.id, {})[choice] = dated
    return found


def past_rows(entry: Entry, on: date | None = None) -> tuple[PastRow, ...]:
    """Every row of an offer in order of time, or those in force on a day; those that begin together as in the card."""
    rows = rows_of(entry)
    if on is not None:
        held = {row: {choice: one for choice, one in mine.items() if one.covers(on)} for row, mine in rows.items()}
        rows = {row: mine for row, mine in held.items() if mine}
    order = sorted(rows, key=lambda row: begins_text(next(iter(rows[row].values()))).replace("unknown", ""))
    return tuple(_past_row(entry, row, rows[row]) for row in order)


def _past_row(entry: Entry, row: str, dated: Mapping[Choice, DatedRate]) -> PastRow:
    first = next(iter(dated.values()))
    every = choices_of(entry)
    said: dict[tuple[tuple[str, str], ...], list[Choice]] = {}
    for choice, one in dated.items():
        words = tuple((name, facet.text) for name, facet in facets(one.rate, entry.offer.currency).items())
        said.setdefault(words, []).append(choice)
    groups = ((words, group) for words, mine in said.items() for group in together(mine, every))
    terms = [Terms(group, MappingProxyType(dict(words))) for words, group in groups]
    ends = [one.ends for one in dated.values()]
    last = None if any(end is None for end in ends) else max((end for end in ends if end), key=lambda end: end.last)
    sources = dict.fromkeys(source for one in dated.values() for source in one.rate.sources)
    assumptions = dict.fromkeys(text for one in dated.values() for text in one.rate.assumptions)
    return PastRow(
        id=row,
        standing=first.rate.standing,
        effective_from=begins_text(first),
        effective_until=None if last is None else last.text,
        checked_on=max(one.checked_on for one in dated.values()).isoformat(),
        terms=tuple(terms),
        assumptions=tuple(assumptions),
        sources=tuple(sources),
    )


def begins_text(dated: DatedRate) -> str:
    return "unknown" if dated.begins is None else dated.begins.text


def choices_of(entry: Entry) -> tuple[Choice, ...]:
    return tuple(tuple(zip(entry.offer.settings, values, strict=True)) for values in entry.rates)


def together(mine: Sequence[Choice], every: Sequence[Choice]) -> list[Settings]:
    """The choices as few groups: all of them, those that agree in all but one setting, or each by itself."""
    if len(mine) == len(every):
        return [MappingProxyType({})]
    values: dict[str, dict[str, None]] = {}
    for choice in mine:
        for name, value in choice:
            values.setdefault(name, {})[value] = None
    everywhere = {name: {dict(choice)[name] for choice in every} for name, _ in every[0]} if every else {}
    group = {name: tuple(some) for name, some in values.items()}
    if len(mine) == len([one for one in product(*group.values()) if tuple(zip(group, one, strict=True)) in set(every)]):
        told = {name: some for name, some in group.items() if set(some) != everywhere.get(name)}
        return [MappingProxyType(told or group)]
    return [MappingProxyType({name: (value,) for name, value in choice}) for choice in mine]


def settings_text(settings: Settings) -> str:
    """For reading: "720p, audio yes|no"."""
    some = ((name, "|".join(values)) for name, values in settings.items())
    parts = (values if name == "resolution" else f"{name} {values}" for name, values in some)
    return ", ".join(parts)


def settings_json(settings: Settings) -> dict[str, list[str]]:
    return {name: list(values) for name, values in settings.items()}


def facets(rate: Rate, currency: str) -> dict[str, Facet]:
    """All that a rate says for one choice of settings, by name; the prices first."""
    prices_in = currency if rate.exchange is None else "USD"
    found: dict[str, Facet] = {}
    several = len(rate.components) > 1
    for component in rate.components:
        of = f" of {component.shown.label}" if several else ""
        for name, facet in _prices(component, prices_in):
            found[_free(f"{name}{of}", found)] = facet
    for component in rate.components:
        of = f" of {component.shown.label}" if several else ""
        for name, text in _terms(component, prices_in):
            found[_free(f"{name}{of}", found)] = Facet(text)
    for name, rounding in (("output", rate.output_rounding), ("job", rate.job_rounding)):
        if rounding is not None:
            found[f"rounding of the {name}"] = Facet(_money_rounding(rounding, prices_in))
    if (exchange := rate.exchange) is not None:
        before = "" if exchange.rounding is None else f" after rounding to {shown(exchange.rounding.step)} USD"
        text = f"{written(decimal_from(exchange.credits_per_usd), currency)} per USD{before}"
        found["exchange"] = Facet(text, exchange.credits_per_usd, f"{currency} per USD")
    return found


def _free(name: str, taken: Mapping[str, Facet]) -> str:
    """Two components may have one label."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name} ({number})"
    return found


def _prices(component: Component, currency: str) -> Iterator[tuple[str, Facet]]:
    tariff, factor = component.tariff, component.factor
    once = "output" if component.per_output else "job"

    def flat(price: Range) -> Facet:
        return Facet(f"{_amount(price * factor, currency)} per {once}", (price * factor).expected, f"{currency}/{once}")

    def unit(price: Range, per: Fraction) -> Facet:
        base = component.shown.unit
        shown_per = per if component.step == per else Fraction(1)
        text = _amount(price * factor * Range.point(shown_per / per), currency)
        count = "" if shown_per == 1 else f"{shown(shown_per)} "
        return Facet(f"{text} per {count}{base}", price.expected * factor.expected / per, f"{currency}/{base}")

    match tariff:
        case Flat():
            yield "price", flat(tariff.price)
        case PerUnit():
            yield "price", unit(tariff.price, tariff.per)
        case Ladder():
            for value, price in zip(tariff.values, tariff.prices, strict=True):
                yield f"price at {tariff.axis} {shown(value)}", flat(price)
        case Intervals():
            for index, price in enumerate(tariff.prices):
                facet = flat(price) if tariff.per is None else unit(price, tariff.per)
                yield f"price at {tariff.axis} {span_text(tariff.ends, index)}", facet
        case Tiers():
            kind = "each part of " if tariff.graduated else "all of "
            for index, tier in enumerate(tariff.tiers):
                where = f"{kind}{tariff.measure} {span_text(tariff.ends, index)}"
                if tier.flat is not None:
                    yield f"entry price at {where}", flat(tier.flat)
                if tier.price is not None:
                    yield f"price at {where}", unit(tier.price, tier.per)
        case _ as unreachable:
            assert_never(unreachable)
    for multiplier in component.multipliers:
        conditions = [f"{name} above {shown(value)}" for name, value in multiplier.above]
        conditions += [f"{name} at most {shown(value)}" for name, value in multiplier.at_most]
        text = f"× {_plain(multiplier.factor)} where {' and '.join(conditions)}"
        yield f"multiplier {multiplier.label}", Facet(text, multiplier.factor.expected, "×")


def _terms(component: Component, currency: str) -> Iterator[tuple[str, str]]:
    unit = component.shown.unit
    if component.tariff.metered:
        yield "measure", component.measure.replace("_", " ")
    if component.step is not None:
        yield "rounding", f"{_UP[component.mode]} {shown(component.step)} {unit}"
    if component.included:
        yield "included", f"{shown(component.included)} {unit}"
    if component.minimum is not None:
        yield "minimum", f"{shown(component.minimum)} {unit}"
    if component.cap is not None:
        yield "cap", f"{shown(component.cap)} {unit}"
    if component.minimum_charge is not None:
        yield "minimum charge", written(decimal_from(component.minimum_charge), currency)
    if component.maximum_charge is not None:
        yield "maximum charge", written(decimal_from(component.maximum_charge), currency)
    if component.unit_rounding is not None:
        yield "rounding of the price per unit", _money_rounding(component.unit_rounding, currency)
    if component.rounding is not None:
        yield "rounding of the amount", _money_rounding(component.rounding, currency)
    if not component.per_output and component.tariff.metered:
        yield "charged", "once a job"


def _money_rounding(rounding: MoneyRounding, currency: str) -> str:
    return f"{_UP[rounding.mode]} {written(decimal_from(rounding.step), currency)}"


def _amount(price: Range, currency: str) -> str:
    if price.is_point:
        return written(decimal_from(price.expected), currency)
    return f"{_plain(price)} {currency}"


def _plain(price: Range) -> str:
    if price.is_point:
        return shown(price.expected)
    return f"{shown(price.low)} to {shown(price.high)} ({shown(price.expected)} expected)"


def texts(values: Iterable[object]) -> str:
    """A list for reading; "none" when it is empty."""
    return ", ".join(str(value) for value in values) or "none"
