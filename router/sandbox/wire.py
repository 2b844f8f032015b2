"""HTTP words: what was asked, what is answered, JSON with exact numbers. Opens no socket, makes no float."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import cast

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Ask:
    """One HTTP request, read whole."""

    method: str
    path: Mapping[str, str]
    """The named parts of the path."""
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    host: str
    """How the client reached us: http://127.0.0.1:4321."""

    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def every(self, name: str) -> tuple[str, ...]:
        """Every value of a query parameter, repeated or comma-separated."""
        return tuple(part for key, value in self.query if key == name for part in value.split(",") if part)

    def one(self, name: str) -> str | None:
        return next((value for key, value in self.query if key == name), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `lost`: the connection is closed and nothing goes back."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    lag_s: float = 0.0
    lost: bool = False
    kind: str = "application/json"


def said(status: int, value: object, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
    """A JSON answer."""
    return Answer(status, dumps(value).encode(), headers)


def dumps(value: object) -> str:
    """JSON with every Decimal written as a plain number (1.4, never "1.4" or 1.4E0)."""
    if isinstance(value, Decimal):
        return plain(value)
    members = mapping(value)
    if members is not None:
        return "{" + ",".join(f"{json.dumps(key)}:{dumps(item)}" for key, item in members.items()) + "}"
    items = sequence(value)
    if items is not None:
        return "[" + ",".join(map(dumps, items)) + "]"
    return json.dumps(value)


def loads(body: bytes) -> object:
    """JSON with numbers as int or Decimal. Raises ValueError for anything else, NaN and Infinity too."""
    try:
        value = cast("object", json.loads(body, parse_float=Decimal, parse_constant=_refuse))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    _measure_depth(value, 50)
    return value


def plain(value: Decimal) -> str:
    """1.40 → 1.4, 1E+1 → 10: no trailing zeros, and no exponent but for the absurd."""
    if not -40 < value.adjusted() < 40:
        return str(value)
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def mapping(value: object) -> Mapping[str, object] | None:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else None


def sequence(value: object) -> Sequence[object] | None:
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else None


def number(value: object) -> Decimal | None:
    """A JSON number as Decimal; None for anything else (a bool is no number)."""
    if isinstance(value, bool):
        return None
    return Decimal(value) if isinstance(value, int | Decimal) else None


def is_web(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://")) and len(value) > len("https://")


def _measure_depth(value: object, left: int) -> None:
    if left == 0:
        raise ValueError("nested too deeply")
    members = mapping(value)
    for item in (sequence(value) or ()) if members is None else members.values():
        _measure_depth(item, left - 1)


def _refuse(word: str) -> object:
    raise ValueError(f"{word} is not a JSON number")
