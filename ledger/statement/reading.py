"""One door to all readers: a source's name and what was saved or fetched of it, into a statement. Opens no file."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from ..errors import BadStatement
from .creatify import job_list
from .fal import billing_events, usage
from .focus import focus_csv, focus_parquet
from .lines import SOURCES, Period, Source, Statement
from .mapped import mapped_csv
from .mapping import Mapping
from .raw import Page
from .runware import usage_activity

_PARQUET = b"PAR1"


def read_statement(
    source: Source,
    pages: Sequence[Page],
    *,
    fetched_at: datetime,
    period: Period | None = None,
    mapping: Mapping | None = None,
    provider: str | None = None,
    complete: bool = False,
    credit_value: Fraction | None = None,
    name: str = "statement",
) -> Statement:
    """The pages of one statement, each as text, bytes or what was read from JSON. Raises BadStatement.

    `mapping` is needed for "csv"; `provider` and `complete` count for "focus", `credit_value` for "creatify-jobs".
    """
    match source:
        case "fal-billing-events":
            return billing_events(pages, fetched_at=fetched_at, period=period, name=name)
        case "fal-usage":
            return usage(pages, fetched_at=fetched_at, period=period, name=name)
        case "runware-usage":
            return usage_activity(pages, fetched_at=fetched_at, period=period, name=name)
        case "creatify-jobs":
            return job_list(pages, fetched_at=fetched_at, period=period, credit_value=credit_value, name=name)
        case "csv":
            if mapping is None:
                raise BadStatement(f"{name}: a CSV needs a mapping", value="csv", next="name its TOML file")
            return mapped_csv(_table(pages, name), mapping, fetched_at=fetched_at, period=period, name=name)
        case "focus":
            data = _table(pages, name)
            if isinstance(data, bytes) and data.startswith(_PARQUET):
                return focus_parquet(
                    data, fetched_at=fetched_at, period=period, provider=provider, complete=complete, name=name
                )
            return focus_csv(
                data, fetched_at=fetched_at, period=period, provider=provider, complete=complete, name=name
            )
        case _:
            known = ", ".join(SOURCES)
            raise BadStatement(f"{name}: {source!r} is no source", value=str(source)[:60], next=f"known: {known}")


def _table(pages: Sequence[Page], name: str) -> str | bytes:
    if len(pages) != 1 or not isinstance(pages[0], (str, bytes)):
        raise BadStatement(f"{name}: a table is one file, not {len(pages)} pages", value=str(len(pages)))
    return pages[0]
