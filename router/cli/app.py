"""Assembles the commands; turns every error into one line and one exit code. No command lives here."""

import os
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from typing import NoReturn

import typer

from ledger import LedgerError
from pricing import PricingError

from .. import RouterError
from ..request import check_words
from . import (  # fmt: skip
    bills,
    books,
    cards,
    db,
    demo,
    export,
    jobs,
    lots,
    plan,
    prices,
    reports,
    run,
    sandbox,
    statements,
    whatif,
)
from .output import complain, document, masked

REFUSED, USAGE, PROVIDER, UNKNOWN, STORAGE, INTERRUPTED = 1, 2, 3, 4, 6, 130
EXIT = {
    "unknown_offer": REFUSED,
    "unknown_setting": REFUSED,
    "no_price": REFUSED,
    "not_quotable": REFUSED,
    "no_plan": REFUSED,
    "buys_nothing": REFUSED,
    "refused": REFUSED,
    "quote_stale": REFUSED,
    "provider": PROVIDER,
    "bad_reply": PROVIDER,
    "job_failed": PROVIDER,
    "outcome_unknown": UNKNOWN,
    "storage": STORAGE,
}
"""Exit codes by error code; everything else is usage or bad input."""

app = typer.Typer(
    name="faregate",
    help="Know what a job will cost, choose who makes it, never exceed the budget, never pay twice, prove the bill.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
COMMANDS: Sequence[Callable[..., None]] = (
    demo.demo,
    prices.quote, prices.max_, prices.route, prices.offers, run.run, plan.plan, run.resume, run.cancel, jobs.resolve,
    jobs.job, jobs.jobs, jobs.rate, bills.reconcile, reports.report, reports.forecast, whatif.whatif_, export.export,
    books.verify, db.doctor,
    sandbox.sandbox,
)  # fmt: skip
for _command in COMMANDS:
    app.command(_command.__name__.rstrip("_"))(_command)
app.add_typer(books.budget_app, name="budget")
app.add_typer(lots.credits_app, name="credits")
app.add_typer(cards.cards_app, name="cards")
app.add_typer(statements.statement_app, name="statement")
app.add_typer(bills.breaks_app, name="breaks")
app.add_typer(db.db_app, name="db")


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit: 0 done, 1 refused, 2 bad input, 3 provider, 4 unknown, 5 fault, 6 storage."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal of another alphabet gets escapes for what it lacks
            stream.reconfigure(errors="backslashreplace")
    try:
        check_words("the argument", *words)
        code = app(words, prog_name="faregate", standalone_mode=False)
        sys.stdout.flush()
    except (PricingError, RouterError, LedgerError) as error:
        _fail(words, error.code, str(error), EXIT.get(error.code, USAGE), error)
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except typer.TyperException as error:
        _fail(words, "usage", f"{error.format_message()} See `faregate --help`", USAGE)
    except BrokenPipeError:  # whoever read us has left
        _mute()
        sys.exit(0)
    except OSError as error:  # files and the ledger have errors of their own: this one is the output's
        _mute()
        _fail(words, "storage", f"the answer cannot be written: {error.strerror or error}", STORAGE)
    if code == INTERRUPTED:  # Typer answers Ctrl-C with the bare number
        sends = words[:1] in (["run"], ["plan"], ["resume"])
        more = "`faregate resume` goes on with what was sent" if sends else "the same command again does the rest"
        _fail(words, "interrupted", f"interrupted; {more}", INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(words: Sequence[str], code: str, message: str, status: int, error: object = None) -> NoReturn:
    """One line on stderr; with --json also the one document on stdout."""
    if "--json" in words:
        plain = {"message": getattr(error, "message", message)}
        plain |= {name: getattr(error, name, None) for name in ("value", "limit", "next")}
        said = {name: masked(text) if isinstance(text, str) else None for name, text in plain.items()}
        sys.stdout.write(document({"error": {"code": code, **said}}))
    complain(message)
    sys.exit(status)


def _mute() -> None:
    """Send what is still to be written to stdout nowhere, or the interpreter complains of it on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
