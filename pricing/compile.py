"""From card models to what quotes are made of: each rate row resolved for each choice of settings, with its dates.

Finds what one model cannot see: overlapping rows, gaps, tables with holes, settings nobody declared. Pure.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, product
from types import MappingProxyType
from typing import NoReturn, assert_never

from . import card as cards
from .credits import CreditPlan
from .dates import UNKNOWN, Moment
from .entry import DatedRate, Entry
from .errors import BadCard
from .money import Money, written
from .offer import Offer, Setting
from .rates import Component, Flat, MoneyRounding, PerUnit, Rate, Shown, Tariff, decimal_from
from .source import Source
from .units import MEASURES

_MOST_CHOICES = 10_000
_BLANK = Decimal(0)


def compile_card(card: cards.RateCard, file: str) -> tuple[tuple[Entry, ...], tuple[CreditPlan, ...]]:
    """Every offer and plan of one card. Raises BadCard naming the file and the key."""
    entries = tuple(_entry(card, offer, f"{file}: offers.{index}") for index, offer in enumerate(card.offers))
    plans = tuple(
        CreditPlan(
            plan.id,
            card.provider,
            card.currency,
            Money.of(plan.price, plan.currency),
            plan.credits,
            _source(card, plan.source, "unknown", None),
            plan.self_serve,
        )
        for plan in card.plans
    )
    return entries, plans


def _entry(card: cards.RateCard, offer: cards.CardOffer, where: str) -> Entry:
    for index, rate in enumerate(offer.rates):
        _check_conditions(offer, rate, f"{where}.rates.{index} ({rate.id})")
    choices = 1
    for setting in offer.settings.values():
        choices *= len(setting.values)
    if choices > _MOST_CHOICES:
        _fail(f"{where}.settings", f"{choices} combinations are too many", f"at most {_MOST_CHOICES}")
    names = tuple(offer.settings)
    rates = {
        choice: _timeline(card, offer, dict(zip(names, choice, strict=True)), where)
        for choice in product(*(setting.values for setting in offer.settings.values()))
    }
    slack = offer.slack
    public = Offer(
        id=f"{card.provider}/{offer.id}",
        provider=card.provider,
        name=offer.name,
        currency=card.currency,
        measure=offer.measure,
        settings={name: Setting(setting.values, setting.default) for name, setting in offer.settings.items()},
        max_seconds=offer.max_seconds,
        max_outputs=offer.max_outputs,
        slack_seconds=_BLANK if slack is None else slack.seconds,
        audio_driven=offer.from_audio,
    )
    note = "" if slack is None else f"{slack.note} ({slack.evidence})"
    return Entry(public, MappingProxyType(rates), note)


def _check_conditions(offer: cards.CardOffer, rate: cards.CardRate, where: str) -> None:
    """Every `when` speaks of declared settings and values."""
    conditions = [("when", rate.when)]
    for index, component in enumerate(rate.components):
        key = f"components.{index}"
        if isinstance(component.tariff, cards.CardTable):
            conditions += [(f"{key}.tariff.cells", cell.when) for cell in component.tariff.cells]
        conditions += [(f"{key}.multipliers", multiplier.when) for multiplier in component.multipliers]
    for key, condition in conditions:
        for name, value in condition.items():
            if name not in offer.settings:
                known = ", ".join(offer.settings) or "none"
                _fail(f"{where}.{key}", f"{name!r} is not a setting of the offer", f"its settings: {known}")
            if value not in offer.settings[name].values:
                legal = ", ".join(offer.settings[name].values)
                _fail(f"{where}.{key}.{name}", f"{value!r} is not one of its values", f"legal: {legal}")


def _timeline(
    card: cards.RateCard, offer: cards.CardOffer, choice: Mapping[str, str], where: str
) -> tuple[DatedRate, ...]:
    """The rows for one choice of settings in order of time; a row without an end lasts until the next begins."""
    mine = [
        (index, rate)
        for index, rate in enumerate(offer.rates)
        if all(choice[name] == value for name, value in rate.when.items())
    ]
    record = sorted((row for row in mine if row[1].standing == "record"), key=lambda row: _begins_first(row[1]))
    chosen = ", ".join(choice.values())
    if not record:
        _fail(f"{where}.rates", f"no price of record for {chosen or offer.id}", "add a rate for it")
    ends: dict[str, Moment | None] = {row.id: _moment(row.effective_until) for _, row in record}
    for (_, older), (index, newer) in pairwise(record):
        ends[older.id] = _end(older, newer, f"{where}.rates.{index} ({newer.id}).effective_from")
    for _, rival in (row for row in mine if row[1].standing == "contested"):
        beside = [row for _, row in record if _begins_first(row) <= _begins_first(rival)] or [record[0][1]]
        ends[rival.id] = _moment(rival.effective_until) or ends[beside[-1].id]
    ordered = [*record, *(row for row in mine if row[1].standing == "contested")]
    return tuple(
        DatedRate(
            _rate(card, offer, row, choice, f"{where}.rates.{index} ({row.id})"),
            None if row.effective_from == UNKNOWN else Moment.parse(row.effective_from),
            ends[row.id],
            max(date.fromisoformat(source.checked_on or card.checked_on) for source in row.sources),
        )
        for index, row in ordered
    )


def _end(older: cards.CardRate, newer: cards.CardRate, where: str) -> Moment | None:
    """When the older of two neighbours ends: as it says, or as the newer begins. Raises BadCard on overlap or gap."""
    if newer.effective_from == UNKNOWN or _begins_first(older) == _begins_first(newer):
        _fail(where, f"{older.id} and {newer.id} begin at the same time", "two prices of record cannot both hold")
    begins, stated = Moment.parse(newer.effective_from), _moment(older.effective_until)
    eve = begins.first - timedelta(days=1)
    latest = begins if begins.is_month else Moment(eve.isoformat(), eve, eve)
    if stated is None:
        return latest
    if stated.first > (begins if stated.is_month else latest).last:
        _fail(where, f"{older.id} (until {stated.text}) overlaps {newer.id}", "end it where the next begins")
    if stated.last < eve:
        _fail(where, f"nothing has a price between {stated.text} and {begins.text}", "close the gap")
    return stated if stated.last <= latest.last else latest


def _rate(
    card: cards.RateCard, offer: cards.CardOffer, row: cards.CardRate, choice: Mapping[str, str], where: str
) -> Rate:
    components = tuple(
        _component(offer, component, choice, f"{where}.components.{index}")
        for index, component in enumerate(row.components)
    )
    rounding = row.rounding
    return Rate(
        id=row.id,
        contested=row.standing == "contested",
        components=components,
        rounding=None if rounding is None else MoneyRounding(Fraction(rounding.step), rounding.mode, rounding.of),
        sources=tuple(_source(card, source, row.effective_from, row.effective_until) for source in row.sources),
        assumptions=row.assumptions,
        price_text=" + ".join(
            f"{written(part.shown.rate, card.currency)} per {part.shown.unit}" for part in components
        ),
    )


def _component(
    offer: cards.CardOffer,
    component: cards.CardComponent,
    choice: Mapping[str, str],
    where: str,
) -> Component:
    measure = component.measure or offer.measure
    tariff, chosen = _tariff(component.tariff, choice, where)
    factor = Fraction(1)
    for multiplier in component.multipliers:
        if all(choice[name] == value for name, value in multiplier.when.items()):
            factor *= Fraction(multiplier.factor)
            chosen += f", {multiplier.label}"
    quantise = component.quantise
    step = None if quantise is None else Fraction(quantise.step)
    return Component(
        measure=measure,
        included=Fraction(component.included),
        step=step,
        mode="ceil" if quantise is None else quantise.mode,
        minimum=None if component.minimum is None else Fraction(component.minimum),
        cap=None if component.cap is None else Fraction(component.cap),
        tariff=tariff,
        factor=factor,
        shown=_shown(component, tariff, factor, step, f"{component.label}{chosen}", MEASURES[measure]),
    )


def _tariff(tariff: cards.Tariff, choice: Mapping[str, str], where: str) -> tuple[Tariff, str]:
    """What the settings leave of a tariff, and how they read on a line."""
    match tariff:
        case cards.CardFlat(price=price):
            return Flat(Fraction(price)), ""
        case cards.CardPerUnit(price=price, per=per):
            return PerUnit(Fraction(price), Fraction(per)), ""
        case cards.CardTable(cells=cells, per=per):
            fits = [cell for cell in cells if all(choice[name] == value for name, value in cell.when.items())]
            chosen = ", ".join(choice.values())
            if not fits:
                _fail(f"{where}.tariff.cells", f"the table has a hole: nothing for {chosen}", "add the cell")
            if len(fits) > 1:
                _fail(f"{where}.tariff.cells", f"{len(fits)} cells answer for {chosen}", "leave one")
            cell = Fraction(fits[0].price)
            label = ", " + ", ".join(fits[0].when.values())
            return (Flat(cell) if per is None else PerUnit(cell, Fraction(per))), label
        case _ as unreachable:
            assert_never(unreachable)


def _shown(
    component: cards.CardComponent, tariff: Tariff, factor: Fraction, step: Fraction | None, label: str, base: str
) -> Shown:
    """Lines count in the tariff's own unit where billed quantities are whole in it, else in the measure's."""
    notes: list[str] = []
    if component.included:
        notes.append(f"beyond the {component.included:f} {base} included")
    if component.quantise is not None:
        word = {"ceil": "up", "floor": "down", "nearest": "to the nearest"}[component.quantise.mode]
        notes.append(f"rounded {word} to {component.quantise.step:f} {base}".replace("nearest to", "nearest"))
    if component.minimum is not None:
        notes.append(f"at least {component.minimum:f} {base}")
    if component.cap is not None:
        notes.append(f"at most {component.cap:f} {base}")
    note = ", ".join(notes)
    match tariff:
        case Flat(price):
            return Shown(label, "output", None, decimal_from(price * factor), note)
        case PerUnit(price, per) if per != 1 and step == per:
            return Shown(label, f"{decimal_from(per):f} {base}", per, decimal_from(price * factor), note)
        case PerUnit(price, per):
            return Shown(label, base, Fraction(1), decimal_from(price * factor / per), note)
        case _ as unreachable:
            assert_never(unreachable)


def _source(card: cards.RateCard, source: cards.CardSource, since: str, until: str | None) -> Source:
    return Source(source.url, source.evidence, source.checked_on or card.checked_on, since, until)


def _moment(text: str | None) -> Moment | None:
    return None if text is None else Moment.parse(text)


def _begins_first(row: cards.CardRate) -> date:
    return date.min if row.effective_from == UNKNOWN else Moment.parse(row.effective_from).first


def _fail(key: str, message: str, hint: str) -> NoReturn:
    raise BadCard(f"{key}: {message}", value=key, next=hint)
