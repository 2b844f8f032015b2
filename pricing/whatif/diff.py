"""What changed from one price book to another: offers, rows, prices, roundings, limits, plans. Prices no job."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction

from ..book import PriceBook
from ..credits import CreditPlan
from ..entry import DatedRate, Entry
from ..evaluate.rates import decimal_from
from ..evaluate.tariffs import shown
from ..language.discounts import Discount
from ..money import written
from ..offer import Offer
from .change import Change, Verb, What
from .facets import (
    Choice,
    Facet,
    PastRow,
    Rows,
    Settings,
    begins_text,
    choices_of,
    facets,
    past_rows,
    rows_of,
    settings_text,
    texts,
    together,
)


def diff(old: PriceBook, new: PriceBook) -> tuple[Change, ...]:
    """All that differs, offer by offer, then plans and discounts; empty: the two say the same."""
    changes: list[Change] = []
    for id in sorted({*old.entries, *new.entries}):  # noqa: A001 - the word of the contract
        before, after = old.entries.get(id), new.entries.get(id)
        if before is None and after is not None:
            changes.append(Change("offer", "added", id, {}, "offer", None, _summary(after)))
        elif before is not None and after is None:
            changes.append(Change("offer", "removed", id, {}, "offer", _summary(before), None))
        elif before is not None and after is not None and before is not after:
            changes += _offer(before.offer, after.offer)
            changes += _Rows(before, after).changes()
    changes += _plans(old, new)
    changes += _discounts(old.discounts, new.discounts)
    return tuple(changes)


def _summary(entry: Entry) -> str:
    """The prices of an offer, for a line."""
    said = dict.fromkeys(rates[-1].rate.price_text for rates in entry.rates.values() if rates)
    some = list(said)[:3]
    return "; ".join(some) + (f"; and {len(said) - 3} more" if len(said) > 3 else "")


def _offer(before: Offer, after: Offer) -> Iterator[Change]:
    was, now = _facts(before), _facts(after)
    for key in dict.fromkeys((*was, *now)):
        what, one = was.get(key) or (now[key][0], None)
        other = now[key][1] if key in now else None
        if one != other:
            verb: Verb = "added" if one is None else "removed" if other is None else "changed"
            yield Change(what, verb, before.id, {}, key, one, other)


def _facts(offer: Offer) -> dict[str, tuple[What, str]]:
    """What an offer says besides its prices."""
    facts: dict[str, tuple[What, str]] = {
        "name": ("offer", offer.name),
        "currency": ("offer", offer.currency),
        "measure": ("offer", offer.measure),
        "made from audio": ("offer", "yes" if offer.audio_driven else "no"),
        "max_outputs": ("limit", str(offer.max_outputs)),
    }
    if offer.door is not None:
        facts["door"] = "offer", offer.door
    if offer.slack_seconds:
        facts["slack"] = "terms", f"{offer.slack_seconds:f} s"
    if offer.duration is not None:
        facts[f"lengths sold ({offer.duration.measure})"] = "limit", str(offer.duration)
    for limit in offer.limits:
        where = settings_text(limit.when)
        name = f"{limit.measure}{f' ({where})' if where else ''}"
        if limit.least is not None:
            facts[f"least {name}"] = "limit", f"{limit.least:f}"
        if limit.most is not None:
            facts[f"most {name}"] = "limit", f"{limit.most:f}"
    for name, setting in offer.settings.items():
        facts[name] = "setting", f"{texts(setting.values)}; default {setting.default}"
        if setting.aliases:
            spellings = (f"{key} = {value}" for key, value in sorted(setting.aliases.items()))
            facts[f"{name} aliases"] = "setting", texts(spellings)
    if offer.unsold:
        facts["not sold together"] = "setting", "; ".join(settings_text(hole) for hole in offer.unsold)
    for name, value in offer.defaults.items():
        facts[f"default of {name}"] = "terms", f"{value:f}"
    for one in offer.derived:
        facts[f"derived {one.name}"] = "terms", f"{one.expression.text} ({one.unit})"
    if (settlement := offer.settlement) is not None:
        words = {"actual": settlement.actual, "failure": settlement.failure, "quote": settlement.quote}
        said = ", ".join(f"{name} {word}" for name, word in {**words, "hold": settlement.hold}.items())
        facts["settlement"] = "terms", f"{said}: {settlement.note}" if settlement.note else said
    return facts


class _Rows:
    """The rows of one offer in two books."""

    def __init__(self, before: Entry, after: Entry) -> None:
        self.before, self.after = before, after
        self.id = after.offer.id
        self.was, self.now = rows_of(before), rows_of(after)

    def changes(self) -> Iterator[Change]:
        for row in dict.fromkeys((*self.was, *self.now)):
            if row not in self.now:
                yield from self.whole("removed", row, self.was[row], self.before)
            elif row not in self.was:
                yield from self.whole("added", row, self.now[row], self.after)
                yield from self.against_the_last(row)
            else:
                yield from self.dates(row)
                yield from self.said(row, self.was[row], self.now[row])
        was, now = (_checked(rows) for rows in (self.was, self.now))
        if was != now:
            yield Change("source", "changed", self.id, {}, "checked_on", was, now)

    def whole(self, verb: Verb, row: str, dated: Mapping[Choice, DatedRate], entry: Entry) -> Iterator[Change]:
        first = next(iter(dated.values()))
        settings = together(list(dated), choices_of(entry))
        prices = list(dict.fromkeys(one.rate.price_text for one in dated.values()))
        text = "; ".join(prices[:3]) + (f"; and {len(prices) - 3} more" if len(prices) > 3 else "")
        if first.rate.standing != "record":
            text = f"{first.rate.standing}: {text}"
        before, after = (None, text) if verb == "added" else (text, None)
        where: Settings = settings[0] if len(settings) == 1 else {}
        yield Change("row", verb, self.id, where, "", before, after, row, begins_text(first))

    def against_the_last(self, row: str) -> Iterator[Change]:
        """A new row against what was of record on the day on which it begins."""
        now = self.now[row]
        was: dict[Choice, DatedRate] = {}
        for choice, dated in now.items():
            last = self.last(choice, None if dated.begins is None else dated.begins.last)
            if last is not None and not dated.rate.contested:
                was[choice] = last
        since = begins_text(next(iter(now.values())))
        yield from self.said(row, was, {choice: now[choice] for choice in was}, since)

    def last(self, choice: Choice, day: date | None) -> DatedRate | None:
        """What was of record for that choice before: on that day, else the last that had begun."""
        mine = [rows[choice] for rows in self.was.values() if choice in rows and rows[choice].rate.standing == "record"]
        mine.sort(key=lambda one: date.min if one.begins is None else one.begins.first)
        begun = [one for one in mine if day is None or one.begins is None or one.begins.first <= day]
        return begun[-1] if begun and day is not None else mine[-1] if mine else None

    def dates(self, row: str) -> Iterator[Change]:
        grouped: dict[tuple[Verb, str, str | None, str | None], list[Choice]] = {}
        for choice, now in self.now[row].items():
            was = self.was[row].get(choice)
            if was is None:
                continue
            if begins_text(was) != begins_text(now):
                stated: tuple[Verb, str, str, str] = "changed", "effective_from", begins_text(was), begins_text(now)
                grouped.setdefault(stated, []).append(choice)
            until = None if was.ends is None else was.ends.text, None if now.ends is None else now.ends.text
            if until[0] != until[1]:
                earlier = now.ends is not None and (was.ends is None or now.ends.last < was.ends.last)
                grouped.setdefault(("ended" if earlier else "changed", "effective_until", *until), []).append(choice)
        for (verb, key, before, after), choices in grouped.items():
            for settings in together(choices, choices_of(self.after)):
                if verb == "ended":
                    yield Change("row", "ended", self.id, settings, "", before, after, row)
                else:
                    yield Change("row", "changed", self.id, settings, key, before or "open", after or "open", row)

    def said(
        self, row: str, was: Mapping[Choice, DatedRate], now: Mapping[Choice, DatedRate], since: str | None = None
    ) -> Iterator[Change]:
        """What two rows say differently, choices that changed alike together."""
        grouped: dict[tuple[What, Verb, str, str | None, str | None, Fraction | None], list[Choice]] = {}
        for choice in dict.fromkeys((*was, *now)):
            one, other = was.get(choice), now.get(choice)
            for difference in self.differences(one, other):
                grouped.setdefault(difference, []).append(choice)
        every = choices_of(self.after)
        for (what, verb, key, before, after, ratio), choices in grouped.items():
            for settings in together(choices, every):
                yield Change(what, verb, self.id, settings, key, before, after, row, since, ratio)

    def differences(
        self, was: DatedRate | None, now: DatedRate | None
    ) -> Iterator[tuple[What, Verb, str, str | None, str | None, Fraction | None]]:
        ones = {} if was is None else facets(was.rate, self.before.offer.currency)
        others = {} if now is None else facets(now.rate, self.after.offer.currency)
        for key in dict.fromkeys((*ones, *others)):
            one, other = ones.get(key), others.get(key)
            if one == other:
                continue
            priced = any(facet is not None and facet.number is not None for facet in (one, other))
            what: What = "price" if priced else "rounding" if key.startswith("rounding") else "terms"
            verb: Verb = "added" if one is None else "removed" if other is None else "changed"
            before, after = None if one is None else one.text, None if other is None else other.text
            yield what, verb, key, before, after, ratio_of(one, other)
        if was is None or now is None:
            return
        if was.rate.standing != now.rate.standing:
            yield "terms", "changed", "standing", was.rate.standing, now.rate.standing, None
        lists: tuple[tuple[What, list[str], list[str]], ...] = (
            ("assumption", list(was.rate.assumptions), list(now.rate.assumptions)),
            ("source", _urls(was), _urls(now)),
        )
        for kind, old, new in lists:
            for text in dict.fromkeys((*old, *new)):
                if text not in new:
                    yield kind, "removed", "", text, None, None
                elif text not in old:
                    yield kind, "added", "", None, text, None


def _urls(dated: DatedRate) -> list[str]:
    return [f"{one.url} ({one.evidence})" for one in dated.rate.sources]


def _checked(rows: Rows) -> str | None:
    """When the prices of an offer were last looked at."""
    days = [dated.checked_on for found in rows.values() for dated in found.values()]
    return max(days).isoformat() if days else None


def ratio_of(one: Facet | None, other: Facet | None) -> Fraction | None:
    """after ÷ before, of two prices of one unit."""
    if one is None or other is None or one.unit != other.unit or not one.number or other.number is None:
        return None
    return other.number / one.number


def _plans(old: PriceBook, new: PriceBook) -> Iterator[Change]:
    was, now = ({f"{plan.provider}/{plan.id}": plan for plan in book.plans} for book in (old, new))
    for id in sorted({*was, *now}):  # noqa: A001
        one, other = was.get(id), now.get(id)
        if one is None and other is not None:
            yield Change("plan", "added", id, {}, "", None, _plan_text(other))
        elif one is not None and other is None:
            yield Change("plan", "removed", id, {}, "", _plan_text(one), None)
        elif one is not None and other is not None and one != other:
            if _plan_text(one) != _plan_text(other):
                comparable = one.price.currency == other.price.currency
                ratio = other.usd_per_credit / one.usd_per_credit if comparable else None
                yield Change("plan", "changed", id, {}, "", _plan_text(one), _plan_text(other), None, None, ratio)
            if one.source != other.source:
                yield Change("source", "changed", id, {}, "", str(one.source), str(other.source))
    currencies = {plan.currency for plan in (*old.plans, *new.plans)}
    for currency in sorted(currencies):
        used = [book.plan_for(currency) for book in (old, new)]
        one, other = used
        if one is not None and other is not None and one.usd_per_credit != other.usd_per_credit:
            ratio = other.usd_per_credit / one.usd_per_credit
            yield Change("plan", "changed", currency, {}, "value", _value(one), _value(other), None, None, ratio)
        elif (one is None) != (other is None):
            verb: Verb = "added" if one is None else "removed"
            yield Change("plan", verb, currency, {}, "value", _maybe(one), _maybe(other))


def _value(plan: CreditPlan) -> str:
    return f"{written(decimal_from(plan.usd_per_credit), plan.price.currency)} (plan {plan.id})"


def _maybe(plan: CreditPlan | None) -> str | None:
    return None if plan is None else _value(plan)


def _plan_text(plan: CreditPlan) -> str:
    bonus = f" + {plan.bonus:f} bonus" if plan.bonus else ""
    parts = [f"{plan.price} for {plan.credits:f}{bonus} {plan.currency}", plan.kind]
    parts += [] if plan.self_serve else ["not self-serve"]
    parts += [] if plan.expires_days is None else [f"expire after {plan.expires_days} days"]
    parts += [] if plan.overage is None else [f"overage {plan.overage}"]
    return ", ".join(parts)


def _discounts(old: Sequence[Discount], new: Sequence[Discount]) -> Iterator[Change]:
    was, now = ({one.id: one for one in some} for some in (old, new))
    for id in sorted({*was, *now}):  # noqa: A001
        one, other = was.get(id), now.get(id)
        before, after = (None if some is None else _discount_text(some) for some in (one, other))
        if before != after:
            verb: Verb = "added" if before is None else "removed" if after is None else "changed"
            yield Change("discount", verb, id, {}, "", before, after)


def _discount_text(one: Discount) -> str:
    since = "" if one.begins is None else f" from {one.begins.text}"
    until = "" if one.ends is None else f" until {one.ends.text}"
    early = ", before minimum charges" if one.before_minimum else ""
    return f"{shown(one.part * 100)} % off {texts(one.offers)}{since}{until}{early}"


def history(book: PriceBook, offer: str, *, on: date | None = None) -> tuple[PastRow, ...]:
    """Every dated row of an offer in order of time, or those in force on a day. Raises UnknownOffer."""
    return past_rows(book.entries[book.offer(offer).id], on)
