"""Rate cards as data: the pydantic models of a card file. They check one card's shape and never compute a price."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from ..dates import UNKNOWN, Moment
from ..source import Evidence
from .fields import Conditions, Currency, Measure, Model, Percent, Positive, Price, Text, When, WhenOrUnknown, Word
from .rows import CardDerived, CardRate, CardSource


def _day(value: object) -> object:
    if isinstance(value, str) and Moment.parse(value).is_month:
        raise ValueError("must be a day")
    return value


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


class CardDuration(Model):
    """Which lengths are sold: some values, or every step from `min` to `max`."""

    measure: Measure | None = None
    """None: the offer's own."""
    values: tuple[Positive, ...] = ()
    min: Positive | None = None
    max: Positive | None = None
    step: Positive | None = None
    """Counted from `min`, or from zero without one; None: any length between."""

    @model_validator(mode="after")
    def _values_or_range(self) -> Self:
        ends = self.min, self.max, self.step
        if bool(self.values) == any(end is not None for end in ends):
            raise ValueError("say either `values`, or `min`, `max`, `step`")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        if list(self.values) != sorted(set(self.values)):
            raise ValueError("values must rise")
        return self


class CardLimit(Model):
    """How little and how much of a measure the provider takes."""

    measure: Measure
    min: Price | None = None
    max: Price | None = None
    when: Conditions = Field(default_factory=dict)
    """For these settings only; empty: always."""

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("a limit needs `min`, `max`, or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        return self


class CardSettlement(Model):
    """How the actual cost becomes known, and what a failure costs: shown, never computed with."""

    actual: Literal["header-units", "inline", "billing-event", "usage", "none"] = "none"
    failure: Literal["free", "charged", "per-class", "unknown"] = "unknown"
    quote: Literal["exact", "estimate", "bound", "unquotable"] = "exact"
    hold: Text = "high"
    note: Text | None = None

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if self.quote == "unquotable" and self.note is None:
            raise ValueError("unquotable needs a `note`: why, and what would have to be learned")
        return self


class CardOffer(Model):
    id: Word
    name: Text
    replace: bool = False
    """Whether it takes the place of the offer of the same id in an earlier file."""
    door: Word | None = None
    """Where it is bought, if the same job is sold through two doors at two prices: "api", "app"."""
    measure: Measure
    from_audio: bool = False
    max_seconds: Positive | None = None
    """Short for a limit on the offer's own measure."""
    limits: tuple[CardLimit, ...] = ()
    duration: CardDuration | None = None
    max_outputs: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1
    slack: CardSlack | None = None
    settings: dict[Word, CardSetting] = Field(default_factory=dict)
    aliases: dict[Word, dict[Word, Word]] = Field(default_factory=dict)
    """Other spellings that the provider itself documents, by setting."""
    unsold: tuple[Annotated[Conditions, Field(min_length=1)], ...] = ()
    """Combinations of settings that the provider does not sell."""
    defaults: dict[Measure, Price] = Field(default_factory=dict)
    """What a measure is when the job does not state it."""
    derive: tuple[CardDerived, ...] = ()
    settlement: CardSettlement | None = None
    rates: tuple[CardRate, ...] = Field(min_length=1)


class CardPlan(Model):
    """What a credit is worth. Ranked by price per credit: the dearest self-serve one is assumed unless one is named."""

    id: Word
    replace: bool = False
    kind: Literal["subscription", "pack"] = "subscription"
    credits: Positive
    bonus: Price = Decimal(0)
    """Given on top of `credits`."""
    price: Positive
    currency: Currency = "USD"
    self_serve: bool = True
    expires_days: Annotated[int, Field(ge=1, le=36_500, strict=True)] | None = None
    overage: Positive | None = None
    """The price of one credit beyond those of the plan."""
    source: CardSource


class CardDiscount(Model):
    """A contract price: so many percent off, applied last."""

    id: Word
    offers: tuple[Annotated[str, StringConstraints(min_length=1, max_length=160)], ...] = Field(min_length=1)
    """Ids, with * for anything."""
    percent: Percent
    effective_from: WhenOrUnknown = UNKNOWN
    effective_until: When | None = None
    before_minimum: bool = False
    """Whether a minimum_charge is held against the discounted amount."""
    source: CardSource

    @model_validator(mode="after")
    def _until_after_from(self) -> Self:
        since, until = self.effective_from, self.effective_until
        if until is not None and since != UNKNOWN and Moment.parse(until).last < Moment.parse(since).first:
            raise ValueError(f"effective_until {until} is before effective_from {since}")
        return self


class CardConfirm(Model):
    """A contested price becomes the price of record."""

    rate: Word


class RateCard(Model):
    """One provider's published prices, or what a user puts over them."""

    provider: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,40}$")] | None = None
    currency: Currency | None = None
    checked_on: Annotated[When, BeforeValidator(_day)] | None = None
    offers: tuple[CardOffer, ...] = ()
    plans: tuple[CardPlan, ...] = ()
    discounts: tuple[CardDiscount, ...] = ()
    confirm: tuple[CardConfirm, ...] = ()

    @model_validator(mode="after")
    def _says_whose(self) -> Self:
        if self.offers or self.plans or self.discounts:
            names = ("checked_on",) if not (self.offers or self.plans) else ("provider", "currency", "checked_on")
            missing = [name for name in names if getattr(self, name) is None]
            if missing:
                raise ValueError(f"{', '.join(missing)} must stand at the top of the card")
        return self

    @property
    def whose(self) -> str:
        return self.provider or "none"

    @property
    def money(self) -> str:
        return self.currency or "USD"

    @property
    def checked(self) -> str:
        return self.checked_on or "1970-01-01"
