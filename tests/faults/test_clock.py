"""Clocks that jump, days that are short or long, periods that end under open holds, limits cut below what is held."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger import Ledger
from pricing import usd
from tests.ledger import world as worlds
from tests.ledger.world import Clock, World, quote


def opened(url: str, now: datetime, **terms: object) -> World:
    clock = Clock(now)
    ledger = Ledger.open(url, clock=clock)
    worlds._open.append(ledger)  # pyright: ignore[reportPrivateUsage]
    ledger.set_budget("acme", usd("10"), **terms)  # type: ignore[arg-type]
    return World(ledger, clock)


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_clock_set_back_moves_nothing_back(place: str) -> None:
    """Better than ledger-anchors §10 asks: of this process no instant is earlier than one before it."""
    w = opened(place, NOON)
    w.hold("j1", expires_in_s=60)
    w.clock.now = NOON - timedelta(days=400)
    w.hold("j2", expires_in_s=60)
    assert w.job("j2").created_at == NOON
    assert w.ledger.expire() == ()
    w.begin("j1")
    w.settle(usd("1.4"))
    assert {event.at for event in w.ledger.timeline("j1")} == {NOON}
    w.sound()


def test_a_clock_set_forward_ends_nothing_that_may_have_been_sent(place: str) -> None:
    w = opened(place, NOON)
    w.submitted("j1", "a1")
    w.hold("j2")
    w.begin("j2", "a2")
    w.hold("j3")
    w.clock.now = NOON + timedelta(days=4000)
    assert w.ledger.expire() == ("j3",)
    assert w.ledger.expire() == ()
    w.clock.now = NOON
    assert w.hold("j3", key="key-j3").replayed
    assert [w.state(job) for job in ("j1", "j2", "j3")] == ["submitted", "submitting", "expired"]
    w.sound()


@pytest.mark.usefixtures("postgres")
def test_a_server_whose_clock_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's wall clock says nothing: the server's does."""
    w = World(Ledger.open(worlds.postgres_url()))
    worlds._open.append(w.ledger)  # pyright: ignore[reportPrivateUsage]
    w.ledger.set_budget("acme", usd("10"))
    monkeypatch.setattr("time.time_ns", lambda: 0)
    monkeypatch.setattr("time.time", lambda: 0.0)
    w.hold("j1")
    assert w.job("j1").created_at.year > 2020
    assert w.ledger.expire() == ()


DAYS = [
    ("Europe/Berlin", datetime(2026, 3, 29, 0, 30, tzinfo=UTC), 23),
    ("Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 25),
    ("America/Santiago", datetime(2026, 9, 6, 12, tzinfo=UTC), 23),  # its midnight is skipped
    ("UTC", datetime(2028, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC), 24),
]


@pytest.mark.parametrize(("tz", "at", "hours"), DAYS)
def test_a_days_limit_is_for_the_whole_day_and_no_other(place: str, tz: str, at: datetime, hours: int) -> None:
    w = opened(place, at, window="day", tz=tz)
    (day,) = w.ledger.all_budgets()
    assert day.period_start is not None
    assert day.period_end is not None
    assert day.period_end - day.period_start == timedelta(hours=hours)
    for n, instant in enumerate([day.period_end - timedelta(microseconds=1), day.period_end]):
        w.clock.now = instant
        first, second = w.hold(f"a{n}", price=quote("8")), w.hold(f"b{n}", price=quote("8"))
        assert (first.refused is None, second.refused is None) == (True, False)
    w.sound()


def test_a_leap_day_belongs_to_february(place: str) -> None:
    w = opened(place, datetime(2028, 2, 29, 12, tzinfo=UTC), window="month")
    w.submitted(price=quote("8"))
    w.clock.now = datetime(2028, 3, 1, tzinfo=UTC)
    assert w.hold("j2", price=quote("8")).refused is None  # March has its own
    w.settle(usd("8"))
    march = w.ledger.all_budgets()[0]
    assert (march.spent, march.held) == (usd("0"), usd("8"))  # what was granted in February is charged to it
    w.sound()


def test_a_period_that_ends_under_open_holds(place: str) -> None:
    """Each verb of a job lands in the period it was granted in, as often as periods turn meanwhile."""
    w = opened(place, datetime(2026, 11, 30, 23, 59, tzinfo=UTC), window="month")
    for n in range(5):
        w.hold(f"j{n}", price=quote("1.40"), expires_in_s=10**8)
    w.clock.now = datetime(2027, 1, 15, tzinfo=UTC)
    assert w.begin("j0", "a0", price=quote("4.40")).refused is None  # 10 - 5 × 1.40 is left of November
    assert w.begin("j1", "a1", price=quote("1.50")).refused is not None
    assert w.ledger.extend("j2", to=usd("1.50")).refused is not None
    w.settle(usd("4.4"), "j0", "a0")
    w.ledger.release(job="j3", reason="")
    january = w.ledger.all_budgets()[0]
    assert (january.spent, january.held) == (usd("0"), usd("0"))
    assert w.hold("j9", price=quote("10")).refused is None
    w.sound()


def test_a_limit_cut_below_what_is_held(place: str) -> None:
    """ledger-anchors §10: allowed; new holds are refused, open ones finish."""
    w = opened(place, NOON)
    for n in range(5):
        w.submitted(f"j{n}", f"a{n}", price=quote("2"))
    w.ledger.set_budget("acme", usd("3"))
    assert w.budget() == (usd("0"), usd("10"), usd("-7"))
    refused = w.hold("j9", price=quote("0.01")).refused
    assert refused is not None
    assert refused.reason == "budget"
    for n in range(5):
        assert w.settle(usd("2"), f"j{n}", f"a{n}").state == "settled"
    assert w.budget() == (usd("10"), usd("0"), usd("-7"))
    w.sound()
