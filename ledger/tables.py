"""The rows as SQLModel tables: columns, keys, CHECKs. Nothing decides here.

Facts (`FACTS`, below) are only ever added. Projections (period, job, attempt, daily, what is left of a lot) follow
from them. Amounts are whole nanos, instants whole microseconds since 1970 in UTC, structures are JSON text. The same
tables serve SQLite and PostgreSQL; what differs is told apart here.
"""

import sqlalchemy as sa

from .accounts import BOOKS
from .billed import BILLED, LISTED, SAYING, STATEMENT
from .columns import METADATA, STRICT, LedgerRow, check, index_where, one_of, text, whole
from .evidence import CHANNELS, RANKS
from .instants import WEEKDAYS, WINDOWS
from .marks import MIGRATION as MIGRATION
from .states import OPEN, STATES
from .taught import RATING, TIMING
from .told import FORECAST

VERSION = "0004"
"""Of the schema, and the name of the newest migration; another one is refused."""
GATES = ("open", "frozen", "closed")
"""Whether a budget lets new holds in: a person's word."""
PERIOD_GATES = (*GATES, "over")
"""Over: its overrun policy froze it, because more was charged than its limit."""
OVERRUNS = ("freeze", "allow_to_limit", "alert")
"""What a charge past the limit does to new holds. Recording it never fails."""
THRESHOLDS = (50, 80, 100)
"""Per cent of a limit that, once spent, are noticed."""

_IS_OPEN = "open_nanos > 0"
_IS_FREE = "held_nanos = 0"
"""Nothing was ever set aside: the few jobs that may be under way without open money."""
_IS_EXPOSED = "parked_nanos > 0 OR state = 'unknown'"
_IS_PROVISIONAL = "state = 'settled' AND final = 0"


class BudgetRow(LedgerRow, table=True):
    """A limit somebody set: its identity, and its terms as they are now."""

    __table_args__ = (
        sa.UniqueConstraint("scope", "currency", "window", "tz", "week_start"),
        one_of("window", WINDOWS),
        one_of("week_start", ("", *WEEKDAYS)),
        one_of("overrun", OVERRUNS),
        one_of("gate", GATES),
        check("limit_not_negative", "limit_nanos IS NULL OR limit_nanos >= 0"),
        STRICT,
    )
    id: int | None = whole(primary_key=True, default=None)
    scope: str = text()
    currency: str = text()
    window: str = text()
    tz: str = text()
    week_start: str = text()
    limit_nanos: int | None = whole(nullable=True)
    overrun: str = text()
    gate: str = text()
    created_at: int = whole()


class PeriodRow(LedgerRow, table=True):
    """What is spent and held of a budget in one period: the row that authorises, and the one that is locked."""

    __table_args__ = (
        sa.UniqueConstraint("budget_id", "starts_at"),
        check("rises", "ends_at > starts_at"),
        check("held_not_negative", "held_nanos >= 0"),
        one_of("overrun", OVERRUNS),
        one_of("gate", PERIOD_GATES),
        STRICT,
    )
    id: int | None = whole(primary_key=True, default=None)
    budget_id: int = whole(foreign_key="budget.id")
    starts_at: int = whole()
    ends_at: int = whole()
    limit_nanos: int | None = whole(nullable=True)
    overrun: str = text()
    gate: str = text()
    spent_nanos: int = whole()
    held_nanos: int = whole()
    reached: int = whole()
    """The highest threshold that was noticed, in per cent."""
    changed_at: int = whole()


class NoticeRow(LedgerRow, table=True):
    """A fact: somebody changed a budget's terms, or what was spent of it passed a threshold or its limit."""

    __table_args__ = (
        one_of("kind", ("set", *GATES, "over", "threshold")),
        sa.Index("ix_notice_budget", "budget_id"),
        STRICT,
    )
    id: int | None = whole(primary_key=True, default=None)
    at: int = whole()
    budget_id: int = whole(foreign_key="budget.id")
    period_id: int | None = whole(foreign_key="period.id", nullable=True)
    kind: str = text()
    threshold: int | None = whole(nullable=True)
    limit_nanos: int | None = whole(nullable=True)
    spent_nanos: int | None = whole(nullable=True)
    held_nanos: int | None = whole(nullable=True)
    author: str = text()
    note: str = text()


class QuoteRow(LedgerRow, table=True):
    """A quote as it was when money was held for it, named by its content."""

    __table_args__ = (STRICT,)
    id: str = text(primary_key=True)
    body: str = text()


class JobRow(LedgerRow, table=True):
    """A job's money and state. Amounts without another note are in `currency`, the budget's."""

    __table_args__ = (
        sa.UniqueConstraint("key"),
        one_of("state", STATES),
        check("open_within_held", "open_nanos >= 0 AND open_nanos <= held_nanos"),
        check("open_has_owner", f"open_nanos = 0 OR state IN ({', '.join(repr(state) for state in OPEN)})"),
        check("parked_not_negative", "parked_nanos >= 0"),
        sa.Index("ix_job_scope", "scope", "granted_at"),
        index_where("ix_job_open", _IS_OPEN, "lease_until", "granted_at"),
        index_where("ix_job_lapses", f"{_IS_OPEN} AND state = 'held'", "expires_at"),
        index_where("ix_job_free", _IS_FREE, "lease_until", "granted_at"),
        index_where("ix_job_exposed", _IS_EXPOSED, "granted_at"),
        index_where("ix_job_provisional", _IS_PROVISIONAL, "lease_until", "granted_at"),
        STRICT,
    )
    id: str = text(primary_key=True)
    key: str = text()
    request_hash: str = text()
    scope: str = text()
    currency: str = text()
    state: str = text()
    step: int = whole()
    attempts: int = whole()
    offer: str = text()
    settings: str = text()
    outputs_asked: int = whole()
    first_quote_id: str = text(foreign_key="quote.id")
    quote_id: str = text(foreign_key="quote.id")
    low_nanos: int = whole()
    expected_nanos: int = whole()
    high_nanos: int = whole()
    held_nanos: int = whole()
    open_nanos: int = whole()
    charged_nanos: int | None = whole(nullable=True)
    native_nanos: int | None = whole(nullable=True)
    native_currency: str | None = text(nullable=True)
    reported_nanos: int | None = whole(nullable=True)
    reported_currency: str | None = text(nullable=True)
    parked_nanos: int = whole()
    evidence: str | None = text(nullable=True)
    final: int | None = whole(nullable=True)
    cause: str | None = text(nullable=True)
    reason: str = text()
    proof: str = text()
    tags: str = text()
    request: str = text()
    outputs: str = text()
    owner: str = text()
    granted_at: int = whole()
    expires_at: int = whole()
    silent_since: int | None = whole(nullable=True)
    batch: str = text()
    """The jobs that were held together share it; empty: alone."""
    lease_owner: str = text()
    """Who follows the job up until `lease_until`; no fact, never about money."""
    lease_until: int = whole()


class AttemptRow(LedgerRow, table=True):
    """One try at a provider: the intent, then how its submit ended, then what was posted for it."""

    __table_args__ = (
        sa.UniqueConstraint("job", "number"),
        sa.UniqueConstraint("provider", "provider_job"),
        check("outcome_known", "outcome IS NULL OR outcome IN ('not_sent', 'refused', 'accepted', 'unknown')"),
        STRICT,
    )
    id: str = text(primary_key=True)
    job: str = text(foreign_key="job.id")
    number: int = whole()
    provider: str = text()
    offer: str = text()
    settings: str = text()
    outputs_asked: int = whole()
    quote_id: str = text(foreign_key="quote.id")
    currency: str = text()
    low_nanos: int = whole()
    expected_nanos: int = whole()
    high_nanos: int = whole()
    rate: str = text()
    fingerprint: str = text()
    outcome: str | None = text(nullable=True)
    provider_job: str | None = text(nullable=True)
    handle: str = text()
    reason: str = text()
    posted_nanos: int | None = whole(nullable=True)
    posted_native_nanos: int | None = whole(nullable=True)
    started_at: int = whole()


class RefusalRow(LedgerRow, table=True):
    """A fact: the ledger said no."""

    __table_args__ = (STRICT,)
    id: int | None = whole(primary_key=True, default=None)
    at: int = whole()
    job: str = text()
    key: str = text()
    scope: str = text()
    offer: str = text()
    reason: str = text()
    currency: str | None = text(nullable=True)
    limit_nanos: int | None = whole(nullable=True)
    available_nanos: int | None = whole(nullable=True)
    asked_nanos: int | None = whole(nullable=True)
    detail: str = text()


class EventRow(LedgerRow, table=True):
    """A fact: a verb changed a job, or the outcome of an attempt. `open_nanos` is what was then set aside."""

    __table_args__ = (sa.Index("ix_event_job", "job", "step"), STRICT)
    id: int | None = whole(primary_key=True, default=None)
    job: str = text(foreign_key="job.id")
    attempt: str | None = text(nullable=True)
    step: int = whole()
    at: int = whole()
    kind: str = text()
    outcome: str | None = text(nullable=True)
    state: str = text()
    open_nanos: int = whole()
    detail: str = text()
    proof: str = text()


class ObservationRow(LedgerRow, table=True):
    """A fact: somebody said what an attempt cost, or a person ended it (`resolve`)."""

    __table_args__ = (
        one_of("evidence", (*RANKS, "resolve")),
        sa.Index("ix_observation_job", "job"),
        STRICT,
    )
    id: int | None = whole(primary_key=True, default=None)
    job: str = text(foreign_key="job.id")
    attempt: str | None = text(foreign_key="attempt.id", nullable=True)
    step: int = whole()
    at: int = whole()
    evidence: str = text()
    amount_nanos: int | None = whole(nullable=True)
    currency: str | None = text(nullable=True)
    revision: int = whole()
    """The provider's own count of its words: of the same rank, a higher one takes the place of a lower."""
    final: int = whole()
    delivered: int = whole()
    units: str | None = text(nullable=True)
    external_id: str | None = text(nullable=True)
    outputs: str = text()
    note: str = text()
    verdict: str | None = text(nullable=True)
    author: str | None = text(nullable=True)
    proof: str = text()
    state: str = text()
    open_nanos: int = whole()


class InboxRow(LedgerRow, table=True):
    """A fact: a message as it came in, before anybody made sense of it. The same one is kept once."""

    __table_args__ = (
        sa.UniqueConstraint("provider", "dedup_key"),
        one_of("channel", CHANNELS),
        sa.Index("ix_inbox_provider_job", "provider_job"),
        STRICT,
    )
    id: int | None = whole(primary_key=True, default=None)
    at: int = whole()
    channel: str = text()
    provider: str = text()
    dedup_key: str = text()
    provider_job: str | None = text(nullable=True)
    body: str = text()


class LotRow(LedgerRow, table=True):
    """Credits bought at once: a fact, but for what is left of them."""

    __table_args__ = (
        check("quantity_positive", "quantity_nanos > 0"),
        check("cost_not_negative", "cost_nanos >= 0"),
        check("remaining_within", "remaining_nanos >= 0 AND remaining_nanos <= quantity_nanos"),
        check("remaining_cost_within", "remaining_cost_nanos >= 0 AND remaining_cost_nanos <= cost_nanos"),
        check("expires_later", "expires_at > effective_at"),
        STRICT,
    )
    id: str = text(primary_key=True)
    provider: str = text()
    currency: str = text()
    quantity_nanos: int = whole()
    cost_nanos: int = whole()
    cost_currency: str = text()
    priority: int = whole()
    bought_at: int = whole()
    effective_at: int = whole()
    expires_at: int = whole()
    author: str = text()
    note: str = text()
    remaining_nanos: int = whole()
    remaining_cost_nanos: int = whole()


class TxnRow(LedgerRow, table=True):
    """A fact: one transaction of the journal. `granted_at` decides the period it lands in.

    A job's names its attempt; a purchase, an expiry or a draw of credits names no job.
    """

    __table_args__ = (sa.Index("ix_txn_job", "job"), STRICT)
    id: int | None = whole(primary_key=True, default=None)
    job: str | None = text(foreign_key="job.id", nullable=True)
    attempt: str | None = text(foreign_key="attempt.id", nullable=True)
    step: int = whole()
    at: int = whole()
    granted_at: int = whole()
    kind: str = text()
    evidence: str = text()


class EntryRow(LedgerRow, table=True):
    """A fact: one leg of a transaction. Per transaction, book and currency the legs sum to zero."""

    __table_args__ = (
        check("says_something", "amount_nanos <> 0"),
        one_of("book", BOOKS),
        sa.Index("ix_entry_account", "account"),
        STRICT,
    )
    txn: int = whole(primary_key=True, foreign_key="txn.id")
    line: int = whole(primary_key=True)
    book: str = text()
    account: str = text()
    currency: str = text()
    amount_nanos: int = whole()


class DrawRow(LedgerRow, table=True):
    """A fact: a transaction took credits out of a lot (negative: put them back), at a cost. No lot: none was left."""

    __table_args__ = (check("says_something", "quantity_nanos <> 0"), sa.Index("ix_draw_lot", "lot"), STRICT)
    txn: int = whole(primary_key=True, foreign_key="txn.id")
    line: int = whole(primary_key=True)
    lot: str | None = text(foreign_key="lot.id", nullable=True)
    quantity_nanos: int = whole()
    cost_nanos: int = whole()
    at: int = whole()


BUDGET = METADATA.tables["budget"]
PERIOD = METADATA.tables["period"]
NOTICE = METADATA.tables["notice"]
QUOTE = METADATA.tables["quote"]
JOB = METADATA.tables["job"]
ATTEMPT = METADATA.tables["attempt"]
REFUSAL = METADATA.tables["refusal"]
EVENT = METADATA.tables["event"]
OBSERVATION = METADATA.tables["observation"]
INBOX = METADATA.tables["inbox"]
LOT = METADATA.tables["lot"]
TXN = METADATA.tables["txn"]
ENTRY = METADATA.tables["entry"]
DRAW = METADATA.tables["draw"]

FACTS = (
    "notice", "quote", "refusal", "event", "observation", "inbox", TIMING.name, RATING.name, FORECAST.name, "txn",
    "entry", "draw", STATEMENT.name, BILLED.name, LISTED.name, SAYING.name,
)  # fmt: skip
"""Tables whose rows are never changed nor removed, by anyone."""
KEPT = {"lot": tuple(column.name for column in LOT.c if not column.name.startswith("remaining"))}
"""Tables whose rows are facts in these columns, and are never removed."""
