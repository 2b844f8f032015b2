"""Every move of a job's state, from every state, as design §7 draws it: what is not drawn changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from pricing import usd

from .test_settling import ALL, in_state
from .world import World, dump, quote, world


def ends(outcome: Any) -> Callable[[World], object]:
    return lambda w: w.ledger.outcome(job="j1", attempt="a1", outcome=outcome, provider_job="p1", reason="so")


EVENTS: dict[str, Callable[[World], object]] = {
    "begin": lambda w: w.begin(attempt="a2"),
    "accepted": ends("accepted"),
    "answer lost": ends("unknown"),
    "refused": ends("refused"),
    "no news": lambda w: w.ledger.unknown(job="j1", attempt="a1", reason="no news"),
    "charge": lambda w: w.settle(usd("1.4"), evidence="billing_event"),
    "no charge": lambda w: w.settle(usd("0"), evidence="billing_event", delivered=0),
    "release": lambda w: w.ledger.release(job="j1", reason="bored"),
    "proof": lambda w: w.ledger.release(job="j1", attempt="a1", reason="failed", proof="units 0"),
    "time": lambda w: (w.clock.forward(days=1000), w.ledger.expire()),
}
# state: what each event makes of it, in the order above; "" is no move.
MOVES = {
    "submitting": ("", "submitted", "unknown", "held", "unknown", "settled", "released", "", "released", ""),
    "submitted": ("", "", "", "", "unknown", "settled", "released", "", "released", ""),
    "unknown": ("", "submitted", "", "released", "", "settled", "released", "", "released", ""),
    "settled": ("", "", "", "", "", "", "", "", "", ""),
    "released": ("", "", "", "", "", "settled", "", "", "", ""),
    "written_off": ("", "", "", "", "", "settled", "", "", "", ""),
    # After an attempt that was refused: only then do these two have one that can be spoken of.
    "held": ("submitting", "", "", "", "", "settled", "", "released", "released", "expired"),
    "expired": ("", "", "", "", "", "settled", "", "", "", ""),
}
OPEN = ("held", "submitting", "submitted", "unknown")


def turned_away(state: str) -> World:
    w = world()
    w.hold()
    w.begin()
    w.ledger.outcome(job="j1", attempt="a1", outcome="refused", reason="so")
    w.clock.forward(seconds=601 if state == "expired" else 0)
    w.ledger.expire()
    assert w.state() == state
    return w


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", ALL)
def test_each_edge(state: str, event: str) -> None:
    w = turned_away(state) if state in ("held", "expired") else in_state(state)
    before = w.job()
    EVENTS[event](w)
    target = MOVES[state][list(EVENTS).index(event)] or state
    job = w.job()
    assert job.state == target
    assert job.open == (before.open if target in OPEN else usd("0"))
    assert w.budget()[1] == job.open
    assert w.budget()[0] == (job.charged or usd("0"))
    w.sound()
    settled = dump(w.ledger)
    if event in ("charge", "no charge", "time", "proof", "release"):
        EVENTS[event](w)  # said again, it changes nothing
        assert dump(w.ledger) == settled


def test_time_ends_no_hold_whose_attempt_may_have_been_accepted() -> None:
    for state in ("submitting", "submitted", "unknown"):
        w = in_state(state)
        w.clock.forward(days=3650)
        assert w.ledger.expire() == ()
        assert w.budget()[1] == usd("1.4")


def test_one_attempt_is_one_row_and_each_may_be_billed() -> None:
    w = world()
    w.hold()
    for n, provider in enumerate(("fal", "runware", "creatify"), start=1):
        w.begin(attempt=f"a{n}", provider=provider)
        assert w.begin(attempt=f"a{n}", provider=provider).replayed
        w.ledger.outcome(job="j1", attempt=f"a{n}", outcome="refused" if n < 3 else "accepted", reason="429")
    assert [(one.id, one.outcome) for one in w.job().attempts] == [
        ("a1", "refused"), ("a2", "refused"), ("a3", "accepted"),
    ]  # fmt: skip
    w.settle(usd("1.4"), attempt="a3")
    for n in (1, 2):
        w.settle(usd("1.4"), attempt=f"a{n}", evidence="invoice")
    job = w.job()
    assert (job.state, job.charged, job.cause) == ("settled", usd("4.2"), "unexplained")
    assert [one.charged for one in job.attempts] == [usd("1.4")] * 3
    w.sound()


def test_two_of_four_results_and_then_the_rest() -> None:
    w = world("5.60")
    w.submitted(price=quote("5.60", outputs=4))
    job = w.settle(usd("2.80"), delivered=2, outputs=["1.mp4", "2.mp4"])
    assert (job.state, job.charged, job.cause, job.outputs) == (
        "settled", usd("2.8"), "partial_failure", ("1.mp4", "2.mp4"),
    )  # fmt: skip
    assert w.budget() == (usd("2.8"), usd("0"), usd("2.8"))
    job = w.settle(usd("5.60"), evidence="billing_event", delivered=4, outputs=["1.mp4", "2.mp4", "3.mp4", "4.mp4"])
    assert (job.charged, job.cause, len(job.outputs)) == (usd("5.6"), "none", 4)
    assert w.budget() == (usd("5.6"), usd("0"), usd("0"))
    w.sound()


def test_less_than_half_of_what_was_delivered_is_parked_and_nothing_for_nothing_is_not() -> None:
    for amount, delivered, state in (("1.39", 2, "unknown"), ("1.40", 2, "settled"), ("0", 0, "released")):
        w = world()
        w.submitted(price=quote("5.60", outputs=4))
        assert w.settle(usd(amount), delivered=delivered).state == state
        w.sound()


def test_a_refund_is_a_revision_that_posts_the_difference() -> None:
    w = in_state("settled")
    w.settle(usd("1.4"), evidence="billing_event", external_id="evt-1")
    job = w.settle(usd("0"), evidence="billing_event", external_id="evt-2", revision=1, delivered=0)
    assert (job.state, job.charged, job.variance) == ("settled", usd("0"), usd("-1.4"))
    assert w.budget() == (usd("0"), usd("0"), usd("100"))
    assert [(leg.kind, leg.account, leg.amount) for leg in w.ledger.postings("j1")][4:] == [
        ("revision", "expense:fal", usd("-1.4")),
        ("revision", "payable:fal", usd("1.4")),
        ("revision", "spent:acme/c7", usd("-1.4")),
        ("revision", "allowance:acme/c7", usd("1.4")),
    ]
    # A copy of the first word that comes late takes nothing back.
    assert w.settle(usd("1.4"), evidence="billing_event", external_id="evt-1", note="late").charged == usd("0")
    w.sound()


def test_a_refund_after_the_month_lands_where_the_charge_did() -> None:
    w = world()
    w.ledger.set_budget("acme/c7", usd("3"), window="month")
    w.submitted()
    w.settle(usd("1.4"))
    w.clock.forward(days=20)
    w.settle(usd("0.7"), evidence="invoice")
    assert w.budget("acme/c7") == (usd("0"), usd("0"), usd("3"))
    assert w.budget("acme")[0] == usd("0.7")
    w.clock.forward(days=-20)
    w.sound()


def test_a_late_charge_after_release_is_named_and_taken_back_again() -> None:
    w = in_state("released")
    job = w.settle(usd("1.4"), evidence="billing_event")
    assert (job.state, job.reason) == ("settled", "a charge came after the job was released")
    assert w.settle(usd("0"), evidence="invoice", delivered=0).charged == usd("0")
    w.sound()
