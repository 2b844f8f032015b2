"""What every run shares because it is dear to make: a ledger in memory, set back to empty; the price book; a voice track.

Opens no socket. A run has the stage for itself: one at a time in each process.
"""

import sqlite3
import wave
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from ledger import Ledger
from ledger.store import Store
from pricing import PriceBook

LOCAL_SECONDS = 3


class Stage:
    """One real ledger on SQLite, used again: copying an empty database is a hundred times faster than making one."""

    def __init__(self) -> None:
        self._clock: Callable[[], datetime] = lambda: datetime(2026, 1, 1, tzinfo=UTC)
        self.ledger = Ledger.open("sqlite://", clock=lambda: self._clock())
        self.book = PriceBook.shipped()
        self._store: Store = self.ledger._store  # pyright: ignore[reportPrivateUsage]
        self._connection: sqlite3.Connection = self._store._connection  # type: ignore[attr-defined] # pyright: ignore
        self._empty = sqlite3.connect(":memory:")
        self._connection.backup(self._empty)

    def clear(self, clock: Callable[[], datetime]) -> Ledger:
        """The ledger as if it were just made, by this clock."""
        self._clock = clock
        self._empty.backup(self._connection)
        self._store._seen = 0  # type: ignore[attr-defined] # pyright: ignore
        return self.ledger

    def ask(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """What the tables say, by SQL of our own: checks must not go through the code they check."""
        return self._connection.execute(sql, values).fetchall()

    @property
    def changes(self) -> int:
        """How many rows were ever changed."""
        return self._connection.total_changes


@cache
def stage() -> Stage:
    return Stage()


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="faregate-sim-")


@cache
def voice_track() -> Path:
    """A local WAV of three seconds of silence."""
    path = Path(_folder().name) / "talk.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(1000)
        file.writeframes(b"\x80" * 1000 * LOCAL_SECONDS)
    return path
