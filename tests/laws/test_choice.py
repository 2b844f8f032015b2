"""Law 4: no eligible candidate beats the chosen one on the stated objective, and every rejection is true."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from pricing import CurrencyMismatch, Money, PriceBook, PricingError, Quote
from router import Candidate, Choice, Demand, Policy, Rejection
from router.choose import Facts, NotReady, Room, choose
from router.offers import latency_s, shipped_profiles
from router.policy import exact
from router.request import RESOLUTIONS
from tests.strategies import demands, policies, rooms, sold

BOOK = PriceBook.shipped()
PROFILES = shipped_profiles()
AT = date(2026, 11, 20)
WAITING = st.frozensets(st.sampled_from(["fal", "runware", "creatify"]))


def chosen(demand: Demand, policy: Policy, room: Room | None, waiting: frozenset[str]) -> Choice:
    facts = Facts(not_ready=lambda name: NotReady("no_key", "no key") if name in waiting else None, room=room)
    return choose(demand, policy, BOOK, PROFILES, AT, facts)


def over(quote: Quote, most: Money | None, currency: str | None = None) -> bool:
    """Does the quote's high break a money limit, or speak another currency? Written apart from the code under test."""
    try:
        high = quote.in_currency(currency or (most.currency if most else "USD")).high
    except CurrencyMismatch:
        return True
    return most is not None and high.nanos > most.nanos


def broken(
    demand: Demand, policy: Policy, room: Room | None, waiting: frozenset[str], offer: str, settings: Mapping[str, str]
) -> set[str]:
    """Every limit that an offer with settings breaks: the brute force."""
    found: set[str] = set()
    sells, provider = BOOK.offer(offer), offer.split("/")[0]
    if demand.outputs > sells.max_outputs:
        found.add("outputs")
    if sells.max_seconds is not None and demand.seconds > sells.max_seconds:
        found.add("duration")
    tier = PROFILES[offer].at(settings)
    if policy.max_latency_s is not None and latency_s(tier, demand.seconds, exact(policy.confidence)) > exact(
        policy.max_latency_s
    ):
        found.add("max_latency")
    if policy.min_quality is not None and (tier.quality is None or tier.quality < exact(policy.min_quality)):
        found.add("min_quality")
    if policy.providers is not None and provider not in policy.providers:
        found.add("provider")
    if demand.resolution is not None:
        has = settings.get("resolution")
        if has is None or RESOLUTIONS.index(has) < RESOLUTIONS.index(demand.resolution):
            found.add("resolution")
    if provider in waiting:
        found.add("no_key")
    try:
        quote = BOOK.quote(offer, demand.usage, at=AT, settings=settings, outputs=demand.outputs)
    except PricingError:
        return found | {"price"}
    if policy.max_cost is not None and over(quote, policy.max_cost):
        found |= {"max_cost", "currency"}
    if room is not None and over(quote, room.available, room.currency):
        found |= {"budget", "currency"}
    return found


def worth(one: Candidate, policy: Policy) -> tuple[Decimal, ...] | None:
    """What the objective counts first, smaller is better; None for `balanced`, judged by the front alone."""
    quality = Decimal(-1) if one.quality is None else one.quality
    cost = one.quote.usd.expected.amount
    return {"cheapest": (cost,), "fastest": (one.latency_s,), "best": (-quality,)}.get(policy.objective)


@given(demands(), policies(), rooms(), WAITING)
def test_choice_equals_brute_force(demand: Demand, policy: Policy, room: Room | None, waiting: frozenset[str]) -> None:
    choice = chosen(demand, policy, room, waiting)
    listed = {(one.offer, tuple(one.settings.items())): one for one in (*choice.candidates, *choice.rejections)}
    same_kind = [one for one in sold() if one.offer in PROFILES and PROFILES[one.offer].kind == demand.kind]
    assert len(listed) == len(choice.candidates) + len(choice.rejections) == len(same_kind)
    for one in same_kind:
        verdict = listed[one.offer, tuple(one.settings.items())]
        breaks = broken(demand, policy, room, waiting, one.offer, one.settings)
        if isinstance(verdict, Rejection):
            assert verdict.reason in breaks
        else:
            assert not breaks
    if choice.chosen is not None and (best := worth(choice.chosen, policy)) is not None:
        assert all((other := worth(one, policy)) is not None and best <= other for one in choice.candidates)


@given(demands(), policies(), rooms(), WAITING)
def test_the_front_is_what_nothing_dominates(
    demand: Demand, policy: Policy, room: Room | None, waiting: frozenset[str]
) -> None:
    choice = chosen(demand, policy, room, waiting)

    def point(one: Candidate) -> tuple[Decimal, Decimal, Decimal]:
        return one.quote.usd.expected.amount, one.latency_s, -(Decimal(-1) if one.quality is None else one.quality)

    def beats(one: Candidate, other: Candidate) -> bool:
        pairs = list(zip(point(one), point(other), strict=True))
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)

    for one in choice.candidates:
        assert (one in choice.pareto) == (not any(beats(other, one) for other in choice.candidates))
    if choice.candidates and policy.objective == "balanced" and all(exact(weight) for weight in policy.weights):
        assert choice.chosen in choice.pareto


@given(demands(), policies(), rooms(), WAITING)
def test_the_same_question_has_the_same_answer(
    demand: Demand, policy: Policy, room: Room | None, waiting: frozenset[str]
) -> None:
    choice = chosen(demand, policy, room, waiting)
    assert choice == chosen(demand, policy, room, waiting)
    for one in (*choice.candidates, *choice.rejections):
        assert one.offer in choice.explain()
