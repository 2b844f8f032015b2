"""A provider's circuit: it opens after failures, lets one submit try again, and closes by one that worked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from router import JobFailed, OutcomeUnknown, Policy, ProviderError, Refused
from router.health import (
    CLOSED,
    FAILURES,
    FIRST_S,
    LONGEST_S,
    PROBE_S,
    Circuit,
    Verdict,
    probed,
    told,
    verdict,
    why_shut,
)
from router.talk import Progress, Submission
from tests.strategies import verdicts

from .flow_world import CLIP as ANY
from .flow_world import SCOPE, World
from .scripted import ACCEPTED

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DOWN = Submission("not_sent", reason="connection refused")
BROKE = Submission("unknown", reason="HTTP 503", status=503)
POOR = Submission("refused", reason="HTTP 402: no money", status=402)
WRONG = Submission("refused", reason="HTTP 400: bad image", status=400)
CLIP = replace(ANY, resolution="720p")  # which fal sells once
ONLY_FAL = Policy(providers=frozenset({"fal"}))


def after(said: Sequence[tuple[Verdict, float]]) -> tuple[Circuit, datetime]:
    """The circuit after submits that ended so, each so many seconds after the one before."""
    circuit, at = CLOSED, NOW
    for one, later_s in said:
        at += timedelta(seconds=later_s)
        circuit = told(circuit, one, "HTTP 503", at)
    return circuit, at


@pytest.mark.parametrize(
    ("submission", "says"),
    [
        (ACCEPTED, "alive"), (DOWN, "failed"), (BROKE, "failed"), (POOR, "denied"), (WRONG, "alive"),
        (Submission("unknown", reason="the answer was lost"), "failed"),
        (Submission("unknown", status=408), "failed"),
        (Submission("unknown", status=409), "busy"),
        (Submission("refused", status=429), "busy"),
        (Submission("refused", status=401), "denied"),
        (Submission("refused", status=403), "denied"),
        (Submission("refused", reason="validation"), "alive"),
    ],
)  # fmt: skip
def test_what_an_end_says_of_the_provider(submission: Submission, says: Verdict) -> None:
    assert verdict(submission) == says


def test_it_opens_after_failures_in_a_row_only() -> None:
    circuit, at = after([("failed", 1), ("failed", 1), ("alive", 1), ("failed", 1), ("failed", 1), ("busy", 1)])
    assert circuit.state(at) == "closed"
    circuit = told(circuit, "failed", "HTTP 503", at)
    assert circuit.state(at) == "open"
    assert why_shut(circuit, at) == "HTTP 503; shut since 12:00:06Z, 3 submits failed, tried again at 12:00:36Z"


def test_an_account_that_is_turned_away_opens_it_at_once() -> None:
    circuit = told(CLOSED, "denied", "HTTP 402: no money", NOW)
    assert why_shut(circuit, NOW) == "HTTP 402: no money; shut since 12:00:00Z, tried again at 12:00:30Z"


def test_one_probe_goes_out_and_its_end_decides() -> None:
    circuit, at = after([("failed", 0) for _ in range(FAILURES)])
    assert probed(circuit, at) is None
    at += timedelta(seconds=FIRST_S)
    assert circuit.state(at) == "half_open"
    probing = probed(circuit, at)
    assert probing is not None
    assert probed(probing, at) is None, "one only"
    assert why_shut(probing, at) == "HTTP 503; shut since 12:00:00Z, one submit is trying it now"
    assert probed(probing, at + timedelta(seconds=PROBE_S)) is not None, "it was given up"
    assert told(probing, "alive", "", at) == CLOSED
    again = told(probing, "failed", "HTTP 500", at)
    assert again.until == at + timedelta(seconds=2 * FIRST_S)
    assert again.since == NOW
    assert again.probing_until is None


@given(verdicts())
def test_laws_of_the_circuit(said: list[tuple[Verdict, float]]) -> None:
    """After any history: open only with a reason to; never for longer than the most; success always closes it."""
    circuit, at = after(said)
    assert told(circuit, "alive", "", at) == CLOSED
    if circuit.until is not None:
        assert circuit.until - at <= timedelta(seconds=LONGEST_S)
        assert probed(circuit, circuit.until + timedelta(seconds=PROBE_S)) is not None, "it is tried again"
        lately = [one for one, _ in said[::-1] if one != "busy"]
        streak = lately[: lately.index("alive")] if "alive" in lately else lately
        assert "denied" in streak or len(streak) >= FAILURES
    assert (why_shut(circuit, at) is None) == (probed(circuit, at) is not None)


def failing(world: World, count: int) -> None:
    for number in range(count):
        with pytest.raises((ProviderError, OutcomeUnknown)):
            world.run(CLIP, key=f"f{number}", policy=ONLY_FAL)


def test_a_router_stops_submitting_to_a_provider_that_is_down_and_probes_it(world: World) -> None:
    world.fal.submits = [DOWN]
    failing(world, FAILURES)
    assert len(world.fal.sent) == FAILURES
    decision = world.router.decide(CLIP, scope=SCOPE)
    assert {one.provider for one in decision.candidates} == {"runware"}
    (why, *_) = [one.value for one in decision.rejections if one.reason == "open_circuit"]
    assert why == "connection refused; shut since 12:00:00Z, 3 submits failed, tried again at 12:00:30Z"
    assert world.router.desk.circuits.why_shut("fal") == why
    with pytest.raises(Refused, match="open_circuit connection refused; shut since"):
        world.run(CLIP, key="no", policy=ONLY_FAL)
    assert len(world.fal.sent) == FAILURES, "nothing was submitted"
    world.clock.now += timedelta(seconds=FIRST_S)
    world.fal.submits = [ACCEPTED]
    world.run(CLIP, key="probe", policy=ONLY_FAL)
    assert world.router.desk.circuits.shut() == {}


def test_only_one_of_two_decisions_probes(world: World) -> None:
    world.fal.submits = [DOWN]
    failing(world, FAILURES)
    world.clock.now += timedelta(seconds=FIRST_S)
    first, second = (world.router.decide(CLIP, ONLY_FAL, scope=SCOPE) for _ in range(2))
    assert first.chosen is not None
    desk = world.router.desk
    assert desk.work(first, key="a", scope=None, policy=None, tags={}).candidates
    with pytest.raises(Refused, match="one submit is trying it now"):
        world.router.run(second, key="b")
    assert world.state("b") == "none", "nothing was held"


def test_a_job_that_was_sent_is_followed_while_the_circuit_is_open(world: World) -> None:
    job = world.router.start(CLIP, key="sent", scope=SCOPE, policy=ONLY_FAL)
    world.fal.submits = [POOR]
    with pytest.raises(ProviderError, match="402"):
        world.run(CLIP, key="poor", policy=ONLY_FAL)
    assert "fal" in world.router.desk.circuits.shut()
    assert world.router.wait(job).state == "settled"


def test_a_refusal_that_blames_the_request_opens_nothing(world: World) -> None:
    world.fal.submits = [WRONG]
    failing(world, FAILURES + 2)
    assert world.router.desk.circuits.shut() == {}


def test_a_failed_job_says_nothing_of_the_submits(world: World) -> None:
    world.fal.polls = [Progress("failed", charged="no", reason="no face")]
    world.fal.submits = [Submission("accepted", f"job-{number}") for number in range(FAILURES + 2)]
    for number in range(FAILURES + 1):
        with pytest.raises(JobFailed):
            world.run(CLIP, key=f"j{number}", policy=ONLY_FAL)
    assert world.router.desk.circuits.shut() == {}
