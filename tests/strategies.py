"""The only maker of random values. One section per package; each strategy says what it never makes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Literal

from hypothesis import strategies as st

from pricing import Money, PriceBook, Usage
from router import Demand, Policy
from router.choose import Room
from router.talk import Broken, Reply

# --- pricing -----------------------------------------------------------------------------------------------------

CURRENCIES = ("USD", "EUR", "creatify-credit")
DAYS = st.dates(date(2025, 10, 31), date(2027, 12, 31))
"""Days on which every shipped offer has a price."""


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


@cache
def sold() -> tuple[Sold, ...]:
    """Every shipped offer with every choice of settings."""
    return tuple(
        Sold(offer.id, dict(zip(offer.settings, values, strict=True)))
        for offer in PriceBook.shipped().offers.values()
        for values in product(*(setting.values for setting in offer.settings.values()))
    )


def any_sold() -> st.SearchStrategy[Sold]:
    return st.sampled_from(sold())


@st.composite
def usages(draw: st.DrawFn, offer: str) -> Usage:
    """What the offer can be asked to price: billed seconds, a measured audio file, a range of video."""
    sold_offer = PriceBook.shipped().offer(offer)
    if draw(st.booleans()):
        return Usage.billed(draw(seconds()))
    if sold_offer.audio_driven:
        return Usage.audio(draw(seconds()))
    low, high = sorted((draw(seconds()), draw(seconds())))
    return Usage.video(low, high)


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
        lines = ["[[offers.rates.components]]", f'label = "{name}"', f"included = {self.included:f}"]
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
