"""How long a full quote takes against its floor, and `import pricing` against `import pydantic`: ratios only.

The floor is what no quote can do without: the exact Decimal cost and one frozen dataclass to carry it. Both sides are
measured in turns in the same run and the median of the paired ratios is printed; absolute times mean nothing here.
Only the processor's time counts: on a busy machine the longer side would be put aside the more often.
Run `python benchmarks/bench_quote.py`; it stops by itself after a time-out.
"""

import gc
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from pricing import PriceBook, Usage

TARGET_QUOTE, TARGET_IMPORT = 6.0, 2.5
PAIRS, LOOPS, IMPORT_PAIRS, TIMEOUT_S = 41, 2_000, 9, 60.0

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


EXAMPLES = Path(__file__).parent.parent / "examples" / "cards"
GENERAL: dict[str, tuple[str, dict[str, str] | None, Callable[[int], Usage]]] = {
    "a price per second": (
        "fal/lightricks/ltx-2.5/audio-to-video/fast",
        None,
        lambda n: Usage.billed(Decimal(2_000 + n) / 1000),
    ),
    "a price per second, rounding unknown": (
        "fal/fal-ai/kling-video/ai-avatar/v2/pro",
        None,
        lambda n: Usage.billed(Decimal(2_000 + n) / 1000),
    ),
    "a sum of two": (
        "fal/xai/grok-imagine-video/extend-video",
        {"source_resolution": "480p"},
        lambda n: Usage.of(requested_seconds=2 + n % 9, input_video_seconds=Decimal(2_000 + n) / 1000),
    ),
    "a sum of three, rounded (credits)": (
        "creatify/asset_generator:boreal-h3/image-to-video",
        {"resolution": "768p"},
        lambda n: Usage.of(requested_seconds=5 + n % 9, input_video_seconds=Decimal(n) / 1000, reference_images=n % 9),
    ),
    "a measure derived from four": (
        "fal/bytedance/seedance-2.0/text-to-video",
        None,
        lambda n: Usage.of(requested_seconds=5, width=640 + n, height=720),
    ),
    "tiers and a sum, rounding unknown": (
        "black-forest-labs/flux-2-flex",
        None,
        lambda n: Usage.of(megapixels=Decimal(100 + n) / 1000, images_in=n % 8),
    ),
    "intervals, rounding unknown (credits)": (
        "comfy/hitpaw/general-restore",
        None,
        lambda n: Usage.of(output_video_seconds=Decimal(2_000 + n) / 1000, fps_in=24),
    ),
    "a ladder (credits)": (
        "comfy/kling/kling-v2-5-turbo",
        None,
        lambda n: Usage.of(requested_seconds=5 + 5 * (n % 2)),
    ),
}
"""The general shapes of the language, on amounts that do not come twice where the offer sells more than a few."""

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
    began = time.thread_time()
    for length in lengths:
        rate = PRICES["some/offer", "720p"]
        billed = length.to_integral_value(ROUND_CEILING)
        Cost("some/offer", "720p", AT, length, billed, "s", rate, billed * rate)
    return time.thread_time() - began


def quotes(book: PriceBook, usages: list[Usage], offer: str, settings: dict[str, str] | None) -> float:
    quote = book.quote
    quote(offer, usages[0], at=AT, settings=settings)
    began = time.thread_time()
    for usage in usages:
        quote(offer, usage, at=AT, settings=settings)
    return time.thread_time() - began


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


def importing(module: str, bytecode: str) -> float:
    """Seconds for the import alone, in a fresh interpreter, compiled before as an installed package is."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    command = [sys.executable, "-X", f"pycache_prefix={bytecode}", "-c", code]
    world = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return float(subprocess.run(command, capture_output=True, text=True, timeout=30, check=True, env=world).stdout)


def main() -> None:
    began = time.perf_counter()
    book = PriceBook.shipped()
    lengths = [Decimal(7_000 + 37 * step % 280_000) / 1000 for step in range(LOOPS)]
    usages = [Usage.billed(length) for length in lengths]
    spread = [Usage.billed(Decimal(step * 40_123 + 500) / 1000) for step in range(LOOPS)]
    cases: list[tuple[str, Callable[[], float]]] = []
    for name, (offer, settings) in CASES.items():
        new = "twice" in name
        cases.append((name, partial(new_quotes if new else quotes, book, spread if new else usages, offer, settings)))
    more = book.with_cards(EXAMPLES)
    for name, (offer, settings, job) in GENERAL.items():
        cases.append((name, partial(new_quotes, more, [job(n) for n in range(LOOPS)], offer, settings)))
    gc.disable()
    for name, case in cases:
        ratio, one = paired(partial(floor, lengths), case, PAIRS, began + TIMEOUT_S * 0.5)
        took = one / LOOPS * 1e6
        print(f"quote {name:42} {ratio:5.2f} × floor (target ≤ {TARGET_QUOTE:g}); the floor took {took:.2f} µs")
    gc.enable()
    with TemporaryDirectory() as folder:
        ratio, _ = paired(
            lambda: importing("pydantic", folder),
            lambda: importing("pricing", folder),
            IMPORT_PAIRS,
            began + TIMEOUT_S,
        )
    print(f"{'import pricing / import pydantic':48} {ratio:5.2f} × (target ≤ {TARGET_IMPORT:g})")


if __name__ == "__main__":
    main()
