"""The life of a job's money, as one table. Pure: nothing here reads, writes or knows the time.

The state lives on the job, the outcome on the attempt. A move that is not in the table does not happen: each is
carried out as one conditional UPDATE on the state it starts from, checked by its row count.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

State = Literal["held", "submitting", "submitted", "unknown", "settled", "released", "expired", "written_off"]
Event = Literal["begin", "accepted", "lost", "turned_away", "charge", "no_charge", "free", "lapse", "write_off"]

OPEN: tuple[State, ...] = ("held", "submitting", "submitted", "unknown")
"""States in which money is set aside and somebody still has work to do."""
STATES: tuple[State, ...] = (*OPEN, "settled", "released", "expired", "written_off")

_TABLE: dict[State, dict[Event, State]] = {
    "held": {
        "begin": "submitting",
        "free": "released",
        "no_charge": "released",
        "lapse": "expired",
        # A bill for an attempt that was thought refused: the money is gone, so no further attempt starts.
        "charge": "settled",
    },
    "submitting": {
        "accepted": "submitted",
        "lost": "unknown",
        "turned_away": "held",
        "no_charge": "released",
        "charge": "settled",  # an event overtook the answer
    },
    "submitted": {"lost": "unknown", "no_charge": "released", "charge": "settled"},
    "unknown": {
        "accepted": "submitted",
        "turned_away": "released",  # a late but definite no: it is the proof that nothing was charged
        "no_charge": "released",
        "charge": "settled",
        "write_off": "written_off",  # a person's act, never time
    },
    "settled": {"charge": "settled"},  # a revision or refund posts the difference
    "released": {"charge": "settled"},  # late charges
    "expired": {"charge": "settled"},
    "written_off": {"charge": "settled"},
}
TABLE: Mapping[State, Mapping[Event, State]] = MappingProxyType(
    {state: MappingProxyType(moves) for state, moves in _TABLE.items()}
)


def after(state: State, event: Event) -> State | None:
    """The state `event` leads to from `state`; None: it moves nothing."""
    return TABLE[state].get(event)
