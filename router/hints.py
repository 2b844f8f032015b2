"""What a webhook says: which jobs it speaks of, and nothing else. Pure: it verifies nobody and believes no amount.

Facts: fal.ai/docs (webhooks: `request_id`), runware.ai/docs (a task object, or `{"data": […]}`),
docs.creatify.ai (`id`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from .errors import BadRequest
from .providers._http import is_token, is_uuid, is_web, rows, table, text

Source = Literal["fal", "runware", "creatify"]
SOURCES: tuple[Source, ...] = ("fal", "runware", "creatify")
JOBS_MAX = 20
"""Jobs that one message may speak of."""
READ_WEBHOOK_BYTES_MAX = 65_536
UNDER_WAY = ("pending", "in_queue", "running")
"""Creatify's statuses of a job that has not ended."""
URL_MAX = 200
"""Characters of a webhook address that Creatify takes, the shortest limit of the three."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one message says, and nobody has to believe."""

    jobs: tuple[str, ...]
    """The provider's ids of the jobs it speaks of (Runware's are our attempts'), each once."""
    over: bool
    """It says that they ended: a provider that still calls them running may be behind its own message."""


def read_message(source: Source, body: bytes) -> Said | None:
    """Strict: JSON in UTF-8 without NaN or a name given twice, ids in their documented form. None: anything else."""
    try:
        said: object = json.loads(body.decode("utf-8"), parse_constant=_refuse, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    over = True
    match source:
        case "fal":
            found = [name for name in (text(table(said), "request_id"),) if is_token(name)]
        case "creatify":
            found = [name.lower() for name in (text(table(said), "id"),) if is_uuid(name)]
            over = text(table(said), "status") not in UNDER_WAY
        case "runware":
            found = [name.lower() for name in map(_task, _tasks(said)) if is_uuid(name)]
    jobs = tuple(dict.fromkeys(found))
    return Said(jobs, over) if 0 < len(jobs) <= JOBS_MAX else None


def read_webhook(body: bytes) -> str | None:
    """The job a Creatify webhook speaks of: a hint for `Router.heard`, never evidence. None for anything else."""
    said = read_message("creatify", body) if len(body) <= READ_WEBHOOK_BYTES_MAX else None
    return said.jobs[0] if said else None


def webhook_base(url: str) -> str:
    """Where webhooks are to be sent, without a last slash: a provider's name is put behind it. Raises BadRequest."""
    base = url.rstrip("/")
    limit = URL_MAX - max(len(f"/{source}") for source in SOURCES)
    if not is_web(base) or any(sign in base for sign in "?#"):
        raise BadRequest(
            "webhooks must be an http(s) address without ? and #", next='e.g. "https://app.example/hooks/SECRET"'
        )
    if len(base) > limit:
        raise BadRequest(
            f"webhooks has {len(base)} characters, the limit is {limit}", value=str(len(base)), limit=str(limit)
        )
    return base


def _tasks(said: object) -> Sequence[object]:
    """A task alone, in an array, or in `data` and `errors`."""
    entry = table(said)
    if "data" in entry or "errors" in entry:
        return (*rows(entry.get("data")), *rows(entry.get("errors")))
    return rows(said) or (said,)


def _task(item: object) -> str:
    return text(table(item), "taskUUID")


def _once(pairs: list[tuple[str, object]]) -> Mapping[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is given twice")
    return found


def _refuse(word: str) -> object:
    raise ValueError(f"{word} is not a JSON number")
