"""A router learns from its own ledger: watched latencies, ratings, prepaid credits; read once for many decisions."""

from datetime import timedelta
from decimal import Decimal

import anyio
import pytest

from pricing import Money, PriceBook, usd
from router import AsyncRouter, BadRequest, Patience, Policy, Router
from router.steps import Step
from router.talk import Submission

from .flow_world import CLIP, SCOPE, World
from .scripted import RUNNING, done

WAITS = Patience(wait_s=60, first_s=0.001, longest_s=0.001, probes=2, submit_s=0.01)
RUNWARE = Policy(providers=frozenset({"runware"}))


def watching(world: World, took_s: float) -> Router:
    """A router whose clock moves on with each poll, so that a job of two polls takes so long."""

    def moved(step: Step, _answer: object) -> None:
        if len(world.runware.asked) and type(step).__name__ == "Pause":
            world.clock.now += timedelta(seconds=took_s / 2) if not world.runware.polls[1:] else timedelta(0)

    return Router(
        PriceBook.shipped(), ledger=world.ledger, providers=world.providers, patience=WAITS, clock=world.clock,
        on_step=moved,
    )  # fmt: skip


def test_a_watched_job_is_learned_from(world: World) -> None:
    world.runware.polls = [RUNNING, done(usd("0.70"))]
    router = watching(world, 8)
    router.run(CLIP, key="k", scope=SCOPE, policy=RUNWARE)
    (one,) = world.ledger.latencies()
    assert one.offer == "runware/creatify:aurora@fast"
    assert one.clip_ms == 9400
    assert 0 <= one.took_ms <= 12_000
    world.clock.now += timedelta(seconds=61)
    chosen = router.decide(CLIP, RUNWARE, scope=SCOPE).chosen
    assert chosen is not None
    assert (chosen.estimate.source, chosen.estimate.samples) == ("mixed", 1)


def test_a_job_that_was_done_at_the_first_look_teaches_nothing(world: World) -> None:
    world.run(policy=RUNWARE)
    assert world.ledger.latencies() == ()


def test_rate_is_taken_into_account_at_once(world: World) -> None:
    world.runware.submits = [Submission("accepted", f"job-{n}") for n in range(3)]
    before = world.router.decide(CLIP, RUNWARE, scope=SCOPE).chosen
    job = world.router.run(CLIP, key="k", scope=SCOPE, policy=RUNWARE).job
    world.router.rate(job, "0.9", "the lips match", author="ann")
    after = world.router.decide(CLIP, RUNWARE, scope=SCOPE).chosen
    assert before is not None
    assert after is not None
    assert (str(before.quality), before.grade.source) == ("0.50", "assumed")
    assert (str(after.quality), after.grade.source, after.grade.ratings) == ("0.567", "rated", 1)
    for score in ("x", float("nan"), "2"):
        with pytest.raises((BadRequest, ValueError)):
            world.router.rate(job, score)


def test_the_async_router_rates_too(world: World) -> None:
    job = world.router.run(CLIP, key="k", scope=SCOPE, policy=RUNWARE).job

    async def rated() -> None:
        async with AsyncRouter(
            PriceBook.shipped(), ledger=world.ledger, providers=world.providers, clock=world.clock
        ) as router:
            await router.rate(job, 1, author="bob")
            await router.rate(job, 0, author="bob")

    anyio.run(rated)
    (one,) = world.ledger.ratings()
    assert (one.count, one.total) == (1, Decimal(0))


def test_the_ledger_is_read_once_for_many_decisions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for name in ("latencies", "ratings", "charges", "prepaid"):
        original = getattr(world.ledger, name)

        def counted(name: str = name, original: object = original) -> object:
            asked.append(name)
            return original()  # type: ignore[operator]

        monkeypatch.setattr(world.ledger, name, counted)
    for _ in range(5):
        world.router.decide(CLIP, scope=SCOPE)
    assert sorted(asked) == ["charges", "latencies", "prepaid", "ratings"]
    world.clock.now += timedelta(seconds=61)
    world.router.decide(CLIP, scope=SCOPE)
    assert len(asked) == 8


def test_credits_that_ran_out_are_a_rejection(world: World) -> None:
    world.creatify.missing = None
    credit = Money.of("9", "creatify-credit")
    world.ledger.buy_credits("creatify", credit, usd("2"), lot="a")
    decision = world.router.decide(CLIP, scope=SCOPE)
    reasons = {one.reason for one in decision.rejections if one.offer == "creatify/aurora_v1"}
    assert reasons == {"credits"}
    assert any(one.offer == "creatify/aurora_v1_fast" for one in decision.candidates)
