"""A worker process for tests: looks after open jobs until SIGTERM, and notes each claim and each giving back.

    python -m tests.router.worker DATABASE LOG

A line of LOG is `instant up|claim|park job`, by the machine's monotonic clock, which is the same for all processes.
What lies between a claim's line and the next park's was surely the worker's own.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from ledger import Ledger
from pricing import PriceBook
from router import Patience, Router, recovery

Note = Callable[[str, Iterable[str]], None]


def noting(log: str | Path) -> Note:
    """Writes a line for each thing, in one go: also of a process that is killed then, the lines are whole."""
    notes = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(word: str, things: Iterable[str]) -> None:
        at = time.monotonic()
        os.write(notes, "".join(f"{at:.6f} {word} {thing}\n" for thing in things).encode())

    return note


def note_claims(note: Note) -> None:
    """From now on every ledger of this process notes what it claims and gives back."""
    claim: Callable[..., Any] = Ledger.claim
    park: Callable[..., Any] = Ledger.park_claims

    def claimed(*positional: Any, **named: Any) -> Any:
        views = claim(*positional, **named)
        note("claim", [view.id for view in views])
        return views

    def parked(ledger: Ledger, owner: str, jobs: dict[str, int]) -> Any:
        if all(seconds != recovery.LEASE_S for seconds in jobs.values()):  # else it only keeps them
            note("park", jobs)
        return park(ledger, owner, jobs)

    setattr(Ledger, "claim", claimed)  # noqa: B010 - a test's own ear, in a process of its own
    setattr(Ledger, "park_claims", parked)  # noqa: B010


def noted(log: Path) -> list[tuple[float, str, str]]:
    """The lines of a log: when, which word, about what."""
    rows = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    return [(float(at), word, thing) for at, word, thing in rows]


def shared(logs: Sequence[Path], died: dict[Path, float]) -> tuple[int, list[str]]:
    """How often a job was looked at, and the jobs that two had at once. `died`: when the writers of a log did."""
    spans = sorted(span for log in logs for span in _stretches(log, died.get(log, 1e18)))
    twice = [job for (job, _, until), (other, since, _) in pairwise(spans) if job == other and until > since]
    return len(spans), twice


def _stretches(log: Path, until: float) -> list[tuple[str, float, float]]:
    """From each claim of a job to the next time it was given back."""
    found: list[tuple[str, float, float]] = []
    held: dict[str, float] = {}
    for at, word, job in noted(log):
        if word == "claim":
            if job in held:  # it had ended before: nothing was given back
                found.append((job, held[job], held[job]))
            held[job] = at
        elif word == "park" and job in held:
            found.append((job, held.pop(job), at))
    return [*found, *((job, at, min(at, until)) for job, at in held.items())]


def main(database: str, log: str) -> None:
    recovery.LEASE_S = 6  # what a killed worker had is another's soon
    recovery.CLAIMED = 8
    note = noting(log)
    note_claims(note)
    with (
        Ledger.open(database) as ledger,
        Router(PriceBook.shipped(), ledger=ledger, patience=Patience(first_s=0.1, longest_s=1)) as router,
    ):
        worker = router.worker()
        signal.signal(signal.SIGTERM, lambda _signal, _frame: worker.gone.set())
        note("up", ["-"])
        worker.work(lambda _view: None, lambda error: sys.exit(f"broken: {error!r}"))


if __name__ == "__main__":
    main(*sys.argv[1:])
