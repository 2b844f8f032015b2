"""What lies over a card: replaced offers, confirmed prices, discounts, promotions, plans with a bonus."""

from datetime import date
from fractions import Fraction

import pytest

from pricing import BadCard, Money, PriceBook, Quote, Usage, usd
from tests.pricing.cardtexts import GOOD, row

AT = date(2026, 6, 1)
RIVAL = row("rival", "2026-02-01", extra='standing = "contested"', price="0.02")
OTHER = GOOD.replace("acme-clip-2026", "another").replace("price = 0.10", "price = 0.20")


def ask(book: PriceBook, at: date = AT, seconds: int = 10) -> Quote:
    said = book.quote("acme/clip", Usage.billed(seconds), at=at)
    assert sum((line.amount for line in said.lines), Money.zero(said.currency)) == said.expected
    return said


def of(text: str) -> PriceBook:
    return PriceBook.from_texts({"acme.toml": text})


def three(said: Quote) -> tuple[str, str, str]:
    return tuple(f"{amount.amount:f}" for amount in (said.low, said.expected, said.high))  # type: ignore[return-value]


def test_an_offer_is_replaced_only_when_it_says_so() -> None:
    book = of(GOOD)
    with pytest.raises(BadCard, match=r"over\.toml: offers\.0\.id: offer acme/clip is already in acme\.toml.*replace"):
        book.with_cards({"over.toml": OTHER})
    over = book.with_cards({"over.toml": OTHER.replace('id = "clip"', 'id = "clip"\nreplace = true', 1)})
    assert ask(over).expected == usd(2)
    assert ask(book).expected == usd(1)
    assert over.hash != book.hash
    with pytest.raises(BadCard, match="replaces nothing"):
        of(GOOD.replace('id = "clip"', 'id = "clip"\nreplace = true', 1))


def test_cards_laid_over_keep_the_named_plan() -> None:
    book = PriceBook.shipped().with_plan("creatify", "api-pro").with_cards({"acme.toml": GOOD})
    plan = book.plan_for("creatify-credit")
    assert plan is not None
    assert plan.id == "api-pro"
    assert ask(book).expected == usd(1)


def test_a_contested_price_is_confirmed() -> None:
    book = of(GOOD + RIVAL)
    assert three(ask(book)) == ("0.02", "1", "1")
    for confirmed in (book.with_confirmed("rival"), book.with_cards({"my.toml": '[[confirm]]\nrate = "rival"'})):
        assert three(ask(confirmed)) == ("0.02",) * 3
        assert three(ask(confirmed, date(2026, 1, 31))) == ("1",) * 3  # it began in February
        assert not any("contested" in text for text in ask(confirmed).assumptions)
    for wrong in ("acme-clip-2026", "nothing", ""):
        with pytest.raises(BadCard, match="not a contested price"):
            book.with_confirmed(wrong)
    with pytest.raises(BadCard, match=r"my\.toml: confirm\.0\.rate"):
        book.with_cards({"my.toml": '[[confirm]]\nrate = "nothing"'})


def test_the_shipped_contested_price_can_be_confirmed() -> None:
    fal, settings = "fal/fal-ai/creatify/aurora", {"resolution": "480p"}
    book = PriceBook.shipped().with_confirmed("fal-aurora-newer-copy")
    said = book.quote(fal, Usage.billed("9.4"), at=date(2026, 11, 20), settings=settings)
    assert three(said) == ("0.7",) * 3
    assert said.rates == ("fal-aurora-newer-copy",)


PROMO = row("promo", "2026-03-01", "2026-05-31", extra='standing = "promo"', price="0.5")
MONTHS = row("promo", "2026-03", "2026-05", extra='standing = "promo"', price="0.5")


@pytest.mark.parametrize(
    ("promo", "day", "expected"),
    [
        (PROMO, "2026-02-28", ("1", "1", "1")),
        (PROMO, "2026-03-01", ("0.5", "0.5", "0.5")),
        (PROMO, "2026-05-31", ("0.5", "0.5", "0.5")),
        (PROMO, "2026-06-01", ("1", "1", "1")),
        (MONTHS, "2026-02-28", ("1", "1", "1")),
        (MONTHS, "2026-03-01", ("0.5", "1", "1")),  # it began on an unpublished day of March
        (MONTHS, "2026-04-15", ("0.5", "0.5", "0.5")),
        (MONTHS, "2026-05-31", ("0.5", "1", "1")),
        (MONTHS, "2026-06-01", ("1", "1", "1")),
    ],
)
def test_a_promotion_wins_inside_its_window(promo: str, day: str, expected: tuple[str, str, str]) -> None:
    said = ask(of(GOOD + promo), date.fromisoformat(day))
    assert three(said) == expected
    told = [text for text in said.assumptions if "promotional" in text]
    assert bool(told) == ("promo" in said.rates)
    assert all("the list price is 0.10 USD" in text for text in told)


def test_a_contested_list_price_does_not_matter_while_a_promotion_runs() -> None:
    assert three(ask(of(GOOD + RIVAL + PROMO), date(2026, 4, 1))) == ("0.5",) * 3


DISCOUNT = """
[[discounts]]
id = "{id}"
offers = ["{offers}"]
percent = {percent}
{dates}
source = {{ url = "https://acme.example/contract", evidence = "published" }}
"""


def discount(percent: str, dates: str = "", offers: str = "acme/*", id: str = "deal") -> str:  # noqa: A002
    return DISCOUNT.format(id=id, offers=offers, percent=percent, dates=dates)


CHECKED = 'checked_on = "2026-11-20"\n'


def test_a_discount_is_its_own_last_line() -> None:
    said = ask(of(GOOD).with_cards({"deal.toml": CHECKED + discount("12.5")}))
    assert three(said) == ("0.875",) * 3
    assert str(said.lines[-1].amount) == "-0.125 USD"
    assert "deal: 12.5 % off" in said.lines[-1].label
    assert said.sources[-1].url == "https://acme.example/contract"


def test_discounts_follow_one_another() -> None:
    both = CHECKED + discount("50") + discount("10", id="more")
    said = ask(of(GOOD).with_cards({"deal.toml": both}))
    assert three(said) == ("0.45",) * 3
    assert [str(line.amount) for line in said.lines] == ["1.00 USD", "-0.50 USD", "-0.05 USD"]


@pytest.mark.parametrize(
    ("dates", "day", "expected"),
    [
        ('effective_from = "2026-06-02"', "2026-06-01", ("1", "1", "1")),
        ('effective_from = "2026-06-02"', "2026-06-02", ("0.5", "0.5", "0.5")),
        ('effective_until = "2026-06-02"', "2026-06-02", ("0.5", "0.5", "0.5")),
        ('effective_until = "2026-06-02"', "2026-06-03", ("1", "1", "1")),
        ('effective_from = "2026-06"', "2026-06-15", ("0.5", "1", "1")),
    ],
)
def test_discounts_have_dates(dates: str, day: str, expected: tuple[str, str, str]) -> None:
    book = of(GOOD).with_cards({"deal.toml": CHECKED + discount("50", dates)})
    assert three(ask(book, date.fromisoformat(day))) == expected


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (CHECKED + discount("0"), "percent"),
        (CHECKED + discount("100.1"), "percent"),
        (CHECKED + discount("10", offers="nobody/*"), "fits no offer"),
        (discount("10"), "checked_on"),
        (CHECKED + discount("10", 'effective_from = "2026-06"\neffective_until = "2026-05"'), "before effective_from"),
    ],
)
def test_discounts_that_are_none(text: str, key: str) -> None:
    with pytest.raises(BadCard, match=key):
        of(GOOD).with_cards({"deal.toml": text})


def test_a_discount_of_everything_is_free() -> None:
    assert three(ask(of(GOOD).with_cards({"deal.toml": CHECKED + discount("100")}))) == ("0", "0", "0")


def test_bonus_credits_make_each_cheaper() -> None:
    plan = """
[[plans]]
id = "pack"
kind = "pack"
price = 50
credits = 3300
bonus = 200
expires_days = 365
overage = 0.02
source = { url = "https://acme.example/plans", evidence = "published" }
"""
    book = of(GOOD.replace('currency = "USD"', 'currency = "acme-credit"') + plan)
    known = book.plan_for("acme-credit")
    assert known is not None
    assert known.usd_per_credit == Fraction(50, 3500)
    assert (known.kind, known.expires_days, known.overage) == ("pack", 365, usd("0.02"))
    said = book.quote("acme/clip", Usage.billed(10), at=AT)
    assert said.usd.expected == known.convert(said.expected, "half-even") == usd("0.014285714")
    assert any("3300 + 200 bonus" in text for text in said.assumptions)
