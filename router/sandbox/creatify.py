"""Creatify as documented: Aurora, template jobs, the balance. Debits at creation, refunds; never asks pricing."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from .account import CREDIT, Job
from .doors import Door
from .hooks import Body
from .media import DEFAULT_TEMPLATE_SECONDS, LONGEST, seconds_of, suffix
from .shop import Shop, asked_for, output_url, said_cost
from .wire import Answer, Ask, dumps, is_web, loads, mapping, number, said

API_ID = "sandbox-creatify-id"
API_KEY = "sandbox-creatify-key"
AURORA = {"aurora_v1": Decimal(1), "aurora_v1_fast": Decimal("0.5")}
AURORA_V2 = {"480p": Decimal("0.4"), "720p": Decimal("0.7"), "1080p": Decimal("1.4"), "2k": Decimal("2.8")}
STANDARD, STANDARD_STEP = Decimal(5), 30
MAX_AUDIO_SECONDS = Decimal(300)
MAX_V2_SECONDS = {"2k": Decimal("14.375")}
"""At the others 59.7."""
FORMATS = {"image": ("png", "jpg", "jpeg", "webp"), "audio": ("mp3", "wav")}
REQUIRED = "This field is required."
OUT_OF_CREDITS = "Insufficient credits. Please upgrade your plan or buy an add-on pack."
WHY: Mapping[str, str] = {
    "credits": OUT_OF_CREDITS,
    "content": "The content violates our policy",
    "rejected": "The video was rejected by moderation",
    "render": "the render failed",
}

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
Wrong = dict[str, list[str]]
"""What a 400 says: each field with its complaints."""


class Creatify:
    """Everything under /creatify/api/. Paths end in a slash."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def doors(self) -> tuple[Door, ...]:
        aurora, template = "/creatify/api/aurora/", "/creatify/api/custom_template_jobs/"
        return (
            Door("POST", aurora, lambda ask: self.create(ask, self._aurora), "submit"),
            Door("GET", aurora, lambda ask: self.many(ask, template=False), "probe"),
            Door("GET", aurora + "{id}/", lambda ask: self.one(ask, template=False), "poll"),
            Door("POST", template, lambda ask: self.create(ask, self._template), "submit"),
            Door("GET", template, lambda ask: self.many(ask, template=True), "probe"),
            Door("GET", template + "{id}/", lambda ask: self.one(ask, template=True), "poll"),
            Door("GET", "/creatify/api/remaining_credits/", self.balance, "cost"),
        )

    def call(self, ask: Ask) -> str:  # noqa: ARG002 - each of its doors has a call
        return "other"

    def job_of(self, ask: Ask) -> str:
        return ask.parts.get("id", "") or ask.parts.get("name", "").removesuffix(".mp4")

    def refusal(self, ask: Ask, status: int | None) -> Answer:  # noqa: ARG002 - the same for every ask
        if status is None:
            return said(402, {"detail": OUT_OF_CREDITS})
        return said(status, {"detail": f"HTTP {status} on demand"}, asked_for(status))

    def create(self, ask: Ask, order: Callable[[Ask, Mapping[str, object]], Job | Wrong]) -> Answer:
        if not _known(ask):
            return _stranger()
        try:
            body = mapping(loads(ask.body))
        except ValueError as error:
            return said(400, {"detail": f"JSON parse error - {error}"})
        if body is None:
            return said(400, {"non_field_errors": ["Invalid data. Expected a dictionary."]})
        job = order(ask, body)
        if not isinstance(job, Job):
            return said(400, job)
        account = self.shop.account
        if job.price * account.level("creatify") > account.balance("creatify"):
            return self.refusal(ask, None)
        job.host, job.text, job.struck = ask.host, ask.text(), self.shop.struck("creatify", ask)
        account.accept(job)
        hook = body.get("webhook_url")
        if isinstance(hook, str):
            self._announce(job, hook)
        return said(201, self._view(job))

    def _announce(self, job: Job, url: str) -> None:
        """One unsigned webhook at each change of status; none tells money."""

        def body(status: str) -> Body:
            def told() -> bytes:
                done = status == "done"
                output = output_url(job.host, "creatify", job.id) if done else None
                failed = "" if status in ("in_queue", "running", "done") else WHY[job.failure]
                words: dict[str, object] = {"id": job.id, "status": status, "failed_reason": failed}
                return dumps({**words, "video_output": output}).encode()

            return told

        end = "done" if not job.failure else "rejected" if job.failure == "rejected" else "failed"
        steps = [(job.accepted_s + job.queue_s / 2, "in_queue"), (job.accepted_s + job.queue_s, "running")]
        if job.render_s == 0:
            steps = []
        forged = {"id": job.id, "status": "failed", "failed_reason": "the render failed", "video_output": None}
        every = [(due_s, body(status)) for due_s, status in [*steps, (job.ends_s, end)]]
        self.shop.hooks.announce(job, url, every, lambda: dumps(forged).encode())

    def _aurora(self, ask: Ask, body: Mapping[str, object]) -> Job | Wrong:
        wrong = _common(body, (*AURORA, "aurora_v2"))
        model, resolution = body.get("model_version", "aurora_v1"), body.get("resolution", "720p")
        if model == "aurora_v2" and str(resolution) not in AURORA_V2:
            wrong["resolution"] = [f'"{resolution}" is not a valid choice.']
        for name in ("image", "audio"):
            if body.get(name) is None:
                wrong[name] = [REQUIRED]
            elif not is_web(body[name]):
                wrong[name] = ["Enter a valid URL."]
            elif suffix(str(body[name])) not in ("", *FORMATS[name]):
                wrong[name] = [f"Unsupported format. Use {', '.join(FORMATS[name])}."]
            elif not self.shop.files.holds(str(body[name]), ask.host):
                wrong[name] = ["The file could not be downloaded."]
        scale = number(body.get("prompt_guidance_scale", 1))
        if scale is None or not 0 <= scale <= 10:
            wrong["prompt_guidance_scale"] = ["Ensure this value is from 0.0 to 10.0."]
        if not isinstance(body.get("text_prompt", ""), str):
            wrong["text_prompt"] = ["Not a valid string."]
        seconds = None if "audio" in wrong else self.shop.files.listen(str(body["audio"]), ask.host)
        if "audio" not in wrong and seconds is None:
            wrong["audio"] = ["The audio file could not be read."]
        most = MAX_AUDIO_SECONDS
        if model == "aurora_v2":
            most = MAX_V2_SECONDS.get(str(resolution), Decimal("59.7"))
        if seconds is not None and seconds > most:
            wrong["audio"] = [f"Audio must be at most {most} seconds long."]
        if wrong or seconds is None:
            return wrong
        rate = AURORA_V2[str(resolution)] if model == "aurora_v2" else AURORA[str(model)]
        return self._job(body, str(model), seconds, rate, 1)

    def _template(self, _: Ask, body: Mapping[str, object]) -> Job | Wrong:
        wrong = _common(body, ("standard", *AURORA))
        template = body.get("template_id")
        if template is None or not _is_uuid(template):
            wrong["template_id"] = [REQUIRED if template is None else "Must be a valid UUID."]
        variables = mapping(body.get("variables"))
        if variables is None:
            wrong["variables"] = ["Expected a dictionary." if "variables" in body else REQUIRED]
        if not isinstance(body.get("is_hidden", False), bool):
            wrong["is_hidden"] = ["Must be a valid boolean."]
        stated = (variables or {}).get("seconds", DEFAULT_TEMPLATE_SECONDS)
        seconds = seconds_of(stated)
        if seconds is None:
            wrong["variables"] = [f"seconds must be above 0 and at most {LONGEST}."]
        if wrong or seconds is None:
            return wrong
        model = str(body.get("model_version", "standard"))
        rate, step = (STANDARD, STANDARD_STEP) if model == "standard" else (AURORA[model], 1)
        return self._job(body, f"custom_template:{model}", seconds, rate, step)

    def _job(self, body: Mapping[str, object], model: str, seconds: Decimal, rate: Decimal, step: int) -> Job:
        name = body.get("name")
        return Job(
            provider="creatify",
            id=self.shop.new_id(),
            model=model,
            seconds=seconds,
            rate=rate,
            currency=CREDIT,
            step=step,
            attempt=name if isinstance(name, str) else None,
            prepaid=True,
            facts=body,
        )

    def one(self, ask: Ask, *, template: bool) -> Answer:
        if not _known(ask):
            return _stranger()
        job = self.shop.account.find("creatify", ask.parts["id"])
        if job is None or _is_template(job) != template:
            return said(404, {"detail": "Not found."})
        return said(200, self._view(job))

    def many(self, ask: Ask, *, template: bool) -> Answer:
        """A bare array, newest first unless `ordering` says otherwise; `ids` names at most 100."""
        if not _known(ask):
            return _stranger()
        ids = ask.every("ids")
        if len(ids) > 100:
            return said(400, {"ids": ["At most 100 ids."]})
        jobs = [
            job
            for job in self.shop.account.of("creatify")
            if _is_template(job) == template and "hide" not in job.struck and (not ids or job.id in ids)
        ]
        if ask.one("ordering") == "created_at":
            jobs.reverse()
        return said(200, [self._view(job) for job in jobs])

    def balance(self, ask: Ask) -> Answer:
        if not _known(ask):
            return _stranger()
        return said(200, {"remaining_credits": self.shop.account.balance("creatify")})

    def _view(self, job: Job) -> dict[str, object]:
        account = self.shop.account
        now_s = account.clock()
        state, done = _status(job, now_s), job.state(now_s) == "done"
        echo = {name: value for name, value in job.facts.items() if name in _ECHOED}
        return {
            "id": job.id,
            "created_at": account.when(job.accepted_s).isoformat(),
            "updated_at": account.when(now_s).isoformat(),
            "name": None,
            "webhook_url": None,
            "is_hidden": False,
            **echo,
            "model_version": job.model.removeprefix("custom_template:"),
            "media_job": job.id if done else None,
            "video_output": output_url(job.host, "creatify", job.id) if done else None,
            "preview": None,
            "editor_url": None,
            "failed_reason": WHY[job.failure] if state in ("failed", "rejected") else "",
            "credits_used": said_cost(job, job.price) if done or "no-cost" in job.struck else 0,
            "duration": int(job.seconds) if done else 0,
            "status": state,
            "progress": Decimal(str(round(job.share(now_s), 2))),
        }


_ECHOED = frozenset(
    {"name", "image", "audio", "text_prompt", "prompt_guidance_scale", "webhook_url", "is_hidden", "variables"}
)


def _status(job: Job, now_s: float) -> str:
    """pending, in_queue, running, done, failed or rejected."""
    state = job.state(now_s)
    if state == "queued":
        return "pending" if now_s < job.accepted_s + job.queue_s / 2 else "in_queue"
    return "rejected" if state == "failed" and job.failure == "rejected" else state


def _is_template(job: Job) -> bool:
    return job.model.startswith("custom_template:")


def _common(body: Mapping[str, object], models: tuple[str, ...]) -> Wrong:
    wrong: Wrong = {}
    name, hook = body.get("name"), body.get("webhook_url")
    if name is not None and not (isinstance(name, str) and len(name) <= 255):
        wrong["name"] = ["Ensure this field has no more than 255 characters."]
    if hook is not None and not is_web(hook):
        wrong["webhook_url"] = ["Enter a valid URL."]
    elif isinstance(hook, str) and len(hook) > 200:
        wrong["webhook_url"] = ["Ensure this field has no more than 200 characters."]
    model = body.get("model_version", models[0])
    if model not in models:
        wrong["model_version"] = [f'"{model}" is not a valid choice.']
    return wrong


def _known(ask: Ask) -> bool:
    return ask.headers.get("x-api-id") == API_ID and ask.headers.get("x-api-key") == API_KEY


def _stranger() -> Answer:
    return said(401, {"detail": "Invalid API credentials."})


def _is_uuid(value: object) -> bool:
    return isinstance(value, str) and _UUID.fullmatch(value) is not None
