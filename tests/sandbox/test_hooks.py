"""Webhooks: when, what, how signed; and that they arrive, on loopback only."""

import json
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from router.sandbox import Hook, Sandbox
from router.sandbox.delivery import is_loopback

from .direct import BORN, ENV, HOOK, Direct
from .talker import FAL, Json, Talker, items, task

PROVIDERS = ("fal", "runware", "creatify")


def verified(hook: Hook, keys: Json, now_s: float) -> bool:
    """fal's published recipe, to the letter."""
    named = {name.lower(): value for name, value in hook.headers.items()}
    parts = [named[f"x-fal-webhook-{name}"] for name in ("request-id", "user-id", "timestamp")]
    if abs(now_s - int(parts[2])) > 300:
        return False
    message = "\n".join([*parts, sha256(hook.body).hexdigest()]).encode()
    for key in items(keys["keys"]):
        text = str(key["x"])
        public = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        try:
            public.verify(bytes.fromhex(named["x-fal-webhook-signature"]), message)
        except InvalidSignature:
            continue
        return True
    return False


def jwks(direct: Direct) -> Json:
    return direct.ask("GET", f"{ENV['FAREGATE_FAL_REST_URL']}/.well-known/jwks.json", "fal").json


def said(hook: Hook) -> Json:
    found: Json = json.loads(hook.body)
    return found


def test_fal_tells_once_signed_when_a_job_ends() -> None:
    direct = Direct()
    receipt = direct.submit("fal", hook=HOOK).json
    assert receipt["gateway_request_id"] == receipt["request_id"]
    assert (direct.hooks(), direct.market.next_hook_s()) == ((), direct.hand.now_s + 10)
    direct.hand.pass_s(10)
    (hook,) = direct.hooks()
    assert direct.hooks() == ()
    assert (hook.url, hook.job, hook.provider) == (HOOK, receipt["request_id"], "fal")
    assert verified(hook, jwks(direct), BORN.timestamp() + 10)
    assert not verified(hook, jwks(direct), BORN.timestamp() + 311), "a replay"
    assert not verified(Hook("fal", hook.job, HOOK, hook.body + b" ", hook.headers), jwks(direct), BORN.timestamp())
    told = said(hook)
    assert told.keys() == {"request_id", "gateway_request_id", "status", "payload"}
    assert (told["request_id"], told["status"]) == (receipt["request_id"], "OK")
    assert told["payload"] == direct.look().json


@pytest.mark.parametrize(
    ("fault", "kind"), [("fail", "internal_server_error"), ("fail-422", "content_policy_violation")]
)
def test_fal_tells_a_failure_too(fault: str, kind: str) -> None:
    direct = Direct(fault)
    direct.submit("fal", hook=HOOK)
    direct.hand.pass_s(10)
    (hook,) = direct.hooks()
    told = said(hook)
    assert told["status"] == "ERROR"
    assert told["error"]
    assert kind in hook.body.decode()


def test_runware_tells_each_result_and_creatify_each_status() -> None:
    direct = Direct("partial-1")
    direct.submit("runware", hook=HOOK, numberResults=3)
    direct.hand.pass_s(4)
    (first,) = direct.hooks()
    assert (said(first)["resultIndex"], said(first)["cost"]) == (0, 1.4)
    direct.hand.pass_s(6)
    assert [said(hook)["status"] for hook in direct.hooks()] == ["success", "error"]
    direct.submit("creatify", hook=HOOK)
    direct.hand.pass_s(10)
    told = list(map(said, direct.hooks()))
    assert [each["status"] for each in told] == ["in_queue", "running", "done"]
    assert all(each.keys() == {"id", "status", "failed_reason", "video_output"} for each in told), "no money"
    assert told[2]["video_output"] == direct.look(1).json["video_output"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_webhook_may_come_twice_never_or_too_early(provider: str) -> None:
    ends = {"fal": 1, "runware": 1, "creatify": 3}[provider]
    for kind, count in (("hook-twice", 2 * ends), ("hook-never", 0)):
        direct = Direct(f"{kind}:{provider}")
        direct.submit(provider, hook=HOOK)
        direct.hand.pass_s(10)
        assert len(direct.hooks()) == count
    direct = Direct(f"hook-early:{provider}")
    direct.submit(provider, hook=HOOK)
    (early,) = direct.hooks()
    assert early.before_answer
    assert said(early).get("status") in ("OK", "success", "done")


def test_webhooks_may_come_in_another_order() -> None:
    direct = Direct("hook-reordered:*:2")
    direct.submit("creatify", hook=HOOK)
    direct.submit("runware", hook=HOOK, numberResults=3)
    direct.hand.pass_s(9.9)
    assert direct.hooks() == ()
    direct.hand.pass_s(0.1)
    hooks = direct.hooks()
    assert [said(hook)["status"] for hook in hooks if hook.provider == "creatify"] == ["done", "running", "in_queue"]
    assert [said(hook)["resultIndex"] for hook in hooks if hook.provider == "runware"] == [2, 1, 0]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_forged_webhook_comes_first_and_lies(provider: str) -> None:
    direct = Direct(f"hook-forged:{provider}")
    direct.submit(provider, hook=HOOK)
    (forged,) = direct.hooks()
    assert said(forged)["status"] in ("ERROR", "error", "failed")
    if provider == "fal":
        assert not verified(forged, jwks(direct), BORN.timestamp())
    direct.hand.pass_s(10)
    true = direct.hooks()[-1]
    assert said(true)["status"] in ("OK", "success", "done")
    if provider == "fal":
        assert verified(true, jwks(direct), BORN.timestamp() + 10)


def test_a_stale_webhook_is_truly_signed_but_old() -> None:
    direct = Direct("hook-stale:*:2")
    direct.submit("fal", hook=HOOK)
    direct.submit("runware", hook=HOOK)
    direct.hand.pass_s(10)
    (hook,) = direct.hooks()
    assert not verified(hook, jwks(direct), BORN.timestamp() + 10)
    assert verified(hook, jwks(direct), BORN.timestamp() - 590)
    direct.hand.pass_s(600)
    assert [late.provider for late in direct.hooks()] == ["runware"]


def test_a_bad_webhook_address_is_refused() -> None:
    direct = Direct()
    assert direct.submit("fal", hook="not-a-url").status == 422
    assert direct.submit("runware", hook="not-a-url").status == 400
    assert direct.submit("creatify", hook="not-a-url").status == 400
    assert direct.submit("creatify", hook="http://127.0.0.1/" + "x" * 200).status == 400


@dataclass
class Heard:
    """What a receiver got, in order."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list[bytes])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    codes: list[int] = field(default_factory=list[int])
    """To answer with, one each, then 200."""

    def until(self, count: int) -> None:
        end = time.monotonic() + 20
        while len(self.bodies) < count:
            assert time.monotonic() < end, f"{len(self.bodies)} of {count} webhooks came"
            time.sleep(0.005)


@contextmanager
def receiver() -> Generator[Heard]:
    heard = Heard()

    class Hears(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.headers.append({name.lower(): value for name, value in self.headers.items()})
            heard.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(heard.codes.pop(0) if heard.codes else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hears) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        heard.url = f"http://127.0.0.1:{server.server_port}/hook"
        try:
            yield heard
        finally:
            server.shutdown()
            thread.join()


def hooked(talker: Talker, url: str) -> Json:
    """Submit at fal with a webhook."""
    body = {"image_url": "https://x.example/a.png", "audio_url": "https://x.example/a-9s.mp3"}
    queue = f"{talker.env['FAREGATE_FAL_QUEUE_URL']}/{FAL}"
    found: Json = talker.http.post(queue, json=body, params={"fal_webhook": url}, headers=talker.fal_key).json()
    return found


def test_webhooks_arrive_and_are_tried_again_when_refused() -> None:
    with receiver() as heard, Sandbox(render_s=0) as sandbox, Talker(sandbox) as talker:
        heard.codes.append(503)
        receipt = hooked(talker, heard.url)
        heard.until(2)
        assert heard.bodies[0] == heard.bodies[1]
        keys = talker.http.get(f"{talker.env['FAREGATE_FAL_REST_URL']}/.well-known/jwks.json").json()
        hook = Hook("fal", str(receipt["request_id"]), heard.url, heard.bodies[1], heard.headers[1])
        assert verified(hook, keys, time.time())
        talker.runware(task(webhookURL=heard.url, numberResults=2))
        heard.until(4)
        talker.creatify(webhook_url=heard.url)
        heard.until(5)
        listed = talker.http.get(f"{sandbox.urls['sandbox']}/_hooks").json()
        assert [each["outcome"] for each in listed][:2] == ["503", "200"]
        assert {each["provider"] for each in listed} == set(PROVIDERS)


def test_an_early_webhook_is_there_before_the_answer() -> None:
    with receiver() as heard, Sandbox(["hook-early:fal"]) as sandbox, Talker(sandbox) as talker:
        receipt = hooked(talker, heard.url)
        assert json.loads(heard.bodies[0])["request_id"] == receipt["request_id"]


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1/hook", "http://app.example/hook", "http://127.0.0.1.example/hook", "http://[::2]/"]
)
def test_nothing_is_sent_off_this_machine(url: str) -> None:
    assert not is_loopback(url)
    with Sandbox(render_s=0) as sandbox, Talker(sandbox) as talker:
        hooked(talker, url)
        end = time.monotonic() + 20
        while not sandbox.hooks() and time.monotonic() < end:
            time.sleep(0.005)
        (told,) = sandbox.hooks()
        assert told["outcome"] == "not sent: not an address on loopback"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "http://127.8.9.1/x", "http://[::1]:5/x", "http://localhost/x"]
)
def test_what_is_loopback(url: str) -> None:
    assert is_loopback(url)


def test_a_receiver_that_is_not_there_harms_nobody() -> None:
    with Sandbox(render_s=0) as sandbox, Talker(sandbox) as talker:
        hooked(talker, "http://127.0.0.1:1/hook")
        end = time.monotonic() + 20
        while not sandbox.hooks() and time.monotonic() < end:
            time.sleep(0.005)
        assert str(sandbox.hooks()[0]["outcome"]).startswith("failed")
        assert talker.fal().status_code == 200
