"""Spend by day and provider, by offer, scope and tag, on three bases: settled, held, invoiced. Decides nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from ..report.values import Cell, Report
from . import svg
from .parts import ROWS, Column, Figure, Key, Section, Table, money, more, number, only
from .text import Shown, amount, brief, count, cut, exact, plain, sum_of

PROVIDERS = 6
BARS = 12
BINS = 100
"""More days than these are drawn several to a column."""
DAY_ROWS = 300

_TIMES = ("day", "week", "month")


@dataclass(slots=True)
class _Sum:
    """What cells come to, in nanos."""

    settled: int = 0
    held: int = 0
    invoiced: int | None = None
    jobs: int = 0
    names: list[str] = field(default_factory=list[str])

    def add(self, cell: Cell) -> None:
        self.settled += cell.settled.nanos
        self.held += cell.held.nanos
        self.jobs += cell.jobs
        if cell.invoiced is not None:
            self.invoiced = (self.invoiced or 0) + cell.invoiced.nanos

    @property
    def top(self) -> int:
        return max(self.settled + self.held, self.settled, self.invoiced or 0, 0)

    def words(self, currency: str) -> str:
        billed = "no bill" if self.invoiced is None else f"invoiced {exact(self.invoiced)}"
        return f"settled {exact(self.settled)}, held {exact(self.held)}, {billed} {currency}"


def by_day(report: Report, ids: svg.Ids) -> Section:
    """A row of columns for each provider, all on one scale."""
    cells = report.by_day
    if not cells:
        return Section("days", "Spend by day", "Nothing was spent, held or billed in this period.")
    figures = tuple(_days(currency, group, report.period, ids) for currency, group in _grouped(cells))
    totals: dict[str, int] = defaultdict(int)
    for cell in cells:
        totals[cell.currency] += cell.settled.nanos
    bins = {_first(cell) for cell in cells if cell.settled.nanos}
    lead = f"Settled on {count(len(bins), _first_name(cells))} of this period, by provider. All on one scale."
    return Section("days", "Spend by day", lead, figures)


def _days(currency: str, cells: Sequence[Cell], period: tuple[date, date], ids: svg.Ids) -> Figure:
    bins = _bins(cells, period)
    of = {name: place for place, names in enumerate(bins) for name in names}
    rows: dict[str, list[_Sum]] = {}
    whole: dict[str, int] = defaultdict(int)
    for cell in cells:
        whole[_second(cell)] += cell.settled.nanos + cell.held.nanos
    ranked = sorted(whole, key=lambda name: (-whole[name], name))
    drawn = ranked[:PROVIDERS] if len(ranked) <= PROVIDERS else ranked[: PROVIDERS - 1]
    others = f"{len(ranked) - len(drawn)} others"
    for cell in cells:
        name = _second(cell) if _second(cell) in drawn else others
        rows.setdefault(name, [_Sum() for _ in bins])[of[_first(cell)]].add(cell)
    order = [*drawn, *([others] if others in rows else [])]
    largest = max((one.top for row in rows.values() for one in row), default=0)
    marks, height = list[str](), 0
    for name in order:
        marks.extend(_panel(name, rows[name], bins, svg.Scale(largest, height + 40, height + 108), currency))
        height += 124
    marks.extend(_dates(bins, height + 4))
    title = f"Spend by {_first_name(cells)} and provider, {currency}"
    said = "; ".join(f"{name}: settled {exact(sum(one.settled for one in rows[name]))} {currency}" for name in order)
    return Figure(
        title,
        svg.chart(ids(), height + 12, title, f"{said}.", marks),
        _keys(cells, "invoiced"),
        (),
        _day_table(cells, title),
    )


def _keys(cells: Sequence[Cell], billed: str) -> tuple[Key, ...]:
    """Of what is drawn."""
    held, invoiced = any(cell.held for cell in cells), any(cell.invoiced is not None for cell in cells)
    there = (Key("settled", "settled"), True), (Key("held", "held"), held), (Key(billed, "invoiced"), invoiced)
    return tuple(key for key, is_there in there if is_there)


def _panel(name: str, row: list[_Sum], bins: list[list[str]], scale: svg.Scale, currency: str) -> Iterator[str]:
    settled = sum(one.settled for one in row)
    yield from svg.name(0, scale.top - 22, name or "no provider")
    yield svg.label("value end", "100%", scale.top - 22, f"{brief(settled)} {currency}")
    yield from scale.lines(2)
    left, whole = len(bins) * 4, len(bins) * 104
    for place, (one, names) in enumerate(zip(row, bins, strict=True)):
        if not (one.settled or one.held or one.invoiced):
            continue
        x, width = svg.across(left + place * 100 + 12, whole), svg.across(76, whole)
        marks = [
            scale.bar("settled", x, width, 0, one.settled),
            scale.bar("held", x, width, max(one.settled, 0), max(one.settled, 0) + one.held),
        ]
        if one.invoiced is not None:
            y = scale.y(one.invoiced)
            ends = (svg.across(left + place * 100 + at, whole) for at in (2, 98))
            marks.append(svg.line("invoiced", next(ends), y, next(ends), y))
        days = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
        yield svg.told(marks, f"{days}: {one.words(currency)}")
    yield from scale.words(2)


def _dates(bins: list[list[str]], y: int) -> Iterator[str]:
    """The first, the last and some between, fewer on a narrow screen."""
    whole, step = len(bins), max(1, -(-len(bins) // 8))
    for place in range(0, whole, step):
        if place and whole - 1 - place < step:
            continue
        kind = "tick" if not place else "tick middle wide" if place // step % 2 else "tick middle"
        x = svg.across(whole * 4 + place * 100 + 50 * bool(place), whole * 104)
        yield svg.label(kind, x, y, _short(bins[place][0]))
    if whole > 1:
        yield svg.label("tick end", "100%", y, _short(bins[-1][-1]))


def _short(name: str) -> str:
    return name[5:] if len(name) == 10 and name[4] == name[7] == "-" else cut(name, 10)


def _bins(cells: Sequence[Cell], period: tuple[date, date]) -> list[list[str]]:
    """What each column of a chart stands for: a day each where they are days, none left out."""
    names = sorted({_first(cell) for cell in cells})
    if _first_name(cells) == "day":
        try:
            days = [date.fromisoformat(name) for name in names]
        except ValueError:
            days = []
        first, after = min([*days, period[0]]), max([*(day + timedelta(days=1) for day in days), period[1]])
        if days and (after - first).days <= 4000:
            names = [str(first + timedelta(days=day)) for day in range((after - first).days)]
    step = -(-len(names) // BINS) or 1
    return [names[start : start + step] for start in range(0, len(names), step)]


def _day_table(cells: Sequence[Cell], title: str) -> Table:
    latest = sorted(cells, key=lambda cell: (_first(cell), _second(cell)))
    shown = latest[-DAY_ROWS:]
    return _table(shown, cells, title, more(len(shown), len(cells), "latest rows"))


def by_kind(report: Report, ids: svg.Ids) -> Iterator[Section]:
    """By offer, by scope and by tag: the dearest first."""
    yield _ranked("offers", "Spend by offer", "offer", report.by_offer, ids, "No offer was used in this period.")
    yield _ranked("scopes", "Spend by scope", "scope", report.by_scope, ids, "No scope spent anything in this period.")
    name = next((key for cell in report.by_tag for key in cell.keys), "tag:")
    named = plain(name.removeprefix("tag:")) or "tag"
    title = f"Spend by tag “{cut(named, 40)}”" if report.by_tag else "Spend by tag"
    yield _ranked("tags", title, "tag", report.by_tag, ids, "No tag was asked for, or no job bears it.")
    if report.grouping:
        asked = tuple(replace(cell, keys={"group": " · ".join(cell.keys.values())}) for cell in report.cells)
        title = f"Spend by {cut(plain(', '.join(report.grouping)), 60)}"
        yield _ranked("groups", title, "group", asked, ids, "Nothing was spent in this period.")


def _ranked(id_: str, title: str, what: str, cells: Sequence[Cell], ids: svg.Ids, empty: str) -> Section:
    if not cells:
        return Section(id_, title, empty)
    figures = tuple(_bars(title, what, currency, group, ids) for currency, group in _grouped(cells))
    first = max(cells, key=lambda cell: cell.settled.nanos)
    name = cut(_last(first) or f"no {what}", 60)
    lead = f"All of it: {name}." if len(cells) == 1 else f"{count(len(cells), what)}; the dearest is {name}."
    return Section(id_, title, lead, figures)


def _bars(title: str, what: str, currency: str, cells: Sequence[Cell], ids: svg.Ids) -> Figure:
    ranked = sorted(cells, key=lambda cell: (-cell.settled.nanos - cell.held.nanos, tuple(cell.keys.values())))
    drawn, marks = ranked[:BARS], list[str]()
    largest = max([_of(cell).top for cell in ranked] + [1]) * 201 // 200 + 1
    for place, cell in enumerate(drawn):
        y, one = place * 44, _of(cell)
        bar: list[str] = []
        for kind, start, size in (("settled", 0, one.settled), ("held", max(one.settled, 0), one.held)):
            if size > 0:
                bar.append(svg.rect(kind, svg.across(start, largest), y + 21, svg.across(size, largest), 12))
        if one.invoiced is not None:
            x = svg.across(max(one.invoiced, 0), largest)
            bar.append(svg.line("invoiced", x, y + 18, x, y + 36))
        bar.append(svg.line("axis", 0, y + 18, 0, y + 36))
        marks.extend(svg.name(0, y + 13, _last(cell) or f"no {what}"))
        marks.append(svg.label("value end", "100%", y + 13, f"{brief(one.settled)} {currency}"))
        marks.append(svg.told(bar, f"{cut(_last(cell), 80)}: {one.words(currency)}"))
    said = "; ".join(f"{cut(_last(cell), 60) or 'none'} {exact(cell.settled.nanos)}" for cell in drawn)
    words = (f"Drawn: the {BARS} dearest of {len(cells):,}.",) if len(cells) > BARS else ()
    named = f"{title}, {currency}"
    drawing = svg.chart(ids(), len(drawn) * 44, named, f"Settled, the dearest first: {said} {currency}.", marks)
    table = _table(ranked[:ROWS], cells, named, more(min(ROWS, len(cells)), len(cells), "dearest"))
    return Figure(named, drawing, _keys(cells, "billed"), words, table)


def _of(cell: Cell) -> _Sum:
    one = _Sum()
    one.add(cell)
    return one


def _table(shown: Sequence[Cell], cells: Sequence[Cell], caption: str, left_out: str) -> Table:
    """Their keys as the first columns, then jobs and the three bases; the foot sums all of them, shown or not."""
    names = list(dict.fromkeys(key for cell in cells for key in cell.keys)) or ["what"]
    currency = only([cell.currency for cell in cells])
    columns: tuple[Column, ...] = (
        *(Column(plain(name), whole=name in _TIMES) for name in names),
        number("jobs"),
        money("settled", currency),
        number("of it provisional"),
        number("held"),
        number("invoiced"),
    )
    rows = tuple(
        (
            *(plain(cell.keys.get(name, "")) or "–" for name in names),
            f"{cell.jobs:,}",
            *(amount(one, named=False) for one in (cell.settled, cell.provisional, cell.held)),
            amount(cell.invoiced, named=False, absent="no bill"),
        )
        for cell in shown
    )
    billed = [cell.invoiced.nanos for cell in cells if cell.invoiced is not None]
    foot: tuple[Shown, ...] = (
        "all",
        *("" for _ in names[1:]),
        f"{sum(cell.jobs for cell in cells):,}",
        *(
            sum_of(sum(column), cells[0].currency, named=False)
            for column in (
                [cell.settled.nanos for cell in cells],
                [cell.provisional.nanos for cell in cells],
                [cell.held.nanos for cell in cells],
            )
        ),
        sum_of(sum(billed), cells[0].currency, named=False) if billed else "no bill",
    )
    return Table(caption, columns, rows, foot, left_out)


def _grouped(cells: Iterable[Cell]) -> list[tuple[str, list[Cell]]]:
    """By currency, the one of most jobs first."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.currency, []).append(cell)
    return sorted(groups.items(), key=lambda pair: (-sum(cell.jobs for cell in pair[1]), pair[0]))


def _first(cell: Cell) -> str:
    return next(iter(cell.keys.values()), "")


def _first_name(cells: Sequence[Cell]) -> str:
    return next(iter(cells[0].keys), "day")


def _second(cell: Cell) -> str:
    return "" if len(cell.keys) < 2 else list(cell.keys.values())[1]


def _last(cell: Cell) -> str:
    return "" if not cell.keys else list(cell.keys.values())[-1]
