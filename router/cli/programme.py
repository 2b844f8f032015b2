"""What the demo plays and what came of it: its parts, its accidents, its outcome, as values. Runs nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ledger import Verdict
from pricing import Money, usd

from .. import AvatarVideo, Decision, Policy, Result, RouterError, TemplateVideo
from ..ports import JobView

SCOPE = "acme/launch"
FAULTS = (
    "refuse:fal:1~turned away",
    "extra-second:runware:1~a second more",
    "lost-answer:runware:1~answer lost",
    "lost-answer:fal:1~answer lost",
    "fail:runware:1~fails",
)
FACE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63a8a8a8000002d6013f3b"
    "5f0b0d0000000049454e44ae426082"
)
"""A picture of one pixel: the sandbox renders no faces."""


@dataclass(frozen=True, slots=True)
class Part:
    """One job of the demo: what it shows, and what is asked."""

    shows: str
    track: str | None = None
    policy: Policy = field(default_factory=Policy)
    resolution: str | None = None
    outputs: int = 1
    scope: str = SCOPE
    seconds: tuple[str, str] | None = None

    def request(self, face: Path, tracks: Path) -> AvatarVideo | TemplateVideo:
        if self.track is None:
            assert self.seconds is not None  # noqa: S101 - a part without a track is a template
            variables = {"headline": self.shows, "seconds": self.seconds[1]}
            return TemplateVideo("0f4f4a9e-6f0c-4f0e-9d62-1f2f3c5f7a11", self.seconds, variables)
        return AvatarVideo(face, tracks / self.track, None, self.resolution, prompt=self.shows, outputs=self.outputs)


def only(*providers: str, **limits: object) -> Policy:
    return Policy(providers=frozenset(providers), **limits)  # type: ignore[arg-type]


MP3, OGG, M4A, OPUS, LONG, WAV = (
    "talk-13.02s-cbr.mp3",
    "talk-10.4s.ogg",
    "talk-17.2s.m4a",
    "talk-20.5s.opus",
    "talk-24.0s-vbr.mp3",
    "talk-10.0s.wav",
)
PROGRAMME = (
    Part("cheapest at 720p", MP3, resolution="720p"),
    Part("cheapest at any resolution", OGG),
    Part("best quality under 3 USD", M4A, Policy(objective="best", max_cost=usd("3"))),
    Part("fastest", OPUS, Policy(objective="fastest")),
    Part("turned away at fal, made elsewhere", MP3, resolution="720p"),
    Part("billed a second more than expected", OGG, only("runware")),
    Part("answer lost, found by its own id", WAV, only("runware"), resolution="720p"),
    Part("answer lost, found by its payload", WAV, only("fal"), resolution="720p"),
    Part("paid in credits", LONG, only("creatify"), resolution="720p"),
    Part("contested price, billed at the newer one", OGG, only("fal", max_cost=usd("1.20"))),
    Part("four variations", M4A, only("runware"), outputs=4),
    Part("a template, length known afterwards", seconds=("10", "24")),
    Part("fails at the provider, uncharged", OGG, only("runware")),
    Part("more than its budget", LONG, resolution="720p", scope="acme/trial"),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """What became of one part."""

    part: Part
    decision: Decision
    result: Result | None
    view: JobView | None
    error: RouterError | None


@dataclass(frozen=True, slots=True)
class Play:
    """What became of all of it."""

    scenes: tuple[Scene, ...]
    ledger_bill: Mapping[str, Money]
    sandbox_bill: Mapping[str, Money]
    exposed: Money
    verdict: Verdict

    @property
    def proven(self) -> bool:
        """Books whole, and the ledger's bill is the sandbox's, to the nano."""
        return self.verdict.ok and self.ledger_bill == self.sandbox_bill and not self.exposed
