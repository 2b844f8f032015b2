"""The schema as SQL: tables, the triggers that keep facts and notice thresholds, and the gate of its version.

A migration writes its own SQL: what stands here is only the newest schema, made at once in an empty database.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from ..columns import METADATA
from ..errors import StorageError
from ..tables import FACTS, KEPT, THRESHOLDS, VERSION
from .base import Dialect, Work

Run = Callable[[str], Sequence[Sequence[Any]]]
"""Carries out SQL and answers its rows."""
UPGRADE = "upgrade it: faregate db upgrade"


def create(run: Run, dialect: sa.Dialect, now: int) -> None:
    """Make the newest schema in an empty database."""
    for text in _TEXTS.get(dialect.name) or _TEXTS.setdefault(dialect.name, tuple(_texts(dialect))):
        run(text)
    run(f"INSERT INTO store (id, created_at) VALUES (1, {now:d})")  # noqa: S608  # a whole number
    run(f"INSERT INTO migration (version_num) VALUES ('{VERSION}')")  # noqa: S608  # our own


_TEXTS: dict[str, tuple[str, ...]] = {}
"""What makes the schema in a dialect, for the next database that is opened."""


def _texts(dialect: sa.Dialect) -> Iterator[str]:
    for table in METADATA.sorted_tables:
        yield str(CreateTable(table).compile(dialect=dialect))
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            yield str(CreateIndex(index).compile(dialect=dialect))
    yield from triggers("postgresql" if dialect.name == "postgresql" else "sqlite").values()


def version(name: str, tables: Collection[str], run: Run) -> str | None:
    """Which schema stands in a database with these tables; None: none yet. Raises StorageError: something else's."""
    if not tables:
        return None
    if "store" not in tables:
        raise StorageError(f"{name} is a database of something else", value=name, next="give another one")
    if "migration" not in tables:
        return "0001"  # the first one did not say so
    found = run("SELECT version_num FROM migration")
    return str(found[0][0]) if found else "unknown"


def is_older(found: str) -> bool:
    """Whether there is a way up from it."""
    return found.isdecimal() and found < VERSION


def gate(name: str, found: str | None) -> None:
    """Refuse a schema that is not ours. Raises StorageError."""
    if found == VERSION:
        return
    raise StorageError(
        f"{name} has schema {found or 'unknown'}, this faregate needs {VERSION}",
        value=found,
        limit=VERSION,
        next=UPGRADE if is_older(found or "") else "use the faregate that made it, or another database",
    )


def triggers(dialect: Dialect) -> dict[str, str]:
    """The triggers by name: facts are only added, and what a period reaches is noticed."""
    return dict(_sqlite() if dialect == "sqlite" else _postgresql())


_NOTICED = (
    "INSERT INTO notice (at, budget_id, period_id, kind, threshold, limit_nanos, spent_nanos, held_nanos, author, note)"
)
_FIGURES = "NEW.limit_nanos, NEW.spent_nanos, NEW.held_nanos, '', ''"
_STEPS = " UNION ALL ".join(f"SELECT {step} AS step" for step in THRESHOLDS)
_OVER = "NEW.gate = 'over' AND OLD.gate <> 'over'"


def _notices() -> Iterator[str]:
    """What is to be noticed of a period that changed."""
    head = "NEW.changed_at, NEW.budget_id, NEW.id"
    yield (
        f"{_NOTICED} SELECT {head}, 'threshold', step, {_FIGURES} FROM ({_STEPS}) AS steps "  # noqa: S608  # our own
        "WHERE step > OLD.reached AND step <= NEW.reached ORDER BY step"
    )
    yield f"{_NOTICED} SELECT {head}, 'over', NULL, {_FIGURES} WHERE {_OVER}"  # our own


def _sqlite() -> Iterator[tuple[str, str]]:
    for table in (*FACTS, *KEPT):
        key = [column.name for column in METADATA.tables[table].primary_key]
        same = " AND ".join(f"{name} = NEW.{name}" for name in key)
        kept = f" OF {', '.join(KEPT[table])}" if table in KEPT else ""
        rules = {
            "UPDATE": (f"UPDATE{kept}", ""),
            "DELETE": ("DELETE", ""),
            # An INSERT OR REPLACE would delete.
            "INSERT": ("INSERT", f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "),  # noqa: S608  # our own names
        }
        for verb, (event, when) in rules.items():
            name = f"{table}_keeps_{verb.lower()}"
            yield (
                name,
                (
                    f"CREATE TRIGGER {name} BEFORE {event} ON {table} {when}"
                    f"BEGIN SELECT RAISE(ABORT, '{table} holds facts: rows are only added'); END"
                ),
            )
    body = "; ".join(_notices())
    yield (
        "period_notices",
        (
            f"CREATE TRIGGER period_notices AFTER UPDATE ON period WHEN NEW.reached > OLD.reached OR ({_OVER}) "
            f"BEGIN {body}; END"
        ),
    )


def _postgresql() -> Iterator[tuple[str, str]]:
    yield (
        "keep_facts()",
        (
            "CREATE FUNCTION keep_facts() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% holds facts: rows are only added', TG_TABLE_NAME; END $$"
        ),
    )
    for table in (*FACTS, *KEPT):
        kept = f" OF {', '.join(KEPT[table])}" if table in KEPT else ""
        for verb, each in ((f"UPDATE{kept} OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            name = f"{table}_keeps_{'rows' if each == 'ROW' else 'all'}"
            yield (
                name,
                f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH {each} EXECUTE FUNCTION keep_facts()",
            )
    body = "; ".join(_notices())
    yield (
        "notice_period()",
        f"CREATE FUNCTION notice_period() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NULL; END $$",
    )
    yield (
        "period_notices",
        (
            "CREATE TRIGGER period_notices AFTER UPDATE ON period FOR EACH ROW "
            f"WHEN (NEW.reached > OLD.reached OR ({_OVER})) EXECUTE FUNCTION notice_period()"
        ),
    )


def faults(work: Work) -> Iterator[str | None]:
    """What the database finds wrong with itself, and triggers that are missing or changed; None: one thing is whole."""
    if work.dialect == "sqlite":
        for row in work.text("PRAGMA integrity_check"):
            yield None if row[0] == "ok" else f"integrity: {row[0]}"
        for row in work.text("PRAGMA foreign_key_check"):
            yield f"{row[0]} row {row[1]}: its {row[2]} is missing"
        found = work.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    else:
        found = work.text(_GUARDS)
    present = {row[0]: row[1] for row in found}
    for name, text in triggers(work.dialect).items():
        whole = present.get(name) == (text if work.dialect == "sqlite" else "O")
        yield None if whole else f"trigger {name}: it is missing or changed, facts are not guarded"


_GUARDS = (
    "SELECT tgname, CAST(tgenabled AS text) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
    "WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal "
    "UNION ALL SELECT proname || '()', 'O' FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
)
