"""Malformed cards: each fault is found at load, in one line that names the file and the key."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pricing import BadCard, Money, NoPlan, NoPrice, PriceBook, Usage, usd
from pricing.language.load import check_card
from tests.pricing.cardtexts import GOOD, TABLE, row, spoiled

AT = date(2026, 6, 1)


def book(text: str) -> PriceBook:
    return PriceBook.from_texts({"acme.toml": text})


def test_the_good_card_is_good() -> None:
    said = book(GOOD).quote("acme/clip", Usage.billed("9.4"), at=AT)
    assert said.expected == usd("1.00")


SOURCES = 'sources = [{ url = "https://acme.example/prices", evidence = "published" }]'
CELL = '    { when = { resolution = "480p" }, price = 0.05 },\n'

SPOILED = {
    "not TOML": ("[[offers]]", "[[offers", "not TOML"),
    "unknown key of the card": ('provider = "acme"', 'provider = "acme"\nvendor = "x"', "vendor"),
    "unknown key of an offer": ("from_audio = true", "from_audio = true\nfast = true", "offers.0.fast"),
    "unknown key of a rate": ("effective_from", 'note = "x"\neffective_from', "offers.0.rates.0.note"),
    "unknown key of a tariff": ("per = 1,", "per = 1, rate = 3,", "tariff.rate"),
    "unknown kind of tariff": ('kind = "table"', 'kind = "guess"', "tariff"),
    "no kind of tariff": ('kind = "table", ', "", "tariff"),
    "no name": ('name = "Acme clip"\n', "", "offers.0.name"),
    "no source": (SOURCES, "sources = []", "sources"),
    "evidence of its own": ('"published"', '"rumour"', "sources.0.evidence"),
    "not an address": ("https://acme.example/prices", "see the page", "sources.0.url"),
    "price in quotes": ("price = 0.05", 'price = "0.05"', "cells.0.price"),
    "negative price": ("price = 0.05", "price = -0.05", "cells.0.price"),
    "price NaN": ("price = 0.05", "price = nan", "finite"),
    "price infinite": ("price = 0.05", "price = inf", "finite"),
    "price a bomb": ("price = 0.05", "price = 1e999999", "beyond"),
    "price a tiny bomb": ("price = 0.05", "price = 1e-999999", "beyond"),
    "price a huge integer": ("price = 0.05", "price = 1" + "0" * 30, "beyond"),
    "price an endless integer": ("price = 0.05", "price = 1" + "0" * 5000, "not TOML"),
    "price a bool": ("price = 0.05", "price = true", "plain number"),
    "step zero": ("step = 1", "step = 0", "quantise.step"),
    "per zero": ("per = 1", "per = 0", "tariff.per"),
    "mode of its own": ('mode = "ceil"', 'mode = "round"', "quantise.mode"),
    "minimum above cap": ('label = "clip"', 'label = "clip"\nminimum = 5\ncap = 3', "minimum is above the cap"),
    "measure nobody takes": ('"output_video_seconds"', '"minutes"', "offers.0.measure"),
    "measure that is no measure": ('"output_video_seconds"', '"billed_seconds"', "offers.0.measure"),
    "default that is not sold": ('default = "720p"', 'default = "1080p"', "settings.resolution"),
    "missing default": ('default = "720p"\n', "", "settings.resolution.default"),
    "value twice": ('values = ["480p", "720p"]', 'values = ["720p", "720p"]', "twice"),
    "no values": ('values = ["480p", "720p"]', "values = []", "values"),
    "table with a hole": (CELL, "", "hole"),
    "table that answers twice": ("0.05 },", "0.05 },\n" + CELL.replace("0.05", "0.06"), "2 cells"),
    "table by nothing": ('when = { resolution = "480p" }', "when = {}", "cells.0.when"),
    "value in another spelling": ('{ resolution = "480p" }', '{ resolution = "480P" }', "480P"),
    "setting nobody declared": ('{ resolution = "480p" }', '{ quality = "480p" }', "quality"),
    "rate for a setting nobody declared": ("effective_from", 'when = { mode = "x" }\neffective_from', "mode"),
    "rate for some only": ("effective_from", 'when = { resolution = "720p" }\neffective_from', "no price of record"),
    "only a contested price": ("effective_from", 'standing = "contested"\neffective_from', "no price of record"),
    "no rate": (GOOD[GOOD.index("[[offers.rates]]") :], "", "offers.0.rates"),
    "until before from": ("sources", 'effective_until = "2025-12"\nsources', "before effective_from"),
    "date of nowhere": ('"2026-01-01"', '"2026-02-30"', "effective_from"),
    "date in words": ('"2026-01-01"', '"January 2026"', "effective_from"),
    "date in other digits": ('"2026-01-01"', '"２０２６-01"', "effective_from"),
    "month thirteen": ('"2026-01-01"', '"2026-13"', "effective_from"),
    "year nought": ('"2026-01-01"', '"0000-01"', "effective_from"),
    "a moment": ('"2026-01-01"', "2026-01-01T00:00:00Z", "effective_from"),
    "a number for a date": ('"2026-01-01"', "2026", "effective_from"),
    "until unknown": ("sources", 'effective_until = "unknown"\nsources', "effective_until"),
    "checked in some month": ('checked_on = "2026-11-20"', 'checked_on = "2026-11"', "checked_on"),
    "never checked": ('checked_on = "2026-11-20"\n', "", "checked_on"),
    "provider in capitals": ('"acme"', '"Acme Inc"', "provider"),
    "currency with a sign": ('currency = "USD"', 'currency = "$"', "currency"),
    "no outputs": ("max_outputs = 2", "max_outputs = 0", "max_outputs"),
    "outputs in quotes": ("max_outputs = 2", 'max_outputs = "2"', "max_outputs"),
    "length limit zero": ("max_outputs = 2", "max_seconds = 0", "max_seconds"),
    "slack without evidence": ("max_outputs = 2", "slack = { seconds = 1 }", "offers.0.slack"),
    "money rounded to nothing": (
        "sources", 'rounding = { step = 0, mode = "ceil", of = "job" }\nsources', "rounding.0.step",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "key"), SPOILED.values(), ids=list(SPOILED))
def test_a_spoiled_card(old: str, new: str, key: str) -> None:
    with pytest.raises(BadCard) as caught:
        book(spoiled(old, new))
    message = str(caught.value)
    assert message.startswith("acme.toml: ")
    assert key in message
    assert "\n" not in message
    assert caught.value.code == "bad_card"


ROWS = {
    "two rows for one date": (row("b", "2026-01-01"), "begin at the same time"),
    "two rows for one month": (row("b", "2026-01"), "begin at the same time"),
    "overlap": (row("b", "2025-01-01", "2026-02-01"), "overlaps"),
    "overlap by months": (row("b", "2025-01", "2026-02"), "overlaps"),
    "gap": (row("b", "2025-01-01", "2025-12-30"), "gap"),
    "gap of months": (row("b", "2025-01-01", "2025-11"), "gap"),
    "twice unknown": (row("b", "unknown") + row("c", "unknown"), "begin at the same time"),
    "same id": (row("acme-clip-2026", "2026-05-01"), "already in"),
}


@pytest.mark.parametrize(("rows", "key"), ROWS.values(), ids=list(ROWS))
def test_rows_that_do_not_fit(rows: str, key: str) -> None:
    with pytest.raises(BadCard, match=key) as caught:
        book(GOOD + rows)
    assert str(caught.value).startswith("acme.toml: ")


@pytest.mark.parametrize(
    ("rows", "day", "expected"),
    [
        (row("b", "2025-01-01"), "2025-12-31", "1"),  # an open row ends where the next begins
        (row("b", "2025-01-01", "2025-12-31"), "2025-12-31", "1"),
        (row("b", "2025-01-01", "2025-12"), "2025-12-31", "1"),
        (row("b", "2025-01-01", "2026-01"), "2025-12-31", "1"),  # "until January" and a successor on its first day
        (row("b", "2025-01-01", "2026-01"), "2026-01-01", "0.1"),
        (row("b", "unknown"), "2001-01-01", "1"),
        (row("b", "2027-03-01"), "2027-02-28", "0.1"),
        (row("b", "2027-03-01"), "2027-03-01", "1"),
        (row("b", "2027-03"), "2027-02-28", "0.1"),
        (row("b", "2027-03"), "2027-04-01", "1"),
    ],
)
def test_rows_that_fit(rows: str, day: str, expected: str) -> None:
    said = book(GOOD + rows).quote("acme/clip", Usage.billed(1), at=date.fromisoformat(day))
    assert said.low == said.expected == said.high == usd(expected)


def test_after_the_end_there_is_no_price() -> None:
    ended = book(GOOD.replace("sources", 'effective_until = "2026-07"\nsources', 1))
    assert ended.quote("acme/clip", Usage.billed(1), at=date(2026, 6, 30)).assumptions == (
        "resolution 720p: the provider's default, since none was given",
    )
    inside = ended.quote("acme/clip", Usage.billed(1), at=date(2026, 7, 31))
    assert any("ended on an unpublished day of 2026-07" in text for text in inside.assumptions)
    with pytest.raises(NoPrice, match=r"ended in 2026-07"):
        ended.quote("acme/clip", Usage.billed(1), at=date(2026, 8, 1))
    with pytest.raises(NoPrice, match=r"from 2026-01-01"):
        ended.quote("acme/clip", Usage.billed(1), at=date(2025, 12, 31))


def test_a_contested_price_ends_with_the_one_it_contests() -> None:
    rival = row("rival", "2026-02-01", extra='standing = "contested"', price="0.02")
    contested = book(GOOD + rival + row("next", "2026-09-01", price="3"))

    def low_and_high(day: date) -> tuple[str, str, str]:
        said = contested.quote("acme/clip", Usage.billed(1), at=day)
        return str(said.low), str(said.expected), str(said.high)

    assert low_and_high(date(2026, 1, 31)) == ("0.10 USD",) * 3
    assert low_and_high(date(2026, 8, 31)) == ("0.02 USD", "0.10 USD", "0.10 USD")
    assert low_and_high(date(2026, 9, 1)) == ("3.00 USD",) * 3


def test_a_contested_price_may_be_the_dearer_and_is_still_not_expected() -> None:
    said = book(GOOD + row("rival", "unknown", extra='standing = "contested"', price="9")).quote(
        "acme/clip", Usage.billed(1), at=AT
    )
    assert (said.low, said.expected, said.high) == (usd("0.10"), usd("0.10"), usd("9"))


def test_rows_for_some_settings() -> None:
    cheap = row("cheap", "2026-01-01", extra='when = { resolution = "480p" }', price="0.01")
    only = spoiled("effective_from", 'when = { resolution = "720p" }\neffective_from')
    loaded = book(only + cheap)
    small = loaded.quote("acme/clip", Usage.billed(5), at=AT, settings={"resolution": "480p"})
    assert small.expected == usd("0.01")
    assert loaded.quote("acme/clip", Usage.billed(5), at=AT).expected == usd("0.5")


def test_dates_may_be_bare() -> None:
    assert book(spoiled('"2026-01-01"', "2026-01-01")).hash == book(GOOD).hash


def test_the_hash_is_of_the_content() -> None:
    assert book(GOOD + "\n# a remark\n").hash == book(GOOD).hash
    assert book(spoiled("0.10", "0.1")).hash == book(GOOD).hash
    assert book(spoiled("0.10", "0.11")).hash != book(GOOD).hash
    long = "0.1234567890123456789012345678"
    assert book(spoiled("0.10", long)).hash != book(spoiled("0.10", long + "9")).hash


def test_digits_are_kept() -> None:
    exact = book(spoiled("0.10", "0.1234567890123456789"))
    (line,) = exact.quote("acme/clip", Usage.billed(1), at=AT).lines
    assert line.rate == Decimal("0.1234567890123456789")


def test_a_float_has_lost_digits() -> None:
    data: dict[str, object] = {
        "provider": "acme",
        "currency": "USD",
        "checked_on": "2026-11-20",
        "plans": [{"price": 0.1}],
    }
    with pytest.raises(BadCard, match=r"plans.0.price|plans.0.id"):
        check_card("acme.toml", data)
    data["plans"] = [
        {"id": "p", "price": 0.1, "credits": 1, "source": {"url": "https://acme.example", "evidence": "published"}}
    ]
    with pytest.raises(BadCard, match=r"acme.toml: plans.0.price: 0.1 came through a float"):
        check_card("acme.toml", data)


def test_offers_and_plans_have_one_owner() -> None:
    other = GOOD.replace("acme-clip-2026", "another")
    with pytest.raises(BadCard, match=r"offer acme/clip is already in a\.toml"):
        PriceBook.from_texts({"a.toml": GOOD, "b.toml": other})


def test_credits_need_a_plan() -> None:
    credit = spoiled('currency = "USD"', 'currency = "acme-credit"')
    bare = book(credit).quote("acme/clip", Usage.billed(1), at=AT)
    assert bare.expected == Money.of("0.1", "acme-credit")  # what needs no dollars needs no plan
    assert bare.as_json()["usd"] is None
    assert "USD" not in bare.explain()
    for needs_dollars in (lambda: bare.usd, lambda: bare.in_currency("USD")):
        with pytest.raises(NoPlan, match="acme-credit"):
            needs_dollars()
    plan = """
[[plans]]
id = "negotiated"
price = 1
credits = 3
self_serve = false
source = { url = "https://acme.example/plans", evidence = "published" }
"""
    private = book(credit + plan)
    assert private.plan_for("acme-credit") is None
    said = private.with_plan("acme", "negotiated").quote("acme/clip", Usage.billed("9.4"), at=AT)
    assert said.expected.amount == 1
    assert (said.usd.low, said.usd.expected, said.usd.high) == (
        usd("0.333333333"), usd("0.333333333"), usd("0.333333334"),
    )  # fmt: skip
    assert said.lines[-1].rate == Decimal("0.333333333333333333")


def test_cards_from_files(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not a card", encoding="utf-8")
    for paths in (tmp_path, str(tmp_path), [tmp_path / "acme.toml"]):
        assert list(PriceBook.load(paths).offers) == ["acme/clip"]  # type: ignore[arg-type]
    with pytest.raises(BadCard, match="cannot be read"):
        PriceBook.load([tmp_path / "missing.toml"])
    (tmp_path / "latin.toml").write_bytes(b"provider = '\xe9'")
    with pytest.raises(BadCard, match="UTF-8"):
        PriceBook.load([tmp_path / "latin.toml"])
    (tmp_path / "huge.toml").write_text("#" * 1_000_001, encoding="utf-8")
    with pytest.raises(BadCard, match="too large"):
        PriceBook.load([tmp_path / "huge.toml"])
    with pytest.raises(BadCard, match="too large"):
        book("#" * 1_000_001)


@pytest.mark.parametrize("text", ["x = " + "[" * 100_000, "a." * 50_000 + "b = 1", "\x00", "[[offers]]\n" * 5])
def test_hostile_texts(text: str) -> None:
    with pytest.raises(BadCard):
        book(text)


@pytest.mark.parametrize("part", ["a.", "a . ", '"a".', "'a b'.", '"\\"".'])
@pytest.mark.parametrize("around", ["{}b = 1", "x = 1\n[{}b]", "x = {{ {}b = 1 }}"])
def test_a_deep_key_is_refused_before_it_is_read(part: str, around: str) -> None:
    assert "is not a card: a key of more than 100 parts" not in _refused(around.format(part * 99))
    deep = _refused(around.format(part * 150_000))
    assert "is not a card: a key of more than 100 parts (at line" in deep


def _refused(text: str) -> str:
    with pytest.raises(BadCard) as caught:
        book(text)
    return str(caught.value)


def test_too_many_choices() -> None:
    settings = "\n".join(f'[offers.settings.s{n}]\nvalues = ["a", "b", "c", "d"]\ndefault = "a"' for n in range(8))
    with pytest.raises(BadCard, match="too many"):
        book(spoiled("[[offers.rates]]", settings + "\n[[offers.rates]]"))


def test_the_table_text_is_the_tail_of_the_card() -> None:
    assert TABLE.startswith("tariff")
