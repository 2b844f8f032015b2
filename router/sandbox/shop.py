"""What the three sellers share: account, faults, files, webhooks, ids. Never speaks HTTP."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol

from .account import Account, Job
from .doors import Door
from .faults import Faults, Struck
from .hooks import Hooks
from .media import Files
from .wire import Answer, Ask


class Seller(Protocol):
    """One provider's side of the market."""

    def doors(self) -> tuple[Door, ...]: ...
    def refusal(self, ask: Ask, status: int | None) -> Answer:
        """A refusal in this provider's words; None: for want of money."""
        ...

    def call(self, ask: Ask) -> str:
        """What an ask at a door without a call of its own is for."""
        ...

    def job_of(self, ask: Ask) -> str:
        """The id of the job an ask is about, as far as it names one."""
        ...


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
    billing_lag_s: float = 0.0
    """How long after a charge the provider's bills show it."""
    fal_unit: Literal["dollars", "seconds"] = "dollars"
    fal_price_480p: Decimal = Decimal("0.10")

    def struck(self, provider: str, ask: Ask) -> Struck:
        """The faults that a job of this submit will bear."""
        return self.faults.of_job(provider, lambda: seen(ask))


def seen(ask: Ask) -> str:
    """Where a fault's TEXT is looked for: the path, the query, the body."""
    query = "&".join(f"{name}={value}" for name, value in ask.query)
    return f"{ask.path}?{query} {ask.text()}"


def asked_for(status: int) -> dict[str, str]:
    """The headers that belong to an HTTP status on demand."""
    return {429: {"retry-after": "1"}}.get(status, {"location": "/elsewhere"} if 300 <= status < 400 else {})


def said_cost(job: Job, cost: Decimal) -> object:
    """What is said to have been billed: the truth, or what a fault makes of it. None: nothing is said."""
    if "no-cost" in job.struck:
        return None
    if "cost-word" in job.struck:
        return "n/a"
    if "cost-zero" in job.struck:
        return 0
    if "cost-negative" in job.struck:
        return -cost
    return cost * 1000 if "cost-huge" in job.struck else cost


def output_url(host: str, provider: str, name: str) -> str:
    return f"{host}/outputs/{provider}/{name}.mp4"
