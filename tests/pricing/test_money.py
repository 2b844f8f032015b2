"""Edges of money: what is not an amount, how amounts are written, what stays in range."""

import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest

from pricing import BadMoney, CurrencyMismatch, Money, Span, usd

NOT_AMOUNTS = [
    "", " ", "-", "+", ".", "5,5", "1 000", "1_000", "$5", "5$", "five", "NaN", "nan", "inf", "-Infinity", "1e3",
    "1E-3", "1e999999", "1e-999999", "0x10", "١٠", "１０", "1.2.3", "1" * 65, "½", "5 USD", "--5", "5\x00", "\n5",
    "12345678901234567890", "9223372036.854775808", "-9223372036.854775808", "0.0000000001", "1.0000000001",
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_AMOUNTS)
def test_not_an_amount(text: str) -> None:
    with pytest.raises(BadMoney) as caught:
        usd(text)
    assert caught.value.code == "bad_money"
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "number",
    [
        Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity"), Decimal("1E+999999"),
        Decimal("1E-999999"), Decimal("1E-10"), Decimal(2) ** 63, 2**63, 10**5000, -(10**5000),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_not_an_amount_as_a_number(number: Decimal | int) -> None:
    with pytest.raises(BadMoney):
        usd(number)


@pytest.mark.parametrize("text", ["0" * 63 + "5", "5." + "0" * 62])
def test_an_amount_may_be_64_characters_long(text: str) -> None:
    assert usd(text) == Money(5 * 10**9, "USD")
    with pytest.raises(BadMoney):
        usd("0" + text)


@pytest.mark.parametrize("exponent", [10**6 - 1, 1 - 10**6])
def test_zero_is_zero_at_any_exponent(exponent: int) -> None:
    zero = Decimal((0, (0,), exponent))
    assert usd(zero) == Money.rounded(zero, "USD", "half-even") == Money.zero("USD")


@pytest.mark.parametrize("number", [Decimal("1E+999999"), Decimal("-1E+999999")])
def test_the_huge_is_refused_before_its_digits_are_written_out(number: Decimal) -> None:
    with pytest.raises(BadMoney) as made:
        usd(number)
    with pytest.raises(BadMoney) as rounded:
        Money.rounded(number, "USD", "floor")
    assert made.value.value == rounded.value.value == str(number)


@pytest.mark.parametrize(
    "nanos", [2**63, -(2**63), 2**63 + 1, -(2**63) - 1, 2**64, -(2**64), 10**5000, -(10**5000)], ids=int.bit_length
)
@pytest.mark.parametrize("currency", ["USD", "creatify-credit"])
def test_nanos_beyond_64_bits(nanos: int, currency: str) -> None:
    with pytest.raises(BadMoney) as caught:
        Money(nanos, currency)
    assert caught.value.value == f"an integer of {nanos.bit_length()} bits"
    assert Money(2**63 - 1, currency) + Money(1 - 2**63, currency) == Money.zero(currency)


def test_an_error_repeats_what_is_short_and_cuts_what_is_long() -> None:
    with pytest.raises(BadMoney, match=r"^'five' is not an amount"):
        usd("five")
    with pytest.raises(BadMoney, match=r"^'x{63}…' is not an amount"):
        usd("x" * 10_000)


@pytest.mark.parametrize("number", [Decimal("NaN"), Decimal("Infinity"), Decimal("1E+999999"), Fraction(2**63)])
def test_not_to_be_rounded(number: Decimal | Fraction) -> None:
    with pytest.raises(BadMoney):
        Money.rounded(number, "USD", "ceil")


def test_what_is_beyond_smallness_is_still_rounded() -> None:
    assert Money.rounded(Decimal("1E-300"), "USD", "ceil") == Money(1, "USD")
    assert Money.rounded(Decimal("-1E-300"), "USD", "floor") == Money(-1, "USD")
    assert Money.rounded(Decimal("0E+999999"), "USD", "ceil") == Money.zero("USD")


@pytest.mark.parametrize("tiny", ["1E-10", "9.99E-11", "5E-10", "1E-400", "1E-5000", "1E-999999999999999999"])
def test_however_small_an_amount_is_it_is_rounded(tiny: str) -> None:
    for number, below, above in ((Decimal(tiny), 0, 1), (Decimal(tiny).copy_negate(), -1, 0)):
        assert Money.rounded(number, "USD", "floor") == Money(below, "USD")
        assert Money.rounded(number, "USD", "half-even") == Money.zero("USD")
        assert Money.rounded(number, "USD", "ceil") == Money(above, "USD")


@pytest.mark.parametrize("mode", ["up", "down", "", "ceiling", "half-up", "half-down", "nearest", "FLOOR"])
@pytest.mark.parametrize("value", [Fraction(1, 3), Fraction(-2, 3 * 10**9)])
def test_no_other_rounding(mode: str, value: Fraction) -> None:
    with pytest.raises(ValueError, match="rounding"):
        Money.rounded(value, "USD", mode)  # type: ignore[arg-type]  # a wrong word at run time


@pytest.mark.parametrize(
    ("halves", "even"),
    [(-5, -2), (-3, -2), (-1, 0), (1, 0), (3, 2), (5, 2), (2**62 + 1, 2**61), (2**62 + 3, 2**61 + 2)],
)
def test_half_a_nano_goes_to_the_even_one(halves: int, even: int) -> None:
    exact, hair = Fraction(halves, 2 * 10**9), Fraction(1, 10**30)
    below, above = (halves - 1) // 2, (halves + 1) // 2
    assert Money.rounded(exact, "USD", "half-even") == Money(even, "USD")
    assert Money.rounded(exact - hair, "USD", "half-even") == Money(below, "USD")
    assert Money.rounded(exact + hair, "USD", "half-even") == Money(above, "USD")
    assert Money.rounded(exact, "USD", "floor") == Money(below, "USD")
    assert Money.rounded(exact, "USD", "ceil") == Money(above, "USD")


@pytest.mark.parametrize("value", [1.5, True, None, b"5", (5,), float("nan")])
def test_only_exact_kinds(value: object) -> None:
    with pytest.raises(TypeError):
        usd(value)  # type: ignore[arg-type]  # untyped callers
    with pytest.raises(TypeError):
        Money.rounded(value, "USD", "floor")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money(value, "USD")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money.parse(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("4", 4 * 10**9), ("4.", 4 * 10**9), (".5", 5 * 10**8), ("-0.000000001", -1), ("+1.40", 14 * 10**8), ("0", 0),
        ("-0", 0), ("1.0000000000000", 10**9), ("9223372036.854775807", 2**63 - 1), ("007", 7 * 10**9),
    ],
)  # fmt: skip
def test_amounts(text: str, nanos: int) -> None:
    assert usd(text) == usd(Decimal(text)) == Money(nanos, "USD")


@pytest.mark.parametrize(
    ("nanos", "currency", "text"),
    [
        (14 * 10**8, "USD", "1.40 USD"), (5 * 10**9, "USD", "5.00 USD"), (100, "USD", "0.0000001 USD"),
        (55 * 10**8, "creatify-credit", "5.5 creatify-credit"), (20 * 10**9, "creatify-credit", "20 creatify-credit"),
        (-1, "USD", "-0.000000001 USD"), (0, "USD", "0.00 USD"), (-15 * 10**8, "EUR", "-1.50 EUR"),
        (5 * 10**9, "USDC", "5 USDC"), (5 * 10**9, "EU", "5 EU"), (5 * 10**9, "abc", "5 abc"),
    ],
)  # fmt: skip
def test_how_money_is_written(nanos: int, currency: str, text: str) -> None:
    assert str(Money(nanos, currency)) == text
    assert Money.parse(text) == Money(nanos, currency)


@pytest.mark.parametrize("text", ["5", "USD", "5USD", "USD 5", "5 US$", "5  ", "5 U", "", "5 USD USD", "5 " + "x" * 33])
def test_not_money(text: str) -> None:
    with pytest.raises(BadMoney):
        Money.parse(text)


def test_money_is_a_value() -> None:
    five = usd(5)
    assert {five: 1}[Money.parse("5 USD")] == 1
    assert five.amount == Decimal(5)
    assert str(Money.of(20, "USD").amount) == "20"
    assert five.as_json() == {"amount": "5", "currency": "USD"}
    assert not Money.zero("USD")
    others: tuple[object, ...] = (5, (5 * 10**9, "USD"), "5 USD", None)
    assert all(five != other for other in others)
    with pytest.raises(AttributeError):
        five.nanos = 1  # type: ignore[misc]  # frozen
    with pytest.raises(TypeError):
        five * 1.5  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnusedExpression]
    with pytest.raises(TypeError):
        five * True  # pyright: ignore[reportUnusedExpression]  # a bool is no count
    with pytest.raises(TypeError):
        sum([five])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType, reportCallIssue]


@pytest.mark.parametrize("other", [5, 5 * 10**9, 5.0, Decimal(5), "5.00 USD", None])
@pytest.mark.parametrize("act", [operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge])
def test_money_meets_only_money(act: Callable[[object, object], object], other: object) -> None:
    with pytest.raises(TypeError):
        act(usd(5), other)
    with pytest.raises(TypeError):
        act(other, usd(5))


def test_a_currency_is_the_same_by_its_letters() -> None:
    read, made = Money.parse("5 creatify-credit"), Money.of(5, "-".join(("creatify", "credit")))
    assert read.currency is not made.currency
    assert read + made == read * 2
    assert read - made == Money.zero("creatify-credit")
    assert read <= made <= read
    assert Span(read, made, read).currency == "creatify-credit"


def test_out_of_range_is_refused_not_wrapped() -> None:
    most = Money(2**63 - 1, "USD")
    one = Money(1, "USD")
    with pytest.raises(BadMoney):
        most + one  # pyright: ignore[reportUnusedExpression]
    with pytest.raises(BadMoney):
        most * 2  # pyright: ignore[reportUnusedExpression]
    with pytest.raises(BadMoney):
        -most - one  # pyright: ignore[reportUnusedExpression]
    assert -most == Money(-(2**63) + 1, "USD")


def test_span() -> None:
    span = Span(usd(1), usd(2), usd(3))
    assert span + span == span * 2 == Span(usd(2), usd(4), usd(6))
    assert span.currency == "USD"
    assert span.as_json()["high"] == {"amount": "3", "currency": "USD"}
    assert str(span) == "2.00 USD (1.00 USD to 3.00 USD)"
    assert str(Span(usd(1), usd(1), usd(1))) == "1.00 USD"
    with pytest.raises(BadMoney):
        Span(usd(2), usd(1), usd(3))
    with pytest.raises(BadMoney):
        Span(usd(1), usd(4), usd(3))
    with pytest.raises(BadMoney):
        span * -1  # pyright: ignore[reportUnusedExpression]
    with pytest.raises(CurrencyMismatch):
        span + Span(*(Money.of(n, "EUR") for n in (1, 2, 3)))  # pyright: ignore[reportUnusedExpression]
    with pytest.raises(AttributeError):
        span.low = usd(0)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # frozen


def test_a_span_rises_also_where_two_of_its_amounts_are_one_object() -> None:
    two = usd(2)
    assert str(Span(two, two, usd(3))) == "2.00 USD (2.00 USD to 3.00 USD)"
    assert str(Span(usd(1), two, two)) == "2.00 USD (1.00 USD to 2.00 USD)"
    with pytest.raises(BadMoney):
        Span(two, two, usd(1))
    with pytest.raises(BadMoney):
        Span(usd(3), two, two)


@pytest.mark.parametrize(
    "currencies",
    [
        ("USD", "EUR", "EUR"), ("EUR", "USD", "USD"), ("USD", "USD", "EUR"), ("EUR", "EUR", "USD"),
        ("USD", "EUR", "USD"), ("EUR", "USD", "EUR"),
    ],
)  # fmt: skip
def test_a_span_is_of_one_currency(currencies: tuple[str, str, str]) -> None:
    with pytest.raises(CurrencyMismatch):
        Span(*(Money.of(n, currency) for n, currency in enumerate(currencies)))
