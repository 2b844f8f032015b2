"""What-if keeps its laws: the same prices give what was quoted, it equals plain quotes, scaling scales exactly."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger import Ledger
from pricing import Job, Money, Past, PriceBook, PricingError, Usage, replay, usd, whatif
from router import Policy
from router.choose import Demand, Facts, choose
from router.offers import shipped_profiles
from router.rechoose import Rechoosing
from tests.ledger.acting import examples
from tests.ledger.world import Clock, postgres_url

BOOK = PriceBook.shipped()
SOLD = sorted((offer, tuple(sorted(one.items()))) for offer in BOOK.offers for one in BOOK.offer(offer).choices)
DAY = date(2026, 11, 20)


def _seconds(ms: int) -> str:
    return f"{ms // 1000}.{ms % 1000:03d}"


def pasts(offers: Sequence[Any] = SOLD) -> st.SearchStrategy[Past]:
    """Jobs near the borders of seconds, where slack decides, and anywhere; sometimes longer than anybody sells."""
    border = st.tuples(st.integers(1, 40), st.integers(-160, 10)).map(lambda pair: pair[0] * 1000 + pair[1])
    lengths = st.one_of(border, st.integers(1, 400_000)).map(_seconds)
    template = st.tuples(st.just(("output_video_seconds", "5-31")))
    ids = count()

    def build(sold: Any, usage: Any, day: int, outputs: int, paid: int, instead: Any) -> Past:
        at = DAY - timedelta(days=day)
        return Past(f"j{next(ids)}", sold[0], usage, at, sold[1], outputs, paid, paid + 1, "USD", instead)

    return st.builds(
        build, st.sampled_from(offers), lengths | lengths | lengths | template | st.just(()), st.integers(0, 400),
        st.integers(1, 3), st.integers(0, 10**10), st.none() | st.sampled_from(SOLD),
    )  # fmt: skip


def plainly(book: PriceBook, jobs: Sequence[Past]) -> tuple[Any, Any]:
    """The same, quote by quote."""
    totals: dict[Any, Counter[str]] = defaultdict(Counter)
    lacks: dict[Any, Counter[str]] = defaultdict(Counter)
    for one in jobs:
        offer, settings = one.instead or (one.offer, one.settings)
        stated = {"input_audio_seconds": one.usage} if isinstance(one.usage, str) else {}
        try:
            if isinstance(one.usage, str):
                usage = Usage.of(**stated)
            else:
                usage = Usage.video("5", "31") if one.usage else Usage({})
            quote = book.quote(offer, usage, at=one.at, settings=dict(settings), outputs=one.outputs)
        except PricingError as error:
            lacks[one.offer, offer, error.code].update(jobs=1, paid=one.paid, quoted=one.quoted)
            continue
        cost = {word: getattr(quote.cost, word).nanos for word in ("low", "expected", "high")}
        dollars = {f"usd_{word}": getattr(quote.usd, word).nanos for word in ("low", "expected", "high")}
        totals[one.offer, offer, quote.currency].update(jobs=1, paid=one.paid, quoted=one.quoted, **cost, **dollars)
    return dict(totals), dict(lacks)


@given(st.lists(pasts(), max_size=40))
@examples(40)
def test_it_equals_plain_quotes(jobs: list[Past]) -> None:
    found = whatif(BOOK, iter(jobs))
    totals, lacks = plainly(BOOK, jobs)
    assert found.jobs == len(jobs)
    assert {
        (one.offer, one.instead, one.cost.expected.currency): Counter(
            jobs=one.jobs, paid=one.paid.nanos, quoted=one.quoted.nanos,
            low=one.cost.low.nanos, expected=one.cost.expected.nanos, high=one.cost.high.nanos,
            usd_low=one.usd.low.nanos, usd_expected=one.usd.expected.nanos, usd_high=one.usd.high.nanos,
        )
        for one in found.totals if one.usd is not None
    } == totals  # fmt: skip
    assert {
        (one.offer, one.instead, one.code): Counter(jobs=one.jobs, paid=one.paid.nanos, quoted=one.quoted.nanos)
        for one in found.unpriced
    } == lacks


@given(st.lists(pasts(), max_size=30))
@examples(12)
def test_it_agrees_with_replay(jobs: list[Past]) -> None:
    own = [one._replace(instead=None) for one in jobs if one.usage]
    found = whatif(BOOK, own)
    again = replay(BOOK, BOOK, (
        Job(one.where, one.offer, (("input_audio_seconds", one.usage),) if isinstance(one.usage, str) else one.usage,
            one.at, one.settings, one.outputs)
        for one in own
    ))  # fmt: skip
    assert [(one.offer, one.jobs, one.cost, one.usd) for one in found.totals] == [
        (one.offer, one.jobs, one.new, one.new_usd) for one in again.totals
    ]


@given(st.lists(pasts(), max_size=20), st.integers(0, 7), st.sampled_from(["creatify", "fal", SOLD[0][0]]))
@examples(15)
def test_scaling_scales_exactly(jobs: list[Past], factor: int, name: str) -> None:
    found = whatif(BOOK, jobs)
    scaled = found.scaled({name: Fraction(factor)})
    for one, two in zip(found.totals, scaled.totals, strict=True):
        mine = one.instead == name or one.instead.startswith(f"{name}/")
        times = factor if mine else 1
        assert two.cost.expected == one.cost.expected * times
        assert two.cost.high == one.cost.high * times
        assert (two.paid, two.quoted, two.jobs) == (one.paid, one.quoted, one.jobs)
    half = found.scaled({name: Fraction(1, 3)})
    for one, two in zip(found.totals, half.totals, strict=True):
        if one.instead.startswith(f"{name}/"):
            assert abs(two.cost.expected.nanos * 3 - one.cost.expected.nanos) <= 1, "rounded once a total"


def made(ledger: Ledger, clock: Clock, jobs: Sequence[Past]) -> list[Past]:
    """Those of the jobs that can be quoted, held, made and charged at what was expected, as the router would."""
    kept: list[Past] = []
    for one in jobs:
        clock.now = datetime(one.at.year, one.at.month, one.at.day, 13, tzinfo=UTC)
        seconds: Any = one.usage if isinstance(one.usage, str) else ["5", "31"]
        usage = Usage.audio(one.usage) if isinstance(one.usage, str) else Usage.video("5", "31")
        try:
            quote = BOOK.quote(one.offer, usage, at=one.at, settings=dict(one.settings), outputs=one.outputs)
        except PricingError:
            continue
        kind = "avatar" if isinstance(one.usage, str) else "template"
        request = {"kind": kind, "seconds": seconds, "resolution": None, "variables": {"seconds": 3}}
        provider = one.offer.partition("/")[0]
        ledger.hold(
            job=one.where, key=one.where, request_hash="h", scope="acme/x", quote=quote, request=request, tags={},
            owner="o", expires_in_s=60,
        )  # fmt: skip
        ledger.begin(
            job=one.where, attempt=one.where, provider=provider, quote=quote, fingerprint="f", owner="o", ceiling=None
        )
        ledger.outcome(job=one.where, attempt=one.where, outcome="accepted", provider_job=one.where)
        ledger.settle(
            job=one.where, attempt=one.where, evidence="inline", amount=quote.expected, final=True, delivered=1
        )
        kept.append(one)
    return kept


FITTING = [
    Past(f"j{n}-{m}", offer, usage, DAY - timedelta(days=20 * n), settings, 1, 0, 0, "USD")
    for n, (offer, settings) in enumerate(one for one in SOLD if "aurora" in one[0] or "template" in one[0])
    for m, usage in enumerate(("9.4", "9.999", (("output_video_seconds", "5-31"),)))
]


def test_the_same_prices_give_what_was_quoted() -> None:
    replayed("sqlite://", FITTING)


def test_the_same_on_postgresql(postgres: str) -> None:
    assert postgres
    replayed(postgres_url(), FITTING)


def replayed(url: str, jobs: Sequence[Past]) -> None:
    """A ledger that made these jobs, under the prices they were made at, by days and by scopes."""
    jobs = sorted((one for one in jobs if one.usage), key=lambda one: one.at)
    clock = Clock(datetime(2025, 1, 1, tzinfo=UTC))
    with Ledger.open(url, clock=clock) as ledger:
        ledger.set_budget("acme", None, currency="USD")
        kept = made(ledger, clock, jobs)
        found = whatif(BOOK, ledger.past_jobs())
        assert len(kept) > 5
        assert (found.jobs, found.unpriced) == (len(kept), ())
        assert found.usd.expected == found.quoted == found.paid
        past = list(ledger.past_jobs())
        assert sorted(one.where for one in past) == sorted(one.where for one in kept)
        assert [one for one, _ in ledger.past_requests()] == past
        pro = whatif(BOOK.with_plan("creatify", "api-pro"), ledger.past_jobs())
        assert pro.usd.expected <= found.usd.expected
        middle = DAY - timedelta(days=100)
        parts = [whatif(BOOK, ledger.past_jobs(until=middle)), whatif(BOOK, ledger.past_jobs(since=middle))]
        assert sum(one.jobs for one in parts) == found.jobs
        assert sum((one.usd.expected for one in parts), usd(0)) == found.usd.expected
        assert not whatif(BOOK, ledger.past_jobs(scope="acme/y")).jobs
        assert ledger.unsettled() == {}


@given(st.lists(pasts(), max_size=12), st.sampled_from([Policy(), Policy(max_cost=usd("1")), Policy(objective="best")]))
@examples(12)
def test_a_policy_is_the_choosers_own_word(jobs: list[Past], policy: Policy) -> None:
    """Every job goes where `choose` sends it, or to nobody, with what it was charged."""
    anew = Rechoosing(BOOK, policy)
    asked = [(one, {"resolution": "720p" if one.outputs == 2 else None}) for one in jobs]
    passed = {one.where: one.instead for one in anew(iter(asked))}
    for one, request in asked:
        if isinstance(one.usage, str) and one.usage != "0.000":
            demand = Demand("avatar", Usage.audio(one.usage), Decimal(one.usage), request["resolution"], one.outputs)
            chosen = choose(demand, policy, BOOK, shipped_profiles(), one.at, Facts()).chosen
            wanted = None if chosen is None else (chosen.offer, tuple(sorted(chosen.settings.items())))
            assert passed.get(one.where) == wanted
    lost = sum(no.jobs for no in anew.nobody.values())
    assert lost + len(passed) == len(jobs)
    paid = sum(no.paid for no in anew.nobody.values())
    assert paid == sum(one.paid for one in jobs if one.where not in passed)
    found = whatif(BOOK, anew(iter(asked)))
    assert found.unpriced == (), "what the chooser takes, the book prices"
    assert isinstance(found.difference, Money)
