"""What every provider must be to us: each test at the sandbox, and by `pytest -m live` with keys for real."""

import json
import time
from decimal import Decimal
from uuid import uuid4

import httpx
import pytest

from pricing import usd
from router.errors import ProviderError
from router.hints import read_message
from router.ports import PollsMany
from router.providers._http import is_web
from router.sandbox import Sandbox
from router.talk import Probe, Ticket
from router.transport import Http

from .places import AUDIO, Place, Purse, ask, at_sandbox, ticket_of, without_job


def probed(place: Place, ticket: Ticket, within_s: float) -> Probe:
    """A history may show a job a little later than it ended."""
    until = time.monotonic() + within_s
    probe = ask(place.http, place.provider.probe(ticket, frozenset()))
    while probe.found != "found" and time.monotonic() < until:
        time.sleep(5)
        probe = ask(place.http, place.provider.probe(ticket, frozenset()))
    return probe


def test_a_clip_is_made_and_costs_what_was_quoted(place: Place) -> None:
    made, quote = place.made(), place.quote()
    assert (made.submission.outcome, made.submission.reason) == ("accepted", "")
    assert (made.progress.state, made.progress.delivered, made.progress.reason) == ("done", 1, "")
    assert made.progress.cost is not None
    assert quote.cost.low <= made.progress.cost.amount <= quote.cost.high
    (url,) = made.progress.outputs
    assert is_web(url)
    with httpx.stream("GET", url, follow_redirects=True, timeout=60) as answer:
        assert answer.status_code == 200
        assert next(answer.iter_bytes())


def test_a_finished_job_costs_the_same_whenever_it_is_asked(place: Place) -> None:
    made = place.made()
    again = ask(place.http, place.provider.poll(made.ticket))
    assert (again.state, again.cost, again.delivered) == ("done", made.progress.cost, 1)


def test_many_jobs_in_one_answer(place: Place) -> None:
    provider = place.provider
    assert isinstance(provider, PollsMany) is (place.name in ("runware", "creatify")), "fal tells of one job at a time"
    if not isinstance(provider, PollsMany):
        return
    made = place.made()
    assert provider.polled_at_once >= 2
    told = ask(place.http, provider.poll_many([made.ticket, unknown(place)]))
    assert told[made.order.attempt].cost == made.progress.cost
    others = [progress.state for name, progress in told.items() if name != made.order.attempt]
    assert not {"done", "failed"} & set(others)


def test_a_job_whose_answer_was_lost_is_found(place: Place) -> None:
    made = place.made()
    probe = probed(place, without_job(made.ticket), 120 if place.live else 0)
    assert (probe.found, probe.provider_job) == ("found", made.submission.provider_job), probe.reason


def test_a_job_that_was_never_sent_is_not_found(place: Place) -> None:
    order = place.order(prompt=f"never sent {uuid4()}")
    ticket = without_job(ticket_of(place.provider, order, place.made().submission))
    probe = ask(place.http, place.provider.probe(ticket, frozenset()))
    assert (probe.found, probe.provider_job) == ("absent", None), probe.reason


def unknown(place: Place) -> Ticket:
    """A job that is nobody's."""
    order, made = place.order(), place.made()
    ticket = ticket_of(place.provider, order, made.submission)
    job = order.attempt if place.name == "runware" else str(uuid4())
    return Ticket(order.attempt, ticket.offer, ticket.settings, 1, job, {}, ticket.fingerprint, ticket.started_at)


def test_of_an_unknown_job_nothing_is_said(place: Place) -> None:
    """Neither running, nor done, nor failed: whoever polls goes on, and the hold stays."""
    progress = ask(place.http, place.provider.poll(unknown(place)))
    assert (progress.state, progress.cost, progress.charged) == ("unreachable", None, "maybe")
    assert progress.reason
    assert progress.gone or place.live, "a look that succeeded, and showed nothing"


def test_wrong_keys_are_refused_and_not_shown(place: Place) -> None:
    order = place.order()
    submission = ask(place.http, place.wrong().submit(order))
    assert submission.outcome == "refused", submission
    assert "wrong-key" not in submission.reason


def test_a_wish_beyond_the_limits_is_refused(place: Place) -> None:
    """Sent past our own check: the provider says no, in the documented way, and takes nothing."""
    order = place.order(guidance=Decimal(99))
    assert place.provider.check(order) is not None
    submission = place.submit(order)
    place.purse.settle(place.what, place.quote(), usd("0"))
    assert submission.outcome == "refused", submission
    assert 0 < len(submission.reason) <= 200


def test_a_file_is_brought_where_the_provider_reads_it(place: Place) -> None:
    talk = place.provider.upload(AUDIO / "talk-9.4s.wav", "audio")
    if not place.provider.takes_files:
        with pytest.raises(ProviderError, match="URL"):
            ask(place.http, talk)
        return
    reference = ask(place.http, talk)
    assert place.provider.check(place.order(audio=reference)) is None


def test_what_can_be_cancelled_ends_and_the_rest_says_so(place: Place, http: Http) -> None:
    if place.name != "fal":
        assert ask(place.http, place.provider.cancel(place.made().ticket)) is False
        return
    if place.live:
        cancelled(place)
        return
    with Sandbox(render_s=60) as slow:
        cancelled(at_sandbox(place.name, slow, http, Purse(place.purse.cap)))
        assert slow.bill()["total"] == {"USD": "0", "creatify-credit": "0"}


def cancelled(place: Place) -> None:
    order = place.order()
    ticket = ticket_of(place.provider, order, place.submit(order))
    stopped = ask(place.http, place.provider.cancel(ticket))
    progress = place.follow(ticket)
    place.purse.settle(place.what, place.quote(), progress.cost.amount if progress.cost else None)
    assert stopped or place.live
    assert not stopped or progress.state == "failed"


def test_a_webhook_names_the_job_as_the_submit_did(place: Place) -> None:
    job = place.made().submission.provider_job
    documented: dict[str, dict[str, object]] = {
        "fal": {"request_id": job, "gateway_request_id": str(uuid4()), "status": "OK", "payload": {}},
        "runware": {
            "taskType": "videoInference",
            "taskUUID": job,
            "videoUUID": str(uuid4()),
            "videoURL": "https://x/y",
        },
        "creatify": {"id": job, "status": "done", "failed_reason": "", "video_output": "https://x/y"},
    }
    said = read_message(place.name, json.dumps(documented[place.name]).encode())  # type: ignore[arg-type]
    assert said is not None
    assert said.jobs == (job,)
