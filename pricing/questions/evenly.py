"""Whether all lengths within one started second cost the same, or rise evenly: then many jobs are priced at once. Pure.

"steady": every length in (n − 1, n] costs the same. "rising": on the grid of milliseconds the price within it is a
straight line whose points are whole nanos, so that two points give the sum of many jobs. "no": neither is sure.
"""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from ..evaluate.rates import Component, Rate
from ..evaluate.tariffs import Flat, PerUnit, Tiers
from ..money import NANOS
from ..select import Selection

Evenness = Literal["steady", "rising", "no"]
_GRID = Fraction(NANOS, 1000)


def evenness(selection: Selection) -> Evenness:
    """What is sure of jobs that state one length, in the offer's own measure."""
    name = selection.meter.only
    top = min((one.most for one in selection.meter.limits if one.most is not None), default=Decimal(0))
    if name is None or top != top.to_integral_value():
        return "no"
    if all(_steady(part, name) for rate in selection.rates for part in rate.components):
        return "steady"
    if len(selection.rates) != 1 or not selection.left.is_point or selection.left.expected != 1:
        return "no"
    worth = Fraction(1) if selection.worth is None else Fraction(selection.worth.numerator, selection.worth.denominator)
    return "rising" if _rising(selection.rates[0], name, worth) else "no"


def _steady(part: Component, name: str) -> bool:
    if part.multipliers:
        return False
    if isinstance(part.tariff, Flat):
        return True
    quantity = part.measure == name and part.step is not None and part.step.denominator == 1 and part.mode == "ceil"
    return quantity and part.included.denominator == 1 and isinstance(part.tariff, (PerUnit, Tiers))


def _rising(rate: Rate, name: str, worth: Fraction) -> bool:
    """Sums of straight lines that bend at whole seconds only, nothing of money rounded on the way."""
    if rate.output_rounding or rate.job_rounding or rate.exchange:
        return False
    return all(_line(part, name, worth) for part in rate.components)


def _line(part: Component, name: str, worth: Fraction) -> bool:
    tariff = part.tariff
    if part.multipliers or part.reductions or part.unit_rounding or part.rounding:
        return False
    if part.minimum_charge is not None or part.maximum_charge is not None or not isinstance(tariff, (Flat, PerUnit)):
        return False
    if isinstance(tariff, PerUnit) and (part.measure != name or part.mode not in ("ceil", "unknown")):
        return False
    bends = [part.included, part.step or Fraction(1), part.minimum or Fraction(1), part.cap or Fraction(1)]
    if any(bend.denominator != 1 for bend in bends):
        return False
    per = tariff.per if isinstance(tariff, PerUnit) else Fraction(1)
    price = tariff.price * part.factor
    slopes = [slope * _GRID / per for slope in (price.low, price.expected, price.high)]
    return _whole(slopes) and _whole(slope * worth for slope in slopes)


def _whole(values: Iterable[Fraction]) -> bool:
    return all(value.denominator == 1 for value in values)
