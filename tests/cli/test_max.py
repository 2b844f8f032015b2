"""`faregate max` over cards whose lengths are few, whose price depends on more than a length, and whose prices fall."""

from decimal import Decimal
from pathlib import Path

import pytest

from .world import Runner, World

FAL = "fal/fal-ai/creatify/aurora"
SEEDANCE = "fal/bytedance/seedance-2.0/text-to-video"
ADDED = {"measure", "unique", "note"}
FRAME = ("--measure", "width=1280", "--measure", "height=720")


@pytest.fixture
def plain(runner: Runner, tmp_path: Path) -> World:
    """A world without any key."""
    return World(runner, tmp_path, None)


def test_it_says_more_than_it_did(plain: World) -> None:
    doc = plain.run("max", "--offer", FAL, "--budget", "5 USD").ok()
    assert doc.keys() >= ADDED | {"offer", "settings", "seconds", "audio_seconds", "limited_by", "quote"}
    assert (doc["measure"], doc["unique"], doc["note"]) == ("billed_seconds", True, "")


def test_the_length_asked_for_can_be_named(plain: World) -> None:
    doc = plain.run("max", "--offer", FAL, "--budget", "5 USD", "--measure", "input_audio_seconds").ok()
    assert (doc["measure"], doc["seconds"], doc["audio_seconds"]) == ("input_audio_seconds", "34.85", "34.85")


def test_what_else_the_job_takes_can_be_stated(plain: World) -> None:
    doc = plain.run("max", "--offer", SEEDANCE, "--budget", "2 USD", *FRAME).ok()
    assert doc["limited_by"] == "budget"
    assert Decimal(doc["seconds"]) == int(Decimal(doc["seconds"])), "whole seconds are sold"
    assert Decimal(doc["quote"]["high"]["amount"]) <= 2
    assert doc["audio_seconds"] is None


@pytest.mark.parametrize(
    ("more", "code", "word"),
    [
        ((), "bad_quantity", "height"),
        (("--measure", "width"), "bad_quantity", "not a length"),
        (("--measure", "width=1280", "--measure", "width=1280"), "bad_request", "each key once"),
        (("--measure", "width=12e3", "--measure", "height=720"), "bad_quantity", "12e3"),
        (("--measure", "requested_seconds", "--measure", "input_audio_seconds"), "bad_request", "more than one length"),
        (("--measure", "girth=3"), "bad_quantity", "girth"),
    ],
)
def test_bad_measures(plain: World, more: tuple[str, ...], code: str, word: str) -> None:
    said = plain.run("max", "--offer", SEEDANCE, "--budget", "2 USD", *more).failed(2, code)
    assert word in f"{said['message']} {said['next']}"
