"""Sums of rows: by provider, by month, by SKU. Adds and judges nothing."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

from pricing import Money

from .values import JobMatch, Totals


class _Sum:
    """What is added up for one provider, currency and key."""

    __slots__ = ("held", "invoiced", "jobs", "pending", "posted", "quoted", "reported", "tolerated", "tolerated_count")

    def __init__(self) -> None:
        self.jobs = self.quoted = self.reported = self.posted = self.invoiced = 0
        self.tolerated = self.tolerated_count = self.pending = 0
        self.held = dict[str, int]()

    def add_ours(self, row: JobMatch) -> None:
        self.jobs += row.jobs
        self.quoted += row.quoted.nanos if row.quoted else 0
        self.reported += row.reported.nanos if row.reported else 0
        self.posted += row.posted.nanos
        if row.held is not None:
            self.held[row.held.currency] = self.held.get(row.held.currency, 0) + row.held.nanos

    def add_judged(self, row: JobMatch) -> None:
        if row.standing == "tolerated":
            self.tolerated += row.variance.nanos
            self.tolerated_count += 1
        elif row.standing in ("pending", "uncovered"):
            self.pending += row.variance.nanos

    def total(self, provider: str, currency: str, key: str) -> Totals:
        return Totals(
            provider,
            currency,
            key,
            self.jobs,
            Money(self.quoted, currency),
            tuple(Money(nanos, name) for name, nanos in sorted(self.held.items())),
            Money(self.reported, currency),
            Money(self.posted, currency),
            Money(self.invoiced, currency),
            Money(self.invoiced - self.posted, currency),
            Money(self.tolerated, currency),
            self.tolerated_count,
            Money(self.pending, currency),
        )


def totals_of(rows: Iterable[JobMatch], by: Literal["", "month", "sku"], only: str | None = None) -> tuple[Totals, ...]:
    """A sum for each provider, currency and month or SKU. What stands in a wrong month is counted where it stands.

    `only`: what is of this month alone, so that the sums of all months come to the whole.
    """
    sums = defaultdict[tuple[str, str, str], _Sum](_Sum)
    for row in rows:
        if row.subject == "control":
            continue
        ours, billed = (row.month, row.billed_month) if by == "month" else (row.sku, row.sku) if by else ("", "")
        provider, currency = row.provider, row.posted.currency
        if only in (None, row.month):
            one = sums[provider, currency, ours]
            one.add_ours(row)
            one.add_judged(row)
        if row.invoiced is not None and only in (None, row.billed_month):
            sums[provider, currency, billed].invoiced += row.invoiced.nanos
    return tuple(sums[key].total(*key) for key in sorted(sums))
