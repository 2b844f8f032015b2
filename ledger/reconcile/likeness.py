"""What a charge without a job, or a job without a charge, looks like. Suggests in words, matches nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from .values import Claimed, JobMatch

_NEAR = timedelta(days=3)
_SHOWN = 3


def suggest(rows: Sequence[JobMatch], claims: Mapping[str, Claimed]) -> list[JobMatch]:
    """The same rows; those of a charge without a job, and of a job without one, say which of the others they look like:
    the same amount at the same provider within three days, the same SKU and the nearest in time first."""
    missing = defaultdict[tuple[str, str, int], list[JobMatch]](list)
    unknown = defaultdict[tuple[str, str, int], list[JobMatch]](list)
    for row in rows:
        key = row.provider, row.variance.currency, abs(row.variance.nanos)
        if row.cause == "missing_invoice" and row.subject == "job":
            missing[key].append(row)
        elif row.cause == "unknown_charge" and row.subject == "line":
            unknown[key].append(row)
    if not missing or not unknown:
        return list(rows)

    def when(row: JobMatch) -> datetime:
        claim = claims.get(row.attempt or "")
        return row.expected_by if claim is None else claim.ended_at

    def likest(row: JobMatch, others: Sequence[JobMatch]) -> list[JobMatch]:
        near = [one for one in others if abs(when(one) - when(row)) <= _NEAR]
        return sorted(
            near, key=lambda one: (one.sku != row.sku, abs(when(one) - when(row)), one.job or "", one.evidence)
        )

    found = list[JobMatch]()
    for row in rows:
        key = row.provider, row.variance.currency, abs(row.variance.nanos)
        text = ""
        if row.cause == "unknown_charge" and row.subject == "line":
            names = [f"{one.job}" for one in likest(row, missing.get(key, ()))[:_SHOWN]]
            text = f"may be of job {' or '.join(names)}: the same amount at that time" if names else ""
        elif row.cause == "missing_invoice" and row.subject == "job":
            names = [one.evidence[0] for one in likest(row, unknown.get(key, ()))[:_SHOWN]]
            text = f"may be line {' or '.join(names)}: the same amount at that time" if names else ""
        found.append(replace(row, suggestion=text) if text else row)
    return found
