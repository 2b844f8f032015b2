"""What the journal and the draws say of credit lots, and of the transactions that are no job's. Never writes."""

from collections import defaultdict

from .. import accounts
from ..store import Row, Work
from ..tables import LOT
from . import facts
from .judging import Answers, Fault, differ, follows, zero_sums

_KINDS = {
    "purchase": ("prepaid", "issued", "inventory", "cash"),
    "breakage": ("breakage", "prepaid", "inventory"),
    "draw": ("drawn", "inventory"),
    "bill": ("expense", "payable", "prepaid"),
}
"""The accounts that each kind of transaction without a job may move."""


class Books:
    """Every lot with what was drawn from it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._lots = {row["id"]: row for row in facts.everything(work, LOT)}
        self._left: dict[str, tuple[int, int]] = dict.fromkeys(self._lots, (0, 0))
        self._bought: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._worth: dict[tuple[str, str], int] = defaultdict(int)
        """The balance of each account that holds what credits have cost, by currency."""

    def faults(self) -> Answers:
        for stretch in facts.stretches(self._work):
            yield from self._draws(stretch)
            yield from self._loose(stretch)
        yield from self._remaining()

    def _draws(self, stretch: facts.Stretch) -> Answers:
        """The draws of a transaction add up to its credits."""
        for txn, draws in stretch.draws.items():
            leg = stretch.prepaid.get(txn)
            if leg is None:
                yield Fault(f"txn {txn}: it has draws and no entry on credits")
                continue
            taken = sum(one["quantity_nanos"] for one in draws)
            yield differ("txn", txn, f"the sum of its draws in {leg['currency']}", taken, -leg["amount_nanos"])
            bought = txn in stretch.loose and stretch.loose[txn]["kind"] == "purchase"
            for one in draws:
                yield self._draw(one, leg, bought=bought)

    def _draw(self, one: Row, leg: Row, *, bought: bool) -> Fault | None:
        name = f"{one['txn']}/{one['line']}"
        if one["lot"] is None:
            return differ("draw", name, "cost_nanos", one["cost_nanos"], 0)
        lot = self._lots.get(one["lot"])
        if lot is None:
            return Fault(f"draw {name}: its lot {one['lot']} is missing")
        quantity, cost = self._left[one["lot"]]
        self._left[one["lot"]] = quantity - one["quantity_nanos"], cost - one["cost_nanos"]
        if bought:
            self._bought[one["lot"]].append((-one["quantity_nanos"], -one["cost_nanos"]))
        mine = accounts.prepaid(lot["provider"]), lot["currency"]
        return differ("draw", name, "credits", (leg["account"], leg["currency"]), mine)

    def _loose(self, stretch: facts.Stretch) -> Answers:
        """A transaction without a job is a purchase, an expiry, the cost of draws or a bill's, on their accounts."""
        for txn in stretch.loose.values():
            legs = stretch.legs[txn["id"]]
            yield from zero_sums(legs)
            allowed = _KINDS.get(txn["kind"], ())
            for leg in legs:
                account, _, provider = leg["account"].partition(":")
                if account not in allowed or leg["book"] != "money":
                    yield Fault(f"entry {txn['id']}/{leg['line']}: {leg['account']} is no account of a {txn['kind']}")
                if account == "inventory":
                    self._worth[provider, leg["currency"]] += leg["amount_nanos"]

    def _remaining(self) -> Answers:
        """A lot was bought once, and what is left of it is what was not drawn; together they are the inventory."""
        worth = dict.fromkeys(self._worth, 0)
        for name, lot in self._lots.items():
            terms = [(lot["quantity_nanos"], lot["cost_nanos"])]
            yield differ("lot", name, "quantity and cost", terms, self._bought[name])
            quantity, cost = self._left[name]
            yield follows("lot", lot, "remaining_nanos", quantity)
            yield follows("lot", lot, "remaining_cost_nanos", cost)
            key = lot["provider"], lot["cost_currency"]
            worth[key] = worth.get(key, 0) + cost
        for (provider, currency), nanos in worth.items():
            held = self._worth[provider, currency]
            yield differ("account", accounts.inventory(provider), f"the balance in {currency}", held, nanos)
