"""Running a plan: held at once, made, resumed under its key, planned again when reality differs from the quotes."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import anyio
import pytest

from ledger import Ledger
from pricing import Money, PriceBook, usd
from router import (
    AsyncRouter,
    AvatarVideo,
    BadRequest,
    BatchJob,
    KeyReused,
    Patience,
    Plan,
    Policy,
    QuoteStale,
    Refused,
    Router,
)
from router.plan import AT_ONCE
from router.runner import DOWN_AFTER, Runner
from router.talk import Submission
from tests.ledger.world import postgres_url

from .flow_world import QUICK, SCOPE, World
from .scripted import LOST, REFUSED, RUNNING, done

PATIENT = Patience(wait_s=20, first_s=0.01, longest_s=0.05)


@pytest.fixture(autouse=True)
def taken(world: World) -> None:
    """Each provider gives every job a name of its own."""
    for provider in world.providers.values():
        provider.submits = [Submission("accepted", f"{provider.name}-{number}") for number in range(9)]


def clip(number: int, **more: object) -> AvatarVideo:
    return AvatarVideo(f"https://x.example/{number}.png", "https://x.example/a.mp3", seconds="9.4", **more)  # type: ignore[arg-type]


def planned(world: World, count: int, budget: str | None = None, policy: Policy | None = None) -> Plan:
    jobs = [clip(number) for number in range(count)]
    return world.router.plan(jobs, budget=usd(budget) if budget else None, scope=SCOPE, policy=policy)


def offers(plan: Plan) -> list[str]:
    return [f"{one.candidate.provider} {one.candidate.settings['resolution']}" for one in plan.shares]


def total(world: World) -> tuple[Money, Money]:
    top = world.ledger.budgets(SCOPE)[0]
    return top.spent, top.held


def test_the_budget_buys_the_better_offer_for_as_many_as_it_can(world: World) -> None:
    """At 9.4 s: runware 480p 0.70 USD for 0.50, fal and runware 720p 1.40 USD for 0.70; 480p at fal is no better."""
    plan = planned(world, 3, "3")
    assert sorted(offers(plan)) == ["fal 720p", "runware 480p", "runware 480p"]
    assert (plan.total.high, str(plan.score), plan.proven) == (usd("2.80"), "1.7", True)
    assert plan.upgrade is not None
    assert (plan.upgrade.more, plan.upgrade.short) == (usd("0.70"), usd("0.50"))


def test_least_cost_keeps_each_jobs_own_floor(world: World) -> None:
    jobs = [clip(1), BatchJob(clip(2), Policy(min_quality="0.7")), BatchJob(clip(3), Policy(min_quality="0.9"))]
    plan = world.router.plan(jobs, budget=usd(10), objective="cost", scope=SCOPE)
    assert offers(plan) == ["runware 480p", "fal 720p"]
    assert (plan.score, plan.bound, plan.upgrade) == (usd("2.10"), usd("2.10"), None)
    (out,) = plan.left_out
    assert (out.row, out.least) == (3, None)
    assert "min_quality" in {one.reason for one in out.rejections}


def test_where_not_all_fit_the_heaviest_then_the_cheapest_are_made(world: World) -> None:
    jobs = [clip(1), BatchJob(clip(2), weight=2), clip(3)]
    plan = world.router.plan(jobs, budget=usd("1.50"), scope=SCOPE)
    assert [one.row for one in plan.shares] == [1, 2]
    assert [(one.row, one.least) for one in plan.left_out] == [(3, usd("0.70"))]
    assert plan.upgrade is not None
    assert (plan.upgrade.row, plan.upgrade.now, plan.upgrade.short) == (3, None, usd("0.60"))
    assert "3  left out: it needs 0.70 USD" in plan.explain()


def test_the_scopes_own_room_is_a_limit_too(world: World) -> None:
    world.ledger.set_budget(SCOPE, usd("0.80"))
    assert planned(world, 2, "50").limit == usd("0.80")
    world.ledger.freeze(SCOPE, author="me", note="stop")
    assert planned(world, 2).limit == usd(0)
    with pytest.raises(Refused, match="no budget covers elsewhere"):
        world.router.plan([clip(1)], scope="elsewhere")
    with pytest.raises(BadRequest, match="the budget is in creatify-credit"):
        world.router.plan([clip(1)], budget=Money.of(5, "creatify-credit"), scope=SCOPE)


def test_bad_input_names_the_job(world: World) -> None:
    with pytest.raises(BadRequest, match=r"^job 2: there is no file"):
        world.router.plan([clip(1), AvatarVideo("https://x.example/a.png", "nowhere.mp3")])
    with pytest.raises(BadRequest, match="needs a scope"):
        world.router.run_plan(world.router.plan([clip(1)]), key="b")


def test_a_batch_is_held_at_once_and_made(world: World) -> None:
    plan = planned(world, 3, "3.60")
    told: list[int] = []
    result = world.router.run_plan(plan, key="b", tags={"team": "ads"}, on_job=lambda made: told.append(made.row))
    assert [one.ending for one in result.made] == ["made"] * 3
    assert sorted(told) == [1, 2, 3]
    assert (result.open, result.replanned) == (usd(0), 0)
    assert total(world) == (result.charged, usd(0))
    batches = [view for row in (1, 2, 3) if (view := world.ledger.by_key(f"b/{row}"))]
    assert [dict(view.tags) for view in batches] == [{"team": "ads"}] * 3


def test_a_second_run_pays_nothing_more_and_makes_what_was_left_out(world: World) -> None:
    first = world.router.run_plan(planned(world, 3, "1.50"), key="b")
    assert [one.ending for one in first.made] == ["made", "made", "left_out"]
    posts = world.posts
    again = world.router.run_plan(planned(world, 3, "1.50"), key="b")
    assert ([one.ending for one in again.made], world.posts) == (["made", "made", "left_out"], posts)
    more = world.router.run_plan(planned(world, 3, "5"), key="b")
    assert ([one.ending for one in more.made], world.posts) == (["made"] * 3, posts + 1)
    with pytest.raises(KeyReused, match="job 1 of the plan 'b' was another request"):
        world.router.run_plan(planned(world, 3, "5", Policy(max_cost=usd(2))), key="b")


def test_a_job_that_is_refused_is_given_to_another_offer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One at a time. Runware takes neither job; fal makes both, each under a key of its own, within the budget.

    When the first is refused, the second is planned again too, at Runware's cheaper offer: its hold is made anew.
    """
    monkeypatch.setattr("router.runner.AT_ONCE", 1)
    world.runware.submits = [REFUSED]
    result = world.router.run_plan(planned(world, 2, "2.40"), key="b")
    assert [one.ending for one in result.made] == ["made", "made"]
    assert (result.charged, result.replanned) == (usd("2.00"), 2)
    assert {view.offer for view in world.ledger.jobs() if view.state == "settled"} == {"fal/fal-ai/creatify/aurora"}
    assert {view.key: view.state for view in world.ledger.jobs()} == {
        "b/1": "released", "b/1/2": "settled", "b/2": "released", "b/2/2": "released",
        "b/2/3": "settled",
    }  # fmt: skip
    assert total(world) == (usd("2.00"), usd(0))


def test_a_job_that_nobody_takes_ends_and_the_others_are_made(world: World) -> None:
    world.runware.submits = [REFUSED]
    world.fal.submits = [REFUSED]
    result = world.router.run_plan(planned(world, 2, "10"), key="b")
    assert [one.ending for one in result.made] == ["failed", "failed"]
    assert total(world) == (usd(0), usd(0))
    assert "no money" in result.made[0].reason


def test_a_dearer_job_makes_the_rest_be_planned_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One at a time: the first costs 1.30 USD of 2.10 held for three at 0.70, so that only one more is made."""
    monkeypatch.setattr("router.runner.AT_ONCE", 1)
    world.runware.polls = [done(usd("1.30")), done(usd("0.70"))]
    result = world.router.run_plan(planned(world, 3, "2.10"), key="b")
    assert [one.ending for one in result.made] == ["made", "made", "left_out"]
    assert (result.charged, result.replanned) == (usd("2.00"), 1)
    assert world.state("b/3") == "released"
    assert total(world) == (usd("2.00"), usd(0))


def test_an_unknown_outcome_keeps_its_money_and_is_not_made_again(world: World) -> None:
    world.runware.submits = [LOST]
    plan = planned(world, 2, "1.40")
    result = world.router.run_plan(plan, key="b")
    assert [one.ending for one in result.made] == ["unknown", "unknown"]
    assert result.open == usd("1.40")
    posts = world.posts
    assert world.router.run_plan(plan, key="b").count("unknown") == 2
    assert world.posts == posts


def test_a_run_that_was_killed_goes_on(world: World) -> None:
    """Held by a run that died before it sent: the same holds are used, no job is sent twice."""
    plan = planned(world, 3, "2.10")

    def killed(_runner: Runner) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Runner, "_work", killed)
        with pytest.raises(KeyboardInterrupt):
            world.router.run_plan(plan, key="b")
    assert total(world) == (usd(0), usd("2.10"))
    result = world.router.run_plan(planned(world, 3, "2.10"), key="b")
    assert [one.ending for one in result.made] == ["made"] * 3
    assert (world.posts, total(world)) == (3, (usd("2.10"), usd(0)))


def test_a_price_that_moved_since_the_plan_is_refused(world: World) -> None:
    """Creatify's Aurora was 20 credits per started 15 s in February. Nothing is held: plan again."""
    world.creatify.missing, today = None, world.clock.now
    world.clock.now = datetime(2026, 2, 15, tzinfo=UTC)
    plan = planned(world, 1, policy=Policy(providers=frozenset({"creatify"}), min_quality="0.7"))
    world.clock.now = today
    with pytest.raises(QuoteStale, match="job 1: creatify/aurora_v1 was quoted 20 creatify-credit on 2026-02-15"):
        world.router.run_plan(plan, key="b")
    assert total(world) == (usd(0), usd(0))
    assert world.posts == 0


def test_an_error_of_the_machine_stops_the_batch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_named: object) -> None:
        raise OSError("the disk is gone")

    plan = planned(world, 3)
    monkeypatch.setattr(world.ledger, "begin", broken)
    with pytest.raises(OSError, match="the disk is gone"):
        world.router.run_plan(plan, key="b")
    assert world.posts == 0


def test_a_row_that_another_run_has_sent_is_followed_and_never_sent_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is dearer, so that the third is left out; another run of the key has sent it meanwhile."""
    monkeypatch.setattr("router.runner.AT_ONCE", 1)
    world.runware.polls = [done(usd("1.30")), done(usd("0.70"))]
    plan, release = planned(world, 3, "2.10"), world.ledger.release

    def late(*, job: str, attempt: str | None = None, reason: str, proof: str = "") -> object:
        view = world.ledger.job(job)
        if view is not None and view.key == "b/3" and "left out" in reason:
            quote = plan.shares[2].candidate.quote
            world.ledger.begin(
                job=job, attempt="other", provider="runware", quote=quote, fingerprint="f", owner="other", ceiling=None
            )
            world.ledger.outcome(job=job, attempt="other", outcome="accepted", provider_job="theirs", handle={})
        return release(job=job, attempt=attempt, reason=reason, proof=proof)

    monkeypatch.setattr(world.ledger, "release", late)
    result = world.router.run_plan(plan, key="b")
    assert [one.ending for one in result.made] == ["made"] * 3
    assert world.posts == 2
    assert len(world.ledger.jobs()) == 3


def test_a_provider_that_is_down_is_set_aside_once_not_once_a_job(world: World) -> None:
    """Runware's connections are refused. Whoever has asked finds out; the rest are given to fal in one new plan."""
    world.runware.submits = [Submission("not_sent", reason="connection refused")]
    world.fal.submits = [Submission("accepted", f"fal-{number}") for number in range(40)]
    result = world.router.run_plan(planned(world, 40, "100", Policy(objective="cheapest")), key="b")
    assert result.count("made") == 40
    assert len(world.runware.sent) == result.replanned <= DOWN_AFTER + AT_ONCE
    assert total(world) == (usd("40.00"), usd(0))


def test_where_nobody_else_makes_it_a_job_is_left_out_and_says_why(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.runner.AT_ONCE", 1)
    world.runware.submits = [Submission("not_sent", reason="connection refused")]
    result = world.router.run_plan(planned(world, 8, policy=Policy(providers=frozenset({"runware"}))), key="b")
    assert len(world.runware.sent) <= 2 * DOWN_AFTER, "two offers of it, each tried by the first few"
    (last,) = {made.reason for made in result.made if made.ending == "left_out"}
    assert "open_circuit" in last
    assert "refused 5" in last
    assert total(world) == (usd(0), usd(0))


def on_loop(world: World, patience: Patience = QUICK) -> AsyncRouter:
    return AsyncRouter(
        PriceBook.shipped(), ledger=world.ledger, providers=world.providers, patience=patience, clock=world.clock
    )


def test_on_a_loop_a_batch_is_made_just_the_same(world: World) -> None:
    told: list[int] = []

    async def scene() -> None:
        async with on_loop(world) as router:
            plan = await router.plan([clip(number) for number in range(5)], budget=usd("4"), scope=SCOPE)
            result = await router.run_plan(plan, key="b", on_job=lambda made: told.append(made.row))
            assert [one.ending for one in result.made] == ["made"] * 5
            assert total(world) == (result.charged, usd(0))
            with pytest.raises(KeyReused):
                await router.run_plan(replace(plan, scope="acme"), key="b")

    anyio.run(scene)
    assert sorted(told) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("way", ["scope", "task"])
def test_on_a_loop_a_cancelled_batch_is_gone_on_with(world: World, way: str) -> None:
    """Its jobs are at the provider; nothing more is begun; the same key makes the rest, and pays nothing twice."""
    world.runware.polls = [RUNNING]
    patience = Patience(first_s=0.01, longest_s=0.05)
    plan = planned(world, 12, "8.40")

    async def cut() -> None:
        async with on_loop(world, patience) as router:
            if way == "scope":
                with anyio.move_on_after(0.5) as scope:
                    await router.run_plan(plan, key="b")
                assert scope.cancelled_caught
            else:
                task = asyncio.create_task(router.run_plan(plan, key="b"))
                await asyncio.sleep(0.5)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

    world.runware.submits = [Submission("accepted", f"r-{number}") for number in range(12)]
    asyncio.run(cut())
    begun = world.posts
    assert 0 < begun <= AT_ONCE
    assert world.ledger.claimants() == frozenset()
    world.runware.polls = [done(usd("0.70"))]

    async def again() -> None:
        async with on_loop(world) as router:
            result = await router.run_plan(plan, key="b")
            assert result.count("made") == 12

    asyncio.run(again())
    assert (world.posts, total(world)) == (12, (usd("8.40"), usd(0)))


@pytest.mark.usefixtures("postgres")
def test_a_batch_on_postgresql() -> None:
    """Two runs of one key at the same time: each row is made once, the sums are exact."""
    url = postgres_url()
    world = World()
    for name in ("runware", "fal"):
        submits = [Submission("accepted", f"{name}-{number}") for number in range(99)]
        world.providers[name].submits = [REFUSED, *submits] if name == "runware" else submits
    with Ledger.open(url) as ledger, Ledger.open(url) as second:
        ledger.set_budget("acme", usd("100"))
        routers = [
            Router(PriceBook.shipped(), ledger=one, providers=world.providers, patience=PATIENT)
            for one in (ledger, second)
        ]
        plan = routers[0].plan([clip(number) for number in range(30)], budget=usd("22"), scope=SCOPE)
        with ThreadPoolExecutor() as pool:
            results = [one.result() for one in [pool.submit(router.run_plan, plan, key="b") for router in routers]]
        assert all(result.count("made") == 30 for result in results), results
        views = ledger.jobs()
        spent = sum((view.charged for view in views if view.charged is not None), usd(0))
        top = ledger.budgets(SCOPE)[0]
        assert (top.spent, top.held) == (spent, usd(0))
        assert Counter(view.state for view in views)["settled"] == 30
        assert world.posts == 31
        assert ledger.verify().ok
    world.ledger.close()
