"""Law 4: no eligible candidate beats the chosen one on the stated objective, and every rejection is true."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pricing import CurrencyMismatch, Money, PriceBook, PricingError, Quote
from router import Candidate, Choice, Demand, Policy, Rejection
from router.choose import Facts, NotReady, Room, choose
from router.latency import Latencies
from router.margins import Margins
from router.offers import latency_s, shipped_profiles
from router.policy import exact
from router.quality import Ratings
from router.ranking import placed
from router.request import RESOLUTIONS
from tests.strategies import Left, Taught, credits_left, demands, learned, policies, rooms, sold

BOOK = PriceBook.shipped()
PROFILES = shipped_profiles()
AT = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SOME = st.frozensets(st.sampled_from(["fal", "runware", "creatify"]))
SCORES = st.dictionaries(
    st.sampled_from(sorted(PROFILES)), st.integers(0, 10).map(lambda n: Decimal(n) / 10), max_size=3
)


@dataclass(frozen=True)
class Charge:
    """What one job was charged, beside its quote."""

    offer: str
    settings: Mapping[str, str]
    rates: tuple[str, ...]
    expected: Money
    charged: Money


@dataclass(frozen=True)
class Question:
    """All that a choice depends on."""

    demand: Demand
    policy: Policy
    room: Room | None
    waiting: frozenset[str]
    shut: frozenset[str]
    taught: list[Taught]
    left: list[Left]
    scores: Mapping[str, Decimal]
    beyond: Mapping[int, tuple[int, int]]
    """By place among the offers sold: tenths of the expected that so many charges came to."""

    @property
    def charged(self) -> list[Charge]:
        found: list[Charge] = []
        for place, (tenths, count) in self.beyond.items():
            one = ROUTED[place]
            with suppress(PricingError):
                quote = BOOK.quote(
                    one.offer, self.demand.usage, at=AT, settings=one.settings, outputs=self.demand.outputs
                )
                came_to = Money(quote.expected.nanos * tenths // 10, quote.currency)
                found += count * [Charge(one.offer, dict(one.settings), quote.rates, quote.expected, came_to)]
        return found

    @property
    def rated(self) -> list[Taught]:
        """One sum for each offer with its settings."""
        return list({(one.offer, str(one.settings)): one for one in self.taught}.values())

    def answer(self) -> Choice:
        facts = Facts(
            not_ready=lambda name: NotReady("no_key", "no key") if name in self.waiting else None,
            room=self.room,
            quality=self.scores,
            latencies=Latencies(self.taught, NOW),
            ratings=Ratings(self.rated),
            margins=Margins(self.charged),
            shut=dict.fromkeys(self.shut, "HTTP 503"),
            prepaid=self.left,
        )
        return choose(self.demand, self.policy, BOOK, PROFILES, AT, facts)


ROUTED = [one for one in sold() if one.offer in PROFILES]
BEYOND = st.dictionaries(
    st.integers(0, len(ROUTED) - 1), st.tuples(st.integers(5, 30), st.sampled_from([1, 19, 20, 50])), max_size=4
)
QUESTIONS = st.builds(
    Question, demands(), policies(), rooms(), SOME, st.just(frozenset[str]()) | SOME, learned(NOW), credits_left(AT),
    SCORES, BEYOND,
)  # fmt: skip


def held(asked: Question, offer: str, settings: Mapping[str, str]) -> Quote:
    """The quote, its high raised to what 20 charges or more came to, at most to twice. Raises PricingError."""
    quote = BOOK.quote(offer, asked.demand.usage, at=AT, settings=settings, outputs=asked.demand.outputs)
    for place, (tenths, count) in asked.beyond.items():
        if (ROUTED[place].offer, dict(ROUTED[place].settings)) == (offer, dict(settings)) and count >= 20:
            nanos = min(-(-quote.expected.nanos * tenths // 10), 2 * quote.high.nanos)
            high = Money(max(quote.high.nanos, nanos), quote.currency)
            usd = quote.plan.convert(high, "ceil") if quote.plan is not None else high
            dollars = None if quote.dollars is None else replace(quote.dollars, high=usd)
            return replace(quote, cost=replace(quote.cost, high=high), dollars=dollars)
    return quote


def over(quote: Quote, most: Money | None, currency: str | None = None) -> bool:
    """Does the quote's high break a money limit, or speak another currency? Written apart from the code under test."""
    try:
        high = quote.in_currency(currency or (most.currency if most else "USD")).high
    except CurrencyMismatch:
        return True
    return most is not None and high.nanos > most.nanos


def takes(asked: Question, offer: str, settings: Mapping[str, str]) -> Decimal:
    """How long, in seconds: as learned of just this offer and settings, else as assumed."""
    tier = PROFILES[offer].at(settings)
    confidence = exact(asked.policy.confidence)
    mine = [one for one in asked.taught if (one.offer, one.settings) == (offer, settings)]
    found = Latencies(mine, NOW).estimate(offer, settings, tier, asked.demand.seconds, confidence)
    return latency_s(tier, asked.demand.seconds, confidence) if found is None else found.seconds


def quality(asked: Question, offer: str, settings: Mapping[str, str]) -> Decimal | None:
    """One's own score, else what was rated (drawn to the tier as if it were five ratings), else the tier's."""
    if offer in asked.scores:
        return asked.scores[offer]
    tier = PROFILES[offer].at(settings).quality
    for one in asked.rated:
        if (one.offer, one.settings) == (offer, settings) and one.count >= (3 if tier is None else 1):
            pulled = (0, Decimal(0)) if tier is None else (5, 5 * tier)
            return ((one.total + pulled[1]) / (one.count + pulled[0])).quantize(Decimal("0.001"))
    return tier


def expires(asked: Question, quote: Quote) -> bool:
    """Would credits that expire in time pay for all of it?"""
    days = asked.policy.use_expiring_days
    if days is None:
        return False
    for kind in asked.left:
        soon = sum(part.nanos for ends, part in kind.expiring if ends.date() <= AT + timedelta(days=days))
        if kind.currency == quote.currency and quote.high.nanos <= soon:
            return True
    return False


def broken(asked: Question, offer: str, settings: Mapping[str, str]) -> set[str]:
    """Every limit that an offer with settings breaks: the brute force."""
    found: set[str] = set()
    demand, policy, room = asked.demand, asked.policy, asked.room
    sells, provider = BOOK.offer(offer), offer.split("/")[0]
    if demand.outputs > sells.max_outputs:
        found.add("outputs")
    if sells.max_seconds is not None and demand.seconds > sells.max_seconds:
        found.add("duration")
    if policy.max_latency_s is not None and takes(asked, offer, settings) > exact(policy.max_latency_s):
        found.add("max_latency")
    known = quality(asked, offer, settings)
    if policy.min_quality is not None and (known is None or known < exact(policy.min_quality)):
        found.add("min_quality")
    if policy.providers is not None and provider not in policy.providers:
        found.add("provider")
    if demand.resolution is not None:
        has = settings.get("resolution")
        if has is None or RESOLUTIONS.index(has) < RESOLUTIONS.index(demand.resolution):
            found.add("resolution")
    found |= {"no_key"} if provider in asked.waiting else set()
    found |= {"open_circuit"} if provider in asked.shut else set()
    try:
        quote = held(asked, offer, settings)
    except PricingError:
        return found | {"price"}
    if policy.max_cost is not None and over(quote, policy.max_cost):
        found |= {"max_cost", "currency"}
    if room is not None and over(quote, room.available, room.currency):
        found |= {"budget", "currency"}
    if any(kind.currency == quote.currency and quote.high.nanos > kind.left.nanos for kind in asked.left):
        found.add("credits")
    return found


def worth(asked: Question, one: Candidate) -> tuple[object, ...] | None:
    """What counts first, smaller is better; None for `balanced`, judged by the front alone."""
    known = quality(asked, one.offer, one.settings)
    cost = one.quote.usd.expected.amount
    latency = takes(asked, one.offer, one.settings)
    first = {"cheapest": cost, "fastest": latency, "best": Decimal(1) if known is None else -known}
    goal = asked.policy.objective
    return None if goal == "balanced" else (not expires(asked, one.quote), first[goal])


@given(QUESTIONS)
def test_choice_equals_brute_force(asked: Question) -> None:
    choice = asked.answer()
    listed = {(one.offer, tuple(one.settings.items())): one for one in (*choice.candidates, *choice.rejections)}
    same_kind = [one for one in sold() if one.offer in PROFILES and PROFILES[one.offer].kind == asked.demand.kind]
    assert len(listed) == len(choice.candidates) + len(choice.rejections) == len(same_kind)
    for one in same_kind:
        verdict = listed[one.offer, tuple(one.settings.items())]
        breaks = broken(asked, one.offer, one.settings)
        if isinstance(verdict, Rejection):
            assert verdict.reason in breaks
        else:
            assert not breaks
            assert verdict.latency_s == takes(asked, one.offer, one.settings)
            assert verdict.quality == quality(asked, one.offer, one.settings)
            assert (verdict.expiring is not None) == expires(asked, verdict.quote)
            assert verdict.quote.cost == held(asked, one.offer, one.settings).cost
    if choice.chosen is not None and (best := worth(asked, choice.chosen)) is not None:
        assert all((other := worth(asked, one)) is not None and best <= other for one in choice.candidates)


@given(QUESTIONS)
def test_the_front_is_what_nothing_dominates(asked: Question) -> None:
    choice = asked.answer()

    def point(one: Candidate) -> tuple[Decimal, Decimal, Decimal]:
        return one.quote.usd.expected.amount, one.latency_s, Decimal(1) if one.quality is None else -one.quality

    def beats(one: Candidate, other: Candidate) -> bool:
        pairs = list(zip(point(one), point(other), strict=True))
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)

    for one in choice.candidates:
        assert (one in choice.pareto) == (not any(beats(other, one) for other in choice.candidates))
    plain = asked.policy.use_expiring_days is None
    if choice.candidates and plain and asked.policy.objective == "balanced" and all(map(exact, asked.policy.weights)):
        assert choice.chosen in choice.pareto


@given(QUESTIONS)
def test_the_same_question_has_the_same_answer_in_lines_that_fit(asked: Question) -> None:
    choice = asked.answer()
    assert choice == asked.answer()
    text = choice.explain()
    for one in (*choice.candidates, *choice.rejections):
        assert one.offer in text
    for line in f"{text}\n{choice.explain(details=True)}".splitlines():
        assert len(line) <= 120
        assert line == line.rstrip()


@given(QUESTIONS, st.randoms(use_true_random=False))
def test_ties_do_not_depend_on_the_order_of_the_book(asked: Question, draw: Random) -> None:
    """Offers in another order: the same ranking."""
    pool = list(asked.answer().candidates)
    again = list(pool)
    draw.shuffle(again)
    assert placed(again, asked.policy)[0] == tuple(pool)
