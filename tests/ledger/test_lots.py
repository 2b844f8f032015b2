"""Credits bought in advance: which lot pays, at what cost, what expires; no nano is lost or made up, in any order."""

import threading
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given

from ledger import BadLot, CreditLot, Credits, Ledger
from ledger.credit.drawing import Draw, Lot, give_back, take
from pricing import Money, usd
from tests.strategies import CreditAct, credit_acts

from .acting import examples
from .world import World, credit, credits_quote, dump, world

DAY = timedelta(days=1)


def buy(
    w: World, lot: str, quantity: str = "10", cost: str = "1", *, days: int | None = None, **more: object
) -> CreditLot:
    expires = None if days is None else w.clock.now + days * DAY
    arguments: dict[str, object] = {"expires_at": expires} | more
    return w.ledger.buy_credits("fal", credit(quantity), usd(cost), lot=lot, **arguments)  # type: ignore[arg-type]


def charge(w: World, amount: str, job: str = "j1", *, revision: int = 0) -> None:
    """Bring what a job of 1 to 80 credits cost to the ledger; a later revision takes the place of an earlier one."""
    if w.ledger.job(job) is None:
        w.submitted(job, f"a-{job}", price=credits_quote("20", low="1", high="40"))
    delivered = 0 if amount == "0" else 1
    w.settle(credit(amount), job, f"a-{job}", evidence="invoice", revision=revision, delivered=delivered)


def left(w: World) -> dict[str, tuple[Money, Money]]:
    return {lot.id: (lot.remaining, lot.remaining_cost) for one in w.ledger.credits() for lot in one.lots}


def only(w: World) -> Credits:
    (one,) = w.ledger.credits("fal")
    return one


def test_a_charge_is_drawn_by_priority_then_expiry_then_cost_then_age() -> None:
    w = world("1000")
    buy(w, "last", priority=1)
    buy(w, "old")
    w.clock.forward(seconds=1)
    buy(w, "young")
    buy(w, "cheap", cost="0.50")
    buy(w, "soon", cost="9", days=3)
    buy(w, "sooner", cost="9", days=2)
    buy(w, "first", priority=-1)
    assert [lot.id for lot in only(w).lots] == ["first", "sooner", "soon", "cheap", "old", "young", "last"]
    for number in range(14):
        charge(w, "5", f"j{number}")
    assert w.ledger.draw_credits("fal") == 14
    drawn = [row[2] for row in dump(w.ledger)["draw"] if row[3] > 0]
    assert [drawn[n] for n in range(0, 14, 2)] == ["first", "sooner", "soon", "cheap", "old", "young", "last"]
    assert drawn[::2] == drawn[1::2]
    w.sound()


def test_the_draw_that_empties_a_lot_takes_its_remaining_cost() -> None:
    w = world("1000")
    buy(w, "third", "3", "1")
    costs: list[Money] = []
    for number in range(3):
        before = left(w)["third"][1]
        charge(w, "1", f"j{number}")
        w.ledger.draw_credits("fal")
        costs.append(before - left(w)["third"][1])
    assert costs == [usd("0.333333333"), usd("0.333333334"), usd("0.333333333")]
    assert left(w)["third"] == (credit("0"), usd("0"))


def test_a_charge_larger_than_all_lots_is_shown_as_uncovered() -> None:
    w = world("1000")
    buy(w, "a", "4")
    charge(w, "10")
    assert (only(w).undrawn, only(w).uncovered, only(w).remaining) == (credit("10"), credit("0"), credit("4"))
    w.ledger.draw_credits("fal")
    assert (only(w).undrawn, only(w).uncovered, only(w).remaining) == (credit("0"), credit("6"), credit("0"))
    charge(w, "7", revision=1)  # three back: first of what no lot covered
    w.ledger.draw_credits("fal")
    assert (only(w).uncovered, left(w)["a"]) == (credit("3"), (credit("0"), usd("0")))
    w.sound()


def test_a_lot_that_was_booked_late_covers_what_nothing_covered() -> None:
    w = world("1000")
    buy(w, "a", "4")
    charge(w, "10")
    w.ledger.draw_credits("fal")
    w.clock.forward(days=1)
    buy(w, "of today", "100", "1")
    assert w.ledger.draw_credits("fal") == 0
    buy(w, "of last week", "100", "50", effective_at=w.clock.now - 7 * DAY)
    assert w.ledger.draw_credits("fal") == 1
    assert (only(w).uncovered, left(w)["of last week"]) == (credit("0"), (credit("94"), usd("47")))
    w.sound()


def test_a_refund_goes_back_where_it_came_from_the_latest_lot_first() -> None:
    w = world("1000")
    buy(w, "a", "4", "4", days=9)
    buy(w, "b", "10", "20")
    charge(w, "6")
    w.ledger.draw_credits("fal")
    charge(w, "3", revision=1)
    w.ledger.draw_credits("fal")
    assert left(w) == {"a": (credit("1"), usd("1")), "b": (credit("10"), usd("20"))}
    charge(w, "0", revision=2)
    w.ledger.draw_credits("fal")
    assert left(w) == {"a": (credit("4"), usd("4")), "b": (credit("10"), usd("20"))}
    w.sound()


def test_what_is_left_of_an_expired_lot_is_breakage_and_so_is_a_refund_into_it() -> None:
    w = world("1000")
    buy(w, "a", "10", "5", days=1)
    charge(w, "4")
    w.ledger.draw_credits("fal")
    w.clock.forward(days=1)
    assert w.ledger.draw_credits("fal") == 1
    assert left(w)["a"] == (credit("0"), usd("0"))
    charge(w, "2", "later")  # nothing is valid any more
    charge(w, "1", revision=1)
    assert w.ledger.draw_credits("fal") == 3  # the charge, the refund, and its expiry
    assert (left(w)["a"], only(w).uncovered) == ((credit("0"), usd("0")), credit("2"))
    balances = balances_of(w)
    assert balances["breakage:fal", "creatify-credit"] == credit("9").nanos
    assert balances["breakage:fal", "USD"] == usd("4.5").nanos
    assert balances["drawn:fal", "USD"] == usd("0.5").nanos
    assert balances["inventory:fal", "USD"] == 0
    w.sound()


def test_a_charge_before_the_expiry_is_covered_even_when_it_is_worked_out_after_it() -> None:
    w = world("1000")
    buy(w, "a", "10", "5", days=1)
    charge(w, "10")
    w.clock.forward(days=2)
    w.ledger.draw_credits("fal")
    assert only(w).uncovered == credit("0")
    assert ("breakage:fal", "USD") not in balances_of(w)


def test_buying_is_repeated_without_effect_and_told_apart_by_content() -> None:
    w = world("1000")
    first = buy(w, "inv-1", "500", "99", days=30, author="ann", note="card 1")
    before = dump(w.ledger)
    w.clock.forward(seconds=5)
    same: dict[str, Any] = {"expires_at": first.expires_at, "author": "ann", "note": "card 1"}
    assert buy(w, "inv-1", "500", "99", **same) == first
    assert buy(w, "inv-1", "500", "99", effective_at=first.effective_at, **same) == first
    changes: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("501", "99", {}),
        ("500", "98", {}),
        ("500", "99", {"priority": 1}),
        ("500", "99", {"expires_at": None}),
        ("500", "99", {"note": ""}),
        ("500", "99", {"effective_at": first.effective_at - DAY}),
    )
    for quantity, cost, other in changes:
        with pytest.raises(BadLot, match="inv-1 was bought with another"):
            buy(w, "inv-1", quantity, cost, **(same | other))
    assert dump(w.ledger) == before


def test_a_purchase_that_cannot_be_is_refused_and_changes_nothing() -> None:
    w = world("1000")
    buy(w, "a")
    before = dump(w.ledger)
    now = w.clock.now
    ledger = w.ledger
    for act in (
        lambda: ledger.buy_credits("fal", usd("5"), usd("5"), lot="x"),
        lambda: ledger.buy_credits("fal", credit("0"), usd("5"), lot="x"),
        lambda: ledger.buy_credits("fal", credit("-1"), usd("5"), lot="x"),
        lambda: ledger.buy_credits("fal", credit("1"), usd("-5"), lot="x"),
        lambda: ledger.buy_credits("fal", credit("1"), credit("5"), lot="x"),
        lambda: ledger.buy_credits("fal", credit("1"), Money.of("5", "EUR"), lot="x"),
        lambda: ledger.buy_credits("fal", credit("1"), usd("5"), lot=""),
        lambda: ledger.buy_credits("f:al", credit("1"), usd("5"), lot="x"),
        lambda: ledger.buy_credits("fal", credit("1"), usd("5"), lot="x", expires_at=now),
        lambda: ledger.buy_credits("fal", credit("1"), usd("5"), lot="x", effective_at=now + DAY, expires_at=now + DAY),
    ):
        with pytest.raises(BadLot) as told:
            act()
        assert "\n" not in str(told.value)
    with pytest.raises(ValueError, match="no time zone"):
        ledger.buy_credits("fal", credit("1"), usd("5"), lot="x", expires_at=datetime(2027, 1, 1))  # noqa: DTZ001
    assert dump(w.ledger) == before
    assert buy(w, "gift", cost="0").cost == usd("0")
    w.sound()


def test_a_provider_paid_afterwards_has_no_lots() -> None:
    w = world("1000")
    w.submitted("dollars", "d1")
    w.settle(usd("1.40"), "dollars", "d1")
    assert (w.ledger.credits(), w.ledger.draw_credits("fal")) == ((), 0)
    charge(w, "5")  # credits of which no purchase was ever booked
    assert w.ledger.draw_credits("fal") == 0
    assert (only(w).lots, only(w).undrawn) == ((), credit("5"))
    w.sound()


def test_many_charges_are_worked_out_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.credit.lots.CHUNK", 3)
    w = world("1000")
    buy(w, "a", "100", "10")
    for number in range(7):
        charge(w, "2", f"j{number}")
    assert w.ledger.draw_credits("fal") == 7
    assert left(w)["a"] == (credit("86"), usd("8.6"))
    w.sound()


def test_drawers_at_the_same_time_draw_once() -> None:
    w = world("1000")
    buy(w, "a", "30", "3")
    for number in range(20):
        charge(w, "2", f"j{number}")
    done: list[int] = []
    errors: list[Exception] = []

    def draw() -> None:
        try:
            done.append(w.ledger.draw_credits("fal"))
        except Exception as error:
            errors.append(error)

    drawers = [threading.Thread(target=draw) for _ in range(6)]
    for one in drawers:
        one.start()
    for one in drawers:
        one.join()
    assert (errors, sum(done)) == ([], 20)
    assert (left(w)["a"], only(w).uncovered) == ((credit("0"), usd("0")), credit("10"))
    assert w.ledger.draw_credits("fal") == 0
    w.sound()


def balances_of(w: World) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = defaultdict(int)
    for _txn, _line, _book, account, currency, nanos in dump(w.ledger)["entry"]:
        found[account, currency] += nanos
    return found


def perform(w: World, acts: list[CreditAct]) -> None:
    """The same lot or job asked for again is another purchase or a correction."""
    for number, act in enumerate(acts):
        if act.name == "buy":
            since = w.clock.now - act.since * DAY
            expires = w.clock.now + act.days * DAY if act.days else None
            buy(
                w, f"lot{number}", act.amount, act.cost, expires_at=expires, effective_at=since, priority=act.priority
            )  # fmt: skip
        elif act.name == "charge":
            charge(w, act.amount, f"j{act.job}", revision=number)
        elif act.name == "draw":
            w.ledger.draw_credits("fal")
        else:
            w.clock.forward(days=act.days)


@given(credit_acts())
@examples(40)
def test_no_credit_and_no_cost_is_lost_or_made_up(acts: list[CreditAct]) -> None:
    w = world("100000")
    perform(w, acts)
    w.sound()
    w.ledger.draw_credits("fal")
    before = dump(w.ledger)
    assert w.ledger.draw_credits("fal") == 0
    assert dump(w.ledger) == before
    purchases = {row[0] for row in before["txn"] if row[6] == "purchase"}
    quantity: dict[str | None, int] = defaultdict(int)
    cost: dict[str | None, int] = defaultdict(int)
    for txn, _line, lot, taken, paid, _at in before["draw"]:
        if txn not in purchases:
            quantity[lot] += taken
            cost[lot] += paid
    balances = balances_of(w)
    for one in w.ledger.credits():
        for lot in one.lots:
            assert quantity[lot.id] + lot.remaining.nanos == lot.quantity.nanos
            assert cost[lot.id] + lot.remaining_cost.nanos == lot.cost.nanos
            assert lot.remaining or not lot.remaining_cost
            assert lot.expires_at is None or lot.expires_at > w.clock.now or not lot.remaining
        if one.lots:
            assert not one.undrawn
            charged = balances["expense:fal", "creatify-credit"]
            expired = balances["breakage:fal", "creatify-credit"]
            assert quantity[None] == one.uncovered.nanos >= 0
            assert sum(quantity.values()) == charged + expired
            assert balances["inventory:fal", "USD"] == sum(lot.remaining_cost.nanos for lot in one.lots)
    w.sound()
    assert w.ledger.rebuild() == ()


@given(credit_acts())
@examples(25)
def test_everything_refunded_leaves_every_lot_as_it_was_bought_or_expired(acts: list[CreditAct]) -> None:
    w = world("100000")
    perform(w, acts)
    for number in range(4):
        if w.ledger.job(f"j{number}") is not None:
            charge(w, "0", f"j{number}", revision=1000)
    w.ledger.draw_credits("fal")
    for one in w.ledger.credits():
        assert not one.uncovered
        for lot in one.lots:
            expired = lot.expires_at is not None and lot.expires_at <= w.clock.now
            whole = lot.quantity, lot.cost
            assert (lot.remaining, lot.remaining_cost) == ((credit("0"), usd("0")) if expired else whole)
    w.sound()


def test_a_share_of_a_cost_is_of_what_is_left_and_never_more() -> None:
    lot = Lot("a", 7, 10, 0, 0, 0, 9, 7, 10)
    costs = [take([lot], 0, 1)[0].cost for _ in range(7)]
    assert (sum(costs), lot.remaining, lot.remaining_cost) == (10, 0, 0)
    assert max(costs) - min(costs) <= 1
    assert costs[0] == round(Fraction(10, 7))


def test_what_was_never_drawn_cannot_come_out_of_a_lot() -> None:
    lot = Lot("a", 5, 5, 0, 0, 0, 9, 5, 5)
    drawn = take([lot], 1, 3)
    assert give_back({"a": lot}, drawn, 4) == [Draw("a", -3, -3), Draw(None, -1, 0)]
    assert (lot.remaining, lot.remaining_cost) == (5, 5)


def test_lots_stay_after_a_restart(tmp_path: object) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    w = world("100", url)
    bought = buy(w, "a", days=3)
    w.ledger.close()
    with Ledger.open(url, clock=w.clock) as again:
        assert again.credits()[0].lots == (bought,)
        assert bought.expires_at == datetime(2026, 11, 23, 12, tzinfo=UTC)
