"""Strategies for made-up cards across the whole language, as TOML texts, and for books of them. All are good."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from ..book import PriceBook
from ..units import MEASURES

METERED = ("output_video_seconds", "requested_seconds", "input_audio_seconds", "characters", "images_out", "megapixels")
"""What made-up offers are metered on."""

_BESIDE = ("reference_images", "text_tokens_in", "runs")
_SETTINGS: Mapping[str, tuple[str, ...]] = {"resolution": ("480p", "720p", "1080p"), "audio": ("no", "yes")}
_SOURCE = {"url": "https://acme.example/prices", "evidence": "published"}
_TABLES = frozenset({"offers", "rates", "components", "plans", "discounts"})
_PRICES = st.integers(1, 2000).map(lambda count: Decimal(count).scaleb(-3).normalize())
_FACTORS = st.sampled_from([Decimal(text) for text in ("0.6", "1.25", "2", "0.333333333333")])
_STEPS = st.sampled_from([Decimal(text) for text in ("1", "5", "0.5", "30", "0.04")])
_RUNGS = (5, 8, 10)
_MONEY_STEPS = st.sampled_from([Decimal(text) for text in ("0.01", "0.5", "1", "0.0001")])

Table = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Offer:
    """What the rows of one offer may speak of."""

    measure: str
    settings: dict[str, tuple[str, ...]]
    beside: tuple[str, ...]
    """Measures besides its own."""
    derived: bool
    laddered: bool
    """Whether a row may sell some amounts only; seldom, for then all rows do."""
    rising: bool


@st.composite
def cards(draw: st.DrawFn, *, rising: bool = False) -> str:
    """A card of one or two offers `acme/…`. With `rising`, more never costs less, and parts never cost less."""
    currency = draw(st.sampled_from(["USD", "acme-credit"]))
    names = draw(st.sampled_from([["clip"], ["clip", "voice"]]))
    card: Table = {"provider": "acme", "currency": currency, "checked_on": "2026-11-20"}
    card["offers"] = [_offer(draw, name, currency, rising=rising) for name in names]
    if currency != "USD":
        plans = st.sampled_from([[], [_plan("pro", 99, 500, 0)], [_plan("pro", 99, 500, 0), _plan("pack", 50, 33, 2)]])
        card["plans"] = draw(plans)
    if draw(st.integers(0, 3)) == 3:
        card["discounts"] = [
            {
                "id": "contract",
                "offers": ["acme/*"],
                "percent": draw(st.sampled_from([Decimal("12.5"), Decimal(5)])),
                "effective_from": draw(st.sampled_from(["unknown", "2026-10", "2026-11-20"])),
                "before_minimum": draw(st.booleans()),
                "source": _SOURCE,
            }
        ]
    return toml(card)


def books(*, rising: bool = False) -> st.SearchStrategy[PriceBook]:
    """Books of such cards."""
    return cards(rising=rising).map(lambda text: PriceBook.from_texts({"acme.toml": text}))


def toml(card: Mapping[str, Any]) -> str:
    """The data of a card as TOML: tables one after the other, the rest inline."""
    lines: list[str] = []
    _write(lines, (), card)
    return "\n".join(lines) + "\n"


def _write(lines: list[str], path: tuple[str, ...], table: Mapping[str, Any]) -> None:
    later: list[tuple[str, list[Table]]] = []
    for key, value in table.items():
        if key in _TABLES and (not value or isinstance(value[0], dict)):
            later.append((key, value))
        else:
            lines.append(f"{key} = {_inline(value)}")
    for key, items in later:
        for item in items:
            lines += ["", f"[[{'.'.join((*path, key))}]]"]
            _write(lines, (*path, key), item)


def _inline(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dict):
        pairs = (f'"{key}" = {_inline(one)}' for key, one in value.items())  # pyright: ignore[reportUnknownVariableType]
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"  # pyright: ignore[reportUnknownArgumentType]
    return f'"{value}"' if isinstance(value, str) else str(value)


def _plan(name: str, price: int, credits_: int, bonus: int) -> Table:
    return {"id": name, "price": price, "credits": credits_, "bonus": bonus, "source": _SOURCE}


def _offer(draw: st.DrawFn, name: str, currency: str, *, rising: bool) -> Table:
    measure = draw(st.sampled_from(METERED))
    offer: Table = {"id": name, "name": name, "measure": measure, "max_outputs": draw(st.integers(1, 4))}
    if measure == "output_video_seconds":
        offer["from_audio"] = draw(st.booleans())
        if offer["from_audio"]:
            offer["slack"] = {"seconds": Decimal("0.15"), "evidence": "inferred", "note": "padding"}
    names = ("resolution", "audio")[: draw(st.integers(0, 2))]
    settings = {one: _SETTINGS[one][: draw(st.integers(1, len(_SETTINGS[one])))] for one in names}
    offer["settings"] = {one: {"values": list(values), "default": values[0]} for one, values in settings.items()}
    if settings.get("resolution", ())[1:]:
        offer["aliases"] = {"resolution": {"HD": "720p"}}
    if all(len(settings.get(one, ())) > 1 for one in _SETTINGS) and draw(st.booleans()):
        offer["unsold"] = [{"resolution": "720p", "audio": "yes"}]
    seconds = MEASURES[measure].unit == "s"
    length = draw(st.sampled_from(["any", "limit", "most", "values", "steps"])) if seconds else "any"
    if length == "limit":
        offer["limits"] = [{"measure": measure, "max": Decimal(60), "min": Decimal("0.5")}]
    if length == "most":
        offer["max_seconds"] = 60
    if length == "values":
        offer["duration"] = {"values": [*_RUNGS]}
    if length == "steps":
        offer["duration"] = {"min": 3, "max": 15, "step": 1}
    beside = _BESIDE[: draw(st.sampled_from([0, 1, len(_BESIDE)]))]
    offer["defaults"] = dict.fromkeys(beside, 0) if draw(st.booleans()) else {}
    derived = draw(st.booleans())
    if derived:
        text = draw(st.sampled_from([f"ceil({measure} / 3) * 2", f"max(4, {measure}) * 24 + 1", f"{measure} * 1.5"]))
        offer["derive"] = [{"name": "work", "expression": text, "unit": "work"}]
    room = _Offer(measure, settings, beside, derived, draw(st.integers(0, 3)) == 3, rising)
    offer["rates"] = _rows(draw, name, room, currency)
    if not any(part["measure"] == "work" for row in offer["rates"] for part in row["components"]):
        offer.pop("derive", None)
    return offer


def _rows(draw: st.DrawFn, name: str, room: _Offer, currency: str) -> list[Table]:
    """One row, or an older one before it, a promotion over it, another published price beside it."""
    rows = [_row(draw, f"{name}-now", room, currency, draw(st.sampled_from(["unknown", "2026-05", "2026-06-15"])))]
    if rows[0]["effective_from"] != "unknown" and draw(st.booleans()):
        rows.insert(0, _row(draw, f"{name}-old", room, currency, "2025-01-01"))
    other = draw(st.sampled_from(["", "", "contested", "promo"]))
    if other:
        rows.append(_row(draw, f"{name}-{other}", room, currency, "2026-07"))
        rows[-1]["standing"] = other
        rows[-1] |= {"effective_until": "2026-12"} if other == "promo" else {}
    return rows


def _row(draw: st.DrawFn, name: str, room: _Offer, currency: str, since: str) -> Table:
    row: Table = {"id": name, "effective_from": since, "sources": [_SOURCE]}
    if draw(st.booleans()):
        row["assumptions"] = ["nothing is known of failures"]
    if not room.rising:
        places = draw(st.lists(st.sampled_from(["unit", "component", "output", "job"]), max_size=2, unique=True))
        order = ["unit", "component", "output", "job"]
        row["rounding"] = [
            {"step": draw(_MONEY_STEPS), "mode": draw(st.sampled_from(["ceil", "floor", "nearest"])), "of": place}
            for place in sorted(places, key=order.index)
        ]
    if currency != "USD" and draw(st.booleans()):
        # Rounded to four decimals of a dollar, a small job may cost nothing: then more need not cost more.
        row["exchange"] = {"credits_per_usd": 211} | ({} if room.rising else {"usd_decimals": 4})
    row["components"] = [_component(draw, room, number) for number in range(draw(st.integers(1, 3)))]
    return row


def _component(draw: st.DrawFn, room: _Offer, number: int) -> Table:
    measures = [room.measure, *room.beside, *(["work"] if room.derived else [])]
    # A price made only of what a job may have none of is nothing for some jobs: then more need not cost more.
    measure = room.measure if room.rising and not number else draw(st.sampled_from(measures))
    part: Table = {"label": f"part {number}", "measure": measure}
    if number and "audio" in room.settings and "yes" in room.settings["audio"] and draw(st.booleans()):
        part["when"] = {"audio": "yes"}
    part["per_output"] = draw(st.sampled_from([True, True, False]))
    tariff = _tariff(draw, room, part["measure"])
    if tariff["kind"] in ("per-unit", "tiers") or "per" in tariff:
        part |= _quantity(draw, room)
    if draw(st.integers(0, 3)) == 3:
        part["minimum_charge"] = Decimal("0.5")
    if draw(st.integers(0, 3)) == 3:
        part["maximum_charge"] = draw(st.sampled_from([Decimal("0.75"), 20]))
    part["multipliers"] = _multipliers(draw, room)
    return part | {"tariff": tariff}


def _quantity(draw: st.DrawFn, room: _Offer) -> Table:
    """What happens to the quantity before it is priced."""
    part: Table = {}
    if draw(st.booleans()):
        modes = ["ceil"] if room.rising else ["ceil", "floor", "nearest", "unknown"]
        part["quantise"] = {"step": draw(_STEPS), "mode": draw(st.sampled_from(modes))}
    if draw(st.booleans()):
        part["minimum"] = draw(st.sampled_from([1, 5]))
    if draw(st.integers(0, 3)) == 3:
        part["cap"] = draw(st.sampled_from([15, 30]))
    part["included"] = 0 if room.rising else draw(st.sampled_from([0, 0, 2, 5]))
    return part


def _multipliers(draw: st.DrawFn, room: _Offer) -> list[Table]:
    many: list[Table] = []
    if draw(st.booleans()):
        many.append({"label": "always", "factor": draw(_FACTORS)})
    if "480p" in room.settings.get("resolution", ()) and draw(st.booleans()):
        many.append({"label": "small", "factor": draw(_FACTORS), "when": {"resolution": "480p"}})
    if draw(st.booleans()):
        factor = Decimal("1.25") if room.rising else draw(_FACTORS)
        many.append({"label": "beyond", "factor": factor, "above": {room.measure: 8}})
    if draw(st.integers(0, 3)) == 3:
        factor = Decimal("0.6") if room.rising else draw(_FACTORS)
        many.append({"label": "within", "factor": factor, "at_most": {room.measure: 9}})
    return many


def _price(draw: st.DrawFn) -> Any:
    price = draw(_PRICES)
    return price if draw(st.integers(0, 4)) else {"low": price, "expected": price * 2, "high": price * 3}


def _tariff(draw: st.DrawFn, room: _Offer, measure: str) -> Table:
    kinds = ["flat", "per-unit", "per-unit", "intervals", "tiers"]
    kinds += ["ladder"] if room.laddered else []
    kinds += ["table"] if room.settings else []
    kind = draw(st.sampled_from(kinds))
    if kind == "flat":
        return {"kind": kind, "price": _price(draw)}
    if kind == "per-unit":
        return {"kind": kind, "price": _price(draw), "per": draw(st.sampled_from([1, 60, 1000, Decimal("0.5")]))}
    if kind == "table":
        name, values = next(iter(room.settings.items()))
        cells = [{"when": {name: value}, "price": _price(draw)} for value in values]
        return {"kind": kind, "cells": cells} | ({"per": 1} if draw(st.booleans()) else {})
    prices = draw(st.lists(_PRICES, min_size=3, max_size=3))
    prices = sorted(prices) if room.rising else prices
    if kind == "ladder":
        # The same rungs, all among the lengths that any made-up offer sells: a job must stand on every ladder at once.
        cells = [{"at": at, "price": price} for at, price in zip(_RUNGS, prices, strict=True)]
        return {"kind": kind, "axis": room.measure, "cells": cells}
    ends: list[Any] = [4, 9, "inf"]
    if kind == "intervals":
        cells = [{"up_to": end, "price": price} for end, price in zip(ends, prices, strict=True)]
        return {"kind": kind, "axis": measure, "cells": cells} | ({"per": 1} if draw(st.booleans()) else {})
    flats: list[Table] = [{"flat": draw(_PRICES)}, {}, {}]
    cells = [{"up_to": end, "price": one, **flat} for end, one, flat in zip(ends, prices, flats, strict=True)]
    mode = "graduated" if room.rising else draw(st.sampled_from(["graduated", "cliff"]))
    return {"kind": kind, "mode": mode, "cells": cells}
