"""One transaction of the journal as FOCUS rows, each with the instant that says which billing period it is in. Pure."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, NamedTuple

from pricing import Money

from .. import accounts
from ..errors import BadRequest
from ..instants import EPOCH, FOREVER, micros
from ..store import Row as Found
from .cells import NANOS, SECOND, Cell
from .priced import Priced, measured, once, priced

Values = dict[str, Cell]
_CATEGORY: Final = {
    "usage": "Usage", "refund": "Credit", "discount": "Credit", "tax": "Tax", "fee": "Adjustment",
    "adjustment": "Adjustment", "purchase": "Usage",
}  # fmt: skip
"""By the kind of a line."""
_CONSUMED: Final = ("ConsumedQuantity", "ConsumedUnit")
_NONE_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "Credit": _CONSUMED,
    "Adjustment": _CONSUMED,
    "Tax": (
        *_CONSUMED, "PricingQuantity", "PricingUnit", "PricingCategory", "ListUnitPrice", "ContractedUnitPrice",
        "PricingCurrencyListUnitPrice", "PricingCurrencyContractedUnitPrice", "SkuId", "SkuPriceId", "SkuMeter",
    ),
}  # fmt: skip
"""What a category has none of, say its rules."""


def charge(found: Found, legs: list[Found], draws: list[Found]) -> Iterator[tuple[int, Values]]:
    """What a job was charged, or got back. Raises BadRequest."""
    leg = next((one for one in legs if one["account"] == accounts.expense(found["provider"])), None)
    if leg is None:
        return  # a charge of zero
    nanos: int = leg["amount_nanos"]
    quote = _quote(found["quote_id"], found["body"])
    later = found["invoiced_step"] is not None and found["step"] > found["invoiced_step"]
    corrects = later and (found["invoice"] is None or found["invoice"] != found["first_invoice"])
    started: int = found["started_at"]
    start = started - started % SECOND
    end = max(_up(found["first_at"]), start + SECOND)
    at = found["at"] if corrects else start
    usual = _usual(found, quote, start, end, at) | {"ChargeClass": "Correction" if corrects else None}
    if leg["currency"] == "USD":
        yield at, usual | _paid(found, quote, nanos)
        return
    for place, part in enumerate(_parts(nanos, draws)):
        if place:
            usual |= {"x_HeldCost": None, "x_QuotedCost": None}
        yield at, usual | {"x_LineId": f"{found['id']}.{place}"} | _drawn(found, quote, leg["currency"], part)


def bill(found: Found, legs: list[Found], draws: list[Found]) -> Iterator[tuple[int, Values]]:
    """What is on a bill and of no job of ours, once a person has accepted it. Raises BadRequest."""
    line: Found = found["line"]
    leg = next(one for one in legs if one["account"].startswith(accounts.expense("")))
    currency, kind = leg["currency"], line["kind"] or "adjustment"  # no line: what the bill did not have
    first, end = _when(found["at"], line)
    usual = _constants(line["provider"], first) | {
        "ChargeCategory": _CATEGORY[kind],
        "ChargeDescription": f"{kind} of no job, accepted by {line['author']}: {line['note']}",
        "ChargeFrequency": "Usage-Based" if _CATEGORY[kind] == "Usage" else "One-Time",
        "ChargePeriodStart": first,
        "ChargePeriodEnd": end,
        "InvoiceId": line["invoice"],
        "ServiceName": line["sku"] or line["provider"],
        "SkuId": line["sku"] or line["provider"],
        "SkuPriceId": line["sku"] or line["provider"],
        "x_EvidenceSource": found["evidence"],
        "x_ProviderJobId": line["provider_job"],
        "x_ReconStatus": "billed",
    }
    national = any(one["account"] == accounts.payable(line["provider"]) for one in legs)
    whole = _Part(None, leg["amount_nanos"], leg["amount_nanos"], currency)
    for place, part in enumerate([whole] if national else _parts(leg["amount_nanos"], draws)):
        if part.cost is None:
            raise BadRequest(
                f"{Money(part.nanos, currency)} was billed for no job, and nothing says what that is worth in money",
                value=currency,
                next="record what the credits cost: faregate credits add, then export again",
            )
        values = usual | _at_price(once(part.nanos, part.cost), currency)
        values |= {
            "x_LineId": str(found["id"]) if national else f"{found['id']}.{place}",
            "BilledCost": part.cost if national else 0,
            "EffectiveCost": part.cost,
            "BillingCurrency": part.paid_in,
            "PricingCurrencyEffectiveCost": part.nanos,
            "x_CostBasis": "posted" if national else "lot",
            "x_CreditLotId": part.lot,
        }
        for name in _NONE_OF.get(str(usual["ChargeCategory"]), ()):
            values[name] = None
        yield first, values


def _when(posted_at: int, line: Found) -> tuple[int, int]:
    """When a line was charged: at an instant, in a period; without a line when it was posted."""
    at: int | None = posted_at if line["kind"] is None else line["charged_at"]
    if at is not None:
        return at - at % SECOND, at - at % SECOND + SECOND
    first, end = (micros(datetime.fromisoformat(f"{line[name]}T00:00:00Z")) for name in ("first_day", "end_day"))
    return first, end


class _Part(NamedTuple):
    """What one lot paid of a charge; `lot` None: none is known that did, nor what it had cost."""

    lot: str | None
    nanos: int
    cost: int | None
    paid_in: str | None


def _parts(nanos: int, draws: list[Found]) -> Iterator[_Part]:
    """A charge in credits by the lots it drew from, then what no lot covers."""
    found = [_Part(one["lot"], one["quantity_nanos"], one["cost_nanos"], one["cost_currency"]) for one in draws]
    covered = [part for part in found if part.lot is not None]
    yield from covered
    bare = nanos - sum(part.nanos for part in covered)
    if bare:
        yield _Part(None, bare, None, None)


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
        "x_ReconStatus": _status(found),
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


def _drawn(found: Found, quote: Mapping[str, Any], currency: str, part: _Part) -> Values:
    """The part of a charge that one lot paid for."""
    value = _value(found, quote)
    lot, nanos, cost, paid_in = part
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


def _status(found: Found) -> str:
    """How the attempt stands with the bills, as far as they were recorded."""
    if found["billed_nanos"] is None:
        return "unbilled"
    return "billed" if found["billed_nanos"] == found["posted_native_nanos"] else "differs"


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


def purchase(found: Found, _legs: list[Found], draws: list[Found]) -> Iterator[tuple[int, Values]]:
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
