"""Law 5 among processes that share nothing but the database: exactly what fits is granted, and nobody sees an error.

On PostgreSQL every process has a wall clock of its own, up to days wrong. `make sim` runs 16 × 2,000 and prints the
longest wait.
"""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger import Grant, Ledger
from ledger.jobs import holds
from pricing import usd
from tests.conftest import SWEEP
from tests.ledger import world as worlds
from tests.ledger.world import World, quote

from .crew import Crew, Doc

CROWD, HOLDS = (16, 2000) if SWEEP else (6, 25)
READY_S = 2.0 if SWEEP else 0.4
pytestmark = pytest.mark.timeout(1800 if SWEEP else 120)


def opened(url: str, limits: dict[str, str | None], **terms: Any) -> World:
    ledger = Ledger.open(url, **terms)
    worlds._open.append(ledger)  # pyright: ignore[reportPrivateUsage]
    for scope, limit in limits.items():
        ledger.set_budget(scope, None if limit is None else usd(limit), currency="USD", overrun="allow_to_limit")
    return World(ledger)


def crowd(
    crew: Crew, url: str, task: str, scopes: list[str], *, count: int = HOLDS, also: tuple[Doc, ...] = (), **more: Any
) -> list[Doc]:
    """Everybody at once; what each reports."""
    go = time.monotonic() + READY_S
    orders: list[Doc] = [
        {"name": f"p{n}", "task": task, "scopes": scopes, "count": count, "first": n} for n in range(CROWD)
    ]
    for n, order in enumerate((*orders, *also)):
        # Only a server's clock is everybody's: on one machine there is one clock to begin with.
        skew = (n - CROWD / 2) * 7777.7 if url.startswith("postgres") else 0
        crew.start(url=url, go=go, skew=skew, seed=n, **(order | more))
    return crew.ends(len(orders) + len(also), wait_s=1500 if SWEEP else 60)


def told(what: str, url: str, done: list[Doc], started: float) -> None:
    longest = max(one["longest"] for one in done)
    engine = url.partition(":")[0]
    print(f"\n{engine}, {what}: {CROWD} processes, {time.monotonic() - started:.1f} s, longest wait {longest:.2f} s")


def granted(done: list[Doc]) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in done:
        found.update(one["granted"])
    return found


def test_one_hot_budget(crew: Crew, place: str) -> None:
    fits = CROWD * HOLDS * 15 // 16
    w = opened(place, {"acme": f"{fits * 1.4 + 0.5:.2f}"})
    started = time.monotonic()
    done = crowd(crew, place, "race", ["acme"])
    told("one hot budget", place, done, started)
    assert granted(done) == {"acme": fits}
    assert w.budget() == (usd("0"), usd("1.40") * fits, usd("0.50"))
    w.sound()


def test_a_hundred_budgets(crew: Crew, place: str) -> None:
    scopes = [f"b{n}" for n in range(100 if SWEEP else 10)]
    asked = Counter(scopes[(n + first) % len(scopes)] for n in range(HOLDS) for first in range(CROWD))
    fits = {scope: asked[scope] - 3 * (n % 3) for n, scope in enumerate(scopes)}  # a third of them suffices
    w = opened(place, {scope: f"{fits[scope] * 1.4 + 0.5:.2f}" for scope in scopes})
    started = time.monotonic()
    done = crowd(crew, place, "race", scopes)
    told(f"{len(scopes)} budgets", place, done, started)
    assert granted(done) == fits
    assert {w.budget(scope)[2] for scope in scopes} == {usd("0.50")}
    w.sound()


def test_a_root_and_its_leaves(crew: Crew, place: str) -> None:
    """The root lets less in than its leaves together; two leaves are small, and one has no budget of its own."""
    total = CROWD * HOLDS
    leaves = [f"acme/leaf-{n}" for n in range(4)]
    root, small = total * 15 // 16, total // 5
    w = opened(
        place,
        {
            "acme": f"{root * 1.4 + 0.5:.2f}",
            leaves[0]: f"{small * 1.4 + 0.1:.2f}",
            leaves[1]: None,
            leaves[2]: "999999",
        },
    )
    started = time.monotonic()
    done = crowd(crew, place, "race", leaves)
    told("a root and four leaves", place, done, started)
    found = granted(done)
    assert found[leaves[0]] == small
    assert sum(found.values()) == root
    assert w.budget()[2] == usd("0.50")
    w.sound()


def test_every_verb_at_once_and_then_what_is_left(crew: Crew, place: str) -> None:
    """After any mixture the room that is left is the room that is given out: to the last hold, and not one more."""
    leaves = [f"acme/leaf-{n}" for n in range(4)]
    w = opened(place, {"acme": "70", leaves[0]: "20", leaves[1]: None})
    started = time.monotonic()
    done = crowd(crew, place, "mixed", leaves, count=HOLDS // 4 if SWEEP else HOLDS)
    told("every verb", place, done, started)
    w.sound()
    w.ledger.expire()
    room = w.budget()[2]
    assert room is not None
    assert room >= usd("0")
    fits = room.nanos // usd("1.40").nanos
    last = [w.hold(f"last-{n}", scope=leaves[2]) for n in range(fits + 1)]
    assert [grant.refused is None for grant in last] == [True] * fits + [False]
    w.sound()


@pytest.mark.parametrize("task", ["race", "mixed"])
def test_budgets_made_while_others_hold(crew: Crew, place: str, task: str) -> None:
    """A new budget opens with exactly what was held and spent below it: nothing that was on its way is missed."""
    scopes = [f"acme/c{n}/d" for n in range(8)]
    w = opened(place, {"acme": None})
    new = [scope.rpartition("/")[0] for scope in scopes] + scopes
    founder = {"name": "founder", "task": "founder", "scopes": new, "pause": 0.05 if SWEEP else 0.02}
    started = time.monotonic()
    done = crowd(crew, place, task, scopes, count=HOLDS // 4 if SWEEP else HOLDS, also=(founder,))
    told("budgets made meanwhile", place, done, started)
    w.sound()
    assert len(w.ledger.all_budgets()) == 17
    for scope in (*scopes, "acme"):
        assert w.budget(scope)[1].nanos == sum(
            job.open.nanos for job in w.ledger.jobs() if f"{job.scope}/".startswith(f"{scope}/")
        )


def test_a_month_turns_while_everybody_holds(crew: Crew, place: str) -> None:
    """Each month gives out its own limit, and no hold is in both."""
    each = HOLDS // 8 if SWEEP else HOLDS
    fits = CROWD * each // 4
    turn = datetime(2027, 1, 1, tzinfo=UTC)
    before = turn - timedelta(seconds=each // 2)  # each process's clock goes on a second a hold, or more
    w = opened(place, {"acme": None}, clock=lambda: before)
    w.ledger.set_budget("acme/x", usd(f"{fits * 1.4 + 0.5:.2f}"), window="month")
    w.ledger.set_budget("acme/x", None, currency="USD", window="day", tz="Asia/Kathmandu")
    since = time.monotonic()
    done = crowd(crew, place, "race", ["acme/x", "acme/x/y"], count=each, born=before.isoformat())
    told("a month turns", place, done, since)
    w.sound()
    months = Counter(job.created_at >= turn for job in w.ledger.jobs())
    assert sum(granted(done).values()) == sum(months.values())
    assert max(months.values()) == fits
    assert months[True] > 0
    held = w.budget("acme")[1]
    assert held == usd("1.40") * sum(months.values())


def test_a_budget_made_while_a_begin_raises_its_hold(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It had looked which budgets there are, and a new one had summed what was held: neither may miss the other."""
    w = opened(place, {"acme": None})
    other = World(Ledger.open(place))
    w.hold(scope="acme/c7")
    made = threading.Thread(target=lambda: other.ledger.set_budget("acme/c7", None, currency="USD"))
    keep = holds.add_quote

    def slowly(*args: Any) -> None:
        made.start()
        made.join(0.3)
        keep(*args)

    monkeypatch.setattr(holds, "add_quote", slowly)
    assert w.begin(price=quote("2.80")).refused is None
    made.join(10)
    w.sound()
    assert w.budget("acme/c7")[1] == usd("2.80")
    other.ledger.close()


@pytest.mark.parametrize("threads", [2, 8])
def test_threads_of_one_process(place: str, threads: int) -> None:
    w = opened(place, {"acme": "70.5"})

    def ask(n: int) -> bool:
        return w.hold(f"j{n}", scope=f"acme/leaf-{n % 3}").refused is None

    with ThreadPoolExecutor(threads) as pool:
        assert sum(pool.map(ask, range(80))) == 50
    assert w.budget()[1:] == (usd("70"), usd("0.5"))
    w.sound()


def test_twins_of_one_key_hold_once(place: str) -> None:
    w = opened(place, {"acme": "100"})
    others = [World(Ledger.open(place)) for _ in range(4)]

    def ask(n: int) -> Grant:
        return others[n % 4].hold(f"j{n}", key="one")

    with ThreadPoolExecutor(8) as pool:
        grants = list(pool.map(ask, range(16)))
    assert len({grant.job for grant in grants}) == 1
    assert [grant.replayed for grant in grants].count(False) == 1
    assert w.budget()[1] == quote().high
    for other in others:
        other.ledger.close()
    w.sound()
