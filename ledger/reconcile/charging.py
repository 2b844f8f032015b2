"""What the lines of a bill say that one attempt cost: the amount that may be posted. Pure; posts nothing.

Equal charges beyond the results asked are never added up: they are a break for a person. Taxes and fees are no part
of a job's price.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pricing import Money

from ..evidence import Evidence
from ..statement.lines import StatementLine
from .matching import strongest

_APART = ("tax", "fee", "purchase")


@dataclass(frozen=True, slots=True)
class Charged:
    """A charge as billed, in the currency of the attempt."""

    amount: Money
    evidence: Evidence
    given_back: bool
    """Whether something of it, or all, was refunded: then a low amount is no slip."""


def charge_of(lines: Sequence[StatementLine], currency: str, asked: int) -> Charged | None:
    """What these lines of one attempt come to; None: nothing that can be posted, such as only taxes, or other money."""
    counted, _ = strongest(lines)
    mine = [(line, _native(line, currency)) for line in counted if line.kind not in _APART]
    if not mine or any(nanos is None for _, nanos in mine):
        return None
    amounts = [(line, nanos) for line, nanos in mine if nanos is not None]
    copies = Counter((nanos, line.quantity, line.unit_price) for line, nanos in amounts if line.kind == "usage")
    once = sum(nanos * min(count, max(1, asked)) for (nanos, _, _), count in copies.items())
    others = sum(nanos for line, nanos in amounts if line.kind not in ("usage", "refund"))
    total = sum(nanos for _, nanos in amounts)
    refunds = any(line.kind == "refund" for line, _ in amounts)
    invoiced = any(line.invoice is not None for line, _ in amounts)
    return Charged(
        Money(min(total, once + others) if copies else total, currency),
        "invoice" if invoiced else "billing_event",
        refunds,
    )


def _native(line: StatementLine, currency: str) -> int | None:
    if line.amount.currency == currency:
        return line.amount.nanos
    return line.priced.nanos if line.priced is not None and line.priced.currency == currency else None
