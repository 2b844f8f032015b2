"""One sandbox per test, on a clock moved by hand: a render takes ten seconds that never pass by themselves."""

from collections.abc import Iterator

import pytest

from router.sandbox import Sandbox

from .talker import Hand, Talker


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def sandbox(hand: Hand) -> Iterator[Sandbox]:
    with Sandbox(render_s=10, clock=hand) as serving:
        yield serving


@pytest.fixture
def talker(sandbox: Sandbox) -> Iterator[Talker]:
    with Talker(sandbox) as client:
        yield client
