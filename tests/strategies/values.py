"""Amounts, lengths and days by themselves."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from pricing import Money

CURRENCIES = ("USD", "EUR", "creatify-credit")


def money(currency: str | None = None, *, most: int = 10**15, least: int | None = None) -> st.SearchStrategy[Money]:
    """Amounts whose sums of a few hundred stay in range; negative ones too unless `least` says otherwise."""
    nanos = st.integers(-most if least is None else least, most)
    return st.builds(Money, nanos, st.sampled_from(CURRENCIES) if currency is None else st.just(currency))


def fractions() -> st.SearchStrategy[Fraction]:
    """Exact amounts off the grid of nanos, and exactly between two of its points."""
    halves = st.integers(-(10**12), 10**12).map(lambda n: Fraction(2 * n + 1, 2 * 10**9))
    return halves | st.fractions(-(10**6), 10**6, max_denominator=10**12)


def seconds(least: str = "0.001", most: str = "300") -> st.SearchStrategy[Decimal]:
    """Lengths as media readers and people give them: whole, by the millisecond, just off a whole, or finer."""
    low, high = Decimal(least), Decimal(most)
    whole = st.integers(1, int(high)).map(Decimal)
    ms = st.integers(int(low * 1000), int(high * 1000)).map(lambda n: Decimal(n) / 1000)
    beside = st.tuples(whole, st.sampled_from([Decimal("0.000001"), Decimal("-0.000001")])).map(
        lambda two: two[0] + two[1]
    )
    fine = st.decimals(low, high, places=9)
    return st.one_of(whole, ms, beside, fine).filter(lambda value: low <= value <= high)
