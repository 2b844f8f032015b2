"""The names of what sellers measure, their units, how each is known, and its bounds. Data only: computes no price."""

from dataclasses import dataclass
from typing import Final, Literal

Known = Literal["measured", "stated", "derived"]
"""How a quantity is known: from a probe of the file, from the caller's word, or worked out from another measure."""

KnownAt = Literal["quote", "probe", "after"]
"""When a measure can be known: from the request, from a probe of an input file, or only when the job is done."""

AUDIO: Final = "input_audio_seconds"
VIDEO: Final = "output_video_seconds"
BILLED: Final = "billed_seconds"
"""The rate's own measure, whatever it is: what `quote --seconds` and `max` speak of."""

LONGEST_SECONDS: Final = 86_400
"""A day: more than any seller takes, so more is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure: `unit` for reading, `most` the bound beyond which a number is a slip of the pen."""

    unit: str
    known: KnownAt
    most: int
    zero: bool = True
    """Whether none at all can be priced."""
    whole: bool = False
    """Whether it is counted, so that a fraction of one is no amount."""


def _length(known: KnownAt, zero: bool = False) -> Measured:
    return Measured("s", known, LONGEST_SECONDS, zero)


def _count(unit: str, known: KnownAt = "quote", most: int = 10**6, zero: bool = True) -> Measured:
    return Measured(unit, known, most, zero, whole=True)


MEASURES: Final[dict[str, Measured]] = {
    "requested_seconds": _length("quote"),
    AUDIO: _length("probe"),
    "input_video_seconds": _length("probe", zero=True),
    VIDEO: _length("after"),
    "output_audio_seconds": _length("after", zero=True),
    "output_file_seconds": _length("after"),
    "compute_seconds": Measured("s", "after", 10**7),
    "session_seconds": Measured("s", "after", 10**7),
    BILLED: _length("quote"),
    "frames_in": _count("frame", "probe", 10**8),
    "frames_out": _count("frame", "quote", 10**8),
    "fps_in": Measured("fps", "probe", 1000, zero=False),
    "fps_out": Measured("fps", "quote", 1000, zero=False),
    "width": _count("px", most=10**5, zero=False),
    "height": _count("px", most=10**5, zero=False),
    "short_edge": _count("px", most=10**5, zero=False),
    "pixels": Measured("px", "quote", 10**15),
    "megapixels": Measured("MP", "quote", 10**9),
    "mebipixels": Measured("MiP", "quote", 10**9),
    "images_in": _count("image"),
    "images_out": _count("image"),
    "reference_images": _count("image"),
    "reference_tokens": Measured("token", "quote", 10**12),
    "text_tokens_in": Measured("token", "quote", 10**12),
    "text_tokens_out": Measured("token", "after", 10**12),
    "video_tokens": Measured("token", "after", 10**12),
    "characters": _count("character", most=10**9),
    "utf8_bytes": _count("byte", most=10**10),
    "words": _count("word", most=10**9),
    "messages": _count("message"),
    "runs": _count("run"),
    "speakers": _count("speaker"),
    "channels": _count("channel", "probe"),
    "steps": _count("step"),
}
"""Every measure a card or a usage may name. Megapixels are 10⁶ pixels, mebipixels 2²⁰."""

GIVEN_BY: Final[dict[str, tuple[str, str]]] = {
    "pixels": ("width * height", "px"),
    "short_edge": ("min(width, height)", "px"),
    "megapixels": ("width * height / 1000000", "MP"),
    "mebipixels": ("width * height / 1048576", "MiP"),
}
"""What follows from width and height when it is not stated itself."""
