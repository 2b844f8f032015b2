"""The rules about money, on a real ledger with providers that do as they are told."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from pricing import Money, PriceBook, usd
from router import (
    AsyncRouter,
    AvatarVideo,
    JobFailed,
    KeyReused,
    NotConfigured,
    OutcomeUnknown,
    Patience,
    Policy,
    ProviderError,
    QuoteStale,
    Refused,
    Router,
    RouterError,
    UnknownJob,
)
from router.ports import LedgerAndHistory, Talk
from router.steps import Ask, Step
from router.talk import Order, Probe, Progress, Submission, Ticket

from .flow_world import CLIP, QUICK, SCOPE, World
from .scripted import ACCEPTED, LOST, REFUSED, RUNNING, done


def test_ledger_fits_the_ports(world: World) -> None:
    fits: LedgerAndHistory = world.ledger
    assert fits is world.ledger


def test_the_intent_is_committed_before_the_post(world: World) -> None:
    states: list[str | None] = []
    original = world.runware.submit

    def watched(order: object) -> object:
        view = world.ledger.by_key("k")
        states.append(view.state if view else None)
        assert view is not None
        assert view.attempts[-1].id == order.attempt  # type: ignore[attr-defined]
        return original(order)  # type: ignore[arg-type]

    world.runware.submit = watched  # type: ignore[assignment,method-assign]
    world.run()
    assert states == ["submitting"]
    assert world.steps == ["recall", "hold", "read", "intent", "submitted", "read", "read", "settle"]


def test_a_settled_job_holds_nothing_and_posts_its_charge(world: World) -> None:
    result = world.router.run(CLIP, key="k", scope=SCOPE, tags={"team": "ads"})
    assert (result.offer, result.charge, result.held) == ("runware/creatify:aurora@fast", usd("0.70"), usd("0.70"))
    assert (result.variance.amount, result.variance.cause, result.evidence, result.final) == (
        usd("0"),
        "none",
        "inline",
        True,
    )
    assert dict(result.tags) == {"team": "ads"}
    assert world.held() == usd("0")
    assert world.ledger.budgets(SCOPE)[0].spent == usd("0.70")


def test_fallback_only_after_a_refusal_and_the_hold_rises(world: World) -> None:
    world.runware.submits = [REFUSED]
    result = world.router.run(CLIP, key="k", scope=SCOPE)
    assert [(one.provider, one.outcome) for one in result.attempts] == [
        ("runware", "refused"),
        ("fal", "accepted"),
    ]
    assert result.held == usd("1.00")  # fal's high, above Runware's 0.70
    assert world.ledger.budgets(SCOPE)[0].spent == usd("1.00")


def test_not_sent_falls_back_too(world: World) -> None:
    world.runware.submits = [Submission("not_sent", reason="connection refused")]
    assert world.router.run(CLIP, key="k", scope=SCOPE).offer == "fal/fal-ai/creatify/aurora"


def test_no_second_post_while_the_first_is_unknown(world: World) -> None:
    world.runware.submits = [LOST]
    with pytest.raises(OutcomeUnknown) as said:
        world.run()
    assert world.posts == 1
    assert world.state() == "unknown"
    assert world.held() == usd("0.70")
    assert "0.70 USD stays held" in str(said.value)
    with pytest.raises(OutcomeUnknown):  # the same key asks again, and again nobody POSTs
        world.run()
    assert world.posts == 1


def test_a_lost_answer_found_by_a_probe_is_settled_once(world: World) -> None:
    world.runware.submits = [LOST]
    world.runware.probes = [Probe("absent"), Probe("found", "job-9", {"url": "y"})]
    world.run()
    assert world.state() == "settled"
    assert world.posts == 1


def test_absence_is_proof_only_with_a_key_and_only_when_old_enough(world: World) -> None:
    world.runware.submits = [LOST]
    world.runware.proof_after_s = 3600
    with pytest.raises(OutcomeUnknown):
        world.run()
    world.clock.now += timedelta(minutes=59)
    world.router.resume()
    assert world.state() == "unknown"
    world.clock.now += timedelta(minutes=2)
    world.router.resume()
    assert world.state() == "released"
    assert world.held() == usd("0")


def test_absence_after_the_retention_proves_nothing(world: World) -> None:
    world.runware.submits = [LOST]
    world.runware.proof_after_s = 3600
    with pytest.raises(OutcomeUnknown):
        world.run()
    world.clock.now += timedelta(days=2)
    world.router.resume()
    assert world.state() == "unknown"


def test_absence_without_a_key_proves_nothing(world: World) -> None:
    world.fal.submits = [LOST]
    with pytest.raises(OutcomeUnknown):
        world.run(policy=Policy(providers=frozenset({"fal"})))
    world.clock.now += timedelta(days=30)
    world.router.resume()
    assert world.state() == "unknown"
    assert world.held() == usd("1.00")


def test_time_never_fails_a_running_job(world: World) -> None:
    world.runware.polls = [RUNNING]
    with pytest.raises(OutcomeUnknown, match="still works on it"):
        world.run()
    assert world.state() == "submitted"
    world.runware.polls = [Progress("unreachable", reason="HTTP 503"), done(usd("0.70"))]
    for _ in range(2):
        world.router.resume()
    assert world.state() == "settled"


def test_a_failure_proven_free_is_released_and_one_that_may_be_charged_stays(world: World) -> None:
    world.runware.polls = [Progress("failed", charged="no", reason="bad face")]
    with pytest.raises(JobFailed, match=r"bad face"):
        world.run()
    assert (world.state(), world.held()) == ("released", usd("0"))
    world.runware.polls = [Progress("failed", charged="maybe", reason="422")]
    with pytest.raises(OutcomeUnknown):
        world.run(key="k2")
    assert (world.state("k2"), world.held()) == ("unknown", usd("0.70"))


def test_a_failure_that_was_charged_is_posted(world: World) -> None:
    world.runware.polls = [Progress("failed", (), 0, done(usd("0.70")).cost, "yes", "policy")]
    with pytest.raises(JobFailed, match=r"charged 0.70 USD"):
        world.run()
    assert world.ledger.budgets(SCOPE)[0].spent == usd("0.70")


def test_a_cost_that_never_comes_settles_at_the_high_provisionally(world: World) -> None:
    world.runware.polls = [done(None)]
    result = world.router.run(CLIP, key="k", scope=SCOPE)
    assert (result.evidence, result.final, result.charge) == ("quote", False, usd("0.70"))


def test_when_every_provider_refuses_nothing_is_held(world: World) -> None:
    world.runware.submits = world.fal.submits = [REFUSED]
    with pytest.raises(ProviderError, match="HTTP 402"):
        world.run()
    assert (world.state(), world.held()) == ("released", usd("0"))
    assert [len(world.runware.sent), len(world.fal.sent)] == [2, 2]  # both resolutions, each once
    with pytest.raises(JobFailed, match="new key"):  # the key stays with its job
        world.run()
    assert world.posts == 4


def test_a_key_answers_its_job_again_and_refuses_another_request(world: World) -> None:
    first = world.router.run(CLIP, key="k", scope=SCOPE)
    again = world.router.run(CLIP, key="k", scope=SCOPE)
    assert (again.job, again.charge, world.posts) == (first.job, first.charge, 1)
    with pytest.raises(KeyReused):
        world.run(AvatarVideo("https://x.example/a.png", "https://x.example/b.mp3", seconds="9.4"))
    assert world.posts == 1


def test_a_key_answers_even_when_its_budget_is_spent(world: World) -> None:
    world.ledger.set_budget("acme", usd("0.70"))
    first = world.router.run(CLIP, key="k", scope=SCOPE)
    assert world.router.run(CLIP, key="k", scope=SCOPE).job == first.job
    with pytest.raises(Refused, match=r"0.00 USD available"):
        world.run(key="other")
    assert world.posts == 1


def test_the_next_cheaper_candidate_takes_the_room_that_is_left(world: World) -> None:
    world.ledger.set_budget("acme", usd("0.80"))
    decision = world.router.decide(CLIP, Policy(objective="best"))
    assert decision.chosen is not None
    assert decision.chosen.quote.usd.high == usd("1.40")
    result = world.router.run(CLIP, key="k", scope=SCOPE, policy=Policy(objective="best"))
    assert result.held == usd("0.70")


def test_a_run_whose_hold_was_taken_away_stops_before_its_post(world: World) -> None:
    def snatch(step: Step, answer: object) -> None:
        if isinstance(step, Ask) and step.name == "hold":
            world.ledger.release(job=answer.job, reason="someone resumed")  # type: ignore[attr-defined]

    router = Router(
        PriceBook.shipped(),
        ledger=world.ledger,
        providers=world.providers,
        patience=QUICK,
        clock=world.clock,
        on_step=snatch,
    )
    with router, pytest.raises(JobFailed, match="someone resumed"):
        router.run(CLIP, key="k", scope=SCOPE)
    assert world.posts == 0


def test_a_file_that_cannot_be_delivered_moves_on_before_any_intent(world: World, tmp_path: Path) -> None:
    world.runware.upload_fails = True
    face = tmp_path / "a.png"
    face.write_bytes(b"png")
    clip = AvatarVideo(face, "https://x.example/a.mp3", seconds="9.4")
    result = world.router.run(clip, key="k", scope=SCOPE)
    assert [one.provider for one in result.attempts] == ["fal"]
    assert world.fal.sent[0].image == "https://fal.example/a.png"


def test_an_uploader_serves_every_provider(world: World, tmp_path: Path) -> None:
    face = tmp_path / "a.png"
    face.write_bytes(b"png")
    router = Router(
        PriceBook.shipped(), ledger=world.ledger, providers=world.providers, patience=QUICK, clock=world.clock,
        uploader=lambda path: f"https://mine.example/{path.name}",
    )  # fmt: skip
    with router:
        router.run(AvatarVideo(face, "https://x.example/a.mp3", seconds="9.4"), key="k", scope=SCOPE)
    assert world.runware.sent[0].image == "https://mine.example/a.png"


def test_an_uploader_that_fails_costs_nothing(world: World, tmp_path: Path) -> None:
    face = tmp_path / "a.png"
    face.write_bytes(b"png")

    def broken(_path: Path) -> str:
        raise OSError("the bucket is gone")

    router = Router(
        PriceBook.shipped(), ledger=world.ledger, providers=world.providers, clock=world.clock, uploader=broken
    )
    with router, pytest.raises(ProviderError, match="the bucket is gone"):
        router.run(AvatarVideo(face, "https://x.example/a.mp3", seconds="9.4"), key="k", scope=SCOPE)
    assert (world.state(), world.held(), world.posts) == ("released", usd("0"), 0)


def test_a_decision_is_checked_before_it_runs(world: World, tmp_path: Path) -> None:
    face = tmp_path / "a.png"
    face.write_bytes(b"one")
    decision = world.router.decide(AvatarVideo(face, "https://x.example/a.mp3", seconds="9.4"), scope=SCOPE)
    face.write_bytes(b"two")
    with pytest.raises(QuoteStale, match="media changed"):
        world.router.run(decision, key="k")
    world.creatify.missing = None
    world.clock.now = datetime(2026, 4, 30, tzinfo=UTC)
    old = world.router.decide(CLIP, Policy(providers=frozenset({"creatify"})), scope=SCOPE)
    world.clock.now = datetime(2026, 11, 20, tzinfo=UTC)
    with pytest.raises(QuoteStale, match="creatify-credit") as said:
        world.router.run(old, key="k")
    assert said.value.value != said.value.limit  # both amounts
    assert world.posts == 0


def test_a_known_key_answers_though_prices_moved(world: World) -> None:
    world.creatify.missing = None
    world.creatify.polls = [done(Money.of("20", "creatify-credit"))]
    world.clock.now = datetime(2026, 4, 30, tzinfo=UTC)
    decision = world.router.decide(CLIP, Policy(providers=frozenset({"creatify"}), objective="best"), scope=SCOPE)
    first = world.router.run(decision, key="k")
    world.clock.now = datetime(2026, 11, 20, tzinfo=UTC)
    assert world.router.run(decision, key="k").job == first.job


def test_no_key_at_all_is_said_so_and_one_missing_key_is_only_a_rejection(world: World) -> None:
    assert "no_key" in {one.reason for one in world.router.decide(CLIP).rejections}
    world.fal.missing, world.runware.missing = "FAL_KEY", "RUNWARE_API_KEY"
    with pytest.raises(NotConfigured, match="FAL_KEY"):
        world.run()


def test_a_scope_without_a_budget_is_refused_with_the_next_step(world: World) -> None:
    with pytest.raises(Refused, match="faregate budget set"):
        world.router.run(CLIP, key="k", scope="typo/campaign")
    assert world.posts == 0


def test_cancel_releases_what_was_not_sent_and_asks_for_what_was(world: World) -> None:
    world.runware.polls = [RUNNING]
    with pytest.raises(OutcomeUnknown):
        world.run()
    view = world.ledger.by_key("k")
    assert view is not None
    with pytest.raises(Refused, match="did not stop"):
        world.router.cancel(view.id)
    world.runware.stops, world.runware.polls = True, [Progress("failed", charged="no", reason="cancelled")]
    assert world.router.cancel(view.id).state == "released"
    with pytest.raises(UnknownJob):
        world.router.cancel("nothing")


def test_start_and_wait_are_run_in_two_steps(world: World) -> None:
    job = world.router.start(CLIP, key="k", scope=SCOPE)
    assert world.state() == "submitted"
    assert world.router.wait(job).charge == usd("0.70")


def test_a_cancelled_task_leaves_the_job_resumable(world: World) -> None:
    world.runware.polls = [RUNNING]
    patience = Patience(first_s=0.01, longest_s=0.01)

    async def scene() -> None:
        async with AsyncRouter(
            PriceBook.shipped(), ledger=world.ledger, providers=world.providers, patience=patience, clock=world.clock
        ) as router:
            with anyio.move_on_after(0.3):
                await router.run(CLIP, key="k", scope=SCOPE)
            assert world.state() == "submitted"
            world.runware.polls = [done(usd("0.70"))]
            assert [one.state for one in await router.resume()] == ["settled"]

    anyio.run(scene)
    assert world.posts == 1


def test_resume_releases_what_a_dead_run_never_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(RuntimeError):
        pass

    def die(step: Step, _answer: object) -> None:
        if isinstance(step, Ask) and step.name == "hold":
            raise Gone

    router = Router(
        PriceBook.shipped(),
        ledger=world.ledger,
        providers=world.providers,
        patience=QUICK,
        clock=world.clock,
        on_step=die,
    )
    with router, pytest.raises(Gone):
        router.run(CLIP, key="k", scope=SCOPE)
    world.router.resume()
    assert world.state() == "held"  # its owner, this process, still lives

    def dead(_owner: str) -> bool:
        return False

    monkeypatch.setattr("router.desk.alive", dead)
    world.router.resume()
    assert (world.state(), world.held(), world.posts) == ("released", usd("0"), 0)


def test_a_lapsed_hold_expires(world: World) -> None:
    def die(step: Step, _answer: object) -> None:
        if isinstance(step, Ask) and step.name == "hold":
            raise KeyboardInterrupt

    router = Router(
        PriceBook.shipped(),
        ledger=world.ledger,
        providers=world.providers,
        patience=QUICK,
        clock=world.clock,
        on_step=die,
    )
    with router, pytest.raises(KeyboardInterrupt):
        router.run(CLIP, key="k", scope=SCOPE)
    world.clock.now += timedelta(hours=1)
    world.router.resume()
    assert (world.state(), world.held()) == ("expired", usd("0"))
    with pytest.raises(RouterError):
        world.run()


@pytest.mark.parametrize("submission", [ACCEPTED, LOST, REFUSED])
def test_never_more_than_one_post_an_attempt(world: World, submission: Submission) -> None:
    world.runware.submits = world.fal.submits = [submission]
    for _ in range(3):
        with suppress(RouterError):
            world.run()
    attempts = [order.attempt for one in world.providers.values() for order in one.sent]
    assert len(attempts) == len(set(attempts))
    view = world.ledger.by_key("k")
    assert view is not None
    assert {one.id for one in view.attempts} == set(attempts)


def test_a_cancel_that_comes_too_late_tells_how_it_ended(world: World) -> None:
    """Somebody settles it between our look and the provider's no."""
    world.runware.polls = [RUNNING]
    job = world.router.start(CLIP, key="k", scope=SCOPE)

    def settled_meanwhile(_ticket: Ticket) -> Talk[bool]:
        yield from ()
        world.runware.polls = [done(usd("0.70"))]
        world.router.wait(job)
        return False

    world.runware.cancel = settled_meanwhile  # type: ignore[method-assign]
    assert (world.router.cancel(job).state, world.state()) == ("settled", "settled")


def test_a_cancel_that_meets_a_send_does_not_say_that_it_was_released(world: World) -> None:
    seen: list[str] = []
    submit = world.runware.submit

    def cancelled_meanwhile(order: Order) -> Talk[Submission]:
        view = world.ledger.by_key("k")
        assert view is not None
        with pytest.raises(Refused, match="is submitting: only a held or submitted job"):
            world.router.cancel(view.id)
        seen.append(view.state)
        return submit(order)

    world.runware.submit = cancelled_meanwhile  # type: ignore[method-assign]
    world.run()
    assert (seen, world.state()) == (["submitting"], "settled")


def test_a_job_that_its_provider_no_longer_knows_becomes_a_persons_question(world: World) -> None:
    """Acknowledged, then not found: nothing is released, the hold stays; a late answer still settles it."""
    world.runware.polls = [Progress("unreachable", reason="taskNotFound", gone=True)]
    with pytest.raises(OutcomeUnknown):
        world.run()
    assert world.state() == "submitted", "a fresh one may not be shown yet"
    world.clock.now += timedelta(hours=1)
    world.router.resume()
    assert (world.state(), world.held()) == ("unknown", usd("0.70"))
    world.runware.polls = [done(usd("0.70"))]
    world.router.resume()
    assert (world.state(), world.held(), world.posts) == ("settled", usd(0), 1)
