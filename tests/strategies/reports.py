"""Reports of all that can go wrong with words and amounts: markup, other scripts, halves of characters, nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import cycle
from typing import Any, cast

from hypothesis import strategies as st

from ledger.report.values import Report
from pricing import Money
from tests.pages.sample import sample

HOSTILE = (
    "<script>alert(1)</script>",
    "</title></svg></style><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus=alert(1) x='",
    "{{ 7 * 7 }}{% include 'page.css' %}",
    "https://example.com/?a=1&b=2&amp;",
    "]]>-->&lt;&#0;",
    "\u202erofegatnavda\u2066",
    "مرحبا بالعالم",
    "👩\u200d👩\u200d👧\u200d👦" * 25,
    "漢字" * 60,
    "a" * 200,
    "\x00\x1b[31m\x85\ufdd0\U0001ffff\u2028",
    "\ud800",
    "",
)
_KEPT = {"currency", "id", "kind", "status", "verdict", "method"}
"""Fields of few allowed words."""


def words() -> st.SearchStrategy[str]:
    return st.sampled_from(HOSTILE) | st.text(max_size=60)


def amounts() -> st.SearchStrategy[int]:
    """Nanos: none, the least, the most, any."""
    return st.sampled_from((0, 1, -1, 10**7, 2**63 - 1)) | st.integers(-(10**13), 10**13)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """The sample with other words and amounts, its lists short, some of them empty."""
    said = cycle(draw(st.lists(words(), min_size=1, max_size=9)))
    nanos = cycle(draw(st.lists(amounts(), min_size=1, max_size=7)))
    made: Report = _other(sample(), said, nanos)
    lists = [part.name for part in fields(Report) if isinstance(getattr(made, part.name), tuple)]
    empty = draw(st.sets(st.sampled_from(lists), max_size=4)) - {"period"}
    return replace(made, **dict.fromkeys(empty, ()))


def _other(value: Any, said: Iterator[str], nanos: Iterator[int], name: str = "") -> Any:
    if isinstance(value, Money):
        return Money(next(nanos), value.currency)
    if isinstance(value, str):
        return value if name in _KEPT else next(said)
    if isinstance(value, Mapping):
        return {key: next(said) for key in cast("Mapping[str, str]", value)}
    if isinstance(value, tuple):
        return tuple(_other(one, said, nanos, name) for one in cast("tuple[Any, ...]", value)[:2])
    if is_dataclass(value) and not isinstance(value, type):
        parts = {one.name: _other(getattr(value, one.name), said, nanos, one.name) for one in fields(value)}
        return replace(value, **parts)
    return value
