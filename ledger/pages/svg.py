"""Charts by hand: widths in percent, heights in pixels, so that words keep their size. Knows no report.

Money arrives in whole nanos and leaves as a place on the screen: the one use of a float.
"""

from collections.abc import Iterable
from html import escape
from itertools import count

from .text import Drawn, cut, plain

Place = int | float | str


class Ids:
    """Names for what a chart's description is found by. One for a page, so that no name comes twice."""

    def __init__(self) -> None:
        self._next = count(1)

    def __call__(self) -> str:
        return f"c{next(self._next)}"


def across(part: int, whole: int) -> str:
    """How far along the width, as a percentage of at most two decimals."""
    return f"{round(part * 10_000 / whole) / 100:g}%" if whole else "0%"


def place(value: Place) -> str:
    return value if isinstance(value, str) else f"{round(value, 1):g}"


def tag(name: str, kind: str = "", inside: str = "", **at: Place) -> str:
    """One element. What stands inside is markup already."""
    said = "".join(f' {key.replace("_", "-")}="{place(value)}"' for key, value in at.items())
    css = f' class="{kind}"' if kind else ""
    return f"<{name}{css}{said}>{inside}</{name}>" if inside else f"<{name}{css}{said}/>"


def line(kind: str, x1: Place, y1: Place, x2: Place, y2: Place) -> str:
    return tag("line", kind, x1=x1, y1=y1, x2=x2, y2=y2)


def rect(kind: str, x: Place, y: Place, width: Place, height: Place) -> str:
    return tag("rect", kind, x=x, y=y, width=width, height=height)


def label(kind: str, x: Place, y: Place, said: str) -> str:
    return tag("text", kind, escape(plain(said)), x=x, y=y)


def name(x: Place, y: Place, said: str, after: str = "") -> list[str]:
    """A name in bold: cut short on a narrow screen only."""
    long, short = cut(said, 80), cut(said, 30 - len(after) // 2)
    if long == short:
        return [label("name", x, y, long + after)]
    return [label("name wide", x, y, long + after), label("name narrow", x, y, short + after)]


def told(marks: Iterable[str], said: str) -> str:
    """Marks that say what they are when pointed at."""
    return f"<g><title>{escape(plain(said))}</title>{''.join(marks)}</g>"


def polygon(kind: str, points: Iterable[tuple[float, float]], height: Place) -> str:
    """A shape whose corners are in percent of the width and pixels of the height."""
    corners = " ".join(f"{place(x)},{place(y)}" for x, y in points)
    shape = f'<polygon class="{kind}" points="{corners}"/>'
    box = f'viewBox="0 0 100 {place(height)}" preserveAspectRatio="none"'
    return f'<svg x="0" y="0" width="100%" height="{place(height)}" {box}>{shape}</svg>'


def chart(name: str, height: int, title: str, description: str, marks: Iterable[str]) -> Drawn:
    """The whole drawing; its title and description are what a screen reader says."""
    head = (
        f'<svg class="chart" width="100%" height="{height}" role="img" aria-labelledby="{name}t {name}d">'
        f'<title id="{name}t">{escape(plain(title))}</title><desc id="{name}d">{escape(plain(description))}</desc>'
    )
    return Drawn(f"{head}{''.join(marks)}</svg>")


def ticks(top: int, most: int = 4) -> list[int]:
    """Round values from 0 up to `top`, evenly spaced: steps of 1, 2 or 5 and noughts."""
    if top <= 0:
        return [0]
    step = 1
    while True:
        for times in (1, 2, 5):
            if top // (step * times) <= most:
                return list(range(0, top + 1, step * times))
        step *= 10


def round_amount(nanos: int) -> str:
    """A round amount, without noughts behind it."""
    whole, rest = divmod(nanos, 10**9)
    return f"{whole:,}.{f'{rest:09d}'.rstrip('0')}".rstrip(".")


class Scale:
    """Amounts as heights above a base: `top` pixels for none left, `base` for nothing."""

    def __init__(self, largest: int, top: int, base: int) -> None:
        self.largest, self.top, self.base = max(largest, 1), top, base

    def y(self, nanos: int) -> float:
        inside = min(max(nanos, 0), self.largest)
        return self.base - inside / self.largest * (self.base - self.top)

    def lines(self, most: int = 4) -> list[str]:
        """A line for each round amount."""
        values = [(value, self.y(value)) for value in ticks(self.largest, most)]
        return [line("grid" if value else "axis", 0, y, "100%", y) for value, y in values]

    def words(self, most: int = 4) -> list[str]:
        """The round amounts, above their lines: to be drawn last."""
        return [
            label("tick", 0, self.y(value) - 4, round_amount(value)) for value in ticks(self.largest, most) if value
        ]

    def bar(self, kind: str, x: str, width: str, start: int, end: int) -> str:
        low, high = self.y(start), self.y(end)
        return rect(kind, x, high, width, low - high) if low - high > 0.05 else ""
