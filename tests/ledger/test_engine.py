"""Storage: what cannot be opened, read or written is one clear line, and leaves everything as it was."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from ledger import Ledger, StorageError
from ledger.columns import METADATA
from ledger.store import filelock as filelock_module
from ledger.store import sqlite as sqlite_module
from ledger.store.filelock import FileLock
from ledger.store.schema import triggers
from ledger.store.sqlite import SqliteStore
from pricing import usd

from .world import Clock, World, contents, dump, file_url, quote, raw, world


def store_of(ledger: Ledger) -> SqliteStore:
    store = ledger._store  # pyright: ignore[reportPrivateUsage]
    assert isinstance(store, SqliteStore)
    return store


def trouble(url: str) -> StorageError:
    with pytest.raises(StorageError) as caught:
        Ledger.open(url)
    assert caught.value.code == "storage"
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_directory_that_is_missing(tmp_path: Path) -> None:
    assert "is not a directory; create it first" in str(trouble(file_url(tmp_path / "no" / "x.db")))


def test_a_path_that_is_a_directory(tmp_path: Path) -> None:
    (tmp_path / "x.db").mkdir()
    assert "x.db" in str(trouble(file_url(tmp_path / "x.db")))


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"this is not a database, it is a letter" * 100)
    assert "not a database" in str(trouble(file_url(path)))
    assert path.read_bytes().startswith(b"this is not")


def test_a_database_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE job (title TEXT)")
    other.close()
    assert "a database of something else" in str(trouble(file_url(path)))


def test_a_stranger_among_databases_is_left_as_it_was(tmp_path: Path) -> None:
    """Even its journal mode: a look at the wrong file must not leave our tables or WAL in it."""
    path = tmp_path / "urls.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE urls (address TEXT)")
    other.close()
    before = path.read_bytes()
    assert "a database of something else" in str(trouble(file_url(path)))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "url",
    ["postgresql://localhost/x", "nonsense://", "sqlite:///x.db?mode=ro", "sqlite:///x.db?synchronous=OFF", "://"],
)
def test_urls_that_are_none_of_ours(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trouble(url)
    assert list(tmp_path.iterdir()) == []


def test_the_forms_of_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite:///a.db", str(tmp_path / "b.db"), "c.db", f"sqlite:///{tmp_path / 'd.db'}?synchronous=NORMAL"):
        with Ledger.open(url) as ledger:
            ledger.set_budget("acme", usd("1"))
            assert ledger.verify().ok
    assert {path.name for path in tmp_path.glob("*.db")} == {"a.db", "b.db", "c.db", "d.db"}
    for url in ("sqlite://", "sqlite:///:memory:", ":memory:"):
        with Ledger.open(url) as ledger:
            assert ledger.all_budgets() == ()


def test_it_is_opened_with_care(tmp_path: Path) -> None:
    w = world("10", file_url(tmp_path / "x.db"))
    store = store_of(w.ledger)
    assert store.journal_mode == "wal"
    own = store._connection  # pyright: ignore[reportPrivateUsage]
    assert own.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert own.execute("PRAGMA foreign_keys").fetchone()[0] == 1
    connection = sqlite3.connect(tmp_path / "x.db")
    tables = {row[0]: row[1] for row in connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")}
    assert set(tables) == set(METADATA.tables)
    assert all(sql.rstrip().endswith("STRICT") for sql in tables.values())
    unnamed = [one for table in METADATA.tables.values() for one in table.constraints if not one.name]
    assert unnamed == []
    connection.close()
    w.ledger.close()


def test_facts_refuse_change_from_any_connection(tmp_path: Path) -> None:
    w = world("10", file_url(tmp_path / "x.db"))
    w.submitted()
    w.settle(usd("1.4"))
    other = sqlite3.connect(tmp_path / "x.db")
    for name in triggers("sqlite"):
        table, _, verb = name.partition("_keeps_")
        if not verb or not other.execute(f"SELECT 1 FROM {table}").fetchone():  # noqa: S608
            continue  # it keeps nothing, or there is nothing to keep
        sql = {
            "update": f"UPDATE {table} SET rowid = rowid",  # noqa: S608
            "delete": f"DELETE FROM {table}",  # noqa: S608
            "insert": f"REPLACE INTO {table} SELECT * FROM {table}",  # noqa: S608
        }[verb]
        with pytest.raises(sqlite3.IntegrityError, match="holds facts"):
            other.execute(sql)
    other.close()
    w.ledger.close()


def test_a_full_disk_leaves_everything_as_it_was() -> None:
    w = world("1000000")
    w.submitted("j0", "a0")
    (pages,) = store_of(w.ledger)._connection.execute("PRAGMA page_count").fetchone()  # pyright: ignore[reportPrivateUsage]
    raw(w.ledger, f"PRAGMA max_page_count = {pages + 2}")
    granted = 0
    before = dump(w.ledger)
    full: StorageError | None = None
    while full is None:
        before = dump(w.ledger)
        try:
            w.hold(f"j{granted}", key=f"k{granted}", price=quote("1.40"))
            granted += 1
        except StorageError as error:
            full = error
    assert "full; free some space" in str(full)
    assert dump(w.ledger) == before
    assert granted > 0
    w.sound()
    raw(w.ledger, "PRAGMA max_page_count = 100000")
    assert w.hold("j-after").refused is None
    w.settle(usd("1.4"), "j0", "a0")
    w.sound()


def test_locked_too_long_is_an_error_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_module, "WAIT_S", 0.2)
    w = world("10", file_url(tmp_path / "x.db"))
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked"):
        w.hold()
    assert w.ledger.jobs() == ()  # readers are not kept waiting
    other.execute("ROLLBACK")
    assert w.hold().refused is None
    w.sound()
    other.close()
    w.ledger.close()


def test_writers_stand_in_line_on_the_file_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    w = world("10", file_url(tmp_path / "x.db"))
    other = FileLock(tmp_path / "x.db.lock")
    other.acquire(1)
    monkeypatch.setattr(sqlite_module, "WAIT_S", 0.1)
    for _ in range(3):
        with pytest.raises(StorageError, match=r"stayed locked for 0\.1 s by another process"):
            w.hold()
    monkeypatch.setattr(sqlite_module, "WAIT_S", 10)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(w.hold)
        threading.Event().wait(0.05)
        assert not waiting.done()
        other.release()
        assert waiting.result(5).refused is None
    other.acquire(5)  # the stands that were given up keep nothing
    other.release()
    other.close()
    w.sound()
    w.ledger.close()


def test_without_file_locks_the_plain_journal_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_file: object, *, wait: bool) -> None:
        raise OSError(f"no locks here ({wait})")

    monkeypatch.setattr(filelock_module, "_take", none)
    w = world("10", file_url(tmp_path / "x.db"))
    assert store_of(w.ledger).journal_mode == "truncate"
    w.submitted()
    w.settle(usd("1.4"))
    w.sound()
    w.ledger.close()


def test_a_closed_ledger_says_so(tmp_path: Path) -> None:
    for url in ("sqlite://", file_url(tmp_path / "x.db")):
        w = world("10", url)
        w.ledger.close()
        w.ledger.close()
        for call in (w.hold, w.ledger.jobs):
            with pytest.raises(StorageError, match="closed"):
                call()


def test_one_ledger_serves_many_threads(tmp_path: Path) -> None:
    for url in ("sqlite://", file_url(tmp_path / "x.db")):
        w = world("14", url)

        def life(n: int, w: World = w) -> bool:
            if w.hold(f"j{n}").refused is not None:
                return False
            w.begin(f"j{n}", f"a{n}")
            assert w.job(f"j{n}").state == "submitting"
            w.settle(usd("1.4"), f"j{n}", f"a{n}")
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(life, range(20))) == 10
        assert w.budget() == (usd("14"), usd("0"), usd("0"))
        w.sound()
        w.ledger.close()


def test_a_naive_clock_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Ledger.open("sqlite://", clock=lambda: datetime(2026, 1, 1))  # noqa: DTZ001


def test_amounts_beyond_64_bits_change_nothing() -> None:
    w = world(None)
    huge = quote("9000000000", rate="1000000")
    w.hold("j1", price=huge)
    before = dump(w.ledger)
    with pytest.raises(StorageError):
        w.hold("j2", price=huge)
    assert dump(w.ledger) == before
    w.sound()


def test_many_open_the_same_new_file_at_once(tmp_path: Path) -> None:
    url = file_url(tmp_path / "x.db")

    def opened(_n: int) -> Ledger:
        return Ledger.open(url, clock=Clock())

    with ThreadPoolExecutor(8) as pool:
        ledgers = list(pool.map(opened, range(8)))
    for ledger in ledgers:
        ledger.close()
    connection = sqlite3.connect(tmp_path / "x.db")
    assert len(contents(connection)["store"]) == 1
    connection.close()
