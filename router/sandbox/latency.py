"""How long a clip takes: a wait in the queue and a render, constant, by length, or drawn. Draws nothing itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from .kinds import PROVIDERS

Draw = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Latency:
    """What one provider takes for one job. All but `spread` in seconds; none below 0."""

    render_s: float = 0.3
    per_second_s: float = 0.0
    """More for each second of the clip; Creatify is said to take about 10."""
    queue_s: float | None = None
    """The wait before the render; None: a fifth of the whole."""
    spread: float = 1.0
    """From 1, at which nothing is drawn. 2: evenly in the logarithm from half of it to twice, wait and render apart."""

    def __post_init__(self) -> None:
        for name in ("render_s", "per_second_s", "queue_s"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 10**7:
                raise ValueError(f"{name} must be from 0 to 10000000 s, not {value}")
        if not 1 <= self.spread <= 1000:
            raise ValueError(f"spread must be from 1 to 1000, not {self.spread}")

    def times(self, seconds: Decimal, draw: Draw) -> tuple[float, float]:
        """Until it starts and until it ends, both from acceptance; `draw` gives numbers from 0 up to 1."""
        render_s = (self.render_s + self.per_second_s * float(seconds)) * self._chance(draw)
        if self.queue_s is None:
            return render_s / 5, render_s
        queue_s = self.queue_s * self._chance(draw)
        return queue_s, queue_s + render_s

    def _chance(self, draw: Draw) -> float:
        return 1.0 if self.spread == 1 else float(self.spread ** (2 * draw() - 1))


def by_provider(latency: Latency | Mapping[str, Latency] | None, render_s: float) -> Mapping[str, Latency]:
    """One for each provider. Raises ValueError for a provider nobody knows."""
    usual = Latency(render_s)
    if latency is None or isinstance(latency, Latency):
        return dict.fromkeys(PROVIDERS, latency or usual)
    if unknown := sorted(latency.keys() - set(PROVIDERS)):
        raise ValueError(f"latency for {unknown[0]!r}: the providers are {', '.join(PROVIDERS)}")
    return {name: latency.get(name, usual) for name in PROVIDERS}
