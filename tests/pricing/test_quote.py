"""What a quote says: its JSON to the key, its explanation to the word, and that its parts are values."""

import json
from datetime import date
from decimal import Decimal

import pytest

from pricing import CreditPlan, CurrencyMismatch, Line, Money, PriceBook, Setting, Source, Usage, usd
from pricing.errors import BadMoney, PricingError

BOOK = PriceBook.shipped()
AT = date(2026, 11, 20)
CREATIFY = "https://docs.creatify.ai"
KEYS = [
    "offer", "settings", "at", "outputs", "expected", "low", "high", "usd", "lines", "assumptions", "sources", "plan",
    "rates", "book",
]  # fmt: skip


def test_json_of_a_dollar_quote() -> None:
    said = BOOK.quote("runware/creatify:aurora@fast", Usage.billed("17.2"), at=AT, outputs=4)
    assert json.loads(json.dumps(said.as_json())) == {
        "offer": "runware/creatify:aurora@fast",
        "settings": {"resolution": "480p"},
        "at": "2026-11-20",
        "outputs": 4,
        "expected": {"amount": "5.04", "currency": "USD"},
        "low": {"amount": "5.04", "currency": "USD"},
        "high": {"amount": "5.04", "currency": "USD"},
        "usd": {name: {"amount": "5.04", "currency": "USD"} for name in ("expected", "low", "high")},
        "lines": [
            {
                "label": "Aurora v1 Fast video, 480p, × 4 outputs",
                "measured": "17.2",
                "billed": "72",
                "unit": "s",
                "rate": "0.07",
                "amount": {"amount": "5.04", "currency": "USD"},
            }
        ],
        "assumptions": list(said.assumptions),
        "sources": [
            {
                "url": "https://runware.ai/docs/models/creatify-aurora-v1-fast",
                "evidence": "published",
                "checked_on": "2026-11-20",
                "effective_from": "unknown",
                "effective_until": None,
            }
        ],
        "plan": None,
        "rates": ["runware-aurora-v1-fast"],
        "book": BOOK.hash,
    }


def test_json_of_a_credit_quote() -> None:
    said = BOOK.quote("creatify/aurora_v1", Usage.billed("3"), at=date(2026, 2, 15)).as_json()
    assert list(said) == KEYS
    assert said["plan"] == "api-starter"
    assert said["expected"] == {"amount": "20", "currency": "creatify-credit"}
    assert said["usd"] == {name: {"amount": "3.96", "currency": "USD"} for name in ("expected", "low", "high")}


def test_the_explanation() -> None:
    said = BOOK.quote("creatify/aurora_v1", Usage.audio("10.4"), at=AT)
    assert said.explain().splitlines() == [
        "creatify/aurora_v1 (resolution 720p) on 2026-11-20: 11 creatify-credit = 2.178 USD",
        "  Aurora v1 audio: 10.4 s → billed 11 s (rounded up to 1 s) × 1 creatify-credit per s = 11 creatify-credit",
        "  creatify-credit in USD, plan api-starter: 11 creatify-credit × 0.198 USD = 2.178 USD",
        f"  assumes: {said.assumptions[0]}",
        f"  source: {CREATIFY}/api-documentation/aurora/aurora (published, checked 2026-11-20, from 2026-05)",
        f"  source: {CREATIFY}/api-reference/changelog.md (published, checked 2026-11-20, from 2026-05)",
        f"  source: {CREATIFY}/billing.md (published, checked 2026-11-20, since when is unknown)",
    ]


def test_how_blocks_and_outputs_read() -> None:
    template = BOOK.quote("creatify/custom_template:standard", Usage.video("24"), at=AT)
    assert "24 s → billed 1 × 30 s (rounded up to 30 s) × 5 creatify-credit per 30 s = 5 creatify" in template.explain()
    four = BOOK.quote("runware/creatify:aurora@0", Usage.billed("13"), at=AT, outputs=4)
    assert "13 s → billed 52 s (rounded up to 1 s, for each output) × 0.14 USD per s = 7.28 USD" in four.explain()
    plain = Line("speech", Decimal(3), Decimal(3), "s", Decimal("0.1"), usd("0.3"))
    assert str(plain) == "speech: 3 s × 0.10 USD = 0.30 USD"


def test_a_plan_is_a_value_that_checks_itself() -> None:
    source = Source("https://acme.example", "published", "2026-11-20")
    plan = CreditPlan("p", "acme", "acme-credit", usd(2), Decimal(3), source)
    half = Money.of("1.5", "acme-credit")
    assert plan.convert(half, "half-even") == usd(1)
    assert plan.convert(Money(1, "acme-credit"), "floor") == usd(0)
    assert plan.convert(Money(1, "acme-credit"), "ceil") == Money(1, "USD")
    with pytest.raises(CurrencyMismatch):
        plan.convert(usd(1), "floor")
    for price, sold in ((usd(0), Decimal(1)), (usd(1), Decimal(0)), (usd(1), Decimal("NaN")), (usd(-1), Decimal(1))):
        with pytest.raises(BadMoney):
            CreditPlan("p", "acme", "acme-credit", price, sold, source)
    with pytest.raises(BadMoney):
        CreditPlan("p", "acme", "USD", usd(1), Decimal(1), source)


def test_a_setting_has_its_default() -> None:
    with pytest.raises(ValueError, match="1080p"):
        Setting(("480p", "720p"), "1080p")


def test_an_error_is_one_line_with_its_parts() -> None:
    error = PricingError("a is b", value="a", limit="c", next="do d")
    assert str(error) == "a is b; do d"
    assert (error.message, error.value, error.limit, error.next) == ("a is b", "a", "c", "do d")
    assert str(PricingError("a is b")) == "a is b"
