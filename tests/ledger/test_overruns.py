"""A charge past the limit: what each policy lets in after it."""

from typing import Any

from pricing import usd

from .terming import charge, refused, told
from .world import World, quote, world


def over(w: World, policy: Any, window: Any = "total") -> None:
    """A budget of 2 whose one job was held for 1.40 and is charged 2.20."""
    w.ledger.set_budget("acme/c7", usd("2"), overrun=policy, window=window)
    charge(w, "j1", "2.20", price="1.40")


def test_freeze_keeps_holds_out_until_a_person_looks() -> None:
    w = world()
    over(w, "freeze")
    no = w.hold("j2", price=quote("0.01", rate="0.01")).refused
    assert no is not None
    assert (no.reason, no.scope, no.available) == ("frozen", "acme/c7", usd("-0.2"))
    assert no.detail.startswith("acme/c7 is frozen: 2.20 USD was charged of its limit 2.00 USD; raise it, or: faregate")
    w.settle(usd("0.50"), "j1", "a-j1", evidence="billing_event", delivered=0)  # parked: half of what was quoted
    w.settle(usd("1.40"), "j1", "a-j1", evidence="invoice")
    assert w.budget("acme/c7")[2] == usd("0.6")
    assert refused(w, "j3") == ("frozen", "acme/c7"), "a refund does not open it"
    w.sound()
    w.ledger.open_budget("acme/c7", author="ann")
    assert w.hold("j4", price=quote("0.60")).refused is None
    w.sound()


def test_a_raised_limit_opens_it_and_a_cut_below_what_was_spent_shuts_it() -> None:
    w = world()
    over(w, "freeze")
    assert w.ledger.set_budget("acme/c7", usd("2.1")).gate == "over"
    assert w.ledger.set_budget("acme/c7", usd("5")).gate == "open"
    assert w.hold("j2").refused is None
    w.sound()
    assert w.ledger.set_budget("acme/c7", usd("1")).gate == "over"
    w.sound()
    assert w.ledger.set_budget("acme/c7", usd("1"), overrun="allow_to_limit").gate == "open"
    w.sound()


def test_what_a_person_opened_only_a_new_charge_shuts() -> None:
    w = world()
    over(w, "freeze")
    w.ledger.open_budget("acme/c7", author="ann")
    w.ledger.set_budget("acme", usd("90"))  # of another budget
    w.hold("j2", scope="acme/c8")
    w.ledger.release(job="j2", reason="r")
    assert w.ledger.budgets("acme/c7")[1].gate == "open"
    assert refused(w, "j3") == ("budget", "acme/c7"), "open, but without room"
    w.settle(usd("2.30"), "j1", "a-j1", evidence="invoice")
    assert w.ledger.budgets("acme/c7")[1].gate == "over"
    assert [one.kind for one in w.ledger.notices("acme/c7")].count("over") == 2
    w.sound()


def test_a_release_does_not_shut_what_a_person_opened() -> None:
    w = world()
    w.ledger.set_budget("acme/c7", usd("3"), overrun="freeze")
    w.hold("j2")
    charge(w, "j1", "3.10", price="1.60")
    w.ledger.open_budget("acme/c7", author="ann")
    w.ledger.release(job="j2", reason="r")
    assert w.ledger.budgets("acme/c7")[1].gate == "open"
    w.sound()


def test_allow_to_limit_lets_in_what_fits_again() -> None:
    w = world()
    over(w, "allow_to_limit")
    assert refused(w, "j2") == ("budget", "acme/c7")
    w.settle(usd("1.40"), "j1", "a-j1", evidence="invoice")
    assert w.hold("j3", price=quote("0.60")).refused is None
    assert ("over", None) not in told(w)
    w.sound()


def test_alert_lets_all_in_and_tells() -> None:
    w = world()
    over(w, "alert")
    assert w.hold("j2", price=quote("50")).refused is None
    assert told(w, "acme/c7") == [("set", None), ("threshold", 50), ("threshold", 80), ("threshold", 100)]
    room = w.ledger.headroom("acme/c7")
    assert room is not None
    assert (room.scope, room.available) == ("acme", usd("47.8"))
    assert refused(w, "j3", price=quote("50")) == ("budget", "acme"), "the budget above still limits"
    w.ledger.freeze("acme/c7", author="ann")
    assert refused(w, "j4") == ("frozen", "acme/c7")
    w.sound()


def test_an_overrun_ends_with_its_period() -> None:
    w = world()
    over(w, "freeze", "day")
    assert refused(w, "j2") == ("frozen", "acme/c7")
    w.clock.forward(days=1)
    assert w.hold("j3").refused is None
    w.sound()


def test_a_policy_that_is_not_named_stays() -> None:
    w = world()
    made = w.ledger.set_budget("acme/c7", usd("2"))
    assert made.overrun == "freeze"
    w.ledger.set_budget("acme/c7", usd("2"), overrun="alert")
    assert w.ledger.set_budget("acme/c7", usd("3")).overrun == "alert"


def test_a_period_keeps_the_policy_that_it_ended_with() -> None:
    """A hold is raised in the period it was granted in, by the terms of then; by those of now it was tried for ever."""
    w = world()
    w.ledger.set_budget("acme/c7", usd("2"), window="day", overrun="freeze")
    w.hold("j1", expires_in_s=10**6)
    w.clock.forward(days=1)
    w.ledger.set_budget("acme/c7", usd("2"), window="day", overrun="alert")
    no = w.begin("j1", "a1", price=quote("2.80")).refused
    assert no is not None
    assert (no.reason, no.scope) == ("budget", "acme/c7")
    w.sound()
