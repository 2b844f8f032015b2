"""Which postings a charge, a revision, a purchase or an expiry of credits makes. Pure: amounts in, postings out."""

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


def purchase(provider: str, quantity: Money, cost: Money) -> tuple[Posting, ...]:
    """Credits come in, and what they cost is theirs until they are used up."""
    return _pairs(
        (accounts.prepaid(provider), accounts.issued(provider), quantity),
        (accounts.inventory(provider), accounts.cash(provider), cost),
    )


def bill(provider: str, amount: Money) -> tuple[Posting, ...]:
    """A charge of no job of ours that a person accepted (negative: given back)."""
    national = len(amount.currency) == 3 and amount.currency.isupper()
    source = accounts.payable(provider) if national else accounts.prepaid(provider)
    return _pairs((accounts.expense(provider), source, amount))


def breakage(provider: str, quantity: Money, cost: Money) -> tuple[Posting, ...]:
    """Credits expired, and with them what they had cost."""
    lost = accounts.breakage(provider)
    return _pairs((lost, accounts.prepaid(provider), quantity), (lost, accounts.inventory(provider), cost))


def drawn(provider: str, cost: Money) -> tuple[Posting, ...]:
    """What the credits that jobs drew had cost (negative: jobs gave more back)."""
    return _pairs((accounts.drawn(provider), accounts.inventory(provider), cost))


def _pairs(*pairs: tuple[str, str, Money]) -> tuple[Posting, ...]:
    """Each amount to one account and from another, in the money book; a zero makes no leg."""
    legs = [(to, source, amount) for to, source, amount in pairs if amount.nanos]
    return balanced(
        leg for to, source, amount in legs for leg in (Posting("money", to, amount), Posting("money", source, -amount))
    )
