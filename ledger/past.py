"""Past jobs as pricing prices them again: what was asked, charged and quoted, page after page. Never writes."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from pricing import Past

from . import texts
from .export.reading import Wanted, within
from .instants import EPOCH
from .store import Row, Statement, Store

Pairs = tuple[tuple[str, str], ...]
PAGE = 2_000
_DAY = 86_400 * 10**6
_COLUMNS = "id, offer, settings, outputs_asked, granted_at, charged_nanos, expected_nanos, currency"
_PAGE = f"""
    FROM job WHERE {{place}} > :after AND job.state = 'settled' AND job.granted_at >= :since AND job.granted_at < :until
    AND {within("job")} ORDER BY {{place}} LIMIT :size
"""
# In the order they were written where that is fastest: neighbours by id are not neighbours on the disk.
_SECONDS = "json_extract(request, '$.seconds')", "CAST(request AS json) ->> 'seconds'"


def _reading(*wanted: str) -> Statement:
    """For SQLite and PostgreSQL: the columns, what is `wanted` of the request in either, and where to go on."""
    sqlite, postgresql = (
        sa.text(f"SELECT {_COLUMNS}, {what}, {place} AS place {_PAGE.format(place=place)}")
        for what, place in zip(wanted, ("rowid", "id"), strict=True)
    )
    return Statement(sqlite, postgresql=postgresql)


_JOBS = _reading(*(f"{one} AS seconds" for one in _SECONDS))
_ASKED = _reading("request", "request")
_OTHERS = Statement(
    sa.text(
        "SELECT state, count(*) AS jobs FROM job WHERE job.state <> 'settled' AND job.granted_at >= :since "  # noqa: S608
        f"AND job.granted_at < :until AND {within('job')} GROUP BY state ORDER BY state"
    )
)


def jobs(store: Store, wanted: Wanted) -> Iterator[Past]:
    """The settled jobs made in these days. A page is one look; between two, other jobs may settle."""
    days: dict[int, date] = {}
    for page in _pages(store, _JOBS, wanted):
        for row in page:
            at = row["granted_at"] // _DAY
            day = days.get(at)
            if day is None:
                day = days[at] = _day(at)
            seconds = row["seconds"]
            if type(seconds) is not str or seconds[:1] == "[":
                seconds = _stated(seconds)
            yield Past(
                row["id"], row["offer"], seconds, day, _pairs(row["settings"]), row["outputs_asked"],
                row["charged_nanos"] or 0, row["expected_nanos"], row["currency"],
            )  # fmt: skip


def asked(store: Store, wanted: Wanted) -> Iterator[tuple[Past, Mapping[str, Any]]]:
    """The same, each with the request it was made for."""
    for page in _pages(store, _ASKED, wanted):
        for row in page:
            request = texts.mapping(row["request"])
            seconds = request.get("seconds")
            usage = seconds if isinstance(seconds, str) else _stated(json.dumps(seconds))
            yield (
                Past(
                    row["id"], row["offer"], usage, _day(row["granted_at"] // _DAY), _pairs(row["settings"]),
                    row["outputs_asked"], row["charged_nanos"] or 0, row["expected_nanos"], row["currency"],
                ),
                request,
            )  # fmt: skip


def others(store: Store, wanted: Wanted) -> dict[str, int]:
    """How many jobs made in these days are in which other state."""
    found = store.read(lambda work: work.rows(_OTHERS, wanted.values))
    return {row["state"]: row["jobs"] for row in found}


def _pages(store: Store, statement: Statement, wanted: Wanted) -> Iterator[list[Row]]:
    sqlite = store.dialect == "sqlite"
    after: int | str = 0 if sqlite else ""
    values = wanted.values
    while found := store.read(lambda work, after=after: work.rows(statement, {**values, "after": after, "size": PAGE})):  # type: ignore[misc]
        yield found
        after = found[-1]["place"]


def _day(number: int) -> date:
    return EPOCH.date() + timedelta(days=number)


@lru_cache(maxsize=4096)
def _pairs(settings: str) -> Pairs:
    return tuple(sorted(texts.words(settings).items()))


def _stated(seconds: object) -> str | Pairs:
    """A template's range, a bare number, or nothing: then there is no usage, which no book will price."""
    found: Any = json.loads(seconds, parse_float=str) if isinstance(seconds, str) else seconds
    if isinstance(found, list):
        return (("output_video_seconds", "-".join(map(str, found))),)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return () if found is None else str(found)
