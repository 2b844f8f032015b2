"""What the readers of audio containers answer with. Pure values."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Length:
    """How long a file plays, exactly, by what is in it."""

    seconds: Fraction
    note: str = ""
    """Something worth knowing about how this was read."""


class Unsound(Exception):
    """The file is not what its first bytes promise."""


def short(claimed: Fraction, present: Fraction) -> Unsound:
    return Unsound(f"it is cut off: its header says {float(claimed):.3f} s, {float(present):.3f} s are present")
