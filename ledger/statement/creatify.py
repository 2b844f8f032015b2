"""Creatify's lists of Aurora and template jobs as a statement in credits. What failed is given back.

Source of the shapes: https://docs.creatify.ai/api-documentation/aurora/aurora and …/custom-template; a list is a bare
array, of the `/paginated/` calls an object with `results` and `next`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from typing import cast

from .lines import Period, Statement, StatementLine
from .raw import Page, Place, instant, money, number, one_day, pages_of, raw_of, rows_of, spanning, word

PROVIDER, CREDIT = "creatify", "creatify-credit"
_ENDED = ("failed", "rejected")
_RUNNING = ("pending", "in_queue", "running", "initializing", "generating")


def job_list(
    pages: Iterable[Page],
    *,
    fetched_at: datetime,
    period: Period | None = None,
    credit_value: Fraction | None = None,
    name: str = "Creatify jobs",
) -> Statement:
    """One line for each job that is done; for a failed one a refund of 0 credits, the proof that nothing is owed.

    A job still under way has no line yet, so with one the statement is not complete; nor is it without `period`.
    `credit_value`: dollars per credit of the plan in force, where the caller knows it. Raises BadStatement.
    """
    lines, running, more = list[StatementLine](), 0, False
    for place, page in pages_of(pages, name):
        rows, more = _rows(page, place)
        for index, row in enumerate(rows):
            line = _line(row, Place(place.file, f"item {index + 1}"), credit_value)
            running += line is None
            lines += [] if line is None or (period and not period[0] <= line.day < period[1]) else [line]
    span = period or spanning(lines) or one_day(fetched_at.date())
    whole = period is not None and not running and not more
    return Statement(PROVIDER, "creatify-jobs", span, tuple(lines), whole, fetched_at)


def _rows(page: object, place: Place) -> tuple[list[Mapping[str, object]], bool]:
    if isinstance(page, Mapping):
        answer = cast("Mapping[str, object]", page)
        if "results" in answer:
            return rows_of(answer["results"], place, "results"), answer.get("next") is not None
        return [answer], False  # one job, as GET /api/aurora/{id}/ answers it
    return rows_of(page, place, "list"), False


def _line(row: Mapping[str, object], place: Place, credit_value: Fraction | None) -> StatementLine | None:
    job, status = word(row, "id", place), word(row, "status", place)
    if status in _RUNNING:
        return None
    if status not in ("done", *_ENDED):
        raise place.fault(
            "status", "is not a status this reader knows", status, f"known: done, {', '.join(_ENDED + _RUNNING)}"
        )
    done = status == "done"
    used = number(row.get("credits_used") if done else 0, place, "credits_used", least=0)
    at = instant(row.get("created_at"), place, "created_at")
    model = word(row, "model_version", place, needed=False)
    return StatementLine(
        PROVIDER,
        "creatify-jobs",
        job,
        "usage" if done else "refund",
        money(used, CREDIT, place, "credits_used"),
        at,
        one_day(at.date()),
        provider_job=job,
        attempt=word(row, "name", place, needed=False) or None,
        sku=(model or "aurora_v1") if "audio" in row else f"custom_template:{model or 'standard'}",
        credit_value=credit_value,
        raw=raw_of(row),
    )
