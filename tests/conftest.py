"""What every test gets: Hypothesis profiles, and a world without the machine's own keys or ledger."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import served
from tests.cli.world import Runner
from tests.ledger import world

_GIVEN = os.environ.get("FAREGATE_TEST_POSTGRES")
SWEEP = bool(os.environ.get("FAREGATE_SWEEP"))
SWEEP_TIMEOUT_S = 7200

# The suite draws the same examples each time: a red run is the change's doing. `make sim` draws new ones, and many.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
# It prints what replays a failure.
settings.register_profile(
    "sweep", parent=settings.get_profile("suite"), derandomize=False, max_examples=2000, print_blob=True
)
settings.load_profile("sweep" if SWEEP else "suite")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL, started once by each worker: the address of an empty database, or `FAREGATE_TEST_POSTGRES`."""
    given = _GIVEN
    if given:
        world.serve(given)
        yield given
        return
    with served.postgresql() as server:
        # No test cuts the power, which alone would tell; kills of the server have one of their own that flushes.
        for sql in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
            server.psql(sql)
        url = server.get_uri()
        world.serve(url)
        yield url


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """Starts processes of the command line: forked from one that has imported it, which takes longer than most run."""
    running = Runner(tmp_path_factory.mktemp("processes"))
    try:
        yield running
    finally:
        running.close()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """No key, address or ledger of the developer's own reaches a test."""
    for name in list(os.environ):
        if name.startswith(("FAREGATE_", "FAL_", "RUNWARE_", "CREATIFY_")) and name != "FAREGATE_SWEEP":
            monkeypatch.delenv(name)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked slow run in `make sim` only, where many examples may take long: only what hangs is stopped."""
    if SWEEP:
        for item in items:
            item.add_marker(pytest.mark.timeout(SWEEP_TIMEOUT_S), append=False)  # before a test's own, which is for few
    if not SWEEP and not config.option.markexpr:
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
