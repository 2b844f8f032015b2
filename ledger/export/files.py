"""Files that are there whole or not at all: written beside, flushed to the disk, then renamed. Knows no format."""

import errno
import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from ..errors import BadRequest, LedgerError, StorageError

_DATABASE = b"SQLite format 3\0"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


@contextmanager
def whole(path: Path) -> Generator[BinaryIO]:
    """A new file to write to; it takes the place of `path` once all went well, and its mode. A link stays a link; a
    device or a pipe is written to. Raises BadRequest, also for a database; StorageError where the disk is full.
    """
    try:
        place = Path(os.path.realpath(path))
        mode = place.stat().st_mode if place.exists() else None
        if mode is not None and stat.S_ISREG(mode):
            with place.open("rb") as there:
                if there.read(len(_DATABASE)) == _DATABASE:
                    raise BadRequest(f"{path} is a database", value=str(path), next="name another file")
    except (OSError, ValueError) as error:
        raise error if isinstance(error, BadRequest) else _unwritable(path, error) from error
    if mode is not None and stat.S_ISDIR(mode):
        raise BadRequest(f"{path} is a folder", value=str(path), next="name a file")
    if mode is not None and not stat.S_ISREG(mode):
        with _told(path), place.open("wb") as out, spooled(cast("BinaryIO", out)) as file:
            yield file
        return
    part = place.parent / f".{place.name[:80]}.{secrets.token_hex(6)}.part"
    try:
        with _told(path):
            with part.open("x+b") as file:
                yield cast("BinaryIO", file)
                file.flush()
                os.fsync(file.fileno())
            if mode is not None:
                part.chmod(stat.S_IMODE(mode))
            part.replace(place)
            _flush_folder(place.parent)
    finally:
        with suppress(OSError):
            part.unlink()


@contextmanager
def spooled(out: BinaryIO) -> Generator[BinaryIO]:
    """The same for a stream: it is given everything once all went well, or nothing."""
    with tempfile.TemporaryFile() as file:
        yield cast("BinaryIO", file)
        file.seek(0)
        shutil.copyfileobj(file, out)
        out.flush()


def _flush_folder(folder: Path) -> None:
    """So that the new name, too, survives a power cut; some systems cannot open a folder."""
    if sys.platform == "win32":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _told(path: Path) -> Generator[None]:
    """What the system says of a file, as one line of ours."""
    try:
        yield
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError | ValueError) -> LedgerError:
    said = f"{path} cannot be written: {getattr(error, 'strerror', None) or error}"
    if isinstance(error, OSError) and error.errno in _FULL:
        return StorageError(said, value=str(path), next="free some space; nothing was changed")
    return BadRequest(said, value=str(path), next="name a file in a folder of yours")
