"""The evaluator: one rate row, resolved for one choice of settings, priced exactly. Pure integers and fractions.

The order is the language's, because it changes the number:

    measures → derived measures → included allowance → quantise → minimum → cap
      → tariff: its price × multipliers → rounding of the price per unit → × quantity
      → minimum and maximum charge → rounding of the component → components summed → rounding of the output
      → × outputs (and what is charged once a job) → rounding of the job → exchange → discounts → nanos

`evaluate` says it plainly with ranges of fractions and is the definition. `program` says the same in whole numbers,
for jobs whose amounts are points, and a law holds the two equal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, Inexact
from fractions import Fraction
from functools import reduce
from operator import add
from typing import Any, Literal

from ..source import Source
from .expression import EXACT, STRICT, Range, plain
from .tariffs import ONE, ZERO, MoneyRounding, Piece, Tariff, Terms, quantise

Mode = Literal["ceil", "floor", "nearest", "unknown"]


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
class Stage:
    """What happens to an amount once it is there: a part of it stays, it has a bound, or it is rounded to a step."""

    label: str
    kind: Literal["part", "least", "most", "ceil", "floor", "nearest"]
    value: Range

    def of(self, amount: Range) -> Range:
        kind, value = self.kind, self.value.expected
        match kind:
            case "part":
                return amount * self.value
            case "least":
                return amount.each(lambda one: max(one, value))
            case "most":
                return amount.each(lambda one: min(one, value))
            case _:
                return amount.each(lambda one: quantise(one, value, kind))


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

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What follows tariff and multipliers."""
        stages = [Stage(label, "part", left) for label, left in self.reductions]
        if (least := self.minimum_charge) is not None:
            stages.append(Stage(f"at least {decimal_from(least):f}", "least", Range.point(least)))
        if (most := self.maximum_charge) is not None:
            stages.append(Stage(f"at most {decimal_from(most):f}", "most", Range.point(most)))
        return (*stages, *_rounds(self.rounding, "rounded to {}"))

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
        amount = _through(self.stages, amount, steps)
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
    programs: dict[object, Any] = field(default_factory=dict[object, Any], compare=False, repr=False, init=False)
    """What `compiled` has made of it, by the discounts that come last."""

    @property
    def contested(self) -> bool:
        """Whether it is another published price beside the price of record."""
        return self.standing == "contested"

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for component in self.components for name in component.needs))

    @property
    def output_stages(self) -> tuple[Stage, ...]:
        """What happens to the sum for one output."""
        return _rounds(self.output_rounding, "rounded to {} per output ({})")

    @property
    def job_stages(self) -> tuple[Stage, ...]:
        """What happens to the sum for the job, before the exchange."""
        dollars = None if self.exchange is None else self.exchange.rounding
        return (
            *_rounds(self.job_rounding, "rounded to {} per job ({})"),
            *_rounds(dollars, "dollars rounded to {} before the exchange"),
        )

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
    total = _through(rate.output_stages, total, steps)
    whole = [(label, "output", amount) for label, amount in steps]
    total = total if outputs == 1 else total.each(lambda value: value * outputs)
    total = _sum([total, *(part.amount for part in parts if not part.component.per_output)])
    steps.clear()
    total = _through(rate.job_stages, total, steps)
    if rate.exchange is not None:
        total = total * Range.point(rate.exchange.credits_per_usd)
    return Evaluation(parts, (*whole, *((label, "job", amount) for label, amount in steps)), total)


def decimal_from(value: Fraction) -> Decimal:
    """For showing: exact where a decimal can be, else to 18 decimals."""
    return decimal_of(value.numerator, value.denominator)


def decimal_of(numerator: int, denominator: int) -> Decimal:
    """The same of a quotient, denominator > 0, that need not be reduced."""
    whole, rest = divmod(numerator, denominator)
    if not rest:
        return Decimal(whole)
    try:
        quotient = STRICT.divide(Decimal(numerator), Decimal(denominator))
        if quotient.adjusted() >= -60:
            return quotient
    except Inexact:
        quotient = EXACT.divide(Decimal(numerator), Decimal(denominator))
    return plain(EXACT.quantize(quotient, Decimal("1e-18")))


def unit_size(component: Component, per: Fraction) -> tuple[str, Fraction]:
    """Lines count in the tariff's own unit where billed quantities are whole in it, else in the measure's."""
    base = component.shown.unit
    if per != 1 and component.step == per:
        return f"{decimal_from(per):f} {base}", per
    return base, Fraction(1)


def _sum(amounts: list[Range]) -> Range:
    return reduce(add, amounts) if amounts else Range.point(ZERO)


def _through(stages: Sequence[Stage], amount: Range, steps: list[tuple[str, Fraction]]) -> Range:
    """The amount after them; each that changes what is expected is noted."""
    for stage in stages:
        before, amount = amount, stage.of(amount)
        if amount.expected != before.expected:
            steps.append((stage.label, amount.expected - before.expected))
    return amount


def _rounds(rounding: MoneyRounding | None, label: str) -> tuple[Stage, ...]:
    if rounding is None:
        return ()
    text = label.format(f"{decimal_from(rounding.step):f}", rounding.mode)
    return (Stage(text, rounding.mode, Range.point(rounding.step)),)
