"""Claims and bills: jobs at two providers, and what is said of them, true or bent. Never of unknown worth."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from ledger.reconcile.values import Claimed, QuotedLine
from ledger.statement.lines import Source, Statement, StatementLine
from pricing import Money, Span
from tests.ledger.reconcile.making import BEGUN, CREDIT, ENDED, bill, claim, credits_claim, credits_line, line

PRICES = (Fraction("0.14"), Fraction("0.07"), Fraction("0.0562"), Fraction(1), Fraction("0.5"))


@dataclass(frozen=True, slots=True)
class Billed:
    """Claims, and complete bills of all that was said of them."""

    claims: tuple[Claimed, ...]
    lines: tuple[StatementLine, ...]

    def statements(self, lines: tuple[StatementLine, ...] | None = None) -> list[Statement]:
        those = self.lines if lines is None else lines
        sources: tuple[tuple[str, Source], ...] = (
            ("fal", "fal-billing-events"),
            ("creatify", "creatify-jobs"),
            ("fal", "csv"),
        )
        found = list[Statement]()
        for provider, source in sources:
            of = tuple(one for one in those if (one.provider, one.source) == (provider, source))
            found.append(bill(*of, provider=provider, source=source))
        return found


@st.composite
def bills(draw: st.DrawFn, *, bent: bool = True) -> Billed:
    """Up to a dozen jobs. Not bent: each line says exactly what was posted."""
    claims, lines = list[Claimed](), list[StatementLine]()
    for number in range(draw(st.integers(0, 12))):
        ours, price = draw(_claims(number))
        claims.append(ours)
        how = draw(st.sampled_from(_WAYS)) if bent else "true"
        lines += draw(_lines(ours, price, number, how))
    return Billed(tuple(claims), tuple(lines))


_WAYS = ("true", "true", "none", "more", "price", "nanos", "twice", "refund", "tax", "stranger", "invoice", "late")


@st.composite
def _claims(draw: st.DrawFn, number: int) -> tuple[Claimed, Fraction]:
    price = draw(st.sampled_from(PRICES))
    quantity = Fraction(draw(st.integers(1, 60)))
    in_credits = draw(st.booleans())
    currency = CREDIT if in_credits else "USD"
    cost = Money.rounded(quantity * price, currency, "half-even")
    posted = draw(st.sampled_from([cost, cost, cost, Money(cost.nanos + 7, currency), None]))
    begun = BEGUN + timedelta(hours=draw(st.integers(-200, 400)))
    made = (credits_claim if in_credits else claim)(
        number,
        quoted=Span(cost, cost, cost),
        quoted_lines=(QuotedLine(quantity, "s", price),),
        posted=posted,
        reported=posted,
        submitted_at=begun,
        settled_at=None if posted is None else begun + timedelta(minutes=5),
        released_at=begun + timedelta(minutes=5) if posted is None else None,
        state="released" if posted is None else "settled",
    )
    return made, price


@st.composite
def _lines(draw: st.DrawFn, ours: Claimed, price: Fraction, number: int, how: str) -> list[StatementLine]:
    quantity = ours.quoted_lines[0].quantity
    amount = ours.owed
    if how == "none" or (how == "true" and not amount.nanos):
        return []
    if how == "more":
        quantity += draw(st.integers(1, 5))
        amount = Money.rounded(quantity * price, amount.currency, "half-even")
    if how == "price":
        price = draw(st.sampled_from(PRICES))
        amount = Money.rounded(quantity * price, amount.currency, "half-even")
    if how == "nanos":
        amount = Money(amount.nanos + draw(st.integers(-20_000_000, 20_000_000)), amount.currency)
    at = ours.ended_at if how != "late" else ENDED - timedelta(days=70)
    stated: dict[str, Any] = (
        {"quantity": _decimal(quantity), "unit_price": _decimal(price)} if ours.provider == "fal" else {}
    )
    more: dict[str, Any] = {
        "amount": amount,
        "charged_at": at,
        "period": (at.date(), at.date() + timedelta(days=1)),
        **stated,
    }
    make = line if ours.provider == "fal" else credits_line
    one = make(f"{number}-a", number=number if how != "stranger" else 1000 + number, **more)
    bare: dict[str, Any] = {"quantity": None, "unit_price": None}
    match how:
        case "twice":
            return [one, make(f"{number}-b", number=number, **more)]
        case "refund":
            back = Money(-draw(st.integers(0, max(0, amount.nanos))), amount.currency)
            more |= {**bare, "amount": back, "kind": "refund"}
            return [one, make(f"{number}-r", number=number, **more)]
        case "tax":
            tax = Money(draw(st.integers(-(10**9), 10**9)), amount.currency)
            more |= {**bare, "amount": tax, "kind": "tax"}
            return [one, make(f"{number}-t", number=number, **more)]
        case "invoice" if ours.provider == "fal":
            more |= {"source": "csv", "invoice": "R-1"}
            return [one, line(f"{number}-i", number=number, **more)]
        case _:
            return [one]


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def factors() -> st.SearchStrategy[tuple[Fraction, Fraction]]:
    """A quantity and a unit price."""
    quantity = st.fractions(0, 10_000, max_denominator=1000)
    return st.tuples(quantity, st.fractions(0, 100, max_denominator=10**6))
