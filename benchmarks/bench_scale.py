"""Ten million jobs: spend against its floor (`bench_report`), then one export of them all, and how much memory it took.

Run `python benchmarks/bench_scale.py [--rows 10000000] [--folder /tmp]`; it takes a quarter of an hour and 20 GB.
"""

import argparse
import os
import tempfile
from pathlib import Path

import bench_report

from ledger import Ledger


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--folder", help="where the databases are made")
    given = options.parse_args()
    for rows in (given.rows // 10, given.rows):
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            bench_report.measure(Path(folder), rows)
            exported(Path(folder), rows)


def exported(folder: Path, rows: int) -> None:
    """In a process of its own, whose memory is the export's alone."""
    child = os.fork()
    if not child:
        with Ledger.open(f"sqlite:///{folder / 'spend.db'}") as ledger:
            count = ledger.export("csv", folder / "out.csv")
        os._exit(0 if count == rows else 1)
    _, status, used = os.wait4(child, 0)
    assert status == 0
    size = (folder / "out.csv").stat().st_size / 2**20
    cost_us = (used.ru_utime + used.ru_stime) / rows * 1e6
    print(
        f"{'':>10}  exported as csv, {size:,.0f} MiB, {cost_us:.1f} µs a job, within {used.ru_maxrss / 1024:.0f} MiB",
        flush=True,
    )


if __name__ == "__main__":
    main()
