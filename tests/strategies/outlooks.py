"""Daily spend and questions about where it leads. Never a day that lies ahead, nor an amount past all money."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from ledger.forecast import Lot, Planned, Question
from pricing import Money

_MOST = 10**14
_CLOCKS = (
    ("UTC", datetime(2026, 11, 10, 12, tzinfo=UTC)),
    ("Europe/Paris", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),  # a day of 23 hours
    ("Europe/Paris", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # and one of 25
    ("America/Havana", datetime(2026, 11, 1, 4, 30, tzinfo=UTC)),  # midnight comes twice
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
)


def noise(seed: int, count: int, *, low: int = 50, high: int = 150) -> list[int]:
    """Whole dollars between two bounds as nanos, without a pattern; the same for the same seed."""
    found: list[int] = []
    state = seed * 2 + 1
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        found.append((low + (state >> 33) % (high - low + 1)) * 10**9)
    return found


@st.composite
def day_amounts(draw: st.DrawFn, most_days: int = 50) -> list[int]:
    """Days of one kind: alike, mostly nothing, at another level half-way, rising, or anything, refunds too."""
    count = draw(st.sampled_from([0, 1, 2, 3, 6, 13, 14, 15, 28, 35, 42, most_days]))
    kind = draw(st.sampled_from(["alike", "sparse", "changed", "rising", "anything"]))
    if kind == "anything":
        return draw(st.lists(st.integers(-_MOST // 100, _MOST // 10), min_size=count, max_size=count))
    level, seed = draw(st.integers(1, _MOST // 10**12)), draw(st.integers(0, 10**6))
    days = [level * amount for amount in noise(seed, count)]
    if kind == "sparse":
        return [day if place % 5 == seed % 5 else 0 for place, day in enumerate(days)]
    if kind == "changed":
        return [day * (1 if place * 2 < count else 7) for place, day in enumerate(days)]
    return [day * (100 + 3 * place) // 100 for place, day in enumerate(days)] if kind == "rising" else days


def _amounts(most: int = _MOST) -> st.SearchStrategy[Money]:
    return st.builds(Money, st.integers(0, most), st.just("USD"))


@st.composite
def questions(draw: st.DrawFn, *, most_days: int = 50) -> Question:
    """Any of them: no history, a limit that is passed, a window that ends today, days of 23 and 25 hours."""
    tz, at = draw(st.sampled_from(_CLOCKS))
    at += timedelta(minutes=draw(st.integers(-2000, 2000)))
    now = at.astimezone(ZoneInfo(tz)).date()
    begun, left = draw(st.integers(0, 30)), draw(st.integers(1, 35))
    window = (now - timedelta(days=begun), now + timedelta(days=left))
    amounts = draw(day_amounts(most_days))
    days = {now - timedelta(days=len(amounts) - place): amount for place, amount in enumerate(amounts)}
    if draw(st.booleans()):
        days[now] = draw(st.integers(0, _MOST))
    batches = st.builds(Planned, st.text("ab", max_size=2), _near(now), _amounts())
    lots = st.builds(Lot, st.text("ab", max_size=2), _amounts(), st.none() | _near(now))
    return Question(
        scope="acme",
        currency="USD",
        window=window,
        tz=tz,
        at=at,
        days=days,
        spent=Money(sum(amount for day, amount in days.items() if day >= window[0]), "USD"),
        held=draw(_amounts()),
        limit=draw(st.none() | _amounts(20 * _MOST)),
        planned=tuple(draw(st.lists(batches, max_size=3))),
        lots=tuple(draw(st.lists(lots, max_size=3))),
        drawn=draw(st.just(days) | st.just(_NONE)),
    )


_NONE: Mapping[date, int] = {}


def _near(now: date) -> st.SearchStrategy[date]:
    return st.integers(-40, 60).map(lambda days: now + timedelta(days=days))
