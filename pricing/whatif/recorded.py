"""Past jobs as they were charged and quoted, and what they would cost under a book, or as another offer. No file.

Exact totals, read once, memory flat. Jobs that are sure to cost the same are priced once: where a price goes by started
seconds, those whose audio, and whose longest output, end within the same second. Held equal to plain quotes by a law.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from ..book import PriceBook
from ..errors import PricingError
from ..money import NANOS, Money, Span
from ..units import AUDIO, VIDEO
from .cells import LONGEST_TEXT, SCALE, Priced, Sum, View, Viewer, alone
from .jobs import Stated

_MOST_GROUPS = 20_000
_MOST_LENGTHS = 20_000
_MOST_LACKS = 1_000
_EXAMPLES = 5
Pairs = tuple[tuple[str, str], ...]


class Past(NamedTuple):
    """One job that was made."""

    where: str
    """Its id: named where it cannot be priced."""
    offer: str
    usage: "str | Stated"
    """Seconds of the input audio as text, or measures by name."""
    at: date
    settings: Pairs
    outputs: int
    paid: int
    """What it was charged, in nanos of `currency`."""
    quoted: int
    """What it was expected to cost."""
    currency: str
    """Of its budget."""
    instead: tuple[str, Pairs] | None = None
    """Another offer with settings, to price it as; None: its own."""


@dataclass(frozen=True, slots=True)
class PastTotal:
    """What jobs of one offer came to, and what they would."""

    offer: str
    instead: str
    """The offer they are priced as; their own where nothing else was asked."""
    jobs: int
    paid: Money
    quoted: Money
    """Then; both in the currency of their budgets."""
    cost: Span
    """In the currency of the offer they are priced as."""
    usd: Span | None
    """None: nothing says what its credits are worth."""

    def as_json(self) -> dict[str, object]:
        return {
            "offer": self.offer,
            "as": self.instead,
            "jobs": self.jobs,
            "actual": self.paid.as_json(),
            "quoted": self.quoted.as_json(),
            "hypothetical": self.cost.as_json(),
            "usd": None if self.usd is None else self.usd.as_json(),
        }


@dataclass(frozen=True, slots=True)
class PastUnpriced:
    """Jobs that have no price there; in no total."""

    offer: str
    instead: str
    code: str
    reason: str
    """Of the first of them."""
    jobs: int
    where: tuple[str, ...]
    """The first of them."""
    paid: Money
    quoted: Money

    def as_json(self) -> dict[str, object]:
        return {
            "offer": self.offer,
            "as": self.instead,
            "code": self.code,
            "reason": self.reason,
            "jobs": self.jobs,
            "where": list(self.where),
            "actual": self.paid.as_json(),
            "quoted": self.quoted.as_json(),
        }


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Past jobs, and what they would cost. Every job is in `totals` or in `unpriced`, once."""

    totals: tuple[PastTotal, ...]
    unpriced: tuple[PastUnpriced, ...]
    jobs: int

    @property
    def compared(self) -> tuple[PastTotal, ...]:
        """The totals that can be compared: charged to dollars, and with a value in dollars."""
        return tuple(one for one in self.totals if one.usd is not None and one.paid.currency == "USD")

    @property
    def uncompared(self) -> tuple[PastTotal, ...]:
        """The others."""
        return tuple(one for one in self.totals if one.usd is None or one.paid.currency != "USD")

    @property
    def paid(self) -> Money:
        """Of those that are compared, as the next two."""
        return sum((one.paid for one in self.compared), Money.zero("USD"))

    @property
    def quoted(self) -> Money:
        return sum((one.quoted for one in self.compared), Money.zero("USD"))

    @property
    def usd(self) -> Span:
        """What they would cost."""
        nothing = Span(Money.zero("USD"), Money.zero("USD"), Money.zero("USD"))
        return sum((one.usd for one in self.compared if one.usd is not None), nothing)

    @property
    def difference(self) -> Money:
        """What they would cost, less what they did."""
        return self.usd.expected - self.paid

    def scaled(self, by: Mapping[str, Fraction]) -> "WhatIf":
        """The same where all that an offer, or a provider, sells costs so many times as much; rounded once a total."""

        def times(one: PastTotal) -> PastTotal:
            factor = Fraction(1)
            for name, each in by.items():
                if one.instead == name or one.instead.startswith(f"{name}/"):
                    factor *= each
            if factor == 1:
                return one
            return replace(one, cost=_times(one.cost, factor), usd=None if one.usd is None else _times(one.usd, factor))

        return replace(self, totals=tuple(times(one) for one in self.totals))

    def as_json(self) -> dict[str, object]:
        return {
            "jobs": self.jobs,
            "compared": sum(one.jobs for one in self.compared),
            "actual": self.paid.as_json(),
            "quoted": self.quoted.as_json(),
            "hypothetical": self.usd.as_json(),
            "difference": self.difference.as_json(),
            "offers": [one.as_json() for one in self.totals],
            "unpriced": [one.as_json() for one in self.unpriced],
        }


def whatif(book: PriceBook, jobs: Iterable[Past], *, at: date | None = None) -> WhatIf:
    """Price every job in this book, each on its own day; `at` is the day for all of them instead.

    Raises only for what is no job at all (a TypeError, or amounts beyond what can be kept).
    """
    run = _Run(book, at)
    groups = run.groups
    for past in jobs:
        where, offer, usage, day, settings, outputs, paid, quoted, currency, instead = past
        group = groups.get((offer, instead, settings, day, outputs, currency))
        if group is None:
            group = run.group(past)
        slack = group.slack
        if slack is not None and type(usage) is str:
            dot = usage.find(".")
            places = len(usage) - dot - 1 if dot >= 0 else 0
            digits = usage.replace(".", "", 1)
            if places < 4 and len(usage) <= LONGEST_TEXT and digits.isascii() and digits.isdigit():
                length = int(digits) * SCALE[places]
                key = -(-length // 1000), -(-(length + slack) // 1000)
                cell = group.seconds.get(key)
                if cell is None:
                    cell = group.seconds[key] = _Cell(where, ((AUDIO, usage),))
                cell.count += 1
                cell.paid += paid
                cell.quoted += quoted
                continue
        cell = group.others.get(usage)
        if cell is None:
            stated = ((AUDIO, usage),) if isinstance(usage, str) else usage
            cell = group.others[usage] = _Cell(where, stated)
            if len(group.others) > _MOST_LENGTHS:
                run.settle(group)
                cell = group.others[usage] = _Cell(where, stated)
        cell.count += 1
        cell.paid += paid
        cell.quoted += quoted
    return run.result()


@dataclass(slots=True)
class _Cell:
    """Jobs that are priced together, and what they were charged and quoted."""

    where: str
    """The first of them."""
    usage: Stated
    count: int = 0
    paid: int = 0
    quoted: int = 0


@dataclass(slots=True)
class _Group:
    """Jobs of one offer, priced as one, on days when the same prices held."""

    offer: str
    instead: str
    outputs: int
    currency: str
    view: View
    slack: int | None
    """By how much, in milliseconds, what is billed may exceed the audio; None: each length has its own price."""
    seconds: dict[tuple[int, int], _Cell] = field(default_factory=dict[tuple[int, int], _Cell])
    others: "dict[str | Stated, _Cell]" = field(default_factory=dict[str | Stated, _Cell])


@dataclass(slots=True)
class _Total:
    cost: Sum
    usd: Sum = field(default_factory=lambda: Sum("USD"))
    jobs: int = 0
    paid: int = 0
    quoted: int = 0
    valued: bool = True


@dataclass(slots=True)
class _Lack:
    reason: str
    where: list[str] = field(default_factory=list[str])
    jobs: int = 0
    paid: int = 0
    quoted: int = 0


class _Run:
    """One what-if."""

    def __init__(self, book: PriceBook, at: date | None) -> None:
        self.viewer, self.at = Viewer(book), at
        self.groups: dict[tuple[object, ...], _Group] = {}
        self.distinct: dict[tuple[object, ...], list[_Group]] = {}
        self.totals: dict[tuple[str, str, str, str], _Total] = {}
        self.lacks: dict[tuple[str, str, str, str], _Lack] = {}
        self.jobs = 0

    def group(self, past: Past) -> _Group:
        """The group of a job seen for the first time; a day with the same prices joins an earlier one."""
        if len(self.groups) >= _MOST_GROUPS:
            self.settle_all()
        offer, settings = (past.offer, past.settings) if past.instead is None else past.instead
        view = self.viewer.view(offer, settings, past.at if self.at is None else self.at)
        alike = self.distinct.setdefault((past.offer, past.instead, past.settings, past.outputs, past.currency), [])
        found = next((one for one in alike if one.view.same(view)), None)
        if found is None:
            found = _Group(past.offer, offer, past.outputs, past.currency, view, _slack(view))
            alike.append(found)
        self.groups[past.offer, past.instead, past.settings, past.at, past.outputs, past.currency] = found
        return found

    def settle_all(self) -> None:
        for groups in self.distinct.values():
            for group in groups:
                self.settle(group)
        self.groups.clear()
        self.distinct.clear()

    def settle(self, group: _Group) -> None:
        """Price what a group has gathered, and forget it."""
        for cells in (group.seconds, group.others):
            for cell in cells.values():
                if cell.count:
                    self.add(group, cell, alone(group.view, group.outputs, cell.usage, cell.count))
        group.seconds.clear()
        group.others.clear()

    def add(self, group: _Group, cell: _Cell, found: Priced) -> None:
        self.jobs += cell.count
        if isinstance(found, PricingError):
            place = group.offer, group.instead, found.code, group.currency
            if place not in self.lacks and len(self.lacks) >= _MOST_LACKS:
                place = "(others)", "(others)", "several", group.currency
            lack = self.lacks.setdefault(place, _Lack(str(found)))
            if len(lack.where) < _EXAMPLES:
                lack.where.append(cell.where)
            into: _Lack | _Total = lack
        else:
            quote = found[0][0]
            key = group.offer, group.instead, group.currency, quote.currency
            total = self.totals.get(key) or self.totals.setdefault(key, _Total(Sum(quote.currency)))
            total.cost.add((one.cost, times) for one, times in found)
            if quote.dollars is None:
                total.valued = False
            else:
                total.usd.add((one.usd, times) for one, times in found)
            into = total
        into.jobs += cell.count
        into.paid += cell.paid
        into.quoted += cell.quoted

    def result(self) -> WhatIf:
        self.settle_all()
        totals = tuple(
            PastTotal(
                offer, instead, one.jobs, Money(one.paid, currency), Money(one.quoted, currency), one.cost.span,
                one.usd.span if one.valued else None,
            )
            for (offer, instead, currency, _), one in sorted(self.totals.items())
        )  # fmt: skip
        unpriced = tuple(
            PastUnpriced(
                offer, instead, code, one.reason, one.jobs, tuple(one.where), Money(one.paid, currency),
                Money(one.quoted, currency),
            )
            for (offer, instead, code, currency), one in sorted(self.lacks.items())
        )  # fmt: skip
        return WhatIf(totals, unpriced, self.jobs)


def _slack(view: View) -> int | None:
    """Where started seconds decide, by how many milliseconds the billed length may exceed the audio's; else None."""
    selection = view.selection
    if selection is None or view.even != "steady":
        return None
    offer = selection.offer
    if offer.measure == AUDIO:
        return 0
    slack = Fraction(offer.slack_seconds) * 1000
    fed = offer.measure == VIDEO and offer.audio_driven
    return int(slack) if fed and slack.denominator == 1 and slack >= 0 else None


def _times(span: Span, factor: Fraction) -> Span:
    low, expected, high = (Fraction(one.nanos, NANOS) * factor for one in (span.low, span.expected, span.high))
    currency = span.expected.currency
    return Span(
        Money.rounded(low, currency, "floor"),
        Money.rounded(expected, currency, "half-even"),
        Money.rounded(high, currency, "ceil"),
    )
