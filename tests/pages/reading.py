"""A page as a strict reader takes it: its tree, its words, its numbers. Any fault in the markup is an error."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast
from xml.etree import ElementTree

import html5lib

from pricing import Money

Element = ElementTree.Element
_AMOUNT = re.compile(r"−?\d[\d,]*\.\d{2,}")
_COUNT = re.compile(r"\d[\d,]*")


@dataclass(frozen=True)
class Read:
    """A page, read."""

    html: str
    tree: Element

    def all(self, name: str) -> list[Element]:
        return list(self.tree.iter(name))

    @property
    def words(self) -> str:
        """What it says, tooltips included."""
        said = [*self.tree.itertext(), *(one.get("title", "") for one in self.tree.iter())]
        return "\n".join(said)

    @property
    def amounts(self) -> set[str]:
        return set(_AMOUNT.findall(self.words))

    @property
    def counts(self) -> set[str]:
        return set(_COUNT.findall(self.words))

    @property
    def drawings(self) -> list[Element]:
        """Each chart, read as XML."""
        starts = [found.start() for found in re.finditer('<svg class="chart"', self.html)]
        return [ElementTree.fromstring(_whole(self.html, start)) for start in starts]  # noqa: S314  of our own making


def read(html: str) -> Read:
    """Raises html5lib's ParseError at the first fault."""
    html.encode("utf-8")
    untyped: Any = html5lib
    parser = untyped.HTMLParser(untyped.getTreeBuilder("etree"), strict=True, namespaceHTMLElements=False)
    tree: Element = parser.parse(html)
    for one in tree.iter():
        one.tag = str(one.tag).rpartition("}")[2]
    return Read(html, tree)


def _whole(html: str, start: int) -> str:
    """From one `<svg` to its own end: one may hold another."""
    depth = 0
    for found in re.finditer(r"<svg\b|</svg>", html[start:]):
        depth += 1 if found.group() == "<svg" else -1
        if not depth:
            return html[start : start + found.end()]
    raise AssertionError("an <svg> that does not end")


def written(money: Money) -> str:
    """All its digits, worked out another way than the page's."""
    said = f"{abs(Decimal(money.nanos)) / 10**9:,f}"
    whole, _, rest = said.partition(".")
    return f"{'−' if money.nanos < 0 else ''}{whole}.{rest.rstrip('0').ljust(2, '0')}"


def numbers(value: Any, name: str = "") -> Iterator[tuple[str, object]]:
    """Every amount, count and day inside, with the name of its field."""
    if isinstance(value, Money | int | date):
        yield name, value.date() if isinstance(value, datetime) else value
    elif isinstance(value, Mapping):
        return
    elif isinstance(value, tuple):
        for one in cast("tuple[Any, ...]", value):
            yield from numbers(one, name)
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            yield from numbers(getattr(value, one.name), one.name)
