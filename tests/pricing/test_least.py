"""The least a job costs by a minimum of its card: told where it is one, left out where it is not."""

from datetime import date
from fractions import Fraction

import pytest

from pricing import PriceBook

HEAD = """
provider = "acme"
currency = "USD"
checked_on = "2026-11-20"
[[offers]]
id = "job"
name = "Acme job"
measure = "output_video_seconds"
[offers.settings.mode]
values = ["fast", "slow"]
default = "fast"
[[offers.rates]]
id = "acme-job"
effective_from = "2026-11-01"
sources = [{ url = "https://acme.example/prices", evidence = "published" }]
[[offers.rates.components]]
label = "video"
"""
PER_SECOND = 'tariff = { kind = "per-unit", price = 0.10 }'
SECOND_PART = f'\n[[offers.rates.components]]\nlabel = "more"\n{PER_SECOND}'


@pytest.mark.parametrize(
    ("part", "least"),
    [
        (PER_SECOND, None),
        (f"minimum = 5\n{PER_SECOND}", Fraction(1, 2)),
        ('minimum = 60\ntariff = { kind = "per-unit", price = 4, per = 60 }', Fraction(4)),
        (f"minimum_charge = 0.25\n{PER_SECOND}", Fraction(1, 4)),
        (f"minimum_charge = 0.25\n{PER_SECOND}{SECOND_PART}", None),
        (
            f'minimum = 5\n{PER_SECOND}\nmultipliers = [{{ label = "slow", factor = 2, when = {{ mode = "slow" }} }}]',
            None,
        ),
    ],
)
def test_a_minimum_that_stands_by_itself_is_the_least(part: str, least: Fraction | None) -> None:
    book = PriceBook.from_texts({"acme.toml": HEAD + part})
    assert book.minimums(date(2026, 11, 20)) == ({} if least is None else {"acme/job": least})
    assert book.minimums(date(2026, 10, 20)) == {}
