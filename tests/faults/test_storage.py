"""Storage that is full, locked, worn out or spoilt: one clear line, nothing changed, and it goes on afterwards.

ledger-anchors §10, rows "Disk full", "Amount overflow", "Malicious number"; better where they say less: a full disk
names the next step, and a crowd on a small pool waits its turn.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger import Ledger, StorageError
from ledger.store import postgres as postgres_module
from pricing import Money, PricingError, usd
from tests.ledger import world as worlds
from tests.ledger.world import World, corrupt, dump, file_url, plain, postgres_url, quote, raw

from .crew import ROOT, Crew


def opened(url: str, limit: str | None = "1000000") -> World:
    ledger = Ledger.open(url)
    worlds._open.append(ledger)  # pyright: ignore[reportPrivateUsage]
    ledger.set_budget("acme", None if limit is None else usd(limit), currency="USD")
    return World(ledger)


def filled(w: World) -> int:
    """Hold until the disk is full; nothing of that call is left. Answers how many went in."""

    def fill() -> Iterator[bool]:
        for n in range(10_000):
            yield w.hold(f"j{n}", tags={"note": os.urandom(3000).hex()}).refused is None

    with pytest.raises(StorageError, match="free some space; nothing was changed"):
        all(fill())
    granted = len(w.ledger.jobs())  # which can still be read
    assert granted > 0
    assert w.budget()[1] == usd("1.40") * granted
    w.sound()
    return granted


@pytest.fixture
def small_disk() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="faregate-disk-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=0755", "none", folder], capture_output=True)
        if done.returncode:
            pytest.skip("this user may not mount a small disk")
        try:
            yield folder
        finally:
            worlds.close_all()
            subprocess.run(["umount", "-l", folder], check=True)


def goes_on(w: World, granted: int) -> None:
    assert w.hold("after").refused is None
    w.begin("after", "a-after")
    w.settle(usd("1.4"), "after", "a-after")
    assert len(w.ledger.jobs()) == granted + 1
    w.sound()


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    w = opened(file_url(tmp_path / "x.db"))
    raw(w.ledger, f"PRAGMA max_page_count = {120 + len(dump(w.ledger))}")
    granted = filled(w)
    raw(w.ledger, "PRAGMA max_page_count = 100000")
    goes_on(w, granted)


def test_a_full_disk_under_sqlite(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_500_000))
    w = opened(file_url(small_disk / "x.db"))
    granted = filled(w)
    ballast.unlink()
    goes_on(w, granted)


@pytest.mark.usefixtures("postgres")
def test_a_full_disk_under_postgresql(small_disk: Path) -> None:
    """Its tables are in a tablespace on the small disk, its log is not: a full log ends the server, as a crash does."""
    server = Ledger.open(postgres_url())
    worlds._open.append(server)  # pyright: ignore[reportPrivateUsage]
    store = server._store  # pyright: ignore[reportPrivateUsage]
    assert isinstance(store, postgres_module.PostgresStore)
    (folder := small_disk / "space").mkdir()
    data = Path(store.read(lambda work: work.text("SELECT current_setting('data_directory')"))[0][0]).stat()
    os.chown(folder, data.st_uid, data.st_gid)
    pooled = store._pool.connect()  # pyright: ignore[reportPrivateUsage]
    connection = pooled.driver_connection
    assert connection is not None
    connection.rollback()
    connection.autocommit = True
    connection.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
    url = postgres_url()
    try:
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(1_000_000))
        w = opened(f"{url}&options=-cdefault_tablespace%3Dsmall")
        granted = filled(w)
        ballast.unlink()
        goes_on(w, granted)
        w.ledger.close()
    finally:
        schema = url.rpartition("=")[2]
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        connection.execute("DROP TABLESPACE small")
        pooled.invalidate()


@pytest.mark.usefixtures("postgres")
def test_postgresql_that_another_session_keeps_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_module, "WAIT_S", 0.3)
    url = postgres_url()
    w, other = opened(url), opened(url)
    before = dump(w.ledger)
    held, done = threading.Event(), threading.Event()

    def keep(work: object) -> None:
        work.text("LOCK TABLE job IN ACCESS EXCLUSIVE MODE")  # type: ignore[attr-defined]
        held.set()
        done.wait(10)

    with ThreadPoolExecutor(1) as pool:
        keeping = pool.submit(other.ledger._store.write, keep)  # pyright: ignore[reportPrivateUsage]
        held.wait(5)
        with pytest.raises(StorageError, match="another session keeps it locked; try again"):
            w.hold()
        done.set()
        keeping.result(10)
    assert dump(w.ledger) == before
    assert w.hold().refused is None


def test_more_threads_than_connections(place: str) -> None:
    """Forty threads on sixteen connections, and the server's clock is looked at meanwhile: all wait their turn."""
    w = opened(place, "70")
    store = w.ledger._store  # pyright: ignore[reportPrivateUsage]

    def ask(n: int) -> bool:
        if n % 20 == 0 and isinstance(store, postgres_module.PostgresStore):
            store._synced = -1e9  # pyright: ignore[reportPrivateUsage]
        return w.hold(f"j{n}").refused is None

    with ThreadPoolExecutor(40) as pool:
        assert sum(pool.map(ask, range(160))) == 50
    w.sound()


def test_many_open_the_same_new_database_at_once(crew: Crew, place: str) -> None:
    go = time.monotonic() + 0.3
    for n in range(6):
        crew.start(f"p{n}", "found", place, go=go)
    crew.ends(6)
    w = opened(place)
    assert len(dump(w.ledger)["store"]) == 1
    w.sound()


def test_a_closed_ledger_says_so(place: str) -> None:
    w = opened(place)
    w.ledger.close()
    w.ledger.close()
    for call in (w.hold, w.ledger.jobs, w.ledger.verify):
        with pytest.raises(StorageError, match="closed"):
            call()


HUGE = quote("9000000000", rate="1000000")


def raising_too_far(w: World) -> object:
    return w.hold("j2", price=HUGE)


def extending_too_far(w: World) -> object:
    w.hold("j2", price=quote("1"))
    return w.ledger.extend("j2", to=usd("9000000000"))


@pytest.mark.parametrize("verb", [raising_too_far, extending_too_far])
def test_sums_beyond_64_bits_change_nothing(place: str, verb: Callable[[World], object]) -> None:
    w = opened(place, None)
    w.hold("j1", price=HUGE)
    with pytest.raises(StorageError):
        verb(w)
    assert w.budget()[1].nanos < 2**63
    w.ledger.release(job="j1", reason="")
    w.sound()


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e309", "5,5", "99999999999999999999"])
def test_what_is_no_amount_does_not_come_near_the_books(place: str, text: str) -> None:
    w = opened(place)
    before = plain(w.ledger)
    with pytest.raises((PricingError, ValueError)):
        w.ledger.set_budget("acme", Money.of(text, "USD"))
    assert plain(w.ledger) == before


def test_a_corrupt_row_is_named_and_exits_with_5(place: str) -> None:
    w = opened(place)
    w.submitted()
    corrupt(w.ledger, "UPDATE period SET held_nanos = held_nanos + 1")
    w.ledger.close()
    done = subprocess.run(
        [sys.executable, "-m", "router.cli", "verify", "--db", place], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 5, done
    assert "period" in done.stdout + done.stderr
    assert "acme: held_nanos is 1400000001, the facts say 1400000000" in done.stdout + done.stderr
