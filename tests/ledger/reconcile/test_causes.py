"""Each of the fifteen causes, too much and too little, with its exact amount; and of two at once the first."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from ledger.errors import BadStatement
from ledger.reconcile.reconciling import reconcile
from ledger.reconcile.values import CAUSES, Cause, Claimed, QuotedLine
from ledger.statement.lines import StatementLine
from pricing import Money, Span, usd
from tests.ledger.reconcile.making import (
    CREDIT,
    ENDED,
    FETCHED,
    NOW,
    PERIOD,
    bill,
    claim,
    credits_claim,
    credits_line,
    line,
    money,
    run,
    the_row,
)

Given = tuple[Claimed, tuple[StatementLine, ...]]
OCTOBER = datetime(2026, 9, 3, tzinfo=UTC)
_SEPTEMBER: dict[str, Any] = {"charged_at": OCTOBER, "period": (OCTOBER.date(), OCTOBER.date().replace(day=4))}
_JANUARY: dict[str, Any] = {
    "charged_at": datetime(2027, 1, 3, tzinfo=UTC),
    "period": (datetime(2027, 1, 3, tzinfo=UTC).date(), datetime(2027, 1, 4, tzinfo=UTC).date()),
}
_REFUND: dict[str, Any] = {"kind": "refund", "quantity": None, "unit_price": None}
_RELEASED: dict[str, Any] = {"posted": None, "state": "released", "settled_at": None, "released_at": ENDED}
_LEAST = (QuotedLine(Fraction(10), "s", Fraction(1), minimum=Fraction(30)),)
_EUROS: dict[str, Any] = {
    "amount": money("1.30", "EUR"),
    "priced": usd("1.40"),
    "source": "csv",
    "unit": "s",
    "unit_price": None,
}
_CHEAP: dict[str, Any] = {**_EUROS, "amount": money("1.20", "EUR")}
_UNSAID: dict[str, Any] = {"quantity": None, "unit_price": None}


def _two(one: StatementLine, other: StatementLine) -> tuple[StatementLine, ...]:
    return one, other


GOLDEN: list[tuple[str, Cause, Money, Callable[[], Given]]] = [
    ("charged twice", "duplicate", usd("1.40"), lambda: (claim(), _two(line(), line("b")))),
    (
        "given back twice",
        "duplicate",
        usd("-0.70"),
        lambda: (
            claim(posted=usd("0.70")),
            (line(), line("r", "-0.70", **_REFUND), line("s", "-0.70", **_REFUND)),
        ),
    ),
    ("no line", "missing_invoice", usd("-1.40"), lambda: (claim(), ())),
    ("no line for credits", "missing_invoice", money("-10", CREDIT), lambda: (credits_claim(), ())),
    ("a stranger", "unknown_charge", usd("1.40"), lambda: (claim(posted=None), (line(number=9),))),
    ("a stranger's negative", "unknown_charge", usd("-1.40"), lambda: (claim(posted=None), (line("a", "-1.40", 9),))),
    ("late", "late_charge_after_release", usd("1.40"), lambda: (claim(**_RELEASED), (line(),))),
    ("a late return", "late_charge_after_release", usd("-1.40"), lambda: (claim(**_RELEASED), (line("a", "-1.40"),))),
    ("too early", "wrong_period", usd("1.40"), lambda: (claim(), (line(**_SEPTEMBER),))),
    ("in January", "wrong_period", usd("1.40"), lambda: (claim(), (line(**_JANUARY),))),
    ("a second more", "quantity", usd("0.14"), lambda: (claim(), (line("a", "1.54", quantity=Decimal(11)),))),
    ("a second less", "quantity", usd("-0.14"), lambda: (claim(), (line("a", "1.26", quantity=Decimal(9)),))),
    ("credits: more steps", "quantity", money("2", CREDIT), lambda: (credits_claim(), (credits_line("a", "12"),))),
    ("credits: fewer steps", "quantity", money("-3", CREDIT), lambda: (credits_claim(), (credits_line("a", "7"),))),
    ("dearer", "unit_price", usd("0.20"), lambda: (claim(), (line("a", "1.60", unit_price=Decimal("0.16")),))),
    ("cheaper", "unit_price", usd("-0.40"), lambda: (claim(), (line("a", "1", unit_price=Decimal("0.10")),))),
    ("a price that is derived", "unit_price", usd("0.10"), lambda: (claim(), (line("a", "1.50", unit_price=None),))),
    ("10 % off", "discount_or_plan", usd("-0.14"), lambda: (claim(), (line("a", "1.26", list_amount=usd("1.40")),))),
    (
        "nothing off",
        "discount_or_plan",
        usd("0.14"),
        lambda: (claim(posted=usd("1.26"), quoted=Span(usd("1.26"), usd("1.26"), usd("1.26"))), (line(),)),
    ),
    (
        "a worthier credit",
        "credit_rate",
        usd("0.02"),
        lambda: (credits_claim(), (credits_line(credit_value=Fraction(1, 5)),)),
    ),
    (
        "on API Pro",
        "credit_rate",
        usd("-0.485"),
        lambda: (credits_claim(), (credits_line(credit_value=Fraction(299, 2000)),)),
    ),
    ("dear euros", "fx", usd("0.03"), lambda: (claim(), (line(**_EUROS),))),
    ("cheap euros", "fx", usd("-0.08"), lambda: (claim(), (line(**_CHEAP),))),
    ("with tax", "tax_or_fee", usd("0.27"), lambda: (claim(), (line(), line("t", "0.27", kind="tax")))),
    ("a fee given back", "tax_or_fee", usd("-0.27"), lambda: (claim(), (line(), line("t", "-0.27", kind="fee")))),
    (
        "their minimum",
        "minimum_or_block_rounding",
        money("20", CREDIT),
        lambda: (credits_claim(quoted_lines=_LEAST), (credits_line("a", "30"),)),
    ),
    (
        "our minimum",
        "minimum_or_block_rounding",
        money("-20", CREDIT),
        lambda: (credits_claim(credits_="30", quoted_lines=_LEAST), (credits_line("a", "10"),)),
    ),
    (
        "a started block",
        "minimum_or_block_rounding",
        usd("0.70"),
        lambda: (claim(), (line("a", "2.10", unit="seconds", unit_price=Decimal("0.14")),)),
    ),
    ("half a cent more", "rounding", usd("0.005"), lambda: (claim(), (line("a", "1.405"),))),
    ("a nano less", "rounding", usd("-0.000000001"), lambda: (claim(), (line("a", "1.399999999"),))),
    (
        "failed, refunded",
        "partial_failure_refund",
        money("-10", CREDIT),
        lambda: (credits_claim(), (credits_line("a", "0", kind="refund"),)),
    ),
    (
        "refunded, then charged",
        "partial_failure_refund",
        usd("0.70"),
        lambda: (claim(posted=usd("0.00"), state="settled"), (line(), line("r", "-0.70", **_REFUND))),
    ),
    (
        "one of two delivered",
        "partial_failure_refund",
        usd("-0.70"),
        lambda: (claim(outputs_asked=2, delivered=1), (line("a", "0.70", **_UNSAID),)),
    ),
    (
        "one of two delivered, both charged",
        "partial_failure_refund",
        usd("0.70"),
        lambda: (claim(outputs_asked=2, delivered=1, posted=usd("0.70")), (line("a", "1.40", **_UNSAID),)),
    ),
    ("no sense", "unexplained", usd("0.33"), lambda: (claim(), (line("a", "1.73", **_UNSAID),))),
    ("no sense, less", "unexplained", usd("-0.33"), lambda: (claim(), (line("a", "1.07", **_UNSAID),))),
]


@pytest.mark.parametrize(("cause", "amount", "given"), [one[1:] for one in GOLDEN], ids=[one[0] for one in GOLDEN])
def test_a_cause_is_named_with_its_exact_amount(cause: Cause, amount: Money, given: Callable[[], Given]) -> None:
    ours, lines = given()
    result = run(ours, *lines, worth={"EUR": Fraction(110, 100)})
    row = the_row(result)
    assert (row.cause, row.amount) == (cause, amount), row.why
    assert row.why
    tolerated = cause == "rounding"
    assert row.standing == ("tolerated" if tolerated else "break")
    assert [one.kind for one in result.open] == ([] if tolerated else [cause])


def test_every_cause_has_both_directions() -> None:
    signs = {(cause, amount.nanos > 0) for _, cause, amount, _ in GOLDEN}
    one_sided = {("missing_invoice", True), ("wrong_period", False)}  # neither can be
    assert signs == {(cause, up) for cause in CAUSES for up in (True, False)} - one_sided


def test_two_causes_at_once_are_the_first_with_the_whole_amount() -> None:
    """More seconds at another price, and a tax: `quantity`, and all of it."""
    bent = line("a", "1.76", quantity=Decimal(11), unit_price=Decimal("0.16"))
    row = the_row(run(claim(), bent, line("t", "0.10", kind="tax")))
    assert (row.cause, row.amount) == ("quantity", usd("0.46"))
    assert row.parts is not None
    shares = row.parts.quantity, row.parts.price, row.parts.rate, row.parts.remainder
    assert shares == (usd("0.14"), usd("0.22"), usd("0"), usd("0.10"))


def test_a_duplicate_at_another_price_is_a_duplicate() -> None:
    bent = line("a", "1.60", unit_price=Decimal("0.16"))
    row = the_row(run(claim(), bent, replace(bent, key="b")))
    assert (row.cause, row.amount) == ("duplicate", usd("1.80"))


def test_the_wrong_period_comes_before_the_price() -> None:
    row = the_row(run(claim(), line("a", "1.60", unit_price=Decimal("0.16"), **_SEPTEMBER)))
    assert (row.cause, row.amount, row.variance) == ("wrong_period", usd("1.60"), usd("0.20"))
    assert (row.month, row.billed_month) == ("2026-11", "2026-09")


def test_equal_lines_of_several_results_are_no_duplicate() -> None:
    """Runware charges each result by itself; two of them cost the same."""
    cost = usd("2.80")
    ours = claim(outputs_asked=2, delivered=2, posted=cost, quoted=Span(cost, cost, cost))
    assert {row.cause for row in run(ours, line(), line("b")).jobs} == {"none"}


def test_a_charge_at_the_turn_of_the_month_is_of_either() -> None:
    ended = datetime(2026, 11, 30, 23, 59, 50, tzinfo=UTC)
    ours = claim(submitted_at=ended.replace(minute=50), settled_at=ended)
    stamped = datetime(2026, 12, 1, 0, 0, 20, tzinfo=UTC)
    after = line(charged_at=stamped, period=(stamped.date(), stamped.date().replace(day=2)))
    assert {row.cause for row in run(ours, after).jobs} == {"none"}


def test_the_same_charge_from_two_sources_counts_once_and_the_invoice_wins() -> None:
    invoice = line("i", "1.50", source="csv", invoice="R-7", unit="s", unit_price=Decimal("0.15"))
    row = the_row(run(claim(), line(), invoice))
    assert (row.cause, row.invoiced, row.evidence, row.besides) == ("unit_price", usd("1.50"), ("i",), ("a",))


def test_units_that_nobody_explains_are_not_taken_for_seconds() -> None:
    """fal's Aurora: 1.4 units at a dollar are ten seconds at 0.14."""
    opaque: dict[str, Any] = {"quantity": Decimal("1.4"), "unit_price": Decimal(1)}
    assert {row.cause for row in run(claim(), line(**opaque)).jobs} == {"none"}
    more = line("a", "1.54", quantity=Decimal("1.54"), unit_price=Decimal(1))
    row = the_row(run(claim(), more))
    assert (row.cause, row.amount) == ("quantity", usd("0.14"))


def test_a_contested_price_is_told_from_fewer_seconds() -> None:
    lines = (QuotedLine(Fraction(10), "s", Fraction("0.10"), other_prices=(Fraction("0.07"),)),)
    row = the_row(run(claim(posted=usd("1"), quoted_lines=lines), line("a", "0.70", **_UNSAID)))
    assert (row.cause, row.amount) == ("unit_price", usd("-0.30"))


def test_a_currency_of_unknown_worth_is_refused_in_one_line() -> None:
    with pytest.raises(BadStatement, match="is in EUR, and nothing says what that is in USD; name the exchange rate"):
        run(claim(), line(**_EUROS))


def test_a_line_of_a_far_day_that_came_in_once_is_judged() -> None:
    far = date(9999, 12, 30)
    row = the_row(run(claim(), line(period=(far, far + timedelta(days=1)))))
    assert (row.cause, row.billed_month) == ("wrong_period", "9999-12")


def test_a_charge_without_a_job_suggests_the_job_without_a_charge_and_matches_nothing() -> None:
    result = run(claim(), line(number=9))
    rows = {row.cause: row for row in result.jobs}
    assert rows.keys() == {"missing_invoice", "unknown_charge"}
    assert "job-1" in rows["unknown_charge"].suggestion
    assert "a" in rows["missing_invoice"].suggestion
    assert {one.kind for one in result.open} == {"missing_invoice", "unknown_charge"}


def test_sums_are_compared_by_sku_and_month_and_are_no_duplicates() -> None:
    """Three jobs at Runware, of which the sum tells only day and model."""
    jobs = [claim(n, provider="runware", offer="runware/creatify:aurora@0", provider_job=None) for n in (1, 2, 3)]
    days: dict[str, Any] = {
        "provider": "runware",
        "source": "runware-usage",
        "sku": "creatify:aurora@0",
        "aggregate": True,
        **_UNSAID,
    }
    good = bill(line("d", "4.20", None, count=3, **days), per_job=False)
    agreed = reconcile(jobs, [good], at=NOW)
    assert [(row.subject, row.cause, row.jobs) for row in agreed.jobs] == [("aggregate", "none", 3)]
    assert not agreed.breaks
    short = bill(line("d", "2.80", None, count=2, **days), per_job=False)
    row = the_row(reconcile(jobs, [short], at=NOW))
    assert (row.cause, row.amount) == ("missing_invoice", usd("-1.40"))
    more = bill(line("d", "5.60", None, count=4, **days), per_job=False)
    row = the_row(reconcile(jobs, [more], at=NOW))
    assert (row.cause, row.amount) == ("unknown_charge", usd("1.40"))
    empty = bill(provider="runware", source="runware-usage", per_job=False)
    row = the_row(reconcile(jobs, [empty], at=NOW))
    assert (row.cause, row.amount) == ("missing_invoice", usd("-4.20"))


def test_a_sum_beside_events_is_a_control_and_counts_nothing_twice() -> None:
    days: dict[str, Any] = {"source": "fal-usage", "aggregate": True, "provider_job": None, **_UNSAID}
    sums = bill(line("d", "2.80", None, **days), source="fal-usage", per_job=False)
    result = reconcile([claim(), claim(2)], [bill(line(), line("b", number=2)), sums], at=NOW)
    assert [row.subject for row in result.jobs] == ["job", "job", "control"]
    assert not result.breaks
    (total,) = result.totals
    assert (total.posted, total.invoiced, total.variance) == (usd("2.80"), usd("2.80"), usd("0"))
    wrong = bill(line("d", "3.00", None, **days), source="fal-usage", per_job=False)
    (one,) = reconcile([claim(), claim(2)], [bill(line(), line("b", number=2)), wrong], at=NOW).open
    assert (one.job, one.amount) == (None, usd("0.20"))


def test_taxes_of_a_weaker_source_count_beside_the_event() -> None:
    tax = line("t", "0.27", source="csv", kind="tax", **_UNSAID)
    row = the_row(run(claim(), line(), tax))
    assert (row.cause, row.amount, row.besides) == ("tax_or_fee", usd("0.27"), ())


def test_lines_of_an_unknown_job_that_cancel_out_are_no_break() -> None:
    result = run(claim(), line(), line("x", number=9), line("y", "-1.40", 9, **_REFUND))
    assert {row.cause for row in result.jobs} == {"none"}


def test_a_claim_matches_by_the_attempt_that_the_provider_echoes() -> None:
    echoed = line(number=None, attempt="attempt-1")
    assert {row.cause for row in run(claim(provider_job=None), echoed).jobs} == {"none"}


def test_credits_bought_are_shown_apart() -> None:
    result = run(claim(), line(), line("p", "99", None, kind="purchase"))
    assert [one.key for one in result.purchases] == ["p"]
    assert result.totals[0].invoiced == usd("1.40")


def test_a_bill_of_another_period_says_nothing_of_a_job() -> None:
    old = bill(period=(PERIOD[0].replace(month=10), PERIOD[0]), fetched_at=FETCHED)
    (row,) = reconcile([claim()], [old], at=NOW).jobs
    assert (row.cause, row.standing) == ("missing_invoice", "uncovered")


def test_a_line_that_was_corrected_counts_once() -> None:
    first = bill(line("a", "1.54", quantity=Decimal(11)))
    later = bill(line(), fetched_at=FETCHED.replace(hour=12))
    for both in ([first, later], [later, first]):
        assert {row.cause for row in reconcile([claim()], both, at=NOW).jobs} == {"none"}


def test_a_later_complete_statement_takes_the_place_of_an_earlier() -> None:
    """A line that is gone from it is gone; from one of another period, or an incomplete one, nothing follows."""
    first = bill(line(), line("b"))
    later = bill(line(), fetched_at=FETCHED.replace(hour=12))
    assert the_row(reconcile([claim()], [first], at=NOW)).cause == "duplicate"
    assert not reconcile([claim()], [later, first], at=NOW).breaks
    for other in (
        replace(later, complete=False),
        replace(later, period=(PERIOD[1], PERIOD[1].replace(day=9)), lines=()),
    ):
        assert the_row(reconcile([claim()], [first, other], at=NOW)).cause == "duplicate"


def test_one_job_with_lines_does_not_make_a_control_of_every_sum() -> None:
    runware: dict[str, Any] = {"provider": "runware", "provider_job": None}
    jobs = [claim(1, offer="runware/one", **runware), claim(2, offer="runware/two", **runware)]
    days: dict[str, Any] = {"provider": "runware", "source": "runware-usage", "aggregate": True, **_UNSAID}
    sums = bill(line("d", "1.40", None, sku="one", **days), line("e", "1.40", None, sku="two", **days), per_job=False)
    own = bill(line("i", "1.40", None, provider="runware", source="csv", sku="one", attempt="attempt-1", invoice="R-1"))
    result = reconcile(jobs, [sums, replace(own, complete=False)], at=NOW)
    assert sorted((row.sku, row.subject, row.cause) for row in result.jobs) == [
        ("one", "control", "none"),
        ("one", "job", "none"),
        ("two", "aggregate", "none"),
    ]
    assert [one.invoiced for one in result.totals] == [usd("2.80")]


def test_a_charge_of_a_job_that_is_still_open_says_how_to_go_on() -> None:
    row = the_row(run(claim(posted=None, state="unknown", settled_at=None), line()))
    assert (row.cause, row.amount) == ("unexplained", usd("1.40"))
    assert "follow it up" in row.suggestion


def test_a_small_amount_is_not_tolerated_where_it_is_a_large_part() -> None:
    """Half a cent of ten is 5 %: within the one bound, beyond the other."""
    cost = usd("0.10")
    ours = claim(posted=cost, quoted=Span(cost, cost, cost), quoted_lines=())
    row = the_row(run(ours, line("a", "0.105", **_UNSAID)))
    assert (row.cause, row.standing) == ("unexplained", "break")


def _runware(number: int, begun: datetime) -> Claimed:
    more: dict[str, Any] = {"provider": "runware", "offer": "runware/creatify:aurora@0", "provider_job": None}
    return claim(number, submitted_at=begun, settled_at=begun.replace(minute=begun.minute + 1), **more)


def _day(key: str, day: datetime, amount: str) -> StatementLine:
    more: dict[str, Any] = {"provider": "runware", "source": "runware-usage", "aggregate": True, **_UNSAID}
    period = (day.date(), (day + timedelta(days=1)).date())
    return line(key, amount, None, sku="creatify:aurora@0", charged_at=None, period=period, **more)


def test_days_of_equal_sums_are_no_duplicates() -> None:
    days = [datetime(2026, 11, number, 12, tzinfo=UTC) for number in (3, 4, 5)]
    sums = bill(*(_day(f"d{day.day}", day, "1.40") for day in days), per_job=False)
    row = the_row(reconcile([_runware(1, days[0]), _runware(2, days[1])], [sums], at=NOW))
    assert (row.cause, row.amount) == ("quantity", usd("1.40"))


def test_a_sum_may_count_by_the_day_a_job_began_or_by_the_day_it_ended() -> None:
    """A job of the turn of the month: either is right, as long as all of the bill does so."""
    night = datetime(2026, 10, 31, 23, 58, tzinfo=UTC)
    noon = datetime(2026, 11, 3, 12, tzinfo=UTC)
    jobs = [replace(_runware(1, night), settled_at=night + timedelta(minutes=5)), _runware(2, noon)]
    both_months = (PERIOD[0].replace(month=10), PERIOD[1])
    for by_night, by_noon in (("1.40", "1.40"), ("0", "2.80")):
        lines = (_day("n", night, by_night), _day("d", noon, by_noon))
        assert not reconcile(jobs, [bill(*lines, per_job=False, period=both_months)], at=NOW).breaks
