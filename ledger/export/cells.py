"""What the columns of an export are, and how each value reads as text: exact to the digit, no float. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from ..instants import EPOCH

Kind = Literal["text", "json", "amount", "whole", "moment", "second", "yes"]
Cell = str | int | None
"""As the database has it: nanos for an amount, microseconds for a moment, 0 or 1 for yes. None: not known, or none."""
Row = tuple[Cell, ...]
NANOS = 10**9
SECOND = 10**6
_RISKY = frozenset("=+-@\t\r\n")
"""A spreadsheet takes text that begins so for a formula."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what is in it, and what it means."""

    name: str
    kind: Kind
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, and the rows as they come."""

    columns: tuple[Column, ...]
    rows: Iterable[Row]


def amount(nanos: int) -> str:
    """Every digit, and always a decimal point: 1.0, -0.000000001."""
    whole, rest = divmod(abs(nanos), NANOS)
    sign = "-" if nanos < 0 else ""
    return f"{sign}{whole}.{rest:09d}".rstrip("0") if rest else f"{sign}{whole}.0"


def moment(micros: int) -> str:
    """2026-11-20T12:00:00.000000Z."""
    return f"{(EPOCH + timedelta(microseconds=micros)).isoformat('T', 'microseconds')[:26]}Z"


def second(micros: int) -> str:
    """2026-11-20T12:00:00Z; the second that has begun."""
    return f"{(EPOCH + timedelta(microseconds=micros)).isoformat('T', 'seconds')[:19]}Z"


def safe(text: str) -> str:
    """Text that no spreadsheet runs: one that begins like a formula gets an apostrophe in front."""
    return f"'{text}" if text and text[0] in _RISKY else text


def yes(value: int) -> str:
    return "true" if value else "false"


TEXTS: Mapping[Kind, Callable[..., str]] = {
    "text": safe,
    "json": str,
    "amount": amount,
    "whole": str,
    "moment": moment,
    "second": second,
    "yes": yes,
}
"""How a value that is there reads in a CSV; JSON begins with a bracket."""
