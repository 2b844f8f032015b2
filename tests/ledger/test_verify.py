"""verify finds every hand-corrupted row and names it; facts refuse to change, through raw SQL too."""

import re
import sqlite3

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ledger import Ledger
from ledger.tables import FACTS, METADATA
from pricing import usd

from .world import World, credits_quote, quote, raw, world


def lived() -> World:
    """A ledger in which a bit of everything happened."""
    w = world("50")
    w.ledger.set_budget("acme/c7", usd("20"), window="month")
    w.submitted("settled", "a1")
    w.settle(usd("1.54"), "settled", "a1", outputs=["u"])
    w.submitted("credits", "a2", price=credits_quote("11"))
    w.settle(credits_quote("11").high, "credits", "a2", evidence="quote", final=False)
    w.submitted("parked", "a3")
    w.settle(usd("99"), "parked", "a3")
    w.hold("held")
    w.hold("twice")
    w.begin("twice", "a4")
    w.ledger.outcome(job="twice", attempt="a4", outcome="refused", reason="402")
    w.begin("twice", "a5", price=quote("2.80"))
    w.hold("gone")
    w.ledger.release(job="gone", reason="cancelled")
    w.hold("off")
    w.begin("off", "a6")
    w.ledger.outcome(job="off", attempt="a6", outcome="unknown")
    w.ledger.resolve("off", verdict="written_off", note="n", author="ann")
    w.submitted("free", "a7")
    w.settle(usd("0"), "free", "a7", delivered=0)
    w.hold("too much", price=quote("1000"))
    return w


def test_a_sound_ledger_verifies_and_counts_what_it_looked_at() -> None:
    verdict = lived().ledger.verify()
    assert (verdict.ok, verdict.faults) == (True, ())
    assert all(check.ok and check.count for check in verdict.checks)


FLIPS = [
    ("period", "spent_nanos = spent_nanos + 1", "id = 1"),
    ("period", "held_nanos = held_nanos + 1", "id = 2"),
    ("period", "limit_nanos = limit_nanos + 1", "id = 1"),
    ("budget", "limit_nanos = limit_nanos + 1", "id = 1"),
    ("budget", "currency = 'EUR'", "id = 2"),
    ("job", "state = 'submitted'", "id = 'parked'"),
    ("job", "state = 'released', open_nanos = 0", "id = 'held'"),
    ("job", "open_nanos = open_nanos - 1", "id = 'held'"),
    ("job", "held_nanos = held_nanos + 1", "id = 'settled'"),
    ("job", "charged_nanos = charged_nanos + 1", "id = 'settled'"),
    ("job", "charged_nanos = NULL", "id = 'settled'"),
    ("job", "native_nanos = native_nanos - 1", "id = 'credits'"),
    ("job", "native_currency = 'USD'", "id = 'credits'"),
    ("job", "reported_nanos = 1", "id = 'parked'"),
    ("job", "parked_nanos = 0", "id = 'parked'"),
    ("job", "evidence = 'invoice'", "id = 'credits'"),
    ("job", "final = 1", "id = 'credits'"),
    ("job", "cause = 'none'", "id = 'settled'"),
    ("job", "expected_nanos = expected_nanos + 1", "id = 'gone'"),
    ("job", "low_nanos = low_nanos - 1", "id = 'gone'"),
    ("job", "high_nanos = high_nanos + 1", "id = 'gone'"),
    ("job", "offer = 'x/y'", "id = 'gone'"),
    ("job", "settings = '{}'", "id = 'gone'"),
    ("job", "outputs_asked = 4", "id = 'gone'"),
    ("job", "scope = 'acme'", "id = 'held'"),
    ("job", "scope = 'nowhere'", "id = 'gone'"),
    ("job", "granted_at = granted_at + 1", "id = 'settled'"),
    ("job", "step = step + 1", "id = 'gone'"),
    ("job", "attempts = 1", "id = 'gone'"),
    ("job", "proof = ''", "id = 'free'"),
    ("attempt", "outcome = NULL", "id = 'a1'"),
    ("attempt", "outcome = 'accepted'", "id = 'a4'"),
    ("attempt", "outcome = 'accepted'", "id = 'a5'"),
    ("attempt", "posted_nanos = posted_nanos + 1", "id = 'a1'"),
    ("attempt", "posted_native_nanos = posted_native_nanos + 1", "id = 'a2'"),
    ("attempt", "posted_nanos = 0", "id = 'a3'"),
    ("attempt", "high_nanos = high_nanos + 1", "id = 'a6'"),
    ("attempt", "currency = 'EUR'", "id = 'a2'"),
    ("attempt", "rate = '1'", "id = 'a2'"),
    ("attempt", "provider = 'other'", "id = 'a1'"),
    ("attempt", "number = 7", "id = 'a4'"),
    ("attempt", "job = 'held'", "id = 'a7'"),
    ("migration", "version_num = '9'", "version_num = '0002'"),
]


@pytest.mark.parametrize(("table", "change", "where"), FLIPS)
def test_a_flipped_projection_is_named(table: str, change: str, where: str) -> None:
    w = lived()
    raw(w.ledger, "PRAGMA ignore_check_constraints = ON")
    raw(w.ledger, "PRAGMA foreign_keys = OFF")
    raw(w.ledger, f"UPDATE {table} SET {change} WHERE {where}")  # noqa: S608
    verdict = w.ledger.verify()
    assert not verdict.ok
    assert any(not check.ok for check in verdict.checks)
    text = "\n".join(verdict.faults)
    row = re.findall(r"'(\w+)'|(\d+)", where)[0]
    assert (row[0] or row[1]) in text
    assert not [fault for fault in verdict.faults if "\n" in fault]


NONSENSE = [
    ("job", "state = 'lost'"),
    ("job", "scope = '///'"),
    ("job", "settings = '{'"),
    ("job", "outputs_asked = -1"),
    ("attempt", "rate = 'much'"),
    ("attempt", "rate = '1/0'"),
    ("attempt", "currency = '?'"),
    ("attempt", "quote_id = 'gone'"),
    ("attempt", "outcome = 'fine'"),
    ("period", "budget_id = 99"),
    ("period", "ends_at = 0"),
    ("budget", "scope = ''"),
    ("store", "version = 0"),
]


@pytest.mark.parametrize(("table", "change"), NONSENSE)
def test_nonsense_is_a_fault_and_no_crash(table: str, change: str) -> None:
    w = lived()
    raw(w.ledger, "PRAGMA ignore_check_constraints = ON")
    raw(w.ledger, "PRAGMA foreign_keys = OFF")
    raw(w.ledger, f"UPDATE {table} SET {change} WHERE rowid = 1")  # noqa: S608
    assert not w.ledger.verify().ok


FACT_FLIPS = [
    ("entry", "UPDATE entry SET amount_nanos = amount_nanos + 1 WHERE txn = 1 AND line = 0"),
    ("entry", "UPDATE entry SET account = 'spent:beta' WHERE txn = 1 AND line = 2"),
    ("entry", "DELETE FROM entry WHERE txn = 1"),
    ("txn", "UPDATE txn SET granted_at = 0 WHERE id = 1"),
    ("txn", "DELETE FROM txn WHERE id = 1"),
    ("observation", "UPDATE observation SET amount_nanos = amount_nanos + 1 WHERE id = 1"),
    ("observation", "DELETE FROM observation WHERE id = 1"),
    ("event", "UPDATE event SET open_nanos = 0 WHERE job = 'held'"),
    ("event", "DELETE FROM event WHERE id = 1"),
    ("quote", "UPDATE quote SET body = replace(body, '1.4', '1.5')"),
    ("quote", "DELETE FROM quote"),
]


@pytest.mark.parametrize(("table", "sql"), FACT_FLIPS)
def test_facts_refuse_change_and_a_forced_one_is_found(table: str, sql: str) -> None:
    w = lived()
    with pytest.raises(sqlite3.IntegrityError, match=f"{table} holds facts"):
        raw(w.ledger, sql)
    w.sound()
    raw(w.ledger, "PRAGMA foreign_keys = OFF")
    verb = sql.split()[0].lower()
    raw(w.ledger, f"DROP TRIGGER {table}_keeps_{verb}")
    raw(w.ledger, sql)
    faults = w.ledger.verify().faults
    assert any(f"trigger {table}_keeps_{verb}" in fault for fault in faults)
    assert len(faults) > 1


@pytest.mark.parametrize("table", FACTS)
def test_facts_cannot_be_replaced_nor_cleared(table: str) -> None:
    w = lived()
    for sql in (f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}", f"DELETE FROM {table}"):  # noqa: S608
        raw(w.ledger, "PRAGMA recursive_triggers = OFF")
        with pytest.raises(sqlite3.IntegrityError, match="holds facts"):
            raw(w.ledger, sql)
    w.sound()


def test_facts_cannot_be_changed_through_the_tables_either() -> None:
    w = lived()
    engine = w.ledger._store.engine  # pyright: ignore[reportPrivateUsage]
    for name in FACTS:
        table = METADATA.tables[name]
        column = next(iter(table.primary_key)).name
        with pytest.raises(IntegrityError, match="holds facts"), engine.begin() as connection:
            connection.execute(sa.update(table).values({column: table.c[column]}))


def test_sums_and_rows_are_checked_by_the_database_itself() -> None:
    w = lived()
    for sql in (
        "UPDATE job SET open_nanos = 1 WHERE id = 'gone'",
        "UPDATE job SET state = 'lost'",
        "UPDATE job SET open_nanos = held_nanos + 1 WHERE id = 'held'",
        "UPDATE period SET held_nanos = -1",
        "UPDATE period SET spent_nanos = 0.5",
        "UPDATE budget SET limit_nanos = -1",
        "INSERT INTO entry VALUES (1, 9, 'money', 'x', 'USD', 0)",
        "INSERT INTO store VALUES (2, 1, 1)",
        "UPDATE attempt SET provider_job = 'p-a1', provider = 'fal' WHERE id = 'a2'",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            raw(w.ledger, sql)
    w.sound()


def test_an_orphan_is_found() -> None:
    w = lived()
    raw(w.ledger, "PRAGMA foreign_keys = OFF")
    raw(
        w.ledger,
        "INSERT INTO event SELECT 999, 'nobody', NULL, 1, 0, 'hold', NULL, 'held', 5, '', '' FROM event LIMIT 1",
    )
    assert any("event row 999" in fault for fault in w.ledger.verify().faults)


def test_an_empty_ledger_is_sound() -> None:
    with Ledger.open("sqlite://") as ledger:
        assert ledger.verify().ok
        assert (ledger.jobs(), ledger.due(), ledger.all_budgets()) == ((), (), ())
