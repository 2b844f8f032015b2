"""What jobs taught: how long they took, how good people found them. Facts beside the money; moves none of it.

Of each offer with its settings only the newest facts are read, by an index: the look costs the same after a million
jobs as after a thousand.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from pricing import Money

from . import texts
from .errors import BadRequest, UnknownJob, WrongState
from .instants import moment
from .jobs.rows import JOB_BY_ID
from .store import Row, Statement, Work
from .taught import RATING, TIMING
from .texts import Words

NEWEST = 200
"""Facts of an offer with its settings that are looked at."""
MILLION = 10**6
LENGTH_MOST_MS = 2**53
_ADD_TIMING = Statement(sa.insert(TIMING), [column.name for column in TIMING.c])
_ADD_RATING = Statement(sa.insert(RATING), [column.name for column in RATING.c if column.name != "id"])
_LAST = Statement(
    sa.select(RATING)
    .where(RATING.c.job == sa.bindparam("job"), RATING.c.author == sa.bindparam("author"))
    .order_by(RATING.c.id.desc())
    .limit(sa.literal_column("1"))
    .offset(sa.literal_column("0"))  # said, because SQLite's dialect would bind one
)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long one job took from its intent to its clip."""

    offer: str
    settings: Words
    clip_ms: int
    took_ms: int
    at: datetime
    """When it was seen finished."""


@dataclass(frozen=True, slots=True)
class Rated:
    """What people said of an offer with its settings, 0 to 1 each."""

    offer: str
    settings: Words
    count: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class Charged:
    """What a provider charged for one attempt, beside what it was quoted."""

    offer: str
    settings: Words
    rates: tuple[str, ...]
    """The rows of the rate card that it was quoted by."""
    expected: Money
    charged: Money


def newest(table: str, key: str, order: str, columns: str = "t.*", joined: str = "") -> Statement:
    """The newest rows of each offer with its settings: from one to the next along the index, then a few of each.

    `columns` of them and of what is `joined`; {json} stands for the type that JSON in a text is looked into as.
    """
    after = (
        f"SELECT x.{key} FROM {table} x WHERE (x.offer, x.settings) > (kind.offer, kind.settings) "  # noqa: S608
        "ORDER BY x.offer, x.settings LIMIT 1"
    )
    kinds = (
        f"WITH RECURSIVE kind(offer, settings) AS (SELECT * FROM (SELECT offer, settings FROM {table} "  # noqa: S608
        f"ORDER BY offer, settings LIMIT 1) AS first UNION ALL SELECT t.offer, t.settings FROM kind "
        f"JOIN {table} t ON t.{key} = ({after}))"
    )
    few = (
        f"SELECT x.{key} FROM {table} x WHERE x.offer = kind.offer AND x.settings = kind.settings "  # noqa: S608
        f"ORDER BY x.{order} DESC LIMIT CAST(:most AS bigint)"
    )
    sort = f"ORDER BY t.offer, t.settings, t.{order} DESC"
    head, tail = f"{kinds} SELECT {columns} FROM kind JOIN {table} t ON t.{key}", f"{joined} {sort}"  # noqa: S608
    return Statement(
        sa.text(f"{head} IN ({few}) {tail}".replace("{json}", "text")),
        postgresql=sa.text(f"{head} = ANY(ARRAY({few})) {tail}".replace("{json}", "json")),
    )


_TIMINGS = newest("timing", "attempt", "at")
_RATINGS = newest("rating", "id", "id")
_CHARGED = newest(
    "timing",
    "attempt",
    "at",
    "t.offer, t.settings, attempt.currency, attempt.expected_nanos, attempt.posted_native_nanos, "
    "CAST(quote.body AS {json}) ->> 'rates' AS rates",
    "JOIN attempt ON attempt.id = t.attempt JOIN quote ON quote.id = attempt.quote_id "
    "JOIN job ON job.id = attempt.job AND job.evidence <> 'quote' "
    "AND attempt.expected_nanos > 0 AND attempt.posted_native_nanos > 0",
)


def watched(work: Work, now: int, tried: Row, took_ms: int | None, clip_ms: int | None) -> None:
    """Keep how long an attempt took, where somebody watched it finish. Raises BadRequest."""
    if took_ms is None or clip_ms is None:
        return
    for what, length in (("took_ms", took_ms), ("clip_ms", clip_ms)):
        if not 0 < length <= LENGTH_MOST_MS:
            raise BadRequest(f"{what} {length} is no length", value=str(length), limit=f"1 to {LENGTH_MOST_MS}")
    named = {name: tried[name] for name in ("offer", "settings")}
    work.later(_ADD_TIMING, {"attempt": tried["id"], "at": now, "clip_ms": clip_ms, "took_ms": took_ms} | named)


def latencies(work: Work, most: int) -> tuple[Latency, ...]:
    """The newest of each offer with its settings, newest first."""
    return tuple(
        Latency(row["offer"], texts.words(row["settings"]), row["clip_ms"], row["took_ms"], moment(row["at"]))
        for row in work.rows(_TIMINGS, {"most": most})
    )


def charges(work: Work, most: int) -> tuple[Charged, ...]:
    """What the newest of each offer with its settings were charged by their providers, of jobs that were watched."""
    return tuple(
        Charged(
            row["offer"],
            texts.words(row["settings"]),
            tuple(json.loads(row["rates"])),
            Money(row["expected_nanos"], row["currency"]),
            Money(row["posted_native_nanos"], row["currency"]),
        )
        for row in work.rows(_CHARGED, {"most": most})
    )


def ratings(work: Work, most: int) -> tuple[Rated, ...]:
    """Counts and sums of what was said newest; of one author and job the last word."""
    newest_of: dict[tuple[str, str], int] = {}
    sums: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in work.rows(_RATINGS, {"most": most}):
        if newest_of.setdefault((row["job"], row["author"]), row["id"]) == row["id"]:
            one = sums[row["offer"], row["settings"]]
            one[0] += 1
            one[1] += row["score_millionths"]
    return tuple(
        Rated(offer, texts.words(settings), count, Decimal(total) / MILLION)
        for (offer, settings), (count, total) in sums.items()
    )


def rate(work: Work, now: int, *, job: str, score: Decimal, author: str, note: str) -> None:
    """Keep a word on a made job. Raises UnknownJob, WrongState, BadRequest."""
    millionths = score * MILLION if score.is_finite() and 0 <= score <= 1 else Decimal(-1)
    if millionths < 0 or millionths != int(millionths):
        shown = str(score)[:40]
        raise BadRequest(f"a score is a number from 0 to 1, not {shown}", value=shown, limit="0 to 1, six decimals")
    row = work.row(JOB_BY_ID, {"job": texts.clean(job)})
    if row is None:
        shown = texts.clean(job)
        raise UnknownJob(f"there is no job {shown}", value=shown, next="faregate jobs lists them")
    if row["state"] != "settled" or row["outputs"] == "[]":
        raise WrongState(
            f"job {job} has no clip to rate: it is {row['state']}", value=row["state"], next="rate a job that was made"
        )
    said: dict[str, Any] = {"score_millionths": int(millionths), "note": note}
    last = work.row(_LAST, {"job": row["id"], "author": author})
    if last is not None and all(last[name] == value for name, value in said.items()):
        return
    named = {"job": row["id"], "author": author, "offer": row["offer"], "settings": row["settings"]}
    work.add(_ADD_RATING, said | named | {"at": now})
