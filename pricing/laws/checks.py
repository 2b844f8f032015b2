"""The laws: what holds for every price of every card, each checked on one case. A broken one says so in one line."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

from ..book import PriceBook
from ..errors import BadQuantity, BuysNothing, NoPlan, NotQuotable, OverLimit, PricingError
from ..evaluate.rates import evaluate
from ..money import NANOS, Money, Span
from ..quote import Quote
from ..select import Selection
from ..units import BILLED, MEASURES
from ..usage import Usage
from .domains import Domain, decimal, domain_of
from .growing import Grown, grow
from .jobs import Case, domain_as_stated, in_force, point, shown, with_amount
from .shape import FREE, MORE, PARTS, block, bounds, declared, may_be_free, metered, multiplies, parts_add

MS = Decimal("0.001")
_MOST_MARKS = 40


class Broken(AssertionError):
    """A law does not hold. `str(error)` is one line: the law, the offer, its settings, the job, both amounts."""

    def __init__(self, law: str, case: Case, said: str, *, beside: bool = False) -> None:
        about = case.job.beside(case.measure) if beside else str(case.job)
        super().__init__(f"{law}: {about}: {said}")
        self.law, self.case = law, case


@dataclass(slots=True)
class Room:
    """A book under test, with what the laws make of it once."""

    book: PriceBook
    fresh: PriceBook = field(init=False)
    """The same cards read again: it remembers nothing."""
    grown: dict[str, Grown | None] = field(default_factory=dict[str, Grown | None])

    def __post_init__(self) -> None:
        self.fresh = self.book if self.book.loaded is None else self.book.with_cards({})

    def quote(self, case: Case, usage: Usage | None = None, *, outputs: int | None = None) -> Quote:
        job = case.job
        return self.book.quote(
            job.offer,
            job.usage if usage is None else usage,
            at=job.at,
            settings=job.settings,
            outputs=job.outputs if outputs is None else outputs,
        )

    def can(self, case: Case, usage: Usage, *, outputs: int | None = None) -> Quote | None:
        """The quote, or None where the offer does not take such a job."""
        try:
            return self.quote(case, usage, outputs=outputs)
        except BadQuantity:
            return None

    def selection(self, case: Case) -> Selection:
        return in_force(self.book, case.job.offer, case.job.settings, case.job.at)

    def later(self, offer: str) -> Grown | None:
        """The offer with one more row, and without it; None: no row can follow."""
        if offer not in self.grown:
            self.grown[offer] = grow(self.book, offer)
        return self.grown[offer]


Law = Callable[[Room, Case], None]


def ordered(room: Room, case: Case) -> None:
    """low ≤ expected ≤ high, in the offer's currency and in dollars, and a range holds each of its points."""
    said = room.quote(case)
    spans = [said.cost] if said.dollars is None else [said.cost, said.dollars]
    if not all(span.low <= span.expected <= span.high for span in spans):
        raise Broken("ordered", case, f"{said.low}, {said.expected}, {said.high} do not rise")
    exact = room.can(case, point(case.job.usage))
    if exact is not None and not said.low <= exact.low <= exact.high <= said.high:
        what = f"costs {_ends(said.cost)}, exactly {shown(point(case.job.usage))} costs {_ends(exact.cost)}"
        raise Broken("ordered", case, f"{what}, which lies outside")


def summed(room: Room, case: Case) -> None:
    """The lines sum to the expected amount; a line in dollars converts it."""
    said = room.quote(case)
    lines = [line.amount for line in said.lines if line.amount.currency == said.currency]
    total = sum(lines, Money.zero(said.currency))
    if total != said.expected:
        raise Broken("summed", case, f"the lines sum to {total}, the price is {said.expected}")
    others = [line.amount for line in said.lines if line.amount.currency != said.currency]
    if others and (said.dollars is None or others != [said.dollars.expected]):
        raise Broken("summed", case, f"{others[0]} on the last line, {said.dollars} is the price in dollars")


def exact(room: Room, case: Case) -> None:
    """No float anywhere, whole nanos, and the JSON reads back as the same amount; the price names its sources."""
    said = room.quote(case)
    json = said.as_json()
    if (found := _float(json)) is not None:
        raise Broken("exact", case, f"{found!r} is a float in the quote of {said.expected}")
    for name in ("low", "expected", "high"):
        amount, told = getattr(said, name), json[name]
        again = Money.of(told["amount"], told["currency"]) if isinstance(told, dict) else None  # pyright: ignore[reportUnknownArgumentType]
        if type(amount.nanos) is not int or again != amount:
            raise Broken("exact", case, f"{name} {amount} reads back from JSON as {again}")
    if not (said.sources and said.rates and str(said.expected) in said.explain()):
        raise Broken("exact", case, f"{said.expected} names no source, or no row")


def deterministic(room: Room, case: Case) -> None:
    """The same question has the same answer: asked again, of the same cards read again, in any decimal context."""
    said = room.quote(case)
    job = case.job
    with localcontext() as context:
        context.prec = 3
        again = room.fresh.quote(job.offer, job.usage, at=job.at, settings=job.settings, outputs=job.outputs)
    if again != said or again.as_json() != said.as_json():
        raise Broken("deterministic", case, f"{said.cost} the first time, {again.cost} the second")


def monotone(room: Room, case: Case) -> None:
    """More of any measure never costs less, unless the card declares it: between two amounts, and at every border."""
    selection = room.selection(case)
    name = metered(selection, case.measure)
    words = MORE.format(name)
    if declared(selection, words):
        return
    domain = domain_as_stated(selection, case.measure)
    marks = (domain.values or domain.borders)[:_MOST_MARKS]
    for low, high in ((Fraction(case.one), Fraction(case.two)), *pairwise(marks)):
        less, more = (room.can(case, with_amount(case.job.usage, case.measure, decimal(one))) for one in (low, high))
        if less is None or more is None:
            continue
        for end in ("high", "expected", "low"):
            if getattr(less, end) > getattr(more, end):
                two = f"{name} {_drop(room, case, domain, (low, high), end)}"
                raise Broken("monotone", case, f'{two}: more costs less (declare it: "{words}: why")', beside=True)


def _drop(room: Room, case: Case, domain: Domain, pair: tuple[Fraction, Fraction], end: str) -> str:
    """Where the price falls between two amounts, as closely as amounts are told apart."""

    def cost(amount: Fraction) -> Money | None:
        said = room.can(case, with_amount(case.job.usage, case.measure, decimal(amount)))
        return None if said is None else getattr(said, end)

    low, high = pair
    small, large = cost(low), cost(high)
    while small is not None and large is not None:
        middle = domain.between(low, high)
        between = None if middle is None else cost(middle)
        if middle is None or between is None:
            break
        if between > large:
            low, small = middle, between
        else:
            high, large = middle, between
    return f"{decimal(low):f} costs {small}, {decimal(high):f} costs {large}"


def additive(room: Room, case: Case) -> None:
    """Two jobs never cost less than one as long as both, and exactly as much where both fill their blocks."""
    selection = room.selection(case)
    name = metered(selection, case.measure)
    if not parts_add(selection, name) or declared(selection, PARTS):
        return
    _compare_parts(room, case, (case.one, case.two))
    size = block(selection)
    if size is not None and name == selection.offer.measure and name == case.measure:
        pair = [Fraction(one) if not size else -(-Fraction(one) // size) * size for one in (case.one, case.two)]
        domain = domain_of(selection, name)
        if all(domain.holds(one) for one in pair):
            _compare_parts(room, case, (decimal(pair[0]), decimal(pair[1])), equal=True)


def _compare_parts(room: Room, case: Case, pair: tuple[Decimal, Decimal], *, equal: bool = False) -> None:
    one, two = pair
    usage, name = case.job.usage, case.measure
    both = decimal(Fraction(one) + Fraction(two))
    if not both or both > MEASURES[name].most:
        return
    quotes = [room.can(case, with_amount(usage, name, part)) for part in (one, two, both)]
    if quotes[0] is None or quotes[1] is None or quotes[2] is None:
        return
    parts, whole = quotes[0].high + quotes[1].high, quotes[2].high
    two_say = f"{name} {one:f} and {two:f} cost {parts} apart, {both:f} costs {whole}"
    if parts.nanos < whole.nanos:
        raise Broken("additive", case, f'{two_say}: parts cost less (declare it: "{PARTS}: why")', beside=True)
    if equal and parts.nanos - whole.nanos > 2:
        raise Broken("additive", case, f"{two_say}: full blocks do not add up", beside=True)


def bounded(room: Room, case: Case) -> None:
    """Minimums and caps, of quantity and of money, are respected."""
    said = room.quote(case)
    least, most = bounds(room.selection(case), case.job.outputs)
    if said.low.nanos < least * NANOS - 1:
        raise Broken("bounded", case, f"costs {said.low}, its minimum is {Money.rounded(least, said.currency, 'ceil')}")
    if most is not None and said.high.nanos > most * NANOS + 1:
        raise Broken("bounded", case, f"costs {said.high}, its cap is {Money.rounded(most, said.currency, 'floor')}")


def paid(room: Room, case: Case) -> None:
    """The least job is expected to cost something, unless the card grants it: an allowance, a price of zero."""
    selection = room.selection(case)
    name = metered(selection, case.measure)
    if name not in selection.meter.needs or may_be_free(selection):
        return
    if declared(selection, FREE):
        return
    domain = domain_of(selection, name)
    least = domain.values[0] if domain.values else domain.start + domain.first * domain.grain
    least = least or (domain.values[1:] or (domain.start + (domain.first + 1) * domain.grain,))[0]
    usage = with_amount(case.job.usage, case.measure, decimal(least))
    said = room.can(case, usage)
    if said is None or said.expected or not all(quantity.high > 0 for quantity in usage.values()):
        return
    box = selection.meter.box(selection.meter.read(usage))
    record = selection.rates[: selection.of_record]
    if not any(evaluate(rate, box, case.job.outputs).total.expected for rate in record):
        # Otherwise it costs something, if less than money can say.
        what = f"{name} {decimal(least):f} costs {said.expected}, which is nothing"
        raise Broken("paid", case, f'{what} (declare it: "{FREE}: why")', beside=True)


def inverse(room: Room, case: Case) -> None:
    """What a budget buys fits it; one millisecond more does not, unless the answer says that it is not unique."""
    job, selection = case.job, room.selection(case)
    offer = selection.offer
    if MEASURES[offer.measure].unit != "s" or set(selection.meter.needs) - {offer.measure} - set(offer.defaults):
        return
    budget = Money(case.budget, offer.currency)
    try:
        most = room.book.max_seconds(job.offer, budget, at=job.at, settings=job.settings, outputs=job.outputs)
    except BuysNothing:
        if case.measure not in (offer.measure, BILLED):
            return  # the case varies another measure: it names no length
        said = room.can(case, Usage.billed(max(case.one, MS)))
        if said is not None and said.high <= budget:
            raise Broken(
                "inverse", case, f"{budget} is said to buy nothing, yet {case.one:f} s costs {said.high}"
            ) from None
        return
    if most.quote.high > budget:
        raise Broken("inverse", case, f"{budget} is said to buy {most.seconds:f} s, which costs {most.quote.high}")
    if most.limited_by == "budget" and getattr(most, "unique", True):
        longer = room.can(case, Usage.billed(most.seconds + MS))
        if longer is not None and longer.high <= budget:
            what = f"{budget} is said to buy {most.seconds:f} s, yet {most.seconds + MS:f} s costs {longer.high}"
            raise Broken("inverse", case, what)


def dated(room: Room, case: Case) -> None:
    """A row that takes effect on a later day changes no quote before that day."""
    job = case.job
    grown = room.later(job.offer)
    if grown is None or job.at >= grown.begins:
        return
    before, after = (
        book.quote(job.offer, job.usage, at=job.at, settings=job.settings, outputs=job.outputs)
        for book in (grown.without, grown.book)
    )
    if replace(before, book="") != replace(after, book=""):
        said = f"costs {before.cost}, and {after.cost} once a row from {grown.begins.isoformat()} is there"
        raise Broken("dated", case, said)


def outputs(room: Room, case: Case) -> None:
    """So many outputs cost so many times one, where nothing is charged or rounded once a job; never less otherwise."""
    many = case.job.outputs
    one, all_ = room.quote(case, outputs=1), room.quote(case)
    if multiplies(room.selection(case)):
        for end in ("low", "expected", "high"):
            single, together = getattr(one, end), getattr(all_, end)
            if abs(together.nanos - single.nanos * many) > many:
                said = f"one output costs {single}, {many} cost {together}, not {many} times as much"
                raise Broken("outputs", case, said)
    elif all_.high < one.high:
        raise Broken("outputs", case, f"one output costs {one.high}, {many} cost {all_.high}")


LAWS: tuple[Law, ...] = (
    paid, ordered, summed, exact, deterministic, monotone, additive, bounded, dated, outputs, inverse,
)  # fmt: skip
"""All of them, in the order in which they are checked."""


def refuses(room: Room, offer: str, at: date) -> None:
    """An offer that cannot be quoted says so, whatever is asked."""
    try:
        said = room.book.quote(offer, Usage.billed(1), at=at)
    except NotQuotable:
        return
    except (PricingError, NoPlan, OverLimit) as error:
        raise AssertionError(f"{offer}: {error}, where NotQuotable was due") from error
    raise AssertionError(f"{offer}: costs {said.cost}, where NotQuotable was due")


def _ends(span: Span) -> str:
    return f"{span.low}" if span.low == span.high else f"{span.low} to {span.high}"


def _float(said: object) -> float | None:
    """A float somewhere inside."""
    if isinstance(said, float):
        return said
    inner: list[object] = []
    if isinstance(said, dict):
        inner = list(said.values())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(said, (list, tuple)):
        inner = list(said)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return next((found for one in inner if (found := _float(one)) is not None), None)
