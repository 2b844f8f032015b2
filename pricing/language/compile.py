"""From card models to what quotes are made of: each rate row resolved for each choice of settings, with its dates.

Finds what one model cannot see: overlapping rows, gaps, tables with holes, settings nobody declared. Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, product
from types import MappingProxyType

from ..credits import CreditPlan
from ..dates import UNKNOWN, Moment
from ..entry import DatedRate, Entry
from ..evaluate.expression import Expression
from ..evaluate.rates import Rate
from ..money import Money
from ..offer import Derived, Duration, Limit, Offer, Setting, Settlement
from ..source import Source
from ..units import MEASURES
from . import card as cards
from . import rows
from .discounts import Discount
from .faults import Faults, Path
from .names import check_names, check_used
from .resolve import Row, fits, resolve, settings_used

_MOST_CHOICES = 10_000
_BLANK = Decimal(0)


@dataclass(frozen=True, slots=True)
class Compiled:
    """One card, ready."""

    entries: tuple[Entry, ...]
    plans: tuple[CreditPlan, ...]
    discounts: tuple[Discount, ...]


def compile_card(card: cards.RateCard, faults: Faults, confirmed: frozenset[str] = frozenset()) -> Compiled:
    """Every offer, plan and discount of one card; what is wrong with them goes to `faults`."""
    entries = tuple(
        entry
        for index, offer in enumerate(card.offers)
        if (entry := _OfferRoom(card, offer, ("offers", index), faults, confirmed).entry()) is not None
    )
    return Compiled(entries, tuple(_plans(card, faults)), tuple(_discount(card, one) for one in card.discounts))


def _plans(card: cards.RateCard, faults: Faults) -> Iterator[CreditPlan]:
    for index, plan in enumerate(card.plans):
        try:
            yield CreditPlan(
                plan.id,
                card.whose,
                card.money,
                Money.of(plan.price, plan.currency),
                plan.credits,
                _source(card, plan.source),
                plan.self_serve,
                kind=plan.kind,
                bonus=plan.bonus,
                expires_days=plan.expires_days,
                overage=None if plan.overage is None else Money.of(plan.overage, plan.currency),
            )
        except ValueError as error:
            faults.add(("plans", index), str(error), "mend the plan")


def _discount(card: cards.RateCard, one: cards.CardDiscount) -> Discount:
    return Discount(
        one.id,
        one.offers,
        Fraction(one.percent) / 100,
        None if one.effective_from == UNKNOWN else Moment.parse(one.effective_from),
        _moment(one.effective_until),
        one.before_minimum,
        Source(
            one.source.url,
            one.source.evidence,
            one.source.checked_on or card.checked,
            one.effective_from,
            one.effective_until,
        ),
    )


@dataclass(slots=True)
class _OfferRoom:
    """One offer being compiled."""

    card: cards.RateCard
    offer: cards.CardOffer
    path: Path
    faults: Faults
    confirmed: frozenset[str]
    resolved: dict[object, Rate | None] = field(default_factory=dict[object, Rate | None])

    def entry(self) -> Entry | None:
        offer = self.offer
        choices = 1
        for setting in offer.settings.values():
            choices *= len(setting.values)
        if choices > _MOST_CHOICES:
            fix = f"at most {_MOST_CHOICES}"
            self.faults.add((*self.path, "settings"), f"{choices} combinations are too many", fix)
            return None
        before = len(self.faults.found)
        check_names(offer, self.path, self.faults)
        if len(self.faults.found) > before:
            return None
        names = tuple(offer.settings)
        rates: dict[tuple[str, ...], tuple[DatedRate, ...]] = {}
        for values in product(*(setting.values for setting in offer.settings.values())):
            choice = dict(zip(names, values, strict=True))
            if not any(fits(hole, choice) for hole in offer.unsold):
                rates[values] = self.timeline(choice)
        usual = tuple(setting.default for setting in offer.settings.values())
        if usual not in rates:
            self.faults.add((*self.path, "unsold"), "the defaults themselves are not sold", "choose other defaults")
        check_used(offer, self.path, self.faults)
        slack = offer.slack
        note = "" if slack is None else f"{slack.note} ({slack.evidence})"
        if len(self.faults.found) > before:
            return None
        return Entry(_public(self.card, offer), MappingProxyType(rates), note)

    def timeline(self, choice: Mapping[str, str]) -> tuple[DatedRate, ...]:
        """The rows for one choice of settings in order of time; one without an end lasts until the next begins."""
        mine = [(index, rate) for index, rate in enumerate(self.offer.rates) if fits(rate.when, choice)]
        record, rivals = self.of_record(mine)
        promos = sorted((row for row in mine if row[1].standing == "promo"), key=lambda row: _begins_first(row[1]))
        if not record:
            chosen = ", ".join(choice.values()) or self.offer.id
            self.faults.add((*self.path, "rates"), f"no price of record for {chosen}", "add a rate for it")
            return ()
        ends: dict[str, Moment | None] = {row.id: _moment(row.effective_until) for _, row in (*record, *promos)}
        for rows_, gaps in ((record, False), (promos, True)):
            for (_, older), (index, newer) in pairwise(rows_):
                path = (*self.path, "rates", index, "effective_from")
                ends[older.id] = self.end(older, newer, path, gaps=gaps or newer.id in self.confirmed)
        for _, rival in rivals:
            ends[rival.id] = _moment(rival.effective_until) or ends[_contests(rival, record).id]
        dated = (self.dated(index, row, choice, ends[row.id]) for index, row in (*promos, *record, *rivals))
        return tuple(one for one in dated if one is not None)

    def of_record(
        self, mine: list[tuple[int, rows.CardRate]]
    ) -> tuple[list[tuple[int, rows.CardRate]], list[tuple[int, rows.CardRate]]]:
        """The rows of record in order of time and those that contest them; a confirmed one takes the other's place."""
        record = sorted((row for row in mine if row[1].standing == "record"), key=lambda row: _begins_first(row[1]))
        rivals = [row for row in mine if row[1].standing == "contested"]
        for row in [row for row in rivals if row[1].id in self.confirmed and record]:
            contested = _contests(row[1], record)
            rivals = [one for one in rivals if one is not row and _contests(one[1], record) is not contested]
            if _begins_first(contested) >= _begins_first(row[1]):
                record = [one for one in record if one[1] is not contested]
            record = sorted([*record, row], key=lambda one: _begins_first(one[1]))
        return record, rivals

    def dated(self, index: int, row: rows.CardRate, choice: Mapping[str, str], ends: Moment | None) -> DatedRate | None:
        used = settings_used(row)
        key = index, tuple(value for name, value in choice.items() if name in used)
        if key not in self.resolved:
            path = (*self.path, "rates", index)
            rate = resolve(Row(self.card, self.offer, row, choice, path, self.faults), row.id in self.confirmed)
            self.resolved[key] = rate
        rate = self.resolved[key]
        if rate is None:
            return None
        begins = None if row.effective_from == UNKNOWN else Moment.parse(row.effective_from)
        checked = max(date.fromisoformat(source.checked_on or self.card.checked) for source in row.sources)
        return DatedRate(rate, begins, ends, checked)

    def end(self, older: rows.CardRate, newer: rows.CardRate, path: Path, *, gaps: bool) -> Moment | None:
        """When the older of two neighbours ends: as it says, or as the newer begins. Finds overlaps and gaps."""
        if newer.effective_from == UNKNOWN or _begins_first(older) == _begins_first(newer):
            message = f"{older.id} and {newer.id} begin at the same time"
            self.faults.add(path, message, "two prices of record cannot both hold")
            return None
        begins, stated = Moment.parse(newer.effective_from), _moment(older.effective_until)
        eve = begins.first - timedelta(days=1)
        latest = begins if begins.is_month else Moment(eve.isoformat(), eve, eve)
        if stated is None:
            return latest
        if stated.first > (begins if stated.is_month else latest).last and newer.id not in self.confirmed:
            message = f"{older.id} (until {stated.text}) overlaps {newer.id}"
            self.faults.add(path, message, "end it where the next begins")
        if stated.last < eve and not gaps:
            message = f"nothing has a price between {stated.text} and {begins.text}"
            self.faults.add(path, message, "close the gap")
        return stated if stated.last <= latest.last else latest


def _public(card: cards.RateCard, offer: cards.CardOffer) -> Offer:
    limits = [Limit(one.measure, one.min, one.max, MappingProxyType(one.when)) for one in offer.limits]
    if offer.max_seconds is not None:
        limits.append(Limit(offer.measure, None, offer.max_seconds))
    duration = offer.duration
    tops = [one.most for one in limits if one.measure == offer.measure and one.most is not None and not one.when]
    if duration is not None and (duration.measure or offer.measure) == offer.measure:
        tops += [duration.values[-1]] if duration.values else []
        tops += [duration.max] if duration.max is not None else []
    return Offer(
        id=f"{card.whose}/{offer.id}",
        provider=card.whose,
        name=offer.name,
        currency=card.money,
        measure=offer.measure,
        settings={
            name: Setting(setting.values, setting.default, offer.aliases.get(name, {}))
            for name, setting in offer.settings.items()
        },
        max_seconds=min(tops) if tops and MEASURES[offer.measure].unit == "s" else None,
        max_outputs=offer.max_outputs,
        slack_seconds=_BLANK if offer.slack is None else offer.slack.seconds,
        audio_driven=offer.from_audio,
        door=offer.door,
        limits=tuple(limits),
        duration=None
        if duration is None
        else Duration(duration.measure or offer.measure, duration.values, duration.min, duration.max, duration.step),
        defaults=offer.defaults,
        derived=tuple(Derived(one.name, Expression.parse(one.expression), one.unit) for one in offer.derive),
        settlement=None if offer.settlement is None else Settlement(**offer.settlement.model_dump()),
        unsold=tuple(MappingProxyType(hole) for hole in offer.unsold),
    )


def _contests(rival: rows.CardRate, record: list[tuple[int, rows.CardRate]]) -> rows.CardRate:
    """The row of record beside which the rival stands."""
    beside = [row for _, row in record if _begins_first(row) <= _begins_first(rival)]
    return (beside or [record[0][1]])[-1]


def _source(card: cards.RateCard, source: rows.CardSource) -> Source:
    return Source(source.url, source.evidence, source.checked_on or card.checked, UNKNOWN, None)


def _moment(text: str | None) -> Moment | None:
    return None if text is None else Moment.parse(text)


def _begins_first(row: rows.CardRate) -> date:
    return date.min if row.effective_from == UNKNOWN else Moment.parse(row.effective_from).first
