"""pricing.laws itself: what it makes is good, what it checks finds planted faults, and says so in one line."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pricing import (
    BuysNothing,
    Line,
    Money,
    PriceBook,
    Quote,
    Span,
    Usage,
)
from pricing import check as check_cards
from pricing.evaluate.program import Summand
from pricing.laws import LAWS, Broken, Job, books, cases, check, laws_of
from pricing.laws.checks import Room, inverse
from pricing.laws.jobs import Case, quotable
from tests.pricing.cardtexts import GOOD

SHIPPED = PriceBook.shipped()
EVERY_CHECK = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
HEAD = GOOD[: GOOD.index("[[offers.rates.components]]")].replace("from_audio = true\n", "")


def card(components: str, *, assumption: str = "", measure: str = "output_video_seconds") -> PriceBook:
    text = HEAD.replace("output_video_seconds", measure)
    if assumption:
        text = text.rstrip() + f'\nassumptions = ["{assumption}"]\n'
    return PriceBook.from_texts({"acme.toml": f'{text}\n[[offers.rates.components]]\nlabel = "clip"\n{components}'})


def broken(book: PriceBook, offer: str = "acme/clip", examples: int = 800) -> str:
    """The one line of the broken law."""
    try:
        check(book, offer, max_examples=examples)
    except Broken as error:
        return str(error)
    except BaseExceptionGroup as group:
        return str(group.exceptions[0])
    return ""


# --- laws on the language


def except_some(*names: str) -> list[Any]:
    return [law for law in LAWS if getattr(law, "__name__", "") not in names]


@settings(max_examples=60, suppress_health_check=EVERY_CHECK)
@given(data=st.data())
def test_every_card_keeps_the_laws_that_no_card_can_break(data: st.DataObject) -> None:
    book = data.draw(books())
    room, case = Room(book), data.draw(cases(book))
    for law in except_some("monotone", "additive", "paid"):
        law(room, case)


@settings(max_examples=60, suppress_health_check=EVERY_CHECK)
@given(data=st.data())
def test_rising_cards_keep_all_laws(data: st.DataObject) -> None:
    book = data.draw(books(rising=True))
    room, case = Room(book), data.draw(cases(book))
    for law in LAWS:
        law(room, case)


# --- planted faults, in cards

CEIL = 'quantise = { step = 1, mode = "ceil" }\n'
PLAIN = 'tariff = { kind = "per-unit", price = 0.10 }\n'
CELLS = '[{ up_to = 10, flat = 2 }, { up_to = "inf", price = 0.1 }]'
CLIFF = f'tariff = {{ kind = "tiers", mode = "cliff", cells = {CELLS} }}'
BANDS = '[{ up_to = 5, price = 0.2 }, { up_to = "inf", price = 0.1 }]'
FALLING = f'tariff = {{ kind = "intervals", axis = "output_video_seconds", per = 1, cells = {BANDS} }}'
WHERE = "acme/clip (resolution 480p) on 2026-11-20"


@pytest.mark.parametrize(
    ("components", "said"),
    [
        (CEIL.replace("ceil", "floor") + PLAIN, f"paid: {WHERE}: output_video_seconds 0.001 costs 0.00 USD"),
        (
            CEIL + CLIFF,
            "output_video_seconds 10 costs 2.00 USD, 10.001 costs 1.10 USD: more costs less",
        ),
        (
            CEIL.replace("ceil", "floor") + "minimum = 5\n" + PLAIN,
            "parts cost less",
        ),
        (FALLING, "costs less"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found_and_shrunk(components: str, said: str) -> None:
    line = broken(card(components))
    assert said in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("components", "declared"),
    [
        (CEIL.replace("ceil", "floor") + "minimum = 5\n" + PLAIN, "parts may cost less: the page says so"),
        (CEIL.replace("ceil", "nearest") + PLAIN, 'may be free: it is", "parts may cost less: the page says so'),
        (
            CEIL + CLIFF,
            "more output_video_seconds may cost less: the page says so",
        ),
    ],
)  # fmt: skip
def test_a_declared_exception_is_none(components: str, declared: str) -> None:
    assert broken(card(components)) != ""
    assert broken(card(components, assumption=declared), examples=60) == ""
    assert broken(card(components, assumption=declared.rpartition(":")[0] + ":")) != "", "a reason is needed"


def test_a_rounding_of_money_may_not_swallow_a_job_unsaid() -> None:
    rounding = '\nrounding = { step = 0.01, mode = "nearest", of = "job" }\n\n[[offers.rates.components]]'
    text = GOOD.replace("\n[[offers.rates.components]]", rounding).replace(
        'quantise = { step = 1, mode = "ceil" }\n', ""
    )
    assert "costs 0.00 USD, which is nothing" in broken(PriceBook.from_texts({"acme.toml": text}))
    said = text.replace("rounding = ", 'assumptions = ["may be free: the bill has two decimals"]\nrounding = ')
    assert broken(PriceBook.from_texts({"acme.toml": said}), examples=60) == ""


def test_less_than_money_can_say_is_not_nothing() -> None:
    book = card('tariff = { kind = "per-unit", price = { low = 0.0000001, expected = 0.0000002, high = 0.000009 } }')
    assert not book.quote("acme/clip", Usage.billed("0.001"), at=date(2026, 11, 20)).expected
    assert broken(book, examples=60) == ""


def test_a_good_card_is_good() -> None:
    assert broken(PriceBook.from_texts({"good.toml": GOOD}), examples=60) == ""


# --- planted faults, in the library


def planted(monkeypatch: pytest.MonkeyPatch, change: Callable[[Quote, Job], Quote]) -> None:
    honest = PriceBook.quote

    def quote(self: PriceBook, offer: str, usage: Usage, **more: Any) -> Quote:
        said = honest(self, offer, usage, **more)
        return change(said, Job(offer, said.settings, usage, said.at, said.outputs))

    monkeypatch.setattr(PriceBook, "quote", quote)


def dearer(said: Quote, nanos: int = 1) -> Quote:
    cost = said.cost + Span(*[Money(nanos, said.currency)] * 3)
    lines = (replace(said.lines[0], amount=said.lines[0].amount + Money(nanos, said.currency)), *said.lines[1:])
    return replace(said, cost=cost, dollars=cost, lines=lines)


def length_of(job: Job) -> Decimal:
    return next(iter(job.usage.values())).expected


def _sum(said: Quote, job: Job) -> Quote:
    extra = Line("extra", Decimal(1), Decimal(1), "job", Decimal(1), Money(1, said.currency))
    return replace(said, lines=(*said.lines, extra)) if length_of(job) > 7 else said


def _float(said: Quote, job: Job) -> Quote:
    if length_of(job) <= 7:
        return said
    return replace(said, assumptions=(*said.assumptions, 0.1))  # type: ignore[arg-type]


def _outputs(said: Quote, job: Job) -> Quote:
    return dearer(said, 10) if job.outputs == 2 else said


def _ordered(said: Quote, job: Job) -> Quote:
    exact = all(quantity.low == quantity.high for quantity in job.usage.values())
    return dearer(said, 10**12) if exact and length_of(job) > 7 else said


def _additive(said: Quote, job: Job) -> Quote:
    """Short jobs pay something extra, so that full blocks no longer add up."""
    return dearer(said, 1000) if length_of(job) <= 30 else said


_seen: set[str] = set()


def _moody(said: Quote, job: Job) -> Quote:
    again = repr(job) in _seen
    _seen.add(repr(job))
    return dearer(said) if again else said


@pytest.mark.parametrize(
    ("law", "change"),
    [
        ("summed", _sum),
        ("exact", _float),
        ("outputs", _outputs),
        ("deterministic", _moody),
        ("ordered", _ordered),
        ("additive", _additive),
    ],
)
def test_a_fault_of_the_library_is_found(
    law: str, change: Callable[[Quote, Job], Quote], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted(monkeypatch, change)
    only = [one for one in LAWS if getattr(one, "__name__", "") == law]
    book = card(CEIL + PLAIN)
    with pytest.raises(Exception, match=f"{law}: acme/clip|unreliable"):
        check(book, "acme/clip", laws=only, max_examples=300)


@pytest.mark.parametrize(("key", "nothing"), [("minimum", 0), ("cap", None)])
def test_a_forgotten_bound_is_found(key: str, nothing: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Summand.run

    def forgetful(self: Summand, values: Any, found: Any) -> Any:
        return honest(replace(self, **{key: nothing}), values, found)

    book = card(f"{key} = 5\n{PLAIN}")
    assert broken(book, examples=40) == ""
    monkeypatch.setattr(Summand, "run", forgetful)
    assert broken(card(f"{key} = 5\n{PLAIN}")).startswith("bounded: acme/clip")


def test_a_wrong_inverse_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = PriceBook.max_seconds

    def short(self: PriceBook, offer: str, budget: Money, **more: Any) -> Any:
        most = honest(self, offer, budget, **more)
        return replace(most, seconds=most.seconds - Decimal("0.002")) if most.seconds > 1 else most

    monkeypatch.setattr(PriceBook, "max_seconds", short)
    assert "inverse: acme/clip" in broken(card(CEIL + PLAIN))


def test_a_budget_said_to_buy_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object, **__: object) -> None:
        raise BuysNothing("nothing")

    monkeypatch.setattr(PriceBook, "max_seconds", nothing)
    assert "is said to buy nothing" in broken(card(CEIL + PLAIN))


def test_the_inverse_takes_no_count_of_tokens_for_a_length() -> None:
    offer = "fal/minimax/h3-max/reference-to-video"
    usage = Usage.of(output_video_seconds="0.001", reference_tokens=0)
    job = Job(offer, {"resolution": "480P"}, usage, date(2026, 10, 8), outputs=1)
    inverse(Room(PriceBook.shipped()), Case(job, "reference_tokens", Decimal(500_000), Decimal(500_001), budget=0))


def test_a_row_that_reaches_back_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from pricing.entry import DatedRate

    honest = DatedRate.covers

    def early(self: DatedRate, at: date) -> bool:
        return honest(self, at) or self.rate.id.startswith("a-row-that-is")

    monkeypatch.setattr(DatedRate, "covers", early)
    assert "once a row from" in broken(card(CEIL + PLAIN))


# --- the ready test


def test_laws_of_is_one_test_for_each_offer() -> None:
    test: Any = laws_of(SHIPPED, offers=["fal/fal-ai/latentsync", "creatify/aurora_v1"], max_examples=5)
    (mark,) = test.pytestmark
    assert mark.args == ("offer", ["fal/fal-ai/latentsync", "creatify/aurora_v1"])
    test("creatify/aurora_v1")


def test_an_offer_that_cannot_be_quoted_must_refuse() -> None:
    unquotable = next(name for name in SHIPPED.offers if name not in quotable(SHIPPED))
    check(SHIPPED, unquotable, max_examples=5)


def test_the_made_up_cards_are_good_for_cards_check(tmp_path: Any) -> None:
    file = tmp_path / "good.toml"
    file.write_text(GOOD, "utf-8")
    assert check_cards([file]) == ()
