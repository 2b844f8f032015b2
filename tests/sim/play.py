"""Plays a scenario to its end and judges it: what broke, with a trace, and what was hit; the smallest like it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from .scenario import Scenario, drawn, smaller
from .stage import stage
from .truth import Truth
from .watch import Violation
from .world import World, installed

ROUNDS_S = (1, 90, 300, 700, 1200, 1800, 3600, 7200)
"""When `resume` runs after the last fault: seconds after the round before. No job may need more."""


@dataclass(frozen=True, slots=True)
class Played:
    """How a run went."""

    scenario: Scenario
    broken: str | None
    """The invariant that does not hold; None: all do."""
    hits: Counter[str]
    trace: tuple[str, ...] = ()


def play(scenario: Scenario, *, traced: bool = False) -> Played:
    """Run it once."""
    lines: list[str] = []
    world = World(stage(), scenario, lines.append if traced else None)
    undo = installed(world)
    broken = None
    try:
        world.play()
        finish(world)
    except Violation as violation:
        broken = str(violation)
    finally:
        undo()
    hits = world.hits + world.wire.hits + world.watch.hits
    return Played(scenario, broken, hits, tuple(lines))


def finish(world: World) -> None:
    """No more faults: `resume` until all is quiet, the laws; then a person ends what is unknown, and the laws again."""
    world.wire.lift()
    world.watch.lifted = True
    world.tell("all faults end")
    last = world.spawn("elsewhere")
    for gap_s in ROUNDS_S:
        world.later(gap_s, lambda: world.resume(last, 1), ours=True)
        world.run_until_quiet()
        if next(last.desk.open_work(), None) is None:
            break
    found = Truth(world)
    found.check()
    if any(view.exposed.nanos for view in found.views.values()):
        world.resolve_unknown(quiet=True)
        after = Truth(world)
        after.check()
        if any(view.exposed.nanos for view in after.views.values()):
            raise Violation("law 15: a person could not end what was unknown")
    world.audit()


def played(seed: int) -> Played:
    return play(drawn(seed))


def shrunk(scenario: Scenario, still: Callable[[Scenario], bool], tries: int = 2000) -> Scenario:
    """The smallest scenario found that breaks too, taking one thing away at a time."""
    best, again = scenario, True
    while again and tries > 0:
        again = False
        for candidate in smaller(best):
            tries -= 1
            if still(candidate):
                best, again = candidate, True
                break
    return best


def breaks(scenario: Scenario) -> bool:
    return play(scenario).broken is not None


def report(scenario: Scenario, *, shrink: bool = True) -> str:
    """What a person needs to see: the law, the smallest scenario that breaks it, its trace, how to replay it."""
    least = shrunk(scenario, breaks) if shrink else scenario
    end = play(least, traced=True)
    return "\n".join(
        [
            end.broken or "all laws hold",
            *least.lines(),
            *end.trace,
            f"replay: .venv/bin/python -m tests.sim {scenario.seed}",
        ]
    )
