"""Spend by day × provider × offer × tag over a ledger of many jobs, against its floor: reading a daily rollup by hand.

The floor is a flat rollup table of the same groups, clustered by them, read with sqlite3 in one statement. Both are
measured in turns in the same run; the median of the paired ratios is printed, and the peak of memory. Also: what it
costs to fold the journal, and a plain GROUP BY over the jobs. The rows are made in SQL, past our verbs. Run
`python benchmarks/bench_report.py [--rows 1000000] [--folder /tmp]`. Absolute times mean nothing here.
"""

import argparse
import gc
import resource
import sqlite3
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ledger import Ledger

TARGET = 3.0
PAIRS = 9
FIRST, DAYS = date(2026, 1, 1), 365
OFFERS, TEAMS = 15, 10
"""54,750 groups, if there are jobs enough."""
GROUPING = ("day", "provider", "offer", "tag:team")
_START = (FIRST - date(1970, 1, 1)).days * 86_400_000_000
_N = f"(n * 7919 + n / {OFFERS * TEAMS})"
"""A number that wanders over the days, whatever the offer and the team are."""
_COMMON = f"""
    WITH RECURSIVE counted(n) AS (SELECT {{first}} UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < {{end}}),
    made AS (SELECT n, 'j' || printf('%09d', n) AS job, 'a' || printf('%09d', n) AS attempt,
      n % {OFFERS} AS offer, n / {OFFERS} % {TEAMS} AS team,
      {_START} + {_N} % {DAYS} * 86400000000 + n % 86400 * 1000000 AS at,
      700000000 + n % 4001 * 1000 AS nanos FROM counted)
"""  # noqa: S608  # our own
_SELECTS = {
    "job": {
        "id": "job", "key": "job", "request_hash": "'h'", "scope": "'acme/c7'", "currency": "'USD'",
        "state": "'settled'", "step": "4", "attempts": "1", "offer": "{offer}", "settings": "'{{}}'",
        "outputs_asked": "1", "first_quote_id": "'q'", "quote_id": "'q'", "low_nanos": "nanos",
        "expected_nanos": "nanos", "high_nanos": "nanos", "held_nanos": "nanos", "open_nanos": "0",
        "charged_nanos": "nanos", "native_nanos": "nanos", "native_currency": "'USD'", "reported_nanos": "nanos",
        "reported_currency": "'USD'", "parked_nanos": "0", "evidence": "'inline'", "final": "1", "cause": "'none'",
        "reason": "''", "proof": "''", "tags": "'{{\"team\":\"t' || team || '\"}}'", "request": "'{{}}'",
        "outputs": "'[]'", "owner": "'bench'", "granted_at": "at", "expires_at": "at", "silent_since": "NULL",
        "batch": "''", "lease_owner": "''", "lease_until": "0",
    },
    "attempt": {
        "id": "attempt", "job": "job", "number": "1", "provider": "{provider}", "offer": "{offer}",
        "settings": "'{{}}'", "outputs_asked": "1", "quote_id": "'q'", "currency": "'USD'", "low_nanos": "nanos",
        "expected_nanos": "nanos", "high_nanos": "nanos", "rate": "'1'", "fingerprint": "'f'",
        "outcome": "'accepted'", "provider_job": "job", "handle": "'{{}}'", "reason": "''", "posted_nanos": "nanos",
        "posted_native_nanos": "nanos", "started_at": "at",
    },
    "txn": {
        "id": "n + 1", "job": "job", "attempt": "attempt", "step": "4", "at": "at", "granted_at": "at",
        "kind": "'settle'", "evidence": "'inline'",
    },
}  # fmt: skip
_LEGS = (
    ("money", "'expense:' || {provider}", ""),
    ("money", "'payable:' || {provider}", "-"),
    ("envelope", "'spent:acme/c7'", ""),
    ("envelope", "'allowance:acme/c7'", "-"),
)
_PROVIDER = "('p' || (offer % 3))"
_OFFER = "('p' || (offer % 3) || '/offer-' || offer)"
CHUNK = 100_000


def fill(path: Path, rows: int) -> None:
    """So many settled jobs, as our verbs would have left them."""
    with Ledger.open(f"sqlite:///{path}"):
        pass
    base = sqlite3.connect(path, isolation_level=None)
    for pragma in ("synchronous=OFF", "foreign_keys=OFF", "journal_mode=OFF"):
        base.execute(f"PRAGMA {pragma}")
    guards = base.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in guards:
        base.execute(f"DROP TRIGGER {name}")
    base.execute("INSERT INTO quote (id, body) VALUES ('q', '{}')")
    for first in range(0, rows, CHUNK):
        base.execute("BEGIN")
        common = _COMMON.format(first=first, end=min(rows, first + CHUNK))
        for table, columns in _SELECTS.items():
            values = ", ".join(one.format(provider=_PROVIDER, offer=_OFFER) for one in columns.values())
            base.execute(f"INSERT INTO {table} ({', '.join(columns)}) {common} SELECT {values} FROM made")  # noqa: S608
        for line, (book, account, sign) in enumerate(_LEGS):
            values = f"n + 1, {line}, '{book}', {account.format(provider=_PROVIDER)}, 'USD', {sign}nanos"
            base.execute(f"INSERT INTO entry {common} SELECT {values} FROM made")  # noqa: S608  # our own
        base.execute("COMMIT")
    for _, sql in guards:
        base.execute(sql)
    base.close()


def flat(path: Path, floor: Path) -> int:
    """The hand-made rollup, in a file of its own; answers its rows."""
    base = sqlite3.connect(floor, isolation_level=None)
    base.execute(f"ATTACH '{path}' AS ours")
    base.execute(
        "CREATE TABLE rollup (day TEXT, provider TEXT, offer TEXT, team TEXT, jobs INTEGER, nanos INTEGER, "
        "PRIMARY KEY (day, provider, offer, team)) WITHOUT ROWID"
    )
    base.execute(
        "INSERT INTO rollup SELECT date(day * 86400, 'unixepoch'), provider, offer, tags ->> 'team', SUM(jobs), "
        "SUM(settled_nanos) FROM ours.daily JOIN ours.facet ON facet.id = daily.facet GROUP BY 1, 2, 3, 4"
    )
    (count,) = base.execute("SELECT COUNT(*) FROM rollup").fetchone()
    base.close()
    return int(count)


def by_hand(connection: sqlite3.Connection) -> list[Any]:
    return connection.execute(
        "SELECT day, provider, offer, team, SUM(jobs), SUM(nanos) FROM rollup "
        "WHERE day >= '2026-01-01' AND day < '2027-01-01' GROUP BY day, provider, offer, team"
    ).fetchall()


def timed(what: Callable[[], object]) -> float:
    gc.collect()
    before = time.process_time()
    what()
    return time.process_time() - before


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, action="append", help="jobs; may be repeated")
    options.add_argument("--folder", help="where the databases are made; 10,000,000 jobs take some 10 GB")
    given = options.parse_args()
    for rows in given.rows or [100_000, 1_000_000]:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            measure(Path(folder), rows)


def measure(folder: Path, rows: int) -> None:
    path, floor = folder / "spend.db", folder / "floor.db"
    fill(path, rows)
    period = (FIRST, FIRST + timedelta(days=DAYS))
    with Ledger.open(f"sqlite:///{path}") as ledger:
        folding = timed(lambda: ledger.spend((), period))
        groups = flat(path, floor)
        hand = sqlite3.connect(floor)
        found, rows_found = ledger.spend(GROUPING, period), by_hand(hand)
        assert [(*one.keys.values(), one.jobs, one.settled.nanos) for one in found] == rows_found
        assert sum(one.jobs for one in found) == rows
        pairs = [(timed(lambda: ledger.spend(GROUPING, period)), timed(lambda: by_hand(hand))) for _ in range(PAIRS)]
        few = [
            (timed(lambda: ledger.spend(("provider",), period)), timed(lambda: _by_provider(hand)))
            for _ in range(PAIRS)
        ]
        tracemalloc.start()
        ledger.spend(GROUPING, period)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        whole = timed(lambda: ledger.report(period))
        hand.close()
    say(f"{rows:>10,} jobs, {groups:,} cells", pairs, f"target {TARGET:g}, peak {peak / 2**20:.0f} MiB")
    say(f"{'':>10}  by provider alone", few, "")
    print(f"{'':>10}  folded once at {folding / rows * 1e6:.1f} µs a posting; a whole year's report {whole:.2f} s; "
          f"most memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")  # fmt: skip


def _by_provider(connection: sqlite3.Connection) -> list[Any]:
    return connection.execute("SELECT provider, SUM(jobs), SUM(nanos) FROM rollup GROUP BY provider").fetchall()


def say(what: str, pairs: list[tuple[float, float]], more: str) -> None:
    ours, floor = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    print(
        f"{what:<38} ours {ours * 1e3:8.1f} ms   floor {floor * 1e3:8.1f} ms   ratio {ratio:5.2f}   {more}", flush=True
    )


if __name__ == "__main__":
    main()
