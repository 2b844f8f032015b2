"""Runware's HTTP as documented, over real sockets."""

import base64
from decimal import Decimal
from uuid import UUID, uuid4

import httpx
import pytest

from .talker import AUDIO, IMAGE, Hand, Json, Talker, items, read, task, wave


def codes(response: httpx.Response) -> list[object]:
    return [error["code"] for error in items(read(response)["errors"])]


def test_a_task_is_acknowledged_processed_and_delivered_with_its_cost(talker: Talker, hand: Hand) -> None:
    wanted = task()
    response = talker.runware(wanted)
    named = {"taskType": "videoInference", "taskUUID": wanted["taskUUID"]}
    assert (response.status_code, read(response)) == (200, {"data": [named]})
    assert talker.poll(wanted) == {"data": [{**named, "status": "processing"}]}
    hand.pass_s(10)
    done = talker.poll(wanted)
    (item,) = items(done["data"])
    assert {**item, **named, "status": "success", "cost": Decimal("1.4")} == item
    assert UUID(str(item["videoUUID"]))
    assert talker.http.get(str(item["videoURL"])).status_code == 200
    assert talker.poll(wanted) == done, "the same again, and not billed again"
    assert talker.bill()["total"] == {"USD": "1.4", "creatify-credit": "0"}


@pytest.mark.parametrize(
    ("model", "seconds", "results", "cost", "total"),
    [
        ("creatify:aurora@0", "13", 1, "1.82", "1.82"),
        ("creatify:aurora@0", "9.4", 1, "1.4", "1.4"),
        ("creatify:aurora@fast", "17.2", 1, "1.26", "1.26"),
        ("creatify:aurora@fast", "17.2", 4, "1.26", "5.04"),
        ("creatify:aurora@fast", "0.001", 1, "0.07", "0.07"),
    ],
)
def test_each_result_costs_its_started_seconds(
    talker: Talker, hand: Hand, model: str, seconds: str, results: int, cost: str, total: str
) -> None:
    inputs = {"image": IMAGE, "audio": f"https://media.example/a.mp3?seconds={seconds}"}
    wanted = task(model=model, numberResults=results, inputs=inputs)
    talker.runware(wanted)
    hand.pass_s(10)
    delivered = items(talker.poll(wanted)["data"])
    assert [item["cost"] for item in delivered] == [Decimal(cost)] * results
    assert len({item["videoUUID"] for item in delivered}) == results
    assert talker.bill()["total"] == {"USD": total, "creatify-credit": "0"}


def test_results_come_one_after_another_and_replies_are_cumulative(talker: Talker, hand: Hand) -> None:
    wanted = task(numberResults=4)
    talker.runware(wanted)
    seen: list[list[object]] = []
    for _ in range(5):
        seen.append([item["status"] for item in items(talker.poll(wanted)["data"])])
        hand.pass_s(2.5)
    assert [states.count("success") for states in seen] == [0, 1, 2, 3, 4]
    assert {len(states) for states in seen} == {4}


@pytest.mark.parametrize("flag", [False, None])
def test_cost_is_told_only_when_asked_for(talker: Talker, hand: Hand, flag: bool | None) -> None:
    wanted = task()
    wanted.pop("includeCost")
    talker.runware(wanted if flag is None else {**wanted, "includeCost": flag})
    hand.pass_s(10)
    assert "cost" not in items(talker.poll(wanted)["data"])[0]
    assert talker.bill()["total"] == {"USD": "1.4", "creatify-credit": "0"}


def test_a_repeated_task_uuid_is_a_conflict_and_is_not_billed_twice(talker: Talker, hand: Hand) -> None:
    wanted = task()
    talker.runware(wanted)
    again = talker.runware(wanted)
    assert (again.status_code, codes(again)) == (400, ["conflictTaskUUID"])
    assert items(read(again)["errors"])[0]["taskUUID"] == wanted["taskUUID"]
    hand.pass_s(10)
    bill = talker.bill()
    assert (bill["submits"], bill["accepted"]) == (2, 1)
    assert bill["total"] == {"USD": "1.4", "creatify-credit": "0"}


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"taskUUID": "not-a-uuid"}, "taskUUID"),
        ({"taskUUID": "00000000-0000-1000-8000-000000000000"}, "taskUUID"),
        ({"taskUUID": None}, "taskUUID"),
        ({"model": "creatify:aurora@9"}, "model"),
        ({"model": None}, "model"),
        ({"positivePrompt": "a"}, "positivePrompt"),
        ({"positivePrompt": "a" * 3001}, "positivePrompt"),
        ({"CFGScale": -1}, "CFGScale"),
        ({"CFGScale": 10.01}, "CFGScale"),
        ({"CFGScale": 1.005}, "CFGScale"),
        ({"numberResults": 0}, "numberResults"),
        ({"numberResults": 5}, "numberResults"),
        ({"numberResults": 1.5}, "numberResults"),
        ({"numberResults": "1"}, "numberResults"),
        ({"outputType": "dataURI"}, "outputType"),
        ({"outputFormat": "AVI"}, "outputFormat"),
        ({"outputQuality": 19}, "outputQuality"),
        ({"ttl": 59}, "ttl"),
        ({"deliveryMethod": "sync"}, "deliveryMethod"),
        ({"includeCost": "yes"}, "includeCost"),
        ({"webhookURL": "nowhere"}, "webhookURL"),
        ({"audioGuidance": 2}, "audioGuidance"),
        ({"inputs": {"image": IMAGE}}, "inputs"),
        ({"inputs": {"image": IMAGE, "audio": str(uuid4())}}, "inputs.audio"),
        ({"inputs": {"image": IMAGE, "audio": "data:audio/wav;base64,AAAA"}}, "inputs.audio"),
        ({"inputs": {"image": "nothing", "audio": AUDIO}}, "inputs.image"),
    ],
)
def test_a_task_outside_the_limits_is_refused(talker: Talker, fields: Json, parameter: str) -> None:
    response = talker.runware(task(**fields))
    (error,) = items(read(response)["errors"])
    assert response.status_code == 400
    assert error["parameter"] == parameter
    assert error.keys() >= {"code", "message", "taskType", "taskUUID", "documentation"}
    assert (talker.bill()["submits"], talker.bill()["accepted"]) == (1, 0)


def test_limits_themselves_are_allowed(talker: Talker) -> None:
    most = task(positivePrompt="ab", CFGScale=10, numberResults=4, outputQuality=99, ttl=60, outputFormat="WEBM")
    least = task(positivePrompt="a" * 3000, CFGScale=0.01, numberResults=1, outputQuality=20, deliveryMethod="async")
    response = talker.runware(most, least)
    assert response.status_code == 200
    assert len(items(read(response)["data"])) == 2


def test_errors_are_scoped_to_their_task(talker: Talker) -> None:
    good, bad = task(), task(numberResults=9)
    body = read(talker.runware(good, bad))
    assert [item["taskUUID"] for item in items(body["data"])] == [good["taskUUID"]]
    assert [item["taskUUID"] for item in items(body["errors"])] == [bad["taskUUID"]]


def test_an_unknown_id_gives_nothing_and_has_no_details(talker: Talker) -> None:
    assert talker.poll(task()) == {"data": []}
    details = talker.runware({"taskType": "getTaskDetails", "taskUUID": str(uuid4())})
    assert (details.status_code, codes(details)) == (404, ["taskNotFound"])


def test_details_hold_the_request_and_the_response(talker: Talker, hand: Hand) -> None:
    wanted = task()
    talker.runware(wanted)
    hand.pass_s(10)
    (details,) = items(read(talker.runware({"taskType": "getTaskDetails", "taskUUID": wanted["taskUUID"]}))["data"])
    assert details["request"] == wanted
    assert details["response"] == talker.poll(wanted)


@pytest.mark.parametrize("form", ["data URI", "base64", "our URL"])
def test_stored_media_are_measured_when_they_are_used(talker: Talker, hand: Hand, form: str) -> None:
    text = base64.b64encode(wave("10.001")).decode()
    media = {"data URI": f"data:audio/wav;base64,{text}", "base64": text}
    given = talker.put("talk.wav", wave("10.001")) if form == "our URL" else media[form]
    upload: Json = {"taskType": "mediaStorage", "taskUUID": str(uuid4()), "operation": "upload", "media": given}
    (stored,) = items(read(talker.runware(upload))["data"])
    wanted = task(inputs={"image": IMAGE, "audio": stored["mediaUUID"]})
    assert talker.runware(wanted).status_code == 200
    hand.pass_s(10)
    assert items(talker.bill()["jobs"])[0]["billed_seconds"] == "11"
    assert talker.bill()["submits"] == 1, "an upload is no submit"


@pytest.mark.parametrize("fields", [{"operation": "delete"}, {"media": "%"}, {"media": ""}, {"media": None}])
def test_media_that_cannot_be_stored_are_refused(talker: Talker, fields: Json) -> None:
    upload = {"taskType": "mediaStorage", "taskUUID": str(uuid4()), "operation": "upload", "media": "QUJD"}
    assert talker.runware({**upload, **fields}).status_code == 400


def test_the_key_may_be_a_header_or_the_first_task(talker: Talker) -> None:
    url, key = talker.env["FAREGATE_RUNWARE_URL"], talker.env["RUNWARE_API_KEY"]
    first = {"taskType": "authentication", "apiKey": key}
    assert talker.http.post(url, json=[first, task()]).status_code == 200
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Key {key}"}):
        response = talker.http.post(url, json=[task()], headers=headers)
        assert (response.status_code, codes(response)) == (401, ["invalidApiKey"])
    assert talker.bill()["accepted"] == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"[" * 3000, b'[{"taskType": NaN}]'])
def test_a_body_that_is_no_array_of_tasks_is_refused(talker: Talker, body: bytes) -> None:
    response = talker.http.post(talker.env["FAREGATE_RUNWARE_URL"], content=body, headers=talker.runware_key)
    assert (response.status_code, codes(response)) == (400, ["invalidRequestBody"])


def test_an_unknown_kind_of_task_is_refused(talker: Talker) -> None:
    response = talker.runware({"taskType": "imageInference", "taskUUID": str(uuid4())})
    assert (response.status_code, codes(response)) == (400, ["invalidTaskType"])
