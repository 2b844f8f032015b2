"""Outcome, unknown, settle, resolve: every move of money after the intent."""

from typing import Any

import pytest

from ledger import BadVerdict, UnknownJob, WrongState
from pricing import Money, usd

from .world import World, credit, credits_quote, dump, quote, world


def in_state(state: str) -> World:
    """A world whose job j1 is in this state."""
    w = world()
    w.hold()
    if state in ("held", "expired"):
        w.clock.forward(seconds=0 if state == "held" else 601)
        w.ledger.expire()
        return w
    w.begin()
    if state in ("submitted", "settled", "released"):
        w.ledger.outcome(job="j1", attempt="a1", outcome="accepted", provider_job="p1")
    if state in ("unknown", "written_off"):
        w.ledger.outcome(job="j1", attempt="a1", outcome="unknown", reason="lost answer")
    if state == "settled":
        w.settle(usd("1.4"))
    if state == "released":
        w.ledger.release(job="j1", attempt="a1", reason="failed", proof="units 0")
    if state == "written_off":
        w.ledger.resolve("j1", verdict="written_off", note="too old", author="ann")
    assert w.state() == state
    return w


ALL = ("held", "submitting", "submitted", "unknown", "settled", "released", "expired", "written_off")


@pytest.mark.parametrize(
    ("outcome", "state"), [("accepted", "submitted"), ("unknown", "unknown"), ("refused", "held"), ("not_sent", "held")]
)
def test_outcomes_of_a_submit(outcome: Any, state: str) -> None:
    w = in_state("submitting")
    assert w.ledger.outcome(job="j1", attempt="a1", outcome=outcome, handle={"url": "u"}, reason="why") == state
    attempt = w.job().attempts[0]
    assert (attempt.outcome, attempt.reason) == (outcome, "why")
    assert attempt.handle == ({"url": "u"} if outcome == "accepted" else {})
    w.sound()


def test_a_probe_finds_what_was_unknown() -> None:
    w = in_state("unknown")
    assert w.job().exposed == usd("1.4")
    assert w.ledger.outcome(job="j1", attempt="a1", outcome="accepted", provider_job="p9") == "submitted"
    assert w.job().exposed == usd("0")
    assert w.ledger.claimed("fal") == {"p9"}
    w.sound()


@pytest.mark.parametrize("outcome", ["refused", "not_sent"])
def test_a_late_no_releases_what_was_unknown(outcome: Any) -> None:
    w = in_state("unknown")
    assert w.ledger.outcome(job="j1", attempt="a1", outcome=outcome, reason="402") == "released"
    assert w.budget()[1] == usd("0")
    w.sound()


def test_a_deadline_moves_submitted_to_unknown_and_a_probe_back() -> None:
    w = in_state("submitted")
    assert w.ledger.unknown(job="j1", attempt="a1", reason="no news") == "unknown"
    assert w.budget()[1] == usd("1.4")
    assert w.ledger.outcome(job="j1", attempt="a1", outcome="accepted", provider_job="p1") == "submitted"
    w.sound()


def test_one_provider_job_belongs_to_one_attempt() -> None:
    w = world()
    w.submitted()
    w.hold("j2")
    w.begin("j2", "a2")
    assert w.ledger.outcome(job="j2", attempt="a2", outcome="accepted", provider_job="p-a1") == "unknown"
    assert "already belongs to attempt a1" in w.job("j2").reason
    w.sound()


@pytest.mark.parametrize("state", ALL)
def test_a_real_charge_is_posted_in_full_from_every_state(state: str) -> None:
    w = in_state(state)
    if state in ("held", "expired"):  # the attempt was thought refused
        w = world()
        w.hold()
        w.begin()
        w.ledger.outcome(job="j1", attempt="a1", outcome="refused")
        w.clock.forward(seconds=601 if state == "expired" else 0)
        w.ledger.expire()
        assert w.state() == state
    job = w.settle(usd("1.54"), evidence="billing_event")
    assert (job.state, job.charged, job.native, job.open) == ("settled", usd("1.54"), usd("1.54"), usd("0"))
    assert w.budget() == (usd("1.54"), usd("0"), usd("98.46"))
    assert job.cause == "quantity"
    w.sound()


def test_a_charge_beyond_hold_and_limit_is_recorded_in_full() -> None:
    w = world("2")
    w.submitted()
    w.settle(usd("2.80"))
    assert w.budget() == (usd("2.8"), usd("0"), usd("-0.8"))
    assert w.hold("j2").refused is not None
    w.sound()


def test_no_amount_is_recorded_and_moves_nothing() -> None:
    w = in_state("submitted")
    job = w.settle(None, outputs=["https://x/1.mp4"])
    assert (job.state, job.charged, job.reported, job.outputs) == ("submitted", None, None, ("https://x/1.mp4",))
    assert [event.detail for event in w.ledger.timeline("j1")][-1].startswith("inline says no amount")
    w.sound()


def test_provisional_then_real() -> None:
    w = in_state("submitted")
    job = w.settle(usd("1.4"), evidence="quote", final=False)
    assert (job.state, job.evidence, job.final, job.reported) == ("settled", "quote", False, None)
    job = w.settle(usd("1.26"), evidence="billing_event")
    assert (job.charged, job.evidence, job.final, job.variance) == (usd("1.26"), "billing_event", True, usd("-0.14"))
    legs = [(leg.account, leg.amount) for leg in w.ledger.postings("j1")]
    assert legs[4:] == [
        ("expense:fal", usd("-0.14")),
        ("payable:fal", usd("0.14")),
        ("spent:acme/c7", usd("-0.14")),
        ("allowance:acme/c7", usd("0.14")),
    ]
    w.sound()


def test_zero_for_nothing_delivered_ends_as_released() -> None:
    for state in ("submitting", "submitted", "unknown"):
        w = in_state(state)
        job = w.settle(usd("0"), delivered=0)
        assert (job.state, job.charged, job.open) == ("released", usd("0"), usd("0"))
        w.sound()


def test_zero_for_a_delivered_job_is_parked() -> None:
    w = in_state("submitted")
    job = w.settle(usd("0"), delivered=1)
    assert (job.state, job.charged, job.open, job.exposed) == ("unknown", None, usd("1.4"), usd("1.4"))
    w.sound()


def test_a_verdict_without_a_note_is_proof_too() -> None:
    w = in_state("unknown")
    assert w.ledger.resolve("j1", verdict="not_charged", note="", author="ann").state == "released"
    w.sound()


def test_credits_are_posted_in_both_currencies() -> None:
    w = world()
    w.submitted(price=credits_quote("11"))
    job = w.settle(credit("5.5"))
    assert (job.native, job.charged) == (credit("5.5"), usd("1.089"))
    assert [(leg.book, leg.account, str(leg.amount)) for leg in w.ledger.postings("j1")] == [
        ("money", "expense:fal", "5.5 creatify-credit"),
        ("money", "prepaid:fal", "-5.5 creatify-credit"),
        ("envelope", "spent:acme/c7", "1.089 USD"),
        ("envelope", "allowance:acme/c7", "-1.089 USD"),
    ]
    w.sound()


@pytest.mark.parametrize("amount", [usd("2.81"), usd("0.69"), usd("10272"), Money.of("1.4", "EUR")])
def test_absurd_amounts_are_parked_for_a_person(amount: Money) -> None:
    w = in_state("submitted")
    job = w.settle(amount)
    assert (job.state, job.charged, job.reported, job.open) == ("unknown", None, amount, usd("1.4"))
    assert job.exposed == (amount if amount.currency == "USD" else usd("1.4"))
    assert w.ledger.budgets("acme")[0].exposed == job.exposed
    assert "until a person resolves it" in job.reason
    before = dump(w.ledger)
    w.ledger.release(job="j1", attempt="a1", reason="no", proof="no")
    assert w.ledger.outcome(job="j1", attempt="a1", outcome="accepted", provider_job="p1") == "unknown"
    assert dump(w.ledger) == before
    w.sound()
    job = w.ledger.resolve("j1", charged=usd("1.40"), verdict="charged", note="they mixed units", author="ann")
    assert (job.state, job.charged, job.exposed, job.open) == ("settled", usd("1.4"), usd("0"), usd("0"))
    w.sound()


def test_an_absurd_revision_of_a_settled_job_is_parked_and_stays_settled() -> None:
    w = in_state("settled")
    job = w.settle(usd("14"), evidence="invoice")
    assert (job.state, job.charged, job.exposed) == ("settled", usd("1.4"), usd("12.6"))
    w.sound()
    job = w.ledger.resolve("j1", verdict="charged", note="it is right", author="ann")
    assert (job.state, job.charged, job.exposed, job.evidence) == ("settled", usd("14"), usd("0"), "resolve")
    w.sound()


def test_the_edges_of_absurd() -> None:
    for amount, delivered in (("2.80", 4), ("0.70", 4), ("0.35", 2), ("0.175", 1)):
        w = world()
        w.submitted(price=quote("1.40", outputs=4))
        assert w.settle(usd(amount), delivered=delivered).state == "settled", amount
        w.sound()


def test_partial_failure_is_named() -> None:
    w = world()
    w.submitted(price=quote("1.40", outputs=4))
    assert w.settle(usd("0.70"), delivered=2).cause == "partial_failure"


def test_an_older_attempts_charge_does_not_end_the_next_one() -> None:
    w = world()
    w.hold()
    w.begin()
    w.ledger.outcome(job="j1", attempt="a1", outcome="refused")
    w.begin(attempt="a2", provider="runware")
    w.ledger.outcome(job="j1", attempt="a2", outcome="accepted")
    job = w.settle(usd("1.4"), attempt="a1", evidence="billing_event")
    assert (job.state, job.charged, job.open) == ("submitted", usd("1.4"), usd("1.4"))
    job = w.settle(usd("1.54"), attempt="a2")
    assert (job.state, job.charged, job.open) == ("settled", usd("2.94"), usd("0"))
    assert [one.charged for one in job.attempts] == [usd("1.4"), usd("1.54")]
    w.sound()


def test_settlement_lands_in_the_period_of_the_grant() -> None:
    w = world()
    w.ledger.set_budget("acme/c7", usd("3"), window="month", tz="Europe/Paris")
    w.submitted()
    w.clock.forward(days=20)
    assert w.budget("acme/c7") == (usd("0"), usd("0"), usd("3"))
    assert w.hold("j2").refused is None
    w.settle(usd("1.4"))
    assert w.budget("acme/c7") == (usd("0"), usd("1.4"), usd("1.6"))
    assert w.budget("acme") == (usd("1.4"), usd("1.4"), usd("97.2"))
    w.sound()


def test_what_is_not_ours_is_named() -> None:
    w = in_state("submitted")
    w.hold("j2")
    for call in (
        lambda: w.settle(usd("1"), attempt="nope"),
        lambda: w.settle(usd("1"), "j2", "a1"),
        lambda: w.ledger.outcome(job="nope", attempt="a1", outcome="unknown"),
        lambda: w.ledger.unknown(job="j2", attempt="a1", reason=""),
        lambda: w.ledger.release(job="nope", reason=""),
        lambda: w.ledger.timeline("nope"),
        lambda: w.ledger.postings("nope"),
        lambda: w.ledger.resolve("nope", verdict="written_off", note="", author="x"),
    ):
        with pytest.raises(UnknownJob):
            call()
    assert w.ledger.job("nope") is None
    assert w.ledger.by_key("nope") is None


CAN = {
    "charged": ("submitted", "unknown", "settled", "released", "written_off"),
    "not_charged": ("held", "submitted", "unknown", "settled"),
    "written_off": ("unknown",),
}


@pytest.mark.parametrize("state", ALL)
@pytest.mark.parametrize("verdict", CAN)
def test_resolve(state: str, verdict: Any) -> None:
    w = in_state(state)
    charged = usd("1.5") if verdict == "charged" else None
    before = dump(w.ledger)
    if state not in CAN[verdict]:
        with pytest.raises(WrongState):
            w.ledger.resolve("j1", charged=charged, verdict=verdict, note="n", author="ann")
        assert dump(w.ledger) == before
        return
    job = w.ledger.resolve("j1", charged=charged, verdict=verdict, note="n", author="ann")
    ends = {"charged": "settled", "written_off": "written_off", "not_charged": "released"}
    assert job.state == ("settled" if state == "settled" else ends[verdict])
    assert (job.open, job.exposed) == (usd("0"), usd("0"))
    assert job.charged == (charged if verdict == "charged" else usd("0") if job.charged is not None else None)
    w.sound()
    before = dump(w.ledger)
    assert w.ledger.resolve("j1", charged=charged, verdict=verdict, note="n", author="ann") == job
    assert dump(w.ledger) == before


def test_a_verdict_is_overruled_only_by_later_evidence_no_weaker_than_what_was_seen() -> None:
    w = in_state("submitted")
    w.settle(usd("14"), evidence="billing_event")
    w.ledger.resolve("j1", charged=usd("1.5"), verdict="charged", note="", author="ann")
    assert w.settle(usd("1.4"), evidence="inline").charged == usd("1.5")
    assert w.settle(usd("1.54"), evidence="invoice").charged == usd("1.54")
    w.sound()


@pytest.mark.parametrize(
    ("verdict", "charged"), [("charged", None), ("charged", credit("1")), ("charged", usd("-1")),
                             ("written_off", usd("1")), ("not_charged", usd("1")), ("maybe", None)],
)  # fmt: skip
def test_bad_verdicts(verdict: Any, charged: Money | None) -> None:
    w = in_state("unknown")
    before = dump(w.ledger)
    with pytest.raises(BadVerdict):
        w.ledger.resolve("j1", charged=charged, verdict=verdict, note="", author="ann")
    assert dump(w.ledger) == before


def test_the_timeline_tells_it_in_order() -> None:
    w = in_state("settled")
    w.settle(usd("1.54"), evidence="invoice", note="no. 7")
    kinds = [event.kind for event in w.ledger.timeline("j1")]
    said = ["observation", "posting", "posting", "posting", "posting"]
    assert kinds == ["quote", "hold", "intent", "outcome", *said, *said]


def test_text_that_is_not_unicode_is_kept_as_escapes() -> None:
    w = in_state("submitting")
    odd = "half \ud800 a sign"
    w.ledger.outcome(job="j1", attempt="a1", outcome="accepted", provider_job=odd, handle={"u": odd}, reason=odd)
    job = w.settle(usd("1.4"), outputs=[odd], note=odd, units=odd, external_id=odd)
    assert job.outputs == (odd,)
    assert job.attempts[0].handle == {"u": odd}
    assert job.attempts[0].provider_job == job.attempts[0].reason == "half \\ud800 a sign"
    w.sound()
