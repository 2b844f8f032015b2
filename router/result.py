"""What a job came to: its clips, its charge, how far that is from the quote. Saving a clip is the only I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pricing import Money, Span

from .download import download
from .ports import AttemptView, JobView


@dataclass(frozen=True, slots=True)
class Output:
    """One clip, still at the provider."""

    url: str

    def save(self, path: str | Path) -> Path:
        """Download it, whole or not at all. Raises ProviderError; the job stays paid and can be saved again."""
        return download(self.url, Path(path))


@dataclass(frozen=True, slots=True)
class Variance:
    """charge - expected quote, in the budget's currency, and the first cause that explains it."""

    amount: Money
    cause: str

    def __str__(self) -> str:
        return f"{self.amount} ({self.cause})"


@dataclass(frozen=True, slots=True)
class Result:
    """A settled job."""

    job: str
    key: str
    offer: str
    settings: Mapping[str, str]
    state: str
    quote: Span
    """What it was to cost, in the budget's currency."""
    held: Money
    charge: Money
    """In the budget's currency."""
    native: Money
    """The charge in the provider's own currency."""
    variance: Variance
    evidence: str
    final: bool
    """False: the provider has not said it yet; better evidence will post the difference."""
    outputs: tuple[Output, ...]
    attempts: Sequence[AttemptView]
    tags: Mapping[str, str]
    created_at: datetime


def result_of(view: JobView) -> Result:
    """A settled job's view as a Result."""
    if view.charged is None or view.native is None or view.variance is None:
        raise ValueError(f"job {view.id} is {view.state}, not settled")
    return Result(
        job=view.id,
        key=view.key,
        offer=view.offer,
        settings=view.settings,
        state=view.state,
        quote=view.quoted,
        held=view.held,
        charge=view.charged,
        native=view.native,
        variance=Variance(view.variance, view.cause or "none"),
        evidence=view.evidence or "unknown",
        final=bool(view.final),
        outputs=tuple(Output(url) for url in view.outputs),
        attempts=view.attempts,
        tags=view.tags,
        created_at=view.created_at,
    )
