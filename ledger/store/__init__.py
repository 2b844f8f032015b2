"""Two databases, one behaviour: SQLite for one machine, PostgreSQL for many hosts. Decides nothing about money."""

from collections.abc import Callable
from importlib.util import find_spec

from ..errors import StorageError
from .base import Dialect, Moved, Row, Statement, Store, Values, Work
from .sqlite import SqliteStore

__all__ = ["Dialect", "Moved", "Row", "Statement", "Store", "Values", "Work", "is_postgres", "open_store"]


def open_store(url: str, clock: Callable[[], int] | None) -> Store:
    """Open the database a URL or bare path names, and make the schema when it is empty.

    `clock`: microseconds since 1970; None takes the machine's for SQLite, the server's for PostgreSQL.
    Raises StorageError.
    """
    if not is_postgres(url):
        return SqliteStore(url, clock)
    from .postgres import PostgresStore

    return PostgresStore(url, clock)


def is_postgres(url: str) -> bool:
    """Whether it names a PostgreSQL, whose driver is an extra. Raises StorageError: it is not installed."""
    if not url.startswith("postgres"):
        return False
    if find_spec("psycopg") is None:
        raise StorageError(
            "PostgreSQL needs a driver that is not installed", value=url.partition(":")[0],
            next='install it: pip install "faregate[postgres]"',
        )  # fmt: skip
    return True
