"""rate and route --explain, as a person and as a program use them."""

import pytest

from ledger import Ledger
from pricing import usd
from tests.ledger import world as worlds

from .world import World


def test_a_job_is_rated_and_the_choice_says_so(world: World) -> None:
    with Ledger.open(worlds.file_url(world.db)) as ledger:
        ledger.set_budget("acme", usd("100"))
        w = worlds.World(ledger)
        w.submitted("j1", "a1")
        w.settle(usd("1.40"), "j1", "a1", outputs=("https://x.example/1.mp4",))
    assert world.run("rate", "j1", "0.9", "--note", "fine", "--author", "ann").ok() == {
        "job": "j1", "offer": "fal/fal-ai/creatify/aurora", "settings": {"resolution": "720p"}, "score": "0.9",
        "author": "ann",
    }  # fmt: skip
    assert world.run("rate", "j1", "0.8", "--author", "ann", "--human").out.endswith(": 0.8, says ann\n")
    route = ("route", "--seconds", "9.4", "--scope", "acme")
    document = world.run(*route).ok()
    fal = next(
        one for one in document["candidates"] if one["usd"]["expected"]["amount"] == "1.4" and "fal" in one["offer"]
    )
    assert (fal["quality"], fal["quality_from"], fal["ratings"]) == ("0.717", "rated", 1)
    assert (fal["latency_from"], fal["latency_jobs"], fal["credits_expire"]) == ("prior", 0, None)
    text = world.run(*route, "--explain", "--human").out
    assert "keep every limit" in text
    assert "quality 0.717 (1 rating)" in text
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize(
    ("words", "said"),
    [(("nope", "0.5"), "there is no job nope"), (("nope", "1.5"), "a score is a number from 0 to 1")],
)
def test_what_cannot_be_rated_is_one_line(world: World, words: tuple[str, str], said: str) -> None:
    assert said in world.run("rate", *words).failed(2)["message"]
