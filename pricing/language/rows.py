"""One row of a rate card as data: components, their tariffs, rounding. The pydantic models check shape, never compute.

A new kind of tariff is one more model in `Tariff`, told apart by `kind`; nothing else here changes.
"""

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, StringConstraints, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ..dates import UNKNOWN, Moment
from ..source import Evidence
from .fields import (
    Amount,
    Bound,
    Conditions,
    Model,
    Positive,
    Price,
    Quantity,
    Text,
    When,
    WhenOrUnknown,
    Word,
)

Mode = Literal["ceil", "floor", "nearest"]


class CardSource(Model):
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S{3,300}$")]
    evidence: Evidence
    checked_on: When | None = None
    """None: the card's own."""


class CardQuantise(Model):
    step: Positive
    mode: Literal["ceil", "floor", "nearest", "unknown"]
    """`unknown`: nothing says how it is rounded; low is the exact amount, expected and high the next step."""


class CardFlat(Model):
    """One price per output."""

    kind: Literal["flat"]
    price: Amount


class CardPerUnit(Model):
    """A price for each `per` of the measure."""

    kind: Literal["per-unit"]
    price: Amount
    per: Positive = Decimal(1)


class CardCell(Model):
    when: Conditions = Field(min_length=1)
    price: Amount


class CardTable(Model):
    """A price by settings; per `per` of the measure, or flat when `per` is absent."""

    kind: Literal["table"]
    cells: tuple[CardCell, ...] = Field(min_length=1)
    per: Positive | None = None


class CardRung(Model):
    at: Price
    when: Conditions = Field(default_factory=dict)
    price: Amount


class CardLadder(Model):
    """A price for exactly these values of a measure, and for no other."""

    kind: Literal["ladder"]
    axis: Quantity
    cells: tuple[CardRung, ...] = Field(min_length=1)


class CardInterval(Model):
    up_to: Bound
    """Its own end belongs to it, the end of the one before does not; "inf" for no end."""
    when: Conditions = Field(default_factory=dict)
    price: Amount


class CardIntervals(Model):
    """A price by where a measure falls; per `per` of the component's measure, or flat when `per` is absent."""

    kind: Literal["intervals"]
    axis: Quantity
    cells: tuple[CardInterval, ...] = Field(min_length=1)
    per: Positive | None = None


class CardTier(Model):
    up_to: Bound
    when: Conditions = Field(default_factory=dict)
    flat: Amount | None = None
    """Charged once, when the tier is entered (the first always is)."""
    price: Amount | None = None
    per: Positive = Decimal(1)

    @model_validator(mode="after")
    def _costs_something(self) -> Self:
        if self.flat is None and self.price is None:
            raise ValueError("a tier needs `flat`, `price`, or both")
        return self


class CardTiers(Model):
    """Graduated: each part of the quantity at its own tier's price. Cliff: all of it at the tier it falls in."""

    kind: Literal["tiers"]
    mode: Literal["graduated", "cliff"]
    cells: tuple[CardTier, ...] = Field(min_length=1)


Tariff = Annotated[
    CardFlat | CardPerUnit | CardTable | CardLadder | CardIntervals | CardTiers, Field(discriminator="kind")
]


class CardMultiplier(Model):
    label: Text
    factor: Amount
    when: Conditions = Field(default_factory=dict)
    """Empty: always."""
    above: dict[Quantity, Price] = Field(default_factory=dict)
    """Only when each of these measures is more than this."""
    at_most: dict[Quantity, Price] = Field(default_factory=dict)


class CardComponent(Model):
    label: Text
    when: Conditions = Field(default_factory=dict)
    """It exists only for these settings; empty: always."""
    measure: Quantity | None = None
    """None: the offer's own."""
    per_output: bool = True
    """False: charged once a job, however many outputs."""
    included: Price = Decimal(0)
    quantise: CardQuantise | None = None
    minimum: Positive | None = None
    cap: Positive | None = None
    tariff: Tariff
    multipliers: tuple[CardMultiplier, ...] = ()
    minimum_charge: Positive | None = None
    maximum_charge: Positive | None = None

    @model_validator(mode="after")
    def _minimum_below_cap(self) -> Self:
        if self.minimum is not None and self.cap is not None and self.minimum > self.cap:
            raise ValueError("the minimum is above the cap")
        least, most = self.minimum_charge, self.maximum_charge
        if least is not None and most is not None and least > most:
            raise ValueError("the minimum_charge is above the maximum_charge")
        return self


class CardRounding(Model):
    step: Positive
    mode: Mode
    of: Literal["unit", "component", "output", "job"]


STAGES = ("unit", "component", "output", "job")


def _listed(value: object) -> object:
    return [value] if isinstance(value, dict) else value  # pyright: ignore[reportUnknownVariableType]


class _OrOne:
    """Tells the JSON Schema that one item may stand for a list of one."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:  # the name is pydantic's
        schema = handler(core)
        return {"anyOf": [schema["items"], schema]}


class CardExchange(Model):
    """The components are in dollars, rounded to so many decimals, and then sold in the card's currency."""

    credits_per_usd: Positive
    usd_decimals: Annotated[int, Field(ge=0, le=9, strict=True)] | None = None


class CardRate(Model):
    id: Word
    standing: Literal["record", "contested", "promo"] = "record"
    """`contested`: another published price, beside the price of record. `promo`: wins over it while it lasts."""
    when: Conditions = Field(default_factory=dict)
    """The settings it is for; empty: all."""
    effective_from: WhenOrUnknown
    effective_until: When | None = None
    """The last day or month; None: until the next row begins."""
    sources: tuple[CardSource, ...] = Field(min_length=1)
    assumptions: tuple[Text, ...] = ()
    components: tuple[CardComponent, ...] = Field(min_length=1)
    rounding: Annotated[tuple[CardRounding, ...], BeforeValidator(_listed), _OrOne()] = ()
    """One, or a list in the order unit, component, output, job."""
    exchange: CardExchange | None = None

    @model_validator(mode="after")
    def _until_after_from(self) -> Self:
        since, until = self.effective_from, self.effective_until
        if until is not None and since != UNKNOWN and Moment.parse(until).last < Moment.parse(since).first:
            raise ValueError(f"effective_until {until} is before effective_from {since}")
        places = [STAGES.index(rounding.of) for rounding in self.rounding]
        if any(later <= earlier for earlier, later in pairwise(places)):
            raise ValueError(f"rounding goes in the order {', '.join(STAGES)}, each at most once")
        return self


class CardDerived(Model):
    """A measure worked out from others: + - * / ( ), numbers, ceil floor round min max, and names."""

    name: Quantity
    expression: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    unit: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9 ^/²-]{0,30}$")]
