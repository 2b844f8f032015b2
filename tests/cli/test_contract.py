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
