"""How an attempt ended and what it cost: outcome, unknown, settle, resolve. Each function runs inside one transaction.

A job's charge is the sum over its attempts of the best believable observation of each: a function of what was said,
never of the order it came in. Posting brings the books from what they hold to that sum.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pricing import Money

from .. import journal, moves, texts, variance
from ..budget import budgets
from ..errors import BadRequest
from ..evidence import MOST, Evidence, Finding, Observation, Terms, weigh
from ..experience import watched
from ..states import OPEN, Event, after
from ..store import Row, Statement, Work
from ..tables import ATTEMPT, OBSERVATION, QUOTE
from ..values import Outcome
from .holds import end
from .rows import Job, attempt_row, is_state, job_row, note, save, save_attempt, terms, whole

_CLAIMED = Statement(
    sa.select(ATTEMPT.c.id).where(
        ATTEMPT.c.provider == sa.bindparam("provider"), ATTEMPT.c.provider_job == sa.bindparam("provider_job")
    )
)
_ADD_OBSERVATION = Statement(sa.insert(OBSERVATION), [one.name for one in OBSERVATION.c if one.name != "id"])
_QUOTE = Statement(sa.select(QUOTE.c.body).where(QUOTE.c.id == sa.bindparam("quote")))
COUNT_MOST = 2**31 - 1
_EVENTS: Mapping[Outcome, Event] = {
    "accepted": "accepted",
    "unknown": "lost",
    "refused": "turned_away",
    "not_sent": "turned_away",
}


def outcome(
    work: Work,
    now: int,
    *,
    job: str,
    attempt: str,
    outcome: Outcome,
    provider_job: str | None,
    handle: Mapping[str, str] | None,
    reason: str,
) -> str:
    """Record how the POST ended; answers the job's state. Only a first definite answer counts. Raises UnknownJob."""
    row, attempts, _ = whole(work, job)
    tried = next((one for one in attempts if one["id"] == attempt), None) or attempt_row(work, job, attempt)
    before: Outcome | None = tried["outcome"]
    if outcome == "accepted" and provider_job is not None and not work.at_once:  # at once, it is met by its key
        owners = work.rows(_CLAIMED, {"provider": tried["provider"], "provider_job": provider_job})
        if any(owner["id"] != attempt for owner in owners):
            reason = f"{tried['provider']} job {provider_job} already belongs to attempt {owners[0]['id']}"
            outcome, provider_job = "unknown", None
    found_again = outcome == before == "accepted" and row["state"] == "unknown"
    if before is not None and not found_again and (before == outcome or before != "unknown"):
        return str(row["state"])
    current = tried["number"] == row["attempts"] and not row["parked_nanos"]
    target = after(is_state(row["state"]), _EVENTS[outcome]) if current else None
    if found_again and target is None:
        return str(row["state"])
    changes: dict[str, Any] = {"outcome": outcome, "reason": reason}
    if outcome == "accepted":
        changes |= {"provider_job": provider_job or tried["provider_job"], "handle": texts.dump(handle or {})}
    save_attempt(work, attempt, **changes)
    words = f"{outcome}{f' as {provider_job}' if provider_job else ''}{f': {reason}' if reason else ''}"
    if target == "released":
        end(work, now, row, target, "outcome", words, proof=words, attempt=attempt, outcome=outcome)
    else:
        save(work, row, state=target or row["state"], reason=reason)
        note(work, row, now, "outcome", words, attempt=attempt, outcome=outcome)
    return str(row["state"])


def unknown(work: Work, now: int, *, job: str, attempt: str, reason: str) -> str:
    """Nobody can say yet: the hold stays. Answers the job's state. Raises UnknownJob."""
    row = job_row(work, job)
    tried = attempt_row(work, job, attempt)
    target = after(is_state(row["state"]), "lost")
    if target is None or tried["number"] != row["attempts"]:
        return str(row["state"])
    known: Outcome = tried["outcome"] or "unknown"
    if known == "unknown":
        save_attempt(work, attempt, outcome=known, reason=reason)
    save(work, row, state=target, reason=reason)
    note(work, row, now, "unknown", reason, attempt=attempt, outcome=known)
    return str(row["state"])


def settle(
    work: Work,
    now: int,
    *,
    job: str,
    attempt: str,
    evidence: Evidence,
    amount: Money | None,
    revision: int,
    final: bool,
    delivered: int,
    outputs: Sequence[str],
    units: str | None,
    external_id: str | None,
    note: str,
    took_ms: int | None,
    clip_ms: int | None,
) -> tuple[Job, list[Row]]:
    """Keep what was said, then post what follows from all that was said. Raises UnknownJob, BadRequest."""
    for what, count in (("delivered", delivered), ("revision", revision)):
        if not 0 <= count <= COUNT_MOST:
            raise BadRequest(f"{what} {count} is no count", value=str(count), limit=f"0 to {COUNT_MOST}")
    row, attempts, said = whole(work, job)
    tried = next((one for one in attempts if one["id"] == attempt), None) or attempt_row(work, job, attempt)
    fact: dict[str, Any] = {
        "attempt": attempt,
        "evidence": evidence,
        "amount_nanos": None if amount is None else amount.nanos,
        "currency": None if amount is None else amount.currency,
        "revision": revision,
        "final": int(final),
        "delivered": delivered,
        "units": units,
        "external_id": external_id,
    }
    if any(all(one[name] == value for name, value in fact.items()) for one in said):
        return row, attempts
    fact |= {"outputs": texts.dump(list(outputs)), "note": note, "verdict": None, "author": None, "proof": ""}
    if not any(one["attempt"] == attempt for one in said):  # the first to see it finished
        watched(work, now, tried, took_ms, clip_ms)
    return post(work, now, row, attempts, tried, said, fact, kind="settle")


def post(
    work: Work,
    now: int,
    row: Job,
    attempts: list[Row],
    tried: Row,
    said: list[dict[str, Any]],
    fact: dict[str, Any],
    kind: str,
) -> tuple[Job, list[Row]]:
    """Bring the books from what they hold to what all observations, with this one, say."""
    fact |= {"job": row["id"], "step": row["step"] + 1, "at": now, "id": said[-1]["id"] + 1 if said else 1}
    picture = weigh_all(row["currency"], attempts, [*said, fact])
    changes = projection(picture)
    changes |= _after(row, tried, picture, fact)
    if fact["amount_nanos"] is None and fact["verdict"] is None and row["silent_since"] is None:
        changes["silent_since"] = now
    changes["cause"] = cause(lambda name: work.row(_QUOTE, {"quote": name}), row["expected_nanos"], picture)
    if len(texts.lines(fact["outputs"])) > len(texts.lines(row["outputs"])):
        changes["outputs"] = fact["outputs"]
    spent = sum(one.budget_delta for one in picture)
    opened = row["open_nanos"]
    save(work, row, **changes)
    fact["proof"] = row["proof"]
    work.later(_ADD_OBSERVATION, fact | {"state": row["state"], "open_nanos": row["open_nanos"]})
    for one in picture:
        if one.changed:
            _journal(work, now, row, one, kind if one.old is None or kind == "resolve" else "revision")
            posted = {"posted_nanos": one.new, "posted_native_nanos": one.new_native}
            save_attempt(work, one.row["id"], **posted)
            attempts = [dict(each) | posted if each["id"] == one.row["id"] else each for each in attempts]
    budgets.shift(work, now, row["scope"], row["granted_at"], spent=spent, held=row["open_nanos"] - opened)
    return row, attempts


@dataclass(frozen=True, slots=True)
class Weighed:
    """One attempt, what is posted for it, and what should be. Amounts in nanos."""

    row: Row
    terms: Terms
    finding: Finding
    old: int | None
    old_native: int | None
    new: int | None
    new_native: int | None

    @property
    def changed(self) -> bool:
        return (self.new, self.new_native) != (self.old, self.old_native)

    @property
    def budget_delta(self) -> int:
        return (self.new or 0) - (self.old or 0)

    @property
    def parked(self) -> int:
        """What is reported but not posted, in the budget's currency.

        Of a foreign amount, and of a zero nobody believes, it is what was quoted at most.
        """
        if self.finding.parked is None or self.finding.parked.amount is None:
            return 0
        amount = self.terms.in_budget(self.finding.parked.amount)
        if amount is None or not amount.nanos:
            amount = self.terms.in_budget(self.terms.high)
        return max(0, (0 if amount is None else amount.nanos) - (self.new or 0))


def weigh_all(currency: str, attempts: Sequence[Row], said: Sequence[Mapping[str, Any]]) -> list[Weighed]:
    found: list[Weighed] = []
    for attempt in attempts:
        agreed = terms(attempt, currency)
        finding = weigh((observation(one) for one in said if one["attempt"] == attempt["id"]), agreed)
        amount = None if finding.posted is None else finding.posted.amount
        budget = None if amount is None else agreed.in_budget(amount)
        native = None if amount is None else agreed.in_native(amount)
        old, old_native = attempt["posted_nanos"], attempt["posted_native_nanos"]
        new = None if budget is None else budget.nanos
        new_native = None if native is None else native.nanos
        found.append(Weighed(attempt, agreed, finding, old, old_native, new, new_native))
    return found


def observation(one: Mapping[str, Any]) -> Observation:
    nanos = one["amount_nanos"]
    amount = None if nanos is None else Money(nanos, one["currency"])
    return Observation(one["id"], one["evidence"], amount, bool(one["final"]), one["delivered"], one["revision"])


def projection(picture: Sequence[Weighed]) -> dict[str, Any]:
    """The job's columns that follow from its attempts."""
    charged = [one for one in picture if one.new is not None]
    last = charged[-1] if charged else None
    posted = None if last is None else last.finding.posted
    native = None if last is None else last.terms.high.currency
    reported = next((one.finding.reported for one in reversed(picture) if one.finding.reported is not None), None)
    return {
        "charged_nanos": sum(one.new or 0 for one in charged) if charged else None,
        "native_nanos": sum(one.new_native or 0 for one in charged if one.terms.high.currency == native)
        if charged
        else None,
        "native_currency": native,
        "reported_nanos": None if reported is None else reported.nanos,
        "reported_currency": None if reported is None else reported.currency,
        "parked_nanos": min(sum(one.parked for one in picture), MOST),  # absurd amounts may add up to more
        "evidence": None if posted is None else posted.source,
        "final": None if posted is None else int(posted.final),
    }


def _after(row: Job, tried: Row, picture: Sequence[Weighed], fact: Mapping[str, Any]) -> dict[str, Any]:
    """State, hold and reason once this observation is in."""
    state = is_state(row["state"])
    mine = next(one for one in picture if one.row["id"] == tried["id"])
    event: Event | None = None
    reason: str = fact["note"]
    if fact["verdict"] == "written_off":
        event = "write_off"
    elif mine.finding.parked is not None:
        event = "lost" if mine.new is None else "charge"
        reason = f"{mine.finding.parked.amount} is out of proportion to the quote: parked until a person resolves it"
    elif mine.new is not None:
        event = "charge" if any(one.new for one in picture) or not _nothing(mine) else "no_charge"
        if event == "charge" and mine.new and state in ("released", "expired", "written_off"):
            reason = reason or f"a charge came after the job was {state.replace('_', ' ')}"
    # Another attempt is under way, or may begin: what this older one cost is posted, the job goes on.
    current = tried["number"] == row["attempts"] or state not in OPEN
    waits = state == "held" and event == "no_charge"
    target = None if event is None or not current or waits else after(state, event)
    words = f"{fact['evidence']} says zero for nothing delivered"
    if fact["verdict"]:
        words = f"not charged, says {fact['author']}: {fact['note']}"
    proof = words if target == "released" else ""
    return {
        "state": target or state,
        "open_nanos": 0 if target is not None and target not in OPEN else row["open_nanos"],
        "reason": reason or proof or row["reason"],
        "proof": proof or row["proof"],
    }


def _nothing(one: Weighed) -> bool:
    """A final word that nothing was delivered, of a charge of zero."""
    posted = one.finding.posted
    return posted is not None and posted.final and not posted.delivered


def _delivered(one: Weighed) -> int:
    return 0 if one.finding.posted is None else one.finding.posted.delivered


def cause(quote_row: Callable[[str], Row | None], expected_nanos: int, picture: Sequence[Weighed]) -> str | None:
    """Why the charge is not what was expected; None: nothing is charged."""
    charged = [one for one in picture if one.new is not None]
    if not charged:
        return None
    last = charged[-1]
    native = Money(last.new_native or 0, last.terms.high.currency)
    total = sum(one.new or 0 for one in charged)
    if native == last.terms.expected and total == expected_nanos:
        return "none"
    if len(charged) > 1:
        return "unexplained"
    found = quote_row(last.row["quote_id"])
    quote = texts.mapping("{}" if found is None else found["body"])
    same = total == expected_nanos
    return variance.cause(quote, native=native, same_in_budget=same, delivered=_delivered(last))


def _journal(work: Work, now: int, row: Job, one: Weighed, kind: str) -> None:
    currency = one.terms.high.currency
    native = Money((one.new_native or 0) - (one.old_native or 0), currency)
    legs = moves.charge(one.row["provider"], row["scope"], native, Money(one.budget_delta, row["currency"]))
    posted = one.finding.posted
    journal.write(
        work, now, kind, legs, job=row["id"], attempt=one.row["id"], step=row["step"], granted_at=row["granted_at"],
        evidence="none" if posted is None else posted.source,
    )  # fmt: skip
