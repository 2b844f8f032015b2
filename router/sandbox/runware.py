"""Runware as documented: arrays of tasks, cumulative polling, cost inline when asked for. Never asks pricing."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from .account import Job
from .doors import Door
from .hooks import Body
from .runware_account import managed
from .runware_tasks import (
    DOCS,
    PRICES,
    Item,
    Refused,
    Task,
    check,
    derived,
    error_of,
    is_known,
    no_credits,
    refusal,
    tasks_of,
    told,
    told_errors,
    uuid_of,
)
from .shop import Shop, output_url, said_cost
from .wire import Answer, Ask, dumps, is_web, mapping, number

_TASK_TYPE = re.compile(rb'"taskType"\s*:\s*"(\w+)"')
_TASK_UUID = re.compile(rb'"taskUUID"\s*:\s*"([^"]+)"')
CALLS: Mapping[bytes, str] = {
    b"videoInference": "submit",
    b"getResponse": "poll",
    b"getTaskDetails": "probe",
    b"mediaStorage": "upload",
    b"accountManagement": "cost",
}
"""What a POST is for, by the first of these that one of its tasks is."""
WHY: Mapping[str, tuple[str, str]] = {
    "content": ("contentPolicyViolation", "The content violates the provider's policy. You were not charged."),
}


class Runware:
    """POST /runware/v1 and nothing else."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def doors(self) -> tuple[Door, ...]:
        return (Door("POST", "/runware/v1", self.post),)

    def call(self, ask: Ask) -> str:
        kinds = {*_TASK_TYPE.findall(ask.body)}
        return next((call for kind, call in CALLS.items() if kind in kinds), "other")

    def job_of(self, ask: Ask) -> str:
        """The task's id; of an output's address the id of the task that made it."""
        found = _TASK_UUID.search(ask.body)
        if found is not None:
            return found[1].decode("utf-8", "replace")
        name = ask.parts.get("name", "").removesuffix(".mp4")
        jobs = self.shop.account.of("runware") if name else ()
        return next((job.id for job in jobs if name in (derived(job.id, str(n)) for n in range(job.results))), "")

    def refusal(self, ask: Ask, status: int | None) -> Answer:
        tasks = tasks_of(ask)
        return refusal(tasks[0] if tasks else {}, status)

    def post(self, ask: Ask) -> Answer:
        tasks = tasks_of(ask)
        if not tasks:
            return told_errors(
                [error_of({}, Refused(400, "invalidRequestBody", "The body must be an array of tasks"))], 400
            )
        if not is_known(ask, tasks):
            return told_errors([error_of({}, Refused(401, "invalidApiKey", "Invalid API key"))], 401)
        return self._each(ask, [task for task in tasks if task.get("taskType") != "authentication"])

    def _each(self, ask: Ask, tasks: Sequence[Task]) -> Answer:
        data: list[Item] = []
        errors: list[Item] = []
        status = 200
        for task in tasks:
            try:
                match task.get("taskType"):
                    case "videoInference":
                        data.append(self._submit(ask, task))
                    case "getResponse":
                        self._poll(task, data, errors)
                    case "getTaskDetails":
                        data.append(self._details(task))
                    case "mediaStorage":
                        data.append(self._store(ask, task))
                    case "accountManagement":
                        data.append(managed(self.shop, task))
                    case other:
                        _unsupported(other)
            except Refused as refused:
                status = refused.status
                errors.append(error_of(task, refused))
        return told(data, errors, 200 if data else status)

    def _submit(self, ask: Ask, task: Task) -> Item:
        uuid = uuid_of(task)
        check(task)
        inputs = mapping(task.get("inputs")) or {}
        seconds = self._listen(ask, inputs.get("audio"))
        self._look(ask, inputs.get("image"))
        if self.shop.account.find("runware", uuid) is not None:
            raise _conflict(uuid)
        model, results = str(task["model"]), number(task.get("numberResults", 1))
        job = Job(
            provider="runware",
            id=uuid,
            attempt=uuid,
            model=model,
            seconds=seconds + self.shop.output_extra_s,
            rate=PRICES[model],
            results=int(results or 1),
            facts=task,
            host=ask.host,
            text=ask.text(),
            hooked="webhookURL" in task,
        )
        receipt: Item = {"taskType": "videoInference", "taskUUID": uuid}
        whole = job.price * self.shop.account.level("runware") * job.results
        if ask.headers.get("x-runware-dry-run") == "1":
            return {**receipt, "cost": whole}
        if whole > self.shop.account.balance("runware"):
            raise no_credits()
        job.struck = self.shop.struck("runware", ask)
        self.shop.account.accept(job)
        if job.hooked:
            self._announce(job, str(task["webhookURL"]))
        if "conflict" in job.struck:
            raise _conflict(uuid)
        return receipt

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

    def _find(self, task: Task) -> Job | None:
        job = self.shop.account.find("runware", uuid_of(task))
        return None if job is None or "hide" in job.struck else job

    def _poll(self, task: Task, data: list[Item], errors: list[Item]) -> None:
        """Cumulative: every result ended so far, then what still runs. An unknown id gives nothing."""
        job = self._find(task)
        if job is None:
            return
        ended = job.ended(self.shop.account.clock())
        for index in range(ended):
            if index < job.results - job.failed_results:
                data.extend([self._result(job, index)] * (2 if "repeated" in job.struck else 1))
            else:
                errors.append(self._failed(job, index))
        named = {"taskType": "videoInference", "taskUUID": job.id}
        data.extend({**named, "status": "processing"} for _ in range(job.results - ended))

    def _result(self, job: Job, index: int) -> Item:
        video = derived(job.id, str(index))
        item: Item = {
            "taskType": "videoInference",
            "taskUUID": job.id,
            "status": "success",
            "videoUUID": video,
            "videoURL": output_url(job.host, "runware", video),
            "seed": int(video[:8], 16) % 2**31,
            "resultIndex": index,
        }
        cost = said_cost(job, job.price) if job.facts.get("includeCost") is True else None
        return item if cost is None else {**item, "cost": cost}

    def _failed(self, job: Job, index: int) -> Item:
        usual = ("inferenceError", "The render failed at the provider. You were not charged.")
        code, message = WHY.get(job.failure, usual)
        named = {"taskType": "videoInference", "taskUUID": job.id, "status": "error"}
        return {**named, "code": code, "message": message, "documentation": DOCS, "resultIndex": index}

    def _announce(self, job: Job, url: str) -> None:
        """One webhook for each result as it ends, unsigned, a flat task object."""

        def body(index: int) -> bytes:
            good = index < job.results - job.failed_results
            return dumps(self._result(job, index) if good else self._failed(job, index)).encode()

        def told_one(index: int) -> tuple[float, Body]:
            return job.result_s(index), lambda: body(index)

        forged = dumps(self._failed(job, 0)).encode()
        self.shop.hooks.announce(job, url, map(told_one, range(job.results)), lambda: forged)

    def _details(self, task: Task) -> Item:
        job = self._find(task)
        if job is None:
            raise Refused(404, "taskNotFound", "No task with this taskUUID", "taskUUID")
        data: list[Item] = []
        errors: list[Item] = []
        self._poll(task, data, errors)
        response = {"data": data, **({"errors": errors} if errors else {})}
        return {"taskType": "getTaskDetails", "taskUUID": job.id, "request": job.facts, "response": response}

    def _store(self, ask: Ask, task: Task) -> Item:
        """Keep a data URI, or a URL of ours, under a new mediaUUID."""
        uuid, media = uuid_of(task), task.get("media")
        if task.get("operation") != "upload":
            raise Refused(400, "invalidOperation", "operation must be upload", "operation")
        if not isinstance(media, str) or not self.shop.files.keep(stored := derived(uuid, "media"), media, ask.host):
            raise Refused(400, "invalidMedia", "media must be a URL or a base64 data URI", "media")
        return {"taskType": "mediaStorage", "taskUUID": uuid, "mediaUUID": stored}


def _unsupported(kind: object) -> None:
    raise Refused(400, "invalidTaskType", f"Unsupported taskType {kind!r}", "taskType")


def _conflict(uuid: str) -> Refused:
    return Refused(400, "conflictTaskUUID", f"A task with the taskUUID {uuid} already exists", "taskUUID")
