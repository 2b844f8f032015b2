"""quote, max, route, offers: what things cost and who could make them. Spends nothing, writes nothing."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import typer

from pricing import Money, Quote, Usage

from .. import BadRequest, Candidate, Choice, Rejection, Router
from . import options as o
from .output import answer, complain, console, money, span, table

Template = Annotated[bool, typer.Option("--template", help="A template video instead of an avatar video.")]
Measures = Annotated[
    list[str] | None,
    typer.Option(
        "--measure",
        help="Which length is asked for, e.g. input_audio_seconds; or what else the job takes, e.g. width=1280.",
    ),
]


def quote(
    *,
    offer: o.Offer,
    seconds: o.Seconds = None,
    audio: o.Audio = None,
    measures: o.Measures = None,
    settings: o.Set = None,
    outputs: o.Outputs = 1,
    at: o.At = None,
    plan: o.Plan = None,
    cards: o.Cards = None,
    json: o.Json = False,
) -> None:
    """What one job costs at one offer, exactly, and why. --seconds speaks of the billed measure."""
    book = o.book(plan, cards)
    usage = o.usage(book.offer(offer), seconds, audio, measures)
    found = book.quote(offer, usage, at=o.day(at), settings=o.pairs("--set", settings), outputs=outputs)
    if json:
        answer(found.as_json())
    else:
        console().print(found.explain(), markup=False)


def max_(
    *,
    offer: o.Offer,
    budget: Annotated[str, typer.Option("--budget", help='"5 USD", or the offer\'s own currency.')],
    settings: o.Set = None,
    measures: Measures = None,
    outputs: o.Outputs = 1,
    at: o.At = None,
    plan: o.Plan = None,
    cards: o.Cards = None,
    json: o.Json = False,
) -> None:
    """The longest clip a budget buys."""
    length, usage = _asked(measures)
    found = o.book(plan, cards).max_seconds(
        offer,
        Money.parse(budget),
        at=o.day(at),
        settings=o.pairs("--set", settings),
        outputs=outputs,
        usage=usage,
        measure=length,
    )
    if json:
        answer(found.as_json())
        return
    audio = "" if found.audio_seconds is None else f", an audio file of {found.audio_seconds:f} s is sure to fit"
    console().print(f"{budget} buys {found.seconds:f} s ({found.limited_by}){audio}", markup=False)
    if not found.unique:
        console().print(f"  not every shorter length fits: {found.note}", markup=False)
    console().print(found.quote.explain(), markup=False)


def route(
    *,
    seconds: Annotated[str | None, typer.Option("--seconds", help="The audio's length, or LOW-HIGH.")] = None,
    audio: o.Audio = None,
    template: Template = False,
    resolution: o.Resolution = None,
    max_cost: o.MaxCost = None,
    max_latency: o.MaxLatency = None,
    min_quality: o.MinQuality = None,
    objective: o.Goal = "cheapest",
    provider: o.Providers = None,
    outputs: o.Outputs = 1,
    plan: o.Plan = None,
    cards: o.Cards = None,
    scope: o.Scope = None,
    db: o.Db = None,
    explain: Annotated[bool, typer.Option("--explain", help="Also what the choice rests on: figures, price.")] = False,
    json: o.Json = False,
) -> None:
    """Who would make it: every candidate's price, every rejection's limit. Offers without a key are ranked too."""
    demand = o.demand(seconds, audio, template=template, resolution=resolution, outputs=outputs)
    policy = o.policy(
        max_cost=max_cost, max_latency=max_latency, min_quality=min_quality, objective=objective, providers=provider
    )
    # Without a scope no budget is asked, and the user's ledger is not touched.
    with o.open_ledger(db if scope else "sqlite://") as ledger, Router(o.book(plan, cards), ledger=ledger) as router:
        choice = router.rank(demand, policy, scope=scope)
    if json:
        answer(route_json(choice))
    else:
        console().print(choice.explain(details=explain), markup=False)
    if choice.chosen is None:
        complain(choice.why_not())
        raise typer.Exit(1)


def offers(*, cards: o.Cards = None, json: o.Json = False) -> None:
    """Everything that can be quoted."""
    book = o.book(cards=cards)
    if json:
        rows = [
            {
                "offer": one.id,
                "name": one.name,
                "currency": one.currency,
                "measure": one.measure,
                "settings": {
                    name: {"values": list(s.values), "default": s.default} for name, s in one.settings.items()
                },
                "max_seconds": None if one.max_seconds is None else f"{one.max_seconds:f}",
                "max_outputs": one.max_outputs,
            }
            for one in book.offers.values()
        ]
        answer({"offers": rows})
        return
    table(
        "offers",
        ("offer", "sold in", "metered on", "settings", ">longest"),
        (
            (
                one.id,
                one.currency,
                one.measure.replace("_", " "),
                ", ".join(f"{name} {'|'.join(s.values)}" for name, s in one.settings.items()),
                "" if one.max_seconds is None else f"{one.max_seconds:f} s",
            )
            for one in book.offers.values()
        ),
    )


def route_json(choice: Choice) -> dict[str, object]:
    """A choice as the contract has it."""
    return {
        "chosen": None if choice.chosen is None else candidate_json(choice.chosen),
        "candidates": [candidate_json(one) for one in choice.candidates],
        "rejections": [rejection_json(one) for one in choice.rejections],
        "pareto": [{"offer": one.offer, "settings": dict(one.settings)} for one in choice.pareto],
    }


def candidate_json(one: Candidate) -> dict[str, object]:
    return {
        "offer": one.offer,
        "settings": dict(one.settings),
        "expected": money(one.quote.expected),
        "high": money(one.quote.high),
        "usd": span(one.quote.usd),
        "latency_s": plain(one.latency_s),
        "quality": plain(one.quality),
        "ready": one.not_ready is None,
        "not_ready": one.not_ready,
        "latency_from": one.estimate.source,
        "latency_jobs": one.estimate.samples,
        "quality_from": one.grade.source,
        "ratings": one.grade.ratings,
        "credits_expire": None if one.expiring is None else one.expiring.isoformat(),
    }


def rejection_json(one: Rejection) -> dict[str, object]:
    return {
        "offer": one.offer,
        "settings": dict(one.settings),
        "reason": one.reason,
        "limit": one.limit,
        "value": one.value,
        "usd": _usd(one.quote),
    }


def plain(number: Decimal | None) -> str | None:
    return None if number is None else f"{number.normalize():f}"


def _asked(measures: Sequence[str] | None) -> tuple[str | None, Usage | None]:
    """--measure NAME is the length asked for, at most one; --measure NAME=AMOUNT what else the job takes."""
    names = [text for text in measures or () if "=" not in text]
    if len(names) > 1:
        raise BadRequest(f"--measure {', '.join(names)} names more than one length", value=", ".join(names))
    stated = o.pairs("--measure", [text for text in measures or () if "=" in text])
    return next(iter(names), None), Usage.of(**stated) if stated else None


def _usd(quote: Quote | None) -> dict[str, object] | None:
    return None if quote is None else span(quote.usd)
