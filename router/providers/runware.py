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
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self

from ..errors import BadReply, ProviderError
from ..ports import Talk
from ..talk import Call, Order, Probe, Progress, Purpose, Reply, Submission, Ticket
from ._http import (
    absent,
    base_url,
    classify,
    complaint,
    failed_upload,
    is_uuid,
    line,
    no_medium,
    no_webhook,
    out_of_range,
    read,
    rows,
    said,
    table,
    text,
    unreachable,
)
from ._runware import (
    NOTHING_SAID,
    Said,
    about,
    archived_of,
    failures_of,
    names,
    of_reply,
    only_refuses,
    progress_of,
    says_absent,
    words,
)

MODELS = ("creatify:aurora@0", "creatify:aurora@fast")
PROMPT_MIN, PROMPT_MAX = 2, 3000
OUTPUTS_MAX = 4
STEP = Decimal("0.01")
UPLOAD_TIMEOUT_S = 300.0

_CONFLICT = re.compile(rb'conflict_?task|"code"\s*:\s*"(conflict|duplicate)', re.IGNORECASE)
"""Also found in an answer that cannot be read as JSON."""


class Runware:
    """Aurora v1 and v1 Fast on Runware."""

    name = "runware"
    takes_files = True
    proof_after_s: int | None = 3600
    proof_until_s = 86_400
    """How long a taskUUID stays known is not published: unknown counts as 24 h."""
    cost_expected_s = 20
    polled_at_once = 50
    """The body is an array (published); how many tasks it may hold is not."""

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
            if judged.outcome == "refused" and isinstance(answer, Reply) and of_reply(answer, order.attempt).items:
                return Submission("unknown", reason=line(f"a refusal that also names our task: {judged.reason}"))
            return judged
        told = about(judged.value, order.attempt)
        if told.items:
            return Submission("accepted", order.attempt)
        reason = line(f"HTTP {judged.status}: {words(told.errors)}", (self._key,))
        if only_refuses(judged.value, told):
            return Submission("refused", reason=reason)
        return Submission("unknown", reason=reason if told.errors else "Runware's answer does not name our task")

    def poll(self, ticket: Ticket) -> Talk[Progress]:
        answer = yield self._call("poll", [{"taskType": "getResponse", "taskUUID": ticket.attempt}])
        if not isinstance(answer, Reply):
            return unreachable(answer, answer.error, (self._key,))
        told = of_reply(answer, ticket.attempt)
        absent = says_absent(answer, told, ticket.attempt)
        if absent or (answer.status == 200 and told == NOTHING_SAID):
            archived = yield self._call("poll", [{"taskType": "getTaskDetails", "taskUUID": ticket.attempt}])
            kept = archived_of(archived, ticket.attempt)
            if absent and kept == NOTHING_SAID and isinstance(archived, Reply):
                gone = says_absent(archived, of_reply(archived, ticket.attempt), ticket.attempt)
                return Progress("unreachable", reason="Runware knows no task of this UUID", gone=gone)
            told = kept
        return progress_of(ticket, answer, told, self._key)

    def poll_many(self, tickets: Sequence[Ticket]) -> Talk[Mapping[str, Progress]]:
        """One array of getResponse tasks. A task that the answer does not name is left to a poll of its own."""
        tasks = [{"taskType": "getResponse", "taskUUID": one.attempt} for one in tickets]
        answer = yield self._call("poll", tasks)
        if not isinstance(answer, Reply) or answer.status == 429 or answer.status >= 500:
            why = answer.error if not isinstance(answer, Reply) else said(answer)
            return dict.fromkeys((one.attempt for one in tickets), unreachable(answer, why, (self._key,)))
        try:
            value = answer.json()
        except BadReply as error:
            return dict.fromkeys((one.attempt for one in tickets), unreachable(answer, error.message, (self._key,)))
        found: dict[str, Progress] = {}
        for ticket in tickets:
            told = about(value, ticket.attempt)
            told = Said(told.items, tuple(error for error in told.errors if names(error, ticket.attempt)))
            if told != NOTHING_SAID:
                found[ticket.attempt] = progress_of(ticket, answer, told, self._key)
        return found

    def probe(self, ticket: Ticket, claimed: frozenset[str]) -> Talk[Probe]:  # noqa: ARG002 - the UUID is ours alone
        """By key, twice: what is running or fresh, then what is archived. Absent only if both looks succeeded."""
        for task in ("getResponse", "getTaskDetails"):
            answer = yield self._call("probe", [{"taskType": task, "taskUUID": ticket.attempt}])
            if not isinstance(answer, Reply):
                return Probe("unsure", reason=line(f"{task}: {answer.error}", (self._key,)))
            told = of_reply(answer, ticket.attempt)
            if told.items or failures_of(told.errors):
                return Probe("found", ticket.attempt)
            if not says_absent(answer, told, ticket.attempt):
                return Probe("unsure", reason=line(f"{task}: {words(told.errors) or said(answer)}", (self._key,)))
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
            provider=self.name,
            secret_headers={"authorization": f"Bearer {self._key}"},
        )


def _model(offer: str) -> str:
    return offer.removeprefix("runware/")
