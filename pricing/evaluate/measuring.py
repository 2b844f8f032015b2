"""From what a job states to what a rate is asked: measures read, defaulted, limited and derived. Prices nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache

from ..errors import BadQuantity, NotQuotable, OverLimit
from ..offer import Duration, Limit, Offer
from ..units import AUDIO, BILLED, GIVEN_BY, MEASURES, VIDEO
from ..usage import Quantity, Usage
from .expression import EXACT, Expression, Range, plain

Measures = dict[str, Decimal]
Reading = tuple[Measures, Measures, Measures, bool]
"""Each measure low, expected and high (the same object thrice for a point), and whether slack was added."""


@dataclass(frozen=True, slots=True)
class Meter:
    """Reads usages for one offer with one choice of settings."""

    offer: Offer
    needs: tuple[str, ...]
    """The measures that must be had, none of them derived."""
    known: tuple[str, ...]
    """Those that are read where the job states them: for limits, or to be shown."""
    limits: tuple[Limit, ...]
    duration: Duration | None
    derived: tuple[tuple[str, Expression], ...]
    """In the order in which they are worked out."""
    in_decimals: tuple[tuple[str, Callable[[Measures], Decimal]], ...]
    """The same for points."""
    asked: tuple[tuple[str, str, Decimal | None], ...]
    """What a point is read from: the measure, another name for it, what it is when not stated."""

    @classmethod
    def of(cls, offer: Offer, settings: Mapping[str, str], needs: tuple[str, ...]) -> "Meter":
        """What these rates need, down to measures that a job can state."""
        expressions = {one.name: one.expression for one in offer.derived}
        wanted, base = set(needs), list[str]()
        for one in reversed(offer.derived):
            if one.name in wanted:
                wanted |= set(one.expression.names)
        base = sorted(wanted - set(expressions), key=lambda name: (name != offer.measure, name))
        limits = tuple(limit for limit in offer.limits if limit.applies(settings))
        checked = [limit.measure for limit in limits] + ([] if offer.duration is None else [offer.duration.measure])
        known = tuple(dict.fromkeys(name for name in (offer.measure, *checked) if name not in base))
        derived = tuple((one.name, one.expression) for one in offer.derived if one.name in wanted)
        in_decimals = tuple((name, expression.tree.in_decimals()) for name, expression in derived)
        own = offer.measure if MEASURES[offer.measure].unit == "s" else ""
        asked = tuple(
            (name, BILLED if name == own else name, None if name in known else offer.defaults.get(name))
            for name in (*base, *known)
        )
        return cls(offer, tuple(base), known, limits, offer.duration, derived, in_decimals, asked)

    @property
    def only(self) -> str | None:
        """The one length that decides, where nothing else is needed or limited and any short one is taken."""
        name = self.offer.measure
        free = self.duration is None and all(limit.least is None for limit in self.limits)
        return name if free and self.needs == (name,) and not self.known and MEASURES[name].unit == "s" else None

    def read(self, usage: Usage) -> Reading:
        """Raises BadQuantity, OverLimit, NotQuotable."""
        given, measures = usage.measures, Measures()
        for name, other, default in self.asked:
            quantity = given.get(name) or given.get(other)
            if quantity is not None and ((amount := quantity.low) is quantity.high or amount == quantity.high):
                measures[name] = amount
            elif quantity is not None or (name == VIDEO and self.offer.audio_driven):
                return self._read(usage)
            elif default is not None:
                measures[name] = default
            elif name not in self.known:
                return self._read(usage)
        for limit in self.limits:
            value = measures.get(limit.measure)
            if value is None:
                continue
            if (limit.most is not None and value > limit.most) or (limit.least is not None and value < limit.least):
                return self._read(usage)  # it says so
        if (duration := self.duration) is not None and not (
            duration.measure in measures and duration.sells(measures[duration.measure])
        ):
            return self._read(usage)
        return measures, measures, measures, False

    def values(self, measures: Measures) -> Measures | None:
        """A point with what is derived from it, in exact decimals; None where only `box` can say it, or why not."""
        if not self.in_decimals:
            return measures
        values = dict(measures)
        try:
            for name, found in self.in_decimals:
                values[name] = value = plain(found(values))
                if value < 0:
                    return None
        except ArithmeticError:
            return None
        return values

    def _read(self, usage: Usage) -> Reading:
        given = usage.measures
        lows, middles, highs = Measures(), Measures(), Measures()
        is_point, slack_added = True, False
        for name in self.needs + self.known:
            quantity, slack = self._find(name, given)
            if quantity is None:
                if name in self.known:
                    continue
                if name in self.offer.defaults:
                    lows[name] = middles[name] = highs[name] = self.offer.defaults[name]
                    continue
                low, middle, high = self._from_frame(name, given) or self._not_stated(name, usage)
            else:
                low, middle, high = quantity.low, quantity.expected, quantity.high
            if slack:
                high, slack_added = EXACT.add(high, slack), True
            is_point = is_point and low == high
            lows[name], middles[name], highs[name] = low, middle, high
        for limit in self.limits:
            if limit.measure in highs:
                self._check_limit(limit, lows[limit.measure], highs[limit.measure])
        if self.duration is not None and self.duration.measure in highs:
            name = self.duration.measure
            self._check_duration(self.duration, lows[name], middles[name], highs[name])
        return (middles, middles, middles, slack_added) if is_point else (lows, middles, highs, slack_added)

    def box(self, reading: Reading) -> dict[str, Range]:
        """The same in exact ranges, with what is derived."""
        lows, middles, highs, _ = reading
        if lows is highs:
            box = {name: Range.point(Fraction(value)) for name, value in middles.items()}
        else:
            box = {
                name: Range(Fraction(lows[name]), Fraction(middles[name]), Fraction(highs[name])) for name in middles
            }
        for name, expression in self.derived:
            found = expression.of(box)
            if found.low < 0:
                raise BadQuantity(
                    f"{name} would be negative for this job: {expression.text}",
                    value=str(found.low),
                    limit="at least 0",
                )
            box[name] = found
        return box

    def _find(self, name: str, given: Mapping[str, Quantity]) -> tuple[Quantity | None, Decimal | None]:
        """What the job states for a measure, and how much longer it may turn out."""
        offer = self.offer
        quantity = given.get(name)
        if quantity is None and name == offer.measure and MEASURES[name].unit == "s":
            quantity = given.get(BILLED)
        if quantity is None and name == VIDEO and offer.audio_driven:
            return given.get(AUDIO), offer.slack_seconds
        return quantity, None

    def _from_frame(self, name: str, given: Mapping[str, Quantity]) -> tuple[Decimal, Decimal, Decimal] | None:
        """Pixels and their like follow from width and height."""
        if name not in GIVEN_BY or "width" not in given or "height" not in given:
            return None
        frame = {
            side: Range(*(Fraction(value) for value in (given[side].low, given[side].expected, given[side].high)))
            for side in ("width", "height")
        }
        found = _frame(name).of(frame)
        low, middle, high = (
            EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))
            for value in (found.low, found.expected, found.high)
        )
        return low, middle, high

    def _check_limit(self, limit: Limit, low: Decimal, high: Decimal) -> None:
        unit = MEASURES[limit.measure].unit
        if limit.most is not None and high > limit.most:
            raise OverLimit(
                f"{self.offer.id} takes at most {limit.most:f} {unit}, not {high:f} {unit}",
                value=f"{high:f}",
                limit=f"{limit.most:f}",
                next="cut the audio, or choose another offer"
                if limit.measure == AUDIO or self.offer.audio_driven
                else f"give at most {limit.most:f} {unit} ({limit.measure}), or choose another offer",
            )
        if limit.least is not None and low < limit.least:
            raise BadQuantity(
                f"{self.offer.id} takes at least {limit.least:f} {unit}, not {low:f} {unit}",
                value=f"{low:f}",
                limit=f"{limit.least:f}",
                next=f"give at least {limit.least:f} {unit} ({limit.measure}), or choose another offer",
            )

    def _check_duration(self, duration: Duration, low: Decimal, middle: Decimal, high: Decimal) -> None:
        top = duration.values[-1] if duration.values else duration.most
        bottom = duration.values[0] if duration.values else duration.least
        if low == high:
            sold = duration.sells(middle)
        else:
            sold = (bottom is None or low >= bottom) and (top is None or high <= top)
        if not sold:
            kind = OverLimit if top is not None and high > top else BadQuantity
            asked = f"{middle:f}" if low == high else f"{low:f} to {high:f}"
            raise kind(
                f"{self.offer.id} does not sell {asked} s",
                value=asked,
                limit=str(duration),
                next=f"legal {duration.measure}: {duration}",
            )

    def _not_stated(self, name: str, usage: Usage) -> tuple[Decimal, Decimal, Decimal]:
        lacking = self._lacking(usage)
        named = " and ".join([", ".join(lacking[:-1]), lacking[-1]] if lacking[1:] else lacking)
        own = self.offer.measure if MEASURES[self.offer.measure].unit == "s" else "seconds"
        stated = ", ".join(own if one == BILLED else one for one in usage.measures)
        message = f"{self.offer.id} is metered on {named}, and the job states only {stated}"
        if MEASURES[name].known == "after" and name != VIDEO:
            raise NotQuotable(
                f"{message}: it is known only when the job is done",
                value=stated,
                limit=name,
                next=f"state a range for {name}, or what you expect: --measure {name}=…",
            )
        options = " ".join(f"--measure {one}=…" for one in lacking)
        how = f"{options}, in Python Usage.of({', '.join(f'{one}=…' for one in lacking)})"
        raise BadQuantity(message, value=stated, limit=", ".join(lacking), next=f"state {how}")

    def _lacking(self, usage: Usage) -> list[str]:
        """What is needed and neither stated nor to be had from what is."""
        return [
            name
            for name in self.needs
            if self._find(name, usage.measures)[0] is None
            and name not in self.offer.defaults
            and self._from_frame(name, usage.measures) is None
        ]


@cache
def _frame(name: str) -> Expression:
    return Expression.parse(GIVEN_BY[name][0])
