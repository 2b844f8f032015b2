"""The simulator over many seeds: 300 in the suite, 10,000 in `make sim`; every fault strikes, death comes anywhere.

A seed that breaks a law is shrunk, and printed with its trace and how to replay it.
"""

import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import pytest

from tests.conftest import SWEEP

from .__main__ import main
from .play import Played, play, played, report, shrunk
from .scenario import CALLS, FAULTS, STEPS, Crash, Fault, drawn

FEW, MANY = 300, 10_000
OFTEN = 20
"""How often each fault strikes at least in 10,000 runs."""


def of_many(seeds: range) -> tuple[Counter[str], list[int]]:
    """What was hit, and the seeds that broke a law."""
    hits: Counter[str] = Counter()
    broken: list[int] = []
    for seed in seeds:
        end = played(seed)
        hits += end.hits
        if end.broken is not None:
            broken.append(seed)
    return hits, broken


def base(config: pytest.Config) -> int:
    """A sweep draws other seeds each time: SEED says which."""
    given = config.getoption("--hypothesis-seed") if SWEEP else None
    return int(str(given)) * MANY if str(given).isdecimal() else 0


def swept(first: int) -> tuple[Counter[str], list[int]]:
    """Ten thousand seeds over all cores."""
    hits: Counter[str] = Counter()
    broken: list[int] = []
    parts = [range(first + start, first + start + 250) for start in range(0, MANY, 250)]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for more, wrong in pool.map(of_many, parts):
            hits += more
            broken += wrong
    return hits, broken


def test_every_law_holds_whatever_goes_wrong(pytestconfig: pytest.Config) -> None:
    first = base(pytestconfig)
    hits, broken = swept(first) if SWEEP else of_many(range(FEW))
    print(f"\n{MANY if SWEEP else FEW} runs from seed {first}")
    print("\n".join(f"{count:8}  {name}" for name, count in sorted(hits.items())))
    assert not broken, f"{len(broken)} seeds break a law: {broken[:20]}\n{report(drawn(broken[0]))}"
    least = OFTEN if SWEEP else 1
    assert {name: hits[name] for name in FAULTS if hits[name] < least} == {}
    if SWEEP:
        assert {name: hits[name] for name in deaths() if not hits[name]} == {}


def deaths() -> list[str]:
    """Each kind of step, before and after it; of a call also while it is under way."""
    whens = [(step, when) for step in STEPS for when in ("before", "after")]
    return [f"crash {when} {step}" for step, when in (*whens, *((call, "during") for call in CALLS))]


@pytest.mark.parametrize("seed", [468, 1388, 5165, 7371, 9701])
def test_a_seed_that_once_broke_a_law_breaks_none(seed: int) -> None:
    """A sleep between intent and submit; a person who judged while one slept; twice a bill that fal itself called 0."""
    assert played(seed).broken is None


def test_a_seed_is_always_the_same_run() -> None:
    for seed in range(20, 25):
        first, second = (play(drawn(seed), traced=True) for _ in range(2))
        assert first == second
        assert first.trace


def test_a_scenario_shrinks_to_what_matters() -> None:
    scenario = next(one for one in map(drawn, range(1000)) if one.size() > 9)
    lost = Fault("lost-answer", "fal", 0)
    scenario = replace(scenario, faults=(*scenario.faults[:1], lost, *scenario.faults[1:]))
    least = shrunk(scenario, lambda one: lost in one.faults)
    assert least.faults == (lost,)
    assert (len(least.wishes), least.crashes, least.acts) == (1, (), ())


def test_what_breaks_is_told_with_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a law that is none: nobody may ever be charged."""
    scenario = drawn(2)

    def strict(one: object, *, traced: bool = False) -> Played:
        end = play(one, traced=traced)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        return replace(end, broken="law 0: charged" if end.hits or end.trace else None)

    monkeypatch.setattr("tests.sim.play.play", strict)
    told = report(scenario)
    assert told.startswith("law 0: charged")
    assert "submit leaves" in told
    assert told.endswith("replay: .venv/bin/python -m tests.sim 2")


def test_a_seed_is_replayed_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["7"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("seed 7, ")
    assert told.endswith("all laws hold\n")
    assert main([]) == 2


@pytest.mark.parametrize("step", ["intent", "submit", "submitted", "settle"])
def test_a_process_that_dies_there_leaves_nothing_behind(step: str) -> None:
    """The steps around the money, one by one: each is met in some seed at once."""
    for when in ("before", "after"):
        found = [replace(drawn(seed), crashes=(Crash(0, step, when, 0),)) for seed in range(6)]
        ends = [play(one) for one in found]
        assert [end.broken for end in ends] == [None] * len(ends)
        assert any(end.hits[f"crash {when} {step}"] for end in ends)
