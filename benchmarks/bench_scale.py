"""Ten million jobs: spend against its floor (`bench_report`), then one export of them all, and how much memory it took.

Run `python benchmarks/bench_scale.py [--rows 10000000] [--folder /tmp]`; it takes a quarter of an hour and 20 GB.
Not fewer than 20,000: of a few hundred nothing is folded.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import bench_report

from ledger import Ledger


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--folder", help="where the databases are made")
    options.add_argument("--export", nargs=2, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.export:
        export(*given.export)
        return
    for rows in (given.rows // 10, given.rows):
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            bench_report.measure(Path(folder), rows)
            exported(Path(folder), rows)


def exported(folder: Path, rows: int) -> None:
    """In a process of its own, whose memory is the export's alone."""
    out = folder / "out.csv"
    command = [sys.executable, __file__, "--export", str(folder / "spend.db"), str(out)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    count, cost_s, most_kib = int(said[0]), float(said[1]), int(said[2])
    assert count == rows
    print(
        f"{'':>10}  exported as csv, {out.stat().st_size / 2**20:,.0f} MiB, at {cost_s / rows * 1e6:.1f} µs a job; "
        f"most memory {most_kib / 1024:.0f} MiB",
        flush=True,
    )


def export(path: str, out: str) -> None:
    with Ledger.open(f"sqlite:///{path}") as ledger:
        count = ledger.export("csv", Path(out))
    used = resource.getrusage(resource.RUSAGE_SELF)
    said = Path("/proc/self/status").read_text().partition("VmHWM:")[2]  # ru_maxrss would be the parent's
    print(count, used.ru_utime + used.ru_stime, said.split()[0])


if __name__ == "__main__":
    main()
