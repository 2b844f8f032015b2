"""hold + settle on SQLite: our verbs against the same rows written by hand over sqlite3, in the same run.

One job is four transactions on either side: hold, begin (the intent), outcome (accepted) and settle. The hand-written
side writes every row that ours writes and updates every row that ours updates, under the same file lock, with the same
pragmas, and nothing else: it reads nothing, checks no key and no evidence, and its values are prepared beforehand.
One hot budget. Prints jobs per second, the ratio, the longest single transaction, and whether the budget was oversold.

Usage: python benchmarks/bench_ledger.py [--quick]
"""

import fcntl
import multiprocessing as mp
import queue
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from ledger import Ledger, texts
from ledger.jobs.rows import ADD_EVENT
from ledger.tables import ATTEMPT, ENTRY, JOB, OBSERVATION, TXN
from pricing import PriceBook, Quote, Usage, usd

OFFER = "fal/fal-ai/creatify/aurora"
TARGETS = {("NORMAL", 1): 0.30, ("FULL", 1): 0.40, ("NORMAL", 8): 0.20, ("FULL", 8): 0.30}
JOBS = {"NORMAL": 300, "FULL": 100}
ROUNDS, BUDGET_S, TIMEOUT_S = 5, 35.0, 30.0
Pair = tuple[tuple[float, float], tuple[float, float]]
Side = Callable[[Path, str, str, int], float]


def price() -> Quote:
    usage = Usage.billed(Decimal("9.4"))
    return PriceBook.shipped().quote(OFFER, usage, at=date(2026, 11, 20), settings={"resolution": "720p"})


def prepare(path: Path, jobs: int) -> None:
    """A ledger with one hot budget that fits exactly these jobs."""
    with Ledger.open(f"sqlite:///{path}") as ledger:
        ledger.set_budget("acme", price().high * jobs)
        ledger.hold(
            job="first", key="first", request_hash="h", scope="acme", quote=price(), request={}, tags={},
            owner="bench", expires_in_s=600,
        )  # fmt: skip
        ledger.release(job="first", reason="its quote is now stored")


def ours(path: Path, mode: str, name: str, jobs: int) -> float:
    """Run the jobs through the ledger; the longest transaction in seconds."""
    quote = price()
    longest = 0.0
    with Ledger.open(f"sqlite:///{path}?synchronous={mode}") as ledger:
        for n in range(jobs):
            job, attempt = f"{name}-{n}", f"{name}-{n}-a"
            marks = [time.perf_counter()]
            grant = ledger.hold(
                job=job, key=job, request_hash="h", scope="acme", quote=quote,
                request={"image": "face.jpg", "audio": "talk.mp3"}, tags={"team": "ads"}, owner=name, expires_in_s=600,
            )  # fmt: skip
            marks.append(time.perf_counter())
            assert grant.refused is None, grant.refused
            ledger.begin(
                job=job, attempt=attempt, provider="fal", quote=quote, fingerprint="f" * 64, owner=name, ceiling=None
            )
            marks.append(time.perf_counter())
            ledger.outcome(job=job, attempt=attempt, outcome="accepted", provider_job=f"p-{job}", handle={"url": "u"})
            marks.append(time.perf_counter())
            ledger.settle(
                job=job, attempt=attempt, evidence="inline", amount=quote.expected, final=True, delivered=1,
                outputs=["https://example.test/1.mp4"],
            )  # fmt: skip
            marks.append(time.perf_counter())
            longest = max(longest, *(b - a for a, b in pairwise(marks)))
    return longest


def by_hand(path: Path, mode: str, name: str, jobs: int) -> float:
    """Write the same rows with sqlite3; the longest transaction in seconds."""
    longest = 0.0
    connection = sqlite3.connect(path, isolation_level=None, timeout=TIMEOUT_S)
    for pragma in (f"synchronous={mode}", "foreign_keys=ON", "recursive_triggers=ON"):
        connection.execute(f"PRAGMA {pragma}")
    with path.with_name(path.name + ".lock").open("ab") as lock:
        for n in range(jobs):
            for statements in _transactions(f"{name}-{n}", name):
                start = time.perf_counter()
                fcntl.flock(lock, fcntl.LOCK_EX)
                connection.execute("BEGIN IMMEDIATE")
                txn: int | None = None
                for sql, values in statements:
                    if sql is _ENTRY:
                        connection.executemany(sql, [(txn, *row) for row in values])
                        continue
                    changed = connection.execute(sql, values)
                    assert changed.rowcount == 1, sql
                    txn = changed.lastrowid
                connection.execute("COMMIT")
                fcntl.flock(lock, fcntl.LOCK_UN)
                longest = max(longest, time.perf_counter() - start)
    connection.close()
    return longest


def _insert(table: Any, *, numbered: bool = False) -> str:
    names = [column.name for column in table.c if column.name != "id" or not numbered]
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {table.name} ({quoted}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608


_EVENT = f"INSERT INTO event ({', '.join(ADD_EVENT.columns or ())}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_JOB, _ATTEMPT, _OBSERVATION = _insert(JOB), _insert(ATTEMPT), _insert(OBSERVATION, numbered=True)
_TXN, _ENTRY = _insert(TXN, numbered=True), _insert(ENTRY)
_TAKE = (
    "UPDATE period SET held_nanos = held_nanos + ?, changed_at = ? WHERE id = 1 AND gate = 'open' "
    "AND (limit_nanos IS NULL OR limit_nanos - spent_nanos - held_nanos >= ?)"
)
_SHIFT = (
    "UPDATE period SET spent_nanos = spent_nanos + :spent, held_nanos = held_nanos - :spent, changed_at = :now, "
    "reached = CASE WHEN spent_nanos + :spent >= limit_nanos THEN 100 "
    "WHEN (spent_nanos + :spent) * 5 >= limit_nanos * 4 THEN 80 "
    "WHEN (spent_nanos + :spent) * 2 >= limit_nanos THEN 50 ELSE 0 END WHERE id = 1"
)
_BEGUN = (
    "UPDATE job SET state = ?, attempts = ?, offer = ?, settings = ?, quote_id = ?, outputs_asked = ?, low_nanos = ?, "
    "expected_nanos = ?, high_nanos = ?, held_nanos = ?, open_nanos = ?, owner = ?, reason = ?, step = ? "
    "WHERE id = ? AND state = ? AND step = ?"
)
_SENT = "UPDATE job SET state = ?, reason = ?, step = ? WHERE id = ? AND state = ? AND step = ?"
_ENDED = "UPDATE attempt SET outcome = ?, reason = ?, provider_job = ?, handle = ? WHERE id = ?"
_SETTLED = (
    "UPDATE job SET charged_nanos = ?, native_nanos = ?, native_currency = ?, reported_nanos = ?, "
    "reported_currency = ?, parked_nanos = ?, evidence = ?, final = ?, state = ?, open_nanos = ?, reason = ?, "
    "proof = ?, cause = ?, outputs = ?, step = ? WHERE id = ? AND state = ? AND step = ?"
)
_POSTED = "UPDATE attempt SET posted_nanos = ?, posted_native_nanos = ? WHERE id = ?"
_CACHE: dict[str, Any] = {}


def _transactions(job: str, name: str) -> list[list[tuple[str, Any]]]:
    if not _CACHE:
        quote = price()
        _CACHE.update(high=quote.high.nanos, quote=texts.quote(quote)[0], settings=texts.dump(quote.settings))
    high, quoted, settings = _CACHE["high"], _CACHE["quote"], _CACHE["settings"]
    now = time.time_ns() // 1000
    attempt, tags, request = f"{job}-a", '{"team":"ads"}', '{"image":"face.jpg","audio":"talk.mp3"}'
    usd_, outputs = "USD", '["https://example.test/1.mp4"]'
    return [
        [
            (_TAKE, (high, now, high)),
            (_JOB, (job, job, "h", "acme", usd_, "held", 1, 0, OFFER, settings, 1, quoted, quoted, high, high, high,
                    high, high, None, None, None, None, None, 0, None, None, None, "", "", tags, request, "[]", name,
                    now, now + 600_000_000, None, "", "", 0)),
            (_EVENT, (job, None, 1, now, "hold", None, "held", high, f"1.40 USD of acme for {OFFER}", "")),
        ],
        [
            (_BEGUN, ("submitting", 1, OFFER, settings, quoted, 1, high, high, high, high, high, name, "", 2, job,
                      "held", 1)),
            (_ATTEMPT, (attempt, job, 1, "fal", OFFER, settings, 1, quoted, usd_, high, high, high, "1", "f" * 64, None,
                        None, "{}", "", None, None, now)),
            (_EVENT, (job, attempt, 2, now, "intent", None, "submitting", high, f"attempt 1 at fal: {OFFER}", "")),
        ],
        [
            (_ENDED, ("accepted", "", f"p-{job}", '{"url":"u"}', attempt)),
            (_SENT, ("submitted", "", 3, job, "submitting", 2)),
            (_EVENT, (job, attempt, 3, now, "outcome", "accepted", "submitted", high, f"accepted as p-{job}", "")),
        ],
        [
            (_SETTLED, (high, high, usd_, high, usd_, 0, "inline", 1, "settled", 0, "", "", "none", outputs, 4, job,
                        "submitted", 3)),
            (_SHIFT, {"spent": high, "now": now}),
            (_OBSERVATION, (job, attempt, 4, now, "inline", high, usd_, 0, 1, 1, None, None, outputs, "", None, None,
                            "", "settled", 0)),
            (_POSTED, (high, high, attempt)),
            (_TXN, (job, attempt, 4, now, now, "settle", "inline")),
            (_ENTRY, [(0, "money", "expense:fal", usd_, high), (1, "money", "payable:fal", usd_, -high),
                      (2, "envelope", "spent:acme", usd_, high), (3, "envelope", "allowance:acme", usd_, -high)]),
        ],
    ]  # fmt: skip


def worker(
    side: Side, path: Path, mode: str, name: str, jobs: int, barrier: Barrier, answers: "mp.Queue[tuple[float, str]]"
) -> None:
    try:
        price()
        barrier.wait(TIMEOUT_S)
        answers.put((side(path, mode, name, jobs), ""))
    except Exception as error:  # the parent must hear of anything
        answers.put((0.0, f"{type(error).__name__}: {error}"))


def run(side: Side, mode: str, processes: int, jobs: int) -> tuple[float, float]:
    """Jobs per second and the longest transaction, on a fresh database; checks the budget afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spend.db"
        total = jobs * processes
        prepare(path, total)
        if processes == 1:
            start = time.perf_counter()
            longest = side(path, mode, "solo", jobs)
            wall = time.perf_counter() - start
        else:
            longest, wall = _race(side, path, mode, processes, jobs)
        with Ledger.open(f"sqlite:///{path}") as ledger:
            (budget,) = ledger.budgets("acme")
            assert budget.spent == price().expected * total, f"spent {budget.spent} for {total} jobs"
            assert budget.held == budget.available == usd("0"), f"oversold: {budget}"
            verdict = ledger.verify()
            assert verdict.ok, verdict.faults[:3]
        return total / wall, longest


def _race(side: Side, path: Path, mode: str, processes: int, jobs: int) -> tuple[float, float]:
    context = mp.get_context("fork")  # everything is imported; no thread runs and no ledger is open here
    barrier = context.Barrier(processes + 1)
    answers: mp.Queue[tuple[float, str]] = context.Queue()
    crowd = [
        context.Process(target=worker, args=(side, path, mode, f"w{n}", jobs, barrier, answers), daemon=True)
        for n in range(processes)
    ]
    for one in crowd:
        one.start()
    try:
        barrier.wait(TIMEOUT_S)
        start = time.perf_counter()
        results = [answers.get(timeout=TIMEOUT_S) for _ in crowd]
        wall = time.perf_counter() - start
    except (queue.Empty, TimeoutError) as error:
        raise SystemExit(f"a worker gave no answer within {TIMEOUT_S:g} s") from error
    finally:
        for one in crowd:
            one.join(5)
            one.kill()
    errors = [error for _, error in results if error]
    if errors:
        raise SystemExit(f"a worker failed: {errors[0]}")
    return max(longest for longest, _ in results), wall


def main() -> None:
    started = time.perf_counter()
    rounds = 1 if "--quick" in sys.argv else ROUNDS
    print("hold + begin + outcome + settle of one job = 4 transactions; one hot budget; never oversold: checked")
    titles = f"{'sync':8}{'processes':>10}{'by hand/s':>12}{'ours/s':>10}{'ratio':>8}{'target':>8}"
    print(f"{titles}{'longest ms (hand, ours)':>28}")
    pairs: dict[tuple[str, int], list[Pair]] = {row: [] for row in TARGETS}
    for turn in range(rounds):
        for mode, processes in TARGETS:
            jobs = JOBS[mode] // (processes // 2 or 1)
            if not turn or time.perf_counter() - started < BUDGET_S:
                pair = (run(by_hand, mode, processes, jobs), run(ours, mode, processes, jobs))
                pairs[mode, processes].append(pair)
    for (mode, processes), target in TARGETS.items():
        found = pairs[mode, processes]
        ratio = statistics.median(mine[0] / raw[0] for raw, mine in found)
        raw_rate, rate = (statistics.median(pair[side][0] for pair in found) for side in (0, 1))
        waits = [statistics.median(pair[side][1] for pair in found) * 1000 for side in (0, 1)]
        longest = f"{waits[0]:.0f}, {waits[1]:.0f} ({waits[1] / waits[0]:.1f} ×)"
        print(f"{mode:8}{processes:>10}{raw_rate:>12,.0f}{rate:>10,.0f}{ratio:>8.2f}{target:>8.2f}{longest:>28}")
    print(f"medians of {min(map(len, pairs.values()))} to {max(map(len, pairs.values()))} paired runs")


if __name__ == "__main__":
    main()
