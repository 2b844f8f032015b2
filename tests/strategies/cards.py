"""Made-up cards: of every shape, and those whose prices may fall as the length grows."""

from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st

from pricing import PriceBook


@dataclass(frozen=True)
class Part:
    """One component of a made-up rate, as plain numbers."""

    price: Decimal
    per: Decimal | None
    """None: flat."""
    included: Decimal
    step: Decimal | None
    mode: str
    minimum: Decimal | None
    cap: Decimal | None
    factor: Decimal

    def toml(self, name: str) -> str:
        lines = ["[[offers.rates.components]]", f'label = "{name}"']
        if self.per is not None:  # a flat price asks no quantity, and a card may not say how to round one
            lines.append(f"included = {self.included:f}")
            if self.step is not None:
                lines.append(f'quantise = {{ step = {self.step:f}, mode = "{self.mode}" }}')
            lines += [f"minimum = {self.minimum:f}"] if self.minimum is not None else []
            lines += [f"cap = {self.cap:f}"] if self.cap is not None else []
        kind = '"flat"' if self.per is None else f'"per-unit", per = {self.per:f}'
        lines.append(f"tariff = {{ kind = {kind}, price = {self.price:f} }}")
        lines.append(f'multipliers = [{{ label = "factor", factor = {self.factor:f} }}]')
        return "\n".join(lines)


@dataclass(frozen=True)
class MadeUp:
    """A made-up card of one offer `acme/clip`, metered on output seconds."""

    parts: tuple[Part, ...]
    rounding: tuple[Decimal, str, str] | None
    max_outputs: int = 4

    def toml(self) -> str:
        head = 'provider = "acme"\ncurrency = "USD"\nchecked_on = "2026-11-20"\n'
        offer = '[[offers]]\nid = "clip"\nname = "clip"\nmeasure = "output_video_seconds"\nfrom_audio = true\n'
        offer += f"max_outputs = {self.max_outputs}\n"
        rate = '[[offers.rates]]\nid = "acme-clip"\neffective_from = "2026-01-01"\n'
        rate += 'sources = [{ url = "https://acme.example/prices", evidence = "published" }]\n'
        if self.rounding is not None:
            step, mode, of = self.rounding
            rate += f'rounding = {{ step = {step:f}, mode = "{mode}", of = "{of}" }}\n'
        return "\n".join([head, offer, rate, *(part.toml(f"part {n}") for n, part in enumerate(self.parts))])

    def book(self) -> PriceBook:
        return PriceBook.from_texts({"acme.toml": self.toml()})


def _amounts(places: int, most: str) -> st.SearchStrategy[Decimal]:
    return st.decimals(0, Decimal(most), places=places)


@st.composite
def _parts(draw: st.DrawFn) -> Part:
    lengths = st.sampled_from([Decimal(text) for text in ("1", "5", "15", "30", "60", "0.5", "0.04", "7")])
    minimum = draw(st.none() | lengths)
    cap = draw(st.none() | lengths)
    if minimum is not None and cap is not None and cap < minimum:
        minimum, cap = cap, minimum
    return Part(
        price=draw(_amounts(6, "25")),
        per=draw(st.none() | lengths | st.just(Decimal(3))),
        included=draw(st.just(Decimal(0)) | lengths),
        step=draw(st.none() | lengths),
        mode=draw(st.sampled_from(["ceil", "floor", "nearest"])),
        minimum=minimum,
        cap=cap,
        factor=draw(st.sampled_from([Decimal(text) for text in ("1", "0.6", "1.25", "2", "0.333333333333")])),
    )


def made_up_cards() -> st.SearchStrategy[MadeUp]:
    """Cards of every shape the language has, alone and summed; prices may be zero, never negative."""
    steps = st.sampled_from([Decimal(text) for text in ("0.5", "0.01", "0.25", "1")])
    rounding = st.tuples(steps, st.sampled_from(["ceil", "floor", "nearest"]), st.sampled_from(["output", "job"]))
    return st.builds(MadeUp, st.lists(_parts(), min_size=1, max_size=3).map(tuple), st.none() | rounding)


_PRICES = st.integers(0, 12).map(lambda n: Decimal(n) / 4)
_FEW_ENDS = st.lists(st.integers(1, 11).map(lambda n: Decimal(n) / 2), min_size=1, max_size=3, unique=True).map(sorted)


@st.composite
def _uneven_tariffs(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(["per-unit", "flat", "ladder", "intervals", "intervals-per", "cliff", "graduated"]))
    if kind in ("per-unit", "flat"):
        return f'tariff = {{ kind = "{kind}", price = {draw(_PRICES)} }}'
    ends: list[Decimal | str] = [*draw(_FEW_ENDS)]
    if kind == "ladder":
        cells = ", ".join(f"{{ at = {end}, price = {draw(_PRICES)} }}" for end in ends)
        return f'tariff = {{ kind = "ladder", axis = "requested_seconds", cells = [{cells}] }}'
    ends += ['"inf"'] if draw(st.booleans()) else []
    if kind.startswith("intervals"):
        cells = ", ".join(f"{{ up_to = {end}, price = {draw(_PRICES)} }}" for end in ends)
        per = ", per = 2" if kind.endswith("per") else ""
        return f'tariff = {{ kind = "intervals", axis = "requested_seconds"{per}, cells = [{cells}] }}'
    cells = ", ".join(f"{{ up_to = {end}, flat = {draw(_PRICES)}, price = {draw(_PRICES)} }}" for end in ends)
    return f'tariff = {{ kind = "tiers", mode = "{kind}", cells = [{cells}] }}'


@st.composite
def _uneven_components(draw: st.DrawFn) -> str:
    tariff = draw(_uneven_tariffs())
    lines, asks = [tariff], any(word in tariff for word in ("per-unit", '"tiers"', "per = "))
    if asks and draw(st.booleans()):
        step, mode = (
            draw(st.sampled_from(["0.5", "1", "3"])),
            draw(st.sampled_from(["ceil", "floor", "nearest", "unknown"])),
        )
        lines.append(f'quantise = {{ step = {step}, mode = "{mode}" }}')
    quantity = (("included", "1.5"), ("minimum", "2"), ("cap", "4")) if asks else ()
    for key, values in (*quantity, ("minimum_charge", "1.25")):
        lines += [f"{key} = {values}"] if draw(st.integers(0, 4)) == 0 else []
    if draw(st.integers(0, 2)) == 0:
        bound, factor = draw(st.sampled_from(["above", "at_most"])), draw(st.sampled_from(["0.5", "2", "0"]))
        where = f"{bound} = {{ requested_seconds = {draw(st.integers(1, 5))} }}"
        lines.append(f'multipliers = [{{ label = "m", factor = {factor}, {where} }}]')
    if draw(st.integers(0, 3)) == 0:
        lines.append('measure = "parts"')
    lines.append(f"per_output = {str(draw(st.booleans())).lower()}")
    return "\n".join(lines)


@st.composite
def uneven_books(draw: st.DrawFn) -> PriceBook:
    """Two offers acme/a and acme/b of at most six seconds, whose prices may fall as the length grows."""
    text = 'provider = "acme"\ncurrency = "USD"\nchecked_on = "2026-11-20"\n'
    lengths = ["min = 0.7, step = 0.4, max = 6", "min = 1.5, max = 6", "values = [1, 2.5, 3, 5.25]", "max = 6"]
    parts = ["requested_seconds * 2 + 1", "ceil(requested_seconds / 2) * 3", "min(requested_seconds, 3)"]
    for name in "ab":
        text += f'[[offers]]\nid = "{name}"\nname = "clip"\nmeasure = "requested_seconds"\nmax_outputs = 3\n'
        text += f"duration = {{ {draw(st.sampled_from([*lengths, lengths[-1]]))} }}\n"
        components = draw(st.lists(_uneven_components(), min_size=1, max_size=2))
        if any('measure = "parts"' in part for part in components):
            expression = draw(st.sampled_from(parts))
            text += f'[[offers.derive]]\nname = "parts"\nunit = "part"\nexpression = "{expression}"\n'
        text += f'[[offers.rates]]\nid = "acme-{name}"\neffective_from = "2026-01-01"\n'
        text += 'sources = [{ url = "https://acme.example/prices", evidence = "published" }]\n'
        if draw(st.booleans()):
            of, mode = draw(st.sampled_from(["component", "output", "job"])), draw(st.sampled_from(["ceil", "nearest"]))
            text += f'rounding = {{ step = 0.3, mode = "{mode}", of = "{of}" }}\n'
        for n, part in enumerate(components):
            text += f'[[offers.rates.components]]\nlabel = "part {n}"\n{part}\n'
    return PriceBook.from_texts({"acme.toml": text})
