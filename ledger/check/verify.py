"""Are the books whole? Recomputes every projection from the facts and names each row that differs. Never writes."""

from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from pricing import PricingError

from .. import texts
from ..columns import METADATA
from ..errors import LedgerError
from ..report import rollup
from ..store import Statement, Work, schema
from ..tables import MIGRATION, VERSION
from ..values import Check, Verdict
from . import billbook, facts, lotbook
from .budgetbook import Sums
from .facts import Story
from .judging import OF_A_JOB, Answers, Fault, differ


def verify(work: Work, now: int) -> Verdict:
    """Ask every question; a fault is one line that names table, row and both numbers."""
    asking = Asking()
    sums = Sums(work, now)
    for story in facts.stories(work):
        of_job(asking, story)
        asking.ask(_BUDGETS, f"job {story.id}", sums.add(story))
    asking.ask("quotes are named by their content", "quote", _quotes(work))
    asking.ask(_BUDGETS, "period", sums.faults())
    asking.ask("gates and thresholds equal the notices", "budget", sums.gates())
    asking.ask("chains share a currency", "budget", sums.chains())
    books = lotbook.Books(work)
    asking.ask("lots equal their draws", "lot", books.faults())
    asking.ask("bills and words on them are whole", "billed", billbook.faults(work))
    asking.ask("the daily rollup equals the journal", "daily", _rollup(work))
    asking.ask("database and guards are whole", "database", _database(work))
    return asking.verdict()


_BUDGETS = "budgets equal the sum over their scope"


class Asking:
    """The questions so far, and their answers. A row that cannot be read is a fault, and no crash."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._wrong: set[str] = set()
        self.faults: list[Fault] = []

    def ask(self, question: str, about: str, answers: Answers) -> list[Fault]:
        """Hear every answer; the faults among them."""
        found: list[Fault] = []
        count = 0
        try:
            for fault in answers:
                count += 1
                if fault is not None:
                    found.append(fault)
        except (LedgerError, PricingError, LookupError, TypeError, ValueError, ArithmeticError) as error:
            found.append(Fault(f"{about}: a row of it cannot be read: {type(error).__name__}: {error}", alone=True))
        self._counts[question] = self._counts.get(question, 0) + count
        if found:
            self._wrong.add(question)
            self.faults += found
        return found

    def verdict(self) -> Verdict:
        checks = tuple(Check(name, name not in self._wrong, count) for name, count in self._counts.items())
        return Verdict(not self._wrong, checks, tuple(" ".join(fault.line.split()) for fault in self.faults))


def of_job(asking: Asking, story: Story) -> None:
    """Ask everything about one job."""
    for question, answer in OF_A_JOB.items():
        if any(fault.alone for fault in asking.ask(question, f"job {story.id}", answer(story))):
            return


def _quotes(work: Work) -> Answers:
    for row in facts.quotes(work):
        yield differ("quote", row["id"], "its content's name", row["id"], texts.named(row["body"]))


def _rollup(work: Work) -> Answers:
    for line in rollup.faults(work):
        yield None if line is None else Fault(line)


def _database(work: Work) -> Answers:
    """The database finds its own pages, keys and checks whole, and the facts are still guarded."""
    for line in schema.faults(work):
        yield None if line is None else Fault(line)
    if work.dialect == "postgresql":
        yield from _orphans(work)
    versions = [row["version_num"] for row in facts.everything(work, MIGRATION)]
    yield differ("migration", 1, "version_num", versions, [VERSION])


def _orphans(work: Work) -> Answers:
    """Rows whose parent is missing. SQLite looks for them itself; PostgreSQL trusts its triggers."""
    for table, parent, look in _parents():
        for row in work.rows(look, {}):
            name = "/".join(str(row[column.name]) for column in table.primary_key)
            yield Fault(f"{table.name} row {name}: its {parent} is missing")
        yield None


@lru_cache(maxsize=1)
def _parents() -> tuple[tuple[sa.Table, str, Statement], ...]:
    found: list[tuple[sa.Table, str, Statement]] = []
    for table in METADATA.sorted_tables:
        for key in sorted(table.foreign_keys, key=lambda one: one.parent.name):
            parent = key.column.table
            missing: Any = sa.and_(key.parent.is_not(None), sa.not_(sa.exists().where(key.column == key.parent)))
            found.append((table, parent.name, Statement(sa.select(*table.primary_key).where(missing))))
    return tuple(found)
