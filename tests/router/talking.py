"""Drives a provider's conversation by hand: canned answers in, the calls and the meaning out."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TypeVar, cast

from router.ports import Talk
from router.talk import Answer, Broken, Call, Order, Reply, Ticket, fingerprint

T = TypeVar("T")

ATTEMPT = "0c7e2f5e-6a44-4a0e-9a37-0d5a3c1f9b11"
JOB = "76cdd8b1-e337-4fe3-925f-513f86047104"
KEYS = MappingProxyType(
    {
        "FAL_KEY": "fal-id:fal-secret",
        "RUNWARE_API_KEY": "rw-secret-key",
        "CREATIFY_API_ID": "cr-id-1234",
        "CREATIFY_API_KEY": "cr-secret-key",
    }
)
SECRETS = ("fal-secret", "rw-secret-key", "cr-secret-key")
NO_FIELDS: Mapping[str, str] = MappingProxyType({})


def drive(talk: Talk[T], *answers: Answer) -> tuple[T, list[Call]]:
    """The conversation's meaning and the calls it made. Every canned answer must be asked for, and no more."""
    calls: list[Call] = []
    left = list(answers)
    try:
        calls.append(next(talk))
        while True:
            assert left, f"an unexpected call: {calls[-1].method} {calls[-1].url}"
            calls.append(talk.send(left.pop(0)))
    except StopIteration as stop:
        assert not left, f"{len(left)} answers were not asked for"
        return cast("T", stop.value), calls


def meaning(talk: Talk[T], answer: Answer, times: int = 60) -> T:
    """The same answer to whatever is asked."""
    try:
        next(talk)
        for _ in range(times):
            talk.send(answer)
    except StopIteration as stop:
        return cast("T", stop.value)
    raise AssertionError("the conversation does not end")


def reply(status: int, body: object = None, **headers: str) -> Reply:
    """A JSON answer, numbers written from their text; header names with _ for -."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.lower().replace("_", "-"): value for name, value in headers.items()}, content)


LOST = Broken(sent=True, error="ReadError: closed")
NOT_SENT = Broken(sent=False, error="ConnectError: refused")


def order(offer: str, /, **changes: object) -> Order:
    values: dict[str, object] = {
        "attempt": ATTEMPT,
        "offer": offer,
        "settings": {"resolution": "720p"} if offer.startswith("fal/") else {},
        "kind": "avatar",
        "image": "https://media.example/face.jpg",
        "audio": "https://media.example/talk.mp3",
    }
    if ":" in offer and offer.startswith("creatify/"):
        values |= {"kind": "template", "template_id": JOB, "variables": {"name": "Ada"}, "image": "", "audio": ""}
    return Order(**{**values, **changes})  # type: ignore[arg-type]  # the caller's names are the fields' names


def ticket(offer: str, job: str | None = JOB, /, **changes: object) -> Ticket:
    values: dict[str, object] = {
        "attempt": ATTEMPT,
        "offer": offer,
        "settings": {},
        "outputs": 1,
        "provider_job": job,
        "handle": NO_FIELDS,
        "fingerprint": fingerprint({"never": "sent"}),
        "started_at": datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
    }
    return Ticket(**{**values, **changes})  # type: ignore[arg-type]  # as above


def dec(text: str) -> Decimal:
    return Decimal(text)
