"""The ledger fits the router's ports by shape: the assignments below are checked by mypy and pyright."""

from ledger import AttemptView, Grant, Headroom, JobView, Ledger, Refusal
from router import ports

from .world import world


def as_ports(ledger: Ledger) -> ports.LedgerAndHistory:
    return ledger


def as_values(
    grant: Grant, refusal: Refusal, job: JobView, attempt: AttemptView, room: Headroom
) -> tuple[ports.Grant, ports.Refusal, ports.JobView, ports.AttemptView, ports.Headroom]:
    return grant, refusal, job, attempt, room


def test_the_ledger_has_every_verb_of_the_ports() -> None:
    ledger = world().ledger
    verbs = {name for port in (ports.Ledger, ports.History) for name in vars(port) if not name.startswith("_")}
    assert verbs <= set(dir(as_ports(ledger)))
