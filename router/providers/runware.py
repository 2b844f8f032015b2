"""Runware: one endpoint, arrays of tasks, our own task UUID, the cost inline. Never a second POST of a task, no I/O but
reading a local file to upload.

Facts: runware.ai/docs (task polling, errors, models-api). Replies are `{"data": […], "errors": […]}`, both may be
present; polling replies repeat what is finished; a repeated taskUUID is answered with `conflictTaskUUID`.
"""

import base64
import mimetypes
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self

from pricing import Money

from ..errors import BadReply, ProviderError
from ..ports import Talk
from ..talk import Answer, Call, Cost, Order, Probe, Progress, Purpose, Reply, Submission, Ticket
from ._http import (
    Read,
    absent,
    base_url,
    charge,
    classify,
    complaint,
    failed_upload,
    is_array,
    is_uuid,
    is_web,
    line,
    no_medium,
    no_webhook,
    out_of_range,
    read,
    retry_after_s,
    rows,
    said,
    table,
    text,
    unreachable,
)

MODELS = ("creatify:aurora@0", "creatify:aurora@fast")
PROMPT_MIN, PROMPT_MAX = 2, 3000
OUTPUTS_MAX = 4
STEP = Decimal("0.01")
UPLOAD_TIMEOUT_S = 300.0
_URLS = ("videoURL", "imageURL", "audioURL", "modelURL")

_CONFLICT = re.compile(rb'conflict_?task|"code"\s*:\s*"(conflict|duplicate)', re.IGNORECASE)
"""Also found in an answer that cannot be read as JSON."""

_TASK_NOT_FOUND = re.compile(r"task(uuid|details|response|result)?notfound", re.IGNORECASE)
"""Anything looser (taskFailedOrNotFound, taskExpired, modelNotFound) proves nothing about whether a task ever was."""

Class = Literal["conflict", "quota", "rate", "auth", "not found", "validation", "other"]


@dataclass(frozen=True, slots=True)
class Said:
    """A reply's words about one task."""

    items: tuple[Mapping[str, object], ...]
    errors: tuple[Mapping[str, object], ...]
    """Flat: a nested `error` is lifted."""


NOTHING_SAID = Said((), ())


class Runware:
    """Aurora v1 and v1 Fast on Runware."""

    name = "runware"
    takes_files = True
    proof_after_s: int | None = 3600
    proof_until_s = 86_400
    """How long a taskUUID stays known is not published: unknown counts as 24 h."""
    cost_expected_s = 20

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

    def check(self, order: Order) -> str | None:
        if order.kind != "avatar" or _model(order.offer) not in MODELS:
            return f"Runware makes avatar videos with {' or '.join(MODELS)}, not {order.kind} videos with {order.offer}"
        if order.audio_guidance is not None:
            return f"audio_guidance is {order.audio_guidance}, but Runware has no such setting"
        if order.prompt is not None and not PROMPT_MIN <= len(order.prompt) <= PROMPT_MAX:
            return f"prompt has {len(order.prompt)} characters, the limit is {PROMPT_MIN} to {PROMPT_MAX}"
        if not 1 <= order.outputs <= OUTPUTS_MAX:
            return f"outputs is {order.outputs}, the limit is {OUTPUTS_MAX}"
        if order.attempt and not is_uuid(order.attempt):
            return f"taskUUID must be a UUID, not {line(order.attempt)[:60]!r}"
        odd = out_of_range("guidance", order.guidance, 0, 10)
        if odd is None and order.guidance is not None and order.guidance % STEP != 0:
            odd = f"guidance is {order.guidance}, the limit is steps of {STEP}"
        return (
            odd
            or no_medium("image", order.image, ("https", "http", "data"))
            or no_medium("audio", order.audio, ("https", "http"))
            or no_webhook(order.webhook_url)
        )

    def upload(self, path: Path, kind: Literal["image", "audio"]) -> Talk[str]:
        media_type = mimetypes.guess_type(path.name)[0] or f"{kind}/octet-stream"
        try:
            media = base64.b64encode(path.read_bytes()).decode("ascii")
        except OSError as error:
            raise ProviderError(f"{path} cannot be read: {error.strerror}", value=str(path)) from error
        task = {
            "taskType": "mediaStorage",
            "taskUUID": str(uuid.uuid4()),
            "operation": "upload",
            "media": f"data:{media_type};base64,{media}",
        }
        answer = yield self._call("upload", [task], timeout_s=UPLOAD_TIMEOUT_S)
        looked = read(answer)
        if isinstance(looked, str):
            raise failed_upload(answer, "runware", (self._key,))
        for item in map(table, rows(table(looked.value).get("data"))):
            if is_uuid(text(item, "mediaUUID")):
                return text(item, "mediaUUID")
        why = complaint(table(looked.value).get("errors")) or "the answer names no mediaUUID"
        raise ProviderError(line(f"runware did not take the file: {why}", (self._key,)), value="runware")

    def payload(self, order: Order) -> Mapping[str, object]:
        """The one task; the body is an array that holds it."""
        task: dict[str, object] = {
            "taskType": "videoInference",
            "taskUUID": order.attempt,
            "model": _model(order.offer),
            "includeCost": True,
            "deliveryMethod": "async",
            "numberResults": order.outputs,
            "inputs": {"image": order.image, "audio": order.audio},
        }
        if order.prompt is not None:
            task["positivePrompt"] = order.prompt
        if order.guidance is not None:
            task["CFGScale"] = order.guidance
        if order.webhook_url is not None:
            task["webhookURL"] = order.webhook_url
        return task

    def submit(self, order: Order) -> Talk[Submission]:
        answer = yield self._call("submit", [dict(self.payload(order))])
        if isinstance(answer, Reply) and _CONFLICT.search(answer.body):
            # Our UUID is taken, by a POST of ours that we do not remember or by nobody we know: a probe will tell.
            return Submission("unknown", reason=line(f"the task is already known; {said(answer, (self._key,))}"))
        judged = classify(answer, conceal=(self._key,))
        if isinstance(judged, Submission):
            if judged.outcome == "refused" and isinstance(answer, Reply) and _of_reply(answer, order.attempt).items:
                return Submission("unknown", reason=line(f"a refusal that also names our task: {judged.reason}"))
            return judged
        told = _about(judged.value, order.attempt)
        if told.items:
            return Submission("accepted", order.attempt)
        reason = line(f"HTTP {judged.status}: {_words(told.errors)}", (self._key,))
        if _only_refuses(judged.value, told):
            return Submission("refused", reason=reason)
        return Submission("unknown", reason=reason if told.errors else "Runware's answer does not name our task")

    def poll(self, ticket: Ticket) -> Talk[Progress]:
        answer = yield self._call("poll", [{"taskType": "getResponse", "taskUUID": ticket.attempt}])
        if not isinstance(answer, Reply):
            return unreachable(answer, answer.error, (self._key,))
        told = _of_reply(answer, ticket.attempt)
        if answer.status == 200 and told == NOTHING_SAID:
            archived = yield self._call("poll", [{"taskType": "getTaskDetails", "taskUUID": ticket.attempt}])
            told = _archived(archived, ticket.attempt)
        failures = _failures(told.errors if answer.status < 500 else ())
        finished = _finished(told.items)
        if not told.items and not failures:
            why = _words(told.errors) or f"{said(answer)}: the task is not shown"
            return unreachable(answer, why, (self._key,))
        working = len(told.items) > sum(1 for item in told.items if _is_finished(item))
        reason = line(_words(failures), (self._key,))
        if len(finished) + len(failures) >= ticket.outputs and not working:
            return _ended(ticket, finished, failures, reason)
        if failures and not finished and not working and not any("resultIndex" in f for f in failures):
            return Progress("failed", charged="maybe", reason=reason)  # an error of the task as a whole, it seems
        return Progress("running", delivered=len(finished), reason=reason, retry_after_s=retry_after_s(answer.headers))

    def probe(self, ticket: Ticket, claimed: frozenset[str]) -> Talk[Probe]:  # noqa: ARG002 - the UUID is ours alone
        """By key, twice: what is running or fresh, then what is archived. Absent only if both looks succeeded."""
        for task in ("getResponse", "getTaskDetails"):
            answer = yield self._call("probe", [{"taskType": task, "taskUUID": ticket.attempt}])
            if not isinstance(answer, Reply):
                return Probe("unsure", reason=line(f"{task}: {answer.error}", (self._key,)))
            told = _of_reply(answer, ticket.attempt)
            if told.items or _failures(told.errors):
                return Probe("found", ticket.attempt)
            if not _says_absent(answer, told, ticket.attempt):
                return Probe("unsure", reason=line(f"{task}: {_words(told.errors) or said(answer)}", (self._key,)))
        return Probe("absent", reason="Runware knows no task of this UUID")

    def cancel(self, ticket: Ticket) -> Talk[bool]:  # noqa: ARG002 - Runware has no such call
        yield from ()
        return False

    def _call(self, purpose: Purpose, tasks: Sequence[Mapping[str, object]], timeout_s: float = 30.0) -> Call:
        return Call(
            purpose,
            "POST",
            self._url,
            json=list(tasks),
            timeout_s=timeout_s,
            secret_headers={"authorization": f"Bearer {self._key}"},
        )


def _model(offer: str) -> str:
    return offer.removeprefix("runware/")


def _of_reply(reply: Reply, task: str) -> Said:
    try:
        return _about(reply.json(), task)
    except BadReply:
        return NOTHING_SAID


def _archived(answer: Answer, task: str) -> Said:
    """The response that getTaskDetails keeps of a task, once polling has forgotten it."""
    looked = read(answer)
    items = _about(looked.value if isinstance(looked, Read) else None, task).items
    kept = items[0].get("response") if items else None
    return _about({"data": kept} if is_array(kept) else kept, task)


def _about(value: object, task: str) -> Said:
    """The items and errors of this task. An error that names no task is about the only one that was sent."""
    items: list[Mapping[str, object]] = []
    errors: list[Mapping[str, object]] = []
    for item in map(table, rows(table(value).get("data"))):
        if _names(item, task):
            (errors if text(item, "status") == "error" or table(item.get("error")) else items).append(_flat(item))
    stated = map(_flat, map(table, rows(table(value).get("errors"))))
    errors.extend(error for error in stated if _names(error, task) or not text(error, "taskUUID"))
    return Said(tuple(items), tuple(errors))


def _flat(item: Mapping[str, object]) -> Mapping[str, object]:
    """Newer replies nest what older ones state flat."""
    return {**item, **table(item.get("error"))}


def _only_refuses(value: object, told: Said) -> bool:
    """No data at all, and every error is about our task and of a kind that stops a task before it runs."""
    every = rows(table(value).get("errors"))
    return (
        0 < len(every) == len(told.errors)
        and not rows(table(value).get("data"))
        and all(_class(error) in ("quota", "rate", "auth", "validation") for error in told.errors)
    )


def _names(item: Mapping[str, object], task: str) -> bool:
    return text(item, "taskUUID").lower() == task.lower()


def _is_finished(item: Mapping[str, object]) -> bool:
    return text(item, "status") in ("success", "completed") or any(text(item, name) for name in _URLS)


def _finished(items: Sequence[Mapping[str, object]]) -> dict[str, list[Mapping[str, object]]]:
    """Finished results, each once however often the replies repeat it."""
    found: dict[str, list[Mapping[str, object]]] = {}
    for position, item in enumerate(items):
        if _is_finished(item):
            name = text(item, "videoUUID") or text(item, "videoURL") or f"#{item.get('resultIndex', position)}"
            found.setdefault(name, []).append(item)
    return found


def _failures(errors: Sequence[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """Errors that say the task failed; not that the question was wrong, nobody knows it, or the server is unwell.

    Repeated ones count once. A failure is free, so in doubt it is none.
    """
    found: dict[str, Mapping[str, object]] = {}
    for error in errors:
        kind, code = text(error, "taskType"), text(error, "code").lower()
        of_server = kind != "videoInference" and code.startswith(("internal", "service", "server"))
        sure = text(error, "status") == "error" and not of_server
        ours = bool(text(error, "taskUUID")) and kind in ("videoInference", "")
        if ours and sure and _class(error) not in ("auth", "rate", "not found"):
            name = error.get("resultIndex", text(error, "videoUUID") or sorted(map(repr, error.items())))
            found.setdefault(str(name), error)
    return list(found.values())


def _ended(
    ticket: Ticket,
    finished: Mapping[str, list[Mapping[str, object]]],
    failures: Sequence[Mapping[str, object]],
    reason: str,
) -> Progress:
    if not finished:
        stopped = any("cancel" in text(error, "code").lower() for error in failures)  # of these nothing is published
        return Progress("failed", charged="maybe" if stopped else "no", reason=reason)
    urls = [_url(group) for group in finished.values()]
    cost = _sum(ticket, finished)
    why = "; ".join(filter(None, (cost if isinstance(cost, str) else "", reason)))
    return Progress(
        "done",
        outputs=tuple(url for url in urls if url),
        delivered=len(finished),
        cost=cost if isinstance(cost, Cost) else None,
        reason=line(why),
    )


def _url(group: Sequence[Mapping[str, object]]) -> str:
    return next((text(item, name) for item in group for name in _URLS if is_web(text(item, name))), "")


def _sum(ticket: Ticket, finished: Mapping[str, list[Mapping[str, object]]]) -> Cost | str:
    """The costs of all results, or why they are not all known. A cost of 0 is unknown: no finished clip is free."""
    total = Money.zero("USD")
    units: list[str] = []
    for name, group in finished.items():
        stated = {charge(item["cost"], "USD", "inline", name) for item in group if item.get("cost") is not None}
        if len(stated) != 1:
            return f"result {name} states {'no' if not stated else 'more than one'} cost"
        (cost,) = stated
        if isinstance(cost, str):
            return f"result {name}: cost {cost}"
        if not cost.amount:
            return f"result {name} states a cost of 0"
        total, units = total + cost.amount, [*units, cost.units or ""]
    return Cost(total, "inline", units=" + ".join(units), external_id=ticket.attempt)


def _says_absent(reply: Reply, told: Said, task: str) -> bool:
    """A successful look that shows nothing: an empty array, or only errors that this very task is not found."""
    if told.errors:
        gone = (_names(error, task) and _TASK_NOT_FOUND.fullmatch(text(error, "code")) for error in told.errors)
        return reply.status in (200, 400, 404) and all(gone)
    looked = read(reply)
    body = table(looked.value if isinstance(looked, Read) else None)
    return is_array(body.get("data")) and not rows(body["data"]) and not body.get("errors")


def _class(error: Mapping[str, object]) -> Class:
    """Codes are declared unstable, so by pattern, as the official client does; in doubt "other"."""
    code = text(error, "code").lower()
    if "conflict" in code or "duplicate" in code:
        return "conflict"
    if any(word in code for word in ("credits", "quota", "balance")) or code == "paymentrequired":
        return "quota"
    if "ratelimit" in code:
        return "rate"
    if "apikey" in code or code.startswith(("unauthorized", "authentication")):
        return "auth"
    if code.endswith(("notfound", "expired")) and "failed" not in code:
        return "not found"
    if code.startswith(("invalid", "missing", "unsupported")) and "provider" not in code:
        return "validation"
    return "other"


def _words(errors: Sequence[Mapping[str, object]]) -> str:
    return "; ".join(complaint(dict(error)) or text(error, "code") for error in errors[:3])
