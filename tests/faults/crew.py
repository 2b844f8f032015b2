"""Many processes on one ledger: a nursery forks them at once, and they tell what they did, line by line.

    python -m tests.faults.crew    reads orders on stdin, a JSON line each: {"name": …, "task": …, …}

Every child opens the ledger itself, after the fork. A line it has written out arrives, even when it is killed then.
On PostgreSQL the children share nothing but its address: each has a working directory and a wall clock of its own.
"""

import json
import os
import queue
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ledger import Imported, Ledger, Statement, read_statement
from ledger.bills import importing
from ledger.store.postgres import PostgresWork
from ledger.store.sqlite import SqliteWork
from tests.ledger.world import World, quote

ROOT = Path(__file__).parents[2]
Doc = dict[str, Any]


class Crew:
    """The parent's end: starts children, hears them, ends them."""

    def __init__(self) -> None:
        self._nursery = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.faults.crew"],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._lines: queue.SimpleQueue[Doc] = queue.SimpleQueue()
        self.running: dict[str, int] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._nursery.pid, signal.SIGKILL)
        self._nursery.wait(10)
        self._reader.join(10)
        for pipe in (self._nursery.stdin, self._nursery.stdout):
            if pipe is not None:
                pipe.close()

    def start(self, name: str, task: str, url: str, **more: Any) -> None:
        assert self._nursery.stdin is not None
        self._nursery.stdin.write(json.dumps({"name": name, "task": task, "url": url} | more) + "\n")
        self._nursery.stdin.flush()

    def kill(self, name: str) -> None:
        os.kill(self.running.pop(name), signal.SIGKILL)

    def heard(self, wait_s: float = 60) -> Doc:
        """The next line of anyone. A child's error is ours."""
        line = self._lines.get(timeout=wait_s)
        if "pid" in line:
            self.running[line["name"]] = line["pid"]
        if "error" in line:
            raise AssertionError(f"{line['name']}: {line['error']}")
        if "end" in line or "killed" in line:
            self.running.pop(line["name"], None)
        return line

    def ends(self, count: int, wait_s: float = 60) -> list[Doc]:
        """What so many children report when they are done."""
        found: list[Doc] = []
        while len(found) < count:
            line = self.heard(wait_s)
            if "end" in line:
                found.append(line["end"])
        return found

    def waiting(self) -> list[Doc]:
        """What was said up to now."""
        found: list[Doc] = []
        while not self._lines.empty():
            found.append(self.heard())
        return found

    def _read(self) -> None:
        assert self._nursery.stdout is not None
        for line in self._nursery.stdout:
            self._lines.put(json.loads(line))


def say(**line: Any) -> None:
    os.write(1, (json.dumps(line)[:3000] + "\n").encode())  # one write of one short line: never torn, never kept back


def skewed(seconds: float) -> None:
    """A wall clock that is wrong by so much; the time that passes is everybody's."""
    nanos, stamp = time.time_ns, time.time
    time.time_ns = lambda: nanos() + int(seconds * 10**9)
    time.time = lambda: stamp() + seconds


def ledger_of(order: Doc) -> Ledger:
    """`born`: the process's own clock begins then, and goes on a second at each look; `still`: it does not."""
    if "still" in order:
        stands = datetime.fromisoformat(order["still"])
        return Ledger.open(order["url"], clock=lambda: stands)
    if "born" not in order:
        return Ledger.open(order["url"])
    born, looks = datetime.fromisoformat(order["born"]), count()
    return Ledger.open(order["url"], clock=lambda: born + timedelta(seconds=next(looks)))


def race(order: Doc) -> Doc:
    """Hold `count` times, over the scopes in turn, all beginning at the instant `go`. Counts what was granted."""
    granted: dict[str, int] = {}
    longest = 0.0
    with ledger_of(order) as ledger:
        w = World(ledger)
        w.ledger.headroom(order["scopes"][0])
        time.sleep(max(0, order["go"] - time.monotonic()))
        for n in range(order["count"]):
            scope = order["scopes"][(n + order["first"]) % len(order["scopes"])]
            before = time.monotonic()
            grant = w.hold(f"{order['name']}-{n}", scope=scope, expires_in_s=86400)
            longest = max(longest, time.monotonic() - before)
            if grant.refused is None:
                granted[scope] = granted.get(scope, 0) + 1
            else:
                assert grant.refused.reason == "budget", grant
    return {"granted": granted, "longest": longest}


def mixed(order: Doc) -> Doc:
    """Any verb about own jobs, until `count` are done. The others do the same."""
    dice = random.Random(order["seed"])
    held: list[str] = []
    longest, said = 0.0, 0
    with ledger_of(order) as ledger:
        w = World(ledger)
        time.sleep(max(0, order["go"] - time.monotonic()))
        for n in range(order["count"]):
            before = time.monotonic()
            said += _any_verb(w, dice, f"{order['name']}-{n}", dice.choice(order["scopes"]), held)
            longest = max(longest, time.monotonic() - before)
    return {"granted": said, "longest": longest}


def _any_verb(w: World, dice: random.Random, job: str, scope: str, held: list[str]) -> int:
    pick = dice.random()
    mine = dice.choice(held) if held else None
    if pick < 0.5 or mine is None:
        price = quote(dice.choice(["0.70", "1.40", "2.80"]))
        if w.hold(job, scope=scope, price=price, expires_in_s=dice.choice([1, 600])).refused is None:
            held.append(job)
            return 1
    elif pick < 0.75:
        if w.begin(mine, f"{mine}-a").refused is None:
            w.settle(quote(dice.choice(["0.90", "1.40"])).expected, mine, f"{mine}-a")
            held.remove(mine)
    elif pick < 0.95:
        w.ledger.release(job=mine, reason="no longer wanted")
        held.remove(mine)
    else:
        w.ledger.expire()
    return 0


def founder(order: Doc) -> Doc:
    """Make budgets while the others hold: one more of the chain each time."""
    with ledger_of(order) as ledger:
        time.sleep(max(0, order["go"] - time.monotonic()))
        for scope in order["scopes"]:
            ledger.set_budget(scope, None, currency="USD", window=order.get("window", "total"))
            time.sleep(order["pause"])
    return {"granted": {}, "longest": 0}


def write(order: Doc) -> Doc:
    """Jobs from hold to settlement until somebody kills us; each step is told once it is committed."""
    with ledger_of(order) as ledger:
        w, n = World(ledger), 0
        while n < order.get("count", 10**9):
            job = f"{order['name']}-{n}"
            n += 1
            if w.hold(job, scope=order["scopes"][n % len(order["scopes"])], expires_in_s=86400).refused is not None:
                continue
            say(name=order["name"], held=job)
            if n % 3:
                w.begin(job, f"{job}-a")
                w.settle(quote().expected, job, f"{job}-a")
                say(name=order["name"], settled=job)
    return {"jobs": n}


def bring(order: Doc) -> Doc:
    """Import a bill, so many lines in a transaction; dies after its n-th write, or before its n-th page, telling so."""
    importing.PAGE = order["page"]
    with ledger_of(order) as ledger:
        if "at_write" in order:
            kind = SqliteWork if order["url"].startswith("sqlite") else PostgresWork
            writes = count(1)
            for name in ("run", "add", "later", "many"):
                setattr(kind, name, mortal(getattr(kind, name), lambda: next(writes) == order["at_write"], order))
        if "at_page" in order:
            pages = count(1)
            nothing = mortal(lambda: None, lambda: next(pages) == order["at_page"], order)
            inner: Callable[..., Imported] = importing.bring

            def brought(*given: Any) -> Imported:
                nothing()
                return inner(*given)

            importing.bring = brought
        told = ledger.import_statement(statement(order["said"]), author="ann")
    return {"lines": told.lines}


def statement(said: Doc) -> Statement:
    """What fal said in November."""
    period = date(2026, 11, 1), date(2026, 12, 1)
    return read_statement("fal-billing-events", [said], fetched_at=datetime(2026, 11, 23, tzinfo=UTC), period=period)


def mortal(act: Callable[..., Any], is_last: Callable[[], bool], order: Doc) -> Callable[..., Any]:
    """The process is gone after the act, if it is the last one; what is not committed goes with it."""

    def done(*given: Any, **more: Any) -> Any:
        answer = act(*given, **more)
        if is_last():
            say(name=order["name"], killed=True)
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return done


def found(order: Doc) -> Doc:
    """Open a database that nobody has opened before, at the instant `go`."""
    time.sleep(max(0, order["go"] - time.monotonic()))
    ledger_of(order).close()
    return {}


TASKS = {"bring": bring, "found": found, "race": race, "mixed": mixed, "founder": founder, "write": write}


def _child(order: Doc) -> None:
    try:
        say(name=order["name"], pid=os.getpid())
        with tempfile.TemporaryDirectory() as own:
            os.chdir(own)
            skewed(order.get("skew", 0))
            done = TASKS[order["task"]](order)
        say(name=order["name"], end=done)
    except BaseException:
        say(name=order["name"], error=traceback.format_exc()[-2500:])
    finally:
        os._exit(0)


def main() -> None:
    """The nursery."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children here: the system buries them
    warm = World(Ledger.open("sqlite://"))  # what is loaded once is not loaded by every child
    warm.ledger.set_budget("acme", None, currency="USD")
    warm.hold()
    warm.ledger.close()
    # Unbuffered: what is read ahead, a fork would have twice.
    with open(0, "rb", buffering=0, closefd=False) as orders:
        while line := orders.readline():
            if os.fork() == 0:
                _child(json.loads(line))


if __name__ == "__main__":
    main()
