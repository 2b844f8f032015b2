"""In which order candidates stand, and which of them no other beats. Pure; knows no limits."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Protocol, TypeVar

from pricing import Quote

from .policy import Policy, exact

_UNKNOWN = Decimal(1)
"""The loss of an unknown quality: above that of everything known."""


class Ranked(Protocol):
    """A candidate, as far as its place depends on it."""

    @property
    def offer(self) -> str: ...
    @property
    def settings(self) -> Mapping[str, str]: ...
    @property
    def quote(self) -> Quote: ...
    @property
    def latency_s(self) -> Decimal: ...
    @property
    def quality(self) -> Decimal | None: ...
    @property
    def not_ready(self) -> str | None: ...
    @property
    def expiring(self) -> object | None: ...


T = TypeVar("T", bound=Ranked)
Point = tuple[int, Decimal, Decimal]
"""Expected cost in nanos of USD, latency in seconds, loss (less quality is more): on each the smaller is the better."""


def placed(pool: Sequence[T], policy: Policy) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """All by the objective, and the Pareto front in the order given."""
    points = [_point(one) for one in pool]
    return tuple([pool[place] for place in _ranked(pool, points, policy)]), tuple([pool[at] for at in _front(points)])


def _ranked(pool: Sequence[Ranked], points: Sequence[Point], policy: Policy) -> list[int]:
    """By the objective, those that credits about to expire pay for first; no two candidates share a key.

    Ties fall by the expected cost, its high, latency, quality, readiness, then name.
    """
    keyed = [
        (
            (one.expiring is None, head, cost, one.quote.usd.high.nanos, latency, loss, one.not_ready is not None),
            one.offer,
            tuple(one.settings.items()) if len(one.settings) < 2 else tuple(sorted(one.settings.items())),
            place,
        )
        for place, (one, head, (cost, latency, loss)) in enumerate(
            zip(pool, _first(points, policy), points, strict=True)
        )
    ]
    keyed.sort()
    return [one[3] for one in keyed]


def _front(points: Sequence[Point]) -> list[int]:
    """Those that no other beats on cost, latency or quality without losing on another; unknown quality is lowest."""
    kept: list[int] = []
    latencies: list[Decimal] = []  # of the points so far: rising, and
    losses: list[Decimal] = []  # the least loss at so little latency: falling
    last: Point | None = None
    stands = False
    for place in sorted(range(len(points)), key=points.__getitem__):
        point = points[place]
        if point != last:  # equals share their fate
            last = point
            _, latency, loss = point
            before = bisect_right(latencies, latency) - 1
            stands = before < 0 or losses[before] > loss
            if stands:
                at = end = bisect_left(latencies, latency)
                while end < len(losses) and losses[end] >= loss:
                    end += 1
                latencies[at:end], losses[at:end] = [latency], [loss]
        if stands:
            kept.append(place)
    kept.sort()
    return kept


def _point(one: Ranked) -> Point:
    quality = one.quality
    return one.quote.usd.expected.nanos, one.latency_s, _UNKNOWN if quality is None else -quality


def _first(points: Sequence[Point], policy: Policy) -> Sequence[int | Decimal | Fraction]:
    """What the objective looks at before anything else."""
    match policy.objective:
        case "cheapest":
            return [cost for cost, _, _ in points]
        case "fastest":
            return [latency for _, latency, _ in points]
        case "best":
            return [loss for _, _, loss in points]
        case "balanced":
            return _balanced(points, policy)


def _balanced(points: Sequence[Point], policy: Policy) -> list[Fraction]:
    """Weighted distance from the best of the pool on each axis, each scaled to 0-1; unknown quality counts as 0."""
    axes = [
        [Fraction(cost) for cost, _, _ in points],
        [Fraction(latency) for _, latency, _ in points],
        [Fraction(min(loss, Decimal(0))) for _, _, loss in points],
    ]
    weights = [Fraction(exact(weight)) for weight in policy.weights]
    totals = [Fraction(0)] * len(points)
    for axis, weight in zip(axes, weights, strict=True):
        low = min(axis, default=Fraction(0))
        spread = max(axis, default=Fraction(0)) - low
        if spread and weight:
            totals = [total + weight * (value - low) / spread for total, value in zip(totals, axis, strict=True)]
    return totals
