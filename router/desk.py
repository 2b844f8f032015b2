"""What both routers share: from a request to a decision to work. Reads files and the ledger; no network."""

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from getpass import getuser
from pathlib import Path
from types import MappingProxyType
from uuid import uuid4

from pricing import PriceBook, Quote

from .brief import Brief, read
from .choose import Choice, Demand, Facts, NotReady, Rejection, Room, choose
from .circuits import Circuits
from .drive import OnStep
from .errors import BadRequest, NotConfigured, QuoteStale
from .flow import follow, recover, revise
from .hints import webhook_base
from .known import Known
from .offers import Profile, shipped_profiles
from .owner import alive, claimant, me
from .policy import Number, Policy, exact
from .ports import JobView, LedgerAndHistory, Provider
from .providers import shipped
from .request import Request, check_words
from .steps import Flow, Patience, Step, Work
from .talk import Order, Progress

PROVISIONAL_FOR = timedelta(days=35)
"""How long a provisional charge is asked about again: one invoice cycle."""
OPEN = ("held", "submitting", "submitted", "unknown")
"""States in which a job is not over."""
NO_TAGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Decision(Choice):
    """A choice bound to its request, policy and scope: what `run` takes."""

    brief: Brief
    policy: Policy
    scope: str | None


@dataclass(frozen=True)
class Desk:
    """Prepares work; performs none of it."""

    book: PriceBook
    ledger: LedgerAndHistory
    providers: Mapping[str, Provider]
    uploader: Callable[[Path], str] | None
    quality: Mapping[str, Decimal]
    patience: Patience
    hold_s: int
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    profiles: Mapping[str, Profile]
    circuits: Circuits
    known: Known
    webhooks: str | None = field(default=None, repr=False)
    """Holds a secret."""

    @classmethod
    def make(
        cls,
        book: PriceBook,
        ledger: LedgerAndHistory,
        *,
        providers: Mapping[str, Provider] | None,
        uploader: Callable[[Path], str] | None,
        quality: Mapping[str, Number] | None,
        patience: Patience | None,
        hold_s: int,
        clock: Callable[[], datetime] | None,
        new_id: Callable[[], str] | None,
        webhooks: str | None = None,
    ) -> "Desk":
        """A desk with the shipped providers, the environment's keys and the system's clock unless others are given."""
        clock = clock or (lambda: datetime.now(UTC))
        return cls(
            book=book,
            ledger=ledger,
            providers=shipped(os.environ) if providers is None else providers,
            uploader=uploader,
            quality={offer: exact(score) for offer, score in (quality or {}).items()},
            patience=patience or Patience(),
            hold_s=hold_s,
            clock=clock,
            new_id=new_id or (lambda: str(uuid4())),
            profiles=shipped_profiles(),
            circuits=Circuits(clock),
            known=Known(ledger, clock),
            webhooks=None if webhooks is None else webhook_base(webhooks),
        )

    def watching(self, on_step: OnStep | None) -> OnStep:
        """Tells the caller's own observer of every step, and learns from it which providers are well."""

        def stepped(step: Step, answer: object) -> None:
            self.circuits.note(step)
            self.known.note(step)
            if on_step is not None:
                on_step(step, answer)

        return stepped

    def rate(self, job: str, score: Number, note: str, author: str | None) -> None:
        """Keep how good a job's clips are found, by whom. Raises BadRequest, and what the ledger raises."""
        self.ledger.rate(job, exact(score), author=author or getuser(), note=note)
        self.known.forget()

    def decide(self, request: Request, policy: Policy, scope: str | None) -> Decision:
        """Measure, quote and rank; a scope brings its budgets' room into the limits."""
        brief = read(request)
        choice = self.rank(brief.demand, policy, scope, brief=brief)
        return Decision(choice.candidates, choice.rejections, choice.pareto, choice.objective, brief, policy, scope)

    def rank(
        self,
        demand: Demand,
        policy: Policy,
        scope: str | None,
        *,
        brief: Brief | None = None,
        rank_not_ready: bool = False,
        with_room: bool = True,
    ) -> Choice:
        """Choose for a demand alone; `rank_not_ready` keeps offers that cannot be used from here in the ranking."""
        room = self.room(scope) if scope is not None and with_room else None
        learned = self.known.learned()
        facts = Facts(
            not_ready=lambda provider: self._not_ready(provider, brief),
            unsupported=lambda offer, settings: self._unsupported(offer, settings, brief),
            room=room,
            budget_required=scope is not None and with_room,
            scope=scope,
            quality=self.quality,
            rank_not_ready=rank_not_ready,
            latencies=learned.latencies,
            ratings=learned.ratings,
            margins=learned.margins,
            shut=self.circuits.shut(),
            prepaid=self.known.prepaid(),
        )
        return choose(demand, policy, self.book, self.profiles, self.clock().date(), facts)

    def work(
        self,
        wanted: Decision | Request,
        *,
        key: str,
        scope: str | None,
        policy: Policy | None,
        tags: Mapping[str, str],
    ) -> Work:
        """Work from a decision (checked to be still true) or a bare request.

        Raises BadRequest, NotConfigured, QuoteStale.
        """
        if not 1 <= len(key) <= 255:
            raise BadRequest("key must have 1 to 255 characters", value=key[:60], limit="1-255")
        check_words("key", key)
        check_words("a tag", *tags, *tags.values())
        known = self.ledger.by_key(key) is not None  # then it answers its job, whatever prices do meanwhile
        wanted = _agreed(wanted, scope, policy)
        decision = wanted if known and isinstance(wanted, Decision) else self._fresh(wanted, scope, policy)
        if decision.scope is None:
            raise BadRequest("a job needs a scope", next='give scope= (--scope), e.g. "acme/campaign-7"')
        brief = decision.brief
        # The ledger itself is asked for room, so that its answer is the true one and a refusal is on record.
        candidates = decision.candidates or self.rank(
            brief.demand, decision.policy, decision.scope, brief=brief, with_room=False
        ).candidates  # fmt: skip
        nothing_fits = decision.why_not()
        if not candidates and not known:
            _refuse_unconfigured(decision.rejections, self.providers)
        elif candidates and not known:  # what was held already is sent to whom it was held for
            admitted = self.circuits.admit(candidates)
            if not admitted:
                nothing_fits = self.circuits.why_none(candidates)
            candidates = admitted
        return Work(
            job=self.new_id(),
            key=key,
            request_hash=brief.hash(decision.scope, decision.policy),
            scope=decision.scope,
            order=brief.order,
            candidates=candidates,
            providers=self.providers,
            new_id=self.new_id,
            request=brief.describe,
            tags=tags,
            owner=me(),
            by=claimant(),
            files=brief.files,
            digests=brief.digests,
            uploader=self.uploader,
            ceiling=decision.policy.max_cost,
            expires_in_s=self.hold_s,
            patience=self.patience,
            nothing_fits=nothing_fits,
            alive=alive,
            webhooks=self.webhooks,
        )

    def open_job(self, provider: str, provider_job: str) -> JobView | None:
        """The job of ours that a provider knows by this id, or by our attempt's, while there is something to ask."""
        view = self.ledger.by_provider_job(provider, provider_job)
        if view is None or view.state in OPEN:
            return view
        provisional = view.state == "settled" and view.final is False
        return view if provisional and view.created_at >= self.clock() - PROVISIONAL_FOR else None

    def sending(self, view: JobView) -> bool:
        """May its run still be on the way to the provider, so that nobody else should ask about it yet?"""
        begun = view.attempts[-1].started_at if view.attempts else view.created_at
        in_time = self.clock() - begun < timedelta(seconds=self.patience.submit_s)
        return view.state == "submitting" and in_time and alive(view.owner) is not False

    def open_work(self) -> Iterator[JobView]:
        """All that is looked after: open jobs, then provisional charges; a page at a time."""
        since = self.provisional_since()
        for page in (self.ledger.due, partial(self.ledger.provisional, since)):
            found = page()
            while found:
                yield from found
                found = page(after=found[-1].id)

    def recovery(self, view: JobView, seen: Mapping[str, Progress], patience: Patience) -> Flow[JobView]:
        """What a restart does with one of them. `seen`: what was just asked about many, by attempt."""
        if view.state == "settled":
            return revise(view, self.providers, seen)
        return recover(view, alive(view.owner), self.providers, patience, seen)

    def hearing(self, view: JobView, patience: Patience) -> Flow[JobView]:
        """What a hint does to one of them."""
        return revise(view, self.providers) if view.state == "settled" else follow(view.id, self.providers, patience)

    def provisional_since(self) -> datetime:
        """Jobs settled at their quote's high since then are ones that the provider may still speak of."""
        return self.clock() - PROVISIONAL_FOR

    @contextmanager
    def claiming(self, by: str) -> Generator[None]:
        """Whoever follows a job and breaks off leaves it to anyone at once."""
        try:
            yield
        except BaseException:
            self.leave(by)
            raise

    def leave(self, by: str) -> None:
        """Drop its claims; where what broke it off has broken the ledger too, they lapse by themselves."""
        with suppress(Exception):
            self.ledger.drop_claims(by)

    def _fresh(self, wanted: Decision | Request, scope: str | None, policy: Policy | None) -> Decision:
        if not isinstance(wanted, Decision):
            return self.decide(wanted, policy or Policy(), scope)
        now = read(wanted.brief.request)
        if now.describe != wanted.brief.describe:
            raise QuoteStale("the media changed since the decision", next="decide again")
        for candidate in wanted.candidates:
            old = candidate.quote
            new = self.requote(old, now.demand)
            if not still_holds(old, new):
                raise QuoteStale(
                    f"{old.offer} was quoted {old.expected} on {old.at} and is {new.expected} on {new.at}",
                    value=str(new.expected),
                    limit=str(old.expected),
                    next="decide again",
                )
        return wanted

    def requote(self, old: Quote, demand: Demand) -> Quote:
        at = self.clock().date()
        return self.book.quote(old.offer, demand.usage, at=at, settings=old.settings, outputs=old.outputs)

    def room(self, scope: str) -> Room | None:
        head = self.ledger.headroom(scope)
        return None if head is None else Room(head.scope, head.currency, head.limit, head.available, head.gate)

    def _not_ready(self, name: str, brief: Brief | None) -> NotReady | None:
        provider = self.providers.get(name)
        if provider is None:
            return NotReady("no_key", f"there is no adapter for {name}")
        if provider.missing:
            return NotReady("no_key", f"{provider.missing} is not set")
        if brief is not None and brief.files and not provider.takes_files and self.uploader is None:
            return NotReady("no_delivery", f"{name} takes URLs only and no uploader is given")
        return None

    def _unsupported(self, offer: str, settings: Mapping[str, str], brief: Brief | None) -> str | None:
        provider = self.providers.get(offer.partition("/")[0])
        if provider is None or brief is None:
            return None
        order = brief.order
        # A local file is not delivered yet: only its type is judged.
        media = {name: f"https://not.yet/{name}{path.suffix}" for name, path in brief.files.items()}
        return provider.check(
            Order(
                attempt=order.attempt, offer=offer, settings=settings, kind=order.kind, outputs=order.outputs,
                image=media.get("image", order.image), audio=media.get("audio", order.audio), prompt=order.prompt,
                guidance=order.guidance, audio_guidance=order.audio_guidance, template_id=order.template_id,
                variables=order.variables, webhook_url=order.webhook_url,
            )
        )  # fmt: skip


def still_holds(old: Quote, new: Quote) -> bool:
    """Is it still what was quoted? More may be set aside than the new one says: charges had asked for it."""
    return all(
        (one.low, one.expected) == (other.low, other.expected) and one.high >= other.high
        for one, other in ((old.cost, new.cost), (old.usd, new.usd))
    )


def _agreed(wanted: Decision | Request, scope: str | None, policy: Policy | None) -> Decision | Request:
    """A decision brings its own policy and scope: others beside it must be the same. Raises BadRequest."""
    if not isinstance(wanted, Decision):
        return wanted
    if policy is not None and policy != wanted.policy:
        raise BadRequest("a decision keeps the policy it was made under", next="decide again under the other policy")
    if scope is not None and wanted.scope not in (None, scope):
        raise BadRequest(f"the decision was made for {wanted.scope}, not for {scope}", value=scope, next="decide again")
    return wanted if scope is None else replace(wanted, scope=scope)


def _refuse_unconfigured(rejections: tuple[Rejection, ...], providers: Mapping[str, Provider]) -> None:
    lacking = sorted({one.offer.partition("/")[0] for one in rejections if one.reason == "no_key"})
    if lacking:
        names = "; ".join(f"{name}: {providers[name].missing}" for name in lacking if name in providers)
        raise NotConfigured(
            f"no key for any provider that could make this ({names})", value=names, next="set one of them"
        )
