"""The words a flow speaks: calls, pauses and ledger verbs as values, and the work they are done for. No I/O.

A driver performs each step and sends its answer back into the generator.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from pricing import Money

from .choose import Candidate
from .errors import BadRequest, UnknownJob
from .latency import clip_ms
from .ports import AttemptView, Grant, JobView, LedgerAndHistory, Provider
from .talk import Call, Order, Progress, Submission, Ticket, fingerprint

T = TypeVar("T")
LONGEST_CLAIM_S = 7200


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """A ledger verb to perform: one database transaction."""

    name: str
    verb: Callable[[LedgerAndHistory], T]
    ended: "Ended | None" = None
    """What the verb records, where that is how a submit ended."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a submit to a provider ended: for its circuit."""

    provider: str
    submission: Submission


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so long; the answer is a Moment."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Moment:
    """What time it is: since the flow began, and on the clock (UTC)."""

    elapsed_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Bring:
    """Have the user's uploader bring a local file to a URL every provider can read; answered by it, or by an error."""

    uploader: Callable[[Path], str]
    path: Path


@dataclass(frozen=True, slots=True)
class Digest:
    """Read a local file again; the answer is its digest, or None where it cannot be read."""

    path: Path


Step = Ask[Any] | Call | Pause | Bring | Digest
Flow = Generator[Step, Any, T]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a provider, and how often to ask. Seconds. Raises BadRequest."""

    wait_s: float = 1200
    """Polling ends after so long; the job goes on and can be resumed. 0: ask once."""
    first_s: float = 0.5
    growth: float = 1.5
    longest_s: float = 10
    probes: int = 4
    """Looks for a job whose answer was lost, before it is left as unknown."""
    submit_s: float = 60
    """An attempt without an outcome may belong to a run that is still sending for so long."""

    def __post_init__(self) -> None:
        for name in ("wait_s", "first_s", "growth", "longest_s", "probes", "submit_s"):
            value = getattr(self, name)
            if not value >= 0:  # also NaN, with which a wait never ends
                raise BadRequest(f"{name} must be zero or more, not {value}", value=str(value), limit=">= 0")


@dataclass(frozen=True, slots=True)
class Work:
    """All that a job needs to be made: who may make it, under which key, and how to wait."""

    job: str
    key: str
    request_hash: str
    scope: str
    order: Order
    """What is wanted; attempt, offer, settings and media are filled in per attempt."""
    candidates: tuple[Candidate, ...]
    providers: Mapping[str, Provider]
    new_id: Callable[[], str]
    request: Mapping[str, object]
    tags: Mapping[str, str]
    owner: str
    by: str
    """Who follows it: the name its claims are made in."""
    files: Mapping[Literal["image", "audio"], Path]
    """Local media still to be brought to the provider."""
    digests: Mapping[Literal["image", "audio"], str]
    """What those files held when they were measured."""
    uploader: Callable[[Path], str] | None
    """The user's own way to bring a file where every provider can read it; None: each provider's own."""
    ceiling: Money | None
    expires_in_s: int
    patience: Patience
    nothing_fits: str = "no candidate keeps every limit"
    alive: Callable[[str], bool | None] = lambda _: None
    """Does the run that so named itself still live? None: cannot tell."""
    webhooks: str | None = field(default=None, repr=False)
    """Where providers send webhooks if the order names no place: the provider's name is put behind it."""


def ask(name: str, verb: Callable[[LedgerAndHistory], T], ended: Ended | None = None) -> Flow[T]:
    """Have the driver perform a ledger verb."""
    answer: T = yield Ask(name, verb, ended)
    return answer


def read_job(job: str) -> Flow[JobView]:
    view = yield from ask("read", lambda ledger: ledger.job(job))
    if view is None:
        raise UnknownJob(f"there is no job {job} in this ledger", value=job, next="see `faregate jobs`")
    return view


def grant(work: Work, candidate: Candidate) -> Flow[Grant]:
    return (
        yield from ask(
            "hold",
            lambda ledger: ledger.hold(
                job=work.job,
                key=work.key,
                request_hash=work.request_hash,
                scope=work.scope,
                quote=candidate.quote,
                request=work.request,
                tags=work.tags,
                owner=work.owner,
                expires_in_s=work.expires_in_s,
            ),
        )
    )


def intent(work: Work, candidate: Candidate, provider: Provider, order: Order) -> Flow[Grant]:
    """Commit that we are about to POST, before we do."""
    return (
        yield from ask(
            "intent",
            lambda ledger: ledger.begin(
                job=work.job,
                attempt=order.attempt,
                provider=provider.name,
                quote=candidate.quote,
                fingerprint=fingerprint(provider.payload(order)),
                owner=work.owner,
                ceiling=work.ceiling,
            ),
        )
    )


def note(job: str, attempt: str, submission: Submission, provider: str | None = None) -> Flow[str]:
    """Record how an attempt's submit ended; `provider`: who was submitted to just now, None for a later finding."""
    return (
        yield from ask(
            "submitted",
            lambda ledger: ledger.outcome(
                job=job,
                attempt=attempt,
                outcome=submission.outcome,
                provider_job=submission.provider_job,
                handle=submission.handle,
                reason=submission.reason,
            ),
            None if provider is None else Ended(provider, submission),
        )
    )


def keep(job: str, by: str, seconds: float) -> Flow[bool]:
    """Claim the job for a while, so that no worker of `resume` asks about it too; False: one has it already."""
    lease_s = min(ceil(seconds), LONGEST_CLAIM_S)
    return (yield from ask("keep", lambda ledger: ledger.take_claim(job, owner=by, lease_s=lease_s)))


def release(job: str, attempt: str | None, reason: str, proof: str = "") -> Flow[JobView]:
    return (
        yield from ask("release", lambda ledger: ledger.release(job=job, attempt=attempt, reason=reason, proof=proof))
    )


def silent(view: JobView, attempt: AttemptView, progress: Progress, took_ms: int | None = None) -> Flow[JobView]:
    """Keep that it is done and what was made, though nobody said yet what it cost."""
    return (
        yield from ask(
            "silent",
            lambda ledger: ledger.settle(
                job=view.id,
                attempt=attempt.id,
                evidence="quote",
                amount=None,
                final=False,
                delivered=progress.delivered,
                outputs=progress.outputs,
                note=progress.reason,
                took_ms=took_ms,
                clip_ms=clip_ms(view.request),
            ),
        )
    )


def settle(view: JobView, attempt: AttemptView, progress: Progress, took_ms: int | None = None) -> Flow[JobView]:
    """Post what the provider said; where it stayed silent past its time, the quote's high, provisionally."""
    cost = progress.cost
    return (
        yield from ask(
            "settle",
            lambda ledger: ledger.settle(
                job=view.id,
                attempt=attempt.id,
                evidence=cost.evidence if cost else "quote",
                amount=cost.amount if cost else attempt.high,
                final=cost is not None,
                delivered=progress.delivered,
                outputs=progress.outputs,
                units=cost.units if cost else None,
                external_id=cost.external_id if cost else None,
                note=progress.reason,
                took_ms=took_ms,
                clip_ms=clip_ms(view.request),
            ),
        )
    )


def ticket(view: JobView, attempt: AttemptView) -> Ticket:
    return Ticket(
        attempt=attempt.id,
        offer=attempt.offer,
        settings=attempt.settings,
        outputs=view.outputs_asked,
        provider_job=attempt.provider_job,
        handle=attempt.handle,
        fingerprint=attempt.fingerprint,
        started_at=attempt.started_at,
    )
