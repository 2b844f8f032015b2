"""How a price reads: the lines of a quote, one for each multiplication and each step that changed the amount. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ..money import NANOS, Money
from ..quote import Line
from .rates import Evaluation, Part, Rate, Short, decimal_from, unit_size
from .tariffs import Piece

_ONE = Decimal(1)

Reduction = tuple[str, Fraction]
"""A discount that comes last: its label, and the part of the price that it takes."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """A line before nanos: its amount is exact."""

    label: str
    measured: Decimal
    billed: Fraction
    unit: str
    rate: Fraction
    note: str = ""

    @property
    def amount(self) -> Fraction:
        return self.billed * self.rate


def short_lines(short: Short, measured: Decimal, outputs: int, total: Money) -> tuple[Line, ...]:
    """The one line of the short way."""
    label, note = (short.label, short.note) if outputs == 1 else _times(short.label, short.note, outputs)
    billed = Decimal(short.steps(measured) * outputs * short.units)
    return (Line(label, measured, billed, short.unit, short.rate, total, note),)


def lines_of(
    rate: Rate, found: Evaluation, outputs: int, total: Money, reductions: Sequence[Reduction]
) -> tuple[Line, ...]:
    """Lines that sum to `total`, the price already rounded to nanos; they share what rounding leaves over."""
    per_dollar = Fraction(1) if rate.exchange is None else rate.exchange.credits_per_usd
    drafts: list[_Draft] = []
    for part in found.parts:
        times = outputs if part.component.per_output else 1
        drafts += [_piece(part, piece, times, per_dollar) for piece in part.pieces]
        unit = "output" if part.component.per_output else "job"
        label = part.component.shown.label
        drafts += [_adjusted(f"{label}: {text}", times, unit, step * per_dollar) for text, step in part.steps]
    for text, unit, step in found.steps:
        drafts.append(_adjusted(text, outputs if unit == "output" else 1, unit, step * per_dollar))
    left = found.total.expected
    for text, taken in reductions:
        drafts.append(_adjusted(text, 1, "job", -left * taken))
        left -= left * taken
    amounts = share([draft.amount * NANOS for draft in drafts], total.nanos)
    return tuple(
        Line(
            draft.label,
            draft.measured,
            decimal_from(draft.billed),
            draft.unit,
            decimal_from(draft.rate),
            Money(nanos, total.currency),
            draft.note,
        )
        for draft, nanos in zip(drafts, amounts, strict=True)
    )


def share(exact: list[Fraction], total: int) -> list[int]:
    """Whole numbers beside the exact ones that sum to `total`: floors, then one more for the largest remainders."""
    floors = [part.numerator // part.denominator for part in exact]
    order = sorted(range(len(exact)), key=lambda index: (floors[index] - exact[index], index))
    left = total - sum(floors)
    every, some = divmod(left, len(exact))
    for place, index in enumerate(order):
        floors[index] += every + (place < some)
    return floors


def _piece(part: Part, piece: Piece, times: int, per_dollar: Fraction) -> _Draft:
    component, shown = part.component, part.component.shown
    measured = decimal_from(part.measured.expected)
    named = ", ".join([shown.label, *([piece.label] if piece.label else []), *part.labels])
    if piece.billed is None:
        label, note = _times(named, shown.note if component.tariff.metered else "", times)
        unit = "output" if component.per_output else "job"
        return _Draft(label, measured, Fraction(times), unit, piece.rate * per_dollar, note)
    unit, size = unit_size(component, piece)
    label, note = _times(named, shown.note, times)
    return _Draft(label, measured, piece.billed * times / size, unit, piece.rate * size / piece.per * per_dollar, note)


def _adjusted(label: str, times: int, unit: str, amount: Fraction) -> _Draft:
    return _Draft(label, _ONE, Fraction(times), unit, amount)


def _times(label: str, note: str, outputs: int) -> tuple[str, str]:
    if outputs == 1:
        return label, note
    return f"{label}, × {outputs} outputs", f"{note}, for each output" if note else ""
