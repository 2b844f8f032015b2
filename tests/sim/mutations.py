"""Each rule about money, taken away on purpose: the old words in the source, and what stands there instead.

The text must occur exactly once in its file, so that a mutation that has gone stale fails loudly. Nothing here runs.
"""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True)
class Mutation:
    """One rule, broken."""

    name: str
    file: str
    old: str
    new: str
    also: tuple[tuple[str, str], ...] = ()
    """More of the same file, where a rule stands in two places."""

    def source(self) -> str:
        """The file's text with the rule broken. Raises LookupError where the old words are not there exactly once."""
        text = (ROOT / self.file).read_text("utf-8")
        for old, new in ((self.old, self.new), *self.also):
            if text.count(old) != 1:
                raise LookupError(f"{self.name}: {old!r} stands {text.count(old)} times in {self.file}, not once")
            text = text.replace(old, new)
        return text

    @property
    def module(self) -> str:
        return self.file.removesuffix(".py").replace("/", ".")


FLOW, FAL, RUNWARE, HTTP = (
    "router/flow.py",
    "router/providers/fal.py",
    "router/providers/runware.py",
    "router/providers/_http.py",
)
CREATIFY, HOLDS, SETTLING = "router/providers/creatify.py", "ledger/jobs/holds.py", "ledger/jobs/settling.py"

MUTATIONS = (
    # Rule 1 and law 10: one submit, after its intent.
    Mutation(
        "retry after unknown",
        FLOW,
        "        submission = yield from _posted(order, provider, before)\n",
        "        submission = yield from _posted(order, provider, before)\n"
        '        if submission.outcome == "unknown":\n'
        "            submission = yield from _posted(order, provider, before)\n",
    ),
    Mutation(
        "intent after the POST",
        FLOW,
        "        answer = yield from intent(work, candidate, provider, order)\n",
        "        early = yield from provider.submit(order)\n"
        "        answer = yield from intent(work, candidate, provider, order)\n",
        (("yield from _posted(order, provider, before)\n", "early\n"),),
    ),
    Mutation(
        "fallback after unknown",
        FLOW,
        '        if submission.outcome in ("accepted", "unknown"):\n',
        '        if submission.outcome == "unknown":\n'
        '            yield from note(work.job, order.attempt, replace(submission, outcome="refused"))\n'
        '        if submission.outcome == "accepted":\n',
    ),
    Mutation(
        "a moved run goes on to its POST",
        FLOW,
        '            if answer.refused.reason == "moved":',
        '            if answer.refused.reason == "moved":\n'
        "                submission = yield from provider.submit(order)\n"
        '            if answer.refused.reason == "moved":',
    ),
    Mutation(
        "a late POST leaves all the same",
        FLOW,
        "    if late_s > LEAVES_WITHIN_S:\n",
        "    if late_s < 0:\n",
    ),
    # Rule 2: what is a refusal.
    Mutation("422 is a refusal", HTTP, "413, 415, 429})", "413, 415, 422, 429})"),
    Mutation(
        "5xx is a refusal",
        HTTP,
        '"refused" if answer.status in REFUSED else "unknown"',
        '"refused" if answer.status in REFUSED or answer.status >= 500 else "unknown"',
    ),
    Mutation(
        "a lost answer was not sent",
        HTTP,
        '"unknown" if answer.sent else "not_sent"',
        '"not_sent" if "reset" in answer.error else "unknown" if answer.sent else "not_sent"',
    ),
    Mutation(
        "an unreadable 2xx is a refusal",
        HTTP,
        '            return Submission("unknown", reason=line(error.message, conceal))\n',
        '            return Submission("refused", reason=line(error.message, conceal))\n',
    ),
    Mutation(
        "conflictTaskUUID is a refusal",
        RUNWARE,
        '            return Submission("unknown", reason=line(f"the task is already known',
        '            return Submission("refused", reason=line(f"the task is already known',
    ),
    # Rule 4: absence is proof only of a key, after an hour.
    Mutation("absence at Runware is proof at once", RUNWARE, "proof_after_s: int | None = 3600", "proof_after_s = 0"),
    Mutation("absence at fal is proof", FAL, "proof_after_s: int | None = None", "proof_after_s = 3600"),
    Mutation("absence at Creatify is proof", CREATIFY, "proof_after_s: int | None = None", "proof_after_s = 3600"),
    Mutation(
        "fal's history is taken for another's job",
        FAL,
        "                if request in claimed or late or",
        "                if late or",
    ),
    # Rule 5: time and silence prove nothing.
    Mutation(
        "release when polling times out",
        FLOW,
        "        left_s = patience.wait_s - moment.elapsed_s\n        if left_s <= 0:\n",
        "        left_s = patience.wait_s - moment.elapsed_s\n        if left_s <= 0:\n"
        '            return (yield from release(view.id, attempt.id, "timed out", "timed out"))\n'
        "        if left_s <= 0:\n",
    ),
    Mutation(
        "release when a poll fails",
        HTTP,
        '    return Progress("unreachable", reason=line(why, conceal) or NO_ANSWER, retry_after_s=wait_s)',
        '    return Progress("failed", charged="no", reason=line(why, conceal) or NO_ANSWER, retry_after_s=wait_s)',
    ),
    Mutation(
        "a failed job is always free",
        FLOW,
        '    if progress.charged == "no":\n',
        "    if progress.cost is None:\n",
    ),
    # Rule 6 and the ledger: once, by the best evidence.
    Mutation(
        "settle at the quote while evidence exists",
        "router/steps.py",
        "amount=cost.amount if cost else attempt.high",
        "amount=attempt.high",
    ),
    Mutation(
        "an absurd amount is posted",
        "ledger/evidence.py",
        "    return one.amount is not None and terms.absurd(one.amount, one.delivered)\n",
        "    return False\n",
    ),
    Mutation(
        "a provisional charge is never asked about again",
        "ledger/jobs/claims.py",
        "    if provisional_since is not None and len(found) < limit:\n",
        "    if False:\n",
    ),
    Mutation(
        "settle without dedupe",
        SETTLING,
        "    if any(all(one[name] == value for name, value in fact.items()) for one in said):\n",
        "    if False:\n",
    ),
    Mutation(
        "each observation is posted on top",
        SETTLING,
        "        return (self.new or 0) - (self.old or 0)\n",
        "        return self.new or 0\n",
    ),
    Mutation(
        "Runware's cumulative results count each time",
        "router/providers/_runware.py",
        '            name = text(item, "videoUUID") or ',
        '            name = f"#{position}" or text(item, "videoUUID") or ',
    ),
    # The ledger's moves.
    Mutation(
        "a hold lapses though an attempt is open",
        HOLDS,
        """    JOB.c.state == sa.literal_column("'held'"),\n""",
        """    JOB.c.state.in_([sa.literal_column("'held'"), sa.literal_column("'submitting'")]),\n""",
    ),
    Mutation(
        "a released hold needs no proof",
        HOLDS,
        '(after(state, "no_charge") if proof else None)',
        'after(state, "no_charge")',
    ),
    Mutation(
        "an attempt begins whatever the state",
        HOLDS,
        '    if target is None or row["parked_nanos"]:\n',
        '    target = target or "submitting"\n    if row["parked_nanos"]:\n',
    ),
    Mutation(
        "no one asks whether there is room",
        "ledger/budget/budgets.py",
        "    return None if one is None or one.lets_in(amount) else one\n",
        "    return None\n",
        (
            (
                '{"amount": amount, "period": one.period, "at": now}) != 1',
                '{"amount": amount, "period": one.period, "at": now}) < 0',
            ),
        ),
    ),
    Mutation(
        "a dearer attempt takes no more room",
        HOLDS,
        "attempt=attempt)\n    budgets.take(work, now, limits, more)\n    return Grant(job)\n\n\ndef extend",
        "attempt=attempt)\n    return Grant(job)\n\n\ndef extend",
    ),
)
