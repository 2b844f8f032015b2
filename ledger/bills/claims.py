"""Our attempts as the books had them by themselves: before a bill, or a person's word on one, was heard. Only reads.

A bill's charge is posted as it comes in. So what is set beside the bill is what was known without it; where nothing
was, and the job was not let go, it is what was quoted.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from pricing import Money, Span

from .. import texts
from ..check.facts import by
from ..evidence import weigh
from ..instants import moment
from ..jobs.rows import rate, terms
from ..jobs.settling import observation
from ..reconcile.values import Claimed, QuotedLine
from ..store import Row, Statement, Work
from ..tables import ATTEMPT, EVENT, JOB, OBSERVATION, QUOTE
from .importing import is_of_bill

PAGE = 1000
_GONE = ("released", "expired", "written_off")
_TURNED_AWAY = ("refused", "not_sent")
_JOBS = Statement(
    sa.select(JOB.c.id, JOB.c.scope, JOB.c.currency, JOB.c.state, JOB.c.attempts, JOB.c.held_nanos)
    .where(JOB.c.id > sa.bindparam("after"))
    .order_by(JOB.c.id)
    .limit(sa.literal_column(str(PAGE)))
    .offset(sa.literal_column("0"))
)


def _in_page(column: "sa.ColumnElement[Any]") -> "sa.ColumnElement[bool]":
    return sa.and_(column > sa.bindparam("after"), column <= sa.bindparam("last"))


def _read(table: sa.Table, names: str) -> "sa.Select[Any]":
    return sa.select(*(table.c[name] for name in names.split())).where(_in_page(table.c.job))


_ATTEMPTS = Statement(
    _read(
        ATTEMPT,
        "id job number provider provider_job offer settings outputs_asked outcome quote_id currency low_nanos "
        "expected_nanos high_nanos rate started_at",
    ).order_by(ATTEMPT.c.job, ATTEMPT.c.number)
)
_SAID = Statement(
    _read(
        OBSERVATION,
        "id job attempt step at evidence amount_nanos currency revision final delivered external_id state",
    ).order_by(OBSERVATION.c.id)
)
_NEWEST = sa.select(EVENT.c.job, sa.func.max(EVENT.c.step)).where(_in_page(EVENT.c.job)).group_by(EVENT.c.job)
_EVENTS = Statement(
    _read(EVENT, "job attempt step at outcome state")
    .where(
        sa.or_(
            sa.tuple_(EVENT.c.job, EVENT.c.step).in_(_NEWEST),
            EVENT.c.outcome.in_([sa.literal_column(f"'{one}'") for one in _TURNED_AWAY]),
        )
    )
    .order_by(EVENT.c.id)
)
"""How each job stands, and who turned it away; not how it came to that."""
_QUOTE = Statement(sa.select(QUOTE.c.body).where(QUOTE.c.id == sa.bindparam("quote")))


def claims(
    work: Work,
    provider: str | None = None,
    *,
    with_bills: bool = False,
    minimums: Mapping[str, Fraction] = MappingProxyType({}),
) -> Iterator[Claimed]:
    """Every attempt, of one provider or of all, in order of jobs; read a page at a time.

    `with_bills`: as the books have it now, with what bills and words on them said. `minimums`: the least that an offer
    charges, in its provider's currency: quotes do not keep it.
    """
    after, quotes = "", _Quotes(work, minimums)
    while page := work.rows(_JOBS, {"after": after}):
        span = {"after": after, "last": page[-1]["id"]}
        attempts, said, events = (by(work.rows(one, span), "job") for one in (_ATTEMPTS, _SAID, _EVENTS))
        own = said if with_bills else by((one for one in chain(*said.values()) if not is_of_bill(one)), "job")
        for job in page:
            name = job["id"]
            for attempt in attempts[name]:
                if provider in (None, attempt["provider"]):
                    yield _claim(job, attempt, said[name], own[name], events[name], quotes)
        after = page[-1]["id"]


class _Quotes:
    """The lines of quotes, those read last."""

    def __init__(self, work: Work, minimums: Mapping[str, Fraction]) -> None:
        self._work, self._minimums = work, minimums
        self.lines = lru_cache(maxsize=4096)(self._read)

    def _read(self, name: str) -> tuple[QuotedLine, ...]:
        row = self._work.row(_QUOTE, {"quote": name})
        if row is None:
            return ()
        quote = texts.mapping(row["body"])
        return quoted_lines(quote, self._minimums.get(quote["offer"]))


def quoted_lines(quote: Mapping[str, Any], minimum: Fraction | None = None) -> tuple[QuotedLine, ...]:
    """Quantity and price of each line; of a contested price, also the others that its range is made of."""
    lines: Sequence[Mapping[str, Any]] = quote["lines"]
    contested = len(lines) == 1 and len(quote["rates"]) > 1
    found = list[QuotedLine]()
    for line in lines:
        quantity, price = Fraction(line["billed"]), Fraction(line["rate"])
        ends = {Fraction(quote[end]["amount"]) / quantity for end in ("low", "high")} if contested and quantity else ()
        found.append(
            QuotedLine(quantity, line["unit"], price, minimum=minimum, other_prices=tuple(sorted({*ends} - {price})))
        )
    return tuple(found)


def _claim(
    job: Row, attempt: Row, said: Sequence[Row], own: Sequence[Row], events: Sequence[Row], quotes: _Quotes
) -> Claimed:
    mine = [one for one in own if one["attempt"] == attempt["id"]]
    billed = any(one["attempt"] == attempt["id"] and is_of_bill(one) for one in said)
    last = max([*events, *own], key=lambda one: one["step"])
    agreed = terms(attempt, job["currency"])
    finding = weigh(map(observation, mine), agreed)
    posted = None if finding.posted is None or finding.posted.amount is None else finding.posted
    owed = None if posted is None or posted.amount is None else agreed.in_native(posted.amount)
    at = {one["id"]: one["at"] for one in mine}
    released = last["at"] if last["state"] in _GONE else None
    if attempt["outcome"] in _TURNED_AWAY:
        away = [one["at"] for one in events if one["attempt"] == attempt["id"] and one["outcome"] in _TURNED_AWAY]
        released = away[-1] if away else released
    if owed is None and billed and released is None:
        owed = agreed.expected  # the bill was the first to say anything
    seen = [one["delivered"] for one in mine if one["evidence"] != "resolve"]
    delivered = attempt["outputs_asked"] if posted is None or not seen else max(seen)
    return Claimed(
        job["id"],
        attempt["id"],
        attempt["provider"],
        attempt["provider_job"],
        attempt["offer"],
        texts.words(attempt["settings"]),
        job["scope"],
        last["state"],
        attempt["outcome"],
        attempt["outputs_asked"],
        delivered,
        Span(agreed.low, agreed.expected, agreed.high),
        quotes.lines(attempt["quote_id"]),
        Money(job["held_nanos"] if attempt["number"] == job["attempts"] else 0, job["currency"]),
        None if finding.reported is None else agreed.in_native(finding.reported),
        owed,
        rate(attempt["rate"]),
        moment(attempt["started_at"]),
        None if posted is None else moment(at[posted.seq]),
        None if released is None else moment(released),
    )
