"""Structures as JSON text for the database, and back. Pure; quotes are named by their content."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any, cast

from pricing import Quote

from .errors import BadRequest

Words = Mapping[str, str]
EMPTY: Words = MappingProxyType({})
NAME_MOST = 500
"""Characters of a name that has an index: PostgreSQL's holds 2,704 bytes."""
_MEMORY = 64
_quotes: dict[int, tuple[Quote, str, str]] = {}


def dump(value: object) -> str:
    """Compact JSON text. Raises TypeError for what JSON cannot say, and for a float's NaN or infinity ValueError."""
    return "{}" if isinstance(value, Mapping) and not value else _encode(value)


def mapping(text: str) -> Mapping[str, Any]:
    """A read-only mapping."""
    return EMPTY if text == "{}" else MappingProxyType(cast("dict[str, Any]", json.loads(text)))


@lru_cache(maxsize=1024)
def words(text: str) -> Mapping[str, str]:
    """A read-only mapping of strings, such as settings; the same text gives the same one."""
    return mapping(text)


def lines(text: str) -> tuple[str, ...]:
    return () if text == "[]" else tuple(json.loads(text))


def quote(value: Quote) -> tuple[str, str]:
    """The name and the text of a quote. Remembers the last few: hold and begin ask for the same one."""
    known = _quotes.get(id(value))
    if known is not None and known[0] is value:
        return known[1], known[2]
    body = _encode(value.as_json())
    name = named(body)
    if len(_quotes) >= _MEMORY:
        _quotes.clear()
    _quotes[id(value)] = (value, name, body)
    return name, body


def named(body: str) -> str:
    """The name of a quote's text: the first half of its SHA-256."""
    return hashlib.sha256(body.encode()).hexdigest()[:32]


def clean(text: str) -> str:
    """Text that every database can hold: NUL and lone surrogates, which come from outside, become escapes."""
    if "\0" in text:
        text = text.replace("\0", "\\x00")
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def short(text: str) -> str:
    """A name from outside, clean, that an index can hold: a longer one is cut, its hash at the end keeps it apart."""
    text = clean(text)
    return text if len(text) <= NAME_MOST else f"{text[: NAME_MOST - 65]}…{hashlib.sha256(text.encode()).hexdigest()}"


def names(**given: str) -> None:
    """Raises BadRequest for a name that cannot be kept unchanged."""
    for what, text in given.items():
        if not text or short(text) != text:
            shown, word = clean(text[:80]), what.replace("_", " ")
            limit = f"1 to {NAME_MOST} characters of Unicode, none of them NUL"
            raise BadRequest(f"{shown!r} cannot be a {word}, which is {limit}", value=shown, limit=limit)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Sequence):
        return list(cast("Sequence[object]", value))
    raise TypeError(f"{type(value).__name__} cannot be kept as JSON")


_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_plain).encode
