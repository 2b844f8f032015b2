"""plan: who makes each job of a file under one budget, and, when asked to, making them. The rules are the router's."""

from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pricing import Money

from .. import BadRequest, BatchResult, LeftOut, Made, Patience, Plan, Router
from ..plan import Goal, left_text, summary, upgrade_text
from . import options as o
from .batches import read_batch
from .jobs import job_json
from .output import answer, complain, console, money, named, span, table
from .prices import candidate_json, plain, rejection_json
from .run import Wait

REFUSED, PROVIDER, UNKNOWN = 1, 3, 4
COLUMNS = {"made": "made", "failed": "failed", "unknown": "outcome unknown", "left_out": "left out"}


def plan(
    *,
    file: Annotated[Path, typer.Argument(help="CSV or JSON lines: image, audio, seconds, … and limits, a job a row.")],
    budget: Annotated[str | None, typer.Option("--budget", help='For all jobs together, e.g. "50 USD".')] = None,
    objective: Annotated[
        str, typer.Option("--objective", help="quality: the most in sum; cost: the least for what each job needs.")
    ] = "quality",
    max_cost: o.MaxCost = None,
    max_latency: o.MaxLatency = None,
    min_quality: o.MinQuality = None,
    provider: o.Providers = None,
    plan: o.Plan = None,
    cards: o.Cards = None,
    scope: o.Scope = None,
    run: Annotated[bool, typer.Option("--run", help="Make the clips, too; needs --scope.")] = False,
    key: Annotated[
        str | None, typer.Option("--key", help="Repeat it to go on with this batch; made up if absent.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="k=v, kept with each job; may be repeated.")] = None,
    wait: Wait = 1200,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """Who makes each job of a file within one budget, how good that is at most, what one more dollar would buy."""
    policy = o.policy(
        max_cost=max_cost, max_latency=max_latency, min_quality=min_quality, objective="cheapest", providers=provider
    )
    if run and not scope:
        raise BadRequest("--run needs --scope", next="say who pays: --scope acme/campaign-7")
    if key is not None and not run:
        raise BadRequest("--key goes with --run", value=key, next="add --run, or leave it out")
    tags = o.pairs("--tag", tag)
    jobs = read_batch(file, policy)
    limit = None if budget is None else Money.parse(budget)
    wish: Any = objective
    goal: Goal = wish
    # Without a scope no budget is asked, and the user's ledger is not touched.
    with (
        o.open_ledger(db if scope else "sqlite://") as ledger,
        Router(o.book(plan, cards), ledger=ledger, patience=Patience(wait_s=wait)) as router,
    ):
        found = router.plan(jobs, budget=limit, objective=goal, policy=policy, scope=scope)
        if not json:
            _tell(found)
        result = _run(router, found, key or f"plan-{uuid4()}", tags, quiet=json) if run else None
    if json:
        answer(plan_json(found) | ({} if result is None else {"run": result_json(result)}))
    elif result is not None:
        _tell_result(result)
    _exit(found, result)


def _run(router: Router, plan: Plan, key: str, tags: dict[str, str], *, quiet: bool) -> BatchResult:
    """Make the clips, with a bar that grows as they end."""
    if not quiet:
        console().print(f"key {key} (repeat it to go on with this batch)", markup=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    screen = Console(stderr=True)
    with Progress(*columns, console=screen, disable=quiet or not screen.is_terminal, transient=True) as bar:
        task = bar.add_task("making", total=len(plan.jobs))

        def on_job(_made: Made) -> None:
            bar.advance(task)

        return router.run_plan(plan, key=key, tags=tags, on_job=on_job)


def _exit(plan: Plan, result: BatchResult | None) -> None:
    """Unknown before failed before left out: the worst decides."""
    left = len(plan.left_out) if result is None else result.count("left_out")
    worst = [
        (UNKNOWN, result.count("unknown") if result else 0, "have no outcome yet: run `faregate resume`"),
        (PROVIDER, result.count("failed") if result else 0, "failed"),
        (REFUSED, left, "are left out: nothing is eligible, or the budget does not cover them"),
    ]
    for code, count, words in worst:
        if count:
            complain(f"{count} of {len(plan.jobs)} jobs {words}")
            raise typer.Exit(code)


def _tell(plan: Plan) -> None:
    table(
        "plan",
        (">job", "offer", ">expected", ">at most", ">quality"),
        (
            (
                one.row,
                named(one.candidate.offer, one.candidate.settings),
                one.cost.expected,
                one.cost.high,
                "unknown" if one.candidate.quality is None else plain(one.candidate.quality),
            )
            for one in plan.shares
        ),
    )
    for text in (*(f"job {left_text(one)}" for one in plan.left_out), *summary(plan)):
        console().print(text, markup=False)


def _tell_result(result: BatchResult) -> None:
    table(
        "made",
        (">job", "ending", "offer", ">charged", "clip or reason"),
        (
            (
                one.row,
                COLUMNS[one.ending],
                "" if one.job is None else named(one.job.offer, one.job.settings),
                None if one.job is None else one.job.charged,
                one.job.outputs[0] if one.job is not None and one.ending == "made" else one.reason,
            )
            for one in result.made
        ),
    )
    again = f"; planned again {result.replanned} times" if result.replanned else ""
    console().print(f"charged {result.charged}, still set aside {result.open}{again}", markup=False)


def plan_json(plan: Plan) -> dict[str, object]:
    """A plan as the contract has it."""
    up = plan.upgrade
    return {
        "objective": plan.objective,
        "budget": money(plan.budget),
        "limit": money(plan.limit),
        "scope": plan.scope,
        "chosen": [{"job": one.row, **candidate_json(one.candidate), "cost": span(one.cost)} for one in plan.shares],
        "left_out": [_left_json(one) for one in plan.left_out],
        "total": span(plan.total),
        "score": _score(plan.score),
        "bound": _score(plan.bound),
        "gap_ppm": plain(plan.gap_ppm),
        "proven": plan.proven,
        "next": None
        if up is None
        else {
            "job": up.row,
            "now": None if up.now is None else {"offer": up.now.offer, "settings": dict(up.now.settings)},
            "then": {"offer": up.then.offer, "settings": dict(up.then.settings)},
            "more": money(up.more),
            "short": money(up.short),
            "gain": _score(up.gain),
            "text": upgrade_text(plan),
        },
        "finishes_in_s": plain(plan.finishes_in_s),
        "at_once": plan.at_once,
        "assumptions": [{"text": text, "jobs": count} for text, count in plan.assumptions],
    }


def result_json(result: BatchResult) -> dict[str, object]:
    """How a batch ended, as the contract has it."""
    return {
        "key": result.key,
        "jobs": [
            {
                "job": one.row,
                "ending": one.ending,
                "reason": one.reason,
                "view": None if one.job is None else job_json(one.job),
            }
            for one in result.made
        ],
        "charged": money(result.charged),
        "open": money(result.open),
        "replanned": result.replanned,
    }


def _left_json(one: LeftOut) -> dict[str, object]:
    return {
        "job": one.row,
        "least": money(one.least),
        "rejections": [rejection_json(no) for no in one.rejections],
        "text": left_text(one),
    }


def _score(score: object) -> object:
    return money(score) if isinstance(score, Money) else f"{score:f}"
