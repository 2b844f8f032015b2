"""Holds in batches: all jobs or none, on the same terms as one by one."""

import pytest

from ledger import Ask, BadRequest, BadScope, Grant, Refusal
from ledger.tables import JOB
from pricing import Quote, usd

from .world import World, credits_quote, dump, quote, world


def asks(count: int, *, first: int = 1, digest: str = "h", price: Quote | None = None) -> list[Ask]:
    wanted = price or quote()
    return [Ask(f"j{n}", f"key-j{n}", digest, wanted, {"n": n}, {"team": "ads"}) for n in range(first, first + count)]


def batch(w: World, wanted: list[Ask], *, scope: str = "acme/c7", expires_in_s: int = 600) -> tuple[Grant, ...]:
    return w.ledger.hold_batch(scope=scope, asks=wanted, owner="test", expires_in_s=expires_in_s)


def refusal(grants: tuple[Grant, ...]) -> Refusal:
    """The one all share."""
    (one,) = {grant.refused for grant in grants if not grant.replayed}
    assert one is not None
    return one


def test_a_batch_is_the_same_as_its_jobs_one_by_one() -> None:
    one, many = world(), world()
    for n in range(1, 6):
        one.ledger.hold(
            job=f"j{n}", key=f"key-j{n}", request_hash="h", scope="acme/c7", quote=quote(), request={"n": n},
            tags={"team": "ads"}, owner="test", expires_in_s=600,
        )  # fmt: skip
    assert batch(many, asks(5)) == tuple(Grant(f"j{n}") for n in range(1, 6))
    assert many.ledger.jobs() == one.ledger.jobs()
    assert many.budget() == one.budget() == (usd("0"), usd("7"), usd("93"))
    assert many.ledger.timeline("j3") == one.ledger.timeline("j3")
    many.sound()


def test_the_jobs_of_a_batch_share_its_name_and_one_alone_has_none() -> None:
    w = world()
    batch(w, asks(2))
    batch(w, asks(1, first=3))
    w.hold("j4")
    column = list(JOB.c).index(JOB.c.batch)
    assert [(row[0], row[column]) for row in dump(w.ledger)["job"]] == [
        ("j1", "j1"),
        ("j2", "j1"),
        ("j3", ""),
        ("j4", ""),
    ]


def test_all_or_none_and_the_refusal_names_the_sum() -> None:
    w = world("7")
    no = refusal(batch(w, asks(6)))
    assert (no.reason, no.scope, no.limit, no.available, no.asked) == ("budget", "acme", usd("7"), usd("7"), usd("8.4"))
    assert no.detail == "acme has 7.00 USD available of its limit 7.00 USD; 8.40 USD asked for 6 jobs"
    assert w.ledger.jobs() == ()
    assert [grant.job for grant in batch(w, asks(6))] == [f"j{n}" for n in range(1, 7)]
    assert batch(w, asks(5)) == tuple(Grant(f"j{n}") for n in range(1, 6))
    w.sound()


def test_the_whole_chain_holds_or_none() -> None:
    w = world()
    w.ledger.set_budget("acme/c7", usd("5"), overrun="freeze")
    assert refusal(batch(w, asks(4))).scope == "acme/c7"
    assert w.budget("acme")[1] == w.budget("acme/c7")[1] == usd("0")
    batch(w, asks(3))
    assert w.budget("acme")[1] == w.budget("acme/c7")[1] == usd("4.2")
    w.sound()


def test_known_keys_are_replayed_and_the_others_held() -> None:
    w = world()
    w.hold("j2")
    w.hold("old", key="key-j4")
    answers = batch(w, asks(5))
    assert answers == (
        Grant("j1"), Grant("j2", replayed=True), Grant("j3"), Grant("old", replayed=True), Grant("j5"),
    )  # fmt: skip
    assert w.budget()[1] == usd("7")
    before = dump(w.ledger)
    again = batch(w, asks(5))
    assert again == tuple(Grant(one.job, replayed=True) for one in answers)
    assert dump(w.ledger) == before
    w.sound()


def test_known_keys_keep_what_they_have_when_the_others_are_refused() -> None:
    w = world("3")
    w.hold("j2")
    answers = batch(w, asks(3))
    assert answers[1] == Grant("j2", replayed=True)
    assert refusal(answers).asked == usd("2.8")
    assert [job.id for job in w.ledger.jobs()] == ["j2"]
    assert w.budget()[1] == usd("1.4")


@pytest.mark.parametrize("taken", ["key", "job"])
def test_a_key_or_job_that_is_taken_refuses_the_batch(taken: str) -> None:
    w = world()
    w.hold("j2" if taken == "job" else "other", key="key-j2" if taken == "key" else "other", digest="another")
    answers = batch(w, asks(3))
    assert [one.refused is not None and one.refused.reason for one in answers] == ["key_reused"] * 3
    assert "j2" in refusal(answers).detail
    assert w.budget()[1] == usd("1.4")


def test_twins_within_a_batch_are_one() -> None:
    w = world()
    (one,) = asks(1)
    twin = Ask("j9", one.key, one.request_hash, one.quote)
    assert batch(w, [one, twin, one]) == (Grant("j1"), Grant("j1", replayed=True), Grant("j1", replayed=True))
    assert w.budget()[1] == usd("1.4")
    other = Ask("j8", "k8", "h", quote())
    assert refusal(batch(w, [other, Ask("j7", "k8", "x", quote())])).reason == "key_reused"
    assert refusal(batch(w, [other, Ask("j8", "k9", "h", quote())])).reason == "key_reused"
    assert len(w.ledger.jobs()) == 1
    w.sound()


def test_what_has_lapsed_makes_room_for_a_batch() -> None:
    w = world("7")
    batch(w, asks(5), expires_in_s=60)
    w.clock.forward(seconds=61)
    assert batch(w, asks(5, first=6))[0] == Grant("j6")
    assert {job.state for job in w.ledger.jobs()[:5]} == {"expired"}
    w.sound()


def test_currencies_of_a_batch() -> None:
    w = world()
    mixed = [*asks(1), *asks(1, first=2, price=credits_quote("11"))]
    batch(w, mixed)
    assert w.budget()[1] == usd("3.578")
    w.ledger.set_budget("club", None, currency="creatify-credit")
    no = refusal(batch(w, [*asks(1, first=4, price=credits_quote("11")), *asks(1, first=3)], scope="club"))
    assert (no.reason, "fal/" in no.detail) == ("currency", True)
    assert batch(w, asks(2, first=4, price=credits_quote("11")), scope="club") == (Grant("j4"), Grant("j5"))
    w.sound()


def test_a_batch_without_a_budget_or_of_a_shut_one_is_refused() -> None:
    w = world()
    assert refusal(batch(w, asks(2), scope="acne")).reason == "no_budget"
    w.ledger.freeze("acme", author="ann")
    assert refusal(batch(w, asks(2))).reason == "frozen"
    w.sound()


def test_an_empty_batch_and_bad_ones() -> None:
    w = world()
    before = dump(w.ledger)
    assert batch(w, []) == ()
    with pytest.raises(BadScope):
        batch(w, asks(1), scope="a//b")
    for bad in (
        [Ask("", "k", "h", quote())],
        [Ask("j", "k\0", "h", quote())],
        [Ask("j", "k" * 501, "h", quote())],
        asks(1) * 10_001,
    ):
        with pytest.raises(BadRequest):
            batch(w, bad)
    for seconds in (0, -1, 10**9):
        with pytest.raises(BadRequest, match="only after 1 to"):
            batch(w, asks(1), expires_in_s=seconds)
    assert dump(w.ledger) == before


def test_a_thousand_at_once() -> None:
    w = world("1400")
    assert all(grant.refused is None for grant in batch(w, asks(1000)))
    assert w.budget() == (usd("0"), usd("1400"), usd("0"))
    assert refusal(batch(w, asks(1, first=2000))).reason == "budget"
    w.sound()
