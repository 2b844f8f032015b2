"""Runware's words: what a task may say, how an error is told. Limits as published; never asks pricing."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import sha256

from .shop import asked_for
from .wire import Answer, Ask, is_web, loads, mapping, number, said, sequence

KEY = "sandbox-runware-key"
PRICES: Mapping[str, Decimal] = {"creatify:aurora@0": Decimal("0.14"), "creatify:aurora@fast": Decimal("0.07")}
DOCS = "https://runware.ai/docs/models-api/errors"
Item = dict[str, object]
Task = Mapping[str, object]
_UUID4 = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}", re.IGNORECASE)
_WORDS: Mapping[str, tuple[str, ...]] = {
    "model": tuple(PRICES),
    "deliveryMethod": ("async",),
    "outputType": ("URL",),
    "outputFormat": ("MP4", "WEBM", "MOV"),
}
_NUMBERS: Mapping[str, tuple[Decimal, Decimal, Decimal]] = {
    "numberResults": (Decimal(1), Decimal(4), Decimal(1)),
    "CFGScale": (Decimal(0), Decimal(10), Decimal("0.01")),
    "outputQuality": (Decimal(20), Decimal(99), Decimal(1)),
    "ttl": (Decimal(60), Decimal(10**9), Decimal(1)),
}
"""Lowest, highest and step of each number."""
_KNOWN = frozenset(
    {"taskType", "taskUUID", "inputs", "positivePrompt", "includeCost", "webhookURL", "uploadEndpoint", "safety"}
    | _WORDS.keys()
    | _NUMBERS.keys()
)


class Refused(Exception):
    """A task that is answered in `errors`: an item there, never an error of ours."""

    def __init__(self, status: int, code: str, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.parameter = status, code, message, parameter


def tasks_of(ask: Ask) -> list[Task]:
    """The tasks of a body; none where it is no array of tasks."""
    try:
        return [mapping(task) or {} for task in sequence(loads(ask.body)) or ()]
    except ValueError:
        return []


def is_known(ask: Ask, tasks: Sequence[Task]) -> bool:
    first = tasks[0]
    return ask.headers.get("authorization") == f"Bearer {KEY}" or (
        first.get("taskType") == "authentication" and first.get("apiKey") == KEY
    )


def check(task: Task) -> None:
    """Hold a videoInference task against the published limits. Raises Refused for the first that breaks."""
    for name in sorted(task.keys() - _KNOWN):
        raise Refused(400, "unsupportedParameter", f"{name} is not a parameter of this model", name)
    if task.get("model") is None:
        raise Refused(400, "missingModel", "model is required", "model")
    for name, words in _WORDS.items():
        if task.get(name, words[0]) not in words:
            raise Refused(400, _bad(name), f"{name} must be one of {', '.join(words)}", name)
    for name, (low, high, step) in _NUMBERS.items():
        value = number(task.get(name, low))
        if value is None or not low <= value <= high or value % step:
            raise Refused(400, _bad(name), f"{name} must be from {low} to {high} in steps of {step}", name)
    prompt = task.get("positivePrompt", "  ")
    if not isinstance(prompt, str) or not 2 <= len(prompt) <= 3000:
        raise Refused(400, "invalidPositivePrompt", "positivePrompt must have 2 to 3000 characters", "positivePrompt")
    if not isinstance(task.get("includeCost", False), bool):
        raise Refused(400, "invalidIncludeCost", "includeCost must be a boolean", "includeCost")
    for name in ("webhookURL", "uploadEndpoint"):
        if name in task and not is_web(task[name]):
            raise Refused(400, _bad(name), f"{name} must be a URL", name)
    safety = mapping(task.get("safety", {}))
    if safety is None or safety.get("mode", "none") not in ("none", "fast", "full"):
        raise Refused(400, "invalidSafety", "safety.mode must be one of none, fast, full", "safety")
    inputs = mapping(task.get("inputs"))
    if inputs is None or not {"image", "audio"} <= inputs.keys():
        raise Refused(400, "missingInputs", "inputs.image and inputs.audio are required", "inputs")


def uuid_of(task: Task) -> str:
    """The task's UUID v4, as it was written."""
    value = task.get("taskUUID")
    if isinstance(value, str) and _UUID4.fullmatch(value):
        return value
    raise Refused(400, "invalidTaskUUID", "taskUUID must be a UUID v4", "taskUUID")


def derived(uuid: str, name: str) -> str:
    """A UUID that follows from another."""
    digest = sha256(f"{uuid.lower()} {name}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"


def told(data: list[Item], errors: list[Item], status: int) -> Answer:
    return said(status, {"data": data, "errors": errors} if errors else {"data": data})


def told_errors(errors: list[Item], status: int) -> Answer:
    return said(status, {"data": [], "errors": errors}, asked_for(status))


def error_of(task: Task, refused: Refused) -> Item:
    named = {name: task[name] for name in ("taskType", "taskUUID") if name in task}
    where = {} if refused.parameter is None else {"parameter": refused.parameter}
    return {"code": refused.code, "message": refused.message, **where, **named, "documentation": DOCS}


def refusal(task: Task, status: int | None) -> Answer:
    """A refusal on demand; None: for want of money."""
    if status is None:
        return told_errors([error_of(task, no_credits())], 402)
    if status >= 500:
        unwell = Refused(status, "internalServerError", "An unexpected error occurred")
        return told_errors([error_of({}, unwell)], status)
    code = "rateLimitExceeded" if status == 429 else "sandboxFault"
    return told_errors([error_of(task, Refused(status, code, f"HTTP {status} on demand"))], status)


def no_credits() -> Refused:
    return Refused(402, "insufficientCredits", "Insufficient credits. Add funds to your account to continue.")


def _bad(name: str) -> str:
    return f"invalid{name[0].upper()}{name[1:]}"
