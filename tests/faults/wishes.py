"""What a crowd of processes is to make, and which fault strikes each job: plain values, drawn alike everywhere.

No job has a bill that its provider is silent about for good (`double-bill` and its like): then sums could not be exact.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

PROVIDERS = ("fal", "runware", "creatify")
LANES = (*PROVIDERS, "*")
"""Each lane is one caller after another: at one provider, or at whoever is best."""
Doubt = Literal["", "never", "hidden", "silent"]
"""Why a job may stay a person's question: nothing arrived, it cannot be found, its cost is not to be had."""

LOST = (
    "lost-answer", "reset-answer", "cut-head-20", "cut-body-12", "truncated", "malformed", "empty", "html-after",
    "5xx-after", "after-302", "after-409", "after-504",
)  # fmt: skip
"""Accepted, and the caller does not hear it: a probe must find it."""
SLOW = ("late-0.3", "slow-0.3")
REFUSED = ("throttle-1", "throttle-date-1", "status-400", "status-404", "status-413")
NEVER = ("lost-request", "reset-at-0", "reset-at-60", "html", "status-408", "status-503")
"""Nothing was accepted, which only Runware can prove, and only after an hour."""
SILENT = ("no-cost", "cost-word", "cost-negative", "cost-zero", "cost-huge")
ENDS: dict[str, tuple[str, ...]] = {
    "fal": ("fail", "fail-422", "extra-second", "render-1.5"),
    "runware": ("fail", "fail-422", "extra-second", "render-1.5", "repeated", "partial-1"),
    "creatify": ("fail", "fail-422", "extra-second", "render-1.5", "rejected", "credits-gone"),
    "*": ("fail", "extra-second", "render-1.5"),
}
"""What becomes of an accepted job."""
HOOKS = ("hook-twice", "hook-reordered", "hook-forged", "hook-stale", "hook-never", "hook-early")
READS = (
    "lost-answer@poll", "5xx-after@poll", "malformed@poll", "html-after@poll", "empty@poll", "truncated@poll",
    "reset-answer@poll", "status-503@poll", "late-0.3@poll", "cut-head-9@poll", "cut-body-9@poll",
)  # fmt: skip
RESULTS = ("status-502@result", "lost-answer@result", "malformed@result", "html-after@result", "reset-answer@result")
"""fal's only: asked for once the status says that it is done."""
FOR_ALL = (
    "status-503@probe:fal:2", "html@probe:creatify:2", "lost-answer@probe:runware:2", "throttle-1@probe:creatify",
    "status-500@cost:fal:2", "malformed@cost:fal:2", "lost-answer@cost:fal:2", "throttle-1@poll:fal",
    "throttle-date-1@poll:runware", "throttle-1@poll:creatify",
)  # fmt: skip
"""Strike whoever comes first."""
OUTAGES = ("down-for-0.5:creatify", "reset-at-connect:fal:2", "reset-at-connect:runware:2")
"""Once nothing is submitted any more: three failed submits in a row would shut a circuit for half a minute."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One job. `name` is part of its prompt, by which its faults find it."""

    name: str
    lane: str
    seconds: str
    outputs: int
    faults: tuple[str, ...]
    doubt: Doubt

    @property
    def scope(self) -> str:
        return f"acme/{'b' if self.lane == '*' else 'a'}"


def wishes(count: int) -> dict[str, list[Wish]]:
    """By lane, in order. Of every two submits one is sound, so that no circuit opens before the end."""
    rng = Random(count)
    made = {lane: list(_lane(lane, number, rng, count)) for number, lane in enumerate(LANES)}
    assert sum(map(len, made.values())) == count
    return made


def specs(made: dict[str, list[Wish]]) -> list[str]:
    """All their faults, in the sandbox's words."""
    return [*(fault for lane in made.values() for wish in lane for fault in wish.faults), *FOR_ALL]


def _lane(lane: str, number: int, rng: Random, count: int) -> Iterator[Wish]:
    size = len(range(number, count, len(LANES)))
    odd: list[str | None] = ["conflict" if lane == "runware" else "hide", *NEVER, *LOST, *SLOW, *REFUSED, None, None]
    again = [*LOST, *SLOW, *REFUSED, None, None, None]
    even: list[str | None] = [None, *SILENT, *ENDS[lane]]
    later: list[str | None] = [None, *ENDS[lane], None]
    for at in range(size):
        name = f"clip-{number}-{at:05d}."
        pick: Sequence[str | None] = (
            (odd if at // 2 < len(odd) else again) if at % 2 else (even if at // 2 < len(even) else later)
        )
        kind = pick[at // 2 % len(pick)]
        if at == size - 1:
            kind = "refuse"  # it shuts the circuit of whoever refuses
        if at == size - 3 and lane in ("runware", "creatify"):
            kind = "price-rise"
        kinds = ["hide", "lost-answer"] if kind == "hide" else [kind] if kind else []
        if at % 3 == 2:
            kinds.append(HOOKS[at // 3 % len(HOOKS)])
        if at % 4 == 3:
            kinds.append(READS[at // 4 % len(READS)])
        if at % 4 == 0 and lane == "fal":
            kinds.append(RESULTS[at // 4 % len(RESULTS)])
        doubt: Doubt = "never" if kind in NEVER else "hidden" if kind == "hide" else "silent" if kind in SILENT else ""
        yield Wish(
            name, lane, rng.choice(("3.2", "6.04", "9.4", "12")), 2 if kind == "partial-1" else 1,
            tuple(f"{each}:{'*' if lane == '*' else lane}:1~{name}" for each in kinds), doubt,
        )  # fmt: skip
