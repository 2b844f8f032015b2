"""What a forecast is made of, in words a person understands. Computes nothing."""

from dataclasses import replace

from pricing import Money

from .band import LEAST_CHECKS, NOMINAL
from .pace import RUN_RATE_FROM, WEEKDAYS_FROM, Pace
from .values import Forecast

_DRIFTS = {1: "rising", -1: "falling"}


def basis(made: Forecast, pace: Pace, unusual: Money, days: int) -> Forecast:
    """The forecast with its words."""
    parts = [_pace(pace, days), *_known(made, unusual), _band(made, pace)]
    if made.credits:
        parts.append(f"credits worth {made.credits} will expire unused, which no budget counts")
    if made.track is not None and made.track.wape is not None:
        over = "1 past forecast was" if made.track.forecasts == 1 else f"{made.track.forecasts} past forecasts were"
        parts.append(f"{over} off by {_percent(made.track.wape.numerator, made.track.wape.denominator)} on the whole")
    return replace(made, basis="; ".join(part for part in parts if part))


def _pace(pace: Pace, days: int) -> str:
    if pace.method == "none":
        known = "no day is known" if not days else f"only {_days(days)} known"
        return f"no projection: {known}, and it takes {RUN_RATE_FROM}"
    what = f"mean of {_days(pace.days)}"
    if pace.method == "run rate":
        said = f"run rate of {_days(pace.days)} (weekdays count from {WEEKDAYS_FROM} days on)"
    else:
        said = f"{what} in the shape of a week"
    if pace.changed_on is not None:
        said += f"; the level changed on {pace.changed_on}, older days do not count"
    if pace.drift:
        said += f"; {_DRIFTS[pace.drift]} week by week, so older days do not count"
    return said


def _known(made: Forecast, unusual: Money) -> list[str]:
    found: list[str] = []
    if made.held:
        if not unusual:
            found.append(f"{made.held} of open holds is part of the usual pace")
        elif unusual == made.held:
            found.append(f"{made.held} of open holds")
        else:
            found.append(f"{made.held} of open holds, {unusual} of it beyond a usual day")
    if made.planned:
        found.append(f"{made.planned} of planned batches")
    return found


def _band(made: Forecast, pace: Pace) -> str:
    if made.coverage is not None:
        inside, of = made.coverage
        said = f"in the last {of} checks the truth fell inside such a band {inside} times"
        short = inside * NOMINAL.denominator < of * NOMINAL.numerator
        return (
            f"{said}, less often than the {_percent(NOMINAL.numerator, NOMINAL.denominator)} it is meant to"
            if short
            else said
        )
    if pace.method == "none":
        return ""
    if pace.changed_on is not None:
        return "no band: too few forecasts since the change are over"
    return f"no band: fewer than {LEAST_CHECKS} checks of one could be made"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _percent(numerator: int, denominator: int) -> str:
    return f"{(200 * numerator + denominator) // (2 * denominator)} %"
