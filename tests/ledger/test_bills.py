"""Bills in the database: imported once, charged by exact keys, reconciled, closed by people. On both databases."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import pytest

from ledger import Imported, JobMatch, Ledger, Statement
from ledger.reconcile.values import CAUSES
from tests.ledger import books, world
from tests.ledger.quarter import EUR, FETCHED, NOW, Planted, Quarter, quarter

MINIMUMS = {f"creatify/{model}": Fraction(75) for model in ("aurora_v1", "aurora_v1_fast", "aurora_v2")}


def written(jobs: int, each: int = 1, seed: int = 3) -> tuple[Quarter, Ledger, world.Clock]:
    made, w = quarter(jobs, each=each, seed=seed), world.Clock()
    w.now = made.claims[0].submitted_at.replace(month=6)
    ledger = Ledger.open(world.fresh_url(), clock=w)
    books.write(ledger, w, made.claims)
    w.now = FETCHED
    return made, ledger, w


def brought(ledger: Ledger, statements: Sequence[Statement]) -> list[Imported]:
    return [ledger.import_statement(one, author="ann") for one in statements]


def found(planted: Planted, rows: Sequence[JobMatch]) -> list[JobMatch]:
    if planted.job is not None:
        return [row for row in rows if row.job == planted.job]
    return [row for row in rows if row.job is None and planted.where in (f"{row.sku} {row.month}", row.why.split()[1])]


@pytest.mark.usefixtures("backend")
def test_every_error_planted_in_a_quarter_is_found_through_the_database() -> None:
    made, ledger, _ = written(250)
    with ledger:
        told = brought(ledger, made.statements)
        assert sum(one.new_lines for one in told) == sum(len(one.lines) for one in made.statements)
        result = ledger.reconcile(at=NOW, worth={"EUR": EUR}, minimums=MINIMUMS)
        rows = [row for row in result.jobs if row.cause != "none"]
        for planted in made.planted:
            (row,) = found(planted, rows)
            assert (row.cause, row.amount) == (planted.cause, planted.amount), (planted, row)
        assert len(rows) == len(made.planted), "a false break"
        assert {one.cause for one in made.planted} == set(CAUSES)
        kinds = Counter(one.cause for one in made.planted if one.cause != "rounding")
        assert Counter(one.kind for one in result.open) == kinds
        verdict = ledger.verify()
        assert verdict.ok, verdict.faults
        before = world.dump(ledger)
        again = brought(ledger, made.statements)
        assert world.dump(ledger) == before
        assert not any(one.new_lines or one.charges for one in again)
