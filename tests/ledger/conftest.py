"""Ledgers that a test left open are closed after it."""

from collections.abc import Iterator

import pytest

from tests.ledger.world import close_all


@pytest.fixture(autouse=True)
def _closed_ledgers() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    yield
    close_all()
