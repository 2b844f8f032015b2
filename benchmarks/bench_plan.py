"""How long the plan of a batch takes against hull greedy written plainly: ratios only, and how far from optimal.

The instance: each job takes one of 6 random offers, the budget is 40 % of the way from the cheapest to the best of all.
The floor thins, sorts and takes, and answers nothing but picks; ours also gives the bound, fills what is left and
stays in whole numbers. Both sides take turns in the same run; the median of the paired ratios is printed.
Run `python benchmarks/bench_plan.py [--quick]`; it stops by itself after a time-out.
"""

import random
import statistics
import sys
import time
from collections.abc import Sequence
from itertools import pairwise

from router.knapsack import Option, solve

TARGET, DEADLINE_S = 2.0, 60.0
QUICK = "--quick" in sys.argv
SIZES = {1_000: (3, 41, 50), 10_000: (1, 15, 5), 100_000: (0, 5, 5)}
"""Pairs when quick, pairs otherwise, and the gap allowed in parts of a million."""
OFFERS = 6


def instance(size: int, seed: int) -> tuple[list[list[Option]], int]:
    """Prices in nanos up to 10 USD; what is dearer is mostly better."""
    draw = random.Random(seed)
    jobs: list[list[Option]] = []
    for _ in range(size):
        costs = [draw.randrange(200_000_000, 10_000_000_000) for _ in range(OFFERS)]
        jobs.append([(cost, int((cost / 1e10) ** 0.5 * 7_000) + draw.randrange(3_000)) for cost in costs])
    least = sum(min(cost for cost, _ in options) for options in jobs)
    best = sum(max(options, key=lambda one: (one[1], -one[0]))[0] for options in jobs)
    return jobs, least + (best - least) * 4 // 10


def floor(jobs: Sequence[Sequence[Option]], budget: int) -> list[int]:
    """Hull greedy, plainly: efficiencies as floats, no bound, nothing filled."""
    picks: list[int] = []
    steps: list[tuple[float, int, int, int]] = []
    for number, options in enumerate(jobs):
        order = sorted(range(len(options)), key=lambda pick: options[pick])
        hull = [order[0]]
        for pick in order[1:]:
            cost, value = options[pick]
            if value <= options[hull[-1]][1]:
                continue
            while len(hull) > 1:
                (cost0, value0), (cost1, value1) = options[hull[-2]], options[hull[-1]]
                if (value - value1) * (cost1 - cost0) <= (value1 - value0) * (cost - cost1):
                    break
                hull.pop()
            hull.append(pick)
        picks.append(hull[0])
        budget -= options[hull[0]][0]
        for before, pick in pairwise(hull):
            more = options[pick][0] - options[before][0]
            steps.append((-(options[pick][1] - options[before][1]) / more, number, pick, more))
    steps.sort()
    stopped: set[int] = set()
    for _, number, pick, more in steps:
        if more <= budget and number not in stopped:
            picks[number] = pick
            budget -= more
        else:
            stopped.add(number)
    return picks


def main() -> None:
    ends = time.perf_counter() + DEADLINE_S
    print("plan / hull greedy written plainly (6 offers a job, one budget), and the gap to the bound no plan can beat")
    for size, (few, many, allowed) in SIZES.items():
        ratios: list[float] = []
        gaps: list[float] = []
        for turn in range(few if QUICK else many):
            jobs, budget = instance(size, turn)
            began = time.process_time()
            found = solve(jobs, budget)
            solved = time.process_time() - began
            began = time.process_time()
            picks = floor(jobs, budget)
            ratios.append(solved / (time.process_time() - began))
            plain = sum(options[pick][1] for options, pick in zip(jobs, picks, strict=True))
            if not plain <= found.value <= found.bound or found.cost > budget:
                raise SystemExit("the plan is not what is to be measured")
            gaps.append((found.bound - found.value) / found.bound * 1e6)
            if time.perf_counter() > ends:
                break
        if ratios:
            shown = f"{statistics.median(ratios):.2f} x (target <= {TARGET})"
            gap = f"gap {statistics.median(gaps):.2f} ppm, at most {max(gaps):.2f} (target <= {allowed})"
            print(f"  {size:6d} jobs: {shown}; {gap}")


if __name__ == "__main__":
    main()
