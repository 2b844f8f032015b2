"""run, resume, cancel: the commands that follow real jobs. The rules are the router's; these only ask it."""

import signal
from collections import deque
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from .. import AvatarVideo, BadRequest, Patience, ProviderError, Result, Router, TemplateVideo
from ..ports import JobView
from ..recovery import Worker
from ..request import Request
from . import options as o
from .jobs import attempt_json, job_json, jobs_table
from .output import answer, complain, console, money, named

PROVIDER = 3
LAST = 1000
"""Jobs that a worker tells of at its end."""

Wait = Annotated[float, typer.Option("--wait", help="Seconds to wait for a provider before leaving the job to resume.")]


def run(
    *,
    image: Annotated[str | None, typer.Option("--image", help="A URL or a file.")] = None,
    audio: Annotated[str | None, typer.Option("--audio", help="A URL or a file; a URL needs --seconds.")] = None,
    template_id: Annotated[str | None, typer.Option("--template-id", help="Instead of image and audio.")] = None,
    variables: Annotated[Path | None, typer.Option("--variables", help="The template's variables, JSON.")] = None,
    seconds: Annotated[
        str | None, typer.Option("--seconds", help="Audio length of a URL; LOW-HIGH of a template.")
    ] = None,
    prompt: Annotated[str | None, typer.Option("--prompt")] = None,
    guidance: Annotated[str | None, typer.Option("--guidance")] = None,
    audio_guidance: Annotated[str | None, typer.Option("--audio-guidance")] = None,
    webhook_url: Annotated[str | None, typer.Option("--webhook-url")] = None,
    resolution: o.Resolution = None,
    max_cost: o.MaxCost = None,
    max_latency: o.MaxLatency = None,
    min_quality: o.MinQuality = None,
    objective: o.Goal = "cheapest",
    provider: o.Providers = None,
    outputs: o.Outputs = 1,
    plan: o.Plan = None,
    cards: o.Cards = None,
    scope: Annotated[str, typer.Option("--scope", help="Who pays: a path such as acme/campaign-7.")],
    key: Annotated[
        str | None, typer.Option("--key", help="Repeat it to continue the same job; made up if absent.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="k=v, kept with the job; may be repeated.")] = None,
    save: Annotated[Path | None, typer.Option("--save", help="Download the first clip to this file.")] = None,
    wait: Wait = 1200,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """Make a clip: choose, hold the money, submit once, wait, settle what the provider reports."""
    if template_id is None:
        request = _avatar(image, audio, seconds, resolution, prompt, guidance, audio_guidance, outputs, webhook_url)
    elif image or audio or not seconds:
        raise BadRequest("--template-id takes --seconds LOW-HIGH and no --image or --audio", value=template_id)
    else:
        values = o.variables(variables)
        request = TemplateVideo(template_id, o.ends(seconds), values, resolution, outputs, webhook_url)
    policy = o.policy(
        max_cost=max_cost, max_latency=max_latency, min_quality=min_quality, objective=objective, providers=provider
    )
    tags = o.pairs("--tag", tag)
    o.savable(save)
    key = f"run-{uuid4()}" if key is None else key
    if not json:
        console().print(f"key {key} (repeat it to go on with this job)", markup=False)
    with (
        o.open_ledger(db) as ledger,
        Router(o.book(plan, cards), ledger=ledger, patience=Patience(wait_s=wait)) as router,
    ):
        result = router.run(request, key=key, scope=scope, policy=policy, tags=tags)
    unsaved = _saved(result, save)
    if json:
        answer(result_json(result) | {"saved": None if save is None or unsaved else str(save)})
    else:
        _tell(result, None if unsaved else save)
    if unsaved is not None:  # the job is paid for and told; only the file is missing
        complain(str(unsaved))
        raise typer.Exit(PROVIDER)


def resume(
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Keep working until interrupted or told to end.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", help="Jobs to look after at most; with --follow, at a time.")
    ] = None,
    wait: Wait = 1200,
    plan: o.Plan = None,
    cards: o.Cards = None,
    db: o.Db = None,
    json: o.Json = False,
) -> None:
    """Finish what earlier runs left open: probe, poll, settle, release what was never sent.

    Any number may work at once, on any number of hosts: they share the jobs. What a live run follows is left to it.
    SIGTERM ends --follow with 0, an interrupt with 130; what it was at is taken up by another.
    """
    with (
        o.open_ledger(db) as ledger,
        Router(o.book(plan, cards), ledger=ledger, patience=Patience(wait_s=wait)) as router,
    ):
        found = _followed(router.worker(limit=limit), json=json) if follow else router.resume(limit=limit)
    if json:
        answer({"jobs": [job_json(one) for one in found]})
    elif found:
        jobs_table("resumed", found)
    else:
        console().print("nothing was left to look after")


def _followed(worker: Worker, *, json: bool) -> tuple[JobView, ...]:
    """Work until SIGTERM, telling of each job that ended; answers the last ones."""
    ended: deque[JobView] = deque(maxlen=LAST)

    def on_job(view: JobView) -> None:
        if view.state in ("settled", "released", "expired", "written_off"):
            ended.append(view)
            if not json:
                console().print(f"job {view.id} is {view.state}: {view.reason or view.charged}", markup=False)

    before = signal.signal(signal.SIGTERM, lambda _signal, _frame: worker.gone.set())
    try:
        worker.work(on_job, lambda error: complain(str(error)))
    finally:
        signal.signal(signal.SIGTERM, before)
    return tuple(ended)


def cancel(*, job: Annotated[str, typer.Argument(help="A job id.")], db: o.Db = None, json: o.Json = False) -> None:
    """Release what was not sent; ask the provider to stop what was."""
    with o.open_ledger(db) as ledger, Router(o.book(), ledger=ledger) as router:
        view = router.cancel(job)
    if json:
        answer(job_json(view))
    else:
        console().print(f"job {view.id} is {view.state}: {view.reason}", markup=False)


def _saved(result: Result, save: Path | None) -> ProviderError | None:
    """Download the first clip; the error of a download that failed."""
    try:
        if save is not None:
            result.outputs[0].save(save)
    except ProviderError as error:
        return error
    return None


def _avatar(
    image: str | None,
    audio: str | None,
    seconds: str | None,
    resolution: str | None,
    prompt: str | None,
    guidance: str | None,
    audio_guidance: str | None,
    outputs: int,
    webhook_url: str | None,
) -> Request:
    if not (image and audio):
        raise BadRequest("give --image and --audio, or --template-id")
    return AvatarVideo(image, audio, seconds, resolution, prompt, guidance, audio_guidance, outputs, webhook_url)


def _tell(result: Result, saved: Path | None) -> None:
    out = console()
    out.print(f"job {result.job} {result.state} at {named(result.offer, result.settings)}", markup=False)
    out.print(
        f"quoted {result.quote.expected}  held {result.held}  charged {result.charge}  variance {result.variance}"
        f"  evidence {result.evidence}{'' if result.final else ', provisional'}",
        markup=False,
    )
    for output in result.outputs:
        out.print(output.url, markup=False)
    if saved is not None:
        out.print(f"saved {saved}", markup=False)


def result_json(result: Result) -> dict[str, object]:
    """A result as the contract has it."""
    return {
        "job": result.job,
        "key": result.key,
        "offer": result.offer,
        "settings": dict(result.settings),
        "state": result.state,
        "quoted": money(result.quote.expected),
        "held": money(result.held),
        "charged": money(result.charge),
        "native": money(result.native),
        "evidence": result.evidence,
        "final": result.final,
        "variance": {"amount": money(result.variance.amount), "cause": result.variance.cause},
        "outputs": [output.url for output in result.outputs],
        "attempts": [attempt_json(one) for one in result.attempts],
        "tags": dict(result.tags),
    }
