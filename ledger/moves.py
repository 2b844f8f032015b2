"""Which postings a charge, a revision or a person's verdict makes. Pure: amounts in, postings out."""

from pricing import Money

from . import accounts
from .posting import Posting, balanced


def charge(provider: str, scope: str, native: Money, budget: Money) -> tuple[Posting, ...]:
    """The legs that move a job's charge by these differences (negative: give back), in both books.

    `native` is in the provider's currency, `budget` the same in the budget's. A zero difference makes no leg.
    """
    legs: list[Posting] = []
    if native.nanos:
        legs.append(Posting("money", accounts.expense(provider), native))
        legs.append(Posting("money", accounts.source(provider, native.currency), -native))
    if budget.nanos:
        legs.append(Posting("envelope", accounts.spent(scope), budget))
        legs.append(Posting("envelope", accounts.allowance(scope), -budget))
    return balanced(legs)
