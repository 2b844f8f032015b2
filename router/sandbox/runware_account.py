"""Runware's account management as documented: balance, sums of use by day, model and key. Never asks pricing."""

from datetime import date, timedelta
from decimal import Decimal

from .account import Job, Row
from .runware_tasks import KEY, Item, Refused, Task, uuid_of
from .shop import Shop
from .wire import sequence

SPAN_DAYS_MAX = 30
NAMES = {"creatify:aurora@0": "Creatify Aurora v1", "creatify:aurora@fast": "Creatify Aurora v1 Fast"}
API_KEY_NAME = "sandbox"
Entry = tuple[Job, Row | None]
"""A row of the bill, or a task that has none."""


def managed(shop: Shop, task: Task) -> Item:
    """Answer one accountManagement task. Raises Refused."""
    uuid = uuid_of(task)
    match task.get("operation"):
        case "getDetails":
            return {**_named(uuid, "getDetails"), **_details(shop)}
        case "getUsageActivity":
            return {**_named(uuid, "getUsageActivity"), **_activity(shop, task)}
        case other:
            raise Refused(400, "invalidOperation", f"operation {other!r} is not one of getDetails, getUsageActivity")


def _named(uuid: str, operation: str) -> Item:
    return {"taskType": "accountManagement", "taskUUID": uuid, "operation": operation}


def _details(shop: Shop) -> Item:
    today = shop.account.when(shop.account.clock()).date()
    spans = {"today": 1, "last7Days": 7, "last30Days": 30, "total": None}
    firsts = {name: None if days is None else today - timedelta(days=days - 1) for name, days in spans.items()}
    return {
        "organizationName": "Sandbox",
        "organizationUUID": "00000000-0000-4000-8000-000000000000",
        "balance": {"amount": shop.account.balance("runware"), "freeBalance": 0, "currency": "USD"},
        "team": [],
        "apiKeys": [{"name": API_KEY_NAME, "apiKey": f"{KEY[:8]}…"}],
        "usage": {name: _used(shop, first) for name, first in firsts.items()},
    }


def _used(shop: Shop, first: date | None) -> Item:
    entries = [(job, row) for job, row in _entries(shop) if first is None or _day(shop, job, row) >= first]
    return {"credits": _spend(entries), "requests": len({job.id for job, _ in entries})}


def _activity(shop: Shop, task: Task) -> Item:
    """Rows by date, model or key within at most 30 days, the last day whole."""
    first, last = _date(task, "startDate"), _date(task, "endDate")
    if not timedelta(0) <= last - first <= timedelta(days=SPAN_DAYS_MAX):
        raise Refused(400, "invalidDateRange", f"endDate must be within {SPAN_DAYS_MAX} days of startDate", "endDate")
    by = task.get("groupBy", "date")
    if by not in ("date", "model", "apiKey"):
        raise Refused(400, "invalidGroupBy", "groupBy must be one of date, model, apiKey", "groupBy")
    models = sequence(task.get("models"))
    entries = [
        (job, row)
        for job, row in _entries(shop)
        if first <= _day(shop, job, row) <= last and (models is None or job.model in models)
    ]
    groups: dict[str, list[Entry]] = {}
    for job, row in entries:
        key = {"date": _day(shop, job, row).isoformat(), "model": job.model, "apiKey": API_KEY_NAME}[str(by)]
        groups.setdefault(key, []).append((job, row))
    days = (last - first).days + 1
    spent = _spend(entries)
    meta = {
        "totalRequests": len({job.id for job, _ in entries}),
        "totalResults": sum(1 for _, row in entries if row is not None),
        "totalSpend": spent,
        "avgDailySpend": round(spent / days, 9),
    }
    return {"rows": [_told(str(by), key, group) for key, group in sorted(groups.items())], "meta": meta}


def _told(by: str, key: str, group: list[Entry]) -> Item:
    jobs = {job.id: job for job, _ in group}
    named: Item = {by: key} if by != "model" else {"model": key, "modelName": NAMES[key]}
    return {
        **named,
        "count": len(jobs),
        "spend": _spend(group),
        "clientErrors": sum(1 for job in jobs.values() if job.failure == "content"),
        "serverErrors": sum(1 for job in jobs.values() if job.failure == "render"),
    }


def _entries(shop: Shop) -> list[Entry]:
    """What was billed and may be seen by now; an ended task that was billed nothing stands with no row."""
    now_s = shop.account.clock() - shop.billing_lag_s
    found: list[Entry] = []
    for job in reversed(shop.account.of("runware")):
        rows = [row for row in job.rows() if row.at_s <= now_s]
        found.extend((job, row) for row in rows)
        if not rows and job.ends_s <= now_s:
            found.append((job, None))
    return found


def _day(shop: Shop, job: Job, row: Row | None) -> date:
    return shop.account.when(job.ends_s if row is None else row.at_s).date()


def _spend(entries: list[Entry]) -> Decimal:
    return sum((row.amount for _, row in entries if row is not None), Decimal(0))


def _date(task: Task, name: str) -> date:
    value = task.get(name)
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise Refused(400, f"invalid{name[0].upper()}{name[1:]}", f"{name} must be a date, YYYY-MM-DD", name) from error
