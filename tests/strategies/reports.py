"""Reports of all that can go wrong with words and amounts: markup, other scripts, halves of characters, nothing."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

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


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """The sample with other words and amounts, its lists short, some of them empty."""
    made = _other(draw, sample())
    for part in fields(Report):
        value = getattr(made, part.name)
        if isinstance(value, tuple) and part.name != "period" and draw(st.booleans()) and draw(st.booleans()):
            made = replace(made, **{part.name: ()})
    return made


def _other(draw: st.DrawFn, value: Any, name: str = "") -> Any:
    if isinstance(value, Money):
        nanos = draw(st.sampled_from((0, 1, -1, 10**7, 2**63 - 1)) | st.integers(-(10**13), 10**13))
        return Money(nanos, value.currency)
    if isinstance(value, str):
        return value if name in _KEPT else draw(words())
    if isinstance(value, Mapping):
        pairs: Mapping[str, str] = value
        return {key: draw(words()) for key in pairs}
    if isinstance(value, tuple):
        items: tuple[Any, ...] = value
        return tuple(_other(draw, one, name) for one in items[:2])
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _other(draw, getattr(value, one.name), one.name) for one in fields(value)})
    return value
