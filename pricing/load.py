"""Reads card files: TOML with exact decimals, checked by the models of `card`. The only room that opens a file."""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal, DecimalException
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .card import RateCard
from .compile import compile_card
from .credits import CreditPlan
from .entry import Entry
from .errors import BadCard

_LARGEST_BYTES = 1_000_000

Loaded = tuple[tuple[Entry, ...], tuple[CreditPlan, ...], str]
"""Offers with their rates, credit plans, and the hash of the content (not of its spelling)."""


def read_shipped() -> Loaded:
    """The cards that come with the library."""
    folder = files(__package__ or "pricing") / "cards"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return read_texts({name: (folder / name).read_text(encoding="utf-8") for name in names})


def read_files(paths: Iterable[Path | str]) -> Loaded:
    """Cards from these files, or from every *.toml of a folder. Raises BadCard, also for a file that cannot be read."""
    texts: dict[str, str] = {}
    for path in map(Path, paths):
        for file in sorted(path.glob("*.toml")) if path.is_dir() else [path]:
            try:
                if file.stat().st_size > _LARGEST_BYTES:
                    raise BadCard(f"{file}: the file is too large for a card", limit=f"{_LARGEST_BYTES} bytes")
                texts[str(file)] = file.read_text(encoding="utf-8")
            except OSError as error:
                raise BadCard(f"{file}: cannot be read: {error.strerror}", value=str(file)) from error
            except UnicodeDecodeError as error:
                raise BadCard(f"{file}: is not UTF-8 text", value=str(file)) from error
    return read_texts(texts)


def read_texts(texts: Mapping[str, str]) -> Loaded:
    """Cards from TOML texts by name. Raises BadCard naming the file and the key."""
    entries: list[Entry] = []
    plans: list[CreditPlan] = []
    contents: list[str] = []
    owners: dict[str, str] = {}
    for name, text in texts.items():
        card = read_card(name, text)
        contents.append(json.dumps(card.model_dump(mode="python"), default=_canonical, sort_keys=True))
        some_entries, some_plans = compile_card(card, name)
        entries += some_entries
        plans += some_plans
        ids = [f"offer {entry.offer.id}" for entry in some_entries]
        ids += [f"plan {plan.provider}/{plan.id}" for plan in some_plans]
        ids += [f"rate {rate.id}" for offer in card.offers for rate in offer.rates]
        for thing in ids:
            if thing in owners:
                raise BadCard(f"{name}: {thing} is already in {owners[thing]}", value=thing, next="ids must differ")
            owners[thing] = name
    digest = hashlib.sha256("\n".join(sorted(contents)).encode()).hexdigest()[:32]
    return tuple(entries), tuple(plans), digest


def read_card(name: str, text: str) -> RateCard:
    """One card. Raises BadCard with its first fault."""
    if len(text) > _LARGEST_BYTES:
        raise BadCard(f"{name}: the text is too large for a card", limit=f"{_LARGEST_BYTES} characters")
    try:
        data: dict[str, Any] = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError, DecimalException) as error:
        raise BadCard(f"{name}: is not TOML: {error}", value=name) from error
    return check_card(name, data)


def check_card(name: str, data: Mapping[str, object]) -> RateCard:
    """A card from data already parsed; its numbers must be int or Decimal, for a float has lost digits."""
    try:
        return RateCard.model_validate(data)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        key = ".".join(str(step) for step in faults[0]["loc"]) or "card"
        message = faults[0]["msg"].removeprefix("Value error, ")
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise BadCard(f"{name}: {key}: {message}{more}", value=key) from error


def _canonical(value: object) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
