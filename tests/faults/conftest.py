"""Faults of the machine and of the database, on both engines where both have them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger import world

from .crew import Crew


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database that several processes can open."""
    if request.param == "sqlite":
        return world.file_url(tmp_path / "x.db")
    request.getfixturevalue("postgres")
    return world.postgres_url()


@pytest.fixture(scope="session")
def crew() -> Iterator[Crew]:
    with Crew() as crew:
        yield crew


@pytest.fixture(autouse=True)
def _close_what_was_left_open() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    yield
    world.close_all()
