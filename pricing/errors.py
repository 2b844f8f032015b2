"""The errors of pricing, one line each for a person to read. A caller can always tell *no* from *wrong input*.

PricingError
├── BadMoney            not an amount of money: too many digits, NaN, a float's leftovers, out of range
├── CurrencyMismatch    two currencies met (also a TypeError)
├── BadQuantity         seconds, outputs or a measure that cannot be priced: zero, negative, NaN, absurd, not stated
│   └── OverLimit       more than the offer takes
├── BadCard             a rate card that is malformed: names the file and the key
├── UnknownOffer        no such offer in this book
├── UnknownSetting      a setting or a value that the offer does not have
├── NotQuotable         nobody can say what it costs before it is done, and why
├── NoPrice             the offer exists, but nothing says what it costs on that date
├── NoPlan              nothing says what a credit is worth
└── BuysNothing         the budget is smaller than the smallest job
"""


class PricingError(Exception):
    """Root. `str(error)` is the one line a person reads: what, the value, the limit, what to do."""

    code = "pricing"

    def __init__(
        self,
        message: str,
        *,
        value: str | None = None,
        limit: str | None = None,
        next: str | None = None,  # noqa: A002 - the word of the JSON contract
    ) -> None:
        super().__init__(message if next is None else f"{message}; {next}")
        self.message, self.value, self.limit, self.next = message, value, limit, next


class BadMoney(PricingError, ValueError):
    code = "bad_money"


class CurrencyMismatch(PricingError, TypeError):
    code = "currency_mismatch"


class BadQuantity(PricingError, ValueError):
    code = "bad_quantity"


class OverLimit(BadQuantity):
    code = "over_limit"


class BadCard(PricingError, ValueError):
    code = "bad_card"


class UnknownOffer(PricingError, LookupError):
    code = "unknown_offer"


class UnknownSetting(PricingError, LookupError):
    code = "unknown_setting"


class NoPrice(PricingError, LookupError):
    code = "no_price"


class NotQuotable(PricingError):
    code = "not_quotable"


class NoPlan(PricingError, LookupError):
    code = "no_plan"


class BuysNothing(PricingError):
    code = "buys_nothing"
