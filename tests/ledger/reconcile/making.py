"""Claims and lines for reconciliation tests: one attempt of ours, and what a bill may say of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ledger.reconcile.reconciling import reconcile
from ledger.reconcile.values import Claimed, JobMatch, QuotedLine, Reconciliation
from ledger.statement.lines import Source, Statement, StatementLine
from pricing import Money, Span, usd

PERIOD = date(2026, 11, 1), date(2026, 12, 1)
BEGUN = datetime(2026, 11, 10, 12, tzinfo=UTC)
ENDED = BEGUN + timedelta(minutes=5)
NOW = datetime(2026, 12, 10, tzinfo=UTC)
FETCHED = datetime(2026, 12, 6, tzinfo=UTC)
CREDIT = "creatify-credit"
STARTER = Fraction(99, 500)


def money(amount: str, currency: str = "USD") -> Money:
    return Money.of(amount, currency)


def claim(number: int = 1, **more: Any) -> Claimed:
    """Ten seconds at fal, for 1.40 USD; whatever is named is otherwise."""
    cost = usd("1.40")
    made = Claimed(
        f"job-{number}",
        f"attempt-{number}",
        "fal",
        f"request-{number}",
        "fal/fal-ai/creatify/aurora",
        {"resolution": "720p"},
        "acme",
        "settled",
        "accepted",
        1,
        1,
        Span(cost, cost, cost),
        (QuotedLine(Fraction(10), "s", Fraction("0.14")),),
        cost,
        cost,
        cost,
        Fraction(1),
        BEGUN,
        ENDED,
    )
    return replace(made, **more)


def credits_claim(number: int = 1, credits_: str = "10", **more: Any) -> Claimed:
    """Ten seconds at Creatify, a credit each."""
    cost = money(credits_, CREDIT)
    return claim(
        number,
        **{
            "provider": "creatify",
            "offer": "creatify/aurora_v1",
            "quoted": Span(cost, cost, cost),
            "quoted_lines": (QuotedLine(Fraction(cost.amount), "s", Fraction(1)),),
            "posted": cost,
            "reported": cost,
            "held": usd("1.98"),
            "rate": STARTER,
            **more,
        },
    )


def line(key: str = "a", cost: str = "1.40", number: int | None = 1, **more: Any) -> StatementLine:
    """A billing event of that job for ten seconds at 0.14; None: of no job."""
    made = StatementLine(
        "fal",
        "fal-billing-events",
        key,
        "usage",
        usd(cost),
        ENDED,
        (ENDED.date(), ENDED.date() + timedelta(days=1)),
        provider_job=None if number is None else f"request-{number}",
        sku="fal-ai/creatify/aurora",
        quantity=Decimal(10),
        unit_price=Decimal("0.14"),
    )
    return replace(made, **more)


def credits_line(key: str = "a", cost: str = "10", number: int | None = 1, **more: Any) -> StatementLine:
    credits_: dict[str, Any] = {
        "provider": "creatify",
        "source": "creatify-jobs",
        "amount": money(cost, CREDIT),
        "sku": "aurora_v1",
        "quantity": None,
        "unit_price": None,
        "credit_value": STARTER,
    }
    return line(key, number=number, **(credits_ | more))


def bill(*lines: StatementLine, **more: Any) -> Statement:
    """A complete bill of November, of the first line's provider and source unless said otherwise."""
    provider = lines[0].provider if lines else "fal"
    source: Source = lines[0].source if lines else "fal-billing-events"
    made = Statement(provider, source, PERIOD, lines, complete=True, fetched_at=FETCHED)
    return replace(made, **more)


def run(claims: Claimed | list[Claimed], *lines: StatementLine, **more: Any) -> Reconciliation:
    ours = [claims] if isinstance(claims, Claimed) else claims
    by_source: dict[tuple[str, Source], list[StatementLine]] = {}
    for one in ours:
        by_source.setdefault(
            (one.provider, "creatify-jobs" if one.provider == "creatify" else "fal-billing-events"), []
        )
    for one in lines:
        by_source.setdefault((one.provider, one.source), []).append(one)
    bills = [bill(*those, provider=provider, source=source) for (provider, source), those in by_source.items()]
    return reconcile(ours, bills, at=NOW, **more)


def the_row(result: Reconciliation) -> JobMatch:
    (row,) = (one for one in result.jobs if one.cause != "none")
    return row
