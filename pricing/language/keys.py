"""The keys of each table of a card: where one that stands in the wrong place, or is misspelled, belongs. Reads none."""

from collections.abc import Mapping
from difflib import get_close_matches

from . import card, rows
from .faults import Path
from .fields import CardAmount, Model

TAGS = ("flat", "per-unit", "table", "ladder", "intervals", "tiers")
_Home = tuple[str, ...]
_RATE: _Home = ("offers", "rates")
_PART: _Home = (*_RATE, "components")
_TARIFF: _Home = (*_PART, "tariff")
_TARIFFS: Mapping[str, tuple[type[Model], type[Model] | None]] = {
    "flat": (rows.CardFlat, None),
    "per-unit": (rows.CardPerUnit, None),
    "table": (rows.CardTable, rows.CardCell),
    "ladder": (rows.CardLadder, rows.CardRung),
    "intervals": (rows.CardIntervals, rows.CardInterval),
    "tiers": (rows.CardTiers, rows.CardTier),
}
_HOMES: Mapping[_Home, tuple[type[Model], str]] = {
    (): (card.RateCard, "the top of the file"),
    ("offers",): (card.CardOffer, "[[offers]]"),
    ("offers", "settings", "*"): (card.CardSetting, "[offers.settings.NAME]"),
    ("offers", "limits"): (card.CardLimit, "limits"),
    ("offers", "duration"): (card.CardDuration, "duration"),
    ("offers", "slack"): (card.CardSlack, "slack"),
    ("offers", "derive"): (rows.CardDerived, "[[offers.derive]]"),
    ("offers", "settlement"): (card.CardSettlement, "[offers.settlement]"),
    _RATE: (rows.CardRate, "[[offers.rates]]"),
    (*_RATE, "sources"): (rows.CardSource, "sources"),
    (*_RATE, "rounding"): (rows.CardRounding, "rounding"),
    (*_RATE, "exchange"): (rows.CardExchange, "exchange"),
    _PART: (rows.CardComponent, "[[offers.rates.components]]"),
    (*_PART, "quantise"): (rows.CardQuantise, "quantise"),
    (*_PART, "multipliers"): (rows.CardMultiplier, "multipliers"),
    **{(*_TARIFF, tag): (model, f"a tariff of kind {tag}") for tag, (model, _) in _TARIFFS.items()},
    **{
        (*_TARIFF, tag, "cells"): (cell, f"the cells of {tag}")
        for tag, (_, cell) in _TARIFFS.items()
        if cell is not None
    },
    ("plans",): (card.CardPlan, "[[plans]]"),
    ("plans", "source"): (rows.CardSource, "source"),
    ("discounts",): (card.CardDiscount, "[[discounts]]"),
    ("discounts", "source"): (rows.CardSource, "source"),
    ("confirm",): (card.CardConfirm, "[[confirm]]"),
}
_OTHER_WORDS = {
    "maximum": ("cap", "max"),
    "maximum_seconds": ("cap", "max_seconds", "max"),
    "minimum": ("min",),
    "minimum_seconds": ("minimum", "min"),
    "max": ("cap", "max_seconds"),
    "min": ("minimum",),
    "rate": ("price",),
    "unit": ("per",),
}
_ALL = tuple(dict.fromkeys(name for model, _ in _HOMES.values() for name in model.model_fields))


def advice(path: Path) -> str:
    """What to do about an unknown key."""
    key, here = str(path[-1])[:60], _home(path[:-1])
    found = _HOMES.get(here)
    mine = tuple(CardAmount.model_fields if found is None else found[0].model_fields)
    for other in _OTHER_WORDS.get(key, ()):
        if other in mine:
            return f"did you mean {other}?"
    near = _near(key, mine)
    around = any(key in model.model_fields for home, (model, _) in _HOMES.items() if home == here[: len(home)])
    if near is not None and not around:
        return f"did you mean {near}?"
    if key in _ALL:
        return _belongs(key, here)
    near = _near(key, _ALL)
    return "remove it" if near is None else f"did you mean {near}? it {_belongs(near, here)}"


def _near(key: str, known: tuple[str, ...]) -> str | None:
    shuffled = next((one for one in known if sorted(one) == sorted(key)), None)  # pre for per
    return shuffled or next(iter(get_close_matches(key, known, n=1, cutoff=0.7)), None)


def _belongs(key: str, here: _Home) -> str:
    """Where it belongs: in what stands around it, else wherever there is such a key."""
    homes = [home for home, (model, _) in _HOMES.items() if key in model.model_fields]
    homes = [home for home in homes if home[:1] == here[:1]] or homes
    around = [home for home in homes if home == here[: len(home)]]
    if around:
        return f"belongs in {_HOMES[max(around, key=len)][1]}; move it up"
    names = list(dict.fromkeys(_named(home, sum(one[: len(_TARIFF)] == _TARIFF for one in homes)) for home in homes))
    return f"belongs in {' or '.join(names[:3])}; move it there"


def _named(home: _Home, kinds: int) -> str:
    """A table in words; a key of many kinds of tariff is simply one of tariffs."""
    return "a tariff or its cells" if home[: len(_TARIFF)] == _TARIFF and kinds > 2 else _HOMES[home][1]


def _home(path: Path) -> _Home:
    """The table of a path: without the places in lists, `*` for the name of a setting."""
    steps = [step for step in path if isinstance(step, str)]
    return tuple("*" if place == 2 and steps[1] == "settings" else step for place, step in enumerate(steps))
