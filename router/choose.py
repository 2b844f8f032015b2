"""Choose who makes a job. Pure: quotes, limits and readiness come in; no clock, network, database or file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, Protocol

from pricing import CurrencyMismatch, Money, Offer, PriceBook, PricingError, Quote, Usage

from .candidates import Candidate, Reason, Rejection
from .latency import Estimate, Latencies, prior
from .margins import Margins
from .offers import Kind, Profile, Tier
from .policy import Policy, exact
from .quality import Grade, Ratings, assumed
from .ranking import placed
from .request import RESOLUTIONS, check_shape
from .telling import explain, named, why_not

__all__ = [
    "Candidate", "Choice", "Demand", "Facts", "NotReady", "Prepaid", "Reason", "Rejection", "Room", "choose", "named",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Demand:
    """A request as far as choosing needs it: what kind, how long, how many, what at least."""

    kind: Kind
    usage: Usage
    seconds: Decimal
    """The longest the clip may become; latency is judged by it."""
    resolution: str | None = None
    outputs: int = 1

    def __post_init__(self) -> None:
        check_shape(self.resolution, self.outputs)


@dataclass(frozen=True, slots=True)
class Room:
    """What the scope's tightest budget still allows; `available` None: uncapped."""

    scope: str
    currency: str
    limit: Money | None
    available: Money | None
    gate: str = "open"
    """Anything else: somebody, or its policy after an overrun, lets nothing in."""


@dataclass(frozen=True, slots=True)
class NotReady:
    """Why a provider cannot be used from here, though its offers may be ranked."""

    reason: Literal["no_key", "no_delivery"]
    text: str


class Prepaid(Protocol):
    """What is left of the credits bought of one provider, as far as the ledger was told of it."""

    @property
    def currency(self) -> str: ...
    @property
    def left(self) -> Money: ...
    @property
    def expiring(self) -> Sequence[tuple[datetime, Money]]: ...  # what is left of each lot that expires, soonest first


@dataclass(frozen=True, slots=True)
class Facts:
    """What choosing is told of the world. None or empty: nothing stands against it."""

    not_ready: Callable[[str], NotReady | None] | None = None
    unsupported: Callable[[str, Mapping[str, str]], str | None] | None = None
    room: Room | None = None
    budget_required: bool = False
    """True: a scope without any budget is refused."""
    scope: str | None = None
    quality: Mapping[str, Decimal] | None = None
    """The user's own scores by offer id, before ratings and the shipped tiers."""
    rank_not_ready: bool = False
    """True only for showing: candidates that are not ready stay in the ranking."""
    latencies: Latencies | None = None
    ratings: Ratings | None = None
    margins: Margins | None = None
    """How far charges went beyond quotes."""
    shut: Mapping[str, str] | None = None
    """Providers that nothing is submitted to now, and why."""
    prepaid: Sequence[Prepaid] = ()
    """Kinds of credits that were bought; what is left of others is not known."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Every candidate in order of the objective (the first is chosen), every rejection, and the Pareto front."""

    candidates: tuple[Candidate, ...]
    rejections: tuple[Rejection, ...]
    pareto: tuple[Candidate, ...]
    objective: str

    @property
    def chosen(self) -> Candidate | None:
        return self.candidates[0] if self.candidates else None

    def why_not(self) -> str:
        """One line: each broken limit once, with the first candidate it stopped."""
        return why_not(self.rejections)

    def explain(self, *, details: bool = False) -> str:
        """The choice, every other candidate's price and why not; `details`: then what the choice rests on."""
        return explain(self.candidates, self.rejections, self.pareto, self.objective, details=details)


def choose(
    demand: Demand, policy: Policy, book: PriceBook, profiles: Mapping[str, Profile], at: date, facts: Facts
) -> Choice:
    """Rank what keeps every hard limit by the policy's objective; ties fall by cost, latency, quality, then name."""
    judge = _Judge(demand, policy, book, at, facts)
    kept: list[Candidate] = []
    rejections: list[Rejection] = []
    for offer in book.offers.values():
        profile = profiles.get(offer.id)
        if profile is None or profile.kind != demand.kind:
            continue  # it sells something else
        for settings in offer.choices:
            judged = judge(offer, settings, profile.at(settings) if profile.by_resolution else profile.tier)
            if isinstance(judged, Rejection):
                rejections.append(judged)
            else:
                kept.append(judged)
    ranked, front = placed(kept, policy)
    return Choice(ranked, tuple(rejections), front, policy.objective)


class _Judge:
    """Holds candidate after candidate against every limit, in one fixed order; the first that breaks is the reason.

    What does not depend on the candidate is worked out once.
    """

    def __init__(self, demand: Demand, policy: Policy, book: PriceBook, at: date, facts: Facts) -> None:
        self.demand, self.policy, self.facts, self.at = demand, policy, facts, at
        self.ask, self.seconds, self.usage, self.outputs = book.quote, demand.seconds, demand.usage, demand.outputs
        self.shut: Mapping[str, str] = facts.shut or {}
        self.margins = facts.margins
        self.confidence = exact(policy.confidence)
        self.max_latency_s = None if policy.max_latency_s is None else exact(policy.max_latency_s)
        self.min_quality = None if policy.min_quality is None else exact(policy.min_quality)
        self.lines = None if demand.resolution is None else _lines(demand.resolution)
        self.no_money_limit = policy.max_cost is None and facts.room is None and not facts.budget_required
        self.prepaid = {one.currency: one for one in facts.prepaid}
        self.estimates: dict[int, Estimate] = {}
        self.grades: dict[int, Grade] = {}
        self.waiting: dict[str, NotReady | None] = {}

    def __call__(self, offer: Offer, settings: Mapping[str, str], tier: Tier) -> Candidate | Rejection:
        name, provider, policy, facts = offer.id, offer.provider, self.policy, self.facts
        if self.outputs > offer.max_outputs:
            return Rejection(name, settings, "outputs", offer.max_outputs, self.outputs)
        if offer.max_seconds is not None and self.seconds > offer.max_seconds:
            return Rejection(name, settings, "duration", f"{offer.max_seconds} s", f"{self.seconds} s")
        try:
            quote = self.ask(name, self.usage, at=self.at, settings=settings, outputs=self.outputs)
        except PricingError as error:
            return Rejection(name, settings, "price", "a known price", str(error))
        if self.margins:
            quote = self.margins.on(quote)
        if quote.dollars is None:  # candidates are compared in dollars
            worth = f"what a {quote.currency} is worth is not known"
            return Rejection(name, settings, "price", "a credit plan", worth, quote)
        if policy.providers is not None and provider not in policy.providers:
            return Rejection(name, settings, "provider", ", ".join(sorted(policy.providers)), provider, quote)
        if provider in self.shut:
            return Rejection(name, settings, "open_circuit", "", self.shut[provider], quote)
        if self.lines is not None:
            has = settings.get("resolution")
            if has is None or _lines(has) < self.lines:
                return Rejection(name, settings, "resolution", self.demand.resolution, has or "unknown", quote)
        if facts.unsupported is not None and (broken := facts.unsupported(name, settings)) is not None:
            return Rejection(name, settings, "unsupported", "", broken, quote)
        estimate = self.estimate(name, settings, tier)
        if self.max_latency_s is not None and estimate.seconds > self.max_latency_s:
            took = f"{estimate.seconds.normalize():f} s"
            if estimate.samples:
                took += f" ({estimate.source}, {estimate.samples} jobs)"
            return Rejection(name, settings, "max_latency", f"{self.max_latency_s} s", took, quote)
        grade = self.grade(name, settings, tier)
        if self.min_quality is not None and (grade.quality is None or grade.quality < self.min_quality):
            value = "unknown" if grade.quality is None else grade.quality
            return Rejection(name, settings, "min_quality", self.min_quality, value, quote)
        if not self.no_money_limit and (over := self.money(quote)) is not None:
            return Rejection(name, settings, *over, quote)
        expiring: datetime | None = None
        if self.prepaid and (lots := self.prepaid.get(quote.currency)) is not None:
            if quote.high > lots.left:
                left = f"{lots.left} left of those bought"
                return Rejection(name, settings, "credits", left, quote.high, quote)
            expiring = self.expiring(quote.high, lots)
        waiting = self.readiness(provider) if facts.not_ready is not None else None
        if waiting is not None and not facts.rank_not_ready:
            return Rejection(name, settings, waiting.reason, "", waiting.text, quote)
        text = None if waiting is None else waiting.text
        return Candidate(name, settings, quote, estimate, grade, text, expiring)

    def estimate(self, offer: str, settings: Mapping[str, str], tier: Tier) -> Estimate:
        """What was learned of the offer, else its tier's prior, which is worked out once."""
        if self.facts.latencies is not None:
            learned = self.facts.latencies.estimate(offer, settings, tier, self.seconds, self.confidence)
            if learned is not None:
                return learned
        found = self.estimates.get(id(tier))
        if found is None:
            found = self.estimates[id(tier)] = prior(tier, self.seconds, self.confidence)
        return found

    def grade(self, offer: str, settings: Mapping[str, str], tier: Tier) -> Grade:
        """The user's own score, else what was rated, else the tier's."""
        facts = self.facts
        if facts.quality and (score := facts.quality.get(offer)) is not None:
            return Grade(score, "yours")
        if facts.ratings is not None and (rated := facts.ratings.grade(offer, settings, tier)) is not None:
            return rated
        found = self.grades.get(id(tier))
        if found is None:
            found = self.grades[id(tier)] = assumed(tier)
        return found

    def expiring(self, high: Money, lots: Prepaid) -> datetime | None:
        """When the credits that would pay for it expire, if the policy asks and they last for the whole."""
        if self.policy.use_expiring_days is None:
            return None
        last = self.at + timedelta(days=self.policy.use_expiring_days)
        soon = [(ends, left) for ends, left in lots.expiring if ends.date() <= last]
        return soon[0][0] if soon and sum(left.nanos for _, left in soon) >= high.nanos else None

    def readiness(self, provider: str) -> NotReady | None:
        """Why the provider cannot be used from here; asked once a provider."""
        if provider not in self.waiting and self.facts.not_ready is not None:
            self.waiting[provider] = self.facts.not_ready(provider)
        return self.waiting.get(provider)

    def money(self, quote: Quote) -> tuple[Reason, object, object] | None:
        """The money limit that a quote's high breaks, if any."""
        most, room = self.policy.max_cost, self.facts.room
        try:
            if most is not None and (high := quote.in_currency(most.currency).high).nanos > most.nanos:
                return "max_cost", most, high
        except CurrencyMismatch:
            return "currency", most, quote.currency
        if room is None:
            return ("no_budget", "a budget in the chain", self.facts.scope) if self.facts.budget_required else None
        try:
            high = quote.in_currency(room.currency).high
        except CurrencyMismatch:
            return "currency", room.currency, quote.currency
        if room.gate != "open":
            return "closed" if room.gate == "closed" else "frozen", "a budget that is open", room.scope
        if room.available is not None and high.nanos > room.available.nanos:
            return "budget", f"{room.available} available of {room.limit} in {room.scope}", high
        return None


def _lines(resolution: str) -> int:
    """Where a resolution stands among the known ones; an unknown one below all."""
    return RESOLUTIONS.index(resolution) if resolution in RESOLUTIONS else -1
