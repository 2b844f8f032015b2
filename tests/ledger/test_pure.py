"""The pure rooms: states, evidence, variance, posting, scopes, instants. Tables of cases."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from itertools import permutations
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest

from ledger import BadBudget, BadScope
from ledger.evidence import RANKS, Finding, Observation, Terms, weigh
from ledger.instants import bounds, micros, moment
from ledger.moves import charge
from ledger.posting import Posting, balanced
from ledger.scopes import chain, inside
from ledger.states import OPEN, STATES, TABLE, Event, State, after
from ledger.variance import cause
from pricing import Money, usd

from .world import credit, quote

TERMS = Terms(usd("1.4"), usd("1.4"), usd("1.54"), 1, "USD", Fraction(1))


def test_every_state_and_event_is_in_the_table() -> None:
    assert set(TABLE) == set(STATES) == set(get_args(State))
    used = {event for moves in TABLE.values() for event in moves}
    assert used == set(get_args(Event))


def test_money_can_be_charged_in_every_state_and_only_that_leaves_an_ended_one() -> None:
    for state in STATES:
        if state != "held":
            assert after(state, "charge") == "settled"
        if state not in OPEN:
            assert set(TABLE[state]) == {"charge"}


def test_time_never_ends_what_may_be_running() -> None:
    assert [state for state in STATES if after(state, "lapse")] == ["held"]


def seen(
    source: Any, amount: str | None, *, final: bool = True, delivered: int = 1, seq: int = 1, revision: int = 0
) -> Observation:
    return Observation(seq, source, None if amount is None else usd(amount), final, delivered, revision)


CASES: list[tuple[str, list[Observation], tuple[str | None, str | None, str | None]]] = [
    ("nothing", [], (None, None, None)),
    ("null is not zero", [seen("inline", None)], (None, None, None)),
    ("zero is a value", [seen("inline", "0", delivered=0)], ("0", None, "0")),
    ("rank", [seen("inline", "1.54"), seen("billing_event", "1.40")], ("1.4", None, "1.4")),
    ("the quote is nobody's report", [seen("quote", "1.54", final=False)], ("1.54", None, None)),
    ("final first", [seen("units", "1.40"), seen("units", "1.54", final=False)], ("1.4", None, "1.4")),
    ("larger of equals", [seen("units", "1.40"), seen("units", "1.54")], ("1.54", None, "1.54")),
    (
        "a revision takes its place",
        [seen("inline", "1.40"), seen("inline", "0.84", revision=1)],
        ("0.84", None, "0.84"),
    ),
    ("final or not", [seen("units", "1.40"), seen("units", "0.84", final=False, revision=2)], ("0.84", None, "0.84")),
    ("but not a better word", [seen("invoice", "1.40"), seen("units", "0.84", revision=9)], ("1.4", None, "1.4")),
    ("absurd is parked", [seen("inline", "99")], (None, "99", "99")),
    ("absurd does not hide the sane", [seen("invoice", "99"), seen("inline", "1.40")], ("1.4", "99", "99")),
    ("better evidence ends a doubt", [seen("inline", "99"), seen("invoice", "1.40")], ("1.4", None, "1.4")),
]


@pytest.mark.parametrize(("said", "ends"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_weigh(said: list[Observation], ends: tuple[str | None, ...]) -> None:
    for order in permutations(said):
        found = weigh(order, TERMS)
        amounts = (found.posted and found.posted.amount, found.parked and found.parked.amount, found.reported)
        assert amounts == tuple(None if text is None else usd(text) for text in ends)


def test_a_verdict_ends_what_came_before_it() -> None:
    verdict = Observation(2, "resolve", usd("7"), True, 0)
    assert weigh([seen("inline", "99", seq=1), verdict], TERMS) == Finding(verdict, None, usd("99"))
    late = seen("invoice", "1.40", seq=3)
    assert weigh([seen("inline", "99", seq=1), verdict, late], TERMS).posted == late
    written_off = Observation(2, "resolve", None, True, 0)
    assert weigh([seen("inline", "99", seq=1), written_off], TERMS) == Finding(None, None, usd("99"))


def test_ranks_are_those_of_the_design() -> None:
    assert sorted(RANKS, key=lambda name: -RANKS[name]) == ["invoice", "billing_event", "inline", "units", "quote"]


def test_terms_convert_once_and_half_even() -> None:
    terms = Terms(credit("11"), credit("11"), credit("11"), 1, "USD", Fraction(1, 2))
    assert terms.in_budget(Money(1, "creatify-credit")) == Money(0, "USD")
    assert terms.in_budget(Money(3, "creatify-credit")) == Money(2, "USD")
    assert terms.in_native(usd("1")) == credit("2")
    assert terms.in_budget(Money(1, "EUR")) is terms.in_native(Money(1, "EUR")) is None


def test_an_amount_beyond_all_money_is_absurd_in_every_currency() -> None:
    terms = Terms(credit("11"), credit("11"), credit("11"), 1, "USD", Fraction(1, 5))
    most = Money(2**63 - 1, "USD")
    assert terms.in_native(most) is None
    assert terms.absurd(most, 1)


VARIANCES = [
    ("none", quote("1.40"), usd("1.40"), True, 1),
    ("credit_rate", quote("1.40"), usd("1.40"), False, 1),
    ("quantity", quote("1.40"), usd("1.54"), True, 1),
    ("quantity", quote("1.40"), usd("0.70"), True, 1),
    ("unit_price", quote("1.00", low="0.70", rate="0.10", rates=("old", "new")), usd("0.70"), True, 1),
    ("quantity", quote("1.00", low="0.70", high="1.10", rate="0.10", rates=("old", "new")), usd("1.10"), True, 1),
    ("unit_price", quote("1.00", high="1.25", rate="0.10", rates=("old", "new")), usd("1.25"), True, 1),
    ("quantity", quote("1.00", low="0.70", rate="0.10"), usd("0.70"), True, 1),
    ("partial_failure", quote("5.04", rate="0.07", outputs=4), usd("2.52"), True, 2),
    ("quantity", quote("5.04", rate="0.07", outputs=4), usd("2.52"), True, 4),
    ("unexplained", quote("1.40"), usd("1.41"), True, 1),
]


@pytest.mark.parametrize(("name", "quoted", "native", "same", "delivered"), VARIANCES)
def test_cause(name: str, quoted: Any, native: Money, same: bool, delivered: int) -> None:
    assert cause(quoted.as_json(), native=native, same_in_budget=same, delivered=delivered) == name


def test_postings_sum_to_zero_or_are_refused() -> None:
    legs = charge("creatify", "a/b", credit("5.5"), usd("1.089"))
    assert sum(leg.amount.nanos for leg in legs if leg.book == "money") == 0
    assert charge("fal", "a", usd("0"), usd("0")) == ()
    with pytest.raises(ValueError, match="1000000000 nanos"):
        balanced([Posting("money", "expense:fal", usd("1"))])
    with pytest.raises(ValueError, match="nanos over"):
        balanced([Posting("money", "x", usd("1")), Posting("money", "y", credit("-1"))])
    with pytest.raises(ValueError, match="zero"):
        Posting("money", "x", usd("0"))


def test_scope_chains() -> None:
    assert chain("acme/c-7/x.y_z") == ("acme", "acme/c-7", "acme/c-7/x.y_z")
    below, above = inside("acme")
    for scope, within in (("acme/c", True), ("acme", False), ("acme-2", False), ("acme.x", False), ("acme0", False)):
        assert (below <= scope < above) is within, scope
    with pytest.raises(BadScope, match="1 to 8 segments"):
        chain("a/../b c")


def test_instants() -> None:
    paris = datetime(2026, 3, 29, 1, 30, tzinfo=ZoneInfo("Europe/Paris"))
    assert moment(micros(paris)) == paris
    assert micros(datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))) == 0
    with pytest.raises(ValueError, match="time zone"):
        micros(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("tz", "at", "start", "end"),
    [
        ("UTC", "2026-12-31T23:59:59", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
        ("UTC", "2028-02-29T12:00:00", "2028-02-01T00:00:00", "2028-03-01T00:00:00"),
        ("Europe/Paris", "2026-10-31T22:59:59", "2026-09-30T22:00:00", "2026-10-31T23:00:00"),
        ("Europe/Paris", "2026-10-31T23:00:00", "2026-10-31T23:00:00", "2026-11-30T23:00:00"),
        ("America/Sao_Paulo", "2026-01-01T02:59:59", "2025-12-01T03:00:00", "2026-01-01T03:00:00"),
    ],
)
def test_months(tz: str, at: str, start: str, end: str) -> None:
    def utc(text: str) -> int:
        return micros(datetime.fromisoformat(text).replace(tzinfo=UTC))

    assert bounds("month", tz, utc(at)) == (utc(start), utc(end))


@pytest.mark.parametrize("tz", ["", "Mars/Base", "../etc", "Europe"])
def test_zones_that_are_none(tz: str) -> None:
    with pytest.raises(BadBudget):
        bounds("month", tz, 0)
