"""A budget's terms: gates, policies on overrun, thresholds; and that the notices tell of each once."""

import threading
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from ledger import BadBudget, Ledger, Notice
from ledger.instants import bounds, micros
from pricing import Money, usd

from .world import Clock, World, credit, dump, fresh_url, quote, raw, world


def told(w: World, scope: str | None = "acme") -> list[tuple[str, int | None]]:
    return [(one.kind, one.threshold) for one in w.ledger.notices(scope)]


def charge(w: World, job: str, amount: str, *, price: str | None = None) -> None:
    """A job that was quoted so much, or what it cost, and is settled."""
    w.submitted(job, f"a-{job}", price=quote(price or amount, rate="0.1"))
    w.settle(usd(amount), job, f"a-{job}")


def refused(w: World, job: str = "no", **more: Any) -> tuple[str, str]:
    no = w.hold(job, **more).refused
    assert no is not None
    return no.reason, no.scope


# --- a person's word ---


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


# --- a charge past the limit ---


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


# --- thresholds ---


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


# --- periods ---


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


# --- several at once ---


def together(*acts: Any) -> list[object]:
    """What each answered, or the error it raised."""
    ready, answers = threading.Barrier(len(acts)), list[object]()

    def run(act: Any) -> None:
        ready.wait()
        try:
            answers.append(act())
        except Exception as error:  # it is looked at
            answers.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    return answers


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
