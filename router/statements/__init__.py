"""Bills at their sellers as conversations without I/O: what to ask, page after page. Reads no amount, keeps nothing."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from ..errors import BadRequest, NotConfigured
from ..ports import Talk
from ._pages import Fetched
from .creatify import Creatify
from .fal import Fal
from .runware import Runware

__all__ = ["LAG_DAYS", "SOURCES", "Fetched", "fetch", "missing", "since"]

SOURCES: Mapping[str, tuple[str, ...]] = {
    "creatify": ("creatify-jobs",),
    "fal": ("fal-billing-events", "fal-usage"),
    "runware": ("runware-usage",),
}
"""What each seller can be asked for; the first is asked unless another is named."""
LAG_DAYS: Mapping[str, int] = {"creatify-jobs": 7, "fal-billing-events": 3, "fal-usage": 3, "runware-usage": 3}
"""So many days before the end of what is known are asked again: charges come late, and some are given back."""
FIRST_DAYS = 30
"""So far back goes the first look."""
DAYS_MOST = 800
_FETCHERS: Mapping[str, type[Creatify] | type[Fal] | type[Runware]] = {
    "creatify-jobs": Creatify,
    "fal-billing-events": Fal,
    "fal-usage": Fal,
    "runware-usage": Runware,
}


def since(source: str, known_until: date | None, today: date) -> date:
    """The first day to ask for, when what is known of a source ends before that day; None: nothing is."""
    if known_until is None:
        return today - timedelta(days=FIRST_DAYS)
    return min(known_until, today) - timedelta(days=LAG_DAYS[source])


def missing(source: str, env: Mapping[str, str]) -> str | None:
    """The keys that asking would take and the environment does not have; None: all are there."""
    return _FETCHERS[source].from_env(env).missing


def fetch(source: str, env: Mapping[str, str], *, first: date, end: date, now: datetime) -> Talk[Fetched]:
    """Everything that a source has of the days from `first` to before `end`. Raises BadRequest, ProviderError.

    `now` makes the ids of requests that need one. Raises NotConfigured without keys.
    """
    if source not in _FETCHERS:
        known = ", ".join(_FETCHERS)
        raise BadRequest(f"{source!r} cannot be fetched", value=source, limit=known, next=f"use {known}")
    if not 0 < (end - first).days <= DAYS_MOST:
        raise BadRequest(
            f"from {first} to before {end} is not 1 to {DAYS_MOST} days", value=f"{first}/{end}", next="ask for less"
        )
    fetcher = _FETCHERS[source].from_env(env)
    if fetcher.missing is not None:
        raise NotConfigured(
            f"{source} needs {fetcher.missing}", value=fetcher.missing, next="set it in the environment"
        )
    return fetcher.pages(source, first, end, now)
