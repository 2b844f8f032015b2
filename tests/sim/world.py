"""What happens in a run: jobs are made, workers resume, hints are heard, a person decides, clocks jump.

Does what `Router` does, with the same desk and the same flows, each driven step by step by the engine.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from pricing import Money, usd
from router import AvatarVideo, Patience, Policy, TemplateVideo
from router import desk as desk_room
from router.client import ONCE
from router.errors import JobFailed, OutcomeUnknown, ProviderError, Refused
from router.flow import cancel, make, start
from router.ports import JobView, PollsMany
from router.recovery import _at_provider as at_provider  # pyright: ignore[reportPrivateUsage]
from router.request import Request
from router.sandbox.account import Job
from router.steps import Ask, Pause, ticket
from router.talk import Progress, Ticket

from .crew import Flow, Process
from .engine import PATIENCE, Engine, Tell
from .scenario import Act, Scenario, Wish
from .stage import Stage, voice_track
from .truth import Truth
from .watch import Violation

TEMPLATE = "0b6f7c1e-3f0a-4c57-9d3a-2f9b7a1f5c11"


class World(Engine):
    """A scenario being played."""

    def __init__(self, stage: Stage, scenario: Scenario, tell: Tell | None) -> None:
        super().__init__(stage, scenario, tell)
        self.requests = [request_of(wish) for wish in scenario.wishes]
        self.budget("acme", usd(scenario.limit))
        if scenario.inner_limit is not None:
            self.budget("acme/a", usd(scenario.inner_limit))

    def restart(self) -> None:
        process = self.spawn()
        self.resume(process)
        for number in range(len(self.requests)):
            if self.rng.random() < 0.6 and self.scenario.wishes[number].at_s <= self.now_s:
                self.make(process, number)

    def play(self) -> None:
        """The scenario, until nothing is left to do."""
        self.spawn("here")
        for number, wish in enumerate(self.scenario.wishes):
            self.later(wish.at_s, lambda number=number: self.make(self.live(), number), ours=True)
        for act in self.scenario.acts:
            self.later(act.at_s, lambda act=act: self.act(act))
        self.run_until_quiet()

    def budget(self, scope: str, limit: Money) -> None:
        self.ledger.set_budget(scope, limit)
        self.watch.limits[scope] = limit.nanos

    def key(self, number: int) -> str:
        return f"key-{number}"

    def view(self, number: int) -> JobView | None:
        return self.ledger.by_key(self.key(number))

    def make(self, process: Process, number: int) -> None:
        """Run or start a job's key."""
        wish = self.scenario.wishes[number]
        policy = Policy(
            objective=wish.objective, providers=None if wish.providers is None else frozenset(wish.providers)
        )

        def flow() -> Flow:
            work = process.desk.work(
                self.requests[number], key=self.key(number), scope=wish.scope, policy=policy, tags={}
            )
            with process.desk.claiming(work.by):
                return (yield from (make(work) if wish.waits else start(work)))

        self.run(f"p{process.number} job {number}", process, flow(), self._truthful(number))

    def _truthful(self, number: int) -> Callable[[object], None]:
        def ended(result: object) -> None:
            """A caller who is told *no* may forget the job: then it must be over in the ledger."""
            view = self.view(number)
            no = isinstance(result, Refused | ProviderError)
            if no and view is not None and view.state in ("submitting", "submitted", "unknown"):
                raise Violation(f"job {number} is {view.state}, and its caller was told: {result}")

        return ended

    def resume(self, process: Process, rounds: int = 2) -> None:
        """As `recovery.Worker`: claims what is due, asks about many at once, looks at each, gives them back."""
        by = f"{process.owner}#r{self.rng.getrandbits(32)}"
        since = process.desk.provisional_since()

        def claiming() -> Flow:
            for one in (yield Ask("claimants", lambda ledger: ledger.claimants())):
                if self.alive(one.rpartition("#")[0]) is False:
                    yield from _dropping(one)
            return (yield Ask("claim", lambda ledger: ledger.claim(by, lease_s=60, limit=50, provisional_since=since)))

        def looked(views: list[JobView]) -> None:
            def parking() -> Flow:
                yield Ask("park", lambda ledger: ledger.park_claims(by, {one.id: 20 for one in views}))
                if rounds > 1:
                    yield Pause(25)
                else:
                    yield Ask("expire", lambda ledger: ledger.expire())
                    yield from _dropping(by)

            def more(_: object) -> None:
                if rounds > 1:
                    self.resume(process, rounds - 1)

            self.run(f"p{process.number} gives back", process, parking(), more)

        def claimed(found: object) -> None:
            if isinstance(found, tuple):
                self._look(process, list(cast("tuple[JobView, ...]", found)), looked)

        self.run(f"p{process.number} worker", process, claiming(), claimed)

    def _look(self, process: Process, views: list[JobView], done: Callable[[list[JobView]], None]) -> None:
        """One look at each, in flows of their own, after one at many where a provider has it."""
        seen: dict[str, Progress] = {}
        patience = replace(PATIENCE, wait_s=0, probes=1)

        def each() -> None:
            flows = [
                (f"p{process.number} look {name_of(one)}", self._recovery(process, one, seen, patience))
                for one in views
            ]
            self._all(process, flows, lambda: done(views))

        together: dict[str, list[Ticket]] = {}
        for view in views:
            attempt = at_provider(view)
            if attempt is not None:
                together.setdefault(attempt.provider, []).append(ticket(view, attempt))
        asks = [
            (f"p{process.number} asks {name} of {len(tickets)}", self._many(provider, tickets, seen))
            for name, tickets in together.items()
            if isinstance(provider := self.providers[name], PollsMany) and len(tickets) > 1
        ]
        self._all(process, asks, each)

    def _all(self, process: Process, flows: list[tuple[str, Flow]], then: Callable[[], None]) -> None:
        """Run them side by side; what comes then, comes when all have ended."""
        left = [len(flows)]

        def ended(_: object) -> None:
            left[0] -= 1
            if not left[0]:
                then()

        for name, flow in flows:
            self.run(name, process, flow, ended)
        if not flows:
            then()

    def _many(self, provider: PollsMany, tickets: list[Ticket], seen: dict[str, Progress]) -> Flow:
        seen.update((yield from provider.poll_many(tickets)))

    def _recovery(self, process: Process, view: JobView, seen: dict[str, Progress], patience: Patience) -> Flow:
        return (yield from process.desk.recovery(view, seen, patience))

    def hear(self, process: Process, provider: str, provider_job: str) -> None:
        """As `Router.heard`."""

        def flow() -> Flow:
            view = process.desk.open_job(provider, provider_job)
            if view is None or process.desk.sending(view):
                return None
            with suppress(OutcomeUnknown, JobFailed):
                yield from process.desk.hearing(view, ONCE)
            return None

        self.run(f"p{process.number} heard of {provider}", process, flow())

    def _accepted(self, attempt: str, job: Job) -> None:
        self.tell(f"{job.provider} accepts attempt {attempt[:8]} ({job.model}, {job.seconds} s)")
        (found,) = self.stage.ask(
            "SELECT key FROM job JOIN attempt ON attempt.job = job.id WHERE attempt.id = ?", attempt
        )
        wish = self.scenario.wishes[int(str(found[0]).removeprefix("key-"))]
        job.render_s = max(job.render_s, wish.render_s)
        job.queue_s = min(job.render_s / 5, 60.0)
        done_s = job.render_s + 0.5
        if "stuck" in job.struck:
            return
        for in_s in {"early": (0.0,), "late": (done_s + 700,), "twice": (done_s, done_s + 0.5)}.get(wish.hook, ()):
            self.later(in_s, lambda: self.hear(self.live(), job.provider, job.id), ours=True)

    def act(self, act: Act) -> None:
        """Somebody does something."""
        self.hits[f"act {act.kind}"] += 1
        self.tell(f"act: {act.kind}")
        match act.kind:
            case "worker":
                process = self.spawn()
                self.resume(process)
                self.later(45, lambda: self.resume(process) if process.alive else None, ours=True)
            case "rerun":
                self.make(self.spawn(), act.job)
            case "cancel":
                view, process = self.view(act.job), self.live()
                if view is not None:
                    flow = cancel(view.id, self.providers, PATIENCE)
                    self.run(f"p{process.number} cancel {act.job}", process, flow)
            case "hear":
                for job in self.jobs_of(act.job):
                    self.hear(self.live(), job.provider, job.id)
            case "hear-forged":
                self.hear(self.live(), "fal", self.new_id())
            case "jump-forward":
                self.skew_s += act.for_s
            case "jump-back":
                self.skew_s -= act.for_s
            case "sleep":
                self.sleep(act.for_s)
            case "person":
                self.resolve_unknown()
            case "expire":
                self.run("lapse", self.live(), expiring())
            case "tighten":
                self.budget("acme", usd("2.00"))
            case _:
                self.audit()

    def jobs_of(self, number: int) -> list[Job]:
        """The sandbox's jobs that one of ours caused."""
        view = self.view(number)
        return [] if view is None else [job for one in view.attempts for job in self.wire.caused.get(one.id, [])]

    def resolve_unknown(self, *, quiet: bool = False) -> None:
        """A person looks at the provider's own books, and ends what is unknown as they say.

        Until all is `quiet`, a run that sleeps may still send what is not there yet: a person waits an hour.
        """
        truth = Truth(self)
        asked = [view for view in self.ledger.jobs() if view.exposed.nanos]
        if self.wire.under_way or (not quiet and any(map(truth.may_yet_be_sent, asked))):
            return
        for view in asked:
            if truth.certain(view):
                owed = truth.owed(view)
                word = "charged" if owed.nanos else "not_charged"
                self.tell(f"a person: job {name_of(view)} was {word}, {owed}")
                cast("Any", self.watch).resolve(
                    view.id, charged=owed if owed.nanos else None, verdict=word, note="as billed", author="ann"
                )

    def audit(self) -> None:
        verdict = self.ledger.verify()
        if not verdict.ok:
            raise Violation(f"law 7: {'; '.join(verdict.faults)}")


def expiring() -> Flow:
    return (yield Ask("expire", lambda ledger: ledger.expire()))


def request_of(wish: Wish) -> Request:
    if wish.template:
        return TemplateVideo(TEMPLATE, ("3", "40"), {"seconds": wish.seconds})
    audio: str | Path = f"https://media.example/{wish.media}/talk-{wish.seconds}s.mp3"
    return AvatarVideo(
        f"https://media.example/{wish.media}/face.png",
        voice_track() if wish.local else audio,
        seconds=None if wish.local else wish.seconds,
        resolution=wish.resolution,
        outputs=wish.outputs,
    )


def name_of(view: JobView) -> str:
    return view.key.removeprefix("key-")


def _dropping(by: str) -> Flow:
    yield Ask("drop", lambda ledger: ledger.drop_claims(by))


def installed(world: World) -> Callable[[], None]:
    """Have the desk name processes as this world does; answers how to undo it."""
    usual = desk_room.me, desk_room.alive, desk_room.claimant
    desk_room.me, desk_room.alive, desk_room.claimant = world.me, world.alive, world.claimant  # type: ignore[assignment]

    def undo() -> None:
        desk_room.me, desk_room.alive, desk_room.claimant = usual  # type: ignore[assignment]

    return undo
