"""The evaluator: one rate row, resolved for one choice of settings, priced exactly. Pure integers and fractions.

The order is the language's, because it changes the number:

    measured → included allowance → quantise → minimum → cap → tariff → multipliers
      → components summed → × outputs → money rounding → nanos

`evaluate` says it plainly with fractions and is the definition. `Rate.nanos` takes a short way for the commonest
shape (one component, started steps, a price per unit) and is held equal to it by a law.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from fractions import Fraction
from math import ceil
from typing import Literal

from .money import NANOS, Money, rounded_ratio
from .quote import Line
from .source import Source

Mode = Literal["ceil", "floor", "nearest"]

EXACT = Context(prec=80)
"""For the few Decimal operations that leave the exact integers: no card or usage has this many digits."""


@dataclass(frozen=True, slots=True)
class Flat:
    """One price, however much is used."""

    price: Fraction

    def charge(self, quantity: Fraction) -> Fraction:  # noqa: ARG002 - every tariff is asked the same way
        return self.price


@dataclass(frozen=True, slots=True)
class PerUnit:
    """`price` for each `per` of the measure."""

    price: Fraction
    per: Fraction

    def charge(self, quantity: Fraction) -> Fraction:
        return quantity / self.per * self.price


Tariff = Flat | PerUnit
"""What settings leave of a card's tariff. A new kind adds a class with `charge` here and a case in `compile`."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How a component reads on a line: its billed quantity is counted in `unit`s of `size`, each at `rate`."""

    label: str
    unit: str
    size: Fraction | None
    """None: one unit per output, whatever the quantity."""
    rate: Decimal
    note: str


@dataclass(frozen=True, slots=True)
class Component:
    """One summand of a price."""

    measure: str
    included: Fraction
    step: Fraction | None
    mode: Mode
    minimum: Fraction | None
    cap: Fraction | None
    tariff: Tariff
    factor: Fraction
    """The product of the multipliers that apply."""
    shown: Shown = field(compare=False)

    def billed(self, measured: Fraction) -> Fraction:
        quantity = max(measured - self.included, Fraction(0))
        if self.step is not None:
            quantity = quantise(quantity, self.step, self.mode)
        if self.minimum is not None:
            quantity = max(quantity, self.minimum)
        if self.cap is not None:
            quantity = min(quantity, self.cap)
        return quantity

    def charge(self, billed: Fraction) -> Fraction:
        return self.tariff.charge(billed) * self.factor


@dataclass(frozen=True, slots=True)
class MoneyRounding:
    """The seller rounds money itself: to a step, for each output or for the whole job."""

    step: Fraction
    mode: Mode
    of: Literal["output", "job"]


@dataclass(frozen=True, slots=True)
class Part:
    """What one component came to, for one output, before any rounding of money."""

    component: Component
    billed: Fraction
    amount: Fraction


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
    contested: bool
    """Whether it is another published price beside the price of record."""
    components: tuple[Component, ...]
    rounding: MoneyRounding | None
    sources: tuple[Source, ...]
    assumptions: tuple[str, ...]
    price_text: str
    """The price in words, for telling two contested ones apart."""
    short: Short | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "short", _short(self))

    def same_price(self, other: "Rate") -> bool:
        return self.components == other.components and self.rounding == other.rounding

    def nanos(self, measured: Mapping[str, Decimal], outputs: int) -> tuple[int, int]:
        """The price of the job in nanos, exact, as (numerator, denominator > 0)."""
        short = self.short
        if short is not None:
            return short.steps(measured[short.measure]) * outputs * short.nanos_numerator, short.nanos_denominator
        total = evaluate(self, {name: Fraction(value) for name, value in measured.items()}, outputs)[1] * NANOS
        return total.numerator, total.denominator

    def lines(self, measured: Mapping[str, Decimal], outputs: int, total: Money) -> tuple[Line, ...]:
        """The price in parts that sum to `total`, the price already rounded to nanos."""
        short = self.short
        if short is None:
            return _lines(self, measured, outputs, total)
        length = measured[short.measure]
        label, note = (short.label, short.note) if outputs == 1 else _times(short.label, short.note, outputs)
        billed = Decimal(short.steps(length) * outputs * short.units)
        return (Line(label, length, billed, short.unit, short.rate, total, note),)


def evaluate(rate: Rate, measured: Mapping[str, Fraction], outputs: int) -> tuple[tuple[Part, ...], Fraction]:
    """The definition of a price: what each component comes to for one output, and the exact price of the job."""
    parts: list[Part] = []
    for component in rate.components:
        billed = component.billed(measured[component.measure])
        parts.append(Part(component, billed, component.charge(billed)))
    one = sum((part.amount for part in parts), Fraction(0))
    rounding = rate.rounding
    if rounding is None:
        total = one * outputs
    elif rounding.of == "output":
        total = quantise(one, rounding.step, rounding.mode) * outputs
    else:
        total = quantise(one * outputs, rounding.step, rounding.mode)
    return tuple(parts), total


def quantise(value: Fraction, step: Fraction, mode: Mode) -> Fraction:
    """The multiple of `step` above, below or nearest; half a step goes up (no seller was seen to round it down)."""
    whole, rest = divmod(value, step)
    if mode == "ceil":
        whole += rest > 0
    elif mode == "nearest":
        whole += 2 * rest >= step
    return whole * step


def decimal_from(value: Fraction) -> Decimal:
    """For showing: exact where a decimal can be, else to 18 decimals."""
    numerator, denominator = Decimal(value.numerator), Decimal(value.denominator)
    quotient = EXACT.divide(numerator, denominator)
    if quotient.adjusted() < -60 or EXACT.multiply(quotient, denominator) != numerator:
        quotient = EXACT.quantize(quotient, Decimal("1e-18"))
    plain = EXACT.normalize(quotient)
    return EXACT.quantize(plain, Decimal(1)) if plain == plain.to_integral_value() else plain


def _short(rate: Rate) -> Short | None:
    if len(rate.components) != 1 or rate.rounding is not None:
        return None
    part, shown = rate.components[0], rate.components[0].shown
    if part.step is None or part.mode != "ceil" or not isinstance(part.tariff, PerUnit) or shown.size is None:
        return None
    if part.included or part.minimum is not None or part.cap is not None:
        return None
    units = part.step / shown.size
    if units.denominator != 1:
        return None
    nanos = part.charge(part.step) * NANOS
    return Short(
        part.measure,
        part.step.numerator,
        part.step.denominator,
        nanos.numerator,
        nanos.denominator,
        units.numerator,
        shown.label,
        shown.unit,
        shown.rate,
        shown.note,
    )


def _lines(rate: Rate, measured: Mapping[str, Decimal], outputs: int, total: Money) -> tuple[Line, ...]:
    """Every line but the rounding line is rounded to nanos; those share what is left over, the largest first."""
    parts, exact = evaluate(rate, {name: Fraction(value) for name, value in measured.items()}, outputs)
    plain = sum((part.amount for part in parts), Fraction(0)) * outputs
    seller = Money(total.nanos - rounded_ratio(*(plain * NANOS).as_integer_ratio(), "half-even"), total.currency)
    if exact == plain:
        seller = Money.zero(total.currency)
    amounts = share([part.amount * outputs * NANOS for part in parts], total.nanos - seller.nanos)
    lines: list[Line] = []
    for part, nanos in zip(parts, amounts, strict=True):
        shown = part.component.shown
        label, note = _times(shown.label, shown.note, outputs)
        length, amount = measured[part.component.measure], Money(nanos, total.currency)
        lines.append(Line(label, length, _units(part, outputs), shown.unit, shown.rate, amount, note))
    if seller and rate.rounding is not None:
        step = decimal_from(rate.rounding.step)
        label = f"rounded to {step:f} {total.currency} per {rate.rounding.of} ({rate.rounding.mode})"
        lines.append(Line(label, Decimal(1), Decimal(1), "job", seller.amount, seller))
    return tuple(lines)


def share(exact: list[Fraction], total: int) -> list[int]:
    """Whole numbers beside the exact ones that sum to `total`: floors, then one more for the largest remainders."""
    floors = [part.numerator // part.denominator for part in exact]
    order = sorted(range(len(exact)), key=lambda index: (floors[index] - exact[index], index))
    left = total - sum(floors)
    every, some = divmod(left, len(exact))
    for place, index in enumerate(order):
        floors[index] += every + (place < some)
    return floors


def _times(label: str, note: str, outputs: int) -> tuple[str, str]:
    if outputs == 1:
        return label, note
    return f"{label}, × {outputs} outputs", f"{note}, for each output" if note else ""


def _units(part: Part, outputs: int) -> Decimal:
    size = part.component.shown.size
    return Decimal(outputs) if size is None else decimal_from(part.billed * outputs / size)
