"""fal's billing events and usage, by its platform API with an Admin key. Asks, pages on; reads no amount.

Source: https://fal.ai/docs/platform-apis/v1/models/billing-events and …/usage: at most 90 days a request, cursors.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Self
from urllib.parse import urlencode

from ..ports import Talk
from ..providers._http import absent, base_url, table, text
from ..talk import Call
from ._pages import PAGES_MOST, Fetched, asked, too_many

SPAN_DAYS = 30
"""Below the 90 that it takes: an answer stays small enough to be read whole."""
ROWS = 5_000
_PATHS = {"fal-billing-events": "billing-events", "fal-usage": "usage"}


class Fal:
    """fal's account."""

    def __init__(self, *, key: str, url: str) -> None:
        self._key, self._url = key, url

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        return cls(
            key=env.get("FAL_ADMIN_KEY", "").strip(),
            url=base_url(env, "FAREGATE_FAL_API_URL", "https://api.fal.ai/v1"),
        )

    @property
    def missing(self) -> str | None:
        return absent({"FAL_ADMIN_KEY": self._key})

    def pages(self, source: str, first: date, end: date, now: datetime) -> Talk[Fetched]:  # noqa: ARG002
        """All days, so many at a time, each until there is no further page."""
        found, start = list[object](), first
        while start < end:
            until, cursor, seen = min(end, start + timedelta(days=SPAN_DAYS)), "", set[str]()
            while True:
                answer = yield from asked(self._call(source, start, until, cursor), (self._key,))
                found.append(answer)
                if len(found) > PAGES_MOST:
                    raise too_many("fal")
                entry = table(answer)
                cursor = text(entry, "next_cursor")
                if not cursor or entry.get("has_more") is False:
                    break
                if cursor in seen:
                    raise too_many("fal")
                seen.add(cursor)
            start = until
        return Fetched("fal", source, (first, end), tuple(found))

    def _call(self, source: str, start: date, until: date, cursor: str) -> Call:
        query = {"start": f"{start}T00:00:00Z", "end": f"{until}T00:00:00Z"}
        query |= {"limit": str(ROWS)} if source == "fal-billing-events" else {"timeframe": "day"}
        query |= {"cursor": cursor} if cursor else {}
        return Call(
            "cost",
            "GET",
            f"{self._url}/models/{_PATHS[source]}?{urlencode(query)}",
            timeout_s=60,
            provider="fal",
            secret_headers={"authorization": f"Key {self._key}"},
        )
