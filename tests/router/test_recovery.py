"""Looking after open jobs: workers share them, ask about many at once, and leave to a live run what it follows."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import cast
from uuid import uuid4

import anyio
import httpx
import pytest

from ledger import JobView, Ledger
from pricing import Money, PriceBook, usd
from router import AsyncRouter, AvatarVideo, BadRequest, OutcomeUnknown, Patience, Policy, Router
from router.providers import shipped
from router.sandbox import Sandbox
from router.steps import Step
from router.talk import Call, Submission
from router.transport import Http
from tests.ledger.world import World as BookWorld
from tests.ledger.world import credits_quote, postgres_url
from tests.sandbox.talker import Hand

from .flow_world import CLIP, SCOPE, World
from .scripted import LOST, RUNNING, done
from .worker import noted, shared

ROOT = Path(__file__).parents[2]
LOOK = Patience(wait_s=0, first_s=0.01, longest_s=0.01, submit_s=0)


def clip(number: int) -> AvatarVideo:
    media = "https://media.example/talk-9.4s.mp3"
    return AvatarVideo(f"https://media.example/{number}.png", media, seconds="9.4", prompt=f"number {number}")


def only(provider: str) -> Policy:
    return Policy(providers=frozenset({provider}))


class Shop:
    """A ledger and a router over a sandbox whose time is moved by hand; counts the HTTP calls by provider."""

    def __init__(self, sandbox: Sandbox, ledger: Ledger, patience: Patience = LOOK) -> None:
        self.sandbox, self.ledger, self.calls = sandbox, ledger, Counter[str]()
        ledger.set_budget("acme", usd(10_000))
        self.router = Router(
            PriceBook.shipped(), ledger=ledger, providers=shipped(sandbox.env), patience=patience, on_step=self.count
        )

    def count(self, step: Step, _answer: object) -> None:
        if isinstance(step, Call):
            self.calls[f"{step.purpose} {step.provider}"] += 1

    def start(self, provider: str, count: int) -> None:
        for number in range(count):
            self.router.start(clip(number), key=f"{provider}-{number}", scope="acme", policy=only(provider))
        self.calls.clear()

    def accounted(self) -> None:
        """The books have what the sandbox billed, to the nano; nothing is held; the ledger is sound."""
        charged: Counter[str] = Counter()
        for view in self.ledger.jobs():
            if view.native is not None:
                charged[view.native.currency] += view.native.nanos
        bill = cast("dict[str, object]", self.sandbox.bill()["total"])
        assert charged == {name: Money.of(Decimal(str(amount)), name).nanos for name, amount in bill.items()}
        assert self.ledger.budgets("acme")[0].held == usd(0)
        assert self.ledger.verify().ok


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def shop(hand: Hand) -> Iterator[Shop]:
    with Sandbox(render_s=30, clock=hand) as sandbox, Ledger.open("sqlite://") as ledger:
        made = Shop(sandbox, ledger)
        with made.router:
            yield made


def test_many_jobs_are_asked_about_together(shop: Shop, hand: Hand) -> None:
    shop.start("creatify", 40)
    shop.start("runware", 20)
    assert {view.state for view in shop.router.resume()} == {"submitted"}
    assert shop.calls == {"poll creatify": 1, "poll runware": 2}, "sixty, claimed as fifty and ten"
    shop.calls.clear()
    hand.now_s += 60
    assert [view.state for view in shop.router.resume()] == ["settled"] * 60
    assert shop.calls.total() <= 4, "the answers say what each cost"
    shop.accounted()


def test_two_hundred_open_jobs_cost_four_requests_a_round() -> None:
    asked: list[int] = []

    def listed(request: httpx.Request) -> httpx.Response:
        ids = request.url.params["ids"].split(",")
        asked.append(len(ids))
        return httpx.Response(200, json=[{"id": one, "status": "running"} for one in ids])

    env = {"CREATIFY_API_ID": "id", "CREATIFY_API_KEY": "key"}
    with (
        Ledger.open("sqlite://") as ledger,
        Router(
            PriceBook.shipped(), ledger=ledger, providers=shipped(env), patience=LOOK,
            http=Http(transport=httpx.MockTransport(listed)),
        ) as router,
    ):  # fmt: skip
        ledger.set_budget("acme", usd(10_000))
        book = BookWorld(ledger)
        for number in range(200):
            book.hold(f"j{number}", price=credits_quote(), expires_in_s=86_400)
            book.begin(f"j{number}", f"a{number}", provider="creatify", price=credits_quote())
            ledger.outcome(job=f"j{number}", attempt=f"a{number}", outcome="accepted", provider_job=str(uuid4()))
        assert len(router.resume()) == 200
        assert asked == [50] * 4


def test_what_the_list_does_not_say_is_asked_for_alone(shop: Shop, hand: Hand) -> None:
    """A failed job, one without credits_used, one that the list hides: the documented answer about the job decides."""
    for fault in ("fail:creatify~number 0", "no-cost:creatify~number 1", "hide:creatify~number 2"):
        shop.sandbox.add_fault(fault)
    shop.start("creatify", 6)
    hand.now_s += 60
    states = {view.key: view.state for view in shop.router.resume()}
    assert states == {f"creatify-{n}": "settled" for n in (2, 3, 4, 5)} | {
        "creatify-0": "released",
        "creatify-1": "submitted",
    }
    assert shop.calls == {"poll creatify": 4}


def test_a_limit_is_kept_and_nothing_is_starved(shop: Shop) -> None:
    shop.start("creatify", 7)
    seen = Counter(view.id for _ in range(4) for view in shop.router.resume(limit=2))
    assert sum(seen.values()) == 8
    assert len(seen) == 7, "who was looked at goes to the end of the line"
    with pytest.raises(BadRequest, match="limit must be 1 or more"):
        shop.router.resume(limit=0)


def test_what_a_live_run_follows_is_left_to_it(world: World) -> None:
    """The run polls; a resume beside it asks nothing. When the run gives up, the job is anyone's at once."""
    world.runware.polls = [RUNNING]
    patience = Patience(wait_s=30, first_s=0.02, longest_s=0.02)
    router = Router(
        PriceBook.shipped(), ledger=world.ledger, providers=world.providers, patience=patience, clock=world.clock
    )
    live = Thread(target=lambda: router.run(CLIP, key="k", scope=SCOPE))
    live.start()
    _until(lambda: len(world.runware.asked) > 1)
    assert world.router.resume() == ()
    world.runware.polls = [done(usd("0.70"))]
    live.join()
    assert world.state() == "settled"
    world.runware.polls, world.runware.submits = [RUNNING], [Submission("accepted", "job-2")]
    with pytest.raises(OutcomeUnknown):
        Router(
            PriceBook.shipped(), ledger=world.ledger, providers=world.providers, clock=world.clock,
            patience=Patience(wait_s=0.05, first_s=0.01),
        ).run(CLIP, key="l", scope=SCOPE)  # fmt: skip
    assert world.ledger.claimants() == frozenset()
    world.runware.polls = [done(usd("0.70"))]
    assert [view.state for view in world.router.resume()] == ["settled"]


def test_a_run_does_not_ask_about_what_a_worker_follows(world: World) -> None:
    """Another has claimed it: the run watches the ledger, and answers what the other one settled."""
    world.runware.polls = [RUNNING]
    job = world.router.start(CLIP, key="k", scope=SCOPE)
    assert world.ledger.take_claim(job, owner="another", lease_s=60)
    router = Router(
        PriceBook.shipped(), ledger=world.ledger, providers=world.providers, clock=world.clock,
        patience=Patience(wait_s=30, first_s=0.01, longest_s=0.02),
    )  # fmt: skip
    answers: list[object] = []
    live = Thread(target=lambda: answers.append(router.wait(job).charge))
    live.start()
    _until(lambda: len(world.runware.asked) == 1)
    time.sleep(0.2)
    assert len(world.runware.asked) == 1, "once, when it began"
    view = world.ledger.job(job)
    assert view is not None
    world.ledger.settle(
        job=job, attempt=view.attempts[0].id, evidence="inline", amount=usd("0.70"), final=True, delivered=1,
        outputs=["https://clips.example/1.mp4"],
    )  # fmt: skip
    live.join()
    assert (answers, len(world.runware.asked)) == ([usd("0.70")], 1)


def test_claims_of_a_dead_process_are_anyones_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.runware.polls = [RUNNING]
    job = world.router.start(CLIP, key="k", scope=SCOPE)
    world.ledger.take_claim(job, owner="here/1/2#1", lease_s=600)
    assert world.router.resume() == ()

    def lives(claimant: str) -> bool | None:
        return None if claimant != "here/1/2#1" else False

    monkeypatch.setattr("router.recovery.lives", lives)
    assert [view.id for view in world.router.resume()] == [job]


def test_a_worker_works_until_it_is_told_to_end(world: World) -> None:
    world.runware.polls = [RUNNING]
    world.runware.submits = [LOST, *(Submission("accepted", f"job-{n}") for n in range(9))]
    with pytest.raises(OutcomeUnknown):
        world.run(key="lost")
    jobs = [world.router.start(CLIP, key=f"k{n}", scope=SCOPE) for n in range(5)]
    worker = world.router.worker()
    seen: Counter[str] = Counter()
    errors: list[Exception] = []
    thread = Thread(target=lambda: worker.work(lambda view: seen.update([view.state]), errors.append))
    thread.start()
    _until(lambda: seen.total() >= 6)
    world.runware.polls = [done(usd("0.70"))]

    def later() -> bool:
        world.clock.now += timedelta(seconds=20)
        return seen["settled"] >= 5

    _until(later)
    worker.gone.set()
    thread.join(10)
    assert not thread.is_alive()
    assert [world.state(f"k{n}") for n in range(5)] == ["settled"] * 5
    assert (world.state("lost"), errors, len(jobs)) == ("unknown", [], 5)
    assert world.ledger.claimants() == frozenset()


def test_on_a_loop_too_and_a_cancelled_one_leaves_no_claim(world: World) -> None:
    world.runware.polls = [RUNNING]
    world.router.start(CLIP, key="k", scope=SCOPE)

    async def scene() -> None:
        async with AsyncRouter(
            PriceBook.shipped(), ledger=world.ledger, providers=world.providers, clock=world.clock,
            patience=Patience(first_s=0.01, longest_s=0.05),
        ) as router:  # fmt: skip
            with anyio.move_on_after(0.3) as scope:
                await router.work(lambda _view: None, lambda _error: None)
            assert scope.cancelled_caught
            assert world.ledger.claimants() == frozenset()
            world.runware.polls = [done(usd("0.70"))]
            assert [view.state for view in await router.resume(limit=3)] == ["settled"]

    anyio.run(scene)


def test_a_run_on_another_host_that_still_sends_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it lives cannot be told: its attempt is not called unknown before a submit has had its time."""

    def cannot_tell(_owner: str) -> None:
        return None

    monkeypatch.setattr("router.desk.alive", cannot_tell)
    states: list[str] = []
    submit = world.runware.submit
    patience = Patience(wait_s=0, probes=1, submit_s=60)
    other = Router(
        PriceBook.shipped(), ledger=world.ledger, providers=world.providers, patience=patience, clock=world.clock
    )

    def meanwhile(order: object) -> object:
        states.extend(view.state for view in other.resume())
        return submit(order)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(world.runware, "submit", meanwhile)
    world.run()
    assert (states, world.state()) == (["submitting"], "settled")


def test_a_group_that_cannot_be_asked_is_not_asked_one_by_one(shop: Shop) -> None:
    """The provider answers 429 with Retry-After: one question is enough for all its jobs, and its wish is kept."""
    shop.start("creatify", 30)
    asked: list[str] = []

    def busy(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(429, headers={"retry-after": "40"}, json={"detail": "slow down"})

    with Router(
        PriceBook.shipped(), ledger=shop.ledger, providers=shop.router.desk.providers, patience=LOOK,
        http=Http(transport=httpx.MockTransport(busy)),
    ) as router:  # fmt: skip
        assert {view.state for view in router.resume()} == {"submitted"}
        assert len(asked) == 1
        assert router.worker().rest_s("creatify") > 30
        assert len(router.resume()) == 30
    assert len(asked) == 1


def _until(ready: Callable[[], bool | None], wait_s: float = 10) -> None:
    end = time.monotonic() + wait_s
    while not ready():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


@pytest.mark.usefixtures("postgres")
@pytest.mark.timeout(120)
def test_three_workers_share_the_work_and_one_is_killed(tmp_path: Path) -> None:
    """Over PostgreSQL: 66 jobs at three providers, answers lost, renders failed; exact sums; no two at one job."""
    url = postgres_url()
    faults = ["lost-answer:runware:2", "lost-answer:creatify", "fail:runware:2"]
    with Sandbox(faults, render_s=3) as sandbox, Ledger.open(url) as ledger:
        shop, logs = Shop(sandbox, ledger), [tmp_path / f"w{n}" for n in range(3)]
        workers = [
            subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "tests.router.worker", url, str(log)],
                cwd=ROOT, env={**os.environ, **sandbox.env},
            )
            for log in logs
        ]  # fmt: skip
        try:
            _until(lambda: all(map(noted, logs)), 60)  # each is at work before there is any
            for provider in ("fal", "runware", "creatify"):
                _start_all(shop, provider, 22)
            _until(lambda: any(len(noted(log)) > 9 for log in logs), 60)
            victim = max(range(3), key=lambda n: len(noted(logs[n])))
            workers[victim].kill()
            died = {logs[victim]: time.monotonic()}
            _until(lambda: not ledger.due(), 60)
            for one in workers:
                one.send_signal(signal.SIGTERM)
            ended = [one.wait(20) for one in workers]
            assert (ended.pop(victim), ended) == (-signal.SIGKILL, [0, 0])
        finally:
            for one in workers:
                one.kill()
                one.wait()
        shop.accounted()
        states = Counter(view.state for view in ledger.jobs())
        assert states == {"settled": 64, "released": 2}
        assert ledger.claimants() == frozenset()
    took = [{job for _, word, job in noted(log) if word == "claim"} for log in logs]
    assert all(len(jobs) > 5 for n, jobs in enumerate(took) if n != victim), "both that lived had their share"
    assert set().union(*took) == {view.id for view in _all(url)}, "none was left out"
    looks, twice = shared(logs, died)
    assert (twice, looks > 66) == ([], True)


def _start_all(shop: Shop, provider: str, count: int) -> None:
    for number in range(count):
        with suppress(OutcomeUnknown):
            shop.router.start(clip(number), key=f"{provider}-{number}", scope="acme", policy=only(provider))


def _all(url: str) -> tuple[JobView, ...]:
    with Ledger.open(url) as ledger:
        return ledger.jobs()
