"""What a person should look at: exposed money, breaks with their age, anomalies, refusals. Judges none of them."""

from collections.abc import Iterator
from datetime import datetime

from ..reconcile.values import BUCKETS, Break, BreakStatus
from ..report.values import Report
from . import svg
from .parts import ROWS, Figure, Key, Section, Table, more, number, prose, text, whole
from .text import Shown, amount, by_currency, count, joined, moment, plain, sums

_ORDER: tuple[BreakStatus, ...] = ("open", "disputed", "pending", "accepted", "adjusted", "closed")
UNBILLED = "Nothing could be compared: no bill of this period is known. See the notes; faregate statement fetch asks."
_WORRY = ("open", "disputed")
_KEYS = Key("alarm", "open"), Key("disputed", "disputed"), Key("held", "pending")


def exposures(report: Report, ids: svg.Ids) -> Section:
    """What may have been charged but is not posted, the largest first."""
    del ids
    title = "What may yet come"
    found = sorted(report.exposures, key=lambda one: (-abs(one.amount.nanos), one.since, one.job))
    if not found:
        return Section("exposures", title, "Nothing: every job that may have been charged is settled.")
    total = sums(by_currency([one.amount for one in found]))
    lead = joined(f"{count(len(found), 'job')} may have been charged without a posting: ", total, ".")
    columns = (
        text("job"),
        number("amount"),
        prose("why"),
        whole("state"),
        text("provider"),
        text("scope"),
        text("since"),
    )
    rows = tuple(
        (
            plain(one.job),
            amount(one.amount),
            plain(one.reason),
            plain(one.state),
            plain(one.provider),
            plain(one.scope),
            f"{moment(one.since)}, {_age(report.made_at, one.since)}",
        )
        for one in found[:ROWS]
    )
    table = Table("Exposed amounts", columns, rows, more=more(len(rows), len(found), "largest"))
    return Section("exposures", title, lead, (), (table,))


def _age(now: datetime, since: datetime) -> str:
    days = (now - since).days
    return f"{count(days, 'day')} ago" if days > 0 else "under a day ago"


def breaks(report: Report, ids: svg.Ids) -> Section:
    """Where a bill and the ledger differ: open ones first, the largest of them first."""
    title = "Where the bill differs"
    found = sorted(
        report.breaks, key=lambda one: (_ORDER.index(one.status), -abs(one.amount.nanos), -one.age_days, one.id)
    )
    unread = f"Not known for all bills: {plain('; '.join(report.unread))}. " if report.unread else ""
    if not found:
        known = any(one.invoiced is not None for one in report.totals)
        nowhere = "Nowhere: no break is open, pending or remembered." if known else UNBILLED
        return Section("breaks", title, unread or nowhere)
    opened = [one for one in found if one.status == "open"]
    lead: Shown = "No break is open; those below were dealt with, or are not due yet."
    if opened:
        apart = sums(by_currency([one.amount for one in opened]))
        oldest = max(one.age_days for one in opened)
        lead = joined(f"{count(len(opened), 'break')} open, ", apart, f" apart; the oldest for {count(oldest, 'day')}.")
    lead = joined(unread, lead)
    named = "Breaks by age"
    spoken = "; ".join(
        f"{name} days: {sum(one.bucket == name and one.status == 'open' for one in found)} open" for name, _ in BUCKETS
    )
    drawing = svg.chart(ids(), 150, named, f"{spoken}.", _ages(found))
    figure = Figure(named, drawing, _KEYS, (), _age_table(found, named))
    return Section("breaks", title, lead, (figure,), (_break_table(found),))


def _ages(found: list[Break]) -> Iterator[str]:
    counts = {
        (name, status): sum(one.bucket == name and one.status == status for one in found)
        for name, _ in BUCKETS
        for status in ("open", "disputed", "pending")
    }
    stacked = [sum(number for (bucket, _), number in counts.items() if bucket == name) for name, _ in BUCKETS]
    scale, width = svg.Scale(max(*stacked, 1), 24, 116), len(BUCKETS) * 100
    yield svg.line("axis", 0, 116, "100%", 116)
    for place, (name, _) in enumerate(BUCKETS):
        start, x = 0, svg.across(place * 100 + 15, width)
        for status, kind in (("open", "alarm"), ("disputed", "disputed"), ("pending", "held")):
            size = counts[name, status]
            if size:
                mark = scale.bar(kind, x, svg.across(70, width), start, start + size)
                yield svg.told([mark], f"{name} days: {size} {status}")
            start += size
        middle = svg.across(place * 100 + 50, width)
        yield svg.label("value middle", middle, scale.y(start) - 6, f"{start:,}")
        yield svg.label("tick middle", middle, 134, f"{name} d")


def _age_table(found: list[Break], title: str) -> Table:
    columns = text("age"), *(number(status) for status in _ORDER), number("open and disputed, apart")
    rows = tuple(
        (
            f"{name} days",
            *(f"{sum(one.bucket == name and one.status == status for one in found):,}" for status in _ORDER),
            _apart([one for one in found if one.bucket == name and one.status in _WORRY]),
        )
        for name, _ in BUCKETS
    )
    return Table(title, columns, rows)


def _apart(some: list[Break]) -> Shown:
    return sums(by_currency([one.amount for one in some])) if some else "–"


def _break_table(found: list[Break]) -> Table:
    columns = (
        text("cause"),
        number("amount"),
        prose("why, and what to do"),
        whole("status, age"),
        text("whose"),
        whole("month"),
        whole("due by"),
    )
    return Table(
        "Breaks, open ones first",
        columns,
        tuple(_break(one) for one in found[:ROWS]),
        more=more(min(ROWS, len(found)), len(found), "first"),
    )


def _break(one: Break) -> tuple[Shown, ...]:
    said = "; ".join(part for part in (plain(one.why), plain(one.suggestion)) if part)
    if one.word is not None:
        said += f" ({plain(one.word.author)} {one.word.at:%Y-%m-%d}: {one.word.verdict}, {plain(one.word.note)})"
    return (
        one.kind.replace("_", " "),
        amount(one.amount),
        said or "–",
        f"{'reopened' if one.reopened else one.status}, {one.age_days:,} d",
        plain(one.provider if one.job is None else f"{one.provider} {one.job}"),
        plain(one.month),
        f"{one.expected_by:%Y-%m-%d}",
    )


def anomalies(report: Report, ids: svg.Ids) -> Section:
    """What is out of the usual, the latest first."""
    del ids
    title = "Out of the usual"
    found = sorted(report.anomalies, key=lambda one: (-one.day.toordinal(), one.what, one.value))
    if not found:
        return Section("anomalies", title, "Nothing: every day of the period was a usual one.")
    columns = whole("day"), text("what"), number("value"), number("usual"), prose("why it stands here")
    rows = tuple(
        (str(one.day), plain(one.what), plain(one.value), plain(one.usual), plain(one.reason)) for one in found[:ROWS]
    )
    table = Table("Anomalies", columns, rows, more=more(len(rows), len(found), "latest"))
    return Section("anomalies", title, f"{count(len(found), 'thing')} stood out.", (), (table,))


def refusals(report: Report, ids: svg.Ids) -> Section:
    """Holds that were refused, the most frequent first."""
    del ids
    title = "What was refused"
    found = sorted(report.refusals, key=lambda one: (-one.times, one.scope, one.reason))
    if not found:
        return Section("refusals", title, "No hold was refused.")
    times = sum(one.times for one in found)
    columns = (
        text("scope"),
        text("reason"),
        number("times"),
        number("asked"),
        whole("last"),
        prose("detail"),
    )
    rows = tuple(
        (
            plain(one.scope),
            plain(one.reason),
            f"{one.times:,}",
            amount(one.asked),
            moment(one.last_at),
            plain(one.detail) or "–",
        )
        for one in found[:ROWS]
    )
    table = Table("Refused holds", columns, rows, more=more(len(rows), len(found), "most frequent"))
    return Section("refusals", title, f"{count(times, 'hold was', 'holds were')} refused.", (), (table,))
