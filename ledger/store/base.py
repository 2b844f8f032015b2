"""What a store is, whichever database stands behind it: statements, units of work, rows. No SQL of its own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeVar

import sqlalchemy as sa

Row = Mapping[str, Any]
Values = Mapping[str, object]
Dialect = Literal["sqlite", "postgresql"]
Answer = TypeVar("Answer")
WAIT_S = 30.0
"""How long a verb waits for the database before it gives up with one clear line."""


class Statement:
    """A Core statement that is turned into SQL text once. `columns` are the ones an insert or update gives.

    Every value in it is a `bindparam` or written as a literal column: a plain value would not reach the text.
    `postgresql`: the statement to use there, where the two differ. `first`: there, an insert before it that it reads
    by the name `made`.
    """

    __slots__ = ("clause", "columns", "first", "postgresql")

    def __init__(
        self,
        clause: sa.ClauseElement,
        columns: Sequence[str] | None = None,
        postgresql: sa.ClauseElement | None = None,
        first: "Statement | None" = None,
    ) -> None:
        self.clause, self.columns, self.postgresql, self.first = clause, columns, postgresql, first


class Texts(dict[Statement, str]):
    """The SQL text of each statement in one dialect, made on first use."""

    def __init__(self, dialect: sa.Dialect) -> None:
        super().__init__()
        self._dialect = dialect
        self.joined: dict[tuple[tuple[Statement, bool], ...], tuple[bytes, list[tuple[int, str]]]] = {}
        """Of several statements that are sent as one: the text, and which value of which statement fills each hole."""

    def __missing__(self, statement: Statement) -> str:
        names = None if statement.columns is None else list(statement.columns)
        clause = statement.clause
        if self._dialect.name == "postgresql" and statement.postgresql is not None:
            clause = statement.postgresql
        text = self[statement] = str(clause.compile(dialect=self._dialect, column_keys=names))
        return text


_TEXTS: dict[str, Texts] = {}


def texts_in(dialect: sa.Dialect) -> Texts:
    """Those of a dialect, one set in a process: to make a text costs more than to carry it out."""
    return _TEXTS.get(dialect.name) or _TEXTS.setdefault(dialect.name, Texts(dialect))


class Moved(Exception):
    """Another writer was faster, and nothing was changed: the whole unit of work is to be done again."""


class Work(Protocol):
    """What runs inside one transaction."""

    @property
    def dialect(self) -> Dialect: ...

    @property
    def asked_again(self) -> bool:
        """Whether this very unit may have been committed before: the connection broke while its COMMIT was on its way.

        Not so where all it did then was to answer a replay.
        """
        ...

    @property
    def tries(self) -> int:
        """How often this unit was begun before and met another writer."""
        ...

    @property
    def at_once(self) -> bool:
        """Nothing is locked: what the unit reads may move until its one write, which must therefore check it."""
        ...

    def rows(self, statement: Statement, values: Values) -> list[Row]: ...

    def row(self, statement: Statement, values: Values) -> Row | None: ...

    def run(self, statement: Statement, values: Values) -> int:
        """Carry it out; answers the number of rows it changed."""
        ...

    def stand(self) -> None:
        """What was read must not move from here on: tried at once, the unit begins again in a transaction."""
        ...

    def once(self, statement: Statement, values: Values) -> Row | None:
        """A change that answers a row, and is all that the unit changes."""
        ...

    def later(self, statement: Statement, values: Values, *, sure: bool = False) -> None:
        """Carry it out now, or with all others like it at the end. `sure`: it changes one row, or raises Moved."""
        ...

    def add(self, statement: Statement, values: Values) -> int:
        """Insert one row; answers its number."""
        ...

    def many(self, statement: Statement, values: Sequence[Values]) -> None: ...

    def text(self, sql: str) -> list[tuple[Any, ...]]:
        """SQL that has no table of ours, such as a PRAGMA."""
        ...


class Store(Protocol):
    """One database: connections, transactions, schema."""

    @property
    def dialect(self) -> Dialect: ...

    def write(self, unit: Callable[[Work], Answer], *, at_once: bool = False) -> Answer:
        """Carry out one writing transaction: all of it or nothing. `unit` may be called again. Raises StorageError.

        `at_once`: try it first as one statement without locks (`Work.at_once`), where that is faster.
        """
        ...

    def read(self, unit: Callable[[Work], Answer]) -> Answer:
        """One consistent look. Raises StorageError."""
        ...

    def now(self) -> int:
        """Microseconds by the clock that decides here; never earlier than it said before."""
        ...

    def close(self) -> None: ...
