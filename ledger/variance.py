"""How far a charge is from its quote, and the first cause that explains it. Pure: reads only the stored quote.

none            the same amount
credit_rate     the same in the provider's currency; a credit was worth something else
partial_failure fewer results were delivered, and only those were charged
unit_price      the quoted quantity at the other of two published prices
quantity        the quoted unit price, for another whole number of billing steps
unexplained     none of these
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from pricing import Money

Cause = Literal["none", "credit_rate", "partial_failure", "unit_price", "quantity", "unexplained"]


def cause(quote: Mapping[str, Any], *, native: Money, same_in_budget: bool, delivered: int) -> Cause:
    """Why `native` (the whole charge, in the quote's currency) is not what the quote (its JSON) expected."""
    expected = _amount(quote["expected"])
    charged = Fraction(native.amount)
    if charged == expected:
        return "none" if same_in_budget else "credit_rate"
    outputs = int(quote["outputs"])
    if 0 < delivered < outputs and charged * outputs == expected * delivered:
        return "partial_failure"
    lines = [line for line in quote["lines"] if line["amount"]["currency"] == native.currency]
    rate = Fraction(Decimal(lines[0]["rate"])) if len(lines) == 1 else None
    steps = rate is not None and rate != 0 and (charged / rate).denominator == 1
    if len(quote["rates"]) > 1 and _other_price(quote, charged, steps=steps):
        return "unit_price"
    return "quantity" if steps else "unexplained"


def _other_price(quote: Mapping[str, Any], charged: Fraction, *, steps: bool) -> bool:
    """Is the charge what another of the quoted prices makes of it?

    The low end is the cheaper price. The high end may also hold a longer output, which the price of record explains.
    """
    return charged == _amount(quote["low"]) or (charged == _amount(quote["high"]) and not steps)


def _amount(money: Mapping[str, str]) -> Fraction:
    return Fraction(Decimal(money["amount"]))
