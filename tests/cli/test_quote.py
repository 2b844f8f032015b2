"""`faregate quote` of jobs that take more than a length: --measure, with and without --seconds and --audio."""

from pathlib import Path

import pytest

from ..pricing.cardtexts import GOOD
from .world import AUDIO, Runner, World, amount

SEEDANCE = "fal/bytedance/seedance-2.0/text-to-video"
V1 = "creatify/aurora_v1"
FRAME = ("--measure", "width=1280", "--measure", "height=720")


@pytest.fixture
def plain(runner: Runner, tmp_path: Path) -> World:
    """A world without any key."""
    return World(runner, tmp_path, None)


def test_measures_beside_seconds_or_instead(plain: World) -> None:
    doc = plain.run("quote", "--offer", SEEDANCE, "--seconds", "5", *FRAME).ok()
    assert doc == plain.run("quote", "--offer", SEEDANCE, "--measure", "requested_seconds=5", *FRAME).ok()
    larger = plain.run("quote", "--offer", SEEDANCE, "--seconds", "5", *FRAME[:2], "--measure", "height=1440").ok()
    assert amount(larger["expected"]) == 2 * amount(doc["expected"])
    alone = plain.run("quote", "--offer", V1, "--seconds", "10.4").ok()
    assert plain.run("quote", "--offer", V1, "--measure", "input_audio_seconds=10.4").ok() == alone
    assert alone.keys() == doc.keys()


def test_measures_beside_a_file(plain: World) -> None:
    asked = ("quote", "--offer", V1, "--audio", AUDIO / "talk-9.4s.wav")
    assert plain.run(*asked, "--measure", "runs=1").ok() == plain.run(*asked).ok()
    plain.run(*asked, "--measure", "input_audio_seconds=9").failed(2, "bad_request")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--seconds", "5"), "bad_quantity", "height"),
        (("--seconds", "5"), "bad_quantity", "--measure height="),
        (("--seconds", "5", "--measure", "width=1280"), "bad_quantity", "height"),
        ((), "bad_request", "--measure NAME=AMOUNT"),
        (("--measure", "width"), "bad_request", "key=value"),
        (("--measure", "width=1", "--measure", "width=1"), "bad_request", "each key once"),
        (("--measure", "width=12e3", "--measure", "height=720"), "bad_quantity", "12e3"),
        (("--measure", "girth=3"), "bad_quantity", "girth"),
        (("--seconds", "5", "--measure", "requested_seconds=6"), "bad_request", "same measure"),
        (("--seconds", "5", "--measure", "billed_seconds=6"), "bad_request", "same measure"),
        (("--seconds", "5", "--audio", "talk.wav", *FRAME), "bad_request", "not both"),
        (("--offer", "fal/none", "--seconds", "5"), "unknown_offer", "fal/none"),
    ],
)
def test_bad_measures(plain: World, words: tuple[str, ...], code: str, said: str) -> None:
    told = plain.run("quote", "--offer", SEEDANCE, *words).failed(1 if code == "unknown_offer" else 2, code)
    assert said in f"{told['message']} {told['next']}"


def test_what_only_the_finished_job_knows_can_be_expected(plain: World) -> None:
    card = plain.folder / "tokens.toml"
    card.write_text(GOOD.replace("output_video_seconds", "video_tokens").replace("from_audio = true\n", ""), "utf-8")
    asked = ("quote", "--cards", card, "--offer", "acme/clip")
    said = plain.run(*asked, "--measure", "runs=1").failed(1, "not_quotable")
    assert "--measure video_tokens=" in said["next"]
    assert amount(plain.run(*asked, "--measure", "video_tokens=30").ok()["expected"]) == 3
