"""FOCUS 1.2, rule by rule: those that its validator misses or cannot pass with credits, and what must add up.

Rules: https://github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec, tag v1.2. The validator does not see a ListCost
that is not price × quantity, times that are not ISO, nested JSON in Tags, a period that ends before it starts, a
BilledCost on prepaid usage; it fails every PricingCurrency that is not national, which the specification allows.
"""

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from ledger import BadRequest, Ledger
from ledger.export import focus
from ledger.statement.focus import focus_csv
from pricing import Money
from tests.ledger.acting import act, examples
from tests.ledger.world import World, credit, credits_quote, world
from tests.strategies import Verb, traces

from .rich import rich
from .test_jobs import exported, table

MANDATORY = (
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodStart", "BillingPeriodEnd",
    "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodStart", "ChargePeriodEnd", "ContractedCost",
    "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName",
    "ServiceCategory", "ServiceName",
)  # fmt: skip
NOT_NULL = (set(MANDATORY) - {"ChargeClass"}) | {
    "ChargeFrequency", "ContractedUnitPrice", "ListUnitPrice", "PricingCategory", "PricingCurrency", "SkuId",
    "SkuPriceId", "ServiceSubcategory", "PricingCurrencyEffectiveCost", "x_LineId",
}  # fmt: skip
NOT_OF_TAX = {
    "PricingQuantity", "PricingUnit", "PricingCategory", "ListUnitPrice", "ContractedUnitPrice", "SkuId", "SkuPriceId"
}  # fmt: skip
DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]{1,9}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
KIND = {column.name: column.kind for column in focus.COLUMNS}
Rows = list[dict[str, str]]


def rows_of(ledger: Ledger, **more: Any) -> Rows:
    return table(exported(ledger, "focus", **more))


def conforms(rows: Rows) -> None:
    """Every rule about one row."""
    for row in rows:
        for name, text in row.items():
            if text:
                assert KIND[name] != "amount" or DECIMAL.fullmatch(text), (name, text)
                assert KIND[name] != "second" or TIME.fullmatch(text), (name, text)
            assert text not in ("N/A", "null", "None")
        for name in NOT_NULL:
            assert bool(row[name]) is not (row["ChargeCategory"] == "Tax" and name in NOT_OF_TAX), (name, row)
        _periods(row)
        _prices(row)
        _kinds(row)
        for name in ("Tags", "SkuPriceDetails"):
            inside: dict[str, object] = json.loads(row[name] or "{}")
            assert all(isinstance(value, (str, int, bool)) or value is None for value in inside.values()), "not nested"
        assert all(name.startswith("x_") for name in json.loads(row["SkuPriceDetails"] or "{}"))
    assert len({row["x_LineId"] for row in rows}) == len(rows)


def _periods(row: dict[str, str]) -> None:
    start, end = (datetime.fromisoformat(row[f"BillingPeriod{word}"]) for word in ("Start", "End"))
    assert (start.day, start.hour, start.minute, start.second) == (1, 0, 0, 0)
    assert (end.day, end > start, (end - start).days <= 31) == (1, True, True)
    begun, ended = (datetime.fromisoformat(row[f"ChargePeriod{word}"]) for word in ("Start", "End"))
    assert begun < ended
    if row["ChargeCategory"] == "Usage" and not row["ChargeClass"]:
        assert start <= begun < end


def _prices(row: dict[str, str]) -> None:
    """Unit price × quantity is the cost, without a remainder, in every currency."""
    value = {name: Decimal(row[name]) for name, kind in KIND.items() if kind == "amount" and row[name]}
    if row["ChargeCategory"] == "Tax":
        assert value["ListCost"] == value["ContractedCost"] == value["BilledCost"] == value["EffectiveCost"]
        return
    quantity = value["PricingQuantity"]
    for word in ("List", "Contracted"):
        assert value[f"{word}UnitPrice"] * quantity == value[f"{word}Cost"]
    if row["ChargeCategory"] != "Purchase":
        charged = value["PricingCurrencyContractedUnitPrice"] * quantity
        assert charged == value["PricingCurrencyEffectiveCost"]
        if row["PricingCurrency"] == row["BillingCurrency"]:
            assert value["BilledCost"] == value["EffectiveCost"] == value["ContractedCost"] == charged
    assert quantity
    assert re.fullmatch(r"([0-9.]+ )?[A-Z][A-Za-z ]*s", row["PricingUnit"])


def _kinds(row: dict[str, str]) -> None:
    zero = Decimal(0)
    prepaid = row["PricingCurrency"] != row["BillingCurrency"]
    match row["ChargeCategory"]:
        case "Usage":
            assert row["ChargeFrequency"] == "Usage-Based"
            assert bool(row["SubAccountId"]) == bool(row["x_JobId"])
            assert bool(row["ConsumedQuantity"]) == bool(row["ConsumedUnit"]) == (not row["ChargeClass"])
            if prepaid:
                assert Decimal(row["BilledCost"]) == zero, "credits are paid for when they are bought"
            assert row["x_CostBasis"] == ("posted" if not prepaid else "lot" if row["x_CreditLotId"] else "plan")
        case "Purchase":
            assert row["ChargeFrequency"] == "One-Time"
            assert Decimal(row["EffectiveCost"]) == Decimal(row["PricingCurrencyEffectiveCost"]) == zero
            assert {row[name] for name in ("SubAccountId", "Tags", "ConsumedQuantity")} == {""}
            assert not prepaid
        case "Credit" | "Adjustment" | "Tax":
            assert row["ChargeFrequency"] == "One-Time"
            assert {row[name] for name in ("SubAccountId", "Tags", "ConsumedQuantity", "x_JobId")} == {""}
            assert row["ChargeCategory"] != "Credit" or Decimal(row["BilledCost"]) < zero or prepaid
        case other:
            pytest.fail(f"{other} is no category of ours")
    assert row["ChargeClass"] in ("", "Correction")
    assert re.fullmatch(r"[A-Z]{3}", row["BillingCurrency"])
    assert row["ServiceCategory"] == "AI and Machine Learning"
    assert row["PricingCategory"] == ("" if row["ChargeCategory"] == "Tax" else "Standard")
    assert {row["CommitmentDiscountId"], row["CommitmentDiscountStatus"]} == {""}


def sums(rows: Rows, column: str, *by: str, **where: str) -> dict[tuple[str, ...], Fraction]:
    found: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        if all(row[name] == value for name, value in where.items()):
            found[tuple(row[name] for name in by)] += Fraction(row[column])  # type: ignore[assignment]
    return {key: value for key, value in found.items() if value}  # type: ignore[misc]


def journal(ledger: Ledger, account: str) -> dict[tuple[str, ...], Fraction]:
    """What the journal says of the accounts of this kind: by provider and currency."""
    store = ledger._store  # pyright: ignore[reportPrivateUsage]
    found: Counter[tuple[str, ...]] = Counter()
    for name, currency, nanos in store.read(
        lambda work: work.text("SELECT account, currency, amount_nanos FROM entry WHERE book = 'money'")
    ):
        kind, _, provider = name.partition(":")
        if kind == account:
            found[provider, currency] += Fraction(nanos, 10**9)  # type: ignore[assignment]
    return {key: value for key, value in found.items() if value}  # type: ignore[misc]


def adds_up(ledger: Ledger, rows: Rows) -> None:
    """The law: what is billed, used up and drawn is what the journal says."""
    by = "ProviderName", "PricingCurrency"
    charges = [row for row in rows if row["ChargeCategory"] != "Purchase"]
    assert sums(charges, "PricingCurrencyEffectiveCost", *by) == journal(ledger, "expense")
    billed = sums(charges, "BilledCost", "ProviderName", "BillingCurrency")
    assert billed == {key: -value for key, value in journal(ledger, "payable").items()}
    cash = sums(rows, "BilledCost", "ProviderName", "BillingCurrency", ChargeCategory="Purchase")
    assert cash == {key: -value for key, value in journal(ledger, "cash").items()}
    drawn = sums(rows, "EffectiveCost", "ProviderName", "BillingCurrency", x_CostBasis="lot")
    assert drawn == journal(ledger, "drawn")
    bought = sums(rows, "PricingQuantity", "ProviderName", ChargeCategory="Purchase", PricingUnit="Credits")
    whole = all(row["PricingUnit"] == "Credits" for row in rows if row["ChargeCategory"] == "Purchase")
    issued = {key[:1]: -value for key, value in journal(ledger, "issued").items()}
    assert not whole or bought == issued


def test_a_ledger_with_everything_in_it() -> None:
    w = rich()
    rows = rows_of(w.ledger)
    conforms(rows)
    adds_up(w.ledger, rows)
    assert set(MANDATORY) <= set(rows[0])
    names = list(rows[0])
    own = [name for name in names if name.startswith("x_")]
    assert names[-len(own) :] == own, "custom columns go last"


@given(traces(40))
@examples(6)
def test_any_trace_conforms_and_adds_up(trace: list[Verb]) -> None:
    w = world("20")
    for verb in trace:
        act(w, verb)
    w.ledger.draw_credits("creatify")
    rows = rows_of(w.ledger)
    conforms(rows)
    adds_up(w.ledger, rows)
    typed = [row for row in rows if row["ChargeCategory"] == "Usage"]
    spent = sum(
        (one.charged.amount for one in w.ledger.jobs() if one.charged is not None and _dollars(one)), Decimal(0)
    )
    assert sum((Decimal(row["BilledCost"]) for row in typed), Decimal(0)) == spent


def _dollars(job: Any) -> bool:
    return job.native is not None and job.native.currency == "USD"


def test_the_sums_of_an_invoice_are_the_invoice() -> None:
    rows = rows_of(rich().ledger)
    by_invoice = sums(rows, "BilledCost", "InvoiceId", ProviderName="fal")
    assert by_invoice["INV-1",] == Fraction("1.40")
    assert by_invoice["INV-1",] + by_invoice["INV-2",] == Fraction("1.26"), "the second one corrects the first"
    corrections = [row for row in rows if row["ChargeClass"]]
    assert [(row["InvoiceId"], row["PricingQuantity"], row["BilledCost"]) for row in corrections] == [
        ("INV-2", "-1.0", "-0.14")
    ]


def test_a_charge_over_two_lots_is_a_row_for_each() -> None:
    rows = [row for row in rows_of(rich().ledger) if row["x_JobId"] == "j5"]
    lots = [(row["x_CreditLotId"], row["PricingQuantity"], row["x_CostBasis"]) for row in rows]
    assert sum(Decimal(quantity) for _, quantity, _ in lots) == 40
    assert lots[-1][0] == "", "no lot covers the rest"
    assert lots[-1][2] == "plan"
    assert Decimal(rows[-1]["EffectiveCost"]) == Decimal(lots[-1][1]) * Decimal("0.198"), "as it was quoted; never zero"
    assert [row["x_HeldCost"] != "" for row in rows] == [True] + [False] * (len(rows) - 1)


def test_bought_is_used_and_left_and_expired() -> None:
    w = rich()
    w.clock.forward(days=40)
    w.ledger.draw_credits("creatify")
    rows = rows_of(w.ledger)
    cash = sum(sums(rows, "BilledCost", ChargeCategory="Purchase").values())
    used = sum(sums(rows, "EffectiveCost", x_CostBasis="lot").values())
    lots = [lot for one in w.ledger.credits() for lot in one.lots]
    left = sum((Fraction(lot.remaining_cost.amount) for lot in lots), Fraction(0))
    lost = sum(value for (_, currency), value in journal(w.ledger, "breakage").items() if currency == "USD")
    assert cash == used + left + lost


def test_credits_nobody_can_value_are_refused_not_free() -> None:
    w = world()
    w.ledger.set_budget("solo", credit("100"))
    price = credits_quote()
    worthless = replace(price, dollars=None, plan=None)
    w.hold("j1", scope="solo", price=worthless)
    w.begin("j1", "a1", provider="creatify", price=worthless)
    w.ledger.outcome(job="j1", attempt="a1", outcome="accepted", provider_job="p1")
    w.settle(credit("11"), "j1", "a1")
    with pytest.raises(BadRequest, match="job j1 was charged in creatify-credit, and nothing says what that is worth"):
        rows_of(w.ledger)


def test_a_month_is_its_billing_period() -> None:
    w = rich()
    w.clock.now = datetime(2026, 12, 1, 0, 0, 1, tzinfo=UTC)
    w.submitted("j9", "a9")
    w.settle(Money.of("1.40", "USD"), "j9", "a9")
    november = rows_of(w.ledger, until=date(2026, 12, 1))
    december = rows_of(w.ledger, since=date(2026, 12, 1))
    assert {row["x_JobId"] for row in december} == {"j9"}
    assert {row["BillingPeriodStart"] for row in november} == {"2026-11-01T00:00:00Z"}
    assert november + december == rows_of(w.ledger)


def test_our_own_reader_reads_it_back() -> None:
    """Export, import: the same charges, credits as credits, each worth what it had cost."""
    rows = exported(rich().ledger, "focus")
    for provider in ("fal", "creatify"):
        of = [line for n, line in enumerate(rows.split("\r\n")) if n == 0 or f",{provider}," in line]
        found = focus_csv("\r\n".join(of), fetched_at=datetime(2026, 12, 1, tzinfo=UTC))
        used = sum((line.amount.amount for line in found.lines if line.kind in ("usage", "refund")), Decimal(0))
        assert used == (Decimal("1.40") + Decimal("1.26") + Decimal("0.700000001") if provider == "fal" else 49)


def test_parquet_and_its_metadata(tmp_path: Path) -> None:
    parquet = import_module("pyarrow.parquet")
    w: World = rich()
    count = w.ledger.export("focus", tmp_path / "bill.parquet")
    found = parquet.read_table(tmp_path / "bill.parquet")
    rows = rows_of(w.ledger)
    assert found.num_rows == count == len(rows)
    for name, kind in KIND.items():
        if kind == "amount":
            assert found.column(name).to_pylist() == [Decimal(row[name]) if row[name] else None for row in rows]
    said = json.loads((tmp_path / "bill.parquet.metadata.json").read_text())
    assert said["Schema"]["FocusVersion"] == "1.2"
    assert [one["ColumnName"] for one in said["Schema"]["ColumnDefinition"]] == found.column_names
    decimals = {one["ColumnName"] for one in said["Schema"]["ColumnDefinition"] if one["DataType"] == "DECIMAL"}
    assert decimals == {name for name, kind in KIND.items() if kind == "amount"}
