"""sandbox: the three providers on loopback until SIGTERM. Spends nothing."""

from typing import TYPE_CHECKING, Annotated

import typer

from .. import BadRequest
from . import options as o
from .output import answer, console

if TYPE_CHECKING:
    from ..sandbox import Sandbox


WORDS = (
    "down-for-S, reset-at-connect, reset-at-N, lost-request, refuse, html, status-NNN, throttle-S, "
    "throttle-date-S, 5xx-after, after-NNN, lost-answer, reset-answer, cut-head-N, cut-body-N, truncated, "
    "malformed, empty, html-after, late-S, slow-S, conflict, extra-second, render-S, stuck, fail, "
    "fail-422, rejected, credits-gone, partial-N, repeated, hide, no-cost, cost-zero, cost-negative, "
    "cost-huge, cost-word, double-bill, bill-failed, late-bill-S, cancel-billed, price-rise, price-later, "
    "hook-twice, hook-reordered, hook-forged, hook-stale, hook-never, hook-early"
)
"""The words of the sandbox's kinds of faults, here too because help must not load it."""


def sandbox_class() -> "type[Sandbox]":
    """The sandbox, or one clear line where its extra is not installed."""
    try:
        from ..sandbox import Sandbox
    except ImportError as error:
        raise BadRequest(
            f"the sandbox needs {error.name}, which is not installed", next='pip install "faregate[sandbox]"'
        ) from error
    return Sandbox


def sandbox(
    *,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            help="KIND[@CALL][:PROVIDER][:TIMES][~TEXT], e.g. lost-answer:fal or status-503@poll:*:3; may be repeated. "
            f"Kinds, told by --faults: {WORDS}.",
        ),
    ] = None,
    faults: Annotated[bool, typer.Option("--faults", help="List every kind of fault and end.")] = False,
    answer_lag: Annotated[float, typer.Option("--answer-lag", help="Seconds between accepting and answering.")] = 0,
    render: Annotated[float, typer.Option("--render", help="Seconds until a clip is done.")] = 0.3,
    per_second: Annotated[float, typer.Option("--per-second", help="More seconds for each second of the clip.")] = 0,
    spread: Annotated[float, typer.Option("--spread", help="Draw each time: 2 is from half of it to twice.")] = 1,
    billing_lag: Annotated[float, typer.Option("--billing-lag", help="Seconds until bills show a charge.")] = 20,
    seed: Annotated[int | None, typer.Option("--seed", help="Draw the same ids and times again.")] = None,
    port: Annotated[int, typer.Option("--port", help="0: any free one.")] = 0,
    json: o.Json = False,
) -> None:
    """Serve Creatify, fal and Runware on loopback. Set the printed environment and run against it.

    GET URL/_bill is what was truly billed, URL/_hooks what webhooks were sent; POST URL/_clock?advance=60 lets time go.
    """
    if faults:
        _list(json=json)
        return
    _check(
        answer_lag=answer_lag, render=render, per_second=per_second, spread=spread, billing_lag=billing_lag, port=port
    )
    made = sandbox_class()
    from ..sandbox import Latency

    try:
        server = made(
            faults=fault or (),
            answer_lag_s=answer_lag,
            latency=Latency(render, per_second, spread=spread),
            billing_lag_s=billing_lag,
            seed=seed,
            port=port,
        )
    except ValueError as error:
        raise BadRequest(str(error)) from error

    def ready(served: "Sandbox") -> None:
        if json:
            answer({"env": served.env, "urls": served.urls})
            return
        for name, value in served.env.items():
            console().print(f"export {name}={value}", markup=False)
        console().print(f"# bill: {served.urls['bill']}   stop: Ctrl-C", markup=False)

    try:
        server.serve_forever(ready)
    except OSError as error:
        if port == 0:
            raise
        raise BadRequest(
            f"port {port} cannot be served: {error.strerror}",
            value=str(port),
            next="use another, or --port 0 for any free one",
        ) from error


_LIMITS = {
    "answer_lag": (0, 3600),
    "render": (0, 86_400),
    "per_second": (0, 3600),
    "spread": (1, 1000),
    "billing_lag": (0, 86_400),
    "port": (0, 65_535),
}


def _check(**options: float) -> None:
    """Hold each against its limits. Raises BadRequest."""
    for name, value in options.items():
        least, most = _LIMITS[name]
        if not least <= value <= most:  # NaN is neither
            line = f"--{name.replace('_', '-')} must be from {least} to {most}, not {value:g}"
            raise BadRequest(line, value=f"{value:g}", limit=f"{least}-{most}")


def _list(*, json: bool) -> None:
    """Every kind of fault."""
    sandbox_class()
    from ..sandbox import CALLS, FORM, KINDS, told

    if json:
        rows = [{"kind": k.name, "strikes": k.phase, "does": k.about, "only": k.only or None} for k in KINDS.values()]
        answer({"form": FORM, "calls": list(CALLS), "kinds": rows})
        return
    console().print(
        f"{FORM}\nCALL is one of {', '.join(CALLS)} or *; without it a fault strikes submits.\n", markup=False
    )
    console().print(told(), markup=False, highlight=False)
