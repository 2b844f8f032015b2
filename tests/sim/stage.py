"""What every run shares because it is dear to make: a ledger in memory, set back to empty; prices; a voice track.

Opens no socket. A run has the stage for itself: one at a time in each process.
"""

import sqlite3
import wave
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from ledger import Ledger

from . import prices

LOCAL_SECONDS = 3


class Nested:
    """The driver's connection, with each of the store's transactions inside one that is never committed.

    So an empty ledger is had again by one ROLLBACK, and every prepared statement stays valid: a new database would
    make SQLite prepare each anew, which costs more than a whole run.
    """

    _WORDS: ClassVar = {"BEGIN IMMEDIATE": "SAVEPOINT verb", "COMMIT": "RELEASE verb"}

    def __init__(self, real: sqlite3.Connection) -> None:
        self._real = real
        self.in_transaction = False
        self.executemany = real.executemany
        real.execute("BEGIN IMMEDIATE")

    def execute(self, sql: str, values: Any = ()) -> sqlite3.Cursor:
        if sql == "ROLLBACK":
            self._real.execute("ROLLBACK TO verb")
            sql = "COMMIT"
        word = self._WORDS.get(sql)
        if word is None:
            return self._real.execute(sql, values)
        self.in_transaction = sql == "BEGIN IMMEDIATE"
        return self._real.execute(word)

    def clear(self) -> None:
        self._real.execute("ROLLBACK")
        self._real.execute("BEGIN IMMEDIATE")


class Stage:
    """One real ledger on SQLite, used again for each run."""

    def __init__(self) -> None:
        self._clock: Callable[[], datetime] = lambda: datetime(2026, 1, 1, tzinfo=UTC)
        self.ledger = Ledger.open("sqlite://", clock=lambda: self._clock())
        self.book = prices.book()
        self._store: Any = self.ledger._store  # pyright: ignore[reportPrivateUsage]
        self._real: sqlite3.Connection = self._store._connection
        self._nested = self._store._connection = self._store._work._connection = Nested(self._real)

    def clear(self, clock: Callable[[], datetime]) -> Ledger:
        """The ledger as if it were just made, by this clock."""
        self._clock = clock
        self._nested.clear()
        self._store._seen = 0
        return self.ledger

    def ask(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """What the tables say, by SQL of our own: checks must not go through the code they check."""
        return self._real.execute(sql, values).fetchall()

    @property
    def changes(self) -> int:
        """How many rows were ever changed."""
        return self._real.total_changes


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
