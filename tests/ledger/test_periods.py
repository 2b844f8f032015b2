"""Periods roll over, also when a zone's rules change, and when several write at once."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from ledger import BadBudget, Ledger
from ledger.instants import bounds, micros
from pricing import Money, usd

from .terming import together, told
from .world import Clock, World, credit, dump, fresh_url, quote, raw, world


def test_a_period_rolls_over_with_open_holds() -> None:
    w = world(None)
    w.ledger.set_budget("acme/c7", usd("2"), window="day")
    w.submitted("j1", "a1")
    w.clock.forward(days=1)
    today = w.ledger.budgets("acme/c7")[1]
    assert (today.held, today.available) == (usd("0"), usd("2"))
    assert w.hold("j2").refused is None
    w.settle(usd("1.9"))  # lands where it was granted
    today = w.ledger.budgets("acme/c7")[1]
    assert (today.spent, today.held) == (usd("0"), usd("1.4"))
    w.sound()
    assert told(w, "acme/c7") == [("set", None), ("threshold", 50), ("threshold", 80)]
    assert w.ledger.notices("acme/c7")[1].period_start == datetime(2026, 11, 20, tzinfo=UTC)


def test_two_weeks_of_one_scope_begin_on_different_days() -> None:
    w = world()
    monday = w.ledger.set_budget("acme", usd("9"), window="week")
    sunday = w.ledger.set_budget("acme", usd("8"), window="week", week_start="sunday", tz="America/New_York")
    assert (monday.week_start, sunday.week_start) == ("monday", "sunday")
    assert monday.period_start == datetime(2026, 11, 16, tzinfo=UTC)
    assert sunday.period_start == datetime(2026, 11, 15, 5, tzinfo=UTC)
    assert len(w.ledger.all_budgets()) == 3
    w.clock.now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    w.hold("j1")
    assert [one.held for one in w.ledger.budgets("acme")] == [usd("1.4")] * 3
    w.sound()


def test_an_instant_that_the_old_day_had_is_held_in_the_new_one() -> None:
    """In St. John's the clocks went back from 0:01: no period had held that hour, and a hold asked for one for ever."""
    clock = Clock(datetime(2009, 11, 1, 2, 20, tzinfo=UTC))
    with Ledger.open(fresh_url(), clock=clock) as ledger:
        w = World(ledger, clock)
        ledger.set_budget("acme/c7", usd("2"), window="day", tz="America/St_Johns")
        for n in range(3):  # 23:50, 0:00, and 23:10 once more
            assert w.hold(f"j{n}", price=quote("0.20")).refused is None
            clock.forward(minutes=10 if n == 0 else 40)
        assert w.budget("acme/c7")[1] == usd("0.4")
        w.sound()


@pytest.mark.parametrize("hours", [-3, 3])
@pytest.mark.parametrize(("window", "day"), [("day", 20), ("week", 16), ("month", 1)])
def test_each_hold_has_one_period_when_the_rules_of_a_zone_change(
    window: Any, day: int, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = world(None)
    w.ledger.set_budget("acme/c7", usd("2"), window=window)

    def moved(window: Any, tz: str, at: int, week_start: str = "") -> tuple[int, int]:
        shift = hours * 3_600_000_000
        start, end = bounds(window, tz, at - shift, week_start)
        return (start, end) if window == "total" else (start + shift, end + shift)

    monkeypatch.setattr("ledger.budget.budgets.bounds", moved)
    for n in range(4):
        w.clock.forward(**{"hours" if window == "day" else "days": 12})
        assert w.hold(f"j{n}", price=quote("0.20")).refused is None
    rows = sorted(row[2:4] for row in dump(w.ledger)["period"] if row[1] == 2)
    assert len(rows) >= (2 if window == "month" else 3)
    assert all(one[1] <= after[0] for one, after in pairwise(rows)), rows
    granted = [micros(one.created_at) for one in w.ledger.jobs()]
    assert all(sum(start <= at < end for start, end in rows) == 1 for at in granted)
    assert rows[0][0] == micros(datetime(2026, 11, day, tzinfo=UTC))
    w.sound()


@pytest.mark.parametrize("change", ["ends_at = ends_at + 3600000000", "ends_at = ends_at - 60000000"])
def test_periods_that_overlap_or_end_at_odd_times_are_faults(change: str) -> None:
    w = world()
    w.ledger.set_budget("acme", usd("2"), window="day")
    w.clock.forward(days=1)
    w.hold("j1")
    raw(w.ledger, f"UPDATE period SET {change} WHERE budget_id = 2")  # noqa: S608  # our own
    assert any("ends_at" in fault for fault in w.ledger.verify().faults)


def test_two_budgets_of_one_chain_made_at_once_share_a_currency() -> None:
    w = world()

    def make(scope: str, limit: Money) -> Any:
        return lambda: w.ledger.set_budget(scope, limit)

    for n in range(10):
        answers = together(make(f"t{n}", usd("1")), make(f"t{n}/x", credit("1")))
        assert sum(isinstance(one, BadBudget) for one in answers) == 1, answers
    w.sound()


def test_many_open_a_period_at_once() -> None:
    w = world("100")
    for window in ("month", "day"):
        w.ledger.set_budget("acme", usd("100"), window=window)
    for n in range(5):
        w.clock.forward(days=20)
        answers = together(*(lambda n=n, k=k: w.hold(f"j{n}-{k}") for k in range(6)))
        assert [getattr(one, "refused", one) for one in answers] == [None] * 6
        today = w.ledger.budgets("acme")[2]
        assert today.held == usd("8.4")
    w.sound()


def test_terms_change_while_others_spend() -> None:
    w = world("1000")
    w.ledger.set_budget("acme/c7", usd("100"), overrun="freeze")

    def spend(name: str) -> None:
        for n in range(8):
            if w.hold(f"{name}{n}").refused is None:
                w.begin(f"{name}{n}", f"a{name}{n}")
                w.settle(usd("1.54"), f"{name}{n}", f"a{name}{n}")

    def change() -> None:
        for n in range(8):
            w.ledger.set_budget("acme/c7", usd(5 + 3 * n), author="ann")
            (w.ledger.freeze if n % 2 else w.ledger.open_budget)("acme/c7", author="ann")

    assert together(lambda: spend("x"), lambda: spend("y"), change) == [None] * 3
    w.sound()
