"""What one run tries, drawn from one seed: jobs, budgets, faults, crashes and acts as plain values. Runs nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal, TypeVar

T = TypeVar("T")

PROVIDERS = ("fal", "runware", "creatify")
SCOPES = ("acme/a", "acme/b", "acme/a/deep")
REFUSALS = (400, 401, 402, 403, 404, 413, 415, 429)
ODD = (302, 408, 409, 425, 499, 500, 502, 503, 504)
"""Statuses of a submit that prove nothing, whether or not it was accepted."""

SUBMIT = (
    "refuse-connection", "reset-before", "lost-answer", "late-arrival", "slow-answer", "cut-answer", "html-before",
    "html-after", "odd-before", "odd-after", "turned-away",
)  # fmt: skip
"""What can happen to a submit at any provider."""
WAYS = (*SUBMIT, "422-free", "422-accepted", "proxy-retry")
LOSES = ("lost-answer", "lost-answer", "cut-answer", "html-after", "odd-after")
"""The job is accepted, and the client does not hear it."""
SILENT = ("no-cost", "cost-zero", "cost-negative", "cost-word", "cost-huge")
"""What is said of the cost is nothing, or nonsense; at last it is said as it is."""
HIDDEN = ("double-bill", "bill-failed", "late-bill-900", "cancel-billed")
"""A bill that nobody can hear of but by the provider's statement."""
JOB = (
    "hide", "slow", "stuck", "fail", "fail-422", "rejected", "credits-gone", "partial-1", "extra-second", "conflict",
    "repeated", "price-rise", *SILENT, *HIDDEN,
)  # fmt: skip
"""What can become of an accepted job, in the sandbox's words."""
ONLY = {
    "422-free": "fal", "422-accepted": "fal", "cancel-billed": "fal", "proxy-retry": "runware", "conflict": "runware",
    "partial-1": "runware", "repeated": "runware", "rejected": "creatify", "credits-gone": "creatify",
}  # fmt: skip
"""What only one provider can do."""
READ = ("read-lost", "read-503", "read-429", "read-cut", "read-html", "read-foreign")
"""What can happen to a poll, a probe, a look at a price, a cancellation."""
STORAGE = ("storage-before", "storage-after")
"""The database fails before a commit, or after it and before its acknowledgement."""
STALL = ("stall",)
FAULTS = (*WAYS, *JOB, *READ, *STORAGE, *STALL)

VERBS = (
    "recall", "hold", "read", "intent", "submitted", "unknown", "claimed", "release", "silent", "settle", "keep",
    "claim", "park",
)  # fmt: skip
CALLS = ("submit", "poll", "cost", "probe", "cancel")
STEPS = (*VERBS, *CALLS, "pause", "bring", "digest")
"""Every kind of step at which a process can die."""
When = Literal["before", "during", "after"]

ACTS = (
    "worker", "rerun", "cancel", "hear", "hear-forged", "jump-forward", "jump-back", "sleep", "person", "expire",
    "tighten", "audit",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """One job to be made."""

    seconds: str
    at_s: float
    scope: str
    resolution: str | None = None
    providers: tuple[str, ...] | None = None
    objective: Literal["cheapest", "fastest", "best"] = "cheapest"
    outputs: int = 1
    media: int = 0
    """Jobs of the same media, length and resolution send the same payload."""
    template: bool = False
    local: bool = False
    """The voice track is a local file, brought by an uploader."""
    waits: bool = True
    """Run to its end, rather than only started."""
    hook: Literal["", "early", "late", "twice"] = ""
    render_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Fault:
    """Strikes the nth (from 0) submit, read or verb at a provider; of a verb or stall `place` is the step's name."""

    kind: str
    place: str
    nth: int
    status: int = 0
    for_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Crash:
    """A process dies at its nth step of this kind; `during`: a call has left and is not answered yet."""

    process: int
    step: str
    when: When
    nth: int


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody does something at some time."""

    kind: str
    at_s: float
    job: int = 0
    for_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """All of one run. `schedule` decides latencies and who goes first."""

    seed: int
    schedule: int
    limit: str
    inner_limit: str | None
    wishes: tuple[Wish, ...]
    faults: tuple[Fault, ...] = ()
    crashes: tuple[Crash, ...] = ()
    acts: tuple[Act, ...] = ()

    def size(self) -> int:
        return len(self.wishes) + len(self.faults) + len(self.crashes) + len(self.acts)

    def lines(self) -> list[str]:
        """As a person reads it."""
        inner = f", acme/a {self.inner_limit} USD" if self.inner_limit else ""
        head = f"seed {self.seed}, schedule {self.schedule}, budgets: acme {self.limit} USD{inner}"
        return [head, *(f"  {one}" for one in (*self.wishes, *self.faults, *self.crashes, *self.acts))]


def drawn(seed: int) -> Scenario:
    """The scenario of a seed: always the same."""
    rng = Random(seed)
    wishes = _wishes(rng)
    faults: list[Fault] = []
    for _ in range(rng.choice((0, 1, 2, 2, 3, 3, 4, 6))):
        faults += _faults(rng, wishes)
    crashes = [_crash(rng, number) for number in range(rng.choice((0, 0, 1, 1, 2, 3)))]
    acts = [_act(rng, len(wishes)) for _ in range(rng.choice((0, 1, 1, 2, 3, 4)))]
    if rng.random() < 0.25:
        provider, more, act = rng.choice(_coincidences(rng))
        wishes = (replace(wishes[0], providers=(provider,), template=False, local=False), *wishes[1:])
        wishes = (wishes[0] if provider == "runware" else replace(wishes[0], outputs=1), *wishes[1:])
        faults += more
        acts += act
    limit = rng.choice(("1.50", "3.00", "6.00", "12.00", "40.00"))
    inner = rng.choice((None, None, "2.00", "5.00"))
    schedule = rng.getrandbits(32)
    if any(one.kind == "cancel" for one in acts) and rng.random() < 0.8:  # few cancels reach a provider: death there
        crashes.append(Crash(rng.choice((0, 0, 1)), "cancel", rng.choice(("before", "after", "during")), 0))
    return Scenario(seed, schedule, limit, inner, wishes, tuple(faults), tuple(crashes), tuple(acts))


def smaller(scenario: Scenario) -> list[Scenario]:
    """Each with one thing less, the largest first."""
    found = [replace(scenario, wishes=rest) for rest in _without(scenario.wishes)] if len(scenario.wishes) > 1 else []
    found += [replace(scenario, crashes=rest) for rest in _without(scenario.crashes)]
    found += [replace(scenario, faults=rest) for rest in _without(scenario.faults)]
    found += [replace(scenario, acts=rest) for rest in _without(scenario.acts)]
    plain = Wish("5", 0.0, "acme/b")
    for index, wish in enumerate(scenario.wishes):
        for name in ("at_s", "resolution", "objective", "outputs", "template", "local", "waits", "hook", "render_s"):
            usual = replace(wish, **{name: getattr(plain, name)})
            if usual != wish:
                wishes = (*scenario.wishes[:index], usual, *scenario.wishes[index + 1 :])
                found.append(replace(scenario, wishes=wishes))
    if scenario.inner_limit is not None:
        found.append(replace(scenario, inner_limit=None))
    return found


def _without(items: Sequence[T]) -> list[tuple[T, ...]]:
    return [(*items[:index], *items[index + 1 :]) for index in range(len(items))]


def _wishes(rng: Random) -> tuple[Wish, ...]:
    found: list[Wish] = []
    for number in range(rng.choice((1, 1, 2, 2, 3, 4))):
        providers = rng.choice(
            (None, None, ("fal",), ("fal",), ("runware",), ("creatify",), ("creatify",), ("fal", "runware"))
        )
        wish = Wish(
            seconds=rng.choice(("3", "5", "9.4", "10.5")),
            at_s=rng.choice((0.0, 0.0, 0.5, 20.0, 400.0)),
            scope=rng.choice(SCOPES),
            resolution=rng.choice((None, "480p", "720p")),
            providers=providers,
            objective=rng.choice(("cheapest", "cheapest", "fastest", "best")),
            media=number,
            waits=rng.random() < 0.7,
            hook=rng.choice(("", "", "early", "late", "twice")),
            render_s=rng.choice((0.5, 20.0, 60.0, 240.0)),
        )
        if found and rng.random() < 0.4:  # a twin: the same payload under another key
            twin = rng.choice(found)
            wish = replace(
                wish, seconds=twin.seconds, resolution=twin.resolution, providers=twin.providers, media=twin.media
            )
        elif rng.random() < 0.1:
            wish = replace(wish, template=True, providers=("creatify",), resolution=None)
        elif rng.random() < 0.15:
            wish = replace(wish, outputs=rng.choice((2, 3)), providers=("runware",))
        elif rng.random() < 0.1:
            wish = replace(wish, local=True)
        found.append(wish)
    return tuple(found)


def _faults(rng: Random, wishes: Sequence[Wish]) -> list[Fault]:
    """One fault, or two that strike the same submit."""
    group = rng.choice((WAYS, WAYS, WAYS, JOB, JOB, JOB, READ, STORAGE, STALL))
    kind: str = rng.choice(group)
    likely = rng.choice(wishes).providers or PROVIDERS
    place = ONLY.get(kind) or rng.choice(likely)
    if kind == "price-rise" and place == "fal":
        place = "runware"  # fal says units, and the price of today: what it billed before a rise, its statement says
    nth = rng.choice((0, 0, 0, 0, 1, 2))
    if kind in STORAGE:
        return [Fault(kind, rng.choice(("hold", "begin", "outcome", "settle", "release", "unknown", "expire")), nth)]
    if kind in STALL:
        step = rng.choice(("intent", "pause", "pause", "submit", "submitted", "settle", "release"))
        # A sleep between the last look at the clock and the first byte is seen by nobody: proofs leave it an hour.
        longest_s = 1500.0 if step == "submit" else 7000.0
        return [Fault(kind, step, nth, 0, min(longest_s, rng.choice((2.0, 40.0, 90.0, 700.0, 1500.0, 7000.0))))]
    status = rng.choice(ODD) if kind.startswith("odd-") else rng.choice(REFUSALS) if kind == "turned-away" else 0
    found = [Fault(kind, place, nth, status, _for_s(rng, kind, place))]
    if kind in LOSES and rng.random() < 0.4:
        found.append(Fault("hide", place, nth, 0, _for_s(rng, "hide", place)))
    if kind == "fail-422" or (kind in JOB and rng.random() < 0.15):
        found.append(Fault(rng.choice(SILENT), place, nth))
    if kind in ("hide", "slow") and rng.random() < 0.7:
        found.append(Fault(rng.choice(LOSES), place, nth, 503, 45.0))
    return found


def _coincidences(rng: Random) -> list[tuple[str, list[Fault], list[Act]]]:
    """What takes two or three things to go wrong at once, at one provider."""
    soon, later = Act("worker", rng.uniform(40, 90)), Act("worker", rng.uniform(3800, 6500))
    unseen = [Fault("lost-answer", "runware", 0), Fault("hide", "runware", 0, 0, rng.choice((300.0, 1200.0, 2400.0)))]
    return [
        ("runware", [Fault("stall", "pause", rng.choice((1, 1, 3)), 0, 7000.0)], [later]),
        ("runware", unseen, [soon]),
        ("runware", [Fault("late-arrival", "runware", 0, 0, rng.uniform(120, 600))], [soon]),
        ("runware", [Fault("repeated", "runware", 0)], []),
        ("fal", [Fault("stall", "submitted", 0, 0, 1500.0)], [Act("expire", rng.uniform(1000, 1400))]),
        ("fal", [Fault("fail-422", "fal", 0), Fault("no-cost", "fal", 0)], [soon]),
    ]


def _for_s(rng: Random, kind: str, place: str) -> float:
    """How long it lasts. Only Runware's absence is a proof, after an hour: it shows a job before that."""
    if kind == "late-arrival":
        return rng.uniform(31, 600)
    if kind == "slow":
        return rng.choice((1800.0, 5000.0))
    return rng.choice((300.0, 1200.0, 2400.0)) if place == "runware" else rng.choice((300.0, 9000.0, 9000.0))


def _crash(rng: Random, number: int) -> Crash:
    step = rng.choice((*STEPS, "intent", "intent", "submit", "submit", "submitted", "settle"))
    when: When = rng.choice(("before", "after", "during")) if step in CALLS else rng.choice(("before", "after"))
    process = rng.choice((0, 0, number, number, number + 1))
    return Crash(process, step, when, rng.choice((0, 0, 0, 1, 2)))


def _act(rng: Random, jobs: int) -> Act:
    kind = rng.choice((*ACTS, "worker", "worker", "rerun", "cancel", "hear"))
    at_s = rng.choice((0.5, 2.0, 10.0, 40.0, 100.0, 300.0, 900.0)) * rng.uniform(0.5, 1.5)
    for_s = rng.choice((30.0, 300.0, 1200.0)) if kind != "sleep" else rng.choice((60.0, 1000.0, 5000.0, 100_000.0))
    return Act(kind, at_s, rng.randrange(jobs), for_s)
