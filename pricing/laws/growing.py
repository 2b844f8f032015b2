"""An offer with one more dated row, made from its card's own data: the material of the law about dates. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from ..book import PriceBook
from ..errors import BadCard

_ROW = "a-row-that-is-only-a-test"


@dataclass(frozen=True, slots=True)
class Grown:
    """One offer alone, as it is and with a row from `begins`."""

    without: PriceBook
    book: PriceBook
    begins: date


def grow(book: PriceBook, offer: str) -> Grown | None:
    """The offer with a flat price from the day after its last row began; None where no row can follow."""
    from ..language.merge import assemble
    from ..language.rows import CardRate

    begins = _free_day(book, offer)
    found = [] if book.loaded is None else [card for _, card in book.loaded.cards]
    homes = [(card, one) for card in found for one in card.offers if f"{card.whose}/{one.id}" == offer]
    if begins is None or not homes:
        return None
    card, sold = homes[-1]
    row = CardRate.model_validate(
        {
            "id": _ROW,
            "effective_from": begins.isoformat(),
            "sources": [{"url": "https://example.org/new", "evidence": "inferred"}],
            "components": [{"label": "new", "tariff": {"kind": "flat", "price": Decimal(1000)}}],
        }
    )
    confirmed = frozenset[str]() if book.loaded is None else book.loaded.confirmed

    def alone(one: object) -> PriceBook:
        fields = {"offers": (one,), "plans": (), "discounts": (), "confirm": ()}
        return PriceBook.of(assemble([("card", card.model_copy(update=fields))], confirmed))

    try:
        plain = sold.model_copy(update={"replace": False})
        later = plain.model_copy(update={"rates": (*sold.rates, row)})
        return Grown(alone(plain), alone(later), begins)
    except BadCard:  # a row that may not follow: two that contest, or a gap
        return None


def _free_day(book: PriceBook, offer: str) -> date | None:
    """The first day after every row of record has begun, and after those that say their end."""
    rows = [row for rows in book.entries[offer].rates.values() for row in rows if row.rate.standing != "promo"]
    last = [row.ends.last for row in rows if row.ends is not None]
    last += [row.begins.last for row in rows if row.begins is not None]
    checked = max(row.checked_on for row in rows)
    ended = all(row.ends is not None for row in rows)
    day = max(last, default=checked)
    return (day if ended else max(day, checked)) + timedelta(days=1)
