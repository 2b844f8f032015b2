"""What offers do, look like and take: kinds, quality tiers and latency priors as data. Knows no prices."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Kind = Literal["avatar", "template"]
Positive = Annotated[Decimal, Field(gt=0)]


class Tier(BaseModel):
    """A class of output: its assumed quality (None: unknown) and its latency prior in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    quality: Annotated[Decimal, Field(ge=0, le=1)] | None = None
    p50_s: Positive
    p90_s: Positive
    p50_per_second: Positive
    p90_per_second: Positive


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    kind: Kind
    tier: str
    tier_by_resolution: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profile:
    """One offer: what it makes and which tier each of its settings belongs to."""

    offer: str
    kind: Kind
    tier: Tier
    by_resolution: Mapping[str, Tier]

    def at(self, settings: Mapping[str, str]) -> Tier:
        """The tier of this offer with these settings."""
        return self.by_resolution.get(settings.get("resolution", ""), self.tier)


def latency_s(tier: Tier, seconds: Decimal, confidence: Decimal) -> Decimal:
    """The prior's quantile for a clip of `seconds`: p50 up to confidence 0.5, p90 at 0.9, linear between and beyond."""
    p50 = max(tier.p50_s, tier.p50_per_second * seconds)
    p90 = max(tier.p90_s, tier.p90_per_second * seconds)
    steps = max(Decimal(0), (confidence - Decimal("0.5")) / Decimal("0.4"))
    return p50 + (p90 - p50) * steps


@cache
def shipped_profiles() -> Mapping[str, Profile]:
    """The profiles in offers.toml, by offer id."""
    data = tomllib.loads((files(str(__package__)) / "offers.toml").read_text("utf-8"), parse_float=Decimal)
    tiers = TypeAdapter(dict[str, Tier]).validate_python(data["tier"])
    rows = TypeAdapter(list[_Row]).validate_python(data["offer"])
    return MappingProxyType(
        {
            row.id: Profile(
                row.id,
                row.kind,
                tiers[row.tier],
                MappingProxyType({name: tiers[tier] for name, tier in row.tier_by_resolution.items()}),
            )
            for row in rows
        }
    )
