"""The evaluator: one rate row, resolved for one choice of settings, priced exactly. Pure integers and fractions.

The order is the language's, because it changes the number:

    measures → derived measures → included allowance → quantise → minimum → cap
      → tariff: its price × multipliers → rounding of the price per unit → × quantity
      → minimum and maximum charge → rounding of the component → components summed → rounding of the output
      → × outputs (and what is charged once a job) → rounding of the job → exchange → discounts → nanos

`evaluate` says it plainly with ranges of fractions and is the definition. `Short` is a short way for the
commonest shape (one component, started steps, a price per unit), held equal to it by a law.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from fractions import Fraction
from functools import reduce
from math import ceil
from operator import add
from typing import Literal

from ..money import NANOS
from ..source import Source
from .expression import Range
from .tariffs import ONE, ZERO, MoneyRounding, PerUnit, Piece, Tariff, Terms, quantise

Mode = Literal["ceil", "floor", "nearest", "unknown"]

EXACT = Context(prec=80)
"""For the few Decimal operations that leave the exact integers: no card or usage has this many digits."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How a component reads on a line."""

    label: str
    unit: str
    """The word for one of its measure."""
    note: str
    """How measured becomes billed."""


@dataclass(frozen=True, slots=True)
class Multiplier:
    """A factor that applies only where measures are above, or at most, some values."""

    label: str
    factor: Range
    above: tuple[tuple[str, Fraction], ...]
    at_most: tuple[tuple[str, Fraction], ...]

    def of(self, box: Mapping[str, Range]) -> Range:
        surely = all(box[name].low > value for name, value in self.above)
        surely = surely and all(box[name].high <= value for name, value in self.at_most)
        if surely:
            return self.factor
        never = any(box[name].high <= value for name, value in self.above)
        if never or any(box[name].low > value for name, value in self.at_most):
            return ONE
        usual = self.factor.expected if self.expects(box) else Fraction(1)
        return Range(min(self.factor.low, Fraction(1)), usual, max(self.factor.high, Fraction(1)))

    def expects(self, box: Mapping[str, Range]) -> bool:
        return all(box[name].expected > value for name, value in self.above) and all(
            box[name].expected <= value for name, value in self.at_most
        )


@dataclass(frozen=True, slots=True)
class Component:
    """One summand of a price."""

    measure: str
    tariff: Tariff
    shown: Shown = field(compare=False)
    included: Fraction = ZERO
    step: Fraction | None = None
    mode: Mode = "ceil"
    minimum: Fraction | None = None
    cap: Fraction | None = None
    factor: Range = ONE
    """The product of the multipliers that the settings decide."""
    multipliers: tuple[Multiplier, ...] = ()
    """Those that the job decides."""
    unit_rounding: MoneyRounding | None = None
    reductions: tuple[tuple[str, Range], ...] = ()
    """Discounts that come before the minimum charge: label, and the part that stays."""
    minimum_charge: Fraction | None = None
    maximum_charge: Fraction | None = None
    rounding: MoneyRounding | None = None
    per_output: bool = True

    @property
    def needs(self) -> tuple[str, ...]:
        """The measures without which it has no price."""
        names = [self.measure] if self.tariff.metered else []
        names += [self.tariff.axis] if self.tariff.axis is not None else []
        names += [name for one in self.multipliers for name, _ in (*one.above, *one.at_most)]
        return tuple(dict.fromkeys(names))

    def billed(self, measured: Range) -> Range:
        """included → quantise → minimum → cap."""
        quantity = measured.each(lambda value: max(value - self.included, ZERO)) if self.included else measured
        step = self.step
        if step is not None and self.mode == "unknown":
            up = quantity.each(lambda value: quantise(value, step, "ceil"))
            quantity = Range(quantity.low, up.expected, up.high)
        elif step is not None and self.mode != "unknown":
            mode = self.mode
            quantity = quantity.each(lambda value: quantise(value, step, mode))
        if (least := self.minimum) is not None:
            quantity = quantity.each(lambda value: max(value, least))
        if (most := self.cap) is not None:
            quantity = quantity.each(lambda value: min(value, most))
        return quantity

    def price(self, box: Mapping[str, Range]) -> "Part":
        """tariff and multipliers → charges' bounds → rounding of the component."""
        measured = box.get(self.measure, ONE)
        billed = self.billed(measured)
        axis = measured if self.tariff.axis is None else box[self.tariff.axis]
        factor, labels = self.factor, list[str]()
        for multiplier in self.multipliers:
            factor = factor * multiplier.of(box)
            labels += [multiplier.label] if multiplier.expects(box) else []
        amount, pieces = self.tariff.charge(billed, axis, Terms(factor, self.unit_rounding))
        steps: list[tuple[str, Fraction]] = []
        for label, left in self.reductions:
            amount = _step(steps, label, amount, amount * left)
        if (least := self.minimum_charge) is not None:
            amount = _step(steps, f"at least {decimal_from(least):f}", amount, amount.each(lambda one: max(one, least)))
        if (most := self.maximum_charge) is not None:
            amount = _step(steps, f"at most {decimal_from(most):f}", amount, amount.each(lambda one: min(one, most)))
        if (rounding := self.rounding) is not None:
            amount = _step(steps, f"rounded to {decimal_from(rounding.step):f}", amount, amount.each(rounding))
        return Part(self, measured, pieces, tuple(labels), tuple(steps), amount)


@dataclass(frozen=True, slots=True)
class Part:
    """What one component came to, for one output."""

    component: Component
    measured: Range
    pieces: tuple[Piece, ...]
    labels: tuple[str, ...]
    """The multipliers that applied to the expected amount."""
    steps: tuple[tuple[str, Fraction], ...]
    """What later stages added to the expected amount, or took from it."""
    amount: Range


@dataclass(frozen=True, slots=True)
class Exchange:
    """The amounts are in dollars, rounded to `decimals` (half up), and sold as so many credits each."""

    credits_per_usd: Fraction
    rounding: MoneyRounding | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a rate says about a job, exact."""

    parts: tuple[Part, ...]
    steps: tuple[tuple[str, str, Fraction], ...]
    """What rounding of the whole added or took: label, "output" or "job", amount (of one output, or of the job)."""
    total: Range


@dataclass(frozen=True, slots=True)
class Short:
    """The short way of a rate: started steps, each at a whole-number ratio of nanos."""

    measure: str
    step_numerator: int
    step_denominator: int
    nanos_numerator: int
    nanos_denominator: int
    units: int
    """Shown units in one step."""
    label: str
    unit: str
    rate: Decimal
    note: str

    def nanos(self, measured: Mapping[str, Decimal], outputs: int) -> tuple[int, int]:
        """The price of the job in nanos, exact, as (numerator, denominator > 0)."""
        return self.steps(measured[self.measure]) * outputs * self.nanos_numerator, self.nanos_denominator

    def steps(self, measured: Decimal) -> int:
        """How many steps were started."""
        if self.step_denominator == 1:  # ⌈x / s⌉ is ⌈⌈x⌉ / s⌉ for a whole s
            return -(-ceil(measured) // self.step_numerator)
        numerator, denominator = measured.as_integer_ratio()
        return -(-numerator * self.step_denominator // (denominator * self.step_numerator))


@dataclass(frozen=True, slots=True)
class Rate:
    """A row of a card for one choice of settings."""

    id: str
    standing: Literal["record", "contested", "promo"]
    components: tuple[Component, ...]
    sources: tuple[Source, ...]
    assumptions: tuple[str, ...]
    price_text: str
    """The price in words, for telling two contested ones apart."""
    output_rounding: MoneyRounding | None = None
    job_rounding: MoneyRounding | None = None
    exchange: Exchange | None = None
    short: Short | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "short", _short(self))

    @property
    def contested(self) -> bool:
        """Whether it is another published price beside the price of record."""
        return self.standing == "contested"

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for component in self.components for name in component.needs))

    def same_price(self, other: "Rate") -> bool:
        return (self.components, self.output_rounding, self.job_rounding, self.exchange) == (
            other.components,
            other.output_rounding,
            other.job_rounding,
            other.exchange,
        )


def evaluate(rate: Rate, box: Mapping[str, Range], outputs: int) -> Evaluation:
    """The definition of a price: what each component comes to for one output, and the exact price of the job."""
    parts = tuple(component.price(box) for component in rate.components)
    steps: list[tuple[str, Fraction]] = []
    total = _sum([part.amount for part in parts if part.component.per_output])
    if (rounding := rate.output_rounding) is not None:
        total = _step(steps, _rounded(rounding, "output"), total, total.each(rounding))
    whole = [(label, "output", amount) for label, amount in steps]
    total = total if outputs == 1 else total.each(lambda value: value * outputs)
    total = _sum([total, *(part.amount for part in parts if not part.component.per_output)])
    steps.clear()
    if (rounding := rate.job_rounding) is not None:
        total = _step(steps, _rounded(rounding, "job"), total, total.each(rounding))
    if (exchange := rate.exchange) is not None:
        if (rounding := exchange.rounding) is not None:
            text = f"dollars rounded to {decimal_from(rounding.step):f} before the exchange"
            total = _step(steps, text, total, total.each(rounding))
        total = total * Range.point(exchange.credits_per_usd)
    return Evaluation(parts, (*whole, *((label, "job", amount) for label, amount in steps)), total)


def decimal_from(value: Fraction) -> Decimal:
    """For showing: exact where a decimal can be, else to 18 decimals."""
    numerator, denominator = Decimal(value.numerator), Decimal(value.denominator)
    quotient = EXACT.divide(numerator, denominator)
    if quotient.adjusted() < -60 or EXACT.multiply(quotient, denominator) != numerator:
        quotient = EXACT.quantize(quotient, Decimal("1e-18"))
    plain = EXACT.normalize(quotient)
    return EXACT.quantize(plain, Decimal(1)) if plain == plain.to_integral_value() else plain


def unit_size(component: Component, piece: Piece) -> tuple[str, Fraction]:
    """Lines count in the tariff's own unit where billed quantities are whole in it, else in the measure's."""
    base = component.shown.unit
    if piece.per != 1 and component.step == piece.per:
        return f"{decimal_from(piece.per):f} {base}", piece.per
    return base, Fraction(1)


def _sum(amounts: list[Range]) -> Range:
    return reduce(add, amounts) if amounts else Range.point(ZERO)


def _step(steps: list[tuple[str, Fraction]], label: str, before: Range, after: Range) -> Range:
    if after.expected != before.expected:
        steps.append((label, after.expected - before.expected))
    return after


def _rounded(rounding: MoneyRounding, of: str) -> str:
    return f"rounded to {decimal_from(rounding.step):f} per {of} ({rounding.mode})"


def _short(rate: Rate) -> Short | None:
    if len(rate.components) != 1 or rate.output_rounding or rate.job_rounding or rate.exchange:
        return None
    part, tariff = rate.components[0], rate.components[0].tariff
    if part.step is None or part.mode != "ceil" or not isinstance(tariff, PerUnit):
        return None
    if not tariff.price.is_point or not part.factor.is_point or not part.per_output:
        return None
    if part.included or part.minimum is not None or part.cap is not None or part.multipliers or part.reductions:
        return None
    if part.unit_rounding or part.rounding or part.minimum_charge is not None or part.maximum_charge is not None:
        return None
    price = tariff.price.expected * part.factor.expected
    unit, size = unit_size(part, Piece(price, part.step, tariff.per))
    units = part.step / size
    if units.denominator != 1:
        return None
    nanos = part.step / tariff.per * price * NANOS
    return Short(
        part.measure,
        part.step.numerator,
        part.step.denominator,
        nanos.numerator,
        nanos.denominator,
        units.numerator,
        part.shown.label,
        unit,
        decimal_from(price * size / tariff.per),
        part.shown.note,
    )
