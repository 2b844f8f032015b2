"""How long a decision over many candidates takes against as many full quotes: ratios only.

Every candidate is quoted and every rejection carries its reason; half of the candidates break a limit. Both sides take
turns in the same run, each time with a length not seen before; the median of the paired ratios is printed.
Run `python benchmarks/bench_decide.py [--quick]`; it stops by itself after a time-out.
"""

import statistics
import sys
import time
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from pricing import PriceBook, Usage, usd
from router import Demand, Policy
from router.choose import Facts, choose
from router.offers import Profile, shipped_profiles

TARGET, DEADLINE_S = 2.0, 40.0
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


def main() -> None:
    ends = time.perf_counter() + DEADLINE_S
    print("decide / as many full quotes (every candidate quoted, every rejection with its reason)")
    for size in (10, 100, 1000):
        book, profiles = market(size)
        policy = Policy(max_cost=usd("0.001") * (size // 2))
        ratios: list[float] = []
        rejected = 0
        for turn in range(PAIRS):
            usage = Usage.audio(Decimal(9) + Decimal(turn + 1) / 1000)
            demand = Demand("avatar", usage, Decimal(10))
            began = time.perf_counter()
            choice = choose(demand, policy, book, profiles, AT, Facts())
            decided = time.perf_counter() - began
            began = time.perf_counter()
            for offer in profiles:
                book.quote(offer, usage, at=AT, settings={"resolution": "720p"})
            quoted = time.perf_counter() - began
            if not (choice.candidates and len(choice.candidates) + len(choice.rejections) == size):
                raise SystemExit("the decision is not what is to be measured")
            ratios.append(decided / quoted)
            rejected = len(choice.rejections)
            if time.perf_counter() > ends:
                break
        shown = f"{statistics.median(ratios):.2f} x (target <= {TARGET})"
        print(f"  {size:5d} candidates, {rejected:4d} rejected: {shown}")


if __name__ == "__main__":
    main()
