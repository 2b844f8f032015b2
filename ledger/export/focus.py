"""Charges and purchases as rows of FOCUS 1.2, exact to the digit. Pure: one transaction of the journal in, rows out.

A charge in dollars is one row. One paid from credits is a row for each lot it drew from: BilledCost is 0, EffectiveCost
what those credits had cost; the purchase has the cash in BilledCost and an EffectiveCost of 0. So nothing is counted
twice: cash is the sum of BilledCost, consumption that of EffectiveCost. A later word is a row of the difference.
Source: https://github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec, tag v1.2; docs/exports.md has what is not met.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from pricing import Money

from .. import accounts
from ..errors import BadRequest
from ..instants import EPOCH, FOREVER, micros
from ..store import Row as Found
from .cells import NANOS, SECOND, Cell, Column, Row
from .priced import Priced, measured, priced

VERSION: Final = "1.2"
COLUMNS: Final = (
    Column("BilledCost", "amount", "money owed for it; credits are paid for when they are bought"),
    Column("BillingAccountId", "text", "the provider: a ledger knows one account of each"),
    Column("BillingAccountName", "text", "the same"),
    Column("BillingCurrency", "text"),
    Column("BillingPeriodEnd", "second"),
    Column("BillingPeriodStart", "second", "the UTC month of the attempt, or of a correction or a purchase"),
    Column("ChargeCategory", "text", "Usage or Purchase"),
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
    Column("InvoiceId", "text", "the first invoice that was recorded for the attempt since; empty: none yet"),
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
)
_NAMES: Final = tuple(column.name for column in COLUMNS)
_TYPES: Final = {"text": "STRING", "json": "JSON", "amount": "DECIMAL", "second": "DATETIME"}
Values = dict[str, Cell]


def rows(charges: Iterable[tuple[Found, list[Found], list[Found]]], since: int, until: int) -> Iterator[Row]:
    """Those whose billing period's day lies in `since` (inclusive) to `until`, in microseconds. Raises BadRequest."""
    for found, legs, draws in charges:
        made = _purchase(found, draws) if found["kind"] == "purchase" else _charge(found, legs, draws)
        for at, values in made:
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


def _charge(found: Found, legs: list[Found], draws: list[Found]) -> Iterator[tuple[int, Values]]:
    leg = next((one for one in legs if one["account"] == accounts.expense(found["provider"])), None)
    if leg is None:
        return  # a charge of zero
    nanos: int = leg["amount_nanos"]
    quote = _quote(found["quote_id"], found["body"])
    corrects = found["invoiced_step"] is not None and found["step"] > found["invoiced_step"]
    started: int = found["started_at"]
    start = started - started % SECOND
    end = max(_up(found["first_at"]), start + SECOND)
    at = found["at"] if corrects else start
    usual = _usual(found, quote, start, end, at) | {"ChargeClass": "Correction" if corrects else None}
    if leg["currency"] == "USD":
        yield at, usual | _paid(found, quote, nanos)
        return
    parts = [(one["lot"], one["quantity_nanos"], one["cost_nanos"], one["cost_currency"]) for one in draws]
    rest = nanos - sum(part[1] for part in parts)
    bare = rest + sum(quantity for lot, quantity, _, _ in parts if lot is None)
    covered = [part for part in parts if part[0] is not None]
    if bare:
        covered.append((None, bare, None, None))
    for place, part in enumerate(covered):
        if place:
            usual |= {"x_HeldCost": None, "x_QuotedCost": None}
        yield at, usual | {"x_LineId": f"{found['id']}.{place}"} | _drawn(found, quote, leg["currency"], *part)


def _usual(found: Found, quote: Mapping[str, Any], start: int, end: int, at: int) -> Values:
    """What every row of a charge has."""
    first = found["at"] == found["first_at"] and found["kind"] != "revision"
    settings: dict[str, str] = json.loads(found["settings"])
    said = ", ".join(f"{name} {value}" for name, value in sorted(settings.items()))
    words = f" ({said})" if said else ""
    return _constants(found["provider"], at) | {
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{found['offer']}{words}: {found['kind']} by {found['evidence']}",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": start,
        "ChargePeriodEnd": end,
        "InvoiceId": found["invoice"],
        "ServiceName": found["offer"].partition("/")[2] or found["offer"],
        "SkuId": found["offer"],
        "SkuMeter": measured(quote, found["currency"]),
        "SkuPriceDetails": json.dumps({f"x_{name}": value for name, value in sorted(settings.items())}),
        "SkuPriceId": "+".join(quote["rates"]) or found["offer"],
        "SubAccountId": found["scope"],
        "SubAccountName": found["scope"],
        "Tags": found["tags"],
        "x_AttemptId": found["attempt"],
        "x_EvidenceSource": found["evidence"],
        "x_HeldCost": found["held_nanos"] if first and found["number"] == 1 else None,
        "x_JobId": found["job"],
        "x_LineId": str(found["id"]),
        "x_PriceVersion": quote["book"],
        "x_ProviderJobId": found["provider_job"],
        "x_QuotedCost": found["expected_nanos"] if first else None,
    }


def _paid(found: Found, quote: Mapping[str, Any], nanos: int) -> Values:
    """A charge that is owed in dollars."""
    what = priced(nanos, quote, "USD", found["expected_nanos"], Fraction(1))
    return _at_price(what, "USD") | {
        "BilledCost": nanos,
        "EffectiveCost": nanos,
        "BillingCurrency": "USD",
        "PricingCurrencyEffectiveCost": nanos,
        "x_CostBasis": "posted",
    }


def _drawn(
    found: Found, quote: Mapping[str, Any], currency: str, lot: str | None, nanos: int, cost: int | None,
    paid_in: str | None,
) -> Values:  # fmt: skip
    """The part of a charge that one lot paid for; `lot` None: none is known that did."""
    value = _value(found, quote)
    if cost is None:
        cost, paid_in = Money.rounded(Fraction(nanos, NANOS) * value, "USD", "half-even").nanos, "USD"
    what = priced(nanos, quote, currency, found["expected_nanos"], value)
    return _at_price(what, currency) | {
        "BilledCost": 0,
        "EffectiveCost": cost,
        "BillingCurrency": paid_in,
        "PricingCurrencyEffectiveCost": nanos,
        "x_CostBasis": "plan" if lot is None else "lot",
        "x_CreditLotId": lot,
    }


def _value(found: Found, quote: Mapping[str, Any]) -> Fraction:
    """Dollars for one credit, as the job was quoted. Raises BadRequest: it is never taken for nothing."""
    if found["budget_currency"] == "USD":
        return Fraction(found["rate"])
    expected, dollars = quote["expected"]["amount"], quote["usd"]
    if dollars is None or not Fraction(expected):
        raise BadRequest(
            f"job {found['job']} was charged in {found['currency']}, and nothing says what that is worth in USD",
            value=found["job"],
            next="FOCUS needs money: leave its scope out with --scope, or export csv",
        )
    return Fraction(dollars["expected"]["amount"]) / Fraction(expected)


def _at_price(what: Priced, currency: str) -> Values:
    return {
        "PricingQuantity": what.quantity,
        "PricingUnit": what.unit,
        "ConsumedQuantity": what.consumed,
        "ConsumedUnit": what.consumed_unit,
        "PricingCurrency": currency,
        "PricingCurrencyListUnitPrice": what.native_price,
        "PricingCurrencyContractedUnitPrice": what.native_price,
        "ListUnitPrice": what.price,
        "ContractedUnitPrice": what.price,
        "ListCost": what.cost,
        "ContractedCost": what.cost,
    }


def _purchase(found: Found, draws: list[Found]) -> Iterator[tuple[int, Values]]:
    """Credits bought: cash now, nothing used up."""
    for lot in draws:
        if lot["lot"] is None:
            continue
        quantity, cost, paid_in = -lot["quantity_nanos"], -lot["cost_nanos"], lot["cost_currency"]
        price, rest = divmod(cost * NANOS, quantity)
        unit, count = ("Credits", quantity) if not rest else ("Lots", NANOS)
        price = cost if rest else price
        at: int = found["at"]
        start = lot["effective_at"] - lot["effective_at"] % SECOND
        month_end = _month(at)[1]
        never = max(month_end, start + SECOND)
        yield (
            at,
            _constants(lot["provider"], at)
            | {
                "BilledCost": cost,
                "EffectiveCost": 0,
                "BillingCurrency": paid_in,
                "ChargeCategory": "Purchase",
                "ChargeDescription": f"{Money(quantity, lot['currency'])}",
                "ChargeFrequency": "One-Time",
                "ChargePeriodStart": start,
                "ChargePeriodEnd": never
                if lot["expires_at"] == FOREVER
                else max(_up(lot["expires_at"]), start + SECOND),
                "ContractedCost": cost,
                "ContractedUnitPrice": price,
                "ListCost": cost,
                "ListUnitPrice": price,
                "PricingCurrency": paid_in,
                "PricingCurrencyContractedUnitPrice": price,
                "PricingCurrencyListUnitPrice": price,
                "PricingCurrencyEffectiveCost": 0,
                "PricingQuantity": count,
                "PricingUnit": unit,
                "ServiceName": lot["currency"],
                "SkuId": lot["currency"],
                "SkuMeter": "Credits",
                "SkuPriceId": lot["currency"],
                "x_CreditLotId": lot["lot"],
                "x_LineId": str(found["id"]),
            },
        )


def _constants(provider: str, at: int) -> Values:
    start, end = _month(at)
    return {
        "BillingAccountId": provider,
        "BillingAccountName": provider,
        "BillingPeriodStart": start,
        "BillingPeriodEnd": end,
        "InvoiceIssuerName": provider,
        "PricingCategory": "Standard",
        "ProviderName": provider,
        "PublisherName": provider,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
    }


def _up(at: int) -> int:
    """The next whole second."""
    return -(-at // SECOND) * SECOND


def _month(at: int) -> tuple[int, int]:
    """The UTC month around an instant: its first microsecond, and the first one after."""
    first = (EPOCH + timedelta(microseconds=at)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return micros(first), micros((first + timedelta(days=32)).replace(day=1))


@lru_cache(maxsize=1024)
def _quote(name: str, body: str) -> Mapping[str, Any]:
    """A quote is named by its content."""
    del name
    found: Mapping[str, Any] = json.loads(body)
    return found
