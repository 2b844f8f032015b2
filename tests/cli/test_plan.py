"""`faregate plan`: what scripts rely on, made for real on the sandbox, and one clear line for a bad row."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from .world import TEMPLATE, Runner, World, amount

PLAN = {
    "objective", "budget", "limit", "scope", "chosen", "left_out", "total", "score", "bound", "gap_ppm", "proven",
    "next", "finishes_in_s", "at_once", "assumptions",
}  # fmt: skip
HEAD = "id,image,audio,seconds,resolution,max_cost,min_quality,weight\n"
URL = "https://x.example"


def batch(world: World, *rows: str) -> Path:
    file = world.folder / "jobs.csv"
    file.write_text(HEAD + "".join(f"{number},{URL}/{number}.png,{row}\n" for number, row in enumerate(rows)), "utf-8")
    return file


def test_a_plan_is_one_document(world: World) -> None:
    file = batch(world, f"{URL}/a.mp3,9.4,,,,", f"{URL}/a.mp3,9.4,720p,,,", f"{URL}/a.mp3,9.4,,0.90 USD,,")
    doc = world.run("plan", str(file), "--budget", "3.00 USD").ok()
    assert doc.keys() == PLAN
    assert [(one["job"], one["offer"].partition("/")[0]) for one in doc["chosen"]] == [
        (1, "runware"), (2, "fal"), (3, "runware"),
    ]  # fmt: skip
    assert amount(doc["total"]["high"], "USD") == Decimal("2.80")
    assert (doc["score"], doc["proven"], doc["left_out"]) == ("1.7", True, [])
    assert doc["next"]["job"] == 1
    assert (amount(doc["next"]["more"], "USD"), amount(doc["next"]["short"], "USD")) == (
        Decimal("0.70"),
        Decimal("0.50"),
    )


def test_what_does_not_fit_is_exit_code_one(world: World) -> None:
    file = batch(world, *[f"{URL}/a.mp3,9.4,,,,"] * 3)
    found = world.run("plan", str(file), "--budget", "1.50 USD")
    assert found.code == 1
    assert found.err == ("faregate: 1 of 3 jobs are left out: nothing is eligible, or the budget does not cover them\n")
    (out,) = found.doc["left_out"]
    assert (out["job"], out["text"]) == (3, "3  left out: it needs 0.70 USD, more than the limit leaves")


def test_a_batch_is_made_once_however_often_it_is_run(world: World) -> None:
    world.run("budget", "set", "acme", "10 USD").ok()
    lines = [
        {"image": f"{URL}/{name}.png", "audio": f"{URL}/{name}.mp3", "seconds": 9.4, "weight": 2, "note": "x"}
        for name in "ab"
    ]
    file = world.folder / "jobs.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    words = ("plan", str(file), "--budget", "2.10 USD", "--scope", "acme", "--run", "--key", "spring")
    first = world.run(*words).ok()
    assert [one["ending"] for one in first["run"]["jobs"]] == ["made", "made"]
    assert [one["view"]["key"] for one in first["run"]["jobs"]] == ["spring/1", "spring/2"]
    assert amount(first["run"]["charged"], "USD") == Decimal("2.10")
    again = world.run(*words).ok()
    assert again["run"]["charged"] == first["run"]["charged"]
    assert len(world.run("jobs").ok()["jobs"]) == 2
    world.run("verify").ok()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + f"a,{URL}/a.png,{URL}/a.mp3,9.4,,,,\nb,{URL}/b.png,,9,,,,\n", "row 2: audio is missing"),
        (HEAD + f"a,{URL}/a.png,{URL}/a.mp3,9.4,999p,,,\n", "row 1: resolution '999p' is unknown"),
        (HEAD + f"a,{URL}/a.png,{URL}/a.mp3,9.4,,4,,\n", "row 1: '4' is not an amount and a currency"),
        (HEAD + f"a,{URL}/a.png,{URL}/a.mp3,9.4,,,2,\n", "row 1: min_quality must be from 0 to 1"),
        (HEAD + f"a,{URL}/a.png,{URL}/a.mp3,9.4,,,,-1\n", "row 1: weight must be from 0"),
        (HEAD + f"a,{URL}/a.png,{URL}/a.mp3\n", "row 1: 3 cells, and the header has 8"),
        (HEAD + f"a,{URL}/a.png,{URL}/a.mp3,,,,,\n", "job 1: the length of"),
        ("image,audoi\n", "unknown column 'audoi'; did you mean audio?"),
        ("image,audio\n", "there is no job in it"),
        ('image,audio\n"a', "row 1: is not CSV"),
    ],
)
def test_bad_input_names_the_row(runner: Runner, tmp_path: Path, text: str, said: str) -> None:
    world = World(runner, tmp_path, None)
    file = tmp_path / "bad.csv"
    file.write_text(text, "utf-8")
    error = world.run("plan", str(file)).failed(2, "bad_request")
    assert said in f"{error['message']}; {error['next']}"


@pytest.mark.parametrize("words", [("--run",), ("--key", "k"), ("--objective", "speed"), ("--budget", "-1 USD")])
def test_bad_options_are_one_line(runner: Runner, tmp_path: Path, words: tuple[str, ...]) -> None:
    world = World(runner, tmp_path, None)
    world.run("plan", str(batch(world, f"{URL}/a.mp3,9.4,,,,")), *words).failed(2, "bad_request")


def test_a_template_and_a_lines_own_variables(world: World) -> None:
    file = world.folder / "jobs.jsonl"
    line = {"template_id": TEMPLATE, "seconds": "20-28", "variables": {"name": "Ada", "age": 3.5}}
    file.write_text(json.dumps(line), "utf-8")
    doc = world.run("plan", str(file), "--objective", "cost").ok()
    assert amount(doc["total"]["high"], "USD") == Decimal("0.99")
    assert doc["limit"] is None
