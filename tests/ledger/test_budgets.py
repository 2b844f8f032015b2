"""Budgets: identity, chains, windows, limits that move, and the numbers they open with."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ledger import BadBudget
from pricing import Money, usd

from .world import credit, dump, quote, world


def test_setting_it_again_changes_the_limit_only() -> None:
    w = world("7")
    w.hold()
    changed = w.ledger.set_budget("acme", usd("9"))
    assert (changed.limit, changed.held, changed.available) == (usd("9"), usd("1.4"), usd("7.6"))
    assert len(w.ledger.all_budgets()) == 1
    w.sound()


def test_a_total_and_a_month_on_one_scope_both_apply() -> None:
    w = world("100")
    w.ledger.set_budget("acme", usd("2"), window="month")
    assert w.hold("j1").refused is None
    no = w.hold("j2").refused
    assert no is not None
    assert "available this month" in no.detail
    w.clock.forward(days=15)
    assert w.hold("j3").refused is None
    w.sound()


def test_a_limit_cut_below_what_is_held_is_allowed_and_shown() -> None:
    w = world("7")
    w.submitted()
    budget = w.ledger.set_budget("acme", usd("1"))
    assert budget.available == usd("-0.4")
    assert w.hold("j2").refused is not None
    room = w.ledger.headroom("acme/c7")
    assert room is not None
    assert room.available == usd("-0.4")
    w.settle(usd("1.4"))
    w.sound()


def test_uncapped_is_tracked() -> None:
    w = world(None)
    for n in range(5):
        assert w.hold(f"j{n}", price=quote("100000")).refused is None
    (budget,) = w.ledger.budgets("acme/x/y")
    assert (budget.limit, budget.available, budget.held) == (None, None, usd("500000"))
    room = w.ledger.headroom("acme")
    assert room is not None
    assert (room.limit, room.available) == (None, None)
    w.ledger.set_budget("acme", usd("1"))
    assert w.hold("j9").refused is not None
    w.sound()


def test_headroom_is_the_tightest_of_the_chain() -> None:
    w = world("5")
    w.ledger.set_budget("acme/c7", usd("50"))
    w.ledger.set_budget("acme/c7/x", None, currency="USD")
    room = w.ledger.headroom("acme/c7/x/deep")
    assert room is not None
    assert (room.scope, room.limit, room.available) == ("acme", usd("5"), usd("5"))
    assert w.ledger.headroom("other") is None


def test_the_chain_comes_root_first() -> None:
    w = world()
    w.ledger.set_budget("acme/c7/x", usd("1"))
    w.ledger.set_budget("acme/c7", usd("2"))
    w.ledger.set_budget("beta", usd("2"))
    assert [one.scope for one in w.ledger.budgets("acme/c7/x/y")] == ["acme", "acme/c7", "acme/c7/x"]
    assert [one.scope for one in w.ledger.all_budgets()] == ["acme", "acme/c7", "acme/c7/x", "beta"]


def test_a_budget_made_later_opens_with_what_is_already_there() -> None:
    w = world()
    w.submitted("j1", "a1")
    w.settle(usd("1.4"))
    w.hold("j2")
    w.hold("j3", scope="acme/c8")
    late = w.ledger.set_budget("acme/c7", usd("10"))
    assert (late.spent, late.held, late.available) == (usd("1.4"), usd("1.4"), usd("7.2"))
    month = w.ledger.set_budget("acme", usd("10"), window="month", tz="Asia/Tokyo")
    assert (month.spent, month.held) == (usd("1.4"), usd("2.8"))
    w.settle(usd("1.54"), evidence="invoice")  # a revision moves the new one too
    assert w.budget("acme/c7")[0] == usd("1.54")
    w.sound()


def test_months_are_cut_in_their_zone() -> None:
    w = world()
    w.clock.now = datetime(2026, 11, 30, 16, tzinfo=UTC)  # already December in Tokyo
    budget = w.ledger.set_budget("acme", usd("10"), window="month", tz="Asia/Tokyo")
    assert budget.period_start == datetime(2026, 11, 30, 15, tzinfo=UTC)
    assert budget.period_end == datetime(2026, 12, 31, 15, tzinfo=UTC)
    total = w.ledger.all_budgets()[0]
    assert (total.period_start, total.period_end) == (None, None)


@pytest.mark.parametrize("scope", ["acme", "acme/c7", "acme/c7/deep/er"])
def test_one_chain_has_one_currency(scope: str) -> None:
    w = world()
    w.ledger.set_budget("acme/c7", usd("1"))
    before = dump(w.ledger)
    with pytest.raises(BadBudget, match="USD"):
        w.ledger.set_budget(scope, credit("10"))
    assert dump(w.ledger) == before
    w.ledger.set_budget("other", credit("10"))
    w.sound()


@pytest.mark.parametrize(
    ("limit", "more"),
    [
        (usd("-1"), {}),
        (None, {}),
        (usd("1"), {"currency": "EUR"}),
        (usd("1"), {"window": "year"}),
        (usd("1"), {"week_start": "sunday"}),
        (usd("1"), {"window": "week", "week_start": "sun"}),
        (usd("1"), {"overrun": "ignore"}),
        (usd("1"), {"window": "day", "tz": "localtime"}),
        (usd("1"), {"window": "month", "tz": "Mars/Base"}),
    ],
)
def test_bad_budgets(limit: Money | None, more: dict[str, Any]) -> None:
    w = world()
    before = dump(w.ledger)
    with pytest.raises(BadBudget) as caught:
        w.ledger.set_budget("acme/x", limit, **more)
    assert "\n" not in str(caught.value)
    assert dump(w.ledger) == before


def test_a_parent_holds_and_spends_the_sum_of_its_children() -> None:
    w = world()
    scopes = ("acme/a", "acme/b", "acme/a/deep")
    for scope in scopes:
        w.ledger.set_budget(scope, usd("50"))
    for n, scope in enumerate(scopes):
        w.submitted(f"j{n}", f"a{n}", scope=scope, price=quote(f"{n + 1}.40", rate="0.1"))
    w.settle(usd("3.40"), "j2", "a2")
    a, b, deep, acme = (w.budget(scope) for scope in (*scopes, "acme"))
    assert acme[0] == a[0] + b[0] == usd("3.4")
    assert acme[1] == a[1] + b[1] == usd("3.8")
    assert a[0] == deep[0]
    w.sound()
