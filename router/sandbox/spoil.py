"""What a fault makes of an exchange: an answer instead of acting, or the true one spoilt. Strikes nothing itself."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime

from .faults import Fault
from .wire import Answer, Cut

PAGE = b"<!doctype html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"
Refusal = Callable[[int | None], Answer]
"""A refusal in the provider's own words, by HTTP status; None: for want of money."""


def instead(fault: Fault, refusal: Refusal, now: datetime) -> Answer:
    """The answer to a request that a fault stopped before anything was done."""
    number = int(fault.number or 0)
    match fault.kind.stem:
        case "reset-at":
            return Answer(502, cut=Cut(request_body=number, reset=True))
        case "lost-request":
            return Answer(502, cut=Cut(reply=0))
        case "refuse":
            return refusal(None)
        case "html":
            return web_page()
        case "throttle":
            return _waiting(refusal(429), f"{fault.number:f}")
        case "throttle-date":
            at = now + timedelta(seconds=float(fault.number or 0))
            return _waiting(refusal(429), format_datetime(at, usegmt=True))
        case _:
            return refusal(number)


def spoilt(fault: Fault, answer: Answer, refusal: Refusal) -> Answer:
    """The answer to a request that was fully dealt with, as it then arrives."""
    number = fault.number or 0
    match fault.kind.stem:
        case "after" | "5xx-after" as stem:
            return refusal(500 if stem == "5xx-after" else int(number))
        case "lost-answer" | "reset-answer" as stem:
            return replace(answer, cut=Cut(reply=0, reset=stem == "reset-answer"))
        case "cut-head":
            return replace(answer, cut=Cut(reply=min(int(number), len(answer.head()))))
        case "cut-body":
            return replace(answer, cut=Cut(reply=len(answer.head()) + int(number)))
        case "truncated":
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        case "malformed":
            return replace(answer, body=answer.body.replace(b":", b"=", 1)[:-1] + b",}")
        case "empty":
            return replace(answer, body=b"")
        case "html-after":
            return web_page()
        case "late":
            return replace(answer, lag_s=answer.lag_s + float(number))
        case _:
            return replace(answer, slow_s=float(number))


def web_page() -> Answer:
    """Somebody else's HTML, where JSON was due."""
    return Answer(200, PAGE, kind="text/html; charset=utf-8")


def _waiting(answer: Answer, when: str) -> Answer:
    return replace(answer, headers={**answer.headers, "retry-after": when})
