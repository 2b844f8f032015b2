"""The answer to "what would this cost?": amounts, lines, assumptions, sources. Never computes a price itself."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from .credits import CreditPlan
from .errors import CurrencyMismatch, NoPlan
from .making import quick
from .money import Money, Span, written
from .source import Source


@dataclass(frozen=True, slots=True)
class Line:
    """One part of the price. `billed` counts `unit`s over all outputs: billed × rate is the amount."""

    label: str
    measured: Decimal
    """What one output takes, in the measure's own unit (seconds)."""
    billed: Decimal
    unit: str
    rate: Decimal
    amount: Money
    note: str = ""
    """How measured became billed, in words; not part of the JSON."""

    def as_json(self) -> dict[str, object]:
        return {
            "label": self.label,
            "measured": f"{self.measured:f}",
            "billed": f"{self.billed:f}",
            "unit": self.unit,
            "rate": f"{self.rate:f}",
            "amount": self.amount.as_json(),
        }

    def __str__(self) -> str:
        currency = self.amount.currency
        note = f" ({self.note})" if self.note else ""
        count, _, base = self.unit.rpartition(" ")
        if base in {"output", "job"}:
            return f"{self.label}: {self.billed:f} × {written(self.rate, currency)}{note} = {self.amount}"
        if self.measured == self.billed and not note:
            return f"{self.label}: {self.billed:f} {base} × {written(self.rate, currency)} = {self.amount}"
        billed = f"{self.measured:f} {base} → billed {self.billed:f} {'× ' if count else ''}{self.unit}{note}"
        return f"{self.label}: {billed} × {written(self.rate, currency)} per {self.unit} = {self.amount}"


@dataclass(frozen=True, slots=True)
class Quote:
    """What one job would cost: `cost` in the offer's own currency, `usd` the same in dollars where they are known."""

    offer: str
    settings: Mapping[str, str]
    """Every setting, defaults filled in; read-only."""
    at: date
    outputs: int
    cost: Span
    dollars: Span | None
    """None: nothing says what the offer's currency is worth."""
    plan: CreditPlan | None
    """What credits were converted with; None: the offer is sold in dollars, or nobody sells its credits."""
    lines: tuple[Line, ...]
    assumptions: tuple[str, ...]
    sources: tuple[Source, ...]
    rates: tuple[str, ...]
    """Ids of the rate rows used."""
    book: str
    """Content hash of the book."""

    @property
    def low(self) -> Money:
        return self.cost.low

    @property
    def expected(self) -> Money:
        return self.cost.expected

    @property
    def high(self) -> Money:
        return self.cost.high

    @property
    def currency(self) -> str:
        return self.cost.expected.currency

    @property
    def usd(self) -> Span:
        """The cost in dollars. Raises NoPlan where nothing says what the offer's currency is worth."""
        if self.dollars is None:
            currency = self.currency
            raise NoPlan(f"nothing says what a {currency} is worth", value=currency, next="add a plan to its card")
        return self.dollars

    def in_currency(self, currency: str) -> Span:
        """The cost in the offer's own currency or in dollars. Raises NoPlan, and CurrencyMismatch for any other."""
        if currency == self.cost.expected.currency:
            return self.cost
        if currency == "USD":
            return self.usd
        raise CurrencyMismatch(
            f"{self.offer} is priced in {self.currency}, not in {currency}",
            value=currency,
            limit=self.currency if self.cost is self.dollars else f"{self.currency}, USD",
        )

    def held_to(self, high: Money, why: str) -> "Quote":
        """The same with a higher worst case; `why` is one more assumption. Raises BadMoney where it is lower."""
        cost = replace(self.cost, high=high)
        dollars = None if self.dollars is None else cost
        if self.plan is not None and self.dollars is not None:
            dollars = replace(self.dollars, high=self.plan.convert(high, "ceil"))
        return replace(self, cost=cost, dollars=dollars, assumptions=(*self.assumptions, why))

    def explain(self) -> str:
        """The whole derivation, as text for a person."""
        chosen = ", ".join(f"{name} {value}" for name, value in self.settings.items())
        head = f"{self.offer}{f' ({chosen})' if chosen else ''} on {self.at.isoformat()}: {self.cost}"
        if self.dollars is not None and self.cost is not self.dollars:
            head += f" = {self.dollars}"
        text = [head, *(f"  {line}" for line in self.lines)]
        text += [f"  assumes: {assumption}" for assumption in self.assumptions]
        for source in self.sources:
            text.append(f"  source: {source}")
        return "\n".join(text)

    def as_json(self) -> dict[str, object]:
        return {
            "offer": self.offer,
            "settings": dict(self.settings),
            "at": self.at.isoformat(),
            "outputs": self.outputs,
            **self.cost.as_json(),
            "usd": None if self.dollars is None else self.dollars.as_json(),
            "lines": [line.as_json() for line in self.lines],
            "assumptions": list(self.assumptions),
            "sources": [source.as_json() for source in self.sources],
            "plan": None if self.plan is None else self.plan.id,
            "rates": list(self.rates),
            "book": self.book,
        }


new_line, new_quote = quick(Line), quick(Quote)
"""For what is right already: every field given, by position."""
