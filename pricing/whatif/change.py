"""One difference between two price books, and how it reads. Finds none itself, and computes no price."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from .facets import Settings, settings_json, settings_text

What = Literal[
    "offer", "row", "price", "rounding", "limit", "setting", "terms", "assumption", "source", "plan", "discount"
]
Verb = Literal["added", "removed", "ended", "changed"]
_SIGNS: Mapping[Verb, str] = {"added": "+", "removed": "-", "ended": "-", "changed": "~"}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two books; `str(change)` is its one line."""

    what: What
    verb: Verb
    subject: str
    """The id of the offer, of the plan (provider/plan), or of the discount."""
    settings: Settings
    """The choices that it is about; empty: all."""
    key: str
    """Which thing: "price", "rounding", "max_outputs"."""
    before: str | None
    after: str | None
    row: str | None = None
    """The id of the row, where it is about one."""
    since: str | None = None
    """From when the row is in force: a day, a month, or "unknown"."""
    ratio: Fraction | None = None
    """after ÷ before, exact; None: the two cannot be set against each other."""

    @property
    def percent(self) -> Decimal | None:
        """By how much it rose (negative: fell), to four decimals, half up."""
        if self.ratio is None:
            return None
        hundred = (self.ratio - 1) * 100
        scaled = abs(hundred) * 10_000
        whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
        return Decimal(whole if hundred >= 0 else -whole).scaleb(-4)

    @property
    def subject_text(self) -> str:
        """The subject with its settings."""
        inside = settings_text(self.settings)
        return f"{self.subject} ({inside})" if inside else self.subject

    @property
    def word(self) -> str:
        """What it is, said once: "price", "entry price at …", "limit max_outputs"."""
        if self.key and self.what in (self.key, "price", "rounding"):
            return self.key  # it says so itself
        return f"{self.what} {self.key}".strip()

    @property
    def risen_text(self) -> str:
        """By how much it rose or fell, for reading: "+40 %"; empty where the two cannot be set against each other."""
        return "" if self.ratio is None else percent_text(self.ratio)

    @property
    def change_text(self) -> str:
        """What became of it: "0.10 USD per s → 0.14 USD per s (+40 %)"."""
        if self.before is not None and self.after is not None:
            risen = f" ({self.risen_text})" if self.risen_text else ""
            return f"{self.before} → {self.after}{risen}"
        return self.after or self.before or ""

    def as_json(self) -> dict[str, object]:
        percent = self.percent
        return {
            "what": self.what,
            "verb": self.verb,
            "subject": self.subject,
            "settings": settings_json(self.settings),
            "key": self.key,
            "before": self.before,
            "after": self.after,
            "percent": None if percent is None else plain_text(percent),
            "row": self.row,
            "since": self.since,
        }

    def __str__(self) -> str:
        verb = "" if self.verb == "changed" and self.before is not None else f" {self.verb}"
        said = f": {self.change_text}" if self.change_text else ""
        since = f", from {self.since}" if self.since not in (None, "unknown") else ""
        row = f" [{self.row}]" if self.row is not None else ""
        return f"{_SIGNS[self.verb]} {self.subject_text}: {self.word}{verb}{said}{since}{row}"


def percent_text(ratio: Fraction) -> str:
    """+14.3 %, −50 %, to one decimal; a rise too small for it keeps its sign."""
    tenths = abs(ratio - 1) * 1000
    whole = (2 * tenths.numerator + tenths.denominator) // (2 * tenths.denominator)
    sign = "+" if ratio > 1 else "−" if ratio < 1 else "±"
    if not whole and ratio != 1:
        return f"{sign}<0.1 %"
    return f"{sign}{plain_text(Decimal(whole).scaleb(-1))} %"


def plain_text(value: Decimal) -> str:
    """Without exponent and without trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
