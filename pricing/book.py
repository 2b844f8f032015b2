"""The price book: every card, looked up by date, and the questions it answers. No clock; only its makers read files."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from .answers import BestSetting, MaxOutputs, MaxSeconds, Stretch
from .credits import CreditPlan
from .entry import Entry
from .errors import BadCard, NoPlan, UnknownOffer
from .language.discounts import Discount
from .money import Money
from .offer import Offer
from .quote import Quote
from .readonly import read_only
from .select import Selection, Valuation, Worth, select
from .usage import Usage

if TYPE_CHECKING:
    from .language.merge import Loaded, Named

    _Parts = tuple[tuple[Named, ...], frozenset[str], tuple[tuple[str, str], ...]]

_REMEMBERED = 4096
_SHOWN = 8


def _nothing_chosen() -> Mapping[str, str]:
    return read_only({})


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
    discounts: tuple[Discount, ...] = field(compare=False, repr=False, default=())
    loaded: "Loaded | None" = field(compare=False, repr=False, default=None)
    """The cards it is made of."""
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
        from .language.load import cards_from
        from .language.merge import assemble

        return cls.of(assemble(cards_from(paths)))

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> Self:
        """The cards in these TOML texts, by name. Reads no file. Raises BadCard."""
        from .language.load import read_cards
        from .language.merge import assemble

        return cls.of(assemble(read_cards(texts)))

    @classmethod
    def of(cls, loaded: "Loaded") -> Self:
        """A book of cards already read."""
        by_id = {entry.offer.id: entry for entry in sorted(loaded.entries, key=lambda entry: entry.offer.id)}
        return cls(
            offers=read_only({id: entry.offer for id, entry in by_id.items()}),  # noqa: A001
            plans=loaded.plans,
            hash=loaded.hash,
            entries=read_only(by_id),
            discounts=loaded.discounts,
            loaded=loaded,
        )

    def with_cards(self, cards: "Iterable[Path | str] | Path | str | Mapping[str, str]") -> "PriceBook":
        """The same book with these cards laid over it: files or folders, or TOML texts by name. Raises BadCard.

        An offer of an id that is there already needs `replace = true`.
        """
        from .language.load import cards_from, read_cards

        more = read_cards(cast("Mapping[str, str]", cards)) if isinstance(cards, Mapping) else cards_from(cards)
        return self._again(more, ())

    def with_confirmed(self, rate: str) -> "PriceBook":
        """The same book where this contested price is the price of record and the other is dropped. Raises BadCard."""
        if not any(
            dated.rate.id == rate and dated.rate.contested
            for entry in self.entries.values()
            for rows in entry.rates.values()
            for dated in rows
        ):
            raise BadCard(f"{str(rate)[:120]!r} is not a contested price of this book", value=str(rate)[:120])
        return self._again((), (rate,))

    def _again(self, cards: "tuple[Named, ...]", confirmed: tuple[str, ...]) -> "PriceBook":
        return _assembled(*self._parts(cards, confirmed))

    def _parts(self, cards: "tuple[Named, ...]" = (), confirmed: tuple[str, ...] = ()) -> "_Parts":
        if self.loaded is None:
            raise BadCard("this book was not made from cards", next="make it with PriceBook.load or from_texts")
        providers = {(one.currency, one.id): one.provider for one in self.plans}
        plans = tuple((providers[named], named[1]) for named in self.chosen.items())
        return (*self.loaded.cards, *cards), self.loaded.confirmed.union(confirmed), plans

    def __reduce__(self) -> "tuple[Callable[..., PriceBook], _Parts]":
        """Pickled as its cards: small, and nothing of what past quotes have left behind."""
        return _assembled, self._parts()

    def __deepcopy__(self, memo: object) -> "PriceBook":
        return self  # it cannot be changed, so a copy is only another name

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
        return replace(self, chosen=read_only(chosen), hash=content + named)

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
        self,
        offer: str,
        budget: Money,
        *,
        at: date,
        settings: Mapping[str, str] | None = None,
        outputs: int = 1,
        usage: Usage | None = None,
        measure: str | None = None,
    ) -> MaxSeconds:
        """The longest job whose `high` fits the budget: to the millisecond, or the longest of the lengths sold.

        The budget is in the offer's own currency or in dollars; `usage` states what else the job takes; `measure` is
        the length asked for, the offer's own if None. An offer without a limit is taken up to a day.
        Raises BuysNothing, CurrencyMismatch, and what `quote` raises.
        """
        from .questions import inverse  # only where it is asked: an import costs more than many quotes

        return inverse.max_seconds(self._select(offer, at, settings), budget, outputs, usage, measure)

    def max_outputs(
        self, offer: str, budget: Money, *, usage: Usage, at: date, settings: Mapping[str, str] | None = None
    ) -> MaxOutputs:
        """The most outputs of this job whose `high` fits the budget.

        Raises BuysNothing, CurrencyMismatch, and what `quote` raises.
        """
        from .questions import inverse

        return inverse.max_outputs(self._select(offer, at, settings), budget, usage)

    def best_resolution(
        self,
        offer: str,
        budget: Money,
        *,
        usage: Usage,
        at: date,
        settings: Mapping[str, str] | None = None,
        outputs: int = 1,
    ) -> BestSetting:
        """The highest resolution at which the `high` of this job fits the budget, the other settings as given.

        Raises UnknownSetting where the offer has no resolutions, BuysNothing, and what `quote` raises.
        """
        from .questions import inverse

        def choose(chosen: Mapping[str, str]) -> Selection:
            return self._select(offer, at, chosen)

        return inverse.best_resolution(choose, self.offer(offer), budget, usage, settings, outputs)

    def crossover(
        self,
        a: str,
        b: str,
        *,
        at: date,
        settings_a: Mapping[str, str] | None = None,
        settings_b: Mapping[str, str] | None = None,
        measure: str | None = None,
        upto: Decimal | int | None = None,
        usage: Usage | None = None,
        outputs: int = 1,
    ) -> tuple[Stretch, ...]:
        """Where which of two offers is cheaper: every length that both sell, in order, by exact expected cost.

        The length is each offer's own measure unless `measure` names one; `upto` None: what both sell, at most ten
        minutes. Raises NotQuotable where an expression has no exact answer, NoPlan, and what `quote` raises.
        """
        from .questions.crossover import crossover

        chosen = self._select(a, at, settings_a), self._select(b, at, settings_b)
        return crossover(*chosen, measure=measure, upto=upto, usage=usage, outputs=outputs)

    def minimums(self, at: date) -> dict[str, Fraction]:
        """What a job costs at least by its card, by offer in its own currency; left out: no minimum, or several."""
        from .questions.least import minimums

        return minimums(self.entries, at)

    def _select(self, offer: str, at: date, settings: Mapping[str, str] | None) -> Selection:
        if not isinstance(at, date) or isinstance(at, datetime):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"`at` is a date (UTC), not a {type(at).__name__}")
        entry = self.entries.get(offer)
        if entry is None:
            raise self._unknown(offer)
        return select(entry, settings, at, self._valuation(entry.offer.currency), self.hash, self.discounts)

    def _valuation(self, currency: str) -> Valuation:
        valuation = self._valuations.get(currency)
        if valuation is None:
            plan = None if currency == "USD" else self.plan_for(currency)
            worth = None if plan is None else Worth.of(plan)
            valuation = self._valuations.setdefault(currency, Valuation(worth, currency in self.chosen, {}))
        return valuation

    def _unknown(self, id: str) -> UnknownOffer:  # noqa: A002
        from difflib import get_close_matches

        names = {name.rpartition("/")[2]: name for name in self.offers} | {name: name for name in self.offers}
        asked = str(id)[:120]
        close = list(dict.fromkeys(names[name] for name in get_close_matches(asked, list(names), n=5, cutoff=0.5)))
        some = close or list(self.offers)
        known = ", ".join(some[:_SHOWN]) + (f" and {len(some) - _SHOWN} more" if len(some) > _SHOWN else "")
        hint = f"did you mean {known}?" if close else f"known: {known}"
        return UnknownOffer(f"no offer {asked!r} in this price book", value=asked, limit=known, next=hint)


def _assembled(cards: "tuple[Named, ...]", confirmed: frozenset[str], plans: tuple[tuple[str, str], ...]) -> PriceBook:
    from .language.merge import assemble

    book = PriceBook.of(assemble(cards, confirmed))
    for provider, plan in plans:
        book = book.with_plan(provider, plan)
    return book


@cache
def _shipped() -> PriceBook:
    from .language.load import read_shipped

    return PriceBook.of(read_shipped())
