"""faregate cards check, show, diff, and --cards on the commands that price."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from ..pricing.cardtexts import GOOD, spoiled
from .world import Providers, Runner, World, amount

BROKEN = Path(__file__).parents[1] / "cards" / "broken"
CARDS = Path(str(files("pricing") / "cards"))
FAL = "fal/fal-ai/creatify/aurora"
PLANTED = {
    "bad-evidence": (19, "sources.0.evidence", "one of the words"),
    "confirms-nothing": (30, "confirm.0.rate", "not a contested price"),
    "default-not-a-value": (12, "settings.resolution", "'1080p' is not one of"),
    "discount-fits-nothing": (31, "discounts.0.offers.0", "fits no offer"),
    "divides-by-a-difference-of-zero": (18, "derive.0.expression", "divides by zero"),
    "divides-by-zero": (18, "derive.0.expression", "divides by zero"),
    "gap-between-rows": (32, "rates.1.effective_from", "nothing has a price between"),
    "infinite-price": (25, "cells.0.price", "finite"),
    "ladder-that-falls": (24, "tariff.cells", "must rise"),
    "minimum-above-cap": (21, "components.0", "minimum is above the cap"),
    "missing-default": (12, "settings.resolution.default", "missing"),
    "name-in-expression": (18, "derive.0.expression", "not part of the language"),
    "negative-price": (25, "cells.0.price", "negative"),
    "no-price-of-record": (16, "offers.0.rates", "no price of record"),
    "no-provider": (1, "card", "provider must stand at the top"),
    "no-source": (19, "rates.0.sources", "empty"),
    "not-a-date": (18, "effective_from", "neither a day"),
    "not-toml": (10, "file", "not TOML"),
    "offer-twice": (29, "offers.1.id", "already in"),
    "overlapping-dates": (32, "rates.1.effective_from", "overlaps"),
    "plan-for-nothing": (31, "plans.0.price", "greater than 0"),
    "power-in-expression": (18, "derive.0.expression", "not expected"),
    "price-in-quotes": (25, "cells.0.price", "without quotes"),
    "price-with-lost-digits": (25, "cells.0.price", "beyond all prices"),
    "rate-id-twice": (40, "offers.1.rates.0.id", "already in"),
    "recursive-expression": (18, "derive.0.expression", "nor derived before"),
    "replaces-nothing": (6, "offers.0.id", "replaces nothing"),
    "spelled-otherwise": (25, "when.resolution", "'480P' is not one of"),
    "table-with-a-hole": (24, "tariff.cells", "hole"),
    "too-deep-expression": (18, "derive.0.expression", "deeper"),
    "two-cells-for-one": (24, "tariff.cells", "2 cells"),
    "two-rows-for-one-date": (31, "rates.1.effective_from", "same time"),
    "undeclared-setting": (25, "when.quality", "not a setting"),
    "unknown-key": (10, "offers.0.max_output", "unknown key"),
    "unknown-measure": (8, "offers.0.measure", "not a measure"),
    "unknown-tariff-kind": (24, "tariff", "'tabel'"),
    "unknown-top-key": (1, "colour", "unknown key"),
    "until-before-from": (16, "rates.0", "before effective_from"),
    "url-without-scheme": (19, "sources.0.url", "written as it must be"),
    "zero-step": (23, "quantise.step", "greater than 0"),
}


@pytest.fixture(scope="module")
def world(open_world: Callable[[Providers | None], World]) -> World:
    """Without any key; only commands that read."""
    return open_world(None)


def put(world: World, name: str, text: str) -> Path:
    path = world.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_broken_cards_are_all_told_of() -> None:
    assert {file.stem for file in BROKEN.glob("*.toml")} == set(PLANTED)


def test_check_finds_each_planted_fault_in_one_line(world: World) -> None:
    for name, (line, key, said) in PLANTED.items():
        ended = world.run("cards", "check", BROKEN / f"{name}.toml", "--human")
        assert ended.code == 2, (name, ended)
        (told,) = ended.out.splitlines()
        assert told.startswith(f"{BROKEN / name}.toml:{line}: "), told
        place, _, rest = told.removeprefix(f"{BROKEN / name}.toml:{line}: ").partition(": ")
        assert place.endswith(key), told
        assert said in rest, told
        assert ";" in rest, told


def test_check_answers_one_document(world: World) -> None:
    ended = world.run("cards", "check", BROKEN / "unknown-key.toml", BROKEN / "gap-between-rows.toml")
    assert ended.code == 2
    assert ended.doc["ok"] is False
    assert [fault.keys() for fault in ended.doc["faults"]] == [{"file", "line", "key", "message", "fix"}] * 2
    assert world.run("cards", "check").ok() == {"ok": True, "faults": []}


def test_check_of_what_is_no_card(world: World) -> None:
    huge = put(world, "huge.toml", GOOD + "# " + "x" * 10_000_000)
    empty = world.folder / "empty"
    empty.mkdir()
    for path, said in ((huge, "too large"), (world.folder / "none.toml", "cannot be read"), (empty, "no *.toml")):
        ended = world.run("cards", "check", path)
        assert ended.code == 2
        assert said in ended.doc["faults"][0]["message"]


def test_show_tells_rows_in_order_of_time(world: World) -> None:
    now = world.run("cards", "show", "creatify/aurora_v1").ok()
    assert [row["row"] for row in now["rows"]] == ["creatify-aurora-v1-seconds"]
    past = world.run("cards", "show", "creatify/aurora_v1", "--history").ok()
    assert [row["effective_from"] for row in past["rows"]] == ["2025-09", "2026-05"]
    assert past["rows"][0]["terms"][0]["says"]["price"] == "20 creatify-credit per 15 s"
    assert past["rows"][0]["sources"][0].keys() >= {"url", "evidence", "checked_on"}
    human = world.run("cards", "show", FAL, "--history", "--human")
    assert "contested" in human.out
    assert "rounding up to 1 s" in human.out
    world.run("cards", "show", "fal/none").failed(1, "unknown_offer")


def test_cards_of_ones_own_price_every_command(world: World) -> None:
    mine = put(world, "mine/acme.toml", GOOD)
    asked = ["quote", "--offer", "acme/clip", "--seconds", "9.4"]
    world.run(*asked).failed(1, "unknown_offer")
    assert amount(world.run(*asked, "--cards", mine).ok()["expected"]) == 1
    assert amount(world.run(*asked, "--cards", mine.parent).ok()["expected"]) == 1
    assert amount(world.run(*asked, env={"FAREGATE_CARDS": str(mine)}).ok()["expected"]) == 1
    assert world.run("max", "--offer", "acme/clip", "--budget", "1 USD", "--cards", mine).ok()["seconds"] == "10"
    offers = world.run("offers", "--cards", mine).ok()["offers"]
    assert "acme/clip" in {one["offer"] for one in offers}
    world.run(*asked, "--cards", BROKEN / "unknown-key.toml").failed(2, "bad_card")
    world.run(*asked, "--cards", world.folder / "none.toml").failed(2, "bad_card")
    confirm = put(world, "confirm.toml", '[[confirm]]\nrate = "fal-aurora-newer-copy"\n')
    quote = world.run("quote", "--offer", FAL, "--set", "resolution=480p", "--seconds", "10", "--cards", confirm).ok()
    assert amount(quote["high"]) == amount({"amount": "0.7", "currency": "USD"})


def test_diff_over_a_usage_file(world: World) -> None:
    old, new = put(world, "old.toml", GOOD), put(world, "new.toml", spoiled("price = 0.05", "price = 0.06"))
    usage = put(
        world,
        "usage.csv",
        "offer,settings,seconds,outputs,at,count,note\n"
        "acme/clip,resolution=480p,9.4,2,2026-11-01T23:30:00-05:00,10,\n"
        'acme/clip,"{""resolution"": ""720p""}",1,,2026-11-02,,a note\n'
        "acme/other,,5,,,3,\n",
    )
    found = world.run("cards", "diff", old, new, "--usage", usage).ok()
    assert found["summary"] == "1 price changed"
    assert found["changes"][0]["percent"] == "20"
    what_if = found["usage"]
    assert what_if["jobs"] == 14
    assert [amount(what_if[book]["expected"]) for book in ("old", "new")] == [
        amount({"amount": text, "currency": "USD"}) for text in ("10.1", "12.1")
    ]
    assert amount(what_if["difference"]) == 2
    (lack,) = what_if["unpriced"]
    assert (lack["offer"], lack["side"], lack["jobs"], lack["where"]) == ("acme/other", "both", 3, ["4"])
    lines = put(
        world,
        "usage.jsonl",
        '{"offer": "acme/clip", "settings": {"resolution": "480p"}, "seconds": 9.4, "outputs": 2, "count": 10}\n\n'
        '{"offer": "acme/clip", "output_video_seconds": "1", "at": null}\n',
    )
    again = world.run("cards", "diff", old, new, "--usage", lines, "--at", "2026-11-05").ok()["usage"]
    assert (again["old"], again["new"], again["totals"]) == (what_if["old"], what_if["new"], what_if["totals"])
    text = world.run("cards", "diff", old, new, "--usage", usage, "--markdown", "--human")
    assert text.code == 0
    assert "**10.10 USD → 12.10 USD: +2.00 USD (+19.8 %)** over 11 jobs; 3 more jobs could not be priced" in text.out
    assert text.out.count("<details>") == text.out.count("</details>") == 3
    assert "| `acme/clip` | 11 | 10.10 USD | 12.10 USD |" in text.out
    human = world.run("cards", "diff", old, new, "--usage", usage, "--human").out
    assert "+19.8 %" in human
    assert "10.10 USD → 12.10 USD, +2.00 USD, over 11 jobs; 3 more jobs could not be priced" in human
    assert "neither book prices acme/other, 3 jobs (such as line 4): no offer" in human


def test_the_total_counts_only_what_is_in_it(world: World) -> None:
    """Neither what could not be priced nor what no plan puts into dollars."""
    coins = GOOD.replace("acme-clip-2026", "credits-clip").replace('"USD"', '"acme-credit"').replace("acme", "coin")
    for name, price in (("before", "0.10"), ("after", "0.20")):
        put(world, f"{name}/dollars.toml", GOOD.replace("0.10", price))
        put(world, f"{name}/credits.toml", coins.replace("0.10", price))
    usage = put(world, "mixed.csv", "offer,seconds\nacme/clip,10\ncoin/clip,10\ncoin/clip,3\nacme/none,1\n")
    asked = ("cards", "diff", world.folder / "before", world.folder / "after", "--usage", usage)
    human = world.run(*asked, "--human").out
    over = "over 1 job; 1 more job could not be priced; 2 more jobs in no dollar total"
    assert f"1.00 USD → 2.00 USD, +1.00 USD, {over}" in human
    text = world.run(*asked, "--markdown", "--human").out
    assert f"**1.00 USD → 2.00 USD: +1.00 USD (+100 %)** {over}" in text
    assert "<summary>What 3 jobs cost, by offer</summary>" in text
    assert "<summary>1 job not priced</summary>" in text
    assert "| `acme/none` | both | 1 | line 5 |" in text
    assert world.run(*asked).ok()["usage"]["jobs"] == 4


def test_counts_say_what_they_count(world: World) -> None:
    old = put(world, "old.toml", GOOD)
    less = 'max_outputs = 2\nlimits = [{ measure = "output_video_seconds", max = 20 }]'
    new = put(world, "new.toml", spoiled("max_outputs = 2", less))
    usage = put(world, "many.csv", "offer,seconds\n" + "".join(f"acme/clip,{21 + n}\n" for n in range(2)))
    human = world.run("cards", "diff", old, new, "--usage", usage, "--human").out
    assert "over 0 jobs; 2 more jobs could not be priced" in human
    assert "the new book cannot price acme/clip, 2 jobs (lines 2, 3): " in human
    assumed = spoiled("sources = [", 'assumptions = ["one", "two"]\nsources = [')
    slack = spoiled(
        "max_outputs = 2", 'slack = { seconds = 0.1, evidence = "inferred", note = "seen" }\nmax_outputs = 2'
    )
    for text, said in ((assumed, "2 assumptions added"), (slack, "1 term added")):
        assert world.run("cards", "diff", old, put(world, "more.toml", text)).ok()["summary"] == said


def test_one_factor_is_one_line(world: World) -> None:
    """Prices of one row that rose alike share a line; the document keeps each."""
    cells = ", ".join(
        f'{{ at = {at}, when = {{ resolution = "{size}" }}, price = {price} }}'
        for at, size, price in ((5, "480p", 45), (8, "480p", 90), (5, "720p", 60), (8, "720p", 120))
    )
    tariff = f'tariff = {{ kind = "ladder", axis = "requested_seconds", cells = [{cells}] }}\n'
    times = 'multipliers = [{ label = "fast", factor = 2, when = { speed = "fast" } }]\n'
    speed = '[offers.settings.speed]\nvalues = ["normal", "fast"]\ndefault = "normal"\n\n'
    text = GOOD[: GOOD.index("quantise")] + times + tariff
    text = text.replace("output_video_seconds", "requested_seconds").replace("from_audio = true\n", "")
    text = text.replace("[[offers.rates]]", f"{speed}[[offers.rates]]")
    old, new = put(world, "times2.toml", text), put(world, "times3.toml", text.replace("factor = 2", "factor = 3"))
    found = world.run("cards", "diff", old, new).ok()
    assert (len(found["changes"]), found["summary"]) == (4, "4 prices changed")
    assert {one["percent"] for one in found["changes"]} == {"50"}
    line, total = world.run("cards", "diff", old, new, "--human").out.splitlines()
    assert line == (
        "~ acme/clip (speed fast): 4 prices, each +50 %, such as price at requested_seconds 5 (480p, speed fast): "
        "90.00 USD per output → 135.00 USD per output [acme-clip-2026]"
    )
    assert total == "4 prices changed"
    text = world.run("cards", "diff", old, new, "--markdown", "--human").out
    assert text.count("acme-clip-2026") == 1
    assert "<summary>4 changes</summary>" in text
    one_more = put(world, "other.toml", old.read_text("utf-8").replace("price = 45", "price = 46"))
    assert len(world.run("cards", "diff", old, one_more, "--human").out.splitlines()) == 3, "two are told one by one"


def test_diff_of_the_shipped_book(world: World) -> None:
    assert world.run("cards", "diff", "shipped", CARDS).ok() == {
        "changes": [], "summary": "nothing changed", "usage": None,
    }  # fmt: skip
    over = put(world, "over.toml", GOOD)
    changes = world.run("cards", "diff", "shipped", f"shipped+{over}").ok()["changes"]
    assert [(one["verb"], one["subject"]) for one in changes] == [("added", "acme/clip")]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "", "no column `offer`"),
        ("b.csv", "offer,second\n", "did you mean seconds?"),
        ("c.csv", "offer,seconds\nx\n", "c.csv:2: 1 cells"),
        ("d.csv", "offer,at\nx,yesterday\n", "d.csv:2: at 'yesterday' is not a date"),
        ("e.csv", "offer,count\nx,1.5\n", "whole number"),
        ("f.csv", "offer,settings\nx,720p\n", "not pairs"),
        ("g.csv", "offer,offer\nx,y\n", "twice"),
        ("h.jsonl", '{"offer": "x"}\n{"offer": }\n', "h.jsonl:2: is not a line of JSON"),
        ("i.jsonl", "[1]\n", "not an object"),
        ("j.jsonl", '{"seconds": 3}\n', "no `offer`"),
        ("k.jsonl", '{"offer": "x", "seconds": [3]}\n', "seconds is neither"),
        ("l.jsonl", '{"offer": "x", "settings": {"a": [1]}}\n', "object of texts"),
    ],
)
def test_a_usage_file_that_is_none(world: World, name: str, text: str, said: str) -> None:
    error = world.run("cards", "diff", "shipped", "shipped", "--usage", put(world, name, text)).failed(2, "bad_request")
    assert said in f"{error['message']}; {error['next']}"


def test_over_the_ledgers_own_jobs(runner: Runner, providers: Providers, tmp_path: Path) -> None:
    own = World(runner, tmp_path, providers)
    own.budget()
    done = own.run(*own.clip("--provider", "runware", "--resolution", "720p")).ok()
    cards = tmp_path / "cards"
    cards.mkdir()
    for file in CARDS.glob("*.toml"):
        text = file.read_text("utf-8")
        (cards / file.name).write_text(text.replace("price = 0.14", "price = 0.28") if file.stem == "runware" else text)
    found = own.run("cards", "diff", "shipped", cards, "--db", f"sqlite:///{own.db}").ok()["usage"]
    assert found["jobs"] == 1
    assert found["unpriced"] == []
    assert found["old"]["expected"] == done["quoted"]
    assert amount(found["new"]["expected"]) == 2 * amount(done["quoted"])
