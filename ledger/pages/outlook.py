"""What a budget's numbers say in one line: past its limit, bound to pass it, or within. Forecasts nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from ..report.values import BurnDown
from .parts import Tone
from .text import Drawn, exact, joined, percent, sum_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """A tone, a word or three, and the end of a sentence that begins with the budget's name."""

    tone: Tone
    short: str
    parts: tuple[str | int, ...]
    """Words, and amounts in nanos."""
    currency: str

    def shown(self) -> Drawn:
        return joined(*(part if isinstance(part, str) else sum_of(part, self.currency) for part in self.parts))

    def __str__(self) -> str:
        return "".join(part if isinstance(part, str) else f"{exact(part)} {self.currency}" for part in self.parts)


def stands(burn: BurnDown) -> tuple[int, int]:
    """(spent, held) now, in nanos."""
    if burn.forecast is not None:
        return burn.forecast.spent.nanos, burn.forecast.held.nanos
    return (burn.points[-1].spent.nanos, burn.points[-1].held.nanos) if burn.points else (0, 0)


def verdict(burn: BurnDown) -> Verdict:
    """How it stands against its limit."""
    spent, held = stands(burn)
    if burn.limit is None:
        return Verdict("calm", "no limit", ("has no limit",), burn.currency)
    limit, ahead = burn.limit.nanos, burn.forecast
    if spent > limit:
        return Verdict("alarm", "past its limit", ("is past its limit by ", spent - limit), burn.currency)
    if ahead is None:
        left = "has ", limit - spent - held, " of its limit left; there is no forecast"
        return Verdict("calm", "no forecast", left, burn.currency)
    spare = limit - ahead.expected.nanos
    if spare < 0:
        when = "" if ahead.exhausts_on is None else f" on {ahead.exhausts_on}"
        over = f"should pass its limit{when}, by ", -spare, " at the end"
        return Verdict("alarm", "headed past it", over, burn.currency)
    within = "should end within its limit, with ", spare, " to spare"
    if ahead.high is not None and ahead.high.nanos > limit:
        return Verdict("watch", "close", (*within, ", but may pass it"), burn.currency)
    return Verdict("calm", "within", within, burn.currency)


def promise(burn: BurnDown) -> str:
    """How often the band held when it was tried, or why there is none."""
    ahead = burn.forecast
    if ahead is None:
        return "No forecast could be made."
    if ahead.low is None or ahead.high is None:
        return "No band: too few past checks tell how often it would hold."
    said = "The band is meant to hold 8 times in 10"
    if ahead.coverage is None:
        return f"{said}; it was not checked on the past."
    inside, of = ahead.coverage
    return f"{said}; checked on the past, it held {inside} of {of} times{f' ({percent(inside, of)})' if of else ''}."


def pressing(burns: Iterable[BurnDown]) -> list[BurnDown]:
    """Those nearest to their limit, or furthest past it, first; those without one last."""
    return sorted(burns, key=_pressure)


def _pressure(burn: BurnDown) -> tuple[object, ...]:
    spent, held = stands(burn)
    reached = spent + held if burn.forecast is None else max(spent + held, burn.forecast.expected.nanos)
    if burn.limit is None:
        return 1, Fraction(0), -reached, burn.scope, burn.window, burn.currency
    share = Fraction(reached, burn.limit.nanos) if burn.limit.nanos > 0 else Fraction(reached + 10**18)
    return 0, -share, -reached, burn.scope, burn.window, burn.currency


def chief(burns: Iterable[BurnDown], scope: str | None) -> BurnDown | None:
    """The budget that the report is about: of its scope, or else the broadest; one that looks ahead before others."""
    ranked = sorted(
        burns,
        key=lambda burn: (
            burn.scope != scope,
            burn.forecast is None or burn.ends is None,
            burn.limit is None,
            burn.scope.count("/"),
            -stands(burn)[0],
            burn.scope,
            burn.window,
        ),
    )
    return ranked[0] if ranked else None
