"""pricing.laws: what its strategies make can be priced, is good, and uses the whole language."""

import json
import tomllib
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import pricing
from pricing import BadQuantity, CreditPlan, Money, PriceBook, Quantity, Span, Usage
from pricing.laws import Job, cards, jobs, lengths, usages
from pricing.laws.jobs import quotable
from pricing.units import MEASURES

SHIPPED = PriceBook.shipped()
SCHEMA = json.loads((Path(pricing.__file__).parent / "cards" / "schema.json").read_text("utf-8"))
AT = date(2026, 11, 20)
EVERY_CHECK = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.mark.parametrize("kind", [Money, Span, Quantity, Usage, CreditPlan, PriceBook])
def test_hypothesis_knows_the_values(kind: type[object]) -> None:
    seen: list[object] = []

    @settings(max_examples=20, database=None)
    @given(value=st.from_type(kind))
    def draw(value: object) -> None:
        assert isinstance(value, kind)
        seen.append(value)

    draw()
    assert len(seen) >= 1 if kind is PriceBook else len(set(map(str, seen))) > 5


@settings(max_examples=200)
@given(job=jobs(SHIPPED))
def test_a_job_is_one_that_can_be_priced(job: Job) -> None:
    try:
        quote = SHIPPED.quote(job.offer, job.usage, at=job.at, settings=job.settings, outputs=job.outputs)
    except BadQuantity as error:
        pytest.fail(f"{job}: {error}")
    assert quote.settings == job.settings


def test_most_offers_are_asked_for_points_and_ranges() -> None:
    kinds: set[tuple[str, bool]] = set()

    @settings(max_examples=500, derandomize=True, phases=[Phase.generate])
    @given(job=jobs(SHIPPED))
    def draw(job: Job) -> None:
        kinds.update((name, quantity.low == quantity.high) for name, quantity in job.usage.items())

    draw()
    assert {(name, point) for name in ("billed_seconds", "input_audio_seconds") for point in (True, False)} <= kinds
    assert len(kinds) >= 12


@given(data=st.data())
def test_usages_keep_limits_ladders_and_steps(data: st.DataObject) -> None:
    offer = data.draw(st.sampled_from([name for name in quotable(SHIPPED) if SHIPPED.offer(name).duration is not None]))
    sold = SHIPPED.offer(offer)
    assert sold.duration is not None
    settings_ = data.draw(st.sampled_from(sold.choices))
    usage = data.draw(usages(SHIPPED, offer, settings_, at=AT, exact=True))
    for name in (sold.duration.measure, "billed_seconds"):
        if name in usage:
            assert sold.duration.sells(usage[name].expected)


@given(text=cards(), rising=cards(rising=True))
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_made_up_cards_are_good(text: str, rising: str) -> None:
    for one in (text, rising):
        book = PriceBook.from_texts({"acme.toml": one})
        assert set(book.offers) <= {"acme/clip", "acme/voice"}


NEVER_DRAWN = {
    *("replace", "confirm", "rate"),  # they speak of another card
    *("settlement", "actual", "failure", "hold", "quote", "door"),  # shown, never computed with
    *("header-units", "inline", "billing-event", "usage", "none", "free", "charged", "per-class"),
    *("exact", "estimate", "bound", "unquotable", "measured", "third-party"),
    *("expires_days", "overage", "self_serve", "subscription", "record"),  # plans are drawn by credit_plans; defaults
}


def words_of(schema: Any) -> set[str]:
    """Every key of the language, and every word that a key may take, but for the names of measures."""
    if isinstance(schema, list):
        return set[str]().union(*map(words_of, cast("list[Any]", schema)))
    if not isinstance(schema, dict):
        return set()
    here = cast("dict[str, Any]", schema)
    words = {*here.get("properties", ()), *here.get("enum", ()), *([here["const"]] if "const" in here else [])}
    return words.union(*map(words_of, here.values())) - set(MEASURES)


def words_in(card: Any) -> set[str]:
    if isinstance(card, list):
        return set[str]().union(*map(words_in, cast("list[Any]", card)))
    if not isinstance(card, dict):
        return {card} if isinstance(card, str) else set()
    here = cast("dict[str, Any]", card)
    return set(here).union(*map(words_in, here.values()))


def test_made_up_cards_use_the_whole_language() -> None:
    texts: list[str] = []

    @settings(max_examples=2000, derandomize=True, phases=[Phase.generate], suppress_health_check=EVERY_CHECK)
    @given(text=cards())
    def draw(text: str) -> None:
        texts.append(text)

    draw()
    drawn = set[str]().union(*(words_in(tomllib.loads(text)) for text in texts))
    assert words_of(SCHEMA) - drawn == NEVER_DRAWN
    everything = "\n".join(texts)
    for words in ("per_output = false", "before_minimum = true", '"2025-01-01"'):
        assert words in everything, words


@given(length=lengths("0.5", "20"))
def test_lengths_stay_between_their_ends(length: Decimal) -> None:
    assert Fraction(1, 2) <= Fraction(length) <= 20
