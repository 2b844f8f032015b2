"""fal.ai as documented: queue, billable units, pricing, history, storage. Bills by its own sums, never pricing's."""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from .account import Job
from .doors import Door
from .media import fresh_name
from .shop import Shop, output_url, web_page
from .wire import Answer, Ask, is_web, loads, mapping, number, plain, said

KEY = "sandbox-fal-key"
ENDPOINT = "fal-ai/creatify/aurora"
APP = "fal-ai/creatify"
"""Follow-up addresses name owner and app, not the sub-path."""
PRICE_720P = Decimal("0.14")
UNPAID = {"x-fal-billable-units": "0"}


class Fal:
    """The queue at /fal/queue, the platform API at /fal/api/v1, storage at /fal/rest."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def doors(self) -> tuple[Door, ...]:
        request = f"/fal/queue/{APP}/requests/{{id}}"
        return (
            ("POST", f"/fal/queue/{ENDPOINT}", self.submit),
            ("POST", "/fal/queue/{rest:path}", self.no_app),
            ("GET", f"{request}/status", self.status),
            ("PUT", f"{request}/cancel", self.cancel),
            ("GET", request, self.result),
            ("GET", "/fal/api/v1/models/pricing", self.pricing),
            ("GET", "/fal/api/v1/models/requests/by-endpoint", self.history),
            ("POST", "/fal/rest/storage/upload/initiate", self.initiate),
        )

    def submit(self, ask: Ask) -> Answer:
        self.shop.account.knock()
        if not _known(ask):
            return _stranger()
        early = self.shop.faults.early("fal", ask.text())
        if early is not None:
            return web_page() if early.kind == "html" else _refusal(early.status)
        try:
            body = mapping(loads(ask.body))
        except ValueError:
            return _invalid([_fault(None, "JSON decode error", "json_invalid")])
        faults = _faults(body)
        if body is None or faults:
            return _invalid(faults)
        job = self._accept(ask, body)
        return self.shop.closing(job, said(200, self._receipt(ask, job)), _broken())

    def _accept(self, ask: Ask, body: Mapping[str, object]) -> Job:
        seconds = self.shop.files.listen(str(body["audio_url"]), ask.host)
        heard = seconds is not None and self.shop.files.holds(str(body["image_url"]), ask.host)
        return self.shop.account.accept(
            Job(
                provider="fal",
                id=self.shop.new_id(),
                model=ENDPOINT,
                seconds=(seconds or Decimal(0)) + self.shop.output_extra_s,
                rate=self.shop.fal_price_480p if body.get("resolution") == "480p" else PRICE_720P,
                struck=self.shop.faults.late("fal", ask.text()),
                facts=body,
                failure="" if heard else "media",
            )
        )

    def _receipt(self, ask: Ask, job: Job) -> dict[str, object]:
        url = f"{ask.host}/fal/queue/{APP}/requests/{job.id}"
        follow: dict[str, object] = {"response_url": url, "status_url": f"{url}/status", "cancel_url": f"{url}/cancel"}
        hooked = {"gateway_request_id": job.id} if ask.one("fal_webhook") else {}
        return {"request_id": job.id, **follow, **hooked, "queue_position": 0}

    def status(self, ask: Ask) -> Answer:
        job = self.shop.account.find("fal", ask.parts["id"])
        if not _known(ask) or job is None:
            return _stranger() if not _known(ask) else _not_found()
        state = job.state(self.shop.account.clock())
        receipt = self._receipt(ask, job)
        follow = {name: receipt[name] for name in ("request_id", "response_url", "status_url", "cancel_url")}
        if state == "queued":
            return said(202, {"status": "IN_QUEUE", "queue_position": 0, **follow})
        if state == "running":
            return said(202, {"status": "IN_PROGRESS", "logs": None, **follow})
        done: dict[str, object] = {"status": "COMPLETED", "logs": None, **follow}
        if state == "done":
            return said(200, {**done, "metrics": {"inference_time": Decimal(str(round(job.render_s, 3)))}})
        return said(200, {**done, **_why(job)})

    def result(self, ask: Ask) -> Answer:
        job = self.shop.account.find("fal", ask.parts["id"])
        if not _known(ask) or job is None:
            return _stranger() if not _known(ask) else _not_found()
        state = job.state(self.shop.account.clock())
        headers = {"x-fal-request-id": job.id}
        if state in ("queued", "running"):
            return said(400, {"detail": "Request is still in progress"}, headers)
        if state == "cancelled":
            return said(499, {"detail": _why(job)["error"], **_why(job)}, {**headers, **UNPAID})
        if job.failure == "media":
            return _invalid([_fault("audio_url", _why(job)["error"], _why(job)["error_type"])], headers)
        if state == "failed":
            detail = [_fault(None, "Internal server error", "internal_server_error")]
            return said(500, {"detail": detail}, {**headers, "x-fal-error-type": "internal_server_error"})
        if "no-cost" not in job.struck:
            headers["x-fal-billable-units"] = plain(self._units(job))
        video = {"file_name": "output.mp4", "content_type": "video/mp4", "url": output_url(ask.host, job.id)}
        return said(200, {"video": video}, headers)

    def _units(self, job: Job) -> Decimal:
        """Dollars; or, where a unit is a second, the price over the one unit price that the endpoint has."""
        if self.shop.fal_unit == "dollars":
            return job.price
        if job.rate == PRICE_720P:
            return job.billed_seconds
        return round(job.price / PRICE_720P, 15)

    def cancel(self, ask: Ask) -> Answer:
        """Only a queued request is stopped: one in progress is asked to, still finishes, and is billed."""
        job = self.shop.account.find("fal", ask.parts["id"])
        if not _known(ask) or job is None:
            return _stranger() if not _known(ask) else _not_found()
        state = job.state(self.shop.account.clock())
        if state in ("done", "failed", "cancelled"):
            return said(400, {"status": "ALREADY_COMPLETED"})
        job.cancelled = state == "queued"
        return said(202, {"status": "CANCELLATION_REQUESTED"})

    def no_app(self, ask: Ask) -> Answer:
        return said(404, {"detail": f"Application {ask.parts['rest']!r} not found"}, UNPAID)

    def pricing(self, ask: Ask) -> Answer:
        if not _known(ask):
            return _platform(401, "authorization_error", "Authentication required")
        asked = ask.every("endpoint_id")
        if not asked or len(asked) > 50:
            return _platform(400, "validation_error", "Invalid request parameters")
        if set(asked) - {ENDPOINT}:
            return _platform(404, "not_found", "Endpoint not found")
        seconds = self.shop.fal_unit == "seconds"
        price = PRICE_720P if seconds else Decimal("1.0")
        row = {"endpoint_id": ENDPOINT, "unit_price": price, "unit": "seconds" if seconds else "units"}
        return said(200, {"prices": [{**row, "currency": "USD"}], "next_cursor": None, "has_more": False})

    def history(self, ask: Ask) -> Answer:
        """Ended requests, newest first: rows are sorted by their end, so one still running has none."""
        if not _known(ask):
            return _platform(401, "authorization_error", "Authentication required")
        try:
            limit, page = int(ask.one("limit") or 50), _page(ask.one("cursor"))
            start, end = _date(ask.one("start")), _date(ask.one("end"))
        except ValueError:
            return _platform(400, "validation_error", "Invalid request parameters")
        if not ask.every("endpoint_id") or not 1 <= limit <= 100:
            return _platform(400, "validation_error", "Invalid request parameters")
        account, now_s = self.shop.account, self.shop.account.clock()
        first = start or account.when(now_s) - timedelta(days=1)
        rows = [
            self._row(job, full="payloads" in ask.every("expand"))
            for job in account.of("fal")
            if ENDPOINT in ask.every("endpoint_id") and "hide" not in job.struck
            if job.share(now_s) == 1 and first <= account.when(job.accepted_s)
            if end is None or account.when(job.accepted_s) < end
        ]
        more = len(rows) > page * limit
        cursor = base64.b64encode(str(page + 1).encode()).decode() if more else None
        items = rows[(page - 1) * limit : page * limit]
        return said(200, {"items": items, "next_cursor": cursor, "has_more": more})

    def _row(self, job: Job, *, full: bool) -> dict[str, object]:
        account = self.shop.account
        code = 499 if job.cancelled else 422 if job.failure == "media" else 500 if job.failure else 200
        row: dict[str, object] = {
            "request_id": job.id,
            "endpoint_id": ENDPOINT,
            "sent_at": account.when(job.accepted_s).isoformat(),
            "started_at": account.when(job.accepted_s + job.render_s / 5).isoformat(),
            "ended_at": account.when(job.accepted_s + job.render_s).isoformat(),
            "status_code": code,
            "duration": Decimal(str(round(job.render_s * 0.8, 3))),
        }
        return {**row, "json_input": job.facts} if full else row

    def initiate(self, ask: Ask) -> Answer:
        if not _known(ask):
            return _stranger()
        try:
            body = mapping(loads(ask.body)) or {}
        except ValueError:
            body = {}
        kind, name = body.get("content_type"), body.get("file_name")
        if not isinstance(kind, str) or not isinstance(name, str) or not kind or not name:
            return _invalid([_fault("content_type", "content_type and file_name are required", "missing")])
        url = f"{ask.host}/files/{fresh_name(name, self.shop.new_id())}"
        return said(200, {"file_url": url, "upload_url": url})


def _known(ask: Ask) -> bool:
    return ask.headers.get("authorization") == f"Key {KEY}"


def _stranger() -> Answer:
    return said(401, {"detail": "Authentication is required to access this application"})


def _not_found() -> Answer:
    return said(404, {"status": "NOT_FOUND"})


def _platform(status: int, kind: str, message: str) -> Answer:
    return said(status, {"error": {"type": kind, "message": message}})


def _refusal(status: int | None) -> Answer:
    if status is None:
        text = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
        return said(403, {"detail": text})
    more = {429: {"retry-after": "1"}}.get(status, {"location": "/elsewhere"} if 300 <= status < 400 else {})
    return said(status, {"detail": f"HTTP {status} on demand", "error_type": "sandbox_fault"}, more)


def _broken() -> Answer:
    return said(
        500, {"detail": "Internal error", "error_type": "internal_error"}, {"x-fal-error-type": "internal_error"}
    )


def _invalid(detail: list[dict[str, object]], headers: Mapping[str, str] = UNPAID) -> Answer:
    return said(422, {"detail": detail}, {**headers, **UNPAID})


def _why(job: Job) -> dict[str, str]:
    if job.cancelled:
        return {"error": "Request was cancelled by the client", "error_type": "client_cancelled"}
    if job.failure == "media":
        return {"error": "Failed to load the media file", "error_type": "file_download_error"}
    return {"error": "Internal server error", "error_type": "internal_server_error"}


def _faults(body: Mapping[str, object] | None) -> list[dict[str, object]]:
    """Every field that breaks the published input schema; fields it does not know are ignored, as there."""
    if body is None:
        return [_fault(None, "Input should be a valid dictionary", "model_attributes_type")]
    found: list[dict[str, object]] = []
    for name in ("image_url", "audio_url"):
        value = body.get(name)
        if value is None:
            found.append(_fault(name, "Field required", "missing"))
        elif not is_web(value) and not (isinstance(value, str) and value.startswith("data:")):
            found.append(_fault(name, "Input should be a valid URL", "url_parsing"))
    if not isinstance(body.get("prompt"), str | None):
        found.append(_fault("prompt", "Input should be a valid string", "string_type"))
    for name in ("guidance_scale", "audio_guidance_scale"):
        value = number(body.get(name, 1))
        if value is None or not 0 <= value <= 5:
            found.append(_fault(name, "Input should be a number from 0 to 5", "less_than_equal"))
    if body.get("resolution", "720p") not in ("480p", "720p"):
        found.append(_fault("resolution", "Input should be '480p' or '720p'", "literal_error"))
    return found


def _fault(name: str | None, message: str, kind: str) -> dict[str, object]:
    place = ["body"] if name is None else ["body", name]
    return {"loc": place, "msg": message, "type": kind, "url": f"https://docs.fal.ai/errors#{kind}"}


def _page(cursor: str | None) -> int:
    """The page number a cursor encodes. Raises ValueError."""
    if cursor is None:
        return 1
    try:
        return max(1, int(base64.b64decode(cursor)))
    except binascii.Error as error:
        raise ValueError("not a cursor") from error


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
