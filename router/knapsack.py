"""One option for each job under one budget, the most value in sum. Whole numbers in, whole numbers out; pure.

A multiple-choice knapsack. Each job's options are thinned to its upper hull, whose steps give less and less value for
their cost; all jobs' steps are taken best first until the budget is reached. That is the optimum of the relaxed problem
but for one broken step, so it comes with a bound that no plan can beat. What is left is filled, and a small batch is
then searched to its true optimum among the few options that the bound leaves open.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from operator import itemgetter

Option = tuple[int, int]
"""(cost, value). The cost is never negative."""
_Point = tuple[int, int, int]
"""(cost, -value, pick): plain sorting puts the better of two equal costs first."""
_Trail = tuple[int, "_Trail | None"]
_State = tuple[int, int, int, _Trail | None]
"""A partial plan: cost, -value, what it lost, and its picks, the last first."""

SEARCHED = 64
"""Jobs up to which the optimum is searched for."""
STATES = 5_000
"""Partial plans kept at once in that search; where more are needed, the filled greedy plan stands."""
_SHIFT = 72
"""An efficiency is kept as value · 2^72 ÷ cost, rounded down: it orders steps without a fraction or a float."""


@dataclass(frozen=True, slots=True)
class Solution:
    """Which option each job takes. `value` ≤ `bound`, and no other picks within the budget beat the bound."""

    picks: tuple[int, ...]
    cost: int
    value: int
    bound: int
    exact: bool
    """True: no other picks within the budget are worth more, nor as much for less where the batch is small."""


@dataclass(frozen=True, slots=True)
class _Line:
    """The price of money where it ran out, and what the best picks at that price are worth; both · 2^72.

    Whatever the price, no plan within the budget is worth more: that is the bound.
    """

    price: int
    worth: int


@dataclass(frozen=True, slots=True)
class _Steps:
    """All jobs' steps, side by side: efficiency, more cost, job, pick before, pick after."""

    keys: list[int]
    mores: list[int]
    owners: list[int]
    befores: list[int]
    afters: list[int]


@dataclass(frozen=True, slots=True)
class Step:
    """A change of one job's option that costs more and is worth more."""

    job: int
    pick: int
    cost: int
    value: int
    """Both: more than now."""


def solve(jobs: Sequence[Sequence[Option]], budget: int | None) -> Solution:
    """The best picks found, and the bound. Raises ValueError where the cheapest of all do not fit the budget.

    Every job has an option; of equal ones the first is taken. `budget` None: no limit.
    """
    if budget is None:
        picks = [_hull(options)[-1][2] for options in jobs]
        cost, value = _sum(jobs, picks)
        return Solution(tuple(picks), cost, value, value, exact=True)
    steps = _Steps([], [], [], [], [])
    picks = _thinned(jobs, steps)
    left = budget - _sum(jobs, picks)[0]
    if left < 0:
        raise ValueError(f"the cheapest options cost {-left} more than the budget {budget}")
    left, line = _climb(jobs, steps, picks, left)
    found = None
    if line is not None:
        found = _searched(jobs, picks, budget, line) if len(jobs) <= SEARCHED else None
        if found is None:
            _fill(jobs, picks, left)
        else:
            picks = found
    cost, value = _sum(jobs, picks)
    bound = value if line is None else line.worth >> _SHIFT
    return Solution(tuple(picks), cost, value, bound, exact=value == bound or found is not None)


def next_step(jobs: Sequence[Sequence[Option]], picks: Sequence[int]) -> Step | None:
    """The change that buys most value for its cost from here, whatever is left; None: every job has its best."""
    best: Step | None = None
    for number, (options, pick) in enumerate(zip(jobs, picks, strict=True)):
        at_cost, at_value = options[pick]
        for other, (cost, value) in enumerate(options):
            more, gain = cost - at_cost, value - at_value
            if gain > 0 and (best is None or gain * best.cost > best.value * more):
                best = Step(number, other, more, gain)
    return best


def fitting(cheapest: Sequence[int], weights: Sequence[Fraction], budget: int) -> list[int]:
    """Which jobs are made where not all can be: the heaviest first, of these the cheapest, then in their order."""
    order = sorted(range(len(cheapest)), key=lambda number: (-weights[number], cheapest[number]))
    kept: list[int] = []
    for number in order:
        if cheapest[number] <= budget:
            budget -= cheapest[number]
            kept.append(number)
    return sorted(kept)


def _hull(options: Sequence[Option]) -> list[_Point]:
    """From the cheapest to the most valuable, each step worth no more for its cost than the last."""
    order = sorted([(cost, -value, pick) for pick, (cost, value) in enumerate(options)])
    hull = [order[0]]
    for point in order[1:]:
        cost, loss, _ = point
        if loss >= hull[-1][1]:
            continue
        while len(hull) > 1:
            cost0, loss0, _ = hull[-2]
            cost1, loss1, _ = hull[-1]
            if (loss1 - loss) * (cost1 - cost0) <= (loss0 - loss1) * (cost - cost1):
                break
            hull.pop()
        hull.append(point)
    return hull


def _thinned(jobs: Sequence[Sequence[Option]], steps: _Steps) -> list[int]:
    """Each job's cheapest option; from there its steps are added to `steps`, the best first."""
    keys, mores, owners, befores, afters = steps.keys, steps.mores, steps.owners, steps.befores, steps.afters
    cheapest: list[int] = []
    for number, options in enumerate(jobs):
        hull = _hull(options)
        cost0, loss0, before = hull[0]
        cheapest.append(before)
        for cost, loss, after in hull[1:]:
            more = cost - cost0
            keys.append((loss0 - loss << _SHIFT) // more)
            mores.append(more)
            owners.append(number)
            befores.append(before)
            afters.append(after)
            cost0, loss0, before = cost, loss, after
    return cheapest


def _climb(jobs: Sequence[Sequence[Option]], steps: _Steps, picks: list[int], left: int) -> tuple[int, _Line | None]:
    """Take all jobs' steps best first while they fit; answers what is left, and the line where the first did not."""
    keys, mores, owners, befores, afters = steps.keys, steps.mores, steps.owners, steps.befores, steps.afters
    order = sorted(range(len(keys)), key=keys.__getitem__, reverse=True)  # stable: a job's own steps stay in order
    spent = list(accumulate([mores[place] for place in order], initial=0))
    broken = bisect_right(spent, left) - 1
    for place in order[:broken]:
        picks[owners[place]] = afters[place]
    if broken == len(order):
        return left - spent[-1], None
    left -= spent[broken]
    # Just above the key, every step taken so far was worth its money, but those of the same key, which are worth
    # a trifle less: left out, their money counts in full.
    price = keys[order[broken]] + 1
    worth = (_sum(jobs, picks)[1] << _SHIFT) + price * left
    for place in reversed(order[:broken]):
        if keys[place] >= price:
            break
        worth += price * mores[place] - (_gain(jobs, owners[place], befores[place], afters[place]) << _SHIFT)
    for place in [place for place in order[broken:] if mores[place] <= left]:
        if mores[place] <= left and picks[owners[place]] == befores[place]:
            picks[owners[place]] = afters[place]
            left -= mores[place]
    return left, _Line(price, worth)


def _gain(jobs: Sequence[Sequence[Option]], job: int, before: int, after: int) -> int:
    return jobs[job][after][1] - jobs[job][before][1]


def _fill(jobs: Sequence[Sequence[Option]], picks: list[int], left: int) -> None:
    """Give what is left to job after job that has a better option within it, on its hull or not."""
    for number, options in enumerate(jobs):
        if not left:
            return
        cost0, value0 = options[picks[number]]
        within, best = cost0 + left, picks[number]
        for pick, (cost, value) in enumerate(options):
            if cost <= within and (value > value0 or (value == value0 and cost < cost0)):
                best, value0, cost0 = pick, value, cost
        if best != picks[number]:
            left = within - cost0
            picks[number] = best


def _searched(jobs: Sequence[Sequence[Option]], picks: Sequence[int], budget: int, line: _Line) -> list[int] | None:
    """The optimum, of equal ones the cheapest; None: too many partial plans to keep.

    At the line's price of money each option loses something against its job's best one. A plan whose losses sum to more
    than what lies between the bound and the plan in hand is worth less than that plan, so few options remain.
    """
    spare = line.worth - (_sum(jobs, picks)[1] << _SHIFT)
    cheapest = [min(cost for cost, _ in options) for options in jobs]
    floor = sum(cheapest)
    states: list[_State] = [(0, 0, 0, None)]
    for number, options in enumerate(jobs):
        floor -= cheapest[number]
        worth = [(value << _SHIFT) - line.price * cost for cost, value in options]
        top = max(worth)
        open_ones = [
            (cost, value, top - own, pick)
            for pick, ((cost, value), own) in enumerate(zip(options, worth, strict=True))
            if top - own <= spare
        ]
        grown: list[_State] = [
            (cost + more, minus - value, lost + loss, (pick, before))
            for cost, minus, lost, before in states
            for more, value, loss, pick in open_ones
            if lost + loss <= spare and cost + more + floor <= budget
        ]
        grown.sort(key=itemgetter(0, 1))
        states, least = [], None
        for state in grown:  # of two, keep the dearer only if it is worth more
            if least is None or state[1] < least:
                states.append(state)
                least = state[1]
        if len(states) > STATES:
            return None
    return _traced(states[-1][3])


def _traced(trail: _Trail | None) -> list[int]:
    found: list[int] = []
    while trail is not None:
        pick, trail = trail
        found.append(pick)
    return found[::-1]


def _sum(jobs: Sequence[Sequence[Option]], picks: Sequence[int]) -> tuple[int, int]:
    chosen = [options[pick] for options, pick in zip(jobs, picks, strict=True)]
    return sum([cost for cost, _ in chosen]), sum([value for _, value in chosen])
