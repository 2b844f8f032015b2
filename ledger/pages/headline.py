"""The message of a report: spent, promised, exposed, where it ends, what needs a person. Works out nothing new."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from ..forecast.values import Forecast
from ..report.values import BurnDown, Report, Totals
from . import svg
from .outlook import chief, is_early, name_of, period_of, pressing, promise, stands, verdict
from .parts import Tone
from .text import Drawn, Shown, amount, by_currency, count, cut, exact, joined, percent, sum_of, sums

GAUGES = 4
SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Fact:
    """One number, its name and what stands below it."""

    name: str
    value: Shown
    remark: Shown
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a person, and the part of the page that tells of it."""

    anchor: str
    what: str
    amount: Shown = ""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A budget on one line."""

    name: str
    drawing: Drawn
    words: Shown
    badge: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Headline:
    """What a reader knows after ten seconds."""

    message: Shown
    facts: tuple[tuple[Fact, ...], ...]
    """A row for each currency."""
    gauges: tuple[Gauge, ...]
    promise: str
    needs: tuple[Need, ...]


def headline(report: Report, ids: svg.Ids) -> Headline:
    """All of it. What is not known is said, not left out."""
    main = chief(report.burn_downs, report.scope)
    needs = tuple(_needs(report))
    first = [main] if main is not None else []
    shown = [*first, *(burn for burn in pressing(report.burn_downs) if burn is not main)][:GAUGES]
    return Headline(
        message=_message(report, main, needs),
        facts=tuple(_facts(totals, main, _ahead(report, totals.currency)) for totals in report.totals),
        gauges=tuple(_gauge(burn, ids) for burn in shown),
        promise="" if main is None else promise(main.forecast),
        needs=needs,
    )


def _ahead(report: Report, currency: str) -> Forecast | None:
    return next((one for one in report.forecasts if one.currency == currency), None)


def _message(report: Report, main: BurnDown | None, needs: tuple[Need, ...]) -> Shown:
    said: list[Shown] = []
    for place, one in enumerate(report.totals):
        said += [" " if place else "", amount(one.settled), " spent"]
        said += [", ", amount(one.held), " promised"] if one.held else []
        ahead = _ahead(report, one.currency)
        if ahead is not None and not is_early(ahead):
            said += ["; ", period_of(ahead), " should end at about ", amount(ahead.expected)]
        said += ["."]
    if not said:
        said = ["Nothing was spent, promised or billed in this period."]
    if main is not None:
        said += [f" {cut(main.scope, 60)} ", verdict(main).shown(), "."]
    waiting = len(needs)
    said.append(
        " Nothing needs a person." if not waiting else f" {count(waiting, 'thing needs', 'things need')} a person."
    )
    return joined(*said)


def _facts(totals: Totals, main: BurnDown | None, ahead: Forecast | None) -> tuple[Fact, ...]:
    jobs = count(totals.jobs, "job")
    before: Shown = jobs
    if totals.before is not None:
        before = joined(f"{jobs}; ", _change(totals.settled.nanos, totals.before.nanos), amount(totals.before), ")")
    billed: Shown = joined(amount(totals.invoiced), " billed") if totals.invoiced is not None else "no bill covers it"
    provisional: Shown = joined("; ", amount(totals.provisional), " provisional") if totals.provisional else ""
    facts = (
        Fact("Spent", amount(totals.settled), joined(before, "; ", billed, provisional, "."), "settled"),
        Fact("Promised", amount(totals.held), "Held for jobs that are under way, or have no known end.", "held"),
        Fact("May yet come", amount(totals.exposed), "Perhaps charged, not posted: of jobs without a known end.",
             "exposed"),
    )  # fmt: skip
    if ahead is not None and is_early(ahead):
        return (*facts, Fact(f"{period_of(ahead)} ends at", "not known", "It takes three finished days.", "ahead"))
    if ahead is not None:
        return (*facts, Fact(f"{period_of(ahead)} ends at", amount(ahead.expected), _until(ahead), "ahead"))
    if main is None or main.currency != totals.currency:
        return (*facts, Fact("Ends at", "not known", "No budget looks ahead in this currency.", "ahead"))
    return (*facts, _end(main))


def _until(ahead: Forecast) -> Shown:
    band: Shown = "About, and no band is known yet"
    if ahead.low is not None and ahead.high is not None:
        band = joined("About; likely ", amount(ahead.low, named=False), " to ", amount(ahead.high, named=False))
    return joined(band, ". All scopes together.")


def _end(main: BurnDown) -> Fact:
    ahead, name = main.forecast, f"{cut(main.scope, 24)} ends at about"
    if ahead is None or is_early(ahead):
        return Fact(name, "not known", joined("It ", verdict(main).shown(), "."), "ahead")
    limit: Shown = "No limit" if main.limit is None else joined("Of a limit of ", amount(main.limit))
    band: Shown = ""
    if ahead.low is not None and ahead.high is not None:
        band = joined("; likely ", amount(ahead.low, named=False), " to ", amount(ahead.high, named=False))
    return Fact(name, amount(ahead.expected), joined(limit, band, "."), "ahead")


def _change(now: int, before: int) -> str:
    if before <= 0 or now == before:
        return ("as much as " if now == before else "") + "in the period before ("
    return f"{percent(abs(now - before), before)} {'more' if now > before else 'less'} than in the period before ("


def _gauge(burn: BurnDown, ids: svg.Ids) -> Gauge:
    said, (spent, held) = verdict(burn), stands(burn)
    ahead = None if burn.forecast is None or is_early(burn.forecast) else burn.forecast
    name = name_of(burn)
    ends = [one.nanos for one in (burn.limit, *((ahead.expected, ahead.high) if ahead else ())) if one is not None]
    whole = max([*ends, spent + held, 1]) * 51 // 50

    def x(nanos: int) -> str:
        return svg.across(max(nanos, 0), whole)

    marks = [svg.rect("track", 0, 10, "100%", 14), svg.rect("settled", 0, 10, x(spent), 14)]
    marks.append(svg.rect("held", x(spent), 10, x(held), 14))
    if ahead is not None:
        if ahead.low is not None and ahead.high is not None:
            marks.append(svg.rect("band", x(ahead.low.nanos), 6, x(ahead.high.nanos - ahead.low.nanos), 22))
        marks.append(svg.tag("circle", "dot", cx=x(ahead.expected.nanos), cy=17, r=5))
    if burn.limit is not None:
        marks.append(svg.line("limit solid", x(burn.limit.nanos), 2, x(burn.limit.nanos), 32))
    spoken = f"Spent {exact(spent)}, held {exact(held)}"
    spoken += "" if ahead is None else f", expected {exact(ahead.expected.nanos)}"
    spoken += "" if burn.limit is None else f", limit {exact(burn.limit.nanos)}"
    drawing = svg.chart(ids(), 34, f"{name} against its limit", f"{spoken} {burn.currency}.", marks)
    badge = "" if said.tone == "calm" else said.short
    short: list[Shown] = [
        sum_of(spent, burn.currency, named=False),
        " spent, ",
        sum_of(held, burn.currency, named=False),
        " held",
    ]
    short += [] if ahead is None else [", ", amount(ahead.expected, named=False), " expected"]
    short += [] if burn.limit is None else [", limit ", amount(burn.limit, named=False)]
    return Gauge(name, drawing, joined("It ", said.shown(), ". ", *short, "."), badge, said.tone)


def _needs(report: Report) -> Iterator[Need]:
    past = [burn for burn in report.burn_downs if verdict(burn).tone == "alarm"]
    if past:
        yield Need("budgets", count(len(past), "budget past its limit or bound to pass it",
                                    "budgets past their limit or bound to pass it"))  # fmt: skip
    if report.unread:
        yield Need("breaks", count(len(report.unread), "bill that cannot be set beside the ledger",
                                   "bills that cannot be set beside the ledger"))  # fmt: skip
    opened = [one.amount for one in report.breaks if one.status == "open"]
    if opened:
        yield Need("breaks", count(len(opened), "open break between bill and ledger",
                                   "open breaks between bill and ledger"), sums(by_currency(opened)))  # fmt: skip
    exposed = [one.amount for one in report.exposures]
    if exposed:
        yield Need("exposures", count(len(exposed), "job that may have been charged",
                                      "jobs that may have been charged"), sums(by_currency(exposed)))  # fmt: skip
    if report.drift:
        yield Need("drift", count(len(report.drift), "price that bills no longer support",
                                  "prices that bills no longer support"))  # fmt: skip
    if report.anomalies:
        yield Need("anomalies", count(len(report.anomalies), "thing out of the usual", "things out of the usual"))
    times = sum(one.times for one in report.refusals)
    if times:
        yield Need("refusals", count(times, "hold was refused", "holds were refused"))
    today = report.made_at.date()
    lapsing = [
        lot.left
        for runway in report.runways
        for lot in runway.lots
        if lot.expires_on is not None and today <= lot.expires_on <= today + SOON
    ]
    if lapsing:
        yield Need("credits", count(len(lapsing), "lot of credits expires within 30 days",
                                    "lots of credits expire within 30 days"), sums(by_currency(lapsing)))  # fmt: skip
