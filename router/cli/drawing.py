"""A report and forecasts for the terminal: one message first, then tables with block bars. Computes nothing new."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from rich.console import Console

from ledger import BurnDown, Cell, Forecast, Report
from pricing import Money

from .output import PlainTable, named, plain

WIDTH = 100
BAR = 24
_MOST = 15
"""Rows of a table; the rest is one line."""
_PARTS = " ▏▎▍▌▋▊▉█"


def draw_report(report: Report) -> None:
    """The message, then everything else that is not empty."""
    out = _console()
    first, last = report.period[0], report.period[1] - timedelta(days=1)
    out.print(plain(f"{report.title}, {first} to {last} ({report.tz})", style="bold"))
    for line in message(report):
        out.print(plain(line))
    needs = attention(report)
    if needs:
        out.print(plain("needs attention", style="bold red"))
        for line in needs:
            out.print(plain(f"  • {line}"))
    else:
        out.print(plain("nothing needs attention", style="green"))
    _budgets(out, report.burn_downs)
    _days(out, report.by_day)
    for title, cells in (("offer", report.by_offer), ("scope", report.by_scope), ("tag", report.by_tag)):
        _spend(out, f"by {title}", cells)
    _spend(out, f"by {', '.join(report.grouping)}", report.cells)
    _more(out, report)
    for line in report.notes:
        out.print(plain(line, style="dim"))


def message(report: Report) -> list[str]:
    """What was spent, is held and may have been charged, against the period before, and where the month ends."""
    lines: list[str] = []
    for one in report.totals:
        before = "" if one.before is None else f" (the period before: {cents(one.before)})"
        said = f"{cents(one.settled)} spent by {one.jobs} jobs{before}, {cents(one.held)} held"
        if one.provisional:
            said += f"; {cents(one.provisional)} of it no provider has said yet"
        if one.invoiced is not None:
            said += f"; {cents(one.invoiced)} invoiced"
        if one.exposed:
            said += f"; {cents(one.exposed)} may have been charged and is not posted"
        lines.append(said)
    lines += [
        "too early to say where this month ends: that takes three finished days"
        if one.method == "none"
        else f"this month ends at {_outlook(one)}"
        for one in report.forecasts
    ]
    return lines or ["nothing was spent"]


def attention(report: Report) -> list[str]:
    """What a person should look at, the most pressing first."""
    found: list[str] = []
    if report.exposures:
        oldest = report.exposures[0]
        count = "1 job" if len(report.exposures) == 1 else f"{len(report.exposures)} jobs"
        found.append(f"{count} may have been charged, the oldest since {oldest.since:%Y-%m-%d}: resolve {oldest.job}")
    for one in report.burn_downs:
        outlook = one.forecast
        if outlook is None or outlook.limit is None:
            continue
        if outlook.spent > outlook.limit:
            found.append(f"{one.scope} ({one.window}) is past its limit by {cents(outlook.spent - outlook.limit)}")
        elif outlook.exhausts_on is not None:
            found.append(f"{one.scope} ({one.window}) is used up on {outlook.exhausts_on}, before its period ends")
    found += [f"the bill cannot be told: {one}" for one in report.unread]
    still = [one for one in report.breaks if one.status == "open"]
    if still:
        are = "break is" if len(still) == 1 else "breaks are"
        found.append(f"{len(still)} {are} open, the oldest for {max(one.age_days for one in still)} days")
    found += [one.text for one in report.drift]
    today = report.made_at.date()
    for runway in report.runways:
        if runway.exhausts_on is not None and runway.exhausts_on <= today + timedelta(days=14):
            found.append(f"{runway.provider}: {runway.currency} last until {runway.exhausts_on}")
        for lot in runway.lots:
            if lot.expires_on is not None and lot.expires_on <= today + timedelta(days=30):
                found.append(f"{runway.provider}: lot {lot.lot} with {lot.left} left expires on {lot.expires_on}")
    found += [f"{one.day}: {one.what} {one.value}, {one.reason}" for one in report.anomalies if one.what != "new offer"]
    if report.refusals:
        times = sum(one.times for one in report.refusals)
        often = report.refusals[0]
        found.append(f"{times} holds were refused, most often in {often.scope}: {often.reason}")
    return found


def draw_forecasts(found: Sequence[Forecast]) -> None:
    out = _console()
    columns = ("scope", "period", ">spent", ">held", ">expected", ">80 % between", ">limit", "used up")
    table = _table("forecast", columns)
    for one in found:
        band = "" if one.low is None or one.high is None else f"{_bare(one.low)} – {_bare(one.high)}"
        period = "since ever" if one.window[0] == date(1970, 1, 1) else f"{one.window[0]:%m-%d} –"
        table.add_row(
            _scope(one),
            f"{period} {one.window[1] - timedelta(days=1):%m-%d}",
            *(cents(one.spent), _bare(one.held), cents(one.expected), band),
            "" if one.limit is None else _bare(one.limit),
            _runway(one),
        )
    out.print(table)
    for one in found:
        out.print(plain(f"{_scope(one)}: {one.basis}", style="dim"))
        if one.track is not None:
            out.print(plain(f"{_scope(one)}: {_track(one)}", style="dim"))


def cents(amount: Money) -> str:
    """For a person: to the cent from 1 up; exact below."""
    return f"{_bare(amount)} {amount.currency}"


def bar(share: float, width: int = BAR) -> str:
    """A share of one as blocks, an eighth exact; what exceeds one is full."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    return "█" * (eighths // 8) + _PARTS[eighths % 8].strip()


def _bare(amount: Money) -> str:
    nanos = abs(amount.nanos)
    sign = "-" if amount.nanos < 0 else ""
    if 0 < nanos < 10**9:
        return str(amount).partition(" ")[0]
    whole, rest = divmod((nanos + 5 * 10**6) // 10**7, 100)
    return f"{sign}{whole:,}.{rest:02}"


def _outlook(one: Forecast) -> str:
    said = f"about {cents(one.expected)}"
    if one.low is not None and one.high is not None and one.coverage is not None:
        inside, of = one.coverage
        said += f", {_bare(one.low)} to {_bare(one.high)} (such a band held in {inside} of {of} checks)"
    return said


def _budgets(out: Console, burn_downs: Sequence[BurnDown]) -> None:
    if not burn_downs:
        return
    table = _table(
        "budgets (█ spent, ▒ held)", ("scope", "window", ">spent", ">held", ">limit", "", ">expected", "used up")
    )
    for one in burn_downs[:_MOST]:
        outlook = one.forecast
        if outlook is None:
            continue
        table.add_row(
            one.scope,
            one.window,
            cents(outlook.spent),
            _bare(outlook.held),
            "" if one.limit is None else _bare(one.limit),
            _fill(outlook),
            _bare(outlook.expected),
            _runway(outlook),
        )
    out.print(table)
    _rest(out, len(burn_downs))


def _fill(one: Forecast, width: int = 12) -> str:
    """Spent and held of the limit; nothing without one."""
    if one.limit is None or not one.limit:
        return ""
    spent, held = (max(0, round(width * amount.nanos / one.limit.nanos)) for amount in (one.spent, one.held))
    spent = min(width, spent)
    held = min(width - spent, max(held, 1 if one.held else 0))
    return "█" * spent + "▒" * held + "·" * (width - spent - held)


def _days(out: Console, cells: Sequence[Cell]) -> None:
    """A day's spend over all providers, in each currency."""
    days: defaultdict[str, dict[str, tuple[Money, Money, int]]] = defaultdict(dict)
    for one in cells:
        nothing = Money.zero(one.currency)
        settled, held, jobs = days[one.currency].get(one.keys["day"], (nothing, nothing, 0))
        days[one.currency][one.keys["day"]] = settled + one.settled, held + one.held, jobs + one.jobs
    for currency, found in days.items():
        most = max((settled.nanos for settled, _, _ in found.values()), default=0)
        table = _table(f"by day, {currency}", ("day", ">jobs", ">settled", ">held", ""))
        shown = list(found.items())[-31:]
        for day, (settled, held, jobs) in shown:
            table.add_row(day, str(jobs), _bare(settled), _bare(held), bar(settled.nanos / most if most else 0, 40))
        out.print(table)
        if len(found) > len(shown):
            out.print(plain(f"  … and {len(found) - len(shown)} days before", style="dim"))


def _spend(out: Console, title: str, cells: Sequence[Cell]) -> None:
    """The dearest first, or by time, each with its share."""
    if not cells:
        return
    names = tuple(cells[0].keys)
    whole: defaultdict[str, int] = defaultdict(int)
    for one in cells:
        whole[one.currency] += one.settled.nanos
    table = _table(title, (*names, ">jobs", ">settled", ">held", ""))
    by_time = names[0] in ("day", "week", "month")
    ranked = cells if by_time else sorted(cells, key=lambda cell: (cell.currency, -cell.settled.nanos))
    for one in ranked[:_MOST]:
        total = whole[one.currency]
        share = bar(one.settled.nanos / total if total > 0 else 0, 16)
        keys = (value or "–" for value in one.keys.values())
        table.add_row(*keys, str(one.jobs), cents(one.settled), _bare(one.held), share)
    out.print(table)
    _rest(out, len(cells))


def _more(out: Console, report: Report) -> None:
    """Credits, quotes against charges, doubts."""
    sections: tuple[tuple[str, Sequence[str], Iterable[Sequence[object]], int], ...] = (
        (
            "credits, the soonest to expire first",
            ("provider", "lot", ">left", ">its cost", "expires"),
            (
                (runway.provider, lot.lot, lot.left, cents(lot.cost_left), lot.expires_on or "never")
                for runway in report.runways
                for lot in runway.lots
            ),
            sum(len(runway.lots) for runway in report.runways),
        ),
        (
            "charged ÷ quoted",
            ("offer", ">jobs", ">p10", ">p50", ">p90", ">worst"),
            (
                (
                    named(one.offer, one.settings),
                    one.jobs,
                    *(f"{float(x):.3f}" for x in (one.p10, one.p50, one.p90, one.worst)),
                )
                for one in report.accuracy
            ),
            len(report.accuracy),
        ),
        (
            "may have been charged",
            ("job", "scope", "state", ">amount", "since"),
            ((x.job, x.scope, x.state, cents(x.amount), f"{x.since:%Y-%m-%d}") for x in report.exposures),
            len(report.exposures),
        ),
        (
            "breaks",
            ("kind", "provider", "job", ">amount", ">days", "status"),
            ((x.kind, x.provider, x.job or "", cents(x.amount), x.age_days, x.status) for x in report.breaks),
            len(report.breaks),
        ),
        (
            "out of the usual",
            ("day", "what", "value", "usual", "why"),
            ((x.day, x.what, x.value, x.usual, x.reason) for x in report.anomalies),
            len(report.anomalies),
        ),
        (
            "refused",
            ("scope", "reason", ">times", ">asked", "last"),
            (
                (x.scope, x.reason, x.times, "" if x.asked is None else cents(x.asked), f"{x.last_at:%Y-%m-%d %H:%M}")
                for x in report.refusals
            ),
            len(report.refusals),
        ),
    )
    for title, columns, rows, count in sections:
        if count:
            table = _table(title, columns)
            for row in list(rows)[:_MOST]:
                table.add_row(*row)
            out.print(table)
            _rest(out, count)


def _rest(out: Console, count: int) -> None:
    if count > _MOST:
        out.print(plain(f"  … and {count - _MOST} more: --json has all", style="dim"))


def _runway(one: Forecast) -> str:
    if one.limit is None:
        return ""
    if one.spent > one.limit:
        return "over"
    if one.exhausts_on is not None:
        return str(one.exhausts_on)
    return "not in sight" if one.runway_days is None else f"in {one.runway_days} days"


def _track(one: Forecast) -> str:
    track = one.track
    if track is None:
        return ""
    said = f"{track.forecasts} past forecasts scored"
    if track.wape is not None:
        said += f", off by {round(100 * track.wape)} % of what was to come"
    if track.coverage is not None:
        said += f", the truth fell inside the band in {track.coverage[0]} of {track.coverage[1]}"
    return said


def _scope(one: Forecast) -> str:
    return "everything" if one.scope == "*" else one.scope


def _table(title: str, columns: Iterable[str]) -> PlainTable:
    table = PlainTable(
        title=plain(f"\n{title}"),
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=None,
        pad_edge=False,
    )
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.lstrip(">"), justify="right" if right else "left", overflow="fold", no_wrap=right)
    return table


def _console() -> Console:
    """As wide as the terminal; a pipe gets what a page of paper has."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
