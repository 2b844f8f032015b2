"""The daily rollup beside writers: nothing is missed, nothing is counted twice, and nobody waits for a hot row."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from threading import Event

import pytest

from ledger import Ledger
from ledger.report import cells, rollup
from ledger.store import Store, Work
from pricing import usd
from tests.ledger.world import World, plain, postgres_url, world

PERIOD = (date(2026, 11, 1), date(2026, 12, 1))


def store_of(w: World) -> Store:
    return w.ledger._store  # pyright: ignore[reportPrivateUsage]


def settled(w: World) -> tuple[int, int]:
    """Jobs and nanos."""
    found = store_of(w).read(lambda work: cells.spend(work, ("provider",), PERIOD))
    return sum(one.jobs for one in found), sum(one.settled.nanos for one in found)


def spend(w: World, job: str) -> None:
    w.submitted(job, f"a-{job}", tags={"job": job[-1]})
    w.settle(usd("1.40"), job, f"a-{job}")


@pytest.mark.usefixtures("postgres")
def test_a_lower_number_that_commits_later_is_not_missed() -> None:
    """The one that folds waits for whoever has taken a number and not committed yet."""
    w = world(None, postgres_url())
    store = store_of(w)
    for job in ("j1", "j2"):
        w.submitted(job, f"a-{job}")
    taken, go = Event(), Event()

    def slow(work: Work) -> None:
        work.text(
            "INSERT INTO txn (job, attempt, step, at, granted_at, kind, evidence) "
            "SELECT id, 'a-j1', 9, granted_at, granted_at, 'settle', 'inline' FROM job WHERE id = 'j1'"
        )
        taken.set()
        assert go.wait(20)

    with ThreadPoolExecutor(2) as pool:
        slowly = pool.submit(store.write, slow)
        assert taken.wait(20)
        w.settle(usd("1.40"), "j2", "a-j2")  # a higher number, committed first
        folding = pool.submit(rollup.fold, store, lag=0)
        while not store.read(lambda work: work.text("SELECT 1 FROM pg_locks WHERE mode = 'ShareLock' AND NOT granted")):
            assert not folding.done(), "it did not wait"
        go.set()
        slowly.result(20)
        assert folding.result(20) == 2
    assert settled(w)[1] == usd("1.40").nanos
    assert sum(row["jobs"] for row in plain(w.ledger)["daily"]) == 2


def test_many_write_and_several_fold_and_every_cent_is_there_once() -> None:
    w = world(None)
    store = store_of(w)

    def write(worker: int) -> None:
        for n in range(15):
            spend(w, f"w{worker}-{n}")

    def fold(_: int) -> int:
        return sum(rollup.fold(store, lag=0) for _ in range(12))

    with ThreadPoolExecutor(6) as pool:
        writing = [pool.submit(write, worker) for worker in range(4)]
        folded = sum(pool.map(fold, range(2)))
        for one in writing:
            one.result(60)
    folded += rollup.fold(store, lag=0)
    assert folded == 60
    assert settled(w) == (60, 60 * usd("1.40").nanos)
    assert len({row["name"] for row in plain(w.ledger)["facet"]}) == 10
    w.sound()


def test_chunks_are_folded_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollup, "CHUNK", 2)
    w = world(None)
    for n in range(5):
        spend(w, f"j{n}")
    assert rollup.fold(store_of(w)) == 0  # so few are read
    assert settled(w) == (5, 5 * usd("1.40").nanos)
    assert rollup.fold(store_of(w), lag=0) == 5
    assert settled(w) == (5, 5 * usd("1.40").nanos)
    w.sound()


def test_a_revision_of_a_folded_job_moves_its_day_and_counts_no_job() -> None:
    w = world(None)
    w.submitted()
    w.settle(usd("1.40"))
    rollup.fold(store_of(w), lag=0)
    w.clock.now = datetime(2026, 12, 24, tzinfo=UTC)
    w.settle(usd("1.12"), evidence="billing_event")
    assert settled(w) == (1, usd("1.12").nanos)
    rollup.fold(store_of(w), lag=0)
    assert settled(w) == (1, usd("1.12").nanos)
    w.sound()


def test_tags_in_another_order_are_the_same_facet() -> None:
    w = world(None)
    for job, tags in (("j1", {"a": "1", "b": "é"}), ("j2", {"b": "é", "a": "1"})):
        w.submitted(job, f"a-{job}", tags=tags)
        w.settle(usd("1.40"), job, f"a-{job}")
    rollup.fold(store_of(w), lag=0)
    (facet,) = plain(w.ledger)["facet"]
    assert facet["tags"] == '{"a":"1","b":"é"}'
    w.sound()


def test_the_memory_ledger_folds_too() -> None:
    with Ledger.open("sqlite://") as ledger:
        assert rollup.fold(ledger._store, lag=0) == 0  # pyright: ignore[reportPrivateUsage]
