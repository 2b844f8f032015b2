"""From method and path to who answers, compiled once. Answers nothing itself but 404 and 405."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from .wire import Answer, Ask, said

Handler = Callable[[Ask], Answer]
Door = tuple[str, str, Handler]
"""Method, path, and who answers. {name} in a path is any one part of it, {name:path} all the rest."""

Verbs = dict[str, Handler]


class Doors:
    """Exact paths first, then patterns in the order given."""

    def __init__(self, doors: Iterable[Door]) -> None:
        self._exact: dict[str, Verbs] = {}
        self._patterns: dict[tuple[str, ...], Verbs] = {}
        for verb, path, handler in doors:
            verbs = (
                self._patterns.setdefault(tuple(path.split("/")), {})
                if "{" in path
                else self._exact.setdefault(path, {})
            )
            verbs[verb] = handler

    def answer(self, ask: Ask) -> Answer:
        verbs, parts = self._exact.get(ask.path, {}), None
        if ask.method not in verbs:
            verbs, parts = self._among_patterns(ask, verbs)
        handler = verbs.get(ask.method)
        if handler is None:
            return _nobody(verbs)
        return handler(ask if parts is None else replace(ask, parts=parts))

    def _among_patterns(self, ask: Ask, verbs: Verbs) -> tuple[Verbs, Mapping[str, str] | None]:
        """The first pattern with this method; else whatever the path has, for the 405."""
        path, named = ask.path.split("/"), None
        for pattern, each in self._patterns.items():
            found = _fit(pattern, path)
            if found is None:
                continue
            if ask.method in each:
                return each, found
            verbs, named = {**each, **verbs}, found
        return verbs, named


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


def _nobody(verbs: Verbs) -> Answer:
    if not verbs:
        return said(404, {"detail": "Not Found"})
    return said(405, {"detail": "Method Not Allowed"}, {"allow": ", ".join(sorted(verbs))})
