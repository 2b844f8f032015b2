"""Runware's usage activity, a day and its models at a time. Asks only; reads no amount.

Source: https://runware.ai/docs/models-api/account-management: rows are grouped by date or by model, not by both, so
each day is asked for by itself and written into its rows.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Self
from uuid import UUID

from ..errors import ProviderError
from ..ports import Talk
from ..providers._http import absent, base_url, complaint, line, rows, table, text
from ..talk import Call
from ._pages import Fetched, asked

AT_ONCE = 10
"""So many days in one request."""
_LISTS = ("rows", "activity", "usage", "results", "items")


class Runware:
    """Runware's account."""

    def __init__(self, *, key: str, url: str) -> None:
        self._key, self._url = key, url

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        return cls(
            key=env.get("RUNWARE_API_KEY", "").strip(),
            url=base_url(env, "FAREGATE_RUNWARE_URL", "https://api.runware.ai/v1"),
        )

    @property
    def missing(self) -> str | None:
        return absent({"RUNWARE_API_KEY": self._key})

    def pages(self, source: str, first: date, end: date, now: datetime) -> Talk[Fetched]:
        """Every day. Raises ProviderError for one that is refused: with a gap the whole would not be complete."""
        days = [first + timedelta(days=number) for number in range((end - first).days)]
        found = list[object]()
        for start in range(0, len(days), AT_ONCE):
            tasks = {_name(day, now): day for day in days[start : start + AT_ONCE]}
            answer = yield from asked(self._call(tasks), (self._key,))
            found.append({"data": self._rows(answer, tasks)})
        return Fetched("runware", source, (first, end), tuple(found))

    def _rows(self, answer: object, tasks: Mapping[str, date]) -> list[object]:
        told, listed = dict[str, date](), list[object]()
        for item in map(table, rows(table(answer).get("data"))):
            day = tasks.get(text(item, "taskUUID"))
            if day is None:
                continue
            told[text(item, "taskUUID")] = day
            name = next((name for name in _LISTS if name in item), "")
            listed += [{**table(row), "date": day.isoformat()} for row in rows(item.get(name))]
        for name, day in tasks.items():
            if name not in told:
                why = line(complaint(answer), (self._key,)) or "it is not answered"
                raise ProviderError(f"runware does not tell its charges of {day}: {why}", value=day.isoformat())
        return listed

    def _call(self, tasks: Mapping[str, date]) -> Call:
        body = [
            {
                "taskType": "accountManagement",
                "taskUUID": name,
                "operation": "getUsageActivity",
                "startDate": day.isoformat(),
                "endDate": day.isoformat(),
                "groupBy": "model",
            }
            for name, day in tasks.items()
        ]
        return Call(
            "cost",
            "POST",
            self._url,
            json=body,
            timeout_s=60,
            provider="runware",
            secret_headers={"authorization": f"Bearer {self._key}"},
        )


def _name(day: date, now: datetime) -> str:
    """A task's id: a UUID, new each time it is asked."""
    return str(UUID(bytes=sha256(f"{day} {now.isoformat()}".encode()).digest()[:16], version=4))
