"""What holds of every forecast: never below what is spent, in any unit, for any window, whatever the order."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.forecast import Planned, Question, backtest, forecast, said, score
from ledger.forecast.band import band, origins
from ledger.forecast.change import changed
from ledger.forecast.pace import pace
from ledger.forecast.series import day_at
from pricing import Money
from tests.conftest import SWEEP
from tests.strategies import day_amounts, local_instants, questions

MONDAY = date(2026, 11, 2)
SOME = settings(max_examples=2000 if SWEEP else 30)


@SOME
@given(questions())
def test_at_least_what_is_spent_and_held_is_expected(question: Question) -> None:
    found = forecast(question)
    assert found.expected >= found.spent + found.held + found.planned
    if found.low is not None and found.high is not None:
        assert found.spent + found.planned <= found.low <= found.expected <= found.high
        assert found.coverage is not None
        inside, checks = found.coverage
        assert 0 <= inside <= checks
        assert checks >= 8
    else:
        assert found.coverage is None
    assert found.basis


@SOME
@given(questions(), st.integers(2, 1000))
def test_in_another_unit_it_is_the_same_forecast(question: Question, times: int) -> None:
    def scaled(money: Money | None) -> Money | None:
        return None if money is None else money * times

    other = replace(
        question,
        days={day: amount * times for day, amount in question.days.items()},
        drawn={day: amount * times for day, amount in question.drawn.items()},
        spent=question.spent * times,
        held=question.held * times,
        limit=scaled(question.limit),
        planned=tuple(replace(one, amount=one.amount * times) for one in question.planned),
        lots=tuple(replace(one, left=one.left * times) for one in question.lots),
    )
    one, two = forecast(question), forecast(other)
    for mine, theirs in (
        (one.expected, two.expected),
        (one.credits, two.credits),
        (one.low, two.low),
        (one.high, two.high),
        (one.naive, two.naive),
        (one.burn_rate, two.burn_rate),
    ):
        assert (mine is None) == (theirs is None)
        if mine is not None and theirs is not None:
            assert abs(mine.nanos * times - theirs.nanos) <= times, "rounded once, and only once"
    assert (one.method, one.coverage, one.changed_on) == (two.method, two.coverage, two.changed_on)
    assert (one.exhausts_on, one.runway_days) == (two.exhausts_on, two.runway_days)


@SOME
@given(questions(), st.integers(1, 400))
def test_a_longer_window_never_expects_less(question: Question, more: int) -> None:
    longer = replace(question, window=(question.window[0], question.window[1] + timedelta(days=more)))
    one, other = forecast(question), forecast(longer)
    assert one.expected <= other.expected
    assert one.runway_days == other.runway_days
    if one.exhausts_on is not None:
        assert other.exhausts_on == one.exhausts_on


@SOME
@given(questions(), st.integers(0, 10**14), st.data())
def test_a_planned_batch_adds_exactly_what_it_costs(question: Question, nanos: int, data: st.DataObject) -> None:
    now, end = day_at(question.at, question.tz).date, question.window[1]
    day = now + timedelta(days=data.draw(st.integers(0, (end - now).days - 1)))
    batch = Planned("new", day, Money(nanos, "USD"))
    more = forecast(replace(question, planned=(*question.planned, batch)))
    late = forecast(replace(question, planned=(*question.planned, replace(batch, day=end))))
    plain = forecast(question)
    assert more.expected - plain.expected == batch.amount
    assert late.expected == plain.expected
    if plain.low is not None and plain.high is not None:
        assert more.low == plain.low + batch.amount
        assert more.high == plain.high + batch.amount


@SOME
@given(questions(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_given_tells_nothing(question: Question, any_order: Random) -> None:
    days, planned, lots = list(question.days.items()), list(question.planned), list(question.lots)
    for one in (days, planned, lots):
        any_order.shuffle(one)
    other = replace(question, days=dict(days), planned=tuple(planned), lots=tuple(lots))
    assert forecast(other) == forecast(question) == forecast(question)


@SOME
@given(questions())
def test_the_day_of_exhaustion_is_where_the_way_meets_the_limit(question: Question) -> None:
    found = forecast(question)
    if found.limit is None:
        assert found.exhausts_on is None
        assert found.runway_days is None
        return
    now = day_at(question.at, question.tz).date
    if found.expected > found.limit:
        assert found.exhausts_on is not None
    if found.exhausts_on is not None:
        assert found.expected >= found.limit
        assert question.window[0] <= now <= found.exhausts_on < question.window[1]
        assert found.runway_days == (found.exhausts_on - now).days
        upto = (question.window[0], found.exhausts_on + timedelta(days=1))
        assert forecast(replace(question, window=upto)).expected >= found.limit
        if found.exhausts_on > now:
            before = forecast(replace(question, window=(question.window[0], found.exhausts_on)))
            assert before.expected <= found.limit
    if found.spent >= found.limit:
        assert found.exhausts_on == now
        assert found.runway_days == 0


@given(day_amounts(), st.dates(MONDAY, MONDAY + timedelta(days=6)), st.integers(0, 60), st.integers(0, 60))
def test_days_ahead_add_up(days: list[int], first: date, some: int, more: int) -> None:
    found = pace(days, first)
    assert found.ahead(first, some) + found.ahead(first + timedelta(days=some), more) == found.ahead(first, some + more)
    assert found.ahead(first, 7) == 7 * found.per_day >= 0


@given(st.lists(st.integers(1, 10**6), min_size=14, max_size=70))
def test_a_change_is_found_by_order_alone(days: list[int]) -> None:
    assert changed(days) == changed([day**3 + day for day in days])


@given(st.lists(st.integers(1, 30), min_size=14, max_size=56))
def test_a_change_is_what_counting_pairs_finds(days: list[int]) -> None:
    """Mann and Whitney's count itself, pair by pair: no way to share a mistake with sums of ranks."""

    def strength(split: int) -> Fraction:
        before, after = days[:split], days[split:]
        wins = sum((one > other) - (one < other) for one in before for other in after)
        return Fraction(wins * wins * 3, len(before) * len(after) * (len(days) + 1))

    strongest = max(strength(split) for split in range(7, len(days) - 6))
    if abs(strongest - 14) > Fraction(1, 1000):  # it is cut to millionths
        assert (changed(days) is not None) == (strongest > 14)


@SOME
@given(st.integers(1, 12), st.data())
def test_no_trial_knows_what_comes(horizon: int, data: st.DataObject) -> None:
    amounts = st.integers(0, 10**12)
    days = data.draw(st.lists(amounts, min_size=60, max_size=60))
    known = data.draw(st.integers(20, 60 - horizon))
    others = [*days[:known], *data.draw(st.lists(amounts, min_size=60 - known, max_size=60 - known))]
    day = MONDAY + timedelta(days=known)
    one, other = (
        next(trial for trial in backtest(series, MONDAY, horizon) if trial.day == day) for series in (days, others)
    )
    assert one.told == other.told
    assert one.band == other.band


@SOME
@given(st.lists(st.integers(1, 10**12), min_size=40, max_size=70), st.integers(1, 10))
def test_past_forecasts_are_made_again_from_what_was_known(days: list[int], horizon: int) -> None:
    past = origins(days, MONDAY, horizon)
    assert len(past) == len(days) - horizon - 13
    for place, one in enumerate(past):
        known = days[: 14 + place]
        assert one.day == MONDAY - timedelta(days=len(days) - len(known))
        assert one.forecast == pace(known, one.day).ahead(one.day, horizon)
        assert one.truth == sum(days[14 + place : 14 + place + horizon])
    shown = band(past, horizon)
    checks = len(past) - horizon - 7
    assert (shown is None) == (checks < 8), (
        "eight forecasts were over before the first check, and eight checks were made"
    )
    if shown is not None:
        assert shown.checks == checks
        assert shown.low <= 1 <= shown.high


@SOME
@given(local_instants())
def test_what_is_left_of_a_day_is_a_part_of_it(place: tuple[str, datetime]) -> None:
    tz, at = place
    found = day_at(at, tz)
    assert 0 < found.left <= 1


@SOME
@given(questions(most_days=20), st.integers(0, 10**13))
def test_a_score_is_of_what_was_still_to_come(question: Question, came: int) -> None:
    found = forecast(question)
    truth = found.spent + Money(came, "USD")
    scored = score(said(found), truth)
    assert scored.truth == came
    assert scored.error == truth.nanos - found.expected.nanos
    assert (scored.inside is None) == (found.low is None)
