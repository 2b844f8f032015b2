"""The benchmarks run: small, and only to see that they still measure what they say. Their ratios are never asserted."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.mark.parametrize(
    "words",
    [
        ("bench_ledger.py", "--quick"),
        ("bench_decide.py", "--quick"),
        ("bench_plan.py", "--quick"),
        ("bench_export.py", "--jobs", "400"),
        ("bench_scale.py", "--rows", "20000"),
    ],
    ids=lambda words: words[0],
)
def test_a_benchmark_runs(words: tuple[str, ...]) -> None:
    file, *options = words
    command = [sys.executable, str(BENCHMARKS / file), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert "target" in done.stdout
