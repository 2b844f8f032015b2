"""A verb that is one write without a lock: what it read may move in between, and then it changes nothing."""

from collections.abc import Callable

import pytest

from ledger import StorageError
from ledger.budget import budgets
from ledger.jobs.rows import note, save, whole
from ledger.store import Work
from ledger.store.postgres import PostgresStore
from pricing import usd

from .world import World, plain, postgres_url, world

pytestmark = pytest.mark.usefixtures("postgres")


def opened() -> tuple[World, PostgresStore]:
    w = world("8", postgres_url())
    w.hold()
    store = w.ledger._store  # pyright: ignore[reportPrivateUsage]
    assert isinstance(store, PostgresStore)
    return w, store


def change(store: PostgresStore, between: Callable[[], object], *, held: int = 0, twice: bool = False) -> str:
    """A verb in small; answers how each of its tries went about it: at once, or in a transaction."""
    tries: list[str] = []

    def unit(work: Work) -> None:
        row, _, _ = whole(work, "j1")
        tries.append("at once" if work.at_once else "transaction")
        if len(tries) == 1:
            between()
        save(work, row, reason="mine")
        note(work, row, store.now(), "hold", "mine")
        for _ in range(1 + twice):
            budgets.shift(work, store.now(), row["scope"], row["granted_at"], spent=0, held=held)

    store.write(unit, at_once=True)
    return ", ".join(tries)


def test_a_job_that_moved_in_between_is_read_again() -> None:
    w, store = opened()
    assert change(store, w.begin) == "at once, transaction"
    assert (w.state(), w.job().reason) == ("submitting", "mine")
    w.sound()


def test_one_that_did_not_is_written_at_once() -> None:
    w, store = opened()
    assert change(store, lambda: None) == "at once"
    assert w.job().reason == "mine"
    w.sound()


def test_two_changes_of_one_row_are_never_one_statement() -> None:
    """PostgreSQL would carry out one of them and say nothing."""
    w, store = opened()
    before = w.budget("acme")[1]
    assert change(store, lambda: None, held=1, twice=True) == "at once, transaction"
    assert w.budget("acme")[1].nanos == before.nanos + 2


def test_what_fails_on_the_hot_rows_leaves_everything() -> None:
    """They go in a statement of their own, in the same transaction."""
    w, store = opened()
    before = plain(w.ledger)
    with pytest.raises(StorageError, match="held_not_negative"):
        change(store, lambda: None, held=-usd("9").nanos)
    assert plain(w.ledger) == before
