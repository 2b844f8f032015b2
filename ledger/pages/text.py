"""Values as the words and digits of a page. Rounds no amount: one that is cut says so and keeps its digits."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from html import escape

from pricing import Money

_NANOS = 10**9
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]|[^\x00-\U0010fffd]")
_HARMLESS = str.maketrans(
    {0x2028: " ", 0x2029: " "} | {0x10000 * plane + end: "�" for plane in range(1, 17) for end in (0xFFFE, 0xFFFF)}
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Markup that is finished: a template takes it as it is."""

    markup: str

    def __html__(self) -> str:
        return self.markup


Shown = str | Drawn
"""Text, which the template escapes, or markup."""


def plain(text: str) -> str:
    """The text without what no page may hold: control characters, halves of characters."""
    return _UNFIT.sub("�", text).translate(_HARMLESS)


def cut(text: str, width: int) -> str:
    """At most so many columns of it; what is left out is in its middle. A wide character takes two."""
    clean = " ".join(plain(text).split())
    if _columns(clean) <= width:
        return clean
    head, tail = "", ""
    for character in clean:
        if _columns(head + character) > width * 3 // 5:
            break
        head += character
    for character in reversed(clean):
        if _columns(head + "…" + character + tail) > width:
            break
        tail = character + tail
    return f"{head}…{tail}"


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def exact(nanos: int) -> str:
    """All digits, in groups of three, at least two behind the point."""
    whole, rest = divmod(abs(nanos), _NANOS)
    return f"{'−' if nanos < 0 else ''}{whole:,}.{f'{rest:09d}'.rstrip('0').ljust(2, '0')}"


def brief(nanos: int) -> str:
    """The same, cut behind two decimals, or four of an amount below one; whole where nothing would be left of it."""
    said = exact(nanos)
    whole, _, decimals = said.partition(".")
    keep = 4 if whole.lstrip("−") == "0" else 2
    return said if keep == 4 and not decimals[:keep].strip("0") else f"{whole}.{decimals[:keep]}"


def sum_of(nanos: int, currency: str, *, named: bool = True) -> Drawn:
    """An amount for reading. One that is cut has all its digits in its title."""
    said, whole, name = brief(nanos), exact(nanos), f" {escape(currency)}"
    shown = said if said == whole else f'<span title="{whole}{name}">{said}</span>'
    return Drawn(f'<span class="sum">{shown}{name}</span>' if named else shown)


def amount(money: Money | None, *, named: bool = True, absent: str = "–") -> Shown:
    return absent if money is None else sum_of(money.nanos, money.currency, named=named)


def words(money: Money) -> str:
    """The exact amount, as text."""
    return f"{exact(money.nanos)} {money.currency}"


def sums(amounts: Mapping[str, int]) -> Drawn:
    """Amounts of several currencies, one after the other."""
    return Drawn(", ".join(sum_of(nanos, currency).markup for currency, nanos in amounts.items()))


def joined(*parts: Shown) -> Drawn:
    """Text and markup in one line; text is escaped."""
    return Drawn("".join(part.markup if isinstance(part, Drawn) else escape(plain(part)) for part in parts))


def by_currency(amounts: "list[Money]") -> dict[str, int]:
    """Sums of what each amount comes to, whichever its sign."""
    found: dict[str, int] = {}
    for one in amounts:
        found[one.currency] = found.get(one.currency, 0) + abs(one.nanos)
    return found


def count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def ratio(value: Fraction) -> str:
    """Three decimals, half to even; a whole percent reads with two."""
    thousandths = round(value * 1000)
    said = f"{thousandths // 1000}.{thousandths % 1000:03d}"
    return said.removesuffix("0")


def percent(part: int, whole: int) -> str:
    """A whole number of percent, half to even."""
    return f"{round(Fraction(100 * part, whole))} %"


def settings(chosen: Mapping[str, str]) -> str:
    return plain(" ".join(f"{name}={value}" for name, value in chosen.items())) or "–"


def span(first: date, after: date) -> str:
    """The days of a period, whose second date is the first one after."""
    last = after - timedelta(days=1)
    return str(first) if last <= first else f"{first} to {last}"


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} {at.tzname() or ''}".strip()
