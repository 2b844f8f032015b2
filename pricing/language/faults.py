"""Faults of a card, gathered rather than raised, so that all of them can be told at once. Judges nothing itself."""

from dataclasses import dataclass, field

from ..errors import BadCard

Path = tuple[str | int, ...]
"""Where in the card: offers, 0, rates, 1, sources …"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a card file."""

    file: str
    line: int | None
    """Counted from 1; None where the fault is of the whole file."""
    key: str
    message: str
    fix: str

    def as_json(self) -> dict[str, object]:
        return {"file": self.file, "line": self.line, "key": self.key, "message": self.message, "fix": self.fix}

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key}: {self.message}" + (f"; {self.fix}" if self.fix else "")


@dataclass(frozen=True, slots=True)
class Found:
    """A fault before its file and line are known."""

    path: Path
    message: str
    fix: str

    @property
    def key(self) -> str:
        return ".".join(str(step) for step in self.path) or "card"

    def error(self, file: str, more: int = 0) -> BadCard:
        others = f" (and {more} more)" if more > 0 else ""
        return BadCard(f"{file}: {self.key}: {self.message}{others}", value=self.key, next=self.fix or None)


@dataclass(slots=True)
class Faults:
    """Collects what is found, one fault for each place."""

    found: dict[Path, Found] = field(default_factory=dict[Path, Found])

    def add(self, path: Path, message: str, fix: str) -> None:
        self.found.setdefault(path, Found(path, message, fix))

    def raise_first(self, file: str) -> None:
        """Raises BadCard for the first of them."""
        for fault in self.found.values():
            raise fault.error(file, len(self.found) - 1)
