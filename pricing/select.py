"""One offer, one choice of settings, one day: everything a quote shares is worked out once, then each quote is short.

Pure. What depends on how much is used stays in `quote`; the rest is done in `select`, and remembered by the book.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from .credits import CreditPlan
from .entry import DatedRate, Entry
from .errors import BadQuantity, NoPrice, OverLimit
from .evaluate.choosing import choose_settings, refuse_unquotable
from .evaluate.compiled import Ends, compiled
from .evaluate.expression import Range
from .evaluate.lines import lines_of
from .evaluate.measuring import Meter, Reading
from .evaluate.open_questions import contested_text, dates_open, discount_texts, promo_texts, shared_texts
from .evaluate.program import Ratio, lines
from .evaluate.rates import Rate, Stage, decimal_from, evaluate
from .language.discounts import Discount, discounted, remaining
from .money import NANOS, Span, money_of, new_span, rounded_ratio, written
from .offer import Offer
from .quote import Line, Quote, new_line, new_quote
from .source import Source
from .usage import Usage

Amounts = tuple[Span, Span | None, CreditPlan | None, tuple[Line, ...]]
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
    currency: str

    @classmethod
    def of(cls, plan: CreditPlan) -> "Worth":
        price = plan.usd_per_credit
        rate = decimal_from(price)
        label = f"{plan.currency} in {plan.price.currency}, plan {plan.id}"
        return cls(plan, price.numerator, price.denominator, label, rate, plan.price.currency)


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
    meter: Meter
    sources: tuple[Source, ...]
    ids: tuple[str, ...]
    assumptions: tuple[str, ...]
    with_slack: tuple[str, ...]
    """The assumptions when the length of the output is taken from the audio's."""
    reductions: tuple[Stage, ...]
    """The discounts that come last, as they are expected."""
    left: Range
    """The part of the price that they leave."""
    worth: Worth | None
    book: str
    amounts: dict[object, Amounts]
    """Shared by all offers of one currency: started seconds make few different amounts, each converted once."""
    programs: tuple[Ends, ...] | None
    """The rates as programs; None: one has none."""
    rising: bool
    """Whether the ends of a range of quantities give the ends of the price."""
    priced: dict[object, tuple[Amounts, tuple[Line, ...]]] = field(default_factory=dict[object, Any], compare=False)
    """What was worked out by the definition, by what was read."""

    def quote(self, usage: Usage, outputs: int) -> Quote:
        """What this much costs. Raises BadQuantity, OverLimit, NotQuotable."""
        if type(outputs) is not int or not 1 <= outputs <= self.offer.max_outputs:
            raise self._bad_outputs(outputs)
        reading = self.meter.read(usage)
        amounts, lines = self._by_program(reading, outputs) or self._by_definition(reading, outputs)
        return new_quote(
            self.offer.id,
            self.settings,
            self.at,
            outputs,
            amounts[0],
            amounts[1],
            amounts[2],
            lines,
            self.with_slack if reading[3] else self.assumptions,
            self.sources,
            self.ids,
            self.book,
        )

    def _by_program(self, reading: Reading, outputs: int) -> tuple[Amounts, tuple[Line, ...]] | None:
        """In whole numbers. None: a range through prices that do not rise with it, or a job without a price."""
        low, middle, high, _ = reading
        if self.programs is None or (low is not high and not self.rising):
            return None
        if (values := self.meter.values(middle)) is None:
            return None
        if low is high:
            low = high = values
        answer = self.programs[0].run(low, values, high, outputs)
        if answer is None:
            return None
        least, expected, most, found = answer
        for index in range(1, len(self.programs)):
            if (one := self.programs[index].run(low, values, high, outputs)) is None:
                return None
            under, usual, over, its = one
            if index < self.of_record and expected[0] * usual[1] < usual[0] * expected[1]:
                expected, found = usual, its
            least = under if under[0] * least[1] < least[0] * under[1] else least
            most = over if over[0] * most[1] > most[0] * over[1] else most
        key = expected if least is most else (*least, *expected, *most)
        amounts = self.amounts.get(key) or self._amounts(key, least, expected, most)
        return amounts, lines(found, outputs, amounts[0].expected) + amounts[3]

    def _by_definition(self, reading: Reading, outputs: int) -> tuple[Amounts, tuple[Line, ...]]:
        """As the language defines it, in exact ranges; remembered, since few different lengths are asked for often."""
        low, middle, high, _ = reading
        key = (outputs, *middle.values(), *(() if low is high else (*low.values(), *high.values())))
        known = self.priced.get(key)
        if known is None:
            known = self._worked_out(reading, outputs)
            if len(self.priced) >= _REMEMBERED:
                self.priced.clear()
            self.priced[key] = known
        return known

    def _worked_out(self, reading: Reading, outputs: int) -> tuple[Amounts, tuple[Line, ...]]:
        box = self.meter.box(reading)
        found = [evaluate(rate, box, outputs) for rate in self.rates]
        best = max(range(self.of_record), key=lambda index: (found[index].total.expected, -index))
        left = self.left
        low = min(one.total.low for one in found) * left.low * NANOS
        expected = found[best].total.expected * left.expected * NANOS
        high = max(one.total.high for one in found) * left.high * NANOS
        middle = expected.as_integer_ratio()
        if low == high:
            amounts = self.amounts.get(middle) or self._amounts(middle, middle, middle, middle)
        else:
            least, most = low.as_integer_ratio(), high.as_integer_ratio()
            key = *least, *middle, *most
            amounts = self.amounts.get(key) or self._amounts(key, least, middle, most)
        lines = lines_of(self.rates[best], found[best], outputs, amounts[0].expected, self.reductions)
        return amounts, lines + amounts[3]

    def _amounts(self, key: object, least: Ratio, expected: Ratio, most: Ratio) -> Amounts:
        """The exact amounts as money, in both currencies, with the line that converts; remembered by amount."""
        currency, worth = self.offer.currency, self.worth
        is_point = least is most
        cost = _point(*expected, currency) if is_point else _span(least, expected, most, currency)
        if worth is None:
            amounts: Amounts = (cost, cost if currency == "USD" else None, None, ())
        else:
            up, down = worth.numerator, worth.denominator
            middle = expected[0] * up, expected[1] * down
            if is_point:
                dollars = _point(*middle, worth.currency)
            else:
                low, high = ((end[0] * up, end[1] * down) for end in (least, most))
                dollars = _span(low, middle, high, worth.currency)
            used = cost.expected.amount
            line = new_line(worth.label, used, used, currency, worth.rate, dollars.expected, "")
            amounts = (cost, dollars, worth.plan, (line,))
        if len(self.amounts) >= _REMEMBERED:
            self.amounts.clear()
        self.amounts[key] = amounts
        return amounts

    def _bad_outputs(self, outputs: object) -> Exception:
        if type(outputs) is not int:
            return TypeError(f"outputs is a whole number, not a {type(outputs).__name__}")
        limit, asked = str(self.offer.max_outputs), str(max(min(outputs, 10**9), -(10**9)))
        if outputs < 1:
            return BadQuantity(f"{asked} outputs cannot be priced", value=asked, limit=f"1 to {limit}")
        return OverLimit(f"{self.offer.id} makes at most {limit} outputs, not {asked}", value=asked, limit=limit)


@dataclass(frozen=True, slots=True)
class Valuation:
    """How a book sees one currency: what it is worth, and the amounts already converted."""

    worth: Worth | None
    """None: it is the dollar, or nothing says what it is worth."""
    named: bool
    """Whether the caller chose the credit plan."""
    amounts: dict[object, Amounts]


def select(
    entry: Entry,
    given: Mapping[str, str] | None,
    at: date,
    valuation: Valuation,
    book: str,
    discounts: tuple[Discount, ...] = (),
) -> Selection:
    """What is in force. Raises UnknownSetting, NoPrice, NotQuotable."""
    worth = valuation.worth
    offer = entry.offer
    settings, defaulted = choose_settings(offer, given)
    refuse_unquotable(offer)
    in_force, promoted = _in_force(entry, settings, at)
    record = [dated for dated in in_force if not dated.rate.contested]
    if not record:
        raise _no_price(entry, tuple(settings.values()), at)
    distinct: list[DatedRate] = []
    for dated in in_force:
        if not any(dated.rate.same_price(other.rate) for other in distinct):
            distinct.append(dated)
    assumptions = [f"{name} {settings[name]}: the provider's default, since none was given" for name in defaulted]
    assumptions += promoted + dates_open(record, at) + contested_text(distinct)
    assumptions += [text for dated in distinct for text in dated.rate.assumptions]
    assumptions += shared_texts(offer, in_force, at)
    if worth is not None:
        plan, rate = worth.plan, written(worth.rate, worth.plan.price.currency)
        why = "as named" if valuation.named else "the dearest published self-serve plan, since none was named"
        sold = f"{plan.credits:f} + {plan.bonus:f} bonus" if plan.bonus else f"{plan.credits:f}"
        terms = f"plan {plan.id} ({plan.price} for {sold})"
        assumptions.append(f"a {plan.currency} is worth {rate}: {terms}, {why}")
    slack = (
        f"the output, which is metered, is up to {offer.slack_seconds:f} s longer than the audio: {entry.slack_note}"
    )
    mine = tuple(one for one in discounts if one.covers(offer.id, at))
    last = tuple(one for one in mine if not one.before_minimum)
    assumptions += [text for one in mine for text in discount_texts(one, at)]
    rates = tuple(discounted(dated.rate, mine, at) for dated in distinct)
    sources = [source for dated in in_force for source in dated.rate.sources]
    sources += [one.source for one in mine]
    if worth is not None:
        sources.append(worth.plan.source)
    texts = tuple(dict.fromkeys(assumptions))
    reductions = tuple(Stage(one.label, "part", one.left(at)) for one in last)
    programs = tuple(program for rate in rates if (program := compiled(rate, reductions)) is not None)
    meter = Meter.of(offer, settings, tuple(dict.fromkeys(name for rate in rates for name in rate.needs)))
    return Selection(
        offer=offer,
        settings=settings,
        at=at,
        rates=rates,
        of_record=sum(not rate.contested for rate in rates),
        meter=meter,
        sources=tuple(dict.fromkeys(sources)),
        ids=tuple(rate.id for rate in rates),
        assumptions=texts,
        with_slack=(*texts, slack),
        reductions=reductions,
        left=remaining(last, at),
        worth=worth,
        book=book,
        amounts=valuation.amounts,
        programs=programs if len(programs) == len(rates) else None,
        rising=not meter.derived and all(program.rising for program in programs),
    )


def _in_force(entry: Entry, settings: Mapping[str, str], at: date) -> tuple[list[DatedRate], list[str]]:
    """The rows that hold on that day; a promotion that surely runs takes the place of the others."""
    covering = [dated for dated in entry.rates[tuple(settings.values())] if dated.covers(at)]
    promos = [dated for dated in covering if dated.rate.standing == "promo"]
    if not promos:
        return covering, []
    lists = [dated for dated in covering if dated.rate.standing == "record"]
    said = promo_texts(promos, lists, at)
    return (promos if all(promo.surely(at) for promo in promos) else covering), said


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


def _point(numerator: int, denominator: int, currency: str) -> Span:
    """One exact amount on the grid of nanos: low down, expected to the nearest even, high up."""
    whole, rest = divmod(numerator, denominator)
    below = money_of(whole, currency)
    if not rest:
        return new_span(below, below, below)
    above = money_of(whole + 1, currency)
    up = 2 * rest > denominator or (2 * rest == denominator and whole % 2)
    return new_span(below, above if up else below, above)


def _span(least: Ratio, expected: Ratio, most: Ratio, currency: str) -> Span:
    """The one rounding to nanos of an interval: low down, expected to the nearest even, high up."""
    low, middle, high = least[0] // least[1], rounded_ratio(*expected, "half-even"), -(-most[0] // most[1])
    span = new_span if low <= middle <= high else Span  # which refuses
    return span(money_of(low, currency), money_of(middle, currency), money_of(high, currency))
