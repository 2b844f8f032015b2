"""A report of a ledger with imported bills, against what was imported: invoiced, breaks, drift. On both databases."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from ledger import Ledger
from ledger.report.values import Cell
from pricing import Money, usd
from tests.ledger import books, world
from tests.ledger.quarter import EUR, FETCHED, FIRST, quarter
from tests.ledger.test_bills import bill, event
from tests.ledger.world import CREATIFY, FAL, World, credit, credits_quote

NOVEMBER = date(2026, 11, 1), date(2026, 12, 1)
OCTOBER = date(2026, 10, 1), date(2026, 11, 1)
GROUPINGS = (), ("day",), ("week", "offer"), ("scope", "tag:team"), ("provider", "day")


def total(cells: Iterable[Cell]) -> Money:
    return sum((one.invoiced for one in cells if one.invoiced is not None), usd(0))


def job(w: World, name: str, scope: str = "acme/c7") -> None:
    w.submitted(name, f"a-{name}", tags={"team": "ads"}, scope=scope)
    w.settle(usd("1.40"), name, f"a-{name}", evidence="units")


def billed() -> World:
    """Two jobs of October and four of November on a bill of fal's, one of Creatify's on none, and a stranger's."""
    w = world.world("5000", at=datetime(2026, 10, 20, 12, tzinfo=UTC))
    for name in ("o1", "o2"):
        job(w, name)
    w.clock.now = datetime(2026, 11, 19, 12, tzinfo=UTC)
    for name in ("n1", "n2", "n3"):
        job(w, name)
    job(w, "g1", scope="acme/autumn")
    price = credits_quote()
    w.hold("c1", price=price)
    w.begin("c1", "a-c1", provider="creatify", price=price)
    w.ledger.outcome(job="c1", attempt="a-c1", outcome="accepted", provider_job="p-a-c1")
    w.settle(credit("11"), "c1", "a-c1")
    w.clock.forward(days=1)
    october = [event(f"p-a-{name}", at="2026-10-20T12:05:00Z") for name in ("o1", "o2")]
    november = [event("p-a-n1"), event("p-a-n2", "2.10"), event("p-a-n3"), event("p-a-g1"), event("p-stranger", "7")]
    again = event("p-a-n3", at="2026-11-20T12:06:00Z")
    w.ledger.import_statement(bill(*october, *november, again), author="ann")
    w.clock.forward(days=5)
    return w


@pytest.mark.usefixtures("backend")
def test_what_bills_say_of_jobs_of_the_period_is_invoiced_and_nothing_else() -> None:
    w = billed()
    lines = usd("1.40") + usd("2.10") + usd("1.40") * 2 + usd("1.40")
    found = w.ledger.report(NOVEMBER)
    for grouping in GROUPINGS:
        found = w.ledger.report(NOVEMBER, tag="team", grouping=grouping)
        parts = (found.cells, found.by_day, found.by_offer, found.by_scope, found.by_tag)
        assert [total(part) for part in parts if part] == [lines] * (5 if grouping else 4), grouping
        assert [one.invoiced for one in found.totals] == [lines]
        assert all(one.keys["day"].startswith("2026-11") for one in found.by_day)
    assert {one.keys["offer"]: one.invoiced for one in found.by_offer} == {FAL: lines, CREATIFY: None}
    assert {one.keys["scope"]: one.invoiced for one in found.by_scope} == {
        "acme/c7": lines - usd("1.40"), "acme/autumn": usd("1.40")
    }  # fmt: skip
    assert w.ledger.report(OCTOBER).totals[0].invoiced == usd("2.80")
    paris = w.ledger.report(NOVEMBER, tz="Europe/Paris", grouping=("day",))
    assert total(paris.cells) == total(paris.by_day) == lines
    assert not any("No bill was imported" in one for one in found.notes)
    assert all(one.invoiced is None for one in w.ledger.spend(("offer",), NOVEMBER))
    w.sound()


@pytest.mark.usefixtures("backend")
def test_breaks_stand_in_the_report_with_their_age_and_in_one_of_a_scope_only_its_own() -> None:
    w = billed()
    found = w.ledger.report(NOVEMBER)
    told = {(one.kind, one.job): (one.amount, one.status, one.age_days, one.month) for one in found.breaks}
    assert told == {
        ("unit_price", "n2"): (usd("0.70"), "open", 5, "2026-11"),
        ("duplicate", "n3"): (usd("1.40"), "open", 5, "2026-11"),
        ("unknown_charge", None): (usd("7"), "open", 4, "2026-11"),
        ("missing_invoice", None): (credit("-11"), "open", 5, "2026-11"),
    }
    assert w.ledger.report(OCTOBER).breaks == found.breaks  # what is open needs a person, whatever is looked at
    mine = w.ledger.report(NOVEMBER, "acme/c7")
    assert {one.job for one in mine.breaks} == {"n2", "n3"}
    assert any("2 breaks that name no job" in one for one in mine.notes)
    assert w.ledger.report(NOVEMBER, "acme/autumn").breaks == ()
    assert w.ledger.report(NOVEMBER, "acme/autumn").totals[0].invoiced == usd("1.40")
    double = next(one for one in found.breaks if one.kind == "duplicate")
    w.ledger.close_break(double.id, "accepted", author="ann", note="they made two")
    after = w.ledger.report(NOVEMBER)
    assert {one.kind: one.status for one in after.breaks}["duplicate"] == "accepted"
    assert after.totals[0].settled == found.totals[0].settled + usd("1.40")
    assert after.totals[0].invoiced == found.totals[0].invoiced


@pytest.mark.usefixtures("backend")
def test_a_price_that_bills_no_longer_support_is_drift() -> None:
    w = world.world("5000")
    for number in range(9):
        job(w, f"j{number}")
    w.ledger.import_statement(bill(*(event(f"p-a-j{number}", "1.10") for number in range(9))), author="ann")
    (drift,) = w.ledger.report(NOVEMBER).drift
    assert (drift.offer, drift.card_price, drift.supported_price) == (FAL, "0.14 USD/s", "0.11 USD/s")
    assert (drift.charges, drift.since) == (9, date(2026, 11, 20))


@pytest.mark.usefixtures("backend")
def test_the_report_of_a_quarter_says_what_reconciling_it_says() -> None:
    made, w = quarter(120, each=1, seed=5), world.Clock()
    w.now = made.claims[0].submitted_at.replace(month=6)
    with Ledger.open(world.fresh_url(), clock=w) as ledger:
        books.write(ledger, w, made.claims)
        w.now = FETCHED
        for one in made.statements:
            ledger.import_statement(one, author="ann")
        period = FIRST, FETCHED.date()
        without = ledger.report(period)
        (unread,) = without.unread
        assert "nothing says what that is in USD; name the exchange rate of EUR" in unread
        assert "fal" in unread
        assert {one.provider for one in without.breaks} == {"creatify", "runware"}
        worth = {"EUR": EUR}
        found, rows = ledger.report(period, worth=worth), ledger.reconcile(worth=worth)
        assert found.breaks == rows.breaks
        claims = {one.attempt: one for one in made.claims}
        lines = sum(
            row.invoiced.nanos * (1 if row.invoiced.currency == "USD" else claims[row.attempt].rate)
            for row in rows.jobs
            if row.subject == "job" and row.attempt is not None and row.invoiced is not None
        )
        assert abs(lines - total(found.by_day).nanos) <= Fraction(len(rows.jobs), 2)  # a job is rounded once
        for part in (found.by_offer, found.by_scope):
            assert total(part) == total(found.by_day)
        assert found.totals[0].invoiced == total(found.by_day)
        assert all(one.invoiced is None for one in found.by_offer if one.keys["provider"] == "runware")
        assert any(one.startswith("The bill of runware has sums that name no job") for one in found.notes)
