"""However it is asked, it is one sum: report, spend, budgets, jobs, exports and the journal agree beside any bills."""

from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ledger import BadRequest, Ledger, Statement, StatementLine, WrongState
from ledger.statement.lines import LineKind
from pricing import Money, usd
from tests.ledger.acting import examples
from tests.ledger.export.test_focus import rows_of
from tests.ledger.export.test_jobs import exported, table, total
from tests.ledger.world import World, credit, credits_quote, plain, quote, world

CREDIT = "creatify-credit"
PERIOD = date(2026, 11, 1), date(2026, 12, 1)
EVER = date(2026, 1, 1), date(2028, 1, 1)
LATE = datetime(2027, 1, 20, tzinfo=UTC)
KINDS: tuple[LineKind, ...] = ("usage", "usage", "usage", "refund", "tax", "adjustment", "discount")
GROUPINGS = ((), ("day",), ("week", "provider"), ("month", "offer"), ("scope:1",), ("tag:team",))


def amount(draw: Random, currency: str) -> Money:
    said = ("1.40", "1.54", "0.700000001", "2.8", "99", "0") if currency == "USD" else ("11", "7.3", "11.000000001")
    return Money.of(draw.choice(said), currency)


def lived(draw: Random) -> World:
    """Jobs at three providers, some settled, some lost; then bills of them, of strangers and of taxes, and words."""
    w = world("1000")
    jobs: list[tuple[str, str]] = []
    for n in range(draw.randint(1, 6)):
        provider = draw.choice(("fal", "runware", "creatify"))
        currency = CREDIT if provider == "creatify" else "USD"
        price = credits_quote("11") if currency == CREDIT else quote("1.40")
        w.hold(f"j{n}", price=price, scope=draw.choice(("acme", "acme/a")), tags={"team": draw.choice("xy")})
        w.begin(f"j{n}", f"a{n}", provider=provider, price=price)
        w.ledger.outcome(job=f"j{n}", attempt=f"a{n}", outcome="accepted", provider_job=f"p{n}")
        if draw.random() < 0.7:
            w.settle(amount(draw, currency), f"j{n}", f"a{n}", final=draw.random() < 0.5)
        elif draw.random() < 0.5:
            w.ledger.unknown(job=f"j{n}", attempt=f"a{n}", reason="no news")
        jobs.append((provider, f"p{n}"))
        w.clock.forward(hours=draw.randint(0, 30))
    if draw.random() < 0.5:
        w.ledger.buy_credits("creatify", credit("20"), usd("3.33"), lot="L1")
    for n in range(draw.randint(0, 3)):
        billed(w.ledger, draw, n, jobs, w.clock.now)
        w.clock.forward(days=1)
    for one in w.ledger.reconcile().breaks:
        if draw.random() < 0.6:
            verdict = draw.choice(("accepted", "adjusted", "disputed"))
            with suppress(BadRequest, WrongState):  # gives back more than the job cost
                w.ledger.close_break(one.id, verdict, author="ann", note="so it is")
    w.ledger.draw_credits("creatify")
    return w


def billed(ledger: Ledger, draw: Random, number: int, jobs: list[tuple[str, str]], at: datetime) -> None:
    provider = draw.choice(("fal", "runware", "creatify"))
    currency = CREDIT if provider == "creatify" else "USD"
    lines: list[StatementLine] = []
    for job in (*(name for seller, name in jobs if seller == provider), "stranger", None):
        kind = draw.choice(KINDS)
        cost = amount(draw, currency)
        if draw.random() < 0.6:
            key = f"{draw.choice((0, number))} {job}"
            signed = -cost if kind in ("refund", "discount") else cost
            lines.append(
                StatementLine(provider, "csv", key, kind, signed, None, (date(2026, 11, 20), date(2026, 11, 25)),
                              provider_job=job, invoice=draw.choice((None, f"INV-{number}")))
            )  # fmt: skip
    ledger.import_statement(Statement(provider, "csv", PERIOD, tuple(lines), draw.random() < 0.5, at), author="ann")


@given(st.randoms(use_true_random=False))
@examples(40)
def test_every_way_to_ask_says_the_same_sum(draw: Random) -> None:
    w = lived(draw)
    w.sound()
    rows, report = table(exported(w.ledger, "csv")), w.ledger.report(EVER, tag="team", grouping=("week", "provider"))
    sums = {f"spend {one}": w.ledger.spend(one, EVER) for one in GROUPINGS}
    sums |= {name: getattr(report, name) for name in ("totals", "by_day", "by_offer", "by_scope", "by_tag", "cells")}
    sums["elsewhere"] = w.ledger.spend(("day",), EVER, tz="Pacific/Apia")
    told = {name: sum(one.settled.nanos for one in cells) for name, cells in sums.items()}
    told["jobs"] = sum(one.charged.nanos for one in w.ledger.jobs() if one.charged is not None)
    told["budget"] = w.budget()[0].nanos
    told["csv"] = int(total(rows, "charged", "USD") * 10**9)
    entries = plain(w.ledger)["entry"]
    told["journal"] = sum(one["amount_nanos"] for one in entries if one["account"].startswith("spent:"))
    assert len(set(told.values())) == 1, told
    invoiced = [one.invoiced.nanos for one in report.by_day if one.invoiced is not None]
    assert sum(invoiced) == sum(one.invoiced.nanos for one in report.totals if one.invoiced is not None)
    _expenses(w, rows, entries)
    for one in w.ledger.reconcile(at=LATE).totals:
        assert one.variance == one.invoiced - one.posted


def _expenses(w: World, rows: list[dict[str, str]], entries: list[dict[str, int | str]]) -> None:
    """What the journal has as expense is what jobs cost and what was accepted of no job; FOCUS has each once."""
    accepted = Counter[str]()
    for one in plain(w.ledger)["saying"]:
        accepted[one["currency"]] += one["posted_nanos"]
    try:
        focus = [one for one in rows_of(w.ledger) if one["ChargeCategory"] != "Purchase"]
    except BadRequest as error:  # of no job, in credits that no lot pays for
        assert "nothing says what that is worth in money" in str(error)  # noqa: PT017
        focus = None
    for currency in ("USD", CREDIT):
        mine = (one for one in entries if str(one["account"]).startswith("expense:") and one["currency"] == currency)
        expense = Decimal(sum(int(one["amount_nanos"]) for one in mine)) / 10**9
        assert expense == total(rows, "charged_native", currency, "currency") + Decimal(accepted[currency]) / 10**9
        if focus is not None:
            assert expense == total(focus, "PricingCurrencyEffectiveCost", currency, "PricingCurrency")
