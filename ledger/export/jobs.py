"""The columns of `export csv` and `parquet`, and a row of the database as one of theirs. Pure.

One row for each attempt, and one for a job without any. What is the whole job's (what is held, say) stands in the row
of its last attempt only, so that every amount may be summed.
"""

from typing import Any, Final

from ..jobs.rows import exposed_nanos
from ..store import Row as Found
from .cells import Column, Row

COLUMNS: Final = (
    Column("job", "text", "its id"),
    Column("key", "text", "the key it was asked for with"),
    Column("attempt", "whole", "1, 2 …; empty: none began"),
    Column("attempt_id", "text", "its id, which providers that can echo it echo"),
    Column("provider", "text", "who was asked"),
    Column("provider_job", "text", "the provider's own id of the job"),
    Column("scope", "text", "the budget path it counts in"),
    Column("offer", "text", "what was asked for"),
    Column("settings", "json", "with which settings"),
    Column("outputs", "whole", "how many variations"),
    Column(
        "state", "text", "of the job: held, submitting, submitted, unknown, settled, released, expired, written_off"
    ),
    Column("outcome", "text", "of the attempt's submit: not_sent, refused, accepted, unknown; empty: under way"),
    Column("currency", "text", "of the three quoted amounts and of charged_native: the provider's"),
    Column("quoted_low", "amount", "the least it was quoted to cost"),
    Column("quoted_expected", "amount", "what it was expected to cost"),
    Column("quoted_high", "amount", "the most"),
    Column("charged_native", "amount", "what is posted for the attempt; empty: nothing is known yet"),
    Column("budget_currency", "text", "of the amounts that follow, but reported"),
    Column("charged", "amount", "the same in the budget's currency"),
    Column("held", "amount", "of the job: the most that was set aside"),
    Column("open", "amount", "of the job: what is still set aside"),
    Column("exposed", "amount", "of the job: may have been charged, is not posted"),
    Column("variance", "amount", "of the job: charged less expected"),
    Column("cause", "text", "of the job: why there is one"),
    Column("reported", "amount", "of the job: the best word of what it cost, in reported_currency"),
    Column("reported_currency", "text", ""),
    Column("evidence", "text", "of the job: who says so: invoice, billing_event, inline, units, quote"),
    Column("final", "yes", "of the job: whether that is the provider's last word"),
    Column("reason", "text", "of the attempt, else of the job: what it ended with, in words"),
    Column("tags", "json", "of the job"),
    Column("created_at", "moment", "when money was set aside for the job"),
    Column("started_at", "moment", "when the attempt was made"),
    Column("charged_at", "moment", "when something was last posted for it"),
    Column("expires_at", "moment", "when the hold lapses, or would have, while no attempt is open"),
)
PREFIX = "try_"
"""Of the attempt's columns in a row that was found."""


def row(found: Found) -> Row:
    """`found`: a job, one attempt of it (or nulls) under `try_`, and `charged_at`."""
    number = found["try_number"]
    native, budget = found["try_currency"] or found["currency"], found["currency"]
    side = "try_" if number is not None else ""
    return (
        found["id"], found["key"], number, found["try_id"], found["try_provider"], found["try_provider_job"],
        found["scope"], found[f"{side}offer"], found[f"{side}settings"], found[f"{side}outputs_asked"],
        found["state"], found["try_outcome"], native, found[f"{side}low_nanos"], found[f"{side}expected_nanos"],
        found[f"{side}high_nanos"], found["try_posted_native_nanos"], budget, found["try_posted_nanos"],
        *(_whole_job(found) if number in (None, found["attempts"]) else _NOTHING),
        found["try_reason"] or found["reason"], found["tags"], found["granted_at"], found["try_started_at"],
        found["charged_at"], found["expires_at"],
    )  # fmt: skip


_NOTHING: tuple[None, ...] = (None,) * 9


def _whole_job(found: Any) -> tuple[str | int | None, ...]:
    charged = found["charged_nanos"]
    return (
        found["held_nanos"], found["open_nanos"], exposed_nanos(found),
        None if charged is None else charged - found["expected_nanos"], found["cause"], found["reported_nanos"],
        found["reported_currency"], found["evidence"], found["final"],
    )  # fmt: skip
