"""What jobs cost under one price book, and would cost under another: exact totals, read once, memory flat. No file.

Jobs that are sure to cost the same are priced once. `_Cells` knows when every length within one started second costs
the same, or rises evenly; everything else is priced length by length. Held equal to plain quotes by a law.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ..book import PriceBook
from ..errors import PricingError
from ..money import Money, Span
from ..usage import Usage
from .cells import LONGEST_TEXT, SCALE, Priced, Sum, View, Viewer, alone
from .jobs import Job, Replay, Side, Stated, Total, Unpriced

_MOST_GROUPS = 20_000
_MOST_LENGTHS = 20_000
_MOST_LACKS = 1_000
_EXAMPLES = 5


def replay(old: PriceBook, new: PriceBook, jobs: Iterable[Job], *, new_at: date | None = None) -> Replay:
    """Price every job in both books, each on its own day; `new_at` is the day for the new book instead.

    Raises only for what is no job at all (a TypeError, or amounts beyond what can be kept).
    """
    run = _Run(old, new, new_at)
    groups = run.groups
    for job in jobs:
        where, offer, usage, at, settings, outputs, times = job
        group = groups.get((offer, settings, at, outputs))
        if group is None:
            group = run.group(offer, settings, at, outputs)
        if group.even and type(usage) is str:
            dot = usage.find(".")
            places = len(usage) - dot - 1 if dot >= 0 else 0
            digits = usage.replace(".", "", 1)
            if places < 4 and len(usage) <= LONGEST_TEXT and digits.isascii() and digits.isdigit():
                length = int(digits) * SCALE[places]
                cell = group.seconds.get(-(-length // 1000))
                if cell is None:
                    cell = group.seconds[-(-length // 1000)] = _Cell(where, usage)
                cell.count += times
                cell.length += times * length
                continue
        group.note(where, usage, times)
        if len(group.others) > _MOST_LENGTHS:
            run.settle(group)
    return run.result()


@dataclass(slots=True)
class _Cell:
    """Jobs that are priced together."""

    where: str | int
    """The first of them."""
    usage: "str | Stated | Usage"
    count: int = 0
    length: int = 0
    """Of all of them together, in milliseconds."""


@dataclass(slots=True)
class _Group:
    """Jobs of one offer with the same settings and outputs, on days when the same prices held."""

    offer: str
    outputs: int
    old: View
    new: View
    even: bool
    seconds: dict[int, _Cell] = field(default_factory=dict[int, _Cell])
    """By started seconds."""
    others: "dict[object, _Cell]" = field(default_factory=dict[object, _Cell])
    """By what they state."""

    def note(self, where: str | int, usage: "str | Stated | Usage", count: int) -> None:
        key = tuple(usage.items()) if isinstance(usage, Usage) else usage
        cell = self.others.get(key)
        if cell is None:
            cell = self.others[key] = _Cell(where, usage)
        cell.count += count


@dataclass(slots=True)
class _OfferSum:
    jobs: int
    sums: tuple[Sum, Sum]
    dollars: tuple[Sum, Sum]
    valued: bool = True


@dataclass(slots=True)
class _Lack:
    reason: str
    where: list[str | int]
    jobs: int = 0
    others: dict[str, Sum] = field(default_factory=dict[str, Sum])


class _Run:
    """One replay."""

    def __init__(self, old: PriceBook, new: PriceBook, new_at: date | None) -> None:
        self.old, self.new, self.new_at = Viewer(old), Viewer(new), new_at
        self.groups: dict[tuple[object, ...], _Group] = {}
        self.distinct: dict[tuple[object, ...], list[_Group]] = {}
        self.sums: dict[tuple[str, str, str], _OfferSum] = {}
        self.lacks: dict[tuple[str, Side, str], _Lack] = {}
        self.jobs = 0

    def group(self, offer: str, settings: tuple[tuple[str, str], ...], at: date, outputs: int) -> _Group:
        """The group of a job seen for the first time; a day with the same prices joins an earlier one."""
        if len(self.groups) >= _MOST_GROUPS:
            self.settle_all()
        old = self.old.view(offer, settings, at)
        new = self.new.view(offer, settings, at if self.new_at is None else self.new_at)
        alike = self.distinct.setdefault((offer, settings, outputs), [])
        found = next((one for one in alike if one.old.same(old) and one.new.same(new)), None)
        if found is None:
            found = _Group(offer, outputs, old, new, old.even != "no" and new.even != "no")
            alike.append(found)
        self.groups[offer, settings, at, outputs] = found
        return found

    def settle_all(self) -> None:
        for groups in self.distinct.values():
            for group in groups:
                self.settle(group)
        self.groups.clear()
        self.distinct.clear()

    def settle(self, group: _Group) -> None:
        """Price what a group has gathered, and forget it."""
        for second, cell in group.seconds.items():
            old, new = (_within(side, group.outputs, second, cell) for side in (group.old, group.new))
            self.add(group.offer, cell, old, new)
        for cell in group.others.values():
            old, new = (alone(side, group.outputs, cell.usage, cell.count) for side in (group.old, group.new))
            self.add(group.offer, cell, old, new)
        group.seconds.clear()
        group.others.clear()

    def add(self, offer: str, cell: _Cell, old: "Priced", new: "Priced") -> None:
        self.jobs += cell.count
        if isinstance(old, PricingError):
            self.lacking(offer, cell, "both" if isinstance(new, PricingError) else "old", old, new)
            return
        if isinstance(new, PricingError):
            self.lacking(offer, cell, "new", new, old)
            return
        key = offer, old[0][0].currency, new[0][0].currency
        one = self.sums.get(key)
        if one is None:
            sums = Sum(key[1]), Sum(key[2])
            one = self.sums[key] = _OfferSum(0, sums, (Sum("USD"), Sum("USD")))
        one.jobs += cell.count
        for place, quotes in enumerate((old, new)):
            one.sums[place].add((quote.cost, times) for quote, times in quotes)
            if quotes[0][0].dollars is None:
                one.valued = False
            else:
                one.dollars[place].add((quote.usd, times) for quote, times in quotes)

    def lacking(self, offer: str, cell: _Cell, side: Side, error: PricingError, other: "Priced") -> None:
        key = offer, side, error.code
        if key not in self.lacks and len(self.lacks) >= _MOST_LACKS:
            key = "(others)", side, "several"
        lack = self.lacks.setdefault(key, _Lack(str(error), []))
        lack.jobs += cell.count
        if len(lack.where) < _EXAMPLES:
            lack.where.append(cell.where)
        if not isinstance(other, PricingError):
            for quote, times in other:
                lack.others.setdefault(quote.currency, Sum(quote.currency)).add(((quote.cost, times),))

    def result(self) -> Replay:
        self.settle_all()
        sums = sorted(self.sums.items())
        totals = tuple(
            Total(
                offer,
                one.jobs,
                one.sums[0].span,
                one.sums[1].span,
                one.dollars[0].span if one.valued else None,
                one.dollars[1].span if one.valued else None,
            )
            for (offer, _, _), one in sums
        )
        nothing = Span(Money.zero("USD"), Money.zero("USD"), Money.zero("USD"))
        return Replay(
            totals=totals,
            total_old=sum((one.old_usd for one in totals if one.old_usd is not None), nothing),
            total_new=sum((one.new_usd for one in totals if one.new_usd is not None), nothing),
            unvalued=tuple(one.offer for one in totals if one.old_usd is None),
            unpriced=tuple(
                Unpriced(
                    offer, side, code, lack.reason, lack.jobs, tuple(lack.where),
                    tuple(one.span for one in lack.others.values()),
                )
                for (offer, side, code), lack in sorted(self.lacks.items())
            ),
            jobs=self.jobs,
        )  # fmt: skip


def _within(side: View, outputs: int, second: int, cell: _Cell) -> Priced:
    """Jobs within one started second. Where the price rises evenly, two quotes on the grid give the sum of them all."""
    found = alone(side, outputs, cell.usage, cell.count)
    if isinstance(found, PricingError) or side.even != "rising" or side.selection is None:
        return found
    short = cell.count * second * 1000 - cell.length
    whole = side.selection.quote(Usage.billed(second), outputs)
    below = side.selection.quote(Usage.billed(Decimal(second * 1000 - 1).scaleb(-3)), outputs) if short else whole
    return (whole, cell.count - short), (below, short)
