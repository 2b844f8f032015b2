"""A webhook server killed at any step loses nothing: fal's next try, or a resume, ends the job with the same charge."""

import json
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from ledger import Ledger
from pricing import PriceBook, usd
from router import AvatarVideo, Policy, Router
from router.providers import shipped
from router.sandbox import Sandbox
from tests.serving import SECRET, Signer, eventually, fal_body, served

ROOT = Path(__file__).parent.parent.parent
CLIP = AvatarVideo("https://x.example/a.png", "https://x.example/talk-9.4s.mp3", seconds="9.4", resolution="720p")


@contextmanager
def child(database: str, environment: dict[str, str], point: str) -> Generator[str]:
    command = [sys.executable, "-m", "tests.router.webhook_child", database, json.dumps(environment), point]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/{SECRET}/fal"
        if point != "lives":
            assert process.wait(30) == -9
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def until_it_dies(post: Callable[[], int]) -> None:
    """As fal does, which tries again whatever is not taken, such as while its keys cannot be fetched."""
    answers: list[int] = []
    with suppress(httpx.TransportError):
        while len(answers) < 10:
            answers.append(post())
        pytest.fail(f"it lives: {answers}")


@pytest.mark.parametrize(("point", "then"), [("kept", "again"), ("asked", "resume")])
def test_killed_and_begun_again(point: str, then: str, tmp_path: Path) -> None:
    database, signer = f"sqlite:///{tmp_path}/spend.db", Signer()
    with Sandbox(render_s=0) as sandbox, served(signer) as keys, Ledger.open(database) as ledger:
        environment = {**sandbox.env, "FAREGATE_FAL_REST_URL": keys}
        ledger.set_budget("acme", usd("10"))
        with Router(PriceBook.shipped(), ledger=ledger, providers=shipped(sandbox.env)) as router:
            job = router.start(CLIP, key="k", scope="acme", policy=Policy(providers=frozenset({"fal"})))
            view = ledger.job(job)
            assert view is not None
            body = fal_body(view.attempts[-1].provider_job or "")

            def post(url: str) -> int:
                headers = signer.headers(body, router.desk.clock().timestamp())
                return httpx.post(url, content=body, headers=headers, timeout=20).status_code

            with child(database, environment, point) as url:
                until_it_dies(lambda: post(url))
            if then == "again":
                with child(database, environment, "lives") as url:
                    assert post(url) == 200
                    eventually(lambda: _state(ledger, job) == "settled")
            else:
                router.resume()
        view = ledger.job(job)
        assert view is not None
        assert (view.state, view.charged, len(ledger.messages())) == ("settled", usd("1.40"), 1)
        assert (sandbox.bill()["submits"], sandbox.bill()["total"]) == (1, {"USD": "1.4", "creatify-credit": "0"})
        assert ledger.verify().ok


def _state(ledger: Ledger, job: str) -> str:
    view = ledger.job(job)
    return view.state if view else "none"
