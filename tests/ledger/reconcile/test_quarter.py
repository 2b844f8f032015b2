"""The acceptance: a made-up quarter with errors of all fifteen causes planted; each found, exact, and no other."""

from collections import Counter

import pytest

from ledger.reconcile.reconciling import reconcile
from ledger.reconcile.values import CAUSES, JobMatch
from tests.ledger.quarter import EUR, NOW, Planted, quarter


def found(planted: Planted, rows: list[JobMatch]) -> list[JobMatch]:
    if planted.job is not None:
        return [row for row in rows if row.job == planted.job]
    return [row for row in rows if row.job is None and planted.where in (f"{row.sku} {row.month}", row.why.split()[1])]


@pytest.mark.parametrize(("jobs", "seed"), [(600, 1), (600, 2), (50_000, 7)])
def test_every_planted_error_is_found_with_its_cause_and_amount_and_none_besides(jobs: int, seed: int) -> None:
    made = quarter(jobs, each=3, seed=seed)
    result = reconcile(made.claims, made.statements, at=NOW, worth={"EUR": EUR})
    rows = [row for row in result.jobs if row.cause != "none"]
    assert {one.cause for one in made.planted} == set(CAUSES)
    for planted in made.planted:
        (row,) = found(planted, rows)
        assert (row.cause, row.amount) == (planted.cause, planted.amount), planted
    assert len(rows) == len(made.planted), "a false break"
    of_size = [row for row in rows if row.standing == "tolerated"]
    assert all(row.cause == "rounding" for row in of_size)
    kinds = Counter(one.cause for one in made.planted if one.cause != "rounding")
    assert Counter(one.kind for one in result.open) == kinds
    assert len(result.breaks) == len(result.open)
    assert sum(row.jobs for row in result.jobs) == len(made.claims)


def test_a_quarter_without_errors_has_no_break() -> None:
    made = quarter(3_000, each=0)
    spared = [one for one in made.planted if one.job is None]  # what sums show is always planted
    result = reconcile(made.claims, made.statements, at=NOW)
    assert len(result.breaks) == len(spared)
    assert not result.tolerated
