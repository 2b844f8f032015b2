"""Who works in a run: processes that can die, and the flows they drive, one step at a time. Decides nothing."""

from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from router.desk import Desk
from router.steps import Ask, Bring, Digest, Pause, Step
from router.talk import Call

Flow = Generator[Step, Any, Any]


@dataclass(eq=False)
class Process:
    """One router over the shared ledger."""

    number: int
    owner: str
    desk: Desk
    alive: bool = True
    steps: Counter[str] = field(default_factory=Counter[str])
    """How many of each kind it has come to."""

    def __post_init__(self) -> None:
        self.stepped = self.desk.watching(None)
        """Told of each step after it was performed, as the drivers do."""


@dataclass(eq=False)
class Task:
    """One flow that a process drives."""

    name: str
    process: Process
    flow: Flow
    began_s: float
    ended: Callable[[object], None]
    """Told of its result, or of the error it ended with; of nothing when its process dies."""
    attempt: str = ""
    """The attempt that it last began."""


def kind_of(step: Step) -> str:
    """The word for a step: a verb's name, a call's purpose."""
    match step:
        case Ask(name=name):
            return name
        case Call(purpose=purpose):
            return purpose
        case Pause():
            return "pause"
        case Bring():
            return "bring"
        case Digest():
            return "digest"
