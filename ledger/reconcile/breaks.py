"""Breaks: their ids, ages and status, and what a person's word does to them. Decides no cause, closes none by time."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pricing import Money

from .values import Break, BreakStatus, Cause, JobMatch, Word

_SHOWN = 20
_DAY = timedelta(days=1)


def break_of(row: JobMatch, at: datetime) -> Break:
    """The break that a row makes, before any person's word."""
    whose = row.attempt or (row.evidence[0] if row.evidence and row.subject == "line" else f"{row.subject} {row.sku}")
    return make(
        row.cause, row.provider, row.job, whose, row.month, row.amount, row.expected_by, at, row.evidence, row.why,
        row.suggestion,
    )  # fmt: skip


def make(
    kind: Cause,
    provider: str,
    job: str | None,
    whose: str,
    month: str,
    amount: Money,
    expected_by: datetime,
    at: datetime,
    evidence: Sequence[str],
    why: str,
    suggestion: str,
) -> Break:
    """A break with its id and its age; pending before `expected_by`."""
    due = at >= expected_by
    return Break(
        id=_hash(provider, kind, whose, month)[:16],
        kind=kind,
        provider=provider,
        job=job,
        amount=amount,
        expected_by=expected_by,
        age_days=(at - expected_by) // _DAY if due else 0,
        status="open" if due else "pending",
        evidence=tuple(evidence[:_SHOWN]),
        suggestion=suggestion,
        why=why,
        fingerprint=_hash(kind, str(amount.nanos), amount.currency, *sorted(evidence)),
        month=month,
    )


def with_words(breaks: Iterable[Break], words: Iterable[Word]) -> tuple[Break, ...]:
    """Each break under the last word said of it. A word said of other evidence than today's leaves it open again."""
    last: dict[str, Word] = {}
    for word in sorted(words, key=lambda word: (word.at, word.fingerprint, word.author, word.note)):
        last[word.break_id] = word
    return tuple(_under(one, last.get(one.id)) for one in breaks)


def _under(one: Break, word: Word | None) -> Break:
    if word is None:
        return one
    same = word.fingerprint == one.fingerprint
    status: BreakStatus = word.verdict if same else one.status
    return replace(one, word=word, status=status)


def closed(before: Iterable[Break], now: Iterable[Break]) -> tuple[Break, ...]:
    """Those of an earlier run that new evidence has ended: they are no longer found."""
    still = {one.id for one in now}
    gone = (one for one in before if one.id not in still and one.status != "closed")
    return tuple(replace(one, status="closed") for one in gone)


def exposure(breaks: Iterable[Break]) -> Mapping[tuple[str, str, str], Money]:
    """The sum of open breaks by provider, currency and bucket of age, each amount counted by its size."""
    found: dict[tuple[str, str, str], Money] = {}
    for one in breaks:
        if one.status in ("open", "disputed"):
            key = one.provider, one.amount.currency, one.bucket
            found[key] = found.get(key, Money.zero(one.amount.currency)) + abs(one.amount)
    return found


def _hash(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:32]
