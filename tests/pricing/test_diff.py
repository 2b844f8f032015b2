"""What changed between two books, and the same jobs under both: diff against edits made here, replay against quotes."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing import Change, Job, PriceBook, PricingError, Quantity, Replay, Usage, diff, history, replay

from .cardtexts import GOOD, row, spoiled

DAY = date(2026, 11, 20)
BOTH = "480p, 720p; default {}p"
OFFER = "acme/clip"
PLAN = """
[[plans]]
id = "starter"
price = 99
credits = 500
source = { url = "https://acme.example/plans", evidence = "published" }
"""
UNKNOWN = GOOD.replace('mode = "ceil"', 'mode = "unknown"')
EXACT = GOOD.replace('quantise = { step = 1, mode = "ceil" }\n', "")
BOUNDED = GOOD.replace("quantise =", "included = 2\nminimum = 5\ncap = 60\nquantise =")
FINE = EXACT.replace("0.10", "0.0000000007")  # a millisecond costs less than a nano: rounding is per job
LIMITED = GOOD.replace("max_outputs = 2", "max_outputs = 2\nmax_seconds = 59.7")
CREDITS = GOOD.replace('currency = "USD"', 'currency = "acme-credit"') + PLAN.replace("price = 99", "price = 100")
CARDS = {
    "good": GOOD, "unknown": UNKNOWN, "exact": EXACT, "bounded": BOUNDED, "fine": FINE, "limited": LIMITED,
    "credits": CREDITS, "thirds": CREDITS.replace("credits = 500", "credits = 300"),
    "rounded": GOOD.replace("sources =", 'rounding = { step = 0.25, mode = "nearest", of = "job" }\nsources =', 1),
    "contested": GOOD + row("acme-other", "2026-01-01", extra='standing = "contested"', price="0.9"),
    "dated": GOOD + row("acme-later", "2026-11-15", price="2"),
}  # fmt: skip


def book(text: str) -> PriceBook:
    return PriceBook.from_texts({"acme.toml": text})


def changes(new: str, old: str = GOOD) -> tuple[Change, ...]:
    return diff(book(old), book(new))


def only(new: str, old: str = GOOD) -> Change:
    found = changes(new, old)
    assert len(found) == 1, [str(one) for one in found]
    return found[0]


def test_a_book_does_not_differ_from_itself() -> None:
    assert diff(PriceBook.shipped(), PriceBook.shipped()) == ()
    assert changes(GOOD) == ()


def test_a_price_names_its_settings_and_percent() -> None:
    one = only(spoiled("price = 0.05", "price = 0.06"))
    assert (one.what, one.verb, one.settings) == ("price", "changed", {"resolution": ("480p",)})
    assert (one.before, one.after, one.ratio) == ("0.05 USD per s", "0.06 USD per s", Fraction(6, 5))
    assert one.percent == Decimal(20)
    assert str(one) == f"~ {OFFER} (480p): price: 0.05 USD per s → 0.06 USD per s (+20 %) [acme-clip-2026]"
    assert one.as_json()["percent"] == "20"


def test_a_fall_is_the_mirror() -> None:
    one = only(GOOD, spoiled("price = 0.05", "price = 0.06"))
    assert one.percent == Decimal("-16.6667")
    assert "(−16.7 %)" in str(one)


@pytest.mark.parametrize(
    ("old", "new", "what", "key", "before", "after"),
    [
        ("step = 1,", "step = 2,", "rounding", "rounding", "up to 1 s", "up to 2 s"),
        ('mode = "ceil"', 'mode = "floor"', "rounding", "rounding", "up to 1 s", "down to 1 s"),
        ("quantise =", "minimum = 3\nquantise =", "terms", "minimum", None, "3 s"),
        ("max_outputs = 2", "max_outputs = 4", "limit", "max_outputs", "2", "4"),
        ("max_outputs = 2", "max_outputs = 2\nmax_seconds = 60", "limit", "most output_video_seconds", None, "60"),
        ('default = "720p"', 'default = "480p"', "setting", "resolution", BOTH.format(720), BOTH.format(480)),
        ("sources =", 'assumptions = ["so it is"]\nsources =', "assumption", "", None, "so it is"),
        ("prices\", evidence", "list\", evidence", "source", "", None, None),
        ('checked_on = "2026-11-20"', 'checked_on = "2026-11-21"', "source", "checked_on", "2026-11-20", "2026-11-21"),
        ('name = "Acme clip"', 'name = "Acme film"', "offer", "name", "Acme clip", "Acme film"),
    ],
)  # fmt: skip
def test_each_thing_is_told(old: str, new: str, what: str, key: str, before: str | None, after: str | None) -> None:
    found = changes(spoiled(old, new))
    assert {one.what for one in found} == {what}
    if what == "source" and before is None:
        assert {one.verb for one in found} == {"added", "removed"}
    else:
        assert [(one.key, one.before, one.after) for one in found] == [(key, before, after)]


def test_a_newer_row_is_set_against_the_one_it_ends() -> None:
    newer = GOOD[GOOD.index("[[offers.rates]]") :].replace("acme-clip-2026", "acme-new").replace("0.10", "0.12")
    found = changes(GOOD + "\n" + newer.replace('from = "2026-01-01"', 'from = "2026-12-01"'))
    assert [(one.what, one.verb, one.row) for one in found] == [
        ("row", "ended", "acme-clip-2026"),
        ("row", "added", "acme-new"),
        ("price", "changed", "acme-new"),
    ]
    assert (found[0].before, found[0].after) == (None, "2026-11-30")
    assert (found[2].settings, found[2].percent, found[2].since) == (
        {"resolution": ("720p",)},
        Decimal(20),
        "2026-12-01",
    )


def test_a_price_is_called_a_price_once() -> None:
    cells = '[{ up_to = 40, flat = 0.2 }, { up_to = "inf", price = 0.1 }]'
    tiers = f'tariff = {{ kind = "tiers", mode = "graduated", cells = {cells} }}'
    card = GOOD[: GOOD.index("quantise")] + tiers
    text = card.replace(
        'label = "clip"', 'label = "clip"\nmultipliers = [{ label = "long", factor = 2, above = { runs = 1 } }]'
    )
    new = text.replace("0.2", "0.3").replace("0.1 ", "0.4 ").replace("factor = 2", "factor = 5")
    said = [str(one).split(": ")[1] for one in changes(new, text)]
    assert said == [
        "entry price at each part of output_video_seconds up to 40",
        "price at each part of output_video_seconds above 40",
        "multiplier long",
    ]
    rounded = spoiled("sources =", 'rounding = { step = 0.25, mode = "nearest", of = "job" }\nsources =')
    one = only(rounded.replace("0.25", "0.5"), rounded)
    assert (one.word, one.what, one.risen_text) == ("rounding of the job", "rounding", "")
    assert only(spoiled("max_outputs = 2", "max_outputs = 4")).word == "limit max_outputs"


def test_offers_and_plans_come_and_go() -> None:
    other = GOOD.replace('id = "clip"', 'id = "film"').replace("acme-clip-2026", "acme-film")
    assert [(one.verb, one.subject) for one in changes(other)] == [("removed", OFFER), ("added", "acme/film")]
    dearer = changes(CREDITS.replace("price = 100", "price = 150"), CREDITS)
    assert [(one.what, one.key, one.percent) for one in dearer] == [
        ("plan", "", Decimal(50)),
        ("plan", "value", Decimal(50)),
    ]


def test_history_is_in_order_of_time() -> None:
    found = history(book(CARDS["dated"]), OFFER)
    assert [(one.id, one.effective_from, one.effective_until) for one in found] == [
        ("acme-clip-2026", "2026-01-01", "2026-11-14"),
        ("acme-later", "2026-11-15", None),
    ]
    assert [one.id for one in history(book(CARDS["dated"]), OFFER, on=date(2026, 2, 1))] == ["acme-clip-2026"]
    with pytest.raises(PricingError):
        history(book(GOOD), "acme/none")


Lengths = st.integers(0, 90_000).map(lambda ms: f"{ms // 1000}.{ms % 1000:03d}") | st.sampled_from(
    [
        "59.65",
        "59.7",
        "59.71",
        "60",
        "86400",
        "86401",
        "0.0001",
        "7.12345",
        "5.",
        ".5",
        "x",
        "-3",
        "",
        "1e3",
        "١",
        "24-30",
    ]
)
Jobs = st.lists(
    st.builds(
        Job,
        st.integers(0, 9),
        st.sampled_from([OFFER, OFFER, OFFER, "acme/none"]),
        Lengths,
        st.sampled_from([DAY, date(2026, 11, 14), date(2026, 1, 1), date(2025, 1, 1)]),
        st.sampled_from([(), (("resolution", "480p"),), (("resolution", "HD"),)]),
        st.sampled_from([1, 1, 2, 3]),
        st.sampled_from([1, 7]),
    ),
    max_size=25,
)


@given(st.sampled_from(sorted(CARDS)), st.sampled_from(sorted(CARDS)), Jobs)
def test_replay_equals_plain_quotes(one: str, other: str, jobs: list[Job]) -> None:
    books = book(CARDS[one]), book(CARDS[other])
    found = replay(*books, jobs)
    assert found.jobs == sum(job.times for job in jobs)
    assert found.jobs == sum(one.jobs for one in found.totals) + sum(one.jobs for one in found.unpriced)
    plain: dict[tuple[int, str], int] = {}
    refused = {"old": 0, "new": 0, "both": 0}
    for job in jobs:
        quotes = [_quote(book_, job) for book_ in books]
        if None in quotes:
            side = "both" if quotes[0] is quotes[1] else "old" if quotes[0] is None else "new"
            refused[side] += job.times
            continue
        for place, spans in enumerate(quotes):
            for name, nanos in (spans or {}).items():
                plain[place, name] = plain.get((place, name), 0) + nanos * job.times
    assert {side: sum(one.jobs for one in found.unpriced if one.side == side) for side in refused} == refused
    for place in (0, 1):
        assert _said(found, place) == {name: nanos for (at, name), nanos in plain.items() if at == place}


def _quote(prices: PriceBook, job: Job) -> Mapping[str, int] | None:
    """The plain way."""
    try:
        low, dash, high = str(job.usage).partition("-")
        usage = Usage.billed(str(job.usage)) if not (dash and low) else _range(low, high)
        quote = prices.quote(job.offer, usage, at=job.at, settings=dict(job.settings), outputs=job.outputs)
    except PricingError:
        return None
    spans = {"native": quote.cost, "usd": quote.usd}
    return {
        f"{name} {end}": getattr(span, end).nanos for name, span in spans.items() for end in ("low", "expected", "high")
    }


def _range(low: str, high: str) -> Usage:
    return Usage({"billed_seconds": Quantity.seconds(low, high)})


def _said(found: Replay, place: int) -> Mapping[str, int]:
    said: dict[str, int] = {}
    for total in found.totals:
        usd = (total.old_usd, total.new_usd)[place]
        assert usd is not None
        for name, span in (("native", (total.old, total.new)[place]), ("usd", usd)):
            for end in ("low", "expected", "high"):
                said[f"{name} {end}"] = said.get(f"{name} {end}", 0) + getattr(span, end).nanos
    return said


def test_what_one_book_cannot_price_is_listed_with_the_reason() -> None:
    found = replay(book(GOOD), book(LIMITED), [Job("line 2", OFFER, "60", DAY), Job("line 3", OFFER, "50", DAY)])
    assert found.jobs == 2
    assert str(found.total_old) == "5.00 USD"
    (lack,) = found.unpriced
    assert (lack.side, lack.code, lack.jobs, lack.where) == ("new", "over_limit", 1, ("line 2",))
    assert "59.7" in lack.reason
    assert [str(span) for span in lack.other] == ["6.00 USD"]


def test_a_limit_within_a_second_is_kept() -> None:
    jobs = [Job(1, OFFER, "59.65", DAY), Job(2, OFFER, "59.71", DAY), Job(3, OFFER, "59.7", DAY)]
    found = replay(book(LIMITED), book(LIMITED), jobs)
    assert [one.jobs for one in found.totals] == [2]
    assert [(one.side, one.where) for one in found.unpriced] == [("both", (2,))]


def test_credits_without_a_plan_are_in_no_dollar_total() -> None:
    bare = CREDITS[: CREDITS.index("[[plans]]")]
    found = replay(book(CREDITS), book(bare), [Job(1, OFFER, "10", DAY)])
    assert found.unvalued == (OFFER,)
    assert not found.total_old.expected
    assert str(found.totals[0].new) == "1 acme-credit"


def test_announced_prices_are_asked_for_their_own_day() -> None:
    jobs = [Job(1, OFFER, "10", date(2026, 3, 1))]
    old, new = book(GOOD), book(CARDS["dated"])
    assert not replay(old, new, jobs).difference
    assert str(replay(old, new, jobs, new_at=DAY).difference) == "1.00 USD"
