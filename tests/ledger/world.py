"""A small world for ledger tests: quotes by hand, a clock that is set, and the whole content of a ledger."""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from ledger import Grant, JobView, Ledger, StorageError
from ledger.columns import METADATA
from ledger.store import Store, Work
from ledger.store.schema import triggers
from ledger.store.sqlite import SqliteStore
from pricing import CreditPlan, Line, Money, Quote, Source, Span, usd

SOURCE = Source("https://example.test/prices", "published", "2026-11-20")
PLAN = CreditPlan("api-starter", "creatify", "creatify-credit", usd("99"), Decimal(500), SOURCE)
FAL = "fal/fal-ai/creatify/aurora"
CREATIFY = "creatify/aurora_v1"


def quote(
    expected: str = "1.40", *, low: str | None = None, high: str | None = None, rate: str = "0.14", outputs: int = 1,
    offer: str = FAL, rates: tuple[str, ...] = ("rate-1",), currency: str = "USD",
) -> Quote:  # fmt: skip
    """A quote of one line; in credits it is converted with the Starter plan."""
    cost = Span(*(Money.of(text or expected, currency) for text in (low, expected, high)))
    billed = Decimal(expected) / Decimal(rate)
    line = Line("Aurora", billed, billed, "s", Decimal(rate), cost.expected)
    dollars = cost if currency == "USD" else _in_dollars(cost)
    plan = None if currency == "USD" else PLAN
    return Quote(
        offer,
        {"resolution": "720p"},
        date(2026, 11, 20),
        outputs,
        cost,
        dollars,
        plan,
        (line,),
        (),
        (SOURCE,),
        rates,
        "b",
    )


def _in_dollars(cost: Span) -> Span:
    return Span(
        PLAN.convert(cost.low, "floor"), PLAN.convert(cost.expected, "half-even"), PLAN.convert(cost.high, "ceil")
    )


def credits_quote(expected: str = "11", **more: Any) -> Quote:
    return quote(expected, rate="1", offer=CREATIFY, currency="creatify-credit", **more)


def credit(amount: str) -> Money:
    return Money.of(amount, "creatify-credit")


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass
class World:
    """A ledger with one budget and the verbs in short."""

    ledger: Ledger
    clock: Clock = field(default_factory=Clock)

    def hold(
        self, job: str = "j1", *, key: str | None = None, digest: str = "h", scope: str = "acme/c7",
        price: Quote | None = None, expires_in_s: int = 600, tags: Mapping[str, str] | None = None,
    ) -> Grant:  # fmt: skip
        return self.ledger.hold(
            job=job, key=key or f"key-{job}", request_hash=digest, scope=scope, quote=price or quote(),
            request={"image": "face.jpg"}, tags=tags or {}, owner="test", expires_in_s=expires_in_s,
        )  # fmt: skip

    def begin(
        self, job: str = "j1", attempt: str = "a1", *, provider: str = "fal", price: Quote | None = None,
        ceiling: Money | None = None,
    ) -> Grant:  # fmt: skip
        return self.ledger.begin(
            job=job, attempt=attempt, provider=provider, quote=price or quote(), fingerprint="f", owner="test",
            ceiling=ceiling,
        )  # fmt: skip

    def submitted(self, job: str = "j1", attempt: str = "a1", *, price: Quote | None = None, **more: Any) -> None:
        """A job whose attempt was accepted."""
        assert self.hold(job, price=price, **more).refused is None
        assert self.begin(job, attempt, price=price).refused is None
        provider_job = f"p-{attempt}"
        answer = self.ledger.outcome(job=job, attempt=attempt, outcome="accepted", provider_job=provider_job)
        assert answer == "submitted"

    def settle(
        self, amount: Money | None, job: str = "j1", attempt: str = "a1", *, evidence: Any = "inline",
        final: bool = True, delivered: int = 1, **more: Any,
    ) -> JobView:  # fmt: skip
        return self.ledger.settle(
            job=job, attempt=attempt, evidence=evidence, amount=amount, final=final, delivered=delivered, **more
        )

    def state(self, job: str = "j1") -> str:
        return self.job(job).state

    def job(self, job: str = "j1") -> JobView:
        found = self.ledger.job(job)
        assert found is not None
        return found

    def budget(self, scope: str = "acme") -> tuple[Money, Money, Money | None]:
        """Spent, held and available of the scope's own first budget."""
        one = next(one for one in self.ledger.budgets(scope) if one.scope == scope)
        return one.spent, one.held, one.available

    def sound(self) -> None:
        """The ledger verifies."""
        verdict = self.ledger.verify()
        assert verdict.ok, verdict.faults


_open: list[Ledger] = []
_backend = "sqlite"
_postgres: list[str] = []
_numbers = count(1)
_lent: dict[int, str] = {}
"""By a ledger's identity, the address of the schema that it alone has: the next world's, once it is empty."""
_emptied: list[str] = []


def use(backend: str) -> None:
    """Which database `world()` opens when no URL is given: sqlite (in memory) or postgresql."""
    global _backend
    _backend = backend


def backend() -> str:
    return _backend


def serve(url: str) -> None:
    """The PostgreSQL that tests run against; see tests/conftest.py."""
    _postgres.append(url)


def fresh_url() -> str:
    """An empty database of the backend in use: on PostgreSQL a schema of its own."""
    if _backend == "sqlite":
        return "sqlite://"
    return postgres_url()


def postgres_url() -> str:
    url = _postgres[-1]
    return f"{url}{'&' if '?' in url else '?'}schema=t{os.getpid()}_{next(_numbers)}"


def close_all(*, but: int = 0) -> None:
    """Close the ledgers that tests left open, except the last few."""
    while len(_open) > but:
        ledger = _open.pop(0)
        url = _lent.pop(id(ledger), None)
        if url is not None:
            with suppress(StorageError):  # it was closed, or its server is gone
                _store(ledger).write(_empty)
                _emptied.append(url)
        ledger.close()


def _store(ledger: Ledger) -> Store:
    return ledger._store  # pyright: ignore[reportPrivateUsage]


def _empty(work: Work) -> None:
    """Nothing but the schema is left: it costs a fiftieth of making one."""
    work.text("SET LOCAL session_replication_role = replica")  # no guard, no key
    for name in TABLES:
        work.text(f"DELETE FROM {name}")  # noqa: S608
    sequences = "FROM pg_class WHERE relkind = 'S' AND relnamespace = current_schema()::regnamespace"
    work.text(f"SELECT setval(oid::regclass, 1, false) {sequences}")


def world(limit: str | None = "100", url: str | None = None, at: datetime | None = None) -> World:
    """A ledger with a budget for `acme`; closed by the fixtures of the test folders."""
    clock = Clock() if at is None else Clock(at)
    reused = _emptied.pop() if url is None and _backend == "postgresql" and _emptied else None
    address = url or reused or fresh_url()
    ledger = Ledger.open(address, clock=clock)
    _open.append(ledger)
    if url is None and _backend == "postgresql":
        _lent[id(ledger)] = address
    close_all(but=100 if _backend == "sqlite" else 8)
    ledger.set_budget("acme", None if limit is None else usd(limit), currency="USD", overrun="allow_to_limit")
    return World(ledger, clock)


def dump(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    return _store(ledger).read(lambda work: {name: work.text(f"SELECT * FROM {name} ORDER BY 1, 2") for name in TABLES})  # noqa: S608


def plain(ledger: Ledger) -> dict[str, list[dict[str, Any]]]:
    """The same with columns by name, and numbers that the database gives counted without gaps: equal on any engine."""
    rows = {
        name: [dict(zip(METADATA.tables[name].columns.keys(), row, strict=True)) for row in found]
        for name, found in dump(ledger).items()
    }
    refers = {"budget_id": "budget", "period_id": "period", "txn": "txn", "billed": "billed"}
    counted = {name: {row["id"]: n for n, row in enumerate(rows[name])} for name in refers.values()}
    for found in rows.values():
        for n, row in enumerate(found):
            if isinstance(row.get("id"), int):
                row["id"] = n
            row.update({column: counted[refers[column]].get(row[column]) for column in refers if column in row})
    return rows


TABLES = tuple(name for name in sorted(METADATA.tables) if name != "migration")


def contents(connection: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """The same of a file."""
    return {name: [tuple(row) for row in connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2")] for name in TABLES}  # noqa: S608


def raw(ledger: Ledger, sql: str) -> None:
    """Change the database behind the ledger's back."""
    store = _store(ledger)
    _lent.pop(id(ledger), None)
    if isinstance(store, SqliteStore):
        store._connection.execute(sql)  # pyright: ignore[reportPrivateUsage]
    else:
        store.write(lambda work: work.text(sql))


def corrupt(ledger: Ledger, sql: str) -> None:
    """The same, past every check, key and guard of the database."""
    store = _store(ledger)
    _lent.pop(id(ledger), None)
    if isinstance(store, SqliteStore):
        raw(ledger, "PRAGMA ignore_check_constraints = ON")
        raw(ledger, "PRAGMA foreign_keys = OFF")
        raw(ledger, "DROP TRIGGER period_notices")
        raw(ledger, sql)
        raw(ledger, triggers("sqlite")["period_notices"])
        return

    def unit(work: Work) -> None:
        checks = (
            "SELECT conrelid::regclass::text, conname FROM pg_constraint "
            "WHERE contype = 'c' AND connamespace = current_schema()::regnamespace"
        )
        for table, name in work.text(checks):
            work.text(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        work.text("SET LOCAL session_replication_role = replica")
        work.text(sql)

    store.write(unit)


def file_url(path: Path) -> str:
    return f"sqlite:///{path}"
