"""Text into exact values, or one clear line: file, line, column, value, what to do. Never a float, never a guess."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, DecimalException
from typing import Any, NoReturn, cast

from pricing import BadMoney, Money

from ..errors import BadStatement
from .lines import EARLIEST, LATEST, Period, StatementLine

LARGEST_DIGITS = 64
_SHOWN = 60
_DAY = timedelta(days=1)
Page = str | bytes | Mapping[str, object] | Sequence[object]
"""A page of an answer: its text, or what a fetcher has read from it with `parse_float=Decimal`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a statement something stands; `fault` says what is wrong there."""

    file: str
    row: str = ""
    """"line 7" of a table, "page 1, item 3" of an answer."""

    def fault(self, column: str, message: str, value: object = None, next: str | None = None) -> BadStatement:  # noqa: A002
        """One line for a person."""
        where = ", ".join(part for part in (self.file, self.row, column) if part)
        shown = None if value is None else short(value)
        what = message if shown is None else f"{message}: {shown}"
        return BadStatement(f"{where}: {what}", value=shown, next=next)


def short(value: object) -> str:
    """A value in at most one short line."""
    text = repr(value) if isinstance(value, str) else str(value)
    text = text.encode("unicode_escape").decode("ascii") if not text.isprintable() else text
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def text_of(data: str | bytes, file: str) -> str:
    """UTF-8, with or without its mark. Raises BadStatement."""
    if isinstance(data, bytes):
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise Place(file, f"line {line}").fault("", "is not UTF-8 text", next="save it as UTF-8") from None
    return data.removeprefix("\ufeff")


def json_of(page: Page, file: str) -> object:
    """The page's data, its numbers exact. Raises BadStatement."""
    if not isinstance(page, (str, bytes)):
        return page
    place = Place(file)
    try:
        return json.loads(
            text_of(page, file),
            parse_float=Decimal,
            parse_constant=lambda name: _refuse(name, place),
            object_pairs_hook=lambda pairs: _once(pairs, place),
        )
    except json.JSONDecodeError as error:
        raise Place(file, f"line {error.lineno}").fault(
            "", f"is not JSON ({error.msg})", next="save the whole answer"
        ) from None
    except (ValueError, RecursionError, DecimalException) as error:
        if isinstance(error, BadStatement):
            raise
        raise place.fault(
            "", "holds a number or a nesting beyond all bounds", next="save the provider's own answer"
        ) from None


def _refuse(name: str, place: Place) -> NoReturn:
    raise place.fault("", "is not a number", name, "ask the provider for one")


def _once(pairs: list[tuple[str, Any]], place: Place) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise place.fault("", "the same field stands twice in one object", twice, "which one counts cannot be told")
    return found


def rows_of(value: object, place: Place, column: str) -> list[Mapping[str, object]]:
    """A list of objects. Raises BadStatement."""
    if not isinstance(value, list):
        raise place.fault(column, "is not a list", value, "save the provider's whole answer")
    rows = cast("list[object]", value)
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise place.fault(f"{column} item {index + 1}", "is not an object", row)
    return cast("list[Mapping[str, object]]", rows)


def number(value: object, place: Place, column: str, *, least: int | None = None) -> Decimal:
    """An exact number, also one that stands in quotes. Raises BadStatement for all else, a float too."""
    if isinstance(value, float):
        raise place.fault(column, "is a float, which is not exact", value, "read the answer with parse_float=Decimal")
    if value is None:
        raise place.fault(column, "is missing", next="write a number such as 1.40")
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        raise place.fault(column, "is not a number", value, "write a number such as 1.40")
    if isinstance(value, str):
        value = value.strip()
        if not _plain(value):
            raise place.fault(column, "is not a plain number", value, "write a number such as 1.40")
    if isinstance(value, int) and abs(value) >= 10**LARGEST_DIGITS:
        raise place.fault(column, "is beyond all bounds", f"an integer of {value.bit_length()} bits")
    exact = Decimal(value)
    if not exact.is_finite() or (exact and not -LARGEST_DIGITS <= exact.adjusted() <= LARGEST_DIGITS):
        raise place.fault(column, "is beyond all bounds", value, "write a number such as 1.40")
    if least is not None and exact < least:
        raise place.fault(column, f"is less than {least}", value)
    return exact


def _plain(text: str) -> bool:
    mantissa, letter, exponent = text.lower().partition("e")
    digits = mantissa.lstrip("+-")
    whole = digits.replace(".", "", 1)
    fine = whole.isascii() and whole.isdigit() and len(mantissa) - len(digits) <= 1 and len(text) <= LARGEST_DIGITS
    power = exponent.removeprefix("-").removeprefix("+")
    return fine and (not letter or (power.isascii() and power.isdigit() and len(power) <= 3))


def maybe_number(row: Mapping[str, object], column: str, place: Place) -> Decimal | None:
    """None where the column is absent, null or empty."""
    value = row.get(column)
    return None if value is None or value == "" else number(value, place, column)


def money(value: Decimal, currency: str, place: Place, column: str) -> Money:
    """On the grid of nanos, half-even: a provider's floats carry noise below it. Raises BadStatement."""
    try:
        return Money.rounded(value, currency, "half-even")
    except BadMoney as error:
        raise place.fault(column, error.message, value, error.next) from None


def word(row: Mapping[str, object], column: str, place: Place, *, needed: bool = True) -> str:
    """A text of one line; empty where it may be absent. Raises BadStatement."""
    value = row.get(column)
    if value is None or value == "":
        if needed:
            raise place.fault(column, "is missing", next="save the provider's whole answer")
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise place.fault(column, "is not a text", value)
    text = str(value).strip()
    if len(text) > 500 or "\n" in text or "\x00" in text:
        raise place.fault(column, "is not one short line of text", text)
    return text


def instant(value: object, place: Place, column: str) -> datetime:
    """An ISO date-time with its zone, in UTC. Raises BadStatement, for a naive one too."""
    if value is None or value == "":
        raise place.fault(column, "is missing", next="write 2026-11-18T09:30:00Z")
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
        if read is not None and read.utcoffset() is not None:
            found = read.astimezone(UTC)
            within(found.date(), place, column, value)
            return found
    except (ValueError, OverflowError) as error:
        if isinstance(error, BadStatement):
            raise
    raise place.fault(column, "is not a date and time with its zone", value, "write 2026-11-18T09:30:00Z")


def within(day: date, place: Place, column: str, value: object) -> date:
    """The day itself. Raises BadStatement for one that no bill is of."""
    if not EARLIEST <= day < LATEST:
        raise place.fault(column, f"is no day from {EARLIEST} to before {LATEST}", value, "correct it")
    return day


def day_of(value: object, place: Place, column: str) -> date:
    """An ISO day, or the day in UTC of an instant. Raises BadStatement."""
    if isinstance(value, str) and len(value) == 10:
        try:
            day = date.fromisoformat(value)
        except ValueError:
            pass
        else:
            return within(day, place, column, value)
    return instant(value, place, column).date()


def one_day(day: date) -> Period:
    return day, day + _DAY


def spanning(lines: Iterable[StatementLine]) -> Period | None:
    """From the first to the last day of these; None: there are none."""
    found = [line.period for line in lines]
    return (min(first for first, _ in found), max(end for _, end in found)) if found else None


def raw_of(row: Mapping[str, object]) -> str:
    """The row as JSON, its numbers as they were written."""
    return json.dumps(row, ensure_ascii=False, sort_keys=True, default=str)


class Keys:
    """Keys for lines that bring none: a hash of what they say, and which one of equals it is. So a file that is read
    again, or has grown, gives the same keys, and two equal charges stay two."""

    def __init__(self) -> None:
        self._seen = Counter[str]()
        self._own = dict[str, str]()

    def of(self, *parts: str) -> str:
        said = json.dumps(parts, ensure_ascii=False).encode("utf-8", "backslashreplace")  # JSON may escape half a pair
        digest = hashlib.sha256(said).hexdigest()[:32]
        self._seen[digest] += 1
        return f"{digest}-{self._seen[digest]}"

    def own(self, key: str, place: Place, column: str) -> str:
        """A key that a row brings. Raises BadStatement where another row had it: of the two only one would count."""
        if key in self._own:
            where = self._own[key]
            raise place.fault(column, f"names {where} too", key, "a key names one line: name another column, or none")
        self._own[key] = place.row
        return key


def pages_of(pages: Iterable[Page], file: str) -> Iterator[tuple[Place, object]]:
    """Each page's data, and where it is."""
    many = list(pages)
    for index, page in enumerate(many):
        name = file if len(many) == 1 else f"{file}, page {index + 1}"
        yield Place(name), json_of(page, name)
