"""Dates of prices: a day, a whole month when the day is not published, or "unknown". UTC; never reads a clock."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

UNKNOWN = "unknown"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Moment:
    """A day somewhere in `first` … `last`: the same day twice, or the borders of a month."""

    text: str
    first: date
    last: date

    @classmethod
    def parse(cls, text: str) -> "Moment":
        """Read "2026-05-14" or "2026-05". Raises ValueError."""
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            return cls(text, day, day)
        if month := _MONTH.fullmatch(text):
            year, number = int(month[1]), int(month[2])
            first = date(year, number, 1)
            return cls(text, first, date(year, number, monthrange(year, number)[1]))
        raise ValueError(f"{text[:40]!r} is neither a day (2026-05-14) nor a month (2026-05)")

    @property
    def is_month(self) -> bool:
        return self.first != self.last
