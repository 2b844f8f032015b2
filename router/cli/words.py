"""How a comparison of price books reads: lines and cells, shared by terminal and Markdown. Computes no price."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from pricing import Change, Money, Replay, Span, Total, Unpriced

FEWEST_TOGETHER = 3
"""Fewer changes than these are told one by one, though they moved alike."""


def counted(changes: Sequence[Change]) -> str:
    """A summary in one line: "2 offers added, 1 row ended, 3 prices changed"."""
    counts: dict[tuple[str, str], int] = {}
    for change in changes:
        counts[change.what, change.verb] = counts.get((change.what, change.verb), 0) + 1
    parts = [
        f"{count} {what.removesuffix('s')}{'' if count == 1 else 's'} {verb}" for (what, verb), count in counts.items()
    ]
    return ", ".join(parts) or "nothing changed"


def change_lines(changes: Sequence[Change]) -> Iterator[str]:
    """One line each; prices of one row that moved alike share one."""
    for group in alike(changes):
        yield " ".join((str(group[0]) if len(group) == 1 else _folded(group)).split())


def alike(changes: Sequence[Change]) -> list[list[Change]]:
    """The changes in their order, those of one row that rose by the same ratio together where they are several."""
    groups: dict[object, list[Change]] = {}
    for place, change in enumerate(changes):
        same = (change.subject, change.row, change.verb, change.since, change.ratio)
        groups.setdefault(same if change.ratio is not None and change.row is not None else place, []).append(change)
    found: list[list[Change]] = []
    for group in groups.values():
        found += [group] if len(group) >= FEWEST_TOGETHER else [[change] for change in group]
    return found


def common(group: Sequence[Change]) -> Change:
    """The first of them, with only the settings that all of them share."""
    first = group[0]
    shared = {
        name: some for name, some in first.settings.items() if all(one.settings.get(name) == some for one in group)
    }
    return replace(first, settings=shared)


def several(group: Sequence[Change]) -> str:
    """How they moved, and the first of them as an example."""
    first = group[0]
    where = first.subject_text.removeprefix(first.subject) if first.settings != common(group).settings else ""
    example = f"{first.word}{where}: {first.before} → {first.after}"
    return f"{len(group)} prices, each {first.risen_text}, such as {example}"


def _folded(group: Sequence[Change]) -> str:
    one = common(group)
    since = f", from {one.since}" if one.since not in (None, "unknown") else ""
    return f"~ {one.subject_text}: {several(group)}{since} [{one.row}]"


def jobs_text(count: int, more: str = "") -> str:
    return f"{count} {more}job{'' if count == 1 else 's'}"


def totalled(found: Replay) -> str:
    """Over how many jobs the total is, and how many are not in it."""
    inside = sum(one.jobs for one in found.totals if one.old_usd is not None and one.new_usd is not None)
    worthless = sum(one.jobs for one in found.totals) - inside
    missing = found.jobs - inside - worthless
    parts = [jobs_text(inside)]
    parts += [f"{jobs_text(missing, 'more ')} could not be priced"] if missing else []
    parts += [f"{jobs_text(worthless, 'more ')} in no dollar total"] if worthless else []
    return "; ".join(parts)


def places(one: Unpriced) -> str:
    """Where these jobs are in the usage file or the ledger: all of them, or some: "such as lines 4, 7"."""
    lines = [str(place) for place in one.where if isinstance(place, int)]
    ids = [place for place in one.where if isinstance(place, str)]
    named = [
        f"{noun}{'' if len(some) == 1 else 's'} {', '.join(some)}"
        for noun, some in (("line", lines), ("job", ids))
        if some
    ]
    return f"{'such as ' if one.jobs > len(one.where) else ''}{' and '.join(named)}"


def unpriced_line(one: Unpriced) -> str:
    """Which book cannot price how many jobs of an offer, where they are, and why."""
    who = "neither book prices" if one.side == "both" else f"the {one.side} book cannot price"
    return f"{who} {one.offer}, {jobs_text(one.jobs)} ({places(one)}): {one.reason}"


def replay_lines(found: Replay) -> Iterator[tuple[object, ...]]:
    """One row for each offer, the dearest change first."""
    for one in sorted(found.totals, key=lambda one: -abs(moved(one).nanos) if one.old_usd else 1):
        if one.old_usd is None or one.new_usd is None:
            yield one.offer, one.jobs, one.old, one.new, "not known", "not known", ""
        else:
            yield one.offer, one.jobs, one.old, one.new, one.old_usd, one.new_usd, difference(one.old_usd, one.new_usd)


def moved(one: Total) -> Money:
    """By how much an offer's total moves, in dollars."""
    if one.old_usd is None or one.new_usd is None:
        return Money.zero("USD")
    return one.new_usd.expected - one.old_usd.expected


def difference(old: Span, new: Span) -> str:
    """+1.20 USD (+5.4 %)."""
    by = new.expected - old.expected
    sign = "+" if by.nanos > 0 else ""
    percent = f" ({risen(old.expected, new.expected)})" if by.nanos and old.expected.nanos else ""
    return f"{sign}{by}{percent}"


def risen(old: Money, new: Money) -> str:
    """By how many percent, to one decimal, half away from zero."""
    ratio = Fraction(new.nanos, old.nanos) - 1
    tenths = abs(ratio) * 1000
    whole = (2 * tenths.numerator + tenths.denominator) // (2 * tenths.denominator)
    sign = "+" if ratio > 0 else "−"
    if not whole:
        return f"{sign}<0.1 %"
    return f"{sign}{whole // 10}{f'.{whole % 10}' if whole % 10 else ''} %"
