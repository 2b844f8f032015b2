"""The only maker of random values. One section per package; each strategy says what it never makes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Literal

from hypothesis import strategies as st

from pricing import Money, PriceBook, PricingError, Quantity, Usage
from pricing.entry import DatedRate
from pricing.evaluate.measuring import Meter
from pricing.evaluate.tariffs import Ladder
from pricing.questions.lengths import Lengths
from pricing.select import Valuation, select
from pricing.units import MEASURES
from router import Demand, Policy
from router.choose import Room
from router.talk import Broken, Reply

# --- pricing -----------------------------------------------------------------------------------------------------

CURRENCIES = ("USD", "EUR", "creatify-credit")
DAYS = st.dates(date(2025, 10, 31), date(2027, 12, 31))
"""Days on which every offer that the router knows has a price."""


def money(currency: str | None = None, *, most: int = 10**15, least: int | None = None) -> st.SearchStrategy[Money]:
    """Amounts whose sums of a few hundred stay in range; negative ones too unless `least` says otherwise."""
    nanos = st.integers(-most if least is None else least, most)
    return st.builds(Money, nanos, st.sampled_from(CURRENCIES) if currency is None else st.just(currency))


def fractions() -> st.SearchStrategy[Fraction]:
    """Exact amounts off the grid of nanos, and exactly between two of its points."""
    halves = st.integers(-(10**12), 10**12).map(lambda n: Fraction(2 * n + 1, 2 * 10**9))
    return halves | st.fractions(-(10**6), 10**6, max_denominator=10**12)


def seconds(least: str = "0.001", most: str = "300") -> st.SearchStrategy[Decimal]:
    """Lengths as media readers and people give them: whole, by the millisecond, just off a whole, or finer."""
    low, high = Decimal(least), Decimal(most)
    whole = st.integers(1, int(high)).map(Decimal)
    ms = st.integers(int(low * 1000), int(high * 1000)).map(lambda n: Decimal(n) / 1000)
    beside = st.tuples(whole, st.sampled_from([Decimal("0.000001"), Decimal("-0.000001")])).map(
        lambda two: two[0] + two[1]
    )
    fine = st.decimals(low, high, places=9)
    return st.one_of(whole, ms, beside, fine).filter(lambda value: low <= value <= high)


@dataclass(frozen=True)
class Sold:
    """An offer with one choice of its settings."""

    offer: str
    settings: Mapping[str, str]

    def __str__(self) -> str:
        return "-".join([self.offer, *self.settings.values()])


@cache
def sold() -> tuple[Sold, ...]:
    """Every shipped offer that can be quoted, with every choice of settings that is sold."""
    return tuple(
        Sold(offer.id, choice)
        for offer in PriceBook.shipped().offers.values()
        if offer.settlement is None or offer.settlement.quote != "unquotable"
        for choice in offer.choices
    )


@cache
def sold_by_length() -> tuple[Sold, ...]:
    """Those whose price depends on one length alone, any length."""
    return tuple(thing for thing in sold() if _meter(thing).only is not None and not _steps(thing))


def any_sold() -> st.SearchStrategy[Sold]:
    return st.sampled_from(sold())


def offers() -> tuple[str, ...]:
    return tuple(dict.fromkeys(thing.offer for thing in sold()))


def choices_of(offer: str) -> st.SearchStrategy[Sold]:
    return st.sampled_from([thing for thing in sold() if thing.offer == offer])


def _rows(thing: Sold) -> tuple[DatedRate, ...]:
    return PriceBook.shipped().entries[thing.offer].rates[tuple(thing.settings.values())]


@cache
def _meter_of(offer: str, values: tuple[tuple[str, str], ...]) -> Meter:
    thing = Sold(offer, dict(values))
    needs = tuple(dict.fromkeys(name for row in _rows(thing) for name in row.rate.needs))
    return Meter.of(PriceBook.shipped().offer(offer), thing.settings, needs)


def _meter(thing: Sold) -> Meter:
    return _meter_of(thing.offer, tuple(thing.settings.items()))


def _steps(thing: Sold) -> list[Ladder]:
    """The tariffs that take some values only."""
    tariffs = (part.tariff for row in _rows(thing) for part in row.rate.components)
    return [tariff for tariff in tariffs if isinstance(tariff, Ladder)]


def days(thing: Sold) -> st.SearchStrategy[date]:
    """Days on which the offer has a price."""
    rows = [row for row in _rows(thing) if row.rate.standing == "record"]
    first = min(date.min if row.begins is None else row.begins.first for row in rows)
    last = max(date.max if row.ends is None else row.ends.last for row in rows)
    return st.dates(max(first, date(2025, 10, 31)), min(last, date(2027, 12, 31)))


def amounts(thing: Sold, name: str) -> st.SearchStrategy[Decimal]:
    """What the offer takes of one measure: never beyond its limits, only lengths that it sells."""
    meter, facts = _meter(thing), MEASURES[name]
    for ladder in _steps(thing):
        if ladder.axis == name:
            return st.sampled_from([Decimal(value.numerator) / value.denominator for value in ladder.values])
    limits = [limit for limit in meter.limits if limit.measure == name]
    tops = [limit.most for limit in limits if limit.most is not None]
    bottoms = [limit.least for limit in limits if limit.least is not None]
    duration = meter.duration
    if duration is not None and duration.measure == name:
        if duration.values:
            return st.sampled_from(duration.values)
        tops += [] if duration.most is None else [duration.most]
        bottoms += [] if duration.least is None else [duration.least]
        if duration.step is not None:
            low, step = duration.least or duration.step, duration.step
            return st.integers(0, int((min(tops) - low) / step)).map(lambda n: low + n * step)
    usual = Decimal(300 if facts.unit == "s" else 3000)
    most, least = min([*tops, usual]), max([*bottoms, Decimal(0 if facts.zero else 1)])
    if facts.whole:
        return st.integers(int(least), int(most)).map(Decimal)
    if facts.unit == "s":
        return seconds(str(max(least, Decimal("0.001"))), str(most))
    return st.decimals(least, most, places=3)


def stated(thing: Sold) -> st.SearchStrategy[dict[str, Decimal]]:
    """One amount of each measure that the offer needs."""
    return st.fixed_dictionaries({name: amounts(thing, name) for name in _meter(thing).needs})


@st.composite
def usages(draw: st.DrawFn, thing: Sold) -> Usage:
    """What the offer can be asked to price: points, ranges, billed seconds, a measured audio file."""
    sold_offer, one = PriceBook.shipped().offer(thing.offer), draw(stated(thing))
    kind = draw(st.sampled_from(["stated", "stated", "billed", "audio", "range"]))
    if kind == "billed" and MEASURES[sold_offer.measure].unit == "s" and sold_offer.measure in one:
        one["billed_seconds"] = one.pop(sold_offer.measure)
    if kind == "audio" and sold_offer.audio_driven and list(one) == ["output_video_seconds"]:
        length = max(one["output_video_seconds"] - sold_offer.slack_seconds, Decimal("0.001"))
        limits = (limit.most for limit in _meter(thing).limits if limit.measure == "input_audio_seconds")
        return Usage.audio(min([length, *(most for most in limits if most is not None)]))
    measures = {name: Quantity(value, value, value) for name, value in one.items()}
    if kind == "range":
        other = draw(stated(thing))
        for name in [name for name in one if name in other]:
            low, high = sorted((one[name], other[name]))
            measures[name] = Quantity(low, draw(st.sampled_from([low, high])), high)
    return Usage(measures or {"runs": Quantity(Decimal(1), Decimal(1), Decimal(1))})


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


# --- what a provider may answer (router) ---

_WORDS = st.sampled_from(
    (
        *("id", "status", "data", "errors", "error", "code", "message", "detail", "taskUUID", "taskType", "videoUUID"),
        *("videoURL", "cost", "request_id", "status_url", "response_url", "video", "url", "prices", "unit_price"),
        *("name", "currency", "endpoint_id", "items", "json_input", "started_at", "sent_at", "has_more", "next_cursor"),
        *("credits_used", "video_output", "failed_reason", "results", "mediaUUID", "resultIndex", "response"),
    )
)
_SAID = st.sampled_from(
    (
        *("done", "failed", "rejected", "running", "success", "error", "processing", "COMPLETED", "IN_QUEUE", "USD"),
        *("NaN", "-1", "1.4", "", "invalidModel", "conflictTaskUUID", "taskNotFound", "inferenceError"),
        *("fal-ai/creatify/aurora", "https://a.example/x.mp4", "2026-11-20T12:00:05Z"),
        *("0c7e2f5e-6a44-4a0e-9a37-0d5a3c1f9b11", "76cdd8b1-e337-4fe3-925f-513f86047104"),
    )
)
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | _SAID
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS | st.text(max_size=4), inner, max_size=6),
    max_leaves=24,
)


def _reply(status: int, headers: dict[str, str], body: object) -> Reply:
    return Reply(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())


def replies(statuses: st.SearchStrategy[int] | None = None) -> st.SearchStrategy[Reply]:
    """Whole HTTP answers: any bytes, and JSON (NaN and infinities too) made of the words that providers use."""
    units = _SAID | st.floats().map(str) | st.text(max_size=6)
    names = st.sampled_from(["x-fal-billable-units", "retry-after", "date", "x-fal-error-type"])
    headers = st.dictionaries(names, units, max_size=3)
    bodies = st.binary(max_size=40) | _JSON | st.dictionaries(_WORDS, _JSON, max_size=8)
    numbers = st.sampled_from([200, 201, 202, 204, 302, 400, 402, 404, 409, 422, 429, 500, 503]) | st.integers(100, 599)
    return st.builds(_reply, numbers if statuses is None else statuses, headers, bodies)


def answers() -> st.SearchStrategy[Reply | Broken]:
    """Replies, and calls that broke before or after the request left."""
    return replies() | st.builds(Broken, st.booleans(), st.text(max_size=20))


# --- router ------------------------------------------------------------------------------------------------------


def demands() -> st.SearchStrategy[Demand]:
    """Avatar and template demands of any length an offer can take, a few of them longer."""

    def made(kind: str, length: Decimal, resolution: str | None, outputs: int) -> Demand:
        usage = Usage.audio(length) if kind == "avatar" else Usage.video(length)
        return Demand("avatar" if kind == "avatar" else "template", usage, length, resolution, outputs)

    return st.builds(
        made,
        st.sampled_from(["avatar", "avatar", "template"]),
        seconds(most="400"),
        st.sampled_from([None, None, "480p", "720p", "1080p"]),
        st.sampled_from([1, 1, 1, 2, 4, 5]),
    )


def policies() -> st.SearchStrategy[Policy]:
    """Policies whose limits fall among what the shipped offers cost and take."""
    few = st.none() | st.integers(1, 40).map(lambda n: Money.of(n, "USD"))
    return st.builds(
        Policy,
        max_cost=few | st.integers(1, 60).map(lambda n: Money.of(n, "creatify-credit")),
        max_latency_s=st.none() | st.integers(60, 2000),
        confidence=st.sampled_from(["0.5", "0.75", "0.9", "0.95"]),
        min_quality=st.none() | st.sampled_from(["0", "0.5", "0.6", "0.7", "0.9"]),
        objective=st.sampled_from(["cheapest", "fastest", "best", "balanced"]),
        weights=st.tuples(*[st.integers(0, 5)] * 3).filter(any),
        providers=st.none() | st.frozensets(st.sampled_from(["fal", "runware", "creatify"]), min_size=1),
    )


def rooms() -> st.SearchStrategy[Room | None]:
    """No budget asked, an uncapped one, or one with little room, in dollars or credits."""
    currency = st.sampled_from(["USD", "USD", "creatify-credit"])

    def made(name: str, nanos: int | None) -> Room:
        available = None if nanos is None else Money(nanos, name)
        return Room("acme", name, None if nanos is None else Money.of(100, name), available)

    return st.none() | st.builds(made, currency, st.none() | st.integers(-(10**9), 40 * 10**9))


# --- router/sandbox ----------------------------------------------------------------------------------------------

SANDBOX_FIELDS = (
    *("image_url", "audio_url", "prompt", "guidance_scale", "audio_guidance_scale", "resolution", "image", "audio"),
    *("taskType", "taskUUID", "model", "inputs", "positivePrompt", "CFGScale", "numberResults", "includeCost"),
    *("operation", "media", "name", "webhook_url", "template_id", "variables", "model_version", "is_hidden"),
    *("text_prompt", "prompt_guidance_scale", "outputQuality", "ttl", "seconds", "apiKey", "content_type", "file_name"),
)
SANDBOX_WORDS = (
    *("videoInference", "getResponse", "getTaskDetails", "mediaStorage", "upload", "authentication", "480p"),
    *(
        "creatify:aurora@0",
        "https://x.example/a.mp3?seconds=1e9",
        "data:audio/wav;base64,UklGRg==",
        "http://127.0.0.1:1",
    ),
    *("67613ddc-2405-42bb-be8b-9714e84e63aa", "aurora_v1", "0", "-1", "NaN", "\ud800", "http://[", "9" * 5000),
)


def json_texts() -> st.SearchStrategy[str]:
    """JSON documents, as text: the providers' own field names and words, mostly misused; numbers of any size."""
    number_texts = st.sampled_from(["0", "-0.0", "1", "4", "1.5", "1e999", "1e-999999999", "9" * 4000, "1E+2"])
    words = st.sampled_from(SANDBOX_WORDS) | st.text(max_size=8)
    leaves = st.sampled_from(["null", "true", "false"]) | number_texts | words.map(_quoted)
    names = st.sampled_from(SANDBOX_FIELDS).map(_quoted)
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]")
            | st.lists(st.tuples(names, inner), max_size=8).map(lambda pairs: f"{{{','.join(map(':'.join, pairs))}}}")
        ),
        max_leaves=20,
    )


def _quoted(text: str) -> str:
    return json.dumps(text)


# --- ledger ------------------------------------------------------------------------------------------------------

LEDGER_SCOPES = ("acme", "acme/a", "acme/b", "acme/a/deep")
LEDGER_PRICES = ("1.40", "2.80", "0.70")
"""Quotes whose high is the expected price, so that a charge of twice it is believable and more is not."""


@dataclass(frozen=True)
class Said:
    """Something a provider, or the way to it, says about one attempt. Never two definite outcomes of one attempt."""

    verb: Literal["outcome", "settle", "unknown"]
    outcome: str = "accepted"
    evidence: str = "inline"
    amount: str | None = None
    final: bool = True
    delivered: int = 1


def observations() -> st.SearchStrategy[Said]:
    """Believable, absurd, zero and absent amounts from every source."""
    amounts = st.sampled_from([None, "0", "0.70", "1.40", "1.54", "2.80", "99"])
    sources = st.sampled_from(["invoice", "billing_event", "inline", "units"])
    told = st.builds(
        Said, st.just("settle"), st.just(""), sources, amounts, final=st.booleans(), delivered=st.sampled_from([0, 1])
    )
    return told | st.just(Said("settle", evidence="quote", amount="1.40", final=False))


@st.composite
def provider_events(draw: st.DrawFn, *, most: int = 4) -> tuple[Said, ...]:
    """Up to `most` events of one attempt of 1.40 USD."""
    told = draw(st.lists(observations(), max_size=most - 1))
    ends = draw(st.sampled_from([(), ("accepted",), ("unknown",), ("unknown", "accepted")]))
    lost = [Said("unknown")] if draw(st.booleans()) else []
    events = [*told, *(Said("outcome", outcome=word) for word in ends), *lost]
    return tuple(events[-most:])


@dataclass(frozen=True)
class Verb:
    """One call to a ledger: which verb, about which of a few jobs, with a few small choices."""

    name: str
    job: int
    choice: int
    said: Said


def verbs() -> st.SearchStrategy[Verb]:
    names = ("hold", "hold", "begin", "begin", "outcome", "settle", "settle", "release", "unknown", "resolve")
    said = observations()
    rare = ("set_budget", "expire", "tick")
    return st.builds(Verb, st.sampled_from((*names, *rare)), st.integers(0, 3), st.integers(0, 11), said)


def traces(most: int = 25) -> st.SearchStrategy[list[Verb]]:
    """Three jobs are held and two have begun; then anything, in any order."""
    plain = Said("settle", amount="1.40")
    opening = [Verb("hold", job, 0, plain) for job in range(3)] + [Verb("begin", job, 0, plain) for job in range(2)]
    return st.lists(verbs(), min_size=6, max_size=most).map(lambda more: [*opening, *more])


# --- lengths: what the inverse and the crossover are asked (pricing) ---

EXAMPLES = Path(__file__).parent.parent / "examples" / "cards"
CHECKED = date(2026, 11, 20)


@cache
def every_card() -> PriceBook:
    """The shipped cards and the examples in one book."""
    return PriceBook.shipped().with_cards(EXAMPLES)


@dataclass(frozen=True)
class Timed:
    """Something sold by length, and what else a job of it takes."""

    thing: Sold
    others: Usage | None

    def __str__(self) -> str:
        return str(self.thing)

    @property
    def provider(self) -> str:
        return self.thing.offer.partition("/")[0]


@cache
def timed() -> tuple[Timed, ...]:
    """Every offer of every card, with every choice of settings, whose price depends on a length on that day."""
    book, found = every_card(), list[Timed]()
    for offer in book.offers.values():
        for choice in offer.choices:
            try:
                selection = select(book.entries[offer.id], choice, CHECKED, Valuation(None, False, {}), "")
                lengths = Lengths.of(selection)
            except PricingError:  # not sold by length, or without a price on that day
                continue
            needs = [name for name in selection.meter.needs if name not in lengths.fed and name not in offer.defaults]
            frame = {"width": 1280, "height": 720, "fps_out": 24, "megapixels": 1}
            others = Usage.of(**{name: frame.get(name, 5) for name in needs}) if needs else None
            found.append(Timed(Sold(offer.id, choice), others))
    return tuple(found)


@st.composite
def asked_lengths(draw: st.DrawFn, lengths: Lengths, most: int = 600) -> list[Fraction]:
    """Lengths that may be sold and some that are not: beside whole seconds, at the ends, on the grid."""
    last = min(Fraction(most), lengths.most)
    ms = st.integers(1, max(int(last * 1000), 2)).map(lambda n: Fraction(n, 1000))
    beside = st.tuples(st.integers(0, int(last) + 1), st.sampled_from([-1, 0, 1])).map(
        lambda two: Fraction(two[0]) + Fraction(two[1], 1000)
    )
    sold = st.integers(0, max(lengths.grid.count - 1, 0)).map(lengths.grid.at)
    ends = st.sampled_from([lengths.least, lengths.most, lengths.grid.at(0)])
    found = draw(st.lists(ms | beside | sold | ends, min_size=4, max_size=12))
    return [length for length in found if 0 < length <= 86_400]


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
