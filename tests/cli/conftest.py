"""The worlds of the command line's tests: one process starter and one patient sandbox for all, a ledger for each."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .world import Providers, Runner, World

FAULTS = (
    "refuse:*:*~F-refuse",
    *(f"status-{code}:*:*~F-{code}" for code in (301, 400, 401, 402, 403, 404, 409, 413, 415, 429, 500, 502, 503)),
    "html:*:*~F-html",
    "truncated:*:*~F-truncated",
    "5xx-after:*:*~F-after",
    "lost-answer:*:*~F-lost",
    "hide:*:*~F-hide",
    "fail:*:*~F-fail",
    "extra-second:*:*~F-extra",
)
"""What strikes a submit whose prompt says so: one sandbox serves every test."""


@pytest.fixture(scope="session")
def providers(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Providers]:
    """The three providers, quick to render."""
    faults = [word for fault in FAULTS for word in ("--fault", fault)]
    serving = Providers(runner, tmp_path_factory.mktemp("providers"), "--render", "0.1", *faults)
    try:
        yield serving
    finally:
        serving.stop()


@pytest.fixture(scope="session")
def open_world(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Providers | None], World]:
    """Worlds for tests that need more than one."""
    return lambda providers: World(runner, tmp_path_factory.mktemp("world"), providers)


@pytest.fixture
def world(runner: Runner, providers: Providers, tmp_path: Path) -> World:
    return World(runner, tmp_path, providers)


@pytest.fixture
def plain(runner: Runner, tmp_path: Path) -> World:
    """A world without any key."""
    return World(runner, tmp_path, None)
