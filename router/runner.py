"""Runs a batch's plan: held at once, made several at a time, planned again when need be.

Every rule about one job's money is the flow's; this room only says which job asks whom, and with how much.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import ceil
from threading import Event, Lock

from pricing import Money, Quote

from .batch import BatchResult, Ending, Made, Plan, room_of
from .choose import Candidate, Rejection
from .desk import Decision, Desk, still_holds
from .drive import Perform
from .errors import BadRequest, KeyReused, NotConfigured, OutcomeUnknown, ProviderError, QuoteStale, Refused
from .flow import make
from .owner import me
from .plan import AT_ONCE, Eligible, LeftOut, Share, allot, left_text, tightest
from .policy import exact
from .ports import JobView
from .request import check_words

HELD_AT_ONCE = 10_000
"""Jobs that money is set aside for in one statement."""
LONGEST_HOLD_S = 30 * 86_400
DOWN_AFTER = 5
"""A provider that takes none of so many jobs in a row is not asked any more in this run of the batch."""


@dataclass(frozen=True, slots=True)
class _Ask:
    """Fits `ports.BatchAsk`."""

    job: str
    key: str
    request_hash: str
    quote: Quote
    request: Mapping[str, object]
    tags: Mapping[str, str]


class Runner:
    """One run of a plan. Its key and a job's row name the job's key, so that a second run goes on where one ended.

    A job that was not taken or failed free of charge is planned again with the offers it has not tried, under a key of
    its own ("…/3/2"); one that cost more than its quote makes the rest be planned again with what is left. When a
    provider takes none any more, all that wait are planned again without it in one go.
    """

    def __init__(
        self,
        desk: Desk,
        plan: Plan,
        key: str,
        tags: Mapping[str, str],
        perform: Perform,
        on_job: Callable[[Made], None] | None,
    ) -> None:
        if not 1 <= len(key) <= 200:
            raise BadRequest("a plan's key must have 1 to 200 characters", value=key[:60], limit="1-200")
        check_words("key", key)
        check_words("a tag", *tags, *tags.values())
        if plan.scope is None:
            raise BadRequest("a batch needs a scope", next='give scope= (--scope), e.g. "acme/campaign-7"')
        self.desk, self.plan, self.key, self.tags, self.scope = desk, plan, key, tags, plan.scope
        self.perform, self.on_job = perform, on_job
        self.views: dict[int, list[JobView]] = {}
        """Every job that a row has led to so far."""
        self.shares: dict[int, Share | None] = {}
        """What each row that waits or runs is to be made by; None: it is at a provider already."""
        self.waiting: list[int] = []
        self.ended: dict[int, Made] = {}
        self.replanned = 0
        self.misses: Counter[str] = Counter()
        """By provider: jobs in a row that it did not take."""
        self.lock, self.gone = Lock(), Event()
        self.errors: list[Exception] = []

    def run(self) -> BatchResult:
        """Hold, make, follow. Raises Refused, QuoteStale, KeyReused before anything is sent."""
        fresh = self._known()
        self._allot(fresh)
        self.waiting = sorted(self.shares)
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            for worker in [pool.submit(self._work) for _ in range(min(AT_ONCE, len(self.waiting)))]:
                worker.result()
        finally:  # an interrupt must not wait for the providers
            self.gone.set()
            pool.shutdown(wait=False, cancel_futures=True)
        if self.errors:
            raise self.errors[0]
        zero = Money.zero(self.plan.currency)
        views = [view for row in self.views.values() for view in row]
        return BatchResult(
            self.key,
            tuple(self.ended[row] for row in sorted(self.ended)),
            sum((view.charged or zero for view in views), zero),
            sum((max(view.open, view.exposed) for view in views), zero),
            self.replanned,
        )

    def _known(self) -> list[Eligible]:
        """What earlier runs of this key did; answers the rows that are still to be given to somebody."""
        fresh: list[Eligible] = []
        for job, brief, policy in zip(self.plan.jobs, self.plan.briefs, self.plan.policies, strict=True):
            views = self.views[job.row] = self._found(job.row)
            wanted = brief.hash(self.scope, policy)
            if any(view.request_hash != wanted or view.scope != self.scope for view in views):
                raise KeyReused(
                    f"job {job.row} of the plan {self.key!r} was another request", value=self.key, next="use a new key"
                )
            last = views[-1] if views else None
            if last is None or last.state in ("released", "expired"):
                fresh.append(self._untried(job))
            elif last.state == "settled":
                self._end(job.row)
            else:
                self.shares[job.row] = self._share_of(job, last) if last.state == "held" else None
        return fresh

    def _found(self, row: int) -> list[JobView]:
        views: list[JobView] = []
        while (view := self.desk.ledger.by_key(self._key(row, len(views) + 1))) is not None:
            views.append(view)
        return views

    def _key(self, row: int, turn: int) -> str:
        return f"{self.key}/{row}" if turn == 1 else f"{self.key}/{row}/{turn}"

    def _untried(self, job: Eligible) -> Eligible:
        """Its candidates but those that have said no to it, or take nothing at all."""
        tried = {(one.offer, *sorted(one.settings.items())) for view in self.views[job.row] for one in view.attempts}
        left = [one for one in job.candidates if (one.offer, *sorted(one.settings.items())) not in tried]
        down = [one for one in left if self.misses[one.provider] >= DOWN_AFTER]
        said = [
            Rejection(one.offer, one.settings, "open_circuit", str(DOWN_AFTER), f"refused {self.misses[one.provider]}")
            for one in down
        ]
        return replace(
            job,
            candidates=tuple(one for one in left if one not in down),
            rejections=(*job.rejections, *said),
        )

    def _share_of(self, job: Eligible, view: JobView) -> Share | None:
        """A held job's own offer, as it is quoted now; None: it is not to be had any more."""
        for one in job.candidates:
            if one.offer == view.offer and one.settings == view.settings:
                return Share(job.row, one, one.quote.in_currency(self.plan.currency))
        return None

    def _allot(self, jobs: Sequence[Eligible]) -> None:
        """Plan these jobs with what is left, and set their money aside at once."""
        plan = self.plan
        found = allot(jobs, self._left(set()), plan.currency, plan.objective)
        for one in found.left_out:
            self._leave(one)
        self._hold(found.shares, found.finishes_in_s)

    def _left(self, freed: set[int]) -> Money | None:
        """What the plan's budget and its scope's leave, when what these rows hold is counted as free."""
        plan, zero = self.plan, Money.zero(self.plan.currency)
        holds = sum((self.views[row][-1].open for row in freed), zero)
        room = room_of(self.desk, self.scope)
        if room.available is not None:
            room = replace(room, available=room.available + holds)
        if plan.budget is None:
            return tightest(None, room)
        bound = sum((self._bound(row) for row in self.views), zero) - sum((self._bound(row) for row in freed), zero)
        return tightest(max(plan.budget - bound, zero), room)

    def _bound(self, row: int) -> Money:
        """What a row was charged and may yet be; also where its hold is still to be raised to a new offer's high."""
        zero = Money.zero(self.plan.currency)
        views, share = self.views[row], self.shares.get(row)
        spent = sum(((view.charged or zero) + max(view.open, view.exposed) for view in views), zero)
        return spent if share is None or row in self.ended else max(spent, share.cost.high)

    def _hold(self, shares: Sequence[Share], finishes_in_s: object) -> None:
        asks = [self._ask(share) for share in shares]
        expires_in_s = min(self.desk.hold_s + 3 * ceil(exact(str(finishes_in_s))), LONGEST_HOLD_S)
        for start in range(0, len(asks), HELD_AT_ONCE):
            answers = self.desk.ledger.hold_batch(
                scope=self.scope, asks=asks[start : start + HELD_AT_ONCE], owner=me(), expires_in_s=expires_in_s
            )
            refused = next((one.refused for one in answers if one.refused is not None), None)
            if refused is not None:
                for ask in asks[:start]:
                    self.desk.ledger.release(job=ask.job, reason="the rest of its batch was refused")
                raise Refused(
                    refused.detail,
                    value=None if refused.asked is None else str(refused.asked),
                    limit=None if refused.available is None else str(refused.available),
                )
        for share in shares:
            self.shares[share.row] = share
            self.views[share.row] = self._found(share.row)

    def _ask(self, share: Share) -> _Ask:
        """Raises QuoteStale where the price has moved since the plan was drawn up."""
        brief, quote = self.plan.briefs[share.row - 1], share.candidate.quote
        now = self.desk.requote(quote, brief.demand)
        if not still_holds(quote, now):
            raise QuoteStale(
                f"job {share.row}: {quote.offer} was quoted {quote.expected} on {quote.at} and is {now.expected}",
                value=str(now.expected), limit=str(quote.expected), next="plan again",
            )  # fmt: skip
        return _Ask(
            self.desk.new_id(),
            self._key(share.row, len(self.views[share.row]) + 1),
            brief.hash(self.scope, self.plan.policies[share.row - 1]),
            quote,
            brief.describe,
            self.tags,
        )

    def _work(self) -> None:
        """One worker: row after row, until none waits."""
        while not (self.gone.is_set() or self.errors):
            with self.lock:
                if not self.waiting:
                    return
                row = self.waiting.pop(0)
                share = self.shares[row]
            try:
                self._make(row, share)
            except Exception as error:  # the machine failed: what runs is followed to its end, nothing else begins
                self.errors.append(error)

    def _make(self, row: int, share: Share | None) -> None:
        candidates: tuple[Candidate, ...] = () if share is None else (share.candidate,)
        brief, policy = self.plan.briefs[row - 1], self.plan.policies[row - 1]
        decision = Decision(candidates, (), (), policy.objective, brief, policy, self.scope)
        key = self.views[row][-1].key
        reason = ""
        try:
            work = self.desk.work(decision, key=key, scope=None, policy=None, tags=self.tags)
            with self.desk.claiming(work.by):
                self.perform(make(work), self._pause)
        except (ProviderError, OutcomeUnknown, Refused, NotConfigured) as error:
            reason = str(error)
        view = self.desk.ledger.by_key(key)
        if view is None:
            raise LookupError(f"the ledger has lost the job of key {key!r}")
        with self.lock:
            self.views[row][-1] = view
            self._count(view)
            if view.state in ("released", "expired"):
                self._replan(row, reason)
                return
            if share is not None and view.charged is not None and view.charged > share.cost.high:
                self._replan(None, "")
            self._end(row, reason)

    def _count(self, view: JobView) -> None:
        last = view.attempts[-1] if view.attempts else None
        if last is not None and last.outcome in ("not_sent", "refused"):
            self.misses[last.provider] += 1
        elif last is not None:
            self.misses[last.provider] = 0

    def _replan(self, freed: int | None, reason: str) -> None:
        """Plan what has not begun again, and a row that has come free, with what is left. The lock is held."""
        self.replanned += 1
        if freed is not None:
            self.shares[freed] = None
        rows = {row for row in self.waiting if self.shares[row] is not None}
        jobs = [self._untried(self.plan.jobs[row - 1]) for row in sorted(rows | ({freed} if freed else set()))]
        found = allot(jobs, self._left(rows), self.plan.currency, self.plan.objective)
        for one in found.left_out:
            if one.row in rows:
                if self._give_back(one.row, "left out: the batch's budget does not cover it any more"):
                    self._leave(one)
            else:
                self._end(one.row, reason)
        shares = list(found.shares)
        for share in found.shares:  # what a cheaper offer does not need is free before anything is held anew
            if share.row in rows and share.cost.high < self.views[share.row][-1].open:
                rows.remove(share.row)
                if not self._give_back(share.row, "planned again, with a cheaper offer"):
                    shares.remove(share)
        for share in shares:
            if share.row in rows:
                self.shares[share.row] = share
                continue
            try:
                self._hold([share], found.finishes_in_s)
            except Refused as error:
                self._end(share.row, f"{reason}; {error}" if reason else str(error))
            else:
                self.waiting.append(share.row)

    def _give_back(self, row: int, why: str) -> bool:
        """A row that waits holds nothing any more; False: another run of this key has sent it, and it is followed."""
        view = self.views[row][-1] = self.desk.ledger.release(job=self.views[row][-1].id, reason=why)
        if view.state in ("released", "expired"):
            self.waiting.remove(row)
            return True
        self.shares[row] = None
        return False

    def _pause(self, seconds: float) -> None:
        if self.gone.wait(seconds):
            raise InterruptedError("the batch was interrupted")

    def _leave(self, one: LeftOut) -> None:
        self._told(Made(one.row, "left_out", None, left_text(one).partition("  ")[2]))

    def _end(self, row: int, reason: str = "") -> None:
        view = self.views[row][-1]
        ending: Ending = "unknown"
        if view.state == "settled":
            ending = "made" if view.outputs else "failed"
        elif view.state in ("released", "expired", "written_off"):
            ending = "failed"
        self._told(Made(row, ending, view, reason or view.reason))

    def _told(self, made: Made) -> None:
        self.ended[made.row] = made
        if self.on_job is not None:
            self.on_job(made)
