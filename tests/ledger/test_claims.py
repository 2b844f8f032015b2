"""Claims: due work for several workers, each job with one of them at a time."""

import threading
from collections import Counter
from typing import Any

import pytest

from ledger import BadRequest, JobView
from pricing import usd

from .world import World, dump, quote, world


def three() -> World:
    w = world()
    for n in (1, 2, 3):
        w.hold(f"j{n}")
        w.clock.forward(seconds=1)
    return w


def ids(jobs: tuple[JobView, ...]) -> list[str]:
    return [job.id for job in jobs]


def test_no_job_is_claimed_twice_while_a_lease_runs() -> None:
    w = three()
    assert ids(w.ledger.claim("ann", lease_s=60, limit=2)) == ["j1", "j2"]
    assert ids(w.ledger.claim("bob", lease_s=60, limit=2)) == ["j3"]
    assert w.ledger.claim("ann", lease_s=60, limit=2) == ()
    w.clock.forward(seconds=59)
    assert w.ledger.claim("bob", lease_s=60) == ()
    w.clock.forward(seconds=1)
    assert ids(w.ledger.claim("eve", lease_s=60, limit=9)) == ["j1", "j2", "j3"]


def test_what_is_given_back_waits_for_its_turn() -> None:
    w = three()
    assert ids(w.ledger.claim("ann", lease_s=60)) == ["j1"]
    w.clock.forward(seconds=1)
    assert w.ledger.release_claim("j1", owner="ann")
    assert ids(w.ledger.claim("ann", lease_s=60, limit=9)) == ["j1", "j2", "j3"]
    for job, pause in (("j2", 0), ("j1", 30)):
        w.clock.forward(seconds=1)
        assert w.ledger.release_claim(job, owner="ann", again_in_s=pause)
    assert ids(w.ledger.claim("bob", lease_s=5)) == ["j2"]
    w.clock.forward(seconds=30)
    assert ids(w.ledger.claim("bob", lease_s=5, limit=9)) == ["j1", "j2"]


def test_the_younger_get_their_turn_before_the_older_get_a_second() -> None:
    w = three()
    seen: list[str] = []
    for _ in range(6):
        w.clock.forward(seconds=1)
        (job,) = ids(w.ledger.claim("ann", lease_s=60))
        w.ledger.release_claim(job, owner="ann")
        seen.append(job)
    assert seen == ["j1", "j2", "j3", "j1", "j2", "j3"]


def test_a_claim_is_kept_and_given_back_only_by_its_owner_and_while_it_runs() -> None:
    w = three()
    w.ledger.claim("ann", lease_s=60)
    before = dump(w.ledger)
    assert not w.ledger.renew_claim("j1", owner="bob", lease_s=60)
    assert not w.ledger.release_claim("j1", owner="bob")
    assert not w.ledger.release_claim("j2", owner="")
    assert not w.ledger.release_claim("nope", owner="ann")
    assert dump(w.ledger) == before
    w.clock.forward(seconds=50)
    assert w.ledger.renew_claim("j1", owner="ann", lease_s=60)
    w.clock.forward(seconds=59)
    assert "j1" not in ids(w.ledger.claim("bob", lease_s=60, limit=9))
    w.clock.forward(seconds=1)
    assert not w.ledger.renew_claim("j1", owner="ann", lease_s=60)
    assert not w.ledger.release_claim("j1", owner="ann")
    assert ids(w.ledger.claim("bob", lease_s=60, limit=9)) == ["j1"]


def test_only_open_jobs_of_the_wanted_states_are_due_also_those_that_cost_nothing() -> None:
    w = world()
    w.hold("j1")
    w.submitted("j2", "a2")
    w.submitted("j3", "a3")
    w.settle(usd("1.4"), "j3", "a3")
    w.hold("free", price=quote("0"))
    assert ids(w.ledger.claim("ann", lease_s=60, limit=9, states=["submitted", "unknown"])) == ["j2"]
    assert w.ledger.claim("ann", lease_s=60, limit=9, states=[]) == ()
    assert sorted(ids(w.ledger.claim("ann", lease_s=60, limit=9))) == ["free", "j1"]


def test_a_lease_is_no_fact_and_stops_no_verb() -> None:
    w = three()
    seen = w.job("j1")
    assert w.ledger.claim("ann", lease_s=60) == (seen,)
    assert w.job("j1") == seen
    assert w.begin("j1", "a1").refused is None
    w.ledger.release(job="j2", reason="cancelled")
    w.sound()


@pytest.mark.parametrize(
    "bad",
    [{"lease_s": 0}, {"lease_s": 10**9}, {"limit": 0}, {"states": ["settled"]}, {"states": ["'"]}, {"owner": ""}],
)
def test_bad_claims(bad: dict[str, Any]) -> None:
    w = three()
    before = dump(w.ledger)
    asked: dict[str, Any] = {"owner": "ann", "lease_s": 60} | bad
    with pytest.raises(BadRequest):
        w.ledger.claim(asked.pop("owner"), **asked)
    w.ledger.claim("ann", lease_s=60)
    with pytest.raises(BadRequest):
        w.ledger.release_claim("j1", owner="ann", again_in_s=-1)
    w.ledger.release_claim("j1", owner="ann")
    assert dump(w.ledger).keys() == before.keys()


def test_many_workers_share_the_work_and_none_of_it_is_done_twice() -> None:
    w = world(None)
    for n in range(60):
        w.hold(f"j{n}")
    seen: Counter[str] = Counter()
    guard = threading.Lock()
    start = threading.Barrier(6)

    def worker(name: str) -> None:
        start.wait()
        while mine := w.ledger.claim(name, lease_s=600, limit=3):
            with guard:
                seen.update(ids(mine))

    threads = [threading.Thread(target=worker, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Who passes over what another is just claiming may find nothing left: a later look takes the rest, if any.
    seen.update(ids(w.ledger.claim("last", lease_s=600, limit=99)))
    assert seen == Counter({f"j{n}": 1 for n in range(60)})
