"""Test your own prices: strategies for money, jobs and cards, and the laws that any price keeps. Needs Hypothesis.

from pricing import PriceBook
from pricing.laws import laws_of

test_prices = laws_of(PriceBook.load(["cards"]))
"""

from hypothesis import strategies as _first  # before our own rooms: Hypothesis asks them to register as it is imported

from .checks import LAWS, Broken, Law
from .jobs import Case, Job
from .strategies import (
    any_usages,
    books,
    cards,
    cases,
    credit_plans,
    days,
    jobs,
    lengths,
    money,
    quantities,
    spans,
    usages,
)
from .suite import check, laws_of

_ = _first
__all__ = [
    "LAWS",
    "Broken",
    "Case",
    "Job",
    "Law",
    "any_usages",
    "books",
    "cards",
    "cases",
    "check",
    "credit_plans",
    "days",
    "jobs",
    "laws_of",
    "lengths",
    "money",
    "quantities",
    "spans",
    "usages",
]
