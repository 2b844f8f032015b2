"""Laws 6, 7, 8, 9, 11 and 13 on made-up traces of ledger verbs."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import Grant
from ledger.tables import FACTS
from tests.ledger.acting import act, examples, tell
from tests.ledger.world import World, dump, file_url, plain, postgres_url, raw, world
from tests.strategies import LEDGER_SCOPES, Said, Verb, provider_events, traces

OPEN = ("held", "submitting", "submitted", "unknown")


def started(url: str | None = None) -> World:
    w = world("8", url)
    for n, scope in enumerate(LEDGER_SCOPES[1:]):
        w.ledger.set_budget(scope, None, currency="USD", window="month" if n == 1 else "total")
    return w


@given(traces())
@examples(60)
def test_every_projection_follows_from_the_facts_after_any_trace(trace: list[Verb]) -> None:
    w = started()
    for verb in trace:
        act(w, verb)
    w.sound()


def grants(answer: object) -> list[Grant]:
    """Those of a hold, or of a batch."""
    each = cast("tuple[object, ...]", answer) if isinstance(answer, tuple) else (answer,)
    return [one for one in each if isinstance(one, Grant)]


@given(traces(15))
@examples(50)
def test_a_verb_that_raises_changes_nothing_and_one_repeated_answers_the_same(trace: list[Verb]) -> None:
    w = started()
    for verb in trace:
        before = dump(w.ledger)
        answer = act(w, verb)
        given = grants(answer)
        after = dump(w.ledger)
        if isinstance(answer, tuple) and answer and isinstance(answer[0], type):
            assert after == before, verb
        if verb.name == "tick":
            continue
        again = act(w, verb)
        repeated = grants(again)
        if any(one.refused is not None for one in given):  # a refusal is kept each time, and is all that is kept
            assert again == answer
            before.pop("refusal")
            kept = dump(w.ledger)
            kept.pop("refusal")
            assert kept == {name: rows for name, rows in after.items() if name != "refusal"}
            continue
        if verb.name == "resolve" and isinstance(again, tuple) and not isinstance(answer, tuple):
            raise AssertionError(f"{verb}: {answer} became {again}")
        if verb.name in ("expire", "draw"):
            assert again in ((), 0)
        elif given:
            assert [(one.job, one.replayed) for one in repeated] == [(one.job, True) for one in given]
        else:
            assert again == answer, verb
        assert dump(w.ledger) == after, verb


@pytest.mark.usefixtures("postgres")
@given(trace=traces())
@examples(12)
def test_memory_file_and_postgresql_end_in_the_same_rows(trace: list[Verb]) -> None:
    """The same answers all along, and every row of every table the same."""
    with TemporaryDirectory() as folder:
        others = [started(file_url(Path(folder) / "x.db")), started(postgres_url())]
        ours = started()
        for verb in trace:
            answer = act(ours, verb)
            assert [act(other, verb) for other in others] == [answer, answer], verb
        for other in others:
            other.sound()
            assert plain(other.ledger) == plain(ours.ledger)
            other.ledger.close()


def money(w: World) -> object:
    """All that is money about job j1, and the journal's sums."""
    job = w.job()
    sums: Counter[tuple[str, str]] = Counter()
    for leg in w.ledger.postings("j1"):
        sums[leg.account, leg.amount.currency] += leg.amount.nanos
    nonzero = {account: nanos for account, nanos in sums.items() if nanos}
    said = (job.charged, job.native, job.reported, job.evidence, job.final, job.variance, job.cause)
    return said, job.open, nonzero, w.budget("acme")


def told(events: tuple[Said, ...]) -> World:
    w = world()
    w.hold()
    w.begin()
    for event in events:
        tell(w, event)
    return w


@given(provider_events())
@examples(40)
def test_any_order_and_repetition_of_what_is_said_ends_in_the_same_money(events: tuple[Said, ...]) -> None:
    orders = list(dict.fromkeys(permutations(events)))
    first = told(orders[0])
    first.sound()
    expected = money(first)
    for order in orders[1:]:
        assert money(told(order)) == expected, order
    assert money(told(events + events)) == expected


@pytest.mark.parametrize("late", ["refused", "not_sent"])
@given(events=provider_events(most=3))
@examples(20)
def test_a_charge_is_posted_whether_the_attempt_was_thought_refused_or_not(late: str, events: tuple[Said, ...]) -> None:
    said = [event for event in events if event.verb == "settle"]
    posted = {
        (w.job().charged, w.job().native, w.budget()[0])
        for order in permutations([*said, Said("outcome", outcome=late)])
        for w in [told(order)]
    }
    assert len(posted) == 1


def loose(w: World) -> Iterator[str]:
    """Jobs with an attempt that may have been accepted."""
    for job in w.ledger.jobs():
        if any(attempt.outcome in (None, "accepted", "unknown") for attempt in job.attempts):
            yield job.id


@given(traces(), st.integers(1, 10**6))
@examples(40)
def test_time_never_releases_what_may_have_been_accepted(trace: list[Verb], minutes: int) -> None:
    w = started()
    for verb in trace:
        act(w, verb)
    doubtful = {job.id: job for job in w.ledger.jobs() if job.id in set(loose(w))}
    w.clock.forward(minutes=minutes)
    ended = set(w.ledger.expire())
    assert not ended & set(doubtful)
    w.hold("late", scope="acme")  # a hold in need of room expires what has lapsed, and no more
    for name, job in doubtful.items():
        assert w.job(name) == job
    for job in w.ledger.jobs():
        assert job.state != "expired" or job.open.nanos == 0
        assert job.open.nanos == 0 or job.state in OPEN


@given(traces())
@examples(30)
def test_facts_are_only_added(trace: list[Verb]) -> None:
    w = started()
    before = dump(w.ledger)
    for verb in trace:
        act(w, verb)
        after = dump(w.ledger)
        for table in FACTS:
            assert set(before[table]) <= set(after[table]), (verb, table)
        before = after
    for table in FACTS:
        if before[table]:
            for sql in (f"DELETE FROM {table}", f"UPDATE {table} SET rowid = rowid"):  # noqa: S608
                with pytest.raises(sqlite3.IntegrityError, match="holds facts"):
                    raw(w.ledger, sql)


@given(traces())
@examples(30)
def test_a_parent_is_the_sum_of_its_scope(trace: list[Verb]) -> None:
    w = world(None)
    for scope in LEDGER_SCOPES:
        w.ledger.set_budget(scope, None, currency="USD")
    for verb in trace:
        if verb.name != "set_budget":
            act(w, verb)
    jobs = w.ledger.jobs()
    for scope in LEDGER_SCOPES:
        inside = [job for job in jobs if f"{job.scope}/".startswith(f"{scope}/")]
        spent, held, _ = w.budget(scope)
        assert held.nanos == sum(job.open.nanos for job in inside)
        assert spent.nanos == sum(job.charged.nanos for job in inside if job.charged is not None)
