"""One run's providers: the sandbox's market, and what a simulator must see of its books. Opens no socket."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from router.sandbox.account import Account, Job
from router.sandbox.market import Market, environment

ENV = environment("http://sandbox")


class Sandbox(Market):
    """The market with its account in view."""

    def __init__(self, clock: Callable[[], float], born: datetime, new_id: Callable[[], str]) -> None:
        super().__init__(clock=clock, born=born, new_id=new_id)

    @property
    def account(self) -> Account:
        return self._shop.account

    def jobs(self) -> list[Job]:
        """Every job ever accepted, oldest first."""
        return list(self.account.jobs.values())


def unstrike(job: Job, *kinds: str) -> None:
    """From now on these faults of it are over; but that fal said 0 units of a failed job stands: then it is free."""
    if job.failure == "content":
        kinds = tuple(kind for kind in kinds if kind != "cost-zero")
    job.struck = {kind: number for kind, number in job.struck.items() if kind not in kinds}


def said(job: Job, now_s: float) -> Decimal:
    """What the provider can be heard to bill for a job until now; a bill beyond it is seen on its statement only.

    Not to be heard are: the second of two bills, and one for a failed or cancelled job that is documented as free or
    that the provider itself says costs 0.
    """
    if job.cancelled:
        return Decimal(0)
    if job.prepaid:
        return Decimal(0) if job.state(now_s) == "failed" else job.price * job.results
    billed, free = job.price * job.finished(now_s), "cost-zero" in job.struck
    return (
        billed + job.price
        if job.failure == "content" and job.state(now_s) == "failed" and job.provider == "fal" and not free
        else billed
    )
