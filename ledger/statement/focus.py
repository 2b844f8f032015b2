"""FOCUS 1.0 to 1.3 cost and usage rows as a statement, from CSV or Parquet. Prepaid money is never counted twice.

Usage counts at EffectiveCost (what was consumed), all else at BilledCost (what was paid), which for prepaid usage is 0.
A price in a virtual currency makes a line in credits, worth EffectiveCost ÷ PricingCurrencyEffectiveCost each.
Source: https://github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec, tags v1.0 to v1.3.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from pricing import BadMoney, Money

from .lines import LineKind, Period, Statement, StatementLine
from .raw import Keys, Place, day_of, instant, maybe_number, money, number, one_day, raw_of, spanning
from .table import Row, csv_rows, parquet_rows

_KINDS: Mapping[str, LineKind] = {
    "Usage": "usage",
    "Purchase": "purchase",
    "Tax": "tax",
    "Credit": "discount",
    "Adjustment": "adjustment",
}
_JOBS = ("x_providerjobid", "x_requestid", "x_taskuuid")
_NATIONAL = re.compile(r"[A-Z]{3}")


def focus_csv(
    data: str | bytes,
    *,
    fetched_at: datetime,
    period: Period | None = None,
    provider: str | None = None,
    complete: bool = False,
    name: str = "FOCUS",
) -> Statement:
    """`provider`: ours, for all rows; None: the one that the rows name, in our spelling. Raises BadStatement."""
    return _statement(csv_rows(data, name), fetched_at, period, provider, complete, name)


def focus_parquet(
    data: bytes,
    *,
    fetched_at: datetime,
    period: Period | None = None,
    provider: str | None = None,
    complete: bool = False,
    name: str = "FOCUS",
) -> Statement:
    """The same of Parquet; takes pyarrow (extra `[parquet]`). Raises BadStatement."""
    return _statement(parquet_rows(data, name), fetched_at, period, provider, complete, name)


def _statement(
    rows: Iterable[Row], fetched_at: datetime, period: Period | None, provider: str | None, complete: bool, name: str
) -> Statement:
    keys, lines = Keys(), list[StatementLine]()
    for place, cells in rows:
        lines.append(_Reading({key.lower(): cell.strip() for key, cell in cells.items()}, place, provider).line(keys))
    providers = sorted({line.provider for line in lines})
    if len(providers) > 1:
        raise Place(name).fault(
            "ServiceProviderName", "is of several providers", ", ".join(providers), "name one with --provider"
        )
    if not providers and provider is None:
        raise Place(name).fault("", "holds no row, so nothing says whose it is", next="name the provider")
    span = period or spanning(lines) or one_day(fetched_at.date())
    per_job = any(not line.aggregate for line in lines if line.kind in ("usage", "refund"))
    whose = providers[0] if providers else str(provider)
    return Statement(whose, "focus", span, tuple(lines), complete and period is not None, fetched_at, per_job=per_job)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One row; its columns in lower case, since exporters differ."""

    cells: Mapping[str, str]
    place: Place
    provider: str | None

    def line(self, keys: Keys) -> StatementLine:
        kind, amount, priced, value = self.what()
        first, end = self.period()
        job = next((self.cells[name] for name in _JOBS if self.cells.get(name)), None)
        attempt = self.cells.get("x_attemptid") or None
        named = self.cells.get("x_lineid")
        said = (f"{name}={cell}" for name, cell in sorted(self.cells.items()))
        own = keys.own(named, self.place, "x_LineId") if named else keys.of(*said)
        in_credits = value is not None
        unit_price = self.first(
            ("pricingcurrencycontractedunitprice", "pricingcurrencylistunitprice")
            if in_credits
            else ("contractedunitprice", "listunitprice")
        )
        listed = None if in_credits else self.number("listcost")
        return StatementLine(
            self.whose(),
            "focus",
            own,
            kind,
            amount,
            self.moment("chargeperiodstart"),
            (first, end),
            provider_job=job,
            attempt=attempt,
            sku=self.cells.get("x_sku") or self.cells.get("skuid") or self.cells.get("servicename", ""),
            quantity=self.number("pricingquantity"),
            unit=self.cells.get("pricingunit", ""),
            unit_price=unit_price,
            list_amount=None if listed is None else money(listed, amount.currency, self.place, "ListCost"),
            credit_value=value,
            invoice=self.cells.get("invoiceid") or None,
            raw=raw_of(self.cells),
            aggregate=job is None and attempt is None and kind in ("usage", "refund"),
            priced=priced,
        )

    def what(self) -> tuple[LineKind, Money, Money | None, Fraction | None]:
        category = self.cells.get("chargecategory", "")
        if category not in _KINDS:
            raise self.place.fault("ChargeCategory", "is none of FOCUS", category, f"known: {', '.join(_KINDS)}")
        kind = _KINDS[category]
        currency = self.currency("billingcurrency", "BillingCurrency")
        column = "effectivecost" if kind == "usage" and self.cells.get("effectivecost") else "billedcost"
        paid = number(self.cells.get(column), self.place, "EffectiveCost" if column[0] == "e" else "BilledCost")
        amount = money(paid, currency, self.place, column)
        priced: Money | None = None
        in_price = self.number("pricingcurrencyeffectivecost")
        if in_price is not None and kind == "usage" and self.cells.get("pricingcurrency"):
            other = self.currency("pricingcurrency", "PricingCurrency")
            if other != currency:
                priced = money(in_price, other, self.place, "PricingCurrencyEffectiveCost")
        if amount.nanos < 0 and kind == "usage":
            kind = "refund"
        if priced is None or _NATIONAL.fullmatch(priced.currency):
            return kind, amount, priced, None
        return kind, priced, None, Fraction(amount.nanos, priced.nanos) if priced.nanos else None

    def whose(self) -> str:
        if self.provider is not None:
            return self.provider
        named = next((self.cells[name] for name in ("serviceprovidername", "providername") if self.cells.get(name)), "")
        spelled = re.match(r"[a-z][a-z0-9-]*", named.lower().replace(" ", "-"))
        if spelled is None:
            raise self.place.fault("ServiceProviderName", "names no provider", named or None, "name the provider")
        return spelled[0]

    def currency(self, column: str, title: str) -> str:
        """National ones as they stand, "Creatify Credits" as creatify-credit."""
        name = self.cells.get(column, "")
        code = name if _NATIONAL.fullmatch(name) else re.sub(r"[\s_]+", "-", name.lower()).removesuffix("s")
        try:
            Money.zero(code)
        except BadMoney as error:
            raise self.place.fault(title, error.message, next=error.next) from None
        return code

    def number(self, column: str) -> Decimal | None:
        return maybe_number(self.cells, column, self.place)

    def first(self, columns: tuple[str, ...]) -> Decimal | None:
        return next((found for name in columns if (found := self.number(name)) is not None), None)

    def moment(self, column: str) -> datetime | None:
        text = self.cells.get(column, "")
        return instant(text, self.place, "ChargePeriodStart") if len(text) > 10 else None

    def period(self) -> Period:
        first = day_of(self.cells.get("chargeperiodstart"), self.place, "ChargePeriodStart")
        end = self.cells.get("chargeperiodend")
        last = day_of(end, self.place, "ChargePeriodEnd")
        if first == last:  # an hour of one day
            return one_day(first)
        if last < first:
            raise self.place.fault("ChargePeriodEnd", f"is before {first}", end)
        return first, last
