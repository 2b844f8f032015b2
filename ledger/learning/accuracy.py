"""How good quotes are: what was settled ÷ what was quoted, and the hold that would have sufficed. Exact fractions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..reconcile.values import Claimed

MINIMUM = 20
"""Below so many jobs no margin is suggested."""
_COVER = Fraction(99, 100)
_GRID = 1000


@dataclass(frozen=True, slots=True)
class Accuracy:
    """One offer under one choice of settings. Ratios are settled ÷ the quote's expected."""

    offer: str
    settings: Mapping[str, str]
    jobs: int
    p10: Fraction
    p50: Fraction
    p90: Fraction
    worst: Fraction
    """The highest."""
    over_high: int
    """So many cost more than the quote's `high`, which is what is held."""
    hold_margin: Fraction | None
    """On top of `high`, what would have covered 99 of 100 jobs, up to the next per mille; None: too few jobs."""


def accuracy(claims: Iterable[Claimed], *, minimum: int = MINIMUM) -> tuple[Accuracy, ...]:
    """Of attempts that were charged in full: what failed or was delivered in part says nothing about a quote."""
    groups = defaultdict[tuple[str, tuple[tuple[str, str], ...]], list[Claimed]](list)
    for claim in claims:
        whole = claim.delivered >= claim.outputs_asked > 0
        if claim.posted is not None and claim.posted.nanos > 0 and claim.quoted.expected.nanos > 0 and whole:
            groups[claim.offer, tuple(sorted(claim.settings.items()))].append(claim)
    return tuple(
        _accuracy(offer, dict(settings), group, minimum) for (offer, settings), group in sorted(groups.items())
    )


def quantile(ordered: Sequence[Fraction], at: Fraction) -> Fraction:
    """The nearest rank: the smallest value that at least this share of them does not exceed."""
    rank = -(-len(ordered) * at.numerator // at.denominator)
    return ordered[max(1, rank) - 1]


def _accuracy(offer: str, settings: Mapping[str, str], claims: Sequence[Claimed], minimum: int) -> Accuracy:
    ratios = sorted(Fraction(one.owed.nanos, one.quoted.expected.nanos) for one in claims)
    of_high = sorted(Fraction(one.owed.nanos, one.quoted.high.nanos) for one in claims)
    beyond = max(Fraction(0), quantile(of_high, _COVER) - 1)
    return Accuracy(
        offer,
        settings,
        len(claims),
        quantile(ratios, Fraction(1, 10)),
        quantile(ratios, Fraction(1, 2)),
        quantile(ratios, Fraction(9, 10)),
        ratios[-1],
        sum(ratio > 1 for ratio in of_high),
        Fraction(-(-beyond * _GRID // 1), _GRID) if len(claims) >= minimum else None,
    )
