"""How long an audio container really is: what is present against what its header claims. Reads bytes, opens nothing.

Each reader answers exact seconds from frames and rates, or raises Unsound: a provider is paid for what it
decodes, so a header alone is not believed.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from .mpeg import is_frame, mp3_length, tag_end
from .sound import Length, Unsound, short

_STREAMED = 0xFFFFFFFF
"""The data size that encoders write when they cannot go back and fill it in."""
_FLAC_WINDOW = 2**20


def kind_of(data: memoryview) -> str | None:
    """What the first bytes say the file is; its name does not count. None: no audio format that we know."""
    head = bytes(data[:16])
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"OggS":
        return "ogg"
    if head[4:8] == b"ftyp":
        return "mp4"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head == bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"):
        return "wma"
    start = tag_end(data)
    if bytes(data[start : start + 4]) == b"fLaC":
        return "flac"
    return "mp3" if start > 0 or is_frame(data, 0) else None


def exact_length(kind: str, data: memoryview) -> Length | None:
    """The length by counting; None: this format is left to the general reader, after the checks that can be made."""
    reader: Callable[[memoryview], Length | None] | None = _READERS.get(kind)
    return None if reader is None else reader(data)


@dataclass(frozen=True, slots=True)
class _Form:
    """The format chunk of a WAV."""

    tag: int
    rate: int
    byte_rate: int
    block: int

    @property
    def counted(self) -> bool:
        """PCM, float, A-law, µ-law, extensible: one block is one sample."""
        return self.tag in (1, 3, 6, 7, 0xFFFE)

    def seconds(self, size: int) -> Fraction:
        return Fraction(size // self.block, self.rate) if self.counted else Fraction(size, self.byte_rate)


@dataclass(slots=True)
class _Stream:
    """One logical stream of an Ogg file."""

    rate: int
    skip: int
    last: int = 0
    ended: bool = False


def _wav(data: memoryview) -> Length:
    form: _Form | None = None
    for name, start, size in _riff_chunks(data):
        present = max(len(data) - start, 0)
        if name == b"fmt " and min(size, present) >= 16:
            tag, _, rate, byte_rate, block = struct.unpack_from("<HHIIH", data, start)
            form = _Form(tag, rate, byte_rate, block)
        if name == b"data":
            if form is None or not (form.rate and form.byte_rate and form.block):
                raise Unsound("it has no usable format chunk")
            if size == _STREAMED:
                return Length(form.seconds(present), "its header gives no length: counted by its bytes")
            if size > present:
                raise short(form.seconds(size), form.seconds(present))
            return Length(form.seconds(size), "" if form.counted else "compressed: read by its byte rate")
    raise Unsound("it holds no audio data")


def _riff_chunks(data: memoryview) -> Iterator[tuple[bytes, int, int]]:
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield bytes(data[at : at + 4]), at + 8, size
        at += 8 + size + size % 2


def _flac(data: memoryview) -> Length:
    start = tag_end(data) + 4
    info = bytes(data[start + 4 : start + 38])
    if len(info) < 34 or data[start] & 0x7F != 0:
        raise Unsound("its first block is not a stream description")
    block = int.from_bytes(info[0:2], "big")
    packed = int.from_bytes(info[10:18], "big")
    rate, total = packed >> 44, packed & (2**36 - 1)
    if not rate or not total:
        raise Unsound("its header does not say how long it is")
    ends = [end for end in _flac_frame_ends(bytes(data[-_FLAC_WINDOW:]), block) if end <= total]
    if total not in ends:
        raise short(Fraction(total, rate), Fraction(max(ends, default=0), rate))
    return Length(Fraction(total, rate))


def _flac_frame_ends(tail: bytes, block: int) -> Iterator[int]:
    """The sample after each frame whose header checks out, in the last part of the file."""
    for sync in (b"\xff\xf8", b"\xff\xf9"):
        at = tail.find(sync)
        while at >= 0:
            end = _flac_frame_end(tail[at : at + 16].ljust(16, b"\0"), block)
            if end is not None:
                yield end
            at = tail.find(sync, at + 1)


def _flac_frame_end(head: bytes, block: int) -> int | None:
    if head[3] & 1:
        return None
    first = head[4]
    more = 0 if first < 0x80 else 8 - (first ^ 0xFF).bit_length() - 1
    if first >= 0x80 and not 1 <= more <= 6:
        return None
    number = first if not more else first & (0x3F >> more)
    for byte in head[5 : 5 + more]:
        number = number << 6 | byte & 0x3F
    at, size_code, rate_code = 5 + more, head[2] >> 4, head[2] & 15
    extra = {6: 1, 7: 2}.get(size_code, 0)
    size = int.from_bytes(head[at : at + extra], "big") + 1 if extra else _flac_block(size_code)
    at += extra + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if not size or _crc8(head[:at]) != head[at]:
        return None
    return (number if head[1] & 1 else number * block) + size


def _flac_block(code: int) -> int:
    if code == 1:
        return 192
    return 576 << (code - 2) if 2 <= code <= 5 else 256 << (code - 8) if code >= 8 else 0


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ 0x07) & 0xFF if value & 0x80 else value << 1
    return value


def _ogg(data: memoryview) -> Length | None:
    streams: dict[int, _Stream | None] = {}
    at = 0
    while bytes(data[at : at + 4]) == b"OggS" and at + 27 <= len(data):
        flags, granule, serial = data[at + 5], *struct.unpack_from("<qI", data, at + 6)
        body = at + 27 + data[at + 26]
        size = sum(data[at + 27 : body])
        if body + size > len(data):
            raise Unsound("it is cut off in the middle of a page")
        if flags & 2:
            streams[serial] = _ogg_stream(bytes(data[body : body + min(size, 64)]))
        stream = streams.get(serial)
        if stream is not None:
            stream.last = max(stream.last, granule)
            stream.ended = stream.ended or bool(flags & 4)
        at = body + size
    known = [stream for stream in streams.values() if stream is not None]
    if not known:
        return None
    seconds = sum((Fraction(max(s.last - s.skip, 0), s.rate) for s in known), Fraction(0))
    return Length(
        seconds, "" if all(s.ended for s in known) else "its last page is missing: it may have been cut short"
    )


def _ogg_stream(packet: bytes) -> _Stream | None:
    if packet[:8] == b"OpusHead" and len(packet) >= 12:
        return _Stream(48_000, int.from_bytes(packet[10:12], "little"))
    if packet[:7] == b"\x01vorbis" and len(packet) >= 16:
        rate = int.from_bytes(packet[12:16], "little")
        return _Stream(rate, 0) if rate else None
    return None


def _mp4(data: memoryview) -> None:
    """Only checks that every part is there whole; the length is left to the general reader."""
    at, seen = 0, set[bytes]()
    while at + 8 <= len(data):
        size, name = int.from_bytes(data[at : at + 4], "big"), bytes(data[at + 4 : at + 8])
        if size == 1 and at + 16 <= len(data):
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        size = len(data) - at if size == 0 else size
        if size < 8:
            raise Unsound("its parts do not follow one another")
        if at + size > len(data):
            raise Unsound(f"it is cut off: {at + size} bytes are announced, {len(data)} are present")
        seen.add(name)
        at += size
    if not {b"moov", b"mdat"} <= seen and b"moof" not in seen:
        raise Unsound("it holds no audio data")


_READERS: "dict[str, Callable[[memoryview], Length | None]]" = {
    "wav": _wav,
    "flac": _flac,
    "ogg": _ogg,
    "mp4": _mp4,
    "mp3": mp3_length,
}
