"""Strategies for jobs that the offers of a book can price: settings, usage within limits, a day, outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

from hypothesis import reject
from hypothesis import strategies as st

from ..book import PriceBook
from ..entry import DatedRate
from ..select import Selection, Valuation, select
from ..units import AUDIO, BILLED, MEASURES, VIDEO
from ..usage import Quantity, Usage
from .domains import Domain, audio_domain, decimal, domain_of, domains_of


class Printer(Protocol):
    """What Hypothesis shows values with."""

    def text(self, obj: str) -> None: ...


_YEAR = timedelta(days=365)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Job:
    """Something a book can be asked to price."""

    offer: str
    settings: Mapping[str, str]
    usage: Usage
    at: date
    outputs: int = 1

    def __repr__(self) -> str:
        stated = ", ".join(f"{name}={_written(quantity)}" for name, quantity in self.usage.items())
        words = [f'"{self.offer}"', repr(dict(self.settings)), f"Usage.of({stated})", _day(self.at)]
        return f"Job({', '.join(words)}, outputs={self.outputs})"

    def __str__(self) -> str:
        return f"{self._where()}, {shown(self.usage)}"

    def beside(self, measure: str) -> str:
        """The same without this measure, and the rest as it is expected."""
        others = {name: _exactly(one.expected) for name, one in self.usage.items() if name != measure}
        return self._where() + (f", {shown(Usage(others))}" if others else "")

    def _where(self) -> str:
        chosen = ", ".join(f"{name} {value}" for name, value in self.settings.items())
        outputs = "" if self.outputs == 1 else f", {self.outputs} outputs"
        return f"{self.offer}{f' ({chosen})' if chosen else ''} on {self.at.isoformat()}{outputs}"

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:  # noqa: ARG002 - Hypothesis shows it so
        printer.text(repr(self))


@dataclass(frozen=True)
class Case:
    """A job, and what the laws compare it with."""

    job: Job
    measure: str
    """One of the measures that the job states."""
    one: Decimal
    """Two amounts of it, the smaller first."""
    two: Decimal
    budget: int
    """Nanos."""

    def __repr__(self) -> str:
        rest = f"{self.measure!r}, one={str(self.one)!r}, two={str(self.two)!r}, budget={self.budget}"
        return f"Case({self.job!r}, {rest})"

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:  # noqa: ARG002 - Hypothesis shows it so
        printer.text(repr(self))


def shown(usage: Usage) -> str:
    """A usage in a few words: output_video_seconds 9.4."""
    return ", ".join(
        f"{name} {quantity.expected:f}"
        if quantity.low == quantity.high
        else f"{name} {quantity.low:f} to {quantity.high:f}, {quantity.expected:f} expected"
        for name, quantity in usage.items()
    )


def point(usage: Usage) -> Usage:
    """The usage that is expected, exactly."""
    return Usage({name: _exactly(one.expected, one) for name, one in usage.items()})


def with_amount(usage: Usage, measure: str, amount: Decimal) -> Usage:
    """The expected usage with another amount of one measure."""
    return Usage({**point(usage), measure: _exactly(amount)})


def in_force(book: PriceBook, offer: str, settings: Mapping[str, str], at: date) -> Selection:
    """What the book has for an offer on a day. Raises what `quote` raises before it looks at the usage."""
    return select(book.entries[offer], settings, at, Valuation(None, False, {}), book.hash, book.discounts)


def days(book: PriceBook, offer: str, settings: Mapping[str, str] | None = None) -> st.SearchStrategy[date]:
    """Days on which the offer has a price: the day it was checked, borders of its rows, and any between."""
    entry = book.entries[offer]
    choice = entry.offer.choices[0] if settings is None else settings
    rows = [row for row in entry.rates[tuple(choice.values())] if row.rate.standing == "record"]
    first = min(_first(row) for row in rows)
    last = max(row.ends.last if row.ends is not None else max(row.checked_on, _first(row)) + _YEAR for row in rows)

    def priced(at: date) -> bool:
        return any(row.covers(at) for row in rows)

    marks = {row.checked_on for row in rows} | {first, last}
    for row in rows:
        for moment in (row.begins, row.ends):
            if moment is not None:
                marks |= {moment.first - _DAY, moment.first, moment.last, moment.last + _DAY}
    known = sorted((mark for mark in marks if priced(mark)), key=lambda mark: (mark != rows[-1].checked_on, mark))
    return st.sampled_from(known) | st.dates(first, max(first, last)).filter(priced)


def amounts(domain: Domain) -> st.SearchStrategy[Fraction]:
    """Any legal amount, often one where the price turns; the smallest is the simplest."""
    if domain.values:
        return st.sampled_from(domain.values)
    if domain.empty:
        return st.nothing()
    anything = st.integers(domain.first, domain.last).map(lambda count: domain.start + count * domain.grain)
    return anything | st.sampled_from(domain.borders) if domain.borders else anything


@st.composite
def pairs(draw: st.DrawFn, domain: Domain) -> tuple[Fraction, Fraction]:
    """Two amounts, the smaller first: neighbours, often on both sides of where the price turns, or any two."""
    if not domain.values and not domain.empty and not draw(st.booleans()):
        distance = draw(st.integers(1, 3)) * domain.grain
        near = len(domain.borders) > 0 and draw(st.integers(0, 3)) < 3
        one = draw(st.sampled_from(domain.borders)) if near else draw(amounts(domain))
        return (one, one + distance) if domain.holds(one + distance) else (one, one)
    one, other = draw(amounts(domain)), draw(amounts(domain))
    return min(one, other), max(one, other)


@st.composite
def usages(
    draw: st.DrawFn,
    book: PriceBook,
    offer: str,
    settings: Mapping[str, str] | None = None,
    *,
    at: date | None = None,
    exact: bool = False,
) -> Usage:
    """What the offer can be asked to price: within its limits, on its ladder, of its measures; ranges unless `exact`.

    `at` is the day whose prices decide what must be stated; without one, the day of the last check.
    """
    entry = book.entries[offer]
    chosen = entry.offer.choices[0] if settings is None else settings
    day = draw(days(book, offer, chosen)) if at is None else at
    selection = in_force(book, offer, chosen, day)
    return Usage(
        {name: _quantity(draw, domain, exact=exact) for name, domain in _stated(draw, selection, exact=exact).items()}
    )


@st.composite
def jobs(draw: st.DrawFn, book: PriceBook, offer: str | None = None, *, exact: bool = False) -> Job:
    """Jobs of one offer, or of any offer of the book that can be quoted."""
    name = draw(st.sampled_from(quotable(book))) if offer is None else offer
    sold = book.offer(name)
    settings = draw(st.sampled_from(sold.choices))
    at = draw(days(book, name, settings))
    usage = draw(usages(book, name, settings, at=at, exact=exact))
    outputs = draw(st.integers(1, min(sold.max_outputs, 8)))
    return Job(name, dict(settings), usage, at, outputs)


@st.composite
def cases(draw: st.DrawFn, book: PriceBook, offer: str | None = None) -> Case:
    """A job and what to compare it with."""
    job = draw(jobs(book, offer))
    measure = draw(st.sampled_from(sorted(job.usage)))
    selection = in_force(book, job.offer, job.settings, job.at)
    domain = domain_as_stated(selection, measure)
    one, two = draw(pairs(domain))
    budget = draw(st.integers(0, 10**12) | st.integers(0, 10_000).map(lambda cents: cents * 10**7))
    return Case(job, measure, decimal(one), decimal(two), budget)


def quotable(book: PriceBook) -> list[str]:
    """Offers that have a price before the job is done."""
    return [
        name
        for name, offer in book.offers.items()
        if offer.settlement is None or offer.settlement.quote != "unquotable"
    ]


def _stated(draw: st.DrawFn, selection: Selection, *, exact: bool) -> dict[str, Domain]:
    """Which measures the job states, under which names, and what they may be."""
    offer, meter = selection.offer, selection.meter
    domains = domains_of(selection)
    stated: dict[str, Domain] = {}
    for name, domain in domains.items():
        optional = name in offer.defaults or (name in meter.known and name not in meter.needs)
        if optional and draw(st.booleans()):
            continue
        if domain.empty:
            if optional:
                continue
            reject()
        form = draw(st.sampled_from(_forms(selection, name, domain, exact=exact)))
        stated[form] = domain if form != AUDIO or name == AUDIO else domain_as_stated(selection, AUDIO)
    if not stated:
        name = next(iter(domains))
        stated[name] = domains[name]
    return stated


def _forms(selection: Selection, name: str, domain: Domain, *, exact: bool) -> list[str]:
    """The names under which a measure may be stated."""
    offer, meter = selection.offer, selection.meter
    forms = [name]
    if name == offer.measure and MEASURES[name].unit == "s" and domain.least > 0:
        forms.append(BILLED)
    free = AUDIO not in meter.needs and not domain.values and domain.grain < 1
    made = name == VIDEO == offer.measure and offer.audio_driven and free and not exact
    if made and not audio_domain(selection, domain, None).empty:
        forms.append(AUDIO)
    return forms


def domain_as_stated(selection: Selection, name: str) -> Domain:
    """The domain of a measure under the name by which it is stated."""
    if name == BILLED:
        return domain_of(selection, selection.offer.measure)
    if name == AUDIO and selection.offer.measure == VIDEO and AUDIO not in selection.meter.needs:
        own = domain_of(selection, AUDIO)
        return audio_domain(selection, domain_of(selection, VIDEO), own)
    return domain_of(selection, name)


def _quantity(draw: st.DrawFn, domain: Domain, *, exact: bool) -> Quantity:
    low = decimal(draw(amounts(domain)))
    if exact or draw(st.integers(0, 3)) < 3:
        return _exactly(low)
    low, middle, high = sorted((low, decimal(draw(amounts(domain))), decimal(draw(amounts(domain)))))
    return Quantity(low, middle, high)


def _exactly(amount: Decimal, like: Quantity | None = None) -> Quantity:
    return Quantity(amount, amount, amount, "stated" if like is None else like.known)


def _first(row: DatedRate) -> date:
    return row.begins.first if row.begins is not None else row.checked_on - _YEAR


def _written(quantity: Quantity) -> str:
    if quantity.low == quantity.high:
        return f'"{quantity.expected:f}"'
    three = ", ".join(f'Decimal("{one:f}")' for one in (quantity.low, quantity.expected, quantity.high))
    return f"Quantity({three})"


def _day(at: date) -> str:
    return f"date({at.year}, {at.month}, {at.day})"
