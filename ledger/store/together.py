"""Many writes as one PostgreSQL statement: one round trip, all or nothing, no lock while we think. Runs nothing."""

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from .base import Statement, Texts, Values

_HOLE = re.compile(r"%\((\w+)\)s")


class Queue:
    """Writes that wait for the end of their unit."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._writes: list[tuple[Statement, Values, bool]] = []
        self._changed: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._writes)

    def takes(self, statement: Statement, values: Values, sure: bool) -> bool:
        """Whether it may go with the others: of two changes to a row, one statement would lose one."""
        name = _changes(statement)
        if name in self._changed:
            return False
        if name:
            self._changed.add(name)
        self._writes.append((statement, values, sure))
        return True

    def statements(self) -> list[tuple[bytes, list[Any]]]:
        """What to send, together, and the values, $1 and so on: the hot rows by themselves, after all else is checked.

        Where a sure write changes nothing it divides by zero, and then nothing is changed.
        """
        hot = [one for one in self._writes if _changes(one[0]) == "period"]
        rest = [one for one in self._writes if _changes(one[0]) != "period"]
        return [self._statement(writes) for writes in (rest, hot) if writes]

    def _statement(self, writes: list[tuple[Statement, Values, bool]]) -> tuple[bytes, list[Any]]:
        parts = tuple([(statement, sure) for statement, _, sure in writes])
        joined = self._texts.joined
        query, holes = joined.get(parts) or joined.setdefault(parts, _one(self._texts, parts))
        return query, [writes[number][1][name] for number, name in holes]


def alone(texts: Texts, statement: Statement) -> str:
    """The statement as it stands by itself."""
    text = texts[statement]
    return text if statement.first is None else f"WITH made AS ({texts[statement.first]}) {text}"


def _changes(statement: Statement) -> str:
    """The table whose rows it changes, or what else may be in one statement only once."""
    if statement.first is not None:
        return "made"
    clause = statement.clause if statement.postgresql is None else statement.postgresql
    return str(clause.table.description) if isinstance(clause, sa.Update) else ""


def _one(texts: Texts, writes: Sequence[tuple[Statement, bool]]) -> tuple[bytes, list[tuple[int, str]]]:
    # PostgreSQL carries out first what the SELECT asks for, in order, then the others from the last to the first.
    numbered = [(number, *write) for number, write in enumerate(writes)]
    order = [one for one in numbered if one[2]] + [one for one in numbered if not one[2]][::-1]
    parts: list[str] = []
    holes: list[tuple[int, str]] = []

    def part(name: str, number: int, text: str) -> None:
        def hole(found: re.Match[str]) -> str:
            holes.append((number, found[1]))
            return f"${len(holes)}"

        parts.append(f"{name} AS ({_HOLE.sub(hole, text).replace('%%', '%')})")

    for number, statement, sure in order:
        if statement.first is not None:
            part("made", number, texts[statement.first])
        part(f"w{number}", number, texts[statement] + (" RETURNING 1" if sure else ""))
    checks = ", ".join(f"1 / (SELECT count(*) FROM w{number})" for number, _, sure in order if sure)  # noqa: S608
    return f"WITH {', '.join(parts)} SELECT {checks or '1'}".encode(), holes
