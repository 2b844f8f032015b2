"""Quotes, offers, usages and books go to worker processes: they are pickled and copied, and stay read-only."""

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from pricing import BadCard, BadQuantity, PriceBook, Usage, diff, usd
from pricing.laws import Job, jobs
from tests.pricing.cardtexts import GOOD, spoiled

BOOK = PriceBook.shipped()
AT = date(2026, 11, 20)
TWIN: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]  # noqa: S301
twins = pytest.mark.parametrize("twin", TWIN, ids=["copy", "deepcopy", "pickle"])


@given(job=jobs(BOOK))
def test_a_quote_is_sent_whole(job: Job) -> None:
    said = BOOK.quote(job.offer, job.usage, at=job.at, settings=job.settings, outputs=job.outputs)
    for twin in TWIN:
        other = twin(said)
        assert (other, other.explain(), other.as_json()) == (said, said.explain(), said.as_json())
        assert twin(job.usage) == job.usage
        with pytest.raises(TypeError):
            other.settings["resolution"] = "8k"


@twins
def test_offers_and_changes_are_sent_whole(twin: Callable[[Any], Any]) -> None:
    for offer in BOOK.offers.values():
        assert twin(offer) == offer
        assert twin(offer).choices == offer.choices
    old, new = (PriceBook.from_texts({"acme.toml": text}) for text in (GOOD, spoiled("price = 0.05", "price = 0.06")))
    changes = diff(old, new)
    assert changes
    assert twin(changes) == changes
    most = BOOK.max_seconds("creatify/aurora_v1", usd(5), at=AT)
    assert twin(most) == most


@twins
def test_a_book_is_sent_as_its_cards(twin: Callable[[Any], Any]) -> None:
    mine = BOOK.with_cards({"acme.toml": GOOD}).with_confirmed("fal-aurora-newer-copy").with_plan("creatify", "api-pro")
    before = len(pickle.dumps(mine))
    asked: list[tuple[str, Usage]] = [("acme/clip", Usage.billed("9.4")), ("creatify/aurora_v1", Usage.audio("9.4"))]
    quotes = [mine.quote(*one, at=AT) for one in asked]
    other = twin(mine)
    assert other == mine
    assert [other.quote(*one, at=AT) for one in asked] == quotes
    assert (list(other.offers), other.plans, other.chosen) == (list(mine.offers), mine.plans, mine.chosen)
    assert other.with_cards({}) == mine
    with pytest.raises(TypeError):
        other.offers["acme/clip"] = None
    assert len(pickle.dumps(mine)) == before, "what was asked before is not sent"


def test_a_book_without_cards_says_so() -> None:
    bare = PriceBook(offers=BOOK.offers, plans=(), hash="x", entries=BOOK.entries)
    with pytest.raises(BadCard, match="not made from cards"):
        pickle.dumps(bare)


@twins
def test_a_refusal_is_sent_whole(twin: Callable[[Any], Any]) -> None:
    with pytest.raises(BadQuantity) as caught:
        BOOK.quote("creatify/aurora_v1", Usage.of(width=5), at=AT)
    told, error = twin(caught.value), caught.value
    assert type(told) is type(error)
    assert (str(told), told.value, told.limit, told.next) == (str(error), error.value, error.limit, error.next)


def test_another_process_reads_it() -> None:
    said = BOOK.quote("fal/fal-ai/creatify/aurora", Usage.of(output_video_seconds=Decimal("9.4")), at=AT)
    read = "import pickle, sys; book, said = pickle.load(sys.stdin.buffer); print(book.hash, said.explain(), end='')"
    ran = subprocess.run(
        [sys.executable, "-c", read], input=pickle.dumps((BOOK, said)), capture_output=True, check=True
    )
    assert ran.stdout.decode() == f"{BOOK.hash} {said.explain()}"
