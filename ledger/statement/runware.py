"""Runware's usage activity as a statement: sums per day and model. Names no job: none can be told from it.

Source of the shape: https://runware.ai/docs/models-api/account-management (getUsageActivity, since 2026-07-10).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast

from .lines import Period, Statement, StatementLine
from .raw import Keys, Page, Place, day_of, money, number, one_day, pages_of, raw_of, rows_of, spanning, word

PROVIDER = "runware"
_LISTS = ("activity", "usage", "rows", "results", "items")


def usage_activity(
    pages: Iterable[Page], *, fetched_at: datetime, period: Period | None = None, name: str = "Runware usage"
) -> Statement:
    """Rows of `getUsageActivity` grouped by date and model (and key), in dollars. Raises BadStatement.

    `period` is what was asked for; None: from the first to the last row, which then is not known to be complete.
    """
    keys, lines = Keys(), list[StatementLine]()
    for place, page in pages_of(pages, name):
        for index, row in enumerate(_rows(page, place)):
            lines.append(_line(row, Place(place.file, f"item {index + 1}"), keys))
    span = period or spanning(lines) or one_day(fetched_at.date())
    return Statement(
        PROVIDER, "runware-usage", span, tuple(lines), complete=period is not None, fetched_at=fetched_at, per_job=False
    )


def _rows(page: object, place: Place) -> list[Mapping[str, object]]:
    """The rows of an answer, however deep its envelope: `data` holds task answers, and each its rows."""
    if isinstance(page, Mapping):
        answer = cast("Mapping[str, object]", page)
        if answer.get("errors"):
            raise place.fault(
                "errors", "the answer is a refusal", answer["errors"], "ask again, and save an answer with data"
            )
        name = next((name for name in ("data", *_LISTS) if name in answer), None)
        if name is None:
            raise place.fault("data", "is missing", next="save the whole answer")
        return _rows(answer[name], place)
    found = list[Mapping[str, object]]()
    for row in rows_of(page, place, "data"):
        if "spend" in row or "date" in row:
            found.append(row)
        else:
            found += _rows(row, place)
    return found


def _line(row: Mapping[str, object], place: Place, keys: Keys) -> StatementLine:
    day = day_of(row.get("date"), place, "date")
    model, user = word(row, "model", place), word(row, "apiKey", place, needed=False)
    amount = money(number(row.get("spend"), place, "spend"), "USD", place, "spend")
    count = row.get("count")
    charges = None if count is None else int(number(count, place, "count", least=0))
    return StatementLine(
        PROVIDER,
        "runware-usage",
        keys.of(day.isoformat(), model, user),
        "refund" if amount.nanos < 0 else "usage",
        amount,
        None,
        one_day(day),
        sku=model,
        raw=raw_of(row),
        aggregate=True,
        count=charges,
    )
