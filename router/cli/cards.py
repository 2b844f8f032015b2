"""cards check, show, diff: the price files themselves, and what past jobs would cost under others. Changes nothing."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from pricing import Change, Job, Offer, PastRow, PriceBook, Replay, check, diff, history, replay

from .. import BadRequest
from . import options as o
from .markdown import markdown
from .output import answer, console, table
from .usages import past_jobs, read_usage
from .words import change_lines, counted, replay_lines, totalled, unpriced_line

cards_app = typer.Typer(
    name="cards", help="Rate cards: check, show, compare.", no_args_is_help=True, rich_markup_mode=None
)
BAD = 2
SHIPPED = "shipped"
Files = Annotated[list[Path] | None, typer.Argument(help="Card files or folders; none: the shipped cards.")]
Book = Annotated[str, typer.Argument(help='A card file or folder; "shipped"; or shipped+PATH: laid over the shipped.')]


@cards_app.command("check")
def check_(*, paths: Files = None, json: o.Json = False) -> None:
    """Every fault of these cards, one line each: file:line: key: what is wrong; what to do. Exit code 2 for any."""
    folder = Path(str(files("pricing") / "cards"))
    faults = check(paths or [folder])
    if json:
        answer({"ok": not faults, "faults": [fault.as_json() for fault in faults]})
    else:
        for fault in faults:
            console().print(" ".join(str(fault).split()), markup=False)
        if not faults:
            console().print("the cards are good", markup=False)
    if faults:
        raise typer.Exit(BAD)


@cards_app.command("show")
def show(
    *,
    offer: Annotated[str, typer.Argument(help="As `faregate offers` lists them.")],
    past: Annotated[bool, typer.Option("--history", help="Every row there ever was, in order of time.")] = False,
    at: o.At = None,
    cards: o.Cards = None,
    json: o.Json = False,
) -> None:
    """What the cards say of an offer: its limits, and its prices with their rounding, sources and dates."""
    book = o.book(cards=cards)
    day = o.day(at)
    sold = book.offer(offer)
    rows = history(book, offer, on=None if past else day)
    if json:
        answer({**offer_json(sold), "at": None if past else day.isoformat(), "rows": [row.as_json() for row in rows]})
        return
    out = console()
    out.print(f"{sold.id}: {sold.name}", markup=False)
    for name, text in offer_facts(sold):
        out.print(f"  {name}: {text}", markup=False)
    if not rows:
        out.print(f"  no row is in force on {day.isoformat()}; --history shows them all", markup=False)
    for row in rows:
        _show_row(row)


@cards_app.command("diff")
def diff_(
    *,
    old: Book,
    new: Book,
    usage: Annotated[
        Path | None,
        typer.Option(
            "--usage", help="CSV or JSON lines; columns offer, settings, seconds, outputs, at, count, any measure."
        ),
    ] = None,
    db: Annotated[str | None, typer.Option("--db", help="Over this ledger's settled jobs, too.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="The day of usage without a date; default today (UTC).")
    ] = None,
    new_at: Annotated[
        str | None, typer.Option("--new-at", help="Price NEW as on this day, not each job's: for announced prices.")
    ] = None,
    plan: o.Plan = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Fit for a pull-request comment.")] = False,
    json: o.Json = False,
) -> None:
    """What changed from OLD to NEW, and what past jobs would have cost."""
    if json and as_markdown:
        raise BadRequest("give --json or --markdown, not both")
    before, after = (o.planned(read_book(name), plan) for name in (old, new))
    changes = diff(before, after)
    day, other = o.day(at), None if new_at is None else o.day(new_at, "--new-at")
    found = None
    with ExitStack() as stack:
        jobs: list[Iterator[Job]] = [] if usage is None else [read_usage(usage, day)]
        if db is not None:
            jobs.append(past_jobs(stack.enter_context(o.open_ledger(db)).jobs()))
        if jobs:
            found = replay(before, after, chain.from_iterable(jobs), new_at=other)
    if json:
        answer(diff_json(changes, found))
    elif as_markdown:
        typer.echo(markdown(changes, found))
    else:
        _tell(changes, found)


def read_book(name: str) -> PriceBook:
    """The shipped book, that of a path, or the shipped one with a path laid over it. Raises BadCard, BadRequest."""
    if name == SHIPPED:
        return PriceBook.shipped()
    over, plus, path = name.partition("+")
    if plus and over == SHIPPED:
        return PriceBook.shipped().with_cards(o.card_paths([Path(path)]))
    return PriceBook.load(o.card_paths([Path(name)]))


def diff_json(changes: Sequence[Change], found: Replay | None) -> dict[str, object]:
    """Changes, and the what-if where there is one, as the contract has it."""
    return {
        "changes": [change.as_json() for change in changes],
        "summary": counted(changes),
        "usage": None if found is None else found.as_json(),
    }


def offer_json(one: Offer) -> dict[str, object]:
    return {
        "offer": one.id,
        "name": one.name,
        "door": one.door,
        "currency": one.currency,
        "measure": one.measure,
        "settings": {name: {"values": list(s.values), "default": s.default} for name, s in one.settings.items()},
        "max_seconds": None if one.max_seconds is None else f"{one.max_seconds:f}",
        "max_outputs": one.max_outputs,
        "limits": [
            {
                "measure": limit.measure,
                "min": None if limit.least is None else f"{limit.least:f}",
                "max": None if limit.most is None else f"{limit.most:f}",
                "when": {name: list(values) for name, values in limit.when.items()},
            }
            for limit in one.limits
        ],
        "duration": None if one.duration is None else {"measure": one.duration.measure, "sold": str(one.duration)},
        "derived": [{"name": d.name, "expression": d.expression.text, "unit": d.unit} for d in one.derived],
        "defaults": {name: f"{value:f}" for name, value in one.defaults.items()},
        "settlement": None
        if one.settlement is None
        else {
            "actual": one.settlement.actual,
            "failure": one.settlement.failure,
            "quote": one.settlement.quote,
            "hold": one.settlement.hold,
            "note": one.settlement.note,
        },
    }


def offer_facts(one: Offer) -> list[tuple[str, str]]:
    """The same, for a person."""
    facts = [("sold in", one.currency), ("metered on", one.measure.replace("_", " "))]
    facts += [] if one.door is None else [("door", one.door)]
    for name, setting in one.settings.items():
        default = f" (default {setting.default})" if len(setting.values) > 1 else ""
        facts.append((name, ", ".join(setting.values) + default))
    for limit in one.limits:
        where = "".join(f", {name} {'|'.join(values)}" for name, values in limit.when.items())
        ends = [f"at least {limit.least:f}"] if limit.least is not None else []
        ends += [f"at most {limit.most:f}"] if limit.most is not None else []
        facts.append((f"{limit.measure}{where}", " and ".join(ends)))
    if one.duration is not None:
        facts.append((f"lengths sold ({one.duration.measure})", str(one.duration)))
    facts += [(f"{d.name} =", f"{d.expression.text} ({d.unit})") for d in one.derived]
    facts += [(f"{name} by default", f"{value:f}") for name, value in one.defaults.items()]
    facts.append(("outputs", f"at most {one.max_outputs}"))
    if (settlement := one.settlement) is not None:
        note = f"; {settlement.note}" if settlement.note else ""
        facts.append(
            ("settlement", f"actual {settlement.actual}, failure {settlement.failure}, quote {settlement.quote}{note}")
        )
    return facts


def _show_row(row: PastRow) -> None:
    out = console()
    until = "" if row.effective_until is None else f" until {row.effective_until}"
    since = "since when is unknown" if row.effective_from == "unknown" else f"from {row.effective_from}"
    standing = "" if row.standing == "record" else f", {row.standing}"
    out.print(f"\n{since}{until}{standing} [{row.id}], checked {row.checked_on}", markup=False)
    for terms in row.terms:
        inside = ", ".join(f"{name} {'|'.join(values)}" for name, values in terms.settings.items())
        said = "; ".join(f"{name} {text}" for name, text in terms.facets.items())
        out.print(f"  {f'{inside}: ' if inside else ''}{said}", markup=False)
    for text in row.assumptions:
        out.print(f"  assumes: {text}", markup=False)
    for source in row.sources:
        out.print(f"  source: {source}", markup=False)


def _tell(changes: Sequence[Change], found: Replay | None) -> None:
    out = console()
    for line in change_lines(changes):
        out.print(line, markup=False)
    out.print(counted(changes), markup=False)
    if found is None:
        return
    out.print("", markup=False)
    table(
        "what the jobs cost",
        ("offer", ">jobs", ">old", ">new", ">old USD", ">new USD", ">difference"),
        replay_lines(found),
    )
    out.print(f"{found.total_old} → {found.total_new}, {signed(found)}, over {totalled(found)}", markup=False)
    for one in found.unpriced:
        out.print(unpriced_line(one), markup=False)
    for offer in found.unvalued:
        out.print(f"in no dollar total: {offer}: nothing says what its currency is worth", markup=False)


def signed(found: Replay) -> str:
    """The difference, with its sign."""
    return f"{'+' if found.difference.nanos > 0 else ''}{found.difference}"
