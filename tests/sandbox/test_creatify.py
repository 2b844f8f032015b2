"""Creatify's HTTP as documented, over real sockets."""

from decimal import Decimal
from uuid import uuid4

import pytest

from router.sandbox import Sandbox

from .talker import IMAGE, Hand, Json, Talker, items, read, wave


def test_an_aurora_job_walks_through_its_states_and_tells_its_credits_when_done(talker: Talker, hand: Hand) -> None:
    response = talker.creatify(
        name="attempt-1", model_version="aurora_v1_fast", audio="https://x.example/talk-10.4s.mp3"
    )
    made = read(response)
    assert response.status_code == 201
    assert (made["status"], made["name"], made["model_version"]) == ("pending", "attempt-1", "aurora_v1_fast")
    seen: list[object] = []
    for _ in range(3):
        seen.append(read(talker.creatify_get(f"aurora/{made['id']}/"))["status"])
        hand.pass_s(1.5)
    hand.pass_s(10)
    done = read(talker.creatify_get(f"aurora/{made['id']}/"))
    assert [*seen, done["status"]] == ["pending", "in_queue", "running", "done"]
    assert (done["credits_used"], done["duration"], done["failed_reason"]) == (Decimal("5.5"), 10, "")
    assert talker.http.get(str(done["video_output"])).status_code == 200
    assert talker.bill()["total"] == {"USD": "0", "creatify-credit": "5.5"}


def test_credits_are_debited_at_creation(talker: Talker, hand: Hand) -> None:
    def balance() -> object:
        return read(talker.creatify_get("remaining_credits/"))["remaining_credits"]

    assert balance() == 10_000
    talker.creatify()
    assert balance() == 9_990
    hand.pass_s(10)
    assert balance() == 9_990
    assert talker.bill()["total"] == {"USD": "0", "creatify-credit": "10"}


def test_a_failed_job_is_refunded(talker: Talker, hand: Hand) -> None:
    talker.sandbox.add_fault("fail:creatify")
    made = read(talker.creatify())
    assert talker.bill()["total"] == {"USD": "0", "creatify-credit": "10"}
    hand.pass_s(10)
    failed = read(talker.creatify_get(f"aurora/{made['id']}/"))
    assert (failed["status"], failed["credits_used"], failed["video_output"]) == ("failed", 0, None)
    assert failed["failed_reason"]
    assert talker.bill()["total"] == {"USD": "0", "creatify-credit": "0"}
    assert read(talker.creatify_get("remaining_credits/"))["remaining_credits"] == 10_000


def test_without_credits_nothing_is_created() -> None:
    with Sandbox(creatify_credits="10.5") as sandbox, Talker(sandbox) as talker:
        assert [talker.creatify().status_code for _ in range(2)] == [201, 402]
        assert "credits" in str(read(talker.creatify())["detail"])
        assert talker.creatify(model_version="aurora_v1_fast", audio="https://x.example/a-1s.mp3").status_code == 201
        assert read(talker.creatify_get("remaining_credits/"))["remaining_credits"] == 0


@pytest.mark.parametrize(
    ("model", "seconds", "spent"),
    [
        (None, "9.4", "10"),
        ("aurora_v1", "10.4", "11"),
        ("aurora_v1_fast", "10.4", "5.5"),
        ("aurora_v1", "0.1", "1"),
        ("aurora_v1", "300", "300"),
    ],
)
def test_aurora_bills_started_seconds_of_audio(
    talker: Talker, hand: Hand, model: str | None, seconds: str, spent: str
) -> None:
    wanted = {} if model is None else {"model_version": model}
    made = read(talker.creatify(audio=f"https://x.example/a.mp3?seconds={seconds}", **wanted))
    hand.pass_s(10)
    assert read(talker.creatify_get(f"aurora/{made['id']}/"))["credits_used"] == Decimal(spent)
    assert talker.bill()["total"] == {"USD": "0", "creatify-credit": spent}


@pytest.mark.parametrize(
    ("model", "variables", "spent"),
    [
        (None, {}, "5"),
        ("standard", {"seconds": "30"}, "5"),
        ("standard", {"seconds": 30.01}, "10"),
        ("standard", {"seconds": "66.15", "headline": "Sale"}, "15"),
        ("aurora_v1", {"seconds": "10.4"}, "11"),
        ("aurora_v1_fast", {"seconds": "10.4"}, "5.5"),
    ],
)
def test_templates_bill_blocks_or_seconds_of_video(
    talker: Talker, hand: Hand, model: str | None, variables: Json, spent: str
) -> None:
    response = talker.template(variables=variables, **({} if model is None else {"model_version": model}))
    assert response.status_code == 201
    hand.pass_s(10)
    done = read(talker.creatify_get(f"custom_template_jobs/{read(response)['id']}/"))
    assert (done["status"], done["credits_used"]) == ("done", Decimal(spent))
    assert done["variables"] == read(response)["variables"]
    assert talker.bill()["total"] == {"USD": "0", "creatify-credit": spent}
    assert items(talker.bill()["jobs"])[0]["model"] == f"custom_template:{model or 'standard'}"


def test_lists_are_bare_arrays_by_name_and_ids(talker: Talker) -> None:
    made = [read(talker.creatify(name=f"attempt-{number}"))["id"] for number in range(3)]
    other = read(talker.template(name="attempt-9"))["id"]
    newest_first = items(talker.creatify_get("aurora/").json())
    assert [job["name"] for job in newest_first] == ["attempt-2", "attempt-1", "attempt-0"]
    oldest_first = items(talker.creatify_get("aurora/", ordering="created_at").json())
    assert [job["id"] for job in oldest_first] == made
    some = items(talker.creatify_get("aurora/", ids=f"{made[0]},{made[2]}").json())
    assert {job["id"] for job in some} == {made[0], made[2]}
    assert [job["id"] for job in items(talker.creatify_get("custom_template_jobs/").json())] == [other]
    assert talker.creatify_get("aurora/", ids=",".join(str(uuid4()) for _ in range(100))).json() == []
    assert talker.creatify_get("aurora/", ids=",".join(str(uuid4()) for _ in range(101))).status_code == 400


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"image": None}, "image"),
        ({"audio": None}, "audio"),
        ({"image": "data:image/png;base64,AAAA"}, "image"),
        ({"audio": "talk.mp3"}, "audio"),
        ({"audio": "https://x.example/talk.ogg"}, "audio"),
        ({"image": "https://x.example/face.gif"}, "image"),
        ({"audio": "https://x.example/a.mp3?seconds=300.001"}, "audio"),
        ({"name": "n" * 256}, "name"),
        ({"name": 7}, "name"),
        ({"webhook_url": "https://x.example/" + "h" * 183}, "webhook_url"),
        ({"webhook_url": "nowhere"}, "webhook_url"),
        ({"model_version": "aurora_v9"}, "model_version"),
        ({"model_version": "standard"}, "model_version"),
        ({"prompt_guidance_scale": 10.1}, "prompt_guidance_scale"),
        ({"prompt_guidance_scale": -0.1}, "prompt_guidance_scale"),
        ({"text_prompt": 7}, "text_prompt"),
    ],
)
def test_aurora_fields_outside_their_limits_are_refused(talker: Talker, fields: Json, complaint: str) -> None:
    response = talker.creatify(**fields)
    body = read(response)
    assert response.status_code == 400
    assert list(body) == [complaint]
    assert isinstance(body[complaint], list)
    assert (talker.bill()["submits"], talker.bill()["accepted"]) == (1, 0)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"template_id": None}, "template_id"),
        ({"template_id": "mine"}, "template_id"),
        ({"variables": None}, "variables"),
        ({"variables": []}, "variables"),
        ({"variables": {"seconds": 0}}, "variables"),
        ({"variables": {"seconds": "5,5"}}, "variables"),
        ({"variables": {"seconds": "Infinity"}}, "variables"),
        ({"is_hidden": "no"}, "is_hidden"),
        ({"model_version": "aurora_v2"}, "model_version"),
        ({"name": "n" * 256}, "name"),
    ],
)
def test_template_fields_outside_their_limits_are_refused(talker: Talker, fields: Json, complaint: str) -> None:
    response = talker.template(**fields)
    assert (response.status_code, list(read(response))) == (400, [complaint])


def test_limits_themselves_are_allowed(talker: Talker) -> None:
    hook = "https://x.example/" + "h" * 182
    assert len(hook) == 200
    assert talker.creatify(name="n" * 255, webhook_url=hook, prompt_guidance_scale=10).status_code == 201
    assert talker.creatify(name=None, webhook_url=None, prompt_guidance_scale=0).status_code == 201


def test_our_own_files_are_measured(talker: Talker, hand: Hand) -> None:
    talker.creatify(audio=talker.put("talk.wav", wave("12.001")))
    hand.pass_s(10)
    assert items(talker.bill()["jobs"])[0]["billed_seconds"] == "13"
    assert list(read(talker.creatify(audio=talker.put("text.mp3", b"hello")))) == ["audio"]
    assert list(read(talker.creatify(audio=f"{talker.sandbox.urls['files']}/none.wav"))) == ["audio"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"audio": Infinity}'])
def test_a_body_that_is_no_object_is_refused(talker: Talker, body: bytes) -> None:
    url = f"{talker.env['FAREGATE_CREATIFY_URL']}/api/aurora/"
    assert talker.http.post(url, content=body, headers=talker.creatify_key).status_code == 400


def test_a_wrong_key_is_told_401_everywhere(talker: Talker) -> None:
    made = read(talker.creatify())["id"]
    base = f"{talker.env['FAREGATE_CREATIFY_URL']}/api/"
    wrong = {**talker.creatify_key, "X-API-KEY": "wrong"}
    for headers in ({}, wrong, {"X-API-ID": talker.creatify_key["X-API-ID"]}):
        for path in ("aurora/", f"aurora/{made}/", "custom_template_jobs/", "remaining_credits/"):
            assert talker.http.get(base + path, headers=headers).status_code == 401
        assert talker.http.post(base + "aurora/", json={"image": IMAGE}, headers=headers).status_code == 401
    assert talker.bill()["accepted"] == 1


def test_an_unknown_id_is_not_found_nor_is_a_job_of_the_other_kind(talker: Talker) -> None:
    made = read(talker.creatify())["id"]
    for path in (f"aurora/{uuid4()}/", f"custom_template_jobs/{made}/"):
        response = talker.creatify_get(path)
        assert (response.status_code, read(response)) == (404, {"detail": "Not found."})
