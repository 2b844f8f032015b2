"""The shipped price book, read once: nothing that is mutated is imported here."""

from functools import cache

from pricing import PriceBook


@cache
def book() -> PriceBook:
    return PriceBook.shipped()
