"""Hold, begin, release, expire: what is granted, what is refused, and what comes back."""

from pathlib import Path

import pytest

from ledger import BadScope, Refusal, UnknownJob
from pricing import usd

from .world import credits_quote, dump, quote, world


def refused(grant: object) -> Refusal:
    refusal = getattr(grant, "refused", None)
    assert isinstance(refusal, Refusal)
    return refusal


def test_exactly_what_fits_is_granted() -> None:
    w = world("7")
    assert [w.hold(f"j{n}").refused is None for n in range(6)] == [True] * 5 + [False]
    assert w.budget() == (usd("0"), usd("7"), usd("0"))
    w.sound()


def test_a_refusal_says_limit_available_and_asked_in_one_line() -> None:
    w = world("2")
    w.hold("j1")
    no = refused(w.hold("j2"))
    assert (no.reason, no.scope) == ("budget", "acme")
    assert (no.limit, no.available, no.asked) == (usd("2"), usd("0.6"), usd("1.4"))
    assert no.detail == "acme has 0.60 USD available of its limit 2.00 USD; 1.40 USD asked"
    assert w.ledger.job("j2") is None
    w.sound()


def test_a_refusal_does_not_consume_the_key() -> None:
    w = world("1")
    assert w.hold("j1", key="k").refused is not None
    w.ledger.set_budget("acme", usd("5"))
    assert w.hold("j2", key="k").refused is None
    assert w.ledger.by_key("k") == w.job("j2")


def test_the_whole_chain_holds_or_none() -> None:
    w = world("100")
    w.ledger.set_budget("acme/c7", usd("1"))
    assert refused(w.hold()).scope == "acme/c7"
    assert w.budget("acme")[1] == w.budget("acme/c7")[1] == usd("0")
    w.ledger.set_budget("acme/c7", usd("10"))
    assert w.hold().refused is None
    assert w.budget("acme")[1] == w.budget("acme/c7")[1] == usd("1.4")


def test_a_scope_without_a_budget_is_refused_and_told_what_to_do() -> None:
    w = world()
    no = refused(w.hold(scope="acne/c7"))
    assert no.reason == "no_budget"
    assert 'faregate budget set acne/c7 "50 USD"' in no.detail


def test_a_quote_in_another_currency_is_refused() -> None:
    w = world()
    w.ledger.set_budget("club", None, currency="creatify-credit")
    assert refused(w.hold(scope="club")).reason == "currency"
    assert w.hold(scope="club", price=credits_quote()).refused is None
    assert w.job().quoted.currency == "creatify-credit"


def test_dollars_are_held_for_credits_at_the_quotes_plan() -> None:
    w = world()
    w.hold(price=credits_quote("11"))
    assert w.job().held == usd("2.178")


@pytest.mark.parametrize("scope", ["", "/", "a//b", "a/", "/a", "a b", "ä", "a" * 65, "/".join("abcdefghi"), "a\n"])
def test_bad_scopes(scope: str) -> None:
    w = world()
    before = dump(w.ledger)
    with pytest.raises(BadScope):
        w.hold(scope=scope)
    with pytest.raises(BadScope):
        w.ledger.headroom(scope)
    assert dump(w.ledger) == before


def test_the_same_key_and_hash_answer_the_same_job() -> None:
    w = world()
    assert not w.hold("j1", key="k").replayed
    again = w.hold("j2", key="k", price=quote("2.80"))
    assert (again.job, again.replayed, again.refused) == ("j1", True, None)
    assert w.budget()[1] == usd("1.4")


def test_another_hash_under_the_key_is_refused() -> None:
    w = world()
    w.hold("j1", key="k")
    no = refused(w.hold("j2", key="k", digest="other"))
    assert no.reason == "key_reused"
    assert "j1" in no.detail
    assert refused(w.hold("j1", key="k2")).reason == "key_reused"  # a job id that is taken


def test_begin_commits_the_intent() -> None:
    w = world()
    w.hold()
    assert w.begin().refused is None
    job = w.job()
    assert (job.state, len(job.attempts), job.attempts[0].outcome) == ("submitting", 1, None)
    assert w.begin().replayed  # the same attempt: its POST may have left
    assert refused(w.begin(attempt="a2")).reason == "moved"
    assert "submitting" in refused(w.begin(attempt="a2")).detail
    w.sound()


def test_begin_of_a_dearer_quote_raises_the_hold() -> None:
    w = world("3")
    w.hold()
    assert w.begin(price=quote("2.80")).refused is None
    assert w.budget() == (usd("0"), usd("2.8"), usd("0.2"))
    job = w.job()
    assert (job.held, job.open, job.quoted.expected) == (usd("2.8"), usd("2.8"), usd("2.8"))
    w.sound()


def test_begin_of_a_cheaper_quote_never_shrinks_the_hold() -> None:
    w = world()
    w.hold(price=quote("2.80"))
    w.begin(price=quote("1.40"))
    assert w.job().open == usd("2.8")
    w.sound()


def test_begin_without_room_is_refused_and_changes_no_money() -> None:
    w = world("2")
    w.hold()
    no = refused(w.begin(price=quote("2.80")))
    assert (no.reason, no.available, no.asked) == ("budget", usd("0.6"), usd("1.4"))
    assert (w.state(), w.budget()[1]) == ("held", usd("1.4"))
    w.sound()


@pytest.mark.parametrize("ceiling", [usd("1.39"), usd("0")])
def test_begin_above_the_ceiling_is_refused(ceiling: object) -> None:
    w = world()
    w.hold()
    no = refused(w.begin(ceiling=ceiling))  # type: ignore[arg-type]
    assert (no.reason, no.limit, w.state()) == ("budget", ceiling, "held")
    assert w.begin(ceiling=usd("1.40")).refused is None


def test_the_ceiling_in_dollars_bounds_a_hold_in_credits() -> None:
    w = world()
    w.ledger.set_budget("club", None, currency="creatify-credit")
    w.hold(scope="club", price=credits_quote("11"))
    assert refused(w.begin(price=credits_quote("11"), ceiling=usd("2"))).reason == "budget"
    assert w.begin(price=credits_quote("11"), ceiling=usd("2.178")).refused is None


def test_begin_of_an_unknown_job() -> None:
    with pytest.raises(UnknownJob):
        world().begin()


def test_release_before_an_attempt_is_free() -> None:
    w = world()
    w.hold()
    job = w.ledger.release(job="j1", reason="cancelled")
    assert (job.state, job.open, job.held, job.reason) == ("released", usd("0"), usd("1.4"), "cancelled")
    assert w.budget() == (usd("0"), usd("0"), usd("100"))
    w.sound()


@pytest.mark.parametrize("outcome", [None, "accepted", "unknown"])
def test_release_of_an_open_attempt_needs_proof(outcome: str | None) -> None:
    w = world()
    w.hold()
    w.begin()
    if outcome is not None:
        w.ledger.outcome(job="j1", attempt="a1", outcome=outcome)  # type: ignore[arg-type]
    before = dump(w.ledger)
    w.ledger.release(job="j1", attempt="a1", reason="bored")
    assert dump(w.ledger) == before
    assert w.ledger.release(job="j1", attempt="a1", reason="failed", proof="units 0").state == "released"
    assert w.budget()[1] == usd("0")
    w.sound()


def test_after_a_refusal_the_job_is_held_again_and_may_be_released() -> None:
    w = world()
    w.hold()
    for attempt, outcome in (("a1", "refused"), ("a2", "not_sent")):
        w.begin(attempt=attempt)
        assert w.ledger.outcome(job="j1", attempt=attempt, outcome=outcome, reason="402") == "held"  # type: ignore[arg-type]
    assert w.ledger.release(job="j1", reason="no candidate left").state == "released"
    w.sound()


def test_lapsed_holds_expire_but_never_after_an_intent() -> None:
    w = world()
    for job in ("j1", "j2", "j3"):
        w.hold(job)
    w.begin("j2")
    w.begin("j3", "a3")
    w.ledger.outcome(job="j3", attempt="a3", outcome="refused")
    assert w.ledger.expire() == ()
    w.clock.forward(seconds=600)
    assert w.ledger.expire() == ("j1", "j3")
    assert [w.state(job) for job in ("j1", "j2", "j3")] == ["expired", "submitting", "expired"]
    w.clock.forward(days=400)
    assert w.ledger.expire() == ()
    assert w.budget()[1] == usd("1.4")
    w.sound()


def test_a_hold_about_to_be_refused_first_expires_lapsed_ones_of_its_chain() -> None:
    w = world("2")
    w.hold("j1", scope="acme/other")
    w.clock.forward(seconds=601)
    assert w.hold("j2").refused is None
    assert w.state("j1") == "expired"
    w.sound()


def test_begin_expires_lapsed_ones_too_but_never_its_own_job() -> None:
    w = world("3")
    w.hold("j1", expires_in_s=10)
    w.hold("j2", expires_in_s=10)
    w.clock.forward(seconds=11)
    assert w.begin("j2", price=quote("2.80")).refused is None
    assert (w.state("j1"), w.state("j2")) == ("expired", "submitting")
    w.sound()


def test_a_clock_set_back_expires_nothing_and_breaks_nothing() -> None:
    w = world()
    w.hold(expires_in_s=60)
    w.clock.forward(days=-30)
    assert w.ledger.expire() == ()
    w.hold("j2", expires_in_s=60)
    assert w.job("j2").created_at >= w.job("j1").created_at
    w.sound()


def test_after_a_restart_the_same_is_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    first = world("10", url)
    first.submitted()
    seen = first.job()
    first.ledger.close()
    again = world("10", url)
    assert again.job() == seen
    assert again.hold(key="key-j1", job="j9").job == "j1"
    assert again.ledger.claimed("fal") == {"p-a1"}
    again.ledger.close()


def test_due_lists_open_jobs_oldest_first() -> None:
    w = world()
    for n, job in enumerate(("jz", "ja", "jm")):
        w.clock.forward(seconds=1)
        w.submitted(job, f"a{n}")
    w.settle(usd("1.4"), "ja", "a1")
    assert [job.id for job in w.ledger.due()] == ["jz", "jm"]
    assert [job.id for job in w.ledger.jobs()] == ["jz", "ja", "jm"]
