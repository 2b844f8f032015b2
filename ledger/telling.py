"""The front door's verbs that tell: spend by any grouping, the report of a period, where a budget is headed.

They read; what they write is the rollup of what they read, and the forecasts they made. Moves no money.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction

from .billing import NOTHING, Billing
from .errors import BadRequest
from .forecast.values import Forecast, Planned
from .instants import moment, zone
from .report import bills, build, cells, outlooks, rollup
from .report.build import Asked
from .report.values import Cell, Grouping, Report
from .scopes import chain
from .store import Work


class Telling(Billing):
    """What `Ledger` offers to those who answer for the spend."""

    def spend(
        self, grouping: Sequence[Grouping], period: tuple[date, date], *, scope: str | None = None, tz: str = "UTC"
    ) -> tuple[Cell, ...]:
        """What jobs of a period came to, by day, week, month, provider, offer, scope, scope:DEPTH, tag:NAME.

        `period`: the first day and the first one after, in `tz`; a job counts on the day its money was set aside.
        Their sum is the journal's. `invoiced` is None: see `report`. Raises BadRequest, BadScope, BadBudget.
        """
        rollup.fold(self._store)
        return self._store.read(lambda work: cells.spend(work, grouping, cells.known(period), tz=tz, scope=scope))

    def report(
        self,
        period: tuple[date, date] | None = None,
        scope: str | None = None,
        tz: str = "UTC",
        tag: str | None = None,
        at: datetime | None = None,
        grouping: Sequence[Grouping] = (),
        worth: Mapping[str, Fraction] = NOTHING,
        minimums: Mapping[str, Fraction] = NOTHING,
    ) -> Report:
        """Everything about a period, None is the month that runs: totals, budgets, credits, doubts, what stands out.

        `tag`: also by this tag. `grouping`: `cells` by it. `at`: the month around it, where no period is given; what is
        held, and every outlook, is always of now. `worth`, `minimums`: as for `reconcile`; a bill that cannot be judged
        without is in `unread`. Raises BadRequest, BadScope, BadBudget.
        """
        rollup.fold(self._store)
        now = self._store.now()
        around = cells.known(period or month_of(moment(now) if at is None else at, tz))
        asked = Asked(around, tz, scope, tag, tuple(grouping))

        def unit(work: Work) -> tuple[Report, build.Kept]:
            stretch = cells.stretch(around, tz)
            said = bills.told(work, moment(now), stretch, scope, worth, minimums)
            return build.build(work, now, asked, said)

        report, made = self._store.read(unit)
        self._keep(made)
        return report

    def forecast(self, scope: str | None, *, planned: Sequence[Planned] = ()) -> tuple[Forecast, ...]:
        """Where each budget of a scope will stand at the end of its running period; a total's, in 30 days.

        A scope without a budget of its own is looked at by the month; None is all of each currency that a budget is
        in. `planned`: batches that are known of. Each is kept, and scored beside the next once its window is over.
        Raises BadScope, BadRequest (no budget covers it, or a batch of another currency).
        """
        rollup.fold(self._store)
        now = self._store.now()
        if scope is None:
            made = self._store.read(lambda work: build.overall(work, now, planned))
        else:
            chain(scope)
            made = self._store.read(
                lambda work: [
                    (limit, outlooks.of_budget(work, now, limit, planned))
                    for limit in outlooks.of_scope(work, now, scope)
                ]
            )
        if not made:
            where = "no budget is set" if scope is None else f"no budget covers {scope}"
            raise BadRequest(where, value=scope, next=f'set one: faregate budget set {scope or "SCOPE"} "50 USD"')
        self._keep(made)
        return tuple(forecast for _, forecast in made)

    def _keep(self, made: build.Kept) -> None:
        def unit(work: Work) -> None:
            for limit, forecast in made:
                outlooks.keep(work, limit, forecast)

        if made:
            self._store.write(unit)


def month_of(at: datetime, tz: str) -> tuple[date, date]:
    """The first day of the month around an instant, and of the next one. Raises BadBudget, ValueError."""
    first = at.astimezone(zone(tz)).date().replace(day=1)
    return first, date(first.year + first.month // 12, first.month % 12 + 1, 1)
