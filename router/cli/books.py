"""budget set, list, show, freeze, open, close, explain, notices; verify: limits and proof. Talks to no provider."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any

import typer

from ledger import Budget, Explanation, Notice, PastRefusal, Refusal, Standing
from pricing import Money

from .. import Refused
from . import options as o
from .output import answer, console, money, table

budget_app = typer.Typer(name="budget", help="Limits by scope.", no_args_is_help=True, rich_markup_mode=None)
FAULT = 5
Path = Annotated[str, typer.Argument(help="A path such as acme/campaign-7.")]
Only = Annotated[str | None, typer.Option("--window", help="Only its budget of this window; default: all of them.")]
Author = Annotated[str | None, typer.Option("--author", help="Who says so; default: you.")]
Note = Annotated[str, typer.Option("--note", help="Why; kept for ever.")]


@budget_app.command("set")
def set_(
    *,
    scope: Path,
    limit: Annotated[str, typer.Argument(help='"7 USD"; "none USD" tracks without a limit.')],
    window: Annotated[str, typer.Option("--window", help="total, month, week or day.")] = "total",
    week_start: Annotated[
        str | None, typer.Option("--week-start", help="The first day of a week; default monday.")
    ] = None,
    tz: Annotated[str, typer.Option("--tz", help="The IANA zone in which the window turns over.")] = "UTC",
    overrun: Annotated[
        str | None,
        typer.Option(
            "--overrun",
            help="After a charge past the limit: freeze (no new holds until a person looks; the default), "
            "allow_to_limit (holds that fit again), alert (holds are never refused).",
        ),
    ] = None,
    author: Author = None,
    note: Note = "",
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """Set or change a limit. Cutting it below what is held or spent refuses new holds, nothing else."""
    word, _, currency = limit.strip().partition(" ")
    uncapped = word.lower() == "none"
    words: dict[str, Any] = {"window": window, "week_start": week_start, "overrun": overrun}  # the ledger checks them
    with o.open_ledger(db) as ledger:
        budget = ledger.set_budget(
            scope,
            None if uncapped else Money.parse(limit),
            currency=currency.strip() if uncapped else None,
            tz=tz,
            author=o.author(author),
            note=note,
            **words,
        )
    if json:
        answer(budget_json(budget))
    else:
        _show("budget", (budget,))


@budget_app.command("list")
def list_(*, db: o.Db = None, json: o.Json = False) -> None:
    """Every budget."""
    with o.open_ledger(db) as ledger:
        found = ledger.all_budgets()
    if json:
        answer({"budgets": [budget_json(one) for one in found]})
    else:
        _show("budgets", found)


@budget_app.command("show")
def show(*, scope: Annotated[str, typer.Argument()], db: o.Db = None, json: o.Json = False) -> None:
    """Every budget that a job in this scope must fit into."""
    with o.open_ledger(db) as ledger:
        found = ledger.budgets(scope)
    if not found:
        raise Refused(f"no budget covers {scope}", value=scope, next=f'make one: faregate budget set {scope} "50 USD"')
    _budgets(scope, f"budgets over {scope}", found, json=json)


@budget_app.command("freeze")
def freeze(
    *, scope: Path, window: Only = None, author: Author = None, note: Note = "", db: o.Db = None, json: o.Json = False
) -> None:
    """Let no new hold in, until somebody opens it. What is held goes on, what is charged is recorded."""
    with o.open_ledger(db) as ledger:
        _gate(ledger.freeze, scope, window, author, note, json=json)


@budget_app.command("open")
def open_(
    *, scope: Path, window: Only = None, author: Author = None, note: Note = "", db: o.Db = None, json: o.Json = False
) -> None:
    """Let holds in again, as far as there is room; also where a charge past the limit froze it."""
    with o.open_ledger(db) as ledger:
        _gate(ledger.open_budget, scope, window, author, note, json=json)


@budget_app.command("close")
def close(
    *, scope: Path, window: Only = None, author: Author = None, note: Note = "", db: o.Db = None, json: o.Json = False
) -> None:
    """The same as freeze, with the word that it is done for good."""
    with o.open_ledger(db) as ledger:
        _gate(ledger.close_budget, scope, window, author, note, json=json)


@budget_app.command("explain")
def explain(
    *,
    scope: Path,
    amount: Annotated[
        str | None, typer.Argument(help='Would this fit, e.g. "4 USD"? Default: anything at all.')
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="At most this many jobs of a budget, and refusals.")] = 20,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """Why a hold would be refused here, which jobs hold the money, and what was refused last."""
    with o.open_ledger(db) as ledger:
        found = ledger.explain(scope, None if amount is None else Money.parse(amount), limit)
    if json:
        answer(explanation_json(found))
    else:
        _explained(found)


@budget_app.command("notices")
def notices(
    *,
    scope: Annotated[str | None, typer.Argument(help="This scope and below; default: all.")] = None,
    after: Annotated[int, typer.Option("--after", help="Only those with a higher number.")] = 0,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """What was noticed of budgets: terms that somebody changed, thresholds (50, 80, 100 %) and limits passed."""
    with o.open_ledger(db) as ledger:
        found = ledger.notices(scope, after)
    if json:
        answer({"notices": [notice_json(one) for one in found]})
    else:
        table(
            "notices",
            (">number", "at", "scope", "window", "what", ">limit", ">spent", ">held", "by", "note"),
            (
                (
                    *(one.id, _when(one.at), one.scope, one.window, _what(one), _or_none(one.limit)),
                    *(one.spent, one.held, one.author, one.note),
                )
                for one in found
            ),
        )


def verify(
    *,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="First write every sum and state anew from the facts, and say what changed."),
    ] = False,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """Recompute every sum from the facts. Exit code 5 when anything differs."""
    with o.open_ledger(db) as ledger:
        changed = ledger.rebuild() if rebuild else ()
        verdict = ledger.verify()
    if json:
        checks = [{"name": one.name, "ok": one.ok, "count": one.count} for one in verdict.checks]
        more = {"rebuilt": list(changed)} if rebuild else {}
        answer({"ok": verdict.ok, "checks": checks, "faults": list(verdict.faults), **more})
    else:
        for line in changed:
            console().print(f"rebuilt: {line}", markup=False)
        table(
            "verify",
            ("check", "verdict", ">looked at"),
            ((one.name, "ok" if one.ok else "FAULT", one.count) for one in verdict.checks),
        )
        for fault in verdict.faults:
            console().print(f"fault: {fault}", markup=False)
    if not verdict.ok:
        raise typer.Exit(FAULT)


def budget_json(one: Budget) -> dict[str, object]:
    """A budget as the contract has it; a null limit is a budget without a cap."""
    return {
        "scope": one.scope,
        "currency": one.currency,
        "limit": money(one.limit),
        "spent": money(one.spent),
        "held": money(one.held),
        "available": money(one.available),
        "exposed": money(one.exposed),
        "window": one.window,
        "tz": one.tz,
        "week_start": one.week_start,
        "overrun": one.overrun,
        "gate": one.gate,
        "period_start": None if one.period_start is None else one.period_start.isoformat(),
        "period_end": None if one.period_end is None else one.period_end.isoformat(),
    }


def explanation_json(found: Explanation) -> dict[str, object]:
    return {
        "scope": found.scope,
        "asked": money(found.asked),
        "refused": None if found.refused is None else refusal_json(found.refused),
        "budgets": [_standing_json(one) for one in found.budgets],
        "refusals": [_past_json(one) for one in found.refusals],
    }


def refusal_json(one: Refusal) -> dict[str, object]:
    return {
        "reason": one.reason,
        "scope": one.scope,
        "limit": money(one.limit),
        "available": money(one.available),
        "asked": money(one.asked),
        "detail": one.detail,
    }


def notice_json(one: Notice) -> dict[str, object]:
    return {
        "number": one.id,
        "at": one.at.isoformat(),
        "scope": one.scope,
        "window": one.window,
        "tz": one.tz,
        "kind": one.kind,
        "threshold": one.threshold,
        "limit": money(one.limit),
        "spent": money(one.spent),
        "held": money(one.held),
        "period_start": None if one.period_start is None else one.period_start.isoformat(),
        "author": one.author,
        "note": one.note,
    }


def _standing_json(one: Standing) -> dict[str, object]:
    holders = [
        {
            "job": job.job,
            "key": job.key,
            "scope": job.scope,
            "state": job.state,
            "open": money(job.open),
            "since": job.since.isoformat(),
            "expires_at": None if job.expires_at is None else job.expires_at.isoformat(),
            "owner": job.owner,
        }
        for job in one.holders
    ]
    more = {"lets_in": one.lets_in, "lapsed": money(one.lapsed), "jobs": one.jobs, "holders": holders}
    return budget_json(one.budget) | more


def _past_json(one: PastRefusal) -> dict[str, object]:
    return refusal_json(one.refusal) | {"at": one.at.isoformat(), "job": one.job, "key": one.key, "offer": one.offer}


def _gate(
    verb: Callable[..., tuple[Budget, ...]],
    scope: str,
    window: str | None,
    author: str | None,
    note: str,
    *,
    json: bool,
) -> None:
    found = verb(scope, author=o.author(author), note=note, window=window)
    _budgets(scope, f"budgets of {scope}", found, json=json)


def _budgets(scope: str, title: str, found: Iterable[Budget], *, json: bool) -> None:
    if json:
        answer({"scope": scope, "budgets": [budget_json(one) for one in found]})
    else:
        _show(title, found)


def _show(title: str, budgets: Iterable[Budget]) -> None:
    table(
        title,
        ("scope", "window", ">limit", ">spent", ">held", ">available", "gate"),
        (
            (one.scope, one.window, _or_none(one.limit), one.spent, one.held, _or_none(one.available), one.gate)
            for one in budgets
        ),
    )


def _or_none(limit: Money | None) -> object:
    """A limit of zero is one."""
    return "no limit" if limit is None else limit


def _when(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"


def _what(one: Notice) -> str:
    return (
        f"{one.threshold} % spent" if one.threshold is not None else "limit passed" if one.kind == "over" else one.kind
    )


def _explained(found: Explanation) -> None:
    asked = "a hold" if found.asked is None else f"a hold of {found.asked}"
    why = "would be granted" if found.refused is None else f"would be refused: {found.refused.detail}"
    console().print(f"{asked} in {found.scope} {why}", markup=False)
    _show(f"budgets over {found.scope}", (one.budget for one in found.budgets))
    for one in found.budgets:
        if not one.jobs:
            continue
        lapsed = f", {one.lapsed} of it lapsed" if one.lapsed else ""
        rest = "" if one.jobs == len(one.holders) else f"; the {len(one.holders)} largest"
        table(
            f"{one.budget.scope}, {one.budget.window}: {one.jobs} jobs hold {one.budget.held}{lapsed}{rest}",
            ("job", "key", "scope", "state", ">open", "since", "lapses", "owner"),
            (
                (
                    *(job.job[:8], job.key[:24], job.scope, job.state, job.open),
                    *(_when(job.since), _when(job.expires_at), job.owner[:24]),
                )
                for job in one.holders
            ),
        )
    if found.refusals:
        table(
            "refused last",
            ("at", "key", "reason", ">asked", "why"),
            (
                (_when(one.at), one.key[:24], one.refusal.reason, one.refusal.asked, one.refusal.detail)
                for one in found.refusals
            ),
        )
