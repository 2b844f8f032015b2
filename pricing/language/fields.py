"""The kinds of value a card is written in: numbers without floats, dates, names. They check, and compute nothing."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from ..dates import UNKNOWN, Moment
from ..units import BILLED, MEASURES


def _number(value: object) -> object:
    """TOML gives int, or Decimal when read as it must be; a float has already lost digits."""
    if isinstance(value, float):
        raise ValueError(f"{value!r} came through a float and may have lost digits")  # noqa: TRY004 - pydantic's word
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise ValueError("must be a plain number, without quotes")  # noqa: TRY004 - pydantic's word
    if isinstance(value, int):
        if abs(value) >= 10**15:
            raise ValueError("is a number beyond all prices and lengths")
        return Decimal(value)
    if not value.is_finite():
        raise ValueError("must be finite")
    exponent = value.as_tuple().exponent
    if value and (value.adjusted() >= 15 or not isinstance(exponent, int) or exponent < -30):
        raise ValueError("is a number beyond all prices and lengths")
    return value


def _dated(value: object) -> object:
    if isinstance(value, date) and not isinstance(value, datetime):  # TOML knows bare dates
        value = value.isoformat()
    if not isinstance(value, str):
        raise ValueError('must be a day "2026-05-14" or a month "2026-05"')  # noqa: TRY004 - pydantic's word
    Moment.parse(value)
    return value


def _dated_or_unknown(value: object) -> object:
    return value if value == UNKNOWN else _dated(value)


def _measure(value: str) -> str:
    if value not in MEASURES or value == BILLED:
        raise ValueError(f"{value[:60]!r} is not a measure")
    return value


def _bound(value: object) -> object:
    """The upper end of a cell: a number, or "inf" for no end, kept as None."""
    if isinstance(value, (Decimal, float)) and value == Decimal("Infinity"):
        raise ValueError("no end is written in quotes")
    return None if value in ("inf", None) else value


def _amount(value: object) -> object:
    """A price in one number is a price whose low, expected and high are the same."""
    if isinstance(value, Mapping):
        return value  # pyright: ignore[reportUnknownVariableType]  # pydantic checks what is inside
    number = _number(value)
    if isinstance(number, Decimal) and number < 0:
        raise ValueError("must not be negative")
    return {"low": number, "expected": number, "high": number}


def _conditions(value: object) -> object:
    """One value, or a list of any of which will do."""
    if not isinstance(value, Mapping):
        return value
    return {name: (one,) if isinstance(one, str) else one for name, one in value.items()}  # pyright: ignore[reportUnknownVariableType]


class Model(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


class CardAmount(Model):
    """A price, exact when the three are one; a vague one is quoted as an interval."""

    low: "Price"
    expected: "Price"
    high: "Price"

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if not self.low <= self.expected <= self.high:
            raise ValueError("must rise: low ≤ expected ≤ high")
        return self


_NUMBER_SCHEMA = WithJsonSchema({"type": "number"})
_DATE = r"^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$"
_NAMED = r"^[a-z][a-z0-9_]{0,60}$"
_AMOUNT_SCHEMA = {
    "anyOf": [
        {"type": "number", "minimum": 0},
        {
            "type": "object",
            "description": "a vague price: low ≤ expected ≤ high",
            "properties": {name: {"type": "number", "minimum": 0} for name in ("low", "expected", "high")},
            "required": ["low", "expected", "high"],
            "additionalProperties": False,
        },
    ]
}
_CONDITIONS_SCHEMA = {
    "type": "object",
    "additionalProperties": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
}

Number = Annotated[Decimal, BeforeValidator(_number), _NUMBER_SCHEMA]
Price = Annotated[Decimal, BeforeValidator(_number), Field(ge=0), WithJsonSchema({"type": "number", "minimum": 0})]
Positive = Annotated[
    Decimal, BeforeValidator(_number), Field(gt=0), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})
]
Percent = Annotated[
    Decimal,
    BeforeValidator(_number),
    Field(gt=0, le=100),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 100}),
]
Bound = Annotated[
    Positive | None,
    BeforeValidator(_bound),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": "inf"}]}),
]
Amount = Annotated[CardAmount, BeforeValidator(_amount), WithJsonSchema(_AMOUNT_SCHEMA)]
When = Annotated[str, BeforeValidator(_dated), WithJsonSchema({"type": "string", "pattern": _DATE})]
WhenOrUnknown = Annotated[
    str,
    BeforeValidator(_dated_or_unknown),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": _DATE}, {"const": UNKNOWN}]}),
]
Measure = Annotated[
    str,
    AfterValidator(_measure),
    WithJsonSchema({"enum": [name for name in MEASURES if name != BILLED]}),
]
Quantity = Annotated[str, StringConstraints(pattern=_NAMED)]
"""A measure or a derived one; `compile` knows which derived ones the offer has."""
Conditions = Annotated[dict[str, tuple[str, ...]], BeforeValidator(_conditions), WithJsonSchema(_CONDITIONS_SCHEMA)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=400)]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,120}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{1,31}$")]

CardAmount.model_rebuild()
