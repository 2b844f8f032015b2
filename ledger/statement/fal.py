"""fal's billing events and usage as statements. Reads rows, never asks fal; units are opaque, never taken for seconds.

Source of the shapes: https://fal.ai/docs/platform-apis/v1/models/billing-events and …/models/usage.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from pricing import Money

from .lines import NANOS, Period, Statement, StatementLine
from .raw import (
    Keys,
    Page,
    Place,
    day_of,
    instant,
    maybe_number,
    money,
    number,
    one_day,
    pages_of,
    raw_of,
    rows_of,
    spanning,
    word,
)

PROVIDER = "fal"


def billing_events(
    pages: Iterable[Page], *, fetched_at: datetime, period: Period | None = None, name: str = "fal billing events"
) -> Statement:
    """The rows of all pages, one line a charged request. Raises BadStatement.

    `period` is what was asked for; None: from the first to the last event, which then is not known to be complete.
    """
    keys, lines, cursor, more = Keys(), list[StatementLine](), None, False
    for place, page in pages_of(pages, name):
        answer = _answer(page, place)
        for row, where in _rows(answer, ("billing_events", "items", "events"), place):
            lines.append(_event(row, where, keys))
        cursor, more = _next(answer, place)
    return _statement("fal-billing-events", lines, fetched_at, period, cursor, more)


def usage(
    pages: Iterable[Page], *, fetched_at: datetime, period: Period | None = None, name: str = "fal usage"
) -> Statement:
    """Sums per endpoint, unit, price and bucket of time; of an answer without a time series its summary, which then
    needs `period`. Raises BadStatement."""
    keys, lines, cursor, more = Keys(), list[StatementLine](), None, False
    for place, page in pages_of(pages, name):
        answer = _answer(page, place)
        if "time_series" in answer:
            for bucket, where in _rows(answer, ("time_series",), place):
                day = day_of(bucket.get("bucket"), where, "bucket")
                for row, spot in _rows(bucket, ("results",), where):
                    lines.append(_sum(row, spot, str(bucket["bucket"]), one_day(day), keys))
        elif period is None:
            raise place.fault("summary", "says nothing of time", next="name the period, or ask for expand=time_series")
        else:
            for row, where in _rows(answer, ("summary",), place):
                lines.append(_sum(row, where, f"{period[0]}/{period[1]}", period, keys))
        cursor, more = _next(answer, place)
    return replace(_statement("fal-usage", lines, fetched_at, period, cursor, more), per_job=False)


def _statement(
    source: Any, lines: list[StatementLine], fetched_at: datetime, period: Period | None, cursor: str | None, more: bool
) -> Statement:
    span = period or spanning(lines) or one_day(fetched_at.date())
    return Statement(PROVIDER, source, span, tuple(lines), period is not None and not more, fetched_at, cursor)


def _answer(page: object, place: Place) -> Mapping[str, object]:
    if not isinstance(page, Mapping):
        raise place.fault("", "is not an answer of fal's platform API", page, "save the whole answer")
    return cast("Mapping[str, object]", page)


def _rows(
    answer: Mapping[str, object], names: tuple[str, ...], place: Place
) -> Iterator[tuple[Mapping[str, object], Place]]:
    name = next((name for name in names if name in answer), None)
    if name is None:
        raise place.fault(names[0], "is missing", next="save the whole answer")
    for index, row in enumerate(rows_of(answer[name], place, name)):
        yield row, Place(place.file, f"{place.row} {name} item {index + 1}".strip())


def _next(answer: Mapping[str, object], place: Place) -> tuple[str | None, bool]:
    """The cursor, and whether more is to come; an answer that does not say is taken to have more behind a cursor."""
    cursor = word(answer, "next_cursor", place, needed=False) or None
    more = answer.get("has_more", cursor is not None)
    if not isinstance(more, bool):
        raise place.fault("has_more", "is neither true nor false", more)
    return cursor, more


def _event(row: Mapping[str, object], place: Place, keys: Keys) -> StatementLine:
    request, endpoint = word(row, "request_id", place), word(row, "endpoint_id", place)
    at = instant(row.get("timestamp"), place, "timestamp")
    raw = raw_of(row)
    amount = _amount(row, place, "USD")
    return StatementLine(
        PROVIDER,
        "fal-billing-events",
        keys.of(request, endpoint, at.isoformat()),
        "refund" if amount.nanos < 0 else "usage",
        amount,
        at,
        one_day(at.date()),
        provider_job=request,
        sku=endpoint,
        quantity=maybe_number(row, "output_units", place),
        unit_price=maybe_number(row, "unit_price", place),
        list_amount=_list_amount(row, place, "USD", amount),
        raw=raw,
    )


def _sum(row: Mapping[str, object], place: Place, bucket: str, period: Period, keys: Keys) -> StatementLine:
    endpoint, unit = word(row, "endpoint_id", place), word(row, "unit", place, needed=False)
    currency = word(row, "currency", place, needed=False) or "USD"
    price = maybe_number(row, "unit_price", place)
    column = "cost_total" if row.get("cost_total") is not None else "cost"
    amount = money(number(row.get(column), place, column), currency, place, column)
    who = word(row, "auth_method", place, needed=False)
    return StatementLine(
        PROVIDER,
        "fal-usage",
        keys.of(bucket, endpoint, unit, "" if price is None else str(price.normalize()), who),
        "refund" if amount.nanos < 0 else "usage",
        amount,
        None,
        period,
        sku=endpoint,
        quantity=maybe_number(row, "quantity", place),
        unit=unit,
        unit_price=price,
        list_amount=_list_amount(row, place, currency, amount),
        raw=raw_of(row),
        aggregate=True,
    )


def _amount(row: Mapping[str, object], place: Place, currency: str) -> Money:
    """The integer of nano-dollars where there is one: it is exact, `cost_total` has been through a float."""
    nanos = maybe_number(row, "cost_estimate_nano_usd", place)
    if nanos is None:
        return money(number(row.get("cost_total"), place, "cost_total"), currency, place, "cost_total")
    if nanos != nanos.to_integral_value():
        raise place.fault("cost_estimate_nano_usd", "is not a whole number of nano-dollars", nanos)
    return money(nanos / Decimal(NANOS), currency, place, "cost_estimate_nano_usd")


def _list_amount(row: Mapping[str, object], place: Place, currency: str, amount: Money) -> Money | None:
    """None where there is no discount: then it says nothing more than the amount."""
    subtotal = maybe_number(row, "cost_subtotal", place)
    if subtotal is None or not maybe_number(row, "cost_discount", place):
        return None
    listed = money(subtotal, currency, place, "cost_subtotal")
    return None if listed == amount else listed
