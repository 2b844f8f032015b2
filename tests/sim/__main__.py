"""`python -m tests.sim SEED`: replays a seed, shrinks what breaks. `… FROM TO`: many seeds, and what they hit."""

import sys
import time
from collections import Counter

from .play import breaks, play, played, report
from .scenario import drawn


def main(words: list[str]) -> int:
    numbers = [int(word) for word in words if word.lstrip("-").isdigit()]
    if len(numbers) == 2:
        return many(*numbers)
    if len(numbers) != 1:
        print("say a seed, or two: from and to")
        return 2
    scenario = drawn(numbers[0])
    if "--whole" in words or not breaks(scenario):
        end = play(scenario, traced=True)
        print("\n".join([*scenario.lines(), *end.trace, end.broken or "all laws hold"]))
        return 1 if end.broken else 0
    print(report(scenario))
    return 1


def many(first: int, last: int) -> int:
    hits: Counter[str] = Counter()
    began = time.perf_counter()
    broken: list[int] = []
    for seed in range(first, last):
        end = played(seed)
        hits += end.hits
        if end.broken is not None:
            broken.append(seed)
            print(f"seed {seed}: {end.broken.splitlines()[0]}", flush=True)
    took_s = time.perf_counter() - began
    for name, count in sorted(hits.items()):
        print(f"{count:8}  {name}")
    print(f"{last - first} runs in {took_s:.1f} s: {60 * (last - first) / took_s:.0f} a minute; broken: {len(broken)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
