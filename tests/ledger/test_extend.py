"""Extend: more money for a job, or more time, through the same door as a hold."""

from datetime import timedelta

import pytest

from ledger import BadRequest, UnknownJob
from pricing import Money, usd

from .test_settling import in_state
from .world import credit, credits_quote, dump, quote, world


@pytest.mark.parametrize("state", ["held", "submitting", "submitted", "unknown"])
def test_more_is_held_in_every_open_state_and_the_same_again_changes_nothing(state: str) -> None:
    w = in_state(state)
    assert w.ledger.extend("j1", to=usd("2")).refused is None
    job = w.job()
    assert (job.state, job.open, job.held, w.budget()[1]) == (state, usd("2"), usd("2"), usd("2"))
    event = w.ledger.timeline("j1")[-1]
    assert (event.kind, event.detail) == ("extend", "hold raised to 2.00 USD")
    before = dump(w.ledger)
    for less in ("2", "1.9", "0"):
        assert w.ledger.extend("j1", to=usd(less)).replayed
    assert dump(w.ledger) == before
    w.sound()


@pytest.mark.parametrize("state", ["settled", "released", "expired", "written_off"])
def test_what_has_ended_is_not_extended(state: str) -> None:
    w = in_state(state)
    before = dump(w.ledger)
    no = w.ledger.extend("j1", to=usd("2"), expires_in_s=60).refused
    assert no is not None
    assert (no.reason, no.detail) == ("moved", f"job j1 is {state}: nothing is held for it that could be extended")
    assert dump(w.ledger) == before


def test_it_is_refused_like_a_hold_by_the_tightest_budget_of_the_chain() -> None:
    w = world("100")
    w.ledger.set_budget("acme/c7", usd("2"))
    w.hold()
    no = w.ledger.extend("j1", to=usd("2.5"), expires_in_s=6000).refused
    assert no is not None
    assert (no.reason, no.scope, no.available, no.asked) == ("budget", "acme/c7", usd("0.6"), usd("1.1"))
    assert (w.job().open, w.budget("acme")[1]) == (usd("1.4"), usd("1.4"))
    assert w.job().expires_at == w.clock() + timedelta(seconds=600)
    assert w.ledger.extend("j1", to=usd("2")).refused is None
    assert w.budget("acme")[1] == w.budget("acme/c7")[1] == usd("2")
    w.sound()


def test_a_frozen_budget_gives_time_but_no_money() -> None:
    w = world()
    w.hold()
    w.ledger.freeze("acme", author="ann")
    no = w.ledger.extend("j1", to=usd("2")).refused
    assert no is not None
    assert no.reason == "frozen"
    assert w.ledger.extend("j1", expires_in_s=6000).refused is None
    w.sound()


def test_lapsed_holds_make_room_but_never_its_own() -> None:
    w = world("3")
    w.hold("j1", expires_in_s=10)
    w.hold("j2", expires_in_s=10)
    w.clock.forward(seconds=11)
    assert w.ledger.extend("j2", to=usd("2.8")).refused is None
    assert (w.state("j1"), w.state("j2"), w.budget()[1]) == ("expired", "held", usd("2.8"))
    w.sound()


def test_a_hold_lapses_later_and_never_earlier() -> None:
    w = world()
    w.hold(expires_in_s=600)
    ends = w.clock() + timedelta(seconds=900)
    assert w.ledger.extend("j1", expires_in_s=900).refused is None
    assert w.job().expires_at == ends
    assert w.ledger.timeline("j1")[-1].detail == f"lapses at {ends:%Y-%m-%d %H:%M:%S}Z"
    before = dump(w.ledger)
    assert w.ledger.extend("j1", expires_in_s=60).replayed
    assert w.ledger.extend("j1", expires_in_s=900).replayed
    assert dump(w.ledger) == before
    w.clock.forward(seconds=899)
    assert w.ledger.expire() == ()
    w.clock.forward(seconds=1)
    assert w.ledger.expire() == ("j1",)
    w.sound()


def test_it_lands_in_the_period_of_the_grant() -> None:
    w = world()
    w.ledger.set_budget("acme/c7", usd("3"), window="month")
    w.hold(expires_in_s=86_400 * 40)
    w.clock.forward(days=20)
    assert w.ledger.extend("j1", to=usd("3")).refused is None
    assert w.budget("acme/c7") == (usd("0"), usd("0"), usd("3"))
    assert w.ledger.extend("j1", to=usd("3.01")).refused is not None
    w.clock.forward(days=-20)
    w.sound()


def test_what_was_raised_is_given_back_by_the_charge() -> None:
    w = in_state("submitted")
    w.ledger.extend("j1", to=usd("5"))
    job = w.settle(usd("1.4"))
    assert (job.state, job.open, job.held, w.budget()) == (
        "settled", usd("0"), usd("5"), (usd("1.4"), usd("0"), usd("98.6")),
    )  # fmt: skip
    w.sound()


def test_a_dearer_attempt_takes_from_what_was_raised() -> None:
    w = world("3")
    w.hold()
    w.ledger.extend("j1", to=usd("3"))
    assert w.begin(price=quote("2.80")).refused is None
    assert w.budget()[1] == usd("3")
    w.sound()


def test_money_of_the_jobs_own_currency_only() -> None:
    w = world()
    w.hold(price=credits_quote("11"))
    no = w.ledger.extend("j1", to=credit("12")).refused
    assert no is not None
    assert (no.reason, no.detail) == ("currency", "job j1 is held in USD, not in creatify-credit")
    w.sound()


def test_bad_extensions() -> None:
    w = world()
    w.hold()
    before = dump(w.ledger)
    with pytest.raises(BadRequest, match="say to, expires_in_s or both"):
        w.ledger.extend("j1")
    for seconds in (0, -5, 10**9):
        with pytest.raises(BadRequest):
            w.ledger.extend("j1", expires_in_s=seconds)
    with pytest.raises(UnknownJob):
        w.ledger.extend("nope", to=usd("2"))
    assert dump(w.ledger) == before
    no = w.ledger.extend("j1", to=Money(2**63 - 1, "USD")).refused
    assert no is not None
    assert no.reason == "budget"
    w.sound()
