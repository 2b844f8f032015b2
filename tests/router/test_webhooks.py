"""The webhook app over real loopback HTTP: what it lets in, what it asks, and that no message ever moves money."""

import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from ledger import Ledger
from pricing import PriceBook, usd
from router import AsyncRouter, AvatarVideo, BadRequest, Policy, Router, webhook_app
from router.keyring import Keyring, fetching
from router.providers import Fal
from router.talk import Probe, Submission
from router.webhooks import BODY_BYTES_MAX, Webhooks
from tests.serving import SECRET, Signer, eventually, fal_body, served

from .flow_world import CLIP, SCOPE, World
from .scripted import LOST, RUNNING, Scripted, done

TASK = "0c7e2f5e-6a44-4a0e-9a37-0d5a3c1f9b11"
JOB = "76cdd8b1-e337-4fe3-925f-513f86047104"


class Place:
    """A world with its webhook app served on loopback, and fal's keys beside it."""

    def __init__(self, world: World, stack: ExitStack, *, asynchronous: bool = False) -> None:
        self.world, self.signer = world, Signer()
        keys = stack.enter_context(served(self.signer))
        router: Router | AsyncRouter = world.router
        if asynchronous:
            router = AsyncRouter(PriceBook.shipped(), ledger=world.ledger, providers=world.providers, clock=world.clock)
        self.app = webhook_app(router, secret=SECRET, gap_s=0.02, looks_s=(0.02, 0.05, 0.1))
        self.now_s = 0.0
        self.app._keyring = Keyring(fetching(f"{keys}/.well-known/jwks.json"), lambda: self.now_s)  # pyright: ignore[reportPrivateUsage]
        self.url = f"{stack.enter_context(served(Starlette(routes=[Mount('/hooks', app=self.app)])))}/hooks/{SECRET}"
        self.http = stack.enter_context(httpx.Client(timeout=20))

    def post(self, source: str, body: bytes | dict[str, Any], headers: dict[str, str] | None = None) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(f"{self.url}/{source}", content=content, headers=headers or {})

    def fal(self, request: str = "job-1", *, off_s: float = 0, status: str = "OK") -> httpx.Response:
        body = fal_body(request, status=status)
        return self.post("fal", body, self.signer.headers(body, self.world.clock().timestamp() + off_s))

    def start(self, provider: str = "fal", key: str = "k", job: str = "job-1") -> str:
        self.world.providers[provider].submits = [Submission("accepted", job)]
        return self.world.router.start(CLIP, key=key, scope=SCOPE, policy=Policy(providers=frozenset({provider})))

    def inbox(self) -> list[tuple[str, str | None]]:
        return [(one.provider, one.provider_job) for one in self.world.ledger.messages()]

    def asked(self, provider: str = "fal") -> int:
        return len(self.world.providers[provider].asked)


@pytest.fixture(params=["threads", "async"])
def place(world: World, request: pytest.FixtureRequest) -> Iterator[Place]:
    with ExitStack() as stack:
        world.creatify.missing = None
        yield Place(world, stack, asynchronous=request.param == "async")


@pytest.fixture
def thread_place(world: World) -> Iterator[Place]:
    with ExitStack() as stack:
        world.creatify.missing = None
        yield Place(world, stack)


def test_a_signed_message_settles_by_what_fal_says_when_asked(place: Place) -> None:
    place.start()
    said = place.fal()
    assert (said.status_code, said.json()) == (200, {"detail": "heard"})
    eventually(lambda: place.world.state() == "settled")
    view = place.world.ledger.by_key("k")
    assert view is not None
    assert (view.charged, view.evidence) == (usd("1.00"), "inline")
    assert place.inbox() == [("fal", "job-1")]
    assert place.fal().json() == {"detail": "known"}  # seen before: no work
    assert place.fal(off_s=-200).json() == {"detail": "known"}  # signed anew: the same words
    assert (place.asked(), len(place.inbox())) == (1, 1)
    assert any(event.kind == "message" for event in place.world.ledger.timeline(view.id))


def test_a_forged_message_touches_nothing(thread_place: Place) -> None:
    place = thread_place
    place.start()
    now_s = place.world.clock().timestamp()
    body = fal_body("job-1")
    good = place.signer.headers(body, now_s)
    forged = Signer().headers(body, now_s)
    late = place.signer.headers(body, now_s - 301)
    for headers in (None, forged, late, {**good, "x-fal-webhook-user-id": "someone-else"}):
        refused = place.post("fal", body, headers)
        assert refused.status_code == 401, refused.text
    assert place.post("fal", body + b" ", good).status_code == 401
    nothing = b'{"request_id": 7}'
    assert place.post("fal", nothing, place.signer.headers(nothing, now_s)).status_code == 400
    assert (place.inbox(), place.asked(), place.world.state()) == ([], 0, "submitted")
    assert place.signer.asked == 1  # five messages that no key fitted: the keys were asked for once


@pytest.mark.parametrize("source", ["runware", "creatify"])
def test_an_unsigned_message_is_a_hint_and_never_money(place: Place, source: str) -> None:
    world = place.world
    world.providers[source].polls = [RUNNING]
    job = TASK if source == "runware" else JOB
    place.start(source, job=job)
    claim = {"taskUUID": job, "id": job, "status": "done", "cost": 0.0001, "credits_used": 0, "videoURL": "https://x/y"}
    assert place.post(source, claim).status_code == 200
    eventually(lambda: place.asked(source) == 4)  # it says it is over, the provider does not: three more looks
    view = world.ledger.by_key("k")
    assert view is not None
    assert (view.state, view.charged, view.outputs) == ("submitted", None, ())
    world.providers[source].polls = [done(usd("0.90"))]
    assert place.post(source, {**claim, "n": 2}).status_code == 200
    eventually(lambda: world.state() == "settled")
    view = world.ledger.by_key("k")
    assert view is not None
    assert view.charged == usd("0.90")
    assert place.inbox() == [(source, job)] * 2


def test_to_whom_it_is_as_if_nothing_were_there(thread_place: Place) -> None:
    place = thread_place
    host = place.url.removesuffix(f"/hooks/{SECRET}")
    wrong = [
        f"{host}/hooks/{SECRET[:-1]}/fal", f"{host}/hooks/{SECRET}x/fal", f"{host}/hooks/fal", f"{host}/hooks//fal",
        f"{host}/hooks/{SECRET.upper()}/fal", f"{host}/hooks/€/fal", f"{host}/hooks/", f"{host}/{SECRET}/fal",
        f"{place.url}", f"{place.url}/", f"{place.url}/paypal", f"{place.url}/fal/", f"{place.url}/fal/x",
    ]  # fmt: skip
    for url in wrong:
        for method in ("GET", "POST", "PUT"):
            answer = place.http.request(method, url, content=b"{}" if method == "POST" else None)
            assert answer.status_code == 404, (method, url)
            assert SECRET not in answer.text
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = place.http.request(method, f"{place.url}/fal")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_bodies_that_are_none(thread_place: Place) -> None:
    place = thread_place
    for body in (b"", b"{}", b"NaN", b'{"taskUUID": "x"}', b"\xff\xfe", b"[" * 100_000):
        assert place.post("runware", body).status_code == 400
    large = json.dumps({"taskUUID": TASK, "pad": "x" * BODY_BYTES_MAX}).encode()
    assert place.post("runware", large).status_code == 413
    pieces = (large[at : at + 65_536] for at in range(0, len(large), 65_536))
    answer = place.http.post(f"{place.url}/runware", content=pieces)  # chunked: no length stated
    assert answer.status_code == 413
    just = json.dumps({"taskUUID": TASK, "pad": "x" * (BODY_BYTES_MAX - 100)}).encode()
    assert place.post("runware", just).status_code == 200
    assert place.inbox() == [("runware", TASK)]


def test_a_flood_about_one_job_is_few_looks(place: Place) -> None:
    place.world.runware.polls = [RUNNING]
    place.start("runware", job=TASK)
    before = place.asked("runware")
    for n in range(60):
        assert place.post("runware", {"taskUUID": TASK, "n": n}).status_code == 200
    place.world.runware.polls = [done(usd("0.90"))]
    place.post("runware", {"taskUUID": TASK, "n": "last"})
    eventually(lambda: place.world.state() == "settled")
    assert place.asked("runware") - before < 60
    assert len(place.inbox()) == 61
    for _ in range(3):
        place.post("runware", {"taskUUID": JOB})  # nobody's
    eventually(lambda: not place.app._hearing._turns)  # pyright: ignore[reportPrivateUsage]
    assert place.asked("runware") - before < 61


def test_a_message_that_comes_before_our_own_answer_is_not_lost(place: Place) -> None:
    """fal's request id is not recorded yet: the message is kept, looked for again, and then acted on."""
    assert place.fal("job-1").status_code == 200
    place.start()
    eventually(lambda: place.world.state() == "settled")


def test_a_job_whose_run_still_sends_is_left_to_it(thread_place: Place) -> None:
    """Runware names our attempt: while our POST is on its way nobody else asks; the answer is then acted on."""
    place, world = thread_place, thread_place.world
    seen: list[object] = []

    class Slow(Scripted):
        def submit(self, order: Any) -> Any:
            seen.append(place.post("runware", {"taskUUID": order.attempt}).status_code)
            view = world.ledger.by_provider_job("runware", order.attempt)
            assert view is not None
            seen.extend([view.state, len(self.asked)])
            self.submits = [Submission("accepted", order.attempt)]
            return (yield from super().submit(order))

    slow = Slow("runware", polls=[done(usd("0.90"))])
    world.router.desk.providers["runware"] = slow  # type: ignore[index]  # a dict, in this world
    world.router.start(CLIP, key="k", scope=SCOPE, policy=Policy(providers=frozenset({"runware"})))
    assert seen == [200, "submitting", 0]
    eventually(lambda: world.state() == "settled")


def test_a_message_finds_the_job_whose_answer_was_lost(thread_place: Place) -> None:
    """Runware names our attempt, so that the message leads to a probe, and the probe to the job."""
    place, world = thread_place, thread_place.world
    world.runware.submits, world.runware.probes = [LOST], [Probe("absent")]
    world.runware.polls = [done(usd("0.90"))]
    job = world.router.start(CLIP, key="k", scope=SCOPE, policy=Policy(providers=frozenset({"runware"})))
    attempt = world.runware.sent[0].attempt
    assert world.state() == "unknown"
    world.runware.probes = [Probe("absent"), Probe("found", attempt)]
    assert place.post("runware", {"taskUUID": attempt}).status_code == 200
    eventually(lambda: world.state() == "settled")
    assert place.inbox() == [("runware", attempt)]
    assert [event.kind for event in world.ledger.timeline(job)].count("message") == 1


def test_the_keys_rotate_and_are_asked_for_seldom(thread_place: Place) -> None:
    place = thread_place
    place.start()
    assert place.fal("nobodys").status_code == 200
    place.signer.key = Signer().key
    assert place.fal().status_code == 401  # the new key is not known yet, and it was asked a moment ago
    place.now_s += 31
    assert place.fal().status_code == 200
    place.now_s += 31
    old = Signer()
    for _ in range(5):
        body = fal_body("job-1")
        assert place.post("fal", body, old.headers(body, place.world.clock().timestamp())).status_code == 401
    assert place.signer.asked == 3
    place.now_s += 86_400
    place.signer.works = False
    stale = place.fal("another")  # the keys are a day old, and no new ones are to be had: nobody is believed
    assert (stale.status_code, stale.headers["retry-after"]) == (503, "30")
    place.signer.works = True
    place.now_s += 31
    assert place.fal("another").status_code == 200


def test_when_the_ledger_fails_the_provider_is_asked_to_come_again(
    thread_place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    place = thread_place
    place.start()

    def fail(*_: object, **__: object) -> bool:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch, caplog.at_level(logging.INFO):
        patch.setattr(place.world.ledger, "receive", fail)
        assert place.fal().status_code == 503
    assert "a fal webhook could not be kept: the disk is full" in caplog.text
    assert "Traceback" not in caplog.text
    assert place.fal().status_code == 200  # come again: now it is kept and acted on
    eventually(lambda: place.world.state() == "settled")


def test_no_log_shows_the_secret(thread_place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place = thread_place
    with caplog.at_level(logging.DEBUG, "uvicorn"), caplog.at_level(logging.DEBUG, "router"):
        place.fal()
        place.http.get(f"{place.url}/fal")
        place.post("runware", b"{")
    lines = [record.getMessage() for record in caplog.records if record.name == "uvicorn.access"]
    assert len(lines) >= 3
    assert all(f"/hooks/{'%E2%80%A6'}/" in line for line in lines if "/hooks" in line), lines
    assert SECRET not in "".join(record.getMessage() for record in caplog.records if record.name != "httpx")


def test_after_a_restart_a_known_message_is_acted_on_again(thread_place: Place) -> None:
    """Whoever kept it may have died before: asking once more costs nothing, and what is over is not asked about."""
    place = thread_place
    place.start()
    body = fal_body("job-1")
    place.world.ledger.receive("fal", "webhook", f"{sha256(body).hexdigest()}:job-1", body, "job-1")
    assert place.fal().json() == {"detail": "heard"}
    eventually(lambda: place.world.state() == "settled")
    assert (len(place.inbox()), place.asked()) == (1, 1)
    again = webhook_app(place.world.router, secret=SECRET)
    again._keyring = place.app._keyring  # pyright: ignore[reportPrivateUsage]
    with served(again, lifespan="on") as url:  # at the root, with a lifespan of its own
        headers = place.signer.headers(body, place.world.clock().timestamp())
        assert place.http.post(f"{url}/{SECRET}/fal", content=body, headers=headers).json() == {"detail": "heard"}
    assert (len(place.inbox()), place.asked()) == (1, 1)


@pytest.mark.parametrize(
    "secret", ["", "short", "x" * 15, "x" * 121, "with/slash/inside-it", "with space in the middle"]
)
def test_a_secret_is_long_and_plain(world: World, secret: str) -> None:
    with pytest.raises(BadRequest, match="16 to 120") as raised:
        webhook_app(world.router, secret=secret)
    assert not secret or secret not in str(raised.value)


def test_fal_names_the_address_of_its_keys() -> None:
    fal = Fal.from_env({"FAL_KEY": "k"})
    assert fal.keys_url == "https://rest.fal.ai/.well-known/jwks.json"


def test_websockets_are_closed(world: World) -> None:
    sent: list[Any] = []

    async def send(event: Any) -> None:
        sent.append(event)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    app: Webhooks = webhook_app(world.router, secret=SECRET)
    anyio.run(partial(app, {"type": "websocket", "path": f"/{SECRET}/fal"}, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1000}]


def test_where_a_request_names_no_place_the_routers_is_taken(tmp_path: Path) -> None:
    """Per provider; and the key's hash knows nothing of it, so a moved app still answers its old keys."""
    asked: list[str | None] = []
    for number, base in enumerate(["https://one.example/hooks/s", "https://two.example/hooks/s/", None]):
        scripted = {name: Scripted(name, polls=[done(usd("0.70"))]) for name in ("fal", "runware")}
        with (
            Ledger.open(f"sqlite:///{tmp_path}/a.db") as ledger,
            Router(PriceBook.shipped(), ledger=ledger, providers=scripted, webhooks=base) as router,
        ):
            ledger.set_budget("acme", usd("100"))
            for provider in scripted:
                scripted[provider].submits = [Submission("accepted", f"{provider}-{number}")]
                policy = Policy(providers=frozenset({provider}))
                first = router.run(CLIP, key=f"first-{provider}", scope=SCOPE, policy=policy)
                scripted[provider].submits = [Submission("accepted", f"{provider}-{number}-own")]
                own = AvatarVideo(
                    "https://x.example/a.png", "https://x.example/a.mp3", "9.4", webhook_url="https://o.example/"
                )
                router.run(own, key=f"own-{provider}-{number}", scope=SCOPE, policy=policy)
                asked += [order.webhook_url for order in scripted[provider].sent]
                assert first.key == f"first-{provider}"
    own_place = "https://o.example/"
    # Under the first base both were made; under the others the keys were answered, and nothing was sent again.
    assert asked == [
        "https://one.example/hooks/s/fal", own_place, "https://one.example/hooks/s/runware", own_place,
        own_place, own_place, own_place, own_place,
    ]  # fmt: skip
    with Ledger.open("sqlite://") as ledger, pytest.raises(BadRequest, match="webhooks must be"):
        Router(PriceBook.shipped(), ledger=ledger, webhooks="app.example")
