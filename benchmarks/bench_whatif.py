"""A what-if replay of past jobs under two price books against its floor: reading the rows and one exact cost each.

The floor reads the same file with `csv.reader` and takes one exact Decimal cost of every row, of one price book only.
Both sides are measured in turns in the same run, the median of the paired ratios is printed, and the peak of memory
for a file and for one of ten times its rows. Run `python benchmarks/bench_whatif.py [--rows 1000000]`; it stops by
itself after a time-out. Absolute times mean nothing here.
"""

import argparse
import csv
import gc
import random
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

from pricing import PriceBook, replay
from router.cli.usages import read_usage

TARGET = 3.0
PAIRS, TIMEOUT_S = 7, 36.0
DAY = date(2026, 11, 20)
STARTED: Sequence[tuple[str, str]] = (
    ("fal/fal-ai/creatify/aurora", "resolution=480p"),
    ("fal/fal-ai/creatify/aurora", "resolution=720p"),
    ("runware/creatify:aurora@0", ""),
    ("runware/creatify:aurora@fast", ""),
    ("creatify/aurora_v1", ""),
    ("creatify/aurora_v1_fast", ""),
    ("creatify/custom_template:standard", ""),
)
"""Offers billed by the started second, or by blocks of them."""
EXACT: Sequence[tuple[str, str]] = (
    ("fal/creatify/boreal", ""),
    ("runware/klingai:avatar@2.0-standard", ""),
    ("fal/veed/fabric-1.0", "resolution=720p"),
)
"""Offers whose price depends on every millisecond."""
MIXES = {"started seconds": STARTED, "with exact seconds": (*STARTED, *EXACT)}


def write(path: Path, rows: int, offers: Sequence[tuple[str, str]]) -> None:
    """A month of jobs: any offer, any day, lengths to the millisecond."""
    random.seed(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["offer", "settings", "seconds", "outputs", "at"])
        for _ in range(rows):
            offer, settings = random.choice(offers)
            length = random.randint(3_000, 90_000)
            day = DAY - timedelta(days=random.randrange(30))
            out.writerow([offer, settings, f"{length // 1000}.{length % 1000:03d}", 1, day.isoformat()])


def floor(path: Path, prices: dict[tuple[str, str], Decimal]) -> float:
    """Read every row, one exact cost each."""
    began = time.perf_counter()
    total = Decimal(0)
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines)
        next(rows)
        for offer, settings, seconds, outputs, _ in rows:
            total += Decimal(seconds).to_integral_value(ROUND_CEILING) * prices[offer, settings] * int(outputs)
    assert total
    return time.perf_counter() - began


def whatif(path: Path, old: PriceBook, new: PriceBook, rows: int) -> float:
    began = time.perf_counter()
    found = replay(old, new, read_usage(path, DAY))
    took = time.perf_counter() - began
    assert found.jobs == rows
    assert not found.unpriced, found.unpriced
    assert found.difference
    return took


def peak(path: Path, old: PriceBook, new: PriceBook) -> int:
    """The most memory that one replay takes beyond what was there, in KiB."""
    gc.collect()
    tracemalloc.start()
    replay(old, new, read_usage(path, DAY))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most // 1024


def main() -> None:
    options = argparse.ArgumentParser(description="what-if replay against its floor")
    options.add_argument("--rows", type=int, default=100_000)
    rows: int = options.parse_args().rows
    timeout = TIMEOUT_S * max(1.0, rows / 100_000)
    began = time.perf_counter()
    old = PriceBook.shipped()
    new = old.with_plan("creatify", "api-pro").with_confirmed("fal-aurora-newer-copy")
    prices: dict[tuple[str, str], Decimal] = {key: Decimal("0.14") for key in MIXES["with exact seconds"]}
    with tempfile.TemporaryDirectory() as folder:
        for place, (name, offers) in enumerate(MIXES.items(), 1):
            path = Path(folder) / f"{place}.csv"
            write(path, rows, offers)
            ratios: list[float] = []
            low = 0.0
            while len(ratios) < PAIRS and (not ratios or time.perf_counter() - began < timeout * 0.4 * place):
                low = floor(path, prices)
                ratios.append(whatif(path, old, new, rows) / low)
            median = statistics.median(ratios)
            each = low / rows * 1e6
            said = f"{median:5.2f} × floor (target ≤ {TARGET:g}); a row's floor {each:.2f} µs"
            print(f"what-if {name:20} {rows:>9} rows {said}")
        sizes: list[int] = []
        for count in (rows // 10, rows):
            if time.perf_counter() - began > timeout:
                sys.exit("out of time")
            path = Path(folder) / "memory.csv"
            write(path, min(count, 200_000), MIXES["with exact seconds"])
            sizes.append(peak(path, old, new))
    print(f"what-if memory: {sizes[0]} KiB, and {sizes[1]} KiB for ten times the rows")


if __name__ == "__main__":
    main()
