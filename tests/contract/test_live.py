"""The live half of the contract, tried without spending: the sandbox stands for the real services."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from router.sandbox import Sandbox

from .places import AUDIO

pytestmark = pytest.mark.timeout(300)  # each starts pytest anew
ROOT = Path(__file__).parent.parent.parent


def pytest_live(environment: dict[str, str], *words: str) -> str:
    """What `pytest -m live tests/contract` prints."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", "tests/contract", *words]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def services() -> Iterator[tuple[Sandbox, dict[str, str]]]:
    with Sandbox(render_s=0.1) as sandbox:
        media = {"FAREGATE_LIVE_IMAGE": b"\xff\xd8\xff\xe0 a face", "FAREGATE_LIVE_AUDIO": b""}
        media["FAREGATE_LIVE_AUDIO"] = (AUDIO / "talk-9.4s.wav").read_bytes()
        urls = {name: f"{sandbox.urls['files']}/{name[-5:].lower()}.wav" for name in media}
        urls["FAREGATE_LIVE_IMAGE"] = urls["FAREGATE_LIVE_IMAGE"].replace(".wav", ".jpg")
        for name, data in media.items():
            httpx.put(urls[name], content=data)
        yield sandbox, {**sandbox.env, **urls}


def test_with_mark_and_keys_it_asks_and_prints_what_it_cost(services: tuple[Sandbox, dict[str, str]]) -> None:
    sandbox, environment = services
    del environment["CREATIFY_API_KEY"]
    said = pytest_live(environment, "-m", "live", "-k", "clip_is_made or beyond")
    assert "live:creatify: nothing was asked, CREATIFY_API_KEY must be set" in said
    assert "live:fal: quoted 1.00 USD, at most 1.00 USD" in said
    assert "live:fal: not made, 1.00 USD more than the cap of 1.00 USD leaves" in said
    assert sandbox.bill()["accepted"] == 1
    raised = pytest_live({**environment, "FAREGATE_LIVE_CAP": "6"}, "-m", "live")
    for line in ("live:fal: charged 1.00 USD", "live:runware: charged 0.70 USD", "in all at most 2.70 USD of 6.00 USD"):
        assert line in raised, raised


def test_without_the_mark_nothing_is_asked(services: tuple[Sandbox, dict[str, str]]) -> None:
    sandbox, environment = services
    said = pytest_live(environment, "--collect-only")
    assert "test_a_clip_is_made_and_costs_what_was_quoted[fal]" in said
    assert "[live" not in said
    assert sandbox.bill()["submits"] == 0
