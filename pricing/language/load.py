"""Reads card files: TOML with exact decimals, checked by the models of `card`. The only room that opens a file."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, DecimalException
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import BadCard
from .card import RateCard
from .merge import Loaded, Named, assemble
from .messages import found_from

LARGEST_BYTES = 1_000_000
_PART = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+"""
_DEEP_KEY = re.compile(rf"""(?<![A-Za-z0-9_."'\\-])(?:{_PART}){{100}}""", re.ASCII)
"""A dotted key of a hundred parts: reading one takes time in the square of its length."""


@cache
def shipped_cards() -> tuple[Named, ...]:
    """The cards that come with the library."""
    folder = files(str(__package__).rpartition(".")[0]) / "cards"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return read_cards({name: (folder / name).read_text(encoding="utf-8") for name in names})


def read_shipped() -> Loaded:
    """The book of the cards that come with the library."""
    return assemble(shipped_cards())


def texts_of(paths: Iterable[Path | str] | Path | str) -> Iterator[tuple[str, str | BadCard]]:
    """The text of these files, or of every *.toml of a folder, or why it cannot be read."""
    for path in map(Path, [paths] if isinstance(paths, (str, Path)) else paths):
        for file in sorted(path.glob("*.toml")) if path.is_dir() else [path]:
            name = str(file)
            try:
                if file.stat().st_size > LARGEST_BYTES:
                    limit = f"{LARGEST_BYTES} bytes"
                    yield name, BadCard(f"{name}: the file is too large for a card", limit=limit, next="split it")
                else:
                    yield name, file.read_text(encoding="utf-8")
            except OSError as error:
                yield name, BadCard(f"{name}: cannot be read: {error.strerror}", value=name)
            except UnicodeDecodeError:
                yield name, BadCard(f"{name}: is not UTF-8 text", value=name, next="save it as UTF-8")


def cards_from(paths: Iterable[Path | str] | Path | str) -> tuple[Named, ...]:
    """Cards from these files, or from every *.toml of a folder. Raises BadCard, also for a file that cannot be read."""
    texts: dict[str, str] = {}
    for name, text in texts_of(paths):
        if isinstance(text, BadCard):
            raise text
        texts[name] = text
    return read_cards(texts)


def read_cards(texts: Mapping[str, str]) -> tuple[Named, ...]:
    """Cards from TOML texts by name. Raises BadCard naming the file and the key."""
    return tuple((name, read_card(name, text)) for name, text in texts.items())


def read_card(name: str, text: str) -> RateCard:
    """One card. Raises BadCard with its first fault."""
    return check_card(name, read_toml(name, text))


def read_toml(name: str, text: str) -> dict[str, Any]:
    """The data of a card, its numbers exact. Raises BadCard."""
    if len(text) > LARGEST_BYTES:
        limit = f"{LARGEST_BYTES} characters"
        raise BadCard(f"{name}: the text is too large for a card", limit=limit, next="split it")
    if (deep := _DEEP_KEY.search(text)) is not None:
        line = text.count("\n", 0, deep.start()) + 1
        raise BadCard(f"{name}: is not a card: a key of more than 100 parts (at line {line})", limit="100 parts")
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError, DecimalException) as error:
        raise BadCard(f"{name}: is not TOML: {error}", value=name) from error


def check_card(name: str, data: Mapping[str, object]) -> RateCard:
    """A card from data already parsed; its numbers must be int or Decimal, for a float has lost digits."""
    try:
        return RateCard.model_validate(data)
    except ValidationError as error:
        found = found_from(error)
        raise found[0].error(name, len(found) - 1) from error
