"""export: the ledger as a file for others. Chooses the file and the days; the ledger writes it."""

import sys
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import BadRequest
from . import options as o
from .output import answer, console

Month = Annotated[str | None, typer.Option("--month", help="One month (UTC), e.g. 2026-10.")]
First = Annotated[str | None, typer.Option("--from", help="The first day, YYYY-MM-DD (UTC).")]
End = Annotated[str | None, typer.Option("--to", help="The first day after it.")]


def export(
    *,
    form: Annotated[str, typer.Argument(help="csv, parquet, focus (FOCUS 1.2; Parquet by its name) or hledger.")],
    out: Annotated[str, typer.Option("--out", help="The file to write, whole or not at all; - is stdout.")],
    month: Month = None,
    first: First = None,
    end: End = None,
    scope: o.Scope = None,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """Write jobs (csv, parquet), charges (focus) or the whole journal (hledger) to a file, every amount exact."""
    if json and out == "-":
        raise BadRequest("--json and --out - both want stdout", value="-", next="name a file")
    since, until = days(month, first, end)
    wish: Any = form
    with ExitStack() as stack:
        ledger = stack.enter_context(o.open_ledger(db))
        if form == "focus":  # what credits had cost is part of it
            for one in ledger.credits():
                ledger.draw_credits(one.provider)
        place = sys.stdout.buffer if out == "-" else Path(out)
        count = ledger.export(wish, place, since=since, until=until, scope=scope)
    if json:
        answer({"form": form, "file": out, "rows": count})
    elif out != "-":
        what = "transaction" if form == "hledger" else "row"
        console().print(f"written: {out}, {count} {what}{'' if count == 1 else 's'}", markup=False)


def days(month: str | None, first: str | None, end: str | None) -> tuple[date | None, date | None]:
    """The first day and the first one after. Raises BadRequest."""
    if month is not None:
        if first is not None or end is not None:
            raise BadRequest("give --month, or --from and --to", value=month, next="leave --month out")
        return o.month(month)
    since = None if first is None else o.day(first, "--from")
    until = None if end is None else o.day(end, "--to")
    if since is not None and until is not None and since >= until:
        raise BadRequest(f"--to {until} is not after --from {since}", value=str(until), next="--to is the day after")
    return since, until
