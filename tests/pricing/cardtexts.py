"""A small good card, and ways to spoil it: the material of the card tests."""

GOOD = """\
provider = "acme"
currency = "USD"
checked_on = "2026-11-20"

[[offers]]
id = "clip"
name = "Acme clip"
measure = "output_video_seconds"
from_audio = true
max_outputs = 2

[offers.settings.resolution]
values = ["480p", "720p"]
default = "720p"

[[offers.rates]]
id = "acme-clip-2026"
effective_from = "2026-01-01"
sources = [{ url = "https://acme.example/prices", evidence = "published" }]

[[offers.rates.components]]
label = "clip"
quantise = { step = 1, mode = "ceil" }
tariff = { kind = "table", per = 1, cells = [
    { when = { resolution = "480p" }, price = 0.05 },
    { when = { resolution = "720p" }, price = 0.10 },
] }
"""

TABLE = GOOD[GOOD.index("tariff = ") :]


def spoiled(old: str, new: str) -> str:
    """The good card with one thing changed."""
    assert old in GOOD
    return GOOD.replace(old, new, 1)


def row(id: str, since: str, until: str | None = None, *, extra: str = "", price: str = "1") -> str:  # noqa: A002
    """One more rate row of the good card, flat."""
    ends = "" if until is None else f'effective_until = "{until}"\n'
    return f"""
[[offers.rates]]
id = "{id}"
effective_from = "{since}"
{ends}{extra}
sources = [{{ url = "https://acme.example/{id}", evidence = "published" }}]
[[offers.rates.components]]
label = "{id}"
tariff = {{ kind = "flat", price = {price} }}
"""
