"""A book's laws as a test: one parametrised function, one test for each offer, every law checked on every job."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from functools import cache

from hypothesis import Phase, given, settings

from ..book import PriceBook
from .checks import LAWS, Law, Room, refuses
from .jobs import Case, cases, days, quotable


def check(
    book: PriceBook, offer: str | None = None, *, laws: Iterable[Law] = LAWS, max_examples: int | None = None
) -> None:
    """Draw jobs of one offer, or of all, and hold each to the laws. Raises Broken, for the smallest that breaks one."""
    _check(Room(book), None if offer is None else book.offer(offer).id, tuple(laws), max_examples)


def laws_of(
    book: PriceBook, *, laws: Iterable[Law] = LAWS, offers: Iterable[str] | None = None, max_examples: int | None = None
) -> Callable[[str], None]:
    """A pytest test function, once for each offer: `test_prices = laws_of(PriceBook.load(["cards"]))`.

    `laws` are some of `pricing.laws.LAWS`, `offers` ids of the book (all without it), `max_examples` how many jobs
    each offer is tried with (without it, what the Hypothesis profile says).
    """
    import pytest  # only here: whoever asks for a pytest test has it

    names = list(book.offers) if offers is None else [book.offer(name).id for name in offers]
    some = tuple(laws)

    @cache
    def room() -> Room:
        return Room(book)

    @pytest.mark.parametrize("offer", names)
    def test_laws(offer: str) -> None:
        __tracebackhide__ = True
        _check(room(), offer, some, max_examples)

    return test_laws


def _check(room: Room, offer: str | None, laws: tuple[Law, ...], max_examples: int | None) -> None:
    __tracebackhide__ = True
    profile = settings(deadline=None, phases=[one for one in settings().phases if one is not Phase.explain])
    profile = profile if max_examples is None else settings(profile, max_examples=max_examples)
    if offer is not None and offer not in quotable(room.book):

        def refuse(at: date) -> None:
            refuses(room, offer, at)

        profile(given(at=days(room.book, offer))(refuse))()
        return

    if not quotable(room.book):
        raise ValueError("nothing in this book can be quoted")

    def hold(case: Case) -> None:
        __tracebackhide__ = True
        for law in laws:
            law(room, case)

    hold.__name__ = "hold_" + re.sub("[^A-Za-z0-9]", "_", offer or room.book.hash)  # failures are remembered by it
    profile(given(case=cases(room.book, offer))(hold))()
