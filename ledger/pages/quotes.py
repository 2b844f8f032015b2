"""How good quotes are, and which prices no longer hold. Draws what the report says; judges no card."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from ..report.values import Accuracy, Report
from . import svg
from .faults import UNBILLED
from .parts import ROWS, Figure, Key, Section, Table, more, number, prose, text, whole
from .text import count, cut, plain, ratio, settings

DRAWN = 16
_WIDEST = Fraction(3)
"""Ratios beyond are drawn at the edge."""
_KEYS = Key("range", "8 of 10 jobs"), Key("dot", "middle job"), Key("worst", "worst"), Key("limit", "as quoted")


def accuracy(report: Report, ids: svg.Ids) -> Section:
    """A line from the tenth to the ninetieth job of a hundred, for each offer."""
    ranked = sorted(report.accuracy, key=lambda one: (-abs(one.p50 - 1), -one.worst, one.offer, settings(one.settings)))
    title = "How good the quotes were"
    if not ranked:
        return Section("accuracy", title, "No job was settled, so no quote can be checked.")
    off = [one for one in ranked if abs(one.p50 - 1) > Fraction(1, 20)]
    lead = "The middle job of every offer cost within 5 % of its quote."
    if off:
        lead = f"The middle job of {count(len(off), 'offer')} of {len(ranked):,} was off by more than 5 %."
    shown, name = ranked[:DRAWN], "Settled ÷ quoted, by offer"
    words = (f"Drawn: the {DRAWN} furthest off.",) if len(ranked) > DRAWN else ()
    spoken = "; ".join(
        f"{cut(_name(one), 60)}: middle {ratio(one.p50)}, from {ratio(one.p10)} to {ratio(one.p90)}" for one in shown
    )
    drawing = svg.chart(ids(), 44 * len(shown) + 22, name, f"{spoken}.", _marks(shown))
    return Section("accuracy", title, lead, (Figure(name, drawing, _KEYS, words, _table(ranked, name)),))


def _name(one: Accuracy) -> str:
    return f"{one.offer} {' '.join(one.settings.values())}".strip()


def _table(ranked: Sequence[Accuracy], name: str) -> Table:
    columns = (
        text("offer"),
        text("settings"),
        *(number(one) for one in ("jobs", "10 of 100 below", "middle", "90 of 100 below", "worst")),
    )
    rows = tuple(
        (
            plain(one.offer),
            settings(one.settings),
            f"{one.jobs:,}",
            *(ratio(each) for each in (one.p10, one.p50, one.p90, one.worst)),
        )
        for one in ranked[:ROWS]
    )
    return Table(name, columns, rows, more=more(len(rows), len(ranked), "furthest off"))


def _marks(shown: Sequence[Accuracy]) -> Iterator[str]:
    low = min(Fraction(9, 10), *(one.p10 for one in shown))
    high = min(_WIDEST, max(Fraction(11, 10), *(max(one.p90, one.worst) for one in shown)))
    pad = (high - low) / 20
    low, high = max(low - pad, Fraction(0)), high + pad

    def x(value: Fraction) -> str:
        inside = (min(max(value, low), high) - low) / (high - low)
        return svg.across(inside.numerator, inside.denominator)

    base = 44 * len(shown)
    yield svg.line("limit thin", x(Fraction(1)), 16, x(Fraction(1)), base)
    for place, one in enumerate(shown):
        y = place * 44 + 26
        marks = [
            svg.line("grid", 0, y, "100%", y),
            svg.line("range", x(one.p10), y, x(one.p90), y),
            svg.line("worst", x(one.worst), y - 6, x(one.worst), y + 6),
            svg.tag("circle", "dot", cx=x(one.p50), cy=y, r=5),
        ]
        said = f"{ratio(one.p50)}, worst {ratio(one.worst)}"
        yield from svg.name(0, y - 13, _name(one))
        yield svg.label("value end", "100%", y - 13, f"×{ratio(one.p50)}")
        yield svg.told(marks, f"{cut(_name(one), 80)}: {said}, {count(one.jobs, 'job')}")
    yield svg.label("tick", 0, base + 14, f"×{ratio(low)}")
    yield svg.label("tick middle", x(Fraction(1)), base + 14, "as quoted")
    yield svg.label("tick end", "100%", base + 14, f"×{ratio(high)}")


def drift(report: Report, ids: svg.Ids) -> Section:
    """Charges that support another price than the card's."""
    del ids
    found = sorted(report.drift, key=lambda one: (-one.charges, one.offer, settings(one.settings)))
    title = "Prices that drift"
    if not found:
        known = any(one.invoiced is not None for one in report.totals)
        return Section("drift", title, "Every charge supports the price on its card." if known else UNBILLED)
    lead = f"The charges of {count(len(found), 'offer')} support another price than its card's. "
    lead += "Accepting one writes an override card."
    columns = (
        text("offer"),
        text("settings"),
        number("card"),
        number("charged"),
        number("charges"),
        whole("since"),
        prose("in words"),
    )
    rows = tuple(
        (
            plain(one.offer),
            settings(one.settings),
            plain(one.card_price),
            plain(one.supported_price),
            f"{one.charges:,}",
            str(one.since),
            plain(one.text),
        )
        for one in found[:ROWS]
    )
    table = Table("Prices that charges support", columns, rows, more=more(len(rows), len(found), "with most charges"))
    return Section("drift", title, lead, (), (table,))
