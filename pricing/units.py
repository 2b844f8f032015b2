"""The names of what sellers measure, and how each is known. Data only: nothing here computes a price."""

from typing import Final, Literal

Known = Literal["measured", "stated", "derived"]
"""How a quantity is known: from a probe of the file, from the caller's word, or worked out from another measure."""

AUDIO: Final = "input_audio_seconds"
VIDEO: Final = "output_video_seconds"
BILLED: Final = "billed_seconds"
"""The rate's own measure, whatever it is: what `quote --seconds` and `max` speak of."""

MEASURES: Final[dict[str, str]] = {
    AUDIO: "s",
    VIDEO: "s",
    BILLED: "s",
}
"""Every measure a card or a usage may name, with its unit."""

LONGEST_SECONDS: Final = 86_400
"""A day: more than any seller takes, so more is a slip of the pen."""
