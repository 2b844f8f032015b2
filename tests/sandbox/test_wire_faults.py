"""Faults of the connection and of single calls, as a client meets them over real sockets; the bill stays true."""

import contextlib
import socket
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
import pytest

from router.sandbox import Sandbox

from .talker import FAL, Hand, Talker, items, read, task, wave
from .test_faults import PROVIDERS, UNANSWERED, counts, fetch, submit


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def raw_submit(talker: Talker) -> bytes:
    """All bytes of the answer to a submit at fal, however it ends. Raises ConnectionResetError."""
    address = urlsplit(talker.env["FAREGATE_FAL_QUEUE_URL"])
    body = b'{"image_url":"https://x.example/a.png","audio_url":"https://x.example/a-9s.mp3"}'
    head = f"POST /fal/queue/{FAL} HTTP/1.1\r\nhost: x\r\nauthorization: {talker.fal_key['Authorization']}\r\n"
    with socket.create_connection((address.hostname, address.port), 5) as client:
        client.sendall(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
        parts: list[bytes] = []
        while part := client.recv(65_536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("kind", ["reset-at-0", "reset-at-20", "reset-at-9999", "lost-request"])
def test_a_request_that_is_stopped_accepts_nothing(talker: Talker, provider: str, kind: str) -> None:
    talker.sandbox.add_fault(f"{kind}:{provider}")
    with pytest.raises(UNANSWERED):
        submit(talker, provider)
    assert counts(talker) == (1, 0)
    assert submit(talker, provider).is_success, "the server goes on"


@pytest.mark.parametrize("kind", ["reset-at-5", "reset-answer", "reset-at-connect"])
def test_a_reset_is_a_reset(talker: Talker, kind: str) -> None:
    talker.sandbox.add_fault(f"{kind}:fal")
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        raw_submit(talker)


@pytest.mark.parametrize("kind", ["lost-answer", "lost-request"])
def test_a_closed_connection_is_no_reset(talker: Talker, kind: str) -> None:
    talker.sandbox.add_fault(f"{kind}:fal")
    assert raw_submit(talker) == b""


def test_a_long_upload_is_reset_while_it_is_sent(talker: Talker) -> None:
    """The client is still writing: far more than the buffers between the two hold."""
    talker.sandbox.add_fault("reset-at-200000@upload:fal")
    address = urlsplit(talker.env["FAREGATE_FAL_REST_URL"])
    sent = 0
    with socket.create_connection((address.hostname, address.port), 5) as client:
        client.sendall(b"PUT /files/big.wav HTTP/1.1\r\nhost: x\r\ncontent-length: 400000000\r\n\r\n")
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            while sent < 400_000_000:
                sent += client.send(bytes(65_536))
    assert 200_000 <= sent < 400_000_000, "it ended by an error, not by itself"
    assert talker.put("small.wav", wave("1")).endswith("/small.wav")


def test_an_upload_and_a_task_with_media_can_be_reset_at_runware(talker: Talker) -> None:
    talker.sandbox.add_fault("reset-at-100@upload:runware")
    media = "data:audio/wav;base64," + "A" * 300_000
    with pytest.raises((*UNANSWERED, httpx.WriteError)):
        talker.runware({**task(), "taskType": "mediaStorage", "operation": "upload", "media": media})
    assert talker.runware(task()).status_code == 200, "a submit is another call"


@pytest.mark.parametrize("where", ["head", "body"])
@pytest.mark.parametrize("count", [0, 1, 17, 60, 10_000])
def test_a_reply_is_cut_after_so_many_bytes(talker: Talker, where: str, count: int) -> None:
    whole = raw_submit(talker)
    body = whole.partition(b"\r\n\r\n")[2]
    talker.sandbox.add_fault(f"cut-{where}-{count}:fal")
    got = raw_submit(talker)
    head, gap, rest = got.partition(b"\r\n\r\n")
    if where == "head":
        assert rest == b""
        assert got.startswith(b"HTTP/1.1 200 OK\r\n"[:count])
        assert len(got) == count or (count == 10_000 and gap)
    else:
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert f"content-length: {len(body)}".encode() in head
        assert len(rest) == min(count, len(body))
    assert counts(talker) == (2, 2)


def test_no_cut_of_the_head_is_an_answer(talker: Talker, provider: str) -> None:
    for count in (0, 8, 30, 60):
        talker.sandbox.add_fault(f"cut-head-{count}:{provider}")
        with pytest.raises(UNANSWERED):
            submit(talker, provider)
    assert counts(talker) == (4, 4)


@pytest.mark.parametrize(
    ("kind", "status"),
    [("after-409", 409), ("after-503", 503), ("malformed", None), ("empty", None), ("html-after", 200)],
)
def test_a_spoilt_reply_hides_an_accepted_job(
    talker: Talker, hand: Hand, provider: str, kind: str, status: int | None
) -> None:
    talker.sandbox.add_fault(f"{kind}:{provider}")
    response = submit(talker, provider)
    assert status in (None, response.status_code)
    if status in (None, 200):
        assert response.is_success
        with pytest.raises(ValueError, match=r".+"):
            response.json()
    hand.pass_s(10)
    assert counts(talker) == (1, 1)


def test_a_throttled_client_is_told_how_long(talker: Talker, provider: str) -> None:
    talker.sandbox.add_fault(f"throttle-7:{provider}")
    talker.sandbox.add_fault(f"throttle-date-30:{provider}")
    seconds, date = submit(talker, provider), submit(talker, provider)
    assert (seconds.status_code, seconds.headers["retry-after"]) == (429, "7")
    assert date.status_code == 429
    assert parsedate_to_datetime(date.headers["retry-after"]).tzinfo is not None
    assert counts(talker) == (2, 0)


def test_late_and_slow_take_their_time_and_are_whole() -> None:
    with Sandbox(["late-0.3:fal", "slow-0.3:fal"], render_s=0) as sandbox, Talker(sandbox) as talker:
        for _ in range(2):
            began = time.monotonic()
            assert talker.fal().json()["request_id"]
            assert time.monotonic() - began >= 0.25


def test_slow_comes_in_pieces(talker: Talker) -> None:
    talker.sandbox.add_fault("slow-0.2:fal")
    url = f"{talker.env['FAREGATE_FAL_QUEUE_URL']}/{FAL}"
    body = {"image_url": "https://x.example/a.png", "audio_url": "https://x.example/a.mp3"}
    with talker.http.stream("POST", url, json=body, headers=talker.fal_key) as response:
        assert len(list(response.iter_raw())) > 3


CALLS: dict[str, Callable[[Talker], httpx.Response]] = {
    "poll:fal": lambda talker: talker.fal_get(talker.fal().json()["status_url"]),
    "result:fal": lambda talker: talker.fal_get(talker.fal().json()["response_url"]),
    "probe:fal": lambda talker: talker.fal_api("models/requests/by-endpoint"),
    "cost:fal": lambda talker: talker.fal_api("models/pricing"),
    "cancel:fal": lambda talker: talker.http.put(talker.fal().json()["cancel_url"], headers=talker.fal_key),
    "upload:fal": lambda talker: talker.http.put(f"{talker.sandbox.urls['files']}/a.wav", content=wave("1")),
    "poll:runware": lambda talker: talker.runware({**task(), "taskType": "getResponse"}),
    "probe:runware": lambda talker: talker.runware({**task(), "taskType": "getTaskDetails"}),
    "upload:runware": lambda talker: talker.runware(
        {**task(), "taskType": "mediaStorage", "operation": "upload", "media": "data:audio/wav;base64,QUJD"}
    ),
    "cost:runware": lambda talker: talker.runware(
        {**task(), "taskType": "accountManagement", "operation": "getDetails"}
    ),
    "poll:creatify": lambda talker: talker.creatify_get(f"aurora/{talker.creatify().json()['id']}/"),
    "probe:creatify": lambda talker: talker.creatify_get("aurora/"),
    "cost:creatify": lambda talker: talker.creatify_get("remaining_credits/"),
    "download:creatify": lambda talker: talker.http.get(f"{talker.sandbox.urls['outputs']}/creatify/x.mp4"),
}


@pytest.mark.parametrize("call", CALLS)
def test_every_call_can_be_struck_by_itself(talker: Talker, call: str) -> None:
    word, _, owner = call.partition(":")
    usual = CALLS[call](talker).status_code
    assert usual != 503
    talker.sandbox.add_fault(f"status-503@{word}:{owner}")
    assert CALLS[call](talker).status_code == 503
    talker.sandbox.add_fault(f"lost-answer@{word}:{owner}")
    with pytest.raises(UNANSWERED):
        CALLS[call](talker)
    talker.sandbox.add_fault(f"reset-at-0@{word}:{owner}")
    with pytest.raises(UNANSWERED):
        CALLS[call](talker)
    assert CALLS[call](talker).status_code == usual


def test_a_poll_is_found_by_what_its_submit_said(talker: Talker, provider: str) -> None:
    call = "result" if provider == "fal" else "poll"
    talker.sandbox.add_fault(f"status-500@{call}:{provider}:*~clip-7")
    submit(talker, provider, "clip-7")
    assert fetch(talker, provider).status_code == 500
    talker.sandbox.forget()
    talker.sandbox.add_fault(f"status-500@{call}:{provider}:*~clip-7")
    submit(talker, provider, "clip-8")
    assert fetch(talker, provider).status_code != 500


def test_a_download_is_resumed_from_any_byte(talker: Talker) -> None:
    url = f"{talker.sandbox.urls['outputs']}/fal/x.mp4"
    whole = talker.http.get(url).content
    assert whole.startswith(b"\x00\x00\x00\x18ftypisom")
    talker.sandbox.add_fault("cut-body-700@download:fal")
    got = bytearray()
    with contextlib.suppress(*UNANSWERED), talker.http.stream("GET", url) as response:
        for part in response.iter_raw():
            got += part
    assert bytes(got) == whole[:700], "and of the rest nothing"
    rest = talker.http.get(url, headers={"Range": "bytes=700-"})
    assert (rest.status_code, rest.headers["content-range"]) == (206, f"bytes 700-{len(whole) - 1}/{len(whole)}")
    assert bytes(got) + rest.content == whole
    assert talker.http.get(url, headers={"Range": f"bytes={len(whole)}-"}).status_code == 416


def test_one_provider_refuses_connections_while_the_others_serve(hand: Hand, sandbox: Sandbox) -> None:
    sandbox.add_fault("down-for-60:fal")
    for _ in range(2):
        with Talker(sandbox) as talker:
            with pytest.raises(httpx.ConnectError):
                talker.fal()
            assert talker.runware(task()).status_code == 200
            assert talker.creatify().status_code == 201
    assert sandbox.bill()["submits"] == 4
    hand.pass_s(60)
    sandbox.advance(0)
    with Talker(sandbox) as talker:
        assert talker.fal().status_code == 200


def test_a_kept_connection_is_reset_when_its_provider_goes_down(talker: Talker, provider: str) -> None:
    assert submit(talker, provider).is_success
    talker.sandbox.add_fault(f"down-for-60:{provider}")
    with pytest.raises((*UNANSWERED, httpx.ConnectError)):
        submit(talker, provider)
    assert counts(talker) == (1, 1)


def test_time_passes_when_it_is_told_to(talker: Talker) -> None:
    clock = f"{talker.sandbox.urls['sandbox']}/_clock"
    wanted = task()
    talker.runware(wanted)
    before = talker.http.get(clock).json()
    assert talker.http.post(clock, params={"advance": "10.5"}).json()["ahead_s"] == before["ahead_s"] + 10.5
    assert items(talker.poll(wanted)["data"])[0]["status"] == "success"
    for bad in ("", "-1", "NaN", "1e3", "99999999999", "x"):
        assert talker.http.post(clock, params={"advance": bad}).status_code == 400
    with pytest.raises(ValueError, match="clock"):
        talker.sandbox.advance(-1)
    assert read(talker.http.get(talker.sandbox.urls["bill"]))["accepted"] == 1
