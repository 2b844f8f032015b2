"""sandbox: the three providers on loopback until SIGTERM. Spends nothing."""

from typing import TYPE_CHECKING, Annotated

import typer

from .. import BadRequest
from . import options as o
from .output import answer, console

if TYPE_CHECKING:
    from ..sandbox import Sandbox


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
        typer.Option("--fault", help="KIND[:PROVIDER][:TIMES][~TEXT], e.g. lost-answer:fal; may be repeated."),
    ] = None,
    answer_lag: Annotated[float, typer.Option("--answer-lag", help="Seconds between accepting and answering.")] = 0,
    render: Annotated[float, typer.Option("--render", help="Seconds until a clip is done.")] = 0.3,
    port: Annotated[int, typer.Option("--port", help="0: any free one.")] = 0,
    json: o.Json = False,
) -> None:
    """Serve Creatify, fal and Runware on loopback. Set the printed environment and run against it; GET URL/_bill."""
    for name, value, most in (
        ("--answer-lag", answer_lag, 3600),
        ("--render", render, 86_400),
        ("--port", port, 65_535),
    ):
        if not 0 <= value <= most:  # NaN is neither
            raise BadRequest(f"{name} must be from 0 to {most}, not {value:g}", value=f"{value:g}", limit=f"0-{most}")
    try:
        server = sandbox_class()(faults=fault or (), answer_lag_s=answer_lag, render_s=render, port=port)
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
