"""What scripts rely on when they ask for prices: the documents of quote, max and route, and their amounts."""

from decimal import Decimal

import pytest

from .world import AUDIO, World, amount

FAL = "fal/fal-ai/creatify/aurora"
V1, FAST = "creatify/aurora_v1", "creatify/aurora_v1_fast"
STANDARD = "creatify/custom_template:standard"
RUN, RUN_FAST = "runware/creatify:aurora@0", "runware/creatify:aurora@fast"
CREDIT = "creatify-credit"


QUOTE = {"offer", "settings", "at", "expected", "low", "high", "usd", "lines", "assumptions", "sources"}
LINE = {"label", "measured", "billed", "unit", "rate", "amount"}
SOURCE = {"url", "evidence", "checked_on", "effective_from", "effective_until"}
MAX = {"offer", "settings", "seconds", "audio_seconds", "limited_by", "quote"}
ROUTE = {"chosen", "candidates", "rejections", "pareto"}
CHOSEN = {"offer", "settings", "expected", "high", "usd", "ready", "not_ready"}
REJECTION = {"offer", "settings", "reason", "limit", "value", "usd"}

QUOTES = {
    "fal 480p, contested": (FAL, "9.4", "--set resolution=480p", "1.00 USD", "0.70 USD", "1.00 USD"),
    "fal 720p": (FAL, "9.4", "--set resolution=720p", "1.40 USD", "1.40 USD", "1.40 USD"),
    "fal, its default": (FAL, "9.4", "", "1.40 USD", "1.40 USD", "1.40 USD"),
    "aurora v1": (V1, "10.4", "", f"11 {CREDIT}", f"11 {CREDIT}", f"11 {CREDIT}"),
    "aurora v1 fast": (FAST, "10.4", "", f"5.5 {CREDIT}", f"5.5 {CREDIT}", f"5.5 {CREDIT}"),
    "aurora v1 in February": (V1, "3", "--at 2026-02-15", f"20 {CREDIT}", f"20 {CREDIT}", f"20 {CREDIT}"),
    "template 24 s": (STANDARD, "24", "", f"5 {CREDIT}", f"5 {CREDIT}", f"5 {CREDIT}"),
    "template 30 s": (STANDARD, "30", "", f"5 {CREDIT}", f"5 {CREDIT}", f"5 {CREDIT}"),
    "template 30.01 s": (STANDARD, "30.01", "", f"10 {CREDIT}", f"10 {CREDIT}", f"10 {CREDIT}"),
    "Runware v1": (RUN, "13", "", "1.82 USD", "1.82 USD", "1.82 USD"),
    "Runware fast": (RUN_FAST, "17.2", "", "1.26 USD", "1.26 USD", "1.26 USD"),
    "Runware fast, four": (RUN_FAST, "17.2", "--outputs 4", "5.04 USD", "5.04 USD", "5.04 USD"),
}


@pytest.mark.parametrize("name", QUOTES)
def test_quotes_of_record(plain: World, name: str) -> None:
    offer, seconds, more, *wanted = QUOTES[name]
    doc = plain.run("quote", "--offer", offer, "--seconds", seconds, *more.split()).ok()
    assert doc.keys() >= QUOTE
    assert doc["offer"] == offer
    found = [amount(doc[word], None) for word in ("expected", "low", "high")]
    assert found == [Decimal(text.split()[0]) for text in wanted]
    currency = wanted[0].split()[1]
    assert {doc[word]["currency"] for word in ("expected", "low", "high")} == {currency}
    assert doc["lines"]
    assert all(line.keys() >= LINE for line in doc["lines"])
    native = [amount(line["amount"]) for line in doc["lines"] if currency == "USD"]
    native += [amount(line["amount"], None) for line in doc["lines"] if line["amount"]["currency"] == currency != "USD"]
    assert sum(native) == found[0]
    assert doc["sources"]
    assert all(source.keys() >= SOURCE and source["url"].startswith("https://") for source in doc["sources"])
    assert not plain.db.exists(), "a quote writes nothing"


def test_both_sources_of_a_contested_price_are_named(plain: World) -> None:
    doc = plain.run("quote", "--offer", FAL, "--seconds", "9.4", "--set", "resolution=480p").ok()
    assert len({(source["url"], source["checked_on"], source["evidence"]) for source in doc["sources"]}) >= 2
    assert any("0.07" in text or "0.7" in text for text in doc["assumptions"])


def test_credits_are_also_dollars_with_the_plan_named(plain: World) -> None:
    words = ("quote", "--offer", V1, "--seconds", "10.4")
    doc = plain.run(*words).ok()
    assert [amount(doc["usd"][word]) for word in ("low", "expected", "high")] == [Decimal("2.178")] * 3
    assert "api-starter" in doc["lines"][-1]["label"]
    assert any("api-starter" in text for text in doc["assumptions"])
    named = plain.run(*words, "--credit-plan", "creatify=api-pro").ok()
    assert amount(named["usd"]["expected"]) == Decimal("1.6445")
    assert "api-pro" in named["lines"][-1]["label"]


def test_a_file_is_measured(plain: World) -> None:
    doc = plain.run("quote", "--offer", V1, "--audio", AUDIO / "talk-9.4s.wav").ok()
    assert amount(doc["expected"], CREDIT) == 10
    assert Decimal(doc["lines"][0]["measured"]) == Decimal("9.4")
    assert Decimal(doc["lines"][0]["billed"]) == 10


MAXES = {
    "by the budget": (FAL, "5 USD", "", "35", "34.85", "budget"),
    "by the offer": (V1, f"1000 {CREDIT}", "", "300", "300", "offer_limit"),
    "credits for dollars": (V1, "2.178 USD", "", "11", "11", "budget"),
    "several": (RUN_FAST, "5.04 USD", "--outputs 4", "18", "17.85", "budget"),
}


@pytest.mark.parametrize("name", MAXES)
def test_max(plain: World, name: str) -> None:
    offer, budget, more, seconds, audio, limited = MAXES[name]
    doc = plain.run("max", "--offer", offer, "--budget", budget, *more.split()).ok()
    assert doc.keys() >= MAX
    assert (Decimal(doc["seconds"]), Decimal(doc["audio_seconds"])) == (Decimal(seconds), Decimal(audio))
    assert doc["limited_by"] == limited
    assert doc["quote"].keys() >= QUOTE
    if limited == "budget":
        limit = Decimal(budget.split()[0])
        high = (
            doc["quote"]["high"] if budget.endswith(doc["quote"]["high"]["currency"]) else doc["quote"]["usd"]["high"]
        )
        assert amount(high, None) <= limit
        more_s = str(Decimal(seconds) + Decimal("0.001"))
        over = plain.run("quote", "--offer", offer, "--seconds", more_s, *more.split()).ok()
        assert amount(over["usd"]["high"]) > limit


def test_max_that_buys_nothing(plain: World) -> None:
    said = plain.run("max", "--offer", FAL, "--budget", "0.05 USD").failed(1, "buys_nothing")
    assert "0.05" in said["message"]


def test_route_without_keys_ranks_all_and_says_what_is_missing(plain: World) -> None:
    doc = plain.run("route", "--seconds", "9.4", "--resolution", "720p").ok()
    assert doc.keys() == ROUTE
    assert doc["chosen"] == doc["candidates"][0]
    assert {one["offer"] for one in doc["candidates"]} == {FAL, RUN, V1}
    for one in doc["candidates"]:
        assert one.keys() >= CHOSEN
        assert one["ready"] is False
        assert "is not set" in one["not_ready"] or "are not set" in one["not_ready"]
    assert all(one.keys() >= REJECTION for one in doc["rejections"])
    assert {one["reason"] for one in doc["rejections"]} == {"resolution"}
    expected = [amount(one["usd"]["expected"]) for one in doc["candidates"]]
    assert expected == sorted(expected)
    front = {(one["offer"], str(one["settings"])) for one in doc["pareto"]}
    assert front
    assert front <= {(one["offer"], str(one["settings"])) for one in doc["candidates"]}
    assert not plain.db.exists(), "a route without a scope touches no ledger"


def test_route_with_keys_is_ready(world: World) -> None:
    doc = world.run("route", "--seconds", "9.4").ok()
    assert all(one["ready"] is True and one["not_ready"] is None for one in doc["candidates"])
    some = {name: value for name, value in world.keys.items() if name != "FAL_KEY"}
    doc = world.run("route", "--seconds", "9.4", env=some).ok()
    assert {one["ready"] for one in doc["candidates"] if one["offer"] == FAL} == {False}
    assert {one["ready"] for one in doc["candidates"] if one["offer"] != FAL} == {True}


def test_route_knows_who_cannot_be_brought_a_file(world: World) -> None:
    doc = world.run("route", "--audio", AUDIO / "talk-9.4s.wav").ok()
    waiting = {one["offer"]: one["not_ready"] for one in doc["candidates"] if not one["ready"]}
    assert waiting.keys() == {V1, FAST}
    assert all("uploader" in text for text in waiting.values())


def test_route_for_a_template(plain: World) -> None:
    doc = plain.run("route", "--template", "--seconds", "10-40").ok()
    chosen = doc["chosen"]
    assert chosen["offer"] == STANDARD
    assert amount(chosen["high"], CREDIT) == 10
    assert all("custom_template" in one["offer"] for one in [*doc["candidates"], *doc["rejections"]])


def test_route_where_nothing_is_eligible(plain: World) -> None:
    outcome = plain.run("route", "--seconds", "9.4", "--max-cost", "0.10 USD")
    assert outcome.code == 1
    outcome.quiet()
    doc = outcome.doc
    assert doc["chosen"] is None
    assert doc["candidates"] == doc["pareto"] == []
    assert len(doc["rejections"]) == 6
    for one in doc["rejections"]:
        assert one["reason"] == "max_cost"
        assert Decimal(one["limit"].split()[0]) == Decimal("0.10") < Decimal(one["value"].split()[0])
        assert one["usd"] is not None


def test_route_asks_the_budget_of_a_scope(world: World) -> None:
    world.budget("1 USD")
    doc = world.run("route", "--seconds", "9.4", "--scope", "acme/x").ok()
    over = [one for one in doc["rejections"] if one["reason"] == "budget"]
    assert {one["offer"] for one in over} >= {V1, RUN}
    outcome = world.run("route", "--seconds", "9.4", "--scope", "other")
    assert outcome.code == 1
    assert {one["reason"] for one in outcome.doc["rejections"]} == {"no_budget"}
