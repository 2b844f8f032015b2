"""Whatever a provider answers: nothing is raised, nothing is invented, and only what is documented is a refusal."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import read_webhook
from router.errors import ProviderError
from router.ports import Talk
from router.providers import shipped
from router.talk import Answer, Broken, Reply
from tests.strategies import answers, replies

from .talking import ATTEMPT, JOB, KEYS, NO_FIELDS, order, ticket

T = TypeVar("T")
PROVIDERS = shipped(KEYS)
REFUSED = {400, 401, 402, 403, 404, 413, 415, 429}
OFFERS = [
    "creatify/aurora_v1",
    "creatify/custom_template:standard",
    "fal/fal-ai/creatify/aurora",
    "runware/creatify:aurora@0",
]
every = pytest.mark.parametrize("offer", OFFERS)
UNLISTED = st.integers(100, 599).filter(lambda status: status not in REFUSED and not 200 <= status < 300)
LAST = Broken(sent=True, error="the server went away")


def told(talk: Talk[T], said: Sequence[Answer]) -> T:
    """The meaning after these answers; whatever more is asked goes unanswered."""
    left = list(said)
    try:
        next(talk)
        for _ in range(100):
            talk.send(left.pop(0) if left else LAST)
    except StopIteration as stop:
        return cast("T", stop.value)
    raise AssertionError("the conversation does not end")


def provider_of(offer: str) -> str:
    return offer.partition("/")[0]


def follow(offer: str) -> str | None:
    return ATTEMPT if offer.startswith("runware/") else JOB


@every
@given(answer=answers())
def test_a_submit_never_raises_and_refuses_only_by_the_book(offer: str, answer: Answer) -> None:
    got = told(PROVIDERS[provider_of(offer)].submit(order(offer)), [answer])
    assert got.reason or got.outcome == "accepted"
    assert len(got.reason) <= 200
    assert got.reason.isprintable()
    assert (got.provider_job is not None) == (got.outcome == "accepted")
    assert all(isinstance(value, str) for value in got.handle.values())
    if isinstance(answer, Broken):
        assert got.outcome == ("unknown" if answer.sent else "not_sent")
        return
    assert got.outcome != "not_sent", "an answer proves that something was sent"
    if got.outcome == "accepted":
        assert 200 <= answer.status < 300
    if got.outcome == "refused":
        free_422 = answer.status == 422 and provider_of(offer) == "fal"
        worded = 200 <= answer.status < 300 and provider_of(offer) == "runware" and b'"code"' in answer.body
        assert answer.status in REFUSED or free_422 or worded


@every
@given(answer=replies(UNLISTED))
def test_an_unlisted_status_is_never_a_refusal(offer: str, answer: Reply) -> None:
    if answer.status == 422 and "x-fal-billable-units" in answer.headers:
        return
    assert told(PROVIDERS[provider_of(offer)].submit(order(offer)), [answer]).outcome == "unknown"


@every
@given(said=st.lists(answers(), max_size=4))
def test_a_poll_never_raises_and_never_invents_money(offer: str, said: list[Answer]) -> None:
    provider = PROVIDERS[provider_of(offer)]
    got = told(provider.poll(ticket(offer, follow(offer), handle=NO_FIELDS)), said)
    assert len(got.reason) <= 200
    if got.state in ("running", "unreachable"):
        assert (got.cost, got.outputs) == (None, ())
    if got.state == "failed":
        assert (got.outputs, got.delivered) == ((), 0)
    if got.cost is not None:
        currency = "creatify-credit" if provider.name == "creatify" else "USD"
        assert got.cost.amount.currency == currency
        assert got.cost.amount.nanos >= 0
    assert got.retry_after_s is None or 0 <= got.retry_after_s <= 3600
    if not any(isinstance(answer, Reply) and answer.body for answer in said[:1]):
        assert got.state == "unreachable", "silence is never a failure"


@every
@given(said=st.lists(answers(), max_size=4), claimed=st.frozensets(st.sampled_from([ATTEMPT, JOB])))
def test_a_probe_never_raises_and_silence_is_never_absence(
    offer: str, said: list[Answer], claimed: frozenset[str]
) -> None:
    got = told(PROVIDERS[provider_of(offer)].probe(ticket(offer, None), claimed), said)
    assert (got.provider_job is not None) == (got.found == "found")
    assert got.reason or got.found == "found"
    good = [answer for answer in said if isinstance(answer, Reply) and answer.status < 500 and answer.body]
    if not good:
        assert got.found == "unsure"


@every
@given(said=st.lists(answers(), max_size=3))
def test_a_cancel_never_raises(offer: str, said: list[Answer]) -> None:
    assert told(PROVIDERS[provider_of(offer)].cancel(ticket(offer, follow(offer))), said) in (True, False)


def uploaded(name: str, path: Path, said: Sequence[Answer]) -> str | ProviderError:
    try:
        return told(PROVIDERS[name].upload(path, "audio"), said)
    except ProviderError as error:
        return error


@pytest.mark.parametrize("name", ["fal", "runware"])
@given(said=st.lists(answers(), min_size=1, max_size=3))
def test_an_upload_answers_a_reference_or_says_why_not(
    name: str, said: list[Answer], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "talk.wav"
    path.write_bytes(b"RIFF")
    got = uploaded(name, path, said)
    assert str(got).isprintable()
    assert str(got)


@given(body=st.binary(max_size=200))
def test_a_webhook_is_an_id_or_nothing(body: bytes) -> None:
    got = read_webhook(body)
    assert got is None or len(got) == 36


@given(reply=replies())
def test_a_webhook_of_json_is_an_id_or_nothing(reply: Reply) -> None:
    got = read_webhook(reply.body)
    assert got in (None, ATTEMPT, JOB)
