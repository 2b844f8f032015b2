"""One leg of a transaction, and the rule that legs sum to zero. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pricing import Money

from .accounts import Book


@dataclass(frozen=True, slots=True)
class Posting:
    """An amount on an account: positive is a debit. Never zero."""

    book: Book
    account: str
    amount: Money

    def __post_init__(self) -> None:
        if not self.amount.nanos:
            raise ValueError(f"{self.account}: a posting of zero says nothing")


def balanced(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """The postings, once they are seen to sum to zero per book and currency. Raises ValueError."""
    legs = tuple(postings)
    sums: Counter[tuple[str, str]] = Counter()
    for leg in legs:
        sums[leg.book, leg.amount.currency] += leg.amount.nanos
    for (book, currency), nanos in sums.items():
        if nanos:
            raise ValueError(f"{book} book, {currency}: the postings leave {nanos} nanos over")
    return legs
