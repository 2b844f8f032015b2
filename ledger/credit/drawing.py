"""Which lot pays for which charge, and at what cost. Pure: lots and amounts in, draws out; nanos throughout.

A charge takes from the lots that were valid at its time, in the order priority (the lowest number first), soonest
expiry, lower unit cost, oldest. The cost of a draw is its share of what the lot's rest has cost, rounded half-even; the
draw that empties a lot takes all of it, so that no nano is left over or made up. What no lot covers is drawn from none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(slots=True)
class Lot:
    """Credits bought at once, and what is left of them."""

    id: str
    quantity: int
    cost: int
    priority: int
    bought_at: int
    effective_at: int
    expires_at: int
    remaining: int
    remaining_cost: int

    @property
    def order(self) -> tuple[int, int, Fraction, int, str]:
        return self.priority, self.expires_at, Fraction(self.cost, self.quantity), self.bought_at, self.id

    def draw(self, quantity: int) -> "Draw":
        """Take so much, at most what is left, out of it."""
        cost = _share(self.remaining_cost, quantity, self.remaining)
        self.remaining -= quantity
        self.remaining_cost -= cost
        return Draw(self.id, quantity, cost)


@dataclass(frozen=True, slots=True)
class Draw:
    """So much out of a lot, at a cost; negative: put back. `lot` None: none was left."""

    lot: str | None
    quantity: int
    cost: int


def take(lots: Iterable[Lot], at: int, quantity: int) -> list[Draw]:
    """Draw so much for a charge of that time; the lots hold less afterwards."""
    draws: list[Draw] = []
    for lot in sorted(lots, key=lambda one: one.order):
        part = min(quantity, lot.remaining) if lot.effective_at <= at < lot.expires_at else 0
        if part:
            draws.append(lot.draw(part))
            quantity -= part
    if quantity:
        draws.append(Draw(None, quantity, 0))
    return draws


def give_back(lots: Mapping[str, Lot], drawn: Sequence[Draw], quantity: int) -> list[Draw]:
    """Put so much of what was drawn back, whence it came: what no lot covered first, then the latest draw first.

    `drawn`: all draws of this job's attempt, in recorded order. It goes back into a lot that has expired too: the next
    look at what has expired books it as breakage.
    """
    net: dict[str | None, tuple[int, int]] = {}
    for draw in drawn:
        had, cost = net.pop(draw.lot, (0, 0)) if draw.quantity > 0 else net.get(draw.lot, (0, 0))
        net[draw.lot] = had + draw.quantity, cost + draw.cost
    back: list[Draw] = []
    for name in (None, *(one for one in reversed(net) if one is not None)):
        had, paid = net.get(name, (0, 0))
        part = min(quantity, had)
        if part > 0:
            cost = _share(paid, part, had)
            back.append(Draw(name, -part, -cost))
            quantity -= part
            if name is not None:
                lots[name].remaining += part
                lots[name].remaining_cost += cost
    if quantity:
        back.append(Draw(None, -quantity, 0))
    return back


def _share(cost: int, part: int, whole: int) -> int:
    """Of the whole it is all of the cost."""
    return round(Fraction(cost * part, whole))
