"""The circuits of a router's providers, for all its threads. What moves them is `health`; nothing is stored."""

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock

from .choose import Candidate
from .health import CLOSED, Circuit, probed, told, verdict, why_shut
from .steps import Ask, Step


class Circuits:
    """Learns from every submit how the providers are; says whom nothing is submitted to."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._circuits: dict[str, Circuit] = {}

    def note(self, step: Step) -> None:
        """A step was performed: one that recorded how a submit ended counts."""
        if isinstance(step, Ask) and step.ended is not None:
            ended, at = step.ended, self._clock()
            with self._lock:
                before = self._circuits.get(ended.provider, CLOSED)
                said = verdict(ended.submission)
                self._circuits[ended.provider] = told(before, said, ended.submission.reason, at)

    def shut(self) -> dict[str, str]:
        """The providers nothing may be submitted to now, and why."""
        if not self._circuits:
            return {}
        at = self._clock()
        with self._lock:
            found = {name: why_shut(one, at) for name, one in self._circuits.items() if one.until is not None}
        return {name: why for name, why in found.items() if why is not None}

    def why_shut(self, provider: str) -> str | None:
        """Why nothing may be submitted to a provider now; None: one may. For those who plan many jobs."""
        return self.shut().get(provider)

    def why_none(self, candidates: Sequence[Candidate]) -> str:
        """One line: why none of these may be submitted to."""
        shut = self.shut()
        said = {
            one.provider: f"{one.provider}: {shut.get(one.provider, 'a submit is trying it now')}" for one in candidates
        }
        return f"nothing is submitted now to any provider that could make it: {'; '.join(said.values())}"

    def admit(self, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
        """Those that may be submitted to. A first one whose circuit is half-open is its probe: the only one for now."""
        at = self._clock()
        admitted: list[Candidate] = []
        with self._lock:
            for one in candidates:
                circuit = probed(self._circuits.get(one.provider, CLOSED), at)
                if circuit is None:
                    continue
                if not admitted and circuit.until is not None:
                    self._circuits[one.provider] = circuit
                admitted.append(one)
        return tuple(admitted)
