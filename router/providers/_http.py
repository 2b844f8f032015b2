"""What the three adapters share: what a submit's answer means, provider JSON narrowed, errors in one line. No I/O.

A submit is `refused` only for the statuses that providers document as refusals; everything else that is not a
readable 2xx is `unknown`: the provider may have taken the job and may charge it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal, cast
from urllib.parse import urlsplit

from pricing import Money, PricingError

from ..errors import BadReply, ProviderError
from ..talk import NOTHING, Answer, Broken, Cost, Progress, Reply, Submission, retry_after_s

REFUSED = frozenset({400, 401, 402, 403, 404, 413, 415, 429})
"""What the three document as refused before anything ran. 408, 409, 422, 425 and 499 are not among them."""

LINE_MAX = 200
NO_ANSWER = "no answer"
UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]{1,9})?", re.ASCII)
_KEY = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Read:
    """A 2xx that is JSON."""

    status: int
    headers: Mapping[str, str]
    value: object


def classify(answer: Answer, *, conceal: Sequence[str] = ()) -> "Submission | Read":
    """What a submit's answer means before its content is looked at. `conceal`: words that must not be repeated."""
    if isinstance(answer, Broken):
        return Submission("unknown" if answer.sent else "not_sent", reason=line(answer.error, conceal) or NO_ANSWER)
    if 200 <= answer.status < 300:
        try:
            return Read(answer.status, answer.headers, answer.json())
        except BadReply as error:
            return Submission("unknown", reason=line(error.message, conceal))
    outcome: Literal["refused", "unknown"] = "refused" if answer.status in REFUSED else "unknown"
    return Submission(outcome, reason=said(answer, conceal), status=answer.status)


def read(answer: Answer) -> "Read | str":
    """A readable 2xx, or in one line why this is none. For polls, probes and uploads."""
    if isinstance(answer, Broken):
        return line(answer.error) or NO_ANSWER
    if not 200 <= answer.status < 300:
        return said(answer)
    try:
        return Read(answer.status, answer.headers, answer.json())
    except BadReply as error:
        return line(error.message)


def unreachable(answer: Answer, why: str, conceal: Sequence[str] = ()) -> Progress:
    """A poll that said nothing about the job."""
    wait_s = retry_after_s(answer.headers) if isinstance(answer, Reply) else None
    return Progress("unreachable", reason=line(why, conceal) or NO_ANSWER, retry_after_s=wait_s)


def failed_upload(answer: Answer, provider: str, conceal: Sequence[str] = ()) -> ProviderError:
    """The error for an upload that did not work: nothing was bought yet."""
    why = line(answer.error, conceal) if isinstance(answer, Broken) else said(answer, conceal)
    return ProviderError(f"{provider} did not take the file: {why}", value=provider)


def said(reply: Reply, conceal: Sequence[str] = ()) -> str:
    """An error answer in one line: its status and the provider's words, whichever documented shape they have."""
    try:
        words = complaint(reply.json())
    except BadReply:
        words = reply.body[:120].decode("utf-8", "replace")
    return line(f"HTTP {reply.status}: {words}" if words.strip() else f"HTTP {reply.status}", conceal)


def complaint(value: object, depth: int = 0) -> str:
    """The words of an error body: fal's detail (text, list) and platform error, Runware's errors, Creatify's fields."""
    if isinstance(value, str):
        return value
    if depth > 4:
        return ""
    if is_array(value):
        return "; ".join(filter(None, (complaint(item, depth + 1) for item in rows(value)[:3])))
    entry = table(value)
    for name in ("detail", "errors", "error"):
        if entry.get(name):
            return complaint(entry[name], depth + 1)
    words = text(entry, "message") or text(entry, "msg")
    if words:
        label = text(entry, "code") or text(entry, "type")
        where = text(entry, "parameter") or ".".join(str(part) for part in rows(entry.get("loc")))
        return (f"{label}: " if label else "") + words + (f" ({where})" if where else "")
    return "; ".join(f"{name}: {complaint(item, depth + 1)}" for name, item in list(entry.items())[:3])


def line(words: str, conceal: Sequence[str] = ()) -> str:
    """One printable line of at most 200 characters, without the words to conceal."""
    for word in conceal:
        if len(word) > 3:
            words = words.replace(word, "…")
    words = " ".join("".join(c if c.isprintable() else " " for c in words[: 20 * LINE_MAX]).split())
    return words if len(words) <= LINE_MAX else words[: LINE_MAX - 1] + "…"


def table(value: object) -> Mapping[str, object]:
    """A JSON object, or an empty one."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else NOTHING


def rows(value: object) -> Sequence[object]:
    """A JSON array, or an empty one."""
    return cast("list[object]", value) if is_array(value) else ()


def is_array(value: object) -> bool:
    return isinstance(value, list)


def text(entry: Mapping[str, object], name: str) -> str:
    """A JSON string, or an empty one."""
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def decimal(value: object) -> "Decimal | str":
    """A JSON number, or text that is one, exactly; otherwise in words what it is. Never negative, never absurd."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return f"{line(repr(value))[:40]} is not a number"
    if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
        return f"{line(repr(value))[:40]} is not a number"
    try:
        number = Decimal(value)
    except ArithmeticError:
        return f"{line(str(value))[:40]} is not a number"
    if not number.is_finite() or number < 0:
        return f"{line(str(value))[:40]} is not an amount"
    if number and not -15 <= number.adjusted() <= 9:
        return f"{line(str(value))[:40]} is no believable amount"
    return number.copy_abs()  # -0 is 0


def money(value: "Decimal | Fraction", currency: str) -> "Money | str":
    """The amount in nanos, half-even; in words why not."""
    try:
        return Money.rounded(value, currency, "half-even")
    except PricingError as error:
        return line(str(error))


def charge(value: object, currency: str, evidence: Literal["inline", "units"], external_id: str) -> "Cost | str":
    """A stated amount as a Cost, or why it cannot be one. None is not zero: it has no cost and no complaint."""
    number = decimal(value)
    if isinstance(number, str):
        return number
    amount = money(number, currency)
    if isinstance(amount, str):
        return amount
    return Cost(amount, evidence, units=format(number, "f"), external_id=external_id)


def is_uuid(value: str) -> bool:
    return UUID.fullmatch(value) is not None


def is_token(value: str) -> bool:
    """Safe as one segment of a URL's path."""
    return _TOKEN.fullmatch(value) is not None


def is_web(value: str) -> bool:
    """An http(s) URL with a host and no blank in it."""
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s\x00-\x1f\x7f]", value)
    except ValueError:
        return False


def no_webhook(url: str | None, limit: int | None = None) -> str | None:
    """Why this cannot be a webhook URL, or None."""
    if url is None:
        return None
    if not is_web(url):
        return f"webhook_url must be an http(s) URL, not {line(url)[:60]!r}"
    if limit is not None and len(url) > limit:
        return f"webhook_url has {len(url)} characters, the limit is {limit}"
    return None


def out_of_range(name: str, value: Decimal | None, low: int, high: int) -> str | None:
    """Why this number is outside the provider's documented range, or None."""
    if value is None or (value.is_finite() and low <= value <= high):
        return None
    return f"{name} is {value}, the limit is {low} to {high}"


def no_medium(name: str, value: str, allowed: Sequence[str]) -> str | None:
    """Why a reference cannot be sent: empty, or a kind of address the provider does not read. A plain path passes: it
    is uploaded before it is sent."""
    if not value.strip():
        return f"{name} is missing"
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", value)
    if scheme is None:
        return None
    if scheme[1].lower() not in allowed:
        return f"{name} must be {' or '.join(allowed)}, not {scheme[1]}:"
    if scheme[1].lower() in ("http", "https") and not is_web(value):
        return f"{name} is not a usable URL: {line(value)[:60]!r}"
    return None


def base_url(env: Mapping[str, str], name: str, default: str) -> str:
    """A base address from the environment, without its last slash."""
    return (env.get(name, "").strip() or default).rstrip("/")


def absent(keys: Mapping[str, str]) -> str | None:
    """The environment names of keys that are not there, or hold what no header can carry; None: all are usable."""
    odd = " (it holds characters that no key has)"
    names = [name + (odd if key else "") for name, key in keys.items() if not _KEY.fullmatch(key)]
    return ", ".join(names) or None


def utc(moment: datetime) -> str:
    """ISO 8601 in UTC with a Z, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(value: object) -> datetime | None:
    """A provider's timestamp; a naive one is UTC. None: not one."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
