"""JSON with exact numbers."""

import json
from decimal import Decimal

import pytest

from router.sandbox.wire import dumps, loads, plain


@pytest.mark.parametrize(
    ("value", "text"),
    [("1.40", "1.4"), ("1E+1", "10"), ("10", "10"), ("0", "0"), ("0.00", "0"), ("-0.5", "-0.5"), ("1E-7", "0.0000001")],
)
def test_decimals_are_plain_numbers(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text
    assert dumps({"cost": Decimal(value)}) == f'{{"cost":{text}}}'


def test_the_absurd_is_still_json() -> None:
    for text in ("1e999999999", "1e-999999999"):
        value = loads(text.encode())
        assert isinstance(value, Decimal)
        assert len(dumps(value)) < 30
        assert loads(dumps(value).encode()) == value


@pytest.mark.parametrize("text", ['{"a":[1,1.5,"x",null,true,{"b":[]}]}', '"\\ud800"', "[]", "{}", '{"\\u00fc":"\\""}'])
def test_json_goes_round(text: str) -> None:
    value = loads(text.encode())
    assert loads(dumps(value).encode()) == value
    assert json.loads(dumps(value)) == json.loads(text)


@pytest.mark.parametrize("body", [b"", b"NaN", b"[Infinity]", b"\xff", b"[" * 100_000, b"[" * 60 + b"]" * 60])
def test_what_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        loads(body)
