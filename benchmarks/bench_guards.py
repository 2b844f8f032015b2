"""1,000 concurrent calls against a cap that fits 100 of them: what budget guards let through, and what we do.

Every guard is asked in the strictest way it documents: its own reserve or check before the call, its own record after
it. A call is a pause of 50 ms and costs $0.05, the cap is $5. Twice: 1,000 threads (tasks, where a guard is async) of
one process, and four processes of 250 that share a file, where the guard has one. A guard that is not installed is
named, never needed: pip install litellm baar-core agentbudget tokencap llm-budget spendguard llm-cost-guard into an
environment of its own, and give its interpreter.

Usage: python benchmarks/bench_guards.py [--python /path/to/other/bin/python]
"""

import argparse
import asyncio
import importlib
import inspect
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

COST, CAP, CALLS, PROCESSES, PAUSE_S, TIMEOUT_S = 0.05, 5.0, 1000, 4, 0.05, 240.0
FITS = round(CAP / COST)
Call = Callable[[int], bool]
"""Ask, call, record; answers whether the call went out."""


def _module(name: str) -> Any:
    return importlib.import_module(name)


def faregate(folder: Path) -> Call:
    """hold before the call; begin, outcome and settle around it."""
    from datetime import date
    from decimal import Decimal

    from ledger import Ledger
    from pricing import PriceBook, Usage

    quote = PriceBook.shipped().quote(
        "fal/fal-ai/creatify/aurora",
        Usage.billed(Decimal("9.4")),
        at=date(2026, 11, 20),
        settings={"resolution": "720p"},
    )
    ledger = Ledger.open(f"sqlite:///{folder / 'spend.db'}")
    ledger.set_budget("acme", quote.high * FITS)  # its own price; the cap fits as many calls
    name = f"{os.getpid()}"

    def call(n: int) -> bool:
        job = f"{name}-{n}"
        grant = ledger.hold(
            job=job, key=job, request_hash="h", scope="acme", quote=quote, request={}, tags={}, owner=name,
            expires_in_s=600,
        )  # fmt: skip
        if grant.refused is not None:
            return False
        ledger.begin(job=job, attempt=job, provider="fal", quote=quote, fingerprint="f", owner=name, ceiling=None)
        time.sleep(PAUSE_S)
        ledger.outcome(job=job, attempt=job, outcome="accepted", provider_job=job)
        ledger.settle(job=job, attempt=job, evidence="inline", amount=quote.expected, final=True, delivered=1)
        return True

    return call


def litellm(_folder: Path) -> Callable[[int], Any]:
    """The router's provider budget."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    module = _module("litellm")
    module.suppress_debug_info = True
    model = {
        "model": "openai/gpt-x",
        "api_key": "none",
        "input_cost_per_token": COST / 10,
        "output_cost_per_token": 0.0,
    }

    @cache
    def router() -> Any:  # it wants a running loop
        return module.Router(
            model_list=[{"model_name": "m", "litellm_params": model | {"mock_response": "ok"}}],
            provider_budget_config={"openai": {"budget_limit": CAP, "time_period": "1d"}},
            num_retries=0,
        )

    async def call(_n: int) -> bool:
        try:
            await router().acompletion(
                model="m", messages=[{"role": "user", "content": "hi"}], mock_delay=PAUSE_S
            )  # ten tokens
        except ValueError as error:
            if "crossed budget" not in str(error):
                raise
            return False
        return True

    return call


def baar_core(folder: Path) -> Call:
    """check_and_reserve on the SQLite store."""
    budget, stores = _module("baar.core.budget"), _module("baar.core.stores")
    tracker = budget.BudgetTracker(CAP, store=stores.SQLiteBudgetStore(str(folder / "baar.db")))
    return _reserving(lambda: tracker.check_and_reserve(COST), budget.BudgetExceeded)


def agentbudget(_folder: Path) -> Call:
    """would_exceed before the call, track after it."""
    module = _module("agentbudget")
    session = module.AgentBudget(max_spend=CAP).session()
    session.__enter__()

    def call(_n: int) -> bool:
        if session.would_exceed(COST):
            return False
        time.sleep(PAUSE_S)
        with suppress(module.BudgetExhausted):  # the call has gone out
            session.track("done", cost=COST)
        return True

    return call


def tokencap(folder: Path) -> Call:
    """check_and_increment on the SQLite backend; it counts tokens: one for a cent."""
    sqlite, types = _module("tokencap.backends.sqlite"), _module("tokencap.core.types")
    backend = sqlite.SQLiteBackend(str(folder / "tokencap.db"))
    key = types.BudgetKey(dimension="session", identifier="one")
    backend.set_limit(key, round(CAP * 100))

    def call(_n: int) -> bool:
        if not backend.check_and_increment([key], round(COST * 100)).allowed:
            return False
        time.sleep(PAUSE_S)
        return True

    return call


def llm_budget(folder: Path) -> Call:
    """enforcer.check before the call, tracker.record after it."""
    enforcer, tracker = _module("llm_budget.enforcer"), _module("llm_budget.tracker")
    errors, estimator = _module("llm_budget.exceptions"), _module("llm_budget.estimator")
    book = tracker.Tracker(str(folder / "llm_budget.db"))
    judge, policy = enforcer.BudgetEnforcer(book), enforcer.BudgetPolicy(max_cost=CAP, period="total", alert_at=2.0)
    asked = estimator.EstimationResult("gpt-x", "openai", 10, 0, COST, COST, 0.0, 10, 10, False)

    def call(_n: int) -> bool:
        try:
            judge.check(asked, policy)
        except errors.BudgetExceeded:
            return False
        time.sleep(PAUSE_S)
        book.record("gpt-x", 10, 0, COST)
        return True

    return call


def spendguard(_folder: Path) -> Call:
    """check_and_reserve, its threshold at the whole ceiling."""
    sys.modules["tiktoken"] = MagicMock()  # importing it downloads a tokeniser, which counts nothing here
    tracker, errors = _module("spendguard.tracker"), _module("spendguard.exceptions")
    spend = tracker.SpendTracker(CAP, threshold_pct=1.0)
    return _reserving(
        lambda: spend.check_and_reserve(COST), errors.BudgetExceededError, lambda mark: spend.commit(mark, COST)
    )


def llm_cost_guard(_folder: Path) -> Call:
    """reserve, its pessimistic mode."""
    budget = _module("llm_cost_guard.budget")
    tracker = budget.BudgetTracker([budget.Budget("one", CAP, "month", budget.BudgetAction.BLOCK)])

    def call(_n: int) -> bool:
        if tracker.reserve(COST) is None:
            return False
        time.sleep(PAUSE_S)
        return True

    return call


def _reserving(
    reserve: Callable[[], Any], refused: type[Exception], done: Callable[[Any], object] = lambda _: None
) -> Call:
    def call(_n: int) -> bool:
        try:
            mark = reserve()
        except refused:
            return False
        time.sleep(PAUSE_S)
        done(mark)
        return True

    return call


GUARDS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "litellm": (litellm, "router budget limiter, no Redis"),
    "baar-core": (baar_core, "SQLite store"),
    "agentbudget": (agentbudget, "in memory"),
    "tokencap": (tokencap, "SQLite backend; tokens, not money"),
    "llm-budget": (llm_budget, "SQLite tracker"),
    "spendguard": (spendguard, "in memory"),
    "llm-cost-guard": (llm_cost_guard, "in memory"),
    "faregate": (faregate, "SQLite file"),
}


def child(name: str, folder: Path, calls: int) -> None:
    """Make the calls; prints how many went out, and what went wrong."""
    warnings.simplefilter("ignore")
    call = GUARDS[name][0](folder)
    print("ready", flush=True)
    sys.stdin.readline()
    answers: list[Any] = []
    if inspect.iscoroutinefunction(call):

        async def all_of_them() -> list[Any]:
            return await asyncio.gather(*(call(n) for n in range(calls)), return_exceptions=True)

        answers = asyncio.run(all_of_them())
        out, errors = answers.count(True), sum(isinstance(one, BaseException) for one in answers)
    else:
        barrier = threading.Barrier(calls)

        def one_call(n: int) -> None:
            barrier.wait(TIMEOUT_S)
            try:
                answers.append(call(n))
            except Exception as error:  # counted, not hidden
                answers.append(error)

        threading.stack_size(256 * 1024)
        threads = [threading.Thread(target=one_call, args=(n,)) for n in range(calls)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(TIMEOUT_S)
        out, errors = answers.count(True), sum(isinstance(one, Exception) for one in answers)
    print(json.dumps({"out": out, "errors": errors}), flush=True)


def run(python: str, name: str, processes: int) -> tuple[int, int]:
    """Calls let through and calls that failed, over so many processes."""
    with tempfile.TemporaryDirectory() as folder:
        crowd = [
            subprocess.Popen(
                [python, __file__, "--guard", name, "--folder", folder, "--calls", str(CALLS // processes)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )
            for _ in range(processes)
        ]  # fmt: skip
        try:
            for one in crowd:
                assert one.stdout is not None
                if not any(line.strip() == "ready" for line in iter(one.stdout.readline, "")):
                    raise SystemExit(f"{name}: it did not start")
            answers = [one.communicate(timeout=TIMEOUT_S)[0] for one in _started(crowd)]
        finally:
            for one in crowd:
                one.kill()
        said = [json.loads(answer.strip().splitlines()[-1]) for answer in answers]
        return sum(one["out"] for one in said), sum(one["errors"] for one in said)


def _started(crowd: list[Any]) -> list[Any]:
    for one in crowd:
        one.stdin.write("go\n")
        one.stdin.flush()
    return crowd


def version(python: str, name: str) -> str | None:
    code = f"import importlib.metadata as m; print(m.version({name!r}))"
    found = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--python", default=sys.executable)
    options.add_argument("--guard")
    options.add_argument("--folder", type=Path)
    options.add_argument("--calls", type=int)
    given = options.parse_args()
    if given.guard:
        child(given.guard, given.folder, given.calls)
        return
    print(f"{CALLS} concurrent calls of ${COST:.2f}, a cap of ${CAP:g}: {FITS} fit")
    print(f"{'guard':16}{'version':>9}{'one process':>13}{'spent':>9}{f'{PROCESSES} processes':>13}{'spent':>9}  how")
    missing: list[str] = []
    for name, (_, how) in GUARDS.items():
        python = sys.executable if name == "faregate" else given.python
        found = version(python, name)
        if found is None:
            missing.append(name)
            continue
        cells = ""
        for processes in (1, PROCESSES):
            out, errors = run(python, name, processes)
            failed = f" +{errors}!" if errors else ""
            cells += f"{f'{out}{failed}':>13}{f'${out * COST:.2f}':>9}"
        print(f"{name:16}{found:>9}{cells}  {how}", flush=True)
    if missing:
        print(f"not installed, not measured: {', '.join(missing)}")


if __name__ == "__main__":
    main()
