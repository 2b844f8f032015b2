"""Charges and purchases as rows of FOCUS 1.2, exact to the digit. Pure: one transaction of the journal in, rows out.

A charge in dollars is one row. One paid from credits is a row for each lot it drew from: BilledCost is 0, EffectiveCost
what those credits had cost; the purchase has the cash in BilledCost and an EffectiveCost of 0. So nothing is counted
twice: cash is the sum of BilledCost, consumption that of EffectiveCost. A later word is a row of the difference.
Source: https://github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec, tag v1.2; docs/exports.md has what is not met.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from ..instants import EPOCH
from ..store import Row as Found
from .cells import Column, Row
from .focusrows import bill, charge, purchase

VERSION: Final = "1.2"
COLUMNS: Final = (
    Column("BilledCost", "amount", "money owed for it; credits are paid for when they are bought"),
    Column("BillingAccountId", "text", "the provider: a ledger knows one account of each"),
    Column("BillingAccountName", "text", "the same"),
    Column("BillingCurrency", "text"),
    Column("BillingPeriodEnd", "second"),
    Column("BillingPeriodStart", "second", "the UTC month of the attempt, or of a correction or a purchase"),
    Column("ChargeCategory", "text", "Usage or Purchase; of what is no job's also Credit, Adjustment, Tax"),
    Column("ChargeClass", "text", "Correction: posted after the attempt was on an invoice"),
    Column("ChargeDescription", "text"),
    Column("ChargeFrequency", "text"),
    Column("ChargePeriodEnd", "second", "when it was first posted; of a purchase, when the credits expire"),
    Column("ChargePeriodStart", "second", "when the attempt was made; of a purchase, when the credits can be used"),
    Column("CommitmentDiscountId", "text", "always empty"),
    Column("CommitmentDiscountStatus", "text", "always empty"),
    Column(
        "ConsumedQuantity",
        "amount",
        "as measured, where the charge is the quoted one; else PricingQuantity; of a correction empty",
    ),
    Column("ConsumedUnit", "text"),
    Column("ContractedCost", "amount", "PricingQuantity × ContractedUnitPrice"),
    Column("ContractedUnitPrice", "amount", "by the price book that quoted it"),
    Column("EffectiveCost", "amount", "what was used up, in money"),
    Column(
        "InvoiceId", "text", "the first invoice since that has the attempt, by statements or as recorded; empty: none"
    ),
    Column("InvoiceIssuerName", "text"),
    Column("ListCost", "amount"),
    Column("ListUnitPrice", "amount"),
    Column("PricingCategory", "text"),
    Column("PricingCurrency", "text", "the dollar, or the provider's credits"),
    Column("PricingCurrencyContractedUnitPrice", "amount"),
    Column("PricingCurrencyEffectiveCost", "amount", "the charge in that currency; 0 for a purchase"),
    Column("PricingCurrencyListUnitPrice", "amount"),
    Column("PricingQuantity", "amount", "as billed, after rounding up to blocks"),
    Column("PricingUnit", "text"),
    Column("ProviderName", "text"),
    Column("PublisherName", "text"),
    Column("ServiceCategory", "text"),
    Column("ServiceName", "text"),
    Column("ServiceSubcategory", "text"),
    Column("SkuId", "text", "the offer"),
    Column("SkuMeter", "text"),
    Column("SkuPriceDetails", "json", "its settings, under x_"),
    Column("SkuPriceId", "text", "the rows of the rate card"),
    Column("SubAccountId", "text", "the scope"),
    Column("SubAccountName", "text"),
    Column("Tags", "json"),
    Column("x_AttemptId", "text"),
    Column("x_CostBasis", "text", "of EffectiveCost: posted, lot (what the credits had cost), plan (no lot is known)"),
    Column("x_CreditLotId", "text"),
    Column("x_EvidenceSource", "text"),
    Column("x_HeldCost", "amount", "the most that was held for the job, in the budget's currency; on its first row"),
    Column("x_JobId", "text"),
    Column("x_LineId", "text", "of this row: the transaction of the journal, and which part of it"),
    Column("x_PriceVersion", "text", "the price book that quoted it"),
    Column("x_ProviderJobId", "text"),
    Column("x_QuotedCost", "amount", "what the attempt was expected to cost, in PricingCurrency; on its first row"),
    Column("x_ReconStatus", "text", "billed: its bill says what is posted; differs; unbilled: no bill is recorded"),
)
_NAMES: Final = tuple(column.name for column in COLUMNS)
_TYPES: Final = {"text": "STRING", "json": "JSON", "amount": "DECIMAL", "second": "DATETIME"}
_KINDS: Final = {"purchase": purchase, "bill": bill}


def rows(charges: Iterable[tuple[Found, list[Found], list[Found]]], since: int, until: int) -> Iterator[Row]:
    """Those whose billing period's day lies in `since` (inclusive) to `until`, in microseconds. Raises BadRequest."""
    for found, legs, draws in charges:
        for at, values in _KINDS.get(found["kind"], charge)(found, legs, draws):
            if since <= at < until:
                if values.get("ChargeClass") is not None:
                    values |= {"ConsumedQuantity": None, "ConsumedUnit": None}
                yield tuple([values.get(name) for name in _NAMES])


def metadata(made_at: int) -> dict[str, object]:
    """The schema that goes with the rows, as FOCUS has it."""
    columns: list[dict[str, object]] = []
    for column in COLUMNS:
        one: dict[str, object] = {"ColumnName": column.name, "DataType": _TYPES[column.kind]}
        if column.kind == "amount":
            one |= {"NumericPrecision": 38, "NumberScale": 9}
        if column.kind in ("text", "json"):
            one |= {"StringEncoding": "UTF-8"}
        columns.append(one)
    instant = (EPOCH + timedelta(microseconds=made_at)).isoformat("T", "milliseconds")[:23]
    schema = {
        "SchemaId": f"faregate-focus-{VERSION}-1",
        "FocusVersion": VERSION,
        "CreationDate": f"{instant}Z",
        "ColumnDefinition": columns,
    }
    return {"DataGenerator": {"DataGenerator": "faregate"}, "Schema": schema}
