"""A person's last word on a job: charged, not charged or written off. A fact with an author, in one transaction."""

from collections.abc import Sequence
from typing import Any, Literal

from pricing import Money

from ..errors import BadVerdict, WrongState
from ..states import after
from ..store import Row, Work
from .holds import end
from .rows import ATTEMPTS, SAID, Job, is_state, job_row, terms
from .settling import post, weigh_all

Word = Literal["charged", "not_charged", "written_off"]
WORDS: tuple[Word, ...] = ("charged", "not_charged", "written_off")


def resolve(
    work: Work, now: int, *, job: str, charged: Money | None, verdict: Word, note: str, author: str
) -> tuple[Job, list[Row]]:
    """Keep the verdict, and post what it says. Raises UnknownJob, BadVerdict, WrongState."""
    if verdict not in WORDS:
        raise BadVerdict(f"{verdict!r} is not a verdict", value=str(verdict), limit=", ".join(WORDS))
    if verdict != "charged" and charged is not None:
        raise BadVerdict(f"{verdict} takes no amount", value=str(charged), next="leave the amount out, or say charged")
    row = job_row(work, job)
    attempts = work.rows(ATTEMPTS, {"job": job})
    said = [dict(one) for one in work.rows(SAID, {"job": job})]
    if _repeated(row, attempts, said, charged, verdict, note, author):
        return row, attempts
    if not attempts:
        if verdict != "not_charged" or row["state"] != "held":
            raise WrongState(f"job {job} is {row['state']} and nothing was ever sent for it", value=row["state"])
        end(work, now, row, "released", "release", note or f"not charged, says {author}")
        return row, attempts
    tried = _disputed(row, attempts, said)
    _check_state(row, verdict)
    amount = None
    if verdict == "charged":
        amount = charged or _parked(row, attempts, said)
        if amount is None:
            raise BadVerdict(f"say how much job {job} was charged: nobody has reported an amount")
        if amount.nanos < 0 or terms(tried, row["currency"]).in_budget(amount) is None:
            raise BadVerdict(
                f"{amount} cannot be the charge of job {job}",
                value=str(amount),
                limit=f"{tried['currency']} or {row['currency']}",
            )
    elif verdict == "not_charged":
        amount = Money.zero(tried["currency"])
    fact: dict[str, Any] = {
        "attempt": tried["id"],
        "evidence": "resolve",
        "amount_nanos": None if amount is None else amount.nanos,
        "currency": None if amount is None else amount.currency,
        "revision": 0,
        "final": 1,
        "delivered": 0,
        "units": None,
        "external_id": None,
        "outputs": "[]",
        "note": note,
        "verdict": verdict,
        "author": author,
        "proof": "",
    }
    return post(work, now, row, attempts, tried, said, fact, kind="resolve")


def _check_state(row: Job, verdict: Word) -> None:
    state = is_state(row["state"])
    if state == "submitting":  # its run may still be sending: no person can know yet
        raise WrongState(
            f"job {row['id']} is being submitted", value=state, next="run `faregate resume` first, then resolve it"
        )
    able = {
        "charged": after(state, "charge") is not None,
        "not_charged": after(state, "no_charge") is not None or state == "settled",
        "written_off": after(state, "write_off") is not None,
    }
    if not able[verdict]:
        raise WrongState(
            f"job {row['id']} is {state}: it cannot be resolved as {verdict.replace('_', ' ')}",
            value=state,
            next="write off only what is unknown" if verdict == "written_off" else "see faregate job",
        )


def _disputed(row: Job, attempts: Sequence[Row], said: Sequence[dict[str, Any]]) -> Row:
    """The attempt the verdict is about: one with a parked amount, else the last."""
    if row["parked_nanos"]:
        picture = weigh_all(row["currency"], attempts, said)
        return next((one.row for one in picture if one.finding.parked is not None), attempts[-1])
    return attempts[-1]


def _parked(row: Job, attempts: Sequence[Row], said: Sequence[dict[str, Any]]) -> Money | None:
    """The amount that waits for a verdict, or the best one reported."""
    for one in weigh_all(row["currency"], attempts, said):
        if one.finding.parked is not None:
            return one.finding.parked.amount
    reported = row["reported_nanos"]
    return None if reported is None else Money(reported, row["reported_currency"])


def _repeated(
    row: Job,
    attempts: Sequence[Row],
    said: Sequence[dict[str, Any]],
    charged: Money | None,
    verdict: Word,
    note: str,
    author: str,
) -> bool:
    """Was this the last word already?"""
    if not attempts:
        return row["state"] == "released" and verdict == "not_charged"
    if not said or said[-1]["evidence"] != "resolve":
        return False
    last = said[-1]
    same = (last["verdict"], last["note"], last["author"]) == (verdict, note, author)
    return same and (charged is None or (last["amount_nanos"], last["currency"]) == (charged.nanos, charged.currency))
