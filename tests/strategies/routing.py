"""Demands, policies and rooms of a budget, for choosing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from pricing import Money, Usage
from router import Demand, Policy
from router.choose import Room
from router.health import Verdict
from router.offers import shipped_profiles

from .selling import Sold, sold
from .values import seconds


def demands() -> st.SearchStrategy[Demand]:
    """Avatar and template demands of any length an offer can take, a few of them longer."""

    def made(kind: str, length: Decimal, resolution: str | None, outputs: int) -> Demand:
        usage = Usage.audio(length) if kind == "avatar" else Usage.video(length)
        return Demand("avatar" if kind == "avatar" else "template", usage, length, resolution, outputs)

    return st.builds(
        made,
        st.sampled_from(["avatar", "avatar", "template"]),
        seconds(most="400"),
        st.sampled_from([None, None, "480p", "720p", "1080p"]),
        st.sampled_from([1, 1, 1, 2, 4, 5]),
    )


def policies() -> st.SearchStrategy[Policy]:
    """Policies whose limits fall among what the shipped offers cost and take."""
    few = st.none() | st.integers(1, 40).map(lambda n: Money.of(n, "USD"))
    return st.builds(
        Policy,
        max_cost=few | st.integers(1, 60).map(lambda n: Money.of(n, "creatify-credit")),
        max_latency_s=st.none() | st.integers(60, 2000),
        confidence=st.sampled_from(["0.5", "0.75", "0.9", "0.95"]),
        min_quality=st.none() | st.sampled_from(["0", "0.5", "0.6", "0.7", "0.9"]),
        objective=st.sampled_from(["cheapest", "fastest", "best", "balanced"]),
        weights=st.tuples(*[st.integers(0, 5)] * 3).filter(any),
        providers=st.none() | st.frozensets(st.sampled_from(["fal", "runware", "creatify"]), min_size=1),
        use_expiring_days=st.none() | st.none() | st.integers(0, 40),
    )


def rooms() -> st.SearchStrategy[Room | None]:
    """No budget asked, an uncapped one, or one with little room, in dollars or credits."""
    currency = st.sampled_from(["USD", "USD", "creatify-credit"])

    def made(name: str, nanos: int | None) -> Room:
        available = None if nanos is None else Money(nanos, name)
        return Room("acme", name, None if nanos is None else Money.of(100, name), available)

    return st.none() | st.builds(made, currency, st.none() | st.integers(-(10**9), 40 * 10**9))


@dataclass(frozen=True)
class Left:
    """What is left of bought credits."""

    left: Money
    expiring: tuple[tuple[datetime, Money], ...]
    currency: str = "creatify-credit"


@dataclass(frozen=True)
class Taught:
    """What jobs of one offer taught: a sample, and ratings."""

    offer: str
    settings: Mapping[str, str]
    clip_ms: int
    took_ms: int
    at: datetime
    count: int
    total: Decimal


def learned(at: datetime) -> st.SearchStrategy[list[Taught]]:
    """Samples and ratings of the shipped offers, each of its own speed; of some none, of some many."""

    def made(one: Sold, tenths: int, count: int, ratings: int, score: int) -> list[Taught]:
        return [
            Taught(
                one.offer, dict(one.settings), 1000 * (5 + number), 1000 * tenths * (5 + number),
                at - timedelta(hours=number), ratings, Decimal(score * ratings) / 10,
            )
            for number in range(count)
        ]  # fmt: skip

    routed = [one for one in sold() if one.offer in shipped_profiles()]
    one = st.builds(
        made, st.sampled_from(routed), st.integers(1, 60), st.sampled_from([1, 3, 40]), st.integers(0, 30),
        st.integers(0, 10),
    )  # fmt: skip
    offers = st.lists(one, max_size=4)
    return offers.map(lambda all_: [sample for some in all_ for sample in some])


def credits_left(day: date) -> st.SearchStrategy[list[Left]]:
    """None bought, or some of the kind that a shipped provider sells, of which a part expires."""

    def made(left: int, share: int, days: int) -> Left:
        ends = datetime(day.year, day.month, day.day, 23, tzinfo=UTC) + timedelta(days=days)
        part = Money.of(left * share // 4, "creatify-credit")
        return Left(Money.of(left, "creatify-credit"), ((ends, part),) if part.nanos else ())

    one = st.builds(made, st.integers(0, 60), st.integers(0, 4), st.integers(0, 40))
    return st.just(list[Left]()) | one.map(lambda only: [only])


def polls() -> st.SearchStrategy[list[tuple[str, float]]]:
    """What one attempt's polls answered, and how many seconds after its intent, in order of time."""
    states = st.sampled_from(["running", "running", "unreachable", "done", "failed"])
    answers = st.tuples(states, st.integers(0, 3_000_000).map(lambda ms: ms / 1000))
    return st.lists(answers, max_size=8).map(lambda told: sorted(told, key=lambda one: one[1]))


def verdicts() -> st.SearchStrategy[list[tuple[Verdict, float]]]:
    """How submits to one provider ended, each so many seconds after the one before."""
    said: st.SearchStrategy[Verdict] = st.sampled_from(["alive", "busy", "failed", "failed", "failed", "denied"])
    return st.lists(st.tuples(said, st.sampled_from([0.0, 1.0, 29.0, 30.0, 61.0, 950.0])), max_size=12)
