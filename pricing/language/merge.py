"""Cards put together into one book: later files over earlier ones, contested prices confirmed, ids checked. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ..credits import CreditPlan
from ..entry import Entry
from .card import RateCard
from .compile import Compiled, compile_card
from .discounts import Discount
from .faults import Faults, Path

Named = tuple[str, RateCard]
"""A card and the name of its file."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Offers with their rates, plans and discounts, the cards they came from, and the hash of the content."""

    entries: tuple[Entry, ...]
    plans: tuple[CreditPlan, ...]
    discounts: tuple[Discount, ...]
    hash: str
    cards: tuple[Named, ...]
    confirmed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known besides the cards at hand, for judging cards that are laid over others."""

    offers: frozenset[str] = frozenset()
    plans: frozenset[str] = frozenset()
    contested: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Shelf:
    """What has been put together so far."""

    faults: Mapping[str, Faults]
    beside: Beside
    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])
    plans: dict[str, CreditPlan] = field(default_factory=dict[str, CreditPlan])
    owners: dict[str, str] = field(default_factory=dict[str, str])
    rates: dict[str, str] = field(default_factory=dict[str, str])
    """The offer of each rate."""

    def put(self, name: str, card: RateCard, compiled: Compiled) -> None:
        entries = {entry.offer.id: entry for entry in compiled.entries}
        seen: set[str] = set()
        for index, offer in enumerate(card.offers):
            thing = f"{card.whose}/{offer.id}"
            path: Path = ("offers", index, "id")
            again = thing in seen or not offer.replace
            if self.claim(name, path, f"offer {thing}", again, offer.replace, thing in self.beside.offers):
                self.rates = {rate: owner for rate, owner in self.rates.items() if owner != thing}
            seen.add(thing)
            for place, rate in enumerate(offer.rates):
                if rate.id in self.rates:
                    owner = self.rates[rate.id]
                    where = (*path[:2], "rates", place, "id")
                    text = f"rate {rate.id} is already in {self.owners.get(f'offer {owner}', name)}"
                    self.faults[name].add(where, text, "ids must differ")
                self.rates[rate.id] = thing
            if thing in entries:
                self.entries[thing] = entries[thing]
        for index, (model, plan) in enumerate(zip(card.plans, compiled.plans, strict=False)):
            thing = f"{plan.provider}/{plan.id}"
            path, known = ("plans", index, "id"), thing in self.beside.plans
            self.claim(name, path, f"plan {thing}", not model.replace, model.replace, known)
            self.plans[thing] = plan

    def claim(self, name: str, path: Path, thing: str, first: bool, replaces: bool, beside: bool) -> bool:
        """Take an id; True where it had another owner and takes its place."""
        owner = self.owners.get(thing)
        if owner is not None and first:
            fix = "ids must differ; `replace = true` takes its place"
            self.faults[name].add(path, f"{thing} is already in {owner}", fix)
        if owner is None and replaces and not beside:
            self.faults[name].add(path, f"{thing} replaces nothing", "correct the id, or remove `replace`")
        self.owners[thing] = name
        return owner is not None


def assemble(cards: Sequence[Named], confirmed: Iterable[str] = ()) -> Loaded:
    """One book of these cards. Raises BadCard with the first fault, naming the file and the key."""
    faults = {name: Faults() for name, _ in cards}
    loaded = gather(cards, faults, frozenset(confirmed))
    for name, found in faults.items():
        found.raise_first(name)
    return loaded


def gather(
    cards: Sequence[Named],
    faults: Mapping[str, Faults],
    confirmed: frozenset[str] = frozenset(),
    beside: Beside | None = None,
) -> Loaded:
    """The same, every fault added to those of its file."""
    beside = beside or Beside()
    contested = beside.contested | {
        rate.id for _, card in cards for offer in card.offers for rate in offer.rates if rate.standing == "contested"
    }
    for name, card in cards:
        for index, one in enumerate(card.confirm):
            if one.rate not in contested:
                known = ", ".join(sorted(contested)) or "none"
                text = f"{one.rate!r} is not a contested price"
                faults[name].add(("confirm", index, "rate"), text, f"contested: {known}"[:400])
    confirmed = confirmed | {one.rate for _, card in cards for one in card.confirm}
    shelf = _Shelf(faults, beside)
    discounts: list[Discount] = []
    for name, card in cards:
        compiled = compile_card(card, faults[name], confirmed)
        shelf.put(name, card, compiled)
        discounts += compiled.discounts
    for name, card in cards:
        _check_discounts(card, faults[name], [*shelf.entries, *beside.offers])
    dumped = (card.model_dump(mode="python", exclude_defaults=True) for _, card in cards)
    contents = [json.dumps(content, default=_canonical, sort_keys=True) for content in dumped]
    contents += [f"confirm {rate}" for rate in confirmed]
    digest = hashlib.sha256("\n".join(sorted(contents)).encode()).hexdigest()[:32]
    entries = tuple(shelf.entries.values())
    return Loaded(entries, tuple(shelf.plans.values()), tuple(discounts), digest, tuple(cards), confirmed)


def _check_discounts(card: RateCard, faults: Faults, offers: Sequence[str]) -> None:
    from fnmatch import fnmatchcase

    for index, one in enumerate(card.discounts):
        for place, pattern in enumerate(one.offers):
            if not any(fnmatchcase(offer, pattern) for offer in offers):
                path: Path = ("discounts", index, "offers", place)
                faults.add(path, f"{pattern!r} fits no offer", "write provider/id, with * for anything")


def _canonical(value: object) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
