"""statement fetch, import, list: what providers say they charged, into the ledger. Decides nothing about money."""

import json as json_
import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from ledger import BadStatement, Filed, Imported, Ledger, Statement, read_mapping, read_statement
from ledger import Source as Kind

from .. import BadRequest
from ..errors import NotConfigured, ProviderError
from ..ports import Talk
from ..statements import SOURCES as FETCHED
from ..statements import Fetched, fetch, missing, since
from ..transport import Http
from . import options as o
from .output import answer, complain, console, table
from .words import jobs_text

statement_app = typer.Typer(
    name="statement", help="What providers say they charged.", no_args_is_help=True, rich_markup_mode=None
)
Author = Annotated[str | None, typer.Option("--author", help="Who says so; default: you.")]
SOURCES: tuple[str, ...] = get_args(Kind)
Source = Annotated[
    str | None, typer.Option("--source", help=f"{', '.join(SOURCES)}; of a file it is found out if absent.")
]
First = Annotated[str | None, typer.Option("--from", help="The first day, YYYY-MM-DD (UTC).")]
End = Annotated[str | None, typer.Option("--to", help="The first day after it.")]
MappingFile = Annotated[Path | None, typer.Option("--mapping", help="TOML: which column of a CSV is what.")]
CreditValue = Annotated[
    str | None, typer.Option("--credit-value", help="Dollars per credit, where you know better than the bill.")
]
_LARGEST = 512 * 2**20


@statement_app.command("fetch")
def fetch_(
    *,
    provider: Annotated[str | None, typer.Option("--provider", help="Only this one's; default: all with keys.")] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="fal-usage, say, instead of its billing events.")
    ] = None,
    first: First = None,
    end: End = None,
    credit_value: CreditValue = None,
    author: Author = None,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """Ask the providers for their charges, and import them. Without --from, what is known and the last days again.

    fal wants an Admin key in FAL_ADMIN_KEY, Runware RUNWARE_API_KEY, Creatify CREATIFY_API_ID and CREATIFY_API_KEY.
    """
    value, sources = _value(credit_value), _sources(provider, source)
    today = o.today()
    until = today + timedelta(days=1) if end is None else o.day(end, "--to")
    told, failed = list[Imported](), list[ProviderError | BadStatement]()
    with o.open_ledger(db) as ledger, Http() as http:
        for one in sources:
            begin = since(one, _known(ledger, one), today) if first is None else o.day(first, "--from")
            now = datetime.now(UTC)
            try:
                pages = _drive(fetch(one, os.environ, first=begin, end=until, now=now), http)
                statement = read_statement(
                    _is_source(one), list(_pages(pages)), fetched_at=now, period=pages.period, credit_value=value,
                    name=one,
                )  # fmt: skip
            except (ProviderError, BadStatement) as error:  # the others' bills come in all the same
                failed.append(error)
                continue
            told.append(ledger.import_statement(statement, author=o.author(author)))
    if told and not (json and failed):  # a failure is the one document
        _tell(told, json=json)
    for other in failed[1:]:
        complain(str(other))
    if failed:
        raise failed[0]


@statement_app.command("import")
def import_(
    *,
    files: Annotated[list[Path], typer.Argument(help="Answers saved as JSON, CSV, or FOCUS as CSV or Parquet.")],
    source: Source = None,
    mapping: MappingFile = None,
    provider: Annotated[str | None, typer.Option("--provider", help="Whose a FOCUS file is.")] = None,
    first: First = None,
    end: End = None,
    complete: Annotated[
        bool, typer.Option("--complete", help="With --from and --to: no line of a FOCUS file's period is missing.")
    ] = False,
    credit_value: CreditValue = None,
    author: Author = None,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """Import statements from files; the same again changes nothing. Each file counts as fetched when it was saved."""
    period = _period(first, end)
    read = [_read(path, source, mapping, provider, period, credit_value, complete=complete) for path in files]
    with o.open_ledger(db) as ledger:
        told = [ledger.import_statement(one, author=o.author(author)) for one in read]
    _tell(told, json=json)


@statement_app.command("list")
def list_(
    *,
    provider: Annotated[str | None, typer.Option("--provider", help="Only this one's.")] = None,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """Every statement that was imported, the last fetched last."""
    with o.open_ledger(db) as ledger:
        found = ledger.statements(provider)
    if json:
        answer({"statements": [_filed_json(one) for one in found]})
        return
    table(
        "statements",
        ("statement", "provider", "source", "from", "to before", ">lines", "complete", "fetched", "by"),
        (
            (
                *(one.id[:8], one.provider, one.source, one.period[0], one.period[1], one.lines),
                *("yes" if one.complete else "no", f"{one.fetched_at:%Y-%m-%d %H:%M}Z", one.author),
            )
            for one in found
        ),
    )


def read_file(path: Path, source: str | None, mapping: Path | None) -> Statement:
    """A statement's file, of no stated period. Raises BadStatement, BadRequest."""
    return _read(path, source, mapping, None, None, None, complete=False)


def imported_json(one: Imported) -> dict[str, object]:
    return {
        "statement": one.statement,
        "provider": one.provider,
        "source": one.source,
        "lines": one.lines,
        "new_lines": one.new_lines,
        "charges": one.charges,
        "parked": one.parked,
        "unmatched": one.unmatched,
    }


def _filed_json(one: Filed) -> dict[str, object]:
    return {
        "statement": one.id,
        "provider": one.provider,
        "source": one.source,
        "period": [one.period[0].isoformat(), one.period[1].isoformat()],
        "lines": one.lines,
        "complete": one.complete,
        "fetched_at": one.fetched_at.isoformat(),
        "imported_at": one.imported_at.isoformat(),
        "author": one.author,
    }


def _tell(told: Sequence[Imported], *, json: bool) -> None:
    if json:
        answer({"statements": [imported_json(one) for one in told]})
        return
    for one in told:
        line = f"{one.source} of {one.provider}: {_lines(one.lines)}, {one.new_lines} new; "
        line += f"{jobs_text(one.charges)} told of a charge"
        line += f", {one.parked} of them to wait for a person (faregate report names them)" if one.parked else ""
        line += f"; {_lines(one.unmatched)} of no job of ours (see faregate reconcile)" if one.unmatched else ""
        console().print(line, markup=False)


def _lines(count: int) -> str:
    return f"{count} line{'' if count == 1 else 's'}"


def _sources(provider: str | None, source: str | None) -> list[str]:
    """What to fetch. Raises BadRequest, NotConfigured."""
    if provider is not None and provider not in FETCHED:
        known = ", ".join(FETCHED)
        raise BadRequest(f"{provider!r} has no bill to fetch", value=provider, limit=known, next=f"use {known}")
    if source is not None:
        if provider is not None and source not in FETCHED[provider]:
            has = ", ".join(FETCHED[provider])
            raise BadRequest(f"{provider} has no source {source!r}", value=source, limit=has, next=f"use {has}")
        return [source]
    if provider is not None:
        return [FETCHED[provider][0]]
    found = [sources[0] for sources in FETCHED.values() if missing(sources[0], os.environ) is None]
    if not found:
        raise NotConfigured(
            "no provider's keys are set", next="set FAL_ADMIN_KEY, RUNWARE_API_KEY, or CREATIFY_API_ID and its key"
        )
    return found


def _known(ledger: Ledger, source: str) -> date | None:
    """Where what we have of a source without a gap in asking ends."""
    return max((one.period[1] for one in ledger.statements() if one.source == source and one.complete), default=None)


def _drive(talk: Talk[Fetched], http: Http) -> Fetched:
    try:
        call = next(talk)
        while True:
            call = talk.send(http.perform(call))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def _pages(fetched: Fetched) -> list[Any]:
    return list(fetched.pages)


def _read(
    path: Path,
    source: str | None,
    mapping: Path | None,
    provider: str | None,
    period: tuple[date, date] | None,
    credit_value: str | None,
    *,
    complete: bool,
) -> Statement:
    try:
        at, data = datetime.fromtimestamp(path.stat().st_mtime, UTC), _bytes(path)
        rules = None if mapping is None else read_mapping(_bytes(mapping), mapping.name)
    except OSError as error:
        raise BadRequest(
            f"{error.filename or path} cannot be read: {error.strerror}", value=str(path), next="name a file"
        ) from error
    if at > datetime.now(UTC) + timedelta(days=1):
        raise BadRequest(
            f"{path} was saved on {at:%Y-%m-%d}, which is to come: what it says would outweigh every later bill",
            value=at.isoformat(), next=f"say when it was saved: touch -d DAY {path}",
        )  # fmt: skip
    chosen = _is_source(source or ("csv" if rules else _guess(data, path)))
    return read_statement(
        chosen, [data], fetched_at=at, period=period, mapping=rules, provider=provider, complete=complete,
        credit_value=_value(credit_value), name=path.name,
    )  # fmt: skip


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:  # a device tells no size
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise BadRequest(f"{path} is larger than {_LARGEST // 2**20} MiB", value=str(path), next="split it by months")
    return data


def _guess(data: bytes, path: Path) -> str:
    """Which source a file is of, by marks that only one has. Raises BadRequest."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf \r\n\t")
    if head.startswith(b"PAR1") or b"ChargeCategory" in head.partition(b"\n")[0]:
        return "focus"
    try:
        found: object = json_.loads(data) if head[:1] in (b"{", b"[") else None
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        marks = {"billing_events": "fal-billing-events", "time_series": "fal-usage", "data": "runware-usage"}
        for mark, source in marks.items():
            if mark in found:
                return source
    if (isinstance(found, list) and b"credits_used" in data) or (isinstance(found, dict) and "results" in found):
        return "creatify-jobs"
    raise BadRequest(
        f"it cannot be told what {path.name} is a statement of", value=str(path),
        next=f"say --source {'|'.join(SOURCES)}; a CSV of your own needs --mapping",
    )  # fmt: skip


def _is_source(text: str) -> Any:
    """A known source; it stays a word. Raises BadRequest."""
    if text not in SOURCES:
        known = ", ".join(SOURCES)
        raise BadRequest(f"--source {text!r} is none", value=text, limit=known, next=f"use {known}")
    return text


def _period(first: str | None, end: str | None) -> tuple[date, date] | None:
    if (first is None) != (end is None):
        raise BadRequest("a period takes both --from and --to", next="give both, or none")
    if first is None or end is None:
        return None
    found = o.day(first, "--from"), o.day(end, "--to")
    if found[0] >= found[1]:
        raise BadRequest(f"--to {end} is not after --from {first}", value=end, next="it is the first day after")
    return found


def _value(text: str | None) -> Fraction | None:
    return None if text is None else o.positive("--credit-value", text)
