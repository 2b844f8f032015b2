"""Learned latencies: a stated 0.9 quantile is exceeded about one time in ten; few data lean on the prior and say so."""

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from router.latency import ENOUGH, Latencies, Watch, clip_ms
from router.offers import latency_s, shipped_profiles
from tests.strategies import polls

OFFER = "fal/fal-ai/creatify/aurora"
SETTINGS = {"resolution": "720p"}
TIER = shipped_profiles()[OFFER].at(SETTINGS)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
P90 = Decimal("0.9")
KEPT = 200
JOBS, WARM = 400, 50
Clip = Callable[[random.Random, float, float], float]


@dataclass(frozen=True)
class Job:
    clip_ms: int
    took_ms: int
    at: datetime
    offer: str = OFFER
    settings: Mapping[str, str] = field(default_factory=lambda: SETTINGS)


def lognormal(start: float, slope: float, spread: float) -> Clip:
    return lambda draw, clip, _share: (start + slope * clip) * math.exp(draw.gauss(0, spread))


def queueing(draw: random.Random, clip: float, _share: float) -> float:
    wait = draw.uniform(300, 900) if draw.random() < 0.2 else draw.uniform(0, 30)
    return 60 + 5 * clip * math.exp(draw.gauss(0, 0.2)) + wait


def growing(draw: random.Random, clip: float, share: float) -> float:
    return (90 + 6 * clip) * math.exp(draw.gauss(0, 0.35)) * (1 + 1.5 * share)


def jump(draw: random.Random, clip: float, share: float) -> float:
    return (90 + 6 * clip) * math.exp(draw.gauss(0, 0.35)) * (1 if share < 0.5 else 2.5)


def heavy(draw: random.Random, clip: float, _share: float) -> float:
    return (60 + 4 * clip) * (1 + 0.3 * draw.paretovariate(1.5))


def waves(draw: random.Random, clip: float, share: float) -> float:
    return (90 + 6 * clip) * math.exp(draw.gauss(0, 0.25)) * (1 + 0.5 * math.sin(share * 10))


SHAPES: Mapping[str, tuple[Clip, float, float]] = {
    # shape: how a job is drawn, and between which shares the stated 0.9 may be exceeded once 50 jobs were seen
    "as assumed": (lognormal(190, 0, 0.36), 0.07, 0.13),
    "lognormal, faster than assumed": (lognormal(40, 3, 0.4), 0.07, 0.13),
    "lognormal, slower than assumed": (lognormal(300, 25, 0.5), 0.07, 0.13),
    "a queue now and then (two humps)": (queueing, 0.06, 0.13),
    "a heavy tail": (heavy, 0.06, 0.13),
    "slower and slower, 2.5 times in the end": (growing, 0.07, 0.15),
    "suddenly 2.5 times as slow": (jump, 0.07, 0.15),
    "faster and slower in waves": (waves, 0.07, 0.15),
}


def walk(shape: Clip, seed: int) -> Iterator[tuple[int, bool]]:
    """Each job of a series in turn: how many were seen before, and did it take longer than was then stated?"""
    draw = random.Random(seed)
    seen: list[Job] = []
    for number in range(JOBS):
        clip = draw.uniform(4, 60)
        took = shape(draw, clip, number / JOBS)
        at = NOW + timedelta(minutes=10 * number)
        found = Latencies(seen[-KEPT:], at).estimate(OFFER, SETTINGS, TIER, Decimal(str(clip)), P90)
        stated = latency_s(TIER, Decimal(str(clip)), P90) if found is None else found.seconds
        yield number, took > stated
        seen.append(Job(round(clip * 1000), round(took * 1000), at))


def exceeded(shape: Clip, seeds: int) -> tuple[float, float, float]:
    """The share exceeded among the first 10 jobs, the next 40, and all after them."""
    over, count = [0, 0, 0], [0, 0, 0]
    for seed in range(seeds):
        for number, longer in walk(shape, seed):
            part = 0 if number < 10 else 1 if number < WARM else 2
            over[part] += longer
            count[part] += 1
    first, second, rest = (a / b for a, b in zip(over, count, strict=True))
    return first, second, rest


@pytest.mark.parametrize("name", SHAPES)
def test_a_stated_p90_is_exceeded_about_one_time_in_ten(name: str) -> None:
    shape, low, high = SHAPES[name]
    assert low <= exceeded(shape, 2)[2] <= high


def jobs(took_s: float, count: int, *, clip_s: float = 10, age_days: float = 0) -> list[Job]:
    at = NOW - timedelta(days=age_days)
    return [Job(round(clip_s * 1000), round(took_s * 1000), at - timedelta(minutes=n)) for n in range(count)]


def asked(samples: list[Job], seconds: str = "10", confidence: Decimal = P90) -> Any:
    return Latencies(samples, NOW).estimate(OFFER, SETTINGS, TIER, Decimal(seconds), confidence)


def test_no_data_is_the_prior_and_says_so() -> None:
    assert asked([]) is None
    other = [Job(10_000, 5_000, NOW, settings={"resolution": "480p"})]
    assert asked(other) is None, "another setting teaches nothing"


def test_few_data_lean_on_the_prior_and_many_do_not() -> None:
    prior = latency_s(TIER, Decimal(10), P90)
    few, more, many = (asked(jobs(30, count)) for count in (2, 20, 60))
    assert (few.source, more.source, many.source) == ("mixed", "mixed", "learned")
    assert (few.samples, more.samples, many.samples) == (2, 20, 60)
    assert prior >= few.seconds > more.seconds > many.seconds
    assert many.seconds == 30


def test_old_jobs_fade_back_to_the_prior() -> None:
    assert asked(jobs(30, 100)).source == "learned"
    old = asked(jobs(30, 100, age_days=120))
    assert old.source == "mixed"
    assert old.seconds > 100


def test_what_became_slow_is_noticed() -> None:
    calm = jobs(100, 150, age_days=1)
    before = asked(calm).seconds
    after = asked(jobs(400, 10) + calm).seconds
    assert before == 100
    assert after >= 390


def test_the_line_over_the_length_is_the_samples_own() -> None:
    """The prior goes up by 10 s a second from 19 s on; these jobs by 2 s from the start."""
    seen = [Job(1000 * clip, 1000 * (20 + 2 * clip), NOW - timedelta(minutes=clip)) for clip in range(4, 61)]
    short, middle, long = (asked(seen, str(clip)).seconds for clip in (4, 30, 60))
    assert [round(float(one)) for one in (short, middle, long)] == [28, 80, 140]
    assert asked(seen, "120").seconds == pytest.approx(280, abs=2), "beyond what was seen it goes on as the prior does"


def test_a_higher_confidence_never_states_less() -> None:
    draw = random.Random(5)
    seen = [Job(10_000, round(1000 * draw.uniform(50, 500)), NOW - timedelta(minutes=n)) for n in range(80)]
    stated = [asked(seen, "10", Decimal(share) / 1000).seconds for share in range(500, 1000, 20)] + [
        asked(seen, "10", Decimal("0.999")).seconds
    ]
    assert stated == sorted(stated)
    assert stated[-1] >= max(one.took_ms for one in seen) / 1000


def test_the_same_samples_in_any_order_say_the_same() -> None:
    seen = [Job(1000 * n, 7000 * n, NOW - timedelta(minutes=n)) for n in range(1, ENOUGH + 9)]
    assert asked(seen) == asked(seen[::-1])


@given(polls())
def test_a_sample_is_what_somebody_saw_finish(told: list[tuple[str, float]]) -> None:
    """Brute force: only where the first end is `done`, and it was seen running shortly before."""
    watch = Watch(NOW)
    for state, at_s in told:
        watch.saw(state, NOW + timedelta(seconds=at_s))
    ends = [place for place, (state, _) in enumerate(told) if state in ("done", "failed")]
    expected = None
    if ends and told[ends[0]][0] == "done":
        took = told[ends[0]][1]
        running = [at_s for state, at_s in told[: ends[0]] if state == "running"]
        if running and took >= 0.001 and took - running[-1] <= max(12, took / 10):
            expected = took
    assert (watch.took_ms is None) == (expected is None)
    if expected is not None:
        assert watch.took_ms == pytest.approx(1000 * expected, abs=1)


@pytest.mark.parametrize(
    ("request_", "length"),
    [({"seconds": "9.4"}, 9400), ({"seconds": ["12", "30"]}, 30_000), ({}, None), ({"seconds": "x"}, None),
     ({"seconds": None}, None), ({"seconds": "0"}, None), ({"seconds": []}, None)],
)  # fmt: skip
def test_the_length_is_what_the_request_states(request_: dict[str, object], length: int | None) -> None:
    assert clip_ms(request_) == length
