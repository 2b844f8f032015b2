"""Runware: one task, its acknowledgement, its cumulative results and their costs, its key."""

import base64
import json
from decimal import Decimal
from pathlib import Path

import pytest

from pricing import Money
from router.errors import ProviderError
from router.providers import Runware
from router.providers._http import rows, table
from router.talk import Progress, Reply

from .talking import ATTEMPT, KEYS, LOST, NOT_SENT, dec, drive, order, reply, ticket

V1, FAST = "runware/creatify:aurora@0", "runware/creatify:aurora@fast"
RUNWARE = Runware.from_env(KEYS)
TICKET = ticket(V1, ATTEMPT)
ACK = {"taskType": "videoInference", "taskUUID": ATTEMPT}

# The seven example responses of runware.ai/docs/models/creatify-aurora-v1 and …-v1-fast, as published.
EXAMPLES = [
    (V1, "67613ddc-2405-42bb-be8b-9714e84e63aa", "f041a335-f6db-4dcd-af1c-3f429763319a", "a20d05", "1.82"),
    (V1, "9b4261db-3c7d-4fa2-9dfd-7a6fadb01a7f", "54efc27f-1074-409a-b453-6990f9dc6237", "a25d05", "1.54"),
    (V1, "1a24e3e0-67bb-4a7f-8639-34d1dc0add0b", "280af5c4-9220-4437-9df6-25f6e8a4f6b8", "a08d21", "1.4"),
    (V1, "568019a0-82cd-45be-aa1c-46e3d0bba9b1", "5a309bc4-88cc-47dc-957c-502cd77797e6", "a25d05", "1.54"),
    (FAST, "0d8ba56d-0201-4246-b62c-b80fcd78789a", "349a8383-5dae-4191-979f-0e6243877d1c", "a24d12", "0.98"),
    (FAST, "c734d6e1-a1b2-45a5-9deb-aec768e1e1c3", "7aaf6f1b-dc63-447f-9002-c4f71509179d", "a22d05", "0.77"),
    (FAST, "cf245b6a-1815-4d86-8248-31bab664c505", "a16ce5a6-4915-4d51-b516-fa0145c94015", "a22d05", "1.26"),
]
PUBLISHED = """{{
  "taskType": "videoInference",
  "taskUUID": "{task}",
  "videoUUID": "{video}",
  "videoURL": "https://vm.runware.ai/video/os/{host}/ws/5/vi/{video}.mp4",
  "cost": {cost}
}}"""


def data(*items: object, status: int = 200) -> Reply:
    return reply(status, {"data": list(items)})


def errors(*items: object, status: int = 200, found: object = ()) -> Reply:
    return reply(status, {"data": found, "errors": list(items)})


def error(code: str, **more: object) -> dict[str, object]:
    return {"code": code, "message": "words", "taskType": "videoInference", "taskUUID": ATTEMPT, **more}


def finished(video: str, cost: object = None, **more: object) -> dict[str, object]:
    item = {**ACK, "status": "success", "videoUUID": video, "videoURL": f"https://vm.runware.ai/{video}.mp4", **more}
    return item if cost is None else {**item, "cost": cost}


@pytest.mark.parametrize(("offer", "task", "video", "host", "cost"), EXAMPLES)
def test_the_seven_published_examples(offer: str, task: str, video: str, host: str, cost: str) -> None:
    published = PUBLISHED.format(task=task, video=video, host=host, cost=cost)
    body = b'{"data":[' + published.encode() + b"]}"
    got, calls = drive(RUNWARE.poll(ticket(offer, task, attempt=task)), Reply(200, {}, body))
    assert (got.state, got.delivered) == ("done", 1)
    assert got.outputs == (f"https://vm.runware.ai/video/os/{host}/ws/5/vi/{video}.mp4",)
    assert got.cost is not None
    assert (got.cost.amount, got.cost.evidence) == (Money.of(cost, "USD"), "inline")
    assert calls[0].json == [{"taskType": "getResponse", "taskUUID": task}]


def test_the_body_is_one_task_that_asks_for_its_cost() -> None:
    got, (call,) = drive(RUNWARE.submit(order(V1)), data(ACK))
    assert (got.outcome, got.provider_job) == ("accepted", ATTEMPT)
    assert call.json == [
        {
            "taskType": "videoInference",
            "taskUUID": ATTEMPT,
            "model": "creatify:aurora@0",
            "includeCost": True,
            "deliveryMethod": "async",
            "numberResults": 1,
            "inputs": {"image": "https://media.example/face.jpg", "audio": "https://media.example/talk.mp3"},
        }
    ]
    assert (call.method, call.url) == ("POST", "https://api.runware.ai/v1")
    assert call.secret_headers == {"authorization": "Bearer rw-secret-key"}
    full = RUNWARE.payload(order(FAST, prompt="calm", guidance=dec("1.6"), outputs=4, webhook_url="https://h.example/"))
    assert {name: value for name, value in full.items() if name not in ("taskType", "taskUUID", "inputs")} == {
        "model": "creatify:aurora@fast",
        "includeCost": True,
        "deliveryMethod": "async",
        "numberResults": 4,
        "positivePrompt": "calm",
        "CFGScale": dec("1.6"),
        "webhookURL": "https://h.example/",
    }


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (data(ACK), "accepted"),
        (data({**ACK, "taskUUID": ATTEMPT.upper()}), "accepted"),
        (errors(error("someWarning"), found=[ACK]), "accepted"),
        (data({**ACK, "taskUUID": "another"}), "unknown"),
        (data(), "unknown"),
        (data("x", 7, None), "unknown"),
        (reply(200, {"errors": []}), "unknown"),
        # A readable 2xx with nothing but an error that stops a task before it runs.
        (errors(error("insufficientCredits")), "refused"),
        (errors(error("quotaExceeded")), "refused"),
        (errors(error("balanceTooLow")), "refused"),
        (errors(error("paymentRequired")), "refused"),
        (errors(error("apiRateLimitReached")), "refused"),
        (errors(error("invalidApiKey", taskUUID=None)), "refused"),
        (errors({"code": "missingApiKey", "message": "x"}), "refused"),
        (errors(error("invalidInputAudio")), "refused"),
        (errors(error("missingInputs")), "refused"),
        (errors(error("unsupportedParameter")), "refused"),
        (
            errors({"taskUUID": ATTEMPT, "status": "error", "error": {"code": "invalidModel", "message": "x"}}),
            "refused",
        ),
        # … and what may come from a task that ran, or from another one.
        (errors(error("internalServerError")), "unknown"),
        (errors(error("timeoutProvider")), "unknown"),
        (errors(error("providerError")), "unknown"),
        (errors(error("invalidProviderResponse")), "unknown"),
        (errors(error("contentPolicyViolation")), "unknown"),
        (errors(error("")), "unknown"),
        (errors(error("invalidModel"), error("inferenceError")), "unknown"),
        (errors(error("invalidModel"), error("invalidModel", taskUUID="another")), "unknown"),
        (errors(error("invalidModel"), found=[{"taskUUID": "another"}]), "unknown"),
        (errors(error("invalidModel", taskUUID="another")), "unknown"),
        (errors("x"), "unknown"),
        # The key is taken: our own earlier POST, or nobody's.
        (errors(error("conflictTaskUUID")), "unknown"),
        (errors(error("conflictTaskUUID"), status=400), "unknown"),
        (errors(error("conflictTaskUUID"), found=[ACK]), "unknown"),
        (reply(400, b'{"errors":[{"code":"conflictTaskUUID","mess'), "unknown"),
        (reply(400, {"errors": [{"error": {"code": "duplicateTaskUUID"}}]}), "unknown"),
        # By status.
        (errors(error("invalidModel"), status=400), "refused"),
        (errors(error("insufficientCredits"), status=402), "refused"),
        (errors(error("invalidModel"), status=400, found=[ACK]), "unknown"),
        (errors(error("serviceUnavailable"), status=503), "unknown"),
        (errors(error("invalidModel"), status=422), "unknown"),
        (LOST, "unknown"),
        (NOT_SENT, "not_sent"),
    ],
)
def test_what_a_submit_means(answer: Reply, outcome: str) -> None:
    got, calls = drive(RUNWARE.submit(order(V1)), answer)
    assert got.outcome == outcome, got
    assert len(calls) == 1
    assert got.reason or outcome == "accepted"


def test_a_prompt_that_speaks_of_conflict_is_no_conflict() -> None:
    got, _ = drive(RUNWARE.submit(order(V1)), data({**ACK, "positivePrompt": "a conflict at sea"}))
    assert got.outcome == "accepted"


@pytest.mark.parametrize("status", ["success", "completed", None, "anything"])
def test_a_result_is_finished_by_its_word_or_its_url(status: str | None) -> None:
    got, _ = drive(RUNWARE.poll(TICKET), data(finished("v", 1.4, status=status)))
    assert (got.state, got.delivered) == ("done", 1)


@pytest.mark.parametrize("status", ["processing", "pending", "queued", "scheduled", "waiting", "dreaming", None])
def test_any_other_word_still_runs(status: str | None) -> None:
    got, _ = drive(RUNWARE.poll(TICKET), reply(200, {"data": [{**ACK, "status": status}]}, retry_after="2"))
    assert (got.state, got.retry_after_s) == ("running", 2.0)


def test_results_are_cumulative_and_counted_once() -> None:
    four = ticket(V1, ATTEMPT, outputs=4)
    some = [finished("a", 1.4), finished("b", 1.4), finished("a", 1.4)]
    got, _ = drive(RUNWARE.poll(four), data(*some, {**ACK, "status": "processing"}))
    assert (got.state, got.delivered, got.cost) == ("running", 2, None)
    got, _ = drive(RUNWARE.poll(four), data(*some, finished("c", 0.7), finished("d", 1.4), finished("c", 0.7)))
    assert got.cost is not None
    assert (got.state, got.delivered, got.cost.amount) == ("done", 4, Money.of("4.9", "USD"))
    assert len(set(got.outputs)) == len(got.outputs) == 4


def test_other_tasks_do_not_count() -> None:
    other = {**finished("x", 9), "taskUUID": "another"}
    got, _ = drive(RUNWARE.poll(TICKET), data(other, finished("v", 1.4)))
    assert got.cost is not None
    assert (got.delivered, got.cost.amount) == (1, Money.of("1.4", "USD"))


@pytest.mark.parametrize(
    "costs",
    [
        [None],
        [0],
        [0.0],
        [-1],
        ["x"],
        ["NaN"],
        [True],
        [[]],
        [1e30],
        [1.4, None],
        [1.4, 0],
    ],
)
def test_a_cost_that_is_not_wholly_known_is_none(costs: list[object]) -> None:
    items = [finished(f"v{position}", cost) for position, cost in enumerate(costs)]
    got, _ = drive(RUNWARE.poll(ticket(V1, ATTEMPT, outputs=len(costs))), data(*items))
    assert (got.state, got.delivered, got.cost) == ("done", len(costs), None)
    assert "cost" in got.reason


def test_two_costs_for_one_result_are_none() -> None:
    got, _ = drive(RUNWARE.poll(TICKET), data(finished("a", 1.4), finished("a", 1.54)))
    assert (got.state, got.cost) == ("done", None)
    got, _ = drive(RUNWARE.poll(TICKET), data(finished("a"), finished("a", 1.54)))
    assert got.cost is not None, "said once is said"


def test_nan_in_an_answer_makes_it_unreadable() -> None:
    body = json.dumps({"data": [finished("a", float("nan"))]}).encode()
    assert drive(RUNWARE.poll(TICKET), Reply(200, {}, body), data())[0].state == "unreachable"


FLAT = error("inferenceError", status="error")
NESTED = {**ACK, "status": "error", "error": {"code": "contentPolicyViolation", "message": "not this"}}


@pytest.mark.parametrize(
    "answer",
    [
        errors(FLAT),
        errors(NESTED),
        data(NESTED),
        errors(FLAT, status=400),
        errors(error("internalServerError", status="error")),
    ],
)
def test_a_failed_task_is_free(answer: Reply) -> None:
    got, _ = drive(RUNWARE.poll(TICKET), answer)
    assert (got.state, got.charged, got.cost, got.delivered) == ("failed", "no", None, 0)
    assert "words" in got.reason or "not this" in got.reason


def test_a_cancelled_task_may_be_charged() -> None:
    got, _ = drive(RUNWARE.poll(TICKET), errors(error("taskCancelled", status="error")))
    assert (got.state, got.charged) == ("failed", "maybe")


def test_some_of_several_fail() -> None:
    two = ticket(V1, ATTEMPT, outputs=2)
    got, _ = drive(RUNWARE.poll(two), errors({**FLAT, "resultIndex": 1}, found=[finished("a", 1.4)]))
    assert got.cost is not None
    assert (got.state, got.delivered, got.cost.amount) == ("done", 1, Money.of("1.4", "USD"))
    got, _ = drive(RUNWARE.poll(two), errors({**FLAT, "resultIndex": 1}, found=[{**ACK, "status": "processing"}]))
    assert got.state == "running"
    got, _ = drive(RUNWARE.poll(two), errors({**FLAT, "resultIndex": 0}, {**FLAT, "resultIndex": 0}))
    assert got.state == "running", "the same failure twice is one"
    got, _ = drive(RUNWARE.poll(two), errors({**FLAT, "resultIndex": 0}, {**FLAT, "resultIndex": 1}))
    assert (got.state, got.charged) == ("failed", "no")
    got, _ = drive(RUNWARE.poll(two), errors(FLAT))
    assert (got.state, got.charged) == ("failed", "maybe"), "one error of two: it does not say whose"


@pytest.mark.parametrize(
    "answer",
    [
        LOST,
        NOT_SENT,
        reply(500),
        reply(502, b"<html>"),
        errors(error("invalidApiKey", taskUUID=None), status=401),
        errors(error("apiRateLimitReached"), status=429),
        errors(error("apiRateLimitReached")),
        errors(error("taskNotFound")),
        errors({**error("invalidTaskUUID"), "taskType": "getResponse"}, status=400),
        errors(error("invalidTaskUUID"), status=400),
        errors(error("internalServerError", taskUUID=None)),
        errors(error("internalServerError", status="error", taskType=None)),
        errors(error("inferenceError")),
        errors(error("inferenceError", status="error"), status=500),
        errors(error("inferenceError", taskUUID="another")),
    ],
)
def test_a_poll_that_says_nothing(answer: Reply) -> None:
    talk = RUNWARE.poll(TICKET)
    next(talk)
    try:
        talk.send(answer)
        talk.send(LOST)
    except StopIteration as stop:
        progress: Progress = stop.value
        assert (progress.state, bool(progress.reason)) == ("unreachable", True)
    else:
        pytest.fail("a poll asks twice at most")


def test_what_polling_has_forgotten_is_read_from_the_archive() -> None:
    kept = {"taskType": "getTaskDetails", "taskUUID": ATTEMPT, "response": {"data": [finished("a", 1.4)]}}
    got, calls = drive(RUNWARE.poll(TICKET), data(), data(kept))
    assert got.cost is not None
    assert (got.state, got.cost.amount) == ("done", Money.of("1.4", "USD"))
    assert calls[1].json == [{"taskType": "getTaskDetails", "taskUUID": ATTEMPT}]
    got, _ = drive(RUNWARE.poll(TICKET), data(), data({**kept, "response": [finished("a", 1.4)]}))
    assert got.state == "done"
    assert drive(RUNWARE.poll(TICKET), data(), data())[0].state == "unreachable"


def test_a_task_that_is_no_longer_known_is_gone_and_not_failed() -> None:
    """Only where both looks succeed, at what is running and at what is archived, and neither shows it."""
    nothing = (data(), errors(error("taskNotFound")), errors(error("taskNotFound"), status=404))
    for first in nothing:
        for second in nothing:
            got, _ = drive(RUNWARE.poll(TICKET), first, second)
            assert (got.state, got.gone, got.charged, got.cost) == ("unreachable", True, "maybe", None)
        for second in (LOST, reply(500), reply(429), errors(error("invalidApiKey", taskUUID=None), status=401)):
            assert drive(RUNWARE.poll(TICKET), first, second)[0].gone is False
    assert drive(RUNWARE.poll(TICKET), LOST)[0].gone is False
    assert drive(RUNWARE.poll(TICKET), reply(404, {"detail": "Not found"}))[0].gone is False, "a gateway's word"


GONE = errors({**error("taskNotFound"), "taskType": "getTaskDetails"}, status=404)


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ((data({**ACK, "status": "processing"}),), "found"),
        ((data(finished("a", 1.4)),), "found"),
        ((errors(FLAT),), "found"),
        ((data(), data({"taskType": "getTaskDetails", "taskUUID": ATTEMPT})), "found"),
        ((data(), data()), "absent"),
        ((data(), GONE), "absent"),
        ((errors(error("taskNotFound")), GONE), "absent"),
        ((data(), LOST), "unsure"),
        ((LOST,), "unsure"),
        ((NOT_SENT,), "unsure"),
        ((reply(500),), "unsure"),
        ((reply(404, b"<html>"),), "unsure"),
        ((reply(200, b""),), "unsure"),
        ((reply(200, {}),), "unsure"),
        ((reply(200, []),), "unsure"),
        ((data({**ACK, "taskUUID": "another"}),), "unsure"),
        ((errors(error("invalidApiKey", taskUUID=None), status=401),), "unsure"),
        ((data(), errors(error("invalidTaskType", taskType="getTaskDetails"), status=400)), "unsure"),
        ((data(), errors(error("taskFailedOrNotFound"))), "unsure"),
        ((data(), errors(error("taskExpired"))), "unsure"),
        ((data(), errors(error("modelNotFound"))), "unsure"),
        ((data(), errors(error("taskNotFound", taskUUID=None))), "unsure"),
        ((data(), errors(error("taskNotFound"), error("internalServerError"))), "unsure"),
        ((data(), errors(error("taskNotFound"), status=500)), "unsure"),
    ],
)
def test_absence_needs_two_clean_looks(answers: tuple[Reply, ...], found: str) -> None:
    got, calls = drive(RUNWARE.probe(TICKET, frozenset({ATTEMPT})), *answers)
    assert got.found == found, got
    assert got.provider_job == (ATTEMPT if found == "found" else None)
    assert all(call.purpose == "probe" for call in calls)


def test_absence_is_proof_after_an_hour_for_a_day() -> None:
    assert (RUNWARE.proof_after_s, RUNWARE.proof_until_s) == (3600, 86_400)


def test_a_file_becomes_a_media_uuid(tmp_path: Path) -> None:
    path = tmp_path / "talk.mp3"
    path.write_bytes(b"sound")
    media = "13797275-8403-428a-b277-15aff0bc6f36"
    got, (call,) = drive(
        RUNWARE.upload(path, "audio"), data({"taskType": "mediaStorage", "taskUUID": "x", "mediaUUID": media})
    )
    assert got == media
    (task,) = map(table, rows(call.json))
    assert (task["taskType"], task["operation"]) == ("mediaStorage", "upload")
    assert task["media"] == "data:audio/mpeg;base64," + base64.b64encode(b"sound").decode()


@pytest.mark.parametrize(
    "answer",
    [
        LOST,
        NOT_SENT,
        reply(401),
        reply(413),
        reply(200, b"<"),
        data(),
        errors(error("invalidMedia")),
        data({"mediaUUID": "../x"}),
    ],
)
def test_an_upload_that_fails(answer: Reply, tmp_path: Path) -> None:
    path = tmp_path / "talk.mp3"
    path.write_bytes(b"sound")
    with pytest.raises(ProviderError, match="runware"):
        drive(RUNWARE.upload(path, "audio"), answer)
    with pytest.raises(ProviderError, match="cannot be read"):
        drive(RUNWARE.upload(tmp_path / "gone.mp3", "audio"))


def test_there_is_no_cancel() -> None:
    assert drive(RUNWARE.cancel(TICKET)) == (False, [])


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"prompt": "x"}, "1 characters"),
        ({"prompt": ""}, "0 characters"),
        ({"prompt": "x" * 3001}, "3001"),
        ({"guidance": dec("10.01")}, "10.01"),
        ({"guidance": dec("-1")}, "-1"),
        ({"guidance": dec("1.005")}, "steps of 0.01"),
        ({"guidance": Decimal("Infinity")}, "Infinity"),
        ({"guidance": Decimal("NaN")}, "NaN"),
        ({"audio_guidance": dec("2")}, "audio_guidance"),
        ({"outputs": 5}, "5"),
        ({"outputs": 0}, "0"),
        ({"attempt": "not-a-uuid"}, "taskUUID"),
        ({"audio": "data:audio/wav;base64,AA"}, "audio"),
        ({"audio": " "}, "audio is missing"),
        ({"webhook_url": "ftp://h.example"}, "webhook_url"),
        ({"kind": "template"}, "template"),
        ({"offer": "runware/klingai:avatar@2.0"}, "klingai"),
    ],
)
def test_limits(changes: dict[str, object], word: str) -> None:
    why = RUNWARE.check(order(V1, **changes))
    assert why is not None
    assert word in why


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "xy"},
        {"prompt": "x" * 3000},
        {"guidance": dec("0")},
        {"guidance": dec("10")},
        {"guidance": dec("1.60")},
        {"outputs": 4},
        {"image": "13797275-8403-428a-b277-15aff0bc6f36", "audio": "13797275-8403-428a-b277-15aff0bc6f36"},
        {"image": "data:image/png;base64,AA"},
    ],
)
def test_within_the_limits(changes: dict[str, object]) -> None:
    assert RUNWARE.check(order(V1, **changes)) is None
