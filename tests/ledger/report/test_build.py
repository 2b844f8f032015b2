"""A report from a real database: every part of it, against what was done."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from ledger import BadRequest, BadScope, Ledger, Planned, Statement, StatementLine
from ledger.report import anomalies
from ledger.report.anomalies import Tries
from ledger.report.values import Anomaly
from pricing import Money, usd
from tests.ledger.world import World, credit, credits_quote, fresh_url, plain, quote, world

NOVEMBER = (date(2026, 11, 1), date(2026, 12, 1))


def opened(day: datetime = datetime(2026, 10, 1, 9, tzinfo=UTC)) -> World:
    w = world("5000", at=day)
    w.ledger.set_budget("acme/c7", usd("300"), window="month", tz="Europe/Paris", overrun="allow_to_limit")
    return w


def spend(w: World, days: int, jobs: int = 1) -> None:
    """So many jobs of 1.40 on each of so many days; the clock stands on the day after."""
    for day in range(days):
        for n in range(jobs):
            job = f"{w.clock.now:%m%d}-{day}-{n}"
            w.submitted(job, f"a-{job}", tags={"team": "ads" if n % 2 else "web"})
            w.settle(usd("1.40"), job, f"a-{job}")
        w.clock.forward(days=1)


def test_a_report_says_what_was_done() -> None:
    w = opened()
    spend(w, 40, 2)  # until the 9th of November
    w.submitted("lost", "a-lost")
    w.ledger.unknown(job="lost", attempt="a-lost", reason="no answer")
    w.submitted("quoted", "a-quoted")
    w.settle(usd("1.40"), "quoted", "a-quoted", evidence="quote", final=False)
    assert w.hold("too-much", price=quote("999")).refused is not None
    found = w.ledger.report(tag="team", grouping=("week", "scope:1"))
    assert (found.period, found.scope, found.tz) == (NOVEMBER, None, "UTC")
    assert found.title == "Spend in November 2026"
    assert w.ledger.report((date(2026, 11, 1), date(2026, 11, 8)), "acme").title == "Spend of acme"
    (total,) = found.totals
    assert (total.jobs, total.settled, total.before) == (20, usd("26.60"), usd("86.80"))
    assert (total.held, total.exposed, total.provisional, total.invoiced) == (
        usd("1.40"),
        usd("1.40"),
        usd("1.40"),
        None,
    )
    assert {one.keys["tag:team"]: one.settled for one in found.by_tag} == {
        "": usd("1.40"), "ads": usd("12.60"), "web": usd("12.60"),
    }  # fmt: skip
    assert [(one.keys["week"], one.settled) for one in found.cells] == [
        ("2026-W44", usd("2.80")), ("2026-W45", usd("19.60")), ("2026-W46", usd("4.20")),
    ]  # fmt: skip
    paris, ever = found.burn_downs
    assert (paris.scope, paris.starts, paris.ends, paris.limit) == ("acme/c7", *NOVEMBER, usd("300"))
    assert [(one.day.day, one.spent, one.held) for one in paris.points][-2:] == [
        (9, usd("25.20"), usd("0")), (10, usd("26.60"), usd("1.40")),
    ]  # fmt: skip
    assert (ever.scope, ever.starts, ever.points[-1].spent) == ("acme", None, usd("113.40"))
    assert [(one.job, one.amount, one.reason) for one in found.exposures] == [("lost", usd("1.40"), "no answer")]
    assert [(one.reason, one.times, one.asked) for one in found.refusals] == [("budget", 1, usd("999"))]
    (quoted,) = found.accuracy
    assert (quoted.jobs, quoted.p10, quoted.worst) == (18, Fraction(1), Fraction(1))
    assert (found.breaks, found.drift, found.runways) == ((), (), ())
    assert any("No bill was imported" in one for one in found.notes)
    (all_of,) = found.forecasts
    assert all_of.spent == usd("26.60")
    assert all_of.expected > usd("26.60")
    other = w.ledger.report(scope="other")
    assert (other.totals, other.exposures, other.burn_downs, other.forecasts) == ((), (), (), ())
    assert w.ledger.report(at=datetime(2026, 10, 3, tzinfo=UTC)).totals[0].settled == usd("86.80")
    w.sound()
    with pytest.raises(BadScope):
        w.ledger.report(scope="no scope")
    with pytest.raises(BadRequest, match="is no grouping"):
        w.ledger.report(grouping=("weeks",))
    with pytest.raises(BadRequest, match="named twice"):
        w.ledger.spend(("day", "day"), NOVEMBER)
    with pytest.raises(BadRequest, match="has no day"):
        w.ledger.spend((), (NOVEMBER[1], NOVEMBER[0]))


def billed(provider: str, *lines: tuple[str, str | None, str]) -> Statement:
    """Of amounts, jobs and currencies; without a job a sum."""
    day = date(2026, 11, 3), date(2026, 11, 4)
    said = (
        StatementLine(provider, "csv", f"{amount} {job}", "usage", Money.of(amount, currency), None, day,
                      provider_job=job, sku="creatify:aurora@0", aggregate=job is None)
        for amount, job, currency in lines
    )  # fmt: skip
    return Statement(provider, "csv", NOVEMBER, tuple(said), True, datetime(2026, 11, 9, tzinfo=UTC))


def test_what_no_bill_covers_is_not_taken_for_billed_at_nothing() -> None:
    w = opened(datetime(2026, 11, 3, 9, tzinfo=UTC))
    price = quote(offer="runware/creatify:aurora@0")
    for job, provider in (("j1", "fal"), ("j2", "fal"), ("j3", "runware")):
        w.hold(job, price=price if provider == "runware" else quote(), scope=f"acme/{job}")
        w.begin(job, f"a-{job}", provider=provider, price=price if provider == "runware" else quote())
        w.ledger.outcome(job=job, attempt=f"a-{job}", outcome="accepted", provider_job=f"p-{job}")
        w.settle(usd("1.40"), job, f"a-{job}")
    w.ledger.import_statement(billed("fal", ("1.40", "p-j1", "USD")), author="ann")
    w.ledger.import_statement(billed("runware", ("1.40", None, "USD")), author="ann")
    found = w.ledger.report(NOVEMBER)
    assert {one.keys["scope"]: one.invoiced for one in found.by_scope} == {
        "acme/j1": usd("1.40"), "acme/j2": None, "acme/j3": None,
    }  # fmt: skip
    assert {one.keys["provider"]: one.invoiced for one in found.by_offer} == {"fal": usd("1.40"), "runware": None}
    assert found.totals[0].invoiced == usd("1.40")
    assert [note for note in found.notes if "sums that name no job" in note and "The bill of runware" in note]
    (total,) = (one for one in w.ledger.reconcile().totals if one.provider == "runware")
    assert total.invoiced == usd("1.40")


def test_a_bill_of_unknown_worth_hides_no_other_and_says_what_to_do() -> None:
    w = opened(datetime(2026, 11, 3, 9, tzinfo=UTC))
    spend(w, 1, 2)
    names = [one.attempts[0].provider_job for one in w.ledger.jobs()]
    w.ledger.import_statement(billed("fal", ("1.50", names[0], "EUR"), ("1.40", names[1], "USD")), author="ann")
    w.ledger.import_statement(billed("runware", ("0.70", "p-stranger", "USD")), author="ann")
    found = w.ledger.report(NOVEMBER)
    assert [one.partition("; ")[2] for one in found.unread] == [
        "name the exchange rate of EUR, such as --rate EUR=1.08"
    ]
    assert [(one.kind, one.provider) for one in found.breaks] == [("unknown_charge", "runware")]
    assert found.totals[0].settled == usd("2.80")
    told = w.ledger.report(NOVEMBER, worth={"EUR": Fraction(108, 100)})
    assert told.unread == ()
    assert {one.provider for one in told.breaks} == {"runware", "fal"}
    assert told.totals[0].invoiced == usd("3.02")


def test_a_scope_is_told_its_own_breaks() -> None:
    w = opened(datetime(2026, 11, 3, 9, tzinfo=UTC))
    for job, scope in (("j1", "acme/a"), ("j2", "acme/ab")):
        w.submitted(job, f"a-{job}", scope=scope)
        w.settle(usd("1.40"), job, f"a-{job}")
    lines = (("1.54", "p-a-j1", "USD"), ("1.54", "p-a-j2", "USD"), ("0.70", "p-stranger", "USD"))
    w.ledger.import_statement(billed("fal", *lines), author="ann")
    assert [one.job for one in w.ledger.report(NOVEMBER, "acme/a").breaks] == ["j1"]
    assert sorted(str(one.job) for one in w.ledger.report(NOVEMBER, "acme").breaks) == ["j1", "j2"]
    assert len(w.ledger.report(NOVEMBER).breaks) == 3
    (loose,) = (one for one in w.ledger.reconcile().breaks if one.job is None)
    w.ledger.close_break(loose.id, "accepted", author="ann", note="a trial by hand")
    said = "Of no job, so in no sum here: 0.70 USD that people accepted of bills, in all."
    assert said in w.ledger.report(NOVEMBER).notes
    assert said not in w.ledger.report(NOVEMBER, "acme").notes
    assert w.ledger.report(NOVEMBER).totals[0].settled == usd("3.08")


@pytest.mark.parametrize("period", [(date(1, 1, 1), date(1, 2, 1)), (date(9999, 12, 30), date(9999, 12, 31))])
def test_a_period_beyond_all_calendars_is_refused(period: tuple[date, date]) -> None:
    w = opened()
    with pytest.raises(BadRequest, match="is too far away"):
        w.ledger.report(period)
    with pytest.raises(BadRequest, match="is too far away"):
        w.ledger.spend(("day",), period, tz="Europe/Paris")


def test_credits_have_a_runway_and_a_ladder_of_expiry() -> None:
    w = opened()
    later, soon = (w.clock.now + timedelta(days=days) for days in (90, 45))
    w.ledger.buy_credits("creatify", credit("100"), usd("20"), lot="later", expires_at=later)
    w.ledger.buy_credits("creatify", credit("56"), usd("14"), lot="soon", expires_at=soon)
    price = credits_quote("28")
    w.hold(price=price)
    w.begin(provider="creatify", price=price)
    w.ledger.outcome(job="j1", attempt="a1", outcome="accepted", provider_job="p1")
    w.settle(credit("28"))
    w.ledger.draw_credits("creatify")
    (one,) = w.ledger.report().runways
    assert (one.left, one.cost_left) == (credit("128"), usd("27"))
    assert (one.per_day, one.exhausts_on) == (credit("1"), later.date())  # 128 days' worth, but the rest expires
    assert [(lot.lot, lot.left, lot.cost_left) for lot in one.lots] == [
        ("soon", credit("28"), usd("7")), ("later", credit("100"), usd("20")),
    ]  # fmt: skip
    (all_of,) = w.ledger.forecast(None)
    assert all_of.scope == "*"
    w.ledger.buy_credits("creatify", credit("200"), usd("40"), lot="ever")
    (one,) = w.ledger.report().runways
    assert one.exhausts_on == (w.clock.now + timedelta(days=90 + 200)).date()
    w.clock.forward(days=45)
    (one,) = w.ledger.report().runways
    assert (one.left, [lot.lot for lot in one.lots]) == (credit("300"), ["later", "ever"])  # what expired is not left
    assert (one.per_day, one.exhausts_on) == (None, None)


def test_forecasts_are_kept_and_scored_when_their_window_is_over() -> None:
    w = opened()
    spend(w, 20, 2)
    first = w.ledger.forecast("acme/c7")[0]
    assert (first.track, first.spent) == (None, usd("56"))
    assert w.ledger.forecast("acme/c7")[0] == first
    kept = plain(w.ledger)["forecast"]
    assert [(row["scope"], row["window"], row["starts_on"], row["ends_on"]) for row in kept] == [
        ("acme/c7", "month", "2026-10-01", "2026-11-01")
    ]
    spend(w, 12, 2)
    scored = w.ledger.forecast("acme/c7")[0]
    assert scored.window[0] == date(2026, 11, 1)
    track = scored.track
    assert track is not None
    came, told = usd("86.80"), first.expected
    assert track.forecasts == 1
    assert track.wape == Fraction(abs((came - told).nanos), (came - first.spent).nanos)
    assert "1 past forecast was off by" in scored.basis
    assert w.ledger.report().burn_downs[0].forecast is not None
    w.sound()


def test_a_scope_without_a_budget_of_its_own_is_looked_at_by_the_month() -> None:
    w = opened()
    spend(w, 5)
    w.submitted("deep", "a-deep", scope="acme/other/deep")
    (one,) = w.ledger.forecast("acme/other")
    assert (one.scope, one.spent, one.held, one.limit) == ("acme/other", usd("0"), usd("1.40"), None)
    batch = Planned("launch", date(2026, 10, 20), usd("40"))
    assert w.ledger.forecast("acme/other", planned=[batch])[0].expected - one.expected == usd("40")
    with pytest.raises(BadRequest, match="no budget covers nobody"):
        w.ledger.forecast("nobody")
    with pytest.raises(BadRequest, match="no budget is in"):
        w.ledger.forecast(None, planned=[Planned("x", date(2026, 10, 20), credit("4"))])


def test_an_empty_ledger_has_an_empty_report() -> None:
    with Ledger.open(fresh_url()) as ledger:
        found = ledger.report()
        assert (found.totals, found.by_day, found.burn_downs, found.anomalies) == ((), (), (), ())


FIRST = date(2026, 11, 1)


def steady(days: int, nanos: int) -> dict[date, int]:
    return {FIRST + timedelta(days=number): nanos for number in range(days)}


def judged(days: dict[date, int]) -> list[Anomaly]:
    return list(anomalies.spend(days, "USD", (FIRST, date(2026, 12, 1)), date(2026, 11, 29)))


def test_a_day_far_outside_the_band_stands_out_and_an_even_pace_does_not() -> None:
    days = steady(28, 10 * 10**9)
    assert judged(days) == []
    days[date(2026, 11, 20)] = 30 * 10**9
    (found,) = judged(days)
    assert (found.day.day, found.what, found.value, found.usual) == (20, "spend", "30.00 USD", "5.00 USD to 15.00 USD")
    days[date(2026, 11, 25)] = 0
    assert [one.day.day for one in judged(days)] == [20, 25]
    (found,) = judged(steady(28, 10_123_456_789) | {date(2026, 11, 20): 30 * 10**9})
    assert (found.usual, found.reason[:35]) == ("5.06 USD to 15.19 USD", "more than the band around 10.12 USD")
    (found,) = judged(steady(28, 1_234_567) | {date(2026, 11, 20): 30 * 10**9})
    assert found.usual == "0.000617284 USD to 0.00185185 USD"  # below 1 all digits count
    assert judged({date(2026, 11, 20): 10**12}) == []  # nothing is usual yet


def test_failures_and_bursts_of_retries_stand_out() -> None:
    days = {day: Tries(10, 10, 1) for day in steady(20, 0)}
    days[date(2026, 11, 15)] = Tries(30, 12, 6)
    found = list(anomalies.tries(days, (FIRST, date(2026, 12, 1)), date(2026, 11, 20)))
    assert [(one.day.day, one.what, one.value) for one in found] == [(15, "failures", "6"), (15, "retry burst", "18")]
    lone = {date(2026, 11, 15): Tries(8, 8, 5)}
    assert [one.usual for one in anomalies.tries(lone, (FIRST, date(2026, 12, 1)), date(2026, 11, 20))] == [
        "no usual is known"
    ]


def test_what_was_never_charged_before_is_new_once() -> None:
    seen = {("fal", "fal/a"): FIRST, ("creatify", "creatify/a"): FIRST, ("fal", "fal/b"): date(2026, 11, 3)}
    found = list(anomalies.new(seen, [("fal", "fal/a")]))
    assert [(one.what, one.value) for one in found] == [("new provider", "creatify"), ("new offer", "fal/b")]
    assert list(anomalies.new(seen, [])) == []
