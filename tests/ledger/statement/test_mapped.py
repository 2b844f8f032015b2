"""A CSV by its declared mapping: what is declared is read exactly, all else is refused with file, line and column."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadStatement
from ledger.statement.lines import Statement
from ledger.statement.mapped import mapped_csv
from ledger.statement.mapping import read_mapping
from pricing import Money, usd

AT = datetime(2026, 12, 1, tzinfo=UTC)
PLAIN = """\
provider = "acme"
complete = true
[columns]
amount = "Total"
charged_at = "Date"
provider_job = "Request"
quantity = "Seconds"
[constants]
currency = "USD"
unit = "s"
"""
GERMAN = """\
provider = "acme"
[file]
delimiter = ";"
skip = 2
decimal = ","
thousands = "."
date = "%d.%m.%Y %H:%M"
zone = "Europe/Berlin"
sign = "negative"
[columns]
amount = "Betrag"
charged_at = "Datum"
kind = "Art"
[constants]
currency = "EUR"
[kinds]
"Nutzung" = "usage"
"Gutschrift" = "refund"
"USt" = "tax"
"""


def read(text: str | bytes, mapping: str = PLAIN, **more: Any) -> Statement:
    return mapped_csv(text, read_mapping(mapping, "acme.toml"), fetched_at=AT, name="bill.csv", **more)


def test_a_plain_table() -> None:
    statement = read("Date,Request,Seconds,Total\n2026-11-18T09:30:00Z,r1,10,1.40\n2026-11-19,r2,9.4,-0.5\n")
    first, second = statement.lines
    assert (first.amount, first.provider_job, first.quantity, first.unit) == (usd("1.40"), "r1", Decimal(10), "s")
    assert (second.kind, second.charged_at) == ("refund", datetime(2026, 11, 19, tzinfo=UTC))
    assert (statement.period, statement.complete) == ((date(2026, 11, 18), date(2026, 11, 20)), False)
    whole = read("Date,Request,Seconds,Total\n", period=(date(2026, 11, 1), date(2026, 12, 1)))
    assert whole.complete


def test_a_german_one_with_words_above_its_header() -> None:
    rows = "18.11.2026 00:30;Nutzung;-1.234,56\r\n18.11.2026 12:00;USt;-0,27\r\n"
    text = "Rechnung R-1\r\nNovember\r\nDatum;Art;Betrag\r\n" + rows
    statement = read(text.encode("utf-8-sig"), GERMAN)
    first, second = statement.lines
    assert first.amount == Money.of("1234.56", "EUR")
    assert first.charged_at == datetime(2026, 11, 17, 23, 30, tzinfo=UTC)
    assert (second.kind, second.aggregate, first.aggregate) == ("tax", False, True)


def test_equal_rows_stay_two_and_a_longer_file_keeps_their_keys() -> None:
    row = "2026-11-18,r1,10,1.40\n"
    head = "Date,Request,Seconds,Total\n"
    two = read(head + row + row).lines
    assert len({line.key for line in two}) == 2
    longer = read(head + "2026-11-17,r0,1,0.14\n" + row + row + row).lines
    assert {line.key for line in two} < {line.key for line in longer}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2026-11-18,r1,10,", "line 3, Total: is missing; a line without an amount says nothing"),
        ('2026-11-18,r1,10,"5,5"', "line 3, Total: is not a plain number: decimals are written with '.'"),
        ("2026-11-18,r1,10,NaN", "line 3, Total: is not a plain number: 'NaN'"),
        ("2026-11-18,r1,10,1e999", "line 3, Total: is beyond all bounds"),
        ("2026-11-18,r1,10,1e30", "line 3, Total: an amount beyond what can be kept"),
        ("2026-11-18,r1,10,∞", "line 3, Total: is not a plain number"),
        ("2026-11-18,r1,10,١", "line 3, Total: is not a plain number"),
        ("2026-11-18,r1,10,1.4 USD", "line 3, Total: is not a plain number: '1.4 USD'"),
        ("18.11.2026,r1,10,1.4", "line 3, Date: is not a date and time with its zone: '18.11.2026'"),
        ("2026-02-30,r1,10,1.4", "line 3, Date: is not a date and time with its zone"),
        ("9999-12-31,r1,10,1.4", "line 3, Date: is no day from 2000-01-01 to before 2100-01-01: '9999-12-31'"),
        ("0001-01-01,r1,10,1.4", "line 3, Date: is no day from 2000-01-01 to before 2100-01-01: '0001-01-01'"),
        ("2026-11-18,r1,10", "line 3: has 3 cells, the header 4; is it cut off"),
        ("2026-11-18,r1,10,1.4,x", "line 3: has 5 cells, the header 4"),
        ('2026-11-18,"r\n1",10,1.4', "line 3, Request: is not one short line of text"),
        ('2026-11-18,"r1,10,1.4', "line 3: is not CSV (unexpected end of data)"),
        (f"2026-11-18,{'r' * 9999},10,1.4", "line 3, Request: is not one short line of text"),
    ],
)
def test_a_bad_row_says_file_line_column_value_and_what_to_do(row: str, said: str) -> None:
    with pytest.raises(BadStatement) as error:
        read(f"Date,Request,Seconds,Total\n2026-11-17,r0,1,0.14\n{row}\n")
    text = str(error.value)
    assert text.startswith("bill.csv, ")
    assert said in text
    assert "\n" not in text
    assert len(text) < 300


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty: not even a header"),
        ("Date,Total,Total,Request\n", "line 1, column 3: stands twice in the header: 'Total'"),
        ("Date,,Total\n", "line 1, column 2: has no name in the header"),
        (
            "Date,Request,Seconds,Sum\n2026-11-17,r0,1,0.14\n",
            "line 1, Total: the mapping names it for amount, but it is missing",
        ),
        ("Date,Request,Seconds,Sum\n", "line 1, Total: the mapping names it for amount, but it is missing"),
    ],
)
def test_a_bad_header_is_one_line(text: str, said: str) -> None:
    with pytest.raises(BadStatement) as error:
        read(text)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("date_format", "cell", "said"),
    [
        ("%d.%m.%Y", "31.12.9999", "is no day from 2000-01-01 to before 2100-01-01"),
        ("%Y%Y", "20262026", "does not read as %Y%Y"),
        ("%Y%", "2026", "does not read as %Y%"),
    ],
)
def test_a_date_in_a_declared_form_is_read_or_refused(date_format: str, cell: str, said: str) -> None:
    mapping = PLAIN.replace("[columns]", f'[file]\ndate = "{date_format}"\nzone = "America/New_York"\n[columns]')
    with pytest.raises(BadStatement) as error:
        read(f"Date,Request,Seconds,Total\n{cell},r1,10,1.4\n", mapping)
    assert f"bill.csv, line 2, Date: {said}" in str(error.value)


def test_a_key_that_two_rows_share_is_refused_since_one_of_them_would_not_count() -> None:
    mapping = PLAIN.replace("[columns]", '[columns]\nkey = "Request"').replace('provider_job = "Request"\n', "")
    rows = "Date,Request,Seconds,Total\n2026-11-18,INV-1,10,1.40\n2026-11-18,INV-2,10,1.40\n2026-11-19,INV-1,5,0.70\n"
    with pytest.raises(BadStatement, match="line 4, Request: names line 2 too: 'INV-1'; a key names one line"):
        read(rows, mapping)


def test_a_worth_below_nothing_is_refused() -> None:
    mapping = PLAIN.replace('quantity = "Seconds"', 'credit_value = "Seconds"')
    with pytest.raises(BadStatement, match="line 2, Seconds: is less than 0: -5"):
        read("Date,Request,Seconds,Total\n2026-11-18,r1,-5,1.40\n", mapping)


def test_thousands_must_part_three_digits() -> None:
    for amount in ("-12.34,5", "-1.2345,6", "-1.23", "-.123,4"):
        with pytest.raises(BadStatement, match=r"line 4, Betrag: is not a"):
            read(f"a\nb\nDatum;Art;Betrag\n18.11.2026 00:30;Nutzung;{amount}\n", GERMAN)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('provider = "acme"\n', "", "acme.toml, provider: is missing"),
        ("[constants]", "[constant]", "acme.toml, line 8, constant: is none of the known words"),
        ('unit = "s"', 'units = "s"', "line 10, constants.units: is none of the known words: 'units'"),
        ('currency = "USD"\n', "", "nothing says the currency; add currency to [columns] or [constants]"),
        ('charged_at = "Date"\n', "", "nothing says when; add charged_at"),
        ('unit = "s"', 'amount = "1"', "amount is both a column and a constant; keep one"),
        ('amount = "Total"', "amount = 5", "line 4, columns.amount: Input should be a valid string: 5"),
        ("complete = true", "complete = yes", "acme.toml, line 2: is not TOML"),
        ("complete = true", "complete = 1", "line 2, complete: Input should be a valid boolean: 1"),
        ("[columns]", '[file]\ndecimal = ";"\n[columns]', "line 4, file.decimal: is none of the known words: ';'"),
        ("[columns]", '[file]\nthousands = "."\n[columns]', "thousands cannot be '.' too: decimal is"),
        ("[columns]", '[file]\nzone = "Mars/Base"\n[columns]', "'Mars/Base' is not an IANA time zone"),
        ('unit = "s"', 'unit = "s"\n[kinds]\n"x" = "gift"', "line 12, kinds.x: is none of the known words: 'gift'"),
    ],
)
def test_a_bad_mapping_says_file_line_key_and_what_to_do(old: str, new: str, said: str) -> None:
    with pytest.raises(BadStatement) as error:
        read_mapping(PLAIN.replace(old, new), "acme.toml")
    text = str(error.value)
    assert text.startswith("acme.toml")
    assert said in text
    assert "\n" not in text


@given(text=st.text(st.characters(codec="utf-8"), max_size=200))
def test_whatever_a_file_or_mapping_holds_it_is_read_or_refused(text: str) -> None:
    for attempt in (lambda: read("Date,Request,Seconds,Total\n" + text), lambda: read_mapping(text, "acme.toml")):
        said = ""
        try:
            attempt()
        except BadStatement as error:
            said = str(error)
        assert "\n" not in said
