"""One job's steps, as generators without I/O: hold, intent, submit, wait, settle. The rules about money live here.

A driver (`drive.py`) performs each step and sends its answer back. An exception in a step is never caught here: the
job stays as the ledger has it, to be resumed. Nothing that was sent is released but on proof: `_ended`, `_probed`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from pricing import CurrencyMismatch, Money

from .choose import Candidate
from .errors import JobFailed, KeyReused, OutcomeUnknown, ProviderError, QuoteStale, Refused
from .latency import Watch
from .ports import AttemptView, JobView, Provider, Refusal
from .request import is_url
from .steps import (
    Bring,
    Digest,
    Flow,
    Moment,
    Patience,
    Pause,
    Work,
    ask,
    grant,
    intent,
    keep,
    note,
    read_job,
    release,
    settle,
    silent,
    ticket,
)
from .talk import Order, Progress, Submission

LEAVES_WITHIN_S = 60
"""A submit leaves so soon after its intent, or never."""
NONE_SEEN: Mapping[str, Progress] = MappingProxyType({})
KEPT_S = 30
"""A claim outlasts the pause it is made for by so many seconds: the time a look may take."""

GONE_AFTER = timedelta(hours=1)
"""A job that was accepted may not be shown at first; one that is unknown after so long is a person's question."""


def make(work: Work) -> Flow[JobView]:
    """The whole line: hold, send, follow. A known key goes on from where its job stands."""
    view = yield from start(work)
    abandoned = work.alive(view.owner) is False  # an earlier run of this key, which died while sending
    return (yield from follow(view.id, work.providers, work.patience, abandoned=abandoned, by=work.by))


def start(work: Work) -> Flow[JobView]:
    """Hold the money and submit once. Raises Refused or ProviderError; what was held is then released."""
    view = yield from ask("recall", lambda ledger: ledger.by_key(work.key))
    if view is None:
        view = yield from _hold(work)
    if view.request_hash != work.request_hash:
        raise KeyReused(
            f"key {work.key!r} already belongs to another request (job {view.id})", value=work.key, next="use a new key"
        )
    if view.state == "held":
        view = yield from _send(replace(work, job=view.id), view)
    return view


def follow(
    job: str,
    providers: Mapping[str, Provider],
    patience: Patience,
    *,
    abandoned: bool = False,
    by: str = "",
    seen: Mapping[str, Progress] = NONE_SEEN,
) -> Flow[JobView]:
    """From wherever the job stands to its end: probe what is unknown, poll what runs, settle once.

    `abandoned`: no other run is still sending it. `by`: who follows it, and claims it between two looks so that nobody
    else looks too; empty: has claimed it already. `seen`: what was just asked about many at once, by attempt. Raises
    JobFailed, or OutcomeUnknown (the hold stays).
    """
    view = yield from read_job(job)
    if not abandoned:
        view = yield from _sent(view, patience)
    attempt = _open_attempt(view)
    if attempt is None or view.state not in ("submitting", "submitted", "unknown"):
        return _final(view)
    provider = providers.get(attempt.provider)
    if provider is None or provider.missing:
        raise OutcomeUnknown(
            f"job {job} waits at {attempt.provider}, for which there is no key here", value=attempt.provider,
            next=f"set {provider.missing if provider else 'its keys'} and run `faregate resume`",
        )  # fmt: skip
    if attempt.provider_job is None:
        view = yield from _probed(view, attempt, provider, patience)
        attempt = _open_attempt(view)
        if attempt is None or view.state != "submitted":
            return _final(view)
    return _final((yield from _polled(view, attempt, provider, patience, by, seen)))


def recover(
    view: JobView,
    alive: bool | None,
    providers: Mapping[str, Provider],
    patience: Patience,
    seen: Mapping[str, Progress] = NONE_SEEN,
) -> Flow[JobView]:
    """What a restart does with a job left behind. `alive`: does the run that opened it live? None: cannot tell."""
    if view.state == "held" and alive is False:
        return (yield from release(view.id, None, "its run ended before anything was sent"))
    if view.state == "held":
        return view  # its run goes on, or its hold expires
    moment: Moment = yield Pause(0)
    if view.state == "submitting" and alive is not False and not _overdue(view, moment, patience):
        return view  # its run is still sending, perhaps on another host
    return (yield from follow(view.id, providers, patience, abandoned=True, seen=seen))


def revise(view: JobView, providers: Mapping[str, Provider], seen: Mapping[str, Progress] = NONE_SEEN) -> Flow[JobView]:
    """Ask once more what a provisionally settled job cost; better evidence posts the difference."""
    attempt = _open_attempt(view)
    provider = providers.get(attempt.provider) if attempt else None
    if attempt is None or provider is None or provider.missing:
        return view
    progress = seen.get(attempt.id) or (yield from provider.poll(ticket(view, attempt)))
    if progress.state == "done" and progress.cost is not None:
        return (yield from settle(view, attempt, progress))
    return view


def cancel(job: str, providers: Mapping[str, Provider], patience: Patience) -> Flow[JobView]:
    """Release what was never sent; ask the provider to stop what was, then read how it ended. Raises Refused."""
    view = yield from read_job(job)
    if view.state == "held":
        view = yield from release(view.id, None, "cancelled before anything was sent")
        if view.state == "released":
            return view  # else its run has just begun to send it
    attempt = _open_attempt(view)
    if view.state != "submitted" or attempt is None:
        raise Refused(f"job {job} is {view.state}: only a held or submitted job can be cancelled", value=view.state)
    provider = providers.get(attempt.provider)
    stopped = False if provider is None or provider.missing else (yield from provider.cancel(ticket(view, attempt)))
    if provider is None or not stopped:
        view = yield from read_job(job)
        if view.state in ("settled", "released"):
            return view  # it had ended before it could be stopped
        raise Refused(
            f"{attempt.provider} did not stop job {job}: it goes on and may be charged",
            value=attempt.provider,
            next="run `faregate resume` to follow it",
        )
    return (yield from _polled(view, attempt, provider, patience))


def _hold(work: Work) -> Flow[JobView]:
    """Set the best candidate's high aside; where there is no room for it, the next one that costs less."""
    refused: Refusal | None = None
    for candidate in work.candidates:
        if refused is not None and refused.reason == "budget" and not _fits(candidate, refused.available):
            continue
        answer = yield from grant(work, candidate)
        if answer.refused is None:
            return (yield from read_job(answer.job))
        if refused is None or refused.reason == "currency":  # that money is short says more than that it is foreign
            refused = answer.refused
        if answer.refused.reason not in ("budget", "currency"):
            break
    if refused is None:
        raise Refused(work.nothing_fits)
    if refused.reason == "key_reused":
        raise KeyReused(refused.detail, value=work.key, next="use a new key")
    raise _no(refused)


def _send(work: Work, view: JobView) -> Flow[JobView]:
    """Submit to one candidate after another, and only after proof that the last one did not take it."""
    said: list[str] = []
    tried = {(attempt.offer, tuple(sorted(attempt.settings.items()))) for attempt in view.attempts}
    for candidate in work.candidates:
        if (candidate.offer, tuple(sorted(candidate.settings.items()))) in tried:
            continue
        provider = work.providers[candidate.provider]
        try:
            order = yield from _delivered(work, candidate, provider)
            changed = yield from _swapped(work)
        except ProviderError as error:  # nothing was sent but a file
            said.append(f"{candidate.offer}: {error}")
            continue
        if changed is not None:
            yield from release(work.job, None, changed)
            raise QuoteStale(changed, next="decide again, and keep the file as it is")
        before: Moment = yield Pause(0)
        answer = yield from intent(work, candidate, provider, order)
        if answer.refused is not None:
            if answer.refused.reason == "moved":  # another run of this key, or `resume`, has it now
                return (yield from read_job(work.job))
            said.append(f"{candidate.offer}: {answer.refused.detail}")
            continue
        submission = yield from _posted(order, provider, before)
        yield from note(work.job, order.attempt, submission, provider.name)
        if submission.outcome in ("accepted", "unknown"):
            return (yield from read_job(work.job))
        said.append(f"{candidate.offer}: {submission.reason}")
    reason = "; ".join(said) or work.nothing_fits
    left = yield from release(work.job, None, reason)
    if left.state != "released":  # another run of this key has moved it on meanwhile: follow that
        return left
    if said:
        raise ProviderError(f"no provider took the job: {reason}", next="nothing was charged; try again with a new key")
    raise Refused(reason)


def _posted(order: Order, provider: Provider, before: Moment) -> Flow[Submission]:
    """POST once; not at all where this machine slept since the intent: by its age others may prove that none came."""
    now: Moment = yield Pause(0)
    late_s = max(now.elapsed_s - before.elapsed_s, (now.at - before.at).total_seconds())
    if late_s > LEAVES_WITHIN_S:
        return Submission("not_sent", reason=f"{late_s:.0f} s went by between the intent and the submit")
    return (yield from provider.submit(order))


def _delivered(work: Work, candidate: Candidate, provider: Provider) -> Flow[Order]:
    """The order for this candidate, its local files brought to where the provider can read them."""
    media: dict[str, str] = {}
    for kind, path in work.files.items():
        if work.uploader is not None:
            brought: object = yield Bring(work.uploader, path)
            if not (isinstance(brought, str) and is_url(brought)):
                raise ProviderError(f"the uploader answered {brought!r} for {path.name}, not a URL")
            media[kind] = brought
        else:
            media[kind] = yield from provider.upload(path, kind)
    order = replace(work.order, attempt=work.new_id(), offer=candidate.offer, settings=candidate.settings)
    if order.webhook_url is None and work.webhooks is not None:
        order = replace(order, webhook_url=f"{work.webhooks}/{provider.name}")
    return replace(order, image=media.get("image", order.image), audio=media.get("audio", order.audio))


def _swapped(work: Work) -> Flow[str | None]:
    """Is what was delivered still what was measured and held for? Asked after the files were read to be delivered."""
    for kind, path in work.files.items():
        found: str | None = yield Digest(path)
        if found != work.digests[kind]:
            return f"the {kind} {path} changed after it was measured"
    return None


def _probed(view: JobView, attempt: AttemptView, provider: Provider, patience: Patience) -> Flow[JobView]:
    """Look for a job whose submit was never answered. Only reads; only a keyed absence, old enough, proves no job."""
    if view.state == "submitting":
        yield from ask(
            "unknown",
            lambda ledger: ledger.unknown(job=view.id, attempt=attempt.id, reason="the run ended while sending"),
        )
    why = attempt.reason
    for look in range(patience.probes):
        moment: Moment = yield Pause(0 if look == 0 else patience.first_s * 2 ** (look - 1))
        claimed = yield from ask("claimed", lambda ledger: ledger.claimed(attempt.provider))
        probe = yield from provider.probe(ticket(view, attempt), claimed)
        why = probe.reason or why
        if probe.found == "found":
            found = Submission("accepted", probe.provider_job, probe.handle, "found by a probe")
            yield from note(view.id, attempt.id, found)
            return (yield from read_job(view.id))
        age_s = (moment.at - attempt.started_at) / timedelta(seconds=1)
        if (
            probe.found == "absent"
            and provider.proof_after_s is not None
            and provider.proof_after_s <= age_s <= provider.proof_until_s
        ):
            return (
                yield from release(
                    view.id, attempt.id, "never arrived", f"absent at {provider.name} after {age_s:.0f} s"
                )
            )
    raise _waiting(view, f"{attempt.provider} may have taken it ({why or 'not found yet'})")


def _polled(
    view: JobView,
    attempt: AttemptView,
    provider: Provider,
    patience: Patience,
    by: str = "",
    seen: Mapping[str, Progress] = NONE_SEEN,
) -> Flow[JobView]:
    """Ask until the provider says how it ended. Silence, errors and time are never a failure of the job."""
    delay, done_at = patience.first_s, None
    progress = seen.get(attempt.id)
    watch = Watch(attempt.started_at)
    while True:
        if progress is None:
            progress = yield from provider.poll(ticket(view, attempt))
        moment: Moment = yield Pause(0)
        watch.saw(progress.state, moment.at)
        if progress.state == "failed" or (progress.gone and moment.at - attempt.started_at >= GONE_AFTER):
            return (yield from _ended(view, attempt, progress))
        if progress.state == "done":
            if progress.cost is None and view.silent_since is None:
                view = yield from silent(view, attempt, progress, watch.took_ms)
            silence_s = 0.0 if view.silent_since is None else (moment.at - view.silent_since).total_seconds()
            done_at = moment.elapsed_s if done_at is None else done_at
            if progress.cost or max(silence_s, moment.elapsed_s - done_at) >= provider.cost_expected_s:
                return (yield from settle(view, attempt, progress, watch.took_ms))
        left_s = patience.wait_s - moment.elapsed_s
        if left_s <= 0:
            raise _waiting(view, f"{attempt.provider} still works on it ({progress.reason or progress.state})")
        pause_s = min(max(delay, progress.retry_after_s or 0), left_s)
        mine = not by or (yield from keep(view.id, by, pause_s + KEPT_S))
        yield Pause(pause_s)
        delay = min(delay * patience.growth, patience.longest_s)
        if mine:
            progress = None
            continue
        view = yield from read_job(view.id)  # another follows it: what became of it is in the ledger
        if view.state not in ("submitted", "unknown"):
            return view


def _ended(view: JobView, attempt: AttemptView, progress: Progress) -> Flow[JobView]:
    """The provider says it failed, or that it knows it no more: charged, proven free, or nobody can say yet."""
    if progress.cost is not None or progress.charged == "yes":
        return (yield from settle(view, attempt, progress))
    if progress.charged == "no":
        return (
            yield from release(view.id, attempt.id, progress.reason, f"{attempt.provider} does not charge this failure")
        )
    yield from ask("unknown", lambda ledger: ledger.unknown(job=view.id, attempt=attempt.id, reason=progress.reason))
    return (yield from read_job(view.id))


def _sent(view: JobView, patience: Patience) -> Flow[JobView]:
    """Wait while another run may still be sending."""
    while view.state == "submitting":
        moment: Moment = yield Pause(patience.first_s)
        if moment.elapsed_s >= patience.submit_s or _overdue(view, moment, patience):
            break
        view = yield from read_job(view.id)
    return view


def _overdue(view: JobView, moment: Moment, patience: Patience) -> bool:
    """Has the open attempt had all the time that a submit can take?"""
    attempt = _open_attempt(view)
    return attempt is None or moment.at - attempt.started_at >= timedelta(seconds=patience.submit_s)


def _open_attempt(view: JobView) -> AttemptView | None:
    """The attempt that was or may have been accepted: the last one, unless it is known not to have been."""
    last = view.attempts[-1] if view.attempts else None
    return None if last is None or last.outcome in ("not_sent", "refused") else last


def _final(view: JobView) -> JobView:
    """A settled job with its clips; everything else is an error that says *no* or *unknown*."""
    if view.state == "settled" and view.outputs:
        return view
    if view.state == "settled":
        raise JobFailed(f"job {view.id} failed and was charged {view.charged}: {view.reason}", value=str(view.charged))
    if view.state in ("released", "expired"):
        raise JobFailed(
            f"job {view.id} was not made: {view.reason}", next="nothing was charged; use a new key to try again"
        )
    raise _waiting(view, view.reason or view.state)


def _waiting(view: JobView, why: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"job {view.id} has no outcome yet: {why}; {view.open} stays held",
        value=view.id,
        next="run `faregate resume`, or end it with `faregate resolve`",
    )


def _no(refused: Refusal) -> Refused:
    return Refused(
        refused.detail,
        value=None if refused.asked is None else str(refused.asked),
        limit=None if refused.available is None else str(refused.available),
    )


def _fits(candidate: Candidate, available: Money | None) -> bool:
    """Is there room for it? A price in another currency than the budget's never fits."""
    try:
        return available is None or candidate.quote.in_currency(available.currency).high <= available
    except CurrencyMismatch:
        return False
