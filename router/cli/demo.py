"""demo: the main job end to end on the loopback sandbox, accidents and all. Spends nothing."""

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

import anyio
import httpx
import typer

from ledger import Ledger
from pricing import Money, PriceBook, usd

from .. import AsyncRouter, Patience, RouterError
from ..providers import shipped
from ..steps import Step
from . import options as o
from .books import FAULT
from .programme import FACE, FAULTS, PROGRAMME, SCOPE, Part, Play, Scene
from .sandbox import sandbox_class
from .stage import Stage

if TYPE_CHECKING:
    from ..sandbox import Sandbox


def demo(*, db: o.Db = None, json: o.Json = False) -> None:
    """The main job end to end on the loopback sandbox: no keys, no network, no cost."""
    with (
        TemporaryDirectory() as folder,
        o.open_ledger(db or f"sqlite:///{folder}/demo.db") as ledger,
        sandbox_class()(faults=FAULTS, fal_price_480p="0.07", answer_lag_s=0.05, render_s=0.6) as sandbox,
        as_file(files(str(__package__)) / "tracks") as tracks,
        Stage(PROGRAMME, quiet=json) as stage,
    ):
        ledger.set_budget("acme", usd("40"), window="month")
        ledger.set_budget(SCOPE, usd("30"))
        ledger.set_budget("acme/trial", usd("2"))
        face = Path(folder) / "face.png"
        face.write_bytes(FACE)
        scenes = anyio.run(_perform, ledger, sandbox, face, tracks, stage.told)
        play = Play(
            scenes,
            _sum(view.native for view in ledger.jobs()),
            _bill(sandbox.bill()),
            sum((view.exposed for view in ledger.jobs()), Money.zero("USD")),
            ledger.verify(),
        )
        stage.show(play, ledger.all_budgets())
    if not play.proven:
        raise typer.Exit(FAULT)


async def _perform(
    ledger: Ledger, sandbox: "Sandbox", face: Path, tracks: Path, told: Callable[[int, str], None]
) -> tuple[Scene, ...]:
    """Run the whole programme at once."""
    playing: ContextVar[int] = ContextVar("playing")

    def on_step(step: Step, _answer: object) -> None:
        told(playing.get(), getattr(step, "name", None) or getattr(step, "purpose", None) or "waiting")

    def upload(path: Path) -> str:
        """Bring a file to where every provider can read it; with real ones this is your own storage."""
        url = f"{sandbox.urls['files']}/{path.name}"
        httpx.put(url, content=path.read_bytes()).raise_for_status()
        return url

    scenes: dict[int, Scene] = {}
    async with AsyncRouter(
        PriceBook.shipped(),
        ledger=ledger,
        providers=shipped(sandbox.env),
        uploader=upload,
        patience=Patience(first_s=0.2, wait_s=20),
        on_step=on_step,
    ) as router:

        async def play(number: int, part: Part) -> None:
            playing.set(number)
            key = f"demo-{number + 1}"
            decision = await router.decide(part.request(face, tracks), part.policy, scope=part.scope)
            result, error = None, None
            try:
                result = await router.run(decision, key=key, tags={"demo": part.shows})
            except RouterError as failure:
                error = failure
            scenes[number] = Scene(part, decision, result, ledger.by_key(key), error)
            told(number, "settled" if result else "ended")

        async with anyio.create_task_group() as group:
            for number, part in enumerate(PROGRAMME):
                group.start_soon(play, number, part)
    return tuple(scenes[number] for number in range(len(PROGRAMME)))


def _sum(amounts: Iterable[Money | None]) -> dict[str, Money]:
    total: dict[str, Money] = {}
    for amount in amounts:
        if amount is not None:
            total[amount.currency] = total.get(amount.currency, Money.zero(amount.currency)) + amount
    return {currency: amount for currency, amount in sorted(total.items()) if amount}


def _bill(bill: Mapping[str, object]) -> dict[str, Money]:
    total = cast("Mapping[str, str]", bill["total"])
    return _sum(Money.of(amount, currency) for currency, amount in total.items())
