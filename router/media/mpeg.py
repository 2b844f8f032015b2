"""Counts the frames of an MP3: what is present must match what its Xing header claims. Opens nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from .sound import Length, Unsound, short

_SEARCH = 2**16
_KBPS_V1 = {
    2: (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
}
_KBPS_V2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


@dataclass(frozen=True, slots=True)
class _Frame:
    """One frame's header: version 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5."""

    version: int
    layer: int
    rate: int
    bytes: int
    mono: bool

    @property
    def samples(self) -> int:
        return 1152 if self.layer == 2 or self.version == 3 else 576


def tag_end(data: memoryview) -> int:
    """Where the sound begins after any ID3v2 tags; 0 without one."""
    at = 0
    while bytes(data[at : at + 3]) == b"ID3" and at + 10 <= len(data):
        size = 0
        for byte in data[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        at += 10 + size + (10 if data[at + 5] & 0x10 else 0)
    return min(at, len(data))


def is_frame(data: memoryview, at: int) -> bool:
    """Two frames in a row (or one that ends the file): a single sync pattern also occurs by chance."""
    first = _frame(data, at)
    if first is None:
        return False
    after = at + first.bytes
    second = _frame(data, after)
    return after == len(data) or (second is not None and (second.version, second.rate) == (first.version, first.rate))


def mp3_length(data: memoryview) -> Length:
    """Raises Unsound for no frames, or fewer than the file claims."""
    start = _find(data, tag_end(data))
    first = None if start is None else _frame(data, start)
    if start is None or first is None:
        raise Unsound("it holds no MP3 frames")
    claimed = _claim(bytes(data[start : start + first.bytes]), first)
    frames = sum(1 for _ in _frames(data, start)) - (claimed is not None)
    seconds = Fraction(frames * first.samples, first.rate)
    if claimed is not None and frames < claimed - 1:
        raise short(Fraction(claimed * first.samples, first.rate), seconds)
    return Length(seconds, "frames are padded: it may play up to a tenth of a second less")


def _frames(data: memoryview, start: int) -> Iterator[int]:
    """The start of every whole frame, over gaps up to 64 KiB."""
    at: int | None = start
    while at is not None:
        frame = _frame(data, at)
        if frame is None:
            at = _find(data, at)
        elif at + frame.bytes > len(data):
            return
        else:
            yield at
            at += frame.bytes


def _find(data: memoryview, at: int) -> int | None:
    window = bytes(data[at : at + _SEARCH])
    offset = window.find(b"\xff")
    while offset >= 0:
        if is_frame(data, at + offset):
            return at + offset
        offset = window.find(b"\xff", offset + 1)
    return None


def _frame(data: memoryview, at: int) -> _Frame | None:
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return None
    version, layer = data[at + 1] >> 3 & 3, 4 - (data[at + 1] >> 1 & 3)
    kbps_code, hz_code = data[at + 2] >> 4, data[at + 2] >> 2 & 3
    if version == 1 or layer not in (2, 3) or not 1 <= kbps_code <= 14 or hz_code == 3:
        return None
    kbps = (_KBPS_V1[layer] if version == 3 else _KBPS_V2)[kbps_code]
    rate = _HZ[version][hz_code]
    per_frame = 144 if layer == 2 or version == 3 else 72
    size = per_frame * kbps * 1000 // rate + (data[at + 2] >> 1 & 1)
    return _Frame(version, layer, rate, size, mono=data[at + 3] >> 6 == 3)


def _claim(frame: bytes, first: _Frame) -> int | None:
    """The number of frames that a Xing, Info or VBRI header in the first frame claims; that frame carries no sound."""
    side = (17 if first.mono else 32) if first.version == 3 else (9 if first.mono else 17)
    for at in (4 + side, 6 + side):
        if frame[at : at + 4] in (b"Xing", b"Info"):
            return int.from_bytes(frame[at + 8 : at + 12], "big") if frame[at + 7] & 1 else 0
    if frame[36:40] == b"VBRI":
        return int.from_bytes(frame[50:54], "big")
    return None
