"""Ledgers that a test left open are closed after it, and most tests run on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger import world

_ONE_FILE = ("test_condition", "test_engine", "test_migrations", "test_pure", "test_ports", "test_windows")
"""Of no database, or of SQLite alone."""
_PURE_ROOMS = ("statement", "reconcile", "learning")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    path = Path(str(metafunc.definition.path))
    once = path.stem in _ONE_FILE or path.parent.name in _PURE_ROOMS
    if "backend" in metafunc.fixturenames and not once:
        metafunc.parametrize("backend", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    name: str = getattr(request, "param", "sqlite")
    if name == "postgresql":
        request.getfixturevalue("postgres")
    world.use(name)
    yield name
    world.close_all()
    world.use("sqlite")
