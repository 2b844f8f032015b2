"""Law 2: quotes are monotone, ordered, sum to their lines, depend on nothing but their inputs, and on no later row."""

import json
import os
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from importlib.resources import files
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pricing import Money, PriceBook, PricingError, Quantity, Quote, Usage
from pricing.laws import Job, books, jobs
from pricing.laws.jobs import in_force, point
from pricing.laws.values import any_usages
from pricing.select import Selection
from tests.strategies import (
    MadeUp,
    Sold,
    amounts,
    any_sold,
    choices_of,
    days,
    every_card,
    made_up_cards,
    offers,
    seconds,
    sold_by_length,
    stated,
    uneven_books,
    usages,
)

SHIPPED = PriceBook.shipped()
few = settings(max_examples=settings().max_examples if os.environ.get("FAREGATE_SWEEP") else 12)
"""So many offers are shipped that each gets a few examples; all of them in the sweep."""
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
        assert said.dollars in (said.cost, None)
    else:
        assert [line.amount for line in dollars] == [said.usd.expected]
        assert said.lines[-1] is dollars[0]


@pytest.mark.parametrize("offer", offers())
@few
@given(data=st.data())
def test_every_shipped_quote_is_ordered_and_sums(offer: str, data: st.DataObject) -> None:
    thing = data.draw(choices_of(offer))
    outputs = data.draw(st.integers(1, SHIPPED.offer(offer).max_outputs))
    said = quote(thing, data.draw(usages(thing)), data.draw(days(thing)), outputs)
    assert said.low <= said.expected <= said.high
    assert said.sources
    assert said.rates
    check_sums(said)
    words = said.explain()
    assert all(source.url in words for source in said.sources)
    assert str(said.expected) in words
    assert_no_float(json.loads(json.dumps(said.as_json())))
    if said.dollars is not None:
        assert said.usd.low <= said.usd.expected <= said.usd.high
        assert said.usd.currency == "USD"
    for line in said.lines if said.plan is None else said.lines[:-1]:
        exact = Fraction(line.billed) * Fraction(line.rate)
        assert abs(exact - Fraction(line.amount.amount)) <= Fraction(len(said.lines) + 1, 10**9)


def assert_no_float(said: object) -> None:
    assert not isinstance(said, float)
    if isinstance(said, dict):
        for value in said.values():  # pyright: ignore[reportUnknownVariableType]  # whatever JSON holds
            assert_no_float(value)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(said, list):
        for value in said:  # pyright: ignore[reportUnknownVariableType]
            assert_no_float(value)  # pyright: ignore[reportUnknownArgumentType]


@pytest.mark.parametrize("offer", offers())
@few
@given(data=st.data())
def test_more_of_anything_never_costs_less(offer: str, data: st.DataObject) -> None:
    thing = data.draw(choices_of(offer))
    at, one = data.draw(days(thing)), data.draw(stated(thing))
    assume(one)
    name = data.draw(st.sampled_from(sorted(one)))
    values = sorted(data.draw(st.lists(amounts(thing, name), min_size=2, max_size=4)))
    said = [quote(thing, Usage.of(**{**one, name: value}), at) for value in values]
    for less, more in pairwise(said):
        assert less.low <= more.low
        assert less.expected <= more.expected
        assert less.high <= more.high


@given(thing=st.sampled_from(sold_by_length()), length=seconds(most="10"), data=st.data())
def test_outputs_multiply(thing: Sold, length: Decimal, data: st.DataObject) -> None:
    at = data.draw(days(thing))
    one = quote(thing, Usage.billed(length), at)
    for outputs in range(1, SHIPPED.offer(thing.offer).max_outputs + 1):
        assert quote(thing, Usage.billed(length), at, outputs).cost == one.cost * outputs


@given(thing=any_sold(), data=st.data())
def test_a_range_contains_each_of_its_points(thing: Sold, data: st.DataObject) -> None:
    usage, at = data.draw(usages(thing)), data.draw(days(thing))
    said = quote(thing, usage, at)
    for end in ("low", "expected", "high"):
        point = quote(thing, Usage({name: _point(getattr(one, end)) for name, one in usage.items()}), at)
        assert said.low <= point.low
        assert point.high <= said.high
        if end == "expected":
            assert said.expected == point.expected


def _point(value: Decimal) -> Quantity:
    return Quantity(value, value, value)


REVERSED = PriceBook.from_texts(dict(reversed(TEXTS.items())))


@given(thing=any_sold(), data=st.data(), precision=st.integers(1, 40))
def test_the_same_inputs_give_the_same_quote(thing: Sold, data: st.DataObject, precision: int) -> None:
    usage, at = data.draw(usages(thing)), data.draw(days(thing))
    said = quote(thing, usage, at)
    fresh = replace(REVERSED)  # remembers nothing
    with localcontext() as context:
        context.prec = precision  # the caller's decimal context is the caller's
        again = quote(thing, usage, at, book=fresh)
    assert again == said
    assert again.as_json() == said.as_json()
    assert again.explain() == said.explain()


def with_a_later_row(text: str, offer: str, begins: str) -> str:
    """The card, its offer grown by one more row where it is this card's."""
    provider, _, name = offer.partition("/")
    if f'provider = "{provider}"' not in text:
        return text
    later = f"""
[[offers.rates]]
id = "later-row"
effective_from = "{begins}"
sources = [{{ url = "https://acme.example/new", evidence = "published" }}]
[[offers.rates.components]]
label = "new price"
tariff = {{ kind = "flat", price = 1000 }}
"""
    head, *chunks = text.split("\n[[offers]]\n")
    grown = [chunk + later if f'\nid = "{name}"\n' in f"\n{chunk}" else chunk for chunk in chunks]
    return "\n[[offers]]\n".join([head, *grown])


OPEN = [
    thing
    for thing in sold_by_length()
    if any(
        row.ends is None and not row.rate.contested
        for row in SHIPPED.entries[thing.offer].rates[tuple(thing.settings.values())]
    )
]


@given(
    thing=st.sampled_from(OPEN),
    data=st.data(),
    first=st.dates(date(2026, 12, 1), date(2027, 12, 1)),
    before=st.integers(1, 10),
    month=st.booleans(),
)
@settings(max_examples=20)
def test_a_later_row_changes_nothing_before_it(
    thing: Sold, data: st.DataObject, first: date, before: int, month: bool
) -> None:
    if month:
        first = first.replace(day=1)
    begins = first.isoformat()[:7] if month else first.isoformat()
    texts = {name: with_a_later_row(text, thing.offer, begins) for name, text in TEXTS.items()}
    assert texts != TEXTS
    grown = PriceBook.from_texts(texts)
    usage, at = data.draw(usages(thing)), first - timedelta(days=before)
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


def check_program(selection: Selection, usage: Usage, outputs: int, *, answers: bool = False) -> None:
    """What the programs say is what the definition says: every amount, every line, every refusal."""
    in_full = replace(selection.meter, asked=(("", "", None),))
    definition = replace(selection, programs=None, meter=in_full, amounts={}, priced={})
    said = asked(selection, usage, outputs)
    assert said == asked(definition, usage, outputs)
    assert not (answers and selection.priced), "a point that the definition had to price"


def asked(selection: Selection, usage: Usage, outputs: int) -> Quote | tuple[type[PricingError], str]:
    try:
        return selection.quote(usage, outputs)
    except PricingError as error:
        return type(error), str(error)


def check_job(book: PriceBook, job: Job, *, answers: bool = False) -> None:
    selection = in_force(book, job.offer, job.settings, job.at)
    check_program(selection, job.usage, job.outputs)
    check_program(selection, point(job.usage), job.outputs, answers=answers)


@given(data=st.data())
@settings(max_examples=max(settings().max_examples, 400))
def test_a_program_is_the_definition_on_every_card(data: st.DataObject) -> None:
    check_job(every_card(), data.draw(jobs(every_card())))


@given(data=st.data())
def test_points_are_priced_by_program(data: st.DataObject) -> None:
    job = data.draw(jobs(every_card(), exact=True))
    check_program(in_force(every_card(), job.offer, job.settings, job.at), job.usage, job.outputs, answers=True)


@given(usage=any_usages(), data=st.data())
def test_a_program_refuses_as_the_definition_does(usage: Usage, data: st.DataObject) -> None:
    job = data.draw(jobs(every_card(), exact=True))
    measures = {**job.usage, **usage}
    check_program(in_force(every_card(), job.offer, job.settings, job.at), Usage(measures), job.outputs)


@given(book=books() | uneven_books(), data=st.data())
@settings(max_examples=max(settings().max_examples, 300))
def test_a_program_is_the_definition_of_cards_made_up_whole(book: PriceBook, data: st.DataObject) -> None:
    check_job(book, data.draw(jobs(book)))


@given(card=made_up_cards(), length=seconds(), outputs=st.integers(1, 4))
def test_a_program_is_the_definition_of_cards_made_up_of_parts(card: MadeUp, length: Decimal, outputs: int) -> None:
    selection = in_force(card.book(), "acme/clip", {}, date(2026, 6, 1))
    check_program(selection, Usage.billed(length), outputs, answers=True)
