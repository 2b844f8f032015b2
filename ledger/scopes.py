"""Scope paths such as `acme/campaign-7` and their ancestors. Pure."""

import re
from functools import lru_cache

from .errors import BadScope

MAX_SEGMENTS = 8
_SEGMENT = re.compile(r"[A-Za-z0-9._-]{1,64}")


@lru_cache(maxsize=4096)
def chain(scope: str) -> tuple[str, ...]:
    """The scope and its ancestors, root first: `a/b` -> `("a", "a/b")`. Raises BadScope."""
    segments = scope.split("/")
    if len(segments) > MAX_SEGMENTS or not all(map(_SEGMENT.fullmatch, segments)):
        shown = scope if len(scope) <= 80 else scope[:79] + "…"
        rule = f"1 to {MAX_SEGMENTS} segments of up to 64 letters, digits, '.', '_' or '-', joined by '/'"
        raise BadScope(
            f"{shown!r} is not a scope, which is {rule}",
            value=shown,
            limit=rule,
            next="write something like acme/campaign-7",
        )
    return tuple("/".join(segments[: n + 1]) for n in range(len(segments)))


def inside(scope: str) -> tuple[str, str]:
    """The half-open range of text that holds every path below `scope` ("0" is the character after "/")."""
    return f"{scope}/", f"{scope}0"
