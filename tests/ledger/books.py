"""Claims into a real ledger, verb by verb in the order of time, as a router would have written them."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from ledger import Ledger
from ledger.reconcile.values import Claimed
from pricing import Line, Money, Quote, Span
from tests.ledger.world import PLAN, SOURCE, Clock

Act = tuple[datetime, int, Callable[[], object]]


def quote_of(claim: Claimed) -> Quote:
    """A quote that says what the claim says it was quoted."""
    (quoted,) = claim.quoted_lines
    expected = claim.quoted.expected
    others = [Money.rounded(price * quoted.quantity, expected.currency, "half-even") for price in quoted.other_prices]
    cost = Span(min([*others, expected]), expected, max([*others, expected]))
    in_credits = expected.currency != "USD"
    dollars = Span(*(PLAN.convert(one, "ceil") for one in (cost.low, expected, cost.high))) if in_credits else cost
    quantity = _decimal(quoted.quantity)
    line = Line("Video", quantity, quantity, quoted.unit, _decimal(quoted.unit_price), expected)
    rates = ("row-1", *(f"row-{number}" for number, _ in enumerate(others, 2)))
    plan = PLAN if in_credits else None
    return Quote(
        claim.offer, claim.settings, date(2026, 7, 1), claim.outputs_asked, cost, dollars, plan, (line,), (), (SOURCE,),
        rates, "book",
    )  # fmt: skip


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def write(ledger: Ledger, clock: Clock, claims: Iterable[Claimed]) -> None:
    """Hold, begin and submit each when it was submitted, settle or release it when it ended."""
    acts = [act for number, claim in enumerate(claims) for act in _acts(ledger, claim, number)]
    acts.sort(key=lambda act: act[:2])
    clock.now = acts[0][0] - timedelta(days=1)
    ledger.set_budget("acme", None, currency="USD", overrun="alert")
    for at, _, act in acts:
        clock.now = at
        act()


def _acts(ledger: Ledger, claim: Claimed, number: int) -> list[Act]:
    price = quote_of(claim)

    def submit() -> None:
        granted = ledger.hold(
            job=claim.job, key=claim.job, request_hash="h", scope=claim.scope, quote=price, request={}, tags={},
            owner="test", expires_in_s=600,
        )  # fmt: skip
        assert granted.refused is None
        ledger.begin(
            job=claim.job, attempt=claim.attempt, provider=claim.provider, quote=price, fingerprint="f", owner="test",
            ceiling=None,
        )  # fmt: skip
        ledger.outcome(job=claim.job, attempt=claim.attempt, outcome="accepted", provider_job=claim.provider_job)

    def end() -> None:
        if claim.posted is None:
            ledger.release(job=claim.job, attempt=claim.attempt, reason="it failed", proof="failed, free by its rule")
        else:
            ledger.settle(
                job=claim.job, attempt=claim.attempt, evidence="inline", amount=claim.reported, final=True,
                delivered=claim.delivered,
            )  # fmt: skip

    return [(claim.submitted_at, 2 * number, submit), (claim.ended_at, 2 * number + 1, end)]
