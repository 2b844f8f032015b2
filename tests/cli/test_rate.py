"""rate and route --explain, as a person and as a program use them."""

import json
import subprocess
import sys
from pathlib import Path

from ledger import Ledger
from pricing import usd
from tests.ledger.world import World, file_url


def faregate(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "router.cli", *words], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_job_is_rated_and_the_choice_says_so(tmp_path: Path) -> None:
    db = file_url(tmp_path / "spend.db")
    with Ledger.open(db) as ledger:
        ledger.set_budget("acme", usd("100"))
        w = World(ledger)
        w.submitted("j1", "a1")
        w.settle(usd("1.40"), "j1", "a1", outputs=("https://x.example/1.mp4",))
    told = faregate("rate", "j1", "0.9", "--note", "fine", "--author", "ann", "--db", db, "--json")
    assert told.returncode == 0
    assert json.loads(told.stdout) == {
        "job": "j1", "offer": "fal/fal-ai/creatify/aurora", "settings": {"resolution": "720p"}, "score": "0.9",
        "author": "ann",
    }  # fmt: skip
    assert faregate("rate", "j1", "0.8", "--author", "ann", "--db", db).stdout.endswith(": 0.8, says ann\n")
    document = json.loads(faregate("route", "--seconds", "9.4", "--scope", "acme", "--db", db, "--json").stdout)
    fal = next(
        one for one in document["candidates"] if one["usd"]["expected"]["amount"] == "1.4" and "fal" in one["offer"]
    )
    assert (fal["quality"], fal["quality_from"], fal["ratings"]) == ("0.717", "rated", 1)
    assert (fal["latency_from"], fal["latency_jobs"], fal["credits_expire"]) == ("prior", 0, None)
    text = faregate("route", "--seconds", "9.4", "--scope", "acme", "--db", db, "--explain").stdout
    assert "keep every limit" in text
    assert "quality 0.717 (1 rating)" in text
    assert max(map(len, text.splitlines())) <= 120


def test_what_cannot_be_rated_is_one_line(tmp_path: Path) -> None:
    db = file_url(tmp_path / "spend.db")
    for words, said in (
        (("nope", "0.5"), "there is no job nope"),
        (("nope", "1.5"), "a score is a number from 0 to 1"),
    ):
        told = faregate("rate", *words, "--db", db)
        assert told.returncode == 2
        assert said in told.stderr
        assert "Traceback" not in told.stderr
        assert len(told.stderr.splitlines()) == 1
