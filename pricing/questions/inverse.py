"""The inverse of a quote: what a budget buys. Never scans by the millisecond.

A price never falls within a region in which every interval, cliff and condition of its tariffs stays the same. The
borders of the regions are found by bisection, then the longest that fits in each; prices between regions may fall.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from ..answers import BestSetting, LimitedBy, MaxOutputs, MaxSeconds
from ..errors import BadQuantity, BuysNothing, NotQuotable, OverLimit, UnknownSetting
from ..evaluate.expression import Range
from ..evaluate.rates import Component, decimal_from
from ..evaluate.tariffs import Intervals, Ladder, Tiers, shown
from ..money import Money
from ..offer import Offer
from ..quote import Quote
from ..select import Selection
from ..units import AUDIO, BILLED
from ..usage import Usage
from .lengths import Lengths, rises

_MOST_TRIED = 20_000
_SHOWN = 6
_LINES = re.compile(r"(?:(\d{2,5})p|(\d+(?:\.\d+)?)k|(\d{2,5})x(\d{2,5}))", re.ASCII)
_NAMED_LINES = {"sd": 480, "hd": 720, "fhd": 1080, "qhd": 1440, "uhd": 2160}

Run = tuple[int, int, bool]
"""From one index of the grid to another, and whether these lengths fit."""


def largest(holds: Callable[[int], bool], first: int, last: int) -> int:
    """The largest n in first … last that holds, first − 1 if none; it must not hold again once it does not."""
    if first > last or holds(last):
        return last
    below, above = first - 1, last
    while above - below > 1:
        middle = (below + above) // 2
        if holds(middle):
            below = middle
        else:
            above = middle
    return below


@dataclass(frozen=True, slots=True)
class _Ask:
    """One question about one offer: which of its lengths fit the budget."""

    lengths: Lengths
    budget: Money
    outputs: int

    def quote(self, index: int) -> Quote:
        lengths = self.lengths
        return lengths.selection.quote(lengths.usage(lengths.grid.at(index)), self.outputs)

    def high(self, index: int) -> Money:
        return self.quote(index).in_currency(self.budget.currency).high

    def fits(self, index: int) -> bool:
        return self.high(index) <= self.budget

    def refused(self, index: int) -> BadQuantity | None:
        try:
            self.quote(index)
        except BadQuantity as error:
            return error
        return None

    def state(self, index: int) -> tuple[int, ...]:
        """Which cell, band and condition of every tariff holds: none of these goes back as the length grows."""
        lengths = self.lengths
        meter = lengths.selection.meter
        box = meter.box(meter.read(lengths.usage(lengths.grid.at(index))))
        return tuple(sign for rate in lengths.selection.rates for part in rate.components for sign in _signs(part, box))

    def starts(self) -> list[int]:
        """Where each region begins, or every length that is sold: one of them is the cheapest."""
        if self._must_try():
            return [index for index in range(self.lengths.grid.count) if self.refused(index) is None]
        return [start for start, _ in _regions(self.state, *self._reach())]

    def runs(self) -> list[Run]:
        """What fits and what does not, in order, neighbours merged."""
        found = list(self._tried() if self._must_try() else self._by_region())
        merged: list[Run] = []
        for fits, group in groupby(found, key=lambda run: run[2]):
            same = list(group)
            merged.append((same[0][0], same[-1][1], fits))
        return merged

    def _by_region(self) -> Iterator[Run]:
        first, last = self._reach()
        for start, end in _regions(self.state, first, last):
            fitting = largest(self.fits, start, end)
            if fitting >= start:
                yield start, fitting, True
            if fitting < end:
                yield fitting + 1, end, False

    def _tried(self) -> Iterator[Run]:
        """Each length on its own, where only some are sold."""
        refusal: BadQuantity | None = None
        some = False
        for index in range(self.lengths.grid.count):
            if (refused := self.refused(index)) is None:
                some = True
                yield index, index, self.fits(index)
            refusal = refusal or refused
        if not some and refusal is not None:
            raise refusal

    def _reach(self) -> tuple[int, int]:
        """The first and the last index that tariffs and expressions have a price for."""
        first, last = 0, self.lengths.grid.count - 1
        if isinstance(refused := self.refused(last), OverLimit):
            last = largest(lambda index: not isinstance(self.refused(index), OverLimit), first, last)
            if last < first:
                raise refused
        if (refused := self.refused(last)) is not None:
            raise refused
        return largest(lambda index: self.refused(index) is not None, first, last) + 1, last

    def _must_try(self) -> bool:
        """Whether the regions say nothing: few lengths, or a measure that may fall as the length grows."""
        lengths, grid = self.lengths, self.lengths.grid
        if grid.values is not None:
            return True
        why = uneven(lengths)
        if why is None:
            return False
        if lengths.sold is None or grid.count > _MOST_TRIED:
            raise NotQuotable(
                f"{lengths.selection.offer.id} cannot be asked backwards: {why}",
                value=why,
                limit="measures that never fall as the length grows",
                next="quote some lengths instead",
            )
        return True


def uneven(lengths: Lengths) -> str | None:
    """Why a price may fall within a region, in words; None: it never does."""
    meter = lengths.selection.meter
    moving = dict.fromkeys(lengths.fed, 1)
    box = meter.box(meter.read(lengths.usage(lengths.grid.at(lengths.grid.count - 1))))
    for name, slack in lengths.fed.items():
        box[name] = Range(lengths.least, lengths.most, lengths.most + slack)
    for name, expression in meter.derived:
        way = rises(expression.tree, moving, box)
        if way not in (0, 1):
            return f"{name} = {expression.text} need not grow with the length"
        try:
            box[name] = expression.of(box)
        except BadQuantity:
            return f"{name} = {expression.text} divides by zero for some lengths"
        if way:
            moving[name] = 1
    for rate in lengths.selection.rates:
        for part in rate.components:
            if isinstance(part.tariff, Ladder) and moving.get(part.tariff.axis) and lengths.sold is None:
                return f"only some values of {part.tariff.axis} are sold"
    return None


def max_seconds(
    selection: Selection, budget: Money, outputs: int = 1, usage: Usage | None = None, measure: str | None = None
) -> MaxSeconds:
    """The longest job whose `high` fits. Raises BuysNothing, NotQuotable, and what a quote raises."""
    lengths = Lengths.of(selection, measure, usage)
    ask = _Ask(lengths, budget, outputs)
    runs = ask.runs()
    fitting = [run for run in runs if run[2]]
    if not fitting:
        raise _buys_nothing(ask)
    index = fitting[-1][1]
    unique = runs[0] == fitting[-1]
    limited: LimitedBy = "offer_limit" if runs[-1][2] else "budget"
    seconds = decimal_from(lengths.grid.at(index))
    audio = _audio_seconds(selection, budget, outputs, lengths, seconds)
    note = "" if unique else _note(lengths, runs)
    return MaxSeconds(seconds, audio, limited, ask.quote(index), lengths.measure, unique, note)


def max_outputs(selection: Selection, budget: Money, usage: Usage) -> MaxOutputs:
    """The most outputs whose `high` fits. Raises BuysNothing, and what a quote raises."""

    def high(outputs: int) -> Money:
        return selection.quote(usage, outputs).in_currency(budget.currency).high

    limit = selection.offer.max_outputs
    outputs = largest(lambda count: high(count) <= budget, 1, limit)
    if not outputs:
        raise nothing(selection.offer.id, budget, high(1), "one output")
    return MaxOutputs(outputs, "offer_limit" if outputs == limit else "budget", selection.quote(usage, outputs))


def best_resolution(
    choose: Callable[[Mapping[str, str]], Selection],
    offer: Offer,
    budget: Money,
    usage: Usage,
    settings: Mapping[str, str] | None,
    outputs: int = 1,
) -> BestSetting:
    """The highest resolution whose `high` fits; of equal ones the first listed.

    Raises UnknownSetting without a choice of resolutions, BuysNothing, and what a quote raises if none can be quoted.
    """
    given = dict(settings or {})
    name = _resolutions(offer)
    if name in given:
        raise UnknownSetting(f"{name} is what is asked for", value=str(given[name])[:60], next=f"leave {name} out")
    values = sorted(offer.settings[name].values, key=lambda value: -(lines_in(value) or 0))
    refusal: Exception | None = None
    cheapest: tuple[Money, str] | None = None
    for value in values:
        try:
            quote = choose({**given, name: value}).quote(usage, outputs)
        except (BadQuantity, UnknownSetting) as error:  # not sold at this length, or not with the other settings
            refusal = error  # the last one is of the lowest resolution, of which most is sold
            continue
        high = quote.in_currency(budget.currency).high
        if high <= budget:
            return BestSetting(quote.settings, quote, name)
        if cheapest is None or high < cheapest[0]:
            cheapest = high, value
    if cheapest is None:
        assert refusal is not None  # noqa: S101 - a setting has at least one value
        raise refusal
    raise nothing(offer.id, budget, cheapest[0], f"the job at {cheapest[1]}")


def lines_in(value: str) -> int | None:
    """How many lines a resolution has, for ranking; None: it does not say. 2K is 1440, as sellers of video use it."""
    word = value.casefold()
    if word in _NAMED_LINES:
        return _NAMED_LINES[word]
    found = _LINES.fullmatch(word)
    if found is None:
        return None
    if found[1]:
        return int(found[1])
    if found[2]:
        thousands = Fraction(found[2])
        return int(thousands * (720 if thousands < 4 else 540))
    return min(int(found[3]), int(found[4]))


def nothing(offer: str, budget: Money, least: Money, what: str) -> BuysNothing:
    return BuysNothing(
        f"{budget} buys nothing of {offer}",
        value=str(budget),
        limit=str(least),
        next=f"{what} costs up to {least}",
    )


def _buys_nothing(ask: _Ask) -> BuysNothing:
    """Names the cheapest job that is sold: the shortest, where prices never fall."""
    starts = ask.starts()
    least = min(starts, key=lambda index: (ask.high(index), index))
    what = "the shortest job" if least == starts[0] else f"the cheapest job, {shown(ask.lengths.grid.at(least))} s,"
    return nothing(ask.lengths.selection.offer.id, ask.budget, ask.high(least), what)


def _audio_seconds(
    selection: Selection, budget: Money, outputs: int, lengths: Lengths, seconds: Decimal
) -> Decimal | None:
    """The longest audio file that is sure to fit, the output being perhaps a little longer."""
    if not selection.offer.audio_driven:
        return None
    if lengths.measure == AUDIO or (lengths.measure == BILLED and selection.offer.measure == AUDIO):
        return seconds
    given = {name: one for name, one in lengths.others.items() if name not in lengths.fed}
    try:
        ask = _Ask(Lengths.of(selection, AUDIO, Usage(given) if given else None), budget, outputs)
        fitting = [run for run in ask.runs() if run[2]]
    except OverLimit:
        return Decimal(0)
    except (BadQuantity, NotQuotable):
        return None
    return decimal_from(ask.lengths.grid.at(fitting[-1][1])) if fitting else Decimal(0)


def _note(lengths: Lengths, runs: Sequence[Run]) -> str:
    grid = lengths.grid
    last = max(index for index, run in enumerate(runs) if run[2])

    def words(index: int) -> str:
        start, end, _ = runs[index]
        if start == end:
            return f"{shown(grid.at(start))} s"
        if not index and lengths.sold is None and not lengths.least:
            return f"up to {shown(grid.at(end))} s"
        return f"{shown(grid.at(start))} to {shown(grid.at(end))} s"

    def listed(fits: bool) -> str:
        some = [words(index) for index in range(last + 1) if runs[index][2] is fits]
        return ", ".join(some if len(some) <= _SHOWN else [*some[: _SHOWN - 1], "…", some[-1]])

    return f"fits: {listed(True)}; does not: {listed(False)}"


def _signs(part: Component, box: Mapping[str, Range]) -> Iterator[int]:
    """Where a component's quantities stand among the borders at which its price may fall."""
    tariff = part.tariff
    ends: Sequence[Fraction | None] = ()
    where = Range.point(Fraction(0))
    if isinstance(tariff, Intervals):
        ends, where = tariff.ends, box[tariff.axis]
    elif isinstance(tariff, Tiers) and not tariff.graduated:
        ends, where = tariff.ends, part.billed(box[part.measure])
    finite = [end for end in ends if end is not None]
    if finite:
        yield bisect_left(finite, where.low)
        yield bisect_left(finite, where.high)
    for multiplier in part.multipliers:
        for name, value in (*multiplier.above, *multiplier.at_most):
            yield box[name].low > value
            yield box[name].high > value


def _regions(state: Callable[[int], tuple[int, ...]], first: int, last: int) -> Iterator[tuple[int, int]]:
    """Stretches of equal state, in order."""
    while first <= last:
        here = state(first)

        def same(index: int, here: tuple[int, ...] = here) -> bool:
            return state(index) == here

        end = largest(same, first, last)
        yield first, end
        first = end + 1


def _resolutions(offer: Offer) -> str:
    """The setting that is a resolution: the one of that name, else the only one whose values all say their lines."""
    ranked = [name for name, one in offer.settings.items() if all(lines_in(value) is not None for value in one.values)]
    if "resolution" in ranked:
        return "resolution"
    if len(ranked) == 1 and "resolution" not in offer.settings:
        return ranked[0]
    known = ", ".join(offer.settings) or "none"
    raise UnknownSetting(
        f"{offer.id} has no resolutions that can be ranked",
        value="resolution",
        limit=known,
        next=f"its settings: {known}",
    )
