"""A client of a market without a socket between them, on a clock moved by hand. Asserts nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import cast
from urllib.parse import urlencode
from uuid import UUID

from router.sandbox.hooks import Hook
from router.sandbox.market import Market, environment
from router.sandbox.wire import Answer, Ask, dumps, loads

from .talker import AUDIO, FAL, IMAGE, Hand, Json, task

BORN = datetime(2026, 11, 30, 12, tzinfo=UTC)
ENV = environment("http://sandbox")
KEYS: Mapping[str, Mapping[str, str]] = {
    "fal": {"authorization": f"Key {ENV['FAL_KEY']}"},
    "admin": {"authorization": f"Key {ENV['FAL_ADMIN_KEY']}"},
    "runware": {"authorization": f"Bearer {ENV['RUNWARE_API_KEY']}"},
    "creatify": {"x-api-id": ENV["CREATIFY_API_ID"], "x-api-key": ENV["CREATIFY_API_KEY"]},
}
HOOK = "http://127.0.0.1:9/hook"


@dataclass(frozen=True)
class Told:
    """An answer, read."""

    answer: Answer

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def json(self) -> Json:
        return cast("Json", loads(self.answer.body))

    @property
    def list(self) -> "list[Json]":
        return cast("list[Json]", loads(self.answer.body))


class Direct:
    """One market and its client. Options are the market's own."""

    def __init__(self, *faults: str, seed: int = 1, **options: object) -> None:
        chance = Random(seed)
        self.hand = Hand()
        self.market = Market(
            clock=self.hand,
            born=BORN,
            new_id=lambda: str(UUID(int=chance.getrandbits(128), version=4)),
            draw=chance.random,
            faults=faults,
            **{"render_s": 10, "billing_lag_s": 20, **options},  # type: ignore[arg-type]
        )
        self.chance = chance

    def ask(self, method: str, url: str, key: str, body: object = None) -> Told:
        data = b"" if body is None else dumps(body).encode()
        return Told(self.market.answer(Ask.of(method, url, KEYS[key], data)))

    def submit(self, provider: str, *, hook: str | None = None, **fields: object) -> Told:
        """A submit in order, 9.4 s long."""
        if provider == "fal":
            url = f"{ENV['FAREGATE_FAL_QUEUE_URL']}/{FAL}" + (f"?{urlencode({'fal_webhook': hook})}" if hook else "")
            return self.ask("POST", url, "fal", {"image_url": IMAGE, "audio_url": AUDIO, **fields})
        if provider == "runware":
            uuid = str(UUID(int=self.chance.getrandbits(128), version=4))
            hooked = {"webhookURL": hook} if hook else {}
            wanted = [{**task(), "taskUUID": uuid, **hooked, **fields}]
            return self.ask("POST", ENV["FAREGATE_RUNWARE_URL"], "runware", wanted)
        hooked = {"webhook_url": hook} if hook else {}
        url = f"{ENV['FAREGATE_CREATIFY_URL']}/api/aurora/"
        return self.ask("POST", url, "creatify", {"image": IMAGE, "audio": AUDIO, **hooked, **fields})

    def jobs(self) -> "list[Json]":
        return cast("list[Json]", self.market.bill()["jobs"])

    def look(self, index: int = 0) -> Told:
        """What the provider says of a job."""
        job = self.jobs()[index]
        if job["provider"] == "fal":
            return self.ask("GET", f"{ENV['FAREGATE_FAL_QUEUE_URL']}/fal-ai/creatify/requests/{job['id']}", "fal")
        if job["provider"] == "runware":
            return self.managed("getResponse", taskUUID=job["id"])
        return self.ask("GET", f"{ENV['FAREGATE_CREATIFY_URL']}/api/aurora/{job['id']}/", "creatify")

    def managed(self, kind: str, **fields: object) -> Told:
        """One Runware task of another kind than a submit."""
        uuid = "67613ddc-2405-42bb-be8b-9714e84e63aa"
        tasks = [{"taskType": kind, "taskUUID": uuid, **fields}]
        return self.ask("POST", ENV["FAREGATE_RUNWARE_URL"], "runware", tasks)

    def platform(self, path: str, key: str = "admin", **query: str) -> Told:
        """fal's platform API."""
        return self.ask("GET", f"{ENV['FAREGATE_FAL_API_URL']}/{path}?{urlencode(query)}", key)

    def total(self, currency: str = "USD") -> str:
        return cast("dict[str, str]", self.market.bill()["total"])[currency]

    def hooks(self) -> tuple[Hook, ...]:
        return self.market.due_hooks()
