"""What jobs taught: watched latencies, ratings, credits left; on both databases, and only the newest of each offer."""

from datetime import timedelta
from decimal import Decimal

import pytest

from ledger import BadRequest, Rated, UnknownJob, WrongState
from pricing import usd

from .world import CREATIFY, FAL, World, credit, credits_quote, dump, quote, world

CLIP = ("https://x.example/1.mp4",)


def make(w: World, job: str, *, took_ms: int | None = 90_000, offer: str = FAL) -> None:
    w.submitted(job, f"a-{job}", price=quote(offer=offer))
    w.settle(usd("1.40"), job, f"a-{job}", outputs=CLIP, took_ms=took_ms, clip_ms=None if took_ms is None else 9_400)


def test_a_watched_job_is_a_sample_once() -> None:
    w = world()
    w.submitted("j1", "a1")
    w.settle(None, "j1", "a1", evidence="quote", final=False, outputs=CLIP, took_ms=90_000, clip_ms=9_400)
    w.settle(usd("1.40"), "j1", "a1", outputs=CLIP, took_ms=95_000, clip_ms=9_400)
    w.settle(usd("1.40"), "j1", "a1", outputs=CLIP, took_ms=99_000, clip_ms=9_400)
    (one,) = w.ledger.latencies()
    assert (one.offer, dict(one.settings), one.clip_ms, one.took_ms, one.at) == (
        FAL, {"resolution": "720p"}, 9_400, 90_000, w.clock.now,
    )  # fmt: skip
    w.sound()


def test_who_did_not_watch_teaches_nothing() -> None:
    w = world()
    make(w, "j1", took_ms=None)
    assert w.ledger.latencies() == ()
    w.submitted("j2", "a2")
    w.settle(usd("1.40"), "j2", "a2", evidence="invoice", took_ms=None)
    w.settle(usd("1.40"), "j2", "a2", outputs=CLIP, took_ms=90_000, clip_ms=9_400)
    assert w.ledger.latencies() == (), "somebody else had seen it finished before"


@pytest.mark.parametrize(("took_ms", "clip_ms"), [(0, 1), (1, 0), (-5, 9), (1, 2**60)])
def test_an_impossible_length_changes_nothing(took_ms: int, clip_ms: int) -> None:
    w = world()
    w.submitted("j1", "a1")
    before = dump(w.ledger)
    with pytest.raises(BadRequest, match="is no length"):
        w.settle(usd("1.40"), "j1", "a1", took_ms=took_ms, clip_ms=clip_ms)
    assert dump(w.ledger) == before


def test_the_newest_of_each_offer_with_its_settings() -> None:
    w = world("1000")
    for n in range(12):
        make(w, f"f{n}", took_ms=1000 + n)
        w.clock.forward(seconds=1)
    for n in range(3):
        make(w, f"r{n}", took_ms=5000 + n, offer="runware/creatify:aurora@0")
        w.clock.forward(seconds=1)
    assert [(one.offer.partition("/")[0], one.took_ms) for one in w.ledger.latencies(4)] == [
        ("fal", 1011), ("fal", 1010), ("fal", 1009), ("fal", 1008),
        ("runware", 5002), ("runware", 5001), ("runware", 5000),
    ]  # fmt: skip
    assert len(w.ledger.latencies()) == 15


def test_charges_beside_their_quotes_but_not_what_only_the_quote_says() -> None:
    w = world("1000")
    make(w, "j1")
    w.submitted("j2", "a2")
    w.settle(None, "j2", "a2", evidence="quote", final=False, outputs=CLIP, took_ms=90_000, clip_ms=9_400)
    assert [one.charged for one in w.ledger.charges()] == [usd("1.40")]
    w.clock.forward(seconds=1)
    w.settle(usd("1.54"), "j2", "a2", evidence="billing_event")
    (_, other) = sorted(w.ledger.charges(), key=lambda one: one.charged.nanos)
    assert (other.offer, dict(other.settings), other.rates) == (FAL, {"resolution": "720p"}, ("rate-1",))
    assert (other.expected, other.charged) == (usd("1.40"), usd("1.54"))
    w.settle(usd("0"), "j2", "a2", evidence="invoice", delivered=0)
    assert len(w.ledger.charges()) == 1, "given back: it says nothing of a price"


def test_of_one_author_the_last_word_counts_and_all_are_kept() -> None:
    w = world()
    make(w, "j1")
    make(w, "j2")
    for job, score, author in (("j1", "0.2", "ann"), ("j1", "0.9", "ann"), ("j1", "0.5", "bob"), ("j2", "1", "ann")):
        w.ledger.rate(job, Decimal(score), author=author)
    assert w.ledger.ratings() == (Rated(FAL, {"resolution": "720p"}, 3, Decimal("2.4")),)
    before = dump(w.ledger)
    w.ledger.rate("j1", Decimal("0.9"), author="ann")
    assert dump(w.ledger) == before, "the same again is no new fact"
    w.ledger.rate("j1", Decimal("0.9"), author="ann", note="the lips match")
    assert dump(w.ledger) != before
    assert w.ledger.ratings()[0].count == 3
    w.sound()


@pytest.mark.parametrize("score", ["-0.1", "1.000001", "NaN", "Infinity", "0.1234567", "1E+999999"])
def test_a_score_is_from_0_to_1(score: str) -> None:
    w = world()
    make(w, "j1")
    with pytest.raises(BadRequest, match="a score is a number from 0 to 1"):
        w.ledger.rate("j1", Decimal(score), author="ann")
    assert w.ledger.ratings() == ()


def test_only_what_was_made_can_be_rated() -> None:
    w = world()
    w.submitted("j1", "a1")
    with pytest.raises(WrongState, match="has no clip to rate: it is submitted"):
        w.ledger.rate("j1", Decimal(1), author="ann")
    with pytest.raises(UnknownJob):
        w.ledger.rate("nope", Decimal(1), author="ann")


def test_credits_left_are_lots_less_what_was_charged_and_what_runs() -> None:
    w = world()
    assert w.ledger.prepaid() == ()
    soon, later = w.clock.now + timedelta(days=3), w.clock.now + timedelta(days=90)
    w.ledger.buy_credits("creatify", credit("10"), usd("2"), lot="a", expires_at=soon)
    w.ledger.buy_credits("creatify", credit("100"), usd("20"), lot="b", expires_at=later)
    w.ledger.buy_credits("creatify", credit("50"), usd("9"), lot="c", effective_at=later)

    def left() -> tuple[object, ...]:
        (one,) = w.ledger.prepaid()
        return one.currency, one.left, one.expiring

    assert left() == ("creatify-credit", credit("110"), ((soon, credit("10")), (later, credit("100"))))
    price = credits_quote("12", high="12")
    assert w.hold("j1", price=price).refused is None
    assert left()[1] == credit("110"), "only held: it may go to another provider"
    w.begin("j1", "a1", provider="creatify", price=price)
    assert left()[1:] == (credit("98"), ((later, credit("98")),))
    w.ledger.outcome(job="j1", attempt="a1", outcome="accepted", provider_job="p1")
    w.settle(credit("11"), "j1", "a1", outputs=CLIP)
    assert left()[1:] == (credit("99"), ((later, credit("99")),))
    w.ledger.draw_credits("creatify")
    assert left()[1:] == (credit("99"), ((later, credit("99")),))
    w.clock.forward(days=200)
    assert left()[1:] == (credit("50"), ()), "lapsed lots are left out before they are written off"
    assert CREATIFY.startswith("creatify/")
