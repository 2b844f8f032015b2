"""Demands, policies and rooms of a budget, for choosing."""

from decimal import Decimal

from hypothesis import strategies as st

from pricing import Money, Usage
from router import Demand, Policy
from router.choose import Room
from router.health import Verdict

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
    )


def rooms() -> st.SearchStrategy[Room | None]:
    """No budget asked, an uncapped one, or one with little room, in dollars or credits."""
    currency = st.sampled_from(["USD", "USD", "creatify-credit"])

    def made(name: str, nanos: int | None) -> Room:
        available = None if nanos is None else Money(nanos, name)
        return Room("acme", name, None if nanos is None else Money.of(100, name), available)

    return st.none() | st.builds(made, currency, st.none() | st.integers(-(10**9), 40 * 10**9))


def polls() -> st.SearchStrategy[list[tuple[str, float]]]:
    """What one attempt's polls answered, and how many seconds after its intent, in order of time."""
    states = st.sampled_from(["running", "running", "unreachable", "done", "failed"])
    answers = st.tuples(states, st.integers(0, 3_000_000).map(lambda ms: ms / 1000))
    return st.lists(answers, max_size=8).map(lambda told: sorted(told, key=lambda one: one[1]))


def verdicts() -> st.SearchStrategy[list[tuple[Verdict, float]]]:
    """How submits to one provider ended, each so many seconds after the one before."""
    said: st.SearchStrategy[Verdict] = st.sampled_from(["alive", "busy", "failed", "failed", "failed", "denied"])
    return st.lists(st.tuples(said, st.sampled_from([0.0, 1.0, 29.0, 30.0, 61.0, 950.0])), max_size=12)
