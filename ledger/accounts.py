"""The chart of accounts of the two books. Pure names: nothing is stored or summed here.

Money book, in the provider's own currency: what is owed or owned there.
    expense:<provider>    what jobs cost
    payable:<provider>    billed afterwards (offers sold in US dollars)
    prepaid:<provider>    drawn from credits bought before (offers sold in a credit)
    issued:<provider>     the credits it has sold us
Money book, in the currency credits were paid in: what they cost, until they are used up.
    cash:<provider>       paid for credits
    inventory:<provider>  what the credits that are left have cost
    drawn:<provider>      what the credits that jobs drew had cost
    breakage:<provider>   credits that expired (in both currencies)
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
    return payable(provider) if currency == "USD" else prepaid(provider)


def payable(provider: str) -> str:
    return f"payable:{provider}"


def prepaid(provider: str) -> str:
    return f"prepaid:{provider}"


def issued(provider: str) -> str:
    return f"issued:{provider}"


def cash(provider: str) -> str:
    return f"cash:{provider}"


def inventory(provider: str) -> str:
    return f"inventory:{provider}"


def drawn(provider: str) -> str:
    return f"drawn:{provider}"


def breakage(provider: str) -> str:
    return f"breakage:{provider}"


def spent(scope: str) -> str:
    return f"spent:{scope}"


def allowance(scope: str) -> str:
    return f"allowance:{scope}"
