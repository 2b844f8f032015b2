"""An export from the database into a file, of one consistent look: picks the rows, the columns and the writer."""

import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Literal, get_args

from ..errors import BadRequest
from ..store import Work
from . import csv, files, focus, hledger, jobs, parquet, reading
from .cells import Column, Row, Table
from .reading import Wanted

Form = Literal["csv", "parquet", "focus", "hledger"]
FORMS: tuple[Form, ...] = get_args(Form)


def write(work: Work, form: Form, wanted: Wanted, out: BinaryIO, *, as_parquet: bool) -> int:
    """Write it from the start of `out`; answers how many rows, or transactions. May be begun again."""
    out.seek(0)
    out.truncate()
    if form == "hledger":
        return _journal(work, wanted, out)
    table = _table(work, form, wanted)
    if as_parquet:
        return parquet.write(table, out)
    text = io.TextIOWrapper(out, encoding="utf-8", errors="backslashreplace", newline="", write_through=False)
    try:
        return csv.write(table, text)
    finally:
        text.detach()


def takes_parquet(form: str, out: Path | None) -> bool:
    """Whether it becomes Parquet. Raises BadRequest for no such form, or where pyarrow is needed and not there."""
    if form not in FORMS:
        known = ", ".join(FORMS)
        raise BadRequest(f"no export {form!r}", value=form, limit=known, next=f"write one of {known}")
    needed = form == "parquet" or (form == "focus" and out is not None and out.suffix.lower() == ".parquet")
    if needed:
        parquet.tools()
    return needed


def columns_of(form: Form) -> tuple[Column, ...]:
    """Of a form that has any."""
    return focus.COLUMNS if form == "focus" else jobs.COLUMNS


def place(out: Path | BinaryIO, stack: ExitStack) -> BinaryIO:
    """Where to write, so that it is there whole or not at all."""
    return stack.enter_context(files.whole(out) if isinstance(out, Path) else files.spooled(out))


def companion(out: Path, made_at: int) -> Path:
    """Write the metadata that goes with a FOCUS file, beside it; answers where."""
    path = out.with_name(f"{out.name}.metadata.json")
    with files.whole(path) as file:
        file.write(json.dumps(focus.metadata(made_at), indent=2).encode() + b"\n")
    return path


def _table(work: Work, form: Form, wanted: Wanted) -> Table:
    rows: Iterator[Row]
    if form == "focus":
        ends = wanted.values
        rows = focus.rows(reading.charges(work, wanted), ends["since"], ends["until"])
    else:
        rows = reading.jobs(work, wanted, jobs.row)
    return Table(columns_of(form), rows)


def _journal(work: Work, wanted: Wanted, out: BinaryIO) -> int:
    count = 0

    def counted() -> Iterator[hledger.Transaction]:
        nonlocal count
        for one in reading.transactions(work, wanted):
            count += 1
            yield one

    accounts, currencies = reading.names(work)
    out.writelines(piece.encode("ascii") for piece in hledger.text(accounts, currencies, counted()))
    return count
