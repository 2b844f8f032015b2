"""fal.ai's platform API as documented: prices, billing events, usage, balance, request history. Never asks pricing."""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from .account import Job, Row
from .doors import Door
from .shop import Shop
from .wire import NO_HEADERS, Answer, Ask, loads, mapping, number, said

KEY = "sandbox-fal-key"
ADMIN_KEY = "sandbox-fal-admin-key"
"""Billing, usage and account want it; it opens every other door too."""
ENDPOINT = "fal-ai/creatify/aurora"
PRICE_720P = Decimal("0.14")
UNPAID: Mapping[str, str] = {"x-fal-billable-units": "0"}
SPAN_MAX = timedelta(days=90)


class Platform:
    """/fal/api/v1."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def doors(self) -> tuple[Door, ...]:
        api = "/fal/api/v1"
        return (
            Door("GET", f"{api}/models/pricing", self.pricing, "cost"),
            Door("POST", f"{api}/models/pricing/estimate", self.estimate, "cost"),
            Door("GET", f"{api}/models/billing-events", self.billing_events, "cost"),
            Door("GET", f"{api}/models/usage", self.usage, "cost"),
            Door("GET", f"{api}/account/billing", self.billing, "cost"),
            Door("GET", f"{api}/models/requests/by-endpoint", self.history, "probe"),
            Door("GET", f"{api}/meta", lambda _: said(200, {"webhook_ip_ranges": ["127.0.0.1/32"]}), "other"),
        )

    def pricing(self, ask: Ask) -> Answer:
        if not is_known(ask):
            return _unknown_key()
        asked = ask.every("endpoint_id")
        if not asked or len(asked) > 50:
            return _invalid()
        if set(asked) - {ENDPOINT}:
            return platform_error(404, "not_found", "Endpoint not found")
        row = {"endpoint_id": ENDPOINT, "unit_price": self._unit_price(), "unit": self._unit(), "currency": "USD"}
        return said(200, {"prices": [row], "next_cursor": None, "has_more": False})

    def _unit(self) -> str:
        return "seconds" if self.shop.fal_unit == "seconds" else "units"

    def _unit_price(self) -> Decimal:
        dollars = self.shop.fal_unit == "dollars"
        return Decimal("1.0") if dollars else PRICE_720P * self.shop.account.level("fal")

    def estimate(self, ask: Ask) -> Answer:
        """Units times the unit price now."""
        if not is_known(ask):
            return _unknown_key()
        try:
            body = mapping(loads(ask.body)) or {}
        except ValueError:
            body = {}
        endpoints = mapping(body.get("endpoints")) or {}
        counts = [number((mapping(each) or {}).get("unit_quantity")) for each in endpoints.values()]
        sure = [each for each in counts if each is not None and 0 < each < 10**9]
        if body.get("estimate_type") != "unit_price" or endpoints.keys() != {ENDPOINT} or len(sure) != 1:
            return _invalid()
        return said(200, {"estimate_type": "unit_price", "total_cost": sure[0] * self._unit_price(), "currency": "USD"})

    def billing_events(self, ask: Ask) -> Answer:
        """What was billed, a row each, oldest first; a job billed twice has two rows."""
        span = self._span(ask, timedelta(days=1))
        if isinstance(span, Answer):
            return span
        wanted = ask.every("request_id")
        limit, page = _number(ask.one("limit"), 10_000), _page(ask.one("cursor"))
        if limit is None or page is None or not 1 <= limit <= 10_000 or len(wanted) > 50:
            return _invalid()
        events = [
            self._event(job, row)
            for job, row in self._rows(*span)
            if (not wanted or job.id in wanted) and ask.one("endpoint_id") in (None, ENDPOINT)
        ]
        return said(200, _paged("billing_events", events, page, limit))

    def _rows(self, start: datetime, end: datetime) -> list[tuple[Job, Row]]:
        """What was billed within the span and may be seen by now, in order of time."""
        account = self.shop.account
        shown_s = account.clock() - self.shop.billing_lag_s
        found = [
            (job, row)
            for job in reversed(account.of("fal"))
            for row in job.rows()
            if row.at_s <= shown_s and start <= account.when(row.at_s) < end
        ]
        return sorted(found, key=lambda each: each[1].at_s)

    def _event(self, job: Job, row: Row) -> dict[str, object]:
        units = units_of(job, self.shop)
        price = unit_price_of(job, self.shop)
        return {
            "request_id": job.id,
            "endpoint_id": ENDPOINT,
            "timestamp": self.shop.account.when(row.at_s).isoformat(),
            "output_units": units,
            "unit_price": price,
            "percent_discount": 0,
            "cost_subtotal": row.amount,
            "cost_discount": 0,
            "cost_total": row.amount,
            "cost_estimate_nano_usd": int(row.amount * 10**9),
        }

    def usage(self, ask: Ask) -> Answer:
        """Sums by endpoint and unit price: in time series by hour or day, or one summary."""
        span = self._span(ask, timedelta(days=1))
        if isinstance(span, Answer):
            return span
        expand = set(ask.every("expand")) or {"time_series"}
        frame = ask.one("timeframe") or "hour"
        if not expand <= {"time_series", "summary", "auth_method"} or frame not in ("hour", "day"):
            return _invalid()
        rows = self._rows(*span)
        answer: dict[str, object] = {"next_cursor": None, "has_more": False}
        if "time_series" in expand:
            answer["time_series"] = [
                {"bucket": bucket, "results": self._sums(list(each))}
                for bucket, each in groupby(rows, lambda pair: self._bucket(pair[1], frame))
            ]
        if "summary" in expand:
            answer["summary"] = self._sums(rows)
        return said(200, answer)

    def _bucket(self, row: Row, frame: str) -> str:
        at = self.shop.account.when(row.at_s).replace(minute=0, second=0, microsecond=0)
        return (at.replace(hour=0) if frame == "day" else at).isoformat()

    def _sums(self, rows: list[tuple[Job, Row]]) -> list[dict[str, object]]:
        prices = sorted({unit_price_of(job, self.shop) for job, _ in rows})
        found: list[dict[str, object]] = []
        for price in prices:
            mine = [(job, row) for job, row in rows if unit_price_of(job, self.shop) == price]
            cost = sum((row.amount for _, row in mine), Decimal(0))
            found.append(
                {
                    "endpoint_id": ENDPOINT,
                    "unit": self._unit(),
                    "quantity": sum((units_of(job, self.shop) for job, _ in mine), Decimal(0)),
                    "unit_price": price,
                    "percent_discount": 0,
                    "cost_subtotal": cost,
                    "cost_discount": 0,
                    "cost_total": cost,
                    "currency": "USD",
                }
            )
        return found

    def billing(self, ask: Ask) -> Answer:
        if ask.headers.get("authorization") != f"Key {ADMIN_KEY}":
            return _no_admin(ask)
        credits_ = {"current_balance": self.shop.account.balance("fal"), "currency": "USD"}
        return said(200, {"username": "sandbox", **({"credits": credits_} if "credits" in ask.every("expand") else {})})

    def _span(self, ask: Ask, usual: timedelta) -> tuple[datetime, datetime] | Answer:
        """start and end (exclusive), for those with the Admin key."""
        if ask.headers.get("authorization") != f"Key {ADMIN_KEY}":
            return _no_admin(ask)
        now = self.shop.account.when(self.shop.account.clock())
        try:
            end = _date(ask.one("end")) or now + timedelta(seconds=1)
            start = _date(ask.one("start")) or end - usual
        except ValueError:
            return _invalid()
        return (start, end) if timedelta(0) < end - start <= SPAN_MAX else _invalid()

    def history(self, ask: Ask) -> Answer:
        """Ended requests, newest first: rows are sorted by their end, so one still running has none."""
        if not is_known(ask):
            return _unknown_key()
        limit, page = _number(ask.one("limit"), 50), _page(ask.one("cursor"))
        try:
            start, end = _date(ask.one("start")), _date(ask.one("end"))
        except ValueError:
            return _invalid()
        if limit is None or page is None or not ask.every("endpoint_id") or not 1 <= limit <= 100:
            return _invalid()
        account, now_s = self.shop.account, self.shop.account.clock()
        first = start or account.when(now_s) - timedelta(days=1)
        rows = [
            self._row(job, full="payloads" in ask.every("expand"))
            for job in account.of("fal")
            if ENDPOINT in ask.every("endpoint_id") and "hide" not in job.struck
            if job.share(now_s) == 1 and first <= account.when(job.accepted_s)
            if end is None or account.when(job.accepted_s) < end
        ]
        return said(200, _paged("items", rows, page, limit))

    def _row(self, job: Job, *, full: bool) -> dict[str, object]:
        account = self.shop.account
        row: dict[str, object] = {
            "request_id": job.id,
            "endpoint_id": ENDPOINT,
            "sent_at": account.when(job.accepted_s).isoformat(),
            "started_at": account.when(job.accepted_s + job.queue_s).isoformat(),
            "ended_at": account.when(job.ends_s).isoformat(),
            "status_code": status_of(job),
            "duration": Decimal(str(round(job.render_s - job.queue_s, 3))),
        }
        return {**row, "json_input": job.facts} if full else row


def units_of(job: Job, shop: Shop) -> Decimal:
    """Dollars; or, where a unit is a second, the price over the one unit price that the endpoint had."""
    price = unit_price_of(job, shop)
    if job.price == job.billed_seconds * price:
        return job.billed_seconds
    return round(job.price / price, 15)


def unit_price_of(job: Job, shop: Shop) -> Decimal:
    """The unit price at which this job is billed."""
    return Decimal("1.0") if shop.fal_unit == "dollars" else PRICE_720P * job.level


def status_of(job: Job) -> int:
    """The HTTP status of an ended job's result."""
    if job.cancelled:
        return 499
    return {"": 200, "media": 422, "content": 422}.get(job.failure, 500)


def is_known(ask: Ask) -> bool:
    return ask.headers.get("authorization") in (f"Key {KEY}", f"Key {ADMIN_KEY}")


def platform_error(status: int, kind: str, message: str, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
    return said(status, {"error": {"type": kind, "message": message}}, headers)


def _unknown_key() -> Answer:
    return platform_error(401, "authorization_error", "Authentication required")


def _no_admin(ask: Ask) -> Answer:
    if not is_known(ask):
        return _unknown_key()
    return platform_error(403, "authorization_error", "This endpoint requires an Admin API key")


def _invalid() -> Answer:
    return platform_error(400, "validation_error", "Invalid request parameters")


def _paged(name: str, rows: list[dict[str, object]], page: int, limit: int) -> dict[str, object]:
    more = len(rows) > page * limit
    cursor = base64.b64encode(str(page + 1).encode()).decode() if more else None
    return {name: rows[(page - 1) * limit : page * limit], "next_cursor": cursor, "has_more": more}


def _number(text: str | None, usual: int) -> int | None:
    """A whole number; None: not one."""
    if text is None:
        return usual
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def _page(cursor: str | None) -> int | None:
    """The page number that a cursor encodes; None: no cursor of ours."""
    if cursor is None:
        return 1
    try:
        return max(1, int(base64.b64decode(cursor)))
    except (binascii.Error, ValueError):
        return None


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
