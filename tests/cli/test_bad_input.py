"""What must not work, and how it says so: one clear line, the right exit code, no traceback, the books whole."""

import sqlite3
import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from .world import AUDIO, TEMPLATE, Providers, World, amount, environment

FAL, V1, FAST = "fal/fal-ai/creatify/aurora", "creatify/aurora_v1", "creatify/aurora_v1_fast"
GOOD = AUDIO / "talk-9.4s.wav"


def quote(*words: str, offer: str = FAL) -> tuple[str, ...]:
    return ("quote", "--offer", offer, *words)


TEN = ("--seconds", "10")
VALUES: dict[str, tuple[tuple[str, ...], int, str | None]] = {
    "unknown offer": (quote(*TEN, offer="fal/none"), 1, "unknown_offer"),
    "unknown resolution": (quote(*TEN, "--set", "resolution=8k"), 1, "unknown_setting"),
    "unknown setting": (quote(*TEN, "--set", "colour=red"), 1, "unknown_setting"),
    "a resolution the model does not have": (quote(*TEN, "--set", "resolution=480p", offer=V1), 1, "unknown_setting"),
    "unknown plan": (quote(*TEN, "--credit-plan", "creatify=gold", offer=V1), 1, "no_plan"),
    **{
        f"{text!r} seconds": (quote("--seconds", text), 2, "bad_quantity")
        for text in ("0", "0.0", "-1", "-0", "nan", "NaN", "inf", "-inf", "Infinity", "1e9", "1e400", "abc", "")
    },
    **{f"{text!r} seconds": (quote("--seconds", text), 2, None) for text in ("١٠", "1_0", "10s", "9,4", "0x10", " ")},
    "more seconds than the offer takes": (quote("--seconds", "301", offer=V1), 2, "over_limit"),
    "no seconds": (quote(), 2, "bad_request"),
    "seconds and a file": (quote(*TEN, "--audio", str(GOOD)), 2, "bad_request"),
    "no offer": (("quote", *TEN), 2, "usage"),
    "an unknown option": (quote(*TEN, "--bogus"), 2, "usage"),
    "an unknown command": (("bogus",), 2, "usage"),
    "no outputs": (quote(*TEN, "--outputs", "0"), 2, None),
    "more outputs than the offer makes": (quote(*TEN, "--outputs", "2"), 2, None),
    "half an output": (quote(*TEN, "--outputs", "1.5"), 2, "usage"),
    "a setting without a value": (quote(*TEN, "--set", "resolution"), 2, "bad_request"),
    "a setting twice": (quote(*TEN, "--set", "resolution=480p", "--set", "resolution=720p"), 2, "bad_request"),
    "a plan without a provider": (quote(*TEN, "--credit-plan", "api-pro"), 2, "bad_request"),
    "a date that is none": (quote(*TEN, "--at", "2026-02-30"), 2, "bad_request"),
    "a date with words": (quote(*TEN, "--at", "yesterday"), 2, "bad_request"),
    "a budget of another currency": (("max", "--offer", FAL, "--budget", "5 EUR"), 2, "currency_mismatch"),
    "a budget of another's credits": (("max", "--offer", FAL, "--budget", "5 creatify-credit"), 2, "currency_mismatch"),
    **{
        f"max for {text!r}": (("max", "--offer", FAL, "--budget", text), 2, "bad_money")
        for text in ("5", "USD", "five USD", "5,5 USD", "nan USD", "inf USD", "1.0000000001 USD", "5 USD 5", "", "١ $")
    },
    "a negative budget": (("max", "--offer", FAL, "--budget", "-5 USD"), 1, "buys_nothing"),
    "a range upside down": (("route", "--template", "--seconds", "24-10"), 2, None),
    "a range of nothing": (("route", "--template", "--seconds", "-"), 2, None),
    "a negative length": (("route", "--seconds", "-5"), 2, "bad_quantity"),
    "a resolution nobody knows": (("route", *TEN, "--resolution", "8k"), 2, None),
    "a malformed max cost": (("route", *TEN, "--max-cost", "4"), 2, "bad_money"),
    "a max cost of zero": (("route", *TEN, "--max-cost", "0 USD"), 2, "bad_request"),
    "a latency of words": (("route", *TEN, "--max-latency", "soon"), 2, "bad_request"),
    "a latency that is not a number": (("route", *TEN, "--max-latency", "nan"), 2, "bad_request"),
    "a quality above one": (("route", *TEN, "--min-quality", "1.1"), 2, "bad_request"),
    "an unknown objective": (("route", *TEN, "--objective", "nicest"), 2, "bad_request"),
    "a limit of nothing": (("budget", "set", "acme", ""), 2, None),
    "a limit without currency": (("budget", "set", "acme", "7"), 2, "bad_money"),
    "a limit below zero": (("budget", "set", "acme", "--", "-7 USD"), 2, None),
    "an uncapped budget without currency": (("budget", "set", "acme", "none"), 2, None),
    "an unknown window": (("budget", "set", "acme", "7 USD", "--window", "week!"), 2, "bad_budget"),
    "an unknown policy": (("budget", "set", "acme", "7 USD", "--overrun", "ignore"), 2, "bad_budget"),
    "a month from sunday": (
        ("budget", "set", "acme", "7 USD", "--window", "month", "--week-start", "sunday"), 2, "bad_budget",
    ),
    "a week from someday": (
        ("budget", "set", "acme", "7 USD", "--window", "week", "--week-start", "someday"), 2, "bad_budget",
    ),
    "a budget nobody made to freeze": (("budget", "freeze", "acme"), 2, "bad_budget"),
    "a budget to open without a name": (("budget", "open"), 2, "usage"),
    "an unknown window to close": (("budget", "close", "acme", "--window", "year"), 2, "bad_budget"),
    "a scope that is none to explain": (("budget", "explain", "a b"), 2, "bad_scope"),
    "an amount that is none to explain": (("budget", "explain", "acme", "much"), 2, "bad_money"),
    "an amount below zero to explain": (("budget", "explain", "acme", "--", "-1 USD"), 2, "bad_budget"),
    "a number of rows below zero": (("budget", "explain", "acme", "--limit", "-1"), 2, "bad_budget"),
    "notices of a scope that is none": (("budget", "notices", "a b"), 2, "bad_scope"),
    "notices after a word": (("budget", "notices", "--after", "x"), 2, "usage"),
    "an unknown zone": (("budget", "set", "acme", "7 USD", "--tz", "Mars/Olympus"), 2, "bad_budget"),
    "a zone that is a path": (("budget", "set", "acme", "7 USD", "--tz", "../etc"), 2, "bad_budget"),
    **{
        f"the scope {text!r}": (("budget", "set", "--", text, "7 USD"), 2, "bad_scope")
        for text in ("", "/", "a//b", "/a", "a/", "a b", "ä", "a/b/c/d/e/f/g/h/i", "x" * 65)
    },
    "a budget nobody made": (("budget", "show", "acme"), 1, None),
    "an unknown job": (("job", "none"), 2, "unknown_job"),
    "an unknown job to cancel": (("cancel", "none"), 2, "unknown_job"),
    "an unknown job to resolve": (("resolve", "none", "--not-charged", "--note", "x"), 2, "unknown_job"),
    "two verdicts": (("resolve", "none", "--not-charged", "--written-off", "--note", "x"), 2, "bad_request"),
    "no verdict": (("resolve", "none", "--note", "x"), 2, "bad_request"),
    "a verdict without a note": (("resolve", "none", "--not-charged"), 2, "usage"),
    "a fault that is none": (("sandbox", "--fault", "explode"), 2, "bad_request"),
    **{
        f"a sandbox with {option} {value}": (("sandbox", option, value), 2, "bad_request")
        for option in ("--answer-lag", "--render", "--port", "--per-second", "--billing-lag", "--spread")
        for value in ("-1", "99999999")
    },
    "a lag that is not a number": (("sandbox", "--answer-lag", "nan"), 2, "bad_request"),
    "a resume that never ends": (("resume", "--wait", "nan"), 2, "bad_request"),
    "a fault for nobody": (("sandbox", "--fault", "refuse:acme"), 2, "bad_request"),
}  # fmt: skip


@pytest.fixture(scope="module")
def calm(open_world: Callable[[Providers | None], World], providers: Providers) -> World:
    """One ledger for all that must not touch it."""
    world = open_world(providers)
    world.budget("50 USD", "elsewhere")
    return world


@pytest.mark.parametrize("name", VALUES)
def test_malformed_values(calm: World, name: str) -> None:
    world = calm
    words, code, error = VALUES[name]
    # After `--` everything is a value, so --json goes first.
    at = words.index("--") if "--" in words else len(words)
    world.launch(*words[:at], "--json", *words[at:]).wait().failed(code, error)
    if words[0] in ("budget", "job", "cancel", "resolve"):  # the others open no ledger
        assert [one["scope"] for one in world.run("budget", "list").ok()["budgets"]] == ["elsewhere"]
        assert world.jobs() == []
        world.verified()


def track(folder: Path, seconds: int) -> Path:
    """A silent voice track."""
    path = folder / f"silence-{seconds}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(1000)
        file.writeframes(b"\x80" * 1000 * seconds)
    return path


FILES: dict[str, tuple[Callable[[Path], Path], str | None]] = {
    "missing": (lambda folder: folder / "nothing.wav", "bad_media"),
    "empty": (lambda _: AUDIO / "bad-empty.wav", "bad_media"),
    "truncated": (lambda _: AUDIO / "bad-truncated.wav", "bad_media"),
    "text": (lambda _: AUDIO / "bad-text.mp3", "bad_media"),
    "of 18 hours, it claims": (lambda _: AUDIO / "bad-claims-18-hours.wav", "bad_media"),
    "a folder": (lambda folder: folder, "bad_media"),
    "longer than the offer takes": (lambda folder: track(folder, 301), "over_limit"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_cannot_be_priced(world: World, name: str) -> None:
    make, error = FILES[name]
    path = make(world.folder)
    world.run("quote", "--offer", V1, "--audio", path).failed(2, error)
    before = world.bill()["submits"]
    world.budget()
    if error == "bad_media":
        world.run("route", "--audio", path).failed(2, error)
        world.run(*world.clip(audio=path)).failed(2, error)
        assert world.jobs() == []
    else:  # too long for one offer is only its own rejection
        doc = world.run("route", "--audio", path).ok()
        assert {one["offer"] for one in doc["rejections"] if one["reason"] == "duration"} == {V1, FAST}
        world.run(*world.clip("--provider", "creatify", audio=path)).failed(1, "refused")
    assert world.bill()["submits"] == before
    assert world.held() == 0
    world.verified()


REQUESTS: dict[str, tuple[tuple[str, ...], int, str | None]] = {
    "a url without its length": (("--image", "https://a.example/f.png", "--audio", "https://a.example/t.mp3"), 2, None),
    "no audio": (("--image", "https://a.example/f.png"), 2, "bad_request"),
    "no image": (("--audio", str(GOOD)), 2, "bad_request"),
    "a missing image": (("--image", "nobody.png", "--audio", str(GOOD)), 2, "bad_media"),
    "a tag without a value": (("--image", "face.png", "--audio", str(GOOD), "--tag", "team"), 2, "bad_request"),
    "a tag without a name": (("--image", "face.png", "--audio", str(GOOD), "--tag", "=ads"), 2, "bad_request"),
    "a long key": (("--image", "face.png", "--audio", str(GOOD), "--key", "k" * 256), 2, "bad_request"),
    "an unknown resolution": (("--image", "face.png", "--audio", str(GOOD), "--resolution", "8k"), 2, "bad_request"),
    "guidance of words": (("--image", "face.png", "--audio", str(GOOD), "--guidance", "much"), 2, "bad_request"),
    "guidance beyond every limit": (("--image", "face.png", "--audio", str(GOOD), "--guidance", "11"), 1, "refused"),
    "a template with a voice": (
        ("--template-id", TEMPLATE, "--seconds", "9-10", "--audio", str(GOOD)),
        2,
        "bad_request",
    ),
    "a template without length": (("--template-id", TEMPLATE), 2, "bad_request"),
    "a template that is none": (
        ("--template-id", "my-template", "--variables", "v.json", "--seconds", "10-20"),
        1,
        "refused",
    ),
    "a template without variables": (("--template-id", TEMPLATE, "--seconds", "10-20"), 1, "refused"),
    "an unknown provider": (("--image", "face.png", "--audio", str(GOOD), "--provider", "acme"), 2, "bad_request"),
    "variables that are missing": (("--template-id", TEMPLATE, "--seconds", "9-10", "--variables", "no.json"), 2, None),
    "variables that are a list": (
        ("--template-id", TEMPLATE, "--seconds", "9-10", "--variables", "list.json"),
        2,
        None,
    ),
    "variables that are broken": (("--template-id", TEMPLATE, "--seconds", "9-10", "--variables", "bad.json"), 2, None),
    "variables with NaN": (("--template-id", TEMPLATE, "--seconds", "9-10", "--variables", "nan.json"), 2, None),
    "a cost no offer keeps": (("--image", "face.png", "--audio", str(GOOD), "--max-cost", "0.01 USD"), 1, "refused"),
    "a wait that never ends": (("--image", "face.png", "--audio", str(GOOD), "--wait", "nan"), 2, "bad_request"),
    "a wait below zero": (("--image", "face.png", "--audio", str(GOOD), "--wait", "-1"), 2, "bad_request"),
    "nowhere to save": (("--image", "face.png", "--audio", str(GOOD), "--save", "none/clip.mp4"), 2, "bad_request"),
    "a name too long to save as": (
        ("--image", "face.png", "--audio", str(GOOD), "--save", f"{'x' * 300}.mp4"),
        2,
        "bad_request",
    ),
    "a folder to save as": (("--image", "face.png", "--audio", str(GOOD), "--save", "."), 2, "bad_request"),
    "too many outputs": (("--image", "face.png", "--audio", str(GOOD), "--outputs", "5"), 1, "refused"),
    "no outputs": (("--image", "face.png", "--audio", str(GOOD), "--outputs", "0"), 2, "bad_request"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_requests_that_cannot_be_made(calm: World, name: str) -> None:
    world = calm
    words, code, error = REQUESTS[name]
    texts = {"v.json": '{"a": 1}', "list.json": "[1]", "bad.json": '{"a": ', "nan.json": '{"a": NaN}'}
    for file, text in texts.items():
        (world.folder / file).write_text(text)
    before = world.bill()["submits"]
    world.run("run", *words, "--scope", "elsewhere/x").failed(code, error)
    assert world.bill()["submits"] == before
    assert world.held("elsewhere") == 0
    assert world.jobs() == []
    world.verified()


def test_no_budget_in_the_chain(world: World) -> None:
    said = world.run(*world.clip()).failed(1, "refused")
    assert "faregate budget set" in f"{said['message']} {said['next']}"
    world.budget("50 USD", "acme/other")
    said = world.run(*world.clip(scope="acmee/x")).failed(1, "refused")
    assert "faregate budget set" in f"{said['message']} {said['next']}"
    assert world.jobs() == []
    world.verified()


def test_a_budget_too_small_says_all_amounts(world: World) -> None:
    world.budget("1 USD")
    said = world.run(*world.clip("--resolution", "720p")).failed(1, "refused")
    assert "1.00 USD" in said["message"]
    assert said["value"] is not None
    assert said["limit"] is not None
    assert world.held() == 0
    world.verified()


def test_a_chain_has_one_currency(world: World) -> None:
    world.budget("7 USD")
    world.run("budget", "set", "acme/x", "7 creatify-credit").failed(2)
    world.run("budget", "set", "acme", "7 creatify-credit").failed(2)
    world.run("budget", "set", "other", "40 creatify-credit").ok()
    said = world.run(*world.clip("--provider", "fal", scope="other")).failed(1)
    assert "creatify-credit" in said["message"]
    assert world.jobs() == []
    world.verified()


def test_one_missing_key_is_only_a_rejection(world: World) -> None:
    world.budget()
    some = {name: value for name, value in world.keys.items() if name != "FAL_KEY"}
    doc = world.run(*world.clip("--resolution", "720p"), env=some).ok()
    assert doc["offer"] == "runware/creatify:aurora@0"
    world.verified()


def test_no_key_at_all_is_bad_input(world: World) -> None:
    world.budget()
    said = world.run(*world.clip(), env={}).failed(2, "no_key")
    assert "FAL_KEY" in said["message"]
    some = {name: value for name, value in world.keys.items() if name != "FAL_KEY"}
    world.run(*world.clip("--provider", "fal"), env=some).failed(2, "no_key")
    half = {name: value for name, value in world.keys.items() if name != "CREATIFY_API_ID"}
    (world.folder / "v.json").write_text('{"seconds": "9"}')
    words = ("run", "--template-id", TEMPLATE, "--variables", "v.json", "--seconds", "9-10", "--scope", "acme")
    assert "CREATIFY_API_ID" in world.run(*words, env=half).failed(2, "no_key")["message"]
    assert world.jobs() == []
    assert world.held() == 0
    world.verified()


@pytest.mark.parametrize("name", ["nonsense", " ", "spend"])
def test_a_database_that_is_no_address(world: World, name: str) -> None:
    """A typo must not open a fresh ledger in the folder one happens to stand in."""
    world.run("jobs", "--db", name).failed(2, "bad_request")
    assert not (world.folder / name).exists()


@pytest.mark.parametrize("depth", [900, 100_000])
def test_variables_nested_beyond_reason_hold_nothing(world: World, depth: int) -> None:
    world.budget()
    (world.folder / "deep.json").write_text('{"a": ' + "[" * depth + "]" * depth + "}")
    words = ("run", "--template-id", TEMPLATE, "--variables", "deep.json", "--seconds", "9-10", "--scope", "acme/x")
    world.run(*words).failed(2, "bad_request")
    assert (world.jobs(), world.held()) == ([], 0)
    world.verified()


@pytest.mark.parametrize("words", [("job", "\udcff"), ("quote", "--offer", "\udcff", "--seconds", "9")])
def test_bytes_that_are_no_unicode(world: World, words: tuple[str, ...]) -> None:
    assert "not valid Unicode" in world.run(*words).failed(2, "bad_request")["message"]


def folder_as_database(folder: Path) -> str:
    (folder / "store").mkdir()
    return f"sqlite:///{folder / 'store'}"


def text_as_database(folder: Path) -> str:
    (folder / "notes.txt").write_text("these are my notes, not a ledger\n" * 100)
    return f"sqlite:///{folder / 'notes.txt'}"


def foreign_database(folder: Path) -> str:
    path = folder / "notes.db"
    path.write_bytes(b"SQLite format 3\x00" + b"\x00" * 2000)
    return f"sqlite:///{path}"


def other_database(folder: Path) -> str:
    path = folder / "urls.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE urls (address TEXT)")
    other.close()
    return f"sqlite:///{path}"


STORES: dict[str, Callable[[Path], str]] = {
    "in a missing folder": lambda folder: f"sqlite:///{folder / 'none' / 'spend.db'}",
    "under a file": lambda folder: f"sqlite:///{folder / 'face.png' / 'spend.db'}",
    "a folder": folder_as_database,
    "a text": text_as_database,
    "a broken database": foreign_database,
    "another program's": other_database,
    "where nobody may write": lambda _: "sqlite:////proc/spend.db",
    "another kind": lambda _: "postgresql://localhost/spend",
    "no address": lambda _: "::://",
}


@pytest.mark.parametrize("name", STORES)
def test_databases_that_cannot_be_used(world: World, name: str) -> None:
    url = STORES[name](world.folder)
    notes = world.folder / "notes.txt"
    text = notes.read_text() if notes.exists() else ""
    before = world.bill()["submits"]
    for words in (["verify"], ["budget", "set", "acme", "7 USD"], world.clip()):
        world.run(*words, "--db", url).failed(6, "storage")
    assert world.bill()["submits"] == before
    assert not text or notes.read_text() == text


def test_a_ledger_that_cannot_grow(world: World) -> None:
    """A file where SQLite may not write: a limit of the process, since nothing is read-only for root."""
    world.budget()
    process = world.launch(*world.clip("--json"), file_bytes=8192)
    process.wait().failed(6, "storage")
    assert world.jobs() == []
    world.verified()


def test_a_key_again_answers_the_same_job_and_sends_nothing(world: World) -> None:
    world.budget()
    words = world.clip("--key", "once")
    first = world.run(*words).ok()
    before = world.bill()["submits"]
    again = world.run(*words).ok()
    assert again == first
    process = world.launch(*words, "--json", env={**world.keys, "FAL_KEY": "", "RUNWARE_API_KEY": ""})
    assert process.wait().ok() == first, "a settled job needs no key to be answered"
    for other in (
        world.clip("--key", "once", "--resolution", "720p"),
        world.clip("--key", "once", scope="acme/y"),
        world.clip("--key", "once", "--max-cost", "4 USD"),
        world.clip("--key", "once", audio=AUDIO / "talk-10.4s.ogg"),
    ):
        world.run(*other).failed(2, "key_reused")
    assert world.bill()["submits"] == before
    assert [job["job"] for job in world.jobs()] == [first["job"]]
    world.verified()


def test_a_refusal_does_not_consume_its_key(world: World) -> None:
    world.budget("0.10 USD")
    words = world.clip("--key", "later", "--resolution", "720p")
    world.run(*words).failed(1, "refused")
    world.budget("7 USD")
    assert amount(world.run(*words).ok()["charged"]) > 0


def test_a_port_that_is_taken(world: World) -> None:
    assert world.providers is not None
    taken = world.providers.urls["sandbox"].rpartition(":")[2]
    world.run("sandbox", "--port", taken).failed(2, "bad_request")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("form", [["--json"], []], ids=["json", "human"])
def test_an_answer_that_cannot_be_written(world: World, form: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        found = subprocess.run(
            [sys.executable, "-m", "router.cli", "offers", *form], stdout=full, stderr=subprocess.PIPE, text=True,
            env=environment(world.folder), check=False, timeout=100,
        )  # fmt: skip
    assert found.returncode == 6
    assert len(found.stderr.splitlines()) == 1, found.stderr


def test_without_json_a_failure_is_one_line(world: World) -> None:
    outcome = world.run("quote", "--offer", "fal/none", "--seconds", "9", "--human")
    assert outcome.code == 1
    assert outcome.out == ""
    assert len(outcome.err.splitlines()) == 1
    outcome.quiet()
