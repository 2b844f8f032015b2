"""Whether a provider is given new jobs: a circuit that opens after failed submits and closes by one that worked. Pure.

Closed → open after three submits in a row that failed for no fault of the request (nothing got through, no whole
answer, 5xx, 408), at once where the provider turns our account away (401, 402, 403). Open → half-open after a pause
that doubles each time; then one submit goes out, and its end closes or opens it. Jobs already sent are followed all
the same.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from .talk import Submission

State = Literal["closed", "open", "half_open"]
Verdict = Literal["alive", "busy", "failed", "denied"]
FAILURES = 3
"""In a row, to open."""
FIRST_S, LONGEST_S = 30, 900
"""How long it is open the first time, and at most."""
PROBE_S = 60
"""A probe that says nothing for so long is given up: its process may be gone."""
_DENIED = frozenset({401, 402, 403})


@dataclass(frozen=True, slots=True)
class Circuit:
    """One provider's. `until` None: closed."""

    failures: int = 0
    turns: int = 0
    """How often it opened since it was last closed."""
    since: datetime | None = None
    until: datetime | None = None
    """When one submit is tried again."""
    reason: str = ""
    probing_until: datetime | None = None
    """A probe is under way until then."""

    def state(self, at: datetime) -> State:
        if self.until is None:
            return "closed"
        return "open" if at < self.until else "half_open"


CLOSED = Circuit()


def verdict(submission: Submission) -> Verdict:
    """What a submit's end says of the provider. A refusal that blames the request says that it is alive."""
    status = submission.status
    match submission.outcome:
        case "accepted":
            return "alive"
        case "refused":
            return "denied" if status in _DENIED else "busy" if status == 429 else "alive"
        case "not_sent":
            return "failed"
        case "unknown":
            return "failed" if status is None or status == 408 or status >= 500 else "busy"


def told(circuit: Circuit, said: Verdict, reason: str, at: datetime) -> Circuit:
    """The circuit after a submit ended."""
    if said == "alive":
        return CLOSED
    if said == "busy":  # neither proof: the next one may try
        return replace(circuit, probing_until=None)
    state = circuit.state(at)
    failures = circuit.failures + 1
    if state == "open" or (state == "closed" and said == "failed" and failures < FAILURES):
        return replace(circuit, failures=failures)  # one sent before it opened makes it stay open no longer
    turns = circuit.turns + 1
    pause = timedelta(seconds=min(FIRST_S * 2 ** min(turns - 1, 10), LONGEST_S))
    return Circuit(failures, turns, circuit.since or at, at + pause, reason)


def probed(circuit: Circuit, at: datetime) -> Circuit | None:
    """The circuit once a submit was let through; None: none may go now."""
    match circuit.state(at):
        case "closed":
            return circuit
        case "open":
            return None
        case "half_open":
            if circuit.probing_until is not None and at < circuit.probing_until:
                return None
            return replace(circuit, probing_until=at + timedelta(seconds=PROBE_S))


def why_shut(circuit: Circuit, at: datetime) -> str | None:
    """Why nothing may be submitted now, since when and until when (UTC); None: one may."""
    if circuit.until is None or circuit.since is None or probed(circuit, at) is not None:
        return None
    since = f"{circuit.reason or 'no answer'}; shut since {circuit.since:%H:%M:%S}Z"
    if circuit.state(at) == "half_open":
        return f"{since}, one submit is trying it now"
    count = f", {circuit.failures} submits failed" if circuit.failures > 1 else ""
    return f"{since}{count}, tried again at {circuit.until:%H:%M:%S}Z"
