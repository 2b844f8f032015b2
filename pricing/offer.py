"""What a provider sells, as everyone else sees it: settings, measure, limits. Never a price: that is the book's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from types import MappingProxyType
from typing import Literal

from .evaluate.expression import EXACT, Expression


@dataclass(frozen=True, slots=True)
class Setting:
    """One choice an offer leaves open, or the only value it has."""

    values: tuple[str, ...]
    default: str
    aliases: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    """Other spellings that the provider itself documents."""

    def __post_init__(self) -> None:
        if self.default not in self.values:
            raise ValueError(f"the default {self.default!r} is not one of {', '.join(self.values)}")
        object.__setattr__(self, "aliases", MappingProxyType(dict(self.aliases)))


@dataclass(frozen=True, slots=True)
class Limit:
    """How little and how much of a measure is taken, for some settings (empty: for all)."""

    measure: str
    least: Decimal | None
    most: Decimal | None
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]], hash=False)

    def applies(self, settings: Mapping[str, str]) -> bool:
        return all(settings[name] in values for name, values in self.when.items())


@dataclass(frozen=True, slots=True)
class Duration:
    """Which lengths are sold: `values`, or every `step` from `least` to `most` (each None: open)."""

    measure: str
    values: tuple[Decimal, ...]
    least: Decimal | None
    most: Decimal | None
    step: Decimal | None

    def sells(self, length: Decimal) -> bool:
        if self.values:
            return length in self.values
        if (self.least is not None and length < self.least) or (self.most is not None and length > self.most):
            return False
        if self.step is None:
            return True
        return not EXACT.remainder(EXACT.subtract(length, self.least or Decimal(0)), self.step)

    def __str__(self) -> str:
        if self.values:
            return ", ".join(f"{value:f}" for value in self.values)
        least = "any" if self.least is None else f"{self.least:f}"
        most = "any" if self.most is None else f"{self.most:f}"
        return f"{least} to {most}" + ("" if self.step is None else f" in steps of {self.step:f}")


@dataclass(frozen=True, slots=True)
class Settlement:
    """How the actual cost becomes known, and what a failure costs: shown, never computed with."""

    actual: Literal["header-units", "inline", "billing-event", "usage", "none"]
    failure: Literal["free", "charged", "per-class", "unknown"]
    quote: Literal["exact", "estimate", "bound", "unquotable"]
    hold: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Derived:
    """A measure worked out from others."""

    name: str
    expression: Expression
    unit: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Something sold, id `<provider>/<the provider's own id>`."""

    id: str
    provider: str
    name: str
    currency: str
    measure: str
    """What is metered: "input_audio_seconds", "output_video_seconds", or another of `units.MEASURES`."""
    settings: Mapping[str, Setting]
    max_seconds: Decimal | None
    """The most of `measure` the provider takes whatever the settings; None: no such limit is published."""
    max_outputs: int
    slack_seconds: Decimal
    """How much longer the output may be than the audio it was made from (inferred from real bills)."""
    audio_driven: bool
    """Whether the job is made from an audio file; a template is not."""
    door: str | None = None
    limits: tuple[Limit, ...] = ()
    duration: Duration | None = None
    defaults: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal], hash=False)
    """What a measure is when a job does not state it."""
    derived: tuple[Derived, ...] = ()
    settlement: Settlement | None = None
    unsold: tuple[Mapping[str, tuple[str, ...]], ...] = field(default=(), hash=False)
    """Combinations of settings that the provider does not sell."""
    choices: tuple[Mapping[str, str], ...] = field(init=False, repr=False, compare=False)
    """Every combination of the settings' values that is sold."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", MappingProxyType(dict(self.settings)))
        object.__setattr__(self, "defaults", MappingProxyType(dict(self.defaults)))
        combinations = product(*(setting.values for setting in self.settings.values()))
        choices = (MappingProxyType(dict(zip(self.settings, values, strict=True))) for values in combinations)
        object.__setattr__(self, "choices", tuple(choice for choice in choices if self.sells(choice)))

    def sells(self, settings: Mapping[str, str]) -> bool:
        """Whether this combination, each value of which is legal, is sold."""
        return not any(all(settings[name] in values for name, values in hole.items()) for hole in self.unsold)
