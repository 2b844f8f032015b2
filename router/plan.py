"""Plan a batch: who makes each job, so that all together stay within one budget. Pure; the search is `knapsack`.

Limits judge a quote's high, objectives its expected: the highs of a plan sum to no more than its limit.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from heapq import heapreplace
from math import lcm
from typing import Literal, get_args

from pricing import CurrencyMismatch, Money, NoPlan, Span

from .choose import Candidate, Rejection, Room, named
from .errors import BadRequest
from .knapsack import Option, fitting, next_step, solve
from .policy import Number, Policy, exact
from .request import Request

Goal = Literal["quality", "cost"]
AT_ONCE = 8
"""Jobs of a batch that are made at the same time."""


@dataclass(frozen=True, slots=True)
class BatchJob:
    """One job of a batch. Raises BadRequest."""

    request: Request
    policy: Policy | None = None
    """Its own limits; None: the batch's. A batch has one objective, a policy's own is not read."""
    weight: Number = 1
    """How much its quality counts, and who is made first where not all can be."""

    def __post_init__(self) -> None:
        if not 0 <= exact(self.weight) <= 10**6:
            raise BadRequest(f"weight must be from 0 to 1000000, not {self.weight}", value=str(self.weight))


@dataclass(frozen=True, slots=True)
class Eligible:
    """A job's candidates, each within the job's own limits, and why all others lost."""

    row: int
    """From 1, in the order given."""
    candidates: tuple[Candidate, ...]
    rejections: tuple[Rejection, ...] = ()
    weight: Fraction = field(default=Fraction(1))


@dataclass(frozen=True, slots=True)
class Share:
    """A job with the offer that is to make it, and its price in the plan's currency."""

    row: int
    candidate: Candidate
    cost: Span


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A job that no offer is chosen for. `least`: what it needs, where only money is short; else see `rejections`."""

    row: int
    least: Money | None
    rejections: tuple[Rejection, ...]


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What the next money buys: a better offer for a job, or (`now` None) a job that is left out."""

    row: int
    now: Candidate | None
    then: Candidate
    more: Money
    """By how much the job's high rises."""
    short: Money
    """How much of that is not left in the plan's limit."""
    gain: Decimal | Money
    """Quality × weight, or what is saved of the expected cost."""


@dataclass(frozen=True, slots=True)
class Allotment:
    """Who makes which job, what that comes to, and how far from the best possible it can be."""

    objective: Goal
    currency: str
    limit: Money | None
    """None: none."""
    shares: tuple[Share, ...]
    left_out: tuple[LeftOut, ...]
    total: Span
    score: Decimal | Money
    """The sum of quality × weight (unknown quality counts as 0), or the expected cost."""
    bound: Decimal | Money
    """No choice of offers for the same jobs within the limit scores better."""
    gap_ppm: Decimal
    """By how many parts of a million the bound is better than the score; rounded up."""
    proven: bool
    """True: nothing better exists."""
    upgrade: Upgrade | None
    """None: every job has its best."""
    finishes_in_s: Decimal
    """How long the batch takes when each job takes as long as its limit is judged by; reported, not optimised."""
    at_once: int
    assumptions: tuple[tuple[str, int], ...]
    """What the chosen quotes assume (contested prices, what credits are worth), and for how many jobs."""

    def explain(self) -> str:
        """A line for each job, then the sums, how good the plan can be at most, and what the next money buys."""
        lines = [f"{one.row}  {named(one.candidate)}  {one.cost}" for one in self.shares]
        return "\n".join([*lines, *(left_text(one) for one in self.left_out), *summary(self)])


def allot(jobs: Sequence[Eligible], limit: Money | None, currency: str, objective: Goal = "quality") -> Allotment:
    """One candidate for each job: the most quality × weight, or the least expected cost, highs within the limit.

    Where not even the cheapest of all fit, as many jobs as possible are made: of the heaviest the cheapest first, then
    in their order. The same jobs and limit always give the same plan. Raises BadRequest.
    """
    if objective not in get_args(Goal):
        goals = ", ".join(get_args(Goal))
        raise BadRequest(f"objective {objective!r} is unknown", value=str(objective), limit=goals)
    if limit is not None and (limit.nanos < 0 or limit.currency != currency):
        raise BadRequest(f"a batch in {currency} cannot have the limit {limit}", value=str(limit), limit=currency)
    priced = [_priced(job, currency) for job in jobs]
    able = [one for one in priced if one.shares]
    unable = [LeftOut(one.job.row, None, one.job.rejections) for one in priced if not one.shares]
    kept, short = able, list[_Priced]()
    if limit is not None:
        inside = set(fitting([one.least for one in able], [one.job.weight for one in able], limit.nanos))
        kept = [one for place, one in enumerate(able) if place in inside]
        short = [one for place, one in enumerate(able) if place not in inside]
    options, unit = _options(kept, objective)
    found = solve(options, None if limit is None else limit.nanos)
    left = None if limit is None else Money(limit.nanos - found.cost, currency)
    if short:
        upgrade: Upgrade | None = _next_job(short, left, objective)
    else:
        upgrade = _next_offer(kept, options, found.picks, left, unit, objective)
    shares = tuple(one.shares[pick] for one, pick in zip(kept, found.picks, strict=True))
    said = Counter(text for share in shares for text in dict.fromkeys(share.candidate.quote.assumptions))
    return Allotment(
        objective=objective,
        currency=currency,
        limit=limit,
        shares=shares,
        left_out=tuple(
            sorted(
                [*unable, *(LeftOut(one.job.row, Money(one.least, currency), one.job.rejections) for one in short)],
                key=lambda one: one.row,
            )
        ),
        total=_total(shares, currency),
        score=_score(found.value, unit, objective, currency),
        bound=_score(found.bound, unit, objective, currency),
        gap_ppm=_gap(found.value, found.bound),
        proven=found.exact,
        upgrade=upgrade,
        finishes_in_s=_finish([share.candidate.latency_s for share in shares]),
        at_once=AT_ONCE,
        assumptions=tuple(said.most_common()),
    )


def summary(plan: Allotment) -> list[str]:
    """The sums of a plan, in words."""
    within = "no limit" if plan.limit is None else f"within {plan.limit}"
    lines = [f"{_jobs(len(plan.shares))}, expected {plan.total.expected}, at most {plan.total.high} ({within})"]
    best = "the best possible" if plan.proven else f"at most {plan.gap_ppm.normalize():f} ppm from the best possible"
    word = "quality in sum" if plan.objective == "quality" else "expected cost"
    lines.append(f"{word} {plan.score}: {best} (bound {plan.bound})")
    lines.append(upgrade_text(plan))
    if plan.shares:
        lines.append(f"finished within {plan.finishes_in_s.normalize():f} s, {plan.at_once} jobs at once")
    lines += [f"assumes, for {_jobs(count)}: {text}" for text, count in plan.assumptions]
    return lines


def upgrade_text(plan: Allotment) -> str:
    """What one more dollar would buy."""
    up = plan.upgrade
    if up is None:
        return "more money buys nothing: every job has its best"
    short = f" ({up.short} more than is left)" if up.short else ""
    if up.now is None:
        return f"more money buys job {up.row} at {named(up.then)} for {up.more}{short}"
    gain = f"{up.gain} quality" if isinstance(up.gain, Decimal) else f"{up.gain} saved"
    return f"more money buys {named(up.then)} for job {up.row}, now {named(up.now)}: {gain} for {up.more}{short}"


def left_text(one: LeftOut) -> str:
    """Why a job is not made, in one line."""
    if one.least is not None:
        return f"{one.row}  left out: it needs {one.least}, more than the limit leaves"
    first = {no.reason: no for no in reversed(one.rejections)}
    why = [
        f"{reason} {no.value}{f', limit {no.limit}' if no.limit else ''} ({no.offer})" for reason, no in first.items()
    ]
    return f"{one.row}  nothing is eligible: {'; '.join(why) or 'no offer makes this'}"


def tightest(budget: Money | None, room: Room | None) -> Money | None:
    """The tighter of the batch's budget and its scope's room; a gate that is shut leaves nothing."""
    if room is None:
        return budget
    zero = Money.zero(room.currency)
    if room.gate != "open":
        return zero
    inside = None if room.available is None else max(room.available, zero)
    return min((one for one in (budget, inside) if one is not None), default=None)


@dataclass(frozen=True, slots=True)
class _Priced:
    """A job's candidates as shares in the plan's currency, those of equal worth in order of preference."""

    job: Eligible
    shares: tuple[Share, ...]

    @property
    def least(self) -> int:
        return min(share.cost.high.nanos for share in self.shares)


def _priced(job: Eligible, currency: str) -> _Priced:
    shares: list[Share] = []
    foreign: list[Rejection] = []
    for one in job.candidates:
        try:
            shares.append(Share(job.row, one, one.quote.in_currency(currency)))
        except (CurrencyMismatch, NoPlan):
            quote = one.quote
            foreign.append(Rejection(one.offer, one.settings, "currency", currency, quote.currency, quote))

    def liking(share: Share) -> tuple[object, ...]:
        one = share.candidate
        quality = -1 if one.quality is None else one.quality
        return share.cost.expected.nanos, -quality, one.latency_s, one.offer, sorted(one.settings.items())

    shares.sort(key=liking)
    return _Priced(replace(job, rejections=(*job.rejections, *foreign)) if foreign else job, tuple(shares))


def _options(jobs: Sequence[_Priced], objective: Goal) -> tuple[list[list[Option]], int]:
    """Cost and value of every candidate as whole numbers; a value of 1 is so many of them."""
    if objective == "cost":
        return [[(one.cost.high.nanos, -one.cost.expected.nanos) for one in job.shares] for job in jobs], 1
    known: dict[tuple[Decimal | None, Fraction], Fraction] = {}
    for job in jobs:
        for one in job.shares:
            quality = one.candidate.quality
            if (quality, job.job.weight) not in known:
                known[quality, job.job.weight] = Fraction(quality or 0) * job.job.weight
    unit = lcm(*(value.denominator for value in known.values()))
    whole = {pair: value.numerator * (unit // value.denominator) for pair, value in known.items()}
    return [
        [(one.cost.high.nanos, whole[one.candidate.quality, job.job.weight]) for one in job.shares] for job in jobs
    ], unit


def _total(shares: Sequence[Share], currency: str) -> Span:
    low, expected, high = (
        Money(sum([span.nanos for span in column]), currency)
        for column in (
            [one.cost.low for one in shares], [one.cost.expected for one in shares], [one.cost.high for one in shares],
        )
    )  # fmt: skip
    return Span(low, expected, high)


def _score(value: int, unit: int, objective: Goal, currency: str) -> Decimal | Money:
    """A value as it is told: quality, or an expected cost."""
    return Decimal(value) / unit if objective == "quality" else Money(-value, currency)


def _gap(value: int, bound: int) -> Decimal:
    if value == bound:
        return Decimal(0)
    size = max(abs(bound), 1)
    return Decimal(-(-(bound - value) * 10**8 // size)) / 100


def _next_job(short: Sequence[_Priced], left: Money | None, objective: Goal) -> Upgrade:
    """The left-out job that comes first."""
    first = min(short, key=lambda one: (-one.job.weight, one.least, one.job.row))
    share = min(first.shares, key=lambda one: one.cost.high.nanos)
    gain: Decimal | Money = Money.zero(share.cost.currency)
    if objective == "quality":
        gain = _decimal(Fraction(share.candidate.quality or 0) * first.job.weight)
    more = share.cost.high
    return Upgrade(share.row, None, share.candidate, more, _short(more, left), gain)


def _next_offer(
    jobs: Sequence[_Priced],
    options: Sequence[Sequence[Option]],
    picks: Sequence[int],
    left: Money | None,
    unit: int,
    objective: Goal,
) -> Upgrade | None:
    step = next_step(options, picks)
    if step is None or left is None:
        return None
    job, more = jobs[step.job], Money(step.cost, left.currency)
    gain = Decimal(step.value) / unit if objective == "quality" else Money(step.value, left.currency)
    now, then = job.shares[picks[step.job]].candidate, job.shares[step.pick].candidate
    return Upgrade(job.job.row, now, then, more, _short(more, left), gain)


def _short(more: Money, left: Money | None) -> Money:
    return Money.zero(more.currency) if left is None or more <= left else more - left


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / value.denominator


def _finish(latencies: Sequence[Decimal]) -> Decimal:
    """When the last of the jobs ends, each begun in its order as soon as a place is free."""
    ends = [Decimal(0)] * AT_ONCE
    for latency in latencies:
        heapreplace(ends, ends[0] + latency)
    return max(ends)


def _jobs(count: int) -> str:
    return f"{count} job{'' if count == 1 else 's'}"
