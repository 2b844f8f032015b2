"""Where the cheaper of two offers changes: published pairs, made-up tariffs of every kind, and what has no answer."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from pricing import (
    BadQuantity,
    NoPlan,
    NotQuotable,
    OverLimit,
    PriceBook,
    PricingError,
    Stretch,
    UnknownOffer,
    UnknownSetting,
    Usage,
)

BOOK = PriceBook.shipped()
AT = date(2026, 11, 20)
STANDARD, FAST, V1 = "creatify/custom_template:standard", "creatify/aurora_v1_fast", "creatify/aurora_v1"

CARD = """
provider = "acme"
currency = "{currency}"
checked_on = "2026-11-20"
"""
OFFER = """
[[offers]]
id = "{id}"
name = "clip"
measure = "requested_seconds"
{offer}
[[offers.rates]]
id = "acme-{id}"
effective_from = "2026-01-01"
sources = [{{ url = "https://acme.example/prices", evidence = "published" }}]
{rate}
[[offers.rates.components]]
label = "part"
{part}
"""


def one(id: str, part: str, offer: str = "", rate: str = "") -> str:  # noqa: A002
    return OFFER.format(id=id, part=part, offer=offer, rate=rate)


def book(*offers: str) -> PriceBook:
    return PriceBook.from_texts({"acme.toml": CARD.format(currency="USD") + "".join(offers)})


def said(stretches: tuple[Stretch, ...]) -> list[str]:
    return [str(stretch) for stretch in stretches]


def test_template_standard_against_aurora_fast() -> None:
    """The example of the issue, and the same from the other side."""
    found = BOOK.crossover(STANDARD, FAST, at=AT)
    assert said(found) == ["(0, 9] s: b", "(9, 10] s: equal", "(10, 300] s: a"]
    assert [Fraction(9) in stretch for stretch in found] == [True, False, False]
    assert [Decimal("9.001") in stretch for stretch in found] == [False, True, False]
    assert said(BOOK.crossover(FAST, STANDARD, at=AT)) == ["(0, 9] s: a", "(9, 10] s: equal", "(10, 300] s: b"]
    assert said(BOOK.crossover(STANDARD, FAST, at=AT, upto=10)) == ["(0, 9] s: b", "(9, 10] s: equal"]
    assert said(BOOK.crossover(STANDARD, FAST, at=AT, upto=Decimal("9.5"))) == ["(0, 9] s: b", "(9, 9.5] s: equal"]
    assert said(BOOK.crossover(FAST, FAST, at=AT)) == ["(0, 300] s: equal"]
    assert found[0].as_json() == {
        "low": "0", "high": "9", "low_open": True, "high_open": False, "cheaper": "b", "sold": [], "exact": True,
    }  # fmt: skip


def test_across_currencies_by_the_dollar() -> None:
    """Aurora v1 costs 0.198 USD a started second under the starter plan, and 0.1495 under pro; fal 0.14."""
    fal = "fal/fal-ai/creatify/aurora"
    assert said(BOOK.crossover(V1, fal, at=AT)) == ["(0, 300] s: b"]
    assert said(BOOK.crossover(FAST, fal, at=AT)) == ["(0, 300] s: a"]
    # 0.99 a started half minute against 7 × 0.14 = 0.98
    assert said(BOOK.crossover(STANDARD, fal, at=AT, upto=40)) == ["(0, 7] s: b", "(7, 40] s: a"]


def test_settings_change_where_it_changes() -> None:
    low = BOOK.crossover(
        "creatify/aurora_v2",
        "creatify/boreal",
        at=AT,
        settings_a={"resolution": "720p"},
        settings_b={"resolution": "720p"},
    )
    # 0.7 a started second against 1 a started ten
    assert said(low) == ["(0, 1] s: a", "(1, 59.7] s: b"]
    high = BOOK.crossover("creatify/aurora_v2", "creatify/boreal", at=AT, settings_b={"resolution": "2k"})
    assert said(high) == ["(0, 15] s: a"]
    with pytest.raises(UnknownSetting):
        BOOK.crossover("creatify/aurora_v2", "creatify/boreal", at=AT, settings_b={"resolution": "8k"})


PER_SECOND = 'tariff = {{ kind = "per-unit", price = {} }}'.format
FLAT = 'tariff = {{ kind = "flat", price = {} }}'.format
LADDER = """tariff = { kind = "ladder", axis = "requested_seconds", cells = [
    { at = 5, price = 1 }, { at = 9.5, price = 3 }, { at = 12, price = 2 } ] }"""
CLIFF = """tariff = { kind = "tiers", mode = "cliff", cells = [
    { up_to = 10, price = 0.2 }, { up_to = "inf", price = 0.1 } ] }"""
GRADUATED = """tariff = { kind = "tiers", mode = "graduated", cells = [
    { up_to = 10, flat = 1, price = 0.2 }, { up_to = 40, flat = 0.5, price = 0.1 } ] }"""
INTERVALS = """tariff = { kind = "intervals", axis = "requested_seconds", cells = [
    { up_to = 10, price = 3 }, { up_to = 20, price = 1 }, { up_to = 40, price = 2 } ] }"""
HALF = '\nmultipliers = [{{ label = "half", factor = 0.5, {} = {{ requested_seconds = 8 }} }}]'
STEPS = 'quantise = {{ step = {}, mode = "{}" }}\ntariff = {{ kind = "per-unit", price = 0.1 }}'.format


@pytest.mark.parametrize(
    ("a", "b", "stretches"),
    [
        (PER_SECOND("0.3"), FLAT(1), ["(0, 10/3) s: a", "10/3 s: equal", "(10/3, 60] s: b"]),  # no decimal says it
        (PER_SECOND("0.1"), PER_SECOND("0.1"), ["(0, 60] s: equal"]),
        (FLAT("0.7"), STEPS(1, "ceil"), ["(0, 6] s: b", "(6, 7] s: equal", "(7, 60] s: a"]),
        (FLAT("0.7"), STEPS(1, "floor"), ["(0, 7) s: b", "[7, 8) s: equal", "[8, 60] s: a"]),
        (FLAT("0.7"), STEPS(1, "nearest"), ["(0, 6.5) s: b", "[6.5, 7.5) s: equal", "[7.5, 60] s: a"]),
        (FLAT("0.7"), STEPS(7, "unknown"), ["(0, 7] s: equal", "(7, 60] s: a"]),  # expected is rounded up
        (FLAT("0.7"), "minimum = 7\n" + PER_SECOND("0.1"), ["(0, 7] s: equal", "(7, 60] s: a"]),
        (FLAT("0.7"), "cap = 7\n" + PER_SECOND("0.1"), ["(0, 7) s: b", "[7, 60] s: equal"]),
        (FLAT("0.7"), "included = 3\n" + PER_SECOND("0.1"), ["(0, 10) s: b", "10 s: equal", "(10, 60] s: a"]),
        (FLAT("0.7"), "minimum_charge = 0.7\n" + PER_SECOND("0.1"), ["(0, 7] s: equal", "(7, 60] s: a"]),
        (FLAT(2), "maximum_charge = 2\n" + PER_SECOND("0.1"), ["(0, 20) s: b", "[20, 60] s: equal"]),
        (
            FLAT("1.5"),
            CLIFF,
            ["(0, 7.5) s: b", "7.5 s: equal", "(7.5, 10] s: a", "(10, 15) s: b", "15 s: equal", "(15, 60] s: a"],
        ),
        (FLAT("3.5"), GRADUATED, ["(0, 10] s: b", "(10, 40] s: a"]),
        (FLAT(4), GRADUATED, ["(0, 15) s: b", "15 s: equal", "(15, 40] s: a"]),
        (FLAT(2), INTERVALS, ["(0, 10] s: a", "(10, 20] s: b", "(20, 40] s: equal"]),
        (FLAT("1.5"), LADDER, ["5 s: b", "9.5, 12 s: a"]),
        (PER_SECOND("0.2"), LADDER, ["5 s: equal", "9.5 s: a", "12 s: b"]),
        (
            FLAT("0.45"),
            PER_SECOND("0.1") + HALF.format("above"),
            ["(0, 4.5) s: b", "4.5 s: equal", "(4.5, 8] s: a", "(8, 9) s: b", "9 s: equal", "(9, 60] s: a"],
        ),
        (
            FLAT("0.45"),
            PER_SECOND("0.1") + HALF.format("at_most"),
            ["(0, 8] s: b", "(8, 60] s: a"],
        ),
    ],
)  # fmt: skip
def test_every_kind_of_tariff(a: str, b: str, stretches: list[str]) -> None:
    mine = book(one("a", a), one("b", b))
    assert said(mine.crossover("acme/a", "acme/b", at=AT, upto=60)) == stretches
    turned = {"a": "b", "b": "a", "equal": "equal"}
    other = mine.crossover("acme/b", "acme/a", at=AT, upto=60)
    assert [turned[stretch.cheaper] for stretch in other] == [text.rpartition(" ")[2] for text in stretches]


@pytest.mark.parametrize(
    ("offer_a", "offer_b", "stretches"),
    [
        ("duration = { values = [5, 7, 10] }", "", ["5 s: a", "7 s: equal", "10 s: b"]),
        ("duration = { min = 3, max = 9, step = 2 }", "duration = { max = 7 }", ["3, 5 s: a", "7 s: equal"]),
        ("duration = { min = 3, max = 9 }", "", ["[3, 7) s: a", "7 s: equal", "(7, 9] s: b"]),
        ("duration = { min = 7 }", "max_seconds = 7", ["7 s: equal"]),
        ("duration = { values = [5, 10] }", "duration = { values = [4, 10] }", ["10 s: b"]),
    ],
)
def test_only_lengths_that_both_sell(offer_a: str, offer_b: str, stretches: list[str]) -> None:
    mine = book(one("a", PER_SECOND("0.1"), offer_a), one("b", FLAT("0.7"), offer_b))
    assert said(mine.crossover("acme/a", "acme/b", at=AT, upto=60)) == stretches


def test_single_lengths_say_which() -> None:
    mine = book(one("a", PER_SECOND("0.1"), "duration = { min = 3, max = 9, step = 2 }"), one("b", FLAT("0.7")))
    first, equal, last = mine.crossover("acme/a", "acme/b", at=AT)
    assert (first.low, first.high, first.sold) == (3, 5, (3, 5))
    assert 4 not in first
    assert 5 in first
    assert (equal.sold, last.sold) == ((7,), (9,))


def test_the_order_of_rounding_is_the_evaluators() -> None:
    """Up to the next half dollar an output, two outputs, then 10 % off."""
    rounded = 'rounding = { step = 0.5, mode = "ceil", of = "output" }'
    card = CARD.format(currency="USD") + one("a", PER_SECOND("0.2"), "max_outputs = 2", rounded)
    card += one("b", FLAT("0.9"), "max_outputs = 2")
    off = '[[discounts]]\nid = "d"\noffers = ["acme/a"]\npercent = 10\n'
    off += 'source = { url = "https://acme.example/d", evidence = "published" }\n'
    mine = PriceBook.from_texts({"acme.toml": card + off})
    found = mine.crossover("acme/a", "acme/b", at=AT, upto=20, outputs=2)
    assert said(found) == ["(0, 2.5] s: a", "(2.5, 5] s: equal", "(5, 20] s: b"]  # 0.9 against 1.8 an output pair


DERIVED = '[[offers.derive]]\nname = "parts"\nexpression = "{}"\nunit = "part"\n'
BY_PART = 'measure = "parts"\n' + PER_SECOND("0.1")


@pytest.mark.parametrize(
    ("expression", "stretches"),
    [
        ("ceil(requested_seconds / 8) * 3", ["(0, 16] s: a", "(16, 60] s: b"]),
        ("max(0, 20 - requested_seconds)", ["(0, 13) s: b", "13 s: equal", "(13, 60] s: a"]),
        ("requested_seconds - 5", ["[5, 12) s: a", "12 s: equal", "(12, 60] s: b"]),
        (
            "min(requested_seconds, 30) / 2 + floor(requested_seconds) * 0",
            ["(0, 14) s: a", "14 s: equal", "(14, 60] s: b"],
        ),
        ("width * requested_seconds / 4", ["(0, 14) s: a", "14 s: equal", "(14, 60] s: b"]),
        ("round(requested_seconds)", ["(0, 6.5) s: a", "[6.5, 7.5) s: equal", "[7.5, 60] s: b"]),
        ("10 / (requested_seconds - requested_seconds)", None),
        ("-(0 - requested_seconds)", ["(0, 7) s: a", "7 s: equal", "(7, 60] s: b"]),
    ],
)
def test_derived_measures(expression: str, stretches: list[str] | None) -> None:
    mine = book(one("a", BY_PART, DERIVED.format(expression)), one("b", FLAT("0.7")))
    if stretches is None:
        with pytest.raises(PricingError):
            mine.crossover("acme/a", "acme/b", at=AT, upto=60)
        return
    assert said(mine.crossover("acme/a", "acme/b", at=AT, upto=60, usage=Usage.of(width=2))) == stretches


@pytest.mark.parametrize(
    ("b", "stretches"),
    [
        (FLAT("0.9"), ["(0, 3) s: a", "3 s: equal", "(3, 60] s: b"]),
        (FLAT("1"), ["(0, 3.162] s: a", "(3.162, 60] s: b"]),  # √10
        (FLAT("1000"), ["(0, 60] s: a"]),
        (FLAT("0"), ["(0, 60] s: b"]),
        ('quantise = { step = 20, mode = "ceil" }\n' + PER_SECOND(1), ["(0, 14.142] s: a", "(14.142, 20] s: b"]),
    ],
)  # fmt: skip
def test_without_straight_pieces_to_the_millisecond(b: str, stretches: list[str]) -> None:
    mine = book(one("a", BY_PART, DERIVED.format("requested_seconds * requested_seconds")), one("b", b))
    found = mine.crossover("acme/a", "acme/b", at=AT, upto=20 if "20" in b else 60)
    assert said(found) == stretches
    assert not any(stretch.exact for stretch in found)
    again = mine.crossover("acme/b", "acme/a", at=AT, upto=20 if "20" in b else 60)
    assert [(one.low, one.high) for one in again] == [(one.low, one.high) for one in found]


@pytest.mark.parametrize(
    ("expression", "b", "why"),
    [
        ("requested_seconds * requested_seconds", PER_SECOND(1), "multiplies the length by itself"),
        ("100 / (requested_seconds + 1)", FLAT(1), "divides by the length, and it may fall"),
        ("ceil(requested_seconds * 1000)", PER_SECOND(1), "more than 20000 lengths"),
    ],
)
def test_what_has_no_answer_says_why(expression: str, b: str, why: str) -> None:
    mine = book(one("a", BY_PART, DERIVED.format(expression)), one("b", b))
    with pytest.raises(NotQuotable, match=why) as caught:
        mine.crossover("acme/a", "acme/b", at=AT, upto=60)
    assert caught.value.code == "not_quotable"


def test_what_is_refused() -> None:
    mine = book(
        one("a", FLAT(1), "max_seconds = 5"),
        one("b", FLAT(1), "duration = { min = 6 }"),
        one("c", FLAT(1), "duration = { values = [4] }"),
        one("d", FLAT(1), "duration = { values = [3, 5] }"),
    )
    for two in ("ab", "cd"):
        with pytest.raises(OverLimit, match="no length in common"):
            mine.crossover(f"acme/{two[0]}", f"acme/{two[1]}", at=AT)
    with pytest.raises(OverLimit, match="no length in common"):
        mine.crossover("acme/b", "acme/b", at=AT, upto=5)
    for upto in (0, -1, Decimal("NaN")):
        with pytest.raises(BadQuantity, match="not a length"):
            mine.crossover("acme/a", "acme/a", at=AT, upto=upto)
    for outputs in (0, 2):
        with pytest.raises(BadQuantity, match="1 to 1 outputs"):
            mine.crossover("acme/a", "acme/a", at=AT, outputs=outputs)
    with pytest.raises(UnknownOffer):
        mine.crossover("acme/a", "acme/x", at=AT)
    with pytest.raises(BadQuantity, match="no length"):
        BOOK.crossover(FAST, "creatify/product_to_videos:gen_image", at=AT)


def test_credits_that_nobody_sells_compare_only_with_themselves() -> None:
    texts = {
        "points.toml": CARD.format(currency="acme-point") + one("a", FLAT(1)) + one("b", PER_SECOND("0.5")),
        "dollars.toml": CARD.format(currency="USD").replace("acme", "other") + one("c", FLAT(1)),
    }
    mine = PriceBook.from_texts(texts)
    assert said(mine.crossover("acme/a", "acme/b", at=AT, upto=9)) == ["(0, 2) s: b", "2 s: equal", "(2, 9] s: a"]
    with pytest.raises(NoPlan, match="acme-point"):
        mine.crossover("acme/a", "other/c", at=AT)


def test_a_stretch_reads_as_it_is() -> None:
    assert str(Stretch(Fraction(0), Fraction(9), True, False, "a")) == "(0, 9] s: a"
    assert str(Stretch(Fraction(3), Fraction(3), False, False, "equal")) == "3 s: equal"
    assert Stretch(Fraction(1, 3), Fraction(1), True, True, "b").as_json()["low"] == "1/3"


def test_started_parts_of_a_derived_measure() -> None:
    part = 'measure = "parts"\nquantise = { step = 1, mode = "ceil" }\n' + PER_SECOND("0.1")
    mine = book(one("a", part, DERIVED.format("requested_seconds / 2")), one("b", FLAT("0.2")))
    assert mine.quote("acme/a", Usage.of(requested_seconds=3), at=AT).expected.nanos == 200_000_000
    found = mine.crossover("acme/a", "acme/b", at=AT, upto=60)
    assert said(found) == ["(0, 2] s: a", "(2, 4] s: equal", "(4, 60] s: b"]
