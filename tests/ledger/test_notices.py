"""Thresholds: the notices tell of each once."""

import threading

import pytest

from ledger import Notice
from pricing import usd

from .terming import charge, refused, together, told
from .world import dump, quote, world


def test_each_threshold_is_noticed_once_a_period() -> None:
    w = world()
    w.ledger.set_budget("acme/c7", usd("10"), window="day")
    charge(w, "j1", "4.9")
    assert told(w, "acme/c7") == [("set", None)]
    charge(w, "j2", "0.1")
    charge(w, "j3", "3.4")
    w.settle(usd("0.2"), "j3", "a-j3", evidence="invoice", delivered=0)  # parked
    w.settle(usd("2.0"), "j3", "a-j3", evidence="invoice")  # back below 80 %
    w.settle(usd("3.4"), "j3", "a-j3", evidence="invoice", external_id="again")
    steps = [("threshold", 50), ("threshold", 80)]
    assert told(w, "acme/c7") == [("set", None), *steps]
    w.clock.forward(days=1)
    charge(w, "j4", "9.99")
    charge(w, "j5", "0.01")
    assert told(w, "acme/c7") == [("set", None), *steps, *steps, ("threshold", 100)]
    w.sound()


def test_one_charge_may_pass_several() -> None:
    w = world()
    w.ledger.set_budget("acme/c7", usd("10"))
    charge(w, "j1", "10")
    notices = w.ledger.notices("acme/c7")
    assert [one.threshold for one in notices] == [None, 50, 80, 100]
    assert {one.spent for one in notices[1:]} == {usd("10")}
    assert notices[1].at == w.clock.now
    assert w.ledger.budgets("acme/c7")[1].gate == "open", "all of it is not more than it"


def test_new_terms_notice_anew() -> None:
    w = world()
    w.ledger.set_budget("acme/c7", usd("10"))
    charge(w, "j1", "6")
    w.ledger.set_budget("acme/c7", usd("20"))
    charge(w, "j2", "4")
    assert told(w, "acme/c7") == [("set", None), ("threshold", 50), ("set", None), ("threshold", 50)]
    w.ledger.set_budget("acme/c7", usd("10.01"))  # cut to what is nearly spent: 80 % is passed by it
    assert told(w, "acme/c7")[4:] == [("threshold", 80), ("set", None)]
    w.sound()


def test_terms_that_do_not_differ_are_no_news() -> None:
    w = world("7")
    charge(w, "j1", "6")
    before = dump(w.ledger)
    w.ledger.set_budget("acme", usd("7"), author="ben")
    assert dump(w.ledger)["notice"] == before["notice"]


def test_a_budget_made_late_tells_what_is_passed_already() -> None:
    w = world()
    charge(w, "j1", "6")
    made = w.ledger.set_budget("acme/c7", usd("5"))
    assert made.gate == "over"
    assert set(told(w, "acme/c7")) == {
        ("threshold", 50), ("threshold", 80), ("threshold", 100), ("over", None), ("set", None),
    }  # fmt: skip
    assert len(told(w, "acme/c7")) == 5
    w.sound()


def test_a_limit_of_nothing_and_one_that_fills_64_bits() -> None:
    """Products of a limit and a per cent would leave 64 bits."""
    w = world(None)
    w.ledger.set_budget("acme/c7", usd("9000000000"))
    w.ledger.set_budget("acme/c8", usd("0"))
    charge(w, "j1", "4600000000")
    assert told(w, "acme/c7") == [("set", None), ("threshold", 50)]
    assert refused(w, "j2", scope="acme/c8") == ("budget", "acme/c8")
    w.sound()


def test_notices_go_on_from_a_number_and_are_of_a_scope_and_below() -> None:
    w = world()
    for scope in ("acme/c7", "acme/c7/x", "acme/c70"):
        w.ledger.set_budget(scope, usd("5"))
    every = w.ledger.notices()
    assert [one.scope for one in every] == ["acme", "acme/c7", "acme/c7/x", "acme/c70"]
    assert w.ledger.notices(after=every[1].id) == every[2:]
    assert [one.scope for one in w.ledger.notices("acme/c7")] == ["acme/c7", "acme/c7/x"]
    assert w.ledger.notices("nobody") == ()
    with pytest.raises(ValueError, match="is not a scope"):
        w.ledger.notices("a b")


def test_a_reader_that_goes_on_from_the_last_number_misses_no_notice() -> None:
    """On PostgreSQL a lower number may be committed later."""
    w = world("1000")
    seen: list[Notice] = []
    done = threading.Event()

    def read() -> None:
        while True:
            last = done.is_set()
            seen.extend(w.ledger.notices(after=seen[-1].id if seen else 0))
            if last:
                return

    def write(name: str) -> None:
        for n in range(12):
            w.ledger.set_budget(name, usd("5.5") * (n + 1))
            w.hold(f"{name}{n}", scope=name, price=quote("5.5"))
            w.begin(f"{name}{n}", f"a{name}{n}", price=quote("5.5"))
            w.settle(usd("5.5"), f"{name}{n}", f"a{name}{n}")

    def writing() -> None:
        assert together(*(lambda name=name: write(name) for name in ("p", "q", "r"))) == [None] * 3
        done.set()

    assert together(read, writing) == [None] * 2
    assert tuple(seen) == w.ledger.notices()
    assert len(seen) == 88
