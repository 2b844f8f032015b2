"""What a policy would have chosen for past jobs. Pure: prices come from a book, not from the world of that day.

Who was ready, shut, learned to be slow or out of credits then is not known any more: the choice is by price, limits,
the shipped tiers and the policy alone. What a provider cannot be asked for (a prompt's length, say) is not looked at.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from pricing import BadQuantity, Past, PriceBook, Quantity, Usage

from .choose import Demand, Facts, choose
from .errors import BadRequest
from .offers import shipped_profiles
from .policy import Policy

_REMEMBERED = 50_000
_EXAMPLES = 5
Chosen = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(slots=True)
class Nobody:
    """Jobs that the policy would have had made by nobody, for one reason."""

    reason: str
    jobs: int = 0
    paid: int = 0
    """In nanos of `currency`."""
    currency: str = "USD"
    where: list[str] = field(default_factory=list[str])
    """The first of them."""


@dataclass(slots=True)
class Rechoosing:
    """Chooses anew while the jobs pass through; `nobody` has those that found no offer, which do not pass."""

    book: PriceBook
    policy: Policy
    at: date | None = None
    """None: each job's own day."""
    nobody: dict[tuple[str, str], Nobody] = field(default_factory=dict[tuple[str, str], Nobody])
    _known: dict[object, Chosen | str] = field(default_factory=dict[object, "Chosen | str"])

    def __call__(self, asked: Iterable[tuple[Past, Mapping[str, Any]]]) -> Iterator[Past]:
        """Every job as the offer that would have made it."""
        for past, request in asked:
            day = past.at if self.at is None else self.at
            key = past.usage, past.outputs, request.get("resolution"), day
            found = self._known.get(key)
            if found is None:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                found = self._known[key] = self.choose(past, request, day)
            if isinstance(found, str):
                self._nobody(past, found)
            else:
                yield past._replace(instead=found)

    def choose(self, past: Past, request: Mapping[str, Any], day: date) -> Chosen | str:
        """The offer with its settings, or why there is none."""
        demand = _demand(past, request)
        if isinstance(demand, str):
            return demand
        choice = choose(demand, self.policy, self.book, shipped_profiles(), day, Facts())
        if choice.chosen is not None:
            return choice.chosen.offer, tuple(sorted(choice.chosen.settings.items()))
        reasons = dict.fromkeys(one.reason for one in choice.rejections)
        return f"no offer keeps every limit: {', '.join(reasons) or 'nobody sells it'}"

    def _nobody(self, past: Past, reason: str) -> None:
        found = self.nobody.setdefault((reason, past.currency), Nobody(reason, currency=past.currency))
        found.jobs += 1
        found.paid += past.paid
        if len(found.where) < _EXAMPLES:
            found.where.append(past.where)


def _demand(past: Past, request: Mapping[str, Any]) -> Demand | str:
    resolution = request.get("resolution")
    try:
        if isinstance(past.usage, str):
            seconds = Decimal(past.usage)
            return Demand("avatar", Usage.audio(past.usage), seconds, resolution, past.outputs)
        if not past.usage:
            return "its request states no length"
        low, _, high = past.usage[0][1].partition("-")
        usage = Usage({past.usage[0][0]: Quantity.seconds(low, high or low)})
        return Demand("template", usage, Decimal(high or low), resolution, past.outputs)
    except (ArithmeticError, BadQuantity, BadRequest) as error:
        return str(error)
