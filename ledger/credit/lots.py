"""Credits bought in advance: lots, what was drawn from them, what expired. Each function runs inside one transaction.

A settlement books only what a job cost in credits, so that jobs never meet on a lot. Which lot paid is worked out
later, by one drawer at a time: it holds the lots' rows and takes the journal's transactions in the order of their
numbers. A transaction is worked out when it has a draw; the draws of a lot, with its purchase (a negative one),
leave what remains of it.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from pricing import Money

from .. import accounts, journal, moves
from ..errors import BadLot
from ..instants import FOREVER, moment
from ..store import Row, Statement, Work
from ..tables import DRAW, ENTRY, LOT, TXN
from ..values import CreditLot, Credits
from . import drawing
from .drawing import Draw, Lot

CHUNK = 500
"""Transactions worked out in one unit: other writers wait no longer."""
_PROVIDER = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LONGEST = 200
_BY_ID = Statement(sa.select(LOT).where(LOT.c.id == sa.bindparam("lot")))
_OF_PROVIDER = sa.select(LOT).where(LOT.c.provider == sa.bindparam("provider")).order_by(LOT.c.id)
_LOCKED = Statement(_OF_PROVIDER.with_for_update())
_ALL = Statement(sa.select(LOT).order_by(LOT.c.provider, LOT.c.currency, LOT.c.id))
_ADD_LOT = Statement(sa.insert(LOT), [column.name for column in LOT.c])
_LEFT = Statement(sa.update(LOT).where(LOT.c.id == sa.bindparam("lot")), ["remaining_nanos", "remaining_cost_nanos"])
_ADD_DRAW = Statement(sa.insert(DRAW), [column.name for column in DRAW.c])

_LEG = sa.and_(ENTRY.c.txn == TXN.c.id, ENTRY.c.account == sa.bindparam("account"))
_NOT_DRAWN = sa.and_(sa.not_(sa.exists().where(DRAW.c.txn == TXN.c.id)), sa.exists().where(_LEG))
_FIRST = Statement(sa.select(sa.func.min(TXN.c.id).label("txn")).where(_NOT_DRAWN))
_PENDING = Statement(
    sa.select(
        TXN.c.id,
        TXN.c.job,
        TXN.c.attempt,
        TXN.c.at,
        sa.select(ENTRY.c.currency).where(_LEG).scalar_subquery().label("currency"),
        sa.select(ENTRY.c.amount_nanos).where(_LEG).scalar_subquery().label("nanos"),
    )
    .where(TXN.c.id >= sa.bindparam("first"), _NOT_DRAWN)
    .order_by(TXN.c.id)
    .limit(sa.bindparam("size", type_=sa.Integer))
    .offset(sa.literal_column("0"))  # said, because SQLite's dialect would bind one
)
_DRAWN = Statement(
    sa.select(DRAW)
    .select_from(DRAW.join(TXN, TXN.c.id == DRAW.c.txn))
    .where(TXN.c.job == sa.bindparam("job"), TXN.c.attempt == sa.bindparam("attempt"))
    .order_by(DRAW.c.at, DRAW.c.txn, DRAW.c.line)
)
_LINES = Statement(sa.select(DRAW.c.line).where(DRAW.c.txn == sa.bindparam("txn")).order_by(DRAW.c.line.desc()))
_BARE = Statement(
    sa.select(DRAW.c.txn, DRAW.c.quantity_nanos, TXN.c.at, TXN.c.attempt, ENTRY.c.currency)
    .select_from(DRAW.join(TXN, TXN.c.id == DRAW.c.txn).join(ENTRY, _LEG))
    .where(DRAW.c.lot.is_(None))
    .order_by(DRAW.c.txn, DRAW.c.line)
)
_CREDITS = Statement(
    sa.select(
        ENTRY.c.account,
        ENTRY.c.currency,
        sa.cast(sa.func.sum(ENTRY.c.amount_nanos), sa.BigInteger).label("nanos"),
    )
    .where(ENTRY.c.account >= sa.literal_column("'prepaid:'"), ENTRY.c.account < sa.literal_column("'prepaid;'"))
    .group_by(ENTRY.c.account, ENTRY.c.currency)
    .order_by(ENTRY.c.account, ENTRY.c.currency)
)


def buy(
    work: Work,
    now: int,
    provider: str,
    quantity: Money,
    cost: Money,
    *,
    lot: str,
    effective_at: int | None,
    expires_at: int | None,
    priority: int,
    author: str,
    note: str,
) -> CreditLot:
    """Book a purchase of credits, once under its id. Raises BadLot."""
    _check(provider, quantity, cost, lot)
    wanted: dict[str, Any] = {
        "provider": provider, "currency": quantity.currency, "quantity_nanos": quantity.nanos, "cost_nanos": cost.nanos,
        "cost_currency": cost.currency, "priority": priority, "author": author, "note": note,
        "expires_at": FOREVER if expires_at is None else expires_at,
    }  # fmt: skip
    if effective_at is not None:
        wanted["effective_at"] = effective_at
    known = work.row(_BY_ID, {"lot": lot})
    if known is not None:
        for name, value in wanted.items():
            if known[name] != value:
                word = name.removesuffix("_nanos").removesuffix("_at")
                raise BadLot(
                    f"lot {lot} was bought with another {word}", value=lot, next="use a new id for another lot"
                )
        return view(known)
    for other in work.rows(_LOCKED, {"provider": provider}):
        if other["currency"] == quantity.currency and other["cost_currency"] != cost.currency:
            paid: str = other["cost_currency"]
            raise BadLot(
                f"lots of {quantity.currency} at {provider} are paid in {paid}, not {cost.currency}",
                value=cost.currency, limit=paid, next=f"give its cost in {paid}",
            )  # fmt: skip
    begins = now if effective_at is None else effective_at
    if wanted["expires_at"] <= begins:
        raise BadLot(f"lot {lot} would expire before it begins", value=moment(wanted["expires_at"]).isoformat())
    row = wanted | {
        "id": lot, "bought_at": now, "effective_at": begins, "remaining_nanos": quantity.nanos,
        "remaining_cost_nanos": cost.nanos,
    }  # fmt: skip
    work.run(_ADD_LOT, row)
    txn = journal.book(work, now, "purchase", moves.purchase(provider, quantity, cost))
    _record(work, now, txn, 0, [Draw(lot, -quantity.nanos, -cost.nanos)])
    return view(row)


def first(work: Work, provider: str) -> int:
    """The number of the first transaction that nobody has worked out; past the last one when there is none."""
    found = work.row(_FIRST, {"account": accounts.prepaid(provider)})
    return FOREVER if found is None or found["txn"] is None else int(found["txn"])


def draw(work: Work, now: int, provider: str, first: int) -> tuple[int, int | None]:
    """Work out the next transactions from that number on: how many it were, and where to go on (None: done).

    Nothing happens while no lot was ever bought there.
    """
    drawer = _Drawer(work, now, provider)
    if not drawer.lots:
        return 0, None
    pending = work.rows(_PENDING, {"account": accounts.prepaid(provider), "first": first, "size": CHUNK})
    for txn in pending:
        drawer.work_out(txn)
    done = len(pending)
    more = len(pending) == CHUNK
    if not more:
        done += drawer.cover() + drawer.expire()
    drawer.finish()
    return done, pending[-1]["id"] + 1 if more else None


class _Drawer:
    """The one who holds a provider's lots."""

    def __init__(self, work: Work, now: int, provider: str) -> None:
        self.work, self.now, self.provider = work, now, provider
        rows = work.rows(_LOCKED, {"provider": provider})
        self.lots = {row["id"]: as_lot(row) for row in rows}
        self.cost_currency = {row["currency"]: row["cost_currency"] for row in rows}
        self.by_currency: dict[str, list[Lot]] = defaultdict(list)
        for row in rows:
            self.by_currency[row["currency"]].append(self.lots[row["id"]])
        self.before = {one.id: (one.remaining, one.remaining_cost) for one in self.lots.values()}
        self.costs: dict[str, int] = defaultdict(int)
        """What jobs drew, by the currency of the credits."""

    def work_out(self, txn: Row) -> None:
        charge = -txn["nanos"]
        if charge > 0:
            draws = drawing.take(self.by_currency[txn["currency"]], txn["at"], charge)
        else:
            drawn = self.work.rows(_DRAWN, {"job": txn["job"], "attempt": txn["attempt"]})
            earlier = [Draw(one["lot"], one["quantity_nanos"], one["cost_nanos"]) for one in drawn]
            draws = drawing.give_back(self.lots, earlier, -charge)
        self._add(txn["id"], 0, txn["currency"], draws)

    def cover(self) -> int:
        """Charges that no lot covered, and that one does now: it was booked late. Answers how many."""
        if not any(one.remaining for one in self.lots.values()):
            return 0
        bare: dict[str, int] = defaultdict(int)
        charges: dict[str, Row] = {}
        for row in self.work.rows(_BARE, {"account": accounts.prepaid(self.provider)}):
            bare[row["attempt"]] += row["quantity_nanos"]
            if row["quantity_nanos"] > 0:
                charges[row["attempt"]] = row
        covered = 0
        for attempt, row in charges.items():
            lots = self.by_currency[row["currency"]]
            draws = [one for one in drawing.take(lots, row["at"], max(0, bare[attempt])) if one.lot is not None]
            if draws:
                line = self.work.rows(_LINES, {"txn": row["txn"]})[0]["line"] + 1
                taken = sum(one.quantity for one in draws)
                self._add(row["txn"], line, row["currency"], [Draw(None, -taken, 0), *draws])
                covered += 1
        return covered

    def expire(self) -> int:
        """What is left of lots that are no longer valid is lost. Answers how many."""
        lost = [
            (currency, lot)
            for currency, lots in self.by_currency.items()
            for lot in lots
            if lot.remaining and lot.expires_at <= self.now
        ]
        for currency, lot in lost:
            rest = lot.draw(lot.remaining)
            cost = Money(rest.cost, self.cost_currency[currency])
            legs = moves.breakage(self.provider, Money(rest.quantity, currency), cost)
            txn = journal.book(self.work, self.now, "breakage", legs)
            _record(self.work, self.now, txn, 0, [rest])
        return len(lost)

    def finish(self) -> None:
        """Book what the draws had cost, and what is left of each lot."""
        for currency, nanos in self.costs.items():
            if nanos:
                cost = Money(nanos, self.cost_currency[currency])
                journal.book(self.work, self.now, "draw", moves.drawn(self.provider, cost))
        for lot in self.lots.values():
            if (lot.remaining, lot.remaining_cost) != self.before[lot.id]:
                left = {"remaining_nanos": lot.remaining, "remaining_cost_nanos": lot.remaining_cost}
                self.work.run(_LEFT, left | {"lot": lot.id})

    def _add(self, txn: int, line: int, currency: str, draws: Sequence[Draw]) -> None:
        _record(self.work, self.now, txn, line, draws)
        self.costs[currency] += sum(one.cost for one in draws)


def credits(work: Work, provider: str | None) -> tuple[Credits, ...]:  # noqa: A001
    """Lots and what is left of them, by provider and kind of credit."""
    lots: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in work.rows(_ALL, {}):
        lots[row["provider"], row["currency"]].append(row)
    balances = {(row["account"].partition(":")[2], row["currency"]): row["nanos"] for row in work.rows(_CREDITS, {})}
    bare: dict[tuple[str, str], int] = defaultdict(int)
    for name, currency in balances:
        for row in work.rows(_BARE, {"account": accounts.prepaid(name)}):
            if row["currency"] == currency:
                bare[name, currency] += row["quantity_nanos"]
    found: list[Credits] = []
    for (name, currency), balance in sorted(balances.items()):
        if provider not in (None, name):
            continue
        rows = sorted(lots[name, currency], key=lambda row: as_lot(row).order)
        remaining, uncovered = sum(row["remaining_nanos"] for row in rows), bare[name, currency]
        found.append(
            Credits(
                name,
                currency,
                tuple(view(row) for row in rows),
                Money(remaining, currency),
                Money(uncovered, currency),
                Money(remaining - uncovered - balance, currency),
            )
        )
    return tuple(found)


def as_lot(row: Row) -> Lot:
    return Lot(
        row["id"], row["quantity_nanos"], row["cost_nanos"], row["priority"], row["bought_at"], row["effective_at"],
        row["expires_at"], row["remaining_nanos"], row["remaining_cost_nanos"],
    )  # fmt: skip


def view(row: Row) -> CreditLot:
    currency, paid = row["currency"], row["cost_currency"]
    return CreditLot(
        id=row["id"],
        provider=row["provider"],
        quantity=Money(row["quantity_nanos"], currency),
        cost=Money(row["cost_nanos"], paid),
        remaining=Money(row["remaining_nanos"], currency),
        remaining_cost=Money(row["remaining_cost_nanos"], paid),
        priority=row["priority"],
        bought_at=moment(row["bought_at"]),
        effective_at=moment(row["effective_at"]),
        expires_at=None if row["expires_at"] == FOREVER else moment(row["expires_at"]),
        author=row["author"],
        note=row["note"],
    )


def _record(work: Work, now: int, txn: int, line: int, draws: Sequence[Draw]) -> None:
    work.many(
        _ADD_DRAW,
        [
            {"txn": txn, "line": at, "lot": one.lot, "quantity_nanos": one.quantity, "cost_nanos": one.cost, "at": now}
            for at, one in enumerate(draws, line)
        ],
    )


def _check(provider: str, quantity: Money, cost: Money, lot: str) -> None:
    if not _PROVIDER.fullmatch(provider):
        raise BadLot(f"{provider[:80]!r} is not a provider", value=provider[:80], limit=_PROVIDER.pattern)
    if not lot or len(lot) > _LONGEST:
        raise BadLot("a lot needs an id of its own", value=lot[:80], limit=f"1 to {_LONGEST} characters")
    if quantity.currency == "USD":
        raise BadLot(f"{quantity} are no credits", value=str(quantity), next='write "500 creatify-credit"')
    if quantity.nanos <= 0:
        raise BadLot(f"a lot cannot be {quantity}", value=str(quantity), limit="more than zero")
    if cost.nanos < 0 or cost.currency == quantity.currency:
        raise BadLot(f"a lot cannot cost {cost}", value=str(cost), limit="zero or more, in another currency")
