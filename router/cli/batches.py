"""Batch files, CSV or JSON lines, as jobs to be planned. One clear line names file, row and column. Prices nothing."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from pricing import Money, PricingError

from .. import AvatarVideo, BadRequest, BatchJob, Policy, TemplateVideo
from ..request import Request
from . import options as o

AVATAR = ("image", "audio", "prompt", "guidance", "audio_guidance")
TEMPLATE = ("template_id", "variables")
BOTH = ("seconds", "resolution", "outputs", "webhook_url")
LIMITS = ("max_cost", "max_latency_s", "min_quality")
COLUMNS = (*AVATAR, *TEMPLATE, *BOTH, *LIMITS, "weight")
FREE = ("id", "job", "note")
"""Columns that are passed over."""
Cells = Mapping[str, str]


def read_batch(path: Path, policy: Policy) -> list[BatchJob]:
    """The jobs of a file, its rows counted from 1 without the header; limits of a row go before those of `policy`.

    Raises BadRequest.
    """
    read = _json_lines if path.suffix.lower() in {".jsonl", ".ndjson", ".json"} else _csv
    jobs: list[BatchJob] = []
    rows = read(path)
    while True:
        try:
            cells = next(rows, None)
            if cells is None:
                break
            jobs.append(_job(cells, policy))
        except (BadRequest, PricingError) as error:
            said = f"{path}, row {len(jobs) + 1}: {error.message}"
            raise BadRequest(said, value=error.value, limit=error.limit, next=error.next) from error
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise BadRequest(f"{path}: cannot be read: {why}", value=str(path)) from error
    if not jobs:
        raise BadRequest(f"{path}: there is no job in it", value=str(path), next="write one job a row")
    return jobs


def _csv(path: Path) -> Iterator[Cells]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines, strict=True)
        try:
            header = [name.strip() for name in next(rows, list[str]())]
            _check(header)
            for row in rows:
                if row and len(row) != len(header):
                    raise BadRequest(
                        f"{len(row)} cells, and the header has {len(header)}", next="quote cells that hold a comma"
                    )
                if row:
                    yield dict(zip(header, (cell.strip() for cell in row), strict=True))
        except csv.Error as error:
            raise BadRequest(f"is not CSV: {error}") from error


def _json_lines(path: Path) -> Iterator[Cells]:
    with path.open(encoding="utf-8-sig") as lines:
        for text in lines:
            if not text.strip():
                continue
            try:
                found: object = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
            except (ValueError, RecursionError) as error:
                raise BadRequest("is not a line of JSON", next='write {"image": "…", "audio": "…"}') from error
            if not isinstance(found, dict):
                raise BadRequest("is not an object", next='write {"image": "…", "audio": "…"}')
            row = {name: value for name, value in cast("dict[str, object]", found).items() if value is not None}
            _check(list(row))
            if isinstance(row.get("variables"), dict):  # read again, its numbers as numbers
                row["variables"] = json.dumps(json.loads(text)["variables"])
            if wrong := next((name for name, value in row.items() if not isinstance(value, str)), None):
                raise BadRequest(f"{wrong} is neither text nor a number", value=wrong)
            yield cast("Cells", row)


def _check(names: list[str]) -> None:
    for name in names:
        if name not in COLUMNS and name not in FREE:
            near = get_close_matches(name, COLUMNS, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}?" if near else f"columns: {', '.join((*COLUMNS, *FREE))}"
            raise BadRequest(f"unknown column {name[:40]!r}", value=name[:40], next=hint)
    if len(set(names)) != len(names):
        raise BadRequest("a column is there twice")


def _job(cells: Cells, policy: Policy) -> BatchJob:
    said = {name: value for name, value in cells.items() if value and name not in FREE}
    template = "template_id" in said
    wrong, kind = (AVATAR, "a template") if template else (TEMPLATE, "an avatar")
    if strange := [name for name in wrong if name in said]:
        raise BadRequest(f"{kind} video has no {strange[0]}", value=said[strange[0]][:80])
    lacking = [name for name in (("seconds",) if template else ("image", "audio")) if name not in said]
    if lacking:
        raise BadRequest(f"{lacking[0]} is missing", next=f"give every job {' and '.join(lacking)}")
    outputs = said.get("outputs", "1")
    if not (outputs.isascii() and outputs.isdigit() and len(outputs) < 4):
        raise BadRequest(f"outputs {outputs[:40]!r} is not a whole number", value=outputs[:40], limit="1-100")
    both: dict[str, Any] = {"resolution": said.get("resolution"), "outputs": int(outputs)}
    both["webhook_url"] = said.get("webhook_url")
    if template:
        request: Request = TemplateVideo(
            said["template_id"], o.ends(said["seconds"]), _variables(said.get("variables")), **both
        )
    else:
        more = {name: said[name] for name in ("seconds", "prompt", "guidance", "audio_guidance") if name in said}
        request = AvatarVideo(said["image"], said["audio"], **cast("dict[str, Any]", more), **both)
    limits: dict[str, Any] = {name: said[name] for name in LIMITS if name in said}
    if "max_cost" in limits:
        limits["max_cost"] = Money.parse(said["max_cost"])
    return BatchJob(request, replace(policy, **limits) if limits else None, said.get("weight", "1"))


def _variables(text: str | None) -> Mapping[str, object]:
    if text is None:
        return {}
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"variables {text[:60]!r} is not JSON", value=text[:60]) from error
    if not isinstance(found, dict):
        raise BadRequest("variables must be one JSON object", value=text[:60])
    return cast("Mapping[str, object]", found)
