"""What the caller wants, in no provider's words. Checks its own shape; reads no file and asks nobody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

from pricing import BadQuantity, Usage

from .errors import BadRequest

Length = Decimal | int | str
RESOLUTIONS = ("480p", "720p", "1080p", "1440p", "2160p")


@dataclass(frozen=True, slots=True)
class AvatarVideo:
    """A person in a picture speaks a voice track. Raises BadRequest."""

    image: str | Path
    """A URL or a local file."""
    audio: str | Path
    """A URL or a local file; its length prices the job."""
    seconds: Length | None = None
    """The audio's length in seconds; needed where `audio` is a URL, ignored where it is a file that can be measured."""
    resolution: str | None = None
    """The least the clip may have, e.g. "720p"; None admits all."""
    prompt: str | None = None
    guidance: Length | None = None
    """How closely to follow the prompt; each provider has its own range."""
    audio_guidance: Length | None = None
    outputs: int = 1
    """Variations to make; each is charged."""
    webhook_url: str | None = None
    kind: ClassVar[Literal["avatar"]] = "avatar"

    def __post_init__(self) -> None:
        check_shape(self.resolution, self.outputs)
        check_words("image, audio or webhook_url", str(self.image), str(self.audio), self.webhook_url)
        check_words("prompt", self.prompt)
        if self.seconds is not None:
            _usage(lambda: Usage.audio(self.seconds or 0))
        for name in ("guidance", "audio_guidance"):
            _number(name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class TemplateVideo:
    """A clip from a template made in the provider's editor. Its length is known only afterwards. Raises BadRequest."""

    template_id: str
    seconds: tuple[Length, Length]
    """The shortest and the longest it can become; money is held for the longest."""
    variables: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    resolution: str | None = None
    outputs: int = 1
    webhook_url: str | None = None
    kind: ClassVar[Literal["template"]] = "template"

    def __post_init__(self) -> None:
        check_shape(self.resolution, self.outputs)
        check_words("template_id or webhook_url", self.template_id, self.webhook_url)
        _usage(lambda: Usage.video(*self.seconds))


Request = AvatarVideo | TemplateVideo


def is_url(media: str | Path) -> bool:
    """True for http(s) and data URLs; everything else is a local file."""
    return isinstance(media, str) and media.startswith(("http://", "https://", "data:"))


def check_words(name: str, *texts: str | None) -> None:
    """Text that can be sent and stored: no half characters, as badly decoded bytes leave them. Raises BadRequest."""
    for text in texts:
        try:
            (text or "").encode()
        except UnicodeEncodeError as error:
            shown = (text or "").encode("utf-8", "backslashreplace").decode()
            raise BadRequest(
                f"{name} {shown[:60]!r} is not valid Unicode", value=shown[:60], next="write it in UTF-8"
            ) from error


def number(value: Length | None) -> Decimal | None:
    """A checked number of a request as Decimal; None stays None."""
    return None if value is None else Decimal(value)


def check_shape(resolution: str | None, outputs: int) -> None:
    """What every job's wish must be. Raises BadRequest."""
    if resolution is not None and resolution not in RESOLUTIONS:
        known = ", ".join(RESOLUTIONS)
        raise BadRequest(
            f"resolution {resolution!r} is unknown", value=resolution, limit=known, next=f"use one of {known}"
        )
    if type(outputs) is not int or not 1 <= outputs <= 100:
        raise BadRequest(
            f"outputs must be a whole number from 1 to 100, not {outputs!r}", value=str(outputs), limit="1-100"
        )


def _number(name: str, value: Length | None) -> None:
    try:
        fine = value is None or (not isinstance(value, float) and Decimal(value).is_finite())
    except (ArithmeticError, ValueError, TypeError):
        fine = False
    if not fine:
        raise BadRequest(f"{name} must be a decimal number, not {value!r}", value=str(value))


def _usage(make: Callable[[], Usage]) -> None:
    try:
        make()
    except BadQuantity as error:
        raise BadRequest(error.message, value=error.value, limit=error.limit, next=error.next) from error
