"""Carry out made-up calls (tests/strategies.py) on a world: the same call always means the same arguments."""

import os
from datetime import timedelta
from typing import Any

from hypothesis import settings

from ledger import Ask, LedgerError
from pricing import usd
from tests.strategies import LEDGER_PRICES, LEDGER_SCOPES, Said, Verb

from .world import World, credit, credits_quote, quote

OUTCOMES = ("accepted", "unknown", "refused", "not_sent")
TAGS: tuple[dict[str, str], ...] = ({}, {"team": "ads"}, {"team": "ads", "run": "2"})
VERDICTS = ("charged", "not_charged", "written_off")


CREDIT_JOB = 3
"""The job of a trace that is billed in credits."""


def tell(w: World, said: Said, job: str = "j1", attempt: str = "a1", *, in_credits: bool = False) -> object:
    """Bring one thing that was said to the ledger."""
    if said.verb == "outcome":
        outcome: Any = said.outcome
        provider_job = f"p-{attempt}" if outcome == "accepted" else None
        return w.ledger.outcome(job=job, attempt=attempt, outcome=outcome, provider_job=provider_job)
    if said.verb == "unknown":
        return w.ledger.unknown(job=job, attempt=attempt, reason="no news")
    amount = None if said.amount is None else credit(said.amount) * 10 if in_credits else usd(said.amount)
    return w.settle(amount, job, attempt, evidence=said.evidence, final=said.final, delivered=said.delivered)


def act(w: World, verb: Verb) -> object:
    """The verb's answer, or the error it raised."""
    try:
        return _act(w, verb)
    except LedgerError as error:
        return type(error), str(error)


def _act(w: World, verb: Verb) -> object:
    job, attempt, choice = f"j{verb.job}", f"a{verb.job}-{verb.choice // 8}", verb.choice
    scope, price, provider = LEDGER_SCOPES[verb.job % len(LEDGER_SCOPES)], quote(LEDGER_PRICES[choice % 3]), "fal"
    in_credits = verb.job == CREDIT_JOB
    if in_credits:
        price, provider = credits_quote(str(7 + choice % 3 * 7)), "creatify"
    match verb.name:
        case "hold":
            return w.hold(job, scope=scope, price=price, expires_in_s=60 * (1 + choice), tags=TAGS[choice % 3])
        case "begin":
            return w.begin(job, attempt, provider=provider, price=price, ceiling=usd("2") if choice > 9 else None)
        case "extend":
            return w.ledger.extend(job, to=usd(LEDGER_PRICES[choice % 3]), expires_in_s=60 * choice if choice else None)
        case "batch":
            names = [f"b{verb.job}-{n}" for n in range(choice % 3)]
            asks = [Ask(name, f"key-{name}", "h", price) for name in names]
            return w.ledger.hold_batch(scope=scope, asks=asks, owner="test", expires_in_s=300)
        case "outcome":
            return tell(w, Said("outcome", outcome=OUTCOMES[choice % 4]), job, attempt)
        case "settle":
            return tell(w, verb.said, job, attempt, in_credits=in_credits)
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
        case "gate":
            verbs = (w.ledger.freeze, w.ledger.close_budget, w.ledger.open_budget, w.ledger.open_budget)
            return verbs[choice % 4](scope, author="ann")
        case "expire":
            return w.ledger.expire()
        case "buy":
            expires = w.clock() + timedelta(minutes=choice) if choice % 2 else None
            lot, quantity = f"lot-{verb.job}-{choice}", credit(str(5 + choice))
            return w.ledger.buy_credits(
                "creatify", quantity, usd("1.01"), lot=lot, expires_at=expires, priority=verb.job
            )
        case "draw":
            return w.ledger.draw_credits("creatify")
        case "rebuild":
            return w.ledger.rebuild()
        case _:
            w.clock.forward(seconds=5 * choice * choice)
            return None


def examples(count: int) -> settings:
    """This many examples in the suite, eight times as many in the long sweep."""
    return settings(max_examples=count * (8 if os.environ.get("FAREGATE_SWEEP") else 1))
