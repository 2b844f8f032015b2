"""Writes every projection anew from the facts, and says what it changed. Facts are never touched.

What only a row itself says cannot be rebuilt: a job's key, request, scope and currency, an attempt's rate, a budget's
identity and policy. Where something else contradicts it, the fault stays, `verify` goes on naming it, and no sum over
such rows is written.
"""

from collections import defaultdict
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from ..columns import METADATA
from ..report import rollup
from ..store import Statement, Work
from . import facts, lotbook
from .budgetbook import Sums
from .facts import Story
from .judging import OF_A_JOB, Fault
from .verify import Asking

_ALONE = Statement(
    sa.text("SELECT 1"),
    postgresql=sa.text("LOCK TABLE job, attempt, budget, period, lot, draw IN SHARE ROW EXCLUSIVE MODE"),
)
"""Nobody moves a row between our look and our writing. SQLite has one writer at a time anyway."""


def rebuild(work: Work, now: int) -> tuple[str, ...]:
    """Mend what the facts decide; answers one line a change, in the order they were made."""
    work.run(_ALONE, {})
    lines: list[str] = []
    sound = True
    # An attempt that stood with another job makes its own job's answers right only once it is back: look again.
    while True:
        changed, sound = _jobs(work)
        lines += changed
        if not changed:
            break
    asking = Asking()
    sums = Sums(work, now)
    for story in facts.stories(work):
        sound = not asking.ask("scopes", f"job {story.id}", sums.add(story)) and sound
    found = asking.ask("lots", "lot", lotbook.Books(work).faults())
    if sound:
        found += asking.ask("budgets", "period", sums.faults())
        found += asking.ask("gates", "period", sums.gates())
    with _unnoticed(work):
        lines += _write(work, found)
    lines += rollup.rebuild(work)
    return tuple(lines)


@contextmanager
def _unnoticed(work: Work) -> Generator[None]:
    """Putting a period right passes no threshold: what it really passed was noticed then."""
    if work.dialect == "sqlite":
        triggers = work.text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = 'period_notices'")
        off, on = "DROP TRIGGER period_notices", str(triggers[0][0]) if triggers else ""
    else:
        triggers = work.text(
            "SELECT 1 FROM pg_trigger WHERE tgrelid = 'period'::regclass AND tgname = 'period_notices' "
            "AND tgenabled = 'O'"
        )
        off, on = (f"ALTER TABLE period {word} TRIGGER period_notices" for word in ("DISABLE", "ENABLE"))
    if triggers:
        work.text(off)
    yield
    if triggers:
        work.text(on)


def _jobs(work: Work) -> tuple[list[str], bool]:
    """One look at all jobs: what was changed, and whether every other answer was right."""
    lines: list[str] = []
    sound = True
    for story in facts.stories(work):
        asking = Asking()
        for question, answer in OF_A_JOB.items():
            found = asking.ask(question, f"job {story.id}", answer(story))
            for fault in found:
                _apply(story, fault)
            if any(fault.alone for fault in found):
                break
        lines += _write(work, asking.faults)
        sound = sound and all(fault.mend is not None for fault in asking.faults)
    return lines, sound


def _apply(story: Story, fault: Fault) -> None:
    """The next question starts from the right value."""
    mend = fault.mend
    if mend is not None:
        for row in (story.job, *story.attempts):
            if (mend.table, mend.key) == ("job" if row is story.job else "attempt", row["id"]):
                row[mend.column] = mend.value


def _write(work: Work, found: Iterable[Fault]) -> list[str]:
    """All of a row at once: on the way from one column to the next it would break its own checks."""
    rows: dict[tuple[str, object], dict[str, Any]] = defaultdict(dict)
    lines: list[str] = []
    for fault in found:
        if fault.mend is not None:
            rows[fault.mend.table, fault.mend.key][fault.mend.column] = fault.mend.value
            lines.append(fault.line)
    for (name, key), values in rows.items():
        work.run(_update(name, tuple(values)), values | {"the_key": key})
    return lines


@lru_cache(maxsize=256)
def _update(name: str, columns: tuple[str, ...]) -> Statement:
    table = METADATA.tables[name]
    return Statement(sa.update(table).where(table.c.id == sa.bindparam("the_key")), columns)
