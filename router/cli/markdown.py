"""A comparison of price books as Markdown for a pull-request comment: a summary, details folded. Computes no price."""

import re
from collections.abc import Iterable, Sequence

from pricing import Change, Replay

from .words import alike, common, counted, difference, jobs_text, places, replay_lines, several, totalled

MOST_ROWS = 150
"""A comment holds 65,536 characters."""
MOST_CELL = 200
_MARKS = re.compile(r"([\\`*_\[\]<>|~#@&])")


def markdown(changes: Sequence[Change], found: Replay | None) -> str:
    """The whole comment."""
    parts = ["### Price changes", ""]
    if found is not None:
        was, now = found.total_old, found.total_new
        total = f"{plain(was.expected)} → {plain(now.expected)}: {plain(difference(was, now))}"
        parts += [f"**{total}** over {totalled(found)}", ""]
    parts += [f"{plain(counted(changes))}.".capitalize(), ""]
    if found is not None:
        rows = [(code(row[0]), *map(plain, row[1:])) for row in replay_lines(found)]
        headings = ("offer", ">jobs", ">before", ">after", ">before, USD", ">after, USD", ">difference")
        parts += folded(f"What {jobs_text(priced(found))} cost, by offer", headings, rows)
        parts += folded(
            f"{jobs_text(missing(found))} not priced",
            ("offer", "by book", ">jobs", "where", "reason"),
            [
                (code(one.offer), one.side, str(one.jobs), plain(places(one)), plain(one.reason))
                for one in found.unpriced
            ],
        )
        if found.unvalued:
            offers = ", ".join(map(code, found.unvalued))
            parts += [f"In no dollar total, for nothing says what their currency is worth: {offers}", ""]
    said = [cells_of(group) for group in alike(changes)]
    cells = [(first, *map(plain, others)) for first, *others in said]
    parts += folded(f"{len(changes)} change{'' if len(changes) == 1 else 's'}", ("of", "what", "change", "from"), cells)
    return "\n".join(parts).rstrip() + "\n"


def cells_of(group: Sequence[Change]) -> tuple[str, str, str, str]:
    """One row of the table: a change, or several prices that moved alike."""
    one = common(group)
    if len(group) == 1:
        return code(one.subject_text), what(one), one.change_text, one.since or ""
    return code(one.subject_text), f"{len(group)} prices [{one.row}]", several(group), one.since or ""


def what(one: Change) -> str:
    """Which thing and what became of it."""
    verb = "" if one.verb == "changed" else f" {one.verb}"
    row = f" [{one.row}]" if one.row is not None else ""
    return f"{one.word}{verb}{row}"


def priced(found: Replay) -> int:
    return sum(one.jobs for one in found.totals)


def missing(found: Replay) -> int:
    return found.jobs - priced(found)


def folded(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table behind a click; nothing for no rows."""
    if not rows:
        return []
    lines = ["<details>", f"<summary>{title}</summary>", "", *_table(columns, rows[:MOST_ROWS])]
    if len(rows) > MOST_ROWS:
        lines += ["", f"… and {len(rows) - MOST_ROWS} more; `faregate cards diff` shows all."]
    return [*lines, "", "</details>", ""]


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(column.lstrip('>') for column in columns)} |"]
    lines.append(f"|{'|'.join('--:' if column.startswith('>') else '---' for column in columns)}|")
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def plain(value: object) -> str:
    """Text that Markdown leaves as it is, on one line, not too long."""
    text = " ".join(str(value).split())
    return _MARKS.sub(r"\\\1", text if len(text) <= MOST_CELL else f"{text[: MOST_CELL - 1]}…")


def code(value: object) -> str:
    """An id, in code's letters, so that nobody is mentioned and nothing linked."""
    text = " ".join(str(value).split()).replace("`", "'").replace("|", "\\|")
    return f"`{text if len(text) <= MOST_CELL else f'{text[: MOST_CELL - 1]}…'}`"
