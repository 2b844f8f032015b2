"""A plan against brute force over real quotes: nothing better within the limit, no job's own limit broken."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from pricing import Money, PriceBook, Usage, usd
from router import Candidate, Demand, Policy
from router.choose import Facts, choose
from router.offers import shipped_profiles
from router.plan import Allotment, Eligible, Goal, allot
from tests.strategies import demands, policies

BOOK = PriceBook.shipped()
WEIGHTS = st.sampled_from([Fraction(0), Fraction(1), Fraction(1), Fraction(5, 2)])
GOALS: st.SearchStrategy[Goal] = st.sampled_from(["quality", "cost"])


@st.composite
def batches(draw: st.DrawFn) -> list[Eligible]:
    """A few jobs, each with limits of its own."""
    found: list[Eligible] = []
    for row in range(1, draw(st.integers(0, 4)) + 1):
        choice = choose(draw(demands()), draw(policies()), BOOK, shipped_profiles(), date(2026, 11, 20), Facts())
        found.append(Eligible(row, choice.candidates, choice.rejections, draw(WEIGHTS)))
    return found


@st.composite
def limits(draw: st.DrawFn, batch: list[Eligible]) -> Money | None:
    """Mostly between the cheapest and the dearest of all."""
    highs = [sorted(one.quote.usd.high.nanos for one in job.candidates) for job in batch if job.candidates]
    most = sum(one[-1] for one in highs)
    return draw(st.none() | st.builds(Money, st.integers(0, most + 1), st.just("USD")))


def worth(job: Eligible, one: Candidate, objective: Goal) -> Fraction:
    if objective == "cost":
        return Fraction(-one.quote.usd.expected.nanos)
    return Fraction(one.quality or 0) * job.weight


def score(plan: Allotment) -> Fraction:
    return Fraction(-plan.score.nanos) if isinstance(plan.score, Money) else Fraction(plan.score)


@given(st.data(), batches(), GOALS)
@settings(max_examples=150)
def test_nothing_within_the_limit_is_better(data: st.DataObject, batch: list[Eligible], objective: Goal) -> None:
    limit = data.draw(limits(batch))
    plan = allot(batch, limit, "USD", objective)
    rows = [share.row for share in plan.shares]
    assert sorted([*rows, *(one.row for one in plan.left_out)]) == [job.row for job in batch]
    assert limit is None or plan.total.high <= limit
    for share in plan.shares:
        assert any(share.candidate is one for one in batch[share.row - 1].candidates)
    jobs = [batch[row - 1] for row in rows]
    plans = [
        sum((worth(job, one, objective) for job, one in zip(jobs, picks, strict=True)), Fraction(0))
        for picks in product(*(job.candidates for job in jobs))
        if limit is None or sum(one.quote.usd.high.nanos for one in picks) <= limit.nanos
    ]
    assert score(plan) == max(plans)
    assert plan.proven
    assert plan.gap_ppm >= 0


@given(st.data(), batches())
def test_the_most_jobs_are_made_where_all_weigh_the_same(data: st.DataObject, batch: list[Eligible]) -> None:
    even = [Eligible(job.row, job.candidates, job.rejections) for job in batch]
    limit = data.draw(limits(even).filter(lambda one: one is not None))
    assert limit is not None
    plan = allot(even, limit, "USD")
    least = sorted(min(one.quote.usd.high.nanos for one in job.candidates) for job in even if job.candidates)
    fit = max(count for count in range(len(least) + 1) if sum(least[:count]) <= limit.nanos)
    assert len(plan.shares) == fit
    for one in plan.left_out:
        assert (one.least is None) == (not batch[one.row - 1].candidates)
    short = [one.least for one in plan.left_out if one.least is not None]
    if short:
        assert plan.upgrade is not None
        assert (plan.upgrade.now, plan.upgrade.more) == (None, min(short))


@given(st.data(), batches(), GOALS)
def test_what_the_next_money_buys_is_not_to_be_had_for_less(
    data: st.DataObject, batch: list[Eligible], objective: Goal
) -> None:
    """With what is short added to the limit the plan is better, or makes a job more."""
    limit = data.draw(limits(batch).filter(lambda one: one is not None))
    assert limit is not None
    plan = allot(batch, limit, "USD", objective)
    if plan.upgrade is not None and plan.upgrade.short:
        richer = allot(batch, limit + plan.upgrade.short, "USD", objective)
        if len(richer.shares) == len(plan.shares):
            assert score(richer) > score(plan)
        else:
            assert len(richer.shares) > len(plan.shares)


def test_the_batch_ends_when_its_last_job_does() -> None:
    batch = [Eligible(row, some(), (), Fraction(1)) for row in range(1, 18)]
    plan = allot(batch, None, "USD", "cost")
    each = plan.shares[0].candidate.latency_s
    assert (plan.at_once, plan.finishes_in_s) == (8, 3 * each)
    assert allot([], usd(0), "USD").finishes_in_s == Decimal(0)


def some() -> tuple[Candidate, ...]:
    wanted = Demand("avatar", Usage.audio("9.4"), Decimal("9.4"))
    return choose(wanted, Policy(), BOOK, shipped_profiles(), date(2026, 11, 20), Facts()).candidates
