"""Saves a clip: whole or not at all, from where a break left off, never a second time bought. Sends no key.

A part of a clip that the server names by a strong ETag is kept beside the file under a name made of both, so that the
next call, in this process or another, goes on with it (`Range` with `If-Range`). Every other break starts over.
"""

import os
import re
import secrets
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import BoundedSemaphore
from typing import BinaryIO

import httpx

from .errors import BadRequest, ProviderError
from .transport import one_line, tls

if sys.platform != "win32":
    import fcntl

DOWNLOAD_BYTES_MAX = 4 * 2**30
TRIES = 4
"""In a row that brought nothing more."""
FIRST_PAUSE_S = 0.1
AT_ONCE = 8
"""Downloads of one process at the same time."""
_STRONG = re.compile(r'"[^"]+"')
_line_up = BoundedSemaphore(AT_ONCE)


class _Broke(Exception):
    """It broke off on the way and may be tried again; `kept` bytes of it are there to go on from."""

    def __init__(self, why: str, kept: int = 0) -> None:
        super().__init__(why)
        self.kept = kept


@dataclass(frozen=True, slots=True)
class _Source:
    client: httpx.Client
    url: str
    path: Path
    max_bytes: int


def download(url: str, path: Path, *, max_bytes: int = DOWNLOAD_BYTES_MAX, timeout_s: float = 60.0) -> Path:
    """Save what `url` holds as `path`, whole or not at all. Follows redirects, sends no key, buys nothing.

    A break on the way is tried again from there, a few times. Several processes may save the same file at once: it is
    whole at every instant. Raises BadRequest for a path that cannot take a file, ProviderError for anything that goes
    wrong on the way.
    """
    if path.is_dir():
        raise BadRequest(f"{path} is a folder, not a file to save the clip as", value=str(path), next="name a file")
    if not path.parent.is_dir():
        raise BadRequest(f"there is no folder {path.parent}", value=str(path), next="make it first")
    client = httpx.Client(verify=tls(), follow_redirects=True, max_redirects=5, timeout=timeout_s)
    try:
        with _line_up, client:
            _fetch(_Source(client, url, path, max_bytes))
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, _Broke) as error:
        raise ProviderError(
            f"the clip could not be saved from {url}: {one_line(str(error)) or type(error).__name__}",
            value=url,
            next="the job itself is unaffected; download it again",
        ) from error
    return path


def _fetch(source: _Source) -> None:
    failures, kept = 0, 0
    while True:
        try:
            return _try(source)
        except _Broke as error:
            failures = 0 if error.kept > kept else failures + 1
            kept = max(kept, error.kept)
            if failures >= TRIES:
                raise
        time.sleep(FIRST_PAUSE_S * 2**failures)


def _try(source: _Source) -> None:
    with _asked(source, {}) as whole:
        total = _length(whole)
        if total is not None and total > source.max_bytes:
            raise ValueError(f"more than {source.max_bytes} bytes")
        tag = whole.headers.get("etag", "")
        resumable = total is not None and _STRONG.fullmatch(tag) is not None
        with _part(source, tag if resumable else "") as (part, file):
            kept = file.seek(0, os.SEEK_END)
            if total is None or kept > total:
                kept = file.truncate(0)
            if kept == 0:
                _copy(source, whole, file, resumable=resumable)
            elif kept != total:
                whole.close()
                _go_on(source, file, kept, tag)
            file.flush()
            size = file.seek(0, os.SEEK_END)
            if size == 0:
                raise ValueError("the answer is empty")
            if total is not None and size != total:
                file.truncate(0)
                raise _Broke(f"{size} bytes came where {total} were announced")
            os.fsync(file.fileno())
            part.replace(source.path)
    _sync(source.path.parent)


def _go_on(source: _Source, file: BinaryIO, kept: int, tag: str) -> None:
    """Only what is still missing, if it is still of the same clip; else from the start."""
    with _asked(source, {"range": f"bytes={kept}-", "if-range": tag}) as rest:
        same = rest.headers.get("etag", tag) == tag and rest.headers.get("content-range", "").startswith(
            f"bytes {kept}-"
        )
        if rest.status_code == 206 and not same:
            raise ValueError("the server answered with another part than was asked for")
        if rest.status_code == 200:
            file.truncate(0)
        _copy(source, rest, file, resumable=True)


@contextmanager
def _asked(source: _Source, headers: Mapping[str, str]) -> Generator[httpx.Response]:
    """An answer whose body is still to be read: as it lies there, in no coding, so that its bytes can be counted."""
    headers = {"accept-encoding": "identity", "user-agent": "faregate", **headers}
    try:
        with source.client.stream("GET", source.url, headers=headers) as response:
            if response.status_code in (408, 425, 429) or response.status_code >= 500:
                raise _Broke(f"HTTP {response.status_code}")
            if response.status_code != 200 and not (response.status_code == 206 and "range" in headers):
                raise ValueError(f"HTTP {response.status_code}")
            yield response
    except (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError) as error:
        raise _Broke(f"{type(error).__name__}: {error}") from error


def _length(response: httpx.Response) -> int | None:
    """How many bytes will come; None: it does not say, or they come in a coding."""
    stated = response.headers.get("content-length", "")
    plain = response.headers.get("content-encoding", "identity") == "identity"
    return int(stated) if plain and stated.isascii() and stated.isdigit() else None


def _copy(source: _Source, response: httpx.Response, file: BinaryIO, *, resumable: bool) -> None:
    size = file.seek(0, os.SEEK_END)
    try:
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > source.max_bytes:
                raise ValueError(f"more than {source.max_bytes} bytes")
            file.write(chunk)
    except httpx.TransportError as error:
        raise _Broke(f"{type(error).__name__}: {error}", kept=file.tell() if resumable else 0) from error


@contextmanager
def _part(source: _Source, tag: str) -> Generator[tuple[Path, BinaryIO]]:
    """A file beside the one to be saved, ours alone. With a tag, what an earlier try left of this clip, if nobody else
    is at it; it stays when we break off."""
    name = f".{source.path.name[:100]}"
    if tag:
        shared = source.path.with_name(f"{name}.{sha256(f'{source.url} {tag}'.encode()).hexdigest()[:16]}.part")
        with shared.open("a+b") as file:
            if _is_ours(shared, file):
                yield shared, file
                return
    own = source.path.with_name(f"{name}.{secrets.token_hex(6)}.part")
    try:
        with own.open("xb") as file:
            yield own, file
    finally:
        own.unlink(missing_ok=True)


def _is_ours(path: Path, file: BinaryIO) -> bool:
    """Locked by us, and still the file of that name: another may have finished and moved it meanwhile."""
    if sys.platform == "win32":
        return False  # nobody else's part can be told from a dead one's there, so each has its own
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except OSError:
        return False


def _sync(folder: Path) -> None:
    """The name too is to outlive a power cut, where the system can do that."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
