"""Each rule about money is taken away on purpose; the simulator must see it within 300 seeds."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from .hunt import SEEDS
from .mutations import MUTATIONS, ROOT

SLIPS = ("NameError", "TypeError", "AttributeError", "ImportError", "SyntaxError", "LookupError", "KeyError")
"""A mutation that merely crashes proves nothing."""


@pytest.mark.timeout(900)
def test_each_rule_that_is_taken_away_is_missed() -> None:
    command = [sys.executable, "-m", "tests.sim.hunt"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = {one["name"]: one for one in map(json.loads, ran.stdout.splitlines())}
    assert set(found) == {one.name for one in MUTATIONS}, ran.stderr
    print("\n" + "\n".join(f"{one['seeds']!s:>5}  {name}: {one['broken'][:90]!r}" for name, one in found.items()))
    for name, one in found.items():
        assert one["seeds"] is not None, f"{name}: not seen in {SEEDS} seeds. {one['broken']}"
        assert not any(slip in one["broken"] for slip in SLIPS), f"{name}: {one['broken']}"


def test_a_mutation_that_has_gone_stale_says_so() -> None:
    with pytest.raises(LookupError, match="stands 0 times"):
        replace(MUTATIONS[0], old="no such words").source()
    assert len({one.name for one in MUTATIONS}) == len(MUTATIONS) > 20
    for one in MUTATIONS:
        compile(one.source(), one.file, "exec")
