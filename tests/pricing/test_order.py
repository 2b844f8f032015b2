"""The order of evaluation: for each pair of neighbours a job whose amount would be another if they were swapped."""

import pytest

from pricing import usd
from tests.pricing.test_tariffs import TIERED, ask, book, tariff

CEIL = 'quantise = { step = 5, mode = "ceil" }'
UNIT = 'tariff = { kind = "per-unit", price = 1 }'
HALF = 'multipliers = [{ label = "half", factor = 0.5 }]'
DERIVED = '[[offers.derive]]\nname = "frames"\nexpression = "ceil(requested_seconds * 10 + 1)"\nunit = "frame"'
ONCE = '\n[[offers.rates.components]]\nlabel = "once"\nper_output = false\ntariff = { kind = "flat", price = '
STEPS = {
    # what is swapped: component, rate, offer, seconds, outputs, the amount, the amount of the other order
    "derived before included": ('measure = "frames"\nincluded = 4\n' + UNIT, "", DERIVED, "1.01", 1, "8", "-29"),
    "included before quantise": ("included = 1\n" + CEIL + "\n" + UNIT, "", "", "6", 1, "5", "9"),
    "quantise before minimum": (CEIL + "\nminimum = 7\n" + UNIT, "", "", "4", 1, "7", "10"),
    "quantise before cap": (CEIL + "\ncap = 8\n" + UNIT, "", "", "9", 1, "8", "10"),
    "floor before minimum": (
        'quantise = { step = 1, mode = "floor" }\nminimum = 5.5\n' + UNIT, "", "", "3.9", 1, "5.5", "5",
    ),
    "minimum before tariff": (
        "minimum = 50\n" + tariff(TIERED, "up_to = 40, price = 1", 'up_to = "inf", price = 2'),
        "", "", "10", 1, "100", "50",
    ),
    "multipliers before rounding of the unit price": (
        'tariff = { kind = "per-unit", price = 0.05 }\n' + HALF,
        'rounding = { step = 0.01, mode = "nearest", of = "unit" }', "", "10", 1, "0.3", "0.25",
    ),
    "the unit price is rounded before the quantity": (
        'tariff = { kind = "per-unit", price = 4, per = 60 }',
        'rounding = { step = 0.0001, mode = "nearest", of = "unit" }', "", "30", 1, "2.001", "2",
    ),
    "multipliers before the minimum charge": (UNIT + "\nminimum_charge = 3\n" + HALF, "", "", "4", 1, "3", "1.5"),
    "multipliers before the maximum charge": (UNIT + "\nmaximum_charge = 3\n" + HALF, "", "", "5", 1, "2.5", "1.5"),
    "minimum charge before rounding of the component": (
        UNIT + "\nminimum_charge = 2.2", 'rounding = { step = 0.5, mode = "ceil", of = "component" }',
        "", "1", 1, "2.5", "2.2",
    ),
    "each component rounded before the sum": (
        UNIT + '\n[[offers.rates.components]]\nlabel = "more"\n' + UNIT,
        'rounding = { step = 1, mode = "ceil", of = "component" }', "", "1.1", 1, "4", "3",
    ),
    "the sum rounded, not each component": (
        UNIT + '\n[[offers.rates.components]]\nlabel = "more"\n' + UNIT,
        'rounding = { step = 1, mode = "ceil", of = "output" }', "", "1.1", 1, "3", "4",
    ),
    "each output rounded before × outputs": (
        UNIT, 'rounding = { step = 1, mode = "ceil", of = "output" }', "", "1.1", 4, "8", "5",
    ),
    "the job rounded after × outputs": (
        UNIT, 'rounding = { step = 1, mode = "ceil", of = "job" }', "", "1.1", 4, "5", "8",
    ),
    "output rounded, then the job": (
        UNIT,
        'rounding = [{ step = 0.5, mode = "ceil", of = "output" }, { step = 2, mode = "ceil", of = "job" }]',
        "", "1.1", 3, "6", "4",
    ),
    "once a job is not × outputs": (
        UNIT + ONCE + "1 }",
        "", "", "1", 4, "5", "8",
    ),
    "what is once a job joins after output rounding, before job rounding": (
        UNIT + ONCE + "0.4 }",
        'rounding = [{ step = 1, mode = "ceil", of = "output" }, { step = 0.5, mode = "ceil", of = "job" }]',
        "", "1.1", 2, "4.5", "6",
    ),
    "dollars rounded before the exchange": (
        'tariff = { kind = "per-unit", price = 0.00012 }', "exchange = { usd_decimals = 4, credits_per_usd = 211 }",
        "", "1", 1, "0.0211", "0.0253",
    ),
    "the job rounded before the exchange": (
        UNIT, 'rounding = { step = 1, mode = "ceil", of = "job" }\nexchange = { credits_per_usd = 2.5 }',
        "", "1.1", 1, "5", "3",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("component", "rate", "offer", "seconds", "outputs", "expected", "swapped"), STEPS.values(), ids=list(STEPS)
)
def test_order(component: str, rate: str, offer: str, seconds: str, outputs: int, expected: str, swapped: str) -> None:
    said = ask(book(component, rate=rate, offer=offer), outputs=outputs, requested_seconds=seconds)
    assert (said.low, said.expected, said.high) == (usd(expected),) * 3
    assert usd(expected) != usd(swapped)


DISCOUNT = """
[[discounts]]
id = "contract"
offers = ["acme/*"]
percent = 50
source = {{ url = "https://acme.example/contract", evidence = "published" }}
before_minimum = {before}
"""


@pytest.mark.parametrize(("before", "expected"), [("false", "1.5"), ("true", "3")])
def test_discount_after_or_before_the_minimum_charge(before: str, expected: str) -> None:
    over = book(UNIT + "\nminimum_charge = 3").with_cards(
        {"contract.toml": 'checked_on = "2026-11-20"' + DISCOUNT.format(before=before)}
    )
    said = ask(over, requested_seconds=4 if before == "true" else 2)
    assert said.expected == usd(expected)
    assert any(line.amount.nanos < 0 and "50 % off" in line.label for line in said.lines)


def test_every_stage_that_changes_the_amount_has_its_line() -> None:
    component = UNIT + "\nminimum_charge = 2.2\n" + HALF
    rate = 'rounding = [{ step = 0.5, mode = "ceil", of = "component" }, { step = 2, mode = "ceil", of = "output" }]'
    said = ask(book(component, rate=rate), outputs=2, requested_seconds=4)
    assert [(line.label, str(line.amount)) for line in said.lines] == [
        ("clip, half, × 2 outputs", "4.00 USD"),
        ("clip, half: at least 2.2", "0.40 USD"),
        ("clip, half: rounded to 0.5", "0.60 USD"),
        ("rounded to 2 per output (ceil)", "3.00 USD"),
    ]
