"""Law 5: whoever races for a budget, exactly what fits is granted: threads, processes, and both at once."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger import Grant, Ledger
from pricing import usd
from tests.ledger.world import World, file_url, quote, world

ROOT = Path(__file__).parents[2]
RACER = """
import sys
from ledger import Ledger
from tests.ledger.world import World, quote
url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Ledger.open(url) as ledger:
    w = World(ledger)
    print("ready", flush=True)
    sys.stdin.readline()
    granted = 0
    for n in range(count):
        grant = w.hold(f"{name}-{n}", scope=f"acme/leaf-{n % 3}")
        granted += grant.refused is None
        if grant.refused is None and n % 4 == 0:
            w.begin(f"{name}-{n}", f"{name}-{n}-a")
            w.settle(quote().expected, f"{name}-{n}", f"{name}-{n}-a")
    print(granted, flush=True)
"""


def check(w: World, granted: int, fits: int) -> None:
    assert granted == fits
    spent, held, available = w.budget("acme")
    assert spent + held == usd("1.4") * fits
    assert available == usd("0.5")
    w.sound()


@pytest.mark.parametrize("threads", [2, 8])
def test_threads_of_one_process(threads: int, tmp_path: Path) -> None:
    w = world("70.5", file_url(tmp_path / "x.db"))

    def ask(n: int) -> bool:
        return w.hold(f"j{n}", scope=f"acme/leaf-{n % 3}").refused is None

    with ThreadPoolExecutor(threads) as pool:
        check(w, sum(pool.map(ask, range(80))), 50)
    w.ledger.close()


def test_processes_that_share_one_file(tmp_path: Path) -> None:
    url = file_url(tmp_path / "x.db")
    w = world("70.5", url)
    for n in range(3):
        w.ledger.set_budget(f"acme/leaf-{n}", None, currency="USD")
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, url, f"p{n}", "25"],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for n in range(4)
    ]
    try:
        for one in crowd:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n", one.communicate(timeout=5)[1]
        granted = 0
        for one in crowd:
            assert one.stdin is not None
            one.stdin.write("\n")
            one.stdin.flush()
        for one in crowd:
            out, errors = one.communicate(timeout=60)
            assert one.returncode == 0, errors
            granted += int(out)
    finally:
        for one in crowd:
            one.kill()
            one.wait()
    check(w, granted, 50)
    w.ledger.close()


def test_twins_of_one_key_hold_once(tmp_path: Path) -> None:
    url = file_url(tmp_path / "x.db")
    w = world("100", url)
    others = [World(Ledger.open(url, clock=w.clock), w.clock) for _ in range(4)]

    def ask(n: int) -> Grant:
        return others[n % 4].hold(f"j{n}", key="one")

    with ThreadPoolExecutor(8) as pool:
        grants = list(pool.map(ask, range(16)))
    assert len({grant.job for grant in grants}) == 1
    assert [grant.replayed for grant in grants].count(False) == 1
    assert w.budget()[1] == quote().high
    for other in others:
        other.ledger.close()
    w.sound()
    w.ledger.close()
