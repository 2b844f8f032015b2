"""The real ledger as a run's processes see it: each verb is checked as it happens, repeated, or broken on purpose."""

from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from ledger import Grant, StorageError

from .scenario import STORAGE, Fault
from .stage import Stage

CHANGING = frozenset({"hold", "begin", "outcome", "settle", "release", "unknown", "resolve", "expire"})
REPEATED = 0.25
"""The part of all changing verbs that is done twice."""


class Violation(AssertionError):
    """Something that must always hold does not."""


class InjectedError(StorageError):
    """The database fails on purpose."""


class Watch:
    """Fits the router's Ledger and History by shape, as the real one does."""

    def __init__(
        self,
        stage: Stage,
        faults: tuple[Fault, ...],
        rng: Random,
        begun: Callable[[str], None],
        tell: Callable[[str], None],
    ) -> None:
        self._stage, self._rng, self._begun, self._tell = stage, rng, begun, tell
        self._faults = [one for one in faults if one.kind in STORAGE]
        self._counts: Counter[str] = Counter()
        self.hits: Counter[str] = Counter()
        self.limits: dict[str, int] = {}
        """Nanos by scope, for all time."""
        self.lifted = False

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._stage.ledger, name)
        if name not in CHANGING:
            return real

        def verb(*args: Any, **values: Any) -> Any:
            return self._change(name, real, args, values)

        return verb

    def _change(self, name: str, real: Callable[..., Any], args: tuple[Any, ...], values: Mapping[str, Any]) -> Any:
        fails = self._fails(name)
        if fails == "storage-before":
            self.hits[fails] += 1
            raise InjectedError("disk I/O error (before the commit)")
        before = self._stage.changes
        held = self._held(values) if name == "begin" else -1
        answer = real(*args, **values)
        granted = isinstance(answer, Grant) and answer.refused is None and not answer.replayed
        if granted and name in ("hold", "begin") and self._held(values) > held:
            self._room(f"{name} {values['job']}")
        if fails is not None:
            self.hits[fails] += 1
            raise InjectedError("disk I/O error (after the commit)")
        if granted and name == "begin":
            self._begun(values["attempt"])
        refused = isinstance(answer, Grant) and answer.refused is not None
        if not refused and self._rng.random() < REPEATED:
            self._repeat(name, real, args, values, answer, self._stage.changes - before)
        return answer

    def _fails(self, name: str) -> str | None:
        number = self._counts[name]
        self._counts[name] += 1
        if self.lifted:
            return None
        return next((one.kind for one in self._faults if one.place == name and one.nth == number), None)

    def _held(self, values: Mapping[str, Any]) -> int:
        return int(self._stage.ask("SELECT coalesce(sum(open_nanos), 0) FROM job WHERE id = ?", values["job"])[0][0])

    def _room(self, by: str) -> None:
        """Law 5: at the instant of a grant, no budget is oversold. Counted from the jobs, not from the budgets."""
        for scope, limit in self.limits.items():
            used = self._stage.ask(
                "SELECT coalesce(sum(open_nanos), 0) + coalesce(sum(charged_nanos), 0) FROM job "
                "WHERE scope = ? OR (scope >= ? AND scope < ?)",
                scope, f"{scope}/", f"{scope}0",
            )[0][0]  # fmt: skip
            granted = by.split()[1]
            (of,) = self._stage.ask("SELECT scope FROM job WHERE id = ?", granted)[0]
            if used > limit and f"{of}/".startswith(f"{scope}/"):
                raise Violation(f"law 5: {by} was granted, and {scope} is oversold: {used} of {limit} nanos")

    def _repeat(
        self,
        name: str,
        real: Callable[..., Any],
        args: tuple[Any, ...],
        values: Mapping[str, Any],
        first: Any,
        did: int,
    ) -> None:
        """Law 8: the same verb again changes nothing and answers the same."""
        before = self._stage.changes
        again = real(*args, **values)
        did_again = self._stage.changes - before
        same = again.job == first.job if isinstance(first, Grant) else again == first or name == "expire"
        if did_again or not same:
            raise Violation(f"law 8: {name} repeated changed {did_again} rows (at first {did}): {first} / {again}")
