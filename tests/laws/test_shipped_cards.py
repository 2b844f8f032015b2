"""The laws of pricing.laws over every shipped card and every example card; `make sim` tries each with 1,000 jobs."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pricing import BadQuantity, PriceBook, Quantity, Usage, usd
from pricing.entry import DatedRate
from pricing.laws import Case, Job, check, laws_of
from pricing.laws.checks import Room, paid
from pricing.laws.domains import decimal, domain_of
from pricing.laws.jobs import in_force, quotable
from tests.conftest import SWEEP

pytestmark = pytest.mark.timeout(600)

FOLDER = Path(__file__).parents[2] / "examples" / "cards"
EXAMPLES = [file for file in sorted(FOLDER.glob("*.toml")) if "[[offers]]" in file.read_text("utf-8")]

test_shipped_offers = laws_of(PriceBook.shipped(), max_examples=1000 if SWEEP else 10)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_example_cards(file: Path) -> None:
    """Jobs of any offer of the card."""
    check(PriceBook.load([file]), max_examples=1000 if SWEEP else 20)


def least_jobs(book: PriceBook) -> Iterator[Case]:
    """Of every offer, at every choice of settings, on a day of each row: the least that is not nothing."""
    for name in quotable(book):
        for choice in book.offer(name).choices:
            rows = book.entries[name].rates[tuple(choice.values())]
            record = [row for row in rows if row.rate.standing == "record"]
            for at in {_day_of(row) for row in record}:
                selection = in_force(book, name, choice, at)
                stated: dict[str, Quantity] = {}
                for measure in selection.meter.needs:
                    domain = domain_of(selection, measure)
                    amounts = domain.values or (domain.start + (domain.first + n) * domain.grain for n in range(2))
                    least = decimal(next(amount for amount in amounts if amount > 0))
                    stated[measure] = Quantity(least, least, least)
                job = Job(name, choice, Usage(stated) if stated else Usage.of(runs=1), at)
                yield from (Case(job, measure, amount.low, amount.low, 0) for measure, amount in stated.items())


def _day_of(row: DatedRate) -> date:
    if row.begins is not None:
        return row.begins.last
    return row.checked_on if row.ends is None else row.ends.first


def test_the_least_job_of_no_card_is_free_unless_the_card_says_so() -> None:
    room = Room(PriceBook.shipped().with_cards([FOLDER]))
    cases = list(least_jobs(room.book))
    assert len(cases) > 1000
    for case in cases:
        paid(room, case)


def test_an_edit_that_nobody_has_a_price_for_is_refused() -> None:
    """Rounding down is known from one bill of 8.04 s: it does not make less than a second free."""
    book, offer = PriceBook.shipped(), "fal/xai/grok-imagine-video/edit-video"
    at = book.entries[offer].rates["480p",][0].checked_on
    with pytest.raises(BadQuantity, match=r"takes at least 1 s, not 0\.999 s"):
        book.quote(offer, Usage.of(input_video_seconds="0.999"), at=at)
    assert book.quote(offer, Usage.of(input_video_seconds=1), at=at).cost.expected == usd("0.08")
