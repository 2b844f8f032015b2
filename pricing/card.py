"""Rate cards as data: the pydantic models of a card file. They check one card's shape and never compute a price.

A new kind of tariff is one more model in `Tariff`, told apart by `kind`; nothing else here changes.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from .dates import UNKNOWN, Moment
from .source import Evidence
from .units import BILLED, MEASURES


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
        raise ValueError(f"is not a measure; known are {', '.join(name for name in MEASURES if name != BILLED)}")
    return value


Number = Annotated[Decimal, BeforeValidator(_number)]
Price = Annotated[Number, Field(ge=0)]
Positive = Annotated[Number, Field(gt=0)]
When = Annotated[str, BeforeValidator(_dated)]
WhenOrUnknown = Annotated[str, BeforeValidator(_dated_or_unknown)]
Measure = Annotated[str, AfterValidator(_measure)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=400)]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,120}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{1,31}$")]


class Model(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


class CardSource(Model):
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S{3,300}$")]
    evidence: Evidence
    checked_on: When | None = None
    """None: the card's own."""


class CardQuantise(Model):
    step: Positive
    mode: Literal["ceil", "floor", "nearest"]


class CardFlat(Model):
    """One price per output."""

    kind: Literal["flat"]
    price: Price


class CardPerUnit(Model):
    """A price for each `per` of the measure."""

    kind: Literal["per-unit"]
    price: Price
    per: Positive = Decimal(1)


class CardCell(Model):
    when: dict[str, str] = Field(min_length=1)
    price: Price


class CardTable(Model):
    """A price by settings; per `per` of the measure, or flat when `per` is absent."""

    kind: Literal["table"]
    cells: tuple[CardCell, ...] = Field(min_length=1)
    per: Positive | None = None


Tariff = Annotated[CardFlat | CardPerUnit | CardTable, Field(discriminator="kind")]


class CardMultiplier(Model):
    label: Text
    factor: Price
    when: dict[str, str] = Field(default_factory=dict)
    """Empty: always."""


class CardComponent(Model):
    label: Text
    measure: Measure | None = None
    """None: the offer's own."""
    included: Price = Decimal(0)
    quantise: CardQuantise | None = None
    minimum: Positive | None = None
    cap: Positive | None = None
    tariff: Tariff
    multipliers: tuple[CardMultiplier, ...] = ()

    @model_validator(mode="after")
    def _minimum_below_cap(self) -> Self:
        if self.minimum is not None and self.cap is not None and self.minimum > self.cap:
            raise ValueError("the minimum is above the cap")
        return self


class CardRounding(Model):
    step: Positive
    mode: Literal["ceil", "floor", "nearest"]
    of: Literal["output", "job"]


class CardRate(Model):
    id: Word
    standing: Literal["record", "contested"] = "record"
    """`contested`: another published price, beside the price of record."""
    when: dict[str, str] = Field(default_factory=dict)
    """The settings it is for; empty: all."""
    effective_from: WhenOrUnknown
    effective_until: When | None = None
    """The last day or month; None: until the next row begins."""
    sources: tuple[CardSource, ...] = Field(min_length=1)
    assumptions: tuple[Text, ...] = ()
    components: tuple[CardComponent, ...] = Field(min_length=1)
    rounding: CardRounding | None = None

    @model_validator(mode="after")
    def _until_after_from(self) -> Self:
        since, until = self.effective_from, self.effective_until
        if until is not None and since != UNKNOWN and Moment.parse(until).last < Moment.parse(since).first:
            raise ValueError(f"effective_until {until} is before effective_from {since}")
        return self


class CardSetting(Model):
    values: tuple[Word, ...] = Field(min_length=1)
    default: Word

    @model_validator(mode="after")
    def _default_is_legal(self) -> Self:
        if len(set(self.values)) != len(self.values):
            raise ValueError("a value is listed twice")
        if self.default not in self.values:
            raise ValueError(f"the default {self.default!r} is not one of {', '.join(self.values)}")
        return self


class CardSlack(Model):
    """How much longer the output may be than the audio it is made from."""

    seconds: Price
    evidence: Evidence
    note: Text


class CardOffer(Model):
    id: Word
    name: Text
    measure: Measure
    from_audio: bool
    max_seconds: Positive | None = None
    max_outputs: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1
    slack: CardSlack | None = None
    settings: dict[Word, CardSetting] = Field(default_factory=dict)
    rates: tuple[CardRate, ...] = Field(min_length=1)


class CardPlan(Model):
    """What a credit is worth. Ranked by price per credit: the dearest self-serve one is assumed unless one is named."""

    id: Word
    credits: Positive
    price: Positive
    currency: Currency = "USD"
    self_serve: bool = True
    source: CardSource


class RateCard(Model):
    """One provider's published prices."""

    provider: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,40}$")]
    currency: Currency
    checked_on: Annotated[str, BeforeValidator(_dated)]
    offers: tuple[CardOffer, ...] = ()
    plans: tuple[CardPlan, ...] = ()

    @model_validator(mode="after")
    def _checked_on_a_day(self) -> Self:
        if Moment.parse(self.checked_on).is_month:
            raise ValueError("checked_on must be a day")
        return self
