"""Creatify: Aurora and custom templates in credits; `credits_used` on a finished job is the only word on money. No I/O.

Facts: docs.creatify.ai (Aurora, custom template jobs). Webhooks carry no money, repeat and are unsigned: `hints.py`
reads an id to ask about, nothing else. There is no upload, no cancel, no idempotency key; our attempt id is the `name`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

from ..errors import ProviderError
from ..ports import Talk
from ..talk import Answer, Call, Cost, Order, Probe, Progress, Purpose, Reply, Submission, Ticket, retry_after_s
from ._http import (
    Read,
    absent,
    base_url,
    charge,
    classify,
    complaint,
    is_array,
    is_uuid,
    is_web,
    line,
    no_medium,
    no_webhook,
    out_of_range,
    read,
    rows,
    table,
    text,
    unreachable,
)

CURRENCY = "creatify-credit"
AURORA = ("aurora_v1", "aurora_v1_fast")
TEMPLATE = ("standard", "aurora_v1", "aurora_v1_fast")
NAME_MAX, WEBHOOK_MAX = 255, 200
AUDIO, IMAGE = (".mp3", ".wav"), (".png", ".jpg", ".jpeg", ".webp")
_OTHER_AUDIO = (".aac", ".aiff", ".amr", ".flac", ".m4a", ".m4b", ".oga", ".ogg", ".opus", ".wma")
_OTHER_SIGHT = (".mp4", ".webm", ".mov", ".avi", ".avif", ".bmp", ".gif", ".heic", ".svg", ".tif", ".tiff")
_TEMPLATE = "custom_template:"


class Creatify:
    """Aurora v1 and custom template jobs at Creatify."""

    name = "creatify"
    takes_files = False
    proof_after_s: int | None = None
    """A name is not a key there: absence from the list proves nothing."""
    proof_until_s = 7 * 86_400
    cost_expected_s = 60
    polled_at_once = 100
    """The list takes so many `ids` (published)."""

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

    def check(self, order: Order) -> str | None:
        model, template = _model(order.offer)
        if template is not (order.kind == "template") or model not in (TEMPLATE if template else AURORA):
            return f"Creatify does not sell {order.offer} for a {order.kind} video"
        if order.outputs != 1:
            return f"outputs is {order.outputs}, the limit is 1 result per job"
        if len(order.attempt) > NAME_MAX:
            return f"name has {len(order.attempt)} characters, the limit is {NAME_MAX}"
        if odd := no_webhook(order.webhook_url, WEBHOOK_MAX):
            return odd
        if template:
            return _no_template(order)
        if order.audio_guidance is not None:
            return f"audio_guidance is {order.audio_guidance}, but Creatify has no such setting"
        return (
            out_of_range("guidance", order.guidance, 0, 10)
            or no_medium("image", order.image, ("https", "http"))
            or no_medium("audio", order.audio, ("https", "http"))
            or _no_format("image", order.image, IMAGE)
            or _no_format("audio", order.audio, AUDIO)
        )

    def upload(self, path: Path, kind: Literal["image", "audio"]) -> Talk[str]:
        yield from ()
        text = f"Creatify takes no files: its {kind} must be a URL"
        raise ProviderError(text, value=str(path), next="give a URL or an uploader")

    def payload(self, order: Order) -> Mapping[str, object]:
        model, template = _model(order.offer)
        body: dict[str, object] = {"name": order.attempt, "model_version": model}
        if template:
            body |= {"template_id": order.template_id, "variables": dict(order.variables)}
        else:
            body |= {"image": order.image, "audio": order.audio}
            if order.prompt is not None:
                body["text_prompt"] = order.prompt
            if order.guidance is not None:
                body["prompt_guidance_scale"] = order.guidance
        if order.webhook_url is not None:
            body["webhook_url"] = order.webhook_url
        return body

    def submit(self, order: Order) -> Talk[Submission]:
        answer = yield self._call("submit", "POST", self._jobs(order.offer), dict(self.payload(order)))
        judged = classify(answer, conceal=(self._key, self._id))
        if isinstance(judged, Submission):
            return judged
        job = text(table(judged.value), "id")
        if judged.status in (200, 201) and is_uuid(job):
            return Submission("accepted", job)
        words = f"HTTP {judged.status} that names no job: {complaint(judged.value)}"
        return Submission("unknown", reason=line(words, (self._key, self._id)))

    def poll(self, ticket: Ticket) -> Talk[Progress]:
        if ticket.provider_job is None or not is_uuid(ticket.provider_job):
            return Progress("unreachable", reason="no usable job id is known yet")
        answer = yield self._call("poll", "GET", f"{self._jobs(ticket.offer)}{ticket.provider_job}/")
        looked = read(answer)
        if isinstance(looked, str):
            silence = unreachable(answer, looked, (self._key, self._id))
            return replace(silence, gone=isinstance(answer, Reply) and answer.status == 404)
        return self._progress(ticket, answer, looked)

    def poll_many(self, tickets: Sequence[Ticket]) -> Talk[Mapping[str, Progress]]:
        """By `ids` in the list, a bare array. Only two things are taken from it: a job still runs, or it is done and
        cost so much. Whatever else became of a job, and one that is not listed, is left to a poll of its own."""
        found: dict[str, Progress] = {}
        for template in (False, True):
            mine = {
                one.provider_job.lower(): one
                for one in tickets
                if one.provider_job is not None and is_uuid(one.provider_job) and _model(one.offer)[1] is template
            }
            if not mine:
                continue
            url = f"{self._jobs(next(iter(mine.values())).offer)}?ids={','.join(mine)}"
            answer = yield self._call("poll", "GET", url)
            looked = read(answer)
            if isinstance(looked, str):
                silence = unreachable(answer, looked, (self._key, self._id))
                found |= dict.fromkeys((one.attempt for one in mine.values()), silence)
                continue
            listed = looked.value if is_array(looked.value) else table(looked.value).get("results")
            for entry in map(table, rows(listed)):
                ticket = mine.get(text(entry, "id").lower())
                if ticket is None:
                    continue
                progress = self._progress(ticket, answer, replace(looked, value=entry))
                if progress.state == "running" or (progress.state == "done" and progress.cost is not None):
                    found[ticket.attempt] = progress
        return found

    def probe(self, ticket: Ticket, claimed: frozenset[str]) -> Talk[Probe]:
        """By name, which is our attempt id, in the list of jobs, newest first."""
        looked = read((yield self._call("probe", "GET", f"{self._jobs(ticket.offer)}?ordering=-created_at")))
        if isinstance(looked, str):
            return Probe("unsure", reason=line(looked, (self._key, self._id)))
        listed = looked.value if is_array(looked.value) else table(looked.value).get("results")
        if not is_array(listed):
            return Probe("unsure", reason="Creatify's list of jobs is not in its documented form")
        named = {text(job, "id") for job in map(table, rows(listed)) if text(job, "name") == ticket.attempt}
        named = {job for job in named if job not in claimed}
        if len(named) > 1 or not all(map(is_uuid, named)):
            return Probe("unsure", reason=f"{len(named)} jobs at Creatify bear this attempt's name")
        if named:
            return Probe("found", named.pop())
        return Probe("absent", reason="no job at Creatify bears this attempt's name")

    def cancel(self, ticket: Ticket) -> Talk[bool]:  # noqa: ARG002 - Creatify has no such call
        yield from ()
        return False

    def _progress(self, ticket: Ticket, answer: Answer, looked: Read) -> Progress:
        entry = table(looked.value)
        status = text(entry, "status")
        if text(entry, "id").lower() not in ("", (ticket.provider_job or "").lower()):
            return unreachable(answer, "Creatify answered about another job")
        if status in ("pending", "in_queue", "running"):
            return Progress("running", reason=status, retry_after_s=retry_after_s(looked.headers))
        if status in ("failed", "rejected"):
            return _failed(ticket, entry, status)
        if status != "done":
            return unreachable(answer, f"Creatify says {status!r}, which is not a documented status")
        url = next((u for u in (text(entry, "video_output"), text(entry, "output")) if is_web(u)), "")
        cost, reason = _cost(ticket, entry)
        return Progress("done", outputs=(url,) if url else (), delivered=1, cost=cost, reason=reason)

    def _jobs(self, offer: str) -> str:
        return f"{self._url}/api/{'custom_template_jobs' if _model(offer)[1] else 'aurora'}/"

    def _call(self, purpose: Purpose, method: str, url: str, body: object = None) -> Call:
        return Call(
            purpose,
            method,
            url,
            json=body,
            provider=self.name,
            secret_headers={"x-api-id": self._id, "x-api-key": self._key},
        )


def _model(offer: str) -> tuple[str, bool]:
    """The model_version, and whether it is of a template."""
    name = offer.removeprefix("creatify/")
    return name.removeprefix(_TEMPLATE), name.startswith(_TEMPLATE)


def _no_template(order: Order) -> str | None:
    if not is_uuid(order.template_id):
        return f"template_id must be a UUID, not {line(order.template_id)[:60]!r}"
    if not order.variables:
        return "variables are missing: a template needs at least one"
    return None


def _no_format(name: str, url: str, allowed: tuple[str, ...]) -> str | None:
    """Judged by the address's ending, where it has one that says what it is."""
    suffix = PurePosixPath(unquote(urlsplit(url).path)).suffix.lower()
    if suffix not in allowed and suffix in (*AUDIO, *IMAGE, *_OTHER_AUDIO, *_OTHER_SIGHT):
        return f"{name} is {suffix}, the limit is {', '.join(allowed)}"
    return None


def _failed(ticket: Ticket, entry: Mapping[str, object], status: str) -> Progress:
    """Failed Aurora videos are refunded (published); of templates and rejections nothing is said, but 0 credits is.

    What Creatify states for this very job is believed before its general rule: credits that are stated as used may be
    a refund that is yet to come, or none at all. Later looks see a 0.
    """
    stated = entry.get("credits_used")
    used = charge(stated, CURRENCY, "inline", "")
    nothing = isinstance(used, Cost) and not used.amount
    refunded = status == "failed" and not _model(ticket.offer)[1] and stated is None
    words = text(entry, "failed_reason") or "no reason given"
    if stated is not None and not nothing:
        words += f" (credits_used {stated})"
    return Progress("failed", charged="no" if refunded or nothing else "maybe", reason=line(f"{status}: {words}"))


def _cost(ticket: Ticket, entry: Mapping[str, object]) -> "tuple[Cost | None, str]":
    if entry.get("credits_used") is None:
        return None, "credits_used is not stated yet"
    used = charge(entry["credits_used"], CURRENCY, "inline", ticket.provider_job or "")
    return (None, f"credits_used: {used}") if isinstance(used, str) else (used, "")
