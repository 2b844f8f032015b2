"""Usage files, CSV or JSON lines, and the ledger's own jobs, as jobs to be priced again. Streams; prices nothing."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn, cast

from ledger import JobView
from pricing import Job, measure_names

from .. import BadRequest

COLUMNS = ("offer", "settings", "seconds", "outputs", "at", "count")
FREE = ("id", "job", "note")
"""Columns that are passed over."""
SECONDS = "billed_seconds"
_REMEMBERED = 50_000
_MOST = 10**9
Pairs = tuple[tuple[str, str], ...]


class Reader:
    """Turns cells into values, each distinct text once. Raises BadRequest naming file and line."""

    def __init__(self, path: Path, today: date) -> None:
        self.path, self.today, self.line = path, today, 0
        self.days: dict[str, date] = {"": today}
        self.choices: dict[str, Pairs] = {"": ()}
        self.numbers: dict[str, int] = {"": 1}

    def fail(self, message: str, *, value: str | None = None, fix: str | None = None) -> NoReturn:
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        raise BadRequest(f"{place}: {message}", value=None if value is None else value[:80], next=fix)

    def day(self, text: str) -> date:
        """A day, or an instant whose day in UTC counts."""
        try:
            if len(text) == 10:
                found = date.fromisoformat(text)
            else:
                instant = datetime.fromisoformat(text)
                found = (instant if instant.tzinfo is None else instant.astimezone(UTC)).date()
        except (ValueError, OverflowError):
            self.fail(f"at {text[:40]!r} is not a date", value=text, fix="write 2026-11-20, or an instant in ISO 8601")
        remembered: date = self._remember(self.days, text, found)
        return remembered

    def settings(self, text: str) -> Pairs:
        """`key=value;key=value`, or a JSON object."""
        if text.lstrip().startswith("{"):
            try:
                found: object = json.loads(text)
            except ValueError:
                self.fail(f"settings {text[:60]!r} is not JSON", value=text, fix="write key=value;key=value")
            pairs = self.mapping("settings", found)
        else:
            parts = [part.strip() for part in text.split(";") if part.strip()]
            split = [part.partition("=") for part in parts]
            if any(not (key.strip() and equals) for key, equals, _ in split):
                self.fail(f"settings {text[:60]!r} are not pairs", value=text, fix="write key=value;key=value")
            pairs = tuple((key.strip(), value.strip()) for key, _, value in split)
        if len({key for key, _ in pairs}) != len(pairs):
            self.fail(f"settings {text[:60]!r} name one setting twice", value=text)
        chosen: Pairs = self._remember(self.choices, text, tuple(sorted(pairs)))
        return chosen

    def mapping(self, name: str, found: object) -> Pairs:
        if not isinstance(found, dict):
            self.fail(f"{name} is not an object of texts", fix='write {"resolution": "720p"}')
        items = cast("Mapping[str, object]", found).items()
        if any(not isinstance(value, str) for _, value in items):
            self.fail(f"{name} is not an object of texts", fix='write {"resolution": "720p"}')
        return tuple(sorted((key, str(value)) for key, value in items))

    def number(self, name: str, text: str) -> int:
        clean = text.strip()
        if not (clean.isascii() and clean.isdigit() and 0 < len(clean) < 10 and 0 < int(clean) <= _MOST):
            self.fail(f"{name} {text[:40]!r} is not a whole number above 0", value=text, fix="write 1, 2, 3 …")
        found: int = self._remember(self.numbers, text, int(clean))
        return found

    def columns(self, names: Iterable[str]) -> list[str]:
        """The measures among the columns, all columns checked."""
        known = list(names)
        measures = [name for name in known if name not in COLUMNS and name not in FREE]
        for name in measures:
            if name not in measure_names():
                near = get_close_matches(name, [*COLUMNS, *measure_names()], n=1, cutoff=0.6)
                known_ones = f"columns: {', '.join((*COLUMNS, *FREE))}, and any measure"
                hint = f"did you mean {near[0]}?" if near else known_ones
                self.fail(f"unknown column {name[:40]!r}", value=name, fix=hint)
        if len(set(known)) != len(known):
            self.fail("a column is there twice")
        return measures

    @staticmethod
    def _remember(memory: dict[str, Any], text: str, value: Any) -> Any:
        if len(memory) > _REMEMBERED:
            memory.clear()
        memory[text] = value
        return value


def read_usage(path: Path, today: date) -> Iterator[Job]:
    """The rows of a usage file; without a date they are of today. Raises BadRequest."""
    reader = Reader(path, today)
    read: Callable[[Reader, Iterable[str]], Iterator[Job]]
    read = read_json_lines if path.suffix.lower() in {".jsonl", ".ndjson", ".json"} else read_csv
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield from read(reader, lines)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BadRequest(f"{path}: cannot be read: {why}", value=str(path)) from error


def read_csv(reader: Reader, lines: Iterable[str]) -> Iterator[Job]:
    """One job a row, columns by the names in the first."""
    rows = csv.reader(lines, strict=True)
    try:
        header = [name.strip() for name in next(rows, list[str]())]
        reader.line = 1
        measures = reader.columns(header)
        if "offer" not in header:
            reader.fail("there is no column `offer`", fix=f"columns: {', '.join(COLUMNS)}, and any measure")
        width = len(header)
        place = {name: header.index(name) if name in header else width for name in COLUMNS}
        at = place["at"]
        plain = [place[name] for name in ("offer", "settings", "seconds", "outputs", "count")]
        offer_at, settings_at, seconds_at, outputs_at, count_at = plain
        others = [(name, header.index(name)) for name in measures]
        days, choices, numbers = reader.days, reader.choices, reader.numbers
        for line, row in enumerate(rows, 2):
            if len(row) != width:
                if not row:
                    continue
                reader.line = rows.line_num
                reader.fail(f"{len(row)} cells, and the header has {width}", fix="quote cells that hold a comma")
            row.append("")  # what a column that is not there holds
            day, choice = days.get(row[at]), choices.get(row[settings_at])
            outputs, times = numbers.get(row[outputs_at]), numbers.get(row[count_at])
            if day is None or choice is None or outputs is None or times is None:
                reader.line = rows.line_num
                day, choice = day or reader.day(row[at]), reader.settings(row[settings_at])
                outputs = outputs or reader.number("outputs", row[outputs_at])
                times = times or reader.number("count", row[count_at])
            usage: str | Pairs = row[seconds_at]
            if others:
                stated = tuple((name, row[index]) for name, index in others if row[index])
                if stated:
                    usage = ((SECONDS, row[seconds_at]), *stated) if row[seconds_at] else stated
            yield Job(line, row[offer_at], usage, day, choice, outputs, times)
    except csv.Error as error:
        reader.line = rows.line_num
        reader.fail(f"is not CSV: {error}")


def read_json_lines(reader: Reader, lines: Iterable[str]) -> Iterator[Job]:
    """One object a line, with the same names."""
    seen: set[str] = set()
    for line, text in enumerate(lines, 1):
        if not text.strip():
            continue
        reader.line = line
        try:
            found: object = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
        except (ValueError, RecursionError):
            reader.fail("is not a line of JSON", fix='write {"offer": "…", "seconds": 9.4}, one job a line')
        if not isinstance(found, dict):
            reader.fail("is not an object", fix='write {"offer": "…", "seconds": 9.4}, one job a line')
        job = cast("dict[str, object]", found)
        if not seen.issuperset(job):
            reader.columns(job)
            seen.update(job)
        chosen = job.pop("settings", "")
        cells = {name: "" if value is None else value for name, value in job.items() if name not in FREE}
        wrong = next((name for name, value in cells.items() if not isinstance(value, str)), None)
        if wrong is not None:
            reader.fail(f"{wrong} is neither text nor a number", value=wrong)
        said = cast("dict[str, str]", cells)
        if not said.get("offer"):
            reader.fail("there is no `offer`")
        if isinstance(chosen, str):
            choice = reader.choices.get(chosen) or reader.settings(chosen)
        else:
            choice = () if chosen is None else reader.mapping("settings", chosen)
        at, outputs, count = said.get("at", ""), said.get("outputs", ""), said.get("count", "")
        stated = tuple((name, value) for name, value in said.items() if name not in COLUMNS and value)
        seconds = said.get("seconds", "")
        usage: str | Pairs = ((SECONDS, seconds), *stated) if stated and seconds else stated or seconds
        yield Job(
            line,
            said["offer"],
            usage,
            reader.days.get(at) or reader.day(at),
            choice,
            reader.numbers.get(outputs) or reader.number("outputs", outputs),
            reader.numbers.get(count) or reader.number("count", count),
        )


def past_jobs(views: Iterable[JobView]) -> Iterator[Job]:
    """The ledger's settled jobs. An avatar's seconds are its voice track's, a template's the range it was asked for."""
    for view in views:
        if view.state != "settled":
            continue
        seconds = view.request.get("seconds")
        usage: Pairs
        if isinstance(seconds, (list, tuple)):
            usage = (("output_video_seconds", "-".join(str(end) for end in cast("list[object]", seconds))),)
        else:
            usage = () if seconds is None else (("input_audio_seconds", str(seconds)),)
        settings = tuple(sorted(view.settings.items()))
        day = view.created_at.astimezone(UTC).date()
        yield Job(view.id, view.offer, usage, day, settings, view.outputs_asked)
