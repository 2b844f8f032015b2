"""Two resumers and a webhook server share one PostgreSQL and finish what another process starts, under all faults.

`make test` has 500 jobs, `make sim` 3,000. One resumer is killed with -9 half-way and replaced.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger import JobView, Ledger
from pricing import Money, PriceBook, usd
from router import Patience, Router
from router.providers import shipped
from router.sandbox import Latency, Sandbox
from tests.conftest import SWEEP
from tests.ledger.world import postgres_url
from tests.router.worker import noted, shared
from tests.serving import SECRET

from .wishes import OUTAGES, Wish, specs, wishes

ROOT = Path(__file__).parents[2]
COUNT = int(os.environ.get("FAREGATE_CROWD", "3000" if SWEEP else "500"))
OPEN = ("held", "submitting", "submitted", "unknown")
Doc = dict[str, Any]


@dataclass
class Crowd:
    """Starts processes and leaves none behind."""

    url: str
    folder: Path
    env: Mapping[str, str]
    running: dict[str, "subprocess.Popen[str]"] = field(default_factory=dict[str, "subprocess.Popen[str]"])

    def start(self, name: str, role: str, *words: object) -> "subprocess.Popen[str]":
        command = [sys.executable, "-W", "error", "-m", "tests.faults.crowd", role, self.url, str(self.log(name))]
        self.running[name] = subprocess.Popen(
            [*command, *map(str, words)], cwd=ROOT, env={**os.environ, **self.env}, text=True, stdout=subprocess.PIPE
        )
        return self.running[name]

    def log(self, name: str) -> Path:
        return self.folder / name

    def did(self, name: str) -> Counter[str]:
        return Counter(word for _, word, _ in noted(self.log(name)))

    def end(self, name: str, number: int = signal.SIGTERM) -> int:
        process = self.running.pop(name)
        process.send_signal(number)
        try:
            process.communicate(timeout=60)
        finally:
            process.kill()
        return process.returncode


@contextmanager
def crowd(url: str, folder: Path, env: Mapping[str, str]) -> Iterator[Crowd]:
    made = Crowd(url, folder, env)
    try:
        yield made
    finally:
        for process in made.running.values():
            process.kill()
            process.communicate()


@dataclass
class Books:
    """The ledger beside the true bill: which row belongs to which attempt."""

    views: tuple[JobView, ...]
    bill: Doc
    row_of: dict[str, Doc] = field(default_factory=dict[str, Doc])
    """By job."""

    def __post_init__(self) -> None:
        rows: dict[str, Doc] = {row["id"]: row for row in self.bill["jobs"]}
        named = {row["attempt"]: row["id"] for row in rows.values() if row["attempt"] is not None}
        for view in self.views:
            for one in view.attempts:
                found = one.provider_job or named.get(one.id)
                if found is not None:
                    assert view.id not in self.row_of, f"{view.key} was made twice"
                    self.row_of[view.id] = rows.pop(found)
        hidden = [view for view in self.views if view.attempts and view.attempts[-1].provider == "fal"]
        hidden = [view for view in hidden if view.state == "unknown" and view.id not in self.row_of]
        for row in rows.values():  # of fal's that were never found, which is whose is not told
            assert (row["provider"], "hide" in row["faults"]) == ("fal", True), "billed, and in nobody's books"
            self.row_of[hidden.pop().id] = row

    def owed(self, view: JobView) -> Money:
        row = self.row_of.get(view.id)
        if row is None:
            return Money.zero(view.attempts[-1].high.currency)
        return Money.of(row["amount"], row["currency"])

    def billed(self) -> Counter[tuple[str, str]]:
        sums: Counter[tuple[str, str]] = Counter()
        for row in self.bill["jobs"]:
            sums[row["provider"], row["currency"]] += Money.of(row["amount"], row["currency"]).nanos
        return sums

    def charged(self) -> Counter[tuple[str, str]]:
        sums: Counter[tuple[str, str]] = Counter()
        for view in self.views:
            if view.native is not None:
                sums[view.attempts[-1].provider, view.native.currency] += view.native.nanos
        return sums


def still_open(ledger: Ledger) -> list[JobView]:
    found: list[JobView] = []
    while page := ledger.due(after=found[-1].id if found else None):
        found += page
    return found


def until(ready: Any, process: "subprocess.Popen[str] | None" = None) -> None:
    """For as long as it takes: pytest's own limit ends what hangs."""
    while not ready():
        assert process is None or process.poll() in (None, 0), "it broke"
        time.sleep(0.5)


@pytest.mark.usefixtures("postgres")
@pytest.mark.timeout(7200 if SWEEP else 600)
def test_two_resumers_and_a_webhook_server_finish_all_jobs(tmp_path: Path) -> None:
    url, made, began = postgres_url(), wishes(COUNT), time.monotonic()
    with (
        Sandbox(specs(made), latency=Latency(0.8, spread=2), seed=1, usd=10**6, creatify_credits=10**6) as sandbox,
        Ledger.open(url) as ledger,
    ):
        for scope in ("acme", "acme/a", "acme/b"):
            ledger.set_budget(scope, usd(10**6))
        with crowd(url, tmp_path, sandbox.env) as people:
            died = all_made(people, ledger, sandbox, made)
        took_s = time.monotonic() - began
        logs = [people.log(name) for name in ("r1", "r2", "r3")]
        submitted_once(people, ledger, sandbox.bill())
        looks, twice = shared(logs, {logs[0]: died})
        assert twice == [], "two at one job"
        assert ledger.claimants() == frozenset()
        an_hour_later(url, sandbox)
        accounted(ledger, sandbox.bill(), {wish.name: wish for lane in made.values() for wish in lane})
        outcomes = Counter(str(hook["outcome"]) for hook in sandbox.hooks())
    settled = {name: people.did(name)["settle"] for name in ("r1", "r2", "r3", "hear")}
    assert settled["hear"] > 0
    assert outcomes["401"] > 0, "forged ones"
    print(f"\n{COUNT} jobs in {took_s:.1f} s; {looks} looks; settled by {settled}; webhooks {dict(outcomes)}")


def all_made(people: Crowd, ledger: Ledger, sandbox: Sandbox, made: dict[str, list[Wish]]) -> float:
    """From the first to the last job; answers when the resumer died."""
    hear = people.start("hear", "hear")
    assert hear.stdout is not None
    hooks = f"http://127.0.0.1:{hear.stdout.readline().strip()}/{SECRET}"
    people.start("r1", "resume")
    people.start("r2", "resume")
    producer = people.start("start", "start", hooks, COUNT)

    until(lambda: sum(people.did(name)["settle"] for name in ("r1", "r2", "hear")) >= COUNT // 3, producer)
    people.end("r1", signal.SIGKILL)
    died = time.monotonic()
    people.start("r3", "resume")
    until(lambda: producer.poll() is not None)
    assert producer.returncode == 0
    for fault in OUTAGES:
        sandbox.add_fault(fault)
    doubtful = {wish.name for lane in made.values() for wish in lane if wish.doubt}
    until(lambda: {view.key for view in still_open(ledger)} <= doubtful)
    for name in ("r2", "r3"):
        assert people.end(name) == 0
    people.end("hear")
    return died


def submitted_once(people: Crowd, ledger: Ledger, bill: Doc) -> None:
    """One POST for each attempt at most, and only from whoever starts jobs."""
    posts = Counter(what for _, word, what in noted(people.log("start")) if word == "submit")
    attempts = Counter(f"{one.provider}/{view.key}" for view in ledger.jobs() for one in view.attempts)
    assert posts == attempts, "an attempt is a job at a provider, once"
    assert set(attempts.values()) == {1}
    assert all(people.did(name)["submit"] == 0 for name in ("r1", "r2", "r3", "hear"))
    assert bill["submits"] == posts.total(), "what reached the providers is what was sent"


def an_hour_later(url: str, sandbox: Sandbox) -> None:
    """One more resume by a clock two hours on: the silent settle at their quotes, the absent are proved so."""

    def later() -> datetime:
        return datetime.now(UTC) + timedelta(hours=2)

    with (
        Ledger.open(url, clock=later) as ledger,
        Router(
            PriceBook.shipped(), ledger=ledger, providers=shipped(sandbox.env), clock=later,
            patience=Patience(wait_s=20, first_s=0.1, probes=2),
        ) as router,
    ):  # fmt: skip
        router.resume()


def accounted(ledger: Ledger, bill: Doc, wished: Mapping[str, Wish]) -> None:
    """Each job by itself; then, once a person has read the bill, the sums of each provider and currency."""
    books = Books(ledger.jobs(), bill)
    assert {view.key for view in books.views} == set(wished)
    waiting: list[JobView] = []
    for view in books.views:
        wish, owed = wished[view.key], books.owed(view)
        where = f"{view.key} {wish.faults}: {view.state}, {view.reason}, {view.native}, the bill says {owed}"
        if view.state == "unknown":
            assert wish.doubt, where
            assert wish.doubt != "never" or view.attempts[-1].provider != "runware", where
            assert view.exposed == view.held == view.open or view.reported is not None, where
            assert owed <= view.attempts[-1].high, where
            waiting.append(view)
        elif view.state == "settled" and view.evidence == "quote":
            assert wish.doubt == "silent", where
            assert view.native == view.attempts[-1].high >= owed, where
            waiting.append(view)
        elif view.state == "settled":
            assert view.native == owed, where
            assert view.exposed == usd(0), where
        else:
            assert view.state == "released", where
            assert not owed.nanos, where
    assert Counter(wish.doubt for wish in wished.values() if wish.doubt).keys() == {"never", "hidden", "silent"}
    (budget,) = ledger.budgets("acme")
    assert budget.held == sum((view.open for view in waiting), usd(0)), "held for questions only"
    assert ledger.verify().ok
    for view in waiting:
        answered(ledger, view, books.owed(view), made=view.id in books.row_of)
    after = Books(ledger.jobs(), bill)
    assert after.charged() == +after.billed()
    assert not [view for view in after.views if view.state in OPEN or view.exposed.nanos]
    assert ledger.budgets("acme")[0].held == usd(0)
    assert ledger.verify().ok


def answered(ledger: Ledger, view: JobView, owed: Money, *, made: bool) -> None:
    """A person reads the bill."""
    if view.state == "settled":
        ledger.settle(
            job=view.id, attempt=view.attempts[-1].id, evidence="invoice", amount=owed, final=True, delivered=1
        )
    elif made:
        ledger.resolve(view.id, charged=owed, verdict="charged", note="on the bill", author="Ann")
    else:
        ledger.resolve(view.id, verdict="not_charged", note="not on the bill", author="Ann")
