"""How long a track is: what is present counts, not what a header claims."""

import hashlib
import os
import struct
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import estimate
from router.errors import BadMedia
from router.estimate import Media, digest, is_url, measure

AUDIO = Path(__file__).parent.parent / "audio"
WAV = (AUDIO / "talk-9.4s.wav").read_bytes()
CBR = (AUDIO / "talk-13.02s-cbr.mp3").read_bytes()
VBR = (AUDIO / "talk-24.0s-vbr.mp3").read_bytes()
OGG = (AUDIO / "talk-10.4s.ogg").read_bytes()
M4A = (AUDIO / "talk-17.2s.m4a").read_bytes()


def saved(folder: Path, data: bytes, name: str = "talk.bin") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def length(folder: Path, data: bytes) -> Decimal:
    return measure(saved(folder, data)).seconds


def wav(frames: int, rate: int = 8000, *, tag: int = 1, claim: int | None = None, extra: bytes = b"") -> bytes:
    """16-bit mono silence; `claim`: the data size its header gives."""
    data = bytes(2 * frames)
    form = struct.pack("<HHIIHH", tag, 1, rate, 2 * rate, 2, 16)
    size = len(data) if claim is None else claim
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + extra + b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", (4 + len(chunks)) & 0xFFFFFFFF) + b"WAVE" + chunks


def crc8(data: bytes) -> int:
    value = 0
    for bit in "".join(f"{byte:08b}" for byte in data):
        value = (value << 1 & 0xFF) ^ (0x07 if (value >> 7) ^ int(bit) else 0)
    return value


def flac(blocks: list[int], *, variable: bool, rate: int = 8000, tag: bytes = b"") -> bytes:
    """Mono silence in constant subframes; the CRC-16 of frames is left zero, nobody here reads it."""
    most = max(blocks)
    packed = rate << 44 | 15 << 36 | sum(blocks)
    info = struct.pack(">HH", most, most) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    frames, start = b"", 0
    for index, block in enumerate(blocks):
        number = start if variable else index
        head = (
            bytes([0xFF, 0xF9 if variable else 0xF8, 0x70, 0x08]) + chr(number).encode() + struct.pack(">H", block - 1)
        )
        frames += head + bytes([crc8(head)]) + bytes(5)
        start += block
    return tag + b"fLaC" + bytes([0x80]) + len(info).to_bytes(3, "big") + info + frames


@pytest.mark.parametrize(
    ("name", "kind", "seconds"),
    [
        ("talk-9.4s.wav", "wav", "9.4"),
        ("talk-10.4s.ogg", "ogg", "10.4"),
        ("talk-13.02s-cbr.mp3", "mp3", "13.104"),
        ("talk-17.2s.m4a", "mp4", "17.2"),
        ("talk-20.5s.opus", "ogg", "20.5"),
        ("talk-24.0s-vbr.mp3", "mp3", "24.084"),
    ],
)
def test_real_tracks(name: str, kind: str, seconds: str) -> None:
    path = AUDIO / name
    data = path.read_bytes()
    got = measure(path)
    assert got == Media(path, kind, Decimal(seconds), hashlib.sha256(data).hexdigest(), len(data), got.note)
    assert digest(path) == got.sha256


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bad-empty.wav", "is empty"),
        ("bad-text.mp3", "is not audio"),
        ("bad-truncated.wav", "its header says 9.400 s, 1.248 s are present"),
        ("bad-claims-18-hours.wav", "its header says 67108.864 s, 0.060 s are present"),
        ("no-such.wav", "there is no file"),
        ("", "is a folder"),
        ("a\0b", "cannot be read"),
        ("x" * 300, "cannot be read"),
    ],
)
def test_what_is_no_track(name: str, words: str) -> None:
    with pytest.raises(BadMedia, match=words) as caught:
        measure(AUDIO / name)
    assert caught.value.code == "bad_media"
    assert caught.value.value
    assert "\n" not in str(caught.value)


def test_a_file_is_known_by_its_content_not_its_name(tmp_path: Path) -> None:
    assert measure(saved(tmp_path, WAV, "talk.mp3")).kind == "wav"
    assert measure(saved(tmp_path, CBR, "noname")).kind == "mp3"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(BadMedia, match="not a regular file"):
        measure(tmp_path / "pipe.wav")


def test_an_image_can_be_digested_and_checked(tmp_path: Path) -> None:
    assert digest(saved(tmp_path, b"\x89PNG")) == hashlib.sha256(b"\x89PNG").hexdigest()
    with pytest.raises(BadMedia, match="is empty"):
        digest(saved(tmp_path, b""))
    with pytest.raises(BadMedia, match="there is no file"):
        digest(tmp_path / "gone.png")


@given(frames=st.integers(1, 40_000), rate=st.sampled_from([8000, 11_025, 16_000, 22_050, 44_100, 48_000]))
def test_a_wav_is_its_frames_over_its_rate_up_to_the_next_millisecond(
    frames: int, rate: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    got = length(tmp_path_factory.getbasetemp(), wav(frames, rate))
    assert (got - Decimal("0.001")) * rate < frames <= got * rate
    assert got * 1000 == (got * 1000).to_integral_value()


@given(lost=st.integers(1, len(WAV) - 100))
def test_a_wav_that_lost_any_byte_of_sound_is_refused(lost: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(BadMedia, match="cut off"):
        length(tmp_path_factory.getbasetemp(), WAV[:-lost])


def test_wavs_of_other_shapes(tmp_path: Path) -> None:
    assert length(tmp_path, wav(8000, extra=b"LIST" + struct.pack("<I", 3) + b"abc\0")) == 1
    assert length(tmp_path, wav(8000) + b"LIST" + struct.pack("<I", 4) + b"more") == 1
    assert length(tmp_path, wav(8000, tag=0xFFFE)) == 1
    assert length(tmp_path, wav(8000, claim=8000)) == Decimal("0.5"), "what follows the sound is no sound"
    streamed = measure(saved(tmp_path, wav(8000, claim=0xFFFFFFFF)))
    assert streamed.seconds == 1
    assert streamed.note
    packed = measure(saved(tmp_path, wav(8000, tag=0x11)))
    assert packed.seconds == 1
    assert packed.note


@pytest.mark.parametrize(
    "data",
    [
        wav(0),
        wav(8000, rate=0),
        wav(8000, claim=0),
        wav(8000)[:36],
        wav(8000)[:16],
        b"RIFF\x00\x00\x00\x00WAVE",
        b"RIFF\x00\x00\x00\x00WAVEdata\x04\x00\x00\x00abcd",
        b"RIFF\x00\x00\x00\x00AVI ",
        b"fLaC",
        b"fLaC\x00\x00\x00\x22" + bytes(34),
        b"OggS",
        b"OggS\x00\x02" + bytes(21),
        b"\x00\x00\x00\x18ftypM4A ",
        b"ID3\x04\x00\x00\x00\x00\x00\x0a",
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7fxx",
        b"FORM\x00\x00\x00\x04AIFF",
        bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
        b"\xff\xfb\x90\x00",
        b"<html></html>",
        b"\x00",
    ],
    ids=lambda data: repr(data[:12]),
)
def test_headers_without_sound(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(BadMedia):
        length(tmp_path, data)


def test_an_mp3_is_its_frames(tmp_path: Path) -> None:
    first = 4 + 9  # MPEG 2, mono: the Xing header follows the side information
    assert VBR.find(b"Xing") >= first or VBR.find(b"Info") >= first
    start = VBR.find(b"\xff", 10 if VBR[:3] == b"ID3" else 0)
    tagged = b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128) + VBR[start:]
    assert length(tmp_path, tagged) == Decimal("24.084")
    assert length(tmp_path, CBR + b"TAG" + bytes(125)) == Decimal("13.104")
    assert length(tmp_path, bytes(100) + b"\xff\x00" + CBR if CBR[:3] != b"ID3" else CBR) == Decimal("13.104")


def test_an_mp3_without_a_header_is_counted(tmp_path: Path) -> None:
    """The frame with the Xing header is dropped; what is left has as many frames of sound."""
    whole = VBR[VBR.find(b"\xff\xf3") :]
    second = next(at for at in range(40, 2000) if whole[at : at + 2] == b"\xff\xf3")
    got = measure(saved(tmp_path, whole[second:]))
    assert (got.kind, got.seconds) == ("mp3", Decimal("24.084"))


@given(kept=st.integers(400, len(VBR) - 1500))
def test_an_mp3_that_lost_frames_is_refused(kept: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(BadMedia):
        length(tmp_path_factory.getbasetemp(), VBR[:kept])


@pytest.mark.parametrize("variable", [False, True])
@pytest.mark.parametrize("tag", [b"", b"ID3\x04\x00\x00\x00\x00\x00\x08" + bytes(8)])
def test_a_flac_is_its_samples_and_has_its_last_frame(variable: bool, tag: bytes, tmp_path: Path) -> None:
    blocks = [4096] * 20 + [1000]
    whole = flac(blocks, variable=variable, tag=tag)
    assert length(tmp_path, whole) == Decimal("10.365")
    assert measure(tmp_path / "talk.bin").kind == "flac"
    for lost in (16, 30, 200):
        with pytest.raises(BadMedia, match="cut off"):
            length(tmp_path, whole[:-lost])


def test_an_ogg_that_is_cut_is_refused_or_noted(tmp_path: Path) -> None:
    with pytest.raises(BadMedia, match="middle of a page"):
        length(tmp_path, OGG[:-7])
    last_page = OGG.rfind(b"OggS")
    short = measure(saved(tmp_path, OGG[:last_page]))
    assert short.seconds < Decimal("10.4")
    assert "cut short" in short.note


def test_an_m4a_that_is_cut_is_refused(tmp_path: Path) -> None:
    for kept in (len(M4A) - 1, len(M4A) // 2, 100):
        with pytest.raises(BadMedia):
            length(tmp_path, M4A[:kept])


def test_the_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, WAV)
    monkeypatch.setattr(estimate, "SECONDS_MAX", 9)
    with pytest.raises(BadMedia, match="lasts 9 s, the limit is 9 s") as long:
        measure(path)
    assert (long.value.value, long.value.limit) == ("9.400", "9")
    monkeypatch.setattr(estimate, "BYTES_MAX", len(WAV) - 1)
    with pytest.raises(BadMedia, match="the limit is") as large:
        measure(path)
    assert (large.value.value, large.value.limit) == (str(len(WAV)), str(len(WAV) - 1))
    with pytest.raises(BadMedia, match="the limit is"):
        digest(path)


MAGIC = [
    b"RIFF\x24\x00\x00\x00WAVEfmt ",
    b"fLaC",
    b"OggS\x00\x02",
    b"\x00\x00\x00\x18ftypM4A ",
    b"ID3\x04\x00\x00",
    b"\xff\xfb\x90\x00",
    b"\xff\xf3",
    b"FORM\0\0\0\4AIFF",
    b"",
]


def outcome(path: Path) -> Media | BadMedia:
    try:
        return measure(path)
    except BadMedia as error:
        return error


def is_sound(got: Media | BadMedia) -> bool:
    """Either a believable length or one clear line."""
    if isinstance(got, BadMedia):
        return str(got).isprintable() and got.value is not None
    return 0 < got.seconds <= estimate.SECONDS_MAX


@given(magic=st.sampled_from(MAGIC), rest=st.binary(max_size=300))
def test_any_bytes_are_a_track_or_bad_media(
    magic: bytes, rest: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert is_sound(outcome(saved(tmp_path_factory.getbasetemp(), magic + rest)))


@given(sample=st.sampled_from([WAV, CBR, OGG, M4A]), at=st.integers(0, 4000), byte=st.integers(0, 255))
def test_a_damaged_track_is_a_track_or_bad_media(
    sample: bytes, at: int, byte: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    damaged = bytearray(sample)
    damaged[at] = byte
    assert is_sound(outcome(saved(tmp_path_factory.getbasetemp(), bytes(damaged))))


def test_what_is_a_url() -> None:
    assert is_url("https://a.example/x.mp3")
    assert not is_url("talk.mp3")
    assert not is_url(Path("talk.mp3"))
