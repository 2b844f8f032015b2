"""A look at a database before it is opened: which engine and schema, how safe its settings are. Changes nothing."""

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ..store import Dialect, is_postgres, mounts, schema, sqlite
from ..store.base import WAIT_S
from ..tables import VERSION

WAL_MENDED = (3, 51, 3)
"""The first SQLite without the WAL-reset bug: https://www.sqlite.org/wal.html#walresetbug."""
_SKEW_MS = 1000


@dataclass(frozen=True, slots=True)
class Condition:
    """How a database stands."""

    engine: Dialect
    database: str
    """Its path, or its address without user and password."""
    schema: str | None
    """The version that stands in it; None: no ledger yet."""
    needed: str
    details: Mapping[str, str | int | None]
    notes: tuple[str, ...]
    """What is worth knowing."""
    faults: tuple[str, ...]
    """What must be mended before a ledger works on it."""

    @property
    def ok(self) -> bool:
        return not self.faults


def look_at(url: str) -> Condition:
    """Look at the database a URL or bare path names. Raises StorageError: it cannot be reached or is no ledger."""
    return _postgresql(url) if is_postgres(url) else _sqlite(url)


def _sqlite(url: str) -> Condition:
    path, synchronous = sqlite.parse(url)
    name, found = sqlite.name(path), None
    details: dict[str, str | int | None] = {"sqlite": sqlite3.sqlite_version, "synchronous": synchronous}
    notes: list[str] = []
    if path is None:
        details |= {"journal_mode": "memory", "lock": None}
        notes.append("a database in memory ends with its process")
    else:
        mounts.refuse_network(path)
        try:
            found = _version(path, name)
            lock = sqlite.writers_lock(path) if path.is_file() else None
        except (sqlite3.Error, OSError) as error:
            raise sqlite.trouble(path, error) from error
        if lock is not None:
            lock.close()
        details["file_system"] = mounts.file_system(path)
        if path.is_file():
            details |= {"journal_mode": "wal" if lock else "truncate", "lock": f"{path}.lock" if lock else None}
            notes.append(_wal_reset(locked=lock is not None))
        else:
            notes.append("there is no file yet: it is made when a ledger is first opened")
    if synchronous == "NORMAL":
        notes.append("synchronous=NORMAL: a power cut may take the last commits")
    details["clock"] = "this machine's"
    return _told("sqlite", name, found, details, notes)


def _version(path: Path, name: str) -> str | None:
    if not path.is_file():
        return None
    connection = sqlite3.connect(path, timeout=WAIT_S)
    try:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return schema.version(name, [row[0] for row in names], lambda sql: connection.execute(sql).fetchall())
    finally:
        connection.close()


def _wal_reset(*, locked: bool) -> str:
    """What keeps the WAL-reset bug away, which could spoil a file that several connections write."""
    mended = ".".join(map(str, WAL_MENDED))
    if sqlite3.sqlite_version_info >= WAL_MENDED:
        return f"SQLite {sqlite3.sqlite_version} has no WAL-reset bug (mended in {mended})"
    away = "writers stand in line on the lock file" if locked else "no lock file can be had, so journal_mode=truncate"
    return f"SQLite {sqlite3.sqlite_version} has the WAL-reset bug (mended in {mended}); kept away: {away}"


def _postgresql(url: str) -> Condition:
    import psycopg

    from ..store import postgres

    address, namespace, name = postgres.parse(url)
    try:
        with psycopg.connect(address, connect_timeout=10, client_encoding="UTF8") as connection:

            def run(sql: str) -> list[tuple[str | int, ...]]:
                return connection.execute(sql.encode()).fetchall()

            before = time.time_ns()
            ((now,),) = run(postgres.NOW)
            offset = (before + time.time_ns()) // 2_000_000 - int(now) // 1000
            settings = {word: str(run(f"SHOW {word}")[0][0]) for word in _SHOWN}
            ((standby,),) = run("SELECT CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END")
            names = run(f"SELECT tablename FROM pg_tables WHERE schemaname = '{namespace}'")  # noqa: S608  # checked
            if names:
                connection.execute(f"SET search_path TO {namespace}".encode())
            found = schema.version(f"schema {namespace} of {name}", [str(row[0]) for row in names], run)
    except (psycopg.Error, OSError) as error:
        raise postgres.trouble(name, error) from error
    details: dict[str, str | int | None] = {"schema_name": namespace, **settings}
    details |= {"isolation": "read committed", "pool": postgres.POOL, "clock": "the server's"}
    details["clock_offset_ms"] = offset
    notes = [] if found else ["there is no ledger yet: it is made when one is first opened"]
    if abs(offset) > _SKEW_MS:
        notes.append(f"this machine's clock is {offset} ms ahead of the server's, which decides")
    notes += [f"{word} is off: a crash of the server may {harm}" for word, harm in _SAFE if settings[word] == "off"]
    faults = ["it is a standby, which takes no writes"] if standby else []
    return _told("postgresql", name, found, details, notes, faults)


_SHOWN = ("server_version", "fsync", "full_page_writes", "synchronous_commit", "max_connections")
_SAFE = (
    ("fsync", "spoil the books"),
    ("full_page_writes", "spoil the books"),
    ("synchronous_commit", "take the last commits"),
)


def _told(
    engine: Dialect,
    name: str,
    found: str | None,
    details: Mapping[str, str | int | None],
    notes: list[str],
    faults: list[str] | None = None,
) -> Condition:
    wrong = list(faults or ())
    if found not in (None, VERSION):
        way = schema.UPGRADE if schema.is_older(found or "") else "use the faregate that made it"
        wrong.append(f"it has schema {found}, this faregate needs {VERSION}; {way}")
    return Condition(engine, name, found, VERSION, MappingProxyType(dict(details)), tuple(notes), tuple(wrong))
