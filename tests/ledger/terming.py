"""Words in which tests of a budget's terms speak."""

import threading
from typing import Any

from pricing import usd

from .world import World, quote


def told(w: World, scope: str | None = "acme") -> list[tuple[str, int | None]]:
    return [(one.kind, one.threshold) for one in w.ledger.notices(scope)]


def charge(w: World, job: str, amount: str, *, price: str | None = None) -> None:
    """A job that was quoted so much, or what it cost, and is settled."""
    w.submitted(job, f"a-{job}", price=quote(price or amount, rate="0.1"))
    w.settle(usd(amount), job, f"a-{job}")


def refused(w: World, job: str = "no", **more: Any) -> tuple[str, str]:
    no = w.hold(job, **more).refused
    assert no is not None
    return no.reason, no.scope


def together(*acts: Any) -> list[object]:
    """What each answered, or the error it raised."""
    ready, answers = threading.Barrier(len(acts)), list[object]()

    def run(act: Any) -> None:
        ready.wait()
        try:
            answers.append(act())
        except Exception as error:  # it is looked at
            answers.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    return answers
