"""`faregate db` and `faregate doctor`: an old ledger is named, upgraded, looked at; no password is ever shown."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.tables import VERSION
from tests.ledger.world import postgres_url

from .world import Providers, World

OLD = Path(__file__).parents[1] / "ledger" / "released" / "0001.sql"


@pytest.fixture
def alone(open_world: Callable[[Providers | None], World]) -> World:
    """No provider is asked."""
    return open_world(None)


@pytest.fixture
def old(alone: World) -> World:
    connection = sqlite3.connect(alone.db)
    connection.executescript(OLD.read_text("utf-8"))
    connection.close()
    return alone


@pytest.mark.parametrize("command", [["jobs"], ["verify"], ["budget", "list"], ["job", "held"], ["resume"]])
def test_an_old_ledger_names_the_way_up(command: list[str], old: World) -> None:
    said = old.run(*command).failed(6, "storage")
    assert said["message"] == f"{old.db} has schema 0001, this faregate needs {VERSION}"
    assert said["next"] == "upgrade it: faregate db upgrade"
    assert (said["value"], said["limit"]) == ("0001", VERSION)


def test_status_upgrade_and_all_is_there(old: World) -> None:
    before = old.run("db", "status").ok()
    assert (before["schema"], before["needed"], before["ok"]) == ("0001", VERSION, False)
    assert old.run("db", "upgrade").ok() == {"database": str(old.db), "before": "0001", "after": VERSION}
    assert old.run("db", "upgrade").ok()["before"] == VERSION
    assert old.run("db", "status").ok()["ok"] is True
    assert len(old.jobs()) == 19
    old.verified()


def test_it_speaks_to_people_too(old: World) -> None:
    assert "schema 0001" in old.run("db", "status", "--human").out
    assert f"upgraded from schema 0001 to {VERSION}" in old.run("db", "upgrade", "--human").out
    assert f"schema {VERSION} already" in old.run("db", "upgrade", "--human").out
    told = old.run("doctor", "--human")
    assert told.code == 0
    for word in (str(old.db), "journal mode", "synchronous", "lock", "fit for use"):
        assert word in told.out


def test_doctor_of_an_old_ledger(old: World) -> None:
    told = old.run("doctor")
    assert told.code == 6
    assert told.doc["ok"] is False
    assert "faregate db upgrade" in told.doc["faults"][0]


def test_doctor_makes_nothing(alone: World) -> None:
    assert alone.run("doctor").ok()["schema"] is None
    assert not alone.db.exists()


@pytest.mark.usefixtures("postgres")
def test_commands_take_a_server(alone: World) -> None:
    url = postgres_url()
    assert alone.run("db", "upgrade", "--db", url).ok()["before"] is None
    assert alone.run("doctor", "--db", url).ok()["engine"] == "postgresql"
    alone.run("budget", "set", "acme", "7 USD", "--db", url).ok()
    assert alone.run("budget", "show", "acme", "--db", url).ok()["budgets"][0]["limit"]["amount"] == "7"
    assert alone.run("verify", "--db", url).ok()["ok"] is True
    assert not alone.db.exists()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2@127.0.0.1:1/base",
        "postgresql://me:hun%20ter2@127.0.0.1:1/base",
        "postgresql://127.0.0.1:1/base?user=me&password=hunter2",
        "postgresql://me:hunter2@127.0.0.1:1/base?schema=NOT-one",
        "postgresql://me:hunter2@127.0.0.1:port/base",
        "postgresql://me:hun@ter2@127.0.0.1:1/base",
        "postgresql+asyncpg://me:hunter2@127.0.0.1:1/base",
        "postgresql://me:hunter2@127.0.0.1:1/base?no_such_option=1",
        "postgres:me:hunter2@127.0.0.1:1/base",
        "mysql://me:hunter2@127.0.0.1/base",
        "://me:hunter2@127.0.0.1/base",
        "sqlite://me:hunter2@127.0.0.1/base?mode=ro",
        "me:hunter2@127.0.0.1:1/base",
    ],
)
def test_no_password_is_shown(url: str, alone: World) -> None:
    for command in (["jobs"], ["doctor"], ["db", "status"], ["db", "upgrade"]):
        ended = alone.run(*command, "--db", url)
        assert ended.code in (2, 6), ended
        assert "ter2" not in ended.out + ended.err, ended
    if "//" in url:
        typed_wrong = alone.run("jobs", url)
        typed_wrong.failed(2)
        assert "ter2" not in typed_wrong.out + typed_wrong.err


def test_an_offer_with_its_own_signs_is_shown_whole(alone: World) -> None:
    """Only what follows // is an address."""
    said = alone.run("quote", "--offer", "runware/creatify:nobody@0", "--seconds", "5").failed(1)
    assert "runware/creatify:nobody@0" in said["message"]
