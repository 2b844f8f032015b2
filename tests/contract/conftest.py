"""Each contract test at the sandbox, and with `-m live` and keys at the real services; prints what was spent there."""

from collections.abc import Iterator

import pytest

from pricing import usd
from router.sandbox import Sandbox
from router.transport import Http

from .places import PROVIDERS, Place, Purse, at_sandbox, for_real, live_purse

_PURSE = live_purse()


@pytest.fixture(scope="session")
def http() -> Iterator[Http]:
    with Http() as opened:
        yield opened


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(render_s=0.05) as opened:
        yield opened


@pytest.fixture(
    scope="session",
    params=[
        *(pytest.param(("sandbox", name), id=name) for name in PROVIDERS),
        *(pytest.param(("live", name), id=f"live-{name}", marks=pytest.mark.live) for name in PROVIDERS),
    ],
)
def place(request: pytest.FixtureRequest, http: Http, tmp_path_factory: pytest.TempPathFactory) -> Place:
    where, name = request.param
    if where == "live":
        return for_real(name, http, _PURSE, tmp_path_factory.mktemp("live"))
    return at_sandbox(name, request.getfixturevalue("sandbox"), http, Purse(usd("1000")))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Nothing is asked of a real service unless the mark is named: `pytest -m live`."""
    if "live" not in str(config.option.markexpr or ""):
        live = [item for item in items if item.get_closest_marker("live")]
        config.hook.pytest_deselected(items=live)
        items[:] = [item for item in items if item not in live]
    for item in items:
        if item.get_closest_marker("live"):
            item.add_marker(pytest.mark.timeout(1800), append=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _PURSE.lines:
        terminalreporter.section("live: quoted and charged")
        for line in _PURSE.lines:
            terminalreporter.write_line(line)
        terminalreporter.write_line(f"in all at most {_PURSE.taken} of {_PURSE.cap}")
