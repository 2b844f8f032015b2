"""Providers that refuse, break off or answer nonsense: the hold goes back only where nothing can have been charged."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from .world import Doc, Outcome, Providers, World, amount, at_once

pytestmark = pytest.mark.timeout(300)
LOST = "F-lost F-hide"
NAMES = ("fal", "runware", "creatify")
REFUSED = [(name, fault) for fault in ("F-refuse", "F-401", "F-402", "F-429", "F-fail") for name in NAMES] + [
    ("fal", "F-400"), ("runware", "F-403"), ("creatify", "F-404"), ("fal", "F-413"), ("runware", "F-415"),
]  # fmt: skip
UNKNOWN = [
    (name, fault) for fault in ("F-500", "F-html", "F-truncated F-hide", "F-after F-hide", LOST) for name in NAMES
] + [("fal", "F-301"), ("runware", "F-409"), ("creatify", "F-502"), ("creatify", "F-503")]


Spoilt = dict[tuple[str, str], tuple[World, Outcome]]


@pytest.fixture(scope="module")
def spoilt(open_world: Callable[[Providers | None], World], providers: Providers) -> Spoilt:
    """Each provider with each fault: a world of its own, and how the run ended. All at once: most of it is waiting."""
    cases = [*REFUSED, *UNKNOWN]

    def play(case: tuple[str, str]) -> tuple[World, Outcome]:
        name, fault = case
        world = open_world(providers)
        world.budget("7 USD")
        media = ("--image", "https://media.example/face.png", "--audio", "https://media.example/talk-9.4s.mp3")
        words = ("run", *media, "--seconds", "9.4", "--scope", "acme/x", "--resolution", "720p")
        return world, world.run(*words, "--provider", name, "--prompt", fault, "--wait", "20", "--key", "k")

    return dict(zip(cases, at_once(play, cases, 20), strict=True))


@pytest.mark.parametrize(("name", "fault"), REFUSED)
def test_a_refusal_gives_the_hold_back(spoilt: Spoilt, name: str, fault: str) -> None:
    world, outcome = spoilt[name, fault]
    outcome.failed(3, "job_failed" if fault == "F-fail" else "provider")
    (job,) = world.jobs()
    assert (job["state"], amount(job["open"]), job["charged"]) == ("released", 0, None)
    assert world.held() == 0
    world.verified()


@pytest.mark.parametrize(("name", "fault"), UNKNOWN)
def test_an_unknown_outcome_keeps_the_hold(spoilt: Spoilt, name: str, fault: str) -> None:
    world, outcome = spoilt[name, fault]
    said = outcome.failed(4, "outcome_unknown")
    assert "resume" in said["next"]
    (job,) = world.jobs()
    assert job["state"] == "unknown"
    assert amount(job["open"]) == amount(job["held"]) == amount(job["exposed"]) == world.held() > 0
    world.verified()


def test_truncated_and_lost_answers_are_found_again(world: World) -> None:
    """Accepted, though the answer was spoilt: a probe finds the job, it is settled once, nothing is sent twice."""
    world.budget()
    before = world.bill()["submits"]

    def play(case: tuple[str, str]) -> Doc:
        name, fault = case
        media = ("--image", "https://media.example/face.png", "--audio", "https://media.example/talk-9.4s.mp3")
        words = (
            "run",
            *media,
            "--seconds",
            "9.4",
            "--scope",
            "acme/x",
            "--provider",
            name,
            "--prompt",
            f"{fault} {name}",
        )
        return world.run(*words).ok()

    cases = [(name, fault) for name in NAMES for fault in ("F-lost", "F-truncated", "F-after")]
    docs = at_once(play, cases, 9)
    assert {doc["state"] for doc in docs} == {"settled"}
    assert world.bill()["submits"] == before + len(cases)
    world.verified()


def test_a_verdict_must_fit_the_job(world: World) -> None:
    world.budget("7 USD")
    words = world.clip("--provider", "fal", "--resolution", "720p", "--prompt", LOST, "--wait", 1, "--key", "u")
    world.run(*words).failed(4)
    job = world.jobs()[0]["job"]
    for verdict, code, error in (
        (("--charged", "1.40 EUR"), 2, None),
        (("--charged", "7 creatify-credit"), 2, None),
        (("--charged", "-1 USD"), 2, None),
        (("--charged", "much"), 2, "bad_money"),
        (("--charged", "1.4 USD", "--not-charged"), 2, "bad_request"),
        ((), 2, "bad_request"),
    ):
        world.run("resolve", job, *verdict, "--note", "n").failed(code, error)
    assert world.jobs()[0]["state"] == "unknown"
    world.run("cancel", job).failed(1, "refused")
    world.run("resolve", job, "--not-charged", "--note", "n", "--author", "Ann").ok()
    assert world.held() == 0
    world.run("resolve", job, "--written-off", "--note", "n").failed(2, "wrong_state")
    doc = world.run(*world.clip("--provider", "runware")).ok()
    world.run("resolve", doc["job"], "--written-off", "--note", "n").failed(2, "wrong_state")
    world.verified()


def test_verify_finds_a_number_that_was_bent(world: World) -> None:
    """Exit 5, the document and the fault; a hand at the database is what this is for."""
    world.budget()
    world.run(*world.clip("--provider", "fal")).ok()
    with closing(sqlite3.connect(world.db)) as store, store:
        store.execute("UPDATE period SET spent_nanos = spent_nanos - 1")
    outcome = world.run("verify")
    assert outcome.code == 5
    outcome.quiet()
    assert outcome.doc["ok"] is False
    assert len(outcome.doc["faults"]) == 1
    assert [check["name"] for check in outcome.doc["checks"] if not check["ok"]] == [
        "budgets equal the sum over their scope"
    ]
    human = world.run("verify", "--human")
    assert human.code == 5
    mended = world.run("verify", "--rebuild").ok()
    assert (mended["ok"], mended["rebuilt"]) == (True, outcome.doc["faults"])
    assert world.run("verify", "--rebuild").ok()["rebuilt"] == []
    world.verified()
    assert "fault: " in human.out
