"""From one row's model to a rate for one choice of settings: tables looked up, conditions decided. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import assert_never

from ..evaluate.expression import Range
from ..evaluate.rates import Component, Exchange, Multiplier, Rate, Shown, decimal_from
from ..evaluate.tariffs import ONE, Flat, Intervals, Ladder, MoneyRounding, PerUnit, Tariff, Tier, Tiers
from ..money import written
from ..source import Source
from ..units import MEASURES
from . import rows
from .card import CardOffer, RateCard
from .faults import Faults, Path
from .fields import CardAmount

_Cell = rows.CardCell | rows.CardRung | rows.CardInterval | rows.CardTier
_UP = {"ceil": "up to", "floor": "down to", "nearest": "to the nearest", "unknown": "perhaps up to"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row within its card, and what it is resolved for."""

    card: RateCard
    offer: CardOffer
    rate: rows.CardRate
    choice: Mapping[str, str]
    path: Path
    faults: Faults

    @property
    def chosen(self) -> str:
        return ", ".join(self.choice.values()) or "the offer"

    def unit(self, name: str) -> str:
        if name in MEASURES:
            return MEASURES[name].unit
        return next((one.unit for one in self.offer.derive if one.name == name), "unit")


def fits(when: Mapping[str, tuple[str, ...]], choice: Mapping[str, str]) -> bool:
    """Whether the settings are among those of the condition."""
    return all(choice[name] in values for name, values in when.items())


def settings_used(rate: rows.CardRate) -> frozenset[str]:
    """The settings on which anything in the row depends."""
    names = set(rate.when)
    for component in rate.components:
        names |= set(component.when)
        for multiplier in component.multipliers:
            names |= set(multiplier.when)
        tariff = component.tariff
        if not isinstance(tariff, (rows.CardFlat, rows.CardPerUnit)):
            for cell in tariff.cells:
                names |= set(cell.when)
    return frozenset(names)


def resolve(row: Row, confirmed: bool = False) -> Rate | None:
    """The row as it is for these settings; None where a fault was found. A confirmed one is of record."""
    components: list[Component] = []
    assumptions = list(row.rate.assumptions)
    roundings: dict[str, MoneyRounding] = {
        one.of: MoneyRounding(Fraction(one.step), one.mode) for one in row.rate.rounding
    }
    for index, part in enumerate(row.rate.components):
        if fits(part.when, row.choice):
            component = _component(row, part, (*row.path, "components", index), roundings, assumptions)
            components += [] if component is None else [component]
    here = [part for part in row.rate.components if fits(part.when, row.choice)]
    if not here:
        row.faults.add((*row.path, "components"), f"no component is left for {row.chosen}", "add one, or mend its when")
    if not here or len(components) != len(here):
        return None
    exchange = row.rate.exchange
    return Rate(
        id=row.rate.id,
        standing="record" if confirmed else row.rate.standing,
        components=tuple(components),
        sources=tuple(
            Source(
                source.url,
                source.evidence,
                source.checked_on or row.card.checked,
                row.rate.effective_from,
                row.rate.effective_until,
            )
            for source in row.rate.sources
        ),
        assumptions=tuple(dict.fromkeys(assumptions)),
        price_text=" + ".join(_price_text(row, component) for component in components),
        output_rounding=roundings.get("output"),
        job_rounding=roundings.get("job"),
        exchange=None
        if exchange is None
        else Exchange(
            Fraction(exchange.credits_per_usd),
            None if exchange.usd_decimals is None else MoneyRounding(Fraction(1, 10**exchange.usd_decimals), "nearest"),
        ),
    )


def _component(
    row: Row,
    part: rows.CardComponent,
    path: Path,
    roundings: Mapping[str, MoneyRounding],
    assumptions: list[str],
) -> Component | None:
    measure = part.measure or row.offer.measure
    found = _tariff(row, part, measure, (*path, "tariff"), assumptions)
    if found is None:
        return None
    tariff, label = found
    factor, later = ONE, list[Multiplier]()
    for multiplier in part.multipliers:
        if not fits(multiplier.when, row.choice):
            continue
        one = _range(multiplier.factor)
        if not one.is_point:
            assumptions.append(f"{part.label}: {multiplier.label} is published only as {_vague(multiplier.factor)}")
        if multiplier.above or multiplier.at_most:
            above, at_most = (
                tuple((name, Fraction(value)) for name, value in values.items())
                for values in (multiplier.above, multiplier.at_most)
            )
            later.append(Multiplier(multiplier.label, one, above, at_most))
        else:
            factor, label = (one if factor is ONE else factor * one), f"{label}, {multiplier.label}"
    quantise = part.quantise
    unit = row.unit(measure)
    if quantise is not None and quantise.mode == "unknown":
        assumptions.append(
            f"{part.label}: whether it is rounded up to {quantise.step:f} {unit} is not published: low is not rounded"
        )
    return Component(
        measure=measure,
        tariff=tariff,
        shown=Shown(f"{part.label}{label}", unit, _note(row, part, measure, unit)),
        included=Fraction(part.included),
        step=None if quantise is None else Fraction(quantise.step),
        mode="ceil" if quantise is None else quantise.mode,
        minimum=_fraction(part.minimum),
        cap=_fraction(part.cap),
        factor=factor,
        multipliers=tuple(later),
        unit_rounding=roundings.get("unit"),
        minimum_charge=_fraction(part.minimum_charge),
        maximum_charge=_fraction(part.maximum_charge),
        rounding=roundings.get("component"),
        per_output=part.per_output,
    )


def _tariff(
    row: Row, part: rows.CardComponent, measure: str, path: Path, assumptions: list[str]
) -> tuple[Tariff, str] | None:
    """What the settings leave of a tariff, and how they read on a line."""

    def price(amount: CardAmount) -> Range:
        if amount.low != amount.high:
            assumptions.append(f"{part.label}: the price is published only as {_vague(amount)}")
        return _range(amount)

    tariff = part.tariff
    match tariff:
        case rows.CardFlat():
            return Flat(price(tariff.price)), ""
        case rows.CardPerUnit():
            return PerUnit(price(tariff.price), Fraction(tariff.per)), ""
        case rows.CardTable():
            fitting = [cell for cell in tariff.cells if fits(cell.when, row.choice)]
            if len(fitting) != 1:
                _misfit(row, tariff.cells, len(fitting), (*path, "cells"))
                return None
            label = "".join(f", {row.choice[name]}" for name in fitting[0].when)
            cell = price(fitting[0].price)
            return (Flat(cell) if tariff.per is None else PerUnit(cell, Fraction(tariff.per))), label
        case rows.CardLadder():
            rungs = [cell for cell in tariff.cells if fits(cell.when, row.choice)]
            values = [cell.at for cell in rungs]
            if not _rises(row, tariff.cells, values, (*path, "cells"), "at"):
                return None
            prices = tuple(price(cell.price) for cell in rungs)
            return Ladder(tariff.axis, tuple(map(Fraction, values)), prices), _named(row, rungs)
        case rows.CardIntervals():
            cells = [cell for cell in tariff.cells if fits(cell.when, row.choice)]
            if not _rises(row, tariff.cells, [cell.up_to for cell in cells], (*path, "cells"), "up_to"):
                return None
            ends = tuple(_fraction(cell.up_to) for cell in cells)
            prices = tuple(price(cell.price) for cell in cells)
            return Intervals(tariff.axis, ends, prices, _fraction(tariff.per)), _named(row, cells)
        case rows.CardTiers():
            bands = [cell for cell in tariff.cells if fits(cell.when, row.choice)]
            if not _rises(row, tariff.cells, [cell.up_to for cell in bands], (*path, "cells"), "up_to"):
                return None
            tiers = tuple(
                Tier(
                    None if cell.flat is None else price(cell.flat),
                    None if cell.price is None else price(cell.price),
                    Fraction(cell.per),
                )
                for cell in bands
            )
            ends = tuple(_fraction(cell.up_to) for cell in bands)
            return Tiers(measure, tariff.mode == "graduated", ends, tiers), _named(row, bands)
        case _ as unreachable:
            assert_never(unreachable)


def _misfit(row: Row, cells: Sequence[_Cell], count: int, path: Path) -> None:
    chosen = _chosen(row, cells)
    if count:
        row.faults.add(path, f"{count} cells answer for {chosen}", "leave one")
    else:
        row.faults.add(path, f"the table has a hole: nothing for {chosen}", "add the cell")


def _chosen(row: Row, cells: Sequence[_Cell]) -> str:
    """The choice, as far as the cells ask for it."""
    used = {name for cell in cells for name in cell.when}
    return ", ".join(f"{name} {value}" for name, value in row.choice.items() if name in used) or "the offer"


def _rises(row: Row, cells: Sequence[_Cell], values: Sequence[Decimal | None], path: Path, key: str) -> bool:
    """Whether there are cells and each is beyond the one before (None: without end, so the last)."""
    if not values:
        _misfit(row, cells, 0, path)
        return False
    ordered = [Decimal("Infinity") if value is None else value for value in values]
    if any(later <= earlier for earlier, later in pairwise(ordered)):
        text = f"the cells for {_chosen(row, cells)} must rise in {key}, each once"
        row.faults.add(path, text, "sort them, leave one of each")
        return False
    return True


def _named(row: Row, cells: Sequence[rows.CardRung | rows.CardInterval | rows.CardTier]) -> str:
    names = dict.fromkeys(name for cell in cells for name in cell.when)
    return "".join(f", {row.choice[name]}" for name in names)


def _note(row: Row, part: rows.CardComponent, measure: str, base: str) -> str:
    notes = [f"{one.name} = {one.expression}" for one in row.offer.derive if one.name == measure]
    if part.included:
        notes.append(f"beyond the {part.included:f} {base} included")
    if part.quantise is not None:
        notes.append(f"rounded {_UP[part.quantise.mode]} {part.quantise.step:f} {base}")
    if part.minimum is not None:
        notes.append(f"at least {part.minimum:f} {base}")
    if part.cap is not None:
        notes.append(f"at most {part.cap:f} {base}")
    return ", ".join(notes)


def _price_text(row: Row, component: Component) -> str:
    tariff, unit, money = component.tariff, component.shown.unit, row.card.money
    match tariff:
        case Flat():
            return f"{_price(tariff.price * component.factor, money)} per output"
        case PerUnit():
            size = tariff.per if component.step == tariff.per else Fraction(1)
            count = f"{decimal_from(size):f} " if size != 1 else ""
            price = tariff.price * component.factor * Range.point(size / tariff.per)
            return f"{_price(price, money)} per {count}{unit}"
        case Ladder() | Intervals():
            prices = [price * component.factor for price in tariff.prices]
        case Tiers():
            prices = [
                price * component.factor
                for tier in tariff.tiers
                for price in (tier.flat, tier.price)
                if price is not None
            ]
        case _ as unreachable:
            assert_never(unreachable)
    low, high = min(price.low for price in prices), max(price.high for price in prices)
    return f"{_price(Range(low, low, high), money)} by {getattr(tariff, 'axis', None) or component.measure}"


def _price(price: Range, money: str) -> str:
    if price.is_point:
        return written(decimal_from(price.expected), money)
    return f"{decimal_from(price.low):f} to {written(decimal_from(price.high), money)}"


def _vague(amount: CardAmount) -> str:
    return f"{amount.low:f} to {amount.high:f}, {amount.expected:f} is expected"


def _range(amount: CardAmount) -> Range:
    return Range(Fraction(amount.low), Fraction(amount.expected), Fraction(amount.high))


def _fraction(value: Decimal | None) -> Fraction | None:
    return None if value is None else Fraction(value)
