"""Choosing by example: the ties, the words, the order of reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from pricing import Money, PriceBook, Usage, usd
from router import Choice, Demand, Policy
from router.choose import Facts, NotReady, Room, choose
from router.latency import Latencies
from router.offers import shipped_profiles
from router.quality import Grade, Ratings
from tests.strategies import Left, Taught

BOOK = PriceBook.shipped()
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def ask(length: str = "9.4", policy: Policy | None = None, facts: Facts | None = None, **demand: object) -> Choice:
    seconds = Decimal(length)
    wanted = Demand("avatar", Usage.audio(seconds), seconds, **demand)  # type: ignore[arg-type]
    return choose(wanted, policy or Policy(), BOOK, shipped_profiles(), date(2026, 11, 20), facts or Facts())


def order(choice: Choice) -> list[str]:
    return [
        f"{one.offer.partition('/')[0]} {one.settings['resolution']} {one.quote.usd.expected}"
        for one in choice.candidates
    ]


def test_cheapest_first_ties_by_latency_then_name() -> None:
    assert order(ask()) == [
        "runware 480p 0.70 USD",
        "creatify 480p 0.99 USD",
        "fal 480p 1.00 USD",
        "fal 720p 1.40 USD",
        "runware 720p 1.40 USD",
        "creatify 720p 1.98 USD",
    ]


def test_resolution_is_a_minimum() -> None:
    choice = ask(resolution="720p")
    assert order(choice) == ["fal 720p 1.40 USD", "runware 720p 1.40 USD", "creatify 720p 1.98 USD"]
    assert {(one.reason, one.limit, one.value) for one in choice.rejections} == {("resolution", "720p", "480p")}


def test_a_limit_judges_the_high_and_an_objective_the_expected() -> None:
    """fal 480p is expected at the dearer of its two published prices; 10.0 s may become 11 billed seconds."""
    at_limit = ask("10.0", Policy(max_cost=usd("1.40")), resolution="720p")
    assert order(at_limit) == []
    assert {one.value for one in at_limit.rejections if one.reason == "max_cost"} == {"1.54 USD", "1.98 USD"}
    assert order(ask("10.0", Policy(max_cost=usd("1.54")), resolution="720p"))[0] == "fal 720p 1.40 USD"


def test_unknown_quality_fails_a_minimum() -> None:
    demand = Demand("template", Usage.video("24"), Decimal(24))
    choice = choose(demand, Policy(min_quality=0), BOOK, shipped_profiles(), date(2026, 11, 20), Facts())
    assert [(one.offer, one.value) for one in choice.rejections] == [("creatify/custom_template:standard", "unknown")]


def test_your_own_scores_come_before_the_tiers() -> None:
    facts = Facts(quality={"runware/creatify:aurora@fast": Decimal("0.95")})
    assert order(ask(policy=Policy(objective="best"), facts=facts))[0] == "runware 480p 0.70 USD"


def test_room_is_asked_in_the_budgets_currency() -> None:
    room = Room("acme", "creatify-credit", Money.of(100, "creatify-credit"), Money.of("5", "creatify-credit"))
    choice = ask(facts=Facts(room=room))
    assert order(choice) == ["creatify 480p 0.99 USD"]
    assert {one.reason for one in choice.rejections} == {"currency", "budget"}


def test_what_is_not_ready_is_ranked_only_for_showing() -> None:
    waiting = NotReady("no_key", "FAL_KEY is not set")
    only_fal = Facts(not_ready=lambda name: waiting if name == "fal" else None)
    assert "fal" not in {one.provider for one in ask(facts=only_fal).candidates}
    shown = Facts(not_ready=lambda name: waiting if name == "fal" else None, rank_not_ready=True)
    assert {one.not_ready for one in ask(facts=shown).candidates if one.provider == "fal"} == {"FAL_KEY is not set"}


def test_explain_names_the_choice_every_price_and_why_not() -> None:
    text = ask(policy=Policy(max_cost=usd("1.20"))).explain()
    first = " ".join(text.splitlines()[0].split())
    assert first == "chosen runware/creatify:aurora@fast (480p) 0.70 USD within 240 s, quality 0.50 (cheapest)"
    assert "10 creatify-credit = 1.98 USD" in text
    assert "max_cost: 1.98 USD (limit 1.20 USD)" in text
    nothing = ask(policy=Policy(max_cost=usd("0.01"))).explain()
    assert nothing.startswith("nothing is eligible\nno ")


@dataclass(frozen=True)
class Said:
    """Ratings of the fast model at Runware."""

    count: int
    total: Decimal
    offer: str = "runware/creatify:aurora@fast"
    settings: Mapping[str, str] = field(default_factory=lambda: {"resolution": "480p"})


def test_ratings_are_drawn_towards_the_tier_and_your_own_score_comes_first() -> None:
    few = Facts(ratings=Ratings([Said(1, Decimal(1))]))
    many = Facts(ratings=Ratings([Said(95, Decimal(95))]))
    yours = Facts(ratings=Ratings([Said(95, Decimal(95))]), quality={"runware/creatify:aurora@fast": Decimal("0.1")})

    def fast(facts: Facts) -> tuple[str, str, int]:
        one = next(one for one in ask(facts=facts).candidates if one.offer == "runware/creatify:aurora@fast")
        return str(one.quality), one.grade.source, one.grade.ratings

    assert [fast(one) for one in (Facts(), few, many, yours)] == [
        ("0.50", "assumed", 0), ("0.583", "rated", 1), ("0.975", "rated", 95), ("0.1", "yours", 0),
    ]  # fmt: skip


def test_an_unknown_tier_stays_unknown_until_three_rated_it() -> None:
    tier = shipped_profiles()["creatify/custom_template:standard"].tier
    two, three = (Said(count, Decimal(count), "creatify/custom_template:standard", {}) for count in (2, 3))
    assert Ratings([two]).grade(two.offer, {}, tier) is None
    assert Ratings([three]).grade(three.offer, {}, tier) == Grade(Decimal("1.000"), "rated", 3)


def test_credits_that_were_bought_must_cover_the_high_and_those_that_expire_may_go_first() -> None:
    soon = datetime(2026, 11, 25, tzinfo=UTC)

    def bought(left: str) -> Facts:
        amount = Money.of(left, "creatify-credit")
        return Facts(prepaid=[Left(amount, ((soon, amount),))])

    short = ask(facts=bought("9"))
    assert {(one.reason, one.limit, one.value) for one in short.rejections} == {
        ("credits", "9 creatify-credit left of those bought", "10 creatify-credit")
    }
    assert order(ask(facts=bought("50")))[0] == "runware 480p 0.70 USD", "off unless the policy asks for it"
    first = ask(facts=bought("50"), policy=Policy(use_expiring_days=5))
    assert order(first)[:3] == ["creatify 480p 0.99 USD", "creatify 720p 1.98 USD", "runware 480p 0.70 USD"]
    assert "(cheapest) paid from credits that expire on 2026-11-25" in " ".join(first.explain().split())
    assert order(ask(facts=bought("50"), policy=Policy(use_expiring_days=4)))[0] == "runware 480p 0.70 USD"


def test_a_policy_without_the_new_word_is_told_as_ever() -> None:
    """The hash of an older key's request covers it."""
    assert "use_expiring_days" not in Policy().describe()
    assert Policy(use_expiring_days=3).describe()["use_expiring_days"] == 3


def test_details_say_what_the_choice_rests_on() -> None:
    samples = [Taught("fal/fal-ai/creatify/aurora", {"resolution": "720p"}, 9400, 60_000 + n, NOW, 1, Decimal("0.9"))
               for n in range(40)]  # fmt: skip
    facts = Facts(latencies=Latencies(samples, NOW), ratings=Ratings(samples[:1]))
    choice = ask(facts=facts, policy=Policy(objective="fastest"))
    text = choice.explain(details=True)
    assert "within 60.1 s (learned, 40 jobs), quality 0.733 (1 rating)" in text
    assert "(fastest)" in text
    assert "fal/fal-ai/creatify/aurora (720p) is the fastest of 6 that keep every limit" in text
    assert "latency: learned from 40 jobs" in text
    assert "quality: 1 rating, drawn towards the assumed tier" in text
    assert "billed 10 s" in text
    late = ask(facts=facts, policy=Policy(max_latency_s=50), resolution="720p")
    assert "60.1 s (learned, 40 jobs)" in {one.value for one in late.rejections}


def test_an_open_circuit_is_told() -> None:
    why = "HTTP 503; shut since 12:00:00Z, 3 submits failed, tried again at 12:00:30Z"
    choice = ask(facts=Facts(shut={"fal": why}))
    assert {one.value for one in choice.rejections if one.reason == "open_circuit"} == {why}
    assert f"open_circuit: {why}" in " ".join(choice.explain().split())
    assert {one.provider for one in choice.candidates} == {"runware", "creatify"}
