"""Every fault of a set of card files at once, with file, line, key and fix. Opens no file itself: `load` does."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from ..errors import BadCard
from .card import RateCard
from .faults import Fault, Faults, Found, Path
from .load import read_toml, shipped_cards, texts_of
from .merge import Beside, Named, gather
from .messages import found_from
from .positions import line_of, positions

_LINE = re.compile(r"at line ([0-9]+)", re.ASCII)
_LISTS = ("offers", "plans", "discounts", "confirm")


def check_files(paths: Iterable[FilePath | str] | FilePath | str) -> tuple[Fault, ...]:
    """Every fault of these files, or of every *.toml in a folder, in the order of the files; none: they are good.

    They are judged together, as one book; `replace`, `confirm` and discounts may also speak of shipped cards.
    """
    texts = dict(texts_of(paths))
    if not texts:
        shown = str(paths)[:200]
        return (Fault(shown, None, "folder", "there is no *.toml here", "name a card file, or a folder of them"),)
    return check_texts(texts)


def check_texts(texts: Mapping[str, str | BadCard]) -> tuple[Fault, ...]:
    """The same for TOML texts by name."""
    faults: dict[str, list[Fault]] = {name: [] for name in texts}
    cards: list[Named] = []
    moved: dict[str, dict[str, list[int]]] = {}
    for name, text in texts.items():
        if isinstance(text, BadCard):
            faults[name].append(_whole(name, text))
            continue
        try:
            data = read_toml(name, text)
        except BadCard as error:
            faults[name].append(_whole(name, error, text))
            continue
        card, found, kept = _salvage(data)
        faults[name] += _placed(name, text, found)
        if card is not None:
            cards.append((name, card))
            moved[name] = kept
    gathered = {name: Faults() for name, _ in cards}
    gather(cards, gathered, beside=_shipped_beside())
    for name, more in gathered.items():
        found = [Found(_original(one.path, moved[name]), one.message, one.fix) for one in more.found.values()]
        faults[name] += _placed(name, str(texts[name]), found)
    return tuple(fault for mine in faults.values() for fault in sorted(mine, key=lambda one: one.line or 0))


def _salvage(data: dict[str, Any]) -> tuple[RateCard | None, list[Found], dict[str, list[int]]]:
    """The card without the offers and plans whose shape is wrong, so that what is right is judged further."""
    kept = {key: list(range(len(data[key]))) for key in _LISTS if isinstance(data.get(key), list)}
    try:
        return RateCard.model_validate(data), [], kept
    except ValidationError as error:
        found = found_from(error)
    bad = {(one.path[0], one.path[1]) for one in found if len(one.path) > 1 and one.path[0] in _LISTS}
    kept = {key: [index for index in indexes if (key, index) not in bad] for key, indexes in kept.items()}
    rest = {**data, **{key: [data[key][index] for index in indexes] for key, indexes in kept.items()}}
    for key in {one.path[0] for one in found if len(one.path) == 1 and one.key not in RateCard.model_fields}:
        rest.pop(str(key), None)
    try:
        return RateCard.model_validate(rest), found, kept
    except ValidationError:
        return None, found, kept


def _original(path: Path, kept: Mapping[str, list[int]]) -> Path:
    """The path in the file, where the card that was judged has lost some items."""
    if len(path) > 1 and isinstance(path[1], int) and str(path[0]) in kept:
        return (path[0], kept[str(path[0])][path[1]], *path[2:])
    return path


def _placed(name: str, text: str, found: Iterable[Found]) -> list[Fault]:
    found = list(found)
    lines = positions(text) if found else {}
    return [Fault(name, line_of(lines, one.path), one.key, one.message, one.fix) for one in found]


def _whole(name: str, error: BadCard, text: str = "") -> Fault:
    message = error.message.removeprefix(f"{name}: ")
    stated = _LINE.search(message)
    line = int(stated[1]) if stated else (text.count("\n") + 1 if "end of document" in message else None)
    return Fault(name, line, "file", message, error.next or "correct the file")


def _shipped_beside() -> Beside:
    cards = [card for _, card in shipped_cards()]
    return Beside(
        frozenset(f"{card.whose}/{offer.id}" for card in cards for offer in card.offers),
        frozenset(f"{card.whose}/{plan.id}" for card in cards for plan in card.plans),
        frozenset(
            rate.id for card in cards for offer in card.offers for rate in offer.rates if rate.standing == "contested"
        ),
    )
