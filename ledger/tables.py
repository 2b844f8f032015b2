"""The rows as SQLModel tables: columns, keys, CHECKs, the triggers that keep facts. Nothing decides here.

Facts (quote, refusal, event, observation, txn, entry) are only ever added. Projections (period, job, attempt) follow
from them. Amounts are whole nanos, instants whole microseconds since 1970 in UTC, structures are JSON text.
"""

from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel

from .accounts import BOOKS
from .evidence import RANKS
from .instants import WINDOWS
from .states import OPEN, STATES

VERSION = 1
"""Of the schema; another one is refused."""

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
STRICT = {"sqlite_strict": True}


def _text(**options: Any) -> Any:
    return Field(sa_type=sa.Text, **options)


def _whole(**options: Any) -> Any:
    return Field(sa_type=_BIG, **options)  # pyright: ignore[reportCallIssue, reportArgumentType]  # an instance is fine


def _check(name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=name)


def _one_of(column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    return _check(f"{column}_known", f"{column} IN ({', '.join(repr(word) for word in words)})")


class LedgerRow(SQLModel):
    """A table named after its class: `BudgetRow` is `budget`. Its metadata stay apart from the user's models."""

    metadata: ClassVar[sa.MetaData] = METADATA  # pyright: ignore[reportIncompatibleVariableOverride]  # as documented

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805  # pyright: ignore  # SQLModel declares it the older way
        return cls.__name__.removesuffix("Row").lower()


class StoreRow(LedgerRow, table=True):
    """One row: which schema this is."""

    __table_args__ = (_check("one", "id = 1"), STRICT)
    id: int = _whole(primary_key=True)
    version: int = _whole()
    created_at: int = _whole()


class BudgetRow(LedgerRow, table=True):
    """A limit somebody set: its identity and the limit as it is now."""

    __table_args__ = (
        sa.UniqueConstraint("scope", "currency", "window", "tz"),
        _one_of("window", WINDOWS),
        _check("limit_not_negative", "limit_nanos IS NULL OR limit_nanos >= 0"),
        STRICT,
    )
    id: int | None = _whole(primary_key=True, default=None)
    scope: str = _text()
    currency: str = _text()
    window: str = _text()
    tz: str = _text()
    limit_nanos: int | None = _whole(nullable=True)
    created_at: int = _whole()


class PeriodRow(LedgerRow, table=True):
    """What is spent and held of a budget in one period: the row that authorises, and the one that is locked."""

    __table_args__ = (
        sa.UniqueConstraint("budget_id", "starts_at"),
        _check("rises", "ends_at > starts_at"),
        _check("held_not_negative", "held_nanos >= 0"),
        STRICT,
    )
    id: int | None = _whole(primary_key=True, default=None)
    budget_id: int = _whole(foreign_key="budget.id")
    starts_at: int = _whole()
    ends_at: int = _whole()
    limit_nanos: int | None = _whole(nullable=True)
    spent_nanos: int = _whole()
    held_nanos: int = _whole()


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
        sa.Index("ix_job_open", "granted_at", sqlite_where=sa.text("open_nanos > 0")),
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


class TxnRow(LedgerRow, table=True):
    """A fact: one transaction of the journal. `granted_at` decides the period it lands in."""

    __table_args__ = (sa.Index("ix_txn_job", "job"), STRICT)
    id: int | None = _whole(primary_key=True, default=None)
    job: str = _text(foreign_key="job.id")
    attempt: str = _text(foreign_key="attempt.id")
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


STORE = METADATA.tables["store"]
BUDGET = METADATA.tables["budget"]
PERIOD = METADATA.tables["period"]
QUOTE = METADATA.tables["quote"]
JOB = METADATA.tables["job"]
ATTEMPT = METADATA.tables["attempt"]
REFUSAL = METADATA.tables["refusal"]
EVENT = METADATA.tables["event"]
OBSERVATION = METADATA.tables["observation"]
TXN = METADATA.tables["txn"]
ENTRY = METADATA.tables["entry"]

FACTS = ("quote", "refusal", "event", "observation", "txn", "entry")
"""Tables whose rows are never changed nor removed, by anyone."""


def triggers() -> dict[str, str]:
    """The SQLite triggers that keep the facts, by name. An INSERT OR REPLACE would delete, so it is refused too."""
    made: dict[str, str] = {}
    for table in FACTS:
        key = [column.name for column in METADATA.tables[table].primary_key]
        same = " AND ".join(f"{name} = NEW.{name}" for name in key)
        rules = {
            "UPDATE": "",
            "DELETE": "",
            "INSERT": f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) ",  # noqa: S608  # our own names
        }
        for verb, when in rules.items():
            name = f"{table}_keeps_{verb.lower()}"
            made[name] = (
                f"CREATE TRIGGER {name} BEFORE {verb} ON {table} {when}"
                f"BEGIN SELECT RAISE(ABORT, '{table} holds facts: rows are only added'); END"
            )
    return made
