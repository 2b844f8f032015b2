"""Where the cheaper offer changes: every stretch says of every length in it what two quotes say."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, reject, settings
from hypothesis import strategies as st

from pricing import BadQuantity, NoPlan, NotQuotable, OverLimit, PriceBook, Quote, Stretch, Usage
from pricing.questions.crossover import expected_price
from pricing.questions.lengths import Lengths
from pricing.select import Selection, Valuation, select
from tests.conftest import SWEEP
from tests.strategies import CHECKED, Sold, asked_lengths, every_card, timed, uneven_books

MANY = settings(max_examples=2000 if SWEEP else 100)
LENGTHENED = Fraction(1, 1000)
UPTO = 90


def selection(book: PriceBook, thing: Sold) -> Selection:
    return select(book.entries[thing.offer], thing.settings, CHECKED, Valuation(None, False, {}), "")


def quote(book: PriceBook, thing: Sold, usage: Usage, outputs: int) -> Quote | None:
    try:
        return book.quote(thing.offer, usage, at=CHECKED, settings=thing.settings, outputs=outputs)
    except BadQuantity:
        return None


def check(
    book: PriceBook,
    a: Sold,
    b: Sold,
    found: tuple[Stretch, ...],
    pair: tuple[Lengths, Lengths],
    asked: list[Fraction],
    outputs: int,
) -> None:
    """Two quotes that differ say which is cheaper; two that are equal may differ by less than a nano."""
    for length in asked:
        if not 0 < length <= UPTO or 10**12 % length.denominator:
            continue
        one, two = (
            quote(book, thing, lengths.usage(length), outputs) for thing, lengths in zip((a, b), pair, strict=True)
        )
        inside = [stretch for stretch in found if length in stretch]
        if one is None or two is None:
            assert not inside, (length, found)
            continue
        assert len(inside) == 1, (length, found)
        same = one.currency == two.currency
        first, second = (one.expected, two.expected) if same else (one.usd.expected, two.usd.expected)
        if first != second:
            assert inside[0].cheaper == ("a" if first < second else "b"), (length, found)
        elif same:
            exact = [expected_price(lengths, length, outputs) for lengths in pair]
            assert (inside[0].cheaper == "equal") == (exact[0] == exact[1]), (length, found)


def shaped(found: tuple[Stretch, ...]) -> None:
    """In order, apart or touching, and no two neighbours that could be one."""
    assert found
    for earlier, later in pairwise(found):
        assert earlier.high <= later.low
        touching = earlier.high == later.low and earlier.high_open != later.low_open
        assert earlier.high < later.low or touching or (earlier.high_open and later.low_open)
        assert not (touching and earlier.cheaper == later.cheaper)
        assert not (earlier.sold and later.sold and earlier.cheaper == later.cheaper)
    for stretch in found:
        assert stretch.low < stretch.high or (stretch.low == stretch.high and not stretch.low_open)


def edges(found: tuple[Stretch, ...]) -> list[Fraction]:
    ends = {end for stretch in found[:20] for end in (stretch.low, stretch.high)}
    return [end + by for end in sorted(ends) for by in (-LENGTHENED, Fraction(0), LENGTHENED)]


@given(data=st.data())
@MANY
def test_it_agrees_with_quotes_of_every_card(data: st.DataObject) -> None:
    one, two = data.draw(st.sampled_from(timed())), data.draw(st.sampled_from(timed()))
    book, a, b = every_card(), one.thing, two.thing
    others = {**(one.others or {}), **(two.others or {})}
    usage = Usage(others) if others else None
    chosen = selection(book, a), selection(book, b)
    pair = Lengths.of(chosen[0], None, usage), Lengths.of(chosen[1], None, usage)
    outputs = data.draw(st.integers(1, min(book.offer(a.offer).max_outputs, book.offer(b.offer).max_outputs)))
    try:
        found = book.crossover(
            a.offer,
            b.offer,
            at=CHECKED,
            settings_a=a.settings,
            settings_b=b.settings,
            upto=UPTO,
            usage=usage,
            outputs=outputs,
        )
    except (NoPlan, OverLimit, NotQuotable):
        reject()
    shaped(found)
    asked = edges(found) + data.draw(asked_lengths(pair[0], UPTO)) + data.draw(asked_lengths(pair[1], UPTO))
    check(book, a, b, found, pair, asked, outputs)


@given(book=uneven_books(), outputs=st.integers(1, 3))
@MANY
def test_it_agrees_with_quotes_where_prices_fall(book: PriceBook, outputs: int) -> None:
    a, b = Sold("acme/a", {}), Sold("acme/b", {})
    try:
        pair = Lengths.of(selection(book, a)), Lengths.of(selection(book, b))
    except OverLimit:  # a ladder none of whose rungs is within the limits
        reject()
    try:
        found = book.crossover("acme/a", "acme/b", at=CHECKED, outputs=outputs)
    except OverLimit:
        for n in range(1, 121):
            usage = Usage.of(requested_seconds=Decimal(n) / 20)
            assert quote(book, a, usage, outputs) is None or quote(book, b, usage, outputs) is None
        return
    shaped(found)
    check(book, a, b, found, pair, edges(found) + [Fraction(n, 20) for n in range(1, 121)], outputs)
    back = book.crossover("acme/b", "acme/a", at=CHECKED, outputs=outputs)
    turned = {"a": "b", "b": "a", "equal": "equal"}
    assert [(s.low, s.high, turned[s.cheaper]) for s in back] == [(s.low, s.high, s.cheaper) for s in found]
