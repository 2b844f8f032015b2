"""Bills in the database: imported once, charged by exact keys, reconciled, closed by people. On both databases."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from ledger import BadRequest, Imported, JobMatch, Ledger, Statement, read_statement
from ledger.bills import importing
from ledger.reconcile.values import CAUSES
from pricing import Money, usd
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


def event(job: str, amount: str = "1.40", at: str = "2026-11-20T12:05:00Z", **more: object) -> dict[str, object]:
    """A billing event of fal's."""
    total = Decimal(amount)
    return {
        "request_id": job, "endpoint_id": "fal-ai/creatify/aurora", "timestamp": at, "output_units": Decimal(10),
        "unit_price": total / 10, "cost_total": total, "cost_estimate_nano_usd": int(total * 10**9),
    } | more  # fmt: skip


def bill(*events: dict[str, object], day: int = 21) -> Statement:
    """What fal said on that day of November."""
    page = {"billing_events": list(events), "next_cursor": None, "has_more": False}
    period = date(2026, 11, 1), date(2026, 12, 1)
    return read_statement(
        "fal-billing-events", [page], fetched_at=datetime(2026, 11, day, tzinfo=UTC), period=period
    )  # fmt: skip


def refund(job: str, amount: str) -> dict[str, object]:
    return event(job, f"-{amount}", "2026-11-22T12:00:00Z", output_units=None, unit_price=None)


AT = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.mark.usefixtures("backend")
def test_a_bill_charges_what_it_names_and_adds_nothing_up() -> None:
    w = world.world()
    for number in range(6):
        w.submitted(f"j{number}", f"a{number}")
    w.settle(usd("1.40"), "j0", "a0", evidence="units")
    w.settle(usd("1.40"), "j1", "a1", evidence="units")
    w.settle(usd("1.40"), "j2", "a2", evidence="units")
    w.ledger.release(job="j3", attempt="a3", reason="it failed", proof="free by its rule")
    told = w.ledger.import_statement(
        bill(
            event("p-a0"),
            event("p-a1"),
            event("p-a1", at="2026-11-20T12:06:00Z"),
            event("p-a2"),
            event("p-a3"),
            event("p-a4", "1.05"),
            event("p-a5", "140"),
            event("p-stranger"),
        ),
        author="ann",
    )
    assert (told.lines, told.new_lines, told.charges, told.parked, told.unmatched) == (8, 8, 6, 1, 1)
    charged = {f"j{number}": w.job(f"j{number}").charged for number in range(6)}
    assert charged == {
        "j0": usd("1.40"), "j1": usd("1.40"), "j2": usd("1.40"), "j3": usd("1.40"), "j4": usd("1.05"), "j5": None
    }  # fmt: skip
    assert (w.state("j3"), w.state("j4"), w.state("j5")) == ("settled", "settled", "unknown")
    assert w.job("j0").evidence == "billing_event"
    rows = {row.job: row for row in w.ledger.reconcile(at=AT).jobs}
    causes = {job: row.cause for job, row in rows.items()}
    assert causes == {
        "j0": "none", "j1": "duplicate", "j2": "none", "j3": "late_charge_after_release", "j4": "unit_price",
        "j5": "unit_price", None: "unknown_charge",
    }  # fmt: skip
    w.sound()
    w.ledger.import_statement(bill(event("p-a0"), event("p-a2"), refund("p-a2", "1.40"), day=23), author="ann")
    assert w.job("j2").charged == usd(0)
    assert w.job("j0").charged == usd("1.40")
    w.sound()


@pytest.mark.usefixtures("backend")
def test_words_on_breaks_post_what_is_accepted_once_and_new_evidence_opens_them_again() -> None:
    w = world.world()
    w.submitted("j1", "a1")
    w.settle(usd("1.40"), "j1", "a1", evidence="units")
    w.submitted("j2", "a2")
    twice = event("p-a1"), event("p-a1", at="2026-11-20T12:06:00Z")
    w.ledger.import_statement(bill(*twice, event("p-a2", "140"), event("p-stranger")), author="ann")
    breaks = {one.kind: one for one in w.ledger.reconcile(at=AT).breaks}
    w.clock.forward(days=8)
    double = w.ledger.close_break(breaks["duplicate"].id, "accepted", author="ann", note="they made two")
    assert (double.status, w.job("j1").charged) == ("accepted", usd("2.80"))
    huge = w.ledger.close_break(breaks["unit_price"].id[:8], "accepted", author="ann", note="they are right")
    assert (huge.status, w.job("j2").charged, w.state("j2")) == ("accepted", usd(140), "settled")
    stranger = w.ledger.close_break(breaks["unknown_charge"].id, "disputed", author="bob", note="never asked for")
    assert stranger.status == "disputed"
    before = world.dump(w.ledger)
    w.ledger.close_break(breaks["unknown_charge"].id, "disputed", author="bob", note="never asked for")
    assert world.dump(w.ledger) == before
    w.clock.forward(minutes=1)
    w.ledger.close_break(breaks["unknown_charge"].id, "accepted", author="ann", note="a trial by hand")
    w.ledger.close_break(breaks["unknown_charge"].id, "accepted", author="ann", note="said again")
    sums = expenses(w)
    assert sums == usd("2.80") + usd(140) + usd("1.40")
    w.sound()
    w.ledger.import_statement(
        bill(*twice, event("p-a1", at="2026-11-20T12:07:00Z"), event("p-a2", "140"), event("p-stranger"), day=29),
        author="ann",
    )
    again = {one.kind: one for one in w.ledger.reconcile().breaks}
    assert again["duplicate"].reopened
    assert again["duplicate"].amount == usd("2.80")
    assert (again["unknown_charge"].status, again["unit_price"].status) == ("accepted", "accepted")
    with pytest.raises(BadRequest, match="is no break now"):
        w.ledger.close_break("f" * 16, "accepted", author="ann", note="why")
    assert w.ledger.rebuild() == ()
    w.sound()


def expenses(w: world.World) -> Money:
    rows = world.plain(w.ledger)["entry"]
    return Money(sum(row["amount_nanos"] for row in rows if row["account"] == "expense:fal"), "USD")


@pytest.mark.usefixtures("backend")
def test_credits_billed_for_no_job_are_drawn_from_lots() -> None:
    w = world.world()
    w.ledger.buy_credits("creatify", world.credit("100"), usd("19.80"), lot="l1")
    job = {"id": "x-1", "name": None, "status": "done", "created_at": "2026-11-20T12:05:00Z", "credits_used": 11}
    lines = [[job | {"model_version": "aurora_v1", "audio": "https://files.example/talk.mp3"}]]
    period = date(2026, 11, 1), date(2026, 12, 1)
    statement = read_statement("creatify-jobs", lines, fetched_at=AT, period=period)
    w.ledger.import_statement(statement, author="ann")
    (one,) = w.ledger.reconcile(at=AT).open
    w.clock.forward(days=9)
    w.ledger.close_break(one.id, "accepted", author="ann", note="a trial by hand")
    w.ledger.draw_credits("creatify")
    (left,) = w.ledger.credits("creatify")
    assert left.remaining == world.credit("89")
    w.sound()


def test_an_import_that_was_cut_off_goes_on_and_is_not_complete_until_then(monkeypatch: pytest.MonkeyPatch) -> None:
    w = world.world()
    whole = bill(*(event(f"p-{number}", at=f"2026-11-20T12:{number % 60:02d}:00Z") for number in range(450)))
    bring, calls = importing.bring, list[int]()

    def cut(*given: Any) -> Imported:
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("the power went")
        return bring(*given)

    monkeypatch.setattr(importing, "bring", cut)
    with pytest.raises(RuntimeError, match="power"):
        w.ledger.import_statement(whole, author="ann")
    (head,) = w.ledger.statements()
    assert (head.complete, head.lines) == (False, 450)
    w.sound()
    told = w.ledger.import_statement(whole, author="ann")
    assert (told.lines, told.new_lines) == (450, 450 - 2 * importing.PAGE)
    (head,) = w.ledger.statements()
    assert head.complete
    assert len(w.ledger.reconcile(at=AT).jobs) == 450


def test_bills_propose_a_price_and_tell_how_good_quotes_are() -> None:
    w = world.world()
    events = list[dict[str, object]]()
    for number in range(10):
        w.submitted(f"j{number}", f"a{number}")
        w.settle(usd("1.40"), f"j{number}", f"a{number}", evidence="quote", final=False)
        events.append(event(f"p-a{number}", "1.10"))
    w.ledger.import_statement(bill(*events), author="ann")
    (drift,), _ = w.ledger.proposals("fal")
    assert (drift.card_price, drift.supported_price, drift.charges) == (Fraction(14, 100), Fraction(11, 100), 10)
    (accuracy,) = w.ledger.accuracy()
    assert (accuracy.jobs, accuracy.p50) == (10, Fraction(110, 140))
    assert w.ledger.proposals("creatify") == ((), ())
    rows = w.ledger.reconcile("fal", "2026-11", at=AT)
    assert {row.cause for row in rows.jobs} == {"unit_price"}
    assert w.ledger.reconcile("fal", "2026-10", at=AT).jobs == ()
    with pytest.raises(BadRequest, match="is not a month"):
        w.ledger.reconcile(month="2026-1")
