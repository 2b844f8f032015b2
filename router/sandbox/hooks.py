"""Webhooks that are to go out: when, to whom, the exact bytes and headers. Never sends one."""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

from .account import Account, Job
from .wire import NO_HEADERS

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

STALE_S = 600.0
USER_ID = "sandbox"
JSON: Mapping[str, str] = {"content-type": "application/json"}


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
    before_answer: bool = False
    """To be sent before the submit that made the job is answered."""


Body = Callable[[], bytes | None]
"""Writes a body when it is due, as the job stands then; None: there is nothing to tell."""
Sign = Callable[[str, int, bytes, bool], Mapping[str, str]]
"""Headers for a job's hook at a Unix time with this body; truly signed or not."""


class Hooks:
    """The hooks to come, soonest first."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._waiting: list[tuple[float, int, Callable[[float], Hook | None]]] = []
        self._serial = count()

    def next_s(self) -> float | None:
        return self._waiting[0][0] if self._waiting else None

    def due(self) -> tuple[Hook, ...]:
        found: list[Hook] = []
        now_s = self._account.clock()
        while self._waiting and self._waiting[0][0] <= now_s:
            due_s, _, make = heappop(self._waiting)
            hook = make(due_s)
            if hook is not None:
                found.append(hook)
        return tuple(found)

    def announce(
        self, job: Job, url: str, told: Iterable[tuple[float, Body]], forged: Body, sign: Sign | None = None
    ) -> None:
        """All webhooks of one job: when each is due and what writes it; what a stranger would write."""
        struck = job.struck
        if "hook-never" in struck:
            return
        bodies = list(told)
        if "hook-reordered" in struck:
            bodies = [(job.ends_s, body) for _, body in reversed(bodies)]
        if "hook-forged" in struck:
            self._at(job.accepted_s, job, url, forged, sign, true=False)
        for due_s, body in bodies:
            late_s = STALE_S if "hook-stale" in struck and sign is None else 0.0
            for _ in range(2 if "hook-twice" in struck else 1):
                self._at(due_s + late_s, job, url, body, sign, true=True)

    def _at(self, due_s: float, job: Job, url: str, body: Body, sign: Sign | None, *, true: bool) -> None:
        def make(due_s: float) -> Hook | None:
            data = body()
            if data is None:
                return None
            at_s = int(self._account.when(self._account.clock()).timestamp())
            if "hook-stale" in job.struck:
                at_s -= int(STALE_S)
            headers = JSON if sign is None else {**JSON, **sign(job.id, at_s, data, true)}
            return Hook(job.provider, job.id, url, data, headers, due_s, "hook-early" in job.struck)

        heappush(self._waiting, (due_s, next(self._serial), make))


def signed(job: str, at_s: int, body: bytes, true: bool) -> Mapping[str, str]:
    """fal's headers: ED25519 over request id, user id, timestamp and the body's SHA-256, joined by newlines."""
    message = "\n".join((job, USER_ID, str(at_s), sha256(body).hexdigest()))
    return {
        "x-fal-webhook-request-id": job,
        "x-fal-webhook-user-id": USER_ID,
        "x-fal-webhook-timestamp": str(at_s),
        "x-fal-webhook-signature": _key(b"sandbox" if true else b"stranger").sign(message.encode()).hex(),
    }


def jwks() -> dict[str, object]:
    """The public key that `signed` signs with, as fal publishes its own."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    raw = _key(b"sandbox").public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "sandbox", "x": _base64url(raw)}]}


@cache
def _key(seed: bytes) -> "Ed25519PrivateKey":
    """Always the same, so that a restarted sandbox is the same fal. Raises ModuleNotFoundError with the way out."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ModuleNotFoundError as missing:
        line = "fal's webhooks are signed, which needs cryptography: pip install 'faregate[sandbox]'"
        raise ModuleNotFoundError(line, name=missing.name) from missing
    return Ed25519PrivateKey.from_private_bytes(sha256(b"faregate " + seed).digest())


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
