"""credits add, list: credits bought in advance, and what is left of them. Talks to no provider."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from ledger import CreditLot, Credits
from pricing import Money

from .. import BadRequest
from . import options as o
from .output import answer, console, money, table

credits_app = typer.Typer(
    name="credits", help="Credits bought in advance.", no_args_is_help=True, rich_markup_mode=None
)


@credits_app.command("add")
def add(
    *,
    provider: Annotated[str, typer.Argument(help="Who sold them, e.g. creatify.")],
    quantity: Annotated[str, typer.Argument(help='"500 creatify-credit".')],
    cost: Annotated[str, typer.Argument(help='What they cost, "99 USD"; "0 USD" for a gift.')],
    lot: Annotated[
        str,
        typer.Option("--lot", help="Your id for the purchase, such as the invoice's; asked twice, it is booked once."),
    ],
    effective_at: Annotated[str | None, typer.Option("--effective-at", help="Usable from; default now.")] = None,
    expires_at: Annotated[str | None, typer.Option("--expires-at", help="Lost from then on; default never.")] = None,
    priority: Annotated[int, typer.Option("--priority", help="The lowest number is drawn first.")] = 0,
    note: Annotated[str, typer.Option("--note")] = "",
    author: Annotated[str | None, typer.Option("--author", help="Who says so; default: you.")] = None,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """Book credits that were bought. Times are dates or instants; without a zone they are UTC."""
    bought = Money.parse(quantity)
    _sold(provider, bought.currency)
    with o.open_ledger(db) as ledger:
        found = ledger.buy_credits(
            provider,
            bought,
            Money.parse(cost),
            lot=lot,
            effective_at=_instant("--effective-at", effective_at),
            expires_at=_instant("--expires-at", expires_at),
            priority=priority,
            author=o.author(author),
            note=note,
        )
    if json:
        answer(lot_json(found))
    else:
        console().print(
            f"lot {found.id}: {found.remaining} of {found.quantity} left, bought for {found.cost}", markup=False
        )


@credits_app.command("list")
def list_(
    *,
    provider: Annotated[str | None, typer.Argument(help="Only this one's.")] = None,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """Work out which lots paid for what was charged, then show what is left of each."""
    with o.open_ledger(db) as ledger:
        for one in ledger.credits(provider):
            ledger.draw_credits(one.provider)
        found = ledger.credits(provider)
    if json:
        answer({"credits": [credits_json(one) for one in found]})
        return
    table(
        "credits",
        ("provider", "lot", ">bought", ">cost", ">left", ">its cost", "expires"),
        (
            (one.provider, lot.id, lot.quantity, lot.cost, lot.remaining, lot.remaining_cost, _until(lot))
            for one in found
            for lot in one.lots
        ),
    )
    for one in found:
        console().print(f"{one.provider}: {one.remaining} left", markup=False)
        if one.uncovered or one.undrawn:
            bare = one.uncovered + one.undrawn
            console().print(
                f"{one.provider}: {bare} charged that no lot covers; book it: faregate credits add", markup=False
            )


def credits_json(one: Credits) -> dict[str, object]:
    return {
        "provider": one.provider,
        "currency": one.currency,
        "remaining": money(one.remaining),
        "uncovered": money(one.uncovered),
        "undrawn": money(one.undrawn),
        "lots": [lot_json(lot) for lot in one.lots],
    }


def lot_json(lot: CreditLot) -> dict[str, object]:
    """A lot; a null `expires_at` is never."""
    return {
        "lot": lot.id,
        "provider": lot.provider,
        "quantity": money(lot.quantity),
        "cost": money(lot.cost),
        "remaining": money(lot.remaining),
        "remaining_cost": money(lot.remaining_cost),
        "priority": lot.priority,
        "bought_at": lot.bought_at.isoformat(),
        "effective_at": lot.effective_at.isoformat(),
        "expires_at": None if lot.expires_at is None else lot.expires_at.isoformat(),
        "author": lot.author,
        "note": lot.note,
    }


def _until(lot: CreditLot) -> str:
    return "never" if lot.expires_at is None else f"{lot.expires_at:%Y-%m-%d %H:%M}Z"


def _instant(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadRequest(
            f"{option} {text!r} is not a time", value=text, next="write 2026-11-30 or 2026-11-30T12:00Z"
        ) from error


def _sold(provider: str, currency: str) -> None:
    """A slip of the pen would make a lot that nothing is ever drawn from. Raises BadRequest."""
    sold = {(one.provider, one.currency) for one in o.book().offers.values() if one.currency != "USD"}
    if (provider, currency) not in sold:
        known = ", ".join(f"{name} {kind}" for name, kind in sorted(sold))
        raise BadRequest(
            f"{provider} sells no {currency}", value=f"{provider} {currency}", limit=known, next=f"use {known}"
        )
