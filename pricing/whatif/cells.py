"""What a book says of one offer on one day, and how jobs that are alike are priced together. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import localcontext

from ..book import PriceBook
from ..errors import PricingError
from ..evaluate.expression import EXACT
from ..money import Money, Span
from ..questions.evenly import Evenness, evenness
from ..quote import Quote
from ..select import Selection, Valuation, Worth, select
from ..usage import Quantity, Usage, amount_of
from .jobs import Stated

SCALE = (1000, 100, 10, 1)
LONGEST_TEXT = 10


@dataclass(slots=True)
class View:
    """One book's view of an offer with some settings on some day: what is in force, or why there is nothing."""

    selection: Selection | None
    error: PricingError | None
    even: Evenness = "no"

    def same(self, other: "View") -> bool:
        """Whether it is the same price, on another day."""
        one, two = self.selection, other.selection
        if one is None or two is None:
            return one is two and str(self.error) == str(other.error)
        return (
            (one.offer.id, one.settings, one.left, one.of_record)
            == (
                two.offer.id,
                two.settings,
                two.left,
                two.of_record,
            )
            and len(one.rates) == len(two.rates)
            and all(map(_same_rate, one.rates, two.rates))
        )


def _same_rate(one: object, other: object) -> bool:
    return one is other or one == other


@dataclass(slots=True)
class Viewer:
    """One book's views, its credits valued once."""

    book: PriceBook
    valuations: dict[str, Valuation] = field(default_factory=dict[str, Valuation])

    def view(self, offer: str, settings: tuple[tuple[str, str], ...], at: date) -> View:
        """What the book says of an offer with these settings on that day."""
        book = self.book
        try:
            currency = book.offer(offer).currency
            valuation = self.valuations.get(currency)
            if valuation is None:
                plan = None if currency == "USD" else book.plan_for(currency)
                worth = None if plan is None else Worth.of(plan)
                valuation = self.valuations[currency] = Valuation(worth, currency in book.chosen, {})
            selection = select(book.entries[offer], dict(settings), at, valuation, book.hash, book.discounts)
        except PricingError as error:
            return View(None, error)
        return View(selection, None, evenness(selection))


@dataclass(slots=True)
class Sum:
    """Amounts of one currency: low, expected, high, in nanos."""

    currency: str
    nanos: list[int] = field(default_factory=lambda: [0, 0, 0])

    def add(self, spans: Iterable[tuple[Span, int]]) -> None:
        for span, times in spans:
            for place, money in enumerate((span.low, span.expected, span.high)):
                self.nanos[place] += money.nanos * times

    @property
    def span(self) -> Span:
        low, expected, high = (Money(nanos, self.currency) for nanos in self.nanos)
        return Span(low, expected, high)


Priced = tuple[tuple[Quote, int], ...] | PricingError
"""Quotes and how often each counts (less than nothing: taken off again), or why there is none."""


def alone(view: View, outputs: int, stated: "str | Stated | Usage", count: int) -> Priced:
    """Jobs that state the same."""
    if view.selection is None:
        return view.error or PricingError("no price")
    try:
        return ((view.selection.quote(usage_of(stated), outputs), count),)
    except PricingError as error:
        return error


def usage_of(usage: "str | Stated | Usage") -> Usage:
    """A usage from what a job states. Raises BadQuantity."""
    if isinstance(usage, Usage):
        return usage
    if isinstance(usage, str):
        usage = (("billed_seconds", usage),)
    return Usage({name: _quantity(name, text) for name, text in usage})


def _quantity(name: str, text: str) -> Quantity:
    low, dash, high = text.partition("-")
    least = amount_of(name, low if low.strip() or not dash else text)
    if not dash:
        return Quantity(least, least, least)
    most = amount_of(name, high)
    with localcontext(EXACT):
        return Quantity(least, (least + most) / 2, most)
