"""Zones, instants near a change of their clocks, and windows of budgets. Never an instant before 1971 or after 2100."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import strategies as st

from ledger.instants import WEEKDAYS

_ODD_ZONES = (
    *("Pacific/Apia", "Pacific/Kwajalein", "America/St_Johns", "America/Sao_Paulo", "America/Havana"),
    *("America/Nuuk", "Africa/Cairo", "Africa/Casablanca", "Asia/Gaza", "Asia/Tehran", "Australia/Lord_Howe"),
)
"""Where the clocks moved at midnight, across it, by half an hour, or by a day."""


def zones() -> st.SearchStrategy[str]:
    """IANA zones, the odd ones as often as all others."""
    return st.sampled_from(_ODD_ZONES) | st.sampled_from(sorted(available_timezones() - {"localtime"}))


@st.composite
def local_instants(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone, and an instant from 1971 to 2100: mostly within two days of a change of its clocks, where it has one."""
    zone = draw(zones())
    first = datetime(draw(st.integers(1971, 2037) | st.integers(1971, 2099)), 1, 1, tzinfo=UTC)
    days = [first + timedelta(days=number) for number in range(366)]
    offsets = [day.astimezone(ZoneInfo(zone)).utcoffset() for day in days]
    changes = [day for day, now, then in zip(days, offsets, offsets[1:], strict=False) if now != then]
    day = draw(st.sampled_from(changes or days))
    return zone, day + timedelta(seconds=draw(st.integers(-86_400, 2 * 86_400)))


def budget_windows() -> st.SearchStrategy[tuple[str, str]]:
    """A window that turns over, and the first day of a week."""
    return st.sampled_from([("day", ""), ("month", ""), ("week", "")]) | st.tuples(
        st.just("week"), st.sampled_from(WEEKDAYS)
    )
