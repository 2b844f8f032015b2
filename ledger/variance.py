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
    if any("contested" in text for text in quote["assumptions"]) and charged in _other_prices(quote, lines):
        return "unit_price"
    if len(lines) == 1:
        rate = Fraction(Decimal(lines[0]["rate"]))
        if rate and (charged / rate).denominator == 1:
            return "quantity"
    return "unexplained"


def _other_prices(quote: Mapping[str, Any], lines: list[Mapping[str, Any]]) -> set[Fraction]:
    """The ends of a contested quote, where they are the billed quantity at some plain other price."""
    billed = Fraction(Decimal(lines[0]["billed"])) if len(lines) == 1 else Fraction(1)
    ends = {_amount(quote["low"]), _amount(quote["high"])} - {_amount(quote["expected"])}
    return {end for end in ends if billed and _plain(end / billed)}


def _plain(price: Fraction) -> bool:
    """A price somebody would publish: at most four decimals."""
    return (price * 10_000).denominator == 1


def _amount(money: Mapping[str, str]) -> Fraction:
    return Fraction(Decimal(money["amount"]))
