"""Which settings a job has: defaults filled in, other spellings read where the provider documents them. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from ..errors import NotQuotable, UnknownSetting
from ..offer import Offer, Setting


def choose_settings(offer: Offer, given: Mapping[str, str] | None) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """All settings with defaults filled in, and which of them were. Raises UnknownSetting naming the legal ones."""
    given = {} if given is None else given
    chosen = {name: setting.default for name, setting in offer.settings.items()}
    for name, value in given.items():
        setting = offer.settings.get(name)
        if setting is None:
            known = ", ".join(offer.settings) or "none"
            raise UnknownSetting(
                f"{offer.id} has no setting {name!r}", value=str(name), limit=known, next=f"it has: {known}"
            )
        chosen[name] = _value(offer, name, setting, value)
    if offer.unsold and not offer.sells(chosen):
        asked = ", ".join(f"{name} {value}" for name, value in chosen.items())
        near = next(
            (choice for choice in offer.choices if all(choice[name] == chosen[name] for name in list(given)[:1])),
            offer.choices[0],
        )
        legal = ", ".join(f"{name} {value}" for name, value in near.items())
        raise UnknownSetting(
            f"{offer.id} does not sell {asked} together", value=asked, limit=legal, next=f"sold, for example: {legal}"
        )
    open_ones = (name for name, setting in offer.settings.items() if name not in given and len(setting.values) > 1)
    return MappingProxyType(chosen), tuple(open_ones)


def refuse_unquotable(offer: Offer) -> None:
    """Raises NotQuotable where the card says that nobody can say the price beforehand."""
    settlement = offer.settlement
    if settlement is not None and settlement.quote == "unquotable":
        raise NotQuotable(
            f"{offer.id} cannot be quoted: {settlement.note}",
            value=offer.id,
            limit=f"actual cost: {settlement.actual}",
            next="learn it from its bills, or choose another offer",
        )


def _value(offer: Offer, name: str, setting: Setting, value: object) -> str:
    if isinstance(value, str):
        if value in setting.values:
            return value
        if value in setting.aliases:
            return setting.aliases[value]
    from difflib import get_close_matches  # only where something is wrong

    legal, shown = ", ".join(setting.values), str(value)[:60]
    folded = {one.casefold(): one for one in setting.values}
    near = get_close_matches(shown.casefold(), list(folded), n=1, cutoff=0.6)
    hint = f"did you mean {folded[near[0]]}? legal: {legal}" if near and len(setting.values) > 1 else f"legal: {legal}"
    raise UnknownSetting(f"{offer.id} does not sell {name} {shown!r}", value=shown, limit=legal, next=hint)
