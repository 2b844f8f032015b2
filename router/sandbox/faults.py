"""Faults on demand: reads KIND[@CALL][:PROVIDER][:TIMES][~TEXT], says which strike a call. Never acts on them."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from .kinds import CALLS, FORM, KINDS, PROVIDERS, STEMS, Kind, Phase

Struck = Mapping[str, Decimal | None]
"""The faults that a job bears: each by its stem, with its number."""
UNSTRUCK: Struck = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as asked for. `times` None: always."""

    kind: Kind
    provider: str = "*"
    times: int | None = 1
    text: str = ""
    call: str = "submit"
    number: Decimal | None = None
    """What stands for N, S or NNN in the kind's name."""

    @classmethod
    def parse(cls, spec: str) -> "Fault":
        """Read one SPEC. Raises ValueError, one line that names the fault and the allowed words."""
        head, _, text = spec.partition("~")
        word, *rest = head.split(":")
        name, at, call = word.partition("@")
        kind, number = _kind(name, spec)
        if at and kind.phase in ("connect", "job", "hook"):
            when = "a connection" if kind.phase == "connect" else "a job, at its submit"
            raise ValueError(f"bad fault {spec!r}: {kind.name} strikes {when}: it takes no @CALL")
        if at and call not in (*CALLS, "*"):
            raise ValueError(f"bad fault {spec!r}: {call!r} is not a call; one of {', '.join(CALLS)} or *")
        provider, times = kind.only or "*", "1"
        if rest and (rest[0] in PROVIDERS or rest[0] == "*"):
            provider, *rest = rest
        if rest:
            times, *rest = rest
        if rest or not (times == "*" or re.fullmatch(r"[1-9][0-9]{0,8}", times)):
            raise ValueError(
                f"bad fault {spec!r}: after the kind come PROVIDER ({', '.join(PROVIDERS)} or *) and TIMES "
                f"(1, 2, … or *), as in {FORM}"
            )
        if kind.only and provider not in ("*", kind.only):
            raise ValueError(f"bad fault {spec!r}: {kind.name} is of {kind.only} only, not of {provider}")
        if "~" in spec and (not text or kind.phase == "connect"):
            why = "wants the TEXT that the request must contain" if not text else "has no request to look into yet"
            raise ValueError(f"bad fault {spec!r}: ~ {why}")
        return cls(kind, kind.only or provider, None if times == "*" else int(times), text, call or "submit", number)

    def fits(self, provider: str, call: str) -> bool:
        return self.provider in ("*", provider) and self.call in ("*", call)


class Faults:
    """The faults still to come, in the order they were added."""

    def __init__(self, specs: Iterable[str], clock: Callable[[], float]) -> None:
        self._clock = clock
        self._left: list[tuple[Fault, int | None]] = []
        self._down: list[tuple[str, float]] = []
        for spec in specs:
            self.add(spec)

    def add(self, spec: str) -> None:
        fault = Fault.parse(spec)
        if fault.kind.stem == "down-for":
            self._down.append((fault.provider, self._clock() + float(fault.number or 0)))
        else:
            self._left.append((fault, fault.times))

    def down(self, provider: str) -> bool:
        """Whether this provider takes no connection now."""
        if not self._down:
            return False
        now_s = self._clock()
        self._down = [(who, until_s) for who, until_s in self._down if now_s < until_s]
        return any(who in ("*", provider) for who, _ in self._down)

    def strike(self, phases: tuple[Phase, ...], provider: str, call: str, text: Callable[[], str]) -> Fault | None:
        """The first fault of these phases that strikes this call, used up once. `text` is asked only if it matters."""
        for at, (fault, _) in enumerate(self._left):
            if fault.kind.phase in phases and fault.fits(provider, call) and (not fault.text or fault.text in text()):
                self._use(at)
                return fault
        return None

    def of_job(self, provider: str, text: Callable[[], str]) -> Struck:
        """The faults an accepted job will bear, each kind at most once, used up once."""
        if not self._left:
            return UNSTRUCK
        struck: dict[str, Decimal | None] = {}
        used: list[int] = []
        for at, (fault, _) in enumerate(self._left):
            if fault.kind.phase not in ("job", "hook") or fault.kind.stem in struck:
                continue
            if fault.fits(provider, "submit") and (not fault.text or fault.text in text()):
                struck[fault.kind.stem] = fault.number
                used.append(at)
        for at in reversed(used):
            self._use(at)
        return struck

    def _use(self, at: int) -> None:
        fault, left = self._left[at]
        if left is not None:
            self._left[at : at + 1] = [(fault, left - 1)] if left > 1 else []


def _kind(word: str, spec: str) -> tuple[Kind, Decimal | None]:
    if word in KINDS and not KINDS[word].letter:
        return KINDS[word], None
    stem, _, number = word.rpartition("-")
    kind = STEMS.get(stem)
    if kind is None:
        words = ", ".join(sorted(KINDS))
        raise ValueError(f"bad fault {spec!r}: {word!r} is not a kind of fault; one of {words}")
    form, want = {
        "NNN": (r"[2-5][0-9]{2}", "an HTTP status, 200 to 599"),
        "N": (r"[0-9]{1,9}", "a whole number"),
        "S": (r"[0-9]{1,9}(\.[0-9]{1,6})?", "seconds, e.g. 1.5"),
    }[kind.letter]
    if not re.fullmatch(form, number):
        raise ValueError(f"bad fault {spec!r}: after {stem}- comes {want}, not {number!r}")
    return kind, Decimal(number)
