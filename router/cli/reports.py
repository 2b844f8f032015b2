"""report, forecast: what was spent and where it is headed, for the terminal, as JSON, CSV or a page. Moves no money."""

import csv
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer

from ledger import Cell, Planned, Report, whole_file
from ledger.pages import page
from pricing import Money

from .. import BadRequest
from . import options as o
from .bills import Worth, worths
from .drawing import draw_forecasts, draw_report
from .output import answer, console
from .reporting import forecast_json, report_json

Tz = Annotated[str, typer.Option("--tz", help="The IANA zone in which a day begins; all but UTC are slower to read.")]
_STDOUT = Path("-")
_NAMES = ("day", "provider", "offer", "scope")
"""What a CSV is grouped by when nothing else is asked."""


def report(
    *,
    period: Annotated[
        str | None, typer.Option("--period", help="2026-11, or FROM..TO with both days in it; default this month.")
    ] = None,
    scope: Annotated[str | None, typer.Option("--scope", help="Only this scope and below.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Also by this tag.")] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="Cells by any of day,week,month,provider,offer,scope,scope:DEPTH,tag:NAME."),
    ] = None,
    tz: Tz = "UTC",
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write the cells to this file; - is stdout.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write one page to this file; - is stdout.")] = None,
    rate: Worth = None,
    cards: o.Cards = None,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """What a period came to, where the budgets stand, what needs attention."""
    asked = None if period is None else stretch(period)
    names = tuple(by.split(",")) if by else ()
    if csv_file is not None and not names:
        names = (*_NAMES, f"tag:{tag}") if tag else _NAMES
    files = {"--csv": csv_file, "--html": html}
    loud = [*(["--json"] if json else []), *(f"{name} -" for name, path in files.items() if path == _STDOUT)]
    if len(loud) > 1:
        raise BadRequest(f"{' and '.join(loud)} would both write to stdout", value="-", next="name a file")
    worth, minimums = worths(rate), o.minimums(cards)
    with o.open_ledger(db) as ledger:
        found = ledger.report(asked, scope, tz, tag, grouping=names, worth=worth, minimums=minimums)
    if csv_file is not None:
        _write(csv_file, _csv(names, found.cells))
    if html is not None:
        _write(html, _page(found))
    if json:
        answer(report_json(found))
    elif csv_file is None and html is None:
        draw_report(found)
    elif not loud:
        for path in filter(None, files.values()):
            console().print(f"written: {path}", markup=False)


def forecast(
    *,
    scope: Annotated[
        str | None, typer.Option("--scope", help="A path such as acme/campaign-7; default everything.")
    ] = (None),
    planned: Annotated[
        list[str] | None,
        typer.Option("--planned", help='A batch to come, "NAME=2026-12-05=40 USD"; may be repeated.'),
    ] = None,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """Where budgets will stand at the end of their period, and how well that was told before."""
    batches = [_planned(text) for text in planned or ()]
    with o.open_ledger(db) as ledger:
        found = ledger.forecast(scope, planned=batches)
    if json:
        answer(forecast_json(found))
    else:
        draw_forecasts(found)


def stretch(text: str) -> tuple[date, date]:
    """A month or FROM..TO, as the first day and the first one after. Raises BadRequest."""
    first, dots, last = text.partition("..")
    try:
        if not dots and (month := o.month_of(text)) is not None:
            return month
        start = date.fromisoformat(first)
        end = date.fromisoformat(last if dots else first) + timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise BadRequest(
            f"--period {text!r} is no period", value=text, next="write 2026-11 or 2026-11-01..2026-11-30"
        ) from error
    if not start < end:
        raise BadRequest(f"--period {text!r} ends before it begins", value=text, next="write FROM..TO")
    return start, end


def _planned(text: str) -> Planned:
    name, first, rest = text.partition("=")
    day, second, amount = rest.partition("=")
    if not (name and first and second):
        raise BadRequest(f"--planned {text!r} is no batch", value=text, next='write "NAME=2026-12-05=40 USD"')
    return Planned(name, o.day(day, "--planned"), Money.parse(amount))


def _csv(names: Sequence[str], cells: Sequence[Cell]) -> str:
    file = StringIO()
    out = csv.writer(file, lineterminator="\n")
    out.writerow([*names, "currency", "jobs", "held", "settled", "provisional", "invoiced"])
    for one in cells:
        amounts = (one.held, one.settled, one.provisional, one.invoiced)
        plain = ["" if amount is None else amount.as_json()["amount"] for amount in amounts]
        out.writerow([*map(_harmless, one.keys.values()), one.currency, one.jobs, *plain])
    return file.getvalue()


def _harmless(text: str) -> str:
    """A spreadsheet takes what begins so for a formula, and a tag is anybody's text."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text


def _page(found: Report) -> str:
    try:
        return page(found)
    except ModuleNotFoundError as error:
        missing = error.name or "a package"
        raise BadRequest(
            f"a page needs {missing}, which is not installed",
            value=missing,
            next='install it: pip install "faregate[report]"',
        ) from error


def _write(path: Path, text: str) -> None:
    """Whole or not at all. Raises BadRequest, StorageError."""
    if path == _STDOUT:
        sys.stdout.buffer.write(text.encode())  # as in a file, whatever the terminal's alphabet
        return
    with whole_file(path) as file:
        file.write(text.encode())
