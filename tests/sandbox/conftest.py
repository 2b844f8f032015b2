"""One sandbox, emptied for each test, on a clock moved by hand: a render takes ten seconds that pass only then."""

from collections.abc import Iterator

import pytest

from router.sandbox import Sandbox

from .talker import Hand, Talker


@pytest.fixture(scope="session")
def hand() -> Hand:
    return Hand()


@pytest.fixture(scope="session")
def shared(hand: Hand) -> Iterator[Sandbox]:
    with Sandbox(render_s=10, clock=hand) as serving:
        yield serving


@pytest.fixture
def sandbox(shared: Sandbox) -> Sandbox:
    shared.forget()
    return shared


@pytest.fixture
def talker(sandbox: Sandbox) -> Iterator[Talker]:
    with Talker(sandbox) as client:
        yield client
