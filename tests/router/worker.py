"""A worker process for tests: looks after open jobs until SIGTERM, and notes each claim and each giving back.

    python -m tests.router.worker DATABASE LOG

A line of LOG is `instant claim|park job`. The instants are the machine's monotonic clock, the same for all processes.
What lies between a claim's line and the next park's was surely the worker's own.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, cast

from ledger import Ledger
from pricing import PriceBook
from router import Patience, Router, recovery


def main(database: str, log: str) -> None:
    recovery.LEASE_S = 3  # what a killed worker had is another's soon
    recovery.CLAIMED = 8
    notes = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(word: str, jobs: Iterable[str]) -> None:
        at = time.monotonic()
        os.write(notes, "".join(f"{at:.6f} {word} {job}\n" for job in jobs).encode())

    with (
        Ledger.open(database) as ledger,
        Router(PriceBook.shipped(), ledger=ledger, patience=Patience(first_s=0.1, longest_s=1)) as router,
    ):
        worker = router.worker()
        claim, park = cast("Callable[..., Any]", ledger.claim), cast("Callable[..., Any]", ledger.park_claims)

        def claimed(*positional: Any, **named: Any) -> Any:
            views = claim(*positional, **named)
            note("claim", [view.id for view in views])
            return views

        def parked(owner: str, jobs: dict[str, int]) -> Any:
            if all(seconds != recovery.LEASE_S for seconds in jobs.values()):  # else it only keeps them
                note("park", jobs)
            return park(owner, jobs)

        ledger.__dict__.update(claim=claimed, park_claims=parked)
        signal.signal(signal.SIGTERM, lambda _signal, _frame: worker.gone.set())
        worker.work(lambda _view: None, lambda error: sys.exit(f"broken: {error!r}"))


if __name__ == "__main__":
    main(*sys.argv[1:])
