"""Forecasts case by case: how much history, known items, changes of level, days of other lengths, scores, words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from ledger import BadRequest
from ledger.forecast import Forecast, Lot, Planned, Question, Said, Score, backtest, forecast, said, score, track
from ledger.forecast.pace import pace
from ledger.forecast.series import day_at
from pricing import BadMoney, CurrencyMismatch, Money, usd
from tests.strategies import noise

TODAY = date(2026, 11, 10)
"""A Tuesday."""
NOVEMBER = (date(2026, 11, 1), date(2026, 12, 1))
NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
USD = 10**9


def asked(days: Sequence[int] = (), *, at: datetime = NOON, held: str = "0", limit: str | None = None) -> Question:
    """So many dollars a day, yesterday's last; today spent nothing yet."""
    spent = {TODAY - timedelta(days=len(days) - place): amount * USD for place, amount in enumerate(days)}
    return Question(
        scope="acme",
        currency="USD",
        window=NOVEMBER,
        tz="UTC",
        at=at,
        days=spent,
        spent=Money(sum(amount for day, amount in spent.items() if day >= NOVEMBER[0]), "USD"),
        held=usd(held),
        limit=None if limit is None else usd(limit),
    )


def test_under_three_days_nothing_is_projected() -> None:
    for days in ([], [10], [10, 10]):
        question = replace(asked(days, held="7"), planned=(Planned("launch", TODAY, usd("5")),))
        found = forecast(question)
        assert found.method == "none"
        assert found.expected == found.spent + usd("12")
        assert found.burn_rate is found.low is found.high is found.coverage is found.naive is None
        assert found.basis.startswith("no projection: ")
    assert forecast(asked()).basis == "no projection: no day is known, and it takes 3"


def test_a_few_days_are_a_run_rate_and_half_of_today_is_left() -> None:
    found = forecast(asked([10, 20, 30], limit="500"))
    assert found.method == "run rate"
    assert found.burn_rate == usd("20")
    assert found.expected == usd("60") + usd("10") + usd("400")
    assert found.basis == (
        "run rate of 3 days (weekdays count from 14 days on); no band: fewer than 8 checks of one could be made"
    )
    assert (found.exhausts_on, found.runway_days) == (None, 22)


def test_from_two_weeks_on_weekdays_count() -> None:
    week = [100, 100, 100, 100, 100, 0, 0]  # from Monday on
    days = [week[(TODAY - timedelta(days=28 - place)).weekday()] for place in range(28)]
    found = pace([day * USD for day in days], TODAY)
    assert (found.method, found.days) == ("weekday mean", 28)
    monday, saturday = (found.ahead(date(2026, 11, day), 1) for day in (16, 14))
    assert monday == Fraction(100 * USD * 4 + Fraction(500 * USD, 7) * 4, 8), (
        "drawn half-way to an even week by 4 weeks"
    )
    assert saturday == Fraction(500 * USD, 7) / 2
    assert pace([day * USD for day in days[:13]], TODAY).method == "run rate"
    assert found.ahead(date(2026, 11, 16), 7) == 500 * USD


def test_what_is_usually_held_is_not_counted_twice() -> None:
    days = [10] * 28
    plain = forecast(asked(days))
    usual, more = forecast(asked(days, held="10")), forecast(asked(days, held="25"))
    assert usual.expected == plain.expected
    assert "10.00 USD of open holds is part of the usual pace" in usual.basis
    assert more.expected == plain.expected + usd("15")
    assert "25.00 USD of open holds, 15.00 USD of it beyond a usual day" in more.basis


def test_on_the_last_day_holds_cover_only_what_is_left_of_it() -> None:
    question = replace(asked([10] * 28, held="25"), window=(NOVEMBER[0], TODAY + timedelta(days=1)))
    found = forecast(question)
    assert found.expected == found.spent + usd("25"), "5 of the 25 are what the rest of the day spends"


def test_past_batches_do_not_raise_the_usual_pace() -> None:
    days = [10] * 28
    days[20] += 500
    batch = Planned("launch", TODAY - timedelta(days=8), usd("500"))
    known = forecast(replace(asked(days), planned=(batch,)))
    assert known.burn_rate == usd("10")
    assert known.planned == usd("0")
    assert known.expected == forecast(asked([10] * 28)).expected + (known.spent - usd("90"))
    bigger = forecast(replace(asked(days), planned=(replace(batch, amount=usd("9000")),)))
    assert bigger.burn_rate == Money(round(Fraction(270 * USD, 28)), "USD"), "no day falls below nothing"


def test_a_change_of_level_shortens_what_counts_and_is_said() -> None:
    days = [10 + place % 3 for place in range(40)] + [50 + place % 3 for place in range(10)]
    found = forecast(asked(days))
    assert found.changed_on == TODAY - timedelta(days=10)
    assert found.burn_rate is not None
    assert abs(found.burn_rate.nanos - 51 * USD) < USD
    assert "the level changed on 2026-10-31, older days do not count" in found.basis
    assert found.low is found.high is found.coverage is None
    assert found.basis.endswith("no band: too few forecasts since the change are over")


def test_pauses_and_one_huge_day_are_no_change() -> None:
    on_and_off = ([20] * 14 + [0] * 14) * 2
    assert forecast(asked(on_and_off)).changed_on is None
    huge = [10 + place % 3 for place in range(50)]
    huge[-3] = 100_000
    assert forecast(asked(huge)).changed_on is None


def test_a_steady_rise_leaves_old_days_out() -> None:
    week = [2, 30, 5, 25, 8, 20, 10]
    days = [USD * day * percent // 100 for percent in (100, 110, 120, 130) for day in week]
    found = pace(days, TODAY)
    assert (found.changed_on, found.drift, found.days) == (None, 1, 14)
    assert found.per_day == Fraction(125 * USD, 7)
    falling = pace(days[::-1], TODAY)
    assert (falling.changed_on, falling.drift) == (None, -1)
    assert pace([USD] * 28, TODAY).drift == 0


def test_a_band_comes_with_how_often_it_held() -> None:
    days = [amount // USD for amount in noise(3, 120)]
    found = forecast(asked(days))
    assert found.low is not None
    assert found.high is not None
    assert found.coverage is not None
    inside, of = found.coverage
    assert of == 120 - 21 - 13 - 21 - 7, "the days ahead of a check are over, and those of eight before it were"
    assert f"in the last {of} checks the truth fell inside such a band {inside} times" in found.basis
    assert inside * 10 < of * 8
    assert found.basis.endswith("times, less often than the 80 % it is meant to")
    short = forecast(asked(days[:60]))
    assert short.low is None
    assert "no band: fewer than 8 checks" in short.basis


@pytest.mark.parametrize("seed", [1, 2])
def test_bands_of_a_steady_series_hold_as_often_as_they_are_meant_to(seed: int) -> None:
    trials = backtest(noise(seed, 400), date(2026, 1, 1), 7, every=5)
    shown = [one for one in trials if one.band is not None]
    held = sum(one.inside is True for one in shown)
    assert len(shown) > 50
    assert 0.7 <= held / len(shown) <= 0.97
    ours, naive = (sum(abs(one.truth - one.told[name]) for one in trials) for name in ("ours", "week ago"))
    assert ours < naive


def test_refunds_may_outweigh_what_is_spent() -> None:
    found = forecast(asked([-50, 10, -20, 5]))
    assert found.spent == usd("-55")
    assert found.expected == found.spent
    assert found.burn_rate == usd("0")
    assert found.runway_days is None


def test_a_limit_that_is_passed_is_exhausted_today() -> None:
    found = forecast(asked([100] * 9, limit="500"))
    assert (found.exhausts_on, found.runway_days) == (TODAY, 0)
    assert forecast(asked(limit="0")).exhausts_on == TODAY
    assert forecast(asked([0] * 9, limit="1")).runway_days is None


def test_a_limit_is_met_on_the_day_that_reaches_it() -> None:
    found = forecast(asked([10] * 9, limit="105"))
    assert found.spent == usd("90")
    assert found.exhausts_on == TODAY + timedelta(days=1), "5 today, 10 tomorrow"
    assert found.runway_days == 1


@pytest.mark.parametrize(
    ("tz", "at", "left"),
    [
        ("UTC", NOON, Fraction(1, 2)),
        ("Europe/Paris", datetime(2026, 3, 29, 10, tzinfo=UTC), Fraction(12, 23)),
        ("Europe/Paris", datetime(2026, 10, 25, 11, tzinfo=UTC), Fraction(12, 25)),
        ("UTC", datetime(2026, 11, 10, tzinfo=UTC), Fraction(1)),
    ],
)
def test_a_day_is_as_long_as_it_is_there(tz: str, at: datetime, left: Fraction) -> None:
    assert day_at(at, tz).left == left


def test_credits_that_nobody_will_draw_are_told_apart() -> None:
    midnight = NOON.replace(hour=0)
    days = [10] * 10
    question = asked(days, at=midnight)
    lots = (
        Lot("b", usd("40"), TODAY + timedelta(days=1)),
        Lot("a", usd("40"), TODAY + timedelta(days=1)),
        Lot("later", usd("900"), date(2026, 12, 1)),
        Lot("gone", usd("3"), TODAY - timedelta(days=1)),
        Lot("ever", usd("900"), None),
    )
    found = forecast(replace(question, lots=lots, drawn=question.days))
    assert found.credits == usd("63"), "two days draw 20 of 80"
    assert found.expected == forecast(question).expected
    assert "credits worth 63.00 USD will expire unused, which no budget counts" in found.basis
    assert forecast(replace(question, lots=lots)).credits == usd("83"), "nothing was ever drawn"


def test_amounts_beyond_all_money_are_refused() -> None:
    with pytest.raises(BadMoney, match="beyond what can be kept"):
        forecast(replace(asked([9_000_000_000] * 3), spent=usd("9000000000")))


Change = Mapping[str, object]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"window": (TODAY, TODAY)}, "has no day"),
        ({"window": (date(2026, 10, 1), date(2026, 11, 1))}, "ask for the window that runs"),
        ({"window": (date(2026, 12, 1), date(2027, 1, 1))}, "is not in the window"),
        ({"held": usd("-1")}, "cannot be held"),
        ({"held": Money(1, "EUR")}, "is not in USD"),
        ({"limit": Money(1, "EUR")}, "is not in USD"),
        ({"days": {date(2026, 11, 11): 1}}, "is still to come"),
    ],
)
def test_a_question_that_nobody_can_mean_is_refused(change: Change, line: str) -> None:
    with pytest.raises(BadRequest, match=line):
        forecast(replace(asked([10] * 5), **change))  # type: ignore[arg-type]


def test_a_batch_or_lot_below_nothing_is_refused() -> None:
    with pytest.raises(BadRequest, match="cannot cost"):
        Planned("launch", TODAY, usd("-1"))
    with pytest.raises(BadRequest, match="cannot be left"):
        Lot("a", usd("-1"), None)


def told(expected: str, naive: str | None, low: str | None = None, high: str | None = None) -> Said:
    spans = [None if one is None else usd(one) for one in (low, high, naive)]
    return Said(NOON, NOVEMBER, usd("100"), usd(expected), spans[0], spans[1], spans[2])


def test_past_forecasts_are_scored_by_what_was_still_to_come() -> None:
    scores = [score(told("150", "180", "140", "160"), usd("145")), score(told("130", None), usd("150"))]
    scores.append(score(told("120", "110", "118", "121"), usd("130")))
    assert [one.error for one in scores] == [-5 * USD, 20 * USD, 10 * USD]
    found = track(scores)
    assert found == track(reversed(scores))
    assert found is not None
    assert (found.forecasts, found.coverage) == (3, (1, 2))
    assert found.wape == Fraction(35, 45 + 50 + 30)
    assert found.mase == Fraction(5 + 10, 35 + 20), "only where there was a week to go by"
    assert track([]) is None
    nothing = track([Score(NOON, NOVEMBER, 0, 0, 0, None)])
    assert nothing is not None
    assert (nothing.wape, nothing.mase, nothing.coverage) == (None, None, None)
    with pytest.raises(CurrencyMismatch):
        score(told("150", None), Money(1, "EUR"))


def test_the_track_record_stands_beside_the_next() -> None:
    before = track([score(told("150", "180"), usd("160"))])
    found = forecast(replace(asked([10] * 20), track=before))
    assert found.track == before
    assert found.basis.endswith("1 past forecast was off by 17 % on the whole")


def test_naive_is_every_day_as_a_week_ago() -> None:
    days = [1, 2, 3, 4, 5, 6, 7]
    question = replace(asked(days), window=(NOVEMBER[0], TODAY + timedelta(days=9)))
    found = forecast(question)
    assert said(found).naive == found.spent + Money(USD // 2, "USD") + usd(str(2 + 3 + 4 + 5 + 6 + 7 + 1 + 2))


def test_as_json_it_says_everything() -> None:
    found: Forecast = forecast(asked([10] * 20, held="3", limit="150"))
    read = json.loads(json.dumps(found.as_json()))
    assert read["expected"] == {"amount": "295", "currency": "USD"}
    assert read["window"] == {"start": "2026-11-01", "end": "2026-12-01"}
    assert (read["exhausts_on"], read["runway_days"], read["coverage"]) == ("2026-11-16", 6, None)
    wanted = {"scope", "window", "spent", "held", "expected", "low", "high", "coverage", "limit", "exhausts_on"}
    assert wanted | {"runway_days", "basis"} <= read.keys()
