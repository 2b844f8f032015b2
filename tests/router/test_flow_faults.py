"""What a hostile reader found: each a way in which money or a job was lost, and now is not."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from ledger import StorageError
from pricing import Money, PriceBook, usd
from router import (
    AsyncRouter,
    AvatarVideo,
    BadRequest,
    OutcomeUnknown,
    Patience,
    Policy,
    ProviderError,
    QuoteStale,
    Refused,
    Router,
    TemplateVideo,
)
from router.ports import LedgerAndHistory, Talk
from router.steps import Ask, Step
from router.talk import Order, Probe, Progress, Submission

from .flow_world import CLIP, QUICK, SCOPE, World
from .scripted import LOST, RUNNING, done


def router_of(
    world: World, *, ledger: LedgerAndHistory | None = None, patience: Patience = QUICK, **more: object
) -> Router:
    return Router(
        PriceBook.shipped(),
        ledger=ledger or world.ledger,
        providers=world.providers,
        clock=world.clock,
        patience=patience,
        **more,  # type: ignore[arg-type]
    )


def test_a_submit_cut_in_a_living_process_is_found_again(world: World) -> None:
    """The task was cancelled while it sent: its process lives on, and so did the job's `submitting`, for ever."""

    async def cut() -> None:
        def stop(step: Step, _answer: object) -> None:
            if isinstance(step, Ask) and step.name == "intent":
                raise asyncio.CancelledError

        router = AsyncRouter(
            PriceBook.shipped(), ledger=world.ledger, providers=world.providers, clock=world.clock, on_step=stop
        )
        with pytest.raises(asyncio.CancelledError):
            await router.run(CLIP, key="k", scope=SCOPE)

    asyncio.run(cut())
    world.runware.probes = [Probe("found", "job-1", {"url": "x"})]
    with router_of(world, patience=Patience(wait_s=0, first_s=0, submit_s=60)) as router:
        router.resume()
        assert world.state() == "submitting"  # its run may still be sending
        world.clock.now += timedelta(seconds=61)
        router.resume()
    assert world.state() == "settled"


def test_a_machine_that_slept_between_intent_and_submit_sends_nothing(world: World) -> None:
    """By the intent's age another worker may have proved meanwhile that no job ever came (the simulator, seed 468)."""

    def sleep(step: Step, _answer: object) -> None:
        if isinstance(step, Ask) and step.name == "intent":
            world.clock.now += timedelta(hours=2)

    with router_of(world, on_step=sleep) as router, pytest.raises(ProviderError, match="7200 s went by"):
        router.run(CLIP, key="k", scope=SCOPE, policy=Policy(providers=frozenset({"runware"})))
    assert world.posts == 0
    assert world.state() == "released"


def test_a_file_that_changed_after_it_was_measured_is_not_paid_for(world: World, tmp_path: Path) -> None:
    face = tmp_path / "a.png"
    face.write_bytes(b"measured")
    upload = world.runware.upload

    def swap(path: Path, kind: str) -> Talk[str]:
        face.write_bytes(b"another, dearer one")
        return upload(path, kind)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    world.runware.upload = swap  # type: ignore[method-assign]  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(QuoteStale, match=r"image .* changed after it was measured"):
        world.router.run(AvatarVideo(face, "https://x.example/a.mp3", seconds="9.4"), key="k", scope=SCOPE)
    assert (world.state(), world.held(), world.posts) == ("released", usd("0"), 0)


def test_limits_given_beside_a_decision_are_not_dropped(world: World) -> None:
    decision = world.router.decide(CLIP, scope=SCOPE)
    with pytest.raises(BadRequest, match="keeps the policy"):
        world.router.run(decision, key="k", policy=Policy(max_cost=usd("0.50")))
    with pytest.raises(BadRequest, match="was made for"):
        world.router.run(decision, key="k", scope="other")
    open_decision = world.router.decide(CLIP)
    with pytest.raises(BadRequest, match="needs a scope"):
        world.router.run(open_decision, key="k")
    assert world.posts == 0
    assert world.router.run(open_decision, key="k", scope=SCOPE).charge == usd("0.70")


def test_a_run_that_could_not_deliver_follows_the_twin_that_did(world: World, tmp_path: Path) -> None:
    """Told "nothing was charged, use a new key" while its twin was being billed, a user would pay twice."""
    face = tmp_path / "a.png"
    face.write_bytes(b"png")
    clip = AvatarVideo(face, "https://x.example/a.mp3", seconds="9.4")

    def meanwhile(_path: Path) -> str:
        world.router.run(clip, key="k", scope=SCOPE)
        raise OSError("the bucket is gone")

    with router_of(world, uploader=meanwhile) as router:
        assert router.run(clip, key="k", scope=SCOPE).charge == usd("0.70")
    assert world.posts == 1


@pytest.mark.parametrize("ask", ["resume", "heard"])
def test_a_provisional_charge_is_asked_about_again(world: World, ask: str) -> None:
    world.runware.polls = [done(None)]
    first = world.router.run(CLIP, key="k", scope=SCOPE)
    assert (first.charge, first.final) == (usd("0.70"), False)
    world.runware.polls = [done(usd("0.63"))]
    if ask == "resume":
        world.router.resume()
    else:
        world.router.heard("runware", "job-1")
    view = world.ledger.job(first.job)
    assert view is not None
    assert (view.charged, view.evidence, view.final) == (usd("0.63"), "inline", True)
    asked = len(world.runware.asked)
    world.router.resume()
    assert len(world.runware.asked) == asked  # final: nobody asks again


def test_short_waits_add_up_to_the_time_a_cost_may_take(world: World) -> None:
    world.runware.cost_expected_s, world.runware.polls = 60, [done(None)]
    with pytest.raises(OutcomeUnknown):
        world.run()
    view = world.ledger.by_key("k")
    assert view is not None
    assert view.outputs  # the clip is there, whatever it cost
    world.clock.now += timedelta(seconds=59)
    world.router.resume()
    assert world.state() == "submitted"
    world.clock.now += timedelta(seconds=2)
    world.router.resume()
    assert world.state() == "settled"


def test_a_clock_set_back_does_not_make_a_wait_endless(world: World) -> None:
    world.runware.submits = [LOST]

    def leave(step: Step, _answer: object) -> None:
        if isinstance(step, Ask) and step.name == "intent":
            raise KeyboardInterrupt

    with router_of(world, on_step=leave) as router, pytest.raises(KeyboardInterrupt):
        router.run(CLIP, key="k", scope=SCOPE)
    view = world.ledger.by_key("k")
    assert view is not None
    world.clock.now -= timedelta(days=1)
    short = Patience(wait_s=0, first_s=0.01, submit_s=0.05, probes=1)
    with router_of(world, patience=short) as router, pytest.raises(OutcomeUnknown):
        router.wait(view.id)


def test_a_provider_that_asks_for_patience_does_not_get_more_than_the_caller_has(world: World) -> None:
    world.runware.polls = [Progress("running", retry_after_s=3600)]
    with router_of(world, patience=Patience(wait_s=0.2, first_s=0.01)) as router, pytest.raises(OutcomeUnknown):
        router.run(CLIP, key="k", scope=SCOPE)


def test_a_budget_in_credits_says_that_credits_are_short(world: World) -> None:
    world.creatify.missing = None
    world.ledger.set_budget("studio", Money.of(3, "creatify-credit"))
    with pytest.raises(Refused, match=r"3.00 creatify-credit available|3 creatify-credit available"):
        world.router.run(CLIP, key="k", scope="studio/x")
    assert world.posts == 0


def test_every_candidate_of_an_old_decision_is_priced_anew(world: World) -> None:
    world.creatify.missing = None
    world.clock.now = world.clock.now.replace(month=4)
    decision = world.router.decide(CLIP, scope=SCOPE)
    assert decision.chosen is not None
    assert decision.chosen.provider == "runware"  # its own price did not change since
    world.clock.now = world.clock.now.replace(month=11)
    with pytest.raises(QuoteStale, match="creatify"):
        world.router.run(decision, key="k")


class Broken:
    """A ledger that cannot read one job, as a bad disk would have it."""

    def __init__(self, world: World, bad: str) -> None:
        self._ledger, self._bad = world.ledger, bad

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    def job(self, job: str) -> object:
        if job == self._bad:
            raise StorageError("the disk is full")
        return self._ledger.job(job)


@pytest.mark.parametrize("face", ["sync", "async"])
def test_one_jobs_trouble_does_not_keep_the_others_from_their_end(world: World, face: str) -> None:
    world.runware.polls = [RUNNING]
    world.runware.submits = [Submission("accepted", f"job-{number}") for number in range(3)]
    for key in ("a", "b", "c"):
        with pytest.raises(OutcomeUnknown):
            world.run(key=key)
    world.runware.polls = [done(usd("0.70"))]
    bad = world.ledger.by_key("b")
    assert bad is not None
    broken = Broken(world, bad.id)
    resume = _resume if face == "sync" else _resume_async
    with pytest.raises(StorageError):
        resume(world, broken)
    assert [world.state(key) for key in ("a", "b", "c")] == ["settled", "submitted", "settled"]


def _resume(world: World, ledger: object) -> None:
    with router_of(world, ledger=cast(LedgerAndHistory, ledger)) as router:
        router.resume()


def _resume_async(world: World, ledger: object) -> None:
    async def resume() -> None:
        async with AsyncRouter(
            PriceBook.shipped(),
            ledger=cast(LedgerAndHistory, ledger),
            providers=world.providers,
            clock=world.clock,
            patience=QUICK,
        ) as router:
            await router.resume()

    asyncio.run(resume())


def test_a_late_charge_after_a_persons_verdict_is_not_lost(world: World) -> None:
    """While it is being sent no person can know: the verdict waits for the outcome."""
    refused: list[str] = []
    submit = world.runware.submit

    def verdict_meanwhile(order: Order) -> Talk[Submission]:
        view = world.ledger.by_key("k")
        assert view is not None
        try:
            world.ledger.resolve(view.id, verdict="not_charged", note="looks stuck", author="ann")
        except Exception as error:
            refused.append(str(error))
        return submit(order)

    world.runware.submit = verdict_meanwhile  # type: ignore[method-assign]
    world.run()
    assert world.state() == "settled"
    assert len(refused) == 1
    assert "being submitted" in refused[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: AvatarVideo("https://x.example/a.png", "https://x.example/a.mp3", seconds="9", prompt="\udcff"),
        lambda: AvatarVideo("\udcff.png", "https://x.example/a.mp3", seconds="9"),
        lambda: TemplateVideo("\udcff", ("1", "2")),
    ],
)
def test_half_characters_are_refused_at_once(make: Callable[[], object]) -> None:
    with pytest.raises(BadRequest, match="not valid Unicode"):
        make()


@pytest.mark.parametrize("key_or_tag", ["key", "tag"])
def test_half_characters_do_not_reach_the_ledger(world: World, key_or_tag: str) -> None:
    key, tags = ("\udcff", {}) if key_or_tag == "key" else ("k", {"k": "\udcff"})
    with pytest.raises(BadRequest, match="not valid Unicode"):
        world.router.run(CLIP, key=key, scope=SCOPE, tags=tags)
    assert world.ledger.jobs() == ()


@pytest.mark.parametrize("depth", [33, 900, 100_000])
def test_variables_nested_beyond_reason_are_refused_before_money_is_held(world: World, depth: int) -> None:
    nested: object = "x"
    for _ in range(depth):
        nested = [nested]
    with pytest.raises(BadRequest, match=r"not plain JSON"):
        world.router.run(TemplateVideo("t", ("1", "2"), {"a": nested}), key="k", scope=SCOPE)
    assert world.ledger.jobs() == ()
