"""Choose who makes a job. Pure: quotes, limits and readiness come in; no clock, network, database or file."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from pricing import CurrencyMismatch, Money, Offer, PriceBook, PricingError, Quote, Usage

from .offers import Kind, Profile, Tier, latency_s
from .policy import Policy, exact
from .request import RESOLUTIONS, check_shape

Reason = Literal[
    "provider", "unsupported", "resolution", "duration", "outputs", "price", "max_cost", "max_latency", "min_quality",
    "no_budget", "currency", "budget", "frozen", "closed", "no_key", "no_delivery", "open_circuit",
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

    def why_not(self) -> str:
        """One line: each broken limit once, with the first candidate it stopped."""
        first = {one.reason: one for one in reversed(self.rejections)}
        said = [
            f"{reason} {one.value}{f', limit {one.limit}' if one.limit else ''} ({one.offer})"
            for reason, one in first.items()
        ]
        return "no candidate keeps every limit: " + ("; ".join(said) or "no offer makes this")

    def explain(self) -> str:
        """The choice, every other candidate's price and why not, a line each."""
        rows: list[tuple[str, str, str, str]] = []
        for place, one in enumerate(self.candidates):
            why = f"within {one.latency_s.normalize():f} s, quality {'unknown' if one.quality is None else one.quality}"
            if place == 0:
                why += f" ({self.objective})"
            if one.not_ready:
                why += f"; not ready: {one.not_ready}"
            rows.append(("instead" if place else "chosen", named(one), _price(one.quote), why))
        for no in self.rejections:
            why = f"{no.reason}: {no.value}" + (f" (limit {no.limit})" if no.limit else "")
            rows.append(("no", named(no), _price(no.quote) if no.quote else "no price", why))
        wide = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
        lines = [f"{a:{wide[0]}}  {b:{wide[1]}}  {c:{wide[2]}}  {why}" for a, b, c, why in rows]
        return "\n".join(lines if self.candidates else ["nothing is eligible", *lines])


def choose(
    demand: Demand, policy: Policy, book: PriceBook, profiles: Mapping[str, Profile], at: date, facts: Facts
) -> Choice:
    """Rank what keeps every hard limit by the policy's objective; ties fall by latency, quality, then name."""
    judge = _Judge(demand, policy, book, at, facts)
    kept: list[Candidate] = []
    rejections: list[Rejection] = []
    for offer in book.offers.values():
        profile = profiles.get(offer.id)
        if profile is None or profile.kind != demand.kind:
            continue  # it sells something else
        for settings in offer.choices:
            judged = judge(offer, settings, profile.at(settings))
            if isinstance(judged, Rejection):
                rejections.append(judged)
            else:
                kept.append(judged)
    return Choice(tuple(rank(kept, policy)), tuple(rejections), pareto(kept), policy.objective)


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


class _Judge:
    """Holds candidate after candidate against every limit, in one fixed order; the first that breaks is the reason."""

    def __init__(self, demand: Demand, policy: Policy, book: PriceBook, at: date, facts: Facts) -> None:
        self.demand, self.policy, self.book, self.at, self.facts = demand, policy, book, at, facts
        self.max_latency_s = None if policy.max_latency_s is None else exact(policy.max_latency_s)
        self.min_quality = None if policy.min_quality is None else exact(policy.min_quality)
        self.latencies: dict[int, Decimal] = {}

    def __call__(self, offer: Offer, settings: Mapping[str, str], tier: Tier) -> Candidate | Rejection:
        demand, policy, facts = self.demand, self.policy, self.facts
        quote: Quote | None = None

        def no(reason: Reason, limit: object, value: object) -> Rejection:
            return Rejection(offer.id, settings, reason, str(limit), str(value), quote)

        if demand.outputs > offer.max_outputs:
            return no("outputs", offer.max_outputs, demand.outputs)
        if offer.max_seconds is not None and demand.seconds > offer.max_seconds:
            return no("duration", f"{offer.max_seconds} s", f"{demand.seconds} s")
        try:
            quote = self.book.quote(offer.id, demand.usage, at=self.at, settings=settings, outputs=demand.outputs)
        except PricingError as error:
            return no("price", "a known price", error)
        if quote.dollars is None:  # candidates are compared in dollars
            return no("price", "a credit plan", f"what a {quote.currency} is worth is not known")
        if policy.providers is not None and offer.provider not in policy.providers:
            return no("provider", ", ".join(sorted(policy.providers)), offer.provider)
        has = settings.get("resolution")
        if demand.resolution is not None and (has is None or _lines(has) < _lines(demand.resolution)):
            return no("resolution", demand.resolution, has or "unknown")
        if (broken := facts.unsupported(offer.id, settings)) is not None:
            return no("unsupported", "", broken)
        latency = self.latency_s(tier)
        if self.max_latency_s is not None and latency > self.max_latency_s:
            return no("max_latency", f"{self.max_latency_s} s", f"{latency.normalize():f} s")
        quality = facts.quality.get(offer.id, tier.quality) if facts.quality else tier.quality
        if self.min_quality is not None and (quality is None or quality < self.min_quality):
            return no("min_quality", self.min_quality, "unknown" if quality is None else quality)
        if (over := self.money(quote)) is not None:
            return no(*over)
        waiting = facts.not_ready(offer.provider)
        if waiting is not None and not facts.rank_not_ready:
            return no(waiting.reason, "", waiting.text)
        return Candidate(offer.id, settings, quote, latency, quality, waiting.text if waiting else None)

    def latency_s(self, tier: Tier) -> Decimal:
        """The tier's latency for this demand; asked once a tier."""
        found = self.latencies.get(id(tier))
        if found is None:
            found = latency_s(tier, self.demand.seconds, exact(self.policy.confidence))
            self.latencies[id(tier)] = found
        return found

    def money(self, quote: Quote) -> tuple[Reason, object, object] | None:
        """The money limit that a quote's high breaks, if any."""
        most, room = self.policy.max_cost, self.facts.room
        try:
            if most is not None and (high := quote.in_currency(most.currency).high) > most:
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
        if room.available is not None and high > room.available:
            return "budget", f"{room.available} available of {room.limit} in {room.scope}", high
        return None


def _lines(resolution: str) -> int:
    """Where a resolution stands among the known ones; an unknown one below all."""
    return RESOLUTIONS.index(resolution) if resolution in RESOLUTIONS else -1


def _quality(one: Candidate) -> Decimal:
    """For ordering only: unknown is below everything known."""
    return Decimal(-1) if one.quality is None else one.quality


def named(one: Candidate | Rejection) -> str:
    settings = ", ".join(value for _, value in sorted(one.settings.items()))
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
