"""The knapsack against brute force: exact where the batch is small, and never beyond its bound at any size."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router import knapsack
from router.knapsack import Option, fitting, next_step, solve

COSTS = st.one_of(st.integers(0, 12), st.integers(0, 10**12))
VALUES = st.one_of(st.integers(-3, 9), st.integers(-(10**12), 10**12))
OPTIONS = st.lists(st.tuples(COSTS, VALUES), min_size=1, max_size=5)
Jobs = list[list[Option]]


@st.composite
def batches(draw: st.DrawFn, jobs: int = 5) -> tuple[Jobs, int]:
    """A batch, and a budget from the cheapest of all to a little above the dearest."""
    batch = draw(st.lists(OPTIONS, max_size=jobs))
    least = sum(min(cost for cost, _ in options) for options in batch)
    most = sum(max(cost for cost, _ in options) for options in batch)
    return batch, draw(st.integers(least, most + 1))


def brute(jobs: Jobs, budget: int) -> tuple[int, int]:
    """The most value within the budget, and the least cost of it."""
    sums = [(sum(cost for cost, _ in picks), sum(value for _, value in picks)) for picks in product(*jobs)]
    value, cost = max((value, -cost) for cost, value in sums if cost <= budget)
    return value, -cost


def worth(jobs: Jobs, picks: tuple[int, ...]) -> tuple[int, int]:
    chosen = [options[pick] for options, pick in zip(jobs, picks, strict=True)]
    return sum(value for _, value in chosen), sum(cost for cost, _ in chosen)


@given(batches())
@settings(max_examples=400)
def test_a_small_batch_is_exact(batch: tuple[Jobs, int]) -> None:
    jobs, budget = batch
    found = solve(jobs, budget)
    assert worth(jobs, found.picks) == (found.value, found.cost) == brute(jobs, budget)
    assert found.exact
    assert found.value <= found.bound


@given(batches())
@settings(max_examples=300)
def test_a_large_batch_is_within_its_bound_and_its_budget(batch: tuple[Jobs, int]) -> None:
    """As one that is too large to be searched: no plan beats the bound, the bound itself is one step above at most."""
    jobs, budget = batch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(knapsack, "SEARCHED", 0)
        found = solve(jobs, budget)
    best, _ = brute(jobs, budget)
    assert worth(jobs, found.picks) == (found.value, found.cost)
    assert found.cost <= budget
    assert found.value <= best <= found.bound
    assert not found.exact or found.value == best
    spread = max((max(v for _, v in options) - min(v for _, v in options) for options in jobs), default=0)
    assert found.bound - found.value <= spread


@given(batches(), st.integers(0, 10**12))
def test_more_money_never_buys_a_lower_bound(batch: tuple[Jobs, int], more: int) -> None:
    jobs, budget = batch
    assert solve(jobs, budget).bound <= solve(jobs, budget + more).bound <= solve(jobs, None).bound


@given(batches())
def test_without_a_limit_each_job_takes_its_best(batch: tuple[Jobs, int]) -> None:
    jobs, _ = batch
    found = solve(jobs, None)
    for options, pick in zip(jobs, found.picks, strict=True):
        assert options[pick] == max(options, key=lambda one: (one[1], -one[0]))
    assert next_step(jobs, found.picks) is None


@given(batches())
def test_the_next_step_buys_most_for_its_cost(batch: tuple[Jobs, int]) -> None:
    jobs, budget = batch
    found = solve(jobs, budget)
    step = next_step(jobs, found.picks)
    gains = [
        (cost - options[pick][0], value - options[pick][1])
        for options, pick in zip(jobs, found.picks, strict=True)
        for cost, value in options
        if value > options[pick][1]
    ]
    assert (step is None) == (not gains)
    if step is not None:
        assert found.cost + step.cost > budget  # else the plan would have taken it
        assert all(Fraction(gain, more) <= Fraction(step.value, step.cost) for more, gain in gains)


def test_a_search_that_grows_too_wide_leaves_the_filled_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs: Jobs = [[(0, 0), (3, 3), (5, 6)]] * 6
    monkeypatch.setattr(knapsack, "STATES", 0)
    found = solve(jobs, 16)
    assert (found.value, found.cost, found.bound, found.exact) == (18, 15, 19, False)


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(ValueError, match="cost 2 more"):
        solve([[(5, 1), (9, 2)], [(3, 1)]], 6)


@given(st.lists(st.integers(0, 20), max_size=7), st.integers(0, 60))
def test_as_many_as_possible_are_made(cheapest: list[int], budget: int) -> None:
    kept = fitting(cheapest, [Fraction(1)] * len(cheapest), budget)
    most = max(
        sum(chosen)
        for chosen in product((0, 1), repeat=len(cheapest))
        if sum(cost for cost, made in zip(cheapest, chosen, strict=True) if made) <= budget
    )
    assert len(kept) == most
    assert sum(cheapest[number] for number in kept) <= budget


def test_the_heavier_job_is_made_first() -> None:
    assert fitting([5, 3, 3, 1], [Fraction(2), Fraction(1), Fraction(1), Fraction(1)], 9) == [0, 1, 3]
