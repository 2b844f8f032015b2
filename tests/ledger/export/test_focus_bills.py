"""FOCUS beside imported bills: the rows of an invoice come to the invoice, also where it has what is no job's."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import BadRequest, Ledger, Statement
from ledger.statement.lines import LineKind, StatementLine
from pricing import Money, usd
from tests.ledger.acting import examples
from tests.ledger.world import World, credit, quote, world

from .test_focus import Rows, adds_up, conforms, rows_of, sums

PERIOD = date(2026, 11, 1), date(2026, 12, 1)
FETCHED = datetime(2026, 11, 25, tzinfo=UTC)


def line(
    invoice: str, amount: Money, kind: LineKind = "usage", job: str | None = None, provider: str = "fal",
    key: str | None = None,
) -> StatementLine:  # fmt: skip
    named = key or f"{invoice} {kind} {job} {amount}"
    return StatementLine(
        provider, "csv", named, kind, amount, datetime(2026, 11, 20, 12, 30, tzinfo=UTC), PERIOD,
        provider_job=job, invoice=invoice, sku="" if job else f"a {kind}",
    )  # fmt: skip


def imported(ledger: Ledger, *lines: StatementLine) -> None:
    ledger.import_statement(Statement(lines[0].provider, "csv", PERIOD, lines, True, FETCHED), author="ann")


def accepted(ledger: Ledger) -> None:
    """A person agrees with the bill, whatever it says."""
    for one in ledger.reconcile().breaks:
        if one.status in ("open", "pending"):
            ledger.close_break(one.id, "accepted", author="ann", note="as billed")


def by_invoice(rows: Rows) -> dict[str, Fraction]:
    return {name: total for (name,), total in sums(rows, "BilledCost", "InvoiceId").items()}


def totals(lines: Iterable[StatementLine]) -> dict[str, Fraction]:
    found: Counter[str] = Counter()
    for one in lines:
        found[str(one.invoice)] += one.amount.nanos
    return {name: Fraction(nanos, 10**9) for name, nanos in found.items() if nanos}


def exported(ledger: Ledger) -> Rows:
    rows = rows_of(ledger)
    conforms(rows)
    adds_up(ledger, rows)
    return rows


def spending() -> World:
    """Two jobs settled, one under way."""
    w = world()
    for number in range(3):
        w.submitted(f"j{number}", f"a{number}")
    w.settle(usd("1.40"), "j0", "a0")
    w.settle(usd("1.40"), "j1", "a1", evidence="units")
    return w


def test_an_invoice_with_tax_and_strangers_and_the_credit_note_after_it() -> None:
    w = spending()
    assert {row["x_ReconStatus"] for row in rows_of(w.ledger)} == {"unbilled"}
    first = (
        line("INV-9", usd("1.40"), job="p-a0"),
        line("INV-9", usd("1.54"), job="p-a1"),
        line("INV-9", usd("0.70"), job="p-a2"),
        line("INV-9", usd("0.33"), "tax"),
        line("INV-9", usd("0.05"), "fee"),
        line("INV-9", usd("-0.20"), "discount"),
        line("INV-9", usd("0.98"), job="p-stranger"),
    )
    imported(w.ledger, *first)
    accepted(w.ledger)
    rows = exported(w.ledger)
    assert by_invoice(rows) == totals(first) == {"INV-9": Fraction("4.80")}
    loose = {row["ChargeCategory"]: row for row in rows if not row["x_JobId"]}
    assert {name: row["BilledCost"] for name, row in loose.items()} == {
        "Tax": "0.33", "Adjustment": "0.05", "Credit": "-0.2", "Usage": "0.98"
    }  # fmt: skip
    assert loose["Usage"]["x_ProviderJobId"] == "p-stranger"
    assert loose["Tax"]["PricingQuantity"] == loose["Tax"]["SkuId"] == ""
    assert {row["x_ReconStatus"] for row in rows} == {"billed"}

    w.clock.forward(days=3)
    second = line("INV-10", usd("-0.14"), "refund", job="p-a1")
    imported(w.ledger, second)
    accepted(w.ledger)
    assert by_invoice(exported(w.ledger)) == totals([*first, second])


def test_what_waits_for_a_person_is_not_in_the_rows_and_said_to_differ() -> None:
    w = spending()
    imported(w.ledger, line("INV-9", usd("140"), job="p-a0"), line("INV-9", usd("1.40"), job="p-a1"))
    rows = exported(w.ledger)
    assert by_invoice(rows) == {"INV-9": Fraction("2.80")}
    assert {row["x_JobId"]: row["x_ReconStatus"] for row in rows} == {"j0": "differs", "j1": "billed"}
    accepted(w.ledger)
    rows = exported(w.ledger)
    assert {row["x_ReconStatus"] for row in rows} == {"billed"}
    assert sum(by_invoice(rows).values()) == Fraction("141.40")


def test_credits_billed_for_no_job_are_drawn_and_worth_what_they_had_cost() -> None:
    w = world()
    w.ledger.buy_credits("creatify", credit("7"), usd("1.05"), lot="L1")
    w.ledger.buy_credits("creatify", credit("30"), usd("6.00"), lot="L2")
    imported(w.ledger, line("C-1", credit("10"), job="p-stranger", provider="creatify"))
    accepted(w.ledger)
    with pytest.raises(
        BadRequest, match="10 creatify-credit was billed for no job, and nothing says what that is"
    ) as no:
        rows_of(w.ledger)
    assert "faregate credits add" in str(no.value.next)
    w.ledger.draw_credits("creatify")
    used = [row for row in exported(w.ledger) if row["ChargeCategory"] == "Usage"]
    assert [(row["x_CreditLotId"], row["PricingCurrencyEffectiveCost"]) for row in used] == [
        ("L1", "7.0"), ("L2", "3.0")
    ]  # fmt: skip
    assert sum(Decimal(row["EffectiveCost"]) for row in used) == Decimal("1.65")
    assert {row["BilledCost"] for row in used} == {"0.0"}


def test_what_a_bill_of_sums_did_not_have_is_a_row_too_once_it_is_accepted() -> None:
    w = world()
    price = quote(offer="runware/creatify:aurora@0")
    w.hold("j1", price=price)
    w.begin("j1", "a1", provider="runware", price=price)
    w.ledger.outcome(job="j1", attempt="a1", outcome="accepted", provider_job="p1")
    w.settle(usd("1.40"), "j1", "a1")
    w.ledger.import_statement(
        Statement("runware", "runware-usage", PERIOD, (), True, FETCHED, per_job=False), author="ann"
    )
    w.clock.forward(days=40)
    accepted(w.ledger)
    rows = exported(w.ledger)
    assert [(row["ChargeCategory"], row["BilledCost"], row["x_JobId"]) for row in rows] == [
        ("Usage", "1.4", "j1"), ("Adjustment", "-1.4", "")
    ]  # fmt: skip


KINDS: tuple[LineKind, ...] = ("usage", "tax", "fee", "discount", "refund")
AMOUNTS = st.one_of(
    st.sampled_from(["1.40", "0.14", "2.80"]), st.integers(1, 3 * 10**9).map(lambda n: f"{n // 10**9}.{n % 10**9:09}")
)


@given(st.lists(st.lists(st.tuples(st.sampled_from(KINDS), AMOUNTS, st.integers(0, 5)), max_size=6), max_size=3))
@examples(25)
def test_the_rows_of_any_invoices_come_to_them(invoices: list[list[tuple[LineKind, str, int]]]) -> None:
    """One after the other, each accepted; lines of jobs, of strangers, of none, repeated, given back, mixed"""
    w, keys, seen = spending(), count(), list[StatementLine]()
    for number, drawn in enumerate(invoices):
        lines = list[StatementLine]()
        for kind, amount, whose in drawn:
            job = f"p-a{whose}" if kind == "usage" else None
            money = usd(amount) if kind in ("usage", "tax", "fee") else -usd(amount)
            lines.append(line(f"INV-{number}", money, kind, job, key=f"line {next(keys)}"))
        if not lines:
            continue
        imported(w.ledger, *lines)
        accepted(w.ledger)
        w.clock.forward(days=1)
        seen += lines
        unbilled = {"p-a0", "p-a1"} - {one.provider_job for one in seen}
        rest = {"": len(unbilled) * Fraction("1.40")} if unbilled else {}
        assert by_invoice(exported(w.ledger)) == totals(seen) | rest
