"""report and forecast as a person and a program meet them: the shape of their JSON, files, periods, bad input."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ledger import Ledger
from pricing import Money
from tests.ledger import world as books
from tests.ledger.test_bills import event
from tests.pages.reading import read

from .world import Doc, Providers, World

MEDIA = ("--image", "https://media.example/face.png", "--audio", "https://media.example/talk-9.4s.mp3")
CELL = {"keys", "currency", "jobs", "held", "settled", "provisional", "invoiced"}
FORECAST = {
    "scope", "window", "at", "spent", "held", "planned", "credits", "expected", "low", "high", "coverage", "limit",
    "burn_rate", "exhausts_on", "runway_days", "basis", "method", "changed_on", "track",
}  # fmt: skip


@pytest.fixture
def plain(open_world: Callable[[Providers | None], World]) -> World:
    """Without providers."""
    return open_world(None)


def this_month() -> str:
    return f"{datetime.now(UTC):%Y-%m}"


def usd(found: Doc) -> Decimal:
    assert found["currency"] == "USD"
    return Decimal(found["amount"])


def test_what_a_job_cost_is_in_every_part_of_the_report(world: World) -> None:
    world.budget()
    job = world.run("run", *MEDIA, "--seconds", "9.4", "--scope", "acme/x", "--tag", "team=ads").ok()
    cost = usd(job["charged"])
    found = world.run("report", "--tag", "team", "--by", "month,provider").ok()
    (total,) = found["totals"]
    assert total.keys() == {"currency", "jobs", "held", "settled", "provisional", "invoiced", "exposed", "before"}
    assert (total["jobs"], usd(total["settled"]), usd(total["held"]), total["invoiced"]) == (1, cost, 0, None)
    for part, keys in (
        ("by_day", {"day", "provider"}),
        ("by_offer", {"provider", "offer"}),
        ("by_scope", {"scope"}),
        ("by_tag", {"tag:team"}),
        ("cells", {"month", "provider"}),
    ):
        (cell,) = found[part]
        assert (cell.keys(), cell["keys"].keys(), usd(cell["settled"])) == (CELL, keys, cost), part
    assert (found["by_tag"][0]["keys"], found["grouping"]) == ({"tag:team": "ads"}, ["month", "provider"])
    assert found["cells"][0]["keys"]["month"] == this_month()
    (budget,) = found["burn_downs"]
    assert usd(budget["points"][-1]["spent"]) == cost
    assert budget["forecast"].keys() == FORECAST
    assert (found["breaks"], found["exposures"], found["drift"]) == ([], [], [])
    assert found.keys() >= {"title", "made_at", "period", "tz", "scope", "runways", "accuracy", "anomalies", "refusals"}
    assert found["notes"]
    shown = world.run("report", "--human")
    assert shown.code == 0
    first = shown.out.splitlines()
    assert "spent by 1 jobs" in first[1]
    assert first[2] == "too early to say where this month ends: that takes three finished days"
    assert all(len(line) <= 100 for line in first)
    world.verified()


def test_a_report_becomes_a_file(world: World) -> None:
    world.budget()
    job = world.run("run", *MEDIA, "--seconds", "9.4", "--scope", "acme/x", "--tag", "team==1+1").ok()
    path = world.folder / "cells.csv"
    world.run("report", "--csv", str(path), "--tag", "team").ok()
    (row,) = csv.DictReader(path.read_text("utf-8").splitlines())
    assert list(row) == [
        "day", "provider", "offer", "scope", "tag:team", "currency", "jobs", "held", "settled", "provisional",
        "invoiced",
    ]  # fmt: skip
    assert (Decimal(row["settled"]), row["jobs"], row["invoiced"]) == (usd(job["charged"]), "1", "")
    assert row["tag:team"] == "'=1+1"  # no formula in anybody's spreadsheet
    shown = world.run("report", "--csv", "-", "--by", "scope:1", "--human")
    assert shown.out.splitlines()[1].startswith("acme,USD,1,0,")


def test_a_forecast_is_one_document_for_each_budget(world: World) -> None:
    world.budget()
    world.run("run", *MEDIA, "--seconds", "9.4", "--scope", "acme/x").ok()
    found = world.run("forecast", "--scope", "acme").ok()
    assert found.keys() == FORECAST | {"forecasts"}
    (same,) = found["forecasts"]
    assert same == {name: value for name, value in found.items() if name != "forecasts"}
    (budget,) = world.run("budget", "list").ok()["budgets"]
    assert (found["scope"], found["limit"]) == ("acme", budget["limit"])
    whole = world.run("forecast").ok()
    assert (whole["scope"], whole["limit"], whole["spent"]) == ("*", None, found["spent"])
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    more = world.run("forecast", "--planned", f"launch={day}=40 USD").ok()
    assert usd(more["expected"]) == usd(whole["expected"]) + 40
    shown = world.run("forecast", "--scope", "acme", "--human")
    assert "no projection: " in shown.out
    world.verified()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("report", "--period", "2026-13"), "bad_request"),
        (("report", "--period", "2026-11-05..2026-11-01"), "bad_request"),
        (("report", "--period", "9999-12"), "bad_request"),
        (("report", "--period", "november"), "bad_request"),
        (("report", "--by", "colour"), "bad_request"),
        (("report", "--by", "scope:9"), "bad_request"),
        (("report", "--by", "day,day"), "bad_request"),
        (("report", "--scope", "no scope"), "bad_scope"),
        (("report", "--tz", "Mars/Base"), "bad_budget"),
        (("report", "--csv", "/no/such/folder/x.csv"), "bad_request"),
        (("report", "--csv", "-"), "bad_request"),
        (("forecast", "--scope", "nobody"), "bad_request"),
        (("forecast",), "bad_request"),
        (("forecast", "--planned", "launch"), "bad_request"),
        (("forecast", "--planned", "launch=soon=4 USD"), "bad_request"),
        (("forecast", "--planned", "launch=2026-12-01=much"), "bad_money"),
    ],
)
def test_bad_input_is_one_line(plain: World, words: tuple[str, ...], code: str) -> None:
    plain.run(*words).failed(2, code)


def test_what_bills_say_is_in_every_form_of_the_report(plain: World) -> None:
    then = datetime.now(UTC) - timedelta(days=3)
    clock = books.Clock(then)
    with Ledger.open(f"sqlite:///{plain.db}", clock=clock) as ledger:
        ledger.set_budget("acme", Money.of(500, "USD"))
        w = books.World(ledger, clock)
        for name in ("j1", "j2", "j3"):
            w.submitted(name, f"a-{name}", tags={"team": "ads"})
            w.settle(Money.of("1.40", "USD"), name, f"a-{name}", evidence="units")
    at = then.isoformat()
    lines = [event("p-a-j1", at=at), event("p-a-j2", "2.10", at=at), event("p-stranger", "9.40", at=at)]
    path = plain.folder / "fal.json"
    path.write_text(json.dumps({"billing_events": lines, "next_cursor": None, "has_more": False}, default=str))
    days = ("--from", f"{then - timedelta(days=1):%Y-%m-%d}", "--to", f"{then + timedelta(days=2):%Y-%m-%d}")
    plain.run("statement", "import", path, *days).ok()
    period = ("--period", f"{then:%Y-%m-%d}")

    found = plain.run("report", *period, "--tag", "team").ok()
    for part in ("totals", "by_day", "by_offer", "by_scope", "by_tag"):
        assert [usd(one["invoiced"]) for one in found[part]] == [Decimal("3.5")], part
    told = {one["kind"]: (one["status"], one["age_days"], one["job"], usd(one["amount"])) for one in found["breaks"]}
    assert told["unit_price"] == ("open", 2, "j2", Decimal("0.7"))
    assert told["unknown_charge"] == ("open", 3, None, Decimal("9.4"))
    assert told["missing_invoice"] == ("open", 2, "j3", Decimal("-1.4"))
    assert found["drift"] == []
    shown = plain.run("report", *period, "--human").out
    assert "3.50 USD invoiced" in shown
    assert "3 breaks are open, the oldest for 3 days" in shown
    csv_file, html = plain.folder / "cells.csv", plain.folder / "page.html"
    plain.run("report", *period, "--csv", csv_file, "--html", html).ok()
    (row,) = csv.DictReader(csv_file.read_text("utf-8").splitlines())
    assert (row["invoiced"], row["settled"]) == ("3.5", "4.9")
    said = read(html.read_text("utf-8"))
    assert "3 open breaks between bill and ledger" in said.words
    assert "0.21 per s was charged, ours is 0.14" in said.words
    assert {"3.50", "9.40", "−1.40"} <= said.amounts
    plain.run("report", "--rate", "EUR=0").failed(2, "bad_request")
    plain.verified()
