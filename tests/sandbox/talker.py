"""A client that speaks each provider's HTTP to a sandbox, as its documents say. Asserts nothing."""

import json
import ssl
from collections.abc import Mapping
from decimal import Decimal
from typing import Self, cast
from uuid import uuid4

import httpx

from router.sandbox import Sandbox

IMAGE = "https://media.example/face.png"
AUDIO = "https://media.example/talk-9.4s.mp3"
FAL = "fal-ai/creatify/aurora"
Json = dict[str, object]
CONTEXT = ssl.create_default_context()
"""Made once: it is the dear part of a client, and loopback has no use for it."""


class Hand:
    """A clock moved by hand, in seconds."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def pass_s(self, seconds: float) -> None:
        self.now_s += seconds


class Talker:
    """One client of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.env = sandbox, sandbox.env
        self.http = httpx.Client(timeout=10, verify=CONTEXT, trust_env=False)
        self.fal_key = {"Authorization": f"Key {self.env['FAL_KEY']}"}
        self.runware_key = {"Authorization": f"Bearer {self.env['RUNWARE_API_KEY']}"}
        self.creatify_key = {"X-API-ID": self.env["CREATIFY_API_ID"], "X-API-KEY": self.env["CREATIFY_API_KEY"]}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def fal(self, **fields: object) -> httpx.Response:
        """Submit Aurora at fal."""
        body = {"image_url": IMAGE, "audio_url": AUDIO, **fields}
        return self.http.post(f"{self.env['FAREGATE_FAL_QUEUE_URL']}/{FAL}", json=body, headers=self.fal_key)

    def fal_get(self, url: str) -> httpx.Response:
        return self.http.get(url, headers=self.fal_key)

    def fal_api(self, path: str, params: Mapping[str, str | list[str]] | None = None) -> httpx.Response:
        """Ask the platform API, by default about Aurora."""
        url = f"{self.env['FAREGATE_FAL_API_URL']}/{path}"
        return self.http.get(url, params={"endpoint_id": FAL} if params is None else params, headers=self.fal_key)

    def runware(self, *tasks: Json) -> httpx.Response:
        return self.http.post(self.env["FAREGATE_RUNWARE_URL"], json=list(tasks), headers=self.runware_key)

    def poll(self, task: Json) -> Json:
        return read(self.runware({"taskType": "getResponse", "taskUUID": task["taskUUID"]}))

    def creatify(self, **fields: object) -> httpx.Response:
        """Create an Aurora job."""
        body = {"image": IMAGE, "audio": AUDIO, **fields}
        return self.http.post(self._creatify("aurora/"), json=body, headers=self.creatify_key)

    def template(self, **fields: object) -> httpx.Response:
        """Create a custom template job."""
        body: Json = {"template_id": str(uuid4()), "variables": {}, **fields}
        return self.http.post(self._creatify("custom_template_jobs/"), json=body, headers=self.creatify_key)

    def creatify_get(self, path: str, **params: str) -> httpx.Response:
        return self.http.get(self._creatify(path), params=params, headers=self.creatify_key)

    def _creatify(self, path: str) -> str:
        return f"{self.env['FAREGATE_CREATIFY_URL']}/api/{path}"

    def put(self, name: str, data: bytes) -> str:
        """Upload a file; answers its URL."""
        url = f"{self.sandbox.urls['files']}/{name}"
        self.http.put(url, content=data).raise_for_status()
        return url

    def bill(self) -> Json:
        return read(self.http.get(self.sandbox.urls["bill"]))


def task(**fields: object) -> Json:
    """A videoInference task that is in order."""
    return {
        "taskType": "videoInference",
        "taskUUID": str(uuid4()),
        "model": "creatify:aurora@0",
        "includeCost": True,
        "inputs": {"image": IMAGE, "audio": AUDIO},
        **fields,
    }


def read(response: httpx.Response) -> Json:
    """The body as a JSON object with exact numbers."""
    return cast("Json", json.loads(response.content, parse_float=Decimal))


def member(value: Json, name: str) -> Json:
    return cast("Json", value[name])


def items(value: object) -> list[Json]:
    return cast("list[Json]", value)


def wave(seconds: str, rate: int = 8000) -> bytes:
    """A silent WAV of exactly this many seconds: 8-bit mono."""
    size = int(Decimal(seconds) * rate)
    fmt = (1).to_bytes(2, "little") * 2 + rate.to_bytes(4, "little") * 2 + b"\x01\x00\x08\x00"
    head = b"WAVEfmt " + (16).to_bytes(4, "little") + fmt + b"data" + size.to_bytes(4, "little")
    return b"RIFF" + (len(head) + size).to_bytes(4, "little") + head + b"\x80" * size
