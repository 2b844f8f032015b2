"""whatif: what past jobs would have cost under other prices, as another offer, by another policy. Changes nothing."""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

import typer

from pricing import Money, PastTotal, PastUnpriced, PriceBook, WhatIf, whatif

from .. import BadRequest
from ..rechoose import Nobody, Rechoosing
from . import options as o
from .export import End, First, Month, days
from .output import answer, console, table
from .words import jobs_text

_FACTOR = re.compile(r"[0-9]{1,6}(\.[0-9]{1,9})?")


def whatif_(
    *,
    month: Month = None,
    first: First = None,
    end: End = None,
    scope: o.Scope = None,
    instead: Annotated[
        str | None,
        typer.Option("--as", help="All jobs through OFFER[,setting=value…]."),
    ] = None,
    double: Annotated[
        list[str] | None,
        typer.Option("--double", help="This OFFER, or PROVIDER, costs twice as much."),
    ] = None,
    scale: Annotated[
        list[str] | None, typer.Option("--scale", help="OFFER=1.1, or PROVIDER=1.1: so many times as much.")
    ] = None,
    policy: Annotated[
        bool, typer.Option("--policy", help="Choose anew, by --objective and the limits; implied by any of them.")
    ] = False,
    max_cost: o.MaxCost = None,
    max_latency: o.MaxLatency = None,
    min_quality: o.MinQuality = None,
    objective: Annotated[str | None, typer.Option("--objective", help="cheapest, fastest, best or balanced.")] = None,
    providers: o.Providers = None,
    new_at: Annotated[
        str | None, typer.Option("--new-at", help="Prices as on this day, not each job's: for announced ones.")
    ] = None,
    cards: o.Cards = None,
    plan: o.Plan = None,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """What settled jobs of the past were charged and quoted, and what they would cost: exact, nothing left out."""
    since, until = days(month, first, end)
    book, day = o.book(plan, cards), None if new_at is None else o.day(new_at, "--new-at")
    factors = scales(book, double, scale)
    anew = policy or any(one is not None for one in (max_cost, max_latency, min_quality, objective, providers))
    if anew and (instead is not None or factors):
        raise BadRequest(
            "a policy chooses by the prices of the book", value=instead or ", ".join(factors),
            next="leave --as, --double and --scale out, or give other prices as --cards",
        )  # fmt: skip
    chosen = None if instead is None else other(book, instead)
    nobody: Sequence[Nobody] = ()
    with o.open_ledger(db) as ledger:
        if anew:
            wish = o.policy(
                max_cost=max_cost, max_latency=max_latency, min_quality=min_quality, objective=objective or "cheapest",
                providers=providers,
            )  # fmt: skip
            rechoosing = Rechoosing(book, wish, day)
            found = whatif(book, rechoosing(ledger.past_requests(since=since, until=until, scope=scope)), at=day)
            nobody = tuple(rechoosing.nobody.values())
        else:
            jobs = ledger.past_jobs(since=since, until=until, scope=scope)
            found = whatif(book, (one._replace(instead=chosen) for one in jobs) if chosen else jobs, at=day)
        left = ledger.unsettled(since=since, until=until, scope=scope)
    found = found.scaled(factors) if factors else found
    if json:
        answer(found_json(found, nobody, left))
    else:
        _tell(found, nobody, left)


def scales(book: PriceBook, double: Sequence[str] | None, scale: Sequence[str] | None) -> dict[str, Fraction]:
    """How many times as much each offer or provider named costs. Raises BadRequest, UnknownOffer."""
    factors = dict(o.pairs("--scale", scale))
    for name in double or ():
        if name in factors:
            raise BadRequest(f"{name} is scaled twice", value=name, next="give --double or --scale, not both")
        factors[name] = "2"
    found: dict[str, Fraction] = {}
    for name, text in factors.items():
        if not _FACTOR.fullmatch(text) or not Decimal(text):
            raise BadRequest(
                f"--scale {name}={text[:40]} is no factor", value=text[:40], limit="a number above 0", next="write 1.1"
            )
        if not any(one.provider == name for one in book.offers.values()):
            book.offer(name)
        found[name] = Fraction(text)
    return found


def other(book: PriceBook, text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """OFFER[,setting=value…]. Raises BadRequest, UnknownOffer."""
    offer, _, rest = text.partition(",")
    settings = o.pairs("--as", rest.split(",") if rest else ())
    book.offer(offer)
    return offer, tuple(sorted(settings.items()))


def found_json(found: WhatIf, nobody: Sequence[Nobody], left: dict[str, int]) -> dict[str, object]:
    """The contract: every job is in `offers`, in `unpriced` or in `not_chosen`; those not settled are counted apart."""
    passed = [
        {
            "reason": one.reason,
            "jobs": one.jobs,
            "where": one.where,
            "actual": Money(one.paid, one.currency).as_json(),
        }
        for one in nobody
    ]
    jobs = found.jobs + sum(one.jobs for one in nobody)
    return found.as_json() | {"jobs": jobs, "not_chosen": passed, "not_settled": left}


def _tell(found: WhatIf, nobody: Sequence[Nobody], left: dict[str, int]) -> None:
    out = console()
    table(
        "what the jobs would cost",
        ("offer", "as", ">jobs", ">charged", ">quoted then", ">would cost", ">in USD"),
        (_row(one) for one in found.totals),
    )
    compared = sum(one.jobs for one in found.compared)
    sign = "+" if found.difference.nanos > 0 else ""
    out.print(
        f"{jobs_text(compared)}: charged {found.paid}, quoted {found.quoted}, would cost {found.usd}: "
        f"{sign}{found.difference}",
        markup=False,
    )
    for one in found.uncompared:
        out.print(f"in no sum: {one.offer} as {one.instead}, {jobs_text(one.jobs)}, charged {one.paid}", markup=False)
    for lack in found.unpriced:
        out.print(_unpriced(lack), markup=False)
    for no in nobody:
        paid = Money(no.paid, no.currency)
        out.print(f"chosen by nobody: {jobs_text(no.jobs)}, charged {paid}: {no.reason}", markup=False)
    if left:
        words = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in left.items())
        out.print(f"not settled, so not in it: {words}", markup=False)


def _row(one: PastTotal) -> tuple[object, ...]:
    same = "" if one.instead == one.offer else one.instead
    return one.offer, same, one.jobs, one.paid, one.quoted, one.cost, "not known" if one.usd is None else one.usd


def _unpriced(one: PastUnpriced) -> str:
    some = f"such as {', '.join(one.where)}" if one.jobs > len(one.where) else ", ".join(one.where)
    return f"no price for {one.instead}, {jobs_text(one.jobs)} ({some}), charged {one.paid}: {one.reason}"
