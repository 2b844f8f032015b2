"""What the ledger answers: budgets, grants, refusals, jobs, events, verdicts. Values that never ask a database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from pricing import Money, Quote, Span

from .evidence import Channel
from .instants import Weekday, Window

Outcome = Literal["not_sent", "refused", "accepted", "unknown"]
Reason = Literal["no_budget", "budget", "frozen", "closed", "currency", "key_reused", "moved"]
Overrun = Literal["freeze", "allow_to_limit", "alert"]
"""What a charge past the limit does to new holds: none until a person looks; those that fit again; all of them."""
Gate = Literal["open", "over", "frozen", "closed"]
"""Whether new holds are let in. Over: the overrun policy froze the period; frozen, closed: a person did."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit and what has become of it in the current period."""

    scope: str
    currency: str
    window: Window
    tz: str
    week_start: Weekday | None
    """None: not a week."""
    overrun: Overrun
    gate: Gate
    limit: Money | None
    """None: tracked, without a limit."""
    spent: Money
    held: Money
    available: Money | None
    """limit − spent − held, negative when over-committed; None: no limit."""
    exposed: Money
    """What may have been charged in its scope and period, but is not posted."""
    period_start: datetime | None
    """None: since ever."""
    period_end: datetime | None
    """None: for ever."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The ledger said no, and why. Money is in the budget's currency; None where it does not apply."""

    reason: Reason
    scope: str
    limit: Money | None
    available: Money | None
    asked: Money | None
    detail: str
    """One line for a person."""


@dataclass(frozen=True, slots=True)
class PastRefusal:
    """A refusal that was given, and to whom."""

    at: datetime
    job: str
    key: str
    offer: str
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Holder:
    """A job that holds money."""

    job: str
    key: str
    scope: str
    state: str
    open: Money
    since: datetime
    expires_at: datetime | None
    """When the hold lapses; None: never by time, for an attempt may be under way, or an amount waits for a person."""
    owner: str


@dataclass(frozen=True, slots=True)
class Standing:
    """One budget of a chain: whether it lets a hold in, and who holds its money."""

    budget: Budget
    lets_in: bool
    lapsed: Money
    """Of what is held: it has lapsed, and is given back before a hold is refused."""
    jobs: int
    """How many hold its money."""
    holders: tuple[Holder, ...]
    """The ones that hold the most."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a hold would be refused in a scope now, who holds the money there, and what was refused last."""

    scope: str
    asked: Money | None
    """None: anything at all."""
    refused: Refusal | None
    """What `hold` would answer; None: it would be granted."""
    budgets: tuple[Standing, ...]
    """Root first."""
    refusals: tuple[PastRefusal, ...]
    """Newest first."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A fact about a budget: somebody changed its terms, or what was spent passed a threshold or the limit."""

    id: int
    """Grows; `notices(after=…)` goes on from it."""
    at: datetime
    scope: str
    window: Window
    tz: str
    kind: Literal["set", "open", "frozen", "closed", "over", "threshold"]
    threshold: int | None
    """In per cent of the limit."""
    limit: Money | None
    """This and the next two: as they were then."""
    spent: Money | None
    held: Money | None
    period_start: datetime | None
    """None: since ever."""
    author: str
    """Empty: nobody, it happened by a charge."""
    note: str


class Asked(Protocol):
    """What `hold_batch` reads of one job: an `Ask`, or whatever a router has of its shape."""

    @property
    def job(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def request_hash(self) -> str: ...
    @property
    def quote(self) -> Quote: ...
    @property
    def request(self) -> Mapping[str, object]: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Ask:
    """One job of a batch that money is to be set aside for: what `hold` takes."""

    job: str
    key: str
    request_hash: str
    quote: Quote
    request: Mapping[str, object] = field(default_factory=dict[str, object])
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Grant:
    """The answer to `hold`, `begin` and `extend`: granted, unless `refused` says why not."""

    job: str
    replayed: bool = False
    """The same was asked before: this is what it led to then, and nothing was done now."""
    refused: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Headroom:
    """How much a scope may still spend: the tightest budget of its chain."""

    scope: str
    currency: str
    limit: Money | None
    available: Money | None
    gate: Gate = "open"
    """Of that budget: only an open one lets holds in."""


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One try at a provider."""

    id: str
    offer: str
    settings: Mapping[str, str]
    provider: str
    outcome: Outcome | None
    """None: the intent is committed, and nobody has said how it ended."""
    provider_job: str | None
    handle: Mapping[str, str]
    fingerprint: str
    reason: str
    high: Money
    """In the provider's currency: what its quote could cost at most."""
    charged: Money | None
    """In the provider's currency: what is posted for it."""
    started_at: datetime


@dataclass(frozen=True, slots=True)
class JobView:
    """A job's money and state. Money without another note is in the budget's currency."""

    id: str
    key: str
    request_hash: str
    scope: str
    state: str
    offer: str
    """Of the last attempt, as are `settings` and `quoted`; before the first, of the hold."""
    settings: Mapping[str, str]
    outputs_asked: int
    quoted: Span
    held: Money
    """What was set aside at its highest."""
    open: Money
    """What is still set aside."""
    charged: Money | None
    """None: nothing was posted."""
    native: Money | None
    """The posted charge in the provider's currency."""
    reported: Money | None
    """The best amount a provider reported, in its currency, posted or parked."""
    exposed: Money
    """What may have been charged but is not posted: unknown or parked."""
    evidence: str | None
    final: bool | None
    variance: Money | None
    """charged − quoted.expected."""
    cause: str | None
    reason: str
    tags: Mapping[str, str]
    created_at: datetime
    expires_at: datetime
    """When the hold lapses, while no attempt is open."""
    silent_since: datetime | None
    """When it was first seen to be done without a word on its cost; None: never."""
    owner: str
    request: Mapping[str, object]
    attempts: tuple[AttemptView, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a job."""

    at: datetime
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody sent, before anybody made sense of it."""

    id: int
    """In the order they came in."""
    at: datetime
    channel: Channel
    provider: str
    dedup_key: str
    provider_job: str | None
    """None: it named none."""
    body: str


@dataclass(frozen=True, slots=True)
class Leg:
    """One entry of the journal."""

    at: datetime
    txn: int
    kind: str
    book: str
    account: str
    amount: Money


@dataclass(frozen=True, slots=True)
class CreditLot:
    """Credits bought at once, and what is left of them."""

    id: str
    provider: str
    quantity: Money
    cost: Money
    remaining: Money
    remaining_cost: Money
    """What the rest had cost."""
    priority: int
    """The lowest number is drawn first."""
    bought_at: datetime
    """When the ledger was told."""
    effective_at: datetime
    expires_at: datetime | None
    """None: never."""
    author: str
    note: str


@dataclass(frozen=True, slots=True)
class Credits:
    """One kind of credits at a provider."""

    provider: str
    currency: str
    lots: tuple[CreditLot, ...]
    """In the order they are drawn."""
    remaining: Money
    uncovered: Money
    """Charged, and no lot was there for it."""
    undrawn: Money
    """Charged since the last `draw_credits`: no lot holds less for it yet."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question `verify` asked, and of how many rows."""

    name: str
    ok: bool
    count: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the books are whole; every fault is one line that names table, row and both numbers."""

    ok: bool
    checks: tuple[Check, ...]
    faults: tuple[str, ...]
