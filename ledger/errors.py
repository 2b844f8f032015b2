"""The ledger's errors: what is wrong with a question asked of it. Never a refusal: that is a returned value.

LedgerError
├── BadScope        a scope that is not 1–8 segments of [A-Za-z0-9._-] joined by "/"
├── BadBudget       a limit, currency, window or zone that cannot be a budget here
├── BadRequest      an argument that nobody can mean, such as a lease of no time or an empty key
├── UnknownJob      no such job, or no such attempt of it
├── BadLot          a purchase of credits that cannot be, or another one under the id of an earlier one
├── BadVerdict      a person's verdict that names no amount, or one of a foreign currency
├── BadStatement    a provider's bill, or the mapping that says how to read one, that cannot be read without guessing
├── WrongState      the job's state does not allow this act of a person
└── StorageError    the database could not be opened, read or written; nothing was changed
"""


class LedgerError(Exception):
    """Root. `str(error)` is the one line a person reads: what, the value, the limit, what to do."""

    code = "ledger"

    def __init__(
        self,
        message: str,
        *,
        value: str | None = None,
        limit: str | None = None,
        next: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(message if next is None else f"{message}; {next}")
        self.message, self.value, self.limit, self.next = message, value, limit, next


class BadScope(LedgerError, ValueError):
    code = "bad_scope"


class BadBudget(LedgerError, ValueError):
    code = "bad_budget"


class BadRequest(LedgerError, ValueError):
    code = "bad_request"


class UnknownJob(LedgerError, LookupError):
    code = "unknown_job"


class BadLot(LedgerError, ValueError):
    code = "bad_lot"


class BadVerdict(LedgerError, ValueError):
    code = "bad_request"


class BadStatement(LedgerError, ValueError):
    code = "bad_statement"


class WrongState(LedgerError):
    code = "wrong_state"


class StorageError(LedgerError):
    code = "storage"
