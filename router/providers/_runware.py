"""What Runware's replies say of one task: items, errors, whether it ended and what it cost. Pure: asks nobody."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pricing import Money

from ..errors import BadReply
from ..talk import Answer, Cost, Progress, Reply, Ticket, retry_after_s
from ._http import (
    Read,
    charge,
    complaint,
    is_array,
    is_web,
    line,
    read,
    rows,
    said,
    table,
    text,
    unreachable,
)

_URLS = ("videoURL", "imageURL", "audioURL", "modelURL")

_TASK_NOT_FOUND = re.compile(r"task(uuid|details|response|result)?notfound", re.IGNORECASE)
"""Anything looser (taskFailedOrNotFound, taskExpired, modelNotFound) proves nothing about whether a task ever was."""

Class = Literal["conflict", "quota", "rate", "auth", "not found", "validation", "other"]


@dataclass(frozen=True, slots=True)
class Said:
    """A reply's words about one task."""

    items: tuple[Mapping[str, object], ...]
    errors: tuple[Mapping[str, object], ...]
    """Flat: a nested `error` is lifted."""


NOTHING_SAID = Said((), ())


def progress_of(ticket: Ticket, answer: Reply, told: Said, key: str) -> Progress:
    failures = failures_of(told.errors if answer.status < 500 else ())
    finished = _finished(told.items)
    if not told.items and not failures:
        why = words(told.errors) or f"{said(answer)}: the task is not shown"
        return unreachable(answer, why, (key,))
    working = len(told.items) > sum(1 for item in told.items if _is_finished(item))
    reason = line(words(failures), (key,))
    if len(finished) + len(failures) >= ticket.outputs and not working:
        return _ended(ticket, finished, failures, reason)
    if failures and not finished and not working and not any("resultIndex" in f for f in failures):
        return Progress("failed", charged="maybe", reason=reason)  # an error of the task as a whole, it seems
    return Progress("running", delivered=len(finished), reason=reason, retry_after_s=retry_after_s(answer.headers))


def of_reply(reply: Reply, task: str) -> Said:
    try:
        return about(reply.json(), task)
    except BadReply:
        return NOTHING_SAID


def archived_of(answer: Answer, task: str) -> Said:
    """The response that getTaskDetails keeps of a task, once polling has forgotten it."""
    looked = read(answer)
    items = about(looked.value if isinstance(looked, Read) else None, task).items
    kept = items[0].get("response") if items else None
    return about({"data": kept} if is_array(kept) else kept, task)


def about(value: object, task: str) -> Said:
    """The items and errors of this task. An error that names no task is about the only one that was sent."""
    items: list[Mapping[str, object]] = []
    errors: list[Mapping[str, object]] = []
    for item in map(table, rows(table(value).get("data"))):
        if names(item, task):
            (errors if text(item, "status") == "error" or table(item.get("error")) else items).append(_flat(item))
    stated = map(_flat, map(table, rows(table(value).get("errors"))))
    errors.extend(error for error in stated if names(error, task) or not text(error, "taskUUID"))
    return Said(tuple(items), tuple(errors))


def _flat(item: Mapping[str, object]) -> Mapping[str, object]:
    """Newer replies nest what older ones state flat."""
    return {**item, **table(item.get("error"))}


def only_refuses(value: object, told: Said) -> bool:
    """No data at all, and every error is about our task and of a kind that stops a task before it runs."""
    every = rows(table(value).get("errors"))
    return (
        0 < len(every) == len(told.errors)
        and not rows(table(value).get("data"))
        and all(_class(error) in ("quota", "rate", "auth", "validation") for error in told.errors)
    )


def names(item: Mapping[str, object], task: str) -> bool:
    return text(item, "taskUUID").lower() == task.lower()


def _is_finished(item: Mapping[str, object]) -> bool:
    return text(item, "status") in ("success", "completed") or any(text(item, name) for name in _URLS)


def _finished(items: Sequence[Mapping[str, object]]) -> dict[str, list[Mapping[str, object]]]:
    """Finished results, each once however often the replies repeat it."""
    found: dict[str, list[Mapping[str, object]]] = {}
    for position, item in enumerate(items):
        if _is_finished(item):
            name = text(item, "videoUUID") or text(item, "videoURL") or f"#{item.get('resultIndex', position)}"
            found.setdefault(name, []).append(item)
    return found


def failures_of(errors: Sequence[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """Errors that say the task failed; not that the question was wrong, nobody knows it, or the server is unwell.

    Repeated ones count once. A failure is free, so in doubt it is none.
    """
    found: dict[str, Mapping[str, object]] = {}
    for error in errors:
        kind, code = text(error, "taskType"), text(error, "code").lower()
        of_server = kind != "videoInference" and code.startswith(("internal", "service", "server"))
        sure = text(error, "status") == "error" and not of_server
        ours = bool(text(error, "taskUUID")) and kind in ("videoInference", "")
        if ours and sure and _class(error) not in ("auth", "rate", "not found"):
            name = error.get("resultIndex", text(error, "videoUUID") or sorted(map(repr, error.items())))
            found.setdefault(str(name), error)
    return list(found.values())


def _ended(
    ticket: Ticket,
    finished: Mapping[str, list[Mapping[str, object]]],
    failures: Sequence[Mapping[str, object]],
    reason: str,
) -> Progress:
    if not finished:
        stopped = any("cancel" in text(error, "code").lower() for error in failures)  # of these nothing is published
        return Progress("failed", charged="maybe" if stopped else "no", reason=reason)
    urls = [_url(group) for group in finished.values()]
    cost = _sum(ticket, finished)
    why = "; ".join(filter(None, (cost if isinstance(cost, str) else "", reason)))
    return Progress(
        "done",
        outputs=tuple(url for url in urls if url),
        delivered=len(finished),
        cost=cost if isinstance(cost, Cost) else None,
        reason=line(why),
    )


def _url(group: Sequence[Mapping[str, object]]) -> str:
    return next((text(item, name) for item in group for name in _URLS if is_web(text(item, name))), "")


def _sum(ticket: Ticket, finished: Mapping[str, list[Mapping[str, object]]]) -> Cost | str:
    """The costs of all results, or why they are not all known. A cost of 0 is unknown: no finished clip is free."""
    total = Money.zero("USD")
    units: list[str] = []
    for name, group in finished.items():
        stated = {charge(item["cost"], "USD", "inline", name) for item in group if item.get("cost") is not None}
        if len(stated) != 1:
            return f"result {name} states {'no' if not stated else 'more than one'} cost"
        (cost,) = stated
        if isinstance(cost, str):
            return f"result {name}: cost {cost}"
        if not cost.amount:
            return f"result {name} states a cost of 0"
        total, units = total + cost.amount, [*units, cost.units or ""]
    return Cost(total, "inline", units=" + ".join(units), external_id=ticket.attempt)


def says_absent(reply: Reply, told: Said, task: str) -> bool:
    """A successful look that shows nothing: an empty array, or only errors that this very task is not found."""
    if told.errors:
        gone = (names(error, task) and _TASK_NOT_FOUND.fullmatch(text(error, "code")) for error in told.errors)
        return reply.status in (200, 400, 404) and all(gone)
    looked = read(reply)
    body = table(looked.value if isinstance(looked, Read) else None)
    return is_array(body.get("data")) and not rows(body["data"]) and not body.get("errors")


def _class(error: Mapping[str, object]) -> Class:
    """Codes are declared unstable, so by pattern, as the official client does; in doubt "other"."""
    code = text(error, "code").lower()
    if "conflict" in code or "duplicate" in code:
        return "conflict"
    if any(word in code for word in ("credits", "quota", "balance")) or code == "paymentrequired":
        return "quota"
    if "ratelimit" in code:
        return "rate"
    if "apikey" in code or code.startswith(("unauthorized", "authentication")):
        return "auth"
    if code.endswith(("notfound", "expired")) and "failed" not in code:
        return "not found"
    if code.startswith(("invalid", "missing", "unsupported")) and "provider" not in code:
        return "validation"
    return "other"


def words(errors: Sequence[Mapping[str, object]]) -> str:
    return "; ".join(complaint(dict(error)) or text(error, "code") for error in errors[:3])
