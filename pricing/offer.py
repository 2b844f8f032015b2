"""What a provider sells, as everyone else sees it: settings, measure, limits. Never a price: that is the book's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Setting:
    """One choice an offer leaves open, or the only value it has."""

    values: tuple[str, ...]
    default: str

    def __post_init__(self) -> None:
        if self.default not in self.values:
            raise ValueError(f"the default {self.default!r} is not one of {', '.join(self.values)}")


@dataclass(frozen=True, slots=True)
class Offer:
    """Something sold, id `<provider>/<the provider's own id>`."""

    id: str
    provider: str
    name: str
    currency: str
    measure: str
    """What is metered: "input_audio_seconds" or "output_video_seconds"."""
    settings: Mapping[str, Setting]
    max_seconds: Decimal | None
    """The longest `measure` the provider takes; None: no limit is published."""
    max_outputs: int
    slack_seconds: Decimal
    """How much longer the output may be than the audio it was made from (inferred from real bills)."""
    audio_driven: bool
    """Whether the job is made from an audio file; a template is not."""
    choices: tuple[Mapping[str, str], ...] = field(init=False, repr=False, compare=False)
    """Every combination of the settings' values."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", MappingProxyType(dict(self.settings)))
        combinations = product(*(setting.values for setting in self.settings.values()))
        choices = tuple(MappingProxyType(dict(zip(self.settings, values, strict=True))) for values in combinations)
        object.__setattr__(self, "choices", choices)
