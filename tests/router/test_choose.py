"""Choosing by example: the ties, the words, the order of reasons."""

from datetime import date
from decimal import Decimal

from pricing import Money, PriceBook, Usage, usd
from router import Choice, Demand, Policy
from router.choose import Facts, NotReady, Room, choose
from router.offers import shipped_profiles

BOOK = PriceBook.shipped()


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
