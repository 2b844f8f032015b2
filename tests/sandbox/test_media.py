"""How long is this audio."""

import base64
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from router.sandbox.media import Files, fresh_name, from_data_uri, measured, seconds_of, stated

from .talker import wave

AUDIO = Path(__file__).parent.parent / "audio"
HOST = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("url", "seconds"),
    [
        ("https://x.example/a.mp3?seconds=12.5", "12.5"),
        ("https://x.example/talk-9.4s.mp3?seconds=12.5", "12.5"),
        ("https://x.example/talk-9.4s.mp3", "9.4"),
        ("https://x.example/talk-13.02s-cbr.mp3", "13.02"),
        ("https://x.example/1a2b-talk-30s.wav?x=1", "30"),
        ("https://x.example/talk.mp3", "10"),
        ("https://x.example/part-3song.mp3", "10"),
        ("https://x.example/talk-9.4s.mp3?seconds=soon", "9.4"),
        ("https://x.example/talk-0s.mp3", "10"),
        ("https://x.example/a.mp3?seconds=-1", "10"),
        ("https://x.example/a.mp3?seconds=NaN", "10"),
    ],
)
def test_a_url_states_its_length(url: str, seconds: str) -> None:
    assert stated(url) == Decimal(seconds)
    assert Files().listen(url, HOST) == Decimal(seconds)


@pytest.mark.parametrize("value", [0, -1, "0", "", "x", "NaN", "Infinity", "86400.1", True, None, [], {}])
def test_what_is_no_length(value: object) -> None:
    assert seconds_of(value) is None


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("talk-9.4s.wav", "9.4", "9.4"),
        ("talk-10.4s.ogg", "10.4", "10.4"),
        ("talk-13.02s-cbr.mp3", "13.02", "13.11"),
        ("talk-17.2s.m4a", "17.2", "17.22"),
        ("talk-24.0s-vbr.mp3", "24", "24.09"),
        ("bad-truncated.wav", "1.2", "1.3"),
    ],
)
def test_real_files_are_measured(name: str, low: str, high: str) -> None:
    seconds = measured((AUDIO / name).read_bytes(), name)
    assert seconds is not None
    assert Decimal(low) <= seconds <= Decimal(high)


@pytest.mark.parametrize("name", ["bad-empty.wav", "bad-text.mp3"])
def test_what_is_not_audio_has_no_length(name: str) -> None:
    assert measured((AUDIO / name).read_bytes(), name) is None


def test_a_header_that_claims_hours_is_not_believed() -> None:
    seconds = measured((AUDIO / "bad-claims-18-hours.wav").read_bytes(), "claims.wav")
    assert seconds is None or seconds < 1


def test_a_wave_is_its_frames_over_its_rate() -> None:
    assert measured(wave("9.4"), "a.wav") == Decimal("9.4")
    assert measured(wave("10.000125"), "a.wav") == Decimal("10.000125")
    assert measured(wave("9.4")[:40], "a.wav") is None


def test_inline_audio_is_measured() -> None:
    text = base64.b64encode(wave("2.5")).decode()
    assert Files().listen(f"data:audio/x-wav;base64,{text}", HOST) == Decimal("2.5")
    assert from_data_uri("data:audio/mpeg;base64,QUJD") == (b"ABC", "inline.mp3")
    for bad in ("data:audio/wav,plain", "data:audio/wav;base64,%%%", "data:audio/wav;base64,"):
        assert Files().listen(bad, HOST) is None
        assert not Files().holds(bad, HOST)


def test_only_what_was_uploaded_is_held() -> None:
    files = Files()
    files.put("a.wav", wave("1"))
    files.put("a b.wav", wave("2"))
    assert files.holds(f"{HOST}/files/a.wav", HOST)
    assert not files.holds(f"{HOST}/files/b.wav", HOST)
    assert files.holds("https://x.example/a.wav", HOST)
    assert files.listen(f"{HOST}/files/a%20b.wav?seconds=9", HOST) == 2
    assert files.listen(f"{HOST}/files/talk-9s.wav", HOST) is None
    files.put("a.wav", wave("3"))
    assert files.seconds("a.wav") == 3, "a new upload is measured anew"


@pytest.mark.parametrize("name", ["talk-9.4s.wav", "../../etc/passwd", "a b?c#d.mp3", "", "ü" * 200])
def test_fresh_names_are_safe_and_unlike(name: str) -> None:
    first, second = (fresh_name(name, str(uuid4())) for _ in range(2))
    assert first != second
    assert set(first) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert len(first) < 100
