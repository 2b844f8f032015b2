"""Files that are there whole or not at all: written beside, flushed to the disk, then renamed. Knows no format."""

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from ..errors import BadRequest


@contextmanager
def whole(path: Path) -> Generator[BinaryIO]:
    """A new file to write to; it takes the place of `path` once all went well. Raises BadRequest."""
    if path.is_dir():
        raise BadRequest(f"{path} is a folder", value=str(path), next="name a file")
    part = path.parent / f".{path.name[:80]}.{secrets.token_hex(6)}.part"
    try:
        with part.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        part.unlink(missing_ok=True)


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


def _unwritable(path: Path, error: OSError) -> BadRequest:
    return BadRequest(
        f"{path} cannot be written: {error.strerror or error}", value=str(path), next="name a file in a folder of yours"
    )
