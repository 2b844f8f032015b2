"""Fixtures of the router's tests."""

from collections.abc import Iterator

import pytest

from .flow_world import World


@pytest.fixture
def world() -> Iterator[World]:
    """Whatever a test did, the books are whole afterwards."""
    made = World()
    with made.ledger, made.router:
        yield made
        verdict = made.ledger.verify()
        assert verdict.ok, verdict.faults
