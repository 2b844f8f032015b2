"""The inverse of a quote: the longest job that fits a budget, on a grid of whole milliseconds. Bisects, never scans."""

from collections.abc import Callable
from decimal import Decimal

from .rates import EXACT

_MILLI = Decimal("0.001")


def longest_ms(fits: Callable[[int], bool], limit_ms: int) -> int:
    """The largest n in 1 … limit_ms that fits, 0 if none; `fits` must not turn true again once false."""
    if fits(limit_ms):
        return limit_ms
    fitting, too_long = 0, limit_ms
    while too_long - fitting > 1:
        middle = (fitting + too_long) // 2
        if fits(middle):
            fitting = middle
        else:
            too_long = middle
    return fitting


def seconds_from_ms(ms: int) -> Decimal:
    """Exact, without trailing zeros: 9400 → 9.4, 10000 → 10."""
    whole, rest = divmod(ms, 1000)
    return EXACT.multiply(Decimal(ms), _MILLI).normalize(EXACT) if rest else Decimal(whole)


def ms_from_seconds(seconds: Decimal) -> int:
    """Whole milliseconds, rounded down."""
    numerator, denominator = seconds.as_integer_ratio()
    return numerator * 1000 // denominator
