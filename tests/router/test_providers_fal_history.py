"""fal: what its history proves, what cancelling does, how files are brought."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from router.errors import ProviderError
from router.talk import Probe, Reply, fingerprint

from .talking import LOST, dec, drive, order, reply, ticket
from .test_providers_fal import DONE, FAL, HANDLE, OFFER, REQUEST, TICKET

BODY: Mapping[str, object] = FAL.payload(order(OFFER, guidance=dec("1"), prompt="calm"))
SENT = ticket(OFFER, None, fingerprint=fingerprint(BODY))
INPUT = {
    "image_url": "https://media.example/face.jpg",
    "audio_url": "https://media.example/talk.mp3",
    "prompt": "calm",
    "guidance_scale": 1.0,
    "resolution": "720p",
}


def row(request: str, stored: object = INPUT, at: object = "2026-11-20T12:00:05Z", **more: object) -> dict[str, object]:
    return {
        "request_id": request,
        "endpoint_id": "fal-ai/creatify/aurora",
        "started_at": at,
        "status_code": 200,
        "json_input": stored,
        **more,
    }


def history(*items: object, cursor: str | None = None) -> Reply:
    return reply(200, {"items": list(items), "next_cursor": cursor, "has_more": cursor is not None})


def probed(*answers: Reply, claimed: frozenset[str] = frozenset()) -> Probe:
    return drive(FAL.probe(SENT, claimed), *answers)[0]


def test_a_probe_finds_the_one_request_with_our_input() -> None:
    got, calls = drive(FAL.probe(SENT, frozenset()), history(row("other", {"image_url": "x"}), row(REQUEST)))
    assert (got.found, got.provider_job, got.handle) == ("found", REQUEST, HANDLE)
    assert calls[0].url == (
        "https://api.fal.ai/v1/models/requests/by-endpoint?endpoint_id=fal-ai%2Fcreatify%2Faurora"
        "&expand=payloads&start=2026-11-20T11%3A58%3A00Z&limit=100"
    )


@pytest.mark.parametrize(
    "stored",
    [
        INPUT,
        {**INPUT, "guidance_scale": 1},
        {**INPUT, "audio_guidance_scale": 2},
        {**INPUT, "audio_guidance_scale": 2.0},
        {name: value for name, value in INPUT.items() if name != "guidance_scale"} | {"guidance_scale": 1},
        {**INPUT, "negative": None},
    ],
)
def test_defaults_that_fal_fills_in_do_not_hide_our_request(stored: object) -> None:
    assert probed(history(row(REQUEST, stored))).found == "found"


@pytest.mark.parametrize(
    "stored",
    [
        {**INPUT, "prompt": "Calm"},
        {**INPUT, "audio_guidance_scale": 3},
        {**INPUT, "resolution": "480p"},
        {**INPUT, "seed": 1},
        {"image_url": "x"},
    ],
)
def test_another_input_is_another_request(stored: object) -> None:
    assert probed(history(row(REQUEST, stored))).found == "absent"


def test_what_was_sent_much_later_is_another_attempt() -> None:
    assert probed(history(row("later", sent_at="2026-11-20T12:20:00Z"))).found == "absent"
    late_start = row(REQUEST, at="2026-11-20T13:00:00Z", sent_at="2026-11-20T12:00:01Z")
    assert probed(history(late_start)).found == "found", "it waited in the queue"


def test_what_is_already_ours_or_older_is_not_it() -> None:
    old = row("old", at="2026-11-20T11:57:59Z")
    assert probed(history(row(REQUEST), row("two"), old), claimed=frozenset({"two"})).provider_job == REQUEST
    assert probed(history(row("two"), old), claimed=frozenset({"two"})).found == "absent"
    assert probed(history(row("skewed", at="2026-11-20T11:58:30+00:00"))).found == "found"
    assert probed(history(row("naive", at=None, sent_at="2026-11-20T12:00:00"))).found == "found"


def test_two_that_fit_are_neither() -> None:
    assert probed(history(row(REQUEST), row("two"))).found == "unsure"
    assert probed(history(row(REQUEST), cursor="c"), history(row("two"))).found == "unsure"
    assert probed(history(row(REQUEST), cursor="c"), history(row(REQUEST))).found == "found", "the same one twice"


@pytest.mark.parametrize(
    "vague", [row("x", None), row("x", {}), row("x", at=None), row("x", at="yesterday"), row("a/b"), "row", 7, {}]
)
def test_a_row_that_cannot_be_judged_leaves_it_open(vague: object) -> None:
    assert probed(history(vague)).found == "unsure"


@pytest.mark.parametrize(
    "answer",
    [
        LOST,
        reply(401),
        reply(403, {"detail": "Admin API key"}),
        reply(500),
        reply(200, {}),
        reply(200, []),
        reply(200, b"<"),
    ],
)
def test_a_history_that_is_refused_leaves_it_open(answer: Reply) -> None:
    got = probed(answer)
    assert (got.found, bool(got.reason)) == ("unsure", True)
    assert probed(history(row(REQUEST), cursor="c"), answer).found == "unsure"


def test_pages_are_followed_but_not_for_ever() -> None:
    got, calls = drive(FAL.probe(SENT, frozenset()), history(cursor="Mg"), history(row(REQUEST)))
    assert got.found == "found"
    assert calls[1].url.endswith("&cursor=Mg")
    endless = [history(cursor=str(page)) for page in range(20)]
    assert probed(*endless).found == "unsure"
    assert probed(reply(200, {"items": [], "has_more": True})).found == "unsure"


def test_absence_is_never_proof() -> None:
    assert FAL.proof_after_s is None
    assert FAL.takes_files


def test_cancelling_is_believed_only_when_the_job_ended() -> None:
    accepted = reply(202, {"status": "CANCELLATION_REQUESTED"})
    ended, calls = drive(FAL.cancel(TICKET), accepted, reply(200, {"status": "COMPLETED", "error": "client_cancelled"}))
    assert ended is True
    assert [(call.method, call.url) for call in calls] == [("PUT", HANDLE["cancel_url"]), ("GET", HANDLE["status_url"])]
    assert drive(FAL.cancel(TICKET), accepted, reply(200, {"status": "IN_PROGRESS"}))[0] is False
    assert drive(FAL.cancel(TICKET), accepted, DONE)[0] is False
    assert drive(FAL.cancel(TICKET), accepted, LOST)[0] is False
    assert drive(FAL.cancel(TICKET), reply(400, {"status": "ALREADY_COMPLETED"}))[0] is False
    assert drive(FAL.cancel(TICKET), LOST)[0] is False


def test_an_upload_is_initiated_and_put_without_the_key(tmp_path: Path) -> None:
    path = tmp_path / "talk.mp3"
    signed = {"file_url": "https://v3.fal.media/files/talk.mp3", "upload_url": "https://storage.example/signed?x=y"}
    got, calls = drive(FAL.upload(path, "audio"), reply(200, signed), reply(200, b""))
    assert got == signed["file_url"]
    first, second = calls
    assert first.url == "https://rest.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3"
    assert first.json == {"content_type": "audio/mpeg", "file_name": "talk.mp3"}
    assert (second.method, second.url, second.content) == ("PUT", signed["upload_url"], path)
    assert dict(second.secret_headers) == {}


@pytest.mark.parametrize(
    "answers",
    [
        (LOST,),
        (reply(401, {"detail": "no"}),),
        (reply(200, b"<html>"),),
        (reply(200, {"file_url": "https://a.example/x"}),),
        (reply(200, {"file_url": "https://a.example/x", "upload_url": "http://a.example/x"}),),
        (reply(200, {"file_url": "x", "upload_url": "https://a.example/x"}),),
        (reply(200, {"file_url": "https://a.example/x", "upload_url": "https://a.example/x"}), reply(403, b"<xml>")),
        (reply(200, {"file_url": "https://a.example/x", "upload_url": "https://a.example/x"}), LOST),
    ],
)
def test_an_upload_that_fails_bought_nothing(answers: tuple[Reply, ...]) -> None:
    with pytest.raises(ProviderError):
        drive(FAL.upload(Path("talk.mp3"), "audio"), *answers)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"guidance": dec("5.01")}, "5.01"),
        ({"guidance": dec("-0.1")}, "-0.1"),
        ({"guidance": Decimal("NaN")}, "NaN"),
        ({"audio_guidance": dec("6")}, "audio_guidance"),
        ({"settings": {"resolution": "1080p"}}, "1080p"),
        ({"outputs": 2}, "outputs"),
        ({"image": ""}, "image is missing"),
        ({"audio": "ftp://a.example/x.mp3"}, "ftp"),
        ({"audio": "data:audio/wav;base64,AA"}, "data"),
        ({"image": "https://"}, "image"),
        ({"webhook_url": "not a url"}, "webhook_url"),
        ({"kind": "template"}, "template"),
    ],
)
def test_limits(changes: dict[str, object], word: str) -> None:
    why = FAL.check(order(OFFER, **changes))
    assert why is not None
    assert word in why


def test_within_the_limits() -> None:
    for guidance in ("0", "5", "2.55"):
        assert FAL.check(order(OFFER, guidance=dec(guidance), audio_guidance=dec(guidance))) is None
    assert FAL.check(order(OFFER, image="face.jpg", audio="/tracks/talk.wav")) is None, "a local file is uploaded first"
    assert SENT.started_at == datetime(2026, 11, 20, 12, tzinfo=UTC)
