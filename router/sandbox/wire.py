"""HTTP words: what was asked, what is answered, JSON with exact numbers. Opens no socket, makes no float."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from types import MappingProxyType
from typing import Self, cast
from urllib.parse import parse_qsl, unquote, urlsplit

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
REASONS: Mapping[int, str] = {each.value: each.phrase for each in HTTPStatus}
EMPTY = frozenset({204, 205, 304})
"""Statuses whose replies have no body."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One HTTP request, read whole."""

    method: str
    path: str
    """Without the query, percent-decoded."""
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    """Names in lower case."""
    body: bytes = b""
    host: str = "http://sandbox"
    """How the client reached us: http://127.0.0.1:4321."""
    parts: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    """The named parts of the path, once it is known whose door it is."""

    @classmethod
    def of(cls, method: str, url: str, headers: Mapping[str, str] = NO_HEADERS, body: bytes = b"") -> Self:
        """From a whole URL, as a client has it."""
        address = urlsplit(url)
        lower = {name.lower(): value for name, value in headers.items()}
        query = tuple(parse_qsl(address.query, keep_blank_values=True))
        return cls(method, unquote(address.path), query, lower, body, f"{address.scheme}://{address.netloc}")

    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def every(self, name: str) -> tuple[str, ...]:
        """Every value of a query parameter, repeated or comma-separated."""
        return tuple(part for key, value in self.query if key == name for part in value.split(",") if part)

    def one(self, name: str) -> str | None:
        return next((value for key, value in self.query if key == name), None)


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the connection ends before the exchange does: in the request's body or in the reply, never both."""

    request_body: int | None = None
    """No more of the request's body is read than this many bytes, and nothing comes back."""
    reply: int | None = None
    """No more of the reply, `Answer.raw()`, goes out than this many bytes."""
    reset: bool = False
    """Ended by a TCP reset, rather than closed in order."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    lag_s: float = 0.0
    """How long the first byte waits."""
    slow_s: float = 0.0
    """Over how long the body is spread, from its first byte to its last."""
    cut: Cut | None = None
    kind: str = "application/json"

    def head(self) -> bytes:
        """The reply as it leaves, up to the empty line before the body."""
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Unassigned')}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.status not in EMPTY:
            lines += [f"content-type: {self.kind}", f"content-length: {len(self.body)}"]
        return "\r\n".join([*lines, "connection: close", "", ""]).encode("latin-1")

    def raw(self) -> bytes:
        """The whole reply as it leaves, byte for byte."""
        return self.head() + (b"" if self.status in EMPTY else self.body)


def said(status: int, value: object, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
    """A JSON answer."""
    return Answer(status, dumps(value).encode(), headers)


def dumps(value: object) -> str:
    """JSON with every Decimal written as a plain number (1.4, never "1.4" or 1.4E0)."""
    return _MARKED.sub(r"\1", json.dumps(value, separators=(",", ":"), default=_known))


_MARKED = re.compile(r'"\\u0000decimal ([^"]*)"')
"""How the encoder of the standard library, which is quick but has no word for a Decimal, writes a marked one."""


def _known(value: object) -> object:
    if isinstance(value, Decimal):
        return f"\0decimal {plain(value)}"
    members = mapping(value)
    if members is not None:
        return dict(members)
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def loads(body: bytes) -> object:
    """JSON with numbers as int or Decimal. Raises ValueError for anything else, NaN and Infinity too."""
    try:
        value = cast("object", json.loads(body, parse_float=Decimal, parse_constant=_refuse))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if body.count(b"[") + body.count(b"{") >= 50:
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
