"""Bills gone wrong, and people in a hurry: what is let in can always be judged, and nothing is posted twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from threading import Barrier, Event, Thread
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import BadRequest, BadStatement, Ledger, Reconciliation, Statement, read_mapping, read_statement
from ledger.billing import Billing
from ledger.bills import importing
from ledger.reconcile import charging
from ledger.statement.lines import StatementLine
from pricing import Money, usd
from tests.ledger import world
from tests.ledger.acting import examples
from tests.ledger.test_bills import bill, event, expenses

T = TypeVar("T")
PERIOD = date(2026, 11, 1), date(2026, 12, 1)
LATE = datetime(2027, 1, 20, tzinfo=UTC)
WORTH = {"EUR": Fraction(108, 100)}
MAPPING = read_mapping(
    """
provider = "fal"
[columns]
key = "key"
amount = "amount"
currency = "currency"
charged_at = "at"
provider_job = "job"
quantity = "quantity"
unit = "unit"
unit_price = "price"
list_amount = "list"
credit_value = "value"
priced = "priced"
priced_currency = "in"
""",
    "all.toml",
)
HEADER = "key,amount,currency,at,job,quantity,unit,price,list,value,priced,in\n"


def line(key: str = "k", amount: Money | None = None, **more: Any) -> StatementLine:
    cost = usd("1.40") if amount is None else amount
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    return replace(
        StatementLine("fal", "csv", key, "usage", cost, at, (date(2026, 11, 20), date(2026, 11, 21))), **more
    )


def of(*lines: StatementLine, **more: Any) -> Statement:
    return replace(Statement("fal", "csv", PERIOD, lines, True, datetime(2026, 11, 25, tzinfo=UTC)), **more)


def spending() -> world.World:
    w = world.world()
    w.submitted("j1", "a1")
    w.settle(usd("1.40"), "j1", "a1", evidence="units")
    return w


@pytest.mark.usefixtures("backend")
def test_bills_that_no_sum_could_hold_are_refused_before_they_stay_for_ever() -> None:
    w = spending()
    w.ledger.import_statement(of(line("a", usd(4_000_000_000)), line("b", usd(-400_000_000))), author="ann")
    before = world.dump(w.ledger)
    credits_ = line("d", Money.of("5", "fal-credit"), credit_value=Fraction(10**9))
    for one in (line("c", usd(300_000_000)), credits_, line("e", Money.of("9", "EUR"), priced=usd(4_000_000_000))):
        with pytest.raises(BadRequest, match="makes all bills in USD more than can be added up"):
            w.ledger.import_statement(of(one), author="ann")
    assert world.dump(w.ledger) == before
    (total,) = w.ledger.reconcile(at=LATE).totals
    assert total.invoiced == usd(3_600_000_000)
    assert w.ledger.report(PERIOD).totals[0].settled == usd("1.40")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"quantity": Decimal("1e40"), "unit": "Seconds", "unit_price": Decimal("1e20")}, "the line states 1000"),
        ({"quantity": Decimal("1e40"), "unit": "Seconds"}, "the line states 1000"),
        ({"quantity": Decimal(10), "unit": "0 Seconds", "unit_price": Decimal("0.14")}, ""),
        ({"quantity": Decimal(0), "unit": "0 Seconds", "unit_price": Decimal(0)}, ""),
        ({"quantity": Decimal(10), "unit": f"{'9' * 60} s", "unit_price": Decimal("0.14")}, ""),
        ({"list_amount": usd(9_000_000_000)}, "9000000000 USD before discounts"),
    ],
)
def test_a_line_that_states_what_cannot_be_is_judged_all_the_same(said: dict[str, Any], why: str) -> None:
    w = spending()
    w.ledger.import_statement(of(line(amount=usd("1.50"), provider_job="p-a1", **said)), author="ann")
    (row,) = w.ledger.reconcile(at=LATE).jobs
    assert row.cause != "none"
    assert row.variance == usd("0.10")
    assert why in row.why
    assert row.parts is not None
    assert row.parts.total == usd("0.10")


@pytest.mark.parametrize("day", [date(1970, 1, 1), date(2100, 1, 1), date(9999, 12, 30)])
def test_days_that_no_bill_is_of_are_refused(day: date) -> None:
    w = spending()
    period = day, day + timedelta(days=1)
    with pytest.raises(BadRequest, match="line k is of"):
        w.ledger.import_statement(of(line(period=period)), author="ann")
    with pytest.raises(BadRequest, match="the statement is of"):
        w.ledger.import_statement(of(period=period), author="ann")
    assert w.ledger.statements() == ()


AMOUNTS = st.sampled_from(
    [
        "1.40",
        "0",
        "-0",
        "-1.40",
        "0.0000000001",
        "9223372036.854775807",
        "2000000000",
        "1e9",
        "9" * 40,
        "1e60",
        "",
        "-9e9",
    ]
)
CELLS = st.tuples(
    AMOUNTS,
    st.sampled_from(["USD", "EUR", "fal-credit", "usd", ""]),
    st.sampled_from(["2026-11-20", "2026-11-20T12:00:00Z", "9999-12-31", "0001-01-01", "2099-12-31", "2000-01-01"]),
    st.sampled_from(["p-a1", "p-a2", "p-a3", "nobody", ""]),
    AMOUNTS,
    st.sampled_from(["s", "0 s", "Seconds", "30 Seconds", "units", "", "9" * 70, "GPU hours", "[/]"]),
    AMOUNTS,
    AMOUNTS,
    st.sampled_from(["", "0", "0.2", "1e9", "1e60", "-1"]),
    AMOUNTS,
    st.sampled_from(["USD", "EUR", ""]),
)


@given(st.lists(CELLS, min_size=1, max_size=6))
@examples(150)
def test_whatever_is_let_in_can_be_reconciled_reported_and_accepted(rows: list[tuple[str, ...]]) -> None:
    w = world.world()
    for number, price in enumerate((world.quote(), world.quote("1.00", low="0.70", rates=("a", "b"))), 1):
        w.submitted(f"j{number}", f"a{number}", price=price)
    w.submitted("j3", "a3", price=world.credits_quote())
    w.settle(usd("1.40"), "j1", "a1")
    for number, cells in enumerate(rows):  # one at a time: a bad one keeps no other out
        text = f"{HEADER}{number},{','.join(cells)}\n"
        try:
            read = read_statement("csv", [text], mapping=MAPPING, fetched_at=LATE, name="b.csv")
            w.ledger.import_statement(read, author="ann")
        except (BadStatement, BadRequest):
            continue
    found = told(lambda: w.ledger.reconcile(at=LATE, worth=WORTH), "nothing says what")
    for total in found.totals if found else ():
        assert total.variance == total.invoiced - total.posted
    for one in found.breaks if found else ():
        told(
            lambda one=one: w.ledger.close_break(one.id, "accepted", author="ann", note="as billed", worth=WORTH),  # type: ignore[misc]
            "gives back",
        )
    w.ledger.report(PERIOD)
    w.sound()


def told(act: Callable[[], T], but: str) -> T | None:
    """What it answers; None where it says, in its one line, the only thing that may keep it from that."""
    try:
        return act()
    except (BadStatement, BadRequest) as error:
        if but not in str(error):
            raise
        return None


def at_once(*acts: Callable[[], object]) -> list[object]:
    """All of them, each in a thread; what each answered or raised."""
    answers: list[object] = [None] * len(acts)

    def run(number: int) -> None:
        try:
            answers[number] = acts[number]()
        except Exception as error:  # the caller looks
            answers[number] = error

    threads = [Thread(target=run, args=(number,)) for number in range(len(acts))]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    return answers


def doors(count: int, tmp_path: Any, backend: str) -> list[Ledger]:
    """As many processes as would open it."""
    url = f"sqlite:///{tmp_path / 'spend.db'}" if backend == "sqlite" else world.postgres_url()
    clock = world.Clock()
    return [Ledger.open(url, clock=clock) for _ in range(count)]


def test_people_who_accept_one_break_at_once_post_it_once(
    tmp_path: Any, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledgers = doors(3, tmp_path, backend)
    w = world.World(ledgers[0], world.Clock())
    w.ledger.import_statement(bill(event("p-stranger")), author="ann")
    (one,) = w.ledger.reconcile(at=LATE).breaks
    looked, seen, look = Barrier(3), set[int](), Billing.reconcile

    def together(self: Billing, *given: Any, **more: Any) -> Reconciliation:
        found = look(self, *given, **more)
        if id(self) not in seen:
            seen.add(id(self))
            looked.wait(30)  # all have looked before anybody says a word
        return found

    monkeypatch.setattr(Billing, "reconcile", together)
    answers = at_once(
        *(
            lambda each=each, who=who: each.close_break(one.id, "accepted", author=who, note="a trial by hand")  # type: ignore[misc]
            for each, who in zip(ledgers, ("ann", "bob", "cid"), strict=True)
        )
    )
    assert [getattr(each, "status", each) for each in answers] == ["accepted"] * 3
    assert expenses(w) == usd("1.40")
    w.sound()
    for each in ledgers:
        each.close()


@pytest.mark.usefixtures("backend")
def test_what_comes_in_while_a_break_is_looked_at_is_what_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    w = spending()
    w.ledger.import_statement(of(line(amount=usd("2.80"), provider_job="p-a1")), author="ann")
    (one,) = w.ledger.reconcile(at=LATE).breaks
    look, corrected = Billing.reconcile, list[int]()

    def meanwhile(self: Billing, *given: Any, **more: Any) -> Reconciliation:
        found = look(self, *given, **more)
        if not corrected:
            corrected.append(1)
            fixed = of(line(amount=usd("2.10"), provider_job="p-a1", revision=1), fetched_at=LATE)
            self.import_statement(fixed, author="ann")
        return found

    monkeypatch.setattr(Billing, "reconcile", meanwhile)
    w.ledger.close_break(one.id, "accepted", author="ann", note="as billed")
    assert w.job("j1").charged == usd("2.10")
    w.sound()


def test_of_statements_that_come_in_at_once_the_newest_counts(
    tmp_path: Any, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = doors(2, tmp_path, backend)
    first.set_budget("acme", usd(100), overrun="allow_to_limit")
    w = world.World(first, world.Clock())
    w.submitted("j1", "a1")
    w.settle(usd("1.40"), "j1", "a1", evidence="units")
    weighing, done, weigh, calls = Event(), Event(), charging.charge_of, list[int]()

    def slowly(*given: Any) -> Any:
        charge = weigh(*given)
        calls.append(1)
        if len(calls) == 1:  # the older one has read the lines, and waits for the newer one, which must wait for it
            weighing.set()
            done.wait(1)
        return charge

    def newer() -> None:
        weighing.wait(30)
        second.import_statement(bill(event("p-a1", "1.20"), day=22), author="bob")
        done.set()

    monkeypatch.setattr(importing, "charge_of", slowly)
    answers = at_once(lambda: first.import_statement(bill(event("p-a1", "1.60"), day=21), author="ann"), newer)
    assert not [each for each in answers if isinstance(each, Exception)]
    assert w.job("j1").charged == usd("1.20")
    w.sound()
    first.close()
    second.close()


@pytest.mark.usefixtures("backend")
def test_the_months_sum_to_the_whole_and_each_shows_the_breaks_of_its_rows() -> None:
    w = world.world(at=datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
    for job in ("j1", "j2", "j3"):
        w.submitted(job, f"a-{job}")
        w.settle(usd("1.40"), job, f"a-{job}", evidence="units")
        w.clock.forward(minutes=1 if job == "j1" else 40_000)
    january: dict[str, Any] = {"charged_at": None, "period": (date(2027, 1, 5), date(2027, 1, 6))}
    november: dict[str, Any] = {"charged_at": None, "period": (date(2026, 11, 1), date(2026, 11, 2))}
    lines = (
        line("a", provider_job="p-a-j1", **january),
        line("b", amount=usd("1.54"), provider_job="p-a-j2", **november),
        line("c", usd("0.30"), provider_job="p-stranger", **january),
        line("d", usd("9"), kind="purchase", **january),
    )
    w.ledger.import_statement(of(*lines, period=(date(2026, 10, 1), date(2027, 2, 1)), fetched_at=LATE), author="ann")
    at = datetime(2027, 3, 1, tzinfo=UTC)
    (whole,) = w.ledger.reconcile(at=at).totals
    months = {month: w.ledger.reconcile(month=month, at=at) for month in ("2026-10", "2026-11", "2026-12", "2027-01")}
    for name in ("quoted", "posted", "invoiced", "variance", "tolerated", "pending"):
        parts = [getattr(one, name).nanos for found in months.values() for one in found.totals]
        assert sum(parts) == getattr(whole, name).nanos, name
    assert sum(one.jobs for found in months.values() for one in found.totals) == whole.jobs == 3
    for month, found in months.items():
        assert {one.key for one in found.by_month} <= {month}
        for parts in (found.by_month, found.by_sku):
            assert sum(one.invoiced.nanos for one in parts) == sum(one.invoiced.nanos for one in found.totals)
            assert sum(one.posted.nanos for one in parts) == sum(one.posted.nanos for one in found.totals)
    kinds = {month: sorted(one.kind for one in found.open) for month, found in months.items()}
    assert kinds == {
        "2026-10": ["wrong_period"], "2026-11": ["missing_invoice", "quantity"], "2026-12": [],
        "2027-01": ["unknown_charge", "wrong_period"],
    }  # fmt: skip
    assert [len(found.purchases) for found in months.values()] == [0, 0, 0, 1]
    for odd in ("２０２６-11", "2026-1", "2026-13", "9999-99", ""):
        with pytest.raises(BadRequest, match="is not a month"):
            w.ledger.reconcile(month=odd)
