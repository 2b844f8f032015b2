"""How long a sound file really plays: counted from what is present, not believed from a header. Opens nothing."""

from .containers import exact_length, kind_of
from .sound import Length, Unsound

__all__ = ["Length", "Unsound", "exact_length", "kind_of"]
