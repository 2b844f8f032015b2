"""Rows as Parquet, amounts as decimal128(38, 9), in groups as they come. Pure: writes to what it is given.

Takes pyarrow (extra `[parquet]`), which is imported only here and only when this is used.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from importlib import import_module
from itertools import islice
from typing import Any, BinaryIO

from ..errors import BadRequest
from .cells import SECOND, Cell, Kind, Row, Table

GROUP = 5_000
"""Rows that are kept in memory at a time."""
SCALE = 9


def write(table: Table, out: BinaryIO) -> int:
    """Write every row as it comes; answers how many. Raises BadRequest where pyarrow is not there."""
    arrow, parquet = tools()
    types = _types(arrow)
    schema = arrow.schema([arrow.field(one.name, types[one.kind]) for one in table.columns])
    count = 0
    with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        for group in _groups(table.rows):
            count += len(group)
            columns = zip(table.columns, zip(*group, strict=True), strict=True)
            arrays = [arrow.array(_cells(one.kind, cells), type=types[one.kind]) for one, cells in columns]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema), row_group_size=GROUP)
    return count


def tools() -> tuple[Any, Any]:
    """pyarrow and its Parquet. Raises BadRequest: one line that says how to get it."""
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise BadRequest(
            "writing Parquet takes pyarrow", value="pyarrow", next="pip install 'faregate[parquet]', or export CSV"
        ) from None


def _types(arrow: Any) -> Mapping[Kind, Any]:
    return {
        "text": arrow.string(),
        "json": arrow.string(),
        "amount": arrow.decimal128(38, SCALE),
        "whole": arrow.int64(),
        "moment": arrow.timestamp("us", tz="UTC"),
        "second": arrow.timestamp("us", tz="UTC"),
        "yes": arrow.bool_(),
    }


def _groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    source = iter(rows)
    while group := list(islice(source, GROUP)):
        yield group


_VALUES: Mapping[Kind, Callable[[Any], object]] = {
    "amount": lambda nanos: Decimal(nanos).scaleb(-SCALE),  # at most 19 digits: exact in any context
    "second": lambda micros: micros - micros % SECOND,
    "yes": bool,
}


def _cells(kind: Kind, cells: tuple[Cell, ...]) -> list[object]:
    value = _VALUES.get(kind)
    return list(cells) if value is None else [None if cell is None else value(cell) for cell in cells]
