"""CSV and Parquet into rows of text, each with its line. What is crooked is refused."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from importlib import import_module
from io import StringIO
from typing import Any

from .raw import Place, text_of

LARGEST_FIELD = 100_000
Row = tuple[Place, Mapping[str, str]]


def csv_rows(
    data: str | bytes, file: str, *, delimiter: str = ",", skip: int = 0, needed: Mapping[str, str] | None = None
) -> Iterator[Row]:
    """Each row below the header, by its columns. Raises BadStatement.

    `skip`: so many lines stand above the header. `needed`: columns that must be there, and what for.
    """
    text = text_of(data, file)
    lines = text.splitlines(keepends=True)[skip:]
    reader = csv.reader(StringIO("".join(lines), newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    line = skip + 1
    while True:
        place = Place(file, f"line {line}")
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise place.fault("", f"is not CSV ({error})", next="save it again as CSV in UTF-8") from None
        if cells is None:
            break
        line = skip + reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = _header(cells, place, needed or {})
            continue
        if len(cells) != len(header):
            raise place.fault(
                "",
                f"has {len(cells)} cells, the header {len(header)}",
                next="is it cut off, or the delimiter another one?",
            )
        for name, cell in zip(header, cells, strict=True):
            if len(cell) > LARGEST_FIELD or "\x00" in cell:
                raise place.fault(name, "is not a short text", cell)
        yield place, dict(zip(header, cells, strict=True))
    if header is None:
        raise Place(file).fault("", "is empty: not even a header", next="save it again with its header")


def _header(cells: list[str], place: Place, needed: Mapping[str, str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    for index, name in enumerate(names):
        if not name and any(names[index:]):
            raise place.fault(f"column {index + 1}", "has no name in the header")
        if name and name in names[:index]:
            raise place.fault(
                f"column {index + 1}", "stands twice in the header", name, "which one counts cannot be told"
            )
    for column, word in needed.items():
        if column not in names:
            there = ", ".join(filter(None, names))[:200]
            raise place.fault(column, f"the mapping names it for {word}, but it is missing", next=f"there are: {there}")
    return names


def parquet_rows(data: bytes, file: str) -> Iterator[Row]:
    """The same of a Parquet file, where pyarrow is there (extra `[parquet]`). Raises BadStatement."""
    place = Place(file)
    try:
        tools: Any = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise place.fault(
            "", "reading Parquet takes pyarrow", next="pip install 'faregate[parquet]', or save it as CSV"
        ) from None
    return _arrow_rows(tools, data, place)


def _arrow_rows(tools: Any, data: bytes, place: Place) -> Iterator[Row]:
    arrow, parquet = tools
    try:
        file = parquet.ParquetFile(arrow.BufferReader(data))
        batches: Iterable[Any] = file.iter_batches(batch_size=10_000)
        number = 0
        for batch in batches:
            for row in batch.to_pylist():
                number += 1
                spot = Place(place.file, f"row {number}")
                yield spot, {str(name): _text(value, spot, str(name)) for name, value in row.items()}
    except (arrow.ArrowException, OSError) as error:
        raise place.fault(
            "", f"is not a Parquet file ({str(error).splitlines()[0]})", next="save it again, or as CSV"
        ) from None


def _text(value: object, place: Place, column: str) -> str:
    """As the same cell would stand in a CSV."""
    if value is None:
        return ""
    if isinstance(value, float):
        raise place.fault(column, "is a float, which is not exact", value, "write the column as DECIMAL")
    if isinstance(value, Decimal):
        return f"{value:f}"
    isoformat = getattr(value, "isoformat", None)
    return str(isoformat()) if isoformat is not None else str(value)
