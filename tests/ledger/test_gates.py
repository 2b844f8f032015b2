"""A person's word on a budget: frozen, closed, opened again."""

from typing import Any

import pytest

from pricing import usd

from .terming import refused, told
from .world import dump, quote, world


def test_a_frozen_budget_lets_no_new_hold_in_and_all_else_goes_on() -> None:
    w = world()
    w.submitted("j1", "a1")
    w.hold("j2")
    (budget,) = w.ledger.freeze("acme", author="ann", note="audit")
    assert (budget.gate, budget.available) == ("frozen", usd("97.2"))
    assert refused(w) == ("frozen", "acme")
    assert w.begin("j2", "a2").refused is None, "its money was set aside before"
    assert w.settle(usd("1.54")).charged == usd("1.54"), "a charge past the hold is recorded all the same"
    room = w.ledger.headroom("acme/c7")
    assert room is not None
    assert room.gate == "frozen"
    w.sound()
    w.ledger.open_budget("acme", author="ann")
    assert w.hold("j3").refused is None
    w.sound()


def test_a_frozen_budget_raises_no_hold() -> None:
    w = world()
    w.hold("j1")
    w.ledger.freeze("acme", author="ann")
    no = w.begin("j1", "a1", price=quote("2.80")).refused
    assert no is not None
    assert no.reason == "frozen"
    assert (w.state("j1"), w.budget()[1]) == ("held", usd("1.4"))
    w.sound()


def test_a_closed_budget_says_so_and_can_be_opened() -> None:
    w = world()
    w.ledger.close_budget("acme", author="ann")
    no = w.hold("j1").refused
    assert no is not None
    assert (no.reason, no.detail) == (
        "closed", "the budget of acme is closed; let holds in again: faregate budget open acme",
    )  # fmt: skip
    w.ledger.open_budget("acme", author="ann")
    assert w.hold("j1").refused is None


def test_a_gate_is_of_one_budget_of_the_chain_only() -> None:
    w = world()
    w.ledger.set_budget("acme/c7", usd("5"))
    w.ledger.set_budget("acme/c7", usd("5"), window="day")
    days = w.ledger.freeze("acme/c7", author="ann", window="day")
    assert [one.window for one in days] == ["day"]
    assert refused(w) == ("frozen", "acme/c7")
    assert w.hold("other", scope="acme/c8").refused is None
    w.ledger.open_budget("acme/c7", author="ann", window="total")  # was open: nothing to do
    assert refused(w) == ("frozen", "acme/c7")
    both = w.ledger.open_budget("acme/c7", author="ann")
    assert [one.gate for one in both] == ["open", "open"]
    assert told(w, "acme/c7") == [("set", None), ("set", None), ("frozen", None), ("open", None)]
    w.sound()


def test_a_gate_is_of_later_periods_too() -> None:
    w = world(None)
    w.ledger.set_budget("acme/c7", usd("5"), window="day")
    w.ledger.freeze("acme/c7", author="ann")
    w.clock.forward(days=3)
    assert refused(w) == ("frozen", "acme/c7")
    assert [one.gate for one in w.ledger.budgets("acme/c7")] == ["open", "frozen"]
    w.clock.forward(days=1)
    w.ledger.open_budget("acme/c7", author="ann")
    assert w.hold("j1").refused is None
    w.sound()


@pytest.mark.parametrize("verb", ["freeze", "close_budget", "open_budget"])
def test_saying_it_again_changes_nothing(verb: str) -> None:
    w = world()
    say = getattr(w.ledger, verb)
    w.ledger.freeze("acme", author="ann")
    say("acme", author="ann", note="x")
    before = dump(w.ledger)
    say("acme", author="ben", note="y")
    assert dump(w.ledger) == before


@pytest.mark.parametrize(
    ("scope", "more"),
    [
        ("acme/c7", {}),
        ("acme", {"window": "day"}),
        ("acme", {"window": "year"}),
        ("acme", {"author": " "}),
        ("a b", {}),
    ],
)
def test_bad_gates(scope: str, more: dict[str, Any]) -> None:
    words: dict[str, Any] = {"author": "ann"} | more
    w = world()
    before = dump(w.ledger)
    with pytest.raises(ValueError, match=r"acme|year|author|scope") as caught:
        w.ledger.freeze(scope, **words)
    assert "\n" not in str(caught.value)
    assert dump(w.ledger) == before


def test_who_and_why_are_kept() -> None:
    w = world("7")
    w.hold("j1")
    w.ledger.set_budget("acme", usd("9"), author="ann", note="more \ud800")
    w.ledger.freeze("acme", author="ben", note="audit")
    first, raised, frozen = w.ledger.notices()
    assert (first.kind, first.limit, first.held, first.author) == ("set", usd("7"), usd("0"), "")
    assert (raised.limit, raised.held, raised.author, raised.note) == (usd("9"), usd("1.4"), "ann", "more \\ud800")
    assert (frozen.kind, frozen.author, frozen.note, frozen.at) == ("frozen", "ben", "audit", w.clock.now)
