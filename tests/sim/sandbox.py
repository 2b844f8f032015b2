"""One run's providers: the sandbox's market, and what a simulator must see of its books. Opens no socket."""

from collections.abc import Callable
from datetime import datetime

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
        return list(self.account._jobs.values())  # pyright: ignore[reportPrivateUsage]
