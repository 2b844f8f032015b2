"""Strategies for the values of pricing by themselves: money, spans, quantities, usages, credit plans."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from ..credits import CreditPlan
from ..money import Money, Span
from ..source import Source
from ..units import BILLED, MEASURES
from ..usage import Quantity, Usage
from .domains import MS, decimal

CURRENCIES = ("USD", "EUR", "creatify-credit")
_DAYS = st.dates().map(lambda day: day.isoformat())
_SOURCES = st.builds(
    Source,
    url=st.sampled_from(["https://acme.example/prices", "https://acme.example/docs"]),
    evidence=st.sampled_from(["published", "measured", "third-party", "inferred"]),
    checked_on=_DAYS,
)


def money(currency: str | None = None, *, least: int = -(10**15), most: int = 10**15) -> st.SearchStrategy[Money]:
    """Amounts of `least` to `most` nanos; by default a few hundred of them sum without leaving the range."""
    names = st.sampled_from(CURRENCIES) if currency is None else st.just(currency)
    cents = st.integers(-(-least // 10**7), most // 10**7).map(lambda count: count * 10**7)
    return st.builds(Money, cents | st.integers(least, most), names)


@st.composite
def spans(draw: st.DrawFn, currency: str | None = None, *, least: int = 0, most: int = 10**15) -> Span:
    """low ≤ expected ≤ high of one currency; often all three the same."""
    name = draw(st.sampled_from(CURRENCIES)) if currency is None else currency
    amounts = money(name, least=least, most=most)
    if draw(st.booleans()):
        one = draw(amounts)
        return Span(one, one, one)
    return Span(*sorted(draw(st.tuples(amounts, amounts, amounts))))


def lengths(least: str = "0.001", most: str = "600") -> st.SearchStrategy[Decimal]:
    """Seconds as media readers and people give them: whole, by the millisecond, or just beside a whole."""
    low, high = Fraction(least), Fraction(most)
    by_ms = st.integers(-(-low // MS), high // MS).map(lambda count: decimal(count * MS))
    beside = st.tuples(st.integers(-(-low // 1), high // 1), st.sampled_from([0, 1, -1])).map(
        lambda two: decimal(two[0] + two[1] * Fraction(1, 10**6))
    )
    return (by_ms | beside).filter(lambda length: low <= length <= high)


@st.composite
def quantities(draw: st.DrawFn, measure: str) -> Quantity:
    """How much of this measure, within its bounds: a point, or a range."""
    kind = MEASURES[measure]
    grain = Fraction(1) if kind.whole else MS
    count = st.integers(0 if kind.zero else 1, min(int(kind.most // grain), 10**6))
    amounts = count.map(lambda number: decimal(number * grain))
    if draw(st.booleans()):
        one = draw(amounts)
        return Quantity(one, one, one)
    low, middle, high = sorted(draw(st.tuples(amounts, amounts, amounts)))
    return Quantity(low, middle, high)


@st.composite
def any_usages(draw: st.DrawFn) -> Usage:
    """Usages of one to four measures that fit no offer in particular (see `usages` for those that do)."""
    names = st.sampled_from(sorted(MEASURES))
    chosen = draw(st.lists(names, min_size=1, max_size=4, unique=True) | st.just([BILLED]))
    return Usage({name: draw(quantities(name)) for name in chosen})


def credit_plans(currency: str = "acme-credit") -> st.SearchStrategy[CreditPlan]:
    """Packs and subscriptions that sell this credit for dollars, with and without bonus and overage."""
    dollars = money("USD", least=10**7, most=10**13)
    return st.builds(
        CreditPlan,
        id=st.integers(1, 999).map("plan-{}".format),
        provider=st.just(currency.rpartition("-")[0] or "acme"),
        currency=st.just(currency),
        price=dollars,
        credits=st.integers(1, 10**6).map(Decimal),
        source=_SOURCES,
        self_serve=st.booleans(),
        kind=st.sampled_from(["subscription", "pack"]),
        bonus=st.just(Decimal(0)) | st.integers(1, 10**5).map(Decimal),
        expires_days=st.none() | st.integers(1, 730),
        overage=st.none() | dollars,
    )
