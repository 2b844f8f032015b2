"""Where a number comes from. Data only: nothing here opens an address."""

from dataclasses import dataclass
from typing import Literal

Evidence = Literal["published", "measured", "third-party", "inferred"]


@dataclass(frozen=True, slots=True)
class Source:
    """One place that states a price, and for which dates. Dates are text: "2026-05-14", "2026-05" or "unknown"."""

    url: str
    evidence: Evidence
    checked_on: str
    effective_from: str = "unknown"
    effective_until: str | None = None
    """The last day (or month) of the price as the card states it; None: still in force when checked."""

    def as_json(self) -> dict[str, object]:
        return {
            "url": self.url,
            "evidence": self.evidence,
            "checked_on": self.checked_on,
            "effective_from": self.effective_from,
            "effective_until": self.effective_until,
        }

    def __str__(self) -> str:
        since = "since when is unknown" if self.effective_from == "unknown" else f"from {self.effective_from}"
        until = f" until {self.effective_until}" if self.effective_until else ""
        return f"{self.url} ({self.evidence}, checked {self.checked_on}, {since}{until})"
