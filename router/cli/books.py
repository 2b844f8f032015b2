"""budget set, list, show; verify: limits and proof. Talks to no provider."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import typer

from ledger import Budget
from pricing import Money

from .. import Refused
from . import options as o
from .output import answer, console, money, table

budget_app = typer.Typer(name="budget", help="Limits by scope.", no_args_is_help=True, rich_markup_mode=None)
FAULT = 5


@budget_app.command("set")
def set_(
    *,
    scope: Annotated[str, typer.Argument(help="A path such as acme/campaign-7.")],
    limit: Annotated[str, typer.Argument(help='"7 USD"; "none USD" tracks without a limit.')],
    window: Annotated[str, typer.Option("--window", help="total or month.")] = "total",
    tz: Annotated[str, typer.Option("--tz", help="The IANA zone in which the window turns over.")] = "UTC",
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """Set or change a limit. Cutting it below what is held or spent refuses new holds, nothing else."""
    word, _, currency = limit.strip().partition(" ")
    uncapped = word.lower() == "none"
    wish: Any = window
    chosen: Literal["total", "month"] = wish
    with o.open_ledger(db) as ledger:
        budget = ledger.set_budget(
            scope,
            None if uncapped else Money.parse(limit),
            currency=currency.strip() if uncapped else None,
            window=chosen,
            tz=tz,
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
    if json:
        answer({"scope": scope, "budgets": [budget_json(one) for one in found]})
    else:
        _show(f"budgets over {scope}", found)


def verify(*, db: o.Db = None, json: o.Json = False) -> None:
    """Recompute every sum from the facts. Exit code 5 when anything differs."""
    with o.open_ledger(db) as ledger:
        verdict = ledger.verify()
    if json:
        checks = [{"name": one.name, "ok": one.ok, "count": one.count} for one in verdict.checks]
        answer({"ok": verdict.ok, "checks": checks, "faults": list(verdict.faults)})
    else:
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
        "period_start": None if one.period_start is None else one.period_start.isoformat(),
        "period_end": None if one.period_end is None else one.period_end.isoformat(),
    }


def _show(title: str, budgets: Iterable[Budget]) -> None:
    table(
        title,
        ("scope", "window", ">limit", ">spent", ">held", ">available"),
        (
            (one.scope, one.window, one.limit or "no limit", one.spent, one.held, one.available or "no limit")
            for one in budgets
        ),
    )
