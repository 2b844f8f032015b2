"""What a webhook says: which jobs, in each provider's documented form; everything else is no message."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import BadRequest
from router.hints import JOBS_MAX, SOURCES, Said, Source, read_message, webhook_base
from tests.strategies import json_texts

TASK = "0c7e2f5e-6a44-4a0e-9a37-0d5a3c1f9b11"
JOB = "76cdd8b1-e337-4fe3-925f-513f86047104"
FAL = "764cabcf-b745-4b3e-ae38-1200304cf45b"


def said(source: Source, value: object) -> Said | None:
    return read_message(source, json.dumps(value).encode())


def test_the_documented_bodies() -> None:
    fal = {"request_id": FAL, "gateway_request_id": JOB, "status": "OK", "payload": {"video": {"url": "https://x/y"}}}
    assert said("fal", fal) == Said((FAL,), True)
    task = {"taskType": "videoInference", "taskUUID": TASK, "videoUUID": JOB, "cost": 1.4, "videoURL": "https://x/y"}
    assert said("runware", task) == said("runware", {"data": [task]}) == said("runware", [task]) == Said((TASK,), True)
    assert said("runware", {"data": [task, task, {**task, "taskUUID": JOB}]}) == Said((TASK, JOB), True)
    assert said("runware", {"errors": [{"code": "x", "taskUUID": TASK.upper()}]}) == Said((TASK,), True)
    done = {"id": JOB, "status": "done", "failed_reason": "", "video_output": "https://x/y"}
    assert said("creatify", done) == Said((JOB,), True)
    for status, over in {
        "pending": False,
        "in_queue": False,
        "running": False,
        "failed": True,
        "rejected": True,
    }.items():
        assert said("creatify", {**done, "status": status}) == Said((JOB,), over)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"null", b"7", b'"x"', b"<html>", b"\xff", b"[" * 50_000, b'{"id":' * 50_000,
        f'{{"id": "{JOB}", "id": "{TASK}"}}'.encode(), f'{{"request_id": "{FAL}", "x": NaN}}'.encode(),
        f'{{"taskUUID": "{TASK}", "cost": Infinity}}'.encode(), json.dumps({"id": JOB}).encode("utf-16"),
        b'{"id": "../../x", "request_id": "../../x", "taskUUID": "../../x"}', b'{"request_id": ""}',
        b'{"id": ["x"], "request_id": {"a": 1}, "taskUUID": 1}',
    ],
)  # fmt: skip
def test_anything_else_is_no_message(source: Source, body: bytes) -> None:
    assert read_message(source, body) is None


def test_a_message_about_too_many_jobs_is_none() -> None:
    tasks = [{"taskUUID": f"{n:08x}-6a44-4a0e-9a37-0d5a3c1f9b11"} for n in range(JOBS_MAX + 1)]
    assert said("runware", {"data": tasks}) is None
    assert said("runware", {"data": tasks[1:]}) is not None


@given(source=st.sampled_from(SOURCES), body=st.one_of(st.binary(max_size=200), json_texts().map(str.encode)))
def test_whatever_comes_it_is_a_message_or_none(source: Source, body: bytes) -> None:
    found = read_message(source, body)
    assert found is None or all(name.isascii() and name.isprintable() for name in found.jobs)


def test_where_webhooks_are_to_be_sent() -> None:
    assert webhook_base("https://app.example/hooks/secret/") == "https://app.example/hooks/secret"
    longest = "https://app.example/" + "x" * (200 - len("/creatify") - 20)
    assert len(f"{webhook_base(longest)}/creatify") == 200
    for odd in ("", "app.example", "ftp://x/y", "https://a b/", "https://x/?s=1", "https://x/#y", f"{longest}x"):
        with pytest.raises(BadRequest) as raised:
            webhook_base(odd)
        assert "secret" not in str(raised.value)
