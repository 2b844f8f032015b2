"""From method and path to who answers, compiled once. Answers nothing itself but 404 and 405."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .wire import NO_HEADERS, Answer, Ask, said

Handler = Callable[[Ask], Answer]


@dataclass(frozen=True, slots=True)
class Door:
    """Who answers. {name} in a path is any one part of it, {name:path} all the rest."""

    verb: str
    path: str
    handler: Handler
    call: str = ""
    """What such a request is for, in the words of faults; empty: nothing a fault strikes, or the seller tells."""
    provider: str = ""
    """Whose faults strike it, where that is not whose door it is."""


Verbs = dict[str, tuple[str, Door]]


class Doors:
    """Exact paths first, then patterns in the order given."""

    def __init__(self, doors: Mapping[str, Iterable[Door]]) -> None:
        """By whose they are."""
        self._exact: dict[str, Verbs] = {}
        self._patterns: dict[tuple[str, ...], Verbs] = {}
        for owner, theirs in doors.items():
            for door in theirs:
                if "{" in door.path:
                    verbs = self._patterns.setdefault(tuple(door.path.split("/")), {})
                else:
                    verbs = self._exact.setdefault(door.path, {})
                verbs[door.verb] = owner, door

    def find(self, ask: Ask) -> tuple[str, Door, Mapping[str, str]] | Answer:
        """Whose door, the door, and the named parts of the path, else 404 or 405."""
        verbs = self._exact.get(ask.path, {})
        door = verbs.get(ask.method)
        if door is not None:
            return *door, NO_HEADERS
        path = ask.path.split("/")
        for pattern, each in self._patterns.items():
            found = _fit(pattern, path)
            if found is not None:
                if ask.method in each:
                    return *each[ask.method], found
                verbs = {**each, **verbs}
        if not verbs:
            return said(404, {"detail": "Not Found"})
        return said(405, {"detail": "Method Not Allowed"}, {"allow": ", ".join(sorted(verbs))})


def _fit(pattern: tuple[str, ...], path: list[str]) -> dict[str, str] | None:
    rest = pattern[-1].endswith(":path}")
    if len(path) < len(pattern) if rest else len(path) != len(pattern):
        return None
    found: dict[str, str] = {}
    for index, part in enumerate(pattern):
        if not part.startswith("{"):
            if part != path[index]:
                return None
        elif rest and index == len(pattern) - 1:
            found[part[1:-6]] = "/".join(path[index:])
        elif not path[index]:
            return None
        else:
            found[part[1:-1]] = path[index]
    return found
