"""What scripts rely on: every command's document, its amounts, its exit code, and one document on stdout."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from router.cli.sandbox import WORDS
from router.sandbox import KINDS

from .world import AUDIO, ROOT, TEMPLATE, Doc, Providers, Runner, World, amount, environment

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
RESULT = {
    "job", "key", "offer", "settings", "state", "quoted", "held", "charged", "native", "evidence", "final",
    "variance", "outputs", "attempts",
}  # fmt: skip
JOB = {
    "job", "key", "state", "offer", "quoted", "held", "reported", "charged", "variance", "cause", "evidence", "final",
    "tags", "created_at",
}  # fmt: skip
BUDGET = {
    "scope", "limit", "spent", "held", "available", "window", "tz", "week_start", "overrun", "gate", "period_start",
    "period_end",
}  # fmt: skip
STANDING = BUDGET | {"lets_in", "lapsed", "jobs", "holders"}
HOLDER = {"job", "key", "scope", "state", "open", "since", "expires_at", "owner"}
REFUSAL = {"reason", "scope", "limit", "available", "asked", "detail"}
NOTICE = {
    "number", "at", "scope", "window", "tz", "kind", "threshold", "limit", "spent", "held", "period_start", "author",
    "note",
}  # fmt: skip
CHECK = {"name", "ok", "count"}

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


@pytest.fixture
def plain(runner: Runner, tmp_path: Path) -> World:
    """A world without any key."""
    return World(runner, tmp_path, None)


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


def test_an_avatar_is_made_and_settled(world: World) -> None:
    world.budget("7 USD")
    doc = world.run(*world.clip("--resolution", "720p", "--key", "clip-1", "--tag", "team=ads", "--tag", "n=1")).ok()
    assert doc.keys() >= RESULT
    assert (doc["key"], doc["state"], doc["offer"], doc["final"]) == ("clip-1", "settled", FAL, True)
    assert [amount(doc[word]) for word in ("quoted", "held", "charged", "native")] == [Decimal("1.4")] * 4
    assert doc["variance"].keys() == {"amount", "cause"}
    assert amount(doc["variance"]["amount"]) == 0
    assert [httpx.get(url, trust_env=False).status_code for url in doc["outputs"]] == [200]
    assert [one["outcome"] for one in doc["attempts"]] == ["accepted"]
    (job,) = world.jobs()
    assert job.keys() >= JOB
    assert job["tags"] == {"team": "ads", "n": "1"}
    assert amount(job["reported"]) == amount(job["charged"]) == Decimal("1.4")
    story = world.job(doc["job"])
    assert story.keys() >= JOB | {"attempts", "timeline", "postings"}
    instants = [event["at"] for event in story["timeline"]]
    assert instants == sorted(instants)
    assert len(instants) >= 4
    show = world.run("budget", "show", "acme/x").ok()
    assert show.keys() >= {"scope", "budgets"}
    (budget,) = show["budgets"]
    assert [amount(budget[word]) for word in ("limit", "spent", "held", "available")] == [
        Decimal(7), Decimal("1.4"), Decimal(0), Decimal("5.6"),
    ]  # fmt: skip
    verdict = world.verified()
    assert verdict.keys() == {"ok", "checks", "faults"}
    assert all(check.keys() == CHECK and check["ok"] is True for check in verdict["checks"])


def test_a_template_is_held_for_its_longest_and_settled_in_credits(world: World) -> None:
    world.budget("7 USD")
    variables = world.folder / "v.json"
    variables.write_text('{"headline": "Grüße", "seconds": "24"}', "utf-8")
    doc = world.run(
        "run", "--template-id", TEMPLATE, "--variables", variables, "--seconds", "10-40", "--scope", "acme"
    ).ok()
    assert doc.keys() >= RESULT
    assert doc["offer"] == STANDARD
    assert amount(doc["held"]) == Decimal("1.98")
    assert amount(doc["native"], CREDIT) == 5
    assert amount(doc["charged"]) == Decimal("0.99")
    world.verified()


def test_several_outputs_are_each_charged(world: World) -> None:
    world.budget()
    doc = world.run(*world.clip("--outputs", 3, audio=AUDIO / "talk-10.4s.ogg")).ok()
    assert doc["offer"] == RUN_FAST
    assert amount(doc["charged"]) == amount(doc["native"]) == Decimal("2.31")
    assert len(doc["outputs"]) == 3


def test_an_extra_second_is_charged_and_explained(world: World) -> None:
    world.budget()
    doc = world.run(*world.clip("--provider", "runware", "--prompt", "F-extra", audio=AUDIO / "talk-10.4s.ogg")).ok()
    assert amount(doc["variance"]["amount"]) == Decimal("0.07")
    assert doc["variance"]["cause"] == "quantity"
    assert amount(doc["charged"]) == amount(doc["held"]) + Decimal("0.07"), "a real charge is recorded past its hold"
    world.verified()


def test_the_clip_is_saved(world: World) -> None:
    world.budget()
    outcome = world.run(*world.clip("--save", "clip.mp4", "--human"))
    assert outcome.code == 0, outcome
    assert (world.folder / "clip.mp4").read_bytes()[4:8] == b"ftyp"


def test_a_clip_that_cannot_be_saved_is_still_told_and_paid(world: World) -> None:
    world.budget()
    outcome = world.run(*world.clip("--save", "/proc/clip.mp4"))  # a folder that takes no file, even from root
    assert outcome.code == 3
    assert outcome.err.count("\n") == 1
    told = json.loads(outcome.out)
    assert (told["state"], told["saved"]) == ("settled", None)
    world.verified()


def test_budgets_set_list_show(plain: World) -> None:
    doc = plain.run("budget", "set", "acme", "7 USD").ok()
    assert doc.keys() >= BUDGET
    assert (doc["scope"], doc["window"], amount(doc["limit"])) == ("acme", "total", Decimal(7))
    month = plain.run("budget", "set", "acme/a", "3.5 USD", "--window", "month", "--tz", "Europe/Paris").ok()
    assert (month["window"], month["tz"]) == ("month", "Europe/Paris")
    free = plain.run("budget", "set", "acme/b", "none USD").ok()
    assert free["limit"] is free["available"] is None
    again = plain.run("budget", "set", "acme", "9 USD").ok()
    assert amount(again["available"]) == 9
    listed = plain.run("budget", "list").ok()["budgets"]
    assert [one["scope"] for one in listed] == ["acme", "acme/a", "acme/b"]
    shown = plain.run("budget", "show", "acme/a/deep").ok()
    assert shown["scope"] == "acme/a/deep"
    assert [one["scope"] for one in shown["budgets"]] == ["acme", "acme/a"]
    plain.verified()


def test_a_week_with_its_policy(plain: World) -> None:
    doc = plain.run(
        "budget", "set", "acme", "7 USD", "--window", "week", "--week-start", "sunday", "--tz", "America/New_York",
        "--overrun", "alert", "--author", "ann", "--note", "campaign",
    ).ok()  # fmt: skip
    assert (doc["window"], doc["week_start"], doc["overrun"], doc["gate"]) == ("week", "sunday", "alert", "open")
    assert plain.run("budget", "set", "acme", "7 USD", "--window", "day").ok()["overrun"] == "freeze"
    first, second = plain.run("budget", "notices").ok()["notices"]
    assert first.keys() == second.keys() == NOTICE
    assert (first["kind"], first["author"], first["note"]) == ("set", "ann", "campaign")
    assert second["author"]
    assert plain.run("budget", "notices", "acme", "--after", first["number"]).ok()["notices"] == [second]


def test_a_budget_is_frozen_explained_and_opened(world: World) -> None:
    world.budget("7 USD")
    doc = world.run("budget", "freeze", "acme", "--note", "audit", "--author", "ann").ok()
    assert doc.keys() == {"scope", "budgets"}
    assert [one["gate"] for one in doc["budgets"]] == ["frozen"]
    said = world.run(*world.clip()).failed(1, "refused")
    assert "acme is frozen" in said["message"]
    assert "faregate budget open acme" in said["message"]
    assert world.jobs() == []
    outcome = world.run("route", "--seconds", "9.4", "--scope", "acme/x")
    assert outcome.code == 1
    assert {one["reason"] for one in outcome.doc["rejections"]} == {"frozen"}
    assert [one["gate"] for one in world.run("budget", "close", "acme").ok()["budgets"]] == ["closed"]
    assert "acme is closed" in world.run(*world.clip()).failed(1, "refused")["message"]
    told = world.run("budget", "explain", "acme/x", "4 USD").ok()
    assert told.keys() == {"scope", "asked", "refused", "budgets", "refusals"}
    assert told["refused"].keys() == REFUSAL
    assert (told["refused"]["reason"], told["refused"]["scope"]) == ("closed", "acme")
    assert [one["reason"] for one in told["refusals"]] == ["closed", "frozen"]
    assert all(one.keys() == REFUSAL | {"at", "job", "key", "offer"} for one in told["refusals"])
    world.run("budget", "open", "acme").ok()
    assert world.run(*world.clip()).ok()["state"] == "settled"
    notices = world.run("budget", "notices").ok()["notices"]
    assert [one["kind"] for one in notices] == ["set", "frozen", "closed", "open"]
    world.verified()


def test_explain_names_who_holds_the_money(world: World) -> None:
    world.budget("7 USD")
    lost = ("--provider", "fal", "--prompt", "F-lost F-hide", "--resolution", "720p", "--wait", 1, "--key", "lost")
    world.run(*world.clip(*lost)).failed(4, "outcome_unknown")
    told = world.run("budget", "explain", "acme", "6 USD").ok()
    assert told["refused"]["detail"] == "acme has 5.60 USD available of its limit 7.00 USD; 6.00 USD asked"
    (budget,) = told["budgets"]
    assert budget.keys() == STANDING | {"currency", "exposed"}
    assert (budget["lets_in"], budget["jobs"]) == (False, 1)
    (holder,) = budget["holders"]
    assert holder.keys() == HOLDER
    assert (holder["key"], holder["state"], holder["expires_at"]) == ("lost", "unknown", None)
    assert amount(holder["open"]) == Decimal("1.4")
    human = world.run("budget", "explain", "acme", "6 USD", "--human")
    assert human.code == 0
    assert "would be refused: acme has 5.60 USD available" in human.out
    assert "lost" in human.out


def test_offers_and_empty_lists(plain: World) -> None:
    offers = {one["offer"] for one in plain.run("offers").ok()["offers"]}
    aurora = {f"creatify/custom_template:aurora_v1{end}" for end in ("", "_fast")}
    assert offers >= {V1, FAST, STANDARD, FAL, RUN, RUN_FAST} | aurora
    assert plain.run("jobs").ok() == {"jobs": []}
    assert plain.run("budget", "list").ok() == {"budgets": []}
    assert plain.run("resume").ok() == {"jobs": []}


def test_a_job_can_be_ended_by_a_person(world: World) -> None:
    world.budget("7 USD")
    words = world.clip("--provider", "fal", "--prompt", "F-lost F-hide", "--resolution", "720p", "--wait", 1)
    world.run(*words).failed(4, "outcome_unknown")
    (job,) = world.jobs()
    assert (job["state"], amount(job["open"])) == ("unknown", Decimal("1.4"))
    said = ("--note", "on the bill", "--author", "Ann")
    doc = world.run("resolve", job["job"], "--charged", "1.40 USD", *said).ok()
    assert (doc["state"], amount(doc["native"]), amount(doc["open"])) == ("settled", Decimal("1.4"), 0)
    again = world.run("resolve", job["job"], "--charged", "1.40 USD", *said).ok()
    assert again == doc
    assert any("Ann" in str(event["detail"]) for event in world.job(job["job"])["timeline"])
    world.verified()


def test_cancel_releases_or_says_why_not(world: World) -> None:
    world.budget()
    doc = world.run(*world.clip()).ok()
    said = world.run("cancel", doc["job"]).failed(1, "refused")
    assert "settled" in said["message"]


def test_the_sandbox_says_one_line_and_ends_well(runner: Runner, tmp_path: Path) -> None:
    serving = Providers(runner, tmp_path, "--answer-lag", "0.1", "--fault", "extra-second")
    assert serving.said().count("\n") == 1
    assert serving.env.keys() >= {"FAL_KEY", "RUNWARE_API_KEY", "CREATIFY_API_ID", "CREATIFY_API_KEY"}
    assert serving.bill()["total"] == {"USD": "0", "creatify-credit": "0"}
    outcome = serving.stop()
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.count("\n") == 1


def test_every_kind_of_fault_is_in_the_help_and_listed(runner: Runner, tmp_path: Path) -> None:
    assert WORDS.split(", ") == list(KINDS)
    world = World(runner, tmp_path, None)
    listed = world.run("sandbox", "--faults").ok()
    assert [row["kind"] for row in listed["kinds"]] == list(KINDS)
    human = world.run("sandbox", "--faults", "--human")
    assert all(f"  {name} " in human.out for name in KINDS)


HUMAN: dict[str, tuple[str, ...]] = {
    "quote": ("quote", "--offer", FAL, "--seconds", "9.4"),
    "max": ("max", "--offer", FAL, "--budget", "5 USD"),
    "route": ("route", "--seconds", "9.4"),
    "offers": ("offers",),
    "budget": ("budget", "set", "acme", "7 USD"),
    "budgets": ("budget", "list"),
    "jobs": ("jobs",),
    "resume": ("resume",),
    "verify": ("verify",),
    "rebuild": ("verify", "--rebuild"),
    "credits": ("credits", "list"),
}


@pytest.mark.parametrize("name", HUMAN)
def test_a_person_gets_words(plain: World, name: str) -> None:
    outcome = plain.run(*HUMAN[name], "--human")
    assert outcome.code == 0, outcome
    assert outcome.err == ""
    assert outcome.out.strip()
    assert not outcome.out.startswith("{")


SAME: dict[str, tuple[str, ...]] = {
    "fine": ("quote", "--offer", FAL, "--seconds", "9.4", "--json"),
    "refused": ("quote", "--offer", "fal/none", "--seconds", "9.4", "--json"),
    "misused": ("quote", "--json"),
}


@pytest.mark.parametrize("name", SAME)
def test_a_forked_process_is_what_the_command_is(plain: World, name: str) -> None:
    """The suite forks a warm process for speed; here it is held against `python -m router.cli` and `faregate`."""
    forked, module = plain.launch(*SAME[name]).wait(), plain.launch(*SAME[name], plain=True).wait()
    script = Path(sys.executable).with_name("faregate")
    found = subprocess.run(
        [script, *SAME[name]], env=environment(plain.folder), cwd=ROOT, capture_output=True, text=True, check=False,
        timeout=100,
    )  # fmt: skip
    assert forked == module
    assert (found.returncode, found.stdout, found.stderr) == (module.code, module.out, module.err)


def test_help_names_every_command(plain: World) -> None:
    outcome = plain.launch("--help").wait()
    assert outcome.code == 0
    commands = "demo quote max route run resume resolve cancel job jobs offers budget credits verify sandbox"
    assert all(f" {name} " in outcome.out for name in commands.split())


def test_the_default_ledger_is_a_file_of_the_users(plain: World) -> None:
    """--db goes before FAREGATE_DB; without both it is the data folder."""
    other = plain.folder / "other.db"
    plain.run("budget", "set", "acme", "7 USD", "--db", f"sqlite:///{other}").ok()
    assert other.exists()
    assert not plain.db.exists()
    process = plain.runner.launch(["budget", "list", "--json"], env=environment(plain.folder), cwd=plain.folder)
    doc: Doc = process.wait().ok()
    assert doc == {"budgets": []}
    assert list(plain.folder.rglob("ledger.db"))
