"""What our ledger says to PostgreSQL during one job, written down as scripts for pgbench. Measures nothing itself.

Every statement is kept as the ledger sent it, with its values; only the names of the job and of its budget become
variables, so that pgbench writes the same rows for as many jobs as it likes.
"""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg

JOB, SCOPE = "zzjobzz", "zzscopezz"
_NAMED, _NUMBERED = re.compile(r"%\((\w+)\)s"), re.compile(r"\$(\d+)")


class Recorder:
    """Keeps what goes over psycopg's connections while it listens."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._listens = self._inside = self._piped = False

    @contextmanager
    def listening(self) -> Generator[None]:
        """From here to its end, every statement, BEGIN and COMMIT is a line of the script."""
        execute, commit = psycopg.Cursor.execute, psycopg.Connection.commit
        keeper = self

        def executed(self: Any, query: Any, params: Any = None, **more: Any) -> Any:
            cursor = execute(self, query, params, **more)
            if keeper._listens:
                text = query.decode() if isinstance(query, bytes) else str(query)
                keeper._pipe(bool(self.connection.pgconn.pipeline_status))
                keeper._said(text, params, self.connection.autocommit)
            return cursor

        def committed(self: Any) -> None:
            commit(self)
            if keeper._listens and keeper._inside:
                keeper.lines.append("COMMIT;")
                keeper._inside = False

        psycopg.Cursor.execute = executed  # type: ignore[method-assign]  # pyright: ignore
        psycopg.Connection.commit = committed  # type: ignore[method-assign]
        self._listens = True
        try:
            yield
        finally:
            self._listens = False
            self._pipe(False)
            psycopg.Cursor.execute, psycopg.Connection.commit = execute, commit  # type: ignore[method-assign]

    def _pipe(self, on: bool) -> None:
        """Statements that leave together: pgbench sends them so too."""
        if on != self._piped:
            self.lines.append("\\startpipeline" if on else "\\endpipeline")
            self._piped = on

    def _said(self, query: str, params: Any, autocommit: bool) -> None:
        if not self._inside and not autocommit:
            self.lines.append("BEGIN;")
            self._inside = True
        if isinstance(params, Mapping):
            values: Mapping[str, Any] = params  # pyright: ignore[reportUnknownVariableType]
            text = _NAMED.sub(lambda hole: _value(values[hole[1]]), query).replace("%%", "%")
        else:
            text = _NUMBERED.sub(lambda hole: _value(params[int(hole[1]) - 1]), query)
        self.lines.append(f"{text.strip()};")


def _value(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return f"{value}::bigint"
    if isinstance(value, list):
        parts: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        return f"ARRAY[{', '.join(map(_value, parts))}]"
    text = str(value).replace("\\", "\\\\").replace("'", "''").replace(":", "\\x3a")
    shown = f"E'{text}'::text"
    for name, variable in ((JOB, ":job"), (SCOPE, ":scope")):
        if name in text:
            shown = f"replace({shown}, '{name}', 'p' || {variable}::text)"
    return shown
