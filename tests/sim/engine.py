"""Virtual time for one run: one event queue, processes that drive real flows step by step, crashes, stalls and sleep.

Everything happens in one thread; no clock, socket or thread of the machine is used. What is done is in `world.py`.
"""

import heapq
import traceback
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import cast
from uuid import UUID

from ledger import LedgerError, WrongState
from router import Patience
from router.desk import Desk
from router.drive import bring, digest_of
from router.errors import QuoteStale, RouterError
from router.ports import LedgerAndHistory
from router.providers import shipped
from router.sandbox.account import Job
from router.steps import Ask, Bring, Digest, Moment, Pause, Step
from router.talk import Call

from .crew import Flow, Process, Task, kind_of
from .sandbox import ENV, Sandbox
from .scenario import Scenario
from .stage import Stage
from .watch import InjectedError, Violation, Watch
from .wire import Wire, provider_of

BORN = datetime(2026, 11, 20, 12, tzinfo=UTC)
PATIENCE = Patience(wait_s=400, first_s=2, growth=2, longest_s=60, probes=2, submit_s=60)
EVENTS_MAX = 20_000
Tell = Callable[[str], None]


class Engine(ABC):
    """A run in progress. `tell`: where each step's line goes."""

    def __init__(self, stage: Stage, scenario: Scenario, tell: Tell | None) -> None:
        self.scenario, self.stage = scenario, stage
        self.rng = Random(scenario.schedule)
        self.now_s, self.skew_s, self.asleep_until_s = 0.0, 0.0, 0.0
        self._tell = tell
        self._queue: list[tuple[float, int, bool, Callable[[], None]]] = []
        self._count = 0
        self.hits: Counter[str] = Counter()
        self.ledger = stage.clear(self.wall)
        self.sandbox = Sandbox(lambda: self.now_s, BORN, self.new_id)
        self.wire = Wire(self.sandbox, scenario.faults, Random(scenario.schedule + 1), self.later)
        self.wire.accepted = self._accepted
        self.watch = Watch(stage, scenario.faults, Random(scenario.schedule + 2), self._begun, self.tell)
        self.providers = shipped(ENV)
        self.processes: list[Process] = []
        self.busy: Task | None = None
        self.stalls = [one for one in scenario.faults if one.kind == "stall"]
        self.stalled: Counter[str] = Counter()
        self._followers = 0

    @abstractmethod
    def restart(self) -> None:
        """Some time after a process died."""

    @abstractmethod
    def _accepted(self, attempt: str, job: Job) -> None:
        """The sandbox took a job."""

    # Time

    def wall(self) -> datetime:
        """What our clock shows: the provider's is `now_s`."""
        return BORN + timedelta(seconds=self.now_s + self.skew_s)

    def new_id(self) -> str:
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def later(self, in_s: float, do: Callable[[], None], *, ours: bool = False) -> None:
        """Put something into the queue. `ours`: it is done by our machine, which may sleep."""
        at_s = self.now_s + in_s
        self._put(max(at_s, self.asleep_until_s) if ours else at_s, ours, do)

    def _put(self, at_s: float, ours: bool, do: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._queue, (at_s, self._count, ours, do))

    def run_until_quiet(self) -> None:
        """Do what is due, until nothing is."""
        for _ in range(EVENTS_MAX):
            if not self._queue:
                return
            at_s, _, _, do = heapq.heappop(self._queue)
            self.now_s = max(self.now_s, at_s)
            do()
        raise Violation(f"law 15: {EVENTS_MAX} events, and no end")

    def sleep(self, for_s: float) -> None:
        """Our machine does nothing for so long; network and providers go on."""
        self.asleep_until_s = until_s = self.now_s + for_s
        waiting, self._queue = sorted(self._queue, key=lambda one: one[:2]), []
        for at_s, _, ours, do in waiting:
            self._put(max(at_s, until_s) if ours else at_s, ours, do)

    def tell(self, line: str) -> None:
        if self._tell is not None:
            self._tell(f"{self.now_s:10.3f}  {line}")

    # Processes and tasks

    def spawn(self, host: str | None = None) -> Process:
        """A new process with a router of its own."""
        number = len(self.processes)
        desk = Desk.make(
            self.stage.book, cast("LedgerAndHistory", self.watch), providers=self.providers, uploader=self._upload,
            quality=None, patience=PATIENCE, hold_s=900, clock=self.wall, new_id=self.new_id,
        )  # fmt: skip
        process = Process(number, f"{host or self.rng.choice(('here', 'here', 'there'))}/{number}/1", desk)
        self.processes.append(process)
        self.tell(f"process {number} ({process.owner}) begins")
        return process

    def _upload(self, path: Path) -> str:
        return f"https://media.example/{path.name.replace('talk', 'talk-3s')}"

    def live(self) -> Process:
        """One of the living processes, or a new one."""
        living = [one for one in self.processes if one.alive]
        return self.rng.choice(living) if living else self.spawn()

    def alive(self, owner: str) -> bool | None:
        """As `owner.alive`: only of a process on the same host it can be told."""
        asking = self.busy.process.owner if self.busy is not None else "here/"
        known = next((one for one in self.processes if one.owner == owner), None)
        if known is None or asking.partition("/")[0] != owner.partition("/")[0]:
            return None
        return known.alive

    def me(self) -> str:
        return "" if self.busy is None else self.busy.process.owner

    def claimant(self) -> str:
        """As `owner.claimant`: each follower in a process has a name of its own."""
        self._followers += 1
        return f"{self.me()}#{self._followers}"

    def die(self, process: Process, where: str) -> None:
        process.alive = False
        self.hits[f"crash {where}"] += 1
        self.tell(f"process {process.number} dies {where}")
        self.later(self.rng.uniform(1, 200), self.restart, ours=True)

    def run(self, name: str, process: Process, flow: Flow, ended: Callable[[object], None] | None = None) -> None:
        """Begin a flow in a process."""
        task = Task(name, process, flow, self.now_s, ended or (lambda _: None))
        self.later(self._jitter(), lambda: self._go(task, None, first=True), ours=True)

    def _jitter(self) -> float:
        return self.rng.random() * self.rng.choice((0.001, 0.02, 1.0))

    def _go(self, task: Task, answer: object, *, first: bool = False) -> None:
        """Send a step's answer into a flow, and have its next step performed a little later."""
        if not task.process.alive:
            return
        self.busy = task
        try:
            step: Step = next(task.flow) if first else task.flow.send(answer)
        except StopIteration as end:
            self.tell(f"{task.name}: ends with {told(end.value)}")
            task.ended(end.value)
        except (Violation, AssertionError):
            raise
        except Exception as error:
            self._failed(task, error)
        else:
            kind = kind_of(step)
            stall_s = self._stall(kind)
            # A sleep between the last look at the clock and the first byte is seen by nobody: here it takes no time.
            jitter_s = 0.0 if kind == "submit" else self._jitter()
            self.later(jitter_s + stall_s, lambda: self._perform(task, kind, step), ours=True)
        finally:
            self.busy = None

    def _stall(self, kind: str) -> float:
        number = self.stalled[kind]
        self.stalled[kind] += 1
        found = next((one for one in self.stalls if one.place == kind and one.nth == number), None)
        if found is None or self.wire.lifted:
            return 0.0
        self.hits["stall"] += 1
        self.tell(f"stalls for {found.for_s:g} s before {kind}")
        return found.for_s

    def _failed(self, task: Task, error: Exception) -> None:
        expected = isinstance(error, RouterError | InjectedError) and not isinstance(error, QuoteStale)
        if not expected and not isinstance(error, WrongState):
            words = "".join(traceback.format_exception(error))
            raise Violation(f"{task.name} ended in an error that no one expects:\n{words}") from error
        self.tell(f"{task.name}: {type(error).__name__}: {error}")
        task.ended(error)

    def _perform(self, task: Task, kind: str, step: Step) -> None:
        process = task.process
        if not process.alive:
            return
        number = process.steps[kind]
        process.steps[kind] += 1
        crash = self._crash(process, kind, number)
        if crash == "before":
            self.die(process, f"before {kind}")
            return
        self.busy = task
        try:
            if isinstance(step, Call):
                self._call(task, step, crash)
                return
            answer = self._do(task, step)
        except InjectedError as error:
            self.tell(f"{task.name}: {kind}: {error}")
            task.flow.close()
            task.ended(error)
            return
        except LedgerError as error:
            self._failed(task, error)
            return
        finally:
            self.busy = None
        if isinstance(step, Pause):
            moment_in_s = step.seconds
            self.later(moment_in_s, lambda: self._wake(task, crash), ours=True)
            return
        self.tell(f"{task.name}: {kind} -> {told(answer)}")
        if crash is not None:
            self.die(process, f"{crash} {kind}")
            return
        process.stepped(step, answer)
        self._go(task, answer)

    def _crash(self, process: Process, kind: str, number: int) -> str | None:
        if self.wire.lifted:
            return None
        found = [
            one
            for one in self.scenario.crashes
            if one.process == process.number and one.step == kind and one.nth == number
        ]
        return found[0].when if found else None

    def _wake(self, task: Task, crash: str | None) -> None:
        if crash is not None and task.process.alive:
            self.die(task.process, f"{crash} pause")
            return
        self._go(task, Moment(self.now_s - task.began_s, self.wall()))

    def _do(self, task: Task, step: Step) -> object:
        match step:
            case Ask(verb=verb):
                return verb(cast("LedgerAndHistory", self.watch))
            case Bring():
                return bring(step)
            case Digest(path=path):
                return digest_of(path)
            case _:
                return None

    def _call(self, task: Task, call: Call, crash: str | None) -> None:
        if call.purpose == "submit":
            self._leaves(task)
        self.tell(f"{task.name}: {call.purpose} leaves for {provider_of(call.url)}")

        def answered(answer: object) -> None:
            if not task.process.alive:
                return
            self.tell(f"{task.name}: {call.purpose} answered: {told(answer)}")
            if crash == "after":
                self.die(task.process, f"after {call.purpose}")
                return
            task.process.stepped(call, answer)
            self.later(0.0, lambda: self._go(task, answer), ours=True)

        self.wire.send(call, task.attempt, answered)
        if crash == "during":
            self.die(task.process, f"during {call.purpose}")

    def _begun(self, attempt: str) -> None:
        if self.busy is not None:
            self.busy.attempt = attempt

    def _leaves(self, task: Task) -> None:
        """Law 10, at the instant a submit leaves."""
        attempt = task.attempt
        found = self.stage.ask(
            "SELECT job.state, attempt.outcome, attempt.number = job.attempts AS last, job.id FROM attempt "
            "JOIN job ON job.id = attempt.job WHERE attempt.id = ?",
            attempt,
        )
        if not attempt or not found:
            raise Violation(f"law 10: {task.name} submits without a committed intent")
        state, outcome, last, job = tuple(found[0])
        if self.wire.posts[attempt]:
            raise Violation(f"law 10: attempt {attempt} is submitted a second time")
        if state not in ("submitting", "unknown") or outcome not in (None, "unknown") or not last:
            raise Violation(f"law 10: a submit of job {job} leaves, which is {state} (attempt {outcome}, last {last})")
        others = self.stage.ask("SELECT id, outcome FROM attempt WHERE job = ? AND id <> ?", job, attempt)
        for other, ended in map(tuple, others):
            if ended not in ("not_sent", "refused") or other in self.wire.caused:
                raise Violation(f"law 10: job {job} is submitted again while attempt {other} is {ended}")


def told(value: object) -> str:
    """An answer as few words."""
    state = getattr(value, "state", None)
    if isinstance(state, str):
        return state
    words = str(value)
    return words if len(words) <= 160 else f"{words[:159]}…"
