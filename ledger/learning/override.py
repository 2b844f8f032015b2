"""A drift as the card that would follow it: TOML for a person to accept. Writes no file."""

import json
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

from ..errors import BadRequest
from ..reconcile.causes import plain
from .drift import Drift


def proposal(drift: Drift, card: str, *, on: date) -> str:
    """The TOML of an override that `pricing.check` accepts, laid over the card of the offer (`card`: its TOML).

    A contested price that the charges support is confirmed. Any other becomes a row of its own from `drift.since` on,
    in an offer that replaces the card's with all of its rows kept. Raises BadRequest where it cannot be told which
    price of the card moved: then a person has to write it.
    """
    data = tomllib.loads(card, parse_float=Decimal)
    provider = str(data.get("provider"))
    offers = cast("list[dict[str, Any]]", data.get("offers", []))
    found = next((one for one in offers if f"{provider}/{one['id']}" == drift.offer), None)
    if found is None:
        raise BadRequest(f"the card has no offer {drift.offer}", value=drift.offer, next="give the card that has it")
    head = f"# {drift.text}\n"
    if drift.published:
        for row in cast("list[dict[str, Any]]", found["rates"]):
            if row.get("standing") == "contested" and len(_places(row, drift.settings, drift.supported_price)) == 1:
                return f'{head}checked_on = "{on.isoformat()}"\n\n[[confirm]]\nrate = {_value(row["id"])}\n'
    offer = _with_row(deepcopy(found), drift)
    top = {"provider": provider, "currency": data["currency"], "checked_on": on.isoformat()}
    lines = [f"{key} = {_value(value)}" for key, value in top.items()]
    return head + "\n".join(lines) + "\n\n" + _offer_text(offer)


def _with_row(offer: dict[str, Any], drift: Drift) -> dict[str, Any]:
    """The offer with one more row, from the day of the first charge on; those in force end the day before."""
    since, before = drift.since.isoformat(), (drift.since - timedelta(days=1)).isoformat()
    rows = cast("list[dict[str, Any]]", offer["rates"])
    open_rows = [row for row in rows if _begun(row, drift.since) and "effective_until" not in row]
    records = [row for row in open_rows if row.get("standing", "record") == "record" and _fits(row, drift.settings)]
    if len(records) != 1:
        raise _unclear(drift, f"{len(records)} rows of its card are open on {since}")
    new = deepcopy(records[0])
    places = _places(new, drift.settings, drift.card_price)
    if len(places) != 1:
        raise _unclear(drift, f"{len(places)} prices of its row {new['id']} are {plain(drift.card_price)}")
    place, key, per = places[0]
    place[key] = _decimal(drift.supported_price * per)
    for row in open_rows:
        if row is records[0] or row.get("standing") == "contested":
            row["effective_until"] = before
    new |= {"id": f"{new['id']}-since-{since}", "effective_from": since}
    page = str(new["sources"][0]["url"]).partition("#")[0]
    new["sources"] = [{"url": f"{page}#billed", "evidence": "measured", "checked_on": since}]
    new["assumptions"] = [*new.get("assumptions", []), drift.text]
    rows.append(new)
    return {**offer, "replace": True}


def _begun(row: Mapping[str, Any], day: date) -> bool:
    begins = str(row["effective_from"])
    return begins == "unknown" or begins <= day.isoformat()


def _fits(part: Mapping[str, Any], settings: Mapping[str, str]) -> bool:
    """Does its condition hold for these settings?"""
    when = cast("Mapping[str, Any]", part.get("when", {}))
    for name, value in when.items():
        if settings.get(name) not in (cast("list[str]", value) if isinstance(value, list) else [value]):
            return False
    return True


def _places(
    row: dict[str, Any], settings: Mapping[str, str], price: Fraction
) -> list[tuple[dict[str, Any], str, Fraction]]:
    """Where in a row that price of one unit stands: the table, its key, and how many units it is for."""
    found = list[tuple[dict[str, Any], str, Fraction]]()
    for component in cast("list[dict[str, Any]]", row["components"]):
        if not _fits(component, settings):
            continue
        tariff = cast("dict[str, Any]", component["tariff"])
        per = Fraction(tariff.get("per", 1))
        for table in (tariff, *cast("list[dict[str, Any]]", tariff.get("cells", []))):
            stated = table.get("price")
            if isinstance(stated, (int, Decimal)) and _fits(table, settings):
                units = [units for units in (Fraction(1), per) if Fraction(stated) == price * units]
                found += [(table, "price", units[0])] if units else []
    return found


def _unclear(drift: Drift, why: str) -> BadRequest:
    return BadRequest(
        f"{drift.text}; {why}, so no row can be proposed", value=drift.offer, next="write the override by hand"
    )


def _decimal(value: Fraction) -> Decimal:
    return Decimal(plain(value))


def _offer_text(offer: Mapping[str, Any]) -> str:
    """An offer as TOML: its tables inline, one row of prices after the other."""
    rates = cast("list[dict[str, Any]]", offer["rates"])
    lines = ["[[offers]]", *(f"{_key(key)} = {_value(value)}" for key, value in offer.items() if key != "rates")]
    for row in rates:
        lines += ["", "[[offers.rates]]"]
        lines += [f"{_key(key)} = {_value(value)}" for key, value in row.items() if key != "components"]
        for component in cast("list[dict[str, Any]]", row["components"]):
            lines += ["", "[[offers.rates.components]]"]
            lines += [f"{_key(key)} = {_value(value)}" for key, value in component.items()]
    return "\n".join(lines) + "\n"


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else json.dumps(key)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    if isinstance(value, Mapping):
        inside = cast("Mapping[str, object]", value)
        return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in inside.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in cast("list[object]", value)) + "]"
    return json.dumps(str(value), ensure_ascii=False)
