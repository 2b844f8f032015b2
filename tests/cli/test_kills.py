"""`kill -9` at every named step and at random instants: afterwards `resume`, and the books account for the bill."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from signal import SIGKILL
from time import monotonic, sleep

import pytest

from ledger import Ledger
from router.ports import AttemptView, JobView

from .world import AUDIO, SWEEP, TEMPLATE, Doc, Process, Providers, Runner, World, at_once, until

pytestmark = pytest.mark.timeout(300)
KINDS = ("fal", "runware", "creatify", "template")
MODELS = {
    "fal": "fal-ai/creatify/aurora",
    "runware": "creatify:aurora@0",
    "creatify": "aurora_v1",
    "template": "custom_template:standard",
}
STEPS = ("hold", "intent", "sent", "submit", "submitted", "poll", "settle")
"""After: the hold; the committed intent; the POST left (no answer yet); its answer; the note of it; a poll; the end."""
ENDED = ("settled", "released", "expired", "unknown")
Currencies = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Kill:
    """One run that was killed: what it was, and how its job stood then (None: it had held nothing yet)."""

    world: World
    kind: str
    step: str
    key: str
    words: list[object]
    code: int
    state: str | None


def words(world: World, kind: str, key: str, *, hidden: bool = False) -> list[object]:
    """A run at one seller; no two send the same body."""
    says = f"{'F-hide ' if hidden else ''}{key}"
    common = ["--scope", "acme/x", "--key", key, "--provider", "creatify" if kind == "template" else kind, "--json"]
    if kind == "template":
        variables = world.folder / f"{key}.json"
        variables.write_text(f'{{"headline": "{says}", "seconds": "24"}}')
        return ["run", "--template-id", TEMPLATE, "--variables", variables, "--seconds", "10-24", *common]
    media: list[object] = ["--image", world.face, "--audio", AUDIO / "talk-9.4s.wav"]
    if kind == "creatify":
        url = "https://media.example"
        media = ["--image", f"{url}/face.png", "--audio", f"{url}/talk-9.4s.mp3", "--seconds", "9.4"]
    return ["run", *media, "--resolution", "720p", "--prompt", says, *common]


def views(world: World) -> tuple[JobView, ...]:
    with Ledger.open(f"sqlite:///{world.db}") as ledger:
        return ledger.jobs()


def by_key(world: World, key: str) -> JobView | None:
    with Ledger.open(f"sqlite:///{world.db}") as ledger:
        return ledger.by_key(key)


def killed(world: World, kind: str, step: str, key: str, *, hidden: bool = False) -> Kill:
    """Start a run and have it die at the step."""
    line = words(world, kind, key, hidden=hidden)
    if step == "sent":
        before = accepted(world, kind)
        process = world.launch(*line)
        until(lambda: accepted(world, kind) > before, 20, 0.005)
        process.kill()
        code = -SIGKILL
    else:
        outcome = world.launch(*line, kill_at=step).wait()
        assert outcome.out == "", outcome
        code = outcome.code
    view = by_key(world, key)
    return Kill(world, kind, step, key, line, code, None if view is None else view.state)


def accepted(world: World, kind: str) -> int:
    return sum(row["model"] == MODELS[kind] for row in world.bill()["jobs"])


def resumed(world: World) -> Doc:
    """`faregate resume`, which sends nothing and leaves nothing in between."""
    before = world.bill()["submits"]
    doc = world.run("resume", "--wait", "10").ok()
    assert world.bill()["submits"] == before
    return doc


def pairs(world: World) -> Iterator[tuple[JobView, AttemptView | None, Doc | None]]:
    """Every job with its last attempt and its row in the bill; an unknown one at fal may be any row that is left."""
    rows = {row["id"]: row for row in world.bill()["jobs"]}
    named = {row["attempt"]: row for row in rows.values() if row["attempt"] is not None}
    found: list[tuple[JobView, AttemptView | None, Doc | None]] = []
    for view in views(world):
        attempt = view.attempts[-1] if view.attempts else None
        row = None if attempt is None else rows.get(attempt.provider_job or "") or named.get(attempt.id)
        found.append((view, attempt, row))
    claimed = {row["id"] for _, _, row in found if row is not None}
    left = [row for row in rows.values() if row["id"] not in claimed]
    for view, attempt, row in found:
        if row is None and left and view.state == "unknown" and attempt is not None and attempt.provider == "fal":
            yield view, attempt, left.pop()
        else:
            yield view, attempt, row
    assert left == [], "billed, and in nobody's books"


def billed(world: World) -> Currencies:
    return {currency: Decimal(total) for currency, total in world.bill()["total"].items()}


def settled(world: World) -> Currencies:
    return total((view.native.currency, view.native.amount) for view in views(world) if view.native is not None)


def total(amounts: Iterator[tuple[str, Decimal]]) -> Currencies:
    sums = {"USD": Decimal(0), "creatify-credit": Decimal(0)}
    for currency, amount in amounts:
        sums[currency] += amount
    return sums


def account_for(world: World) -> None:
    """Law 12: nothing is billed twice, and what is billed is settled to the nano or openly exposed."""
    assert {view.state for view in views(world)} <= set(ENDED)
    bill = world.bill()
    seen = Counter[str]()
    exposed: list[tuple[str, Decimal]] = []
    for view, attempt, row in pairs(world):
        assert len(view.attempts) <= 1, "a killed run was sent again"
        if row is not None:
            seen[row["id"]] += 1
        if view.state == "settled":
            assert row is not None
            assert view.native is not None
            assert (view.native.amount, view.native.currency) == (Decimal(row["amount"]), row["currency"])
        elif view.state == "unknown":
            assert attempt is not None
            assert view.open == view.held == view.exposed
            exposed.append((attempt.high.currency, attempt.high.amount))
        else:
            assert row is None, "released, though it was billed"
            assert not view.open
    assert max(seen.values(), default=1) == 1
    assert bill["submits"] == bill["accepted"] == len(bill["jobs"])
    known, open_ = settled(world), total(iter(exposed))
    for currency, amount in billed(world).items():
        assert known[currency] <= amount <= known[currency] + open_[currency]
    world.verified()


def resolve_all(world: World) -> None:
    """A person reads the bill and ends what is unknown; then the sums are equal and nothing is held."""
    for view, _, row in pairs(world):
        if view.state == "unknown":
            verdict = ["--not-charged"] if row is None else ["--charged", f"{row['amount']} {row['currency']}"]
            world.run("resolve", view.id, *verdict, "--note", "read from the bill", "--author", "Ann").ok()
    assert settled(world) == billed(world)
    assert {view.state for view in views(world)} <= {"settled", "released", "expired"}
    assert world.held() == 0
    world.verified()


@pytest.fixture(scope="module")
def open_shop(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], World]]:
    """A world with a sandbox of its own: answer lag and render time, in seconds."""
    serving: list[Providers] = []

    def opened(lag_s: str, render_s: str) -> World:
        options = ("--answer-lag", lag_s, "--render", render_s, "--fault", "hide:*:*~F-hide")
        serving.append(Providers(runner, tmp_path_factory.mktemp("shop"), *options))
        world = World(runner, tmp_path_factory.mktemp("kills"), serving[-1])
        world.budget("500 USD")
        return world

    yield opened
    for one in serving:
        one.stop()


Scene = tuple[Sequence[World], Sequence[Kill]]


@pytest.fixture(scope="module")
def named(open_shop: Callable[[str, str], World]) -> Scene:
    """Every seller killed at every step, and once more where the sandbox hides the job; then one resume for all.

    `sent` is told from outside, by the bill: one at a time for each seller, at sellers whose answers are so slow that
    a busy machine kills before they are out.
    """
    slow, quick = open_shop("5", "1"), open_shop("0.1", "1")
    kills = at_once(lambda kind: killed(slow, kind, "sent", f"{kind}-sent"), KINDS, len(KINDS))
    cases = [(kind, step, False) for step in STEPS if step != "sent" for kind in KINDS]
    cases += [(kind, "submit", True) for kind in KINDS]
    kills += at_once(
        lambda case: killed(quick, case[0], case[1], f"{case[0]}-{case[1]}-{case[2]}", hidden=case[2]), cases, 4
    )
    for world in (quick, slow):
        resumed(world)
    return (quick, slow), kills


AT_KILL = {
    "hold": "held", "intent": "submitting", "sent": "submitting", "submit": "submitting", "submitted": "submitted",
    "poll": "submitted", "settle": "settled",
}  # fmt: skip


def test_each_died_at_its_step(named: Scene) -> None:
    _, kills = named
    assert {kill.code for kill in kills} == {-SIGKILL}
    assert [(kill.kind, kill.step, kill.state) for kill in kills] == [
        (kill.kind, kill.step, AT_KILL[kill.step]) for kill in kills
    ]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_named_kill_ends_well(named: Scene, kind: str, step: str) -> None:
    _, kills = named
    kill = next(one for one in kills if (one.kind, one.step) == (kind, step) and not one.key.endswith("True"))
    view = by_key(kill.world, kill.key)
    assert view is not None
    assert view.state == {"hold": "released", "intent": "unknown"}.get(step, "settled")
    if view.state == "settled":
        assert view.outputs
        assert view.charged is not None


@pytest.mark.parametrize("kind", KINDS)
def test_a_hidden_job_stays_unknown(named: Scene, kind: str) -> None:
    _, kills = named
    (kill,) = [one for one in kills if one.key == f"{kind}-submit-True"]
    view = by_key(kill.world, kill.key)
    assert view is not None
    assert view.state == "unknown"
    assert view.exposed == view.held


def test_named_kills_are_accounted_for(named: Scene) -> None:
    """Last, for it ends the unknown ones. A key that is repeated sends nothing."""
    worlds, kills = named
    for world in worlds:
        account_for(world)
        before, bill = {view.id: view for view in views(world)}, world.bill()
        for kill in kills:
            if kill.world is world and kill.step == "settle":
                doc = world.launch(*kill.words).wait().ok()
                view = by_key(world, kill.key)
                assert view is not None
                assert (doc["job"], doc["state"]) == (view.id, "settled")
        assert world.bill() == bill
        assert {view.id: view for view in views(world)} == before
        resolve_all(world)


def test_random_kills(open_shop: Callable[[str, str], World], capsys: pytest.CaptureFixture[str]) -> None:
    scatter(open_shop("0.3", "0.7"), 12, 1, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_many_random_kills(
    open_shop: Callable[[str, str], World], capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    scatter(open_shop("0.3", "0.7"), 20, seed, capsys)


def scatter(world: World, number: int, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Kill that many runs at seeded instants over the time such a run takes; show how they stood; then account."""

    def begun(kind: str, key: str) -> tuple[Process, Path]:
        """A run that has done its first step."""
        trace = world.folder / f"{key}.steps"
        process = world.launch(*words(world, kind, key), trace=trace)
        until(lambda: bool(steps(trace)) or process.ended(0), 20, 0.002)
        return process, trace

    def measured(kind: str) -> float:
        process, _ = begun(kind, f"whole-{kind}")
        began = monotonic()
        process.wait().ok()
        return monotonic() - began

    whole_s = sum(at_once(measured, KINDS)) / len(KINDS)
    # One instant in each of `number` equal parts of the run's time: spread, and still at random.
    chance = Random(seed)
    instants = [(part + chance.random()) / number * whole_s for part in range(number)]
    chance.shuffle(instants)

    def kill(numbered: tuple[int, float]) -> str:
        index, after_s = numbered
        process, trace = begun(KINDS[index % len(KINDS)], f"random-{index}")
        sleep(after_s)
        ended = process.ended(0)
        process.kill()
        view = by_key(world, f"random-{index}")
        if ended:
            return "ended before"
        return "nothing held" if view is None else f"{view.state}, after {steps(trace)[-1]}"

    histogram = Counter(at_once(kill, enumerate(instants)))
    with capsys.disabled() if SWEEP else nullcontext():  # else with -s
        print(f"\n{number} kills over {whole_s:.2f} s, seed {seed}:")
        for state, times in sorted(histogram.items()):
            print(f"  {times:3d} {'#' * times} {state}")
    resumed(world)
    account_for(world)
    resolve_all(world)


def steps(trace: Path) -> list[str]:
    """What it has done so far."""
    return trace.read_text().split() if trace.exists() else []


def test_two_resumes_at_once(open_shop: Callable[[str, str], World]) -> None:
    world = open_shop("0", "0.2")
    cases = [(kind, step) for step in ("hold", "submit", "submitted") for kind in KINDS]
    kills = at_once(lambda case: killed(world, case[0], case[1], f"{case[0]}-{case[1]}"), cases)
    assert {kill.code for kill in kills} == {-SIGKILL}
    submits = world.bill()["submits"]
    both = [world.launch("resume", "--wait", "10", "--json") for _ in range(2)]
    docs = [process.wait().ok() for process in both]
    assert all({job["state"] for job in doc["jobs"]} <= {"settled", "released"} for doc in docs)
    assert world.bill()["submits"] == submits
    account_for(world)
    assert Counter(view.state for view in views(world)) == {"settled": 8, "released": 4}
    assert settled(world) == billed(world)
    assert world.held() == 0


@pytest.mark.parametrize("step", ["hold", "submitted", "poll"])
def test_the_same_key_goes_on_after_a_kill(open_shop: Callable[[str, str], World], step: str) -> None:
    world = open_shop("0", "0.2")
    kills = at_once(lambda kind: killed(world, kind, step, f"again-{kind}"), KINDS)
    for outcome in at_once(lambda kill: world.launch(*kill.words).wait(), kills):
        assert outcome.ok()["state"] == "settled"
    assert world.bill()["submits"] == len(KINDS)
    account_for(world)
    assert settled(world) == billed(world)


def test_the_same_key_after_a_kill_while_sending(open_shop: Callable[[str, str], World]) -> None:
    """Nothing to wait for: the run that was sending is dead. What it sent is found, never sent again."""
    world = open_shop("0", "0.2")
    kills = at_once(lambda kind: killed(world, kind, "submit", f"again-{kind}"), KINDS)
    began = monotonic()
    for outcome in at_once(lambda kill: world.launch(*kill.words).wait(), kills):
        assert outcome.ok()["state"] == "settled"
    assert monotonic() - began < 30, "it waited for a dead run"
    assert world.bill()["submits"] == len(KINDS)
    account_for(world)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells")
def test_a_run_that_nobody_buried_is_dead(open_shop: Callable[[str, str], World]) -> None:
    """A zombie still has its pid: under a parent that never waits for it, its hold must not stay for ever."""
    world = open_shop("0", "0.2")
    process = world.launch(*words(world, "fal", "zombie"), kill_at="hold", plain=True)
    until(lambda: Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z", 20)
    assert [job["state"] for job in resumed(world)["jobs"]] == ["released"]
    process.wait()
    assert world.held() == 0
    world.verified()
