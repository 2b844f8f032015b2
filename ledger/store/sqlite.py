"""SQLite done right: one writer at a time, short transactions, integers, facts that stay. Decides nothing about money.

Every writing transaction is BEGIN IMMEDIATE and stands in line on a file lock from before it until after its COMMIT;
readers use a plain BEGIN. SQLAlchemy makes the schema, the connections and the SQL text; the statements then run on
the driver's own connection, because its execution layer costs more than SQLite itself.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, StaticPool

from ..errors import StorageError
from . import mounts, schema
from .base import WAIT_S, Answer, Dialect, Moved, Row, Statement, Texts, Values, texts_in
from .filelock import FileLock

_OLDEST = (3, 37, 0)
"""The first SQLite with STRICT tables."""


def system_clock() -> int:
    """Microseconds since 1970 by this machine's clock."""
    return time.time_ns() // 1000


class SqliteWork:
    """What runs inside one transaction."""

    __slots__ = ("_connection", "_texts")
    dialect: Dialect = "sqlite"
    asked_again = False
    at_once = False
    tries = 0

    def __init__(self, connection: sqlite3.Connection, texts: Texts) -> None:
        self._connection, self._texts = connection, texts

    def rows(self, statement: Statement, values: Values) -> list[Row]:
        return self._connection.execute(self._texts[statement], values).fetchall()

    def row(self, statement: Statement, values: Values) -> Row | None:
        found: Row | None = self._connection.execute(self._texts[statement], values).fetchone()
        return found

    def stand(self) -> None:
        pass

    def once(self, statement: Statement, values: Values) -> Row | None:
        return self.row(statement, values)

    def run(self, statement: Statement, values: Values) -> int:
        """Carry it out; answers the number of rows it changed."""
        return self._connection.execute(self._texts[statement], values).rowcount

    def later(self, statement: Statement, values: Values, *, sure: bool = False) -> None:
        if self._connection.execute(self._texts[statement], values).rowcount != 1 and sure:
            raise Moved("another writer was faster; nothing was changed")

    def add(self, statement: Statement, values: Values) -> int:
        """Insert one row; answers its number."""
        return self._connection.execute(self._texts[statement], values).lastrowid or 0

    def many(self, statement: Statement, values: Sequence[Values]) -> None:
        self._connection.executemany(self._texts[statement], values)

    def text(self, sql: str) -> list[tuple[Any, ...]]:
        """SQL that has no table of ours, such as a PRAGMA."""
        return [tuple(row) for row in self._connection.execute(sql)]


class SqliteStore:
    """One SQLite database: connections, transactions, schema."""

    dialect: Dialect = "sqlite"

    def __init__(self, url: str, clock: Callable[[], int] | None) -> None:
        """Open it, and make the schema when it is empty. Raises StorageError."""
        self._path, synchronous = parse(url)
        self._clock, self._seen = clock or system_clock, 0
        self._mutex = threading.Lock()
        self._lock: FileLock | None = None
        self._closed = False
        self.journal_mode = "memory"
        self.engine = _engine(self._path, synchronous)
        self._texts = texts_in(self.engine.dialect)
        try:
            if self._path is not None:
                mounts.refuse_network(self._path)
                self._lock = writers_lock(self._path)
            self._writer = self.engine.raw_connection()
            self._connection = _driver(self._writer)
            self._work = SqliteWork(self._connection, self._texts)
            self._prepare()
        except (sqlite3.Error, exc.SQLAlchemyError, OSError) as error:
            self.close()
            raise self._trouble(error) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._closed = True
        if hasattr(self, "_writer"):
            self._writer.close()
        self.engine.dispose()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def now(self) -> int:
        """Microseconds, never earlier than this store has already seen: a clock set back moves nothing back."""
        self._seen = max(self._seen, self._clock())
        return self._seen

    def write(self, unit: Callable[[SqliteWork], Answer], *, at_once: bool = False) -> Answer:
        """Carry out one writing transaction: all of it or nothing. Raises StorageError."""
        del at_once  # a single writer waits for nobody anyway
        try:
            with self._writing() as work:
                return unit(work)
        except Moved as error:  # there is one writer at a time: a row that moved all the same is a fault
            raise StorageError(f"{self._name}: {error}", next="see what it is: faregate verify") from error

    def read(self, unit: Callable[[SqliteWork], Answer]) -> Answer:
        """One consistent look. Raises StorageError."""
        with self._reading() as work:
            return unit(work)

    @contextmanager
    def _writing(self) -> Generator[SqliteWork]:
        if not self._mutex.acquire(timeout=WAIT_S):
            raise StorageError(f"the database stayed locked for {WAIT_S:g} s by this process", next="try again")
        try:
            self._check_open()
            if self._lock is not None:
                self._lock.acquire(WAIT_S)
            connection = self._connection
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield self._work
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:  # an error; SQLite may have rolled back by itself (full disk)
                    connection.execute("ROLLBACK")
                if self._lock is not None:
                    self._lock.release()
        except (sqlite3.Error, OverflowError, UnicodeEncodeError) as error:
            raise self._trouble(error) from error
        finally:
            self._mutex.release()

    @contextmanager
    def _reading(self) -> Generator[SqliteWork]:
        if self._path is None:
            with self._writing() as work:
                yield work
            return
        self._check_open()
        try:
            pooled = self.engine.raw_connection()
            try:
                connection = _driver(pooled)
                connection.execute("BEGIN")
                yield SqliteWork(connection, self._texts)
            finally:
                pooled.close()  # the pool rolls back
        except (sqlite3.Error, exc.SQLAlchemyError) as error:
            raise self._trouble(error) from error

    def _check_open(self) -> None:
        if self._closed:
            raise StorageError("the ledger is closed", next="open it again")

    def _prepare(self) -> None:
        if sqlite3.sqlite_version_info < _OLDEST:
            raise StorageError(
                f"SQLite {sqlite3.sqlite_version} is too old", value=sqlite3.sqlite_version, limit="3.37.0"
            )
        if self._lock is not None:
            self._lock.acquire(WAIT_S)
        try:
            connection = self._connection
            self._refuse_others()  # before the journal mode is set: that would stay with their file
            if self._path is not None:
                self._journal()
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._schema()
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        finally:
            if self._lock is not None:
                self._lock.release()

    def _refuse_others(self) -> None:
        """A file with tables but without our own is somebody else's."""
        names = self._tables()
        if names and "store" not in names:
            raise StorageError(f"{self._name} is a database of something else", next="give another file")

    def _journal(self) -> None:
        """WAL where writers can stand in line, else the plain rollback journal."""
        wanted = "wal" if self._lock is not None else "truncate"
        (mode,) = self._connection.execute(f"PRAGMA journal_mode={wanted}").fetchone()
        self.journal_mode = str(mode)

    def _schema(self) -> None:
        """Make it where there is none; refuse one that is not ours; go on from the last instant it has seen."""
        connection = self._connection
        names = self._tables()
        if "store" not in names:
            schema.create(lambda sql: connection.execute(sql).fetchall(), self.engine.dialect, self.now())
            return
        found = schema.version(self._name, names, lambda sql: connection.execute(sql).fetchall())
        schema.gate(self._name, found)
        (last,) = connection.execute("SELECT max(at) FROM (SELECT at FROM event ORDER BY id DESC LIMIT 1)").fetchone()
        self._seen = max(self._seen, last or 0)

    def _tables(self) -> set[str]:
        found = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {str(row[0]) for row in found}

    @property
    def _name(self) -> str:
        return name(self._path)

    def _trouble(self, error: Exception) -> StorageError:
        return trouble(self._path, error)


def writers_lock(path: Path) -> FileLock | None:
    """The line in which writers stand; None: no lock can be had here. Raises OSError."""
    try:
        return FileLock(path.with_name(path.name + ".lock"))
    except OSError:
        if not path.parent.is_dir():
            raise
        return None


def name(path: Path | None) -> str:
    """How the database is called in messages."""
    return "the memory database" if path is None else str(path)


def trouble(path: Path | None, error: Exception) -> StorageError:
    """What the driver or the file system says, as one line."""
    inner = error.__cause__ or error if isinstance(error, exc.SQLAlchemyError) else error
    word = str(inner).partition("\n")[0]
    if path is not None and not path.parent.is_dir():
        return StorageError(f"{path.parent} is not a directory", value=str(path), next="create it first")
    hints = {
        "locked": "another program keeps it locked; try again",
        "full": "free some space; nothing was changed",
        "readonly": "make the file and its directory writable",
        "unable to open": "check the path and its permissions",
        "not a database": "give the path of a faregate database, or a new one",
    }
    hint = next((text for part, text in hints.items() if part in word.lower().replace("-", "")), None)
    return StorageError(f"{name(path)}: {word}", value=str(path or ""), next=hint)


def _driver(pooled: PoolProxiedConnection) -> sqlite3.Connection:
    connection = pooled.driver_connection
    if not isinstance(connection, sqlite3.Connection):
        raise TypeError(f"{type(connection).__name__} is not a connection of sqlite3")
    return connection


def parse(url: str) -> tuple[Path | None, str]:
    """The file (None: memory) and the synchronous mode a URL or bare path names."""
    if "://" not in url:
        return (None if url == ":memory:" else Path(url)), "FULL"
    try:
        parsed = sa.make_url(url)
    except (exc.ArgumentError, ValueError) as error:
        raise StorageError(f"{url!r} is not a database URL", value=url, next="write sqlite:///spend.db") from error
    if parsed.get_backend_name() != "sqlite" or parsed.host:
        raise StorageError(
            f"{parsed.drivername} databases are not supported", value=parsed.drivername, next="write sqlite:///spend.db"
        )
    synchronous = str(parsed.query.get("synchronous", "FULL")).upper()
    if synchronous not in ("FULL", "NORMAL", "EXTRA") or set(parsed.query) - {"synchronous"}:
        raise StorageError(f"{url!r} has an option that is not known", value=url, limit="synchronous=FULL|NORMAL|EXTRA")
    memory = parsed.database in (None, "", ":memory:")
    return (None if memory else Path(str(parsed.database))), synchronous


def _engine(path: Path | None, synchronous: str) -> sa.Engine:
    address = sa.URL.create("sqlite", database=":memory:" if path is None else str(path))
    arguments = {"check_same_thread": False, "timeout": WAIT_S, "cached_statements": 256}
    if path is None:
        engine = sa.create_engine(address, paramstyle="named", poolclass=StaticPool, connect_args=arguments)
    else:
        engine = sa.create_engine(
            address, paramstyle="named", pool_size=4, max_overflow=28, pool_timeout=WAIT_S, connect_args=arguments
        )

    def connected(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.isolation_level = None  # no BEGIN behind our back
            connection.row_factory = sqlite3.Row
            for pragma in (f"synchronous={synchronous}", "foreign_keys=ON", "recursive_triggers=ON"):
                connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", connected)
    return engine
