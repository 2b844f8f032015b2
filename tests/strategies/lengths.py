"""Lengths: what the inverse and the crossover are asked, over every card there is."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from pricing import PriceBook, PricingError, Usage
from pricing.questions.lengths import Lengths
from pricing.select import Valuation, select

from .selling import Sold

EXAMPLES = Path(__file__).parents[2] / "examples" / "cards"
CHECKED = date(2026, 11, 20)


@cache
def every_card() -> PriceBook:
    """The shipped cards and the examples in one book."""
    return PriceBook.shipped().with_cards(EXAMPLES)


@dataclass(frozen=True)
class Timed:
    """Something sold by length, and what else a job of it takes."""

    thing: Sold
    others: Usage | None

    def __str__(self) -> str:
        return str(self.thing)

    @property
    def provider(self) -> str:
        return self.thing.offer.partition("/")[0]


@cache
def timed() -> tuple[Timed, ...]:
    """Every offer of every card, with every choice of settings, whose price depends on a length on that day."""
    book, found = every_card(), list[Timed]()
    for offer in book.offers.values():
        for choice in offer.choices:
            try:
                selection = select(book.entries[offer.id], choice, CHECKED, Valuation(None, False, {}), "")
                lengths = Lengths.of(selection)
            except PricingError:  # not sold by length, or without a price on that day
                continue
            needs = [name for name in selection.meter.needs if name not in lengths.fed and name not in offer.defaults]
            frame = {"width": 1280, "height": 720, "fps_out": 24, "megapixels": 1}
            others = Usage.of(**{name: frame.get(name, 5) for name in needs}) if needs else None
            found.append(Timed(Sold(offer.id, choice), others))
    return tuple(found)


@st.composite
def asked_lengths(draw: st.DrawFn, lengths: Lengths, most: int = 600) -> list[Fraction]:
    """Lengths that may be sold and some that are not: beside whole seconds, at the ends, on the grid."""
    last = min(Fraction(most), lengths.most)
    ms = st.integers(1, max(int(last * 1000), 2)).map(lambda n: Fraction(n, 1000))
    beside = st.tuples(st.integers(0, int(last) + 1), st.sampled_from([-1, 0, 1])).map(
        lambda two: Fraction(two[0]) + Fraction(two[1], 1000)
    )
    sold = st.integers(0, max(lengths.grid.count - 1, 0)).map(lengths.grid.at)
    ends = st.sampled_from([lengths.least, lengths.most, lengths.grid.at(0)])
    found = draw(st.lists(ms | beside | sold | ends, min_size=4, max_size=12))
    return [length for length in found if 0 < length <= 86_400]
