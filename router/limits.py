"""How much of one provider is asked at once, and how long all wait when it says so. Decides nothing about money.

The numbers are data with evidence (`limits.toml`). A provider that answers a read with 429, or with 503 and a
Retry-After, is asked nothing more until that time is over: its answer stands for whoever asks meanwhile.
"""

import time
import tomllib
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from threading import BoundedSemaphore, Lock
from types import MappingProxyType

import anyio

from .errors import BadRequest
from .talk import Answer, Call, Reply, retry_after_s

LONGEST_REST_S = 3600.0
PATIENT = frozenset({"upload", "cancel", "cost"})
"""What is worth a wait: without it something is lost. A poll or a probe comes again by itself."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Of one provider: calls at the same time, and the pause after an unexplained 429 in seconds."""

    at_once: int
    pause_s: float


@cache
def shipped_limits() -> Mapping[str, Limit]:
    """The limits in limits.toml, by provider."""
    data = tomllib.loads((files(str(__package__)) / "limits.toml").read_text("utf-8"))
    return MappingProxyType({name: Limit(row["at_once"], row["pause_s"]) for name, row in data.items()})


class Restraint:
    """What one process keeps to, for all providers. Safe to share between threads; the sync and the async gates of one
    object do not know each other, so that a router has one kind of transport."""

    def __init__(self, at_once: Mapping[str, int] | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """`at_once` overrides by provider. Raises BadRequest."""
        for name, number in (at_once or {}).items():
            if number < 1:
                raise BadRequest(f"at_once of {name} must be 1 or more", value=str(number), limit=">= 1")
        self._own, self._clock, self._lock = dict(at_once or {}), clock, Lock()
        self._gates: dict[str, BoundedSemaphore] = {}
        self._async_gates: dict[str, anyio.CapacityLimiter] = {}
        self._rests: dict[str, tuple[float, Reply]] = {}

    def limit(self, provider: str) -> Limit:
        known = shipped_limits()
        found = known.get(provider, known["other"])
        return replace(found, at_once=self._own.get(provider, found.at_once))

    def rest_s(self, provider: str) -> float:
        """How long this provider wants to be left alone."""
        with self._lock:
            until = self._rests.get(provider, (0.0, None))[0]
        return max(0.0, until - self._clock())

    def standing(self, call: Call) -> Reply | float:
        """While a provider rests: its own last word for a poll or a probe, or how long another call has to wait."""
        rest_s = self.rest_s(call.provider)
        if not rest_s:
            return 0.0
        if call.purpose in PATIENT:
            return min(rest_s, call.timeout_s)
        with self._lock:
            said = self._rests[call.provider][1]
        return replace(said, headers={**said.headers, "retry-after": str(-int(-rest_s // 1))})

    def heard(self, call: Call, answer: Answer) -> Answer:
        """Take note of an answer that asks everybody to wait."""
        if not isinstance(answer, Reply) or answer.status not in (429, 503):
            return answer
        stated_s = retry_after_s(answer.headers)
        if stated_s is None and answer.status == 503:
            return answer
        rest_s = self.limit(call.provider).pause_s if stated_s is None else min(stated_s, LONGEST_REST_S)
        with self._lock:
            self._rests[call.provider] = (self._clock() + rest_s, answer)
        return answer

    @contextmanager
    def gate(self, call: Call) -> Generator[None]:
        with self._lock:
            gate = self._gates.get(call.provider)
            if gate is None:
                gate = self._gates[call.provider] = BoundedSemaphore(self.limit(call.provider).at_once)
        with gate:
            yield

    @asynccontextmanager
    async def async_gate(self, call: Call) -> AsyncGenerator[None]:
        gate = self._async_gates.get(call.provider)
        if gate is None:
            gate = self._async_gates[call.provider] = anyio.CapacityLimiter(self.limit(call.provider).at_once)
        async with gate:
            yield
