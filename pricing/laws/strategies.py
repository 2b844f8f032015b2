"""All strategies under one name, and `register`, which Hypothesis calls: `st.from_type(Money)` then works."""

from hypothesis import strategies as st

from ..book import PriceBook
from ..credits import CreditPlan
from ..money import Money, Span
from ..usage import Quantity, Usage
from .cards import books, cards
from .jobs import cases, days, jobs, usages
from .values import any_usages, credit_plans, lengths, money, quantities, spans

__all__ = [
    "any_usages",
    "books",
    "cards",
    "cases",
    "credit_plans",
    "days",
    "jobs",
    "lengths",
    "money",
    "quantities",
    "register",
    "spans",
    "usages",
]


def register() -> None:
    """Called once by Hypothesis where faregate is installed (entry point `hypothesis`). Reads no card yet."""
    st.register_type_strategy(Money, money())
    st.register_type_strategy(Span, spans())
    st.register_type_strategy(Quantity, quantities("output_video_seconds"))
    st.register_type_strategy(Usage, any_usages())
    st.register_type_strategy(CreditPlan, credit_plans())
    st.register_type_strategy(PriceBook, st.builds(PriceBook.shipped))
