"""What prices leave open, in words: uncertain dates, contested and promotional prices, staleness. Computes no price."""

from datetime import date, timedelta

from ..entry import DatedRate
from ..language.discounts import Discount
from ..offer import Offer

STALE_AFTER = timedelta(days=90)


def dates_open(record: list[DatedRate], at: date) -> list[str]:
    """What the dates of the rows in force leave open."""
    texts: list[str] = []
    if len(record) > 1:
        months = dict.fromkeys(row.begins.text for row in record[1:] if row.begins is not None)
        texts.append(
            f"the price changed on an unpublished day of {', '.join(months)}: "
            "both prices may apply, the dearer is expected"
        )
    for row in record:
        if row.begins is None and at < row.checked_on:
            texts.append(
                f"the price of {row.checked_on.isoformat()}, when it was read, held on {at.isoformat()} too: "
                "since when it holds is not published"
            )
        if len(record) == 1 and row.begins is not None and row.begins.is_month and at <= row.begins.last:
            texts.append(f"the price was already in force: it began on an unpublished day of {row.begins.text}")
        if len(record) == 1 and row.ends is not None and row.ends.is_month and at >= row.ends.first:
            texts.append(f"the price was still in force: it ended on an unpublished day of {row.ends.text}")
    return texts


def contested_text(distinct: list[DatedRate]) -> list[str]:
    rivals = [dated.rate for dated in distinct if dated.rate.contested]
    if not rivals:
        return []
    of_record = next(dated.rate for dated in distinct if not dated.rate.contested)
    others = " and ".join(f"{rival.price_text} ({rival.sources[0].url})" for rival in rivals)
    ours = f"{of_record.price_text} ({of_record.sources[0].url})"
    text = f"the price is contested: {ours} is the price of record and expected, {others} is published too"
    return [f"{text}; low and high span both"]


def promo_texts(promos: list[DatedRate], lists: list[DatedRate], at: date) -> list[str]:
    """A promotion and the list price it is set against."""
    usual = " or ".join(dict.fromkeys(dated.rate.price_text for dated in lists)) or "not known"
    texts: list[str] = []
    for promo in promos:
        until = "its end is not published" if promo.ends is None else f"until {promo.ends.text}"
        text = f"a promotional price applies: {promo.rate.price_text}, {until}; the list price is {usual}"
        if not promo.surely(at):
            text += "; whether the promotion runs on this very day is not published, the dearer is expected"
        texts.append(text)
    return texts


def shared_texts(offer: Offer, in_force: list[DatedRate], at: date) -> list[str]:
    """How old the price is, and how the offer is settled."""
    texts: list[str] = []
    checked = max(dated.checked_on for dated in in_force)
    if at - checked > STALE_AFTER:
        texts.append(
            f"the price still holds: it was last checked on {checked.isoformat()}, {(at - checked).days} days before"
        )
    settlement = offer.settlement
    if settlement is not None and settlement.quote in {"estimate", "bound"}:
        kind = "an estimate" if settlement.quote == "estimate" else "a bound"
        texts.append(f"the amount is {kind}" + (f": {settlement.note}" if settlement.note else ""))
    return texts


def discount_texts(discount: Discount, at: date) -> list[str]:
    """A discount that may not run on that day."""
    if discount.surely(at):
        return [f"{discount.label}, before any minimum charge"] if discount.before_minimum else []
    return [f"whether {discount.label} runs on this very day is not published: expected and high are without it"]
