"""What the router asks of others, as Protocols: a ledger, its history, a provider. No code runs here.

`ledger.Ledger` fits `Ledger` and `History` by shape; `router/providers/*` fit `Provider`. Across the wall go only
pricing types, builtins and ids. A refusal is a returned value; an exception from a port always means infrastructure.
"""

from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal, Protocol, TypeVar, runtime_checkable

from pricing import Money, Quote, Span

from .choose import Prepaid
from .latency import Sample
from .margins import Charged
from .quality import Rated
from .talk import Answer, Call, Order, Probe, Progress, Submission, Ticket

T = TypeVar("T")
Talk = Generator[Call, Answer, T]
"""A conversation with a provider: yields HTTP calls, is sent their answers, returns what they meant. No I/O."""

Outcome = Literal["not_sent", "refused", "accepted", "unknown"]
Evidence = Literal["invoice", "billing_event", "inline", "units", "quote"]


class Refusal(Protocol):
    """Why the ledger said no. Money is in the budget's currency; None where it does not apply."""

    @property
    def reason(self) -> str: ...
    # "no_budget" | "budget" | "frozen" | "closed" | "currency" | "key_reused" | "moved"
    @property
    def scope(self) -> str: ...
    @property
    def limit(self) -> Money | None: ...
    @property
    def available(self) -> Money | None: ...
    @property
    def asked(self) -> Money | None: ...
    @property
    def detail(self) -> str: ...  # the one line a person reads


class Grant(Protocol):
    """The ledger's answer to `hold` and `begin`."""

    @property
    def job(self) -> str: ...
    @property
    def replayed(self) -> bool: ...  # the key was known: this is the earlier job, nothing was held now
    @property
    def refused(self) -> Refusal | None: ...


class BatchAsk(Protocol):
    """One job of a batch that money is to be set aside for: what `hold` takes."""

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


class AttemptView(Protocol):
    """One try at a provider, as the ledger remembers it."""

    @property
    def id(self) -> str: ...
    @property
    def offer(self) -> str: ...
    @property
    def settings(self) -> Mapping[str, str]: ...
    @property
    def provider(self) -> str: ...
    @property
    def outcome(self) -> Outcome | None: ...  # None: the intent is committed, no outcome yet
    @property
    def provider_job(self) -> str | None: ...
    @property
    def handle(self) -> Mapping[str, str]: ...  # what the adapter needs to follow the job
    @property
    def fingerprint(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def high(self) -> Money: ...  # native currency: what the quote of this attempt could cost at most
    @property
    def started_at(self) -> datetime: ...


class JobView(Protocol):
    """A job's money and state, read from the ledger. Money without a note is in the budget's currency."""

    @property
    def id(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def request_hash(self) -> str: ...
    @property
    def scope(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def offer(self) -> str: ...
    @property
    def settings(self) -> Mapping[str, str]: ...
    @property
    def outputs_asked(self) -> int: ...
    @property
    def quoted(self) -> Span: ...
    @property
    def held(self) -> Money: ...  # what was set aside for the job at its highest
    @property
    def open(self) -> Money: ...  # what is still set aside now
    @property
    def charged(self) -> Money | None: ...  # None: nothing posted yet
    @property
    def native(self) -> Money | None: ...  # the posted charge in the provider's own currency
    @property
    def reported(self) -> Money | None: ...  # the best amount anyone reported, native, posted or parked
    @property
    def exposed(self) -> Money: ...  # what may have been charged but is not posted (unknown or parked)
    @property
    def evidence(self) -> str | None: ...
    @property
    def final(self) -> bool | None: ...
    @property
    def variance(self) -> Money | None: ...  # charged - quoted expected
    @property
    def cause(self) -> str | None: ...
    @property
    def reason(self) -> str: ...  # why it ended or waits, in words
    @property
    def tags(self) -> Mapping[str, str]: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def expires_at(self) -> datetime: ...  # of the hold, while no attempt is open
    @property
    def silent_since(self) -> datetime | None: ...  # first seen done without a word on its cost
    @property
    def owner(self) -> str: ...  # the process that last opened it, as the router named itself
    @property
    def request(self) -> Mapping[str, object]: ...  # the router's own words, as given to `hold`
    @property
    def attempts(self) -> Sequence[AttemptView]: ...
    @property
    def outputs(self) -> Sequence[str]: ...


class Headroom(Protocol):
    """How much a scope may still spend: the tightest budget of its chain."""

    @property
    def scope(self) -> str: ...  # of the tightest budget
    @property
    def currency(self) -> str: ...
    @property
    def limit(self) -> Money | None: ...  # None: uncapped
    @property
    def available(self) -> Money | None: ...
    @property
    def gate(self) -> str: ...  # "open" lets holds in; "over", "frozen" and "closed" do not, whatever is available


class Ledger(Protocol):
    """The money verbs. Each is one database transaction, repeatable with the same ids without further effect."""

    def hold(
        self,
        *,
        job: str,
        key: str,
        request_hash: str,
        scope: str,
        quote: Quote,
        request: Mapping[str, object],
        tags: Mapping[str, str],
        owner: str,
        expires_in_s: int,
    ) -> Grant:
        """Set the quote's high aside in every budget of the scope's chain, or in none."""
        ...

    def hold_batch(self, *, scope: str, asks: Sequence[BatchAsk], owner: str, expires_in_s: int) -> Sequence[Grant]:
        """`hold` for many jobs of one scope, all or none; an answer for each, in order. Known keys are replayed."""
        ...

    def begin(
        self,
        *,
        job: str,
        attempt: str,
        provider: str,
        quote: Quote,
        fingerprint: str,
        owner: str,
        ceiling: Money | None,
    ) -> Grant:
        """Commit the intent before the POST: held -> submitting; raises the hold to this quote's high if need be."""
        ...

    def outcome(
        self,
        *,
        job: str,
        attempt: str,
        outcome: Outcome,
        provider_job: str | None = None,
        handle: Mapping[str, str] | None = None,
        reason: str = "",
    ) -> str:
        """Record how the POST ended; answers the job's state. accepted -> submitted, unknown -> unknown, else held."""
        ...

    def settle(
        self,
        *,
        job: str,
        attempt: str,
        evidence: Evidence,
        amount: Money | None,
        final: bool,
        delivered: int,
        outputs: Sequence[str] = (),
        units: str | None = None,
        external_id: str | None = None,
        note: str = "",
        took_ms: int | None = None,
        clip_ms: int | None = None,
    ) -> JobView:
        """Record what the provider said it cost (None: it did not say) and post the best evidence, once.

        `took_ms`, `clip_ms`: how long it took, and the clip's length, where somebody watched it finish.
        """
        ...

    def release(self, *, job: str, attempt: str | None = None, reason: str, proof: str = "") -> JobView:
        """Give the hold back: freely before an open attempt, afterwards only with proof of no charge."""
        ...

    def unknown(self, *, job: str, attempt: str, reason: str) -> str:
        """No one can say yet: the hold stays. submitting | submitted -> unknown."""
        ...

    def receive(
        self,
        provider: str,
        channel: Literal["webhook"],
        dedup_key: str,
        body: str | bytes,
        provider_job: str | None = None,
    ) -> bool:
        """Keep a message as it came in, once per provider and `dedup_key`; answers whether it is new."""
        ...

    def rate(self, job: str, score: Decimal, *, author: str, note: str = "") -> None:
        """Keep how good a made job is found, 0 to 1; the same author's newest word on it counts."""
        ...


class History(Protocol):
    """What the router reads: room, jobs, work that is due."""

    def headroom(self, scope: str) -> Headroom | None: ...  # None: no budget in the chain
    def job(self, job: str) -> JobView | None: ...
    def by_key(self, key: str) -> JobView | None: ...
    def by_provider_job(self, provider: str, provider_job: str) -> JobView | None: ...  # or by our attempt's id
    def due(
        self, *, after: str | None = None
    ) -> Sequence[JobView]: ...  # a page of jobs in an open state, oldest first
    def provisional(
        self, since: datetime, *, after: str | None = None
    ) -> Sequence[JobView]: ...  # a page of jobs settled without the provider's word
    def claimed(self, provider: str) -> frozenset[str]: ...  # provider job ids already ours
    def expire(self) -> Sequence[str]: ...  # releases lapsed holds without an open attempt
    def latencies(self) -> Sequence[Sample]: ...  # the newest of each offer with its settings
    def charges(self) -> Sequence[Charged]: ...  # what those were charged, beside their quotes
    def ratings(self) -> Sequence[Rated]: ...  # counts and sums of the newest, by offer and settings
    def prepaid(self) -> Sequence[Prepaid]: ...  # kinds of credits that were bought, and what is left

    # Who follows a job up. A claim guards no money: every verb checks what it moves.
    def claim(
        self, owner: str, *, lease_s: int, limit: int, provisional_since: datetime | None
    ) -> Sequence[JobView]: ...  # due work that nobody has, in turn; then provisional charges
    def take_claim(self, job: str, *, owner: str, lease_s: int) -> bool: ...  # this very job; False: another has it
    def park_claims(self, owner: str, jobs: Mapping[str, int]) -> int: ...  # keep each so many seconds, then anyone's
    def claimants(self) -> frozenset[str]: ...  # who has a claim that runs
    def drop_claims(self, owner: str) -> int: ...  # all that an owner has is anyone's at once


class LedgerAndHistory(Ledger, History, Protocol):
    """What a Router is given: `ledger.Ledger` fits it by shape."""


class Provider(Protocol):
    """One provider's HTTP, as conversations without I/O. Made once per router, holds keys and base addresses."""

    @property
    def name(self) -> str: ...
    @property
    def missing(self) -> str | None: ...  # the environment names of keys that are absent; None: ready
    @property
    def takes_files(self) -> bool: ...  # has its own documented way for a local file
    @property
    def proof_after_s(
        self,
    ) -> int | None: ...  # absence in a probe this long after the intent proves no job; None: never
    @property
    def proof_until_s(self) -> int: ...  # ... while younger than the provider's retention
    @property
    def cost_expected_s(self) -> int: ...  # a done job whose cost is absent this long after settles at the quote's high

    def check(self, order: Order) -> str | None:
        """The reason this order breaks the provider's documented limits (with value and limit), or None."""
        ...

    def upload(self, path: Path, kind: Literal["image", "audio"]) -> "Talk[str]":
        """Bring a local file to the provider; answers the reference to submit. Raises Refused or ProviderError."""
        ...

    def payload(self, order: Order) -> Mapping[str, object]:
        """The exact body of the submit; `talk.fingerprint` of it is stored with the intent."""
        ...

    def submit(self, order: Order) -> "Talk[Submission]":
        """POST once, never again."""
        ...

    def poll(self, ticket: Ticket) -> "Talk[Progress]":
        """Ask once how the job is and, when done, what it cost."""
        ...

    def probe(self, ticket: Ticket, claimed: frozenset[str]) -> "Talk[Probe]":
        """Only read: is there a job of this attempt?"""
        ...

    def cancel(self, ticket: Ticket) -> "Talk[bool]":
        """Ask for cancellation where the provider has it; True only if it says the job will not run."""
        ...


@runtime_checkable
class PollsMany(Protocol):
    """A provider that tells of many jobs in one answer."""

    @property
    def polled_at_once(self) -> int: ...  # jobs that one request may name

    def poll_many(self, tickets: Sequence[Ticket]) -> "Talk[Mapping[str, Progress]]":
        """Ask once about so many at most; by attempt. One that is absent is to be polled alone."""
        ...
