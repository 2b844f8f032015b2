"""Whether daily spend runs at another level since some day, or rises or falls week by week. Pure.

Only the order of the days' amounts counts for a change, not their size: one huge day is one day, and a series in
another unit changes on the same day. The test is Mann and Whitney's rank sum at each possible day, in whole numbers.
"""

from collections.abc import Sequence
from itertools import pairwise

LOOK_BACK = 56
"""So many days are looked at."""
LEAST = 7
"""On each side of a change there are at least so many days: a week, so that weekdays weigh the same."""
_THRESHOLD = 14
"""Of the squared rank score: a day on which chance alone would hardly ever part the days so well."""
_PARTS = 10**6


def changed(days: Sequence[int]) -> int | None:
    """How many of the days came since the last clear change of level; None: there was none.

    A pause is no change: where most days of either side are empty, work comes and goes, and its mean tells more.
    """
    recent = days[-LOOK_BACK:]
    found = None
    while (split := _split(recent)) is not None and not (
        _mostly_empty(recent[:split]) or _mostly_empty(recent[split:])
    ):
        recent = recent[split:]  # looked at again: the last change counts, not the largest
        found = len(recent)
    return found


def drifting(days: Sequence[int]) -> int:
    """1 when every week of these days is above the one before and the last by a quarter above the first; −1: below."""
    weeks = [sum(days[start : start + 7]) for start in range(0, len(days), 7)]
    first, last = weeks[0], weeks[-1]
    pairs = list(pairwise(weeks))
    if first > 0 and 4 * last >= 5 * first and all(one < next_ for one, next_ in pairs):
        return 1
    return -1 if last > 0 and 5 * last <= 4 * first and all(one > next_ for one, next_ in pairs) else 0


def _mostly_empty(days: Sequence[int]) -> bool:
    return 2 * sum(1 for day in days if day <= 0) > len(days)


def _split(days: Sequence[int]) -> int | None:
    """The place that parts the days into the two most different sides, if they differ clearly."""
    count = len(days)
    if count < 2 * LEAST:
        return None
    ranks = _doubled_ranks(days)
    best, place = 0, 0
    total = sum(ranks[: LEAST - 1])
    for split in range(LEAST, count - LEAST + 1):
        total += ranks[split - 1]
        distance = total - split * (count + 1)  # z² = 12 (R − n(N+1)/2)² ÷ (n·m·(N+1)), and R is doubled here
        score = distance * distance * 3 * _PARTS // (split * (count - split) * (count + 1))
        if score > best:
            best, place = score, split
    return place if best > _THRESHOLD * _PARTS else None


def _doubled_ranks(days: Sequence[int]) -> list[int]:
    """Twice the rank of each day among all; equal days share the middle of their ranks."""
    order = sorted(range(len(days)), key=days.__getitem__)
    ranks = [0] * len(days)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and days[order[end]] == days[order[start]]:
            end += 1
        for place in order[start:end]:
            ranks[place] = start + end + 1
        start = end
    return ranks
