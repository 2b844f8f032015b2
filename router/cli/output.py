"""How answers look: one JSON document, or tables for a person. Computes nothing."""

import json
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pricing import Money, Span

_PASSWORD = re.compile(r"(//[^\s/:@]*:)[^\s]*(?=@)|(?<=password=)[^\s&'\"]+")


def document(value: object) -> str:
    """One JSON document on one line, with its newline."""
    return json.dumps(value, allow_nan=False) + "\n"  # ASCII: whatever the terminal's encoding, the document is whole


def answer(value: object) -> None:
    """Write the document: stdout holds nothing else."""
    sys.stdout.write(document(value))
    sys.stdout.flush()


def masked(text: str) -> str:
    """The text without the passwords of addresses in it."""
    return _PASSWORD.sub(lambda found: f"{found[1] or ''}***", text)


def complain(message: str) -> None:
    """One line on stderr, whatever the message holds."""
    line = harmless(" ".join(masked(message).split())).encode("utf-8", "backslashreplace").decode()
    sys.stderr.write(f"faregate: {line}\n")


def money(value: Money | None) -> dict[str, str] | None:
    """An amount as the contract has it; None stays null: unknown is never zero."""
    return None if value is None else value.as_json()


def span(value: Span | None) -> dict[str, object] | None:
    return None if value is None else dict(value.as_json())


def console() -> Console:
    """A terminal's own width; a pipe gets room for a whole row."""
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)


def harmless(text: str) -> str:
    """The text, with escapes for what a terminal would obey or the eye would miss: bills bring words of others."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)


def plain(text: str, style: str = "") -> Text:
    """The text as it is: no markup is read out of it."""
    return Text(harmless(text), style=style)


class PlainTable(Table):
    """A table whose cells are shown as they are."""

    def add_row(self, *cells: object, **more: Any) -> None:
        super().add_row(*(plain("" if cell is None else str(cell)) for cell in cells), **more)


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table; amounts and counts are given as text already."""
    shown = PlainTable(
        title=plain(title), title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False
    )
    for column in columns:
        shown.add_column(column.lstrip(">"), justify="right" if column.startswith(">") else "left", overflow="fold")
    for row in rows:
        shown.add_row(*row)
    console().print(shown)


def named(offer: str, settings: Mapping[str, str]) -> str:
    """An offer with its settings, for a person."""
    inside = ", ".join(value for _, value in sorted(settings.items()))
    return f"{offer} ({inside})" if inside else offer
