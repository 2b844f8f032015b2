"""fal: the queue, the result's billable units, the pricing API, request history. Never a price of our own, no I/O.

Facts: fal.ai/docs (queue, errors, platform APIs) and the Aurora page. A charge is
`x-fal-billable-units` × the `unit_price` of the pricing API, whatever a unit is; the header comes on the result only.
"""

import mimetypes
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self
from urllib.parse import quote, urlencode

from ..errors import ProviderError
from ..ports import Talk
from ..talk import (
    NOTHING,
    Answer,
    Call,
    Cost,
    Order,
    Probe,
    Progress,
    Purpose,
    Reply,
    Submission,
    Ticket,
    fingerprint,
    retry_after_s,
)
from ._http import (
    Read,
    absent,
    base_url,
    classify,
    decimal,
    failed_upload,
    instant,
    is_token,
    is_web,
    line,
    money,
    no_medium,
    no_webhook,
    out_of_range,
    read,
    rows,
    said,
    table,
    text,
    unreachable,
    utc,
)

ENDPOINT = "fal-ai/creatify/aurora"
RESOLUTIONS = ("480p", "720p")
UNITS = "x-fal-billable-units"
ERROR_TYPE = "x-fal-error-type"
DEFAULTS: Mapping[str, object] = MappingProxyType({"guidance_scale": 1, "audio_guidance_scale": 2})
"""What fal fills in where the body is silent; its history may store either form."""
CLOCK_SKEW = timedelta(minutes=2)
SENT_WITHIN = timedelta(minutes=15)
"""A submit follows its intent at once: one sent much later is of another attempt, perhaps still unrecorded."""
PAGES_MAX = 20
UPLOAD_TIMEOUT_S = 300.0


class Fal:
    """Aurora on fal's queue."""

    name = "fal"
    takes_files = True
    proof_after_s: int | None = None
    """Its history is searched by content, not by a key: absence proves nothing."""
    proof_until_s = 30 * 86_400
    cost_expected_s = 60

    def __init__(self, *, key: str, queue_url: str, api_url: str, rest_url: str) -> None:
        self._key, self._queue, self._api, self._rest = key, queue_url, api_url, rest_url

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        return cls(
            key=env.get("FAL_KEY", "").strip(),
            queue_url=base_url(env, "FAREGATE_FAL_QUEUE_URL", "https://queue.fal.run"),
            api_url=base_url(env, "FAREGATE_FAL_API_URL", "https://api.fal.ai/v1"),
            rest_url=base_url(env, "FAREGATE_FAL_REST_URL", "https://rest.fal.ai"),
        )

    @property
    def missing(self) -> str | None:
        return absent({"FAL_KEY": self._key})

    @property
    def keys_url(self) -> str:
        """Where the public keys are that its webhooks are signed with."""
        return f"{self._rest}/.well-known/jwks.json"

    def check(self, order: Order) -> str | None:
        if order.kind != "avatar" or _endpoint(order.offer) != ENDPOINT:
            return f"fal makes avatar videos with {ENDPOINT}, not {order.kind} videos with {order.offer}"
        resolution = order.settings.get("resolution")
        if resolution is not None and resolution not in RESOLUTIONS:
            return f"resolution is {resolution}, the limit is {' or '.join(RESOLUTIONS)}"
        if order.outputs != 1:
            return f"outputs is {order.outputs}, the limit is 1 result per call"
        return (
            out_of_range("guidance", order.guidance, 0, 5)
            or out_of_range("audio_guidance", order.audio_guidance, 0, 5)
            or no_medium("image", order.image, ("https", "http"))
            or no_medium("audio", order.audio, ("https", "http"))
            or no_webhook(order.webhook_url)
        )

    def upload(self, path: Path, kind: Literal["image", "audio"]) -> Talk[str]:
        media_type = mimetypes.guess_type(path.name)[0] or f"{kind}/octet-stream"
        body = {"content_type": media_type, "file_name": path.name}
        url = f"{self._rest}/storage/upload/initiate?storage_type=fal-cdn-v3"
        answer = yield self._call("upload", "POST", url, json=body)
        looked = read(answer)
        if isinstance(looked, str):
            raise failed_upload(answer, "fal", (self._key,))
        upload_url, file_url = text(table(looked.value), "upload_url"), text(table(looked.value), "file_url")
        if not (self._may_upload_to(upload_url) and is_web(file_url)):
            raise ProviderError("fal's answer to an upload names no usable address", value=line(file_url)[:80])
        # The signed address is not fal's queue: it gets the file, never the key.
        answer = yield Call(
            "upload",
            "PUT",
            upload_url,
            headers={"content-type": media_type},
            content=path,
            timeout_s=UPLOAD_TIMEOUT_S,
            provider=self.name,
        )
        if not (isinstance(answer, Reply) and 200 <= answer.status < 300):
            raise failed_upload(answer, "fal", (self._key,))
        return file_url

    def payload(self, order: Order) -> Mapping[str, object]:
        body: dict[str, object] = {"image_url": order.image, "audio_url": order.audio}
        if order.prompt is not None:
            body["prompt"] = order.prompt
        if order.guidance is not None:
            body["guidance_scale"] = order.guidance
        if order.audio_guidance is not None:
            body["audio_guidance_scale"] = order.audio_guidance
        body["resolution"] = order.settings.get("resolution", "720p")
        return body

    def submit(self, order: Order) -> Talk[Submission]:
        endpoint = _endpoint(order.offer)
        url = f"{self._queue}/{endpoint}"
        if order.webhook_url is not None:
            url += f"?fal_webhook={quote(order.webhook_url, safe='')}"
        answer = yield self._call("submit", "POST", url, json=dict(self.payload(order)))
        judged = classify(answer, conceal=(self._key,))
        if isinstance(judged, Submission):
            return _with_units(answer, judged, self._key)
        entry = table(judged.value)
        request = text(entry, "request_id")
        if not is_token(request):
            return Submission("unknown", reason="fal answered 2xx without a usable request_id")
        handle = self._handle(endpoint, request)
        given = {name: text(entry, name) for name in handle if text(entry, name)}
        foreign = [name for name, address in given.items() if not self._ours(address)]
        if foreign:  # the job is accepted all the same; only the key must not go to another host
            reason = f"fal named {', '.join(foreign)} outside {self._queue}: following the documented addresses instead"
            return Submission("accepted", request, handle, line(reason))
        return Submission("accepted", request, {**handle, **given})

    def poll(self, ticket: Ticket) -> Talk[Progress]:
        if ticket.provider_job is None:
            return Progress("unreachable", reason="no request id is known yet")
        answer = yield self._call("poll", "GET", self._follow(ticket, "status_url"))
        looked = read(answer)
        if isinstance(looked, str):
            silence = unreachable(answer, looked, (self._key,))
            return replace(silence, gone=isinstance(answer, Reply) and answer.status == 404)
        status = table(looked.value)
        word = text(status, "status")
        if word in ("IN_QUEUE", "IN_PROGRESS"):
            return Progress("running", reason=word, retry_after_s=retry_after_s(looked.headers))
        if word != "COMPLETED":
            return unreachable(answer, f"fal says {word!r}, which is not a documented status")
        why = text(status, "error") or text(status, "error_type")
        answer = yield self._call("poll", "GET", self._follow(ticket, "response_url"))
        looked = read(answer)
        if isinstance(looked, Read) and not why:
            url = text(table(table(looked.value).get("video")), "url")
            if not is_web(url):
                return unreachable(answer, "fal's result names no video")
            cost, reason = yield from self._cost(ticket, looked.headers)
            return Progress("done", outputs=(url,), delivered=1, cost=cost, reason=reason)
        return (yield from self._failed(ticket, answer, why))

    def probe(self, ticket: Ticket, claimed: frozenset[str]) -> Talk[Probe]:
        """By content: the history's stored input against the fingerprint of what was sent."""
        endpoint, since = _endpoint(ticket.offer), ticket.started_at - CLOCK_SKEW
        query = {"endpoint_id": endpoint, "expand": "payloads", "start": utc(since), "limit": "100"}
        found: set[str] = set()
        vague = 0
        for _ in range(PAGES_MAX):
            url = f"{self._api}/models/requests/by-endpoint?{urlencode(query)}"
            looked = read((yield self._call("probe", "GET", url)))
            if isinstance(looked, str):
                return Probe("unsure", reason=line(f"fal's request history: {looked}", (self._key,)))
            page = table(looked.value)
            if not isinstance(page.get("items"), list):
                return Probe("unsure", reason="fal's request history is not in its documented form")
            for row in map(table, rows(page["items"])):
                request = text(row, "request_id")
                sent = instant(row.get("sent_at")) or instant(row.get("started_at"))
                late = sent is not None and "sent_at" in row and sent > ticket.started_at + SENT_WITHIN
                if request in claimed or late or (sent is not None and sent < since):
                    continue
                if not is_token(request) or sent is None or not table(row.get("json_input")):
                    vague += 1
                elif ticket.fingerprint in _identities(table(row["json_input"])):
                    found.add(request)
            if page.get("has_more") is not True:
                return self._found(endpoint, found, vague)
            query["cursor"] = text(page, "next_cursor")
            if not query["cursor"]:
                break
        return Probe("unsure", reason="fal's request history is longer than could be read")

    def cancel(self, ticket: Ticket) -> Talk[bool]:
        """A job may finish though its cancellation was granted: True only once its status says it ended in an error."""
        if ticket.provider_job is None:
            return False
        answer = yield self._call("cancel", "PUT", self._follow(ticket, "cancel_url"))
        if not (isinstance(answer, Reply) and 200 <= answer.status < 300):
            return False
        answer = yield self._call("poll", "GET", self._follow(ticket, "status_url"))
        status = _table_of(answer) if isinstance(answer, Reply) else NOTHING
        return text(status, "status") == "COMPLETED" and bool(text(status, "error") or text(status, "error_type"))

    def _failed(self, ticket: Ticket, answer: Answer, why: str) -> Talk[Progress]:
        """A COMPLETED job with an error: the result's status and units say whether it can have been charged."""
        if not isinstance(answer, Reply):
            return unreachable(answer, answer.error, (self._key,))
        units = decimal(answer.headers[UNITS]) if UNITS in answer.headers else None
        if not _is_the_jobs_own(answer, why, units is not None):
            return unreachable(answer, said(answer), (self._key,))
        reason = line(f"{why}; {said(answer)}" if why else said(answer), (self._key,))
        if isinstance(units, Decimal) and units > 0:
            cost, note = yield from self._cost(ticket, answer.headers)
            return Progress("failed", cost=cost, charged="maybe", reason=line(f"{reason}; {note}" if note else reason))
        free = units == 0 if isinstance(units, Decimal) else units is None and answer.status >= 500
        return Progress("failed", charged="no" if free else "maybe", reason=reason)

    def _cost(self, ticket: Ticket, headers: Mapping[str, str]) -> Talk["tuple[Cost | None, str]"]:
        """units × unit price, exactly; None with the reason where either is not to be had."""
        if UNITS not in headers:
            return None, f"fal's result has no {UNITS}"
        units = decimal(headers[UNITS])
        if isinstance(units, str):
            return None, f"{UNITS}: {units}"
        endpoint = _endpoint(ticket.offer)
        url = f"{self._api}/models/pricing?{urlencode({'endpoint_id': endpoint})}"
        looked = read((yield self._call("cost", "GET", url)))
        if isinstance(looked, str):
            return None, line(f"{units} units, but fal's pricing API: {looked}", (self._key,))
        prices = [p for p in map(table, rows(table(looked.value).get("prices"))) if p.get("endpoint_id") == endpoint]
        price = decimal(prices[0].get("unit_price")) if len(prices) == 1 else "no single price for this endpoint"
        if isinstance(price, str) or text(prices[0], "currency") != "USD":
            return None, line(f"{units} units, but fal's pricing API: {price if isinstance(price, str) else 'not USD'}")
        amount = money(Fraction(units) * Fraction(price), "USD")
        if isinstance(amount, str):
            return None, f"{units} units × {price}: {amount}"
        return Cost(amount, "units", units=headers[UNITS].strip(), external_id=ticket.provider_job), ""

    def _found(self, endpoint: str, found: set[str], vague: int) -> Probe:
        if len(found) == 1:
            request = found.pop()
            return Probe("found", request, self._handle(endpoint, request))
        if found:
            return Probe("unsure", reason=f"{len(found)} requests in fal's history have exactly this input")
        if vague:
            return Probe("unsure", reason=f"{vague} requests in fal's history cannot be told from this one")
        return Probe("absent", reason="not in fal's request history")

    def _handle(self, endpoint: str, request: str) -> Mapping[str, str]:
        """The documented follow-up addresses: owner and app only, without the endpoint's further path."""
        job = f"{self._queue}/{'/'.join(endpoint.split('/')[:2])}/requests/{request}"
        return {"status_url": f"{job}/status", "response_url": job, "cancel_url": f"{job}/cancel"}

    def _follow(self, ticket: Ticket, name: str) -> str:
        """The stored address where it is on the queue's host, else the documented one: the key goes nowhere else."""
        stored = ticket.handle.get(name, "")
        request = ticket.provider_job or ""
        if self._ours(stored):
            return stored
        return self._handle(_endpoint(ticket.offer), quote(request, safe=""))[name]

    def _ours(self, address: str) -> bool:
        rest = address.removeprefix(f"{self._queue}/")
        return is_web(address) and rest != address and ".." not in rest and "\\" not in rest

    def _may_upload_to(self, address: str) -> bool:
        return is_web(address) and (address.startswith("https:") or self._rest.startswith("http:"))

    def _call(self, purpose: Purpose, method: str, url: str, json: object = None) -> Call:
        return Call(
            purpose, method, url, json=json, provider=self.name, secret_headers={"authorization": f"Key {self._key}"}
        )


def _endpoint(offer: str) -> str:
    """fal/fal-ai/creatify/aurora → fal-ai/creatify/aurora; anything odd → the endpoint this adapter knows."""
    endpoint = offer.removeprefix("fal/")
    return endpoint if re.fullmatch(r"[a-z0-9-]+(/[a-z0-9.-]*[a-z0-9-])+", endpoint) else ENDPOINT


def _is_the_jobs_own(answer: Reply, why: str, has_units: bool) -> bool:
    """Does this result speak of the job's failure, not of a gateway that could not fetch it? In doubt it does not."""
    if answer.status in (401, 403, 408, 429) or 300 <= answer.status < 400:
        return False
    if answer.status < 300:
        return bool(why)  # a result that cannot be read is none: the job may well be done
    if answer.status < 500:
        return bool(why) or has_units or answer.status == 422
    looked = replace(answer, status=200)
    return bool(why) and (has_units or ERROR_TYPE in answer.headers or "detail" in _table_of(looked))


def _table_of(reply: Reply) -> Mapping[str, object]:
    looked = read(reply)
    return table(looked.value if isinstance(looked, Read) else None)


def _with_units(answer: Answer, judged: Submission, key: str) -> Submission:
    """fal states units on errors too: 0 makes a refusal of a 422, more than 0 makes an unknown of any refusal."""
    if not isinstance(answer, Reply) or not 400 <= answer.status < 500:
        return judged
    units = decimal(answer.headers[UNITS]) if UNITS in answer.headers else None
    if answer.status == 422 and isinstance(units, Decimal) and units == 0:
        return Submission("refused", reason=said(answer, (key,)))
    if judged.outcome == "refused" and units is not None and not (isinstance(units, Decimal) and units == 0):
        return Submission("unknown", reason=line(f"{UNITS} {answer.headers[UNITS]}; {judged.reason}", (key,)))
    return judged


def _identities(stored: Mapping[str, object]) -> set[str]:
    """The fingerprints a stored input may have had as we sent it: fal may have filled its defaults in."""
    filled = [name for name, value in DEFAULTS.items() if stored.get(name) == value]
    try:
        return {
            fingerprint({name: value for name, value in stored.items() if name not in left_out})
            for count in range(len(filled) + 1)
            for left_out in combinations(filled, count)
        }
    except (ValueError, ArithmeticError, MemoryError, RecursionError):
        return set()
