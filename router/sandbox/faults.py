"""Faults on demand: reads KIND[:PROVIDER][:TIMES][~TEXT], says which strike a submit. Never acts on them."""

import re
from dataclasses import dataclass

EARLY = frozenset({"refuse", "html"})
"""Strike before anything is accepted; so does status-NNN."""
ANSWERS = frozenset({"5xx-after", "lost-answer", "truncated"})
"""Accept the job and spoil the answer; one of them per submit."""
JOBS = frozenset({"extra-second", "fail", "hide", "no-cost"})
"""Accept the job and change what becomes of it."""
PROVIDERS = ("fal", "runware", "creatify")
FORM = "KIND[:PROVIDER][:TIMES][~TEXT]"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as asked for. `times` None: always. `status` is set for status-NNN only."""

    kind: str
    provider: str = "*"
    times: int | None = 1
    text: str = ""
    status: int | None = None

    @classmethod
    def parse(cls, spec: str) -> "Fault":
        """Read one SPEC. Raises ValueError, one line that names the fault and the allowed words."""
        head, _, text = spec.partition("~")
        kind, *rest = head.split(":")
        status = _status(kind, spec)
        provider, times = "*", "1"
        if rest and (rest[0] in PROVIDERS or rest[0] == "*"):
            provider, *rest = rest
        if rest:
            times, *rest = rest
        if rest or not (times == "*" or re.fullmatch(r"[1-9][0-9]{0,8}", times)):
            raise ValueError(
                f"bad fault {spec!r}: after the kind come PROVIDER ({', '.join(PROVIDERS)} or *) and TIMES "
                f"(1, 2, … or *), as in {FORM}"
            )
        if "~" in spec and not text:
            raise ValueError(f"bad fault {spec!r}: ~ wants the TEXT that the submit's body must contain")
        return cls(kind, provider, None if times == "*" else int(times), text, status)

    @property
    def early(self) -> bool:
        return self.kind in EARLY or self.status is not None

    def fits(self, provider: str, body: str) -> bool:
        return self.provider in ("*", provider) and self.text in body


class Faults:
    """The faults still to come, in the order they were added."""

    def __init__(self, specs: tuple[str, ...] = ()) -> None:
        self._left: list[tuple[Fault, int | None]] = []
        for spec in specs:
            self.add(spec)

    def add(self, spec: str) -> None:
        fault = Fault.parse(spec)
        self._left.append((fault, fault.times))

    def early(self, provider: str, body: str) -> Fault | None:
        """The first fault that strikes before accepting, used up once."""
        for fault, _ in self._left:
            if fault.early and fault.fits(provider, body):
                self._use(fault)
                return fault
        return None

    def late(self, provider: str, body: str) -> frozenset[str]:
        """The kinds that strike an accepted submit: each job kind at most once, and one way to spoil the answer."""
        struck: dict[str, Fault] = {}
        for fault, _ in self._left:
            spoils = fault.kind in ANSWERS
            taken = ANSWERS & struck.keys() if spoils else {fault.kind} & struck.keys()
            if not fault.early and not taken and fault.fits(provider, body):
                struck[fault.kind] = fault
        for fault in struck.values():
            self._use(fault)
        return frozenset(struck)

    def _use(self, fault: Fault) -> None:
        at = next(index for index, (each, _) in enumerate(self._left) if each is fault)
        left = self._left[at][1]
        if left is not None:
            self._left[at : at + 1] = [(fault, left - 1)] if left > 1 else []


def _status(kind: str, spec: str) -> int | None:
    if kind in EARLY | ANSWERS | JOBS:
        return None
    found = re.fullmatch(r"status-([2-5][0-9]{2})", kind)
    if found is None:
        words = ", ".join([*sorted(EARLY | ANSWERS | JOBS), "status-NNN (200 to 599)"])
        raise ValueError(f"bad fault {spec!r}: {kind!r} is not a kind of fault; one of {words}")
    return int(found[1])
