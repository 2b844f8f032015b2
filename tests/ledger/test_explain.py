"""`explain` tells beforehand what `hold` would answer, names who holds the money, and changes nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import BadBudget, Explanation
from pricing import Money, usd
from tests.strategies import LEDGER_PRICES, LEDGER_SCOPES, Verb, traces

from .acting import act, examples
from .world import World, close_all, credit, dump, quote, world


def reason(found: Explanation) -> str | None:
    return None if found.refused is None else found.refused.reason


def foretold(w: World, scope: str, price: str) -> None:
    """What is explained is what happens."""
    before = dump(w.ledger)
    found = w.ledger.explain(scope, usd(price))
    assert dump(w.ledger) == before
    answer = w.hold("foretold", scope=scope, price=quote(price))
    assert answer.refused == found.refused
    if answer.refused is not None and answer.refused.reason != "no_budget":
        assert found.refused == w.ledger.explain(scope, usd(price)).refusals[0].refusal
        refusing = [one for one in found.budgets if not one.lets_in]
        assert answer.refused.scope in {one.budget.scope for one in refusing}
    if answer.refused is None:
        assert all(one.lets_in for one in found.budgets)


@examples(25)
@given(
    traces(),
    st.sampled_from(LEDGER_SCOPES),
    st.sampled_from((*LEDGER_PRICES, "9", "0")),
    st.sampled_from([None, "acme", "acme/a"]),
)
def test_what_is_explained_is_what_happens(trace: list[Verb], scope: str, price: str, shut: str | None) -> None:
    w = world("9")
    w.ledger.set_budget("acme/a", usd("4"), overrun="freeze")
    for verb in trace:
        act(w, verb)
    if shut is not None:
        w.ledger.freeze(shut, author="ann")
    foretold(w, scope, price)
    for one in w.ledger.explain(scope).budgets:
        assert one.budget.held == sum((job.open for job in one.holders), start=usd("0"))
        assert one.jobs == len(one.holders)
        assert [job.open for job in one.holders] == sorted((job.open for job in one.holders), reverse=True)
        assert all(w.job(job.job).open == job.open for job in one.holders)
    w.sound()
    close_all(but=1)


def test_the_largest_come_first_and_the_rest_are_counted() -> None:
    w = world("7")
    for n, price in enumerate(("0.70", "2.80", "1.40")):
        w.hold(f"j{n}", price=quote(price))
    w.submitted("j3", "a3", price=quote("1.40"), scope="acme/c8")
    found = w.ledger.explain("acme/c7", usd("4"), limit=3)
    (acme,) = found.budgets
    assert [(one.job, one.open, one.state) for one in acme.holders] == [
        ("j1", usd("2.8"), "held"), ("j2", usd("1.4"), "held"), ("j3", usd("1.4"), "submitted"),
    ]  # fmt: skip
    assert (acme.jobs, acme.lets_in) == (4, False)
    assert acme.holders[0].expires_at is not None
    assert acme.holders[2].expires_at is None, "time does not end what a provider may charge"
    assert acme.holders[2].scope == "acme/c8"
    assert found.refused is not None
    assert found.refused.detail == "acme has 0.70 USD available of its limit 7.00 USD; 4.00 USD asked"
    assert w.ledger.explain("acme", limit=0).budgets[0].holders == ()


def test_anything_at_all() -> None:
    w = world("1.40")
    assert reason(w.ledger.explain("acme")) is None
    w.hold("j1")
    found = w.ledger.explain("acme")
    assert found.refused is not None
    assert (found.asked, found.refused.asked) == (None, None)
    assert found.refused.detail == "acme has 0.00 USD available of its limit 1.40 USD"
    assert reason(w.ledger.explain("acme", usd("0"))) is None
    assert reason(w.ledger.explain("nobody")) == "no_budget"


def test_what_has_lapsed_is_as_good_as_free() -> None:
    w = world("2")
    w.hold("j1", expires_in_s=60)
    assert reason(w.ledger.explain("acme", usd("1"))) == "budget"
    w.clock.forward(minutes=2)
    found = w.ledger.explain("acme", usd("1"))
    assert found.refused is None
    assert found.budgets[0].lapsed == found.budgets[0].budget.held == usd("1.4")
    assert found.budgets[0].lets_in
    assert w.hold("j2", price=quote("1")).refused is None


def test_the_last_refusals_come_newest_first() -> None:
    w = world("1")
    w.ledger.set_budget("acme/c7", usd("0.5"))
    for n in range(3):
        w.hold(f"j{n}", scope="acme/c7" if n % 2 else "acme/c8")
    w.hold("other", scope="other")
    assert [one.key for one in w.ledger.explain("acme").refusals] == ["key-j2", "key-j1", "key-j0"]
    (last,) = w.ledger.explain("acme/c7", limit=1).refusals
    assert (last.job, last.at, last.refusal.reason) == ("j2", w.clock.now, "budget")
    assert last.refusal.asked == usd("1.4")
    assert [one.refusal.reason for one in w.ledger.explain("other").refusals] == ["no_budget"]


@pytest.mark.parametrize(("amount", "more"), [(usd("-1"), {}), (credit("1"), {}), (None, {"limit": -1})])
def test_bad_questions(amount: Money | None, more: dict[str, Any]) -> None:
    w = world()
    with pytest.raises(BadBudget) as caught:
        w.ledger.explain("acme", amount, **more)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="is not a scope"):
        w.ledger.explain("a b")
