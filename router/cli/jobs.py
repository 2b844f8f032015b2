"""job, jobs, resolve: what the ledger knows of each job, and a person's last word. Talks to no provider."""

from collections.abc import Iterable
from typing import Annotated, Literal

import typer

from pricing import Money

from .. import BadRequest, UnknownJob
from ..policy import exact
from ..ports import AttemptView, JobView
from . import options as o
from .output import answer, console, money, named, span, table


def jobs(*, db: o.Db = None, json: o.Json = False) -> None:
    """Every job: quoted, held, reported, charged, and why they differ."""
    with o.open_ledger(db) as ledger:
        found = ledger.jobs()
    if json:
        answer({"jobs": [job_json(one) for one in found]})
    else:
        jobs_table("jobs", found)


def job(*, job: Annotated[str, typer.Argument(help="A job id.")], db: o.Db = None, json: o.Json = False) -> None:
    """One job's whole story in order of time: quote, hold, attempts, evidence, postings."""
    with o.open_ledger(db) as ledger:
        view = ledger.job(job)
        if view is None:
            raise UnknownJob(f"there is no job {job} in this ledger", value=job, next="see `faregate jobs`")
        events, legs = ledger.timeline(job), ledger.postings(job)
    if json:
        answer(
            {
                **job_json(view),
                "request": dict(view.request),
                "attempts": [attempt_json(one) for one in view.attempts],
                "timeline": [{"at": one.at.isoformat(), "kind": one.kind, "detail": one.detail} for one in events],
                "postings": [
                    {"at": one.at.isoformat(), "kind": one.kind, "account": one.account, "amount": money(one.amount)}
                    for one in legs
                ],
            }
        )
        return
    jobs_table(f"job {view.id}, key {view.key}, {view.scope}: {view.reason or view.state}", (view,))
    table(
        "story", ("at", "what", "detail"), ((f"{one.at:%Y-%m-%d %H:%M:%S.%f}Z", one.kind, one.detail) for one in events)
    )
    table("postings", ("why", "account", ">amount"), ((one.kind, one.account, one.amount) for one in legs))


def resolve(
    *,
    job: Annotated[str, typer.Argument(help="A job id.")],
    charged: Annotated[str | None, typer.Option("--charged", help='What it cost, e.g. "1.40 USD".')] = None,
    not_charged: Annotated[bool, typer.Option("--not-charged", help="The provider did not charge.")] = False,
    written_off: Annotated[
        bool, typer.Option("--written-off", help="Nobody will ever know: give the hold back.")
    ] = False,
    note: Annotated[str, typer.Option("--note", help="Why; kept for ever.")],
    author: Annotated[str | None, typer.Option("--author", help="Who says so; default: you.")] = None,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """End an open question as a person: charged, not charged, or written off."""
    if sum((charged is not None, not_charged, written_off)) != 1:
        raise BadRequest("give exactly one of --charged AMOUNT, --not-charged and --written-off")
    verdict: Literal["charged", "not_charged", "written_off"] = (
        "charged" if charged is not None else "not_charged" if not_charged else "written_off"
    )
    amount = None if charged is None else Money.parse(charged)
    with o.open_ledger(db) as ledger:
        view = ledger.resolve(job, charged=amount, verdict=verdict, note=note, author=o.author(author))
    if json:
        answer(job_json(view))
    else:
        console().print(f"job {view.id} is {view.state}: {view.reason}", markup=False)


def rate(
    *,
    job: Annotated[str, typer.Argument(help="A job id.")],
    score: Annotated[str, typer.Argument(help="How good its clips are, from 0 to 1.")],
    note: Annotated[str, typer.Option("--note", help="Why; kept for ever.")] = "",
    author: Annotated[str | None, typer.Option("--author", help="Who says so; default: you.")] = None,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """Say how good a job's clips are: later choices take it into account. Your later word replaces the earlier."""
    said, who = exact(score), o.author(author)
    with o.open_ledger(db) as ledger:
        ledger.rate(job, said, author=who, note=note)
        view = ledger.job(job)
    if view is None:
        raise UnknownJob(f"there is no job {job} in this ledger", value=job, next="see `faregate jobs`")
    if json:
        answer(
            {"job": view.id, "offer": view.offer, "settings": dict(view.settings), "score": f"{said:f}", "author": who}
        )
    else:
        console().print(f"job {view.id} by {named(view.offer, view.settings)}: {said:f}, says {who}", markup=False)


def job_json(view: JobView) -> dict[str, object]:
    """A job as the contract has it."""
    return {
        "job": view.id,
        "key": view.key,
        "scope": view.scope,
        "state": view.state,
        "offer": view.offer,
        "settings": dict(view.settings),
        "quoted": money(view.quoted.expected),
        "quoted_range": span(view.quoted),
        "held": money(view.held),
        "open": money(view.open),
        "reported": money(view.reported),
        "charged": money(view.charged),
        "native": money(view.native),
        "exposed": money(view.exposed),
        "variance": money(view.variance),
        "cause": view.cause,
        "evidence": view.evidence,
        "final": view.final,
        "reason": view.reason,
        "tags": dict(view.tags),
        "created_at": view.created_at.isoformat(),
        "outputs": list(view.outputs),
    }


def attempt_json(one: AttemptView) -> dict[str, object]:
    return {
        "attempt": one.id,
        "offer": one.offer,
        "settings": dict(one.settings),
        "provider": one.provider,
        "outcome": one.outcome,
        "provider_job": one.provider_job,
        "reason": one.reason,
        "high": money(one.high),
        "started_at": one.started_at.isoformat(),
    }


def jobs_table(title: str, views: Iterable[JobView]) -> None:
    """One line a job."""
    table(
        title,
        ("job", "key", "state", "offer", ">quoted", ">held", ">charged", ">variance", "cause", "evidence"),
        (
            (
                view.id[:8],
                view.key[:24],
                view.state,
                named(view.offer, view.settings),
                view.quoted.expected,
                view.held,
                view.charged,
                view.variance,
                view.cause,
                f"{view.evidence}{'' if view.final else ' (provisional)'}" if view.evidence else "",
            )
            for view in views
        ),
    )
