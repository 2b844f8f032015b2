"""Setting money aside and giving it back: hold, begin, extend, release, expire, each inside one transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from pricing import CurrencyMismatch, Money, Quote, Span

from .. import texts
from ..budget import budgets
from ..budget.budgets import Limit
from ..errors import BadRequest
from ..instants import moment
from ..scopes import chain, inside
from ..states import OPEN, after
from ..store import Row, Statement, Work
from ..tables import ATTEMPT, JOB, REFUSAL
from ..values import Grant, Reason, Refusal
from .granting import NewJob, add_quote, grant, grant_at_once, lapse_at, new_job
from .rows import ATTEMPT_BY_ID, Job, attempt_row, is_state, job_row, note, save, whole

_KNOWN = Statement(
    sa.select(JOB.c.id, JOB.c.key, JOB.c.request_hash, JOB.c.granted_at).where(
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
# Not the bare column: of all jobs of a scope only the few that lapse are to be read, and they have an index.
_path = JOB.c.scope + sa.literal_column("''", sa.Text)
_LAPSED_BELOW = Statement(
    _IN_ORDER.where(
        sa.or_(
            _path == sa.bindparam("scope", type_=sa.Text),
            sa.and_(_path >= sa.bindparam("below", type_=sa.Text), _path < sa.bindparam("above", type_=sa.Text)),
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
    since: int,
) -> Grant:
    """Set the quote's high aside in the whole chain, or answer why not. Raises BadScope, BadRequest.

    `since`: when it was first asked: an older grant under the key is not this one's.
    """
    chain(scope)
    texts.names(job_id=job, key=key, request_hash=request_hash)

    def asked(amount: Span) -> NewJob:
        return new_job(
            now, job=job, key=key, request_hash=request_hash, scope=scope, quote=quote, amount=amount, request=request,
            tags=tags, owner=owner, expires_in_s=expires_in_s,
        )  # fmt: skip

    ask = Asking(work, now, job, key, scope, quote.offer)
    # The usual case in one statement, on a guess; every other one is looked into below.
    guess = in_budget(quote, "USD") if work.at_once and quote.dollars is not None else None
    if guess is not None and grant_at_once(work, now, [asked(guess)]):
        return Grant(job)
    known = work.rows(_KNOWN, {"key": key, "job": job})
    if known:
        return again(work, known, job, key, request_hash, scope, since)
    limits = budgets.opened(work, scope, now)
    if not limits:
        return ask.refuse("no_budget", budgets.uncovered(scope))
    amount = in_budget(quote, limits[0].currency)
    if amount is None:
        return ask.foreign(quote, limits[0])
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
    row, attempts, _ = whole(work, job)
    # At once, an attempt of another job is met by its key, and then asked for.
    known = any(one["id"] == attempt for one in attempts)
    if known or (not work.at_once and work.row(ATTEMPT_BY_ID, {"attempt": attempt}) is not None):
        attempt_row(work, job, attempt)
        return Grant(job, replayed=not work.asked_again)
    texts.names(attempt_id=attempt, provider=provider)
    ask = Asking(work, now, job, row["key"], row["scope"], quote.offer)
    target = after(is_state(row["state"]), "begin")
    if target is None or row["parked_nanos"]:
        waits = " with an amount that a person must resolve" if row["parked_nanos"] else ""
        detail = f"job {job} is {row['state']}{waits}: no attempt can begin, only while it is held"
        return Grant(job, refused=Refusal("moved", row["scope"], None, None, None, detail))
    amount = in_budget(quote, row["currency"])
    if amount is None:
        detail = f"{quote.offer} is sold in {quote.currency}, job {job} is held in {row['currency']}"
        return ask.refuse("currency", detail)
    high = amount.high
    if ceiling is not None and (over := _over(quote, high, ceiling)) is not None:
        detail = f"{quote.offer} may cost {over}, more than the {ceiling} allowed for job {job}"
        return ask.refuse("budget", detail, asked=high, cap=ceiling)
    more = high.nanos - row["open_nanos"]
    limits = ask.raised(row, more)
    if isinstance(limits, Grant):
        return limits
    name, body = texts.quote(quote)
    add_quote(work, name, body)
    opened = max(row["open_nanos"], high.nanos)
    settings = texts.dump(quote.settings)
    save(
        work, row, state=target, attempts=row["attempts"] + 1, offer=quote.offer, settings=settings, quote_id=name,
        outputs_asked=quote.outputs, low_nanos=amount.low.nanos, expected_nanos=amount.expected.nanos,
        high_nanos=high.nanos, held_nanos=max(row["held_nanos"], opened), open_nanos=opened,
        owner=texts.clean(owner), reason="",
    )  # fmt: skip
    _add_attempt(work, now, row, attempt, provider, quote, fingerprint)
    raised = f", hold raised to {Money(opened, row['currency'])}" if more > 0 else ""
    note(work, row, now, "intent", f"attempt {row['attempts']} at {provider}: {quote.offer}{raised}", attempt=attempt)
    budgets.take(work, now, limits, more)
    return Grant(job)


def extend(work: Work, now: int, *, job: str, to: Money | None, expires_in_s: int | None) -> Grant:
    """Hold `to` at least, and lapse no earlier than so many seconds from now; never less of either.

    Raises UnknownJob, BadRequest.
    """
    if to is None and expires_in_s is None:
        raise BadRequest(f"job {job} is to be extended by nothing", next="say to, expires_in_s or both")
    row = job_row(work, job)
    if row["state"] not in OPEN:
        detail = f"job {job} is {row['state']}: nothing is held for it that could be extended"
        return Grant(job, refused=Refusal("moved", row["scope"], None, None, None, detail))
    ask = Asking(work, now, job, row["key"], row["scope"], row["offer"])
    if to is not None and to.currency != row["currency"]:
        return ask.refuse("currency", f"job {job} is held in {row['currency']}, not in {to.currency}", asked=to)
    more = max(0, 0 if to is None else to.nanos - row["open_nanos"])
    expires_at = row["expires_at"] if expires_in_s is None else max(row["expires_at"], lapse_at(now, expires_in_s))
    if not more and expires_at == row["expires_at"]:
        return Grant(job, replayed=not work.asked_again)
    limits = ask.raised(row, more)
    if isinstance(limits, Grant):
        return limits
    opened = row["open_nanos"] + more
    words = [f"hold raised to {Money(opened, row['currency'])}"] if more else []
    words += [f"lapses at {moment(expires_at):%Y-%m-%d %H:%M:%S}Z"] if expires_at != row["expires_at"] else []
    save(work, row, open_nanos=opened, held_nanos=max(row["held_nanos"], opened), expires_at=expires_at)
    note(work, row, now, "extend", ", ".join(words))
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


def in_budget(quote: Quote, currency: str) -> Span | None:
    """What the quote may cost in the budget's currency; None: it is not sold for that."""
    try:
        return quote.in_currency(currency)
    except CurrencyMismatch:
        return None


def again(
    work: Work, known: Sequence[Row], job: str, key: str, request_hash: str, scope: str, since: int | None = None
) -> Grant:
    """The answer where the key or the job's id is taken: the earlier job, or a refusal."""
    earlier = next((row for row in known if row["key"] == key), None)
    if earlier is not None and earlier["request_hash"] == request_hash:
        # Our own answer that was lost on the way is no replay; whether it is ours, its instant tells.
        ours = work.asked_again and earlier["id"] == job and (since is None or earlier["granted_at"] >= since)
        return Grant(earlier["id"], replayed=not ours)
    if earlier is None:
        detail = f"the job id {job} is taken by key {known[0]['key']}: use a new id"
    else:
        detail = f"key {key} was used for another request, job {earlier['id']}: use a new key"
    return Grant(job, refused=Refusal("key_reused", scope, None, None, None, detail))


def _over(quote: Quote, high: Money, ceiling: Money) -> Money | None:
    """What the quote may cost in the ceiling's currency, if that is more than the ceiling."""
    asked = high if ceiling.currency == high.currency else quote.in_currency(ceiling.currency).high
    return asked if asked > ceiling else None


class Asking:
    """One question for money, for one job or more, and how it is refused."""

    def __init__(self, work: Work, now: int, job: str, key: str, scope: str, offer: str, jobs: int = 1) -> None:
        self.work, self.now, self.job, self.key, self.scope, self.offer = work, now, job, key, scope, offer
        self.for_jobs = f" for {jobs} jobs" if jobs > 1 else ""

    def no_budget(self) -> Grant:
        scope = self.scope
        return self.refuse("no_budget", f'no budget covers {scope}: set one with: faregate budget set {scope} "50 USD"')

    def foreign(self, quote: Quote, limit: Limit) -> Grant:
        detail = f"{quote.offer} is sold in {quote.currency}, the budget of {limit.scope} is in {limit.currency}"
        return self.refuse("currency", detail, limit)

    def raised(self, row: Job, more: int) -> list[Limit] | Grant:
        """The limits that so much more of a job is to be taken from, none where it is nothing; else the refusal."""
        if more <= 0:
            return []
        self.work.stand()  # a budget made meanwhile must not miss the rise
        return self.room(budgets.authorised(self.work, row["scope"], row["granted_at"]), more, row["granted_at"])

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
        return self.refuse(reason, f"{detail}{self.for_jobs if reason == 'budget' else ''}", tight, asked)

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
            "offer": self.offer,
            "reason": reason,
            "currency": None if limit is None else limit.currency,
            "limit_nanos": None if limit is None else limit.nanos,
            "available_nanos": None if available is None else available.nanos,
            "asked_nanos": None if asked is None else asked.nanos,
            "detail": detail,
        }
        self.work.later(_ADD_REFUSAL, values)
        return Grant(self.job, refused=refusal)


def _add_attempt(work: Work, now: int, row: Job, attempt: str, provider: str, quote: Quote, fingerprint: str) -> None:
    native = quote.cost
    exact = "1" if native.currency == row["currency"] or quote.plan is None else str(quote.plan.usd_per_credit)
    values: dict[str, Any] = {
        "id": attempt, "job": row["id"], "number": row["attempts"], "provider": provider, "offer": quote.offer,
        "settings": row["settings"], "outputs_asked": quote.outputs, "quote_id": row["quote_id"],
        "currency": native.currency, "low_nanos": native.low.nanos, "expected_nanos": native.expected.nanos,
        "high_nanos": native.high.nanos, "rate": exact, "fingerprint": texts.clean(fingerprint), "outcome": None,
        "provider_job": None, "handle": "{}", "reason": "", "posted_nanos": None, "posted_native_nanos": None,
        "started_at": now,
    }  # fmt: skip
    work.later(_ADD_ATTEMPT, values)
