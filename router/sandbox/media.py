"""How long is this audio? Measures bytes it holds, reads what other URLs state of themselves. Never downloads."""

import base64
import binascii
import re
import struct
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from io import BytesIO
from urllib.parse import parse_qs, unquote, urlsplit

from tinytag import TinyTag

DEFAULT_SECONDS = Decimal(10)
DEFAULT_TEMPLATE_SECONDS = Decimal(24)
LONGEST = Decimal(86_400)
_IN_NAME = re.compile(r"(?<![\d.])(\d{1,5}(?:\.\d{1,6})?)s(?![A-Za-z0-9])")
_SUFFIX: Mapping[str, str] = {"mpeg": "mp3", "mp3": "mp3", "mp4": "m4a", "ogg": "ogg", "flac": "flac", "wav": "wav"}


class Files:
    """What clients uploaded, in memory."""

    def __init__(self) -> None:
        self.hosts: tuple[str, ...] = ()
        """Addresses of ours besides the one that a client uses."""
        self._held: dict[str, bytes] = {}
        self._measured: dict[str, Decimal | None] = {}

    def put(self, name: str, data: bytes) -> None:
        self._held[name] = data
        self._measured.pop(name, None)

    def get(self, name: str) -> bytes | None:
        return self._held.get(name)

    def seconds(self, name: str) -> Decimal | None:
        """The length of a file held here; None: no such file, or not audio."""
        data = self._held.get(name)
        if data is None:
            return None
        if name not in self._measured:
            self._measured[name] = measured(data, name)
        return self._measured[name]

    def listen(self, reference: str, host: str) -> Decimal | None:
        """The length of audio given by URL or data URI, in seconds; None: it cannot be had, or is not audio.

        A URL of ours is measured. Of any other: `?seconds=12.5`, else a name like talk-9.4s.mp3, else 10 s.
        """
        if reference.startswith("data:"):
            data = from_data_uri(reference)
            return None if data is None else measured(*data)
        if self._is_ours(reference, host):
            return self.seconds(own_name(reference))
        return stated(reference)

    def keep(self, name: str, reference: str, host: str) -> bool:
        """Hold under `name` what a data URI, base64 or URL gives; of another's URL only the length it states."""
        if reference.startswith("data:"):
            inline = from_data_uri(reference)
            data, kind = inline or (b"", "")
        elif self._is_ours(reference, host):
            data, kind = self.get(own_name(reference)) or b"", own_name(reference)
        elif reference.startswith(("http://", "https://")):
            self.put(name, reference.encode())
            self._measured[name] = stated(reference)
            return True
        else:
            data, kind = _base64(reference) or b"", ""
        if data:
            self.put(name, data)
            self._measured[name] = measured(data, kind)
        return bool(data)

    def holds(self, reference: str, host: str) -> bool:
        """Whether the provider could fetch this: a URL of ours must have been uploaded, a data URI must decode."""
        if reference.startswith("data:"):
            return from_data_uri(reference) is not None
        return not self._is_ours(reference, host) or bool(self.get(own_name(reference)))

    def _is_ours(self, reference: str, host: str) -> bool:
        return reference.startswith(tuple(f"{each}/files/" for each in (host, *self.hosts)))


def own_name(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2])


def fresh_name(name: str, unique: str) -> str:
    """A name no other upload has, safe in a URL, that still shows the file's own. `unique` starts with 8 hex digits."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name)[-80:].lstrip(".") or "file"
    return f"{unique[:8]}-{safe}"


def stated(url: str) -> Decimal:
    """The length a URL states about itself, else 10 s."""
    parts = urlsplit(url)
    for word in parse_qs(parts.query).get("seconds", []):
        seconds = seconds_of(word)
        if seconds is not None:
            return seconds
    found = _IN_NAME.findall(unquote(parts.path.rpartition("/")[2]))
    return (seconds_of(found[-1]) if found else None) or DEFAULT_SECONDS


def suffix(url: str) -> str:
    """What a URL's file name ends in, in lower case, without the dot; empty: nothing."""
    return own_name(url).lower().rpartition(".")[2] if "." in own_name(url) else ""


def seconds_of(value: object) -> Decimal | None:
    """Above zero, at most a day; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        seconds = Decimal(value)
    except InvalidOperation:
        return None
    return seconds if seconds.is_finite() and 0 < seconds <= LONGEST else None


def from_data_uri(uri: str) -> tuple[bytes, str] | None:
    """The bytes of data:…;base64,… and a name whose suffix says their kind."""
    head, comma, text = uri.partition(",")
    if not comma or not head.endswith(";base64"):
        return None
    data = _base64(text)
    kind = head.removeprefix("data:").removesuffix(";base64").partition(";")[0].rpartition("/")[2]
    return (data, f"inline.{_SUFFIX.get(kind.removeprefix('x-'), 'bin')}") if data else None


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def measured(data: bytes, name: str) -> Decimal | None:
    """The length of audio bytes: from a WAV's own frames, else as tinytag reads them; None: not audio."""
    seconds = _wave(data)
    if seconds is None:
        try:
            read = TinyTag.get(name, file_obj=BytesIO(data), tags=False).duration
        except Exception:
            # Whatever goes wrong while reading hostile bytes means one thing here: not audio.
            return None
        seconds = None if read is None else Decimal(repr(read))
    return seconds_of(seconds)


def _wave(data: bytes) -> Decimal | None:
    """Frames that are really there, over the frame rate; None: not a RIFF/WAVE file with both."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return None
    at, rate, align = 12, 0, 0
    while at + 8 <= len(data):
        tag, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if tag == b"fmt " and at + 24 <= len(data):
            rate, align = struct.unpack_from("<I4xH", data, at + 12)
        if tag == b"data":
            frames = min(size, len(data) - at - 8) // align if align else 0
            return Decimal(frames) / Decimal(rate) if rate and frames else None
        at += 8 + size + size % 2
    return None
