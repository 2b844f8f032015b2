"""What a job may state of each measure for one offer: least, most, legal values, and the borders where prices turn.

Read from the card as it is in force for one choice of settings on one day. Pure; draws nothing itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ..evaluate.rates import Component, decimal_from
from ..evaluate.tariffs import Intervals, Ladder, Tiers
from ..select import Selection
from ..units import AUDIO, MEASURES

MS = Fraction(1, 1000)

_USUAL = {
    "s": 600, "px": 4096, "image": 20, "MP": 20, "MiP": 20, "token": 2_000_000, "character": 20_000, "frame": 20_000,
    "fps": 120, "byte": 60_000, "word": 5_000, "message": 200, "run": 20, "speaker": 10, "channel": 8, "step": 100,
}  # fmt: skip
"""As far as jobs usually go where no card says it; by unit."""


@dataclass(frozen=True, slots=True)
class Domain:
    """The legal amounts of one measure."""

    least: Fraction
    most: Fraction
    grain: Fraction
    """The distance between two amounts: one for what is counted, else a thousandth."""
    start: Fraction
    """Where the grain is counted from."""
    values: tuple[Fraction, ...] = ()
    """Only these; empty: all between `least` and `most`."""
    borders: tuple[Fraction, ...] = ()
    """Where the price may turn, and some far from there; on the grain and within the ends."""

    def holds(self, value: Fraction) -> bool:
        if self.values:
            return value in self.values
        return self.least <= value <= self.most and (value - self.start) % self.grain == 0

    def between(self, low: Fraction, high: Fraction) -> Fraction | None:
        """An amount about half way; None: they are neighbours."""
        if self.values:
            inside = [value for value in self.values if low < value < high]
            return inside[len(inside) // 2] if inside else None
        middle = self.start + ((low + high) / 2 - self.start) // self.grain * self.grain
        return middle if low < middle < high else None

    @property
    def empty(self) -> bool:
        return not self.values and self.first > self.last

    @property
    def first(self) -> int:
        """The least amount, counted in grains from `start`."""
        return -((self.start - self.least) // self.grain)

    @property
    def last(self) -> int:
        return int((self.most - self.start) // self.grain)


def domains_of(selection: Selection) -> dict[str, Domain]:
    """One for each measure that the rates in force need, or that is limited."""
    meter = selection.meter
    return {name: domain_of(selection, name) for name in (*meter.needs, *meter.known)}


def domain_of(selection: Selection, name: str) -> Domain:
    """What a job may state of this measure."""
    measure, meter = MEASURES[name], selection.meter
    grain = Fraction(1) if measure.whole else MS
    least, most = (Fraction(0) if measure.zero else grain), Fraction(measure.most)
    limited, start, legal = False, Fraction(0), list[set[Fraction]]()
    for limit in meter.limits:
        if limit.measure == name:
            least = least if limit.least is None else max(least, Fraction(limit.least))
            most = most if limit.most is None else min(most, Fraction(limit.most))
            limited = limited or limit.most is not None
    duration = meter.duration
    if duration is not None and duration.measure == name:
        least = least if duration.least is None else max(least, Fraction(duration.least))
        most = most if duration.most is None else min(most, Fraction(duration.most))
        limited = limited or duration.most is not None
        if duration.step is not None:
            start, grain = Fraction(duration.least or 0), Fraction(duration.step)
        if duration.values:
            legal.append({Fraction(value) for value in duration.values})
    for part in _parts(selection):
        tariff = part.tariff
        if isinstance(tariff, Ladder) and tariff.axis == name:
            legal.append(set(tariff.values))
        end = _last_end(part, name)
        if end is not None:
            most, limited = min(most, end), True
    borders = sorted({border for part in _parts(selection) for border in _borders(part, name)})
    if not limited:
        usual = Fraction(4096 * 4096) if name == "pixels" else Fraction(_USUAL.get(measure.unit, 1000))
        most = min(most, max(usual, 4 * least, *(2 * border for border in borders if border < 10**6), Fraction(1)))
    values = sorted(legal[0].intersection(*legal[1:])) if legal else []
    values = [value for value in values if least <= value <= most]
    bare = Domain(least, most, grain, start, tuple(values))
    near = {start + ((border - start) // grain + more) * grain for border in borders for more in (0, 1, -1)}
    near |= {start + (part * (most - start) // grain) * grain for part in (Fraction(1, 4), Fraction(1, 2), Fraction(1))}
    return Domain(least, most, grain, start, tuple(values), tuple(sorted(one for one in near if bare.holds(one))))


def audio_domain(selection: Selection, video: Domain, given: Domain | None) -> Domain:
    """Of the audio from which a metered video is made: shorter by the slack, and within the audio's own limits."""
    slack = Fraction(selection.offer.slack_seconds)
    least = max(video.least, MS)
    most = min(video.most - slack, Fraction(MEASURES[AUDIO].most))
    if given is not None:
        least, most = max(least, given.least), min(most, given.most)
    bare = Domain(least, most, MS, Fraction(0))
    shifted = {border - slack for border in video.borders} | set(video.borders)
    return Domain(least, most, MS, Fraction(0), (), tuple(sorted(one for one in shifted if bare.holds(one))))


def decimal(value: Fraction) -> Decimal:
    """A drawn amount, as a usage takes it."""
    return decimal_from(value)


def _parts(selection: Selection) -> Iterator[Component]:
    for rate in selection.rates:
        yield from rate.components


def _last_end(part: Component, name: str) -> Fraction | None:
    """Beyond it nothing has a price."""
    tariff = part.tariff
    if isinstance(tariff, Intervals) and tariff.axis == name:
        return tariff.ends[-1]
    if isinstance(tariff, Tiers) and tariff.measure == name and tariff.ends[-1] is not None and part.cap is None:
        end = tariff.ends[-1] + part.included
        return end if part.step is None or part.mode == "floor" else end - part.included % part.step
    return None


def _borders(part: Component, name: str) -> Iterator[Fraction]:
    tariff = part.tariff
    if part.measure == name:
        ends: Sequence[Fraction | None] = tariff.ends if isinstance(tariff, Tiers) else ()
        marks = [Fraction(0), *(end for end in (*ends, part.minimum, part.cap) if end is not None)]
        yield from (part.included + mark for mark in marks)
        if part.step is not None:
            yield from (part.included + count * part.step for count in (1, 2, 3, 10, 100))
        per = getattr(tariff, "per", None)
        if per is not None and part.tariff.metered:
            yield per
    if isinstance(tariff, Intervals) and tariff.axis == name:
        yield from (end for end in tariff.ends if end is not None)
    for multiplier in part.multipliers:
        yield from (value for measure, value in (*multiplier.above, *multiplier.at_most) if measure == name)
