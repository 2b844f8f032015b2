"""When a charge should be known, for each source of bills. Data with its evidence; reads no clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from ..statement.lines import Source


@dataclass(frozen=True, slots=True)
class Expectations:
    """When a source should have a charge: before that a gap is pending, after it a break."""

    lags: Mapping[str, timedelta]
    """By source, after the job ended. A source that is not in it: the fifth of the next month."""
    sources: Mapping[str, Source]
    """Which source a provider's jobs are expected in."""

    def lag(self, source: str) -> timedelta:
        return self.lags.get(source, timedelta(days=2))

    def by(self, source: str, ended: datetime) -> datetime:
        if source in self.lags:
            return ended + self.lags[source]
        year, month = (ended.year + 1, 1) if ended.month == 12 else (ended.year, ended.month + 1)
        return ended.replace(year=year, month=month, day=5, hour=0, minute=0, second=0, microsecond=0)

    def source_of(self, provider: str) -> Source:
        return self.sources.get(provider, "csv")


EXPECTED = Expectations(
    lags=MappingProxyType(
        {
            # third parties see them after 2 to 77 s; "eventually consistent"
            "fal-billing-events": timedelta(hours=1),
            # aggregated by day and time zone: the day has to end first
            "fal-usage": timedelta(days=2),
            "runware-usage": timedelta(days=2),
            # `credits_used` stands on the job when it is done
            "creatify-jobs": timedelta(hours=1),
        }
    ),
    sources=MappingProxyType({"fal": "fal-billing-events", "runware": "runware-usage", "creatify": "creatify-jobs"}),
)
