"""How long a decision over many candidates takes against as many full quotes: ratios only.

Every candidate is quoted and every rejection carries its reason; half of the candidates break a limit. Every tenth
offer has 40 watched jobs and 20 ratings, one provider's circuit is open, credits were bought. Both sides take turns in
the same run, each time with a length not seen before; the median of the paired ratios is printed. LiteLLM's cost-based
router is measured in the same run where an interpreter that has it is named: FAREGATE_LITELLM_PYTHON.
Run `python benchmarks/bench_decide.py [--quick]`; it stops by itself after a time-out.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from pricing import Money, PriceBook, Usage, usd
from router import Demand, Policy
from router.choose import Facts, choose
from router.latency import Latencies
from router.offers import Profile, shipped_profiles
from router.quality import Ratings

TARGET, DEADLINE_S = 2.0, 60.0
PAIRS = 3 if "--quick" in sys.argv else 41
AT = date(2026, 11, 20)

OFFER = """
[[offers]]
id = "offer-{number}"
name = "Offer {number}"
measure = "output_video_seconds"
from_audio = true
settings = {{ resolution = {{ values = ["720p"], default = "720p" }} }}

[[offers.rates]]
id = "offer-{number}"
effective_from = "unknown"
sources = [{{ url = "https://prices.example/{number}", evidence = "published" }}]

[[offers.rates.components]]
label = "video"
quantise = {{ step = 1, mode = "ceil" }}
tariff = {{ kind = "per-unit", price = 0.{number:04d} }}
"""


def market(size: int) -> tuple[PriceBook, Mapping[str, Profile]]:
    """A book of so many offers at rising prices, and a profile for each."""
    head = 'provider = "market"\ncurrency = "USD"\nchecked_on = "2026-11-20"\n'
    with TemporaryDirectory() as folder:
        card = Path(folder) / "market.toml"
        card.write_text(head + "".join(OFFER.format(number=number) for number in range(1, size + 1)), "utf-8")
        book = PriceBook.load([card])
    tier = shipped_profiles()["fal/fal-ai/creatify/aurora"].tier
    return book, {offer: Profile(offer, "avatar", tier, {}) for offer in book.offers}


@dataclass(frozen=True)
class Taught:
    """A watched job and the ratings of its offer."""

    offer: str
    settings: Mapping[str, str]
    clip_ms: int
    took_ms: int
    at: datetime
    count: int
    total: Decimal


@dataclass(frozen=True)
class Bought:
    """Credits that no candidate is sold in."""

    left: Money
    expiring: tuple[tuple[datetime, Money], ...] = ()
    currency: str = "creatify-credit"


def taught(book: PriceBook) -> Facts:
    """What a router that has worked for a while knows."""
    now = datetime(2026, 11, 20, tzinfo=UTC)
    settings = {"resolution": "720p"}
    samples = [
        Taught(offer, settings, 10_000 + 500 * n, 60_000 + 900 * n, now - timedelta(hours=n), 20, Decimal(15))
        for offer in list(book.offers)[::10]
        for n in range(40)
    ]
    return Facts(
        latencies=Latencies(samples, now),
        ratings=Ratings(samples[::40]),
        shut={"another": "HTTP 503"},
        prepaid=[Bought(Money.of(100, "creatify-credit"))],
    )


LITELLM = """
import asyncio, sys, time, statistics, logging
logging.disable(logging.CRITICAL)
from litellm.router import Router
async def main(size):
    models = [{"model_name": "m", "litellm_params": {"model": f"openai/m{n}", "api_key": "k",
               "input_cost_per_token": n * 1e-6, "output_cost_per_token": n * 1e-6}} for n in range(1, size + 1)]
    router = Router(model_list=models, routing_strategy="cost-based-routing")
    ask = [{"role": "user", "content": "hello"}]
    took = []
    for _ in range(12):
        began = time.perf_counter()
        await router.async_get_available_deployment(model="m", messages=ask, request_kwargs={})
        took.append(time.perf_counter() - began)
    print(statistics.median(took))
asyncio.run(main(int(sys.argv[1])))
"""


def litellm_s(size: int) -> float | None:
    """Seconds that LiteLLM's cost-based router takes to choose among so many; None: there is none to measure."""
    python = os.environ.get("FAREGATE_LITELLM_PYTHON")
    if not python:
        return None
    try:
        done = subprocess.run(
            [python, "-c", LITELLM, str(size)], capture_output=True, text=True, timeout=120, check=True,
            env=os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        )  # fmt: skip
        return float(done.stdout.split()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def main() -> None:
    ends = time.perf_counter() + DEADLINE_S
    print("decide / as many full quotes (every candidate quoted, every rejection with its reason)")
    for size in (10, 100, 1000):
        book, profiles = market(size)
        policy = Policy(max_cost=usd("0.001") * (size // 2))
        facts = taught(book)
        ratios: list[float] = []
        times: list[float] = []
        rejected = 0
        for turn in range(PAIRS):
            usage = Usage.audio(Decimal(9) + Decimal(turn + 1) / 1000)
            demand = Demand("avatar", usage, Decimal(10))
            began = time.perf_counter()
            choice = choose(demand, policy, book, profiles, AT, facts)
            decided = time.perf_counter() - began
            began = time.perf_counter()
            for offer in profiles:
                book.quote(offer, usage, at=AT, settings={"resolution": "720p"})
            quoted = time.perf_counter() - began
            if not (choice.candidates and len(choice.candidates) + len(choice.rejections) == size):
                raise SystemExit("the decision is not what is to be measured")
            ratios.append(decided / quoted)
            times.append(decided)
            rejected = len(choice.rejections)
            if time.perf_counter() > ends:
                break
        shown = f"{statistics.median(ratios):.2f} x (target <= {TARGET})"
        peer = litellm_s(size)
        beside = (
            "LiteLLM is not there" if peer is None else f"LiteLLM takes {peer / statistics.median(times):.1f} x ours"
        )
        print(f"  {size:5d} candidates, {rejected:4d} rejected: {shown}; {beside}")


if __name__ == "__main__":
    main()
