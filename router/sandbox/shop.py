"""What the three sellers share: account, faults, files, how an accepted submit is answered. Never speaks HTTP."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from .account import Account, Job
from .faults import Faults
from .hooks import Hooks
from .media import Files
from .wire import Answer, Cut

PAGE = b"<!doctype html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"


@dataclass(slots=True)
class Shop:
    """One sandbox's common ground."""

    account: Account
    faults: Faults
    new_id: Callable[[], str]
    """A UUID v4 nobody had before."""
    hooks: Hooks
    files: Files = field(default_factory=Files)
    answer_lag_s: float = 0.0
    output_extra_s: Decimal = Decimal(0)
    """How much longer the video comes out than its audio."""
    fal_unit: Literal["dollars", "seconds"] = "dollars"
    fal_price_480p: Decimal = Decimal("0.10")

    def closing(self, job: Job, answer: Answer, broken: Answer) -> Answer:
        """The answer to a submit that was accepted: late if asked, spoilt if a fault says so."""
        if "5xx-after" in job.struck:
            answer = broken
        elif "truncated" in job.struck:
            answer = replace(answer, body=answer.body[: len(answer.body) // 2])
        elif "lost-answer" in job.struck:
            answer = replace(answer, cut=Cut(reply=0))
        return replace(answer, lag_s=self.answer_lag_s)


def web_page() -> Answer:
    """Somebody else's HTML, where JSON was due."""
    return Answer(200, PAGE, kind="text/html; charset=utf-8")


def output_url(host: str, job: str) -> str:
    return f"{host}/outputs/{job}.mp4"
