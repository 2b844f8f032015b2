"""How the demo looks: live progress, then each job's story, the budgets and the proof. Computes nothing."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from ledger import Budget

from .books import budget_json
from .jobs import attempt_json, job_json
from .output import answer, money, named, table
from .prices import route_json
from .programme import Part, Play, Scene
from .run import result_json

WORDS = {
    "recall": "looking up its key",
    "hold": "money held",
    "upload": "bringing the files",
    "intent": "intent written",
    "submit": "sent",
    "submitted": "taken note",
    "poll": "rendering",
    "cost": "asking the cost",
    "claimed": "looking for it",
    "probe": "looking for it",
    "unknown": "outcome unknown",
    "settle": "settled",
    "release": "released",
}


class Stage:
    """A live table while the jobs run; afterwards the whole account. Quiet: one JSON document instead."""

    def __init__(self, programme: Sequence[Part], *, quiet: bool) -> None:
        self._console = Console(highlight=False)
        self._quiet = quiet
        self._parts = programme
        self._now = ["deciding"] * len(programme)
        self._live = Live(self._table(), console=self._console, transient=True, refresh_per_second=8)

    def __enter__(self) -> Self:
        if not self._quiet:
            self._console.print("[bold]faregate demo[/]: three providers on loopback, real HTTP, nothing spent\n")
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def told(self, number: int, step: str) -> None:
        """What job `number` does now."""
        self._now[number] = WORDS.get(step, step)
        if not self._quiet:
            self._live.update(self._table())

    def show(self, play: Play, budgets: Sequence[Budget]) -> None:
        """The whole account, once."""
        self._live.stop()
        if self._quiet:
            answer(_json(play, budgets))
            return
        for number, scene in enumerate(play.scenes, 1):
            self._scene(number, scene)
        table(
            "what each came to (in the budget's currency)",
            ("", "what it shows", "made by", ">quoted", ">held", ">charged", ">variance", "cause"),
            (_row(number, scene) for number, scene in enumerate(play.scenes, 1)),
        )
        self._console.print()
        table(
            "budgets",
            ("scope", "window", ">limit", ">spent", ">held", ">available"),
            ((one.scope, one.window, one.limit, one.spent, one.held, one.available) for one in budgets),
        )
        self._console.print()
        self._proof(play)

    def _table(self) -> Table:
        shown = Table.grid(padding=(0, 2))
        for part, now in zip(self._parts, self._now, strict=True):
            done = now in ("settled", "released", "ended")
            shown.add_row(f"[{'green' if done else 'cyan'}]{'●' if done else '○'}[/]", part.shows, f"[dim]{now}[/]")
        return shown

    def _scene(self, number: int, scene: Scene) -> None:
        out = self._console
        out.print(f"[bold]{number}. {scene.part.shows}[/]  [dim]{scene.part.track or 'template'}[/]")
        for line in scene.decision.explain().splitlines():
            out.print(f"   {line}", style="dim" if line.startswith("no") else "", markup=False, soft_wrap=True)
        for attempt in scene.view.attempts if scene.view else ():
            if attempt.outcome != "accepted" or attempt.reason:
                line = f"   attempt at {attempt.provider}: {attempt.outcome} {attempt.reason}"
                out.print(line, style="yellow", markup=False, soft_wrap=True)
        if scene.result is not None:
            one = scene.result
            line = (
                f"   made by {named(one.offer, one.settings)}: quoted {one.quote.expected}, held {one.held}, "
                f"charged {one.charge}, variance {one.variance} ({one.evidence})"
            )
            out.print(line, style="green", markup=False, soft_wrap=True)
        else:
            out.print(f"   {scene.error}", style="red", markup=False, soft_wrap=True)
        out.print()

    def _proof(self, play: Play) -> None:
        verdict = "clean" if play.verdict.ok else "FAULTS"
        looked = sum(check.count for check in play.verdict.checks)
        self._console.print(f"verify: {verdict} ({len(play.verdict.checks)} checks over {looked} rows)")
        for fault in play.verdict.faults:
            self._console.print(f"  fault: {fault}", markup=False)
        for currency in sorted({*play.ledger_bill, *play.sandbox_bill}):
            ours, theirs = play.ledger_bill.get(currency), play.sandbox_bill.get(currency)
            word = "equal" if ours == theirs else "DIFFERENT"
            self._console.print(f"bill:   ledger {ours}, providers {theirs}: {word}")


def _row(number: int, scene: Scene) -> tuple[object, ...]:
    one, view = scene.result, scene.view
    if one is None:
        why = "refused" if view is None else view.state
        return (number, scene.part.shows, why, None if view is None else view.quoted.expected, None, None, None, None)
    provider, _, model = one.offer.partition("/")
    made = f"{provider} {', '.join(one.settings.values()) or model}"
    return (
        *(number, scene.part.shows, made, one.quote.expected, one.held, one.charge),
        *(one.variance.amount, one.variance.cause),
    )


def _json(play: Play, budgets: Sequence[Budget]) -> dict[str, object]:
    return {
        "jobs": [
            {
                "shows": scene.part.shows,
                "decision": route_json(scene.decision),
                "result": None if scene.result is None else result_json(scene.result),
                "job": None if scene.view is None else job_json(scene.view),
                "attempts": [attempt_json(one) for one in (scene.view.attempts if scene.view else ())],
                "error": None if scene.error is None else {"code": scene.error.code, "message": str(scene.error)},
            }
            for scene in play.scenes
        ],
        "budgets": [budget_json(one) for one in budgets],
        "verify": {
            "ok": play.verdict.ok,
            "checks": [{"name": one.name, "ok": one.ok, "count": one.count} for one in play.verdict.checks],
            "faults": list(play.verdict.faults),
        },
        "bill": {
            "ledger": {currency: money(amount) for currency, amount in play.ledger_bill.items()},
            "sandbox": {currency: money(amount) for currency, amount in play.sandbox_bill.items()},
            "exposed": money(play.exposed),
            "equal": play.ledger_bill == play.sandbox_bill,
        },
        "proven": play.proven,
    }
