"""What a report says beside spend, read from the rows: doubts, refusals, credits, tries, how good quotes were."""

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction

import sqlalchemy as sa

from pricing import Money

from .. import accounts
from ..credit import lots
from ..evidence import MOST
from ..instants import moment, zone
from ..learning.accuracy import quantile
from ..store import Statement, Work
from ..texts import words
from ..values import CreditLot, Credits
from . import rollup
from .anomalies import Tries
from .values import Accuracy, Exposure, LotLeft, Refused, Runway

NEWEST_POSTINGS = 20_000
"""So many tell how good quotes are."""
NEWEST_EVENTS = 200_000
"""So many are looked through for failures and retries."""
RUNWAY_DAYS = 28

_EXPOSED = Statement(
    sa.text(
        "SELECT job.id, job.scope, job.currency, job.state, job.offer, job.parked_nanos, job.open_nanos, "
        "job.granted_at, job.reason, attempt.provider FROM job "
        "LEFT JOIN attempt ON attempt.job = job.id AND attempt.number = job.attempts "
        "WHERE job.parked_nanos > 0 OR job.state = 'unknown' ORDER BY job.granted_at, job.id"
    )
)
_REFUSED = Statement(
    sa.text(
        "SELECT one.scope, one.reason, one.currency, COUNT(*) AS times, MAX(one.id) AS newest, "
        "CAST(SUM(one.asked_nanos) AS BIGINT) AS asked FROM refusal AS one "
        "WHERE one.at >= :starts AND one.at < :ends GROUP BY one.scope, one.reason, one.currency"
    )
)
_REFUSAL = Statement(sa.text("SELECT at, detail FROM refusal WHERE id = :id"))
_USED = Statement(
    sa.text(
        "SELECT entry.currency, CAST(-SUM(entry.amount_nanos) AS BIGINT) AS nanos "
        "FROM entry JOIN txn ON txn.id = entry.txn "
        "WHERE entry.account = :account AND txn.job IS NOT NULL AND txn.granted_at >= :since GROUP BY entry.currency"
    )
)
_CHARGED = Statement(
    sa.text(
        "SELECT job.offer, job.settings, job.scope, job.expected_nanos AS expected, job.charged_nanos AS charged, "
        "COUNT(*) AS jobs FROM job WHERE job.id IN "
        "(SELECT txn.job FROM txn WHERE txn.id > (SELECT COALESCE(MAX(id), 0) FROM txn) - :newest) "
        "AND job.granted_at >= :starts AND job.granted_at < :ends AND job.charged_nanos > 0 "
        "AND job.expected_nanos > 0 AND job.evidence <> 'quote' "
        "GROUP BY job.offer, job.settings, job.scope, job.expected_nanos, job.charged_nanos"
    )
)
_TRIED = Statement(
    sa.text(
        "SELECT at / :bucket AS bucket, SUM(CASE WHEN kind = 'intent' THEN 1 ELSE 0 END) AS begun, "
        "COUNT(DISTINCT CASE WHEN kind = 'intent' THEN job END) AS jobs, "
        "SUM(CASE WHEN kind = 'outcome' AND outcome IN ('refused', 'not_sent', 'unknown') THEN 1 ELSE 0 END) AS failed "
        "FROM event WHERE id > (SELECT COALESCE(MAX(id), 0) FROM event) - :newest AND at >= :starts AND at < :ends "
        "GROUP BY at / :bucket"
    )
)


def bounded(nanos: int, currency: str) -> Money:
    """Absurd amounts may add up to more than money can be: the page that shows them must stay readable."""
    return Money(max(-MOST, min(nanos, MOST)), currency)


def within(scope: str | None, other: str) -> bool:
    return scope is None or f"{other}/".startswith(f"{scope}/")


def exposures(work: Work, scope: str | None) -> tuple[Exposure, ...]:
    """Money that may have been charged but is not posted, whenever it was granted; the oldest first."""
    return tuple(
        Exposure(
            row["id"],
            row["scope"],
            row["provider"] or row["offer"].partition("/")[0],
            row["state"],
            bounded(row["parked_nanos"] or row["open_nanos"], row["currency"]),
            moment(row["granted_at"]),
            row["reason"],
        )
        for row in work.rows(_EXPOSED, {})
        if within(scope, row["scope"])
    )


def refusals(work: Work, stretch: tuple[int, int], scope: str | None) -> tuple[Refused, ...]:
    """By scope and reason; the most frequent first."""
    found: list[Refused] = []
    for row in work.rows(_REFUSED, {"starts": stretch[0], "ends": stretch[1]}):
        newest = work.row(_REFUSAL, {"id": row["newest"]})
        if newest is not None and within(scope, row["scope"]):
            asked = None if row["asked"] is None or row["currency"] is None else bounded(row["asked"], row["currency"])
            found.append(
                Refused(row["scope"], row["reason"], row["times"], asked, moment(newest["at"]), newest["detail"])
            )
    return tuple(sorted(found, key=lambda one: (-one.times, one.scope, one.reason)))


def runways(work: Work, now: int) -> tuple[Runway, ...]:
    """Of each kind of credits that was bought: what has not expired, how fast it goes, which lots expire first."""
    return tuple(_runway(work, now, one) for one in lots.credits(work, None) if one.lots)


def _runway(work: Work, now: int, one: Credits) -> Runway:
    today = moment(now).date()
    ladder = sorted(
        (lot for lot in one.lots if lot.remaining and (lot.expires_at is None or lot.expires_at > moment(now))),
        key=lambda lot: (date.max if lot.expires_at is None else lot.expires_at.date(), lot.id),
    )
    since = now - RUNWAY_DAYS * rollup.DAY
    rows = work.rows(_USED, {"account": accounts.prepaid(one.provider), "since": since})
    used = next((int(row["nanos"] or 0) for row in rows if row["currency"] == one.currency), 0)
    undrawn = max(0, one.undrawn.nanos)
    left = max(0, sum(lot.remaining.nanos for lot in ladder) - undrawn)
    days = None if used <= 0 else _lasting(ladder, undrawn, Fraction(used, RUNWAY_DAYS), today)
    lasts = days is not None and days <= (date.max - today).days
    return Runway(
        provider=one.provider,
        currency=one.currency,
        left=Money(left, one.currency),
        cost_left=Money(sum(lot.remaining_cost.nanos for lot in ladder), one.lots[0].cost.currency),
        per_day=None if used <= 0 else Money(used // RUNWAY_DAYS, one.currency),
        exhausts_on=today + timedelta(days=days) if days is not None and lasts else None,
        lots=tuple(
            LotLeft(
                lot.id, lot.remaining, lot.remaining_cost, None if lot.expires_at is None else lot.expires_at.date()
            )
            for lot in ladder
        ),
    )


def _lasting(ladder: list[CreditLot], undrawn: int, per_day: Fraction, today: date) -> int:
    """Whole days until nothing is left at this pace: what expires before it is used is lost."""
    days = Fraction(0)
    for lot in ladder:
        owed = min(undrawn, lot.remaining.nanos)
        undrawn -= owed
        done = days + (lot.remaining.nanos - owed) / per_day
        days = done if lot.expires_at is None else max(days, min(done, Fraction((lot.expires_at.date() - today).days)))
    return int(days)


def accuracy(work: Work, stretch: tuple[int, int], scope: str | None) -> tuple[Accuracy, ...]:
    """Settled ÷ quoted expected of the newest jobs that were charged by somebody's word, by offer and settings."""
    values = {"starts": stretch[0], "ends": stretch[1], "newest": NEWEST_POSTINGS}
    groups: defaultdict[tuple[str, str], list[Fraction]] = defaultdict(list)
    for row in work.rows(_CHARGED, values):
        if within(scope, row["scope"]):
            ratio = Fraction(row["charged"], row["expected"])
            groups[row["offer"], row["settings"]] += [ratio] * row["jobs"]
    return tuple(_accuracy(offer, settings, sorted(ratios)) for (offer, settings), ratios in sorted(groups.items()))


def _accuracy(offer: str, settings: str, ratios: list[Fraction]) -> Accuracy:
    low, middle, high = (quantile(ratios, Fraction(part, 10)) for part in (1, 5, 9))
    return Accuracy(offer, words(settings), len(ratios), low, middle, high, ratios[-1])


def tries(work: Work, stretch: tuple[int, int], tz: str) -> dict[date, Tries]:
    """Attempts by the day they began or failed on, from the newest events."""
    there = zone(tz)
    values = {"bucket": rollup.QUARTER if tz != "UTC" else rollup.DAY, "newest": NEWEST_EVENTS}
    found: dict[date, Tries] = {}
    for row in work.rows(_TRIED, values | {"starts": stretch[0], "ends": stretch[1]}):
        day = moment(row["bucket"] * values["bucket"]).astimezone(there).date()
        old = found.get(day, Tries(0, 0, 0))
        found[day] = Tries(old.begun + row["begun"], old.jobs + row["jobs"], old.failed + row["failed"])
    return found
