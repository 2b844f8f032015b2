"""Choose who makes a job. Pure: quotes, limits and readiness come in; no clock, network, database or file."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Literal

from pricing import CurrencyMismatch, Money, Offer, PriceBook, PricingError, Quote, Usage

from .offers import Kind, Profile, latency_s
from .policy import Policy, exact
from .request import RESOLUTIONS

Reason = Literal[
    "provider", "unsupported", "resolution", "duration", "outputs", "price", "max_cost", "max_latency", "min_quality",
    "no_budget", "currency", "budget", "no_key", "no_delivery",
]  # fmt: skip
NOT_READY: tuple[Reason, ...] = ("no_key", "no_delivery")


@dataclass(frozen=True, slots=True)
class Demand:
    """A request as far as choosing needs it: what kind, how long, how many, what at least."""

    kind: Kind
    usage: Usage
    seconds: Decimal
    """The longest the clip may become; latency is judged by it."""
    resolution: str | None = None
    outputs: int = 1


@dataclass(frozen=True, slots=True)
class Room:
    """What the scope's tightest budget still allows; `available` None: uncapped."""

    scope: str
    currency: str
    limit: Money | None
    available: Money | None


@dataclass(frozen=True, slots=True)
class NotReady:
    """Why a provider cannot be used from here, though its offers may be ranked."""

    reason: Literal["no_key", "no_delivery"]
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What choosing is told of the world. None or empty: nothing stands against it."""

    not_ready: Callable[[str], NotReady | None] = lambda _provider: None
    unsupported: Callable[[str, Mapping[str, str]], str | None] = lambda _offer, _settings: None
    room: Room | None = None
    budget_required: bool = False
    """True: a scope without any budget is refused."""
    scope: str | None = None
    quality: Mapping[str, Decimal] | None = None
    """The user's own scores by offer id, before the shipped tiers."""
    rank_not_ready: bool = False
    """True only for showing: candidates that are not ready stay in the ranking."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer with settings that keeps every limit."""

    offer: str
    settings: Mapping[str, str]
    quote: Quote
    latency_s: Decimal
    """At the policy's confidence."""
    quality: Decimal | None
    not_ready: str | None = None
    """None: ready to be used from here."""

    @property
    def provider(self) -> str:
        return self.offer.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a candidate lost: the first limit it breaks, and by what."""

    offer: str
    settings: Mapping[str, str]
    reason: Reason
    limit: str
    value: str
    quote: Quote | None = None


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

    def explain(self) -> str:
        """The choice, every other candidate's price and why not, a line each."""
        lines = ["nothing is eligible"] if not self.candidates else []
        for place, one in enumerate(self.candidates):
            quality = "unknown" if one.quality is None else f"{one.quality:f}"
            word = "chosen " if place == 0 else "instead"
            lines.append(
                f"{word} {_named(one)}  {_price(one.quote)}  within {one.latency_s:f} s  quality {quality}"
                + (f"  not ready: {one.not_ready}" if one.not_ready else "")
                + (f"  ({self.objective})" if place == 0 else "")
            )
        for no in self.rejections:
            price = _price(no.quote) if no.quote else "no price"
            lines.append(f"no      {_named(no)}  {price}  {no.reason}: {no.value} (limit {no.limit})")
        return "\n".join(lines)


def choose(
    demand: Demand, policy: Policy, book: PriceBook, profiles: Mapping[str, Profile], at: date, facts: Facts
) -> Choice:
    """Rank what keeps every hard limit by the policy's objective; ties fall by latency, quality, then name."""
    kept: list[Candidate] = []
    rejections: list[Rejection] = []
    for offer, settings in _listings(book):
        profile = profiles.get(offer.id)
        if profile is None or profile.kind != demand.kind:
            continue  # it sells something else
        judged = _judge(demand, policy, book, profile, at, facts, offer, settings)
        if isinstance(judged, Rejection):
            rejections.append(judged)
        else:
            kept.append(judged)
    front = pareto(kept)
    return Choice(tuple(rank(kept, policy)), tuple(rejections), front, policy.objective)


def rank(candidates: Iterable[Candidate], policy: Policy) -> list[Candidate]:
    """By the objective; deterministic: no two candidates share a key."""
    pool = list(candidates)
    score = _balanced(pool, policy) if policy.objective == "balanced" else None

    def key(one: Candidate) -> tuple[object, ...]:
        cost = (one.quote.usd.expected.nanos, one.quote.usd.high.nanos)
        quality = -_quality(one)
        name = (one.not_ready is not None, one.offer, sorted(one.settings.items()))
        match policy.objective:
            case "cheapest":
                return (*cost, one.latency_s, quality, *name)
            case "fastest":
                return (one.latency_s, *cost, quality, *name)
            case "best":
                return (quality, *cost, one.latency_s, *name)
            case "balanced":
                return (score[id(one)] if score else 0, *cost, one.latency_s, quality, *name)

    return sorted(pool, key=key)


def pareto(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Those that no other beats on cost, latency or quality without losing on another; unknown quality is lowest."""
    pool = list(candidates)
    points = [(one.quote.usd.expected.nanos, one.latency_s, -_quality(one)) for one in pool]
    return tuple(
        one
        for one, (cost, latency, loss) in zip(pool, points, strict=True)
        if not any(
            (c, s, q) != (cost, latency, loss) and c <= cost and s <= latency and q <= loss for c, s, q in points
        )
    )


def _listings(book: PriceBook) -> Iterator[tuple[Offer, Mapping[str, str]]]:
    for offer in book.offers.values():
        names = sorted(offer.settings)
        for values in product(*(offer.settings[name].values for name in names)):
            yield offer, dict(zip(names, values, strict=True))


def _judge(
    demand: Demand,
    policy: Policy,
    book: PriceBook,
    profile: Profile,
    at: date,
    facts: Facts,
    offer: Offer,
    settings: Mapping[str, str],
) -> Candidate | Rejection:
    def no(reason: Reason, limit: object, value: object, quote: Quote | None = None) -> Rejection:
        return Rejection(offer.id, settings, reason, str(limit), str(value), quote)

    if demand.outputs > offer.max_outputs:
        return no("outputs", offer.max_outputs, demand.outputs)
    if offer.max_seconds is not None and demand.seconds > offer.max_seconds:
        return no("duration", f"{offer.max_seconds} s", f"{demand.seconds} s")
    try:
        quote = book.quote(offer.id, demand.usage, at=at, settings=settings, outputs=demand.outputs)
    except PricingError as error:
        return no("price", "a known price", error)
    if policy.providers is not None and offer.provider not in policy.providers:
        return no("provider", ", ".join(sorted(policy.providers)), offer.provider, quote)
    if demand.resolution is not None:
        has = settings.get("resolution")
        if has is None or RESOLUTIONS.index(has) < RESOLUTIONS.index(demand.resolution):
            return no("resolution", demand.resolution, has or "unknown", quote)
    if (broken := facts.unsupported(offer.id, settings)) is not None:
        return no("unsupported", "the provider's documented limits", broken, quote)
    tier = profile.at(settings)
    latency = latency_s(tier, demand.seconds, exact(policy.confidence))
    if policy.max_latency_s is not None and latency > exact(policy.max_latency_s):
        return no("max_latency", f"{exact(policy.max_latency_s)} s", f"{latency:f} s", quote)
    quality = (facts.quality or {}).get(offer.id, tier.quality)
    if policy.min_quality is not None and (quality is None or quality < exact(policy.min_quality)):
        return no("min_quality", exact(policy.min_quality), "unknown" if quality is None else quality, quote)
    if (over := _money(policy, facts, quote)) is not None:
        return no(*over, quote)
    waiting = facts.not_ready(offer.provider)
    if waiting is not None and not facts.rank_not_ready:
        return no(waiting.reason, "ready", waiting.text, quote)
    return Candidate(offer.id, settings, quote, latency, quality, waiting.text if waiting else None)


def _money(policy: Policy, facts: Facts, quote: Quote) -> tuple[Reason, object, object] | None:
    """The money limit that a quote's high breaks, if any."""
    try:
        if policy.max_cost is not None:
            high = quote.in_currency(policy.max_cost.currency).high
            if high > policy.max_cost:
                return "max_cost", policy.max_cost, high
        if facts.room is None:
            return ("no_budget", "a budget in the chain", facts.scope) if facts.budget_required else None
        high = quote.in_currency(facts.room.currency).high
    except CurrencyMismatch:
        return "currency", (facts.room.currency if facts.room else policy.max_cost), quote.currency
    if facts.room.available is not None and high > facts.room.available:
        return "budget", f"{facts.room.available} available of {facts.room.limit} in {facts.room.scope}", high
    return None


def _quality(one: Candidate) -> Decimal:
    """For ordering only: unknown is below everything known."""
    return Decimal(-1) if one.quality is None else one.quality


def _named(one: Candidate | Rejection) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in sorted(one.settings.items()))
    return f"{one.offer} ({settings})" if settings else one.offer


def _price(quote: Quote) -> str:
    """The expected price in USD with its range, and in the provider's own currency where that is another."""
    usd, native = quote.usd, quote.expected
    return str(usd) if native.currency == usd.expected.currency else f"{native} = {usd}"


def _balanced(pool: list[Candidate], policy: Policy) -> dict[int, Fraction]:
    """Weighted distance from the best of the pool on each axis, each scaled to 0-1; lower is better."""
    axes = [
        [Fraction(one.quote.usd.expected.nanos) for one in pool],
        [Fraction(one.latency_s) for one in pool],
        [-Fraction(one.quality or 0) for one in pool],
    ]
    weights = [Fraction(exact(weight)) for weight in policy.weights]
    totals = [Fraction(0)] * len(pool)
    for axis, weight in zip(axes, weights, strict=True):
        low, spread = min(axis, default=Fraction(0)), max(axis, default=Fraction(0)) - min(axis, default=Fraction(0))
        for index, value in enumerate(axis):
            totals[index] += weight * (value - low) / spread if spread else 0
    return {id(one): total for one, total in zip(pool, totals, strict=True)}
