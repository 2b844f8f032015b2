"""The words of a conversation with a provider: calls out, answers in, and what they meant. Pure values."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast

from pricing import Money

from .errors import BadReply

NOTHING: Mapping[str, str] = MappingProxyType({})

Purpose = Literal["submit", "poll", "cost", "probe", "upload", "cancel"]


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request to make. Exactly one of `json` and `content` or neither."""

    purpose: Purpose
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    json: object | None = None
    content: bytes | Path | None = None
    timeout_s: float = 30.0
    secret_headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """Sent like `headers`, never shown or logged."""
    provider: str = ""
    """Whose limits it counts against."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer that arrived whole."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    def json(self) -> object:
        """The body as JSON, numbers as int or Decimal. Raises BadReply for anything else, NaN and Infinity too."""
        try:
            return json.loads(self.body, parse_float=Decimal, parse_constant=_refuse)
        except (ValueError, ArithmeticError, RecursionError) as error:  # 1e99999999999999999999 is an ArithmeticError
            raise BadReply(self.status, self.body[:80].decode("utf-8", "replace")) from error


@dataclass(frozen=True, slots=True)
class Broken:
    """No whole answer. `sent` False: it failed before the first byte of the request could leave."""

    sent: bool
    error: str


Answer = Reply | Broken


@dataclass(frozen=True, slots=True)
class Order:
    """One attempt, in no provider's words: media are references the provider can read (URLs, uploaded ids)."""

    attempt: str
    """A UUID; Runware's taskUUID, Creatify's name."""
    offer: str
    settings: Mapping[str, str]
    kind: Literal["avatar", "template"]
    outputs: int = 1
    image: str = ""
    audio: str = ""
    prompt: str | None = None
    guidance: Decimal | None = None
    audio_guidance: Decimal | None = None
    template_id: str = ""
    variables: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    webhook_url: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """How a submit ended."""

    outcome: Literal["not_sent", "refused", "accepted", "unknown"]
    provider_job: str | None = None
    handle: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """What `poll` needs later, as plain strings; stored with the attempt."""
    reason: str = ""
    status: int | None = None
    """The HTTP status of an answer that was judged by it alone; None: none came, or its content was judged."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """An attempt as it was sent, for poll, probe and cancel. Filled from the ledger after a restart too."""

    attempt: str
    offer: str
    settings: Mapping[str, str]
    outputs: int
    provider_job: str | None
    handle: Mapping[str, str]
    fingerprint: str
    started_at: datetime
    """When the intent was committed (aware, UTC)."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the provider said a job cost, in its own currency."""

    amount: Money
    evidence: Literal["billing_event", "inline", "units"]
    units: str | None = None
    """Raw units as the provider gave them, for the record."""
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """One poll's answer."""

    state: Literal["running", "done", "failed", "unreachable"]
    """unreachable: this poll said nothing (network, 5xx, unreadable): not a failure of the job."""
    outputs: tuple[str, ...] = ()
    delivered: int = 0
    """Results the provider delivered, of those asked."""
    cost: Cost | None = None
    """None: it did not say (never zero)."""
    charged: Literal["yes", "no", "maybe"] = "maybe"
    """For a failed job: does the provider's documented rule prove that nothing was charged?"""
    reason: str = ""
    retry_after_s: float | None = None
    gone: bool = False
    """Of an unreachable one: a successful look, and the provider says that it knows no such job."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe's answer."""

    found: Literal["found", "absent", "unsure"]
    """absent: a successful look that did not find it. unsure: could not look, or more than one fits."""
    provider_job: str | None = None
    handle: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    reason: str = ""


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from Retry-After as seconds or as a date beside the answer's own Date; at most an hour."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(min(int(value[:9]), 3600))
    try:
        gap = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(gap.total_seconds(), 0.0), 3600.0)


def _refuse(word: str) -> object:
    raise ValueError(f"{word} is not a JSON number")


def fingerprint(payload: object) -> str:
    """The identity of a submit's body: SHA-256 over its canonical JSON, in which 1, 1.0 and Decimal("1.00") are one."""
    return sha256(json.dumps(_canonical(payload), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _canonical(value: object) -> object:
    if isinstance(value, Mapping):
        items = cast(Mapping[object, object], value).items()
        return {str(key): _canonical(item) for key, item in items if item is not None}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in cast(Sequence[object], value)]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return f"number:{Decimal(value).normalize():f}"
    return value
