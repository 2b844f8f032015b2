"""Several callers at the same instant, saying the same or rivalling: one effect remains, and each gets its answer."""

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import pytest

from ledger import Ask, Grant, StorageError
from ledger.store import Moved
from pricing import usd

from .world import quote, world

T = TypeVar("T")
CALLERS = 6
ROUNDS = 8


def at_once(*calls: Callable[[], T]) -> list[T]:
    """All answers, in the order of the calls; an error of any is raised."""
    start = threading.Barrier(len(calls))
    answers: dict[int, T] = {}
    errors: list[BaseException] = []

    def run(n: int, call: Callable[[], T]) -> None:
        start.wait()
        try:
            answers[n] = call()
        except BaseException as error:  # shown by the test
            errors.append(error)

    threads = [threading.Thread(target=run, args=(n, call)) for n, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return [answers[n] for n in range(len(calls))]


def test_twins_of_a_hold() -> None:
    w = world()
    for n in range(ROUNDS):
        calls = [partial(w.hold, f"j{n}-{c}", key=f"k{n}") for c in range(CALLERS)]
        answers = at_once(*calls)
        assert len({one.job for one in answers}) == 1
        assert Counter(one.replayed for one in answers) == {False: 1, True: CALLERS - 1}
        assert all(one.refused is None for one in answers)
    assert w.budget()[1] == usd("1.4") * ROUNDS
    w.sound()


def test_two_requests_under_one_key() -> None:
    w = world()
    for n in range(ROUNDS):
        calls = [partial(w.hold, f"j{n}-{c}", key=f"k{n}", digest=str(c)) for c in range(3)]
        answers = at_once(*calls)
        assert sorted("" if one.refused is None else one.refused.reason for one in answers) == [
            "", "key_reused", "key_reused",
        ]  # fmt: skip
    w.sound()


def test_batches_that_overlap() -> None:
    w = world("28")
    for n in range(4):
        wanted = [Ask(f"j{n}-{c}", f"k{n}-{c}", "h", quote()) for c in range(8)]

        def ask(first: int, wanted: list[Ask] = wanted) -> tuple[Grant, ...]:
            return w.ledger.hold_batch(scope="acme", asks=wanted[first : first + 4], owner="t", expires_in_s=60)

        answers = at_once(*[partial(ask, first) for first in (0, 1, 2, 3, 4)])
        made = Counter(one.job for batch in answers for one in batch if one.refused is None and not one.replayed)
        assert set(made.values()) <= {1}
        assert w.budget()[1] == usd("1.4") * len(w.ledger.due())
        assert w.budget()[1] <= usd("28")
    w.sound()


def test_twins_of_an_intent() -> None:
    w = world()
    for n in range(ROUNDS):
        w.hold(f"j{n}")
        answers = at_once(*[partial(w.begin, f"j{n}", f"a{n}", price=quote("2.80"))] * CALLERS)
        assert Counter(one.replayed for one in answers) == {False: 1, True: CALLERS - 1}
        assert len(w.job(f"j{n}").attempts) == 1
    assert w.budget()[1] == usd("2.8") * ROUNDS
    w.sound()


def test_rival_attempts_of_one_job() -> None:
    w = world()
    for n in range(ROUNDS):
        w.hold(f"j{n}")
        calls = [partial(w.begin, f"j{n}", f"a{n}-{c}") for c in range(CALLERS)]
        answers = at_once(*calls)
        reasons = Counter(None if one.refused is None else one.refused.reason for one in answers)
        assert reasons == {None: 1, "moved": CALLERS - 1}
        assert len(w.job(f"j{n}").attempts) == 1
    w.sound()


def test_twins_of_a_settlement() -> None:
    w = world()
    for n in range(ROUNDS):
        w.submitted(f"j{n}", f"a{n}")
        answers = at_once(*[partial(w.settle, usd("1.54"), f"j{n}", f"a{n}")] * CALLERS)
        assert {one.charged for one in answers} == {usd("1.54")}
        assert len(w.ledger.postings(f"j{n}")) == 4
        assert [event.kind for event in w.ledger.timeline(f"j{n}")].count("observation") == 1
    assert w.budget()[:2] == (usd("1.54") * ROUNDS, usd("0"))
    w.sound()


def test_poll_webhook_and_person_at_once() -> None:
    w = world()
    for n in range(ROUNDS):
        job, attempt = f"j{n}", f"a{n}"
        w.submitted(job, attempt)
        calls: list[Callable[[], object]] = [
            partial(w.settle, usd("1.54"), job, attempt),
            partial(w.settle, usd("1.40"), job, attempt, evidence="billing_event"),
            partial(w.ledger.release, job=job, attempt=attempt, reason="failed", proof="said so"),
            partial(w.ledger.unknown, job=job, attempt=attempt, reason="no news"),
            partial(w.ledger.extend, job, to=usd("2")),
        ]
        at_once(*calls)
        view = w.job(job)
        assert (view.state, view.charged, view.evidence) == ("settled", usd("1.4"), "billing_event")
    assert w.budget()[:2] == (usd("1.4") * ROUNDS, usd("0"))
    w.sound()


def test_one_provider_job_goes_to_one_of_its_rivals() -> None:
    w = world()
    for n in range(ROUNDS):
        names = [f"{n}-{c}" for c in range(3)]
        for name in names:
            w.hold(f"j{name}")
            w.begin(f"j{name}", f"a{name}")

        def said(name: str, provider_job: str = f"p{n}") -> str:
            return w.ledger.outcome(job=f"j{name}", attempt=f"a{name}", outcome="accepted", provider_job=provider_job)

        answers = at_once(*[partial(said, name) for name in names])
        assert sorted(answers) == ["submitted", "unknown", "unknown"]
    assert len(w.ledger.claimed("fal")) == ROUNDS
    w.sound()


def test_twins_of_an_extension_and_of_a_message() -> None:
    w = world()
    for n in range(ROUNDS):
        w.hold(f"j{n}")
        answers = at_once(*[partial(w.ledger.extend, f"j{n}", to=usd("2"))] * CALLERS)
        assert Counter(one.replayed for one in answers) == {False: 1, True: CALLERS - 1}
        new = at_once(*[partial(w.ledger.receive, "fal", "webhook", f"m{n}", "body")] * CALLERS)
        assert Counter(new) == {True: 1, False: CALLERS - 1}
    assert w.budget()[1] == usd("2") * ROUNDS
    assert len(w.ledger.messages()) == ROUNDS
    w.sound()


def test_holds_at_the_edge_of_room_never_pass_it() -> None:
    w = world("7")
    answers = at_once(*[partial(w.hold, f"j{n}") for n in range(12)])
    assert sum(one.refused is None for one in answers) == 5
    assert w.budget()[1] == usd("7")
    w.sound()


def test_expiry_and_a_begin_at_once() -> None:
    w = world()
    for n in range(ROUNDS):
        w.hold(f"j{n}", expires_in_s=1)
        w.clock.forward(seconds=2)
        begun, _ = at_once(partial(w.begin, f"j{n}", f"a{n}"), w.ledger.expire)
        state = w.state(f"j{n}")
        assert isinstance(begun, Grant)
        assert (state, begun.refused is None) in (("submitting", True), ("expired", False))
    w.sound()


def test_a_row_that_moves_for_ever_is_one_clear_line() -> None:
    def unit(_: object) -> None:
        raise Moved("job j1 was moved")

    with pytest.raises(StorageError, match=r"job j1 was moved; (see what it is: faregate verify|other writers)"):
        world().ledger._store.write(unit)  # pyright: ignore[reportPrivateUsage]
