"""Creatify: what is sent, what its statuses and credits mean, and that a webhook carries no money."""

import json
from pathlib import Path

import pytest

from pricing import Money
from router import read_webhook
from router.errors import ProviderError
from router.providers import Creatify
from router.talk import Reply

from .talking import ATTEMPT, JOB, KEYS, LOST, NOT_SENT, dec, drive, order, reply, ticket

CREATIFY = Creatify.from_env(KEYS)
AURORA, FAST, TEMPLATE = "creatify/aurora_v1", "creatify/aurora_v1_fast", "creatify/custom_template:standard"
URL = "https://s3.us-west-2.amazonaws.com/remotionlambda-uswest2-30tewi8y5c/renders/qpyttobqzy/output.mp4"
WEBHOOK = {"id": JOB, "status": "done", "failed_reason": "", "video_output": URL}
"""As published on docs.creatify.ai/api-documentation/aurora/aurora."""
DONE = {**WEBHOOK, "credits_used": 11, "duration": 10, "progress": 1}


def test_an_aurora_job_is_posted_under_our_name() -> None:
    got, (call,) = drive(
        CREATIFY.submit(order(FAST, prompt="calm", guidance=dec("2.5"), webhook_url="https://webhook.example")),
        reply(201, {"id": JOB, "status": "pending"}),
    )
    assert (got.outcome, got.provider_job) == ("accepted", JOB)
    assert (call.method, call.url) == ("POST", "https://api.creatify.ai/api/aurora/")
    assert call.secret_headers == {"x-api-id": "cr-id-1234", "x-api-key": "cr-secret-key"}
    assert call.json == {
        "name": ATTEMPT,
        "model_version": "aurora_v1_fast",
        "image": "https://media.example/face.jpg",
        "audio": "https://media.example/talk.mp3",
        "text_prompt": "calm",
        "prompt_guidance_scale": dec("2.5"),
        "webhook_url": "https://webhook.example",
    }
    assert set(CREATIFY.payload(order(AURORA))) == {"name", "model_version", "image", "audio"}


@pytest.mark.parametrize("model", ["standard", "aurora_v1", "aurora_v1_fast"])
def test_a_template_job_is_posted_with_its_variables(model: str) -> None:
    got, (call,) = drive(CREATIFY.submit(order(f"creatify/custom_template:{model}")), reply(201, {"id": JOB}))
    assert got.outcome == "accepted"
    assert call.url == "https://api.creatify.ai/api/custom_template_jobs/"
    assert call.json == {"name": ATTEMPT, "model_version": model, "template_id": JOB, "variables": {"name": "Ada"}}


@pytest.mark.parametrize("offer", [AURORA, TEMPLATE])
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (reply(201, {"id": JOB}), "accepted"),
        (reply(200, {"id": JOB, "status": "failed"}), "accepted"),
        (reply(202, {"id": JOB}), "unknown"),
        (reply(201, {"id": "7"}), "unknown"),
        (reply(201, {"id": f"{JOB}/../x"}), "unknown"),
        (reply(201, {"id": None}), "unknown"),
        (reply(201, [{"id": JOB}]), "unknown"),
        (reply(200, {"detail": "Insufficient credits"}), "unknown"),
        (reply(400, {"audio": ["This field is required."]}), "refused"),
        (reply(402, {"detail": "Insufficient credits"}), "refused"),
        (reply(422, {"detail": "x"}), "unknown"),
        (reply(500, {"id": JOB}), "unknown"),
    ],
)
def test_what_a_submit_means(offer: str, answer: Reply, outcome: str) -> None:
    got, _ = drive(CREATIFY.submit(order(offer)), answer)
    assert got.outcome == outcome
    assert (got.provider_job is not None) == (outcome == "accepted")


@pytest.mark.parametrize(
    ("credits_used", "amount"),
    [(b"11", "11"), (b"5.5", "5.5"), (b'"30.8"', "30.8"), (b"30.80", "30.8"), (b"0", "0"), (b"0.1", "0.1")],
)
def test_credits_used_is_the_cost(credits_used: bytes, amount: str) -> None:
    body = json.dumps({**DONE, "credits_used": None}).encode().replace(b"null", credits_used)
    got, (call,) = drive(CREATIFY.poll(ticket(AURORA)), reply(200, body))
    assert (got.state, got.outputs, got.delivered) == ("done", (URL,), 1)
    assert got.cost is not None
    assert (got.cost.amount, got.cost.evidence) == (Money.of(amount, "creatify-credit"), "inline")
    assert call.url == f"https://api.creatify.ai/api/aurora/{JOB}/"


@pytest.mark.parametrize("credits_used", [None, "", "x", "NaN", -1, True, [], {}, 1e30, "1e99"])
def test_credits_that_are_no_amount_are_unknown_never_zero(credits_used: object) -> None:
    got, _ = drive(CREATIFY.poll(ticket(AURORA)), reply(200, {**DONE, "credits_used": credits_used}))
    assert (got.state, got.cost) == ("done", None)
    assert "credits_used" in got.reason


def test_credits_that_are_absent_are_unknown() -> None:
    got, _ = drive(CREATIFY.poll(ticket(AURORA)), reply(200, WEBHOOK))
    assert (got.state, got.cost) == ("done", None)


def test_the_clip_is_in_either_field() -> None:
    other = {name: value for name, value in DONE.items() if name != "video_output"}
    got, (call,) = drive(CREATIFY.poll(ticket(TEMPLATE)), reply(200, {**other, "output": URL}))
    assert got.outputs == (URL,)
    assert call.url == f"https://api.creatify.ai/api/custom_template_jobs/{JOB}/"
    got, _ = drive(CREATIFY.poll(ticket(AURORA)), reply(200, {**other, "video_output": None}))
    assert (got.state, got.outputs, got.delivered) == ("done", (), 1)
    assert got.cost is not None


@pytest.mark.parametrize(
    ("offer", "status", "credits_used", "charged"),
    [
        (AURORA, "failed", None, "no"),
        (AURORA, "failed", 0, "no"),
        (AURORA, "rejected", None, "maybe"),
        (AURORA, "rejected", 0, "no"),
        (AURORA, "rejected", 11, "maybe"),
        (TEMPLATE, "failed", None, "maybe"),
        (TEMPLATE, "failed", 0, "no"),
        (TEMPLATE, "failed", "0.0", "no"),
        (TEMPLATE, "failed", "x", "maybe"),
        (TEMPLATE, "rejected", 5, "maybe"),
    ],
)
def test_whether_a_failed_job_was_charged(offer: str, status: str, credits_used: object, charged: str) -> None:
    body = {"id": JOB, "status": status, "failed_reason": "no face\nfound", "credits_used": credits_used}
    got, _ = drive(CREATIFY.poll(ticket(offer)), reply(200, body))
    assert (got.state, got.charged, got.cost) == ("failed", charged, None)
    assert got.reason.startswith(f"{status}: no face found")


@pytest.mark.parametrize("credits_used", [11, "0.5", "x", -1])
def test_credits_stated_for_a_failed_video_outweigh_the_rule_that_it_is_refunded(credits_used: object) -> None:
    """It gave its hold back though Creatify said that it had used credits: the refund may be yet to come, or never."""
    body = {"id": JOB, "status": "failed", "failed_reason": "no face", "credits_used": credits_used}
    got, _ = drive(CREATIFY.poll(ticket(AURORA)), reply(200, body))
    assert (got.state, got.charged, got.cost) == ("failed", "maybe", None)
    assert got.reason == f"failed: no face (credits_used {credits_used})"


def test_a_job_that_is_no_longer_known_is_gone_and_not_failed() -> None:
    got, _ = drive(CREATIFY.poll(ticket(AURORA)), reply(404, {"detail": "Not found."}))
    assert (got.state, got.gone, got.charged, got.cost) == ("unreachable", True, "maybe", None)
    for answer in (reply(200, {"id": str(JOB)}), reply(500, {"detail": "Not found."}), reply(403, {})):
        got, _ = drive(CREATIFY.poll(ticket(AURORA)), answer)
        assert (got.state, got.gone) == ("unreachable", False)


@pytest.mark.parametrize("status", ["pending", "in_queue", "running"])
def test_a_job_that_runs(status: str) -> None:
    got, _ = drive(CREATIFY.poll(ticket(AURORA)), reply(200, {"id": JOB, "status": status, "credits_used": 0}))
    assert (got.state, got.cost) == ("running", None)


@pytest.mark.parametrize(
    "answer",
    [
        *(LOST, NOT_SENT, reply(401), reply(404), reply(429), reply(500), reply(200, b"<"), reply(200, [])),
        *(reply(200, {}), reply(200, {"status": "completed"}), reply(200, {**DONE, "id": ATTEMPT})),
    ],
)
def test_a_poll_that_says_nothing(answer: Reply) -> None:
    got, _ = drive(CREATIFY.poll(ticket(AURORA)), answer)
    assert (got.state, bool(got.reason)) == ("unreachable", True)


@pytest.mark.parametrize("job", [None, "", "7", "../remaining_credits"])
def test_an_id_that_is_none_is_not_put_into_an_address(job: str | None) -> None:
    assert drive(CREATIFY.poll(ticket(AURORA, job)))[0].state == "unreachable"


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (reply(200, [{"id": JOB, "name": ATTEMPT}, {"id": ATTEMPT, "name": "x"}]), "found"),
        (reply(200, {"count": 1, "results": [{"id": JOB, "name": ATTEMPT}]}), "found"),
        (reply(200, [{"id": JOB, "name": ATTEMPT}, {"id": JOB, "name": ATTEMPT}]), "found"),
        (reply(200, []), "absent"),
        (reply(200, [{"id": JOB, "name": None}, "x", 7]), "absent"),
        (reply(200, [{"id": ATTEMPT, "name": ATTEMPT}]), "absent"),
        (reply(200, [{"id": JOB, "name": ATTEMPT}, {"id": JOB.replace("7", "8"), "name": ATTEMPT}]), "unsure"),
        (reply(200, [{"id": "../x", "name": ATTEMPT}]), "unsure"),
        (reply(200, {}), "unsure"),
        (reply(200, b"<"), "unsure"),
        (reply(403), "unsure"),
        (reply(500), "unsure"),
        (LOST, "unsure"),
    ],
)
def test_a_probe_looks_for_our_name(answer: Reply, found: str) -> None:
    got, (call,) = drive(CREATIFY.probe(ticket(AURORA, None), frozenset({ATTEMPT})), answer)
    assert got.found == found
    assert got.provider_job == (JOB if found == "found" else None)
    assert (call.method, call.url) == ("GET", "https://api.creatify.ai/api/aurora/?ordering=-created_at")


def test_absence_is_never_proof() -> None:
    assert CREATIFY.proof_after_s is None


def test_the_published_webhook_yields_an_id_and_nothing_else() -> None:
    assert read_webhook(json.dumps(WEBHOOK).encode()) == JOB
    assert read_webhook(json.dumps({**WEBHOOK, "credits_used": 11}).encode()) == JOB


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"<html>",
        b'{"id": 7}',
        b'{"id": "../x"}',
        b"\xff",
        b"[" * 50_000,
        b'{"id": "x"}' + b" " * 70_000,
    ],
)
def test_any_other_webhook_yields_nothing(body: bytes) -> None:
    assert read_webhook(body) is None


def test_it_takes_no_files_and_cancels_nothing() -> None:
    assert not CREATIFY.takes_files
    with pytest.raises(ProviderError, match="URL"):
        drive(CREATIFY.upload(Path("talk.mp3"), "audio"))
    assert drive(CREATIFY.cancel(ticket(AURORA))) == (False, [])


@pytest.mark.parametrize(
    ("offer", "changes", "word"),
    [
        (AURORA, {"guidance": dec("10.1")}, "10.1"),
        (AURORA, {"guidance": dec("-0.1")}, "-0.1"),
        (AURORA, {"audio_guidance": dec("1")}, "audio_guidance"),
        (AURORA, {"attempt": "x" * 256}, "255"),
        (AURORA, {"webhook_url": "https://webhook.example/" + "x" * 177}, "200"),
        (AURORA, {"webhook_url": "webhook"}, "webhook_url"),
        (AURORA, {"outputs": 2}, "outputs"),
        (AURORA, {"image": ""}, "image is missing"),
        (AURORA, {"image": "data:image/png;base64,AA"}, "data"),
        (AURORA, {"image": "https://a.example/face.gif"}, ".gif"),
        (AURORA, {"audio": "https://a.example/talk.ogg?x=.mp3"}, ".ogg"),
        (AURORA, {"audio": "https://a.example/talk.M4A"}, ".m4a"),
        (AURORA, {"audio": "https://a.example/face.png"}, ".png"),
        (AURORA, {"kind": "template"}, "template"),
        (TEMPLATE, {"kind": "avatar"}, "avatar"),
        (TEMPLATE, {"template_id": "not/a/uuid"}, "template_id"),
        (TEMPLATE, {"variables": {}}, "variables"),
        (TEMPLATE, {"outputs": 2}, "outputs"),
        (TEMPLATE, {"webhook_url": "https://webhook.example/" + "x" * 177}, "201 characters"),
        ("creatify/aurora_v2", {}, "aurora_v2"),
        ("creatify/custom_template:aurora_v2", {"template_id": JOB}, "aurora_v2"),
    ],
)
def test_limits(offer: str, changes: dict[str, object], word: str) -> None:
    why = CREATIFY.check(order(offer, **changes))
    assert why is not None
    assert word in why


@pytest.mark.parametrize(
    ("offer", "changes"),
    [
        (AURORA, {"guidance": dec("0")}),
        (AURORA, {"guidance": dec("10"), "webhook_url": "https://webhook.example/" + "x" * 176}),
        (AURORA, {"audio": "https://a.example/talk.WAV?sig=1", "image": "https://a.example/face.webp"}),
        (AURORA, {"audio": "https://a.example/stream?id=7"}),
        (TEMPLATE, {"variables": {"x": [1, {"y": None}]}}),
    ],
)
def test_within_the_limits(offer: str, changes: dict[str, object]) -> None:
    assert CREATIFY.check(order(offer, **changes)) is None
