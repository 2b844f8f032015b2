"""Breaks: when a gap becomes one, how it ages, and what a person's word does to it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.reconcile.breaks import closed, exposure
from ledger.reconcile.expected import EXPECTED
from ledger.reconcile.reconciling import reconcile
from ledger.reconcile.values import Break, Tolerances, Verdict, Word
from pricing import usd
from tests.ledger.reconcile.making import ENDED, NOW, bill, claim, line, run

HOUR = timedelta(hours=1)
DUE = ENDED + HOUR


def only(breaks: tuple[Break, ...]) -> Break:
    (one,) = breaks
    return one


def said(of: Break, verdict: Verdict = "accepted", at: datetime = NOW) -> Word:
    return Word(of.id, verdict, "anna", "agreed with the provider", at, of.fingerprint)


def test_a_gap_is_pending_until_its_source_should_have_it_and_a_break_from_then_on() -> None:
    early = reconcile([claim()], [bill(fetched_at=ENDED)], at=DUE - timedelta(seconds=1))
    assert (only(early.breaks).status, only(early.breaks).age_days) == ("pending", 0)
    assert not early.open
    due = reconcile([claim()], [bill(fetched_at=DUE)], at=DUE)
    assert (only(due.open).kind, only(due.open).job, only(due.open).amount) == (
        "missing_invoice",
        "job-1",
        usd("-1.40"),
    )


def test_a_statement_fetched_too_early_proves_nothing() -> None:
    result = reconcile([claim()], [bill(fetched_at=ENDED)], at=NOW)
    one = only(result.open)
    assert (one.job, one.why) == (None, "1 jobs: the statement was fetched too early to hold it")
    assert one.suggestion == "fetch or import the statement"


def test_what_no_statement_covers_is_one_break_a_month() -> None:
    jobs = [claim(n) for n in range(5)]
    one = only(reconcile(jobs, [], at=NOW).breaks)
    assert (one.kind, one.job, one.amount, one.status) == ("missing_invoice", None, usd("-7.00"), "open")
    incomplete = bill(line(), complete=False)
    one = only(reconcile(jobs, [incomplete], at=NOW).breaks)
    assert one.amount == usd("-5.60")


def test_each_source_has_its_own_time() -> None:
    assert EXPECTED.by("fal-billing-events", ENDED) == ENDED + HOUR
    assert EXPECTED.by("runware-usage", ENDED) == ENDED + timedelta(days=2)
    assert EXPECTED.by("csv", ENDED) == datetime(2026, 12, 5, tzinfo=UTC)
    assert EXPECTED.by("focus", datetime(2026, 12, 31, 5, tzinfo=UTC)) == datetime(2027, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (0, "0–2"),
        (2, "0–2"),
        (3, "3–7"),
        (7, "3–7"),
        (8, "8–30"),
        (30, "8–30"),
        (31, "31–60"),
        (60, "31–60"),
        (61, "60+"),
    ],
)
def test_a_break_ages(days: int, bucket: str) -> None:
    one = only(reconcile([claim()], [bill()], at=DUE + timedelta(days=days, hours=5)).breaks)
    assert (one.age_days, one.bucket) == (days, bucket)


def test_its_id_is_the_same_in_every_run() -> None:
    first = only(reconcile([claim()], [bill()], at=NOW).breaks)
    again = only(reconcile([claim(), claim(2)], [bill(line(number=2))], at=NOW + 40 * timedelta(days=1)).breaks)
    assert first.id == again.id
    assert first.fingerprint == again.fingerprint


@pytest.mark.parametrize("verdict", ["accepted", "adjusted", "disputed"])
def test_a_person_ends_it_and_time_does_not(verdict: Verdict) -> None:
    one = only(run(claim()).breaks)
    later = reconcile([claim()], [bill()], at=NOW + timedelta(days=300), words=[said(one, verdict)])
    found = only(later.breaks)
    assert (found.status, found.word and found.word.author) == (verdict, "anna")
    assert not later.open
    assert not found.reopened


def test_new_evidence_that_differs_opens_it_again() -> None:
    before = only(run(claim(), line("a", "1.73", quantity=None, unit_price=None)).breaks)
    words = [said(before)]
    same = run(claim(), line("a", "1.73", quantity=None, unit_price=None), words=words)
    assert only(same.breaks).status == "accepted"
    other = run(claim(), line("a", "1.99", quantity=None, unit_price=None), words=words)
    assert (only(other.breaks).status, only(other.breaks).reopened) == ("open", True)


def test_the_last_word_counts() -> None:
    one = only(run(claim()).breaks)
    words = [said(one, "disputed", at=NOW + HOUR), said(one, "accepted")]
    assert only(run(claim(), words=words).breaks).status == "disputed"


def test_new_evidence_closes_it() -> None:
    before = run([claim(), claim(2)]).breaks
    now = run([claim(), claim(2)], line()).breaks
    gone = closed(before, now)
    assert [(one.job, one.status) for one in gone] == [("job-1", "closed")]


def test_too_many_tolerated_differences_are_a_break_of_their_own() -> None:
    """A systematic half-cent: each within the tolerance, all of them a sum that somebody has to see."""
    jobs = [claim(n) for n in range(4)]
    lines = [line(f"l{n}", "1.405", n) for n in range(4)]
    few = run(jobs, *lines)
    assert [one.tolerated for one in few.by_month] == [usd("0.02")]
    assert not few.breaks
    many = run(jobs, *lines, tolerances=Tolerances(count=3))
    one = only(many.open)
    assert (one.kind, one.job, one.amount) == ("rounding", None, usd("0.02"))
    assert one.why == "4 differences were tolerated, at most 3 may be"


def test_exposure_is_told_by_age() -> None:
    result = reconcile([claim(), claim(2)], [bill(line("a", "1.54", 1, quantity=None))], at=DUE + timedelta(days=4))
    assert exposure(result.breaks) == {("fal", "USD", "3–7"): usd("1.54")}


def test_the_json_is_what_the_command_promises() -> None:
    told: dict[str, Any] = run(claim(), line(number=9)).as_json()
    assert told.keys() == {"jobs", "totals", "by_month", "by_sku", "breaks", "purchases"}
    job, broken = told["jobs"][0], told["breaks"][0]
    wanted = {"job", "offer", "quoted", "held", "reported", "invoiced", "variance", "cause", "evidence"}
    assert wanted <= job.keys()
    assert {"kind", "job", "amount", "expected_by", "age_days"} <= broken.keys()
