"""From every released schema to today's, with data: all or nothing, once, and then as if it had been made today."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import NullPool

from ledger import Ledger, StorageError, look_at, upgrade
from ledger.migrations import migrate
from ledger.states import STATES
from ledger.tables import VERSION
from pricing import usd
from tests.ledger import world
from tests.ledger.world import World, file_url

RELEASED = Path(__file__).parent / "released"
FACTS = ("quote", "refusal", "event", "observation", "txn", "entry")
KEPT = (*FACTS, "attempt", "job", "budget", "period")
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A ledger as its release left it."""
    path = tmp_path / "spend.db"
    connection = sqlite3.connect(path)
    connection.executescript((RELEASED / "0001.sql").read_text("utf-8"))
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    return path


def rows(path: Path) -> Rows:
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    found = {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name} ORDER BY rowid")] for name in KEPT}  # noqa: S608
    connection.close()
    return found


def shape(path: Path) -> dict[str, object]:
    """Everything that makes a schema: the text of each object, and what SQLite made of it."""
    connection = sqlite3.connect(path)
    found: dict[str, object] = {}
    for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall():
        found[name] = (
            kind,
            sql if kind == "trigger" or sql is None else " ".join(sql.split()).replace("( ", "(").replace(" )", ")"),
        )
        for pragma in ("table_xinfo", "foreign_key_list", "index_list", "index_xinfo"):
            listed = map(repr, connection.execute(f"PRAGMA {pragma}({name})"))
            # Which number an index got is no part of the schema.
            found[f"{pragma} {name}"] = sorted(re.sub(r"^\(\d+, ", "(", one) for one in listed)
    connection.close()
    return found


@pytest.fixture
def new(tmp_path: Path) -> Path:
    path = tmp_path / "new.db"
    Ledger.open(file_url(path)).close()
    return path


def test_the_released_ledger_has_all_there_is() -> None:
    text = (RELEASED / "0001.sql").read_text("utf-8")
    assert all(f"'{state}'" in text for state in STATES)
    assert all(f'INSERT INTO "{table}"' in text for table in KEPT)


def test_an_upgraded_schema_is_todays(old: Path, new: Path) -> None:
    """Else `tables.py` was changed without its migration: `python -m tests.ledger.freeze`, or a new revision."""
    upgrade(file_url(old))
    assert shape(old) == shape(new)


def test_a_schema_made_step_by_step_is_the_released_one_then_todays(old: Path, new: Path, tmp_path: Path) -> None:
    path = tmp_path / "steps.db"
    _walk(path, "0001")
    released = shape(old)
    first = shape(path)
    del first["migration"]
    assert {name: first[name] for name in released} == released
    _walk(path, VERSION)
    assert shape(path) == shape(new)


def test_from_0002_every_row_stays_and_jobs_can_be_timed_and_rated(old: Path, new: Path) -> None:
    _walk(old, "0002")
    before = old.read_bytes()
    assert look_at(file_url(old)).schema == "0002"
    with pytest.raises(StorageError, match="upgrade it: faregate db upgrade"):
        Ledger.open(file_url(old))
    assert old.read_bytes() == before
    rows_before = rows(old)
    done = upgrade(file_url(old))
    assert (done.before, done.after) == ("0002", VERSION)
    assert rows(old) == rows_before
    assert shape(old) == shape(new)
    with Ledger.open(file_url(old), clock=world.Clock()) as ledger:
        w = World(ledger)
        w.settle(
            usd("1.40"), "submitted", "a-submitted", outputs=("https://x.example/1.mp4",), took_ms=90_000, clip_ms=9_400
        )
        ledger.rate("submitted", Decimal("0.8"), author="ann")
        assert [one.took_ms for one in ledger.latencies()] == [90_000]
        assert [(one.count, one.total) for one in ledger.ratings()] == [(1, Decimal("0.8"))]
        w.sound()


def _walk(path: Path, target: str) -> None:
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA legacy_alter_table=ON")
        connection.commit()
        with connection.begin():
            migrate(connection, target)


def test_every_row_is_as_it_was(old: Path) -> None:
    before = rows(old)
    done = upgrade(file_url(old))
    assert (done.before, done.after) == ("0001", VERSION)
    after = rows(old)
    for table in KEPT:
        trimmed = [{name: row[name] for name in before[table][0]} for row in after[table]]
        assert trimmed == before[table], table
    assert {(row["overrun"], row["gate"], row["week_start"]) for row in after["budget"]} == {
        ("allow_to_limit", "open", "")
    }
    assert {(row["overrun"], row["gate"]) for row in after["period"]} == {("allow_to_limit", "open")}
    scopes = {row["id"]: row["scope"] for row in after["budget"]}
    assert {scopes[row["budget_id"]]: row["reached"] for row in after["period"] if row["spent_nanos"]} == {
        "acme": 0, "acme/c7": 0, "acme/c8": 100, "acme/c9": 50, "acme/c10": 80, "beta": 0,
    }  # fmt: skip
    assert {row["changed_at"] for row in after["period"]} == {max(row["at"] for row in before["event"])}


def test_the_library_works_on_it(old: Path) -> None:
    upgrade(file_url(old))
    with Ledger.open(file_url(old), clock=world.Clock()) as ledger:
        w = World(ledger)
        w.sound()
        assert w.settle(usd("1.40"), "submitted", "a-submitted").state == "settled"
        assert w.hold("fresh").refused is None
        assert w.hold("full", scope="acme/c8").refused is not None, "past its limit, yet not frozen for good"
        ledger.set_budget("acme/c8", usd("100"))
        assert w.hold("again", scope="acme/c8").refused is None
        again = w.hold("held")
        assert again.replayed, "a key is remembered across schemas"
        w.sound()


def test_repeating_it_changes_nothing(old: Path) -> None:
    upgrade(file_url(old))
    before = old.read_bytes()
    done = upgrade(file_url(old))
    assert (done.before, done.after) == (VERSION, VERSION)
    assert old.read_bytes() == before


def test_an_absent_one_is_made(tmp_path: Path) -> None:
    done = upgrade(file_url(tmp_path / "x.db"))
    assert (done.before, done.after) == (None, VERSION)
    assert look_at(file_url(tmp_path / "x.db")).schema == VERSION


def test_an_old_schema_is_not_opened(old: Path) -> None:
    before = old.read_bytes()
    with pytest.raises(StorageError) as caught:
        Ledger.open(file_url(old))
    assert str(caught.value) == f"{old} has schema 0001, this faregate needs {VERSION}; upgrade it: faregate db upgrade"
    assert old.read_bytes() == before


@pytest.mark.parametrize("found", ["0099", "9999", "abc", "0000"])
def test_an_unknown_schema_is_neither_opened_nor_upgraded(found: str, new: Path) -> None:
    with sqlite3.connect(new) as connection:
        connection.execute("UPDATE migration SET version_num = ?", [found])
    connection.close()
    before = new.read_bytes()
    with pytest.raises(StorageError, match=f"has schema {found}, this faregate needs {VERSION}"):
        Ledger.open(file_url(new))
    with pytest.raises(StorageError, match="use the faregate that made it"):
        upgrade(file_url(new))
    assert new.read_bytes() == before


def test_a_strangers_database_is_not_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "urls.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE urls (address TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="a database of something else"):
        upgrade(file_url(path))
    assert path.read_bytes() == before


def test_a_row_without_what_it_points_to_stops_it(old: Path) -> None:
    with sqlite3.connect(old) as connection:
        connection.execute("DROP TRIGGER quote_keeps_delete")
        connection.execute("DELETE FROM quote")
    connection.close()
    before = rows(old), shape(old)
    with pytest.raises(StorageError, match="misses its quote; nothing was changed"):
        upgrade(file_url(old))
    assert (rows(old), shape(old)) == before


def test_a_kill_at_any_statement_leaves_the_old_or_the_new(old: Path, new: Path) -> None:
    """A child is killed before its nth statement, for every n: the old schema is whole until the commit."""
    data, before = old.read_bytes(), (rows(old), shape(old))
    count = 0
    while _killed(old, count):
        assert (rows(old), shape(old)) == before, f"killed before statement {count}"
        old.write_bytes(data)
        count += 1
    assert count > 60
    assert shape(old) == shape(new)


def _killed(path: Path, count: int) -> bool:
    """Whether a process that upgrades was killed before statement `count` of its transaction."""
    child = os.fork()
    if child == 0:
        left = iter(range(count))

        def before(*_: object) -> None:
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(sa.Engine, "before_cursor_execute", before)
        try:
            upgrade(file_url(path))
        finally:
            os._exit(0)
    _pid, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


CHILD = "import sys; from ledger import upgrade; print(upgrade(sys.argv[1]).before)"


def at_once(url: str, count: int = 3) -> list[str]:
    """What so many processes that upgrade at once found."""

    def one(_number: int) -> str:
        done = subprocess.run(
            [sys.executable, "-c", CHILD, url], capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.strip()

    with ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(one, range(count)))


def test_of_several_processes_one_upgrades(old: Path, new: Path) -> None:
    assert at_once(file_url(old)) == ["0001", VERSION, VERSION]
    assert shape(old) == shape(new)


def test_it_waits_for_a_writer_in_line(old: Path) -> None:
    """A writer of the old release holds the line: the upgrade comes after it, and has its row."""
    waiting = subprocess.Popen(
        [sys.executable, "-c", f"from ledger import upgrade; upgrade({file_url(old)!r})"], stderr=subprocess.PIPE
    )
    with (old.parent / "spend.db.lock").open("ab") as line:
        import fcntl

        fcntl.flock(line, fcntl.LOCK_EX)
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                waiting.wait(1.5)
            with sqlite3.connect(old) as writer:
                writer.execute("UPDATE budget SET limit_nanos = 7 WHERE scope = 'gamma'")
            writer.close()
        finally:
            fcntl.flock(line, fcntl.LOCK_UN)
    assert waiting.communicate(timeout=30)[1] == b""
    assert next(row for row in rows(old)["budget"] if row["scope"] == "gamma")["limit_nanos"] == 7


# PostgreSQL: 0002 is its first release.


@pytest.fixture
def server(postgres: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(sa.make_url(postgres).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    yield engine
    engine.dispose()


def namespace(url: str) -> str:
    return url.rpartition("schema=")[2]


def say(server: sa.Engine, url: str, version: str) -> None:
    """Claim another schema."""
    with server.connect() as connection, connection.begin():
        connection.exec_driver_sql(f"UPDATE {namespace(url)}.migration SET version_num = '{version}'")  # noqa: S608


def server_shape(server: sa.Engine, name: str) -> dict[str, list[tuple[object, ...]]]:
    """Everything that makes a schema, as the server tells it, without the schema's name."""
    questions = {
        "columns": (
            "SELECT table_name, column_name, ordinal_position, data_type, is_nullable, collation_name, "
            "replace(column_default, :name, 'x') FROM information_schema.columns WHERE table_schema = :name"
        ),
        "constraints": (
            "SELECT conrelid::regclass::text, conname, replace(pg_get_constraintdef(oid), :name, 'x') "
            "FROM pg_constraint WHERE connamespace = CAST(:name AS regnamespace)"
        ),
        "indexes": "SELECT indexname, replace(indexdef, :name, 'x') FROM pg_indexes WHERE schemaname = :name",
        "triggers": (
            "SELECT tgname, tgenabled::text, replace(pg_get_triggerdef(t.oid), :name, 'x') FROM pg_trigger t "
            "JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = CAST(:name AS regnamespace) AND NOT tgisinternal"
        ),
        "functions": (
            "SELECT proname, regexp_replace(replace(pg_get_functiondef(oid), :name, 'x'), '\\s+', ' ', 'g') "
            "FROM pg_proc WHERE pronamespace = CAST(:name AS regnamespace)"
        ),
    }
    with server.connect() as connection:
        connection.exec_driver_sql(f"SET search_path TO {name}")
        return {
            what: sorted(map(tuple, connection.execute(sa.text(sql), {"name": name}).fetchall()))
            for what, sql in questions.items()
        }


def test_on_postgresql_the_steps_make_todays_schema(server: sa.Engine) -> None:
    made, walked = world.postgres_url(), world.postgres_url()
    Ledger.open(made).close()
    with server.connect().execution_options(no_parameters=True) as connection, connection.begin():
        connection.exec_driver_sql(f"CREATE SCHEMA {namespace(walked)}")
        connection.exec_driver_sql(f"SET LOCAL search_path TO {namespace(walked)}")
        migrate(connection)
    expected = server_shape(server, namespace(made))
    assert len(expected["triggers"]) > 20
    assert server_shape(server, namespace(walked)) == expected


def test_on_postgresql_0002_is_upgraded_in_place(server: sa.Engine) -> None:
    made, walked = world.postgres_url(), world.postgres_url()
    Ledger.open(made).close()
    with server.connect().execution_options(no_parameters=True) as connection, connection.begin():
        connection.exec_driver_sql(f"CREATE SCHEMA {namespace(walked)}")
        connection.exec_driver_sql(f"SET LOCAL search_path TO {namespace(walked)}")
        migrate(connection, "0002")
        connection.exec_driver_sql("INSERT INTO store (id, created_at) VALUES (1, 7)")
    done = upgrade(walked)
    assert (done.before, done.after) == ("0002", VERSION)
    assert server_shape(server, namespace(walked)) == server_shape(server, namespace(made))
    with Ledger.open(walked) as ledger:
        assert ledger.latencies() == ledger.ratings() == ledger.prepaid() == ()
        assert ledger.verify().ok


@pytest.mark.usefixtures("postgres")
def test_on_postgresql_several_processes_make_it_once() -> None:
    url = world.postgres_url()
    assert set(at_once(url)) <= {"None", VERSION}
    assert look_at(url).schema == VERSION
    with Ledger.open(url) as ledger:
        assert ledger.verify().ok


@pytest.mark.parametrize(
    ("found", "way"), [("0001", "upgrade it: faregate db upgrade"), ("0099", "use the faregate that made it")]
)
def test_on_postgresql_another_schema_is_not_opened(found: str, way: str, server: sa.Engine) -> None:
    url = world.postgres_url()
    Ledger.open(url).close()
    say(server, url, found)
    with pytest.raises(StorageError, match=f"has schema {found}, this faregate needs {VERSION}; {way}"):
        Ledger.open(url)


def test_on_postgresql_a_step_that_fails_changes_nothing(server: sa.Engine) -> None:
    """Said to be 0001, which was never released there: its tables are in the way, and all stays as it is."""
    url = world.postgres_url()
    Ledger.open(url).close()
    say(server, url, "0001")
    before = server_shape(server, namespace(url))
    with pytest.raises(StorageError, match="already exists"):
        upgrade(url)
    assert server_shape(server, namespace(url)) == before
    assert look_at(url).schema == "0001"
