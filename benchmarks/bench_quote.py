"""How long a full quote takes against its floor, and `import pricing` against `import pydantic`: ratios only.

The floor is what no quote can do without: the exact Decimal cost and one frozen dataclass to carry it. Both sides are
measured in turns in the same run and the median of the paired ratios is printed; absolute times mean nothing here.
Run `python benchmarks/bench_quote.py`; it stops by itself after a time-out.
"""

import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from functools import partial

from pricing import PriceBook, Usage

TARGET_QUOTE, TARGET_IMPORT = 6.0, 2.5
PAIRS, LOOPS, IMPORT_PAIRS, TIMEOUT_S = 41, 2_000, 9, 18.0

AT = date(2026, 11, 20)
CASES = {
    "fal 720p": ("fal/fal-ai/creatify/aurora", {"resolution": "720p"}),
    "fal 720p, no amount twice": ("fal/fal-ai/creatify/aurora", {"resolution": "720p"}),
    "creatify custom template, no amount twice": ("creatify/custom_template:aurora_v1", None),
    "fal 480p (contested)": ("fal/fal-ai/creatify/aurora", {"resolution": "480p"}),
    "runware fast": ("runware/creatify:aurora@fast", None),
    "creatify aurora_v1 (credits)": ("creatify/aurora_v1", None),
    "template standard (credits)": ("creatify/custom_template:standard", None),
}


PRICES = {("some/offer", "720p"): Decimal("0.14")}


@dataclass(frozen=True, slots=True)
class Cost:
    """The least that can carry an answer: eight fields, as the target was set with."""

    offer: str
    resolution: str
    at: date
    measured: Decimal
    billed: Decimal
    unit: str
    rate: Decimal
    cost: Decimal


def floor(lengths: list[Decimal]) -> float:
    began = time.perf_counter()
    for length in lengths:
        rate = PRICES["some/offer", "720p"]
        billed = length.to_integral_value(ROUND_CEILING)
        Cost("some/offer", "720p", AT, length, billed, "s", rate, billed * rate)
    return time.perf_counter() - began


def quotes(book: PriceBook, usages: list[Usage], offer: str, settings: dict[str, str] | None) -> float:
    quote = book.quote
    quote(offer, usages[0], at=AT, settings=settings)
    began = time.perf_counter()
    for usage in usages:
        quote(offer, usage, at=AT, settings=settings)
    return time.perf_counter() - began


def new_quotes(book: PriceBook, usages: list[Usage], offer: str, settings: dict[str, str] | None) -> float:
    """The same on a book that has not seen any of the amounts."""
    return quotes(book.with_plan("creatify", "api-starter"), usages, offer, settings)


def paired(one: Callable[[], float], other: Callable[[], float], pairs: int, deadline: float) -> tuple[float, float]:
    """The median ratio of `other` to `one`, and the median of `one`."""
    ratios: list[float] = []
    ones: list[float] = []
    for turn in range(pairs):
        first, second = (one(), other()) if turn % 2 else (other(), one())[::-1]
        ratios.append(second / first)
        ones.append(first)
        if time.perf_counter() > deadline and len(ratios) >= 3:
            break
    return statistics.median(ratios), statistics.median(ones)


def importing(module: str) -> float:
    """Seconds for the import alone, in a fresh interpreter."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=10, check=True)
    return float(done.stdout)


def main() -> None:
    began = time.perf_counter()
    book = PriceBook.shipped()
    lengths = [Decimal(7_000 + 37 * step % 280_000) / 1000 for step in range(LOOPS)]
    usages = [Usage.billed(length) for length in lengths]
    spread = [Usage.billed(Decimal(step * 40_123 + 500) / 1000) for step in range(LOOPS)]
    gc.disable()
    for name, (offer, settings) in CASES.items():
        share = began + TIMEOUT_S * 0.5
        ratio, one = paired(
            partial(floor, lengths),
            partial(new_quotes, book, spread, offer, settings)
            if "twice" in name
            else partial(quotes, book, usages, offer, settings),
            PAIRS,
            share,
        )
        took = one / LOOPS * 1e6
        print(f"quote {name:42} {ratio:5.2f} × floor (target ≤ {TARGET_QUOTE:g}); the floor took {took:.2f} µs")
    gc.enable()
    ratio, _ = paired(lambda: importing("pydantic"), lambda: importing("pricing"), IMPORT_PAIRS, began + TIMEOUT_S)
    print(f"{'import pricing / import pydantic':48} {ratio:5.2f} × (target ≤ {TARGET_IMPORT:g})")


if __name__ == "__main__":
    main()
