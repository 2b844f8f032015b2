"""Where which of two offers is cheaper, exactly: their prices as curves of the length, compared piece by piece.

`Pricing` says with curves what `rates.evaluate` says of one job; a law holds them equal.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from ..answers import Cheaper, Stretch
from ..errors import BadQuantity, NoPlan, NotQuotable, OverLimit
from ..evaluate.expression import Expression, Node
from ..evaluate.rates import Component, Rate, evaluate
from ..evaluate.tariffs import ZERO, Flat, Intervals, Ladder, MoneyRounding, PerUnit, Tier, Tiers
from ..select import Selection
from ..usage import Usage
from .curve import MOST_BREAKS, Curve, NotStraight, Straight, crossed
from .inverse import largest, uneven
from .lengths import MS, Grid, Lengths

USUAL = Fraction(600)
"""Ten minutes: how far is looked where nothing says how far."""
_ONE = Fraction(1)

Ends = tuple[Fraction, Fraction]


def crossover(
    a: Selection,
    b: Selection,
    *,
    measure: str | None = None,
    upto: Decimal | int | None = None,
    usage: Usage | None = None,
    outputs: int = 1,
) -> tuple[Stretch, ...]:
    """Raises NotQuotable where there is no exact answer, OverLimit where they sell no length in common, NoPlan."""
    pair = Lengths.of(a, measure, usage), Lengths.of(b, measure, usage)
    for one in (a.offer, b.offer):
        if type(outputs) is not int or not 1 <= outputs <= one.max_outputs:
            raise BadQuantity(f"{one.id} makes 1 to {one.max_outputs} outputs", value=str(outputs)[:20])
    low, high = _common(pair, upto)
    worths = _worths(a, b)
    curves: list[Curve | None] = []
    why = ""
    for lengths, worth in zip(pair, worths, strict=True):
        try:
            curves.append(Pricing.of(lengths, (low, high), outputs).total().scaled(worth))
        except NotStraight as error:
            curves.append(None)
            why = f"{lengths.selection.offer.id}: {error}"
    exact = None not in curves
    for index, other in ((0, 1), (1, 0)):
        if curves[index] is None:
            curves[index] = _by_grid(pair[index], curves[other], worths[index], outputs, why)
    first, second = curves
    if first is None or second is None:
        raise _no_answer(why)
    found = tuple(_merged(*crossed(first, second), exact=exact))
    if not found:
        raise OverLimit(f"{a.offer.id} and {b.offer.id} sell no length in common", limit=f"{low} to {high} s")
    return found


def expected_price(lengths: Lengths, length: Fraction, outputs: int) -> Fraction:
    """The exact expected price in the offer's own currency, before nanos. Raises BadQuantity, OverLimit."""
    selection = lengths.selection
    box = selection.meter.box(selection.meter.read(lengths.usage(length)))
    found = [evaluate(rate, box, outputs).total.expected for rate in selection.rates]
    return max(found[: selection.of_record]) * selection.left.expected


@dataclass(frozen=True, slots=True)
class Pricing:
    """One selection's price as a curve of the length."""

    selection: Selection
    ends: Ends
    measures: Mapping[str, Curve]
    outputs: int

    @classmethod
    def of(cls, lengths: Lengths, ends: Ends, outputs: int) -> "Pricing":
        selection, meter = lengths.selection, lengths.selection.meter
        _, expected, _, _ = meter.read(lengths.usage(lengths.grid.at(0)))
        sold = lengths.within(ends[1]).sold
        if sold is not None and sold.count > MOST_BREAKS:
            raise NotStraight(f"{sold.count} lengths are sold: ask for a shorter stretch")
        points = None if sold is None else [sold.at(index) for index in range(sold.count)]
        if points is None and lengths.least == ends[1]:
            points = [ends[1]]
        length = Curve.length(ends, None if points is None else [one for one in points if one >= ends[0]])
        measures = {
            name: length if name in lengths.fed else Curve.constant(ends, Fraction(value))
            for name, value in expected.items()
        }
        made = cls(selection, ends, measures, outputs)
        for name, expression in meter.derived:
            made = replace(made, measures={**made.measures, name: made._derived(expression)})
        return replace(made, measures={**made.measures, "": length})

    def total(self) -> Curve:
        """The expected price in the offer's own currency; without a value where the offer sells nothing."""
        rates = [self._rate(rate) for rate in self.selection.rates]
        total = rates[0]
        for rate in rates[1 : self.selection.of_record]:
            total = total.greater(rate)
        for rate in rates[self.selection.of_record :]:  # a contested price that refuses a length refuses the job
            total = total.where(rate)
        return total.scaled(self.selection.left.expected).where(self.measures[""])

    def constant(self, value: Fraction) -> Curve:
        return Curve.constant(self.ends, value)

    def _rate(self, rate: Rate) -> Curve:
        whole = each = self.constant(ZERO)
        for part in rate.components:
            if part.per_output:
                each = each.plus(self._component(part))
            else:
                whole = whole.plus(self._component(part))
        total = _rounded(each, rate.output_rounding).scaled(Fraction(self.outputs)).plus(whole)
        total = _rounded(total, rate.job_rounding)
        if (exchange := rate.exchange) is not None:
            total = _rounded(total, exchange.rounding).scaled(exchange.credits_per_usd)
        return total

    def _component(self, part: Component) -> Curve:
        measured = self.measures.get(part.measure) or self.constant(_ONE)
        amount = self._charge(part, self._billed(part, measured), measured)
        for _, left in part.reductions:
            amount = amount.scaled(left.expected)
        if part.minimum_charge is not None:
            amount = amount.greater(self.constant(part.minimum_charge))
        if part.maximum_charge is not None:
            amount = amount.less(self.constant(part.maximum_charge))
        return _rounded(amount, part.rounding)

    def _billed(self, part: Component, measured: Curve) -> Curve:
        quantity = measured.plus(self.constant(-part.included)).greater(self.constant(ZERO))
        if part.step is not None:
            quantity = quantity.quantised(part.step, "ceil" if part.mode == "unknown" else part.mode)
        if part.minimum is not None:
            quantity = quantity.greater(self.constant(part.minimum))
        return quantity if part.cap is None else quantity.less(self.constant(part.cap))

    def _factor(self, part: Component) -> Curve:
        factor = self.constant(part.factor.expected)
        one = self.constant(_ONE)
        for multiplier in part.multipliers:
            applied = self.constant(multiplier.factor.expected)
            for name, value in multiplier.above:
                applied = self.measures[name].placed((value, None), (one, applied))
            for name, value in multiplier.at_most:
                applied = self.measures[name].placed((value, None), (applied, one))
            factor = factor.times(applied)
        return factor

    def _charge(self, part: Component, quantity: Curve, measured: Curve) -> Curve:
        tariff, factor = part.tariff, self._factor(part)

        def flat(price: Fraction) -> Curve:
            return _rounded(factor.scaled(price), part.unit_rounding)

        def metered(price: Fraction, per: Fraction, amount: Curve) -> Curve:
            return _rounded(factor.scaled(price / per), part.unit_rounding).times(amount)

        axis = measured if tariff.axis is None else self.measures[tariff.axis]
        match tariff:
            case Flat():
                return flat(tariff.price.expected)
            case PerUnit():
                return metered(tariff.price.expected, tariff.per, quantity)
            case Ladder():
                return axis.only(tariff.values, [flat(price.expected) for price in tariff.prices])
            case Intervals():
                per = tariff.per
                cells = [
                    flat(price.expected) if per is None else metered(price.expected, per, quantity)
                    for price in tariff.prices
                ]
                return axis.placed(tariff.ends, cells)
            case Tiers():
                pass

        def band(tier: Tier, within: Curve) -> Curve:
            amount = self.constant(ZERO) if tier.flat is None else flat(tier.flat.expected)
            return amount if tier.price is None else amount.plus(metered(tier.price.expected, tier.per, within))

        if not tariff.graduated:
            return quantity.placed(tariff.ends, [band(tier, quantity) for tier in tariff.tiers])
        start, below, totals = ZERO, self.constant(ZERO), list[Curve]()
        for tier, end in zip(tariff.tiers, tariff.ends, strict=True):  # below: what the bands before it come to
            totals.append(below.plus(band(tier, quantity.plus(self.constant(-start)))))
            if end is not None:
                below, start = below.plus(band(tier, self.constant(end - start))), end
        return quantity.placed(tariff.ends, totals)

    def _derived(self, expression: Expression) -> Curve:
        try:
            return self._node(expression.tree).not_negative()
        except NotStraight as error:
            raise NotStraight(f"in {expression.text}, {error}") from None

    def _node(self, node: Node) -> Curve:
        match node.kind:
            case "number":
                return self.constant(node.value)
            case "name":
                return self.measures[node.name]
            case _:
                parts = [self._node(part) for part in node.parts]
        first = parts[0]
        match node.kind:
            case "neg":
                return first.scaled(-_ONE)
            case "ceil" | "floor":
                return first.quantised(_ONE, node.kind)
            case "round":
                return first.quantised(_ONE, "nearest")
            case "min" | "max":
                for part in parts[1:]:
                    first = first.less(part) if node.kind == "min" else first.greater(part)
                return first
            case "+":
                return first.plus(parts[1])
            case "-":
                return first.plus(parts[1].scaled(-_ONE))
            case "*":
                return first.times(parts[1])
            case _:
                return first.over(parts[1])


def _rounded(curve: Curve, rounding: MoneyRounding | None) -> Curve:
    return curve if rounding is None else curve.quantised(rounding.step, rounding.mode)


def _common(pair: Sequence[Lengths], upto: Decimal | int | None) -> Ends:
    """The shortest and the longest length that both may sell."""
    ids = " and ".join(one.selection.offer.id for one in pair)
    low, high = max(one.least for one in pair), min(one.most for one in pair)
    if upto is None:
        high = min(high, max(USUAL, low))
    elif isinstance(upto, float) or Decimal(upto).is_nan() or upto <= 0:
        raise BadQuantity(f"{upto} s is not a length", value=str(upto), limit="more than 0 s")
    else:
        high = min(high, Fraction(min(upto, 10**9)))
    if high < low or not high:
        raise OverLimit(f"{ids} sell no length in common", value=f"{low} s", limit=f"{high} s")
    if low == high:
        low = ZERO
    return low, high


def _worths(a: Selection, b: Selection) -> tuple[Fraction, Fraction]:
    """What one of each currency is worth in a common one: dollars, where they differ."""
    if a.offer.currency == b.offer.currency:
        return _ONE, _ONE
    found: list[Fraction] = []
    for one in (a, b):
        currency = one.offer.currency
        if one.worth is None and currency != "USD":
            raise NoPlan(f"nothing says what a {currency} is worth", value=currency, next="add a plan to its card")
        found.append(_ONE if one.worth is None else Fraction(one.worth.numerator, one.worth.denominator))
    return found[0], found[1]


def _merged(a: Curve, b: Curve, *, exact: bool) -> Iterator[Stretch]:
    """Neighbours with one verdict as one stretch; single lengths are neighbours where none between them is sold."""
    only_points = all(x is None or y is None for x, y in zip(a.between, b.between, strict=True))
    current: Stretch | None = None
    for index, x in enumerate(a.xs):
        one, two = a.at[index], b.at[index]
        if one is not None and two is not None:
            here = Stretch(x, x, False, False, _verdict(one, two), (x,) if only_points else (), exact)
        else:
            here = None
        for part in (here, _open(a, b, index, exact)):
            if current is not None and part is not None and part.cheaper == current.cheaper:
                sold = (*current.sold, *part.sold)
                current = replace(current, high=part.high, high_open=part.high_open, sold=sold)
            elif part is not None or not only_points:
                yield from [] if current is None else [current]
                current = part
    yield from [] if current is None else [current]


def _open(a: Curve, b: Curve, index: int, exact: bool) -> Stretch | None:
    """The open piece that begins at a break."""
    if index == len(a.between):
        return None
    one, two = a.between[index], b.between[index]
    if one is None or two is None:
        return None
    low, high = a.xs[index], a.xs[index + 1]
    middle = (low + high) / 2
    return Stretch(low, high, True, True, _verdict(one.at(middle), two.at(middle)), (), exact)


def _verdict(a: Fraction, b: Fraction) -> Cheaper:
    return "equal" if a == b else "a" if a < b else "b"


def _by_grid(lengths: Lengths, other: Curve | None, worth: Fraction, outputs: int, why: str) -> Curve:
    """A curve that stands to the other as the price does, its breaks found by bisection to the millisecond.

    Only for a price that never falls, against one that stays the same between its breaks.
    """
    if other is None or any(line is not None and line.slope for line in other.between):
        raise _no_answer(why)
    if uneven(lengths) is not None or lengths.sold is not None:
        raise _no_answer(f"{why}, and it may fall as the length grows")

    def price(length: Fraction) -> Fraction:
        return expected_price(lengths, length, outputs) * worth

    def against(length: Fraction, value: Fraction) -> Fraction:
        return value + _sign(price(length) - value)

    xs, at, between = [other.xs[0]], list[Fraction | None](), list[Straight | None]()
    for index, x in enumerate(other.xs):
        value = other.at[index]
        at.append(None if value is None else against(x, value))
        if index == len(other.between):
            break
        line, end = other.between[index], other.xs[index + 1]
        if line is None:
            between.append(None)
            xs.append(end)
            continue
        grid = Grid.between(x, end, MS, ZERO)
        for border in (*(one for one in _borders(price, line.start, grid) if x < one < end), end):
            between.append(Straight(ZERO, against((xs[-1] + border) / 2, line.start)))
            xs.append(border)
            at += [] if border == end else [against(border, line.start)]
    return Curve(tuple(xs), tuple(at), tuple(between))


def _borders(price: Callable[[Fraction], Fraction], value: Fraction, grid: Grid) -> list[Fraction]:
    """The neighbours on the grid between which the price reaches the value, and goes beyond it."""
    found: set[Fraction] = set()
    for sign in (-1, 0):

        def below(index: int, sign: int = sign) -> bool:
            return _sign(price(grid.at(index)) - value) <= sign

        last = largest(below, 0, grid.count - 1)
        found |= {grid.at(index) for index in (last, last + 1) if 0 <= index < grid.count}
    return sorted(found)


def _sign(value: Fraction) -> int:
    return (value > 0) - (value < 0)


def _no_answer(why: str) -> NotQuotable:
    return NotQuotable(
        f"where the cheaper one changes cannot be said exactly: {why}",
        value=why,
        limit="prices in straight pieces, or one that never falls against one that stays",
        next="quote some lengths instead, or ask for a shorter stretch",
    )
