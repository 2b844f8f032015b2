"""Writers that are killed with -9 at random instants, and a PostgreSQL that is shut down at once under eight of them.

No acknowledged hold or settlement is lost, and the books are whole. `make sim` kills 120 times and shuts down 8 times.
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ledger import Ledger
from pricing import usd
from tests import served
from tests.conftest import SWEEP
from tests.ledger import world as worlds
from tests.ledger.world import World

from .crew import Crew, Doc

KILLS, SHUTDOWNS = (120, 8) if SWEEP else (6, 1)
SCOPES = ["acme/a", "acme/b"]
pytestmark = pytest.mark.timeout(1800 if SWEEP else 120)


def opened(url: str) -> World:
    ledger = Ledger.open(url)
    worlds._open.append(ledger)  # pyright: ignore[reportPrivateUsage]
    for scope in ("acme", *SCOPES):
        ledger.set_budget(scope, usd("10000000"))
    return World(ledger)


def nothing_lost(w: World, lines: list[Doc]) -> int:
    """Whatever a writer was told is so; answers how many holds that were."""
    jobs = {job.id: job.state for job in w.ledger.jobs()}
    held = [line["held"] for line in lines if "held" in line]
    settled = [line["settled"] for line in lines if "settled" in line]
    assert set(held) <= set(jobs)
    assert {jobs[job] for job in settled} <= {"settled"}
    assert settled
    w.sound()
    return len(held)


def test_writers_killed_at_any_instant(crew: Crew, place: str) -> None:
    w = opened(place)
    seed = random.randrange(10**9) if SWEEP else 5
    dice = random.Random(seed)
    lines: list[Doc] = []
    names = iter(f"w{n}" for n in range(10**6))
    running = [next(names) for _ in range(4)]
    for name in running:
        crew.start(name, "write", place, scopes=SCOPES)
    for n in range(KILLS):
        name = running.pop(dice.randrange(4))
        while not any(line["name"] == name and "settled" in line for line in lines):  # it is in the middle of it
            lines.append(crew.heard())
        time.sleep(dice.uniform(0, 0.03))
        lines += crew.waiting()
        crew.kill(name)
        running.append(next(names))
        crew.start(running[-1], "write", place, scopes=SCOPES)
        if n % 20 == 19:
            w.sound()
    for name in running:
        while name not in crew.running:
            lines.append(crew.heard())
        crew.kill(name)
    time.sleep(0.3)
    lines += crew.waiting()
    told = nothing_lost(w, lines)
    assert w.hold("afterwards").refused is None  # no lock was left behind
    print(f"\n{place.partition(':')[0]}: {KILLS + 4} kills, {told} holds told, none lost, seed {seed}")


@pytest.fixture
def server() -> Iterator[Any]:
    """A PostgreSQL of our own, that we may shut down."""
    with served.postgresql() as found:
        try:
            yield found
        finally:
            worlds.close_all()


def shut_down(server: Any) -> None:
    """What `pg_ctl stop -m immediate` does: no farewell, no checkpoint."""
    process = server.get_postmaster_info().process
    os.kill(process.pid, signal.SIGQUIT)
    process.wait(20)


def test_a_server_shut_down_under_eight_writers(crew: Crew, server: Any) -> None:
    """It comes back, and the writers never hear of it: each asks its last unit again, and what it gets is so."""
    url = server.get_uri()
    w = opened(url)
    dice = random.Random(7)
    lines: list[Doc] = []
    for n in range(8):
        crew.start(f"w{n}", "write", url, scopes=SCOPES)
    writing: set[str] = set()
    while len(writing) < 8:  # one that is only opening the ledger would rightly be told at once
        lines.append(crew.heard())
        writing |= {lines[-1]["name"]} if "settled" in lines[-1] else set()
    for _ in range(SHUTDOWNS):
        while sum("settled" in line for line in lines[-200:]) < 20:
            lines.append(crew.heard())
        time.sleep(dice.uniform(0, 0.1))
        shut_down(server)
        time.sleep(0.2)
        server.ensure_postgres_running()
        server_up = time.monotonic()
        lines += [line for line in crew.waiting() if "pid" not in line]
        again: set[str] = set()
        while len(again) < 8:  # each of them goes on
            line = crew.heard(30)
            lines.append(line)
            again |= {line["name"]}
        print(f"\nPostgreSQL came back; {time.monotonic() - server_up:.1f} s later all eight had gone on")
        lines.append({"mark": True})
    for n in range(8):
        crew.kill(f"w{n}")
    time.sleep(0.3)
    lines += crew.waiting()
    told = nothing_lost(w, lines)
    print(f"{SHUTDOWNS} shutdowns, {told} holds told, none lost")
