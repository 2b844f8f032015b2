"""Webhooks that are to go out: when, to whom, the exact bytes. Never sends one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

from .account import Account
from .wire import NO_HEADERS


@dataclass(frozen=True, slots=True)
class Hook:
    """One POST to a client's address."""

    provider: str
    job: str
    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    due_s: float = 0.0
    """On the account's clock."""


Make = Callable[[], Hook | None]
"""Writes a hook when it is due, as the job stands then; None: there is nothing to tell."""


class Hooks:
    """The hooks to come, soonest first."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._waiting: list[tuple[float, int, Make]] = []
        self._serial = count()

    def at(self, due_s: float, make: Make) -> None:
        heappush(self._waiting, (due_s, next(self._serial), make))

    def next_s(self) -> float | None:
        return self._waiting[0][0] if self._waiting else None

    def due(self) -> tuple[Hook, ...]:
        found: list[Hook] = []
        now_s = self._account.clock()
        while self._waiting and self._waiting[0][0] <= now_s:
            hook = heappop(self._waiting)[2]()
            if hook is not None:
                found.append(hook)
        return tuple(found)
