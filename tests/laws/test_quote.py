"""Law 2: quotes are monotone, ordered, sum to their lines, depend on nothing but their inputs, and on no later row."""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from importlib.resources import files
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing import Money, PriceBook, Quote, Usage
from pricing.rates import evaluate
from tests.strategies import DAYS, MadeUp, Sold, any_sold, made_up_cards, seconds, sold, usages

SHIPPED = PriceBook.shipped()
TEXTS = {
    file.name: file.read_text("utf-8") for file in (files("pricing") / "cards").iterdir() if file.name.endswith(".toml")
}


def quote(thing: Sold, usage: Usage, at: date, outputs: int = 1, book: PriceBook = SHIPPED) -> Quote:
    return book.quote(thing.offer, usage, at=at, settings=thing.settings, outputs=outputs)


def check_sums(said: Quote) -> None:
    native = [line for line in said.lines if line.amount.currency == said.currency]
    assert sum((line.amount for line in native), Money.zero(said.currency)) == said.expected
    dollars = [line for line in said.lines if line.amount.currency != said.currency]
    if said.plan is None:
        assert not dollars
        assert said.usd == said.cost
    else:
        assert [line.amount for line in dollars] == [said.usd.expected]
        assert said.lines[-1] is dollars[0]


@pytest.mark.parametrize("thing", sold(), ids=lambda thing: f"{thing.offer}-{'-'.join(thing.settings.values())}")
@given(data=st.data(), at=DAYS)
def test_every_shipped_quote_is_ordered_and_sums(thing: Sold, data: st.DataObject, at: date) -> None:
    outputs = data.draw(st.integers(1, SHIPPED.offer(thing.offer).max_outputs))
    said = quote(thing, data.draw(usages(thing.offer)), at, outputs)
    assert said.low <= said.expected <= said.high
    assert said.usd.low <= said.usd.expected <= said.usd.high
    assert said.usd.currency == "USD"
    assert said.low.nanos > 0
    assert said.sources
    assert said.rates
    check_sums(said)
    for line in said.lines[: 1 if said.plan is None else -1]:
        assert Fraction(line.billed) * Fraction(line.rate) == Fraction(line.amount.amount)
    words = said.explain()
    assert all(source.url in words for source in said.sources)
    assert str(said.expected) in words
    assert_no_float(json.loads(json.dumps(said.as_json())))


def assert_no_float(said: object) -> None:
    assert not isinstance(said, float)
    if isinstance(said, dict):
        for value in said.values():  # pyright: ignore[reportUnknownVariableType]  # whatever JSON holds
            assert_no_float(value)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(said, list):
        for value in said:  # pyright: ignore[reportUnknownVariableType]
            assert_no_float(value)  # pyright: ignore[reportUnknownArgumentType]


@pytest.mark.parametrize("thing", sold(), ids=lambda thing: f"{thing.offer}-{'-'.join(thing.settings.values())}")
@given(lengths=st.lists(seconds(), min_size=2, max_size=6), at=DAYS)
def test_more_seconds_never_cost_less(thing: Sold, lengths: list[Decimal], at: date) -> None:
    said = [quote(thing, Usage.billed(length), at) for length in sorted(lengths)]
    for shorter, longer in pairwise(said):
        assert shorter.low <= longer.low
        assert shorter.expected <= longer.expected
        assert shorter.high <= longer.high


@given(thing=any_sold(), length=seconds(), at=DAYS)
def test_outputs_multiply(thing: Sold, length: Decimal, at: date) -> None:
    one = quote(thing, Usage.billed(length), at)
    for outputs in range(1, SHIPPED.offer(thing.offer).max_outputs + 1):
        assert quote(thing, Usage.billed(length), at, outputs).cost == one.cost * outputs


@given(thing=any_sold(), data=st.data(), at=DAYS)
def test_a_range_contains_each_of_its_points(thing: Sold, data: st.DataObject, at: date) -> None:
    usage = data.draw(usages(thing.offer))
    said = quote(thing, usage, at)
    (quantity,) = usage.measures.values()
    for length in (quantity.low, quantity.expected, quantity.high):
        point = quote(thing, Usage.billed(length), at)
        assert said.low <= point.low
        assert point.high <= said.high
    assert said.expected == quote(thing, Usage.billed(quantity.expected), at).expected


@given(thing=any_sold(), data=st.data(), at=DAYS, precision=st.integers(1, 40))
def test_the_same_inputs_give_the_same_quote(thing: Sold, data: st.DataObject, at: date, precision: int) -> None:
    usage = data.draw(usages(thing.offer))
    said = quote(thing, usage, at)
    fresh = PriceBook.from_texts(dict(reversed(TEXTS.items())))
    with localcontext() as context:
        context.prec = precision  # the caller's decimal context is the caller's
        again = quote(thing, usage, at, book=fresh)
    assert again == said
    assert again.as_json() == said.as_json()
    assert again.explain() == said.explain()


def with_a_later_row(name: str, text: str, begins: str) -> str:
    """Every offer of a card gets one more row."""
    head, *offers = text.split("\n[[offers]]\n")
    later = """
[[offers.rates]]
id = "later-{}"
effective_from = "{}"
sources = [{{ url = "https://acme.example/new", evidence = "published" }}]
[[offers.rates.components]]
label = "new price"
tariff = {{ kind = "flat", price = 1000 }}
"""
    grown = [offer + later.format(f"{name}-{index}", begins) for index, offer in enumerate(offers)]
    return "\n[[offers]]\n".join([head, *grown])


@given(
    thing=any_sold(),
    data=st.data(),
    first=st.dates(date(2026, 6, 1), date(2027, 12, 1)),
    before=st.integers(1, 300),
    month=st.booleans(),
)
def test_a_later_row_changes_nothing_before_it(
    thing: Sold, data: st.DataObject, first: date, before: int, month: bool
) -> None:
    if month:
        first = first.replace(day=1)
    begins = first.isoformat()[:7] if month else first.isoformat()
    grown = PriceBook.from_texts({name: with_a_later_row(name, text, begins) for name, text in TEXTS.items()})
    usage, at = data.draw(usages(thing.offer)), first - timedelta(days=before)
    if at >= date(2025, 10, 31):
        assert replace(quote(thing, usage, at, book=grown), book="") == replace(quote(thing, usage, at), book="")
    after = quote(thing, usage, first + timedelta(days=40), book=grown)
    assert after.expected == Money.of(1000, after.currency)


def oracle(card: MadeUp, length: Fraction, outputs: int) -> Fraction:
    """The order of evaluation once more, in another hand: measured → … → money rounding."""
    total = Fraction(0)
    for part in card.parts:
        quantity = length - Fraction(part.included)
        if quantity < 0:
            quantity = Fraction(0)
        if part.step is not None:
            quantity = _to_step(quantity, Fraction(part.step), part.mode)
        if part.minimum is not None and quantity < Fraction(part.minimum):
            quantity = Fraction(part.minimum)
        if part.cap is not None and quantity > Fraction(part.cap):
            quantity = Fraction(part.cap)
        amount = Fraction(part.price)
        if part.per is not None:
            amount = amount * quantity / Fraction(part.per)
        total += amount * Fraction(part.factor)
    if card.rounding is None:
        return total * outputs
    step, mode, of = card.rounding
    if of == "output":
        return _to_step(total, Fraction(step), mode) * outputs
    return _to_step(total * outputs, Fraction(step), mode)


def _to_step(value: Fraction, step: Fraction, mode: str) -> Fraction:
    ratio = value / step
    floor = ratio.numerator // ratio.denominator
    if mode == "floor" or ratio == floor:
        return floor * step
    if mode == "ceil":
        return (floor + 1) * step
    return (floor + (ratio - floor >= Fraction(1, 2))) * step


@given(card=made_up_cards(), length=seconds(), outputs=st.integers(1, 4))
def test_every_shape_of_the_language_against_the_oracle(card: MadeUp, length: Decimal, outputs: int) -> None:
    said = card.book().quote("acme/clip", Usage.billed(length), at=date(2026, 6, 1), outputs=outputs)
    exact = oracle(card, Fraction(length), outputs)
    assert said.expected == Money.rounded(exact, "USD", "half-even")
    assert said.low == Money.rounded(exact, "USD", "floor")
    assert said.high == Money.rounded(exact, "USD", "ceil")
    check_sums(said)


@given(card=made_up_cards(), lengths=st.tuples(seconds(), seconds()).map(sorted), outputs=st.integers(1, 3))
def test_every_shape_of_the_language_is_monotone(card: MadeUp, lengths: list[Decimal], outputs: int) -> None:
    book, at = card.book(), date(2026, 6, 1)
    short, long = (book.quote("acme/clip", Usage.billed(length), at=at, outputs=outputs) for length in lengths)
    assert short.high <= long.high
    assert short.expected <= long.expected
    more = book.quote("acme/clip", Usage.billed(lengths[0]), at=at, outputs=outputs + 1)
    assert short.high <= more.high


@given(card=made_up_cards(), length=seconds(), outputs=st.integers(1, 4))
def test_the_short_way_is_the_definition(card: MadeUp, length: Decimal, outputs: int) -> None:
    plain = [
        replace(part, step=Decimal(5), mode="ceil", included=Decimal(0), minimum=None, cap=None) for part in card.parts
    ]
    for candidate in (card, replace(card, parts=(replace(plain[0], per=plain[0].per or Decimal(1)),), rounding=None)):
        entry = candidate.book().entries["acme/clip"]
        rate = entry.rates[()][0].rate
        numerator, denominator = rate.nanos({"output_video_seconds": length}, outputs)
        exact = evaluate(rate, {"output_video_seconds": Fraction(length)}, outputs)[1]
        assert Fraction(numerator, denominator) == exact * 10**9
