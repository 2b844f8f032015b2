"""A batch's plan, drawn up from requests, and how a batch ended. Holds nothing, sends nothing: that is `runner.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeVar

from pricing import Money, PricingError

from .brief import Brief, read
from .choose import Room
from .desk import Desk
from .errors import BadRequest, Refused
from .plan import Allotment, BatchJob, Eligible, Goal, allot, tightest
from .policy import Policy, exact
from .ports import JobView
from .request import Request

T = TypeVar("T")
Ending = Literal["made", "failed", "unknown", "left_out"]


@dataclass(frozen=True, slots=True)
class Plan(Allotment):
    """Who makes which job of a batch, bound to its requests, policies and scope: what `run_plan` takes."""

    jobs: tuple[Eligible, ...]
    """All, with every candidate: what a new plan chooses from when reality differs."""
    briefs: tuple[Brief, ...]
    policies: tuple[Policy, ...]
    budget: Money | None
    """As asked; `limit` is less where the scope's budgets are."""
    scope: str | None


@dataclass(frozen=True, slots=True)
class Made:
    """How one job of a batch ended."""

    row: int
    ending: Ending
    """`failed`: not delivered; `job` says whether it was charged. `unknown`: it may be charged, `resume` follows it."""
    job: JobView | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """How a batch ended, in the order of its rows; running it again under its key goes on with what is not made."""

    key: str
    made: tuple[Made, ...]
    charged: Money
    open: Money
    """Still set aside, or charged without being posted: for jobs whose outcome is unknown."""
    replanned: int
    """How often the rest was planned again."""

    def count(self, ending: Ending) -> int:
        return sum(one.ending == ending for one in self.made)


def draw_up(
    desk: Desk,
    jobs: Sequence[BatchJob | Request],
    budget: Money | None,
    objective: Goal,
    policy: Policy,
    scope: str | None,
) -> Plan:
    """Measure and quote every job, and choose for all. Raises BadRequest, BadMedia (naming the job), Refused."""
    room = None if scope is None else room_of(desk, scope)
    currency = budget.currency if budget is not None else room.currency if room is not None else "USD"
    if room is not None and room.currency != currency:
        raise BadRequest(
            f"the budget is in {currency}, that of {room.scope} in {room.currency}", value=currency, limit=room.currency
        )
    briefs: list[Brief] = []
    eligible: list[Eligible] = []
    batch = [job if isinstance(job, BatchJob) else BatchJob(job) for job in jobs]
    policies = tuple(job.policy or policy for job in batch)
    for row, (job, own) in enumerate(zip(batch, policies, strict=True), 1):
        try:
            brief = read(job.request)
            choice = desk.rank(brief.demand, own, None, brief=brief)
        except BadRequest as error:
            said = f"job {row}: {error.message}"
            raise type(error)(said, value=error.value, limit=error.limit, next=error.next) from error
        except PricingError as error:
            raise BadRequest(f"job {row}: {error}") from error
        briefs.append(brief)
        eligible.append(Eligible(row, choice.candidates, choice.rejections, Fraction(exact(job.weight))))
    found = allot(eligible, tightest(budget, room), currency, objective)
    return Plan(
        **{name: getattr(found, name) for name in Allotment.__dataclass_fields__},
        jobs=tuple(eligible), briefs=tuple(briefs), policies=policies, budget=budget, scope=scope,
    )  # fmt: skip


def room_of(desk: Desk, scope: str) -> Room:
    room = desk.room(scope)
    if room is None:
        raise Refused(f"no budget covers {scope}", value=scope, next=f'set one: faregate budget set {scope} "50 USD"')
    return room
