"""export and whatif: their files, their documents, their exit codes."""

import csv
import io
from decimal import Decimal
from pathlib import Path

from .world import World, amount

FAST = "runware/creatify:aurora@fast"


def test_export_and_whatif(world: World, tmp_path: Path) -> None:
    world.budget()
    done = world.run(*world.clip("--provider", "runware", "--resolution", "720p", "--key", "k1")).ok()
    charged = amount(done["charged"])
    for form in ("csv", "focus", "hledger"):
        out = tmp_path / f"out.{form}"
        assert world.run("export", form, "--out", out).ok() == {"form": form, "file": str(out), "rows": 1}
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text(), newline="")))
    assert [(row["key"], Decimal(row["charged"])) for row in rows] == [("k1", charged)]
    said = world.run("export", "csv", "--out", "-", "--human")
    assert (said.code, said.out.count("\n")) == (0, 2)
    assert (tmp_path / "out.focus.metadata.json").exists()
    assert world.run("export", "csv", "--out", tmp_path / "old.csv", "--to", "2020-01-01").ok()["rows"] == 0

    same = world.run("whatif").ok()
    assert same.keys() == {
        *("jobs", "compared", "actual", "quoted", "hypothetical", "difference", "offers", "unpriced", "not_chosen"),
        "not_settled",
    }
    assert (same["jobs"], same["unpriced"], same["not_chosen"], same["not_settled"]) == (1, [], [], {})
    assert same["quoted"] == same["hypothetical"]["expected"] == done["quoted"]
    twice = world.run("whatif", "--double", "runware").ok()
    assert amount(twice["hypothetical"]["expected"]) == 2 * amount(done["quoted"])
    fast = world.run("whatif", "--as", FAST).ok()
    assert fast["offers"][0]["as"] == FAST
    assert amount(fast["hypothetical"]["expected"]) < charged
    nobody = world.run("whatif", "--max-cost", "0.01 USD").ok()
    assert (nobody["compared"], nobody["not_chosen"][0]["jobs"]) == (0, 1)
    assert amount(nobody["not_chosen"][0]["actual"]) == charged
    assert world.run("whatif", "--month", "2020-01").ok()["jobs"] == 0


def test_bad_input_is_one_line(world: World, tmp_path: Path) -> None:
    out = tmp_path / "x"
    world.run("export", "xml", "--out", out).failed(2, "bad_request")
    world.run("export", "csv", "--out", tmp_path).failed(2, "bad_request")
    world.run("export", "csv", "--out", "-").failed(2, "bad_request")
    world.run("export", "csv", "--out", out, "--month", "2026-13").failed(2, "bad_request")
    world.run("export", "csv", "--out", out, "--from", "2026-02-02", "--to", "2026-02-02").failed(2, "bad_request")
    world.run("whatif", "--as", "no/offer").failed(1, "unknown_offer")
    world.run("whatif", "--scale", "creatify=-1").failed(2, "bad_request")
    world.run("whatif", "--double", "nobody").failed(1, "unknown_offer")
    world.run("whatif", "--double", "fal", "--objective", "best").failed(2, "bad_request")
    assert not out.exists()
