"""Spend by any grouping, read from the rollup and what is past it. Their sum is the journal's, whatever the grouping.

Never writes. A cell's day is that of the grant, as a budget counts, so that what is held and what is settled meet.
"""

import gc
import re
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from operator import itemgetter

import sqlalchemy as sa

from pricing import Money

from ..errors import BadRequest
from ..instants import bounds, moment, zone
from ..scopes import MAX_SEGMENTS, chain
from ..store import Row, Statement, Work
from ..texts import mapping
from . import rollup
from .values import Cell, Grouping

_EPOCH = date(1970, 1, 1)
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 1, 1)
_TIMES: Mapping[str, Callable[[date], str]] = {
    "day": date.isoformat,
    "week": lambda day: "{}-W{:02}".format(*day.isocalendar()[:2]),
    "month": lambda day: f"{day:%Y-%m}",
}
_GROUPING = re.compile(r"day|week|month|provider|offer|scope(:[1-9][0-9]*)?|tag:(?s:.+)")
_RULE = "day, week, month, provider, offer, scope, scope:DEPTH or tag:NAME"
_HELD = Statement(
    sa.text(
        "SELECT job.granted_at, job.scope, job.currency, attempt.provider, COALESCE(attempt.offer, job.offer) AS offer,"
        " job.tags, job.open_nanos AS held, CASE WHEN job.charged_nanos IS NULL THEN 1 ELSE 0 END AS jobs "
        "FROM job LEFT JOIN attempt ON attempt.job = job.id AND attempt.number = job.attempts "
        "WHERE job.open_nanos > 0 AND job.granted_at >= :starts AND job.granted_at < :ends"
    )
)
_PROVISIONAL = Statement(
    sa.text(
        "SELECT job.granted_at, job.scope, job.currency, attempt.provider, attempt.offer, job.tags, "
        "attempt.posted_nanos AS provisional FROM job JOIN attempt ON attempt.job = job.id "
        "WHERE job.state = 'settled' AND job.final = 0 AND job.evidence = 'quote' "
        "AND job.granted_at >= :starts AND job.granted_at < :ends "
        "AND attempt.number = (SELECT MAX(one.number) FROM attempt AS one "
        "WHERE one.job = job.id AND one.posted_nanos IS NOT NULL)"
    )
)
"""The charge that stands only by our own quote: a job's last one. Better evidence that agrees makes no posting, so
the journal cannot tell."""


@dataclass(frozen=True, slots=True)
class Billed:
    """What bills state of one attempt, in the budget's currency. Handed in by whoever reads statements."""

    granted_at: int
    scope: str
    currency: str
    provider: str
    offer: str
    tags: str
    nanos: int


@contextmanager
def _no_collection() -> Generator[None]:
    """So many new values that are all kept: the garbage collector, in walking them, took nearly half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_no_collection()
def spend(
    work: Work,
    grouping: Sequence[Grouping],
    period: tuple[date, date],
    *,
    tz: str = "UTC",
    scope: str | None = None,
    billed: Iterable[Billed] | None = None,
) -> tuple[Cell, ...]:
    """The cells of a period, first day to first one after in `tz`, in order of their keys; a currency each.

    `scope`: only this one and below. `billed`: lines of bills, also of other periods; a cell without any is not
    invoiced. Raises BadRequest, BadScope, BadBudget.
    """
    sums = _Sums(checked(grouping), tz, scope)
    starts, ends = stretch(period, tz)
    if tz == "UTC":
        after = rollup.watermark(work)
        facets = {number: sums.group(row) for number, row in rollup.facets(work).items()}
        first, end = ((day - _EPOCH).days for day in period)
        sums.folded(facets, rollup.days(work, first, end, whole=not sums.times))
        past = rollup.journal(work, rollup.DAY, after, starts, ends)
    else:
        past = rollup.journal(work, rollup.QUARTER, 0, starts, ends, scope)
    bucket = rollup.DAY if tz == "UTC" else rollup.QUARTER
    for row in past:
        sums.add(row, row["bucket"] * bucket, (row["jobs"], 0, row["settled"], 0))
    within = {"starts": starts, "ends": ends}
    for row in work.rows(_HELD, within):
        provider = row["provider"] or row["offer"].partition("/")[0]
        sums.add(dict(row) | {"provider": provider}, row["granted_at"], (row["jobs"], row["held"], 0, 0))
    for row in work.rows(_PROVISIONAL, within):
        sums.add(row, row["granted_at"], (0, 0, 0, row["provisional"]))
    for one in billed or ():
        if starts <= one.granted_at < ends:
            sums.bill(one)
    return tuple(sums.cells())


def checked(grouping: Sequence[Grouping]) -> tuple[Grouping, ...]:
    """Raises BadRequest for a word that is no grouping, or one said twice."""
    for one in grouping:
        if _GROUPING.fullmatch(one) is None or (one.startswith("scope:") and int(one[6:]) > MAX_SEGMENTS):
            raise BadRequest(f"{one!r} is no grouping", value=one, limit=_RULE, next=f"group by {_RULE}")
    if len(set(grouping)) < len(grouping):
        raise BadRequest("a grouping is named twice", value=",".join(grouping), next="name each once")
    return tuple(grouping)


def known(period: tuple[date, date]) -> tuple[date, date]:
    """The period itself. Raises BadRequest for days so far away that no calendar need reach there."""
    if not EARLIEST <= min(period) <= max(period) <= LATEST:
        said = " until before ".join(map(str, period))
        raise BadRequest(f"a period from {said} is too far away", value=said, limit=f"{EARLIEST} to {LATEST}")
    return period


def stretch(period: tuple[date, date], tz: str) -> tuple[int, int]:
    """The instants at which a period begins and ends in a zone. Raises BadRequest, BadBudget."""
    first, after = period
    if not first < after:
        raise BadRequest(f"a period from {first} until before {after} has no day", value=str(after), limit=str(first))
    return begins(first, tz), begins(after, tz)


@lru_cache(maxsize=4096)
def begins(day: date, tz: str) -> int:
    """The instant at which a day begins in a zone, as budgets have it."""
    noon = (day - _EPOCH).days * rollup.DAY + rollup.DAY // 2
    for at in (noon - rollup.DAY, noon, noon + rollup.DAY):
        start, end = bounds("day", tz, at)
        if moment(start).astimezone(zone(tz)).date() == day:
            return start
    return end  # a day that this zone left out


Amounts = tuple[dict[int, int], dict[int, int], dict[int, int], dict[int, int], dict[int, int]]
"""Jobs, held, settled, provisional, invoiced, each by group: plain numbers, which no garbage collector walks."""


class _Sums:
    """The amounts of each time, and within it by all else that is grouped by."""

    def __init__(self, grouping: tuple[Grouping, ...], tz: str, scope: str | None) -> None:
        self._grouping, self._tz = grouping, tz
        self._scope = None if scope is None else chain(scope)[-1]
        self.times = tuple(one for one in grouping if one in _TIMES)
        self._still = tuple(one for one in grouping if one not in _TIMES)
        self._labels: dict[int, tuple[str, ...]] = {}
        self._groups: dict[tuple[str, ...], int] = {}
        """The parts of a key that are no time, its currency last; numbered, because numbers are quick to look up."""
        self._known: dict[tuple[str, ...], int | None] = {}
        self._sums: dict[tuple[str, ...], Amounts] = {}

    def group(self, row: Row) -> int | None:
        """The number of a row's group; None: it is of another scope."""
        return self._of((row["scope"], row["currency"], row["provider"], row["offer"], row["tags"]))

    def _of(self, names: tuple[str, str, str, str, str]) -> int | None:
        if names not in self._known:
            self._known[names] = self._group(names)
        return self._known[names]

    def _group(self, names: tuple[str, str, str, str, str]) -> int | None:
        scope, currency, provider, offer, text = names
        if self._scope is not None and scope != self._scope and not scope.startswith(f"{self._scope}/"):
            return None
        tags = mapping(text)
        parts: list[str] = []
        for one in self._still:
            if one.startswith("tag:"):
                parts.append(str(tags.get(one[4:], "")))
            elif one.startswith("scope:"):
                parts.append("/".join(scope.split("/")[: int(one[6:])]))
            else:
                parts.append({"scope": scope, "provider": provider, "offer": offer}[one])
        return self._groups.setdefault((*parts, currency), len(self._groups))

    def folded(self, facets: Mapping[int, int | None], rows: Iterable[Row]) -> None:
        """Rows of the rollup, the many ones: in order of their days."""
        last: int | None = None
        jobs_of, settled_of = dict[int, int](), dict[int, int]()
        for bucket, facet, jobs, settled in map(_OF_DAY, rows) if self.times else map(_of_no_day, rows):
            group = facets[facet]
            if group is None:
                continue
            if bucket != last or last is None:
                last = bucket
                jobs_of, _, settled_of, _, _ = self._at(bucket * rollup.DAY)
            jobs_of[group] = jobs_of.get(group, 0) + jobs
            settled_of[group] = settled_of.get(group, 0) + settled

    def add(self, row: Row, at: int, amounts: tuple[int, int, int, int]) -> None:
        group = self.group(row)
        if group is not None:
            for sums, amount in zip(self._at(at)[:4], amounts, strict=True):
                sums[group] = sums.get(group, 0) + amount

    def bill(self, one: Billed) -> None:
        """Only a group with a line on a bill is invoiced at all."""
        group = self._of((one.scope, one.currency, one.provider, one.offer, one.tags))
        if group is not None:
            *others, billed = self._at(one.granted_at)
            for sums in others if group not in billed else ():
                sums.setdefault(group, 0)
            billed[group] = billed.get(group, 0) + one.nanos

    def _at(self, at: int) -> Amounts:
        label = self._label(at) if self.times else ()
        found = self._sums.get(label)
        if found is None:
            found = self._sums[label] = ({}, {}, {}, {}, {})
        return found

    def _label(self, at: int) -> tuple[str, ...]:
        bucket = at // rollup.QUARTER
        found = self._labels.get(bucket)
        if found is None:
            day = moment(at).astimezone(zone(self._tz)).date()
            if at >= begins(day + timedelta(days=1), self._tz):  # the clocks went back over midnight
                day += timedelta(days=1)
            found = self._labels[bucket] = tuple(_TIMES[one](day) for one in self.times)
        return found

    def cells(self) -> list[Cell]:
        """In order of the keys, then the currency."""
        ranked = sorted(self._groups)
        stills = [(self._groups[one], dict(zip(self._still, one[:-1], strict=True)), one[-1]) for one in ranked]
        nothing = {currency: Money.zero(currency) for _, _, currency in stills}
        found: list[Cell] = []
        for label in sorted(self._sums):
            time = dict(zip(self.times, label, strict=True))
            jobs_of, held_of, settled_of, provisional_of, billed_of = self._sums[label]
            for group, still, currency in stills:
                jobs = jobs_of.get(group)
                if jobs is None:
                    continue
                held, settled, provisional = held_of.get(group), settled_of[group], provisional_of.get(group)
                zero = nothing[currency]
                found.append(
                    Cell(
                        time | still,
                        currency,
                        jobs,
                        Money(held, currency) if held else zero,
                        Money(settled, currency) if settled else zero,
                        Money(provisional, currency) if provisional else zero,
                        Money(billed_of[group], currency) if group in billed_of else None,
                    )
                )
        return found if (*self.times, *self._still) == self._grouping else self._in_order(found)

    def _in_order(self, cells: list[Cell]) -> list[Cell]:
        """The times were not asked for first."""
        told = [replace(one, keys={name: one.keys[name] for name in self._grouping}) for one in cells]
        return sorted(told, key=lambda one: (*one.keys.values(), one.currency))


_OF_DAY = itemgetter("bucket", "facet", "jobs", "settled")


def _of_no_day(row: Row) -> tuple[int, int, int, int]:
    return 0, row["facet"], row["jobs"], row["settled"]
