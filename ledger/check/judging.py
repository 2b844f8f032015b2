"""What a job's facts say of its rows, question by question; `verify` reports the answers, `rebuild` writes them.

Facts are events, observations, the journal and quotes. What follows from them can be mended: the job's state, step,
hold and charge, an attempt's number, outcome, offer and postings. What only a row itself says (a job's key, scope and
currency, an attempt's rate) is compared where something else repeats it, and never mended.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pricing import Money

from .. import accounts, texts
from ..jobs.settling import cause, projection, weigh_all
from ..states import OPEN
from ..store import Row
from .facts import Story


@dataclass(frozen=True, slots=True)
class Mend:
    """What a rebuild writes."""

    table: str
    key: object
    column: str
    value: object


@dataclass(frozen=True, slots=True)
class Fault:
    """One line that names table, row and both numbers. `mend` None: the facts do not say what is right."""

    line: str
    mend: Mend | None = None
    alone: bool = False
    """While this stands, the job's other answers mean nothing."""


Answers = Iterator[Fault | None]
"""One per thing looked at: None, or what is wrong with it."""
_NONE = ("not_sent", "refused")


def differ(table: str, row: object, column: str, stored: object, facts: object) -> Fault | None:
    """A fault, unless they are the same; nobody can mend it."""
    return None if stored == facts else Fault(f"{table} {row}: {column} is {stored}, the facts say {facts}")


def follows(table: str, row: Mapping[str, Any], column: str, facts: object, name: str = "") -> Fault | None:
    """A fault, unless the column has what follows from the facts."""
    found = differ(table, name or row["id"], column, row[column], facts)
    return None if found is None else Fault(found.line, Mend(table, row["id"], column, facts))


def _attempts(story: Story) -> Answers:
    """Each attempt is one that began for this job: its number, its outcome, its provider."""
    intents = [one["attempt"] for one in story.events if one["kind"] == "intent"]
    ends = {one["attempt"]: one["outcome"] for one in story.events if one["outcome"]}
    for stray in story.strays:
        line = f"attempt {stray['id']}: job is {stray['job']}, the facts say {story.id}"
        yield Fault(line, Mend("attempt", stray["id"], "job", story.id), alone=True)
    for one in story.attempts:
        if one["id"] not in intents:
            yield Fault(f"attempt {one['id']}: nothing says that it began for job {story.id}", alone=True)
            continue
        yield follows("attempt", one, "number", intents.index(one["id"]) + 1)
        yield follows("attempt", one, "outcome", ends.get(one["id"]))
        named = {
            leg["account"].partition(":")[2]
            for leg in story.legs
            if leg["book"] == "money" and story.txns[leg["txn"]]["attempt"] == one["id"]
        }
        if len(named) == 1:
            yield follows("attempt", one, "provider", named.pop())
    yield follows("job", story.job, "attempts", len(intents))


def _quoted(story: Story) -> Answers:
    """What was taken over from a quote is the quote's."""
    for row in story.attempts:
        found = story.quotes.get(row["quote_id"])
        if found is not None:
            yield follows("attempt", row, "currency", texts.mapping(found["body"])["low"]["currency"])
        yield from _of_quote(story, "attempt", row)
    last = max(story.attempts, key=lambda one: one["number"], default=None)
    name = story.job["first_quote_id"] if last is None else last["quote_id"]
    if name in story.quotes:
        yield follows("job", story.job, "quote_id", name)
    yield from _of_quote(story, "job", story.job)


def _of_quote(story: Story, table: str, row: Mapping[str, Any]) -> Answers:
    found = story.quotes.get(row["quote_id"])
    if found is None:
        yield Fault(f"{table} {row['id']}: its quote {row['quote_id']} is missing")
        return
    body = texts.mapping(found["body"])
    for word in ("low", "expected", "high"):
        amount = _money(body, row["currency"], word)
        if amount is None:
            yield Fault(f"{table} {row['id']}: its quote has no amount in {row['currency']}")
        else:
            yield follows(table, row, f"{word}_nanos", amount)
    yield follows(table, row, "offer", body["offer"])
    yield follows(table, row, "outputs_asked", body["outputs"])
    yield follows(table, row, "settings", texts.dump(body["settings"]))


def _money(quote: Mapping[str, Any], currency: str, word: str) -> int | None:
    """The quote's amount in nanos of that currency: its own, or US dollars."""
    spans: list[Mapping[str, Any] | None] = [quote, quote["usd"]]
    for span in spans:
        if span is not None and span[word]["currency"] == currency:
            return Money.of(span[word]["amount"], currency).nanos
    return None


def zero_sums(legs: list[Row]) -> Answers:
    """Legs sum to zero per transaction, book and currency."""
    sums: dict[tuple[int, str, str], int] = defaultdict(int)
    for leg in legs:
        sums[leg["txn"], leg["book"], leg["currency"]] += leg["amount_nanos"]
    for (txn, book, currency), nanos in sums.items():
        yield differ("txn", txn, f"the sum of its {book} entries in {currency}", nanos, 0)


def _journal(story: Story) -> Answers:
    yield from zero_sums(story.legs)


def _accounts(story: Story) -> Answers:
    """Every leg is on an account of its job and provider, in the right currency."""
    attempts = {one["id"]: one for one in story.attempts}
    for leg in story.legs:
        name = f"{leg['txn']}/{leg['line']}"
        attempt = attempts.get(story.txns[leg["txn"]]["attempt"])
        if attempt is None:
            yield Fault(f"entry {name}: its transaction's attempt is missing")
            continue
        money, envelope = attempt["currency"], story.job["currency"]
        provider, scope = attempt["provider"], story.job["scope"]
        known = {
            ("money", accounts.expense(provider), money),
            ("money", accounts.source(provider, money), money),
            ("envelope", accounts.spent(scope), envelope),
            ("envelope", accounts.allowance(scope), envelope),
        }
        mine = (leg["book"], leg["account"], leg["currency"])
        wrong = f"entry {name}: {mine} is no account of attempt {attempt['id']} at {provider} for {scope}"
        yield None if mine in known else Fault(wrong)


def _periods_kept(story: Story) -> Answers:
    began = story.facts[0]["at"] if story.facts else None
    for txn in story.txns.values():
        yield differ("txn", txn["id"], "granted_at", txn["granted_at"], began)


def _attempt_charges(story: Story) -> Answers:
    """What is posted for an attempt is the journal's sum for it."""
    sums: dict[str, dict[str, int]] = {"posted_nanos": {}, "posted_native_nanos": {}}
    for txn in story.txns.values():
        for one in sums.values():
            one[txn["attempt"]] = 0
    for leg in story.legs:
        kind = leg["account"].partition(":")[0]
        column = {"spent": "posted_nanos", "expense": "posted_native_nanos"}.get(kind)
        if column is not None:
            sums[column][story.txns[leg["txn"]]["attempt"]] += leg["amount_nanos"]
    picture = {one.row["id"]: one for one in weigh_all(story.job["currency"], story.attempts, story.said)}
    for row in story.attempts:
        weighed = picture[row["id"]]
        for column, said in (("posted_nanos", weighed.new), ("posted_native_nanos", weighed.new_native)):
            facts = sums[column].get(row["id"])
            # A verdict can take a charge back wholly: then nothing is posted, and the journal's sum is zero.
            if facts == 0 and said is None:
                facts = None
            yield follows("attempt", row, column, facts)
            yield differ("attempt", row["id"], f"the journal's {column}", facts, said)


def _job_charges(story: Story) -> Answers:
    """A job's charge is what its observations say."""
    picture = weigh_all(story.job["currency"], story.attempts, story.said)
    # Where observations and journal contradict each other, nobody knows which is right.
    sure = not any(one.changed for one in picture)
    for column, value in projection(picture).items():
        found = follows("job", story.job, column, value)
        yield found if found is None or sure else Fault(found.line)
    quotes = story.quotes
    quoted = quotes.get(story.job["quote_id"])
    if sure and quoted is not None and all(one.row["quote_id"] in quotes for one in picture):
        expected = _money(texts.mapping(quoted["body"]), story.job["currency"], "expected")
        yield follows("job", story.job, "cause", cause(quotes.get, expected or 0, picture))


def _job_states(story: Story) -> Answers:
    """State, hold and step are those of the last fact; the highest hold is the highest of all facts."""
    job, facts = story.job, story.facts
    if not facts:
        yield Fault(f"job {story.id}: nothing says how it came to be")
        return
    yield differ("job", story.id, "steps", [one["step"] for one in facts], list(range(1, len(facts) + 1)))
    yield follows("job", job, "step", len(facts))
    yield follows("job", job, "state", facts[-1]["state"])
    yield follows("job", job, "open_nanos", facts[-1]["open_nanos"])
    yield follows("job", job, "held_nanos", max(one["open_nanos"] for one in facts))
    yield follows("job", job, "granted_at", facts[0]["at"])
    yield follows("job", job, "proof", next((one["proof"] for one in facts[::-1] if one["proof"]), ""))
    if job["open_nanos"] and job["state"] not in OPEN:
        yield Fault(f"job {story.id}: open_nanos is {job['open_nanos']}, but it is {job['state']}")


def _agree(story: Story) -> Answers:
    """The state of a job and the outcomes of its attempts do not contradict each other."""
    job = story.job
    outcomes = [one["outcome"] for one in sorted(story.attempts, key=lambda one: one["number"])]
    last = outcomes[-1] if outcomes else "not_sent"
    loose = any(one not in _NONE for one in outcomes)
    wrong = {
        "held": loose,
        "submitting": not outcomes or last is not None,
        "submitted": last != "accepted",
        "unknown": not outcomes,
        "settled": job["charged_nanos"] is None,
        "released": loose and not job["proof"],
        "expired": loose and not job["proof"],
        "written_off": not any(one["verdict"] == "written_off" for one in story.said),
    }.get(job["state"], True)
    yield Fault(f"job {story.id}: it is {job['state']}, its attempts ended {outcomes}") if wrong else None


OF_A_JOB: Mapping[str, Callable[[Story], Answers]] = {
    "attempts began for their job": _attempts,
    "amounts equal their quote": _quoted,
    "journal sums to zero": _journal,
    "transactions keep the period": _periods_kept,
    "entries are on their job's accounts": _accounts,
    "attempt charges equal the journal": _attempt_charges,
    "job charges equal the observations": _job_charges,
    "job states and holds equal the facts": _job_states,
    "states agree with attempts": _agree,
}
"""In this order: what is mended by one is what the next starts from."""
