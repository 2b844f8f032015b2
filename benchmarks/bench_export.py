"""Exports and the what-if from the database against floors in the same run: the rows read and written by hand.

An export's floor reads the same jobs and attempts over sqlite3 and writes them as plain text; the what-if's reads the
columns it needs and takes one exact Decimal cost of each. Run `python benchmarks/bench_export.py [--jobs 20000]`; the
memory is the most that Python held beyond what was there. Absolute times mean nothing here.
"""

import argparse
import sqlite3
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from functools import partial
from pathlib import Path
from typing import Any

from ledger import Ledger
from pricing import PriceBook, Quote, Usage, whatif

TARGET, PAIRS, TIMEOUT_S = 3.0, 5, 60.0
OFFERS = (("runware/creatify:aurora@0", "0.14"), ("creatify/aurora_v1", "1"), ("fal/fal-ai/creatify/aurora", "0.14"))
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEPT = 40
"""Jobs that the ledger itself makes; the others are their rows again under new names."""


def make(path: Path, jobs: int) -> None:
    """A ledger with as many settled jobs: a few by its own verbs, then those rows over and over."""
    book = PriceBook.shipped()
    with Ledger.open(f"sqlite:///{path}?synchronous=NORMAL", clock=lambda: AT) as ledger:
        ledger.set_budget("acme", None, currency="USD")
        for n in range(KEPT):
            offer = OFFERS[n % len(OFFERS)][0]
            seconds = f"{3 + n}.{n * 23:03d}"
            quote = book.quote(offer, Usage.audio(seconds), at=AT.date())
            _job(ledger, f"j{n:08d}", offer, seconds, quote)
    with sqlite3.connect(path) as raw:
        for table, ids in (("job", ("id", "key")), ("attempt", ("id", "job", "provider_job"))):
            names = [row[1] for row in raw.execute(f"PRAGMA table_info({table})")]
            changed = ", ".join(f"{name} || '-' || copy.n" if name in ids else name for name in names)
            many = f"SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < {jobs // KEPT - 1}"  # noqa: S608
            into = f"INSERT INTO {table} ({', '.join(names)}) SELECT {changed} FROM copy, {table}"  # noqa: S608
            raw.execute(f"WITH RECURSIVE copy(n) AS ({many}) {into}")


def _job(ledger: Ledger, name: str, offer: str, seconds: str, quote: Quote) -> None:
    request = {"kind": "avatar", "seconds": seconds, "resolution": None}
    ledger.hold(
        job=name, key=name, request_hash="h", scope="acme/x", quote=quote, request=request, tags={"team": "ads"},
        owner="o", expires_in_s=60,
    )  # fmt: skip
    provider = offer.partition("/")[0]
    ledger.begin(job=name, attempt=name, provider=provider, quote=quote, fingerprint="f", owner="o", ceiling=None)
    ledger.outcome(job=name, attempt=name, outcome="accepted", provider_job=name)
    ledger.settle(job=name, attempt=name, evidence="inline", amount=quote.expected, final=True, delivered=1)


def by_hand(path: Path, out: Path) -> None:
    """The same jobs with their attempts, read and written plainly."""
    with sqlite3.connect(path) as raw, out.open("w", encoding="utf-8") as file:
        rows = raw.execute("SELECT job.*, attempt.* FROM job JOIN attempt ON attempt.job = job.id ORDER BY job.rowid")
        for row in rows:
            file.write(",".join(map(str, row)) + "\r\n")


def costed(path: Path) -> None:
    prices = {offer: Decimal(price) for offer, price in OFFERS}
    total = Decimal(0)
    with sqlite3.connect(path) as raw:
        wanted = "id, offer, settings, json_extract(request, '$.seconds'), granted_at, charged_nanos, expected_nanos"
        for row in raw.execute(f"SELECT {wanted} FROM job WHERE state = 'settled'"):  # noqa: S608
            total += Decimal(row[3]).to_integral_value(ROUND_CEILING) * prices[row[1]]
    assert total


def timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def peak(work: Callable[[], Any]) -> int:
    """In KiB."""
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most // 1024


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--jobs", type=int, default=20_000)
    jobs: int = max(options.parse_args().jobs, 10 * KEPT)
    book = PriceBook.shipped().with_plan("creatify", "api-pro")
    with tempfile.TemporaryDirectory() as folder:
        place, out = Path(folder), Path(folder) / "out"
        sizes: dict[str, list[int]] = {}
        for count in (jobs // 10, jobs):
            path = place / f"{count}.db"
            make(path, count)
            with Ledger.open(f"sqlite:///{path}") as ledger:
                work: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
                    "export csv": (lambda: ledger.export("csv", out), partial(by_hand, path, out)),
                    "export parquet": (lambda: ledger.export("parquet", out), partial(by_hand, path, out)),
                    "what-if": (lambda: whatif(book, ledger.past_jobs()), partial(costed, path)),
                }
                for name, (ours, floor) in work.items():
                    sizes.setdefault(name, []).append(peak(ours))
                    if count == jobs:
                        told(name, jobs, ours, floor, sizes[name])


def told(name: str, jobs: int, ours: Callable[[], Any], floor: Callable[[], Any], sizes: list[int]) -> None:
    began, ratios = time.perf_counter(), list[float]()
    low = 0.0
    while len(ratios) < PAIRS and (not ratios or time.perf_counter() - began < TIMEOUT_S):
        low = timed(floor)
        ratios.append(timed(ours) / low)
    target = f" (target ≤ {TARGET:g})" if name == "what-if" else ""
    print(
        f"{name:15} {jobs:>8} jobs {statistics.median(ratios):5.2f} × floor{target}; a job's floor "
        f"{low / jobs * 1e6:.2f} µs; memory {sizes[0]} KiB, for ten times the jobs {sizes[1]} KiB"
    )


if __name__ == "__main__":
    main()
