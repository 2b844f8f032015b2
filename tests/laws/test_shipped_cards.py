"""The laws of pricing.laws over every shipped card and every example card; `make sim` tries each with 1,000 jobs."""

from pathlib import Path

import pytest

from pricing import PriceBook
from pricing.laws import check, laws_of
from tests.conftest import SWEEP

pytestmark = pytest.mark.timeout(600)

FOLDER = Path(__file__).parents[2] / "examples" / "cards"
EXAMPLES = [file for file in sorted(FOLDER.glob("*.toml")) if "[[offers]]" in file.read_text("utf-8")]

test_shipped_offers = laws_of(PriceBook.shipped(), max_examples=1000 if SWEEP else 10)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_example_cards(file: Path) -> None:
    """Jobs of any offer of the card."""
    check(PriceBook.load([file]), max_examples=1000 if SWEEP else 20)
