"""Dates of prices: days, months, and what is neither."""

from datetime import date

import pytest

from pricing.dates import Moment


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-05-14", date(2026, 5, 14), date(2026, 5, 14)),
        ("2026-05", date(2026, 5, 1), date(2026, 5, 31)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_moments(text: str, first: date, last: date) -> None:
    moment = Moment.parse(text)
    assert (moment.text, moment.first, moment.last) == (text, first, last)
    assert moment.is_month == (first != last)
    assert Moment(text, date(2026, 5, 1), date(2026, 5, 1)).is_month is False
    with pytest.raises(AttributeError):
        moment.last = date(2027, 1, 1)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # frozen


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unknown",
        "2026",
        "2026-5",
        "2026-00",
        "2026-13",
        "2026-02-30",
        "26-05-14",
        "2026-05-14T00:00",
        "２０２６-05",
    ],
)
def test_not_a_moment(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Moment.parse(text)
