"""The chart of accounts of the two books. Pure names: nothing is stored or summed here.

Money book, in the provider's own currency: what is owed or owned there.
    expense:<provider>    what jobs cost
    payable:<provider>    billed afterwards (offers sold in US dollars)
    prepaid:<provider>    drawn from credits bought before (offers sold in a credit)
Envelope book, in the budget's currency: what we allow.
    spent:<scope>         what a scope has used up
    allowance:<scope>     where it came from
"""

from typing import Literal

Book = Literal["money", "envelope"]
BOOKS: tuple[Book, ...] = ("money", "envelope")


def expense(provider: str) -> str:
    return f"expense:{provider}"


def source(provider: str, currency: str) -> str:
    """Where the money for a job comes from: a debt in US dollars, credits bought before in anything else."""
    return f"{'payable' if currency == 'USD' else 'prepaid'}:{provider}"


def spent(scope: str) -> str:
    return f"spent:{scope}"


def allowance(scope: str) -> str:
    return f"allowance:{scope}"
