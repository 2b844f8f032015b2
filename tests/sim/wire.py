"""The network between router and sandbox, without a socket: carries calls, and does to them what the faults say.

Counts what arrives and remembers which of the sandbox's jobs each attempt caused. Knows nothing of the ledger.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from router.sandbox.account import Job
from router.sandbox.wire import Answer, Ask
from router.talk import Answer as Heard
from router.talk import Broken, Call, Reply
from router.transport import encode

from .sandbox import Sandbox, unstrike
from .scenario import JOB, READ, SILENT, WAYS, Fault

PAGE = b"<!doctype html><html><title>Just a moment...</title></html>"
LOST = Broken(sent=True, error="ReadError: the connection was reset")
AT_SUBMIT, AT_READ = frozenset({*WAYS, *JOB}), frozenset(READ)
Later = Callable[[float, Callable[[], None]], None]
"""Have something done so many seconds from now."""


class Wire:
    """One run's network."""

    def __init__(self, sandbox: Sandbox, faults: tuple[Fault, ...], rng: Random, later: Later) -> None:
        self.sandbox, self._faults, self._rng, self._later = sandbox, faults, rng, later
        self.hits: Counter[str] = Counter()
        self.posts: Counter[str] = Counter()
        """Submits that left, by attempt."""
        self.repeated = 0
        """Submits that something between us and the provider sent once more."""
        self.caused: dict[str, list[Job]] = {}
        """The sandbox's jobs by the attempt that caused them."""
        self.accepted: Callable[[str, Job], None] = lambda _attempt, _job: None
        self.under_way = 0
        """Submits that left and may still arrive."""
        self.lifted = False
        self._counts: Counter[str] = Counter()
        self._hidden: list[tuple[float, Job]] = []

    def lift(self) -> None:
        """From here on nothing goes wrong, and what was unsaid is said; what is hidden is shown in its own time."""
        self.lifted = True
        for job in self.sandbox.jobs():
            unstrike(job, *SILENT)
            if "stuck" in job.struck:
                job.render_s = self.sandbox.now_s() - job.accepted_s + 1

    def send(self, call: Call, attempt: str, answered: Callable[[Heard], None]) -> None:
        """Carry a call; `answered` is called when its answer is there."""
        provider = provider_of(call.url)
        group = "submit" if call.purpose == "submit" else "read"
        struck = self._struck(provider, group)
        if group == "submit":
            self.posts[attempt] += 1
            self._submit(call, attempt, provider, struck, answered)
        else:
            self._read(call, struck, answered)

    def _struck(self, provider: str, group: str) -> dict[str, Fault]:
        place = f"{group}:{provider}"
        number = self._counts[place]
        self._counts[place] += 1
        if self.lifted:
            return {}
        kinds = AT_SUBMIT if group == "submit" else AT_READ
        return {
            one.kind: one
            for one in self._faults
            if one.place == provider and one.nth == number and one.kind in kinds
        }  # fmt: skip

    def _submit(
        self, call: Call, attempt: str, provider: str, struck: Mapping[str, Fault], answered: Callable[[Heard], None]
    ) -> None:
        there_s, back_s = self._rng.uniform(0.01, 2), self._rng.uniform(0.01, 2)
        way = next((one for one in struck.values() if one.kind not in JOB), None)
        kind = "" if way is None else way.kind
        if kind:
            self.hits[kind] += 1
        if kind == "refuse-connection":
            return self._later(there_s, lambda: answered(Broken(sent=False, error="ConnectError: refused")))
        if kind == "reset-before":
            return self._later(there_s, lambda: answered(LOST))
        self.under_way += 1
        if kind == "late-arrival" and way is not None:
            self._later(call.timeout_s, lambda: answered(Broken(sent=True, error="ReadTimeout: no answer")))

            def arrive_late() -> None:
                self._arrive(call, attempt, provider, way, struck)

            return self._later(way.for_s, arrive_late)
        if kind == "slow-answer":
            back_s = self._rng.uniform(5, 29)

        def arrive() -> None:
            answer = self._arrive(call, attempt, provider, way, struck)
            self._later(back_s, lambda: answered(answer))

        self._later(there_s, arrive)
        return None

    def _arrive(self, call: Call, attempt: str, provider: str, way: Fault | None, struck: Mapping[str, Fault]) -> Heard:
        """A submit reaches the provider; what the client will hear of it."""
        self.under_way -= 1
        kind = "" if way is None else way.kind
        before = {"html-before": "html", "turned-away": "status", "odd-before": "status"}.get(kind)
        if kind == "422-free":
            self.sandbox.account.knock()
            return _reply(Answer(422, b'{"detail":[{"msg":"too short"}]}', {"x-fal-billable-units": "0"}))
        if before is not None and way is not None:
            self.sandbox.add_fault(f"{f'status-{way.status}' if before == 'status' else 'html'}:{provider}")
        else:
            for one in struck:
                if one in JOB and one != "slow":
                    self.sandbox.add_fault(f"{one}:{provider}")
        known = len(self.sandbox.jobs())
        answer = self._handle(call)
        for job in self.sandbox.jobs()[known:]:
            self._took(attempt, job, struck)
        if kind == "proxy-retry":
            self.repeated += 1
            answer = self._handle(call)
        return self._coming_back(answer, kind, way)

    def _coming_back(self, answer: Answer, kind: str, way: Fault | None) -> Heard:
        match kind:
            case "lost-answer":
                return LOST
            case "cut-answer":
                return _reply(replace(answer, body=answer.body[: len(answer.body) // 2]))
            case "html-after":
                return _reply(Answer(200, PAGE))
            case "422-accepted":
                return _reply(Answer(422, b'{"detail":[{"msg":"Failed while generating"}]}'))
            case "odd-after":
                return _reply(Answer(way.status if way is not None else 500, b'{"detail":"went wrong"}'))
            case _:
                return _reply(answer)

    def _took(self, attempt: str, job: Job, struck: Mapping[str, Fault]) -> None:
        """The sandbox accepted a job; what the faults make of it."""
        self.caused.setdefault(attempt, []).append(job)
        for kind in job.struck:
            self.hits[next(one for one in JOB if one.startswith(kind))] += 1
        if "hide" in job.struck:
            for_s = struck["hide"].for_s if "hide" in struck else 300.0
            self._hidden.append((self.sandbox.now_s() + for_s, job))
        if "slow" in struck:
            self.hits["slow"] += 1
            job.render_s = struck["slow"].for_s
        self.accepted(attempt, job)

    def _read(self, call: Call, struck: Mapping[str, Fault], answered: Callable[[Heard], None]) -> None:
        there_s, back_s = self._rng.uniform(0.01, 1), self._rng.uniform(0.01, 1)

        def arrive() -> None:
            answer = self._handle(call)
            heard: Heard = _reply(answer)
            for kind in struck:
                changed = _spoilt(answer, kind)
                if changed is not None:
                    self.hits[kind] += 1
                    heard = changed
            self._later(back_s, lambda: answered(heard))

        self._later(there_s, arrive)

    def _handle(self, call: Call) -> Answer:
        for until_s, job in self._hidden:
            if until_s <= self.sandbox.now_s():
                unstrike(job, "hide")
        headers = {**call.headers, **call.secret_headers}
        body = b"" if call.json is None else encode(call.json)
        return self.sandbox.answer(Ask.of(call.method, call.url, headers, body))


def provider_of(url: str) -> str:
    """The sandbox's provider that an address belongs to."""
    return url.split("/", 4)[3]


def _reply(answer: Answer) -> Reply:
    return Reply(answer.status, {"content-type": answer.kind, **answer.headers}, answer.body)


def _spoilt(answer: Answer, kind: str) -> Heard | None:
    """What is heard instead of this answer; None: this fault has nothing here to strike."""
    match kind:
        case "read-lost":
            return LOST
        case "read-503":
            return Reply(503, {}, b"upstream unavailable")
        case "read-429":
            return Reply(429, {"retry-after": "7"}, b'{"detail":"slow down"}')
        case "read-cut":
            return _reply(replace(answer, body=answer.body[: len(answer.body) // 2]))
        case "read-html":
            return Reply(200, {"content-type": "text/html"}, PAGE)
        case "read-foreign":
            return Reply(200, {}, b'{"hello":[1,2.50,null]}')
        case _:
            return None
