"""The ledger against a dictionary: every verb in any order, checked after each (laws 5–8, 11).

On SQLite in memory and in a file, and on PostgreSQL; `make sim` takes 100,000 steps and prints the seed.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)  # fmt: skip

from ledger import Ask
from pricing import usd
from tests.conftest import SWEEP
from tests.ledger.world import World, credit, file_url, postgres_url, quote, world
from tests.strategies import LEDGER_PRICES, LEDGER_SCOPES, observations

OPEN = ("held", "submitting", "submitted", "unknown")
RANKS = {"quote": 0, "units": 1, "inline": 2, "billing_event": 3, "invoice": 4}
NANOS = 10**9


@dataclass
class Try:
    """What the model knows of one attempt. Amounts in nanos."""

    high: int
    outcome: str | None = None
    said: list[tuple[int, bool, int, int]] = field(default_factory=list[tuple[int, bool, int, int]])
    verdict: int | None = None
    floor: int = -1
    """Evidence below this rank came too late to overrule a person."""
    seen: set[tuple[Any, ...]] = field(default_factory=set[tuple[Any, ...]])

    def absurd(self, amount: int, delivered: int) -> bool:
        return amount > 2 * self.high or 2 * amount < self.high * min(delivered, 1)

    def weigh(self) -> tuple[int | None, int, tuple[int, bool, int, int] | None]:
        """Posted, parked beyond it, and what was posted by."""
        said = [one for one in self.said if one[0] >= self.floor]
        sane = [one for one in said if one[0] == 0 or not self.absurd(one[2], one[3])]
        best = max(sane, default=None)
        posted = self.verdict if best is None else best[2]
        top = max(said, default=None)
        parked = 0 if top is None or top in sane else max(0, (top[2] or self.high) - (posted or 0))
        return posted, parked, best


@dataclass
class Model:
    """One job, in plain numbers."""

    scope: str
    granted: int
    lapses: int
    open: int
    state: str = "held"
    tries: dict[str, Try] = field(default_factory=dict[str, Try])

    @property
    def charged(self) -> int | None:
        posted = [one.weigh()[0] for one in self.tries.values()]
        known = [nanos for nanos in posted if nanos is not None]
        return sum(known) if known else None

    @property
    def parked(self) -> int:
        return sum(one.weigh()[1] for one in self.tries.values())

    def move(self, state: str) -> None:
        self.state = state
        if state not in OPEN:
            self.open = 0


@dataclass
class Envelope:
    """What the model knows of a budget."""

    limit: int | None
    policy: str = "freeze"
    gate: str = "open"


class LedgerMachine(RuleBasedStateMachine):
    """Jobs are named by a counter; each has at most two attempts."""

    jobs: Bundle[str] = Bundle("jobs")
    steps = 0

    def place(self) -> str:
        return "sqlite://"

    @initialize()
    def start(self) -> None:
        self.w: World = world("9", self.place())
        self.limits: dict[str, Envelope] = {"acme": Envelope(9 * NANOS, "allow_to_limit")}
        self.lots: dict[str, tuple[int, int | None]] = {}
        self.model: dict[str, Model] = {}
        self.count = 0
        self.now = 0

    @rule(
        target=jobs,
        scope=st.sampled_from(LEDGER_SCOPES),
        price=st.sampled_from(LEDGER_PRICES),
        minutes=st.integers(1, 9),
    )
    def hold(self, scope: str, price: str, minutes: int) -> str:
        self.count += 1
        name, amount = f"j{self.count}", usd(price).nanos
        if not self.fits(scope, amount):
            self.lapse(among=self.covering(scope))
        fits = self.fits(scope, amount)
        grant = self.w.hold(name, scope=scope, price=quote(price), expires_in_s=60 * minutes)
        assert (grant.refused is None) is fits, grant
        if fits:
            self.model[name] = Model(scope, self.now, self.now + 60 * minutes, amount)
        return name

    @rule(
        target=jobs, scope=st.sampled_from(LEDGER_SCOPES), prices=st.lists(st.sampled_from(LEDGER_PRICES), max_size=3)
    )
    def hold_batch(self, scope: str, prices: list[str]) -> MultipleResults[str]:
        names = [f"j{self.count + n}" for n in range(1, len(prices) + 1)]
        self.count += len(prices)
        amounts = [usd(price).nanos for price in prices]
        if prices and not self.fits(scope, sum(amounts)):
            self.lapse(among=self.covering(scope))
        fits = self.fits(scope, sum(amounts))
        asks = [Ask(name, f"key-{name}", "h", quote(price)) for name, price in zip(names, prices, strict=True)]
        grants = self.w.ledger.hold_batch(scope=scope, asks=asks, owner="test", expires_in_s=120)
        assert [grant.refused is None for grant in grants] == [fits] * len(names), grants
        if fits:
            for name, amount in zip(names, amounts, strict=True):
                self.model[name] = Model(scope, self.now, self.now + 120, amount)
        return multiple(*names)

    @rule(job=jobs, price=st.sampled_from(LEDGER_PRICES), minutes=st.none() | st.integers(1, 9))
    def extend(self, job: str, price: str, minutes: int | None) -> None:
        one = self.model.get(job)
        if one is None:
            return
        more = max(0, usd(price).nanos - one.open)
        lapses = one.lapses if minutes is None else max(one.lapses, self.now + 60 * minutes)
        able, same = one.state in OPEN, not more and lapses == one.lapses
        if able and more and not self.fits(one.scope, more):
            self.lapse(among=self.covering(one.scope), but=job)
        fits = able and (not more or self.fits(one.scope, more))
        grant = self.w.ledger.extend(job, to=usd(price), expires_in_s=None if minutes is None else 60 * minutes)
        assert (grant.refused is None, grant.replayed) == (fits, able and same), grant
        if fits:
            one.open, one.lapses = one.open + more, lapses

    @rule(job=jobs, price=st.sampled_from(LEDGER_PRICES))
    def begin(self, job: str, price: str) -> None:
        one = self.model.get(job)
        if one is None or len(one.tries) == 2:
            return
        high = usd(price).nanos
        more = max(0, high - one.open)
        able = one.state == "held"
        if able and more and not self.fits(one.scope, more):
            self.lapse(among=self.covering(one.scope), but=job)
        fits = able and (not more or self.fits(one.scope, more))
        grant = self.w.begin(job, f"{job}-{len(one.tries)}", price=quote(price))
        assert (grant.refused is None) is fits, grant
        if fits:
            one.tries[f"{job}-{len(one.tries)}"] = Try(high)
            one.state, one.open = "submitting", max(one.open, high)

    @rule(job=jobs, outcome=st.sampled_from(["accepted", "unknown", "refused", "not_sent"]), older=st.booleans())
    def outcome(self, job: str, outcome: Any, older: bool) -> None:
        found = self.attempt(job, older)
        if found is None:
            return
        one, name, last = found
        attempt = one.tries[name]
        with self.moving(one):
            self.after_outcome(one, attempt, outcome, last)
        answer = self.w.ledger.outcome(job=job, attempt=name, outcome=outcome, provider_job=f"p-{name}")
        assert answer == one.state

    def after_outcome(self, one: Model, attempt: Try, outcome: str, last: bool) -> None:
        again = attempt.outcome == outcome == "accepted" and one.state == "unknown"
        if again or attempt.outcome is None or (attempt.outcome == "unknown" and outcome != "unknown"):
            attempt.outcome = outcome
            if last and not one.parked:
                refused = outcome in ("refused", "not_sent")
                if one.state == "submitting":
                    one.move("held" if refused else {"accepted": "submitted", "unknown": "unknown"}[outcome])
                elif one.state == "unknown" and outcome != "unknown":
                    one.move("released" if refused else "submitted")
                elif one.state == "submitted" and outcome == "unknown":
                    one.move("unknown")

    @rule(job=jobs)
    def unknown(self, job: str) -> None:
        found = self.attempt(job, older=False)
        if found is None:
            return
        one, name, _last = found
        if one.state in ("submitting", "submitted"):
            one.state = "unknown"
            one.tries[name].outcome = one.tries[name].outcome or "unknown"
        assert self.w.ledger.unknown(job=job, attempt=name, reason="") == one.state

    @rule(job=jobs, said=observations(), older=st.booleans())
    def settle(self, job: str, said: Any, older: bool) -> None:
        found = self.attempt(job, older)
        if found is None:
            return
        one, name, last = found
        attempt = one.tries[name]
        amount = None if said.amount is None else usd(said.amount)
        view = self.w.settle(amount, job, name, evidence=said.evidence, final=said.final, delivered=said.delivered)
        fact = (said.evidence, said.amount, said.final, said.delivered)
        if fact not in attempt.seen:
            attempt.seen.add(fact)
            with self.moving(one):
                if amount is not None:
                    attempt.said.append((RANKS[said.evidence], said.final, amount.nanos, said.delivered))
                self.after_evidence(one, attempt, last)
        assert view.state == one.state

    def after_evidence(self, one: Model, attempt: Try, last: bool) -> None:
        posted, _parked, best = attempt.weigh()
        doubt = max((each for each in attempt.said if each[0] >= attempt.floor), default=None)
        parked = doubt is not None and doubt[0] > 0 and attempt.absurd(doubt[2], doubt[3])
        if not last and one.state in OPEN:
            return
        if parked and posted is None:
            one.state = "unknown" if one.state in ("submitting", "submitted") else one.state
        elif posted is not None:
            nothing = (best is None or (best[1] and not best[3])) and not parked
            if one.charged or not nothing or one.state == "settled":
                one.move("settled")
            elif one.state in OPEN and one.state != "held":
                one.move("released")

    @rule(job=jobs, proof=st.sampled_from(["", "units 0"]))
    def release(self, job: str, proof: str) -> None:
        one = self.model.get(job)
        if one is None:
            return
        if one.state == "held" or (one.state in OPEN and proof and not one.parked):
            with self.moving(one):
                one.move("released")
        assert self.w.ledger.release(job=job, reason="r", proof=proof).state == one.state

    @precondition(lambda self: any(one.state == "unknown" for one in self.model.values()))
    @rule(verdict=st.sampled_from(["charged", "not_charged", "written_off"]))
    def resolve(self, verdict: Any) -> None:
        job, one = next((name, one) for name, one in self.model.items() if one.state == "unknown")
        charged = usd("1.50") if verdict == "charged" else None
        doubtful = [each for each in one.tries.values() if each.weigh()[1]]
        attempt = (doubtful or list(one.tries.values())[-1:])[0]
        last = attempt is list(one.tries.values())[-1]
        view = self.w.ledger.resolve(job, charged=charged, verdict=verdict, note="", author="ann")
        with self.moving(one):
            attempt.floor = max([attempt.floor, *(each[0] for each in attempt.said)])
            attempt.said = []
            attempt.verdict = {"charged": usd("1.50").nanos, "not_charged": 0, "written_off": None}[verdict]
            if last:
                ends = {"charged": "settled", "not_charged": "settled" if one.charged else "released"}
                one.move(ends.get(verdict, "written_off"))
        assert view.state == one.state

    @rule(
        scope=st.sampled_from(LEDGER_SCOPES),
        limit=st.none() | st.integers(0, 12),
        policy=st.none() | st.sampled_from(["freeze", "allow_to_limit", "alert"]),
    )
    def set_budget(self, scope: str, limit: int | None, policy: Any) -> None:
        self.w.ledger.set_budget(scope, None if limit is None else usd(limit), currency="USD", overrun=policy)
        one = self.limits.setdefault(scope, Envelope(None))
        one.limit, one.policy = None if limit is None else limit * NANOS, policy or one.policy
        if one.gate in ("open", "over"):
            one.gate = "over" if self.exceeded(scope) else "open"

    @rule(scope=st.sampled_from(LEDGER_SCOPES), word=st.sampled_from(["open", "open", "frozen", "closed"]))
    def gate(self, scope: str, word: str) -> None:
        if scope in self.limits:
            verbs = {"frozen": self.w.ledger.freeze, "closed": self.w.ledger.close_budget}
            verbs.get(word, self.w.ledger.open_budget)(scope, author="ann")
            self.limits[scope].gate = word

    @rule(quantity=st.integers(1, 9), minutes=st.none() | st.integers(1, 9))
    def buy_credits(self, quantity: int, minutes: int | None) -> None:
        name = f"lot-{len(self.lots)}"
        ends = None if minutes is None else self.w.clock() + timedelta(minutes=minutes)
        self.w.ledger.buy_credits("creatify", credit(str(quantity)), usd("1"), lot=name, expires_at=ends)
        self.lots[name] = quantity, None if minutes is None else self.now + 60 * minutes

    @rule()
    def draw_credits(self) -> None:
        gone = {name for name, (left, ends) in self.lots.items() if left and ends is not None and ends <= self.now}
        assert self.w.ledger.draw_credits("creatify") == len(gone)
        self.lots |= dict.fromkeys(gone, (0, None))
        found = [lot for each in self.w.ledger.credits("creatify") for lot in each.lots]
        assert {lot.id: lot.remaining for lot in found} == {
            name: credit(str(left)) for name, (left, _) in self.lots.items()
        }

    @rule()
    def rebuild(self) -> None:
        assert self.w.ledger.rebuild() == ()

    @rule(minutes=st.integers(1, 6))
    def wait(self, minutes: int) -> None:
        self.w.clock.forward(minutes=minutes)
        self.now += 60 * minutes

    @rule()
    def expire(self) -> None:
        expected = [name for name, one in self.model.items() if one.state == "held" and one.lapses <= self.now]
        assert sorted(self.w.ledger.expire()) == sorted(expected)
        self.lapse(among=self.model)

    @rule(job=consumes(jobs))
    def ask_again(self, job: str) -> None:
        known = job in self.model
        grant = self.w.hold("other", key=f"key-{job}", scope="nobody")
        assert grant.replayed is known
        assert (grant.job == job) is known

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "w"):
            return
        LedgerMachine.steps += 1
        views = {view.id: view for view in self.w.ledger.jobs()}
        assert set(views) == set(self.model)
        for name, one in self.model.items():
            view = views[name]
            charged = None if view.charged is None else view.charged.nanos
            parked = one.parked or (one.open if one.state == "unknown" else 0)
            ours = (view.state, view.open.nanos, charged, view.exposed.nanos)
            assert ours == (one.state, one.open, one.charged, parked), name
        shown = {one.scope: one for one in self.w.ledger.all_budgets()}
        assert set(shown) == set(self.limits)
        for scope, one in self.limits.items():
            mine = shown[scope]
            assert (mine.spent.nanos, mine.held.nanos, mine.gate) == (self.spent(scope), self.held(scope), one.gate)
            room = None if one.limit is None else one.limit - self.spent(scope) - self.held(scope)
            assert (None if mine.available is None else mine.available.nanos) == room

    def teardown(self) -> None:
        if hasattr(self, "w"):
            self.w.sound()
            self.w.ledger.close()

    def attempt(self, job: str, older: bool) -> tuple[Model, str, bool] | None:
        one = self.model.get(job)
        if one is None or not one.tries:
            return None
        names = list(one.tries)
        name = names[0] if older else names[-1]
        return one, name, name == names[-1]

    def below(self, scope: str) -> list[str]:
        return [name for name, one in self.model.items() if f"{one.scope}/".startswith(f"{scope}/")]

    def covering(self, scope: str) -> list[str]:
        """Jobs below the topmost budget of the scope's chain: always the root here."""
        return self.below(scope.partition("/")[0])

    def spent(self, scope: str) -> int:
        return sum(self.model[name].charged or 0 for name in self.below(scope))

    def held(self, scope: str) -> int:
        return sum(self.model[name].open for name in self.below(scope))

    def above(self, scope: str) -> dict[str, Envelope]:
        return {name: one for name, one in self.limits.items() if f"{scope}/".startswith(f"{name}/")}

    def fits(self, scope: str, amount: int) -> bool:
        return all(
            one.gate == "open"
            and (one.policy == "alert" or one.limit is None or one.limit - self.spent(name) - self.held(name) >= amount)
            for name, one in self.above(scope).items()
        )

    def exceeded(self, scope: str) -> bool:
        one = self.limits[scope]
        return one.policy == "freeze" and one.limit is not None and self.spent(scope) > one.limit

    @contextmanager
    def moving(self, job: Model) -> Generator[None]:
        """What was charged or given back may show that a budget is overrun."""
        before = job.charged or 0, job.open
        yield
        if (job.charged or 0, job.open) != before:
            for name, one in self.above(job.scope).items():
                if one.gate == "open" and self.exceeded(name):
                    one.gate = "over"

    def lapse(self, among: Any, but: str = "") -> None:
        for name in among:
            one = self.model[name]
            if name != but and one.state == "held" and one.lapses <= self.now:
                with self.moving(one):
                    one.move("expired")


class FileMachine(LedgerMachine):
    def place(self) -> str:
        self.folder = TemporaryDirectory()
        return file_url(Path(self.folder.name) / "x.db")

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "folder"):
            self.folder.cleanup()


class PostgresMachine(LedgerMachine):
    def place(self) -> str:
        return postgres_url()


def tried(machine: type[LedgerMachine], few: int, many: int) -> Any:
    case = machine.TestCase
    case.settings = settings(
        max_examples=many if SWEEP else few, stateful_step_count=80 if SWEEP else 30, deadline=None, print_blob=True
    )
    return pytest.mark.timeout(3600 if SWEEP else 120)(case)


TestMemory = tried(LedgerMachine, 60, 1000)
TestFile = tried(FileMachine, 8, 400)
TestPostgres = pytest.mark.usefixtures("postgres")(tried(PostgresMachine, 6, 150))


@pytest.mark.slow
def test_it_was_a_hundred_thousand_steps(pytestconfig: pytest.Config) -> None:
    print(f"\n{LedgerMachine.steps:,} steps, seed {pytestconfig.getoption('--hypothesis-seed')}")
    assert LedgerMachine.steps >= 100_000
