"""Runware as documented: arrays of tasks, cumulative polling, cost inline when asked for. Never asks pricing."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID, uuid5

from .account import Job
from .doors import Door
from .faults import ANSWERS
from .shop import Shop, output_url, web_page
from .wire import Answer, Ask, is_web, loads, mapping, number, said, sequence

KEY = "sandbox-runware-key"
PRICES = {"creatify:aurora@0": Decimal("0.14"), "creatify:aurora@fast": Decimal("0.07")}
Item = dict[str, object]


class Refused(Exception):
    """A task that is answered in `errors`: an item there, never an error of ours."""

    def __init__(self, status: int, code: str, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.parameter = status, code, message, parameter


class Runware:
    """POST /runware/v1 and nothing else."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def doors(self) -> tuple[Door, ...]:
        return (("POST", "/runware/v1", self.post),)

    def post(self, ask: Ask) -> Answer:
        try:
            tasks = [mapping(task) or {} for task in sequence(loads(ask.body)) or ()]
        except ValueError:
            tasks = []
        submits = any(task.get("taskType") == "videoInference" for task in tasks)
        if submits:
            self.shop.account.knock()
        if not tasks:
            return _errors([_error({}, Refused(400, "invalidRequestBody", "The body must be an array of tasks"))], 400)
        if not _known(ask, tasks):
            return _errors([_error({}, Refused(401, "invalidApiKey", "Invalid API key"))], 401)
        early = self.shop.faults.early("runware", ask.text()) if submits else None
        if early is not None:
            return web_page() if early.kind == "html" else _refusal(tasks[0], early.status)
        return self._each(ask, [task for task in tasks if task.get("taskType") != "authentication"])

    def _each(self, ask: Ask, tasks: Sequence[Mapping[str, object]]) -> Answer:
        data: list[Item] = []
        errors: list[Item] = []
        taken: list[Job] = []
        status = 200
        for task in tasks:
            try:
                match task.get("taskType"):
                    case "videoInference":
                        taken.append(self._submit(ask, task))
                        data.append({"taskType": "videoInference", "taskUUID": taken[-1].id})
                    case "getResponse":
                        self._poll(ask, task, data, errors)
                    case "getTaskDetails":
                        data.append(self._details(ask, task))
                    case "mediaStorage":
                        data.append(self._store(ask, task))
                    case other:
                        _unsupported(other)
            except Refused as refused:
                status = refused.status
                errors.append(_error(task, refused))
        answer = _answer(data, errors, 200 if data else status)
        if not taken:
            return answer
        spoilt = next((job for job in taken if ANSWERS & job.struck), taken[0])
        return self.shop.closing(spoilt, answer, _errors([_error({}, Refused(500, *_SERVER))], 500))

    def _submit(self, ask: Ask, task: Mapping[str, object]) -> Job:
        uuid = _uuid(task)
        _check(task)
        inputs = mapping(task.get("inputs")) or {}
        seconds = self._listen(ask, inputs.get("audio"))
        self._look(ask, inputs.get("image"))
        if self.shop.account.find("runware", uuid) is not None:
            text = f"A task with the taskUUID {uuid} already exists"
            raise Refused(400, "conflictTaskUUID", text, "taskUUID")
        model, results = str(task["model"]), number(task.get("numberResults", 1))
        job = Job(
            provider="runware",
            id=uuid,
            attempt=uuid,
            model=model,
            seconds=seconds + self.shop.output_extra_s,
            rate=PRICES[model],
            results=int(results or 1),
            struck=self.shop.faults.late("runware", ask.text()),
            facts=task,
        )
        return self.shop.account.accept(job)

    def _listen(self, ask: Ask, audio: object) -> Decimal:
        """The audio's length: an uploaded UUID or a URL, nothing else."""
        files = self.shop.files
        seconds = None
        if isinstance(audio, str):
            seconds = files.listen(audio, ask.host) if is_web(audio) else files.seconds(audio)
        if seconds is None:
            raise Refused(400, "invalidInputAudio", "inputs.audio must be the UUID or URL of audio", "inputs.audio")
        return seconds

    def _look(self, ask: Ask, image: object) -> None:
        files = self.shop.files
        seen = isinstance(image, str) and (
            files.holds(image, ask.host) if is_web(image) or image.startswith("data:") else files.get(image) is not None
        )
        if not seen:
            text = "inputs.image must be the UUID, URL or data URI of an image"
            raise Refused(400, "invalidInputImage", text, "inputs.image")

    def _find(self, task: Mapping[str, object]) -> Job | None:
        job = self.shop.account.find("runware", _uuid(task))
        return None if job is None or "hide" in job.struck else job

    def _poll(self, ask: Ask, task: Mapping[str, object], data: list[Item], errors: list[Item]) -> None:
        """Cumulative: every result finished so far, then what still runs. An unknown id gives nothing."""
        job = self._find(task)
        if job is None:
            return
        now_s = self.shop.account.clock()
        named = {"taskType": "videoInference", "taskUUID": job.id}
        if job.state(now_s) == "failed":
            text = "The render failed at the provider. You were not charged."
            failed = {**named, "status": "error", "code": "inferenceError", "message": text}
            errors.extend({**failed, "documentation": _DOCS, "resultIndex": index} for index in range(job.results))
            return
        finished = job.finished(now_s)
        data.extend(self._result(ask, job, index) for index in range(finished))
        data.extend({**named, "status": "processing"} for _ in range(job.results - finished))

    def _result(self, ask: Ask, job: Job, index: int) -> Item:
        video = str(uuid5(UUID(job.id), str(index)))
        item: Item = {
            "taskType": "videoInference",
            "taskUUID": job.id,
            "status": "success",
            "videoUUID": video,
            "videoURL": output_url(ask.host, video),
            "seed": UUID(video).int % 2**31,
            "resultIndex": index,
        }
        priced = job.facts.get("includeCost") is True and "no-cost" not in job.struck
        return {**item, "cost": job.price} if priced else item

    def _details(self, ask: Ask, task: Mapping[str, object]) -> Item:
        job = self._find(task)
        if job is None:
            raise Refused(404, "taskNotFound", "No task with this taskUUID", "taskUUID")
        data: list[Item] = []
        errors: list[Item] = []
        self._poll(ask, task, data, errors)
        response = {"data": data, **({"errors": errors} if errors else {})}
        return {"taskType": "getTaskDetails", "taskUUID": job.id, "request": job.facts, "response": response}

    def _store(self, ask: Ask, task: Mapping[str, object]) -> Item:
        """Keep a data URI, or a URL of ours, under a new mediaUUID."""
        uuid, media = _uuid(task), task.get("media")
        if task.get("operation") != "upload":
            raise Refused(400, "invalidOperation", "operation must be upload", "operation")
        if not isinstance(media, str) or not self.shop.files.keep(
            stored := str(uuid5(UUID(uuid), "media")), media, ask.host
        ):
            raise Refused(400, "invalidMedia", "media must be a URL or a base64 data URI", "media")
        return {"taskType": "mediaStorage", "taskUUID": uuid, "mediaUUID": stored}


_DOCS = "https://runware.ai/docs/models-api/errors"
_SERVER = ("internalServerError", "An unexpected error occurred")
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


def _check(task: Mapping[str, object]) -> None:
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
    inputs = mapping(task.get("inputs"))
    if inputs is None or not {"image", "audio"} <= inputs.keys():
        raise Refused(400, "missingInputs", "inputs.image and inputs.audio are required", "inputs")


def _unsupported(kind: object) -> None:
    raise Refused(400, "invalidTaskType", f"Unsupported taskType {kind!r}", "taskType")


def _bad(name: str) -> str:
    return f"invalid{name[0].upper()}{name[1:]}"


def _uuid(task: Mapping[str, object]) -> str:
    """The task's UUID v4, as it was written."""
    value = task.get("taskUUID")
    try:
        if isinstance(value, str) and UUID(value).version == 4:
            return value
    except ValueError:
        pass
    raise Refused(400, "invalidTaskUUID", "taskUUID must be a UUID v4", "taskUUID")


def _known(ask: Ask, tasks: Sequence[Mapping[str, object]]) -> bool:
    first = tasks[0]
    return ask.headers.get("authorization") == f"Bearer {KEY}" or (
        first.get("taskType") == "authentication" and first.get("apiKey") == KEY
    )


def _answer(data: list[Item], errors: list[Item], status: int) -> Answer:
    return said(status, {"data": data, "errors": errors} if errors else {"data": data})


def _errors(errors: list[Item], status: int, headers: Mapping[str, str] | None = None) -> Answer:
    return said(status, {"data": [], "errors": errors}, headers or {})


def _error(task: Mapping[str, object], refused: Refused) -> Item:
    named = {name: task[name] for name in ("taskType", "taskUUID") if name in task}
    where = {} if refused.parameter is None else {"parameter": refused.parameter}
    return {"code": refused.code, "message": refused.message, **where, **named, "documentation": _DOCS}


def _refusal(task: Mapping[str, object], status: int | None) -> Answer:
    if status is None:
        text = "Insufficient credits. Add funds to your account to continue."
        return _errors([_error(task, Refused(402, "insufficientCredits", text))], 402)
    more = {429: {"retry-after": "1"}}.get(status, {"location": "/elsewhere"} if 300 <= status < 400 else {})
    return _errors([_error(task, Refused(status, "sandboxFault", f"HTTP {status} on demand"))], status, more)
