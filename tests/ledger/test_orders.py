"""Any order, any repetition: the same money. And what nobody can mean is parked or refused, never posted."""

from collections import Counter
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from ledger import BadRequest
from pricing import BadMoney, Money, usd

from .test_settling import in_state
from .world import World, credit, credits_quote, dump, quote, world

Said = Callable[[World, str], object]
"""One thing somebody says about a job and its attempt `a-<job>`."""


def ends(outcome: Any) -> Said:
    def said(w: World, job: str) -> object:
        provider_job = f"p-{job}" if outcome == "accepted" else None
        return w.ledger.outcome(job=job, attempt=f"a-{job}", outcome=outcome, provider_job=provider_job)

    return said


def costs(amount: str | None, evidence: Any, currency: str = "USD", **more: Any) -> Said:
    money = None if amount is None else Money.of(amount, currency)
    return lambda w, job: w.settle(money, job, f"a-{job}", evidence=evidence, **more)


STORIES: dict[str, tuple[tuple[Said, ...], str | None]] = {
    "refunded in part": (
        (
            ends("accepted"), ends("unknown"), costs("1.54", "inline", final=False), costs("1.40", "billing_event"),
            costs("0.84", "billing_event", revision=1), costs(None, "inline"),
        ),
        "0.84",
    ),
    "put right by the invoice": (
        (
            ends("accepted"), ends("unknown"), costs("1.54", "inline"), costs("1.40", "billing_event"),
            costs("1.26", "invoice"), costs("1.33", "invoice", revision=1),
        ),
        "1.33",
    ),
    "a mix-up of units that better evidence ends": (
        (
            ends("accepted"), costs("140", "inline"), costs("179.76", "units"), costs("1.40", "quote", final=False),
            costs("1.40", "billing_event"), ends("unknown"),
        ),
        "1.40",
    ),
    "parked to the end": (
        (
            ends("accepted"), ends("unknown"), costs("1.40", "inline"), costs("1.40", "units"), costs("140", "invoice"),
            costs(None, "billing_event"),
        ),
        "1.40",
    ),
    "failed and charged nothing, twice said": (
        (
            ends("accepted"), ends("unknown"), costs("0", "inline", delivered=0), costs(None, "units", delivered=0),
            costs("0", "billing_event", delivered=0), costs("0", "invoice", delivered=0),
        ),
        "0",
    ),
}  # fmt: skip


def started(jobs: int, *, price: Any = None) -> World:
    """So many jobs, each with an attempt whose answer is awaited."""
    w = world(None)
    for n in range(jobs):
        w.hold(f"j{n}", price=price)
        w.begin(f"j{n}", f"a-j{n}", price=price)
    return w


def money(w: World, job: str) -> object:
    """All that is money about a job."""
    view = w.job(job)
    sums: Counter[tuple[str, str]] = Counter()
    for leg in w.ledger.postings(job):
        sums[leg.account, leg.amount.currency] += leg.amount.nanos
    said = (view.charged, view.native, view.reported, view.evidence, view.final, view.variance, view.cause, view.open)
    return said, view.exposed if view.state in ("settled", "released") else None, +sums, -sums


@pytest.mark.parametrize("story", STORIES)
def test_every_order_of_six_events_ends_in_the_same_money(story: str, backend: str) -> None:
    events, charged = STORIES[story]
    orders = list(permutations(events))
    assert len(orders) == 720
    if backend == "postgresql":
        orders = orders[::23]
    w = started(len(orders) + 1)
    for n, order in enumerate(orders):
        for event in order:
            event(w, f"j{n}")
    ends = {repr(money(w, f"j{n}")): order for n, order in enumerate(orders)}
    assert len(ends) == 1, list(ends)
    assert w.job("j0").charged == (None if charged is None else usd(charged))
    for event in [each for pair in zip(events, reversed(events), strict=True) for each in pair]:
        event(w, f"j{len(orders)}")  # each twice, there and back
    assert money(w, f"j{len(orders)}") == money(w, "j0")
    assert w.budget()[0] == sum((w.job(f"j{n}").charged or usd("0") for n in range(len(orders) + 1)), usd("0"))
    w.sound()


@pytest.mark.parametrize(
    ("amount", "delivered"),
    [
        (usd("179.76"), 1),  # 10,272 s for 80 s
        (usd("140"), 1),  # cents for dollars
        (usd("0.014"), 1),  # dollars for cents
        (usd("0"), 1),
        (usd("-1.4"), 1),
        (Money.of("1.4", "EUR"), 1),
        (Money(2**63 - 1, "USD"), 1),
        (Money(1 - 2**63, "USD"), 0),
    ],
)
@pytest.mark.parametrize("evidence", ["units", "inline", "billing_event", "invoice"])
def test_absurd_values_are_parked_and_never_posted(evidence: str, amount: Money, delivered: int) -> None:
    w = in_state("submitted")
    job = w.settle(amount, evidence=evidence, delivered=delivered)
    assert (job.state, job.charged, job.reported, job.open) == ("unknown", None, amount, usd("1.4"))
    assert w.ledger.postings("j1") == ()
    assert job.exposed >= usd("0.014")
    assert w.budget() == (usd("0"), usd("1.4"), usd("98.6"))
    w.sound()


@pytest.mark.parametrize("currency", ["USD", "creatify-credit"])
def test_amounts_at_the_end_of_64_bits_are_parked_and_shown_from_two_jobs_too(currency: str) -> None:
    w = world()
    most = Money(2**63 - 1, currency)
    for n in (1, 2):
        w.submitted(f"j{n}", f"a{n}", price=credits_quote("11"))
        assert w.settle(most, f"j{n}", f"a{n}").state == "unknown"
    assert w.ledger.budgets("acme")[0].exposed > usd("1000000")
    w.sound()
    assert w.ledger.resolve("j1", charged=credit("11"), verdict="charged", note="n", author="ann").state == "settled"
    w.sound()


def test_two_attempts_at_the_end_of_64_bits() -> None:
    w = world()
    w.hold()
    for n in (1, 2):
        w.begin(attempt=f"a{n}")
        w.ledger.outcome(job="j1", attempt=f"a{n}", outcome="refused" if n == 1 else "accepted", reason="429")
    for n in (1, 2):
        w.settle(Money(2**63 - 1, "USD"), attempt=f"a{n}")
    assert w.job().exposed == Money(2**63 - 1, "USD")
    w.sound()


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-inf", "1e309", "5,5", "", "0x10", "1_000", "١٢"])
def test_text_that_is_no_amount_never_becomes_one(text: str) -> None:
    with pytest.raises(BadMoney):
        Money.of(text, "USD")
    w = in_state("submitted")
    job = w.settle(None, units=text, note=text, external_id=text)
    assert (job.state, job.charged, job.open) == ("submitted", None, usd("1.4"))
    w.sound()


@pytest.mark.parametrize("bad", [{"delivered": -1}, {"delivered": 2**31}, {"revision": -1}, {"revision": 2**63}])
def test_counts_that_are_none_are_refused(bad: dict[str, int]) -> None:
    w = in_state("submitted")
    before = dump(w.ledger)
    with pytest.raises(BadRequest):
        w.settle(usd("1.4"), **bad)  # type: ignore[arg-type]
    assert dump(w.ledger) == before


def test_a_word_from_each_provider_job_is_of_its_own_attempt() -> None:
    """Two jobs of the same price never take each other's charge."""
    w = world()
    for n in (1, 2):
        w.submitted(f"j{n}", f"a{n}", price=quote())
    w.settle(usd("1.54"), "j2", "a2", evidence="billing_event")
    assert (w.job("j1").charged, w.job("j2").charged) == (None, usd("1.54"))
