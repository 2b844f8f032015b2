"""How good an offer's clips are, 0 to 1: the user's own score, else what people rated, else the assumed tier. Pure.

Ratings are drawn towards the tier as if it were five of them; a tier of unknown quality is none, and three ratings are
needed before anything is known of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

from .offers import Tier

Source = Literal["yours", "rated", "assumed", "unknown"]
TIER_WEIGHT = 5
"""What an assumed tier counts as, in ratings."""
LEAST = 3
"""Ratings before anything is known of an offer without a tier's quality."""
_STEP = Decimal("0.001")


class Rated(Protocol):
    """What people said of an offer with its settings."""

    @property
    def offer(self) -> str: ...
    @property
    def settings(self) -> Mapping[str, str]: ...
    @property
    def count(self) -> int: ...
    @property
    def total(self) -> Decimal: ...  # the sum of the scores, 0 to 1 each


@dataclass(frozen=True, slots=True)
class Grade:
    """A quality (None: unknown), where it is from, and how many ratings it rests on."""

    quality: Decimal | None
    source: Source
    ratings: int = 0


class Ratings:
    """What was rated, by offer and settings."""

    def __init__(self, rated: Iterable[Rated]) -> None:
        self._rated: dict[str, list[Rated]] = {}
        for one in rated:
            if one.count > 0:
                self._rated.setdefault(one.offer, []).append(one)

    def grade(self, offer: str, settings: Mapping[str, str], tier: Tier) -> Grade | None:
        """None: too few ratings to say more than the tier does."""
        for one in self._rated.get(offer, ()):
            if one.settings == settings:
                return _drawn(one, tier)
        return None


def assumed(tier: Tier) -> Grade:
    """What is assumed while nobody rated anything."""
    return Grade(tier.quality, "unknown" if tier.quality is None else "assumed")


def _drawn(one: Rated, tier: Tier) -> Grade | None:
    if tier.quality is None:
        if one.count < LEAST:
            return None
        mean = one.total / one.count
    else:
        mean = (one.total + tier.quality * TIER_WEIGHT) / (one.count + TIER_WEIGHT)
    return Grade(mean.quantize(_STEP), "rated", one.count)
