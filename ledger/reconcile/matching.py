"""Which lines are of which attempt: by the provider's job id, then by our attempt id, and by nothing else. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from ..statement.lines import SOURCES, Statement, StatementLine
from .expected import Expectations
from .values import Claimed

_BESIDE = ("tax", "fee")
_DAY = timedelta(days=1)
_STRENGTH = {source: index for index, source in enumerate(SOURCES)}


@dataclass(slots=True)
class Matched:
    """Every line in exactly one of these."""

    of_claims: dict[str, list[StatementLine]] = field(default_factory=dict[str, list[StatementLine]])
    """By attempt: the lines that count."""
    besides: dict[str, list[StatementLine]] = field(default_factory=dict[str, list[StatementLine]])
    """By attempt: what weaker sources say of the same charge."""
    sums: list[StatementLine] = field(default_factory=list[StatementLine])
    """Aggregates, which name no job."""
    loose: list[StatementLine] = field(default_factory=list[StatementLine])
    """Of no attempt that we know."""
    purchases: list[StatementLine] = field(default_factory=list[StatementLine])


def lines_of(statements: Iterable[Statement]) -> list[StatementLine]:
    """Each line once, in the order of their keys: of one key the highest revision, of those what was fetched last.

    What an earlier statement said of a period is dropped where a later complete one of the same source no longer says
    it; but of "csv", which may be several tables of one provider, nothing is.
    """
    found: dict[tuple[str, str, str], tuple[tuple[object, ...], StatementLine]] = {}
    by_source = defaultdict[tuple[str, str], list[Statement]](list)
    for statement in statements:
        by_source[statement.provider, statement.source].append(statement)
        for line in statement.lines:
            weight = (line.revision, statement.fetched_at, line.amount.nanos, line.raw)
            key = (line.provider, line.source, line.key)
            known = found.get(key)
            if known is None or weight > known[0]:
                found[key] = weight, line
    for (_, source), told in by_source.items():
        if source != "csv" and len(told) > 1:
            for gone in _superseded(told):
                del found[gone]
    return [found[key][1] for key in sorted(found)]


def _superseded(told: Iterable[Statement]) -> set[tuple[str, str, str]]:
    """Keys that a later complete statement of their period does not have any more."""
    live, gone = dict[tuple[str, str, str], date](), set[tuple[str, str, str]]()
    for statement in sorted(told, key=lambda one: (one.fetched_at, one.complete)):
        now: dict[tuple[str, str, str], date] = {
            (line.provider, line.source, line.key): line.day for line in statement.lines
        }
        if statement.complete:
            first, end = statement.period
            gone |= {key for key, day in live.items() if first <= day < end and key not in now}
        live |= now
        gone -= now.keys()
    return gone


def joined(claims: Iterable[Claimed], statements: Iterable[Statement]) -> Matched:
    """All lines of all statements, each once, to attempts: their order makes no difference."""
    return match(sorted(claims, key=lambda one: (one.provider, one.job, one.attempt)), lines_of(statements))


def match(claims: Sequence[Claimed], lines: Iterable[StatementLine]) -> Matched:
    """Lines to attempts by exact keys. Nothing is matched by likeness."""
    jobs = {(one.provider, one.provider_job): one.attempt for one in claims if one.provider_job}
    attempts = {(one.provider, one.attempt) for one in claims}
    matched = Matched()
    of_claims = defaultdict[str, list[StatementLine]](list)
    for line in lines:
        owner = jobs.get((line.provider, line.provider_job)) if line.provider_job else None
        if owner is None and line.attempt and (line.provider, line.attempt) in attempts:
            owner = line.attempt
        if owner is not None:
            of_claims[owner].append(line)
        elif line.kind == "purchase":
            matched.purchases.append(line)
        else:
            (matched.sums if line.aggregate else matched.loose).append(line)
    for attempt, found in of_claims.items():
        matched.of_claims[attempt], rest = strongest(found) if len(found) > 1 else (found, [])
        if rest:
            matched.besides[attempt] = rest
    return matched


def strongest(lines: Sequence[StatementLine]) -> tuple[list[StatementLine], list[StatementLine]]:
    """What the best source says: an invoice's lines, else those of one source. The same charge is not counted twice.

    Taxes and fees that only a weaker source has are no such charge, and count.
    """

    def rank(line: StatementLine) -> tuple[bool, int]:
        return line.invoice is None, _STRENGTH[line.source]

    best = min(map(rank, lines))
    taxed = any(line.kind in _BESIDE for line in lines if rank(line) == best)
    counts = [rank(line) == best or (line.kind in _BESIDE and not taxed) for line in lines]
    chosen = [line for line, counted in zip(lines, counts, strict=True) if counted]
    chosen.sort(key=rank)
    return chosen, [line for line, counted in zip(lines, counts, strict=True) if not counted]


@dataclass(frozen=True, slots=True)
class Coverage:
    """On which days a missing line means that nothing was billed."""

    days: Mapping[tuple[str, bool], Mapping[date, tuple[Statement, ...]]]
    """By provider and whether jobs are named; only complete statements."""
    expectations: Expectations

    def source_for(self, claim: Claimed) -> str | None:
        """A source that would have this attempt's own line; None: no complete statement was fetched late enough."""
        days = self.days.get((claim.provider, True))
        if days is None:
            return None
        for statement in days.get(claim.ended_at.date(), ()):
            if statement.fetched_at >= self.expectations.by(statement.source, claim.ended_at):
                return statement.source
        return None

    def too_early(self, claim: Claimed) -> bool:
        """Is its day covered only by statements that were fetched too early to hold it?"""
        day = claim.ended_at.date()
        return any(day in self.days.get((claim.provider, per_job), {}) for per_job in (True, False))


def coverage_of(statements: Iterable[Statement], expectations: Expectations) -> Coverage:
    """What the complete ones among these cover."""
    days = defaultdict[tuple[str, bool], dict[date, list[Statement]]](dict)
    for statement in sorted(statements, key=lambda one: (one.source, one.fetched_at)):
        if not statement.complete:
            continue
        covered = days[statement.provider, statement.per_job]
        first, end = statement.period
        for offset in range((end - first).days):
            covered.setdefault(first + offset * _DAY, []).append(statement)
    return Coverage(
        {key: {day: tuple(found) for day, found in covered.items()} for key, covered in days.items()}, expectations
    )


def month_of(day: date) -> str:
    return f"{day.year:04d}-{day.month:02d}"


def months_between(first: date, last: date) -> frozenset[str]:
    """Every month with a day from first to last, both included."""
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return frozenset(f"{month // 12:04d}-{month % 12 + 1:02d}" for month in months)
