"""Carry out made-up calls (tests/strategies.py) on a world: the same call always means the same arguments."""

import os
from typing import Any

from hypothesis import settings

from ledger import LedgerError
from pricing import usd
from tests.strategies import LEDGER_PRICES, LEDGER_SCOPES, Said, Verb

from .world import World, quote

OUTCOMES = ("accepted", "unknown", "refused", "not_sent")
VERDICTS = ("charged", "not_charged", "written_off")


def tell(w: World, said: Said, job: str = "j1", attempt: str = "a1") -> object:
    """Bring one thing that was said to the ledger."""
    if said.verb == "outcome":
        outcome: Any = said.outcome
        provider_job = f"p-{attempt}" if outcome == "accepted" else None
        return w.ledger.outcome(job=job, attempt=attempt, outcome=outcome, provider_job=provider_job)
    if said.verb == "unknown":
        return w.ledger.unknown(job=job, attempt=attempt, reason="no news")
    amount = None if said.amount is None else usd(said.amount)
    return w.settle(amount, job, attempt, evidence=said.evidence, final=said.final, delivered=said.delivered)


def act(w: World, verb: Verb) -> object:
    """The verb's answer, or the error it raised."""
    try:
        return _act(w, verb)
    except LedgerError as error:
        return type(error), str(error)


def _act(w: World, verb: Verb) -> object:
    job, attempt, choice = f"j{verb.job}", f"a{verb.job}-{verb.choice // 8}", verb.choice
    scope, price = LEDGER_SCOPES[verb.job % len(LEDGER_SCOPES)], quote(LEDGER_PRICES[choice % 3])
    match verb.name:
        case "hold":
            return w.hold(job, scope=scope, price=price, expires_in_s=60 * (1 + choice))
        case "begin":
            return w.begin(job, attempt, price=price, ceiling=usd("2") if choice > 9 else None)
        case "outcome":
            return tell(w, Said("outcome", outcome=OUTCOMES[choice % 4]), job, attempt)
        case "settle":
            return tell(w, verb.said, job, attempt)
        case "unknown":
            return tell(w, Said("unknown"), job, attempt)
        case "release":
            return w.ledger.release(
                job=job, attempt=attempt if choice % 2 else None, reason="r", proof="p" * (choice % 3)
            )
        case "resolve":
            verdict: Any = VERDICTS[choice % 3]
            charged = usd("1.50") if verdict == "charged" else None
            return w.ledger.resolve(job, charged=charged, verdict=verdict, note="n", author="ann")
        case "set_budget":
            limit = None if choice == 0 else usd(choice)
            return w.ledger.set_budget(scope, limit, currency="USD", window="month" if choice % 2 else "total")
        case "expire":
            return w.ledger.expire()
        case _:
            w.clock.forward(seconds=5 * choice * choice)
            return None


def examples(count: int) -> settings:
    """This many examples in the suite, eight times as many in the long sweep."""
    return settings(max_examples=count * (8 if os.environ.get("FAREGATE_SWEEP") else 1))
