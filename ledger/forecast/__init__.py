"""Where the spend is heading, and how well that was told before. Pure: no database, no clock, no float in money."""

from .backtest import METHODS, Trial, backtest
from .outlook import forecast
from .score import Said, said, score, track
from .values import Forecast, Lot, Planned, Question, Score, Track

__all__ = [
    "METHODS",
    "Forecast",
    "Lot",
    "Planned",
    "Question",
    "Said",
    "Score",
    "Track",
    "Trial",
    "backtest",
    "forecast",
    "said",
    "score",
    "track",
]
