"""A `faregate` process for tests: plain or forked from a warm one, able to note its steps and to kill itself at one.

python -m tests.cli.child serve    forks one process for each line of JSON it reads
child.py one TASK                  is such a process
"""

import gc
import importlib
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Mapping
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import Any, NoReturn, cast

import typer.main

import router.cli.run as commands
import router.sandbox  # warm, so that a forked one serves at once
from ledger import Imported, Ledger
from ledger.bills import importing
from pricing import PriceBook, usd
from router import Router
from router.cli import main
from router.cli.app import app
from router.drive import OnStep
from router.steps import Step
from router.talk import Call
from router.transport import Http
from tests.ledger.world import World

assert router.sandbox.Sandbox


def watcher(kill_at: str | None, trace: str | None) -> OnStep:
    """Told of each step after it was performed: writes it down, and at the named one dies without a word."""
    seen = None if trace is None else os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def on_step(step: Step, _answer: object) -> None:
        name = str(getattr(step, "name", "") or getattr(step, "purpose", "") or "pause")
        if seen is not None:
            os.write(seen, f"{name}\n".encode())
        if name == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    return on_step


def dying_import(kill_at: str) -> None:
    """Die inside a page of a bill, its rows written and not committed (`lines-2`), or once it is (`page-2`)."""
    bring, pages = importing.bring, count(1)

    def dying(*given: Any) -> Imported:
        page = next(pages)
        if kill_at == f"page-{page - 1}":
            os.kill(os.getpid(), signal.SIGKILL)
        told = bring(*given)
        if kill_at == f"lines-{page}":
            os.kill(os.getpid(), signal.SIGKILL)
        return told

    importing.bring = dying


def perform(task: Mapping[str, object]) -> int:
    """Run the command; answers its exit code as the interpreter would."""
    argv = cast("list[str]", task["argv"])
    kill_at, trace, file_bytes = task.get("kill_at"), task.get("trace"), task.get("file_bytes")
    if isinstance(file_bytes, int):
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    if kill_at is not None or trace is not None:
        hook = watcher(None if kill_at is None else str(kill_at), None if trace is None else str(trace))
        commands.__dict__["Router"] = partial(Router, on_step=hook)
    if kill_at is not None:
        dying_import(str(kill_at))
    try:
        main(argv)
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            sys.stderr.write(f"{code}\n")
        return code if isinstance(code, int) else int(code is not None)
    except BaseException:
        traceback.print_exc()
        return 1


def forked(task: Mapping[str, object]) -> NoReturn:
    """The life of a forked process: its own environment, folder and files, then one command."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(cast("dict[str, str]", task["env"]))
    os.chdir(str(task["cwd"]))
    for number, name in ((0, os.devnull), (1, str(task["out"])), (2, str(task["err"]))):
        there = os.open(name, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(there, number)
        os.close(there)
    code = 1
    try:
        code = perform(task)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        Path(str(task["code"])).write_text(str(code))
        os._exit(code)


def warm() -> None:
    """Do once what every forked process would do first: read the cards, word the commands and the SQL, trust."""
    typer.main.get_command = cache(typer.main.get_command)
    typer.main.get_command(app)
    PriceBook.shipped()
    for name in ("alembic.command", "ledger.store.postgres"):
        importlib.import_module(name)
    with Http() as http:
        http.perform(Call("poll", "GET", "http://127.0.0.1:9/"))  # nobody answers there
    with Ledger.open("sqlite://") as ledger:
        w = World(ledger)
        ledger.set_budget("acme", usd("10"))
        w.submitted()
        w.settle(usd("1.4"))
        w.sound()
    gc.collect()
    gc.freeze()  # else a collection in a forked process would copy every page that it looks at


def serve() -> None:
    """Fork a process for each task, answer its pid. Its exit code is in the file it names, unless it was killed."""
    warm()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries them
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while line := sys.stdin.readline():
        task = json.loads(line)
        pid = os.fork()
        if pid == 0:
            forked(task)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)  # also after a pytest that was killed itself, none stays behind


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        sys.exit(perform(json.loads(sys.argv[2])))
