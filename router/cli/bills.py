"""reconcile, breaks list, breaks close: the bill against the books, and a person's word on what differs."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer

import pricing
from ledger import Break, Drift, JobMatch, Ledger, LedgerError, Reconciliation, Totals, UnitRate, proposal

from .. import BadRequest
from ..statements import SOURCES as FETCHED
from . import options as o
from .output import answer, console, table
from .statements import MappingFile, Source, read_file
from .words import jobs_text

breaks_app = typer.Typer(
    name="breaks", help="Differences between bill and books.", no_args_is_help=True, rich_markup_mode=None
)
OPEN = 1
SHOWN = 50
Provider = Annotated[str | None, typer.Option("--provider", help="Only this one's bills.")]
Month = Annotated[str | None, typer.Option("--month", help="Only what is ours or billed then, e.g. 2026-11.")]
Worth = Annotated[
    list[str] | None,
    typer.Option("--rate", help="What a currency of bills is worth in the budget's, EUR=1.08; may be repeated."),
]
_VERDICTS = ("accepted", "adjusted", "disputed")


def reconcile(
    *,
    provider: Provider = None,
    month: Month = None,
    statement: Annotated[
        list[Path] | None, typer.Option("--statement", help="Import this file first; may be repeated.")
    ] = None,
    source: Source = None,
    mapping: MappingFile = None,
    rate: Worth = None,
    at: Annotated[str | None, typer.Option("--at", help="Judge what is due as of then; default now.")] = None,
    accept_drift: Annotated[
        str | None, typer.Option("--accept-drift", help="Write the card that this price change proposes.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option("--into", help="The new card file, for --cards or FAREGATE_CARDS.")
    ] = None,
    author: Annotated[str | None, typer.Option("--author", help="Who imports; default: you.")] = None,
    cards: o.Cards = None,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """Quoted, held, reported and billed side by side; each difference with its cause. Exit 1 while breaks are open."""
    if (accept_drift is None) != (into is None):
        raise BadRequest("--accept-drift ID and --into FILE go together", next="give both")
    worth, minimums, when = worths(rate), o.minimums(cards), _instant(at)
    read = [read_file(path, source, mapping) for path in statement or ()]
    with o.open_ledger(db) as ledger:
        for one in read:
            ledger.import_statement(one, author=o.author(author))
        found = _known(ledger, provider, ledger.reconcile(provider, month, at=when, worth=worth, minimums=minimums))
        drift, units = ledger.proposals(provider)
    written = None if accept_drift is None or into is None else _accept(drift, accept_drift, into, cards)
    if json:
        answer(
            found.as_json()
            | {
                "drift": [drift_json(one) for one in drift],
                "units": [unit_json(one) for one in units],
                "card": None if written is None else str(written),
            }
        )
    else:
        _tell(found, drift, units)
        if written is not None:
            console().print(f"wrote {written}: it counts once it is named with --cards or FAREGATE_CARDS", markup=False)
    if found.open:
        raise typer.Exit(OPEN)


@breaks_app.command("list")
def list_(
    *,
    provider: Provider = None,
    month: Month = None,
    all_: Annotated[bool, typer.Option("--all", help="Also those that are pending or that a person closed.")] = False,
    rate: Worth = None,
    cards: o.Cards = None,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """Differences that somebody has to look at, oldest first."""
    worth, minimums = worths(rate), o.minimums(cards)
    with o.open_ledger(db) as ledger:
        breaks = _known(ledger, provider, ledger.reconcile(provider, month, worth=worth, minimums=minimums)).breaks
    shown = sorted(
        (one for one in breaks if all_ or one.status in ("open", "disputed")),
        key=lambda one: (-one.age_days, one.provider, one.id),
    )
    if json:
        answer({"breaks": [break_json(one) for one in shown]})
    else:
        breaks_table(shown)


@breaks_app.command("close")
def close(
    *,
    break_id: Annotated[str, typer.Argument(help="As `breaks list` has it, or its first letters, at least six.")],
    verdict: Annotated[
        str, typer.Option("--verdict", help="accepted posts what was billed; adjusted and disputed do not.")
    ],
    note: Annotated[str, typer.Option("--note", help="Why; kept for ever.")],
    author: Annotated[str | None, typer.Option("--author", help="Who says so; default: you.")] = None,
    rate: Worth = None,
    cards: o.Cards = None,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """A person's word on a break. New evidence opens it again."""
    if verdict not in _VERDICTS:
        known = ", ".join(_VERDICTS)
        raise BadRequest(f"--verdict {verdict!r} is none", value=verdict, limit=known, next=f"say {known}")
    word: Any = verdict
    worth, minimums = worths(rate), o.minimums(cards)
    with o.open_ledger(db) as ledger:
        found = ledger.close_break(
            break_id, word, author=o.author(author), note=note, worth=worth, minimums=minimums
        )  # fmt: skip
    if json:
        answer(break_json(found))
    else:
        console().print(f"break {found.id} of {found.amount} is {found.status}", markup=False)


def worths(rates: Iterable[str] | None) -> Mapping[str, Fraction]:
    """Currencies by what they are worth. Raises BadRequest."""
    pairs = o.pairs("--rate", list(rates or ()))
    return {name: o.positive(f"--rate {name}", text) for name, text in pairs.items()}


def break_json(one: Break) -> dict[str, object]:
    """A break, and the last word on it."""
    word = one.word
    said = word and {"verdict": word.verdict, "author": word.author, "note": word.note, "at": word.at.isoformat()}
    return one.as_json() | {"word": said}


def drift_json(one: Drift) -> dict[str, object]:
    return {
        "id": drift_id(one),
        "offer": one.offer,
        "settings": dict(one.settings),
        "currency": one.currency,
        "unit": one.unit,
        "card_price": _plain(one.card_price),
        "supported_price": _plain(one.supported_price),
        "charges": one.charges,
        "since": one.since.isoformat(),
        "text": one.text,
    }


def unit_json(one: UnitRate) -> dict[str, object]:
    return {
        "offer": one.offer,
        "settings": dict(one.settings),
        "currency": one.currency,
        "charges": one.charges,
        "price": None if one.price is None else _plain(one.price),
        "low": _plain(one.low),
        "high": _plain(one.high),
        "per_measure": None if one.per_measure is None else _plain(one.per_measure),
        "measure": one.measure,
        "since": one.since.isoformat(),
        "text": one.text,
    }


def drift_id(one: Drift) -> str:
    """Short, and the same as long as it is the same proposal."""
    words = f"{one.offer} {sorted(one.settings.items())} {one.unit} {one.supported_price} {one.since}"
    return sha256(words.encode()).hexdigest()[:8]


def _known(ledger: Ledger, provider: str | None, found: Reconciliation) -> Reconciliation:
    """The same. Raises BadRequest where nobody knows the provider: nothing to differ is no proof of a bill."""
    if provider is None or provider in FETCHED or found.jobs or found.purchases or ledger.statements(provider):
        return found
    known = ", ".join(sorted({*FETCHED, *(one.provider for one in ledger.statements())}))
    raise BadRequest(f"no job and no bill is of {provider!r}", value=provider, limit=known, next=f"use one of {known}")


def breaks_table(breaks: Iterable[Break]) -> None:
    table(
        "breaks",
        ("break", "kind", "provider", "job", ">amount", ">age", "status", "why", "suggestion, last word"),
        (
            (
                *(one.id[:8], one.kind, one.provider, None if one.job is None else one.job[:8], one.amount),
                *(f"{one.age_days} d", one.status, one.why, "; ".join(filter(None, (one.suggestion, _word(one))))),
            )
            for one in breaks
        ),
    )


def _word(one: Break) -> str:
    """Who said what of it, also of other evidence than today's."""
    if one.word is None:
        return ""
    was = f"{one.word.verdict}, then it changed, " if one.reopened else ""
    return f"{was}{one.word.author}: {one.word.note}"


def _tell(found: Reconciliation, drift: Iterable[Drift], units: Iterable[UnitRate]) -> None:
    off = [one for one in found.jobs if one.cause != "none"]
    if off:
        table(
            "what differs",
            ("job", "offer", ">quoted", ">held", ">reported", ">billed", ">variance", "cause", "why"),
            (_row(one) for one in off[:SHOWN]),
        )
        if len(off) > SHOWN:
            console().print(f"… and {len(off) - SHOWN} more; --json has all", markup=False)
    table(
        "totals",
        ("provider", ">jobs", ">quoted", ">posted", ">billed", ">variance", ">tolerated", ">not due yet"),
        (_total(one) for one in found.totals),
    )
    if found.breaks:
        breaks_table(found.breaks[:SHOWN])
    for one in drift:
        console().print(
            f"proposal {drift_id(one)}: {one.text}; accept it: "
            f"faregate reconcile --accept-drift {drift_id(one)} --into learned.toml",
            markup=False,
        )
    for unit in units:
        console().print(f"learned: {unit.text}", markup=False)
    agree = sum(one.jobs for one in found.jobs if one.cause == "none")
    agrees = f"{jobs_text(agree)} agree{'s' if agree == 1 else ''}"
    breaks = "1 break is" if len(found.open) == 1 else f"{len(found.open)} breaks are"
    console().print(f"{agrees}, {breaks} open", markup=False)


def _row(one: JobMatch) -> tuple[object, ...]:
    name = one.sku if one.job is None else one.job[:8]
    return (
        *(name, one.offer, one.quoted, one.held, one.reported, one.invoiced, one.variance),
        *(f"{one.cause}{'' if one.standing == 'break' else f' ({one.standing})'}", one.why),
    )


def _total(one: Totals) -> tuple[object, ...]:
    return (
        *(one.provider, one.jobs, one.quoted, one.posted, one.invoiced, one.variance),
        *(f"{one.tolerated} in {one.tolerated_count}", one.pending),
    )


def _accept(drift: Iterable[Drift], wanted: str, into: Path, cards: Sequence[Path] | None) -> Path:
    """Write the override of the card that counts; a file that is there is never touched. Raises BadRequest, BadCard."""
    found = next((one for one in drift if drift_id(one) == wanted), None)
    if found is None:
        raise BadRequest(f"there is no proposal {wanted}", value=wanted, next="faregate reconcile lists them")
    o.book(cards=cards)  # says what is wrong with a card
    shipped = Path(pricing.__file__).parent / "cards"
    over = [sorted(path.glob("*.toml")) if path.is_dir() else [path] for path in o.own_cards(cards)]
    for card in [*reversed([file for files in over for file in files]), *sorted(shipped.glob("*.toml"))]:
        try:
            override = proposal(found, card.read_text("utf-8"), on=o.today())
        except LedgerError as error:
            if "the card has no offer" in str(error):
                continue
            raise
        try:
            with into.open("x", encoding="utf-8") as file:
                file.write(override)
        except OSError as error:
            raise BadRequest(
                f"{into} cannot be written: {error.strerror}", value=str(into), next="name a new file"
            ) from error
        return into
    raise BadRequest(f"no card has {found.offer}", value=found.offer, next="name the card that has it with --cards")


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadRequest(f"--at {text!r} is not a time", value=text, next="write 2026-11-30T12:00Z") from error


def _plain(value: Fraction) -> str:
    """Exact where it is a decimal, else as a fraction."""
    found = value.numerator * 10**12 // value.denominator
    exactly = Fraction(found, 10**12) == value
    return f"{found // 10**12}.{found % 10**12:012d}".rstrip("0").rstrip(".") if exactly and found >= 0 else str(value)
