"""What a job costs at least by a minimum that its card states, for whoever checks a bill. Pure."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from ..entry import Entry
from ..evaluate.rates import Rate
from ..evaluate.tariffs import PerUnit


def minimums(entries: Mapping[str, Entry], at: date) -> dict[str, Fraction]:
    """By offer, in its own currency; left out where there is none, or not the same one for all settings."""
    found: dict[str, Fraction] = {}
    for name, entry in entries.items():
        in_force = [dated.rate for rows in entry.rates.values() for dated in rows if dated.covers(at)]
        each = {_least(rate) for rate in in_force if not rate.contested}
        least = each.pop() if len(each) == 1 else None
        if least is not None:
            found[name] = least
    return found


def _least(rate: Rate) -> Fraction | None:
    """None: no minimum stands by itself."""
    if len(rate.components) != 1 or rate.exchange is not None:
        return None
    (part,) = rate.components
    if part.minimum_charge is not None:
        return part.minimum_charge
    tariff = part.tariff
    if part.minimum is None or not isinstance(tariff, PerUnit) or not (tariff.price.is_point and part.factor.is_point):
        return None
    return part.minimum * tariff.price.expected * part.factor.expected / tariff.per
