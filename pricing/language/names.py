"""Whether an offer's conditions and measures speak of what it has: settings, values, measures. Adds faults; pure."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from ..errors import BadCard
from ..evaluate.expression import FUNCTIONS, Expression
from ..units import BILLED, MEASURES
from . import rows
from .card import CardOffer
from .faults import Faults, Path

NOT_IN_WHEN = "conditions on measures go into above/at_most of a multiplier, never into when"


def check_names(offer: CardOffer, path: Path, faults: Faults) -> None:
    """Every `when` speaks of declared settings and values, every measure is known or derived before."""
    for where, condition in _conditions(offer):
        for name, values in condition.items():
            if name not in offer.settings:
                known = ", ".join(offer.settings) or "none"
                fix = f"its settings: {known}"
                if name in MEASURES or any(name == one.name for one in offer.derive):
                    fix = NOT_IN_WHEN
                faults.add((*path, *where, name), f"{name!r} is not a setting of the offer", fix)
                continue
            legal = offer.settings[name].values
            for value in values:
                if value not in legal:
                    faults.add(
                        (*path, *where, name), f"{value!r} is not one of its values", f"legal: {', '.join(legal)}"
                    )
    for setting, spellings in offer.aliases.items():
        for spelling, value in spellings.items():
            declared = offer.settings.get(setting)
            if declared is None or value not in declared.values:
                fix = "none" if declared is None else ", ".join(declared.values)
                faults.add((*path, "aliases", setting), f"{value!r} is not one of its values", f"legal: {fix}")
            elif spelling in declared.values:
                faults.add((*path, "aliases", setting), f"{spelling!r} is a value itself", "remove it")
    _unmetered(offer, path, faults)
    measures = _derive(offer, path, faults)
    for where, name in _measures(offer):
        if name not in measures:
            near = get_close_matches(name, measures, n=1, cutoff=0.6)
            fix = f"did you mean {near[0]}?" if near else f"known: {', '.join(measures)}"
            faults.add((*path, *where), f"{name!r} is neither a measure nor derived", fix)


def _derive(offer: CardOffer, path: Path, faults: Faults) -> list[str]:
    """The measures there are, each expression read and checked."""
    known = [name for name in MEASURES if name != BILLED]
    derived: list[str] = []
    for index, one in enumerate(offer.derive):
        here = (*path, "derive", index)
        if one.name in derived or one.name == BILLED or one.name in FUNCTIONS:
            faults.add((*here, "name"), f"{one.name!r} is taken", "choose another name")
        try:
            expression = Expression.parse(one.expression)
        except BadCard as error:
            faults.add((*here, "expression"), error.message, error.next or "")
        else:
            for name in expression.names:
                if name not in known or name == one.name:
                    faults.add(
                        (*here, "expression"),
                        f"{name!r} is neither a measure nor derived before this one",
                        "use names of measures, and derive in order",
                    )
        if one.name in MEASURES:
            pass  # it is worked out here instead of being stated
        else:
            known.append(one.name)
        derived.append(one.name)
    return known


def check_used(offer: CardOffer, path: Path, faults: Faults) -> None:
    """A derived measure that prices and limits nothing is a slip: some component forgot its `measure`."""
    limited = [limit.measure for limit in offer.limits] + ([offer.measure] if offer.max_seconds is not None else [])
    limited += [] if offer.duration is None else [offer.duration.measure or offer.measure]
    bare = any(part.measure is None for rate in offer.rates for part in rate.components)
    used = {name for _, name in _measures(offer)} | set(limited) | ({offer.measure} if bare else set[str]())
    for index, one in reversed(list(enumerate(offer.derive))):
        here = (*path, "derive", index)
        if one.name not in used and (*here, "expression") not in faults.found:
            faults.add((*here, "name"), f"{one.name!r} is not used", "name it as a component's `measure`, or remove it")
            continue
        try:
            used |= set(Expression.parse(one.expression).names)
        except BadCard:
            continue  # told already


def _unmetered(offer: CardOffer, path: Path, faults: Faults) -> None:
    """Nothing rounds or bounds a quantity beside a tariff that does not ask for one."""
    for row, rate in enumerate(offer.rates):
        for index, part in enumerate(rate.components):
            tariff = part.tariff
            if isinstance(tariff, (rows.CardPerUnit, rows.CardTiers)):
                continue
            table = isinstance(tariff, (rows.CardTable, rows.CardIntervals))
            if isinstance(tariff, (rows.CardTable, rows.CardIntervals)) and tariff.per is not None:
                continue
            for key in ("included", "quantise", "minimum", "cap"):
                if getattr(part, key):
                    what = f"{tariff.kind} without `per`" if table else tariff.kind
                    use = "add per = 1 to the tariff" if table else 'use kind = "per-unit" or "tiers"'
                    message = f"{key} has no effect: a tariff that is {what} does not ask how much is used"
                    where = (*path, "rates", row, "components", index, key)
                    faults.add(where, message, f"{use}, or leave {key} out")


def _conditions(offer: CardOffer) -> Iterator[tuple[Path, Mapping[str, tuple[str, ...]]]]:
    for index, limit in enumerate(offer.limits):
        yield ("limits", index, "when"), limit.when
    for index, hole in enumerate(offer.unsold):
        yield ("unsold", index), hole
    for row, rate in enumerate(offer.rates):
        yield ("rates", row, "when"), rate.when
        for index, part in enumerate(rate.components):
            here: Path = ("rates", row, "components", index)
            yield (*here, "when"), part.when
            for place, multiplier in enumerate(part.multipliers):
                yield (*here, "multipliers", place, "when"), multiplier.when
            if not isinstance(part.tariff, (rows.CardFlat, rows.CardPerUnit)):
                cells: tuple[rows.CardCell | rows.CardRung | rows.CardInterval | rows.CardTier, ...] = part.tariff.cells
                for place, cell in enumerate(cells):
                    yield (*here, "tariff", "cells", place, "when"), cell.when


def _measures(offer: CardOffer) -> Iterator[tuple[Path, str]]:
    for row, rate in enumerate(offer.rates):
        for index, part in enumerate(rate.components):
            here: Path = ("rates", row, "components", index)
            if part.measure is not None:
                yield (*here, "measure"), part.measure
            if isinstance(part.tariff, (rows.CardLadder, rows.CardIntervals)):
                yield (*here, "tariff", "axis"), part.tariff.axis
            for place, multiplier in enumerate(part.multipliers):
                for key in ("above", "at_most"):
                    for name in getattr(multiplier, key):
                        yield (*here, "multipliers", place, key, name), name
