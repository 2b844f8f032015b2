"""What the caller allows and prefers. Checks itself; decides nothing."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from pricing import Money

from .errors import BadRequest

Objective = Literal["cheapest", "fastest", "best", "balanced"]
Number = Decimal | int | float | str
"""A plain number of a policy: seconds, a share, a weight. Never money."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Hard limits first, then one objective. None means no limit. Raises BadRequest."""

    max_cost: Money | None = None
    """The most one job may cost (a quote's high), in USD or a provider's credit."""
    max_latency_s: Number | None = None
    """The latest finish, in seconds from the submit, at `confidence`."""
    confidence: Number = Decimal("0.9")
    min_quality: Number | None = None
    """0 to 1; an offer of unknown quality fails it."""
    objective: Objective = "cheapest"
    weights: tuple[Number, Number, Number] = (1, 1, 1)
    """Of cost, latency and quality; read by `balanced` only."""
    providers: frozenset[str] | None = None
    """The providers allowed; None: all."""
    use_expiring_days: int | None = None
    """Before the objective come candidates that prepaid credits expiring within so many days pay for wholly; None: no
    such preference. Such credits are lost otherwise: what a job takes of them costs nothing more."""

    def __post_init__(self) -> None:
        if self.max_cost is not None and self.max_cost.nanos <= 0:
            raise BadRequest(f"max_cost must be above zero, not {self.max_cost}", value=str(self.max_cost), limit="> 0")
        if self.max_latency_s is not None:
            _within("max_latency_s", self.max_latency_s, Decimal("0.001"), Decimal(10**9))
        _within("confidence", self.confidence, Decimal("0.5"), Decimal("0.999"))
        if self.min_quality is not None:
            _within("min_quality", self.min_quality, Decimal(0), Decimal(1))
        if self.objective not in get_args(Objective):
            raise BadRequest(
                f"objective {self.objective!r} is unknown",
                value=str(self.objective),
                limit=", ".join(get_args(Objective)),
                next=f"use one of {', '.join(get_args(Objective))}",
            )
        if self.use_expiring_days is not None:
            _within("use_expiring_days", self.use_expiring_days, Decimal(0), Decimal(3660))
        for weight in self.weights:
            _within("a weight", weight, Decimal(0), Decimal(10**6))
        if not any(exact(weight) for weight in self.weights):
            raise BadRequest("the weights must not all be zero", value=str(self.weights))

    def describe(self) -> dict[str, object]:
        """The policy as plain JSON values, for the request's hash and the record."""
        said: dict[str, object] = {
            "max_cost": None if self.max_cost is None else str(self.max_cost),
            "max_latency_s": _text(self.max_latency_s),
            "confidence": _text(self.confidence),
            "min_quality": _text(self.min_quality),
            "objective": self.objective,
            "weights": [_text(weight) for weight in self.weights],
            "providers": None if self.providers is None else sorted(self.providers),
        }
        if self.use_expiring_days is not None:  # else as ever: the hash of an older key's request stays the same
            said["use_expiring_days"] = self.use_expiring_days
        return said


def exact(value: Number) -> Decimal:
    """A policy's number as Decimal; a float is read as it prints. Raises BadRequest for what is no finite number."""
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except (ArithmeticError, ValueError, TypeError):
        number = Decimal("NaN")
    if not number.is_finite():
        raise BadRequest(f"{value!r} is not a finite number", value=str(value))
    return number


def _within(name: str, value: Number, low: Decimal, high: Decimal) -> None:
    if not low <= exact(value) <= high:
        raise BadRequest(f"{name} must be from {low} to {high}, not {value}", value=str(value), limit=f"{low}-{high}")


def _text(value: Number | None) -> str | None:
    return None if value is None else f"{exact(value).normalize():f}"
