"""`faregate doctor` and `faregate db`: how the ledger's database stands, and bringing it up to this version."""

import platform

import typer

from ledger import Condition, look_at, upgrade

from . import options as o
from .output import answer, console

STORAGE = 6
db_app = typer.Typer(help="The ledger's database: status, upgrade.", no_args_is_help=True, rich_markup_mode=None)


@db_app.command("upgrade")
def upgrade_(*, db: o.Db = None, json: o.Json = False) -> None:
    """Bring an older ledger up to this version with all its data, at once or not at all. Repeating it is harmless."""
    done = upgrade(o.ledger_url(db))
    if json:
        answer({"database": done.database, "before": done.before, "after": done.after})
    elif done.before is None:
        console().print(f"{done.database}: made with schema {done.after}", markup=False)
    elif done.before == done.after:
        console().print(f"{done.database}: schema {done.after} already", markup=False)
    else:
        console().print(f"{done.database}: upgraded from schema {done.before} to {done.after}", markup=False)


@db_app.command()
def status(*, db: o.Db = None, json: o.Json = False) -> None:
    """Which schema the database has, and which one is needed. Changes nothing."""
    found = look_at(o.ledger_url(db))
    if json:
        answer({name: value for name, value in condition_json(found).items() if name not in ("details", "notes")})
    else:
        console().print(f"{found.database}: schema {found.schema or 'not made yet'}", markup=False)
        _print("fault", found.faults)


def doctor(*, db: o.Db = None, json: o.Json = False) -> None:
    """How safely the ledger is kept: database, schema, settings, clock. Exit code 6 when it cannot be used."""
    found = look_at(o.ledger_url(db))
    if json:
        answer({**condition_json(found), "python": platform.python_version()})
    else:
        rows = {"database": found.database, "engine": found.engine, "schema": found.schema or "not made yet"}
        for name, value in {**rows, "schema needed": found.needed, **found.details}.items():
            console().print(f"{name.replace('_', ' '):<20} {'none' if value is None else value}", markup=False)
        _print("note", found.notes)
        _print("fault", found.faults)
        console().print("fit for use" if found.ok else "not fit for use")
    if not found.ok:
        raise typer.Exit(STORAGE)


def condition_json(found: Condition) -> dict[str, object]:
    return {
        "ok": found.ok,
        "engine": found.engine,
        "database": found.database,
        "schema": found.schema,
        "needed": found.needed,
        "details": dict(found.details),
        "notes": list(found.notes),
        "faults": list(found.faults),
    }


def _print(word: str, lines: tuple[str, ...]) -> None:
    for line in lines:
        console().print(f"{word}: {line}", markup=False)
