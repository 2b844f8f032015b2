"""The example app, served over real HTTP with the sandbox for providers: two tenants, budgets, refusals, webhooks."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from examples.fastapi_app.app import create_app
from ledger import Ledger
from pricing import usd
from router.sandbox import Sandbox
from tests.serving import SECRET, Signer, eventually, fal_body, served

ROOT = Path(__file__).parent.parent.parent
TENANTS = {"token-of-a": "a", "token-of-b": "b"}
CLIP = {"image": "https://x.example/a.png", "audio": "https://x.example/talk-9.4s.mp3", "seconds": "9.4"}


class App:
    """The served app, its sandbox and fal's keys."""

    def __init__(self, url: str, database: str, sandbox: Sandbox, signer: Signer) -> None:
        self.url, self.database, self.sandbox, self.signer = url, database, sandbox, signer

    def call(self, method: str, path: str, *, token: str = "token-of-a", key: str = "k", body: object = None) -> Any:  # noqa: S107
        headers = {"authorization": f"Bearer {token}", "idempotency-key": key}
        return httpx.request(method, self.url + path, headers=headers, json=body, timeout=20)

    def make(self, key: str = "k", *, token: str = "token-of-a", **more: object) -> Any:  # noqa: S107
        return self.call("POST", "/clips", token=token, key=key, body={**CLIP, "resolution": "720p", **more})

    def job(self, name: str, token: str = "token-of-a") -> dict[str, Any]:  # noqa: S107
        return cast("dict[str, Any]", self.call("GET", f"/clips/{name}", token=token).json())

    def tell(self, job: str) -> int:
        """Deliver the webhook that the provider of this job would send to the address it was given."""
        with Ledger.open(self.database) as ledger:
            view = ledger.job(job)
        assert view is not None
        attempt = view.attempts[-1]
        if attempt.provider == "fal":
            body = fal_body(attempt.provider_job or "")
        else:
            body = json.dumps({"taskUUID": attempt.provider_job, "id": attempt.provider_job, "status": "done"}).encode()
        headers = self.signer.headers(body, time.time())
        url = f"{self.url}/hooks/{SECRET}/{attempt.provider}"
        return httpx.post(url, content=body, headers=headers, timeout=20).status_code


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    database, signer = f"sqlite:///{tmp_path}/clips.db", Signer()
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(render_s=0.05))
        keys = stack.enter_context(served(signer))
        for name, value in {**sandbox.env, "FAREGATE_FAL_REST_URL": keys}.items():
            monkeypatch.setenv(name, value)
        made = create_app(database, TENANTS, usd("3"), "https://clips.example", SECRET)
        yield App(stack.enter_context(served(made, lifespan="on")), database, sandbox, signer)


def test_it_is_short() -> None:
    files = (ROOT / "examples" / "fastapi_app").glob("*.py")
    assert 0 < sum(len(file.read_text("utf-8").splitlines()) for file in files) < 120


def test_two_tenants_each_within_its_budget(app: App) -> None:
    first = app.make("one")
    assert first.status_code == 202, first.text
    job = first.json()
    assert (job["state"], job["charged"], job["held"]) == ("submitted", None, {"amount": "1.4", "currency": "USD"})
    assert app.call("GET", "/budget").json() == [
        {"scope": "tenants/a", "spent": "0.00 USD", "held": "1.40 USD", "left": "1.60 USD"}
    ]
    assert app.make("one").json()["job"] == job["job"]  # the same key: the same clip, nothing more is held
    assert app.make("two").status_code == 202
    none = app.make("three")
    assert none.status_code == 402
    assert none.json()["error"]["code"] == "refused"
    assert app.make("three", token="token-of-b").status_code == 202  # noqa: S106 - b has room of its own
    for made in (job["job"], app.make("two").json()["job"]):
        eventually(lambda made=made: app.tell(made) == 200 and app.job(made)["state"] == "settled")
    done = app.job(job["job"])
    assert done["charged"] == {"amount": "1.4", "currency": "USD"}
    assert httpx.get(done["clips"][0]).status_code == 200
    assert app.call("GET", "/budget").json()[0] == {
        "scope": "tenants/a", "spent": "2.80 USD", "held": "0.00 USD", "left": "0.20 USD",
    }  # fmt: skip
    bill = app.sandbox.bill()
    assert (bill["submits"], bill["accepted"]) == (3, 3)
    with Ledger.open(app.database) as ledger:
        assert ledger.verify().ok


def test_refusals_are_clean_json(app: App) -> None:
    assert app.make(token="token-of-c").status_code == 401  # noqa: S106
    assert httpx.get(f"{app.url}/budget").status_code in (401, 403)
    job = app.make("one").json()["job"]
    assert app.call("GET", f"/clips/{job}", token="token-of-b").status_code == 404  # noqa: S106 - a's
    reused = app.make("one", seconds="3.0")
    assert (reused.status_code, reused.json()["error"]["code"]) == (409, "key_reused")
    dear = app.make("dear", max_usd="0.50")
    assert (dear.status_code, dear.json()["error"]["code"]) == (402, "refused")
    odd_ones: tuple[dict[str, Any], ...] = (
        {"image": "/etc/passwd"}, {"audio": "face.mp3"}, {"seconds": 9.4}, {"seconds": "0"}, {"colour": "red"},
        {"resolution": "7p"}, {"max_usd": "-1"}, {"max_usd": "0"},
    )  # fmt: skip
    for odd in odd_ones:
        refused = app.make("odd", **odd)
        assert refused.status_code == 422, (odd, refused.text)
    for answer in (reused, dear):
        assert set(answer.json()["error"]) == {"code", "message", "value", "limit", "next"}
        assert "Traceback" not in answer.text
    app.sandbox.add_fault("refuse:*:*")
    nobody = app.make("nobody", token="token-of-b")  # noqa: S106
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (502, "provider")
    assert app.call("GET", "/budget", token="token-of-b").json()[0]["held"] == "0.00 USD"  # noqa: S106


def test_a_forged_webhook_changes_nothing(app: App) -> None:
    job = app.make("one").json()["job"]
    real, app.signer = app.signer, Signer()
    with Ledger.open(app.database) as ledger:
        view = ledger.job(job)
    assert view is not None
    if view.attempts[-1].provider == "fal":
        assert app.tell(job) == 401
    assert httpx.post(f"{app.url}/hooks/{SECRET[::-1]}/fal", content=b"{}").status_code == 404
    assert app.job(job)["state"] == "submitted"
    app.signer = real
    eventually(lambda: app.tell(job) == 200 and app.job(job)["state"] == "settled")
