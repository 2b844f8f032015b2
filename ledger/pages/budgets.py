"""How each budget burns down: used up by day, what is held, its limit, where it is headed. Computes no forecast."""

from collections.abc import Iterator
from datetime import date, timedelta

from ..report.values import BurnDown, BurnPoint, Report
from . import svg
from .outlook import is_early, last_day, name_of, pressing, promise, record, stands, verdict
from .parts import ROWS, Figure, Key, Section, Table, money, more, number, only, text, whole
from .text import Drawn, Shown, amount, brief, count, cut, exact, joined, plain, span, sum_of

DRAWN = 8
STEPS = 100
SLIM = 12
"""More rows than these stand side by side on paper."""
_KEYS = (
    Key("settled", "spent"),
    Key("held", "held"),
    Key("limit", "limit"),
    Key("ahead", "expected"),
    Key("band", "band"),
)
_TOP, _BASE = 30, 194


def section(report: Report, ids: svg.Ids) -> Section:
    """All budgets in a table, the most pressing drawn."""
    burns = pressing(report.burn_downs)
    if not burns:
        return Section("budgets", "Budgets", "No budget is set, so nothing limits this spend.")
    drawn = tuple(figure(burn, ids) for burn in burns[:DRAWN])
    worrying = sum(verdict(burn).tone != "calm" for burn in burns)
    lead = f"{count(len(burns), 'budget')}{', the most pressing first' if len(burns) > 1 else ''}; "
    lead += "none is headed for its limit." if not worrying else f"{count(worrying, 'needs', 'need')} a look."
    if len(burns) > DRAWN:
        lead += f" Drawn: the first {DRAWN}."
    return Section("budgets", "Budgets", lead, drawn, (_table(burns),), tables_first=True)


def _table(burns: list[BurnDown]) -> Table:
    currency = only([burn.currency for burn in burns])
    columns = (
        text("budget"),
        whole("outlook"),
        money("limit", currency),
        number("spent"),
        number("held"),
        number("expected"),
        number("band"),
        whole("runs out"),
        number("days left"),
    )
    return Table("All budgets", columns, tuple(_row(burn, currency is None) for burn in burns[:ROWS]),
                 more=more(min(ROWS, len(burns)), len(burns), "most pressing"))  # fmt: skip


def _row(burn: BurnDown, named: bool) -> tuple[Shown, ...]:
    spent, held = stands(burn)
    ahead = burn.forecast
    band: Shown = "–"
    if ahead is not None and ahead.low is not None and ahead.high is not None:
        band = joined(amount(ahead.low, named=False), " to ", amount(ahead.high, named=False))
    return (
        name_of(burn),
        verdict(burn).short,
        amount(burn.limit, named=named, absent="none"),
        sum_of(spent, burn.currency, named=named),
        sum_of(held, burn.currency, named=named),
        amount(None if ahead is None else ahead.expected, named=named),
        band,
        "–" if ahead is None or ahead.exhausts_on is None else str(ahead.exhausts_on),
        "–" if ahead is None or ahead.runway_days is None else f"{ahead.runway_days:,}",
    )


def figure(burn: BurnDown, ids: svg.Ids) -> Figure:
    """Day by day, and where it is headed."""
    name, said = name_of(burn), verdict(burn)
    spent, held = stands(burn)
    first, after = _window(burn)
    title = f"{name}, {burn.currency}"
    description = (
        f"{cut(name, 80)} {said}. Spent {exact(spent)}, held {exact(held)} {burn.currency}"
        + ("" if burn.limit is None else f" of {exact(burn.limit.nanos)}")
        + f", {span(first, after)}. {promise(burn.forecast)}"
    )
    drawing = svg.chart(ids(), _BASE + 24, title, description, _marks(burn, first, after)) if burn.points else None
    words, table = tuple(_words(burn)), _points(burn, title)
    badge = "" if said.tone == "calm" else said.short
    return Figure(title, drawing, _keys(burn), words, table, tuple(_how(burn)), named=True, badge=badge, tone=said.tone)


def _keys(burn: BurnDown) -> tuple[Key, ...]:
    """Of what is drawn."""
    ahead = burn.forecast
    goes_on = ahead is not None and bool(burn.points) and burn.points[-1].day + timedelta(days=1) < _window(burn)[1]
    there = (
        True,
        any(point.held for point in burn.points),
        burn.limit is not None,
        goes_on,
        goes_on and ahead is not None and ahead.low is not None,
    )
    return tuple(key for key, is_there in zip(_KEYS, there, strict=True) if is_there)


def _words(burn: BurnDown) -> Iterator[Shown]:
    ahead = burn.forecast
    yield Drawn(f"<strong>It {verdict(burn).shown().markup}.</strong>")
    if ahead is None:
        yield promise(None)
        return
    band: Shown = ""
    if ahead.low is not None and ahead.high is not None:
        band = joined(", likely ", amount(ahead.low, named=False), " to ", amount(ahead.high, named=False))
    pace: Shown = "" if ahead.burn_rate is None else joined(" A usual day: ", amount(ahead.burn_rate), ".")
    if not is_early(ahead):
        yield joined(f"Expected by {last_day(ahead)}: ", amount(ahead.expected), band, ". ", promise(ahead), pace)
    if ahead.credits:
        yield joined("Credits that cost ", amount(ahead.credits), " will expire unused.")


def _how(burn: BurnDown) -> Iterator[Shown]:
    """What the forecast is made of, when its limit is used up, and how earlier ones did."""
    ahead = burn.forecast
    if ahead is None:
        return
    yield joined(f"How: {plain(ahead.basis)}. Planned batches: ", amount(ahead.planned), ".")
    if ahead.runway_days is not None:
        on = "" if ahead.exhausts_on is None else f", on {ahead.exhausts_on}"
        yield f"At this pace the limit is used up in {count(ahead.runway_days, 'day')}{on}."
    if record(ahead):
        yield record(ahead)
    if ahead.naive is not None:
        yield joined("Every day as a week ago would end at ", amount(ahead.naive), ".")
    if ahead.changed_on is not None:
        yield f"The level changed on {ahead.changed_on}."


def _window(burn: BurnDown) -> tuple[date, date]:
    days = [point.day for point in burn.points] or [burn.starts or date.min]
    first = min(days[0], burn.starts or days[0])
    after = burn.ends or (burn.forecast.window[1] if burn.forecast else days[-1] + timedelta(days=1))
    return first, max(after, days[-1] + timedelta(days=1), first + timedelta(days=1))


def _marks(burn: BurnDown, first: date, after: date) -> Iterator[str]:
    days, ahead = (after - first).days, burn.forecast
    tops = [point.spent.nanos + point.held.nanos for point in burn.points]
    tops += [one.nanos for one in (burn.limit, *((ahead.expected, ahead.high) if ahead else ())) if one is not None]
    scale = svg.Scale(max(tops) * 21 // 20, _TOP, _BASE)
    yield from scale.lines()
    shown = _thinned(burn.points)
    for place, point in enumerate(shown):
        until = shown[place + 1].day if place + 1 < len(shown) else point.day + timedelta(days=1)
        x, width = svg.across((point.day - first).days, days), svg.across(max((until - point.day).days, 1), days)
        spent, held = point.spent.nanos, point.held.nanos
        marks = (
            scale.bar("settled", x, width, 0, spent),
            scale.bar("held", x, width, max(spent, 0), max(spent, 0) + held),
        )
        yield svg.told(marks, f"{point.day}: spent {exact(spent)}, held {exact(held)} {burn.currency}")
    if ahead is not None:
        yield from _ahead(burn, scale, min((shown[-1].day - first).days + 1, days), days)
    if burn.limit is not None:
        y = scale.y(burn.limit.nanos)
        yield svg.line("limit", 0, y, "100%", y)
        yield svg.label("mark end", "100%", y - 6, f"limit {brief(burn.limit.nanos)} {burn.currency}")
    yield from scale.words()
    yield svg.label("tick", 0, _BASE + 18, str(first))
    if days > 1:
        yield svg.label("tick end", "100%", _BASE + 18, str(after - timedelta(days=1)))


def _ahead(burn: BurnDown, scale: svg.Scale, now: int, days: int) -> Iterator[str]:
    ahead = burn.forecast
    if ahead is None or now >= days:
        return
    start, end = scale.y(burn.points[-1].spent.nanos), scale.y(ahead.expected.nanos)
    x = now * 100 / days
    if ahead.low is not None and ahead.high is not None:
        low, high = scale.y(ahead.low.nanos), scale.y(ahead.high.nanos)
        yield svg.polygon("band", ((x, start), (100, high), (100, low)), _BASE)
    yield svg.line("ahead", f"{x:.2f}%", start, "100%", end)
    limit = None if burn.limit is None else scale.y(burn.limit.nanos)
    y = limit - 20 if limit is not None and abs(end - 2 - limit) < 14 else end - 8
    yield svg.label("mark end", "100%", y, f"expected {brief(ahead.expected.nanos)}")


def _thinned(points: tuple[BurnPoint, ...]) -> list[BurnPoint]:
    """At most `STEPS`, evenly, the last among them."""
    step = -(-len(points) // STEPS) or 1
    return list(points[::-1][::step][::-1])


def _points(burn: BurnDown, title: str) -> Table | None:
    if not burn.points:
        return None
    columns = whole("day"), money("spent so far", burn.currency), number("held")
    shown, ahead = burn.points[-STEPS:], burn.forecast
    rows: list[tuple[Shown, ...]] = [
        (str(one.day), amount(one.spent, named=False), amount(one.held, named=False)) for one in shown
    ]
    if ahead is not None:
        ends = ("at its end", ahead.expected), ("likely from", ahead.low), ("likely to", ahead.high)
        rows += [(name, amount(one, named=False), "–") for name, one in ends if one is not None]
    return Table(
        title, columns, tuple(rows), more=more(len(shown), len(burn.points), "latest days"), slim=len(rows) > SLIM
    )
