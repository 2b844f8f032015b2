"""What jobs, the journal and the notices say of budgets and their periods. Never writes."""

from bisect import bisect_right
from collections import defaultdict
from itertools import pairwise

from ..budget import terms
from ..instants import FOREVER, bounds
from ..scopes import chain
from ..store import Row, Work
from ..tables import BUDGET, GATES, NOTICE, PERIOD
from . import facts
from .facts import Story
from .judging import Answers, Fault, differ, follows

_HOUR = 3_600_000_000
_LONGEST = {"day": 24 * _HOUR, "week": 7 * 24 * _HOUR, "month": 31 * 24 * _HOUR}


class Sums:
    """What a budget has spent and holds: the sum over its scope of what was granted in each of its periods."""

    def __init__(self, work: Work, now: int) -> None:
        self._now = now
        self._budgets = {row["id"]: row for row in facts.everything(work, BUDGET)}
        self._periods = facts.everything(work, PERIOD)
        self._told = facts.by(facts.everything(work, NOTICE), "budget_id")
        self._sums: dict[int, list[int]] = {row["id"]: [0, 0] for row in self._periods}
        self._lines: dict[str, list[tuple[list[int], list[Row]]]] = defaultdict(list)
        """The periods of each scope's budgets, with their beginnings."""
        self._next = dict[int, int]()
        """Where the next period of the same budget begins: none reaches into it."""
        for budget, rows in facts.by(self._periods, "budget_id").items():
            rows.sort(key=lambda row: row["starts_at"])
            self._next |= {row["id"]: after["starts_at"] for row, after in pairwise(rows)}
            if budget in self._budgets:
                self._lines[self._budgets[budget]["scope"]].append(([row["starts_at"] for row in rows], rows))

    def add(self, story: Story) -> Answers:
        """Count a job in; is there a budget for it, in its currency?"""
        job = story.job
        covered: set[str] = set()
        spent = sum(leg["amount_nanos"] for leg in story.legs if leg["account"].startswith("spent:"))
        for scope in chain(job["scope"]):
            for starts, rows in self._lines.get(scope, ()):
                covered.add(self._budgets[rows[0]["budget_id"]]["currency"])
                row = rows[bisect_right(starts, job["granted_at"]) - 1]
                if row["starts_at"] <= job["granted_at"] < row["ends_at"]:
                    self._sums[row["id"]][0] += spent
                    self._sums[row["id"]][1] += job["open_nanos"]
        if not covered:
            yield Fault(f"job {story.id}: no budget covers {job['scope']}")
        for currency in covered:
            yield differ("job", story.id, "currency", job["currency"], currency)

    def faults(self) -> Answers:
        """Sums, limits and ends; a limit is the last one that was noticed."""
        limits = dict[int, int | None]()
        for one in self._budgets.values():
            told = [notice for notice in self._told[one["id"]] if notice["kind"] == "set"]
            limits[one["id"]] = (told or [one])[-1]["limit_nanos"]
            yield follows("budget", one, "limit_nanos", limits[one["id"]], f"{one['id']} of {one['scope']}")
        for row in self._periods:
            budget = self._budgets.get(row["budget_id"])
            if budget is None:
                yield Fault(f"period {row['id']}: its budget {row['budget_id']} is missing")
                continue
            name = f"{row['id']} of {budget['scope']}"
            spent, held = self._sums[row["id"]]
            yield follows("period", row, "spent_nanos", spent, name)
            yield follows("period", row, "held_nanos", held, name)
            if row["ends_at"] > self._now:
                yield follows("period", row, "limit_nanos", limits[budget["id"]], name)
                yield follows("period", row, "overrun", budget["overrun"], name)
            yield follows("period", row, "ends_at", min(_end(budget, row), self._next.get(row["id"], FOREVER)), name)

    def gates(self) -> Answers:
        """Whether a budget lets holds in, and what its periods have reached, is what was noticed."""
        for budget in self._budgets.values():
            words = [one["kind"] for one in self._told[budget["id"]] if one["kind"] in GATES]
            said = words[-1] if words else "open"
            yield follows("budget", budget, "gate", said, f"{budget['id']} of {budget['scope']}")
        for row in self._periods:
            if row["budget_id"] not in self._budgets:
                continue  # named above
            budget = self._budgets[row["budget_id"]]
            name = f"{row['id']} of {budget['scope']}"
            gate, passed = terms.replayed(budget, row, self._told[budget["id"]])
            yield follows("period", row, "gate", gate, name)
            yield None if passed is None else follows("period", row, "reached", passed, name)

    def chains(self) -> Answers:
        """All budgets of a chain share a currency."""
        currencies: dict[str, str] = {row["scope"]: row["currency"] for row in self._budgets.values()}
        for row in self._budgets.values():
            for scope in chain(row["scope"]):
                above = currencies.get(scope, row["currency"])
                yield differ("budget", f"{row['id']} of {row['scope']}", "currency", row["currency"], above)


def _end(budget: Row, row: Row) -> int:
    """Where a period ends: by the rules of its zone as they were when it was opened, which may have changed since.

    So an end some whole quarters of an hour off is believed, if it is near an end by today's rules.
    """
    window, (start, end) = budget["window"], (row["starts_at"], row["ends_at"])
    due = bounds(window, budget["tz"], start, budget["week_start"])[1]
    if window == "total" or not 0 < end - start <= _LONGEST[window] + 12 * _HOUR:
        return due
    off = min(abs(end - one) for one in bounds(window, budget["tz"], end, budget["week_start"]))
    return end if off <= 12 * _HOUR and off % (_HOUR // 4) == 0 else due
