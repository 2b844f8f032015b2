"""Law 14: a report's cells sum to the journal, for every grouping, zone and scope; and each one is right."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.report import cells, rollup
from ledger.report.values import Cell
from ledger.store import Store
from tests.ledger.acting import act, examples
from tests.ledger.world import World, plain, postgres_url, raw, world
from tests.strategies import LEDGER_SCOPES, Verb, groupings, traces

PERIOD = (date(2026, 11, 1), date(2027, 2, 1))
ZONES = ("UTC", "Asia/Kolkata", "America/Los_Angeles")
Key = tuple[str, ...]
Amounts = tuple[int, int, int, int]


def started(url: str | None = None) -> World:
    w = world("8", url)
    for scope in LEDGER_SCOPES[1:]:
        w.ledger.set_budget(scope, None, currency="USD")
    return w


def store_of(w: World) -> Store:
    return w.ledger._store  # pyright: ignore[reportPrivateUsage]


def spend(w: World, grouping: Sequence[str], tz: str = "UTC", scope: str | None = None) -> tuple[Cell, ...]:
    return store_of(w).read(lambda work: cells.spend(work, grouping, PERIOD, tz=tz, scope=scope))


def told(found: Sequence[Cell]) -> dict[Key, Amounts]:
    return {
        (*one.keys.values(), one.currency): (one.jobs, one.held.nanos, one.settled.nanos, one.provisional.nanos)
        for one in found
    }


def naive(w: World, grouping: Sequence[str], tz: str, scope: str | None) -> dict[Key, Amounts]:
    """The same, read off every row in the plainest way."""
    tables = plain(w.ledger)
    jobs = {row["id"]: row for row in tables["job"]}
    attempts = {row["id"]: row for row in tables["attempt"]}
    sums: defaultdict[Key, list[int]] = defaultdict(lambda: [0, 0, 0, 0])

    def into(job: dict[str, Any], attempt: dict[str, Any] | None) -> list[int]:
        day = datetime.fromtimestamp(job["granted_at"] // 1_000_000, UTC).astimezone(ZoneInfo(tz)).date()
        year, week, _ = day.isocalendar()
        offer = (attempt or job)["offer"]
        tags = {"{}": {}, '{"team":"ads"}': {"team": "ads"}}.get(job["tags"], {"team": "ads", "run": "2"})
        words = {
            "day": day.isoformat(),
            "week": f"{year}-W{week:02}",
            "month": day.isoformat()[:7],
            "provider": offer.split("/")[0] if attempt is None else attempt["provider"],
            "offer": offer,
            "scope": job["scope"],
            "scope:1": job["scope"].split("/")[0],
            "scope:2": "/".join(job["scope"].split("/")[:2]),
            "tag:team": tags.get("team", ""),
            "tag:absent": "",
        }
        return sums[(*(words[one] for one in grouping), job["currency"])]

    def mine(job: dict[str, Any]) -> bool:
        return scope is None or f"{job['scope']}/".startswith(f"{scope}/")

    entries: defaultdict[int, int] = defaultdict(int)
    for row in tables["entry"]:
        if row["account"].startswith("spent:"):
            entries[row["txn"]] += row["amount_nanos"]
    posted: set[str] = set()
    for row in tables["txn"]:
        if row["job"] is not None and mine(jobs[row["job"]]):
            one = into(jobs[row["job"]], attempts[row["attempt"]])
            one[0] += row["job"] not in posted
            one[2] += entries[row["id"]]
            posted.add(row["job"])
    for job in filter(mine, tables["job"]):
        tried = sorted((one["number"], one) for one in tables["attempt"] if one["job"] == job["id"])
        if job["open_nanos"]:
            one = into(job, tried[-1][1] if tried else None)
            one[0] += job["id"] not in posted
            one[1] += job["open_nanos"]
        if job["state"] == "settled" and job["evidence"] == "quote" and not job["final"]:
            last = [one for _, one in tried if one["posted_nanos"] is not None][-1]
            into(job, last)[3] += last["posted_nanos"]
    return {key: (jobs, held, settled, provisional) for key, (jobs, held, settled, provisional) in sums.items()}


def check(w: World, grouping: Sequence[str], tz: str, scope: str | None) -> None:
    found = spend(w, grouping, tz, scope)
    assert told(found) == naive(w, grouping, tz, scope)
    assert [tuple(one.keys.values()) for one in found] == sorted(tuple(one.keys.values()) for one in found)
    assert all(tuple(one.keys) == grouping and one.invoiced is None for one in found)


def run(w: World, trace: list[Verb], folds: set[int]) -> None:
    for n, verb in enumerate(trace):
        act(w, verb)
        if n in folds:
            rollup.fold(store_of(w), lag=0)


WHERE = st.sampled_from([None, *LEDGER_SCOPES])


@given(traces(), groupings(), st.sampled_from(ZONES), WHERE, st.sets(st.integers(0, 30)))
@examples(80)
def test_cells_are_the_journals_whenever_it_was_folded(
    trace: list[Verb], grouping: tuple[str, ...], tz: str, scope: str | None, folds: set[int]
) -> None:
    w = started()
    run(w, trace, folds)
    check(w, grouping, tz, scope)
    before = spend(w, grouping, tz, scope)
    rollup.fold(store_of(w), lag=0)
    assert spend(w, grouping, tz, scope) == before
    assert rollup.fold(store_of(w), lag=0) == 0
    total = spend(w, (), tz, scope)
    for column in ("held", "settled", "provisional"):
        assert sum(getattr(one, column).nanos for one in before) == sum(getattr(one, column).nanos for one in total)
    w.sound()


@pytest.mark.usefixtures("postgres")
@given(traces(), groupings(), st.sampled_from(ZONES), WHERE, st.sets(st.integers(0, 30)))
@examples(8)
def test_the_same_on_postgresql(
    trace: list[Verb], grouping: tuple[str, ...], tz: str, scope: str | None, folds: set[int]
) -> None:
    w = started(postgres_url())
    run(w, trace, folds)
    check(w, grouping, tz, scope)
    rollup.fold(store_of(w), lag=0)
    check(w, grouping, tz, scope)
    w.sound()
    w.ledger.close()


@given(traces(), st.sampled_from(["settled_nanos + 1", "settled_nanos - 1", "settled_nanos * 2 + 3"]))
@examples(20)
def test_a_rollup_that_was_changed_is_found_and_made_anew(trace: list[Verb], wrong: str) -> None:
    w = started()
    run(w, trace, set())
    rollup.fold(store_of(w), lag=0)
    if not plain(w.ledger)["daily"]:
        return
    before = spend(w, ("day", "offer"))
    raw(w.ledger, f"UPDATE daily SET settled_nanos = {wrong}")  # noqa: S608  # our own
    verdict = w.ledger.verify()
    assert not verdict.ok
    assert all(line.startswith("daily row") for line in verdict.faults)
    assert len(w.ledger.rebuild()) == len(verdict.faults)
    w.sound()
    assert spend(w, ("day", "offer")) == before
    rollup.fold(store_of(w), lag=0)
    assert spend(w, ("day", "offer")) == before
    w.sound()


def test_a_day_begins_where_its_zone_says() -> None:
    w = started()
    w.clock.now = datetime(2026, 11, 20, 18, 29, tzinfo=UTC)
    w.submitted("early", "a1")
    w.settle(None, "early", "a1")
    w.clock.forward(minutes=1)
    w.submitted("late", "a2")
    days = {one.keys["day"]: one.jobs for one in spend(w, ("day",), "Asia/Kolkata")}
    assert days == {"2026-11-20": 1, "2026-11-21": 1}
    assert cells.begins(date(2026, 11, 21), "Asia/Kolkata") == (int(w.clock.now.timestamp()) * 1_000_000)
    assert timedelta(microseconds=cells.begins(PERIOD[1], "UTC")) == datetime(2027, 2, 1) - datetime(1970, 1, 1)  # noqa: DTZ001
