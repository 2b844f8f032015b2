"""Whatever faults strike: the account is the sum of its rows, bills agree with it, and a seed gives the same again."""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from router.sandbox.kinds import PROVIDERS
from tests.strategies import fault_specs

from .direct import HOOK, Direct, Told
from .talker import items, member

CREDIT = "creatify-credit"


@dataclass(frozen=True)
class Step:
    """Something a client or time does."""

    what: str
    which: int = 0


steps = st.one_of(
    st.builds(Step, st.sampled_from([f"submit {name}" for name in PROVIDERS])),
    st.builds(Step, st.sampled_from(["look", "cancel", "wait", "hooks", "events"]), st.integers(0, 5)),
)
plays = st.lists(steps, max_size=12)


def play(direct: Direct, todo: list[Step]) -> list[object]:
    """All that came back."""
    seen: list[object] = []
    for step in todo:
        count = len(direct.jobs())
        told: Told | None = None
        if step.what.startswith("submit"):
            told = direct.submit(step.what.removeprefix("submit "), hook=HOOK)
        elif step.what == "wait":
            direct.hand.pass_s(3 * step.which)
        elif step.what == "hooks":
            seen.extend(direct.hooks())
        elif step.what == "events":
            told = direct.platform("models/billing-events")
        elif count and step.what == "look":
            told = direct.look(step.which % count)
        elif count and direct.jobs()[step.which % count]["provider"] == "fal":
            url = f"http://sandbox/fal/queue/fal-ai/creatify/requests/{direct.jobs()[step.which % count]['id']}/cancel"
            told = direct.ask("PUT", url, "fal")
        seen.append(None if told is None else told.answer)
        adds_up(direct)
    return seen


def adds_up(direct: Direct) -> None:
    """The total is the sum of the jobs is the sum of their rows; balances say the same; nothing is below zero."""
    bill = direct.market.bill()
    due: Counter[str] = Counter()
    rows: dict[str, Fraction] = {"USD": Fraction(0), CREDIT: Fraction(0)}
    jobs: dict[str, Fraction] = dict(rows)
    for job in items(bill["jobs"]):
        currency = str(job["currency"])
        rows[currency] += sum((Fraction(str(row["amount"])) for row in items(job["billed"])), Fraction(0))
        jobs[currency] += Fraction(str(job["amount"]))
        due[str(job["provider"])] += 1
        assert Fraction(str(job["amount"])) >= 0
    assert {name: Fraction(direct.total(name)) for name in rows} == rows == jobs
    assert Fraction(direct.market.balance("creatify")) == 10_000 - rows[CREDIT]
    assert 20_000 - Fraction(direct.market.balance("fal") + direct.market.balance("runware")) == rows["USD"]
    assert sum(due.values()) == bill["accepted"]
    assert int(str(bill["accepted"])) <= int(str(bill["submits"]))


@given(faults=st.lists(fault_specs(), max_size=6), todo=plays)
@settings(max_examples=80, deadline=None)
def test_the_account_adds_up_and_a_seed_gives_the_same_again(faults: list[str], todo: list[Step]) -> None:
    first, second = (Direct(*faults, seed=3) for _ in range(2))
    assert play(first, todo) == play(second, todo)
    assert first.market.bill() == second.market.bill()


@given(faults=st.lists(fault_specs(), max_size=6), count=st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_in_the_end_the_providers_bills_show_all_that_was_charged(faults: list[str], count: int) -> None:
    direct = Direct(*faults)
    for number in range(count):
        direct.submit(PROVIDERS[number % 3])
    direct.hand.pass_s(3600)
    for _ in range(9):  # faults that strike these look-ups are used up
        direct.platform("models/billing-events")
        direct.managed("accountManagement", operation="getDetails")
    events = items(direct.platform("models/billing-events").json["billing_events"])
    (details,) = items(direct.managed("accountManagement", operation="getDetails").json["data"])
    spent = member(member(details, "usage"), "total")["credits"]
    shown = sum((Fraction(str(event["cost_total"])) for event in events), Fraction(0))
    assert shown + Fraction(str(spent)) == Fraction(direct.total())


@given(spec=fault_specs(), todo=plays)
@settings(max_examples=60, deadline=None)
def test_a_reply_is_always_whole_before_it_is_cut(spec: str, todo: list[Step]) -> None:
    """Whatever is to befall it, the bytes are HTTP and a cut is of one side only."""
    for answer in play(Direct(spec), todo):
        head = getattr(answer, "head", None)
        cut = getattr(answer, "cut", None)
        if head is not None:
            assert head().startswith(b"HTTP/1.1 ")
            assert head().endswith(b"\r\n\r\n")
        if cut is not None:
            assert (cut.request_body is None) != (cut.reply is None)
