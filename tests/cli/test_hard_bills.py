"""Bills at two in the morning: nonsense in, one clear line out; nothing looks well that is not."""

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ledger import Ledger
from pricing import PriceBook, Usage
from router import BadRequest
from router.cli import app, options, statements

from .test_bills import billed_at
from .world import Doc, Providers, World

CARD = """
provider = "fal"
currency = "USD"
checked_on = "2026-11-20"

[[offers]]
id = "mine/video"
name = "A model of our own"
measure = "output_video_seconds"

[[offers.rates]]
id = "mine-video"
effective_from = "unknown"
sources = [{ url = "https://acme.example/prices", evidence = "published" }]

[[offers.rates.components]]
label = "video"
quantise = { step = 1, mode = "ceil" }
minimum = 5
tariff = { kind = "per-unit", price = 0.14 }
"""
OFFER = "fal/mine/video"


@pytest.fixture
def world(open_world: Callable[[Providers | None], World]) -> World:
    """Without providers."""
    made = open_world(None)
    made.budget()
    return made


def saved(world: World, *events: Doc) -> Path:
    path = world.folder / "fal.json"
    path.write_text(json.dumps({"billing_events": list(events), "next_cursor": None, "has_more": False}))
    return path


def event(**more: object) -> Doc:
    return {
        "request_id": "of-nobody", "endpoint_id": "fal-ai/creatify/aurora", "timestamp": "2026-11-02T10:00:00Z",
        "cost_estimate_nano_usd": 1_400_000_000,
    } | more  # fmt: skip


def own_jobs(world: World, seconds: str, count: int) -> tuple[Path, list[Doc]]:
    """Jobs of an offer that only a card of the user's has, in a folder as `--cards` takes it; fal's events of them."""
    folder = world.folder / "cards"
    folder.mkdir()
    (folder / "mine.toml").write_text(CARD)
    book = PriceBook.shipped().with_cards([folder])
    price = book.quote(OFFER, Usage.billed(seconds), at=date(2026, 11, 20))
    with Ledger.open(f"sqlite:///{world.db}") as ledger:
        return folder, [billed_at(ledger, price, f"{number}", OFFER) for number in range(count)]


def test_a_price_that_bills_support_follows_from_a_card_of_ones_own(world: World) -> None:
    folder, events = own_jobs(world, "10", 9)
    path, into = saved(world, *events), world.folder / "learned.toml"
    (drift,) = world.run("reconcile", "--statement", path).doc["drift"]
    accept = ("reconcile", "--accept-drift", drift["id"], "--into", into)
    said = world.run(*accept).failed(2, "bad_request")
    assert said["next"] == "name the card that has it with --cards"
    assert world.run(*accept, "--cards", folder).doc["card"] == str(into)
    quoting = ("quote", "--offer", OFFER, "--seconds", "10", "--cards", folder, "--cards", into)
    assert world.run(*quoting).ok()["expected"] == {"amount": "1.1", "currency": "USD"}
    world.run("reconcile", "--cards", world.folder / "none.toml").failed(2, "bad_card")


def test_a_minimum_of_a_card_is_the_cause_it_is_everywhere(world: World) -> None:
    """Its five seconds are billed for ten: each command that names a cause, and so a break, knows of it."""
    folder, (one,) = own_jobs(world, "10", 1)
    minimum = one | {"output_units": None, "unit_price": None, "cost_estimate_nano_usd": 700_000_000}
    world.run("statement", "import", saved(world, minimum)).ok()
    bare = [each["kind"] for each in world.run("breaks", "list", "--all").ok()["breaks"]]
    assert bare == ["quantity"]
    cards = ("--cards", folder)
    for words in (("reconcile",), ("breaks", "list", "--all"), ("report",)):
        (found,) = world.run(*words, *cards).doc["breaks"]
        assert found["kind"] == "minimum_or_block_rounding", words
    closing = ("breaks", "close", found["id"], "--verdict", "adjusted", "--note", "so it is priced")
    world.run(*closing).failed(2, "bad_request")
    assert world.run(*closing, *cards).ok()["status"] == "adjusted"


def test_no_shipped_card_states_a_minimum() -> None:
    """The day one does, `options.minimums` has to read the shipped book, too."""
    assert PriceBook.shipped().minimums(datetime.now(UTC).date()) == {}


def test_one_bill_in_foreign_money_ends_no_report(world: World) -> None:
    _, (one,) = own_jobs(world, "10", 1)
    head = "BilledCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,ProviderName,x_ProviderJobId\n"
    path = world.folder / "bill.csv"
    path.write_text(f"{head}1.50,EUR,Usage,2026-11-20,2026-11-21,fal,{one['request_id']}\n")
    world.run("statement", "import", path).ok()
    assert "--rate EUR=1.08" in str(world.run("reconcile").failed(2, "bad_statement")["next"])
    (why,) = world.run("report").ok()["unread"]
    assert "is in EUR" in why
    page = world.folder / "page.html"
    world.run("report", "--html", page).ok()
    assert "is in EUR" in page.read_text()
    assert "the bill cannot be told" in world.run("report", "--human").out
    told = world.run("report", "--rate", "EUR=1.08").ok()
    assert told["unread"] == []
    assert told["totals"][0]["invoiced"] == {"amount": "1.62", "currency": "USD"}


def test_words_of_a_bill_are_no_markup_and_no_command_to_a_terminal(world: World) -> None:
    odd = event(request_id="[/red]\x1b]0;owned\x07", endpoint_id="[/bold] [link=https://x]\u202ea")
    world.run("statement", "import", saved(world, odd)).ok()
    closing = ("--verdict", "disputed", "--note", "[/] \x1b[5mnot ours", "--author", "[/ann]")
    (one,) = world.run("breaks", "list").ok()["breaks"]
    world.run("breaks", "close", one["id"], *closing).ok()
    for words in (("reconcile",), ("breaks", "list"), ("statement", "list"), ("report",)):
        shown = world.run(*words, "--human")
        assert shown.code == 0
        shown.quiet()
        assert "\x1b" not in shown.out
        assert "\u202e" not in shown.out
    listed = " ".join(world.run("breaks", "list", "--human").out.split())
    assert "[/red]\\x1b]0;owned\\x07" in listed
    assert "[/ann]: [/] \\x1b[5mnot ours" in listed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("reconcile", "--provider", "fall"), "no job and no bill is of 'fall'"),
        (("breaks", "list", "--provider", "fall"), "no job and no bill is of 'fall'"),
        (("reconcile", "--month", "２０２６-11"), "is not a month"),
        (("reconcile", "--at", "9999-12-31T23:59-14:00"), "is not a time"),
        (("reconcile", "--at", "0001-01-01T00:00+14:00"), "is not a time"),
        (("reconcile", "--rate", "EUR=nan"), "--rate EUR 'nan' is no plain number above 0"),
        (("reconcile", "--rate", "EUR=-1"), "--rate EUR '-1' is no plain number above 0"),
        (("reconcile", "--rate", "EUR=1e999"), "--rate EUR '1e999' is no plain number above 0"),
        (("reconcile", "--rate", f"EUR={'9' * 20}"), "is no plain number above 0"),
        (("statement", "fetch", "--provider", "creatify", "--source", "fal-usage"), "creatify has no source"),
        (("statement", "fetch", "--credit-value", "0"), "--credit-value '0' is no plain number above 0"),
        (("export", "csv", "--out", "x", "--month", "9999-12"), "--month '9999-12' is not a month"),
        (("export", "csv", "--out", "x" * 300), "cannot be written"),
        (("export", "csv", "--out", "spend.db"), "is a database"),
        (("report", "--csv", "spend.db"), "is a database"),
        (("report", "--html", "spend.db"), "is a database"),
        (("report", "--html", "-"), "--json and --html - would both write to stdout"),
        (("report", "--period", "0001-01"), "is too far away"),
        (("report", "--period", "9999-12-30..9999-12-30"), "is too far away"),
        (("whatif", "--month", "9999-12"), "--month '9999-12' is not a month"),
        (("breaks", "close", "12345", "--verdict", "disputed", "--note", "x"), "'12345' is no break now"),
    ],
)
def test_nonsense_is_one_line(world: World, words: tuple[str, ...], said: str) -> None:
    assert said in str(world.run(*words).failed(2)["message"])
    world.verified()


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device without an end")
def test_a_file_without_an_end_is_not_read_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "_LARGEST", 2**20)
    with pytest.raises(BadRequest, match="is larger than 1 MiB"):
        statements.read_file(Path("/dev/zero"), "focus", None)


def test_a_file_saved_in_the_future_would_outweigh_every_later_bill(world: World) -> None:
    path = saved(world, event())
    later = (datetime.now(UTC) + timedelta(days=9)).timestamp()
    os.utime(path, (later, later))
    assert "which is to come" in str(world.run("statement", "import", path).failed(2, "bad_request")["message"])
    os.utime(path)
    world.run("statement", "import", path).ok()


def test_files_are_written_whole_and_stdout_holds_one_thing(world: World) -> None:
    page, cells = world.folder / "page.html", world.folder / "cells.csv"
    told = world.run("report", "--csv", "-", "--html", page, "--human")
    assert (told.code, told.out.splitlines()[0].split(",")[0], len(told.out.splitlines())) == (0, "day", 1)
    assert page.read_text().startswith("<!doctype html>")
    assert world.run("report", "--html", "-", "--human").out.startswith("<!doctype html>")
    assert not (world.folder / "-").exists()
    world.run("report", "--csv", "-", "--html", "-", "--human").quiet()
    assert world.run("report", "--csv", "-", "--html", "-", "--human").code == 2
    assert world.run("export", "csv", "--out", cells, "--human").out == f"written: {cells}, 0 rows\n"
    full = world.folder / "full"
    full.symlink_to("/dev/full")
    for words in (("export", "hledger", "--out", full), ("report", "--csv", full), ("report", "--html", full)):
        world.run(*words).failed(6, "storage")


def test_a_limit_of_nothing_is_a_limit(world: World) -> None:
    world.budget("0 USD", "zero")
    for words in (("budget", "list"), ("budget", "show", "zero"), ("budget", "notices", "zero")):
        shown = world.run(*words, "--human").out
        assert "0.00 USD" in shown
        assert "no limit" not in shown


def test_a_provider_that_is_down_keeps_no_other_bill_out(
    open_world: Callable[[Providers | None], World], providers: Providers
) -> None:
    world = open_world(providers)
    down = {**world.keys, "FAREGATE_FAL_API_URL": "http://127.0.0.1:9/v1"}
    world.run("statement", "fetch", env=down).failed(3, "provider")
    filed = world.run("statement", "list").ok()["statements"]
    assert {one["source"] for one in filed} == {"creatify-jobs", "runware-usage"}
    human = world.run("statement", "fetch", "--human", env=down)
    assert human.code == 3
    assert [line.split(" of ")[0] for line in human.out.splitlines()] == ["creatify-jobs", "runware-usage"]
    assert "fal does not tell its charges" in human.err


@pytest.mark.parametrize("error", [KeyError, OSError, ImportError])
def test_whom_the_machine_does_not_know_may_still_speak(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container a process may run as a user that no file names."""

    def unknown() -> str:
        raise error

    monkeypatch.setattr("getpass.getuser", unknown)
    assert (options.author(None), options.author("ann")) == ("", "ann")


def test_a_terminal_of_another_alphabet_gets_escapes_and_files_get_utf_8(world: World) -> None:
    world.run("statement", "import", saved(world, event(endpoint_id="zażółć"))).ok()
    narrow = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for words in (("report",), ("forecast",), ("reconcile",)):
        done = world.launch(*words, env=narrow, plain=True).wait()
        assert done.code in (0, 1), done
        done.quiet()
    page = world.launch("report", "--html", "-", env=narrow, plain=True).wait()
    assert (page.code, "·" in page.out) == (0, True)


@pytest.mark.parametrize(
    ("words", "next_"),
    [(("statement", "import", "bill.csv"), "the same command again does the rest"), (("run",), "`faregate resume`")],
)
def test_an_interrupted_command_says_how_to_go_on(
    words: tuple[str, ...], next_: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "app", stopped)
    with pytest.raises(SystemExit) as ended:
        app.main(words)
    assert ended.value.code == 130
    assert next_ in capsys.readouterr().err
