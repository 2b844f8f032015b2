"""One offer, one choice of settings, one day: everything a quote shares is worked out once, then each quote is short.

Pure. What depends on how much is used stays in `quote`; the rest is done in `select`, and remembered by the book.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType

from .credits import CreditPlan
from .entry import DatedRate, Entry
from .errors import BadQuantity, NoPrice, OverLimit, UnknownSetting
from .money import Money, Span, rounded_ratio, written
from .offer import Offer
from .quote import Line, Quote
from .rates import EXACT, Rate, decimal_from
from .source import Source
from .units import AUDIO, BILLED, VIDEO
from .usage import Usage

STALE_AFTER = timedelta(days=90)

Ratio = tuple[int, int]
"""An exact amount of nanos: numerator, denominator > 0."""

Amounts = tuple[Span, Span, CreditPlan | None, tuple[Line, ...]]
"""An exact price as money: in the offer's currency, in dollars, by which plan, and the line that says so."""

_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Worth:
    """What a credit is worth, made ready: dollars per credit, and the words for it."""

    plan: CreditPlan
    numerator: int
    denominator: int
    label: str
    rate: Decimal

    @classmethod
    def of(cls, plan: CreditPlan) -> "Worth":
        price = plan.usd_per_credit
        rate = decimal_from(price)
        label = f"{plan.currency} in {plan.price.currency}, plan {plan.id}"
        return cls(plan, price.numerator, price.denominator, label, rate)


@dataclass(frozen=True, slots=True)
class Selection:
    """The rates of one offer in force on one day for one choice of settings, with all that its quotes share."""

    offer: Offer
    settings: Mapping[str, str]
    at: date
    rates: tuple[Rate, ...]
    """The prices of record first (two inside an uncertain month), then those contested with another amount."""
    of_record: int
    """How many of them are of record."""
    measures: tuple[str, ...]
    sources: tuple[Source, ...]
    ids: tuple[str, ...]
    assumptions: tuple[str, ...]
    with_slack: tuple[str, ...]
    """The assumptions when the length of the output is taken from the audio's."""
    worth: Worth | None
    book: str
    amounts: dict[object, Amounts]
    """Shared by all offers of one currency: started seconds make few different amounts, each converted once."""

    def quote(self, usage: Usage, outputs: int) -> Quote:
        """What this much costs. Raises BadQuantity, OverLimit."""
        if type(outputs) is not int or not 1 <= outputs <= self.offer.max_outputs:
            raise self._bad_outputs(outputs)
        low, middle, high, assumptions = self._measured(usage)
        rates = self.rates
        best = rates[0]
        expected = least = most = best.nanos(middle, outputs)
        if low is not high:
            least, most = best.nanos(low, outputs), best.nanos(high, outputs)
        for index in range(1, len(rates)):
            rate = rates[index]
            one = rate.nanos(middle, outputs)
            if index < self.of_record and _less(expected, one):
                best, expected = rate, one
            one_low, one_high = (one, one) if low is high else (rate.nanos(low, outputs), rate.nanos(high, outputs))
            least = one_low if _less(one_low, least) else least
            most = one_high if _less(most, one_high) else most
        key = expected if least is most else (least, expected, most)
        amounts = self.amounts.get(key) or self._amounts(key, least, expected, most)
        cost, dollars, plan, last = amounts
        return Quote(
            self.offer.id,
            self.settings,
            self.at,
            outputs,
            cost,
            dollars,
            plan,
            best.lines(middle, outputs, cost.expected) + last,
            assumptions,
            self.sources,
            self.ids,
            self.book,
        )

    def _amounts(self, key: object, least: Ratio, expected: Ratio, most: Ratio) -> Amounts:
        """The exact amounts as money, in both currencies, with the line that converts; remembered by amount."""
        currency, worth = self.offer.currency, self.worth
        cost = _span(least, expected, most, currency)
        amounts: Amounts = (cost, cost, None, ())
        if worth is not None:
            plan, up, down = worth.plan, worth.numerator, worth.denominator
            in_usd = _times(expected, up, down)
            low_usd = in_usd if least is expected else _times(least, up, down)
            high_usd = in_usd if most is expected else _times(most, up, down)
            dollars = _span(low_usd, in_usd, high_usd, plan.price.currency)
            used = cost.expected.amount
            line = Line(worth.label, used, used, currency, worth.rate, dollars.expected)
            amounts = (cost, dollars, plan, (line,))
        if len(self.amounts) >= _REMEMBERED:
            self.amounts.clear()
        self.amounts[key] = amounts
        return amounts

    def _measured(
        self, usage: Usage
    ) -> tuple[dict[str, Decimal], dict[str, Decimal], dict[str, Decimal], tuple[str, ...]]:
        """Each measure low, expected and high (the same object thrice for a point), and what that assumes."""
        offer, given, assumptions = self.offer, usage.measures, self.assumptions
        lows: dict[str, Decimal] = {}
        middles: dict[str, Decimal] = {}
        highs: dict[str, Decimal] = {}
        is_point = True
        for measure in self.measures:
            quantity = given.get(measure)
            if quantity is None and measure == offer.measure:
                quantity = given.get(BILLED)
            slack = None
            if quantity is None and measure == VIDEO and offer.audio_driven:
                quantity, slack = given.get(AUDIO), offer.slack_seconds
            if quantity is None:
                raise self._not_stated(measure, usage)
            low, middle, high = quantity.low, quantity.expected, quantity.high
            if slack:
                high, assumptions = EXACT.add(high, slack), self.with_slack
            if measure == offer.measure and offer.max_seconds is not None and high > offer.max_seconds:
                raise OverLimit(
                    f"{offer.id} takes at most {offer.max_seconds} s, not {high:f} s",
                    value=f"{high:f}",
                    limit=str(offer.max_seconds),
                    next="cut the audio, or choose another offer",
                )
            is_point = is_point and low == high
            lows[measure], middles[measure], highs[measure] = low, middle, high
        return (middles, middles, middles, assumptions) if is_point else (lows, middles, highs, assumptions)

    def _bad_outputs(self, outputs: object) -> Exception:
        if type(outputs) is not int:
            return TypeError(f"outputs is a whole number, not a {type(outputs).__name__}")
        limit, asked = str(self.offer.max_outputs), str(max(min(outputs, 10**9), -(10**9)))
        if outputs < 1:
            return BadQuantity(f"{asked} outputs cannot be priced", value=asked, limit=f"1 to {limit}")
        return OverLimit(f"{self.offer.id} makes at most {limit} outputs, not {asked}", value=asked, limit=limit)

    def _not_stated(self, measure: str, usage: Usage) -> BadQuantity:
        stated = ", ".join(usage.measures)
        return BadQuantity(
            f"{self.offer.id} is metered on {measure}, and the usage states only {stated}",
            value=stated,
            limit=measure,
            next="state it with Usage.audio or Usage.video",
        )


def choose_settings(offer: Offer, given: Mapping[str, str] | None) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """All settings with defaults filled in, and which of them were. Raises UnknownSetting naming the legal ones."""
    given = {} if given is None else given
    for name, value in given.items():
        setting = offer.settings.get(name)
        if setting is None:
            known = ", ".join(offer.settings) or "none"
            raise UnknownSetting(
                f"{offer.id} has no setting {name!r}", value=str(name), limit=known, next=f"it has: {known}"
            )
        if value not in setting.values:
            legal = ", ".join(setting.values)
            shown = str(value)[:60]
            raise UnknownSetting(
                f"{offer.id} does not sell {name} {shown!r}", value=shown, limit=legal, next=f"legal: {legal}"
            )
    chosen = {name: given.get(name, setting.default) for name, setting in offer.settings.items()}
    open_ones = (name for name, setting in offer.settings.items() if name not in given and len(setting.values) > 1)
    return MappingProxyType(chosen), tuple(open_ones)


@dataclass(frozen=True, slots=True)
class Valuation:
    """How a book sees one currency: what it is worth, and the amounts already converted."""

    worth: Worth | None
    """None: it is the dollar."""
    named: bool
    """Whether the caller chose the credit plan."""
    amounts: dict[object, Amounts]


def select(entry: Entry, given: Mapping[str, str] | None, at: date, valuation: Valuation, book: str) -> Selection:
    """What is in force. Raises UnknownSetting, NoPrice."""
    worth = valuation.worth
    offer = entry.offer
    settings, defaulted = choose_settings(offer, given)
    in_force = [dated for dated in entry.rates[tuple(settings.values())] if dated.covers(at)]
    record = [dated for dated in in_force if not dated.rate.contested]
    if not record:
        raise _no_price(entry, tuple(settings.values()), at)
    distinct: list[DatedRate] = []
    for dated in in_force:
        if not any(dated.rate.same_price(other.rate) for other in distinct):
            distinct.append(dated)
    assumptions = [f"{name} {settings[name]}: the provider's default, since none was given" for name in defaulted]
    assumptions += _dates(record, at)
    assumptions += _contested(distinct)
    assumptions += [text for dated in distinct for text in dated.rate.assumptions]
    checked = max(dated.checked_on for dated in in_force)
    if at - checked > STALE_AFTER:
        assumptions.append(
            f"the price still holds: it was last checked on {checked.isoformat()}, {(at - checked).days} days before"
        )
    if worth is not None:
        plan, rate = worth.plan, written(worth.rate, worth.plan.price.currency)
        why = "as named" if valuation.named else "the dearest published self-serve plan, since none was named"
        terms = f"plan {plan.id} ({plan.price} for {plan.credits:f})"
        assumptions.append(f"a {plan.currency} is worth {rate}: {terms}, {why}")
    slack = (
        f"the output, which is metered, is up to {offer.slack_seconds:f} s longer than the audio: {entry.slack_note}"
    )
    rates = tuple(dated.rate for dated in distinct)
    sources = [source for dated in in_force for source in dated.rate.sources]
    if worth is not None:
        sources.append(worth.plan.source)
    texts = tuple(dict.fromkeys(assumptions))
    return Selection(
        offer=offer,
        settings=settings,
        at=at,
        rates=rates,
        of_record=sum(not rate.contested for rate in rates),
        measures=tuple(dict.fromkeys(part.measure for rate in rates for part in rate.components)),
        sources=tuple(dict.fromkeys(sources)),
        ids=tuple(rate.id for rate in rates),
        assumptions=texts,
        with_slack=(*texts, slack),
        worth=worth,
        book=book,
        amounts=valuation.amounts,
    )


def _dates(record: list[DatedRate], at: date) -> list[str]:
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


def _contested(distinct: list[DatedRate]) -> list[str]:
    rivals = [dated.rate for dated in distinct if dated.rate.contested]
    if not rivals:
        return []
    of_record = next(dated.rate for dated in distinct if not dated.rate.contested)
    others = " and ".join(f"{rival.price_text} ({rival.sources[0].url})" for rival in rivals)
    ours = f"{of_record.price_text} ({of_record.sources[0].url})"
    text = f"the price is contested: {ours} is the price of record and expected, {others} is published too"
    return [f"{text}; low and high span both"]


def _no_price(entry: Entry, choice: tuple[str, ...], at: date) -> NoPrice:
    begins = [dated.begins.text for dated in entry.rates[choice] if dated.begins is not None]
    ends = [dated.ends.text for dated in entry.rates[choice] if dated.ends is not None]
    first = min(begins, default="an unknown day")
    if begins and at.isoformat() < first:
        reason, limit = f"its first known price is from {first}", first
    else:
        limit = max(ends, default="")
        reason = f"its last known price ended in {limit}"
    return NoPrice(
        f"nothing says what {entry.offer.id} cost on {at.isoformat()}", value=at.isoformat(), limit=limit, next=reason
    )


def _less(one: Ratio, other: Ratio) -> bool:
    return one[0] * other[1] < other[0] * one[1]


def _span(least: Ratio, expected: Ratio, most: Ratio, currency: str) -> Span:
    """The one rounding to nanos: low down, expected to the nearest even, high up."""
    if least is expected is most:
        numerator, denominator = expected
        whole, rest = divmod(numerator, denominator)
        if not rest:
            amount = Money(whole, currency)
            return Span(amount, amount, amount)
    low, middle = rounded_ratio(*least, "floor"), rounded_ratio(*expected, "half-even")
    return Span(Money(low, currency), Money(middle, currency), Money(rounded_ratio(*most, "ceil"), currency))


def _times(amount: Ratio, up: int, down: int) -> Ratio:
    return amount[0] * up, amount[1] * down
