"""Bring a ledger up to this schema with its data: one transaction, one process at a time. Decides nothing about money.

Alembic walks from revision to revision; each has frozen SQL of its own (`versions/`). It is loaded only here. An
interrupted upgrade leaves the old schema whole.
"""

import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from ..check.condition import look_at
from ..errors import StorageError
from ..store import is_postgres, mounts, open_store, schema, sqlite
from ..store.base import WAIT_S
from ..tables import VERSION

_MIGRATION = {
    "sqlite": (
        "CREATE TABLE migration (version_num TEXT NOT NULL, CONSTRAINT pk_migration PRIMARY KEY (version_num)) STRICT"
    ),
    "postgresql": (
        'CREATE TABLE migration (version_num TEXT COLLATE "C" NOT NULL, '
        "CONSTRAINT pk_migration PRIMARY KEY (version_num))"
    ),
}
"""Made by ourselves: Alembic's own would neither be STRICT nor bear our names."""
_alone = threading.Lock()
"""Alembic keeps what it works on in globals."""


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What an upgrade found, and what stands there now. `before` None: an empty database."""

    database: str
    before: str | None
    after: str


def upgrade(url: str) -> Upgraded:
    """Make the schema where there is none, upgrade an older one, leave today's alone. Raises StorageError."""
    seen = look_at(url)
    if seen.schema is None or not schema.is_older(seen.schema):
        open_store(url, None).close()
        return Upgraded(seen.database, seen.schema, VERSION)
    door = _postgresql if is_postgres(url) else _sqlite
    with door(url) as (connection, name):
        before = _stands(connection, name)
        migrate(connection)
        _keys(connection, name)
    return Upgraded(name, before, VERSION)


def migrate(connection: sa.Connection, target: str = VERSION) -> None:
    """Walk up to a revision inside the connection's transaction. Raises StorageError."""
    from alembic import command, util
    from alembic.config import Config

    tables = sa.inspect(connection).get_table_names()
    if "migration" not in tables:
        connection.exec_driver_sql(_MIGRATION[connection.dialect.name])
        if "store" in tables:
            connection.exec_driver_sql("INSERT INTO migration (version_num) VALUES ('0001')")
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    with _alone:
        try:
            command.upgrade(config, target)
        except util.CommandError as error:
            raise StorageError(f"it cannot be upgraded: {error}", next="use the faregate that made it") from error


def _stands(connection: sa.Connection, name: str) -> str | None:
    """The schema as it is now that nobody else can change it."""
    tables = sa.inspect(connection).get_table_names()
    return schema.version(name, tables, lambda sql: connection.exec_driver_sql(sql).fetchall())


def _keys(connection: sa.Connection, name: str) -> None:
    """No row lost what it points to. SQLite cannot watch over it while tables are made anew."""
    if connection.dialect.name == "sqlite":
        for table, row, other, _key in connection.exec_driver_sql("PRAGMA foreign_key_check"):
            raise StorageError(f"{name}: {table} row {row} misses its {other}; nothing was changed", value=name)


@contextmanager
def _sqlite(url: str) -> Generator[tuple[sa.Connection, str]]:
    """A transaction that stands in the writers' line, with foreign keys off."""
    path, _synchronous = sqlite.parse(url)
    if path is None:
        raise StorageError("a database in memory is always new", next="name a file")
    mounts.refuse_network(path)
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)), poolclass=NullPool, connect_args={"timeout": WAIT_S}
    )

    def connected(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.isolation_level = None  # no BEGIN behind our back
            # The references of other tables stay as they are written when a table is made anew.
            for pragma in ("synchronous=FULL", "foreign_keys=OFF", "legacy_alter_table=ON"):
                connection.execute(f"PRAGMA {pragma}")

    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    try:
        lock = sqlite.writers_lock(path)
        try:
            if lock is not None:
                lock.acquire(WAIT_S)
            with engine.connect().execution_options(no_parameters=True) as connection, connection.begin():
                yield connection, sqlite.name(path)
        finally:
            if lock is not None:
                lock.close()
    except (exc.SQLAlchemyError, OSError) as error:
        raise sqlite.trouble(path, error) from error


@contextmanager
def _postgresql(url: str) -> Generator[tuple[sa.Connection, str]]:
    """A transaction under the lock that making the schema takes too."""
    import psycopg

    from ..store import postgres

    address, namespace, name = postgres.parse(url)
    engine = sa.create_engine(
        "postgresql+psycopg://", poolclass=NullPool, creator=lambda: psycopg.connect(address, connect_timeout=10)
    )
    try:
        with engine.connect().execution_options(no_parameters=True) as connection, connection.begin():
            connection.exec_driver_sql(f"SET LOCAL search_path TO {namespace}")
            connection.exec_driver_sql(f"SET LOCAL lock_timeout TO '{WAIT_S:g}s'")
            connection.exec_driver_sql(postgres.LOCK)
            yield connection, name
    except (exc.SQLAlchemyError, OSError) as error:
        raise postgres.trouble(name, error) from error
