"""The options that commands share, and how their text becomes values. Bad text is one clear line and exit code 2."""

import getpass
import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import platformdirs
import typer

from ledger import Ledger
from pricing import Money, PriceBook, Quantity, Usage
from pricing import Offer as SoldOffer

from .. import AvatarVideo, BadRequest, Demand, Policy
from ..estimate import measure
from ..policy import Objective

Json = Annotated[bool, typer.Option("--json", help="Exactly one JSON document on stdout.")]
Db = Annotated[
    str | None,
    typer.Option(
        "--db", help="sqlite:///FILE or postgresql://USER@HOST/BASE; default FAREGATE_DB, else a file of yours."
    ),
]
Offer = Annotated[str, typer.Option("--offer", help="As `faregate offers` lists them.")]
Seconds = Annotated[str | None, typer.Option("--seconds", help="Length in seconds.")]
Audio = Annotated[Path | None, typer.Option("--audio", help="A voice track to measure.")]
Measures = Annotated[
    list[str] | None,
    typer.Option("--measure", help="What else the job takes, NAME=AMOUNT, e.g. width=1280; may be repeated."),
]
Set = Annotated[list[str] | None, typer.Option("--set", help="A setting, key=value; may be repeated.")]
Outputs = Annotated[int, typer.Option("--outputs", help="Variations to make; each is charged.")]
At = Annotated[str | None, typer.Option("--at", help="The day to quote for, YYYY-MM-DD (UTC); default today.")]
Plan = Annotated[list[str] | None, typer.Option("--credit-plan", help="provider=plan, e.g. creatify=api-pro.")]
Cards = Annotated[
    list[Path] | None,
    typer.Option("--cards", help="Cards, a file or folder, over the shipped ones; may be repeated. FAREGATE_CARDS."),
]
Scope = Annotated[str | None, typer.Option("--scope", help="A path such as acme/campaign-7.")]
Resolution = Annotated[str | None, typer.Option("--resolution", help="The least the clip may have, e.g. 720p.")]
MaxCost = Annotated[str | None, typer.Option("--max-cost", help='The most one job may cost, e.g. "4 USD".')]
MaxLatency = Annotated[str | None, typer.Option("--max-latency", help="Seconds from submit to clip, at 90 %.")]
MinQuality = Annotated[str | None, typer.Option("--min-quality", help="0 to 1; unknown quality fails it.")]
Goal = Annotated[str, typer.Option("--objective", help="cheapest, fastest, best or balanced.")]
Providers = Annotated[list[str] | None, typer.Option("--provider", help="Allow only these; may be repeated.")]

_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_PLAIN = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
ANY_IMAGE = "https://example.com/face.png"
"""Stands for the picture that `route` is not told of: its price and readiness do not depend on it."""


def author(given: str | None) -> str:
    """Who says so: the one named, else who you are; empty where the machine does not know."""
    try:
        return given or getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""


def positive(option: str, text: str, most: int = 10**9) -> Fraction:
    """A plain number above zero. Raises BadRequest."""
    found = Decimal(text) if _PLAIN.fullmatch(text) else Decimal(0)
    if not 0 < found <= most:
        raise BadRequest(
            f"{option} {text[:40]!r} is no plain number above 0", value=text[:40], limit=f"{most:,}", next="write 1.08"
        )
    return Fraction(found)


def today() -> date:
    return datetime.now(UTC).date()


def month(text: str) -> tuple[date, date]:
    """A month, 2026-11, as its first day and the first one after. Raises BadRequest."""
    found = month_of(text)
    if found is None:
        raise BadRequest(f"--month {text[:80]!r} is not a month", value=text[:80], next="write 2026-11")
    return found


def month_of(text: str) -> tuple[date, date] | None:
    """The same; None: the text is no month."""
    try:
        if _MONTH.fullmatch(text):
            first = date.fromisoformat(f"{text}-01")
            return first, (first + timedelta(days=32)).replace(day=1)
    except (ValueError, OverflowError):
        pass
    return None


def day(text: str | None, option: str = "--at") -> date:
    """A date as the user wrote it; None is today (UTC)."""
    if text is None:
        return today()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(f"{option} {text!r} is not a date", value=text, next="write YYYY-MM-DD") from error


def pairs(option: str, texts: Sequence[str] | None) -> dict[str, str]:
    """`key=value` options as a mapping. Raises BadRequest for a missing or doubled key."""
    found: dict[str, str] = {}
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not (key and equals) or key in found:
            raise BadRequest(
                f"{option} {text!r} is not one key=value", value=text, next=f"write {option} key=value, each key once"
            )
        found[key] = value
    return found


def book(plans: Sequence[str] | None = None, cards: Sequence[Path] | None = None) -> PriceBook:
    """The shipped prices, with the cards of FAREGATE_CARDS and --cards over them, and the credit plans named."""
    paths = own_cards(cards)
    shipped = PriceBook.shipped()
    return planned(shipped.with_cards(paths) if paths else shipped, plans)


def own_cards(cards: Sequence[Path] | None) -> list[Path]:
    """The cards of FAREGATE_CARDS and --cards, in the order in which they are laid over the shipped ones."""
    listed = [Path(path) for path in os.environ.get("FAREGATE_CARDS", "").split(os.pathsep) if path]
    return card_paths([*listed, *(cards or ())])


def minimums(cards: Sequence[Path] | None) -> Mapping[str, Fraction]:
    """The least that offers charge. No shipped card states a minimum, so only a book with others is read for it."""
    return book(cards=cards).minimums(today()) if own_cards(cards) else {}


def planned(book: PriceBook, plans: Sequence[str] | None) -> PriceBook:
    """The book with the credit plans the user named. Raises NoPlan."""
    for provider, plan in pairs("--credit-plan", plans).items():
        book = book.with_plan(provider, plan)
    return book


def card_paths(paths: Sequence[Path]) -> list[Path]:
    """The paths of cards; a folder without any is a slip of the pen. Raises BadRequest."""
    for path in paths:
        if path.is_dir() and not any(path.glob("*.toml")):
            raise BadRequest(f"there is no *.toml in {path}", value=str(path), next="name a card file, or its folder")
    return list(paths)


def usage(offer: SoldOffer, seconds: str | None, audio: Path | None, measures: Sequence[str] | None) -> Usage:
    """For `quote`: --seconds is the billed measure, --audio a file to measure, --measure whatever else the job takes.

    Raises BadRequest for one measure stated twice, BadQuantity.
    """
    others = pairs("--measure", measures)
    if not others:
        _one_of(seconds, audio, ", or state what the job takes with --measure NAME=AMOUNT")
    elif seconds is not None and audio is not None:
        raise BadRequest("give --seconds or --audio, not both")
    found: dict[str, Quantity] = {}
    if seconds is not None:
        found.update(Usage.billed(seconds))
    if audio is not None:
        found.update(Usage.audio(measure(audio).seconds))
    option, same = ("--audio", set(found)) if seconds is None else ("--seconds", {*found, offer.measure})
    for name, amount in others.items():
        if name in same:
            raise BadRequest(f"{option} and --measure {name} state the same measure", value=name, next="leave one out")
        found.update(Usage.of(**{name: amount}))
    return Usage(found)


def demand(
    seconds: str | None, audio: Path | None, *, template: bool, resolution: str | None, outputs: int
) -> Demand | AvatarVideo:
    """For `route`: a stated length or range LOW-HIGH (of the audio, or of a template's clip), or a file to measure."""
    _one_of(seconds, audio)
    if audio is not None:
        if template:
            raise BadRequest("--template takes --seconds LOW-HIGH, not --audio", value=str(audio))
        return AvatarVideo(ANY_IMAGE, audio, resolution=resolution, outputs=outputs)
    low, high = ends(seconds or "")
    if template:
        return Demand("template", Usage.video(low, high), Decimal(high), resolution, outputs)
    spoken = Usage({"input_audio_seconds": Quantity.seconds(low, high)})
    return Demand("avatar", spoken, Decimal(high), resolution, outputs)


def ends(text: str) -> tuple[str, str]:
    """The two ends of LOW-HIGH, or one length twice; checked."""
    low, dash, high = text.partition("-")
    if not low and dash:
        low, high = text, text  # a negative number: let the check name it
    ends = (low, high if dash else low)
    Usage.video(*ends)
    return ends


def policy(
    *,
    max_cost: str | None,
    max_latency: str | None,
    min_quality: str | None,
    objective: str,
    providers: Sequence[str] | None,
) -> Policy:
    """The limits and the objective as the user wrote them; Policy checks them."""
    known = sorted({one.provider for one in PriceBook.shipped().offers.values()})
    if strange := sorted(set(providers or ()) - set(known)):
        names = ", ".join(known)
        raise BadRequest(f"no provider {strange[0]!r}", value=strange[0], limit=names, next=f"use {names}")
    wish: Any = objective
    goal: Objective = wish
    return Policy(
        max_cost=None if max_cost is None else Money.parse(max_cost),
        max_latency_s=max_latency,
        min_quality=min_quality,
        objective=goal,
        providers=frozenset(providers) if providers else None,
    )


def open_ledger(url: str | None) -> Ledger:
    """The ledger of --db, FAREGATE_DB, or the user's data folder."""
    return Ledger.open(ledger_url(url))


def ledger_url(url: str | None) -> str:
    """Where that ledger is. Raises BadRequest."""
    chosen = url or os.environ.get("FAREGATE_DB")
    if not chosen:
        folder = platformdirs.user_data_path("faregate", ensure_exists=True)
        chosen = f"sqlite:///{folder / 'ledger.db'}"
    elif "://" not in chosen:
        if re.match(r"[^/.][^/]*:.*@", chosen):  # it may hold a password, so it is not repeated
            raise BadRequest("that is not a database", next="write an address as postgresql://user@host/base")
        if not (os.sep in chosen or Path(chosen).suffix in (".db", ".sqlite", ".sqlite3")):
            raise BadRequest(f"{chosen!r} is not a database", value=chosen, next="write --db sqlite:///spend.db")
    return chosen


def savable(path: Path | None) -> None:
    """Refuse a place where no clip can be saved, before one is paid for. Raises BadRequest."""
    try:
        fine = path is None or (not path.is_dir() and path.parent.is_dir())
    except OSError:  # no name at all: too long, say
        fine = False
    if not fine:
        raise BadRequest(f"--save {path} is not a file in a folder that exists", value=str(path), next="name another")


def variables(path: Path | None) -> Mapping[str, object]:
    """The template's variables from a JSON file; none is an empty mapping."""
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text("utf-8"), parse_constant=_refuse)
    except (OSError, ValueError, RecursionError) as error:
        raise BadRequest(f"--variables {path} is not a readable JSON file: {error}", value=str(path)) from error
    if not isinstance(found, dict):
        raise BadRequest(f"--variables {path} must hold one JSON object", value=str(path))
    return found  # pyright: ignore[reportUnknownVariableType]  # any JSON object is fine


def _refuse(word: str) -> object:
    raise ValueError(f"{word} is not a JSON number")


def _one_of(seconds: str | None, audio: Path | None, more: str = "") -> None:
    if (seconds is None) == (audio is None):
        raise BadRequest(f"give exactly one of --seconds and --audio{more}")
