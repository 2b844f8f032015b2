"""How a price reads: the lines of a quote, one for each multiplication and each step that changed the amount. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm

from ..money import NANOS, Money
from ..quote import Line
from .rates import Evaluation, Part, Rate, Stage, decimal_from, unit_size
from .tariffs import Piece

_ONE = Decimal(1)


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


def lines_of(
    rate: Rate, found: Evaluation, outputs: int, total: Money, reductions: Sequence[Stage]
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
    for one in reductions:
        stays = left * one.value.expected
        drafts += [_adjusted(one.label, 1, "job", stays - left)] if stays != left else []
        left = stays
    amounts = share([(draft.amount * NANOS).as_integer_ratio() for draft in drafts], total.nanos)
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


def share(exact: Sequence[tuple[int, int]], total: int) -> list[int]:
    """Whole numbers beside the exact ratios that sum to `total`: floors, then one more for the largest remainders."""
    floors = [top // bottom for top, bottom in exact]
    left = total - sum(floors)
    if not left:
        return floors
    common = lcm(*(bottom for _, bottom in exact))
    rests = [top % bottom * (common // bottom) for top, bottom in exact]
    every, some = divmod(left, len(exact))
    for place, index in enumerate(sorted(range(len(exact)), key=lambda index: (-rests[index], index))):
        floors[index] += every + (place < some)
    return floors


def _piece(part: Part, piece: Piece, times: int, per_dollar: Fraction) -> _Draft:
    component, shown = part.component, part.component.shown
    measured = decimal_from(part.measured.expected)
    named = ", ".join([shown.label, *([piece.label] if piece.label else []), *part.labels])
    if piece.billed is None:
        label, note = times_text(named, shown.note if component.tariff.metered else "", times)
        unit = "output" if component.per_output else "job"
        return _Draft(label, measured, Fraction(times), unit, piece.rate * per_dollar, note)
    unit, size = unit_size(component, piece.per)
    label, note = times_text(named, shown.note, times)
    return _Draft(label, measured, piece.billed * times / size, unit, piece.rate * size / piece.per * per_dollar, note)


def _adjusted(label: str, times: int, unit: str, amount: Fraction) -> _Draft:
    return _Draft(label, _ONE, Fraction(times), unit, amount)


def times_text(label: str, note: str, outputs: int) -> tuple[str, str]:
    """Label and note for so many outputs."""
    if outputs == 1:
        return label, note
    return f"{label}, × {outputs} outputs", f"{note}, for each output" if note else ""
