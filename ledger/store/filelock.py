"""The queue of writers on one SQLite file: an advisory lock on a file beside it. Never touches the database itself.

SQLite's own busy handler polls and is unfair: with eight writers one may wait for seconds. A file lock hands over in
order, which bounds the worst wait, and it keeps writers and checkpoints apart (the WAL-reset bug below 3.51.3).
"""

import sys
import threading
from pathlib import Path
from typing import IO

from ..errors import StorageError

if sys.platform != "win32":
    import fcntl


class FileLock:
    """An exclusive lock that one thread of a process takes at a time."""

    def __init__(self, path: Path) -> None:
        """Raises OSError where no lock can be had: not POSIX, or a file system without locks."""
        self._path = path
        self._file: IO[bytes] = path.open("ab")
        try:
            _take(self._file, wait=False)
            _give(self._file)
        except BlockingIOError:
            pass  # somebody holds it, so it works
        except OSError:
            self._file.close()
            raise

    def acquire(self, timeout_s: float) -> None:
        """Wait in line. Raises StorageError after `timeout_s`."""
        try:
            _take(self._file, wait=False)
        except BlockingIOError:
            self._wait(timeout_s)

    def release(self) -> None:
        _give(self._file)

    def close(self) -> None:
        self._file.close()

    def _wait(self, timeout_s: float) -> None:
        # A blocked flock cannot be given a time-out, and only it stands in line: so a helper thread stands there.
        waiter = _Waiter(self._file)
        granted = False
        try:
            granted = waiter.granted(timeout_s)
        finally:
            if not granted:
                # The stand may still be called up, and closes its file then; we go on with another one.
                self._file = self._path.open("ab")
        if not granted:
            raise StorageError(
                f"the database stayed locked for {timeout_s:g} s by another process",
                limit=f"{timeout_s:g} s",
                next="end the process that holds it, or try again",
            )


class _Waiter:
    """One stand in the line, given up when it takes too long."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._guard = threading.Lock()
        self._done = threading.Event()
        self._abandoned = False
        threading.Thread(target=self._stand, name="faregate-lock", daemon=True).start()

    def granted(self, timeout_s: float) -> bool:
        """Whether our turn came; False (or an interrupt) gives the stand up for good."""
        came = False
        try:
            came = self._done.wait(timeout_s)
        finally:
            if not came:
                with self._guard:
                    self._abandoned = True
                    if self._done.is_set():  # it came in between: let the next one go
                        self._file.close()
        return came

    def _stand(self) -> None:
        _take(self._file, wait=True)
        with self._guard:
            if self._abandoned:
                self._file.close()
            else:
                self._done.set()


def _take(file: IO[bytes], *, wait: bool) -> None:
    """Raises BlockingIOError when it is taken and we do not wait, another OSError where there are no locks."""
    if sys.platform == "win32":
        raise OSError("no file locks on this system")
    fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


def _give(file: IO[bytes]) -> None:
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_UN)
