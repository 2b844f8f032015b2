"""`make sim`: many examples take longer than a test of the suite may, and a failure says how it is replayed."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS = """
import time
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

def test_longer_than_any_test_may():
    time.sleep(0.6)

@pytest.mark.timeout(0.3)
def test_longer_than_it_says():
    time.sleep(0.6)

@settings(max_examples=50)
@given(st.integers())
def test_that_fails(number):
    assert number < 5
"""


def run(folder: Path, **environment: str) -> str:
    (folder / "test_slow.py").write_text(TESTS, "utf-8")
    ini = ["-c", "pyproject.toml", "-o", "timeout=0.3", "-p", "tests.conftest", f"--rootdir={folder}"]
    known = {name: value for name, value in os.environ.items() if name not in ("CI", "FAREGATE_SWEEP")}
    command = [sys.executable, "-m", "pytest", *ini, str(folder)]
    ran = subprocess.run(command, cwd=ROOT, env=known | environment, capture_output=True, text=True)
    return ran.stdout


def test_a_sweep_stops_what_hangs_only_and_says_how_to_replay(tmp_path: Path) -> None:
    swept, usual = run(tmp_path, FAREGATE_SWEEP="1"), run(tmp_path)
    assert re.search(r"\b1 failed, 2 passed", swept), swept
    assert "@reproduce_failure(" in swept
    assert "Timeout" in usual


def test_make_sim_names_the_seed() -> None:
    told = subprocess.run(["make", "-n", "sim", "SEED=7"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "FAREGATE_SWEEP=1" in told
    assert "--hypothesis-seed=7" in told
