"""A small world for the command line: real processes, a sandbox process, one ledger and folder per test."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any, NoReturn, TypeVar, cast
from urllib.parse import urlsplit

import pytest

T = TypeVar("T")
R = TypeVar("R")

ROOT = Path(__file__).parents[2]
AUDIO = ROOT / "tests" / "audio"
CHILD = Path(__file__).parent / "child.py"
SWEEP = bool(os.environ.get("FAREGATE_SWEEP"))
PLAIN = os.environ.get("FAREGATE_SWEEP") == "plain" or not hasattr(os, "pidfd_open")
"""Start `python -m router.cli` itself each time; otherwise fork a process that has imported it already."""
TEMPLATE = "0f4f4a9e-6f0c-4f0e-9d62-1f2f3c5f7a11"
FACE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63a8a8a8000002d6013f3b"
    "5f0b0d0000000049454e44ae426082"
)
AMOUNT = re.compile(r"-?\d+(\.\d+)?")
TIMEOUT_S = 40.0
Doc = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def doc(self) -> Doc:
        """The one document on stdout; no float in it, every amount a decimal string."""
        found = json.loads(self.out, parse_float=_no_float, parse_constant=_no_float)
        assert isinstance(found, dict), self.out
        _check_amounts(cast("object", found))
        return cast("Doc", found)

    def ok(self) -> Doc:
        assert self.code == 0, self
        self.quiet()
        return self.doc

    def quiet(self) -> None:
        assert "Traceback" not in self.err + self.out, self.err

    def failed(self, code: int, error: str | None = None) -> Doc:
        """It failed as the contract says: exit code, one line on stderr, one document. Answers what `error` holds."""
        assert self.code == code, self
        self.quiet()
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("faregate: "), self.err
        doc = self.doc
        assert doc.keys() == {"error"}, doc
        said: Doc = doc["error"]
        assert said.keys() == {"code", "message", "value", "limit", "next"}, said
        assert all(said[name] is None or isinstance(said[name], str) for name in said), said
        assert said["message"], said
        assert " ".join(str(said["message"]).split()) in lines[0]
        if error is not None:
            assert said["code"] == error, said
        return said


class Process:
    """One process of the command line; its output goes to files."""

    def __init__(self, argv: Sequence[str], folder: Path) -> None:
        self.argv = tuple(argv)
        self.out, self.err, self.code_file = folder / "out", folder / "err", folder / "code"
        self.popen: subprocess.Popen[bytes] | None = None
        self.pid, self.pidfd = 0, -1

    def watch(self, pid: int) -> None:
        """Follow a process that is not our child."""
        self.pid = pid
        try:
            self.pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            self.pidfd = -1

    def send(self, number: int) -> None:
        if self.popen is not None:
            self.popen.send_signal(number)
        elif self.pidfd >= 0:
            try:
                signal.pidfd_send_signal(self.pidfd, number)
            except ProcessLookupError:
                return

    def ended(self, timeout_s: float) -> bool:
        if self.popen is not None:
            try:
                self.popen.wait(timeout_s)
            except subprocess.TimeoutExpired:
                return False
            return True
        if self.pidfd < 0:
            return True
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return bool(poll.poll(timeout_s * 1000))

    def wait(self, timeout_s: float = TIMEOUT_S) -> Outcome:
        """Its end; a process that does not end is killed and fails the test."""
        if not self.ended(timeout_s):
            self.kill()
            pytest.fail(f"{self.argv} did not end in {timeout_s} s: {self.err.read_text()}")
        if self.popen is not None:
            code = self.popen.returncode
        else:
            text = self.code_file.read_text() if self.code_file.exists() else ""
            code = int(text) if text else -signal.SIGKILL
        self.close()
        return Outcome(self.argv, code, self.out.read_text("utf-8"), self.err.read_text("utf-8"))

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.send(signal.SIGKILL)
        assert self.ended(10)
        self.close()

    def close(self) -> None:
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = -1


class Runner:
    """Starts processes and, in the end, leaves none behind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._lock = Lock()
        self._all: list[Process] = []
        self._warm: subprocess.Popen[str] | None = None
        if not PLAIN:
            self._warm = subprocess.Popen(
                [sys.executable, "-m", "tests.cli.child", "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                text=True, cwd=ROOT, env=environment(folder), process_group=0,
            )  # fmt: skip

    def launch(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        plain: bool = False,
        hooks: Mapping[str, object] | None = None,
    ) -> Process:
        """Start a command. `plain`: as `python -m router.cli`, whatever the mode. `hooks` are `child.py`'s."""
        with self._lock:
            folder = self._folder / f"process-{next(self._numbers)}"
            folder.mkdir()
            process = Process(argv, folder)
            task: Doc = {"argv": list(argv), **(hooks or {})}
            if plain or self._warm is None:
                words = [str(CHILD), "one", json.dumps(task)] if hooks else ["-m", "router.cli", *argv]
                with process.out.open("wb") as out, process.err.open("wb") as err:
                    process.popen = subprocess.Popen(
                        [sys.executable, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=dict(env),
                        cwd=cwd,
                    )  # fmt: skip
                process.pid = process.popen.pid
            else:
                files = {"out": str(process.out), "err": str(process.err), "code": str(process.code_file)}
                process.watch(self._fork({**task, **files, "env": dict(env), "cwd": str(cwd)}))
            self._all.append(process)
        return process

    def _fork(self, task: Doc) -> int:
        warm = self._warm
        assert warm is not None
        assert warm.stdin is not None
        assert warm.stdout is not None
        warm.stdin.write(json.dumps(task) + "\n")
        warm.stdin.flush()
        return int(warm.stdout.readline())

    def close(self) -> None:
        for process in self._all:
            if not process.ended(0):
                process.kill()
            process.close()
        if self._warm is not None:
            self._warm.communicate(timeout=10)  # the end of its input is its end


class Providers:
    """A `faregate sandbox` process."""

    def __init__(self, runner: Runner, folder: Path, *options: str) -> None:
        self.process = runner.launch(["sandbox", "--json", *options], env=environment(folder), cwd=folder)
        until(lambda: "\n" in self.said() or self.process.ended(0), 20)
        found = json.loads(self.said())
        self.env: dict[str, str] = found["env"]
        self.urls: dict[str, str] = found["urls"]

    def said(self) -> str:
        return self.process.out.read_text("utf-8") if self.process.out.exists() else ""

    def bill(self) -> Doc:
        """What it truly billed."""
        there = urlsplit(self.urls["bill"])
        with closing(HTTPConnection(there.netloc, timeout=10)) as connection:  # httpx would read a trust store first
            connection.request("GET", there.path)
            found: Doc = json.loads(connection.getresponse().read(), parse_float=_no_float)
        return found

    def advance(self, seconds: int) -> None:
        """Let its time pass at once."""
        with closing(HTTPConnection(urlsplit(self.urls["sandbox"]).netloc, timeout=10)) as connection:
            connection.request("POST", f"/_clock?advance={seconds}")
            assert connection.getresponse().status == 200

    def stop(self) -> Outcome:
        self.process.send(signal.SIGTERM)
        return self.process.wait()


class World:
    """One ledger, one folder with a face in it, one sandbox: what a command sees. Commands of one world share them."""

    def __init__(self, runner: Runner, folder: Path, providers: Providers | None) -> None:
        self.runner, self.folder, self.providers = runner, folder, providers
        self.db = folder / "spend.db"
        self.face = folder / "face.png"
        self.face.write_bytes(FACE)
        self.keys: dict[str, str] = dict(providers.env) if providers else {}

    def launch(
        self, *argv: object, env: Mapping[str, str] | None = None, plain: bool = False, kill_at: str | None = None,
        trace: Path | None = None, file_bytes: int | None = None,
    ) -> Process:  # fmt: skip
        """Start a command with this world's ledger; `env` replaces the providers' part of the environment.

        `kill_at` names the step after which it kills itself, `trace` the file it writes its steps to, `file_bytes`
        the size beyond which it may not write any file.
        """
        hooks: Doc = {"kill_at": kill_at, "trace": None if trace is None else str(trace), "file_bytes": file_bytes}
        around = {**environment(self.folder), **(self.keys if env is None else env)}
        around["FAREGATE_DB"] = f"sqlite:///{self.db}"
        words = [str(word) for word in argv]
        return self.runner.launch(
            words,
            env=around,
            cwd=self.folder,
            plain=plain,
            hooks=hooks if any(value is not None for value in hooks.values()) else None,
        )

    def run(self, *argv: object, env: Mapping[str, str] | None = None, plain: bool = False) -> Outcome:
        """A command and its end; with --json unless it is there or a human's form is asked for by --human."""
        words = [str(word) for word in argv]
        words = [word for word in words if word != "--human"] if "--human" in words else [*words, "--json"]
        return self.launch(*words, env=env, plain=plain).wait()

    def budget(self, limit: str = "50 USD", scope: str = "acme") -> None:
        self.run("budget", "set", scope, limit).ok()

    def clip(self, *more: object, audio: object = AUDIO / "talk-9.4s.wav", scope: str = "acme/x") -> list[object]:
        """The words of a run with the world's face and a voice track."""
        return ["run", "--image", self.face, "--audio", audio, "--scope", scope, *more]

    def jobs(self) -> list[Doc]:
        return list(self.run("jobs").ok()["jobs"])

    def job(self, name: str) -> Doc:
        return self.run("job", name).ok()

    def verified(self) -> Doc:
        """The books are whole."""
        verdict = self.run("verify").ok()
        assert verdict["ok"] is True
        assert verdict["faults"] == []
        return verdict

    def held(self, scope: str = "acme") -> Decimal:
        return amount(self.run("budget", "show", scope).ok()["budgets"][0]["held"])

    def bill(self) -> Doc:
        assert self.providers is not None
        return self.providers.bill()

    def render(self) -> None:
        """An hour goes by at the providers: what was accepted is rendered."""
        assert self.providers is not None
        self.providers.advance(3600)


def environment(home: Path) -> dict[str, str]:
    """Nothing of the developer's own: no key, no address, no ledger, no proxy."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "PYTHONUTF8": "1", "NO_PROXY": "*"}


def amount(value: object, currency: str | None = "USD") -> Decimal:
    """An amount of a document as an exact number."""
    assert isinstance(value, dict), value
    found = cast("dict[str, str]", value)
    assert found.keys() == {"amount", "currency"}, found
    assert currency is None or found["currency"] == currency, found
    return Decimal(found["amount"])


def at_once(work: Callable[[T], R], items: Iterable[T], workers: int = 3) -> list[R]:
    """All of them, a few at a time; the results in order."""
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, items))


def until(true: Callable[[], bool], timeout_s: float, pause_s: float = 0.01) -> None:
    """Wait for something to become true, or fail."""
    end = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(pause_s)


def _check_amounts(value: object) -> None:
    if isinstance(value, dict):
        inner = cast("Doc", value)
        if inner.keys() == {"amount", "currency"} and not isinstance(inner["amount"], dict):
            assert isinstance(inner["amount"], str), inner
            assert AMOUNT.fullmatch(inner["amount"]), inner
        for one in inner.values():
            _check_amounts(one)
    elif isinstance(value, list):
        for one in cast("list[object]", value):
            _check_amounts(one)


def _no_float(text: str) -> NoReturn:
    raise AssertionError(f"{text} is a float in a document")
