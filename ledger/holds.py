"""Setting money aside and giving it back: hold, begin, release, expire. Each function runs inside one transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from pricing import CurrencyMismatch, Money, Quote, Span

from . import budgets, texts
from .budgets import Limit
from .granting import NewJob, add_quote, grant, grant_at_once, new_job
from .rows import ATTEMPT_BY_ID, Job, attempt_row, is_state, job_row, note, save
from .scopes import chain, inside
from .states import after
from .store import Row, Statement, Work
from .tables import ATTEMPT, JOB, REFUSAL
from .values import Grant, Reason, Refusal

_KNOWN = Statement(
    sa.select(JOB.c.id, JOB.c.key, JOB.c.request_hash).where(
        sa.or_(JOB.c.key == sa.bindparam("key"), JOB.c.id == sa.bindparam("job"))
    )
)
_ADD_ATTEMPT = Statement(sa.insert(ATTEMPT), [column.name for column in ATTEMPT.c])
_ADD_REFUSAL = Statement(sa.insert(REFUSAL), [column.name for column in REFUSAL.c if column.name != "id"])
_LAPSED = sa.select(JOB).where(
    JOB.c.open_nanos > sa.literal_column("0"),
    JOB.c.state == sa.literal_column("'held'"),
    JOB.c.parked_nanos == sa.literal_column("0"),  # a parked amount keeps its hold until a person resolves it
    JOB.c.expires_at <= sa.bindparam("now"),
)
_IN_ORDER = _LAPSED.order_by(JOB.c.granted_at, JOB.c.id).with_for_update(skip_locked=True)
"""A job that somebody is moving just now is not lapsed; and who waits for nobody is in nobody's way."""
_LAPSED_ALL = Statement(_IN_ORDER)
_LAPSED_BELOW = Statement(
    _IN_ORDER.where(
        sa.or_(
            JOB.c.scope == sa.bindparam("scope"),
            sa.and_(JOB.c.scope >= sa.bindparam("below"), JOB.c.scope < sa.bindparam("above")),
        ),
        JOB.c.id != sa.bindparam("but"),
    )
)


def hold(
    work: Work,
    now: int,
    *,
    job: str,
    key: str,
    request_hash: str,
    scope: str,
    quote: Quote,
    request: Mapping[str, object],
    tags: Mapping[str, str],
    owner: str,
    expires_in_s: int,
) -> Grant:
    """Set the quote's high aside in the whole chain, or answer why not. Raises BadScope."""
    chain(scope)

    def asked(amount: Span) -> NewJob:
        return new_job(
            now, job=job, key=key, request_hash=request_hash, scope=scope, quote=quote, amount=amount, request=request,
            tags=tags, owner=owner, expires_in_s=expires_in_s,
        )  # fmt: skip

    ask = _Ask(work, now, job, key, scope, quote)
    # The usual case in one statement, on a guess; every other one is looked into below.
    guess = ask.amount("USD") if work.dialect == "postgresql" and not (work.tries or work.asked_again) else None
    if guess is not None and grant_at_once(work, now, [asked(guess)]):
        return Grant(job)
    known = work.rows(_KNOWN, {"key": key, "job": job})
    if known:
        return _again(work, known, job, key, request_hash, scope)
    limits = budgets.opened(work, scope, now)
    if not limits:
        return ask.refuse("no_budget", budgets.uncovered(scope))
    amount = ask.amount(limits[0].currency)
    if amount is None:
        return ask.refuse("currency", _foreign(quote, limits[0]), limits[0])
    room = ask.room(limits, amount.high.nanos, now)
    if isinstance(room, Grant):
        return room
    grant(work, now, room, [asked(amount)])
    return Grant(job)


def begin(
    work: Work,
    now: int,
    *,
    job: str,
    attempt: str,
    provider: str,
    quote: Quote,
    fingerprint: str,
    owner: str,
    ceiling: Money | None,
) -> Grant:
    """Commit the intent: held -> submitting, the hold raised to this quote's high. Raises UnknownJob."""
    row = job_row(work, job)
    if work.row(ATTEMPT_BY_ID, {"attempt": attempt}) is not None:
        attempt_row(work, job, attempt)
        return Grant(job, replayed=not work.asked_again)
    ask = _Ask(work, now, job, row["key"], row["scope"], quote)
    target = after(is_state(row["state"]), "begin")
    if target is None or row["parked_nanos"]:
        waits = " with an amount that a person must resolve" if row["parked_nanos"] else ""
        detail = f"job {job} is {row['state']}{waits}: no attempt can begin, only while it is held"
        return Grant(job, refused=Refusal("moved", row["scope"], None, None, None, detail))
    amount = ask.amount(row["currency"])
    if amount is None:
        detail = f"{quote.offer} is sold in {quote.currency}, job {job} is held in {row['currency']}"
        return ask.refuse("currency", detail)
    high = amount.high
    if ceiling is not None and (over := _over(quote, high, ceiling)) is not None:
        detail = f"{quote.offer} may cost {over}, more than the {ceiling} allowed for job {job}"
        return ask.refuse("budget", detail, asked=high, cap=ceiling)
    more = high.nanos - row["open_nanos"]
    limits: list[Limit] = []
    if more > 0:
        room = ask.room(budgets.authorised(work, row["scope"], row["granted_at"]), more, row["granted_at"])
        if isinstance(room, Grant):
            return room
        limits = room
    name, body = texts.quote(quote)
    add_quote(work, name, body)
    opened = max(row["open_nanos"], high.nanos)
    settings = texts.dump(quote.settings)
    save(
        work, row, state=target, attempts=row["attempts"] + 1, offer=quote.offer, settings=settings, quote_id=name,
        outputs_asked=quote.outputs, low_nanos=amount.low.nanos, expected_nanos=amount.expected.nanos,
        high_nanos=high.nanos, held_nanos=max(row["held_nanos"], opened), open_nanos=opened, owner=owner, reason="",
    )  # fmt: skip
    _add_attempt(work, now, row, attempt, provider, quote, fingerprint)
    raised = f", hold raised to {Money(opened, row['currency'])}" if more > 0 else ""
    note(work, row, now, "intent", f"attempt {row['attempts']} at {provider}: {quote.offer}{raised}", attempt=attempt)
    budgets.take(work, now, limits, more)
    return Grant(job)


def release(work: Work, now: int, *, job: str, attempt: str | None, reason: str, proof: str) -> Job:
    """Give the hold back: freely while no attempt is open, else only with proof. Otherwise nothing changes."""
    row = job_row(work, job)
    if attempt is not None and attempt_row(work, job, attempt)["number"] != row["attempts"]:
        return row  # an older attempt cannot speak for the job
    state = is_state(row["state"])
    target = after(state, "free") or (after(state, "no_charge") if proof else None)
    if target is not None and not row["parked_nanos"]:
        end(work, now, row, target, "release", reason or proof, proof=proof)
    return row


def expire(work: Work, now: int) -> tuple[str, ...]:
    """End every lapsed hold without an open attempt; answers their jobs, oldest first."""
    return _lapse(work, now, work.rows(_LAPSED_ALL, {"now": now}))


def end(
    work: Work, now: int, row: Job, state: str, kind: str, reason: str, *, proof: str = "", attempt: str | None = None,
    outcome: str | None = None,
) -> None:  # fmt: skip
    """Leave the open states without a charge: what was set aside goes back."""
    opened = row["open_nanos"]
    save(work, row, state=state, open_nanos=0, reason=reason, proof=proof or row["proof"])
    note(work, row, now, kind, reason, proof=proof, attempt=attempt, outcome=outcome)
    budgets.shift(work, now, row["scope"], row["granted_at"], spent=0, held=-opened)


def _lapse(work: Work, now: int, rows: Sequence[Row]) -> tuple[str, ...]:
    for row in rows:
        end(work, now, dict(row), "expired", "expire", "the hold lapsed before an attempt was open")
    return tuple(row["id"] for row in rows)


def _again(work: Work, known: Sequence[Row], job: str, key: str, request_hash: str, scope: str) -> Grant:
    earlier = next((row for row in known if row["key"] == key), None)
    if earlier is not None and earlier["request_hash"] == request_hash:
        # Our own answer that was lost on the way is no replay.
        return Grant(earlier["id"], replayed=not (work.asked_again and earlier["id"] == job))
    if earlier is None:
        detail = f"the job id {job} is taken by key {known[0]['key']}: use a new id"
    else:
        detail = f"key {key} was used for another request, job {earlier['id']}: use a new key"
    return Grant(job, refused=Refusal("key_reused", scope, None, None, None, detail))


def _over(quote: Quote, high: Money, ceiling: Money) -> Money | None:
    """What the quote may cost in the ceiling's currency, if that is more than the ceiling."""
    asked = high if ceiling.currency == high.currency else quote.in_currency(ceiling.currency).high
    return asked if asked > ceiling else None


def _foreign(quote: Quote, limit: Limit) -> str:
    return f"{quote.offer} is sold in {quote.currency}, the budget of {limit.scope} is in {limit.currency}"


class _Ask:
    """One question for money, and how it is refused."""

    def __init__(self, work: Work, now: int, job: str, key: str, scope: str, quote: Quote) -> None:
        self.work, self.now, self.job, self.key, self.scope, self.quote = work, now, job, key, scope, quote

    def amount(self, currency: str) -> Span | None:
        try:
            return self.quote.in_currency(currency)
        except CurrencyMismatch:
            return None

    def room(self, limits: list[Limit], amount: int, at: int) -> list[Limit] | Grant:
        """The limits around `at` if all have room, once lapsed holds are out of the way; else the refusal."""
        if budgets.short(limits, amount) is None:
            return limits
        top = min((one.scope for one in limits), key=len)
        below, above = inside(top)
        where = {"now": self.now, "scope": top, "below": below, "above": above, "but": self.job}
        if _lapse(self.work, self.now, self.work.rows(_LAPSED_BELOW, where)):
            limits = budgets.authorised(self.work, self.scope, at)
        tight = budgets.short(limits, amount)
        if tight is None:
            return limits
        asked = Money(amount, tight.currency)
        reason, detail = budgets.why(tight, asked)
        return self.refuse(reason, detail, tight, asked)

    def refuse(
        self, reason: Reason, detail: str, by: Limit | None = None, asked: Money | None = None, cap: Money | None = None
    ) -> Grant:
        limit, available = cap, cap
        if by is not None and by.limit is not None:
            limit, available = Money(by.limit, by.currency), Money(by.room or 0, by.currency)
        scope = self.scope if by is None else by.scope
        refusal = Refusal(reason, scope, limit, available, asked, detail)
        values: dict[str, Any] = {
            "at": self.now,
            "job": self.job,
            "key": self.key,
            "scope": scope,
            "offer": self.quote.offer,
            "reason": reason,
            "currency": None if limit is None else limit.currency,
            "limit_nanos": None if limit is None else limit.nanos,
            "available_nanos": None if available is None else available.nanos,
            "asked_nanos": None if asked is None else asked.nanos,
            "detail": detail,
        }
        self.work.run(_ADD_REFUSAL, values)
        return Grant(self.job, refused=refusal)


def _add_attempt(work: Work, now: int, row: Job, attempt: str, provider: str, quote: Quote, fingerprint: str) -> None:
    native = quote.cost
    exact = "1" if native.currency == row["currency"] or quote.plan is None else str(quote.plan.usd_per_credit)
    values: dict[str, Any] = {
        "id": attempt, "job": row["id"], "number": row["attempts"], "provider": provider, "offer": quote.offer,
        "settings": row["settings"], "outputs_asked": quote.outputs, "quote_id": row["quote_id"],
        "currency": native.currency, "low_nanos": native.low.nanos, "expected_nanos": native.expected.nanos,
        "high_nanos": native.high.nanos, "rate": exact, "fingerprint": fingerprint, "outcome": None,
        "provider_job": None, "handle": "{}", "reason": "", "posted_nanos": None, "posted_native_nanos": None,
        "started_at": now,
    }  # fmt: skip
    work.run(_ADD_ATTEMPT, values)
