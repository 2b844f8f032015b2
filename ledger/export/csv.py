"""Rows as CSV (RFC 4180): CRLF, quotes where needed, nothing where there is no value. Pure: writes to what it gets."""

import csv
from collections.abc import Iterator
from typing import TextIO

from .cells import TEXTS, Row, Table


def write(table: Table, out: TextIO) -> int:
    """Write the header and every row as it comes; answers how many rows. `out` must not translate line ends."""
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(column.name for column in table.columns)
    texts = [TEXTS[column.kind] for column in table.columns]
    count = 0

    def lines() -> Iterator[list[str]]:
        nonlocal count
        for row in table.rows:
            count += 1
            yield _line(row)

    def _line(row: Row) -> list[str]:
        return ["" if cell is None else text(cell) for text, cell in zip(texts, row, strict=True)]

    writer.writerows(lines())
    return count
