"""Creatify's lists of Aurora and template jobs: the price of each stands on it. Asks, pages on; reads no amount.

Source: https://docs.creatify.ai/api-documentation: lists are bare arrays, paged ones objects with `results`, `next`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Self

from ..errors import ProviderError
from ..ports import Talk
from ..providers._http import absent, base_url, is_array, line, table, text
from ..talk import Call
from ._pages import PAGES_MOST, Fetched, asked, too_many

_LISTS = ("aurora", "custom_template_jobs")


class Creatify:
    """Creatify's account."""

    def __init__(self, *, api_id: str, key: str, url: str) -> None:
        self._id, self._key, self._url = api_id, key, url

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        return cls(
            api_id=env.get("CREATIFY_API_ID", "").strip(),
            key=env.get("CREATIFY_API_KEY", "").strip(),
            url=base_url(env, "FAREGATE_CREATIFY_URL", "https://api.creatify.ai"),
        )

    @property
    def missing(self) -> str | None:
        return absent({"CREATIFY_API_ID": self._id, "CREATIFY_API_KEY": self._key})

    def pages(self, source: str, first: date, end: date, now: datetime) -> Talk[Fetched]:  # noqa: ARG002
        """Both lists, whole: they cannot be asked for some days only."""
        found = list[object]()
        for name in _LISTS:
            url, seen = f"{self._url}/api/{name}/?ordering=-created_at", set[str]()
            while url:
                if url in seen or len(found) > PAGES_MOST:
                    raise too_many("creatify")
                seen.add(url)
                answer = yield from asked(self._call(url), (self._key, self._id))
                if not (is_array(answer) or "results" in table(answer)):
                    raise ProviderError("creatify's list of jobs is not in its documented form", value=name)
                found.append(answer)
                url = text(table(answer), "next")
                if url and not url.startswith(f"{self._url}/"):  # the keys go nowhere else
                    raise ProviderError(f"creatify names a further page outside {self._url}", value=line(url)[:80])
        return Fetched("creatify", source, (first, end), tuple(found))

    def _call(self, url: str) -> Call:
        return Call(
            "cost",
            "GET",
            url,
            timeout_s=60,
            provider="creatify",
            secret_headers={"x-api-id": self._id, "x-api-key": self._key},
        )
