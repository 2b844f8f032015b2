"""The daily rollup: the journal summed by day and facet up to a watermark, folded on read. Settling never touches it.

Day: of the grant, in UTC, as budgets count. What is past the watermark is read from the journal itself, so an answer
is exact whether or not anybody folded. Weeks and months are sums of days; days of other zones are read from the journal
by quarters of an hour. What is held and what is provisional are few rows with indexes of their own: never folded.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from ..scopes import inside
from ..store import Row, Statement, Store, Work
from ..tables import TXN
from ..texts import mapping, named
from ..told import DAILY, FACET, FOLDED

DAY = 86_400_000_000
QUARTER = DAY // 96
"""Microseconds. Zones have been whole quarters of an hour from UTC since 1972."""
CHUNK = 20_000
"""Transactions of the journal in one write: others wait for it no longer than for a big batch."""
LAG = 1_000
"""So many transactions past the watermark are read rather than folded."""
FOREVER = 1 << 62

_KEYS = "job.scope, job.currency, attempt.provider, attempt.offer, job.tags"
_SUMMED = f"""
    SELECT txn.granted_at / :bucket AS bucket, {_KEYS},
      CAST(SUM(CASE WHEN EXISTS (SELECT 1 FROM txn AS earlier WHERE earlier.job = txn.job AND earlier.id < txn.id)
        THEN 0 ELSE 1 END) AS BIGINT) AS jobs,
      CAST(COALESCE(SUM(entry.amount_nanos), 0) AS BIGINT) AS settled
    FROM txn JOIN job ON job.id = txn.job JOIN attempt ON attempt.id = txn.attempt
      LEFT JOIN entry ON entry.txn = txn.id AND entry.book = 'envelope' AND entry.account = 'spent:' || job.scope
    WHERE {{where}} GROUP BY txn.granted_at / :bucket, {_KEYS}
"""  # noqa: S608  # our own
"""A job counts where it was first posted, also a charge of zero, which has no entry."""
_BETWEEN = "txn.id > :after AND txn.id <= :upto"
_GRANTED = "txn.granted_at >= :starts AND txn.granted_at < :ends"
_WITHIN = (
    "(job.scope = :scope OR (job.scope >= :below AND job.scope < :above)) "
    "AND job.granted_at >= :starts AND job.granted_at < :ends"
)


def _summed(where: str) -> Statement:
    return Statement(sa.text(_SUMMED.format(where=where)))


_TO_FOLD = _summed(_BETWEEN)
_PAST = _summed(f"txn.id > :after AND {_GRANTED}")
_OF_SCOPE = _summed(f"{_WITHIN} AND txn.id > :after")
_LAST = Statement(sa.select(sa.func.max(TXN.c.id).label("id")))
_QUIET = Statement(sa.text("SELECT 1"), postgresql=sa.text("LOCK TABLE txn IN SHARE MODE"))
"""Whoever has a number of `txn` and has not committed is waited for: a lower one cannot turn up later. SQLite has one
writer at a time anyway. Held only while the last number is read."""
_START = Statement(sa.text("INSERT INTO folded (id, txn) VALUES (1, 0) ON CONFLICT DO NOTHING"))
_MARK = Statement(sa.select(FOLDED.c.txn).where(FOLDED.c.id == sa.literal_column("1")))
_TAKE = Statement(sa.select(FOLDED.c.txn).where(FOLDED.c.id == sa.literal_column("1")).with_for_update())
_MOVE = Statement(sa.update(FOLDED).where(FOLDED.c.id == sa.literal_column("1")), ["txn"])
_FACET = Statement(sa.select(FACET.c.id).where(FACET.c.name == sa.bindparam("name")))
_ADD_FACET = Statement(sa.insert(FACET), [column.name for column in FACET.c if column.name != "id"])
_ADD_DAY = Statement(
    sa.text(
        "INSERT INTO daily (day, root, facet, jobs, settled_nanos) VALUES (:day, :root, :facet, :jobs, :settled) "
        "ON CONFLICT (day, root, facet) DO UPDATE SET jobs = daily.jobs + excluded.jobs, "
        "settled_nanos = daily.settled_nanos + excluded.settled_nanos"
    )
)
_FORGET = Statement(sa.delete(DAILY))
_NAME = Statement(sa.text("UPDATE facet SET name = :name, root = :root WHERE id = :id"))
_FACETS = Statement(sa.select(FACET))
_DAYS = Statement(
    sa.text("SELECT day AS bucket, facet, jobs, settled_nanos AS settled FROM daily WHERE day >= :first AND day < :end")
)
_WHOLE = Statement(
    sa.text(
        "SELECT facet, CAST(SUM(jobs) AS BIGINT) AS jobs, CAST(SUM(settled_nanos) AS BIGINT) AS settled "
        "FROM daily WHERE day >= :first AND day < :end GROUP BY facet"
    )
)


def fold(store: Store, *, lag: int = LAG) -> int:
    """Bring the rollup up to the journal, in short writes; answers how many transactions came in.

    `lag`: as long as no more are waiting, nothing is written. May be run by several at once.
    """
    mark, last = store.read(lambda work: (watermark(work), _last(work)))
    if last - mark <= lag:
        return 0
    last, done = store.write(_settled), 0
    known: dict[str, int] = {}
    while True:
        came, known = store.write(lambda work, known=known: _fold(work, last, known))  # type: ignore[misc]
        done += came
        if not came:
            return done


def _settled(work: Work) -> int:
    """The last number of the journal below which nothing is under way."""
    work.run(_QUIET, {})
    return _last(work)


def _last(work: Work) -> int:
    return int((work.row(_LAST, {}) or {"id": 0})["id"] or 0)


def watermark(work: Work) -> int:
    found = work.row(_MARK, {})
    return 0 if found is None else int(found["txn"])


def _fold(work: Work, last: int, known: Mapping[str, int]) -> tuple[int, dict[str, int]]:
    """One chunk, and the facets that are known by then. Several that fold take turns at the watermark."""
    work.run(_START, {})
    mark = int((work.row(_TAKE, {}) or {"txn": 0})["txn"])
    upto = min(last, mark + CHUNK)
    made = dict(known)
    if upto <= mark:
        return 0, made
    _add(work, mark, upto, made)
    work.run(_MOVE, {"txn": upto})
    return upto - mark, made


def _add(work: Work, after: int, upto: int, known: dict[str, int]) -> None:
    """Bring a stretch of the journal into the rollup."""
    rows: list[Mapping[str, object]] = []
    for row in work.rows(_TO_FOLD, {"bucket": DAY, "after": after, "upto": upto}):
        root, facet = facet_of(row)
        name = named(facet)
        if name not in known:
            found = work.row(_FACET, {"name": name})
            known[name] = work.add(_ADD_FACET, _columns(row, name, root)) if found is None else int(found["id"])
        day = {"day": row["bucket"], "root": root, "facet": known[name]}
        rows.append(day | {"jobs": row["jobs"], "settled": row["settled"]})
    work.many(_ADD_DAY, rows)


def facet_of(row: Row) -> tuple[str, str]:
    """The root of a row's scope, and all that makes its facet, as one text."""
    scope = str(row["scope"])
    return scope.partition("/")[0], _json(
        [scope, row["currency"], row["provider"], row["offer"], canonical(row["tags"])]
    )


def canonical(tags: str) -> str:
    """The same tags in any order are the same text."""
    return tags if tags == "{}" else _json(dict(sorted(mapping(tags).items())))


def _columns(row: Row, name: str, root: str) -> dict[str, object]:
    same: dict[str, object] = {column: row[column] for column in ("scope", "currency", "provider", "offer")}
    return {"name": name, "root": root, "tags": canonical(row["tags"])} | same


_json: Any = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def facets(work: Work) -> dict[int, Row]:
    return {row["id"]: row for row in work.rows(_FACETS, {})}


def days(work: Work, first: int, end: int, *, whole: bool = False) -> list[Row]:
    """(bucket, facet, jobs, settled) of days since 1970, the last one excluded; `whole`: of all of them together."""
    return work.rows(_WHOLE if whole else _DAYS, {"first": first, "end": end})


def journal(work: Work, bucket: int, after: int, starts: int, ends: int, scope: str | None = None) -> list[Row]:
    """The same from the journal itself, past a transaction: granted in [starts, ends), by stretches of `bucket` µs."""
    values: dict[str, object] = {"bucket": bucket, "after": after, "starts": starts, "ends": ends}
    if scope is None:
        return work.rows(_PAST, values)
    below, above = inside(scope)
    return work.rows(_OF_SCOPE, values | {"scope": scope, "below": below, "above": above})


def faults(work: Work) -> Iterator[str | None]:
    """Where the rollup is not what the journal says up to the watermark; None: a row of it is right."""
    told: dict[tuple[str, int], tuple[int, int]] = {}
    for row in work.rows(_TO_FOLD, {"bucket": DAY, "after": 0, "upto": watermark(work)}):
        key = facet_of(row)[1], int(row["bucket"])
        jobs, settled = told.get(key, (0, 0))
        told[key] = jobs + row["jobs"], settled + row["settled"]
    known = {number: (facet_of(row), row) for number, row in facets(work).items()}
    for number, ((root, text), row) in known.items():
        right = row["name"] == named(text) and row["root"] == root
        yield None if right else f"facet row {number}: its name or root is not of its content"
    for row in days(work, -FOREVER, FOREVER):
        text = known[row["facet"]][0][1] if row["facet"] in known else ""
        said = (row["jobs"], row["settled"])
        follows = told.pop((text, row["bucket"]), (0, 0))
        line = f"daily row {row['bucket']}/{row['facet']}: (jobs, nanos) is {said}, follows {follows}"
        yield None if said == follows else line
    for text, day in told:
        yield f"daily row {day}: nothing is there of {text}"


def rebuild(work: Work) -> list[str]:
    """Write the rollup anew up to its watermark where it is wrong; answers what was wrong."""
    mark = int((work.row(_TAKE, {}) or {"txn": 0})["txn"])  # nobody folds meanwhile
    wrong = [line for line in faults(work) if line is not None]
    if wrong:
        work.run(_FORGET, {})
        for number, row in facets(work).items():
            root, facet = facet_of(row)
            work.run(_NAME, {"id": number, "name": named(facet), "root": root})
        known: dict[str, int] = {}
        for after in range(0, mark, CHUNK):
            _add(work, after, min(mark, after + CHUNK), known)
    return wrong
