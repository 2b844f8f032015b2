"""How long a clip will take, learned from the ledger's own jobs. Pure: samples and the time come in, nobody is asked.

Of an offer with its settings the newest jobs count, each half as much as the one 25 jobs or 30 days newer, so that a
provider that became slow is noticed. A stated 0.9 quantile is one that the next job exceeds one time in ten:
docs/choosing.md has the measurements.

Few samples: quantiles of took ÷ the prior's median for that length, mixed with the prior's own spread as if it were up
to four more samples. From 32 on the prior is left out, and the median's line over the length is the samples' own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from math import ceil
from statistics import median
from typing import Literal, Protocol

from .offers import Tier, latency_s

Source = Literal["prior", "mixed", "learned"]
ENOUGH = 32
"""Samples from which on the prior is left out."""
PRIOR_WEIGHT = 4.0
"""What the prior counts as while there are none, in samples."""
HALF_JOBS, HALF_DAYS = 25.0, 30.0
"""A job counts half as much as one so much newer."""
WATCHED_S = 12.0
"""A job was seen finish if it was seen unfinished at most so long before (a pause of 10 s and its poll), or ..."""
WATCHED_SHARE = 0.1
"""... at most this share of the whole before."""
TOOK_MOST_S = 30 * 86_400
_STEPS = 20


class Sample(Protocol):
    """One job that somebody watched finish."""

    @property
    def offer(self) -> str: ...
    @property
    def settings(self) -> Mapping[str, str]: ...
    @property
    def clip_ms(self) -> int: ...
    @property
    def took_ms(self) -> int: ...
    @property
    def at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds from the submit at the confidence asked for, and where the figure is from."""

    seconds: Decimal
    source: Source = "prior"
    samples: int = 0


class Latencies:
    """What the samples say of each offer with its settings. Answers the prior where there are none."""

    def __init__(self, samples: Iterable[Sample], now: datetime) -> None:
        self._now = now
        self._kinds: dict[str, list[tuple[Mapping[str, str], list[Sample]]]] = {}
        self._models: dict[tuple[int, int], _Model] = {}
        for one in samples:
            kinds = self._kinds.setdefault(one.offer, [])
            mine = next((found for settings, found in kinds if settings == one.settings), None)
            if mine is None:
                kinds.append((one.settings, [one]))
            else:
                mine.append(one)

    def estimate(
        self, offer: str, settings: Mapping[str, str], tier: Tier, seconds: Decimal, confidence: Decimal
    ) -> Estimate | None:
        """How long a clip of so many seconds takes; None: nothing was learned of it, take the prior."""
        kinds = self._kinds.get(offer)
        if kinds is None:
            return None
        for known, samples in kinds:
            if known == settings:
                model = self._models.get((id(samples), id(tier)))
                if model is None:
                    model = self._models[id(samples), id(tier)] = _model(samples, tier, self._now)
                return model.estimate(seconds, confidence)
        return None


@dataclass(slots=True)
class Watch:
    """Follows one attempt's polls: how long it took is known only if it was seen unfinished shortly before."""

    since: datetime
    """When the intent was committed."""
    took_ms: int | None = None
    """None: not finished, or nobody was watching when it did."""
    _running: datetime | None = None
    _over: bool = False

    def saw(self, state: str, at: datetime) -> None:
        """One poll's answer. Only the first `done` counts, a failure never."""
        if state == "running":
            self._running = at
        if state not in ("done", "failed") or self._over:
            return
        self._over = True
        if state == "failed" or self._running is None:
            return
        took_s = (at - self.since).total_seconds()
        gap_s = (at - self._running).total_seconds()
        if 0.001 <= took_s <= TOOK_MOST_S and 0 <= gap_s <= max(WATCHED_S, WATCHED_SHARE * took_s):
            self.took_ms = round(took_s * 1000)


def clip_ms(request: Mapping[str, object]) -> int | None:
    """A clip's length as its request states it, a template's the longest it may become; None: it does not say."""
    stated = request.get("seconds")
    if isinstance(stated, list | tuple) and stated:
        stated = stated[-1]  # pyright: ignore[reportUnknownVariableType]
    try:
        length = round(Decimal(stated) * 1000) if isinstance(stated, str) else 0
    except ArithmeticError:
        return None
    return length if length > 0 else None


@dataclass(slots=True)
class _Model:
    """Took ÷ base(length), as sorted values with weights; the base is the samples' own line, or the prior's median."""

    tier: Tier
    samples: int
    points: Sequence[tuple[float, float]]
    weight: float
    next_one: float
    """What the next job counts as, which may fall anywhere among these: nothing while all is assumed, in the end 1."""
    line: "_Line | None"
    _factors: dict[Decimal, float] = field(default_factory=dict[Decimal, float])

    def estimate(self, seconds: Decimal, confidence: Decimal) -> Estimate:
        factor = self._factors.get(confidence)
        if factor is None:
            factor = self._factors[confidence] = self._quantile(float(confidence))
        base = _base(self.tier, self.line, float(seconds))
        source: Source = "mixed" if self.line is None else "learned"
        return Estimate(Decimal(max(1, ceil(base * factor * 10))) / 10, source, self.samples)

    def _quantile(self, share: float) -> float:
        """The value below which the next job falls so often."""
        target, below, last = share * (self.weight + self.next_one), 0.0, 0.0
        for value, weight in self.points:
            if below + weight >= target:
                return value if not last else last + (value - last) * (target - below) / weight
            below, last = below + weight, value
        seen = self.weight / (self.weight + self.next_one)  # beyond all that was seen: as the prior goes on
        return last * max(1.0, _prior_ratio(self.tier, share) / _prior_ratio(self.tier, seen))


@dataclass(frozen=True, slots=True)
class _Line:
    """The median over the length, between the shortest and the longest seen."""

    start: float
    slope: float
    shortest: float
    longest: float


def _model(samples: Sequence[Sample], tier: Tier, now: datetime) -> _Model:
    newest = sorted(samples, key=lambda one: one.at, reverse=True)
    clips = [(one.clip_ms / 1000, one.took_ms / 1000) for one in newest]
    fresh = [2 ** (-max(0.0, (now - one.at).total_seconds() / 86_400) / HALF_DAYS) for one in newest]
    prior = PRIOR_WEIGHT * max(0.0, 1 - sum(fresh) / ENOUGH)
    line = None if prior else _line(clips)
    points = [
        (took / _base(tier, line, clip), weight * 2 ** (-place / HALF_JOBS))
        for place, ((clip, took), weight) in enumerate(zip(clips, fresh, strict=True))
    ]
    if prior:
        shares = [(step + 0.5) / _STEPS for step in range(_STEPS)]
        points += [(_prior_ratio(tier, share), prior / _STEPS) for share in shares]
    points.sort()
    whole = sum(weight for _, weight in points)
    return _Model(tier, len(newest), points, whole, 1 - prior / PRIOR_WEIGHT, line)


def _line(clips: Sequence[tuple[float, float]]) -> _Line:
    """Through the medians of the shortest and the longest third (Tukey's resistant line): outliers do not bend it."""
    ordered = sorted(clips)
    third = len(ordered) // 3
    (x0, y0), (x1, y1) = (
        (median(x for x, _ in some), median(y for _, y in some)) for some in (ordered[:third], ordered[-third:])
    )
    slope = max(0.0, (y1 - y0) / (x1 - x0)) if x1 > x0 else 0.0
    start = median(took - slope * clip for clip, took in ordered)
    return _Line(start, slope, ordered[0][0], ordered[-1][0])


def _base(tier: Tier, line: _Line | None, seconds: float) -> float:
    """The median for this length; beyond the lengths seen it goes on as the prior's does."""
    prior = _prior_median(tier, seconds)
    if line is None:
        return prior
    inside = min(max(seconds, line.shortest), line.longest)
    return max(line.start + line.slope * inside, 0.001) * prior / _prior_median(tier, inside)


def _prior_median(tier: Tier, seconds: float) -> float:
    return max(float(tier.p50_s), float(tier.p50_per_second) * seconds)


def _prior_ratio(tier: Tier, share: float) -> float:
    """The prior's quantile ÷ its median, for a short clip."""
    return max(0.1, 1 + (float(tier.p90_s / tier.p50_s) - 1) * (share - 0.5) / 0.4)


def prior(tier: Tier, seconds: Decimal, confidence: Decimal) -> Estimate:
    """What is assumed while nothing was learned."""
    return Estimate(latency_s(tier, seconds, confidence))
