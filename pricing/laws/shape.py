"""What a price says about itself: whether it is plain blocks, whether parts may be added, its bounds, what it declares.

Read from the rates as they are in force. A card declares an exception in an assumption of its row, which every
quote then shows: "more width may cost less: …", "parts may cost less: …", "may be free: …". Pure.
"""

import re
from fractions import Fraction

from ..evaluate.expression import Range
from ..evaluate.rates import Component, Rate
from ..evaluate.tariffs import Flat, PerUnit, Tariff, Tiers
from ..select import Selection
from ..units import AUDIO, BILLED

MORE, PARTS, FREE = "more {} may cost less", "parts may cost less", "may be free"

ZERO, ONE = Fraction(0), Fraction(1)


def declared(selection: Selection, words: str) -> bool:
    """Whether a row in force says so, and why."""
    said = re.compile(rf"{re.escape(words)}: \S")
    return any(said.match(text) for text in selection.assumptions)


def metered(selection: Selection, name: str) -> str:
    """The measure that is charged where a job states this one."""
    if name == BILLED or (name == AUDIO and AUDIO not in selection.meter.needs):
        return selection.offer.measure
    return name


def block(selection: Selection) -> Fraction | None:
    """The size of the blocks (zero: none) where nothing but blocks of the offer's own measure is charged."""
    steps: set[Fraction] = set()
    for rate in selection.rates:
        if rate.output_rounding or rate.job_rounding or rate.exchange:
            return None
        for part in rate.components:
            if part.measure != selection.offer.measure or not isinstance(part.tariff, PerUnit):
                return None
            if part.included or part.minimum is not None or part.cap is not None or part.multipliers:
                return None
            if part.unit_rounding or part.rounding or part.mode == "unknown":
                return None
            if part.minimum_charge is not None or part.maximum_charge is not None:
                return None
            steps.add(part.step or ZERO)
    names = {name for _, expression in selection.meter.derived for name in expression.names}
    return steps.pop() if len(steps) == 1 and selection.offer.measure not in names else None


def parts_add(selection: Selection, measure: str) -> bool:
    """Whether two jobs must cost at least as much as one that takes as much as both, in this measure.

    Not with an allowance, tiers, ladders, intervals or conditions: these say openly that parts may be cheaper.
    """
    if any(measure in expression.names for _, expression in selection.meter.derived):
        return False
    for rate in selection.rates:
        if rate.exchange or any(rate_rounding(rate, of) for of in ("output", "job")):
            return False
        for part in rate.components:
            if not isinstance(part.tariff, Flat | PerUnit) or part.multipliers or part.included:
                return False
            if part.rounding is not None and part.rounding.mode != "ceil":
                return False
    return True


def rate_rounding(rate: Rate, of: str) -> bool:
    """Whether the output, or the job, is rounded otherwise than up."""
    rounding = rate.output_rounding if of == "output" else rate.job_rounding
    return rounding is not None and rounding.mode != "ceil"


def multiplies(selection: Selection) -> bool:
    """Whether so many outputs cost so many times one."""
    return all(
        rate.job_rounding is None
        and (rate.exchange is None or rate.exchange.rounding is None)
        and all(part.per_output for part in rate.components)
        for rate in selection.rates
    )


def may_be_free(selection: Selection) -> bool:
    """Whether the card itself grants it: an allowance, or a price, a factor or a discount that leaves nothing.

    A rounding that swallows a small job is no grant: a card that knows it to be so declares it.
    """
    if selection.left.expected == 0:
        return True
    return any(all(_free(part) for part in rate.components) for rate in selection.rates)


def _free(part: Component) -> bool:
    if part.minimum_charge is not None:
        return False
    factors = [part.factor, *(multiplier.factor for multiplier in part.multipliers)]
    return bool(part.included) or any(one.expected == 0 for one in (*factors, *_prices(part.tariff)))


def _prices(tariff: Tariff) -> tuple[Range, ...]:
    if isinstance(tariff, Flat | PerUnit):
        return (tariff.price,)
    if isinstance(tariff, Tiers):
        return tuple(price for tier in tariff.tiers for price in (tier.flat, tier.price) if price is not None)
    return tariff.prices


def bounds(selection: Selection, outputs: int) -> tuple[Fraction, Fraction | None]:
    """What a job costs at least, and at most (None: no bound), from minimums and caps alone, in exact amounts."""
    least = min(_least(rate, outputs) for rate in selection.rates) * selection.left.low
    tops = [_most(rate, outputs) for rate in selection.rates]
    most = None if None in tops else max(top for top in tops if top is not None) * selection.left.high
    return least, most


def _least(rate: Rate, outputs: int) -> Fraction:
    total = sum((_part_least(part) * _times(part, outputs) for part in rate.components), ZERO)
    return max(ZERO, total - _slop(rate, outputs)) * (ONE if rate.exchange is None else rate.exchange.credits_per_usd)


def _most(rate: Rate, outputs: int) -> Fraction | None:
    total = ZERO
    for part in rate.components:
        top = _part_most(part)
        if top is None:
            return None
        total += top * _times(part, outputs)
    return (total + _slop(rate, outputs)) * (ONE if rate.exchange is None else rate.exchange.credits_per_usd)


def _times(part: Component, outputs: int) -> int:
    return outputs if part.per_output else 1


def _slop(rate: Rate, outputs: int) -> Fraction:
    """How far rounding of the whole may move it."""
    slop = ZERO if rate.output_rounding is None else rate.output_rounding.step * outputs
    slop += ZERO if rate.job_rounding is None else rate.job_rounding.step
    rounding = None if rate.exchange is None else rate.exchange.rounding
    return slop + (ZERO if rounding is None else rounding.step)


def _part_least(part: Component) -> Fraction:
    tariff, amount = part.tariff, ZERO
    factor = part.factor.low
    for multiplier in part.multipliers:
        factor *= min(ONE, multiplier.factor.low)
    if part.unit_rounding is None:
        if isinstance(tariff, Flat):
            amount = tariff.price.low * factor
        if isinstance(tariff, PerUnit) and part.minimum is not None:
            amount = tariff.price.low * factor * part.minimum / tariff.per
    for _, left in part.reductions:
        amount *= left.low
    amount = max(amount, part.minimum_charge or ZERO)
    amount = amount if part.maximum_charge is None else min(amount, part.maximum_charge)
    return amount if part.rounding is None else max(ZERO, amount - part.rounding.step)


def _part_most(part: Component) -> Fraction | None:
    tariff, amount = part.tariff, None
    factor = part.factor.high
    for multiplier in part.multipliers:
        factor *= max(ONE, multiplier.factor.high)
    if part.unit_rounding is None:
        if isinstance(tariff, Flat):
            amount = tariff.price.high * factor
        if isinstance(tariff, PerUnit) and part.cap is not None:
            amount = tariff.price.high * factor * part.cap / tariff.per
    if part.minimum_charge is not None and amount is not None:
        amount = max(amount, part.minimum_charge)
    if part.maximum_charge is not None:
        amount = part.maximum_charge if amount is None else min(amount, part.maximum_charge)
    return amount if amount is None or part.rounding is None else amount + part.rounding.step
