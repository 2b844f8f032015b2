"""Two databases, one behaviour: SQLite for one machine, PostgreSQL for many hosts. Decides nothing about money."""

from collections.abc import Callable

from ..errors import StorageError
from .base import Dialect, Moved, Row, Statement, Store, Values, Work
from .sqlite import SqliteStore

__all__ = ["Dialect", "Moved", "Row", "Statement", "Store", "Values", "Work", "open_store"]


def open_store(url: str, clock: Callable[[], int] | None) -> Store:
    """Open the database a URL or bare path names, and make the schema when it is empty.

    `clock`: microseconds since 1970; None takes the machine's for SQLite, the server's for PostgreSQL.
    Raises StorageError.
    """
    if not url.startswith("postgres"):
        return SqliteStore(url, clock)
    try:
        from .postgres import PostgresStore
    except ImportError as error:
        raise StorageError(
            "PostgreSQL needs a driver that is not installed", value=url.partition(":")[0],
            next='install it: pip install "faregate[postgres]"',
        ) from error  # fmt: skip
    return PostgresStore(url, clock)
