"""The price book: every card, looked up by date, and the questions it answers. No clock; only its makers read files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from .credits import CreditPlan
from .entry import Entry
from .errors import BuysNothing, NoPlan, UnknownOffer
from .inverse import longest_ms, ms_from_seconds, seconds_from_ms
from .money import Money
from .offer import Offer
from .quote import MaxSeconds, Quote
from .select import Selection, Valuation, Worth, select
from .units import LONGEST_SECONDS, VIDEO
from .usage import Usage

if TYPE_CHECKING:
    from .load import Loaded

_REMEMBERED = 4096


def _nothing_chosen() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All offers with their dated rates, and the credit plans. Immutable; two books with one hash are equal."""

    offers: Mapping[str, Offer] = field(compare=False, repr=False)
    plans: tuple[CreditPlan, ...] = field(compare=False, repr=False)
    hash: str
    """Of the cards' content and the plans chosen."""
    entries: Mapping[str, Entry] = field(compare=False, repr=False)
    chosen: Mapping[str, str] = field(compare=False, repr=False, default_factory=_nothing_chosen)
    """The plan named for a currency."""
    _memo: dict[object, Selection] = field(
        default_factory=dict[object, Selection], compare=False, repr=False, init=False
    )
    _valuations: dict[str, Valuation] = field(
        default_factory=dict[str, Valuation], compare=False, repr=False, init=False
    )

    @classmethod
    def shipped(cls) -> "PriceBook":
        """The cards that come with the library."""
        return _shipped()

    @classmethod
    def load(cls, paths: Iterable[Path | str]) -> Self:
        """The cards of these files, or of every *.toml in a folder, and no others. Raises BadCard."""
        from .load import read_files

        return cls.of(read_files([paths] if isinstance(paths, (str, Path)) else paths))

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> Self:
        """The cards in these TOML texts, by name. Reads no file. Raises BadCard."""
        from .load import read_texts

        return cls.of(read_texts(texts))

    @classmethod
    def of(cls, loaded: "Loaded") -> Self:
        """A book of cards already read."""
        entries, plans, content = loaded
        by_id = {entry.offer.id: entry for entry in sorted(entries, key=lambda entry: entry.offer.id)}
        return cls(
            offers=MappingProxyType({id: entry.offer for id, entry in by_id.items()}),  # noqa: A001
            plans=plans,
            hash=content,
            entries=MappingProxyType(by_id),
        )

    def offer(self, id: str) -> Offer:  # noqa: A002 - the word of the contract
        """Raises UnknownOffer, naming those that look alike."""
        offer = self.offers.get(id)
        if offer is None:
            raise self._unknown(id)
        return offer

    def plan_for(self, currency: str) -> CreditPlan | None:
        """The plan chosen for these credits, else the dearest published self-serve one; None: no plan sells them."""
        mine = [plan for plan in self.plans if plan.currency == currency and plan.price.currency == "USD"]
        if (named := self.chosen.get(currency)) is not None:
            return next(plan for plan in mine if plan.id == named)
        return max(
            (plan for plan in mine if plan.self_serve), key=lambda plan: (plan.usd_per_credit, plan.id), default=None
        )

    def with_plan(self, provider: str, plan: str) -> "PriceBook":
        """The same book, valuing the provider's credits by this plan. Raises NoPlan."""
        mine = {one.id: one for one in self.plans if one.provider == provider}
        if plan not in mine:
            legal, shown = ", ".join(mine) or "none", str(plan)[:60]
            raise NoPlan(f"{provider} has no credit plan {shown!r}", value=shown, limit=legal, next=f"it has: {legal}")
        chosen = {**self.chosen, mine[plan].currency: plan}
        content = self.hash.partition("+")[0]
        named = "".join(f"+{currency}={name}" for currency, name in sorted(chosen.items()))
        return replace(self, chosen=MappingProxyType(chosen), hash=content + named)

    def quote(
        self, offer: str, usage: Usage, *, at: date, settings: Mapping[str, str] | None = None, outputs: int = 1
    ) -> Quote:
        """What the job would cost on that day (UTC).

        Raises UnknownOffer, UnknownSetting, NoPrice, NoPlan, BadQuantity, OverLimit.
        """
        key = (offer, at, tuple(settings.items()) if settings else None)
        try:
            selection = self._memo.get(key)
        except TypeError:  # a value that cannot be a key cannot be a legal setting: `select` says so
            selection = None
        if selection is None:
            selection = self._select(offer, at, settings)
            if len(self._memo) >= _REMEMBERED:
                self._memo.clear()
            self._memo[key] = selection
        return selection.quote(usage, outputs)

    def max_seconds(
        self, offer: str, budget: Money, *, at: date, settings: Mapping[str, str] | None = None, outputs: int = 1
    ) -> MaxSeconds:
        """The longest billed measure whose `high` fits the budget, to the millisecond.

        The budget is in the offer's own currency or in dollars. An offer without a limit is taken up to a day.
        Raises BuysNothing, CurrencyMismatch, and what `quote` raises.
        """
        sold = self.offer(offer)
        limit = LONGEST_SECONDS * 1000 if sold.max_seconds is None else ms_from_seconds(sold.max_seconds)

        def quote(ms: int) -> Quote:
            return self.quote(offer, Usage.billed(seconds_from_ms(ms)), at=at, settings=settings, outputs=outputs)

        def fits(ms: int) -> bool:
            return quote(ms).in_currency(budget.currency).high <= budget

        smallest = quote(1).in_currency(budget.currency).high
        if budget < smallest:
            raise BuysNothing(
                f"{budget} buys nothing of {offer}",
                value=str(budget),
                limit=str(smallest),
                next=f"the shortest job costs up to {smallest}",
            )
        ms = longest_ms(fits, limit)
        spare = ms_from_seconds(sold.slack_seconds) if sold.measure == VIDEO else 0
        return MaxSeconds(
            seconds=seconds_from_ms(ms),
            audio_seconds=seconds_from_ms(max(ms - spare, 0)) if sold.audio_driven else None,
            limited_by="offer_limit" if ms == limit else "budget",
            quote=quote(ms),
        )

    def _select(self, offer: str, at: date, settings: Mapping[str, str] | None) -> Selection:
        if not isinstance(at, date) or isinstance(at, datetime):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"`at` is a date (UTC), not a {type(at).__name__}")
        entry = self.entries.get(offer)
        if entry is None:
            raise self._unknown(offer)
        return select(entry, settings, at, self._valuation(entry.offer.currency), self.hash)

    def _valuation(self, currency: str) -> Valuation:
        valuation = self._valuations.get(currency)
        if valuation is None:
            plan = None if currency == "USD" else self.plan_for(currency)
            if plan is None and currency != "USD":
                raise NoPlan(f"nothing says what a {currency} is worth", value=currency, next="add a plan to its card")
            worth = None if plan is None else Worth.of(plan)
            valuation = self._valuations.setdefault(currency, Valuation(worth, currency in self.chosen, {}))
        return valuation

    def _unknown(self, id: str) -> UnknownOffer:  # noqa: A002
        from difflib import get_close_matches

        names = {name.rpartition("/")[2]: name for name in self.offers} | {name: name for name in self.offers}
        asked = str(id)[:120]
        close = list(dict.fromkeys(names[name] for name in get_close_matches(asked, list(names), n=5, cutoff=0.5)))
        known = ", ".join(close or self.offers)
        hint = f"did you mean {known}?" if close else f"known: {known}"
        return UnknownOffer(f"no offer {asked!r} in this price book", value=asked, limit=known, next=hint)


@cache
def _shipped() -> PriceBook:
    from .load import read_shipped

    return PriceBook.of(read_shipped())
