"""Write down what the newest schema has that none before it had: `python -m tests.ledger.freeze`, until it is released.

A table that changed stands there whole, and its migration says how it comes about.
tests/ledger/test_migrations.py compares; afterwards a change of `ledger/tables.py` is a new revision.
"""

import re
import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from ledger import Ledger
from ledger import migrations as home
from ledger.store import schema
from ledger.tables import VERSION

_WIDTH = 118
_CLAUSES = re.compile(r" (?=(?:BEGIN|INSERT INTO|SELECT RAISE|WHEN|FROM \(|WHERE step|EXECUTE|\$\$ BEGIN|END)\b)")


def main() -> None:
    folder = Path(str(home.__file__)).parent / "versions"
    for engine, title, texts in (
        ("sqlite", "SQLite", sqlite_texts()),
        ("postgresql", "PostgreSQL", postgresql_texts()),
    ):
        head = f"-- Schema {VERSION}, {title}. Not to be changed once it is released. An empty line ends a statement."
        before = {one for file in folder.glob(f"r*.{engine}.sql") if file.stem[1:5] < VERSION for one in frozen(file)}
        kept = [pretty(text) for text in texts if bare(text) not in before and "TABLE migration " not in text]
        (folder / f"r{VERSION}.{engine}.sql").write_text("\n\n".join([head, *kept]) + "\n", "utf-8")


def frozen(file: Path) -> Iterable[str]:
    """The statements of a migration."""
    return (bare(sql) for sql in file.read_text("utf-8").split("\n\n")[1:])


def bare(sql: str) -> str:
    """The statement, however it is written down."""
    return flat(sql).replace("( ", "(").replace(" )", ")")


def sqlite_texts() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.db"
        Ledger.open(f"sqlite:///{path}").close()
        connection = sqlite3.connect(path)
        rows = connection.execute("SELECT type, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid").fetchall()
        connection.close()
    ranks = ("table", "index", "trigger")
    return [flat(sql) for _kind, sql in sorted(rows, key=lambda row: ranks.index(row[0]))]


def postgresql_texts() -> list[str]:
    texts: list[str] = []

    def run(sql: str) -> Sequence[Sequence[object]]:
        texts.append(flat(sql))
        return ()

    schema.create(run, PGDialect_psycopg(), 0)  # type: ignore[no-untyped-call]
    return [text for text in texts if not text.startswith("INSERT")]


def flat(sql: str) -> str:
    return " ".join(sql.split())


def pretty(sql: str) -> str:
    """The same statement on several lines."""
    if sql.startswith("CREATE TABLE"):
        head, _, rest = sql.partition(" ( ")
        body, _, tail = rest.rpartition(" )")
        lines = [f"{head} (", *(f"    {part}" for part in _parts(body)), f"){tail}"]
    else:
        lines = [sql] if len(sql) <= _WIDTH else _CLAUSES.sub("\n    ", sql).split("\n")
    shown = "\n".join(short for line in lines for short in _folded(line))
    assert bare(shown) == bare(sql)
    return shown


def _parts(body: str) -> Iterable[str]:
    """What stands between the commas of a table, each with its own."""
    depth, start = 0, 0
    for place, sign in enumerate(body):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            yield body[start : place + 1].strip()
            start = place + 1
    yield body[start:].strip()


def _folded(line: str) -> Iterable[str]:
    while len(line) > _WIDTH:
        cut = line.rfind(" ", 12, _WIDTH)
        yield line[:cut]
        line = f"        {line[cut + 1 :]}"
    yield line


if __name__ == "__main__":
    main()
