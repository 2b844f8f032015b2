"""What a page is made of: sections, figures, tables, and how much of a long list is shown. Draws nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .text import Drawn, Shown

ROWS = 60
"""So many rows of a table are shown."""
ALL_OF_IT = "`faregate report --json` has all of them"

Tone = Literal["calm", "watch", "alarm"]


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a column."""

    name: str
    number: bool = False
    whole: bool = False
    """Whether its cells stay on one line: dates and the like."""
    prose: bool = False
    """Whether its cells are sentences, and want room."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under their columns; the first cell of each names it."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Shown, ...], ...]
    foot: tuple[Shown, ...] = ()
    more: str = ""
    """What was left out."""
    slim: bool = False
    """Whether it is many short rows, which stand side by side on paper."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a mark of a chart stands for."""

    mark: str
    """A class of the style sheet."""
    name: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart, the words beneath its title, and its numbers."""

    title: str
    drawing: Drawn | None
    keys: tuple[Key, ...] = ()
    words: tuple[Shown, ...] = ()
    table: Table | None = None
    how: tuple[Shown, ...] = ()
    """Stands before the table, folded away with it."""
    named: bool = False
    """Whether its title is a heading: where a section has several."""
    badge: str = ""
    tone: Tone = "calm"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page. With neither figure nor table it says in one sentence why."""

    id: str
    title: str
    lead: Shown
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    tables_first: bool = False

    @property
    def quiet(self) -> bool:
        return not self.figures and not self.tables


def text(name: str) -> Column:
    return Column(name)


def whole(name: str) -> Column:
    return Column(name, whole=True)


def prose(name: str) -> Column:
    return Column(name, prose=True)


def number(name: str) -> Column:
    return Column(name, number=True)


def money(name: str, currency: str | None) -> Column:
    """A column of amounts; None: they are of several currencies, and each cell names its own."""
    return Column(name if currency is None else f"{name}, {currency}", number=True)


def only(currencies: Sequence[str]) -> str | None:
    """The one currency of all of them; None: there are several."""
    return currencies[0] if len(set(currencies)) == 1 else None


def more(shown: int, of: int, order: str) -> str:
    """What stands below a table that was cut; nothing where it was not."""
    return "" if shown >= of else f"The {shown:,} {order} of {of:,}; {ALL_OF_IT}."
