"""How long a voice track is, and what it is: measured before anything is held or sent. Reads files, asks nobody.

A second is money: what is present in the file is counted and held against what its header claims.
"""

import hashlib
import mmap
import stat
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from io import BufferedReader
from pathlib import Path

from tinytag import TinyTag, TinyTagException

from pricing import decimal_of

from .errors import BadMedia
from .media import Length, Unsound, exact_length, kind_of
from .request import is_url

__all__ = ["BYTES_MAX", "SECONDS_MAX", "Media", "digest", "is_url", "measure"]

BYTES_MAX = 200 * 10**6
SECONDS_MAX = 6 * 3600
FORMATS = "WAV, MP3, FLAC, Ogg, Opus, M4A, AIFF or WMA"


@dataclass(frozen=True, slots=True)
class Media:
    """A local audio file as it was when it was measured."""

    path: Path
    kind: str
    """wav, mp3, flac, ogg, mp4, aiff or wma: by its content, not its name."""
    seconds: Decimal
    """Up to the next millisecond."""
    sha256: str
    size: int
    """In bytes."""
    note: str = ""


def measure(path: Path) -> Media:
    """Raises BadMedia for whatever is not a whole audio file of a believable length."""
    with _opened(path, "an audio file") as file:
        sha256, size = _digest(file), file.tell()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as data:
            kind = kind_of(data)
            if kind is None:
                raise BadMedia(f"{path} is not audio", value=str(path), limit=FORMATS, next=f"give {FORMATS}")
            try:
                length = exact_length(kind, data)
            except Unsound as error:
                raise _bad(path, str(error)) from None
    length = length or _tinytag(path)
    if length.seconds <= 0:
        raise _bad(path, "it holds no sound")
    if length.seconds > SECONDS_MAX:
        raise BadMedia(
            f"{path} lasts {float(length.seconds):.0f} s, the limit is {SECONDS_MAX} s",
            value=f"{float(length.seconds):.3f}",
            limit=str(SECONDS_MAX),
            next="cut it into shorter tracks",
        )
    return Media(path, kind, _milliseconds_up(length.seconds), sha256, size, length.note)


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex: to see whether it is still the same. Raises BadMedia."""
    with _opened(path, "a file") as file:
        return _digest(file)


def _opened(path: Path, wanted: str) -> BufferedReader:
    """The open file, after the checks that need no look inside."""
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise BadMedia(f"{path} is a folder, not {wanted}", value=str(path), next=f"name {wanted}")
        if not stat.S_ISREG(found.st_mode):
            raise BadMedia(f"{path} is not a regular file", value=str(path), next=f"name {wanted}")
        if found.st_size == 0:
            raise BadMedia(f"{path} is empty", value="0 bytes", next=f"name {wanted}")
        if found.st_size > BYTES_MAX:
            raise BadMedia(
                f"{path} has {found.st_size} bytes, the limit is {BYTES_MAX}",
                value=str(found.st_size),
                limit=str(BYTES_MAX),
                next="give a URL or a smaller file",
            )
        return path.open("rb")
    except FileNotFoundError:
        raise BadMedia(f"there is no file {path}", value=str(path), next="check the path") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise BadMedia(f"{path!s:.200} cannot be read: {why}", value=str(path), next="check the path") from None


def _digest(file: BufferedReader) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()


def _tinytag(path: Path) -> Length:
    """The general reader, for formats that are not counted here."""
    try:
        seconds = TinyTag.get(path, tags=False, image=False).duration
    except (TinyTagException, OSError, ValueError, ArithmeticError, LookupError) as error:
        raise _bad(path, f"it cannot be read as audio ({type(error).__name__})") from None
    if seconds is None:
        raise _bad(path, "it does not say how long it is")
    return Length(Fraction(decimal_of(seconds)), "length as its header says")


def _milliseconds_up(seconds: Fraction) -> Decimal:
    return Decimal(-(-seconds.numerator * 1000 // seconds.denominator)) / 1000


def _bad(path: Path, why: str) -> BadMedia:
    return BadMedia(f"{path} is no usable audio: {why}", value=str(path), next="export it again, as WAV or MP3")
