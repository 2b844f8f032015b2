"""Commands that meet: the same key twice, a resume beside a live run, an interrupt, a resume that is killed itself."""

import signal
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from .world import Doc, Providers, Runner, World, amount, at_once, until

NAMES = ("fal", "runware")


@pytest.fixture
def slow(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., World]]:
    """A world whose sandbox takes its time; its options are `faregate sandbox`'s."""
    serving: list[Providers] = []

    def opened(*options: str) -> World:
        serving.append(Providers(runner, tmp_path_factory.mktemp("slow"), *options))
        world = World(runner, tmp_path_factory.mktemp("together"), serving[-1])
        world.budget()
        return world

    yield opened
    for one in serving:
        one.stop()


def made_once(world: World, jobs: int) -> list[Doc]:
    """So many jobs, each settled and billed once."""
    rows, bill = world.jobs(), world.bill()
    assert [row["state"] for row in rows] == ["settled"] * jobs
    assert bill["submits"] == bill["accepted"] == jobs
    assert sum(amount(row["native"]) for row in rows) == Decimal(bill["total"]["USD"])
    assert world.held() == 0
    world.verified()
    return rows


def test_one_key_in_four_processes_is_one_job(slow: Callable[..., World]) -> None:
    world = slow("--answer-lag", "0.3", "--render", "0.3")
    racing = [world.launch(*world.clip("--key", "one", "--provider", "fal", "--json")) for _ in range(4)]
    docs = [process.wait().ok() for process in racing]
    assert all(doc == docs[0] for doc in docs)
    (row,) = made_once(world, 1)
    assert row["job"] == docs[0]["job"]


def test_a_resume_leaves_a_live_run_alone(slow: Callable[..., World]) -> None:
    world = slow("--answer-lag", "3", "--render", "600")
    traces = [world.folder / f"{name}.steps" for name in NAMES]
    live = [
        world.launch(*world.clip("--key", name, "--provider", name, "--json"), trace=trace)
        for name, trace in zip(NAMES, traces, strict=True)
    ]
    until(lambda: world.bill()["accepted"] == len(NAMES), 20)
    sending = world.run("resume", "--wait", "0").ok()
    assert {job["state"] for job in sending["jobs"]} == {"submitting"}
    until(lambda: all("keep" in trace.read_text() for trace in traces), 30)
    assert world.run("resume", "--wait", "20").ok()["jobs"] == [], "what its run has claimed is the run's"
    world.render()
    docs = [process.wait().ok() for process in live]
    assert {doc["state"] for doc in docs} == {"settled"}
    made_once(world, len(NAMES))


@pytest.mark.parametrize("sending", [True, False], ids=["while sending", "while waiting"])
def test_an_interrupt_leaves_the_job_to_resume(slow: Callable[..., World], *, sending: bool) -> None:
    world = slow("--answer-lag", "3" if sending else "0", "--render", "600")
    runs = [world.launch(*world.clip("--key", name, "--provider", name, "--json")) for name in NAMES]
    until(lambda: world.bill()["accepted"] == len(NAMES), 20)
    if not sending:
        until(lambda: all(job["state"] == "submitted" for job in world.jobs()), 20)
    for process in runs:
        process.send(signal.SIGINT)
    for process in runs:
        said = process.wait().failed(130, "interrupted")
        assert "resume" in said["message"]
    assert world.held() > 0
    world.verified()
    time.sleep(3 if sending else 0)  # a provider lists a job once its answer is out
    world.render()
    world.run("resume", "--wait", "20").ok()
    made_once(world, len(NAMES))


def test_an_interrupted_resume_does_not_wait_for_the_providers(slow: Callable[..., World]) -> None:
    world = slow("--render", "60")
    for name in NAMES:
        world.run(*world.clip("--key", name, "--provider", name, "--wait", "0", "--json")).failed(4, "outcome_unknown")
    process = world.launch("resume", "--json")
    assert not process.ended(1.5)  # it polls by now
    began = time.monotonic()
    process.send(signal.SIGINT)
    process.wait().failed(130, "interrupted")
    assert time.monotonic() - began < 20  # a render takes 60 s, and --wait is 1200
    world.verified()


@pytest.mark.parametrize("step", ["unknown", "claimed", "probe", "submitted", "poll", "settle", "release"])
def test_a_resume_that_is_killed_is_resumed(slow: Callable[..., World], step: str) -> None:
    world = slow("--render", "0.2")
    lost = [world.clip("--key", name, "--provider", name, "--prompt", name, "--json") for name in NAMES]
    died = at_once(lambda words: world.launch(*words, kill_at="submit").wait().code, lost)
    died += [world.launch(*world.clip("--key", "held", "--json"), kill_at="hold").wait().code]
    assert world.launch("resume", "--wait", "20", "--json", kill_at=step).wait().code == -signal.SIGKILL
    world.verified()
    world.run("resume", "--wait", "20").ok()
    states = {job["key"]: job["state"] for job in world.jobs()}
    assert states == {"fal": "settled", "runware": "settled", "held": "released"}
    assert set(died) == {-signal.SIGKILL}
    bill = world.bill()
    assert bill["submits"] == bill["accepted"] == len(NAMES)
    natives = [job["native"] for job in world.jobs() if job["native"] is not None]
    assert sum(amount(native) for native in natives) == Decimal(bill["total"]["USD"])
    assert world.held() == 0
    world.verified()


def test_a_follower_settles_what_another_process_starts(slow: Callable[..., World]) -> None:
    """It works until it is told to end: SIGTERM is a good end, an interrupt is one."""
    world = slow("--render", "0.5")
    trace = world.folder / "follower.steps"
    follower = world.launch("resume", "--follow", "--json", trace=trace)
    for name in NAMES:
        world.run(*world.clip("--key", name, "--provider", name, "--wait", "0", "--json")).failed(4, "outcome_unknown")
    until(lambda: all(job["state"] == "settled" for job in world.jobs()), 60, 0.2)
    assert not follower.ended(0), "it waits for more"
    follower.send(signal.SIGTERM)
    told = follower.wait().ok()["jobs"]
    assert {job["key"]: job["state"] for job in told} == dict.fromkeys(NAMES, "settled")
    assert trace.read_text().split().count("settle") == len(NAMES)
    made_once(world, len(NAMES))


def test_an_interrupted_follower_leaves_the_rest_to_another(slow: Callable[..., World]) -> None:
    world = slow("--render", "600")
    trace = world.folder / "follower.steps"
    world.run(*world.clip("--key", "fal", "--provider", "fal", "--wait", "0", "--json")).failed(4, "outcome_unknown")
    follower = world.launch("resume", "--follow", "--json", trace=trace)
    until(lambda: trace.exists() and "poll" in trace.read_text(), 30)
    follower.send(signal.SIGINT)
    follower.wait().failed(130, "interrupted")
    (job,) = world.jobs()
    assert job["state"] == "submitted"
    world.verified()
    world.render()
    world.run("resume", "--wait", "30").ok()
    made_once(world, 1)
