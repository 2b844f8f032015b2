"""fal's HTTP as documented, over real sockets."""

import base64
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

import pytest

from router.sandbox import Sandbox

from .talker import FAL, Hand, Talker, items, member, read, wave


def test_a_request_is_queued_then_runs_then_completes_and_tells_units_on_the_result_only(
    talker: Talker, hand: Hand
) -> None:
    response = talker.fal(resolution="720p")
    receipt = read(response)
    assert response.status_code == 200
    assert receipt.keys() == {"request_id", "response_url", "status_url", "cancel_url", "queue_position"}
    assert f"/{FAL.rpartition('/')[0]}/requests/{receipt['request_id']}" in str(receipt["response_url"])
    assert "aurora" not in str(receipt["response_url"])
    url, status = str(receipt["response_url"]), str(receipt["status_url"])

    seen = [read(talker.fal_get(status))["status"]]
    assert talker.fal_get(url).status_code == 400
    hand.pass_s(5)
    seen.append(read(talker.fal_get(status))["status"])
    assert read(talker.http.get(talker.sandbox.urls["bill"]))["total"] == {"USD": "0", "creatify-credit": "0"}
    hand.pass_s(5)
    ended = talker.fal_get(status)
    seen.append(read(ended)["status"])
    assert seen == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
    assert "error" not in read(ended)
    assert "x-fal-billable-units" not in {*response.headers, *ended.headers}

    result = talker.fal_get(url)
    assert result.headers["x-fal-billable-units"] == "1.4"
    video = member(read(result), "video")
    assert talker.http.get(str(video["url"])).content[4:8] == b"ftyp"
    assert talker.bill()["total"] == {"USD": "1.4", "creatify-credit": "0"}


@pytest.mark.parametrize(
    ("seconds", "resolution", "units"),
    [
        ("9.4", "720p", "1.4"),
        ("9.4", "480p", "1"),
        ("10", "720p", "1.4"),
        ("10.001", "720p", "1.54"),
        ("0.1", None, "0.14"),
    ],
)
def test_started_seconds_are_billed(
    talker: Talker, hand: Hand, seconds: str, resolution: str | None, units: str
) -> None:
    wanted = {} if resolution is None else {"resolution": resolution}
    receipt = read(talker.fal(audio_url=f"https://media.example/a.mp3?seconds={seconds}", **wanted))
    hand.pass_s(10)
    assert talker.fal_get(str(receipt["response_url"])).headers["x-fal-billable-units"] == units
    assert talker.bill()["total"] == {"USD": units, "creatify-credit": "0"}


@pytest.mark.parametrize(
    ("fal_unit", "price_480p", "resolution", "units"),
    [
        ("dollars", "0.07", "480p", "0.7"),
        ("seconds", "0.10", "720p", "10"),
        ("seconds", "0.07", "480p", "5"),
        ("seconds", "0.10", "480p", "7.142857142857143"),
    ],
)
def test_units_times_the_unit_price_is_the_bill(
    fal_unit: Literal["dollars", "seconds"], price_480p: str, resolution: str, units: str
) -> None:
    with Sandbox(render_s=0, fal_unit=fal_unit, fal_price_480p=price_480p) as sandbox, Talker(sandbox) as talker:
        receipt = read(talker.fal(resolution=resolution))
        said = talker.fal_get(str(receipt["response_url"])).headers["x-fal-billable-units"]
        price = items(read(talker.fal_api("models/pricing"))["prices"])[0]
        total = member(talker.bill(), "total")
    assert said == units
    assert price == {
        "endpoint_id": FAL,
        "unit_price": Decimal("0.14") if fal_unit == "seconds" else 1,
        "unit": "seconds" if fal_unit == "seconds" else "units",
        "currency": "USD",
    }
    charge = Decimal(said) * Decimal(str(price["unit_price"]))
    assert round(charge, 9) == Decimal(str(total["USD"]))


def test_a_longer_output_is_billed_by_its_own_length() -> None:
    with Sandbox(render_s=0, output_extra_s="0.02") as sandbox, Talker(sandbox) as talker:
        talker.fal(audio_url="https://media.example/a.mp3?seconds=10")
        assert talker.bill()["total"] == {"USD": "1.54", "creatify-credit": "0"}


@pytest.mark.parametrize(
    "fields",
    [
        {"image_url": None},
        {"audio_url": None},
        {"audio_url": "talk.mp3"},
        {"audio_url": 7},
        {"prompt": 7},
        {"guidance_scale": -1},
        {"guidance_scale": 5.01},
        {"guidance_scale": "2"},
        {"audio_guidance_scale": 6},
        {"audio_guidance_scale": True},
        {"resolution": "1080p"},
        {"resolution": ["720p"]},
    ],
)
def test_a_request_outside_the_schema_is_refused_unbilled(talker: Talker, fields: dict[str, object]) -> None:
    response = talker.fal(**fields)
    assert response.status_code == 422
    assert response.headers["x-fal-billable-units"] == "0"
    detail = items(read(response)["detail"])
    assert detail[0]["loc"] == ["body", *fields]
    assert detail[0].keys() == {"loc", "msg", "type", "url"}
    assert (talker.bill()["submits"], talker.bill()["accepted"]) == (1, 0)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b'{"image_url": NaN}', b"[" * 2000])
def test_a_body_that_is_no_object_is_refused(talker: Talker, body: bytes) -> None:
    url = f"{talker.env['FAREGATE_FAL_QUEUE_URL']}/{FAL}"
    response = talker.http.post(url, content=body, headers=talker.fal_key)
    assert (response.status_code, response.headers["x-fal-billable-units"]) == (422, "0")


def test_limits_themselves_are_allowed(talker: Talker) -> None:
    assert talker.fal(guidance_scale=0, audio_guidance_scale=5, prompt="", resolution="480p").status_code == 200


def test_an_unknown_application_is_not_found(talker: Talker) -> None:
    url = f"{talker.env['FAREGATE_FAL_QUEUE_URL']}/fal-ai/other"
    response = talker.http.post(url, json={}, headers=talker.fal_key)
    assert (response.status_code, response.headers["x-fal-billable-units"]) == (404, "0")


@pytest.mark.parametrize("key", [{}, {"Authorization": "Key wrong"}, {"Authorization": "Bearer sandbox-fal-key"}])
def test_a_wrong_key_is_told_401_everywhere(talker: Talker, key: dict[str, str]) -> None:
    receipt = read(talker.fal())
    queue, rest = talker.env["FAREGATE_FAL_QUEUE_URL"], talker.env["FAREGATE_FAL_REST_URL"]
    api = talker.env["FAREGATE_FAL_API_URL"]
    calls = [
        ("POST", f"{queue}/{FAL}"),
        ("GET", str(receipt["status_url"])),
        ("GET", str(receipt["response_url"])),
        ("PUT", str(receipt["cancel_url"])),
        ("GET", f"{api}/models/pricing?endpoint_id={FAL}"),
        ("GET", f"{api}/models/requests/by-endpoint?endpoint_id={FAL}"),
        ("POST", f"{rest}/storage/upload/initiate"),
    ]
    assert {talker.http.request(verb, url, headers=key).status_code for verb, url in calls} == {401}
    assert talker.bill()["accepted"] == 1


def test_an_unknown_id_is_not_found(talker: Talker) -> None:
    url = f"{talker.env['FAREGATE_FAL_QUEUE_URL']}/fal-ai/creatify/requests/nobody"
    for response in (
        talker.fal_get(url),
        talker.fal_get(f"{url}/status"),
        talker.http.put(f"{url}/cancel", headers=talker.fal_key),
    ):
        assert (response.status_code, read(response)) == (404, {"status": "NOT_FOUND"})


def test_only_a_queued_request_is_really_cancelled(talker: Talker, hand: Hand) -> None:
    early, late = read(talker.fal()), read(talker.fal())
    first = talker.http.put(str(early["cancel_url"]), headers=talker.fal_key)
    hand.pass_s(5)
    second = talker.http.put(str(late["cancel_url"]), headers=talker.fal_key)
    for response in (first, second):
        assert (response.status_code, read(response)) == (202, {"status": "CANCELLATION_REQUESTED"})
    status = read(talker.fal_get(str(early["status_url"])))
    assert (status["status"], status["error_type"]) == ("COMPLETED", "client_cancelled")
    assert talker.fal_get(str(early["response_url"])).status_code == 499
    hand.pass_s(5)
    third = talker.http.put(str(late["cancel_url"]), headers=talker.fal_key)
    assert (third.status_code, read(third)) == (400, {"status": "ALREADY_COMPLETED"})
    assert talker.fal_get(str(late["response_url"])).status_code == 200
    assert [row["status"] for row in items(talker.bill()["jobs"])] == ["cancelled", "done"]
    assert talker.bill()["total"] == {"USD": "1.4", "creatify-credit": "0"}


def test_pricing_wants_known_endpoints(talker: Talker) -> None:
    assert talker.fal_api("models/pricing", {}).status_code == 400
    assert talker.fal_api("models/pricing", {"endpoint_id": "fal-ai/none"}).status_code == 404
    error = read(talker.fal_api("models/pricing", {}))["error"]
    assert error == {"type": "validation_error", "message": "Invalid request parameters"}


HISTORY = "models/requests/by-endpoint"


def test_history_lists_ended_requests_newest_first_with_payloads_on_demand(talker: Talker, hand: Hand) -> None:
    first = read(talker.fal(prompt="one"))
    hand.pass_s(10)
    second = read(talker.fal(prompt="two"))
    ended = items(read(talker.fal_api(HISTORY))["items"])
    assert [row["request_id"] for row in ended] == [first["request_id"]], "the second still runs"
    assert "json_input" not in ended[0]
    hand.pass_s(10)
    both = read(talker.fal_api(HISTORY, {"endpoint_id": FAL, "expand": "payloads"}))
    rows = items(both["items"])
    assert [row["request_id"] for row in rows] == [second["request_id"], first["request_id"]]
    assert rows[0]["json_input"] == {
        "image_url": "https://media.example/face.png",
        "audio_url": "https://media.example/talk-9.4s.mp3",
        "prompt": "two",
    }
    assert [row["status_code"] for row in rows] == [200, 200]
    assert (both["next_cursor"], both["has_more"]) == (None, False)


def test_history_pages_by_cursor(talker: Talker, hand: Hand) -> None:
    ids = [read(talker.fal())["request_id"] for _ in range(5)][::-1]
    hand.pass_s(10)
    seen: list[object] = []
    cursor: dict[str, str | list[str]] = {}
    for _ in range(3):
        page = read(talker.fal_api(HISTORY, {"endpoint_id": FAL, "limit": "2", **cursor}))
        seen += [row["request_id"] for row in items(page["items"])]
        cursor = {"cursor": str(page["next_cursor"])}
        assert page["has_more"] == (page["next_cursor"] is not None)
    assert seen == ids
    assert base64.b64encode(b"2").decode() == "Mg=="


def test_history_is_bounded_by_start_and_end(talker: Talker, hand: Hand) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    talker.fal()
    hand.pass_s(10)
    for start, end, count in [(0, 3600, 1), (0, 0, 0), (3600, 7200, 0)]:
        bounds = {
            "start": (before + timedelta(seconds=start)).isoformat(),
            "end": (before + timedelta(seconds=end)).isoformat(),
        }
        page = read(talker.fal_api(HISTORY, {"endpoint_id": FAL, **bounds}))
        assert len(items(page["items"])) == count
    hand.pass_s(25 * 3600)
    assert items(read(talker.fal_api(HISTORY))["items"]) == [], "without start it looks back a day"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"endpoint_id": FAL, "limit": "0"},
        {"endpoint_id": FAL, "limit": "101"},
        {"endpoint_id": FAL, "limit": "x"},
        {"endpoint_id": FAL, "cursor": "%%"},
        {"endpoint_id": FAL, "start": "yesterday"},
    ],
)
def test_history_refuses_nonsense(talker: Talker, params: dict[str, str | list[str]]) -> None:
    assert talker.fal_api(HISTORY, params).status_code == 400


def test_an_upload_is_measured_when_it_is_used(talker: Talker, hand: Hand) -> None:
    url = f"{talker.env['FAREGATE_FAL_REST_URL']}/storage/upload/initiate?storage_type=fal-cdn-v3"
    wanted = {"content_type": "audio/wav", "file_name": "my talk.wav"}
    slot = read(talker.http.post(url, json=wanted, headers=talker.fal_key))
    assert str(slot["file_url"]).endswith("-my-talk.wav")
    assert talker.http.put(str(slot["upload_url"]), content=wave("12.001")).status_code == 200
    assert talker.http.get(str(slot["file_url"])).content == wave("12.001")
    talker.fal(audio_url=slot["file_url"])
    hand.pass_s(10)
    assert items(talker.bill()["jobs"])[0]["billed_seconds"] == "13"
    assert talker.http.post(url, json={}, headers=talker.fal_key).status_code == 422


@pytest.mark.parametrize("kind", ["missing", "not audio", "no image"])
def test_media_that_cannot_be_used_fail_the_job_unbilled(talker: Talker, hand: Hand, kind: str) -> None:
    files = talker.sandbox.urls["files"]
    bad = {
        "missing": {"audio_url": f"{files}/none.wav"},
        "not audio": {"audio_url": talker.put("text.mp3", b"hello")},
        "no image": {"image_url": f"{files}/none.png"},
    }
    receipt = read(talker.fal(**bad[kind]))
    hand.pass_s(10)
    assert read(talker.fal_get(str(receipt["status_url"])))["error_type"] == "file_download_error"
    result = talker.fal_get(str(receipt["response_url"]))
    assert (result.status_code, result.headers["x-fal-billable-units"]) == (422, "0")
    assert talker.bill()["total"] == {"USD": "0", "creatify-credit": "0"}
    assert items(read(talker.fal_api(HISTORY))["items"])[0]["status_code"] == 422


def test_a_webhook_wish_is_acknowledged(talker: Talker) -> None:
    url = f"{talker.env['FAREGATE_FAL_QUEUE_URL']}/{FAL}?fal_webhook=https://app.example/hook"
    body = {"image_url": "https://media.example/a.png", "audio_url": "https://media.example/a.mp3"}
    receipt = read(talker.http.post(url, json=body, headers=talker.fal_key))
    assert receipt["gateway_request_id"] == receipt["request_id"]
