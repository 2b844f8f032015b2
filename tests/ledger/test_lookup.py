"""A job is found by the provider's own id for it or by our attempt's, through an index, on both databases."""

import pytest

from ledger.reading import _BY_ATTEMPT, _BY_PROVIDER_JOB  # pyright: ignore[reportPrivateUsage]
from ledger.store import Statement, Work
from pricing import usd

from .world import credits_quote, world


def test_by_the_providers_id_and_by_our_attempts() -> None:
    w = world()
    w.submitted("j1", "a1")
    w.submitted("j2", "a2")
    for name, job in {"p-a1": "j1", "a1": "j1", "p-a2": "j2", "a2": "j2"}.items():
        found = w.ledger.by_provider_job("fal", name)
        assert found == w.job(job)
    for provider, name in (("runware", "p-a1"), ("runware", "a1"), ("fal", "p-a3"), ("fal", "j1"), ("fal", "")):
        assert w.ledger.by_provider_job(provider, name) is None


def test_before_the_answer_is_recorded_our_attempts_id_finds_it() -> None:
    w = world()
    w.hold()
    assert w.ledger.by_provider_job("fal", "a1") is None
    w.begin()
    view = w.ledger.by_provider_job("fal", "a1")
    assert view is not None
    assert (view.id, view.state) == ("j1", "submitting")
    assert w.ledger.by_provider_job("fal", "p-a1") is None


def test_the_providers_id_comes_first_and_a_job_that_is_over_is_found_too() -> None:
    """A provider that names one job by the id of another attempt of ours is taken at its word."""
    w = world()
    w.submitted("j1", "a1")
    w.hold("j2")
    w.begin("j2", "a2")
    w.ledger.outcome(job="j2", attempt="a2", outcome="accepted", provider_job="a1")
    w.settle(usd("1.4"), "j2", "a2")
    view = w.ledger.by_provider_job("fal", "a1")
    assert view is not None
    assert (view.id, view.state) == ("j2", "settled")


def test_one_of_many_attempts_of_a_job() -> None:
    w = world()
    w.hold(price=credits_quote())
    w.begin(provider="creatify", price=credits_quote())
    w.ledger.outcome(job="j1", attempt="a1", outcome="refused")
    w.begin(attempt="a2")
    w.ledger.outcome(job="j1", attempt="a2", outcome="accepted", provider_job="p-a2")
    for provider, name in (("creatify", "a1"), ("fal", "a2"), ("fal", "p-a2")):
        assert w.ledger.by_provider_job(provider, name) == w.job()
    assert w.ledger.by_provider_job("creatify", "p-a2") is None


@pytest.mark.parametrize("name", ["nul\0", "half \ud800 a sign", "x" * 100_000, "' OR 1=1 --"])
def test_an_odd_id_is_found_as_it_was_kept_and_harms_nothing(name: str) -> None:
    w = world()
    assert w.ledger.by_provider_job("fal", name) is None
    w.hold()
    w.begin()
    w.ledger.outcome(job="j1", attempt="a1", outcome="accepted", provider_job=name)
    assert w.ledger.by_provider_job("fal", name) == w.job()
    assert w.ledger.by_provider_job("f\0\ud800", name) is None


@pytest.mark.parametrize("statement", [_BY_PROVIDER_JOB, _BY_ATTEMPT], ids=["provider_job", "attempt"])
def test_it_is_an_index_that_finds_it(statement: Statement) -> None:
    w = world()

    def plan(work: Work) -> list[str]:
        sql = str(statement.clause).replace(":provider", "'x'").replace(":name", "'x'")
        if work.dialect == "postgresql":
            work.text("SET LOCAL enable_seqscan = off")  # else the planner reads the whole of an empty table
        head = "EXPLAIN " if work.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
        return [" ".join(map(str, row)) for row in work.text(head + sql)]

    store = w.ledger._store  # pyright: ignore[reportPrivateUsage]
    told = "\n".join(store.read(plan))
    assert "Index" in told or "INDEX" in told
    assert "Seq Scan" not in told
    assert "SCAN" not in told
