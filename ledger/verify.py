"""Are the books whole? Recomputes every projection from the facts and names each row that differs. Never writes."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from pricing import Money, PricingError

from . import accounts, terms, texts
from .errors import LedgerError
from .scopes import chain
from .settling import cause, projection, weigh_all
from .states import OPEN
from .store import Row, Statement, Work, schema
from .tables import (
    ATTEMPT,
    BUDGET,
    ENTRY,
    EVENT,
    GATES,
    JOB,
    MIGRATION,
    NOTICE,
    OBSERVATION,
    PERIOD,
    QUOTE,
    TXN,
    VERSION,
)
from .values import Check, Verdict

_NONE = ("not_sent", "refused")


def verify(work: Work, now: int) -> Verdict:
    """Ask every question; a fault is one line that names table, row and both numbers."""
    books = _Books(work, now)
    checks: list[Check] = []
    faults: list[str] = []
    for name, question in _QUESTIONS.items():
        found, count = list[str](), 0
        try:
            for fault in question(books):
                count += 1
                if fault is not None:
                    found.append(fault)
        except (LedgerError, PricingError, LookupError, TypeError, ValueError, ArithmeticError) as error:
            found.append(f"{name}: row {count + 1} cannot be read: {type(error).__name__}: {error}")
        checks.append(Check(name, not found, count))
        faults += found
    return Verdict(not faults, tuple(checks), tuple(faults))


Answers = Iterator[str | None]
"""One per row looked at: None, or its fault."""


class _Books:
    """All rows, read once."""

    def __init__(self, work: Work, now: int) -> None:
        self.work, self.now = work, now
        self.jobs = {row["id"]: row for row in _all(work, JOB)}
        self.attempts = _by(_all(work, ATTEMPT, ATTEMPT.c.job, ATTEMPT.c.number), "job")
        self.said = _by(_all(work, OBSERVATION, OBSERVATION.c.id), "job")
        self.events = _by(_all(work, EVENT, EVENT.c.id), "job")
        self.txns = {row["id"]: row for row in _all(work, TXN)}
        self.entries = _all(work, ENTRY)
        self.budgets = {row["id"]: row for row in _all(work, BUDGET)}
        self.periods = _all(work, PERIOD)
        self.quotes = {row["id"]: row for row in _all(work, QUOTE)}

    def attempt_rows(self) -> Iterator[Row]:
        for rows in self.attempts.values():
            yield from rows


def _all(work: Work, table: sa.Table, *order: Any) -> list[Row]:
    return work.rows(_statement(table, order), {})


def _statement(table: sa.Table, order: tuple[Any, ...]) -> Statement:
    name = table.name
    if name not in _READ:
        _READ[name] = Statement(sa.select(table).order_by(*(order or table.primary_key.columns)))
    return _READ[name]


_READ: dict[str, Statement] = {}


def _by(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row[column]].append(row)
    return grouped


def _differ(table: str, row: object, column: str, stored: object, facts: object) -> str | None:
    return None if stored == facts else f"{table} {row}: {column} is {stored}, the facts say {facts}"


def _journal(books: _Books) -> Answers:
    """Legs sum to zero per transaction, book and currency."""
    sums: dict[tuple[int, str, str], int] = defaultdict(int)
    for leg in books.entries:
        sums[leg["txn"], leg["book"], leg["currency"]] += leg["amount_nanos"]
    for (txn, book, currency), nanos in sums.items():
        yield _differ("txn", txn, f"the sum of its {book} entries in {currency}", nanos, 0)


def _entry_accounts(books: _Books) -> Answers:
    """Every leg is on an account of its job and provider, in the right currency."""
    providers = {row["id"]: row for row in books.attempt_rows()}
    for leg in books.entries:
        name = f"{leg['txn']}/{leg['line']}"
        txn = books.txns.get(leg["txn"])
        attempt = None if txn is None else providers.get(txn["attempt"])
        job = None if txn is None else books.jobs.get(txn["job"])
        if txn is None or attempt is None or job is None:
            yield f"entry {name}: its transaction, attempt or job is missing"
            continue
        money, envelope = attempt["currency"], job["currency"]
        provider, scope = attempt["provider"], job["scope"]
        known = {
            ("money", accounts.expense(provider), money),
            ("money", accounts.source(provider, money), money),
            ("envelope", accounts.spent(scope), envelope),
            ("envelope", accounts.allowance(scope), envelope),
        }
        mine = (leg["book"], leg["account"], leg["currency"])
        yield None if mine in known else f"entry {name}: {mine} is no account of attempt {attempt['id']} at {provider}"


def _txns(books: _Books) -> Answers:
    for txn in books.txns.values():
        job = books.jobs.get(txn["job"])
        yield _differ("txn", txn["id"], "granted_at", txn["granted_at"], None if job is None else job["granted_at"])


def _attempt_charges(books: _Books) -> Answers:
    """What is posted for an attempt is the journal's sum for it."""
    posted: dict[str, int] = {txn["attempt"]: 0 for txn in books.txns.values()}
    native = dict(posted)
    for leg in books.entries:
        txn = books.txns.get(leg["txn"])
        if txn is not None and leg["account"].startswith("spent:"):
            posted[txn["attempt"]] += leg["amount_nanos"]
        if txn is not None and leg["account"].startswith("expense:"):
            native[txn["attempt"]] += leg["amount_nanos"]
    for row in books.attempt_rows():
        # A verdict can take a charge back wholly: then nothing is posted, and the journal's sum is zero.
        for column, sums in (("posted_nanos", posted), ("posted_native_nanos", native)):
            facts = sums.get(row["id"])
            if facts == 0 and row[column] is None:
                facts = None
            yield _differ("attempt", row["id"], column, row[column], facts)


_PROJECTED = (
    "charged_nanos",
    "native_nanos",
    "native_currency",
    "reported_nanos",
    "reported_currency",
    "parked_nanos",
    "evidence",
    "final",
)


def _job_charges(books: _Books) -> Answers:
    """A job's charge is what its observations say."""
    for name, job in books.jobs.items():
        attempts, said = books.attempts.get(name, []), books.said.get(name, [])
        picture = weigh_all(job["currency"], attempts, said)
        for one in picture:
            for column, facts in (("posted_nanos", one.new), ("posted_native_nanos", one.new_native)):
                yield _differ("attempt", one.row["id"], column, one.row[column], facts)
        projected = projection(picture)
        for column in _PROJECTED:
            yield _differ("job", name, column, job[column], projected[column])
        quoted = books.quotes.get(job["quote_id"])
        if quoted is not None and all(one.row["quote_id"] in books.quotes for one in picture):
            expected = _money(texts.mapping(quoted["body"]), job["currency"], "expected")
            yield _differ("job", name, "cause", job["cause"], cause(books.work, expected or 0, picture))


def _job_states(books: _Books) -> Answers:
    """State, hold and step are those of the last fact; the highest hold is the highest of all facts."""
    for name, job in books.jobs.items():
        facts: list[Row] = [*books.events.get(name, []), *books.said.get(name, [])]
        facts.sort(key=lambda one: one["step"])
        if not facts:
            yield f"job {name}: nothing says how it came to be"
            continue
        yield _differ("job", name, "steps", [one["step"] for one in facts], list(range(1, job["step"] + 1)))
        yield _differ("job", name, "state", job["state"], facts[-1]["state"])
        yield _differ("job", name, "open_nanos", job["open_nanos"], facts[-1]["open_nanos"])
        yield _differ("job", name, "held_nanos", job["held_nanos"], max(one["open_nanos"] for one in facts))
        yield _differ("job", name, "granted_at", job["granted_at"], facts[0]["at"])
        yield _differ("job", name, "proof", job["proof"], next((o["proof"] for o in facts[::-1] if o["proof"]), ""))
        if job["open_nanos"] and job["state"] not in OPEN:
            yield f"job {name}: open_nanos is {job['open_nanos']}, but it is {job['state']}"


def _attempt_states(books: _Books) -> Answers:
    """The state of a job and the outcomes of its attempts do not contradict each other."""
    for name, job in books.jobs.items():
        attempts = books.attempts.get(name, [])
        yield _differ("job", name, "attempts", job["attempts"], len(attempts))
        intents = [one["attempt"] for one in books.events.get(name, []) if one["kind"] == "intent"]
        ends = {one["attempt"]: one["outcome"] for one in books.events.get(name, []) if one["outcome"]}
        for one in attempts:
            number = intents.index(one["id"]) + 1 if one["id"] in intents else None
            yield _differ("attempt", one["id"], "number", one["number"], number)
            yield _differ("attempt", one["id"], "outcome", one["outcome"], ends.get(one["id"]))
        last = attempts[-1]["outcome"] if attempts else "not_sent"
        loose = [one["id"] for one in attempts if one["outcome"] not in _NONE]
        proven = bool(job["proof"])
        wrong = {
            "held": bool(loose),
            "submitting": not attempts or last is not None,
            "submitted": last != "accepted",
            "unknown": not attempts,
            "settled": job["charged_nanos"] is None,
            "released": bool(loose) and not proven,
            "expired": bool(loose) and not proven,
            "written_off": not any(one["verdict"] == "written_off" for one in books.said.get(name, [])),
        }.get(job["state"], True)
        outcomes = [one["outcome"] for one in attempts]
        yield f"job {name}: it is {job['state']}, its attempts ended {outcomes}" if wrong else None


def _quoted(books: _Books) -> Answers:
    """Amounts taken over from a quote are the quote's, and a quote's name is its content's."""
    for name, row in books.quotes.items():
        yield _differ("quote", name, "its content's name", name, texts.named(row["body"]))
    for row in books.attempt_rows():
        yield from _of_quote(books, "attempt", row, row["currency"])
    for row in books.jobs.values():
        yield from _of_quote(books, "job", row, row["currency"])


def _of_quote(books: _Books, table: str, row: Row, currency: str) -> Answers:
    found = books.quotes.get(row["quote_id"])
    if found is None:
        yield f"{table} {row['id']}: its quote {row['quote_id']} is missing"
        return
    body = texts.mapping(found["body"])
    for word in ("low", "expected", "high"):
        column = f"{word}_nanos"
        yield _differ(table, row["id"], column, row[column], _money(body, currency, word))
    yield _differ(table, row["id"], "offer", row["offer"], body["offer"])
    yield _differ(table, row["id"], "settings", dict(texts.words(row["settings"])), body["settings"])
    yield _differ(table, row["id"], "outputs_asked", row["outputs_asked"], body["outputs"])


def _money(quote: Mapping[str, Any], currency: str, word: str) -> int | None:
    """The quote's amount in nanos of that currency: its own, or US dollars."""
    for amount in (quote[word], quote["usd"][word]):
        if amount["currency"] == currency:
            return Money.of(amount["amount"], currency).nanos
    return None


def _periods(books: _Books) -> Answers:
    """What a budget has spent and holds is the sum over its scope of what was granted in its period."""
    spent: dict[str, int] = defaultdict(int)
    for leg in books.entries:
        txn = books.txns.get(leg["txn"])
        if txn is not None and leg["account"].startswith("spent:"):
            spent[txn["job"]] += leg["amount_nanos"]
    sums: dict[int, list[int]] = {row["id"]: [0, 0] for row in books.periods}
    by_scope: dict[str, list[Row]] = defaultdict(list)
    for row in books.periods:
        if row["budget_id"] in books.budgets:
            by_scope[books.budgets[row["budget_id"]]["scope"]].append(row)
    for name, job in books.jobs.items():
        for scope in chain(job["scope"]):
            for row in by_scope.get(scope, []):
                if row["starts_at"] <= job["granted_at"] < row["ends_at"]:
                    sums[row["id"]][0] += spent.get(name, 0)
                    sums[row["id"]][1] += job["open_nanos"]
    for row in books.periods:
        budget = books.budgets.get(row["budget_id"])
        name = f"{row['id']} of {'a missing budget' if budget is None else budget['scope']}"
        yield _differ("period", name, "spent_nanos", row["spent_nanos"], sums[row["id"]][0])
        yield _differ("period", name, "held_nanos", row["held_nanos"], sums[row["id"]][1])
        if budget is not None and row["ends_at"] > books.now:
            yield _differ("period", name, "limit_nanos", row["limit_nanos"], budget["limit_nanos"])
            yield _differ("period", name, "overrun", row["overrun"], budget["overrun"])


def _gates(books: _Books) -> Answers:
    """Whether a budget lets holds in, and what its periods have reached, is what was noticed."""
    told = _by(_all(books.work, NOTICE, NOTICE.c.id), "budget_id")
    for budget in books.budgets.values():
        said = next((one["kind"] for one in reversed(told.get(budget["id"], [])) if one["kind"] in GATES), "open")
        yield _differ("budget", f"{budget['id']} of {budget['scope']}", "gate", budget["gate"], said)
    for row in books.periods:
        if row["budget_id"] not in books.budgets:
            continue  # named above
        budget = books.budgets[row["budget_id"]]
        name = f"{row['id']} of {budget['scope']}"
        gate, passed = terms.replayed(budget, row, told.get(row["budget_id"], []))
        yield _differ("period", name, "gate", row["gate"], gate)
        yield None if passed is None else _differ("period", name, "reached", row["reached"], passed)


def _chains(books: _Books) -> Answers:
    """All budgets of a chain share a currency, and every job's scope has one that covers it."""
    currencies: dict[str, str] = {row["scope"]: row["currency"] for row in books.budgets.values()}
    for row in books.budgets.values():
        for scope in chain(row["scope"]):
            above = currencies.get(scope, row["currency"])
            yield _differ("budget", f"{row['id']} of {row['scope']}", "currency", row["currency"], above)
    for name, job in books.jobs.items():
        covering = [currencies[scope] for scope in chain(job["scope"]) if scope in currencies]
        yield None if covering else f"job {name}: no budget covers {job['scope']}"
        if covering:
            yield _differ("job", name, "currency", job["currency"], covering[0])


def _database(books: _Books) -> Answers:
    """The database finds its own pages, keys and checks whole, and the facts are still guarded."""
    yield from schema.faults(books.work)
    versions = [row["version_num"] for row in _all(books.work, MIGRATION)]
    yield _differ("migration", 1, "version_num", versions, [VERSION])


_QUESTIONS: Mapping[str, Callable[[_Books], Answers]] = {
    "journal sums to zero": _journal,
    "entries are on their job's accounts": _entry_accounts,
    "transactions keep the period": _txns,
    "attempt charges equal the journal": _attempt_charges,
    "job charges equal the observations": _job_charges,
    "job states and holds equal the facts": _job_states,
    "states agree with attempts": _attempt_states,
    "amounts equal their quote": _quoted,
    "budgets equal the sum over their scope": _periods,
    "gates and thresholds equal the notices": _gates,
    "chains share a currency": _chains,
    "database and guards are whole": _database,
}
