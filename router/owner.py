"""Names this process, and tells whether a process so named still lives on this machine. Asks the system; no network."""

import os
import socket
from functools import cache
from itertools import count
from pathlib import Path

_followers = count(1)


@cache
def _name(pid: int) -> str:
    return f"{socket.gethostname()}/{pid}/{_started(pid)}"


def me() -> str:
    """`host/pid/start`: tells this process from every other, a later one with the same pid too."""
    return _name(os.getpid())


def claimant() -> str:
    """`me()#n`: tells each of this process's followers from the others."""
    return f"{me()}#{next(_followers)}"


def lives(claimant: str) -> bool | None:
    """`alive` for whoever a claim names."""
    return alive(claimant.rpartition("#")[0])


def alive(owner: str) -> bool | None:
    """Does that process still run? None where it cannot be told: another host, an unreadable name."""
    host, _, rest = owner.rpartition("/")[0].rpartition("/")
    start = owner.rpartition("/")[2]
    if host != socket.gethostname() or not rest.isdigit():
        return None
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return None
    now = _started(int(rest))
    return now == start if now and start else None


ENDED = "ended"
"""What `_started` answers for a process that has ended but that its parent has not yet buried: a start nobody has."""


def _started(pid: int) -> str:
    """When a process began, in kernel ticks; empty where the system does not say (a pid alone proves nothing)."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return ENDED if facts[0] in ("Z", "X") else facts[19]
    except (OSError, IndexError):
        return ""
