"""The rows as SQLModel tables: columns, keys, CHECKs, the triggers that keep facts. Nothing decides here.

Facts (quote, refusal, event, observation, inbox, notice, txn, entry, draw) are only ever added. Projections (period,
job, attempt, what is left of a lot) follow from them. Amounts are whole nanos, instants whole microseconds since 1970
in UTC, structures are JSON text. The same tables serve SQLite and PostgreSQL; what differs is told apart here.
"""

from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel

from .accounts import BOOKS
from .evidence import CHANNELS, RANKS
from .instants import WEEKDAYS, WINDOWS
from .states import OPEN, STATES

VERSION = "0002"
"""Of the schema, and the name of the newest migration; another one is refused."""
GATES = ("open", "frozen", "closed")
"""Whether a budget lets new holds in: a person's word."""
PERIOD_GATES = (*GATES, "over")
"""Over: its overrun policy froze it, because more was charged than its limit."""
OVERRUNS = ("freeze", "allow_to_limit", "alert")
"""What a charge past the limit does to new holds. Recording it never fails."""
THRESHOLDS = (50, 80, 100)
"""Per cent of a limit that, once spent, are noticed."""

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Ordered by code point on both: the paths below a scope are one stretch of it."""
STRICT = {"sqlite_strict": True}


def _text(**options: Any) -> Any:
    return Field(sa_type=_TEXT, **options)  # pyright: ignore[reportCallIssue, reportArgumentType]


def _whole(**options: Any) -> Any:
    return Field(sa_type=_BIG, **options)  # pyright: ignore[reportCallIssue, reportArgumentType]  # an instance is fine


_IS_OPEN = sa.text("open_nanos > 0")
_IS_FREE = sa.text("held_nanos = 0")
"""Nothing was ever set aside: the few jobs that may be under way without open money."""


def _check(name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=name)


def _one_of(column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    return _check(f"{column}_known", f'"{column}" IN ({", ".join(repr(word) for word in words)})')


class LedgerRow(SQLModel):
    """A table named after its class: `BudgetRow` is `budget`. Its metadata stay apart from the user's models."""

    metadata: ClassVar[sa.MetaData] = METADATA  # pyright: ignore[reportIncompatibleVariableOverride]  # as documented

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805  # pyright: ignore  # SQLModel declares it the older way
        return cls.__name__.removesuffix("Row").lower()


class StoreRow(LedgerRow, table=True):
    """One row: that this is a ledger."""

    __table_args__ = (_check("one", "id = 1"), STRICT)
    id: int = _whole(primary_key=True)
    created_at: int = _whole()


class MigrationRow(LedgerRow, table=True):
    """One row, kept by Alembic: which schema this is."""

    __table_args__ = (STRICT,)
    version_num: str = _text(primary_key=True)


class BudgetRow(LedgerRow, table=True):
    """A limit somebody set: its identity, and its terms as they are now."""

    __table_args__ = (
        sa.UniqueConstraint("scope", "currency", "window", "tz", "week_start"),
        _one_of("window", WINDOWS),
        _one_of("week_start", ("", *WEEKDAYS)),
        _one_of("overrun", OVERRUNS),
        _one_of("gate", GATES),
        _check("limit_not_negative", "limit_nanos IS NULL OR limit_nanos >= 0"),
        STRICT,
    )
    id: int | None = _whole(primary_key=True, default=None)
    scope: str = _text()
    currency: str = _text()
    window: str = _text()
    tz: str = _text()
    week_start: str = _text()
    limit_nanos: int | None = _whole(nullable=True)
    overrun: str = _text()
    gate: str = _text()
    created_at: int = _whole()


class PeriodRow(LedgerRow, table=True):
    """What is spent and held of a budget in one period: the row that authorises, and the one that is locked."""

    __table_args__ = (
        sa.UniqueConstraint("budget_id", "starts_at"),
        _check("rises", "ends_at > starts_at"),
        _check("held_not_negative", "held_nanos >= 0"),
        _one_of("overrun", OVERRUNS),
        _one_of("gate", PERIOD_GATES),
        STRICT,
    )
    id: int | None = _whole(primary_key=True, default=None)
    budget_id: int = _whole(foreign_key="budget.id")
    starts_at: int = _whole()
    ends_at: int = _whole()
    limit_nanos: int | None = _whole(nullable=True)
    overrun: str = _text()
    gate: str = _text()
    spent_nanos: int = _whole()
    held_nanos: int = _whole()
    reached: int = _whole()
    """The highest threshold that was noticed, in per cent."""
    changed_at: int = _whole()


class NoticeRow(LedgerRow, table=True):
    """A fact: somebody changed a budget's terms, or what was spent of it passed a threshold or its limit."""

    __table_args__ = (
        _one_of("kind", ("set", *GATES, "over", "threshold")),
        sa.Index("ix_notice_budget", "budget_id"),
        STRICT,
    )
    id: int | None = _whole(primary_key=True, default=None)
    at: int = _whole()
    budget_id: int = _whole(foreign_key="budget.id")
    period_id: int | None = _whole(foreign_key="period.id", nullable=True)
    kind: str = _text()
    threshold: int | None = _whole(nullable=True)
    limit_nanos: int | None = _whole(nullable=True)
    spent_nanos: int | None = _whole(nullable=True)
    held_nanos: int | None = _whole(nullable=True)
    author: str = _text()
    note: str = _text()


class QuoteRow(LedgerRow, table=True):
    """A quote as it was when money was held for it, named by its content."""

    __table_args__ = (STRICT,)
    id: str = _text(primary_key=True)
    body: str = _text()


class JobRow(LedgerRow, table=True):
    """A job's money and state. Amounts without another note are in `currency`, the budget's."""

    __table_args__ = (
        sa.UniqueConstraint("key"),
        _one_of("state", STATES),
        _check("open_within_held", "open_nanos >= 0 AND open_nanos <= held_nanos"),
        _check("open_has_owner", f"open_nanos = 0 OR state IN ({', '.join(repr(state) for state in OPEN)})"),
        _check("parked_not_negative", "parked_nanos >= 0"),
        sa.Index("ix_job_scope", "scope", "granted_at"),
        sa.Index("ix_job_open", "lease_until", "granted_at", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
        sa.Index("ix_job_free", "lease_until", "granted_at", sqlite_where=_IS_FREE, postgresql_where=_IS_FREE),
        STRICT,
    )
    id: str = _text(primary_key=True)
    key: str = _text()
    request_hash: str = _text()
    scope: str = _text()
    currency: str = _text()
    state: str = _text()
    step: int = _whole()
    attempts: int = _whole()
    offer: str = _text()
    settings: str = _text()
    outputs_asked: int = _whole()
    first_quote_id: str = _text(foreign_key="quote.id")
    quote_id: str = _text(foreign_key="quote.id")
    low_nanos: int = _whole()
    expected_nanos: int = _whole()
    high_nanos: int = _whole()
    held_nanos: int = _whole()
    open_nanos: int = _whole()
    charged_nanos: int | None = _whole(nullable=True)
    native_nanos: int | None = _whole(nullable=True)
    native_currency: str | None = _text(nullable=True)
    reported_nanos: int | None = _whole(nullable=True)
    reported_currency: str | None = _text(nullable=True)
    parked_nanos: int = _whole()
    evidence: str | None = _text(nullable=True)
    final: int | None = _whole(nullable=True)
    cause: str | None = _text(nullable=True)
    reason: str = _text()
    proof: str = _text()
    tags: str = _text()
    request: str = _text()
    outputs: str = _text()
    owner: str = _text()
    granted_at: int = _whole()
    expires_at: int = _whole()
    silent_since: int | None = _whole(nullable=True)
    batch: str = _text()
    """The jobs that were held together share it; empty: alone."""
    lease_owner: str = _text()
    """Who follows the job up until `lease_until`; no fact, never about money."""
    lease_until: int = _whole()


class AttemptRow(LedgerRow, table=True):
    """One try at a provider: the intent, then how its submit ended, then what was posted for it."""

    __table_args__ = (
        sa.UniqueConstraint("job", "number"),
        sa.UniqueConstraint("provider", "provider_job"),
        _check("outcome_known", "outcome IS NULL OR outcome IN ('not_sent', 'refused', 'accepted', 'unknown')"),
        STRICT,
    )
    id: str = _text(primary_key=True)
    job: str = _text(foreign_key="job.id")
    number: int = _whole()
    provider: str = _text()
    offer: str = _text()
    settings: str = _text()
    outputs_asked: int = _whole()
    quote_id: str = _text(foreign_key="quote.id")
    currency: str = _text()
    low_nanos: int = _whole()
    expected_nanos: int = _whole()
    high_nanos: int = _whole()
    rate: str = _text()
    fingerprint: str = _text()
    outcome: str | None = _text(nullable=True)
    provider_job: str | None = _text(nullable=True)
    handle: str = _text()
    reason: str = _text()
    posted_nanos: int | None = _whole(nullable=True)
    posted_native_nanos: int | None = _whole(nullable=True)
    started_at: int = _whole()


class RefusalRow(LedgerRow, table=True):
    """A fact: the ledger said no."""

    __table_args__ = (STRICT,)
    id: int | None = _whole(primary_key=True, default=None)
    at: int = _whole()
    job: str = _text()
    key: str = _text()
    scope: str = _text()
    offer: str = _text()
    reason: str = _text()
    currency: str | None = _text(nullable=True)
    limit_nanos: int | None = _whole(nullable=True)
    available_nanos: int | None = _whole(nullable=True)
    asked_nanos: int | None = _whole(nullable=True)
    detail: str = _text()


class EventRow(LedgerRow, table=True):
    """A fact: a verb changed a job, or the outcome of an attempt. `open_nanos` is what was then set aside."""

    __table_args__ = (sa.Index("ix_event_job", "job", "step"), STRICT)
    id: int | None = _whole(primary_key=True, default=None)
    job: str = _text(foreign_key="job.id")
    attempt: str | None = _text(nullable=True)
    step: int = _whole()
    at: int = _whole()
    kind: str = _text()
    outcome: str | None = _text(nullable=True)
    state: str = _text()
    open_nanos: int = _whole()
    detail: str = _text()
    proof: str = _text()


class ObservationRow(LedgerRow, table=True):
    """A fact: somebody said what an attempt cost, or a person ended it (`resolve`)."""

    __table_args__ = (
        _one_of("evidence", (*RANKS, "resolve")),
        sa.Index("ix_observation_job", "job"),
        STRICT,
    )
    id: int | None = _whole(primary_key=True, default=None)
    job: str = _text(foreign_key="job.id")
    attempt: str | None = _text(foreign_key="attempt.id", nullable=True)
    step: int = _whole()
    at: int = _whole()
    evidence: str = _text()
    amount_nanos: int | None = _whole(nullable=True)
    currency: str | None = _text(nullable=True)
    revision: int = _whole()
    """The provider's own count of its words: of the same rank, a higher one takes the place of a lower."""
    final: int = _whole()
    delivered: int = _whole()
    units: str | None = _text(nullable=True)
    external_id: str | None = _text(nullable=True)
    outputs: str = _text()
    note: str = _text()
    verdict: str | None = _text(nullable=True)
    author: str | None = _text(nullable=True)
    proof: str = _text()
    state: str = _text()
    open_nanos: int = _whole()


class InboxRow(LedgerRow, table=True):
    """A fact: a message as it came in, before anybody made sense of it. The same one is kept once."""

    __table_args__ = (
        sa.UniqueConstraint("provider", "dedup_key"),
        _one_of("channel", CHANNELS),
        sa.Index("ix_inbox_provider_job", "provider_job"),
        STRICT,
    )
    id: int | None = _whole(primary_key=True, default=None)
    at: int = _whole()
    channel: str = _text()
    provider: str = _text()
    dedup_key: str = _text()
    provider_job: str | None = _text(nullable=True)
    body: str = _text()


class LotRow(LedgerRow, table=True):
    """Credits bought at once: a fact, but for what is left of them."""

    __table_args__ = (
        _check("quantity_positive", "quantity_nanos > 0"),
        _check("cost_not_negative", "cost_nanos >= 0"),
        _check("remaining_within", "remaining_nanos >= 0 AND remaining_nanos <= quantity_nanos"),
        _check("remaining_cost_within", "remaining_cost_nanos >= 0 AND remaining_cost_nanos <= cost_nanos"),
        _check("expires_later", "expires_at > effective_at"),
        STRICT,
    )
    id: str = _text(primary_key=True)
    provider: str = _text()
    currency: str = _text()
    quantity_nanos: int = _whole()
    cost_nanos: int = _whole()
    cost_currency: str = _text()
    priority: int = _whole()
    bought_at: int = _whole()
    effective_at: int = _whole()
    expires_at: int = _whole()
    author: str = _text()
    note: str = _text()
    remaining_nanos: int = _whole()
    remaining_cost_nanos: int = _whole()


class TxnRow(LedgerRow, table=True):
    """A fact: one transaction of the journal. `granted_at` decides the period it lands in.

    A job's names its attempt; a purchase, an expiry or a draw of credits names no job.
    """

    __table_args__ = (sa.Index("ix_txn_job", "job"), STRICT)
    id: int | None = _whole(primary_key=True, default=None)
    job: str | None = _text(foreign_key="job.id", nullable=True)
    attempt: str | None = _text(foreign_key="attempt.id", nullable=True)
    step: int = _whole()
    at: int = _whole()
    granted_at: int = _whole()
    kind: str = _text()
    evidence: str = _text()


class EntryRow(LedgerRow, table=True):
    """A fact: one leg of a transaction. Per transaction, book and currency the legs sum to zero."""

    __table_args__ = (
        _check("says_something", "amount_nanos <> 0"),
        _one_of("book", BOOKS),
        sa.Index("ix_entry_account", "account"),
        STRICT,
    )
    txn: int = _whole(primary_key=True, foreign_key="txn.id")
    line: int = _whole(primary_key=True)
    book: str = _text()
    account: str = _text()
    currency: str = _text()
    amount_nanos: int = _whole()


class DrawRow(LedgerRow, table=True):
    """A fact: a transaction took credits out of a lot (negative: put them back), at a cost. No lot: none was left."""

    __table_args__ = (_check("says_something", "quantity_nanos <> 0"), sa.Index("ix_draw_lot", "lot"), STRICT)
    txn: int = _whole(primary_key=True, foreign_key="txn.id")
    line: int = _whole(primary_key=True)
    lot: str | None = _text(foreign_key="lot.id", nullable=True)
    quantity_nanos: int = _whole()
    cost_nanos: int = _whole()
    at: int = _whole()


STORE = METADATA.tables["store"]
MIGRATION = METADATA.tables["migration"]
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

FACTS = ("notice", "quote", "refusal", "event", "observation", "inbox", "txn", "entry", "draw")
"""Tables whose rows are never changed nor removed, by anyone."""
KEPT = {"lot": tuple(column.name for column in LOT.c if not column.name.startswith("remaining"))}
"""Tables whose rows are facts in these columns, and are never removed."""
