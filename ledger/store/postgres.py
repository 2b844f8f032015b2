"""PostgreSQL done right: short units at READ COMMITTED, retried as a whole. Decides nothing about money.

A unit that met another writer (40001, 40P01, a key that came in first, room that is gone) is done again from its
start. So is one whose connection broke: every verb asked again gives what was committed, which is what a lost answer
needs. SQLAlchemy makes the schema, the pool and the SQL text; the statements run on psycopg's own connection.
"""

import random
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import psycopg
import sqlalchemy as sa
from psycopg import errors
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg.types.numeric import Int8Dumper
from sqlalchemy import exc
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from ..errors import StorageError
from . import schema, together
from .base import WAIT_S, Answer, Dialect, Moved, Row, Statement, Texts, Values, texts_in
from .together import Queue

_TRIES = 40
"""How often a unit that met other writers is done again: each time somebody else got on."""
_PATIENCE_S = WAIT_S
"""How long a unit whose connection broke is asked again: a server starts in less."""
_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0
"""Before it is asked again, twice as long each time."""
POOL = 16
_SYNC_S = 60.0
_MET = (
    errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation, Moved,
    errors.DivisionByZero,  # how one statement says Moved: see together.py
)  # fmt: skip
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
LOCK = "SELECT pg_advisory_xact_lock(hashtext(current_schema()))"
NOW = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"
Connection = psycopg.Connection[DictRow]


class _Several(Exception):
    """The unit is more than one statement: it is to be done in a transaction."""


class PostgresWork:
    """What runs inside one transaction."""

    __slots__ = ("_connection", "_queue", "_texts", "asked_again", "at_once", "torn", "tries")
    dialect: Dialect = "postgresql"

    def __init__(
        self, connection: Connection, texts: Texts, tries: int = 0, *, asked_again: bool = False, at_once: bool = False
    ) -> None:
        self._connection, self._texts = connection, texts
        self.tries, self.asked_again, self.at_once = tries, asked_again, at_once
        self._queue = Queue(texts)
        self.torn = False
        """A round trip of several statements failed: psycopg takes for prepared what the server never saw."""

    def end(self) -> None:
        """Make what was done last: the transaction, or the one statement."""
        if self._queue:
            # A raw cursor: psycopg would look for the holes of so long a statement each time.
            statements = self._queue.statements()
            if len(statements) == 1:
                psycopg.RawCursor(self._connection).execute(*statements[0])
            else:
                self._in_one_trip(statements)
        if not self.at_once:
            self._connection.commit()

    def _in_one_trip(self, statements: Sequence[tuple[bytes, list[Any]]]) -> None:
        """One transaction by itself."""
        self.torn = True
        with self._connection.pipeline():
            for one in statements:
                psycopg.RawCursor(self._connection).execute(*one)
        self.torn = False

    def _execute(self, statement: Statement, values: Values, *, change: bool = False) -> psycopg.Cursor[DictRow]:
        if self.at_once and (change or self._queue):
            raise _Several
        text = together.alone(self._texts, statement)
        return self._connection.execute(text.encode(), cast("Mapping[str, Any]", values))

    def rows(self, statement: Statement, values: Values) -> list[Row]:
        return list(self._execute(statement, values).fetchall())

    def row(self, statement: Statement, values: Values) -> Row | None:
        return self._execute(statement, values).fetchone()

    def stand(self) -> None:
        if self.at_once:
            raise _Several

    def once(self, statement: Statement, values: Values) -> Row | None:
        try:
            return self._execute(statement, values).fetchone()
        except psycopg.OperationalError as error:
            if self.at_once and not isinstance(error, _MET):
                raise _Lost(error, None) from error
            raise

    def run(self, statement: Statement, values: Values) -> int:
        return self._execute(statement, values, change=True).rowcount

    def later(self, statement: Statement, values: Values, *, sure: bool = False) -> None:
        if self.at_once:
            if not self._queue.takes(statement, values, sure):
                raise _Several
        elif self.run(statement, values) != 1 and sure:
            raise Moved("another writer was faster; nothing was changed")

    def add(self, statement: Statement, values: Values) -> int:
        found = self._execute(statement, values, change=True).fetchone()  # the dialect adds RETURNING id
        return 0 if found is None else int(found["id"])

    def many(self, statement: Statement, values: Sequence[Values]) -> None:
        for one in values:
            self._execute(statement, one, change=True)

    def text(self, sql: str) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(sql.encode())
        return [] if cursor.description is None else [tuple(row.values()) for row in cursor]


class PostgresStore:
    """One PostgreSQL database, a schema of its own in it."""

    dialect: Dialect = "postgresql"

    def __init__(self, url: str, clock: Callable[[], int] | None) -> None:
        """Connect, and make the schema when it is absent. Raises StorageError."""
        self._address, self.schema, self._name = parse(url)
        self._clock = clock
        self._guard, self._looking = threading.Lock(), threading.Lock()
        self._seen, self._offset, self._synced = 0, 0, -_SYNC_S
        self._closed, self._era = False, 0
        self._dialect: sa.Dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]
        self._texts = texts_in(self._dialect)
        # Of SQLAlchemy's only the pool: its engine would speak to our connections itself.
        self._pool = QueuePool(
            self._connect,  # type: ignore[arg-type]  # a connection of psycopg is one of DBAPI
            pool_size=POOL,
            max_overflow=0,
            timeout=WAIT_S,
        )
        try:
            self._unit(self._prepare, 0, asked_again=False)
        except (psycopg.Error, exc.SQLAlchemyError, OSError) as error:
            self.close()
            raise self._trouble(error) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._closed = True
        self._pool.dispose()

    def now(self) -> int:
        """Microseconds by the server's clock, so that hosts need not agree; never earlier than before.

        Between two looks at it this machine's monotonic clock counts on, which nobody can set.
        """
        found = time.monotonic_ns() // 1000 + self._offset if self._clock is None else self._clock()
        with self._guard:
            self._seen = max(self._seen, found)
            return self._seen

    def write(self, unit: Callable[[PostgresWork], Answer], *, at_once: bool = False) -> Answer:
        """Carry out one writing transaction: all of it or nothing. `unit` may be called again. Raises StorageError."""
        tries = breaks = 0
        since, asked_again = 0.0, False
        while True:
            if self._closed:
                raise StorageError("the ledger is closed", next="open it again")
            try:
                self._synchronise()
                at_once = at_once and not tries and not breaks
                return self._unit(unit, tries, asked_again=asked_again, at_once=at_once)
            except _Several:
                at_once = False
            except _MET as error:
                tries += 1
                if tries > _TRIES:
                    raise self._trouble(error) from error
                time.sleep(random.uniform(0, 0.002) * min(tries, 16))  # noqa: S311  # not a secret
            except (_Lost, psycopg.OperationalError, psycopg.InterfaceError) as caught:
                broke = caught.error if isinstance(caught, _Lost) else caught
                asked_again |= isinstance(caught, _Lost) and caught.did_something
                pause = min(_PAUSE_S * 2**breaks, _LONGEST_PAUSE_S) * random.uniform(0.5, 1)  # noqa: S311
                breaks += 1
                since = since or time.monotonic()
                if time.monotonic() + pause - since > _PATIENCE_S or isinstance(broke, _HOPELESS):
                    raise self._trouble(broke) from broke
                time.sleep(pause)
            except (psycopg.Error, exc.SQLAlchemyError, UnicodeEncodeError, OverflowError) as error:
                raise self._trouble(error) from error

    def read(self, unit: Callable[[PostgresWork], Answer]) -> Answer:
        """One consistent look. Raises StorageError."""

        def looking(work: PostgresWork) -> Answer:
            work.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return unit(work)

        return self.write(looking)

    def _unit(
        self, unit: Callable[[PostgresWork], Answer], tries: int, *, asked_again: bool, at_once: bool = False
    ) -> Answer:
        pooled = self._checkout()
        connection = cast("Connection", pooled.driver_connection)
        work = PostgresWork(connection, self._texts, tries, asked_again=asked_again, at_once=at_once)
        try:
            if connection.autocommit != at_once:
                connection.autocommit = at_once
            answer = unit(work)
            try:
                work.end()
            except psycopg.OperationalError as error:
                raise error if isinstance(error, _MET) else _Lost(error, answer) from error
        except (_Lost, psycopg.OperationalError, psycopg.InterfaceError) as error:
            if not isinstance(error, _MET):
                if connection.broken and pooled.info["era"] == self._era:
                    self._era += 1
                pooled.invalidate()
            raise
        else:
            return answer
        finally:
            if work.torn and pooled.is_valid:
                pooled.invalidate()
            pooled.close()  # the pool rolls back

    def _checkout(self) -> PoolProxiedConnection:
        """A connection made since the last one broke: those from before are most likely broken too."""
        while True:
            pooled = self._pool.connect()
            if pooled.info.setdefault("era", self._era) == self._era:
                return pooled
            pooled.invalidate()
            pooled.close()

    def _connect(self) -> Connection:
        connection = psycopg.Connection[DictRow].connect(
            self._address, row_factory=dict_row, prepare_threshold=1, connect_timeout=10, client_encoding="UTF8"
        )
        # One width for every whole number: else each length of an amount would be a statement of its own to prepare.
        connection.adapters.register_dumper(int, Int8Dumper)
        connection.execute(f"SET search_path TO {self.schema}; SET lock_timeout TO '{WAIT_S:g}s'".encode())
        connection.execute("SET default_transaction_isolation TO 'read committed'; SET timezone TO 'UTC'")
        connection.commit()
        return connection

    def _synchronise(self) -> None:
        """Look at the server's clock once a while: before a unit, which has a connection of its own."""
        if (
            self._clock is not None
            or time.monotonic() - self._synced < _SYNC_S
            or not self._looking.acquire(blocking=self._synced < 0)
        ):
            return
        try:
            self._look()
        finally:
            self._looking.release()

    def _look(self) -> None:
        def unit(work: PostgresWork) -> int:  # timed without the wait for a connection
            before = time.monotonic_ns()
            ((server,),) = work.text(NOW)
            return int(server) - (before + time.monotonic_ns()) // 2000

        self._offset = self._unit(unit, 0, asked_again=False)
        self._synced = time.monotonic()

    def _prepare(self, work: PostgresWork) -> None:
        """Make the schema, one process at a time; refuse one that is not ours."""
        found = work.text(f"SELECT 1 FROM pg_namespace WHERE nspname = '{self.schema}'")  # noqa: S608  # checked
        if not found:
            work.text(f"SELECT pg_advisory_xact_lock(hashtext('{self.schema}'))")
            work.text(f"CREATE SCHEMA IF NOT EXISTS {self.schema}")
        if not self._tables(work):
            work.text(LOCK)
        names = self._tables(work)
        if names and not {"store", "migration"} <= names:
            raise StorageError(
                f"schema {self.schema} of {self._name} is of something else", next="name another one: ?schema=faregate"
            )
        if not names:
            schema.create(work.text, self._dialect, self._clock() if self._clock else work.text(NOW)[0][0])
        versions = work.text("SELECT version_num FROM migration")
        schema.gate(self._name, str(versions[0][0]) if versions else None)

    def _tables(self, work: PostgresWork) -> set[str]:
        found = work.text(f"SELECT tablename FROM pg_tables WHERE schemaname = '{self.schema}'")  # noqa: S608
        return {str(row[0]) for row in found}

    def _trouble(self, error: Exception) -> StorageError:
        return trouble(self._name, error)


class _Lost(Exception):
    """The connection broke while COMMIT was on its way: nobody here knows whether it came through."""

    def __init__(self, error: psycopg.OperationalError, answer: object) -> None:
        self.error = error
        self.did_something = not getattr(answer, "replayed", False)


_HOPELESS = (
    errors.InvalidAuthorizationSpecification,
    errors.InvalidPassword,
    errors.InvalidCatalogName,
    errors.DiskFull,
    errors.InsufficientPrivilege,
    errors.LockNotAvailable,
)
_HINTS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (errors.InvalidCatalogName, "create the database first"),
    (errors.InsufficientPrivilege, "grant this user the schema"),
    (errors.DiskFull, "free some space; nothing was changed"),
    (errors.LockNotAvailable, "another session keeps it locked; try again"),
    (exc.TimeoutError, f"{POOL} connections were busy for {WAIT_S:g} s; try again, or use fewer threads"),
    (_MET, f"other writers were faster {_TRIES} times; try again"),
    (psycopg.OperationalError, "check the address and that the server runs, then ask again with the same key"),
)


def trouble(name: str, error: Exception) -> StorageError:
    """What the server or the driver says, as one line."""
    inner = error.orig if isinstance(error, exc.DBAPIError) and error.orig is not None else error
    word = str(inner).strip().partition("\n")[0] or type(inner).__name__
    hint = next((text for kinds, text in _HINTS if isinstance(inner, kinds)), None)
    return StorageError(f"{name}: {word}", value=name, next=hint)


def parse(url: str) -> tuple[str, str, str]:
    """What psycopg connects to, the schema, and how the database is called in messages (without a password)."""
    try:
        parsed = sa.make_url(url)
    except (exc.ArgumentError, ValueError) as error:
        raise StorageError("not a database URL", next="write postgresql://user@host/base") from error
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise StorageError(f"{parsed.drivername} databases are not supported", next="write postgresql://user@host/base")
    query = dict(parsed.query)
    name = query.pop("schema", "faregate")
    if not isinstance(name, str) or not _SCHEMA.fullmatch(name):
        raise StorageError(f"{name!r} is not a schema", value=str(name), limit=_SCHEMA.pattern)
    host = parsed.host or ""
    shown = sa.URL.create("postgresql", host=parsed.host, port=parsed.port, database=parsed.database)
    if "@" in host:  # the rest of a password that was not encoded; it is not repeated here
        raise StorageError("not a database URL: it has two @", next="write an @ in a password as %40")
    # Not as a URL: libpq reads a space and some other signs differently there.
    options = {"host": parsed.host, "port": parsed.port, "dbname": parsed.database}
    options |= {"user": parsed.username, "password": parsed.password}
    options |= {word: ",".join(text) if isinstance(text, tuple) else text for word, text in query.items()}
    try:
        address = make_conninfo("", **options)
    except (psycopg.Error, TypeError) as error:
        raise trouble(shown.render_as_string(), error) from error
    return address, name, shown.render_as_string()
