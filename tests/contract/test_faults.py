"""Each adapter when the sandbox misbehaves, over real HTTP: lost answers, refusals, failures, silence about costs."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest

from router.ports import Provider
from router.providers import shipped
from router.sandbox import Sandbox
from router.talk import Order, Progress, Ticket
from router.transport import Http
from tests.router.talking import order as make_order

from .places import AUDIO, ask, ticket_of

OFFERS = {
    "fal": "fal/fal-ai/creatify/aurora",
    "runware": "runware/creatify:aurora@0",
    "creatify": "creatify/aurora_v1",
}


def provider_of(sandbox: Sandbox, name: str) -> Provider:
    provider = shipped(sandbox.env)[name]
    assert provider.missing is None
    return provider


def order_at(name: str, http: Http, provider: Provider) -> Order:
    media = "https://media.example/talk-9.4s.wav"
    if provider.takes_files:
        media = ask(http, provider.upload(AUDIO / "talk-9.4s.wav", "audio"))
    order = make_order(OFFERS[name], attempt=str(uuid4()), audio=media)
    assert provider.check(order) is None
    return order


def followed(http: Http, provider: Provider, ticket: Ticket) -> Progress:
    progress = ask(http, provider.poll(ticket))
    for _ in range(200):
        if progress.state in ("done", "failed"):
            break
        progress = ask(http, provider.poll(ticket))
    return progress


@pytest.mark.parametrize("name", OFFERS)
def test_an_uploaded_file_is_what_is_billed(name: str, http: Http) -> None:
    with Sandbox(render_s=0) as sandbox:
        provider = provider_of(sandbox, name)
        order = order_at(name, http, provider)
        progress = followed(http, provider, ticket_of(provider, order, ask(http, provider.submit(order))))
        assert progress.cost is not None
        bill = {"fal": "1.40 USD", "runware": "1.40 USD", "creatify": "10 creatify-credit"}
        assert str(progress.cost.amount) == bill[name]
        assert (sandbox.bill()["submits"], sandbox.bill()["accepted"]) == (1, 1)


@pytest.mark.parametrize("name", OFFERS)
@pytest.mark.parametrize("kind", ["lost-answer", "truncated", "5xx-after"])
def test_an_answer_that_is_lost_is_unknown_and_then_found(name: str, kind: str, http: Http) -> None:
    with Sandbox([f"{kind}:{name}"], render_s=0) as sandbox:
        provider = provider_of(sandbox, name)
        order = order_at(name, http, provider)
        submission = ask(http, provider.submit(order))
        assert submission.outcome == "unknown"
        lost = ticket_of(provider, order, submission)
        probe = ask(http, provider.probe(lost, frozenset()))
        assert probe.found == "found"
        found = replace(lost, provider_job=probe.provider_job, handle=probe.handle)
        progress = followed(http, provider, found)
        assert (progress.state, progress.cost is not None) == ("done", True)
        assert sandbox.bill()["submits"] == 1


@pytest.mark.parametrize("name", OFFERS)
@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("refuse", "refused"),
        ("status-429", "refused"),
        ("status-503", "unknown"),
        ("status-409", "unknown"),
        ("html", "unknown"),
    ],
)
def test_what_is_not_accepted(name: str, kind: str, outcome: str, http: Http) -> None:
    with Sandbox([f"{kind}:{name}"], render_s=0) as sandbox:
        provider = provider_of(sandbox, name)
        order = order_at(name, http, provider)
        submission = ask(http, provider.submit(order))
        assert submission.outcome == outcome, submission
        assert 0 < len(submission.reason) <= 200
        probe = ask(http, provider.probe(ticket_of(provider, order, submission), frozenset()))
        assert probe.found == "absent", probe
        assert sandbox.bill()["accepted"] == 0


@pytest.mark.parametrize("name", OFFERS)
def test_a_hidden_job_is_absent(name: str, http: Http) -> None:
    with Sandbox([f"lost-answer:{name}", f"hide:{name}"], render_s=0) as sandbox:
        provider = provider_of(sandbox, name)
        order = order_at(name, http, provider)
        submission = ask(http, provider.submit(order))
        probe = ask(http, provider.probe(ticket_of(provider, order, submission), frozenset()))
        assert (submission.outcome, probe.found) == ("unknown", "absent")


@pytest.mark.parametrize("name", OFFERS)
def test_a_failed_job_is_known_to_be_free(name: str, http: Http) -> None:
    with Sandbox([f"fail:{name}"], render_s=0) as sandbox:
        provider = provider_of(sandbox, name)
        order = order_at(name, http, provider)
        submission = ask(http, provider.submit(order))
        progress = followed(http, provider, ticket_of(provider, order, submission))
        assert (progress.state, progress.charged, progress.cost) == ("failed", "no", None)
        assert progress.reason


@pytest.mark.parametrize("name", OFFERS)
def test_a_cost_that_is_not_said_is_none(name: str, http: Http) -> None:
    with Sandbox([f"no-cost:{name}"], render_s=0) as sandbox:
        provider = provider_of(sandbox, name)
        order = order_at(name, http, provider)
        submission = ask(http, provider.submit(order))
        progress = followed(http, provider, ticket_of(provider, order, submission))
        assert (progress.state, progress.cost) == ("done", None)
        assert progress.reason


def test_fal_bills_the_same_in_seconds_and_in_dollars(http: Http) -> None:
    for unit in ("dollars", "seconds"):
        with Sandbox(render_s=0, fal_unit=unit) as sandbox:
            provider = provider_of(sandbox, "fal")
            order = order_at("fal", http, provider)
            submission = ask(http, provider.submit(order))
            progress = followed(http, provider, ticket_of(provider, order, submission))
            assert progress.cost is not None
            assert progress.cost.amount.amount == Decimal("1.4")
            assert progress.cost.units == ("1.4" if unit == "dollars" else "10")


def test_four_results_at_runware_cost_four_times_as_much(http: Http) -> None:
    with Sandbox(render_s=0.05) as sandbox:
        provider = provider_of(sandbox, "runware")
        order = replace(order_at("runware", http, provider), outputs=4)
        submission = ask(http, provider.submit(order))
        progress = followed(http, provider, ticket_of(provider, order, submission))
        assert progress.cost is not None
        assert (progress.delivered, len(progress.outputs), progress.cost.amount.amount) == (4, 4, Decimal("5.6"))


def test_a_second_post_of_a_runware_task_is_not_taken_for_a_refusal(http: Http) -> None:
    with Sandbox(render_s=0) as sandbox:
        provider = provider_of(sandbox, "runware")
        order = order_at("runware", http, provider)
        assert ask(http, provider.submit(order)).outcome == "accepted"
        assert ask(http, provider.submit(order)).outcome == "unknown"


def test_a_template_job(http: Http) -> None:
    with Sandbox(render_s=0) as sandbox:
        provider = provider_of(sandbox, "creatify")
        order = make_order(
            "creatify/custom_template:standard", attempt=str(uuid4()), variables={"seconds": 31, "name": "Ada"}
        )
        submission = ask(http, provider.submit(order))
        assert submission.outcome == "accepted", submission
        progress = followed(http, provider, ticket_of(provider, order, submission))
        assert progress.cost is not None
        assert str(progress.cost.amount) == "10 creatify-credit"
