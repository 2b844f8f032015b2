"""The ledger against a dictionary: every verb in any order, on memory SQLite, checked after each (laws 5–8, 11)."""

import os
from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from pricing import usd
from tests.ledger.world import World, quote, world
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


class LedgerMachine(RuleBasedStateMachine):
    """Jobs are named by a counter; each has at most two attempts."""

    jobs: Bundle[str] = Bundle("jobs")

    @initialize()
    def start(self) -> None:
        self.w: World = world("9")
        self.limits: dict[str, int | None] = {"acme": 9 * NANOS}
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
        answer = self.w.ledger.outcome(job=job, attempt=name, outcome=outcome, provider_job=f"p-{name}")
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
        assert answer == one.state

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
        attempt.floor = max([attempt.floor, *(each[0] for each in attempt.said)])
        attempt.said = []
        attempt.verdict = {"charged": usd("1.50").nanos, "not_charged": 0, "written_off": None}[verdict]
        if last:
            ends = {"charged": "settled", "not_charged": "settled" if one.charged else "released"}
            one.move(ends.get(verdict, "written_off"))
        assert view.state == one.state

    @rule(scope=st.sampled_from(LEDGER_SCOPES), limit=st.none() | st.integers(0, 12))
    def set_budget(self, scope: str, limit: int | None) -> None:
        self.w.ledger.set_budget(scope, None if limit is None else usd(limit), currency="USD")
        self.limits[scope] = None if limit is None else limit * NANOS

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
        views = {view.id: view for view in self.w.ledger.jobs()}
        assert set(views) == set(self.model)
        for name, one in self.model.items():
            view = views[name]
            charged = None if view.charged is None else view.charged.nanos
            parked = one.parked or (one.open if one.state == "unknown" else 0)
            ours = (view.state, view.open.nanos, charged, view.exposed.nanos)
            assert ours == (one.state, one.open, one.charged, parked), name
        for scope, limit in self.limits.items():
            spent, held, available = self.w.budget(scope)
            jobs = [self.model[name] for name in self.below(scope)]
            assert (spent.nanos, held.nanos) == (sum(j.charged or 0 for j in jobs), sum(j.open for j in jobs))
            room = None if available is None else available.nanos
            assert room == (None if limit is None else limit - spent.nanos - held.nanos)

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

    def fits(self, scope: str, amount: int) -> bool:
        return all(
            limit is None
            or limit - sum((self.model[n].charged or 0) + self.model[n].open for n in self.below(above)) >= amount
            for above, limit in self.limits.items()
            if f"{scope}/".startswith(f"{above}/")
        )

    def lapse(self, among: Any, but: str = "") -> None:
        for name in among:
            one = self.model[name]
            if name != but and one.state == "held" and one.lapses <= self.now:
                one.move("expired")


LONG = bool(os.environ.get("FAREGATE_SWEEP"))
TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(
    max_examples=250 if LONG else 40, stateful_step_count=60 if LONG else 30, deadline=None
)
