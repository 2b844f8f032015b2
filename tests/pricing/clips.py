"""One made-up offer, its keys and components as the test needs them: the material of questions about budgets."""

from pricing import PriceBook

CLIP = "acme/clip"
PER_SECOND = 'tariff = { kind = "per-unit", price = 0.1 }'

HEAD = """
provider = "acme"
currency = "USD"
checked_on = "2026-11-20"
[[offers]]
id = "clip"
name = "clip"
"""
RATE = """
[[offers.rates]]
id = "acme-clip"
effective_from = "2026-01-01"
sources = [{ url = "https://acme.example/prices", evidence = "published" }]
"""


def book(offer: str, *components: str, measure: str = "requested_seconds", rate: str = "") -> PriceBook:
    """One made-up offer: keys of the offer, and each component's keys."""
    parts = [f'[[offers.rates.components]]\nlabel = "part {n}"\n{text}' for n, text in enumerate(components)]
    text = "\n".join([HEAD, f'measure = "{measure}"', offer, RATE + rate, *parts])
    return PriceBook.from_texts({"acme.toml": text})
