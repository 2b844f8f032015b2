"""Edges of quantities: every length that cannot be priced is refused with one line."""

from decimal import Decimal, localcontext
from typing import Any

import pytest

from pricing import BadQuantity, Quantity, Usage, decimal_of
from pricing.usage import seconds_of

NOT_LENGTHS: list[str | int | Decimal] = [
    "", "0", "0.000", "-1", "+1", "NaN", "inf", "1e999999", "1e3", "9,4", "١٠", "９", "1_0", "86400.001", "1" * 40,
    "0." + "0" * 17 + "01", 0, -1, 86_401, 10**5000, -(10**5000), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"),
    Decimal("-Infinity"), Decimal(0), Decimal(-1), Decimal("1E+999999"), Decimal("1E-999999"), Decimal("1E-19"),
]  # fmt: skip


@pytest.mark.parametrize("value", NOT_LENGTHS, ids=lambda value: type(value).__name__)
def test_not_a_length(value: str | int | Decimal) -> None:
    for make in (Usage.billed, Usage.audio, Usage.video, seconds_of):
        with pytest.raises(BadQuantity) as caught:
            make(value)
        assert caught.value.code == "bad_quantity"
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 250


@pytest.mark.parametrize("value", [9.4, True, None, b"9"])
def test_only_exact_kinds(value: object) -> None:
    for make in (Usage.billed, Usage.audio, Usage.video):
        with pytest.raises(TypeError):
            make(value)  # type: ignore[arg-type]  # untyped callers


def test_the_door_for_floats() -> None:
    assert decimal_of(9.4) == Decimal("9.4")
    assert decimal_of(0.1 + 0.2) == Decimal("0.30000000000000004")
    assert decimal_of(7) == Decimal(7)
    for value in (float("nan"), float("inf")):
        with pytest.raises(BadQuantity):
            decimal_of(value)
    wrong: tuple[Any, ...] = ("9.4", Decimal("9.4"), True)
    for thing in wrong:
        with pytest.raises(TypeError):
            decimal_of(thing)


def test_lengths() -> None:
    assert Usage.billed("9.4")["billed_seconds"] == Quantity(Decimal("9.4"), Decimal("9.4"), Decimal("9.4"))
    assert Usage.billed(86_400)["billed_seconds"].high == 86_400
    audio = Usage.audio(Decimal("24.084"))
    assert audio["input_audio_seconds"].known == "measured"
    assert list(audio) == ["input_audio_seconds"]
    assert len(audio) == 1
    assert Usage.video("10")["output_video_seconds"].expected == 10


def test_a_range_expects_its_exact_middle_whatever_the_context() -> None:
    with localcontext() as context:
        context.prec = 1
        quantity = Usage.video("10.123456789012345678", "20.2")["output_video_seconds"]
    assert quantity.expected == Decimal("15.161728394506172839")
    assert (quantity.low, quantity.high) == (Decimal("10.123456789012345678"), Decimal("20.2"))


def test_what_a_quantity_refuses() -> None:
    one, two = Decimal(1), Decimal(2)
    with pytest.raises(BadQuantity):
        Usage.video(20, 10)
    for numbers in ((two, one, two), (one, two, one), (one, one, Decimal("NaN")), (one, one, Decimal("Infinity"))):
        with pytest.raises(BadQuantity):
            Quantity(*numbers)
    with pytest.raises(TypeError):
        Quantity(1.0, 1.0, 1.0)  # type: ignore[arg-type]


def test_what_a_usage_refuses() -> None:
    with pytest.raises(BadQuantity):
        Usage({})
    with pytest.raises(BadQuantity, match="not a measure"):
        Usage({"minutes": Quantity(Decimal(1), Decimal(1), Decimal(1))})
    with pytest.raises(BadQuantity):
        Usage({"output_video_seconds": Quantity(Decimal(0), Decimal(1), Decimal(1))})
    with pytest.raises(TypeError):
        Usage({"output_video_seconds": Decimal(1)})  # type: ignore[dict-item]


def test_a_usage_is_read_only() -> None:
    given = {"billed_seconds": Quantity(Decimal(1), Decimal(1), Decimal(1))}
    usage = Usage(given)
    given.clear()
    assert len(usage) == 1
    with pytest.raises(TypeError):
        usage.measures["billed_seconds"] = given  # type: ignore[index]


def test_what_is_misspelled_is_told() -> None:
    with pytest.raises(BadQuantity, match=r"'wdth' is not a measure; did you mean width\?"):
        Usage.of(wdth=3)
    with pytest.raises(BadQuantity, match=r"'xyzzy' is not a measure; known: requested_seconds, ") as caught:
        Usage({"xyzzy": Quantity.seconds(1)})
    assert "billed_seconds" not in str(caught.value)
    for text, said in (("8s", "8s is not a length"), ("-8", "-8 s is not a length"), ("", "nothing is not a length")):
        with pytest.raises(BadQuantity, match=f"^{said}"):
            Usage.of(output_video_seconds=text)
