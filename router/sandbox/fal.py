"""fal.ai's queue as documented: submit, status, result, cancel, storage, webhooks. Never asks pricing."""

from collections.abc import Mapping
from decimal import Decimal

from .account import Job
from .doors import Door
from .fal_platform import (
    ENDPOINT,
    PRICE_720P,
    UNPAID,
    Platform,
    is_known,
    platform_error,
    status_of,
    units_of,
)
from .hooks import jwks, signed
from .media import fresh_name
from .shop import Shop, asked_for, output_url, said_cost
from .wire import Answer, Ask, dumps, is_web, loads, mapping, number, plain, said

APP = "fal-ai/creatify"
"""Follow-up addresses name owner and app, not the sub-path."""


ERROR_TYPES: Mapping[int, str] = {
    400: "bad_request",
    429: "concurrent_requests_limit",
    499: "client_disconnected",
    500: "internal_error",
    502: "runner_incomplete_response",
    503: "runner_scheduling_failure",
    504: "request_timeout",
}
"""One documented error_type of each status."""


class Fal:
    """The queue at /fal/queue, the platform API at /fal/api/v1, storage and keys at /fal/rest."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def doors(self) -> tuple[Door, ...]:
        request = f"/fal/queue/{APP}/requests/{{id}}"
        return (
            Door("POST", f"/fal/queue/{ENDPOINT}", self.submit, "submit"),
            Door("POST", "/fal/queue/{rest:path}", self.no_app, "other"),
            Door("GET", f"{request}/status", self.status, "poll"),
            Door("PUT", f"{request}/cancel", self.cancel, "cancel"),
            Door("GET", request, self.result, "result"),
            Door("POST", "/fal/rest/storage/upload/initiate", self.initiate, "upload"),
            Door("GET", "/fal/rest/.well-known/jwks.json", lambda _: said(200, jwks()), "other"),
            *Platform(self.shop).doors(),
        )

    def call(self, ask: Ask) -> str:  # noqa: ARG002 - each of its doors has a call
        return "other"

    def job_of(self, ask: Ask) -> str:
        return ask.parts.get("id", "") or ask.parts.get("name", "").removesuffix(".mp4")

    def refusal(self, ask: Ask, status: int | None) -> Answer:
        if status is None:
            text = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
            return said(403, {"detail": text})
        if ask.path.startswith("/fal/api/"):
            return platform_error(status, "sandbox_fault", f"HTTP {status} on demand", asked_for(status))
        kind = ERROR_TYPES.get(status, "sandbox_fault")
        named = {"x-fal-error-type": kind} if status >= 500 else {}
        return said(status, {"detail": f"HTTP {status} on demand", "error_type": kind}, {**asked_for(status), **named})

    def submit(self, ask: Ask) -> Answer:
        if not is_known(ask):
            return _stranger()
        try:
            body = mapping(loads(ask.body))
        except ValueError:
            return _invalid([_fault(None, "JSON decode error", "json_invalid")])
        faults, hook = _faults(body), ask.one("fal_webhook")
        if hook is not None and not is_web(hook):
            faults.append(_fault("fal_webhook", "Input should be a valid URL", "url_parsing", "query"))
        if body is None or faults:
            return _invalid(faults)
        if self.shop.account.balance("fal") <= 0:
            return self.refusal(ask, None)
        job = self._accept(ask, body)
        if hook is not None:
            self._announce(job, hook)
        return said(200, {**self._receipt(job), "queue_position": 0})

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
                struck=self.shop.struck("fal", ask),
                facts=body,
                failure="" if heard else "media",
                host=ask.host,
                text=ask.text(),
                hooked=ask.one("fal_webhook") is not None,
            )
        )

    def _receipt(self, job: Job) -> dict[str, object]:
        url = f"{job.host}/fal/queue/{APP}/requests/{job.id}"
        follow: dict[str, object] = {"response_url": url, "status_url": f"{url}/status", "cancel_url": f"{url}/cancel"}
        hooked = {"gateway_request_id": job.id} if job.hooked else {}
        return {"request_id": job.id, **follow, **hooked}

    def status(self, ask: Ask) -> Answer:
        job = self._found(ask)
        if isinstance(job, Answer):
            return job
        state, receipt = job.state(self.shop.account.clock()), self._receipt(job)
        if state == "queued":
            return said(202, {"status": "IN_QUEUE", "queue_position": 0, **receipt})
        if state == "running":
            return said(202, {"status": "IN_PROGRESS", "logs": None, **receipt})
        done: dict[str, object] = {"status": "COMPLETED", "logs": None, **receipt}
        if state != "done":
            return said(200, {**done, **_why(job)})
        took = Decimal(str(round(job.render_s - job.queue_s, 3)))
        return said(200, {**done, "metrics": {"inference_time": took}})

    def result(self, ask: Ask) -> Answer:
        job = self._found(ask)
        if isinstance(job, Answer):
            return job
        state = job.state(self.shop.account.clock())
        headers = {"x-fal-request-id": job.id}
        if state in ("queued", "running"):
            return said(400, {"detail": "Request is still in progress"}, headers)
        if state == "done" or (state == "failed" and job.failure == "content"):
            units = said_cost(job, units_of(job, self.shop))
            if units is not None:
                headers["x-fal-billable-units"] = plain(units) if isinstance(units, Decimal) else str(units)
        elif state == "cancelled" or job.failure == "media":
            headers |= UNPAID
        if state != "done" and status_of(job) >= 500:
            headers["x-fal-error-type"] = _why(job)["error_type"]
        return said(status_of(job), _outcome(job), headers)

    def _found(self, ask: Ask) -> Job | Answer:
        if not is_known(ask):
            return _stranger()
        return self.shop.account.find("fal", ask.parts["id"]) or said(404, {"status": "NOT_FOUND"})

    def cancel(self, ask: Ask) -> Answer:
        """Only a queued request is stopped: one in progress is asked to, still finishes, and is billed."""
        job = self._found(ask)
        if isinstance(job, Answer):
            return job
        state = job.state(self.shop.account.clock())
        if state in ("done", "failed", "cancelled"):
            return said(400, {"status": "ALREADY_COMPLETED"})
        job.cancelled = state == "queued"
        return said(202, {"status": "CANCELLATION_REQUESTED"})

    def _announce(self, job: Job, url: str) -> None:
        """One signed webhook when it ends, without units or cost."""

        def told(status: int, payload: object, error: str) -> bytes:
            words: dict[str, object] = {"request_id": job.id, "gateway_request_id": job.id}
            words["status"] = "OK" if status == 200 else "ERROR"
            return dumps({**words, **({} if status == 200 else {"error": error}), "payload": payload}).encode()

        def true() -> bytes:
            return told(status_of(job), _outcome(job), _why(job)["error"])

        def forged() -> bytes:
            detail = [_fault(None, "Internal server error", "internal_server_error")]
            return told(500, {"detail": detail}, "Internal server error")

        self.shop.hooks.announce(job, url, [(job.ends_s, true)], forged, signed)

    def no_app(self, ask: Ask) -> Answer:
        return said(404, {"detail": f"Application {ask.parts['rest']!r} not found"}, UNPAID)

    def initiate(self, ask: Ask) -> Answer:
        if not is_known(ask):
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


def _stranger() -> Answer:
    return said(401, {"detail": "Authentication is required to access this application"})


def _invalid(detail: list[dict[str, object]]) -> Answer:
    return said(422, {"detail": detail}, UNPAID)


def _outcome(job: Job) -> dict[str, object]:
    """The body of an ended job's result, which its webhook carries too."""
    if status_of(job) == 200:
        url = output_url(job.host, "fal", job.id)
        return {"video": {"file_name": "output.mp4", "content_type": "video/mp4", "url": url}}
    why = _why(job)
    if job.cancelled:
        return {"detail": why["error"], **why}
    where = {"media": "audio_url", "content": "image_url"}.get(job.failure)
    return {"detail": [_fault(where, why["error"], why["error_type"])]}


def _why(job: Job) -> dict[str, str]:
    if job.cancelled:
        return {"error": "Request was cancelled by the client", "error_type": "client_cancelled"}
    return {
        "media": {"error": "Failed to load the media file", "error_type": "file_download_error"},
        "content": {"error": "The content could not be processed", "error_type": "content_policy_violation"},
    }.get(job.failure, {"error": "Internal server error", "error_type": "internal_server_error"})


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


def _fault(name: str | None, message: str, kind: str, place: str = "body") -> dict[str, object]:
    where = [place] if name is None else [place, name]
    return {"loc": where, "msg": message, "type": kind, "url": f"https://docs.fal.ai/errors#{kind}"}
