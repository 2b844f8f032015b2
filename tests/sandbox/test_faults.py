"""Every kind of fault at every provider, as a client meets it over real sockets; the bill stays true."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from router.sandbox import Sandbox

from .talker import FAL, Hand, Json, Talker, items, read, task

PROVIDERS = ("fal", "runware", "creatify")
WORTH = {"fal": {"USD": "1.4"}, "runware": {"USD": "1.4"}, "creatify": {"creatify-credit": "10"}}
NOTHING = {"USD": "0", "creatify-credit": "0"}
UNANSWERED = (httpx.RemoteProtocolError, httpx.ReadError)


def submit(talker: Talker, provider: str, word: str = "") -> httpx.Response:
    """A submit in order; `word` is somewhere in its body."""
    prompt = f"a prompt {word}"
    calls: dict[str, Callable[[], httpx.Response]] = {
        "fal": lambda: talker.fal(prompt=prompt),
        "runware": lambda: talker.runware(task(positivePrompt=prompt)),
        "creatify": lambda: talker.creatify(text_prompt=prompt),
    }
    return calls[provider]()


def ids(talker: Talker) -> list[str]:
    return [str(job["id"]) for job in items(talker.bill()["jobs"])]


def fetch(talker: Talker, provider: str) -> httpx.Response:
    """What the provider says of the first job."""
    job = ids(talker)[0]
    if provider == "fal":
        return talker.fal_get(f"{talker.env['FAREGATE_FAL_QUEUE_URL']}/fal-ai/creatify/requests/{job}")
    if provider == "runware":
        return talker.runware({"taskType": "getResponse", "taskUUID": job})
    return talker.creatify_get(f"aurora/{job}/")


def counts(talker: Talker) -> tuple[object, object]:
    bill = talker.bill()
    return bill["submits"], bill["accepted"]


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_refuse_is_the_documented_refusal_for_want_of_money(talker: Talker, provider: str) -> None:
    talker.sandbox.add_fault(f"refuse:{provider}")
    response = submit(talker, provider)
    assert response.status_code == {"fal": 403, "runware": 402, "creatify": 402}[provider]
    word = {"fal": "Exhausted balance", "runware": "insufficientCredits", "creatify": "Insufficient credits"}
    assert word[provider] in response.text
    assert counts(talker) == (1, 0)
    assert submit(talker, provider).is_success, "once was asked for"


@pytest.mark.parametrize("status", [204, 302, 400, 401, 408, 422, 429, 500, 503])
def test_status_answers_before_accepting(talker: Talker, provider: str, status: int) -> None:
    talker.sandbox.add_fault(f"status-{status}:{provider}")
    response = submit(talker, provider)
    assert response.status_code == status
    assert "x-fal-billable-units" not in response.headers
    assert response.headers.get("retry-after") == ("1" if status == 429 else None)
    assert counts(talker) == (1, 0)


def test_html_is_somebody_elses_page_and_nothing_is_accepted(talker: Talker, provider: str) -> None:
    talker.sandbox.add_fault(f"html:{provider}")
    response = submit(talker, provider)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert response.text.startswith("<!doctype html>")
    assert counts(talker) == (1, 0)


def test_5xx_after_has_accepted(talker: Talker, hand: Hand, provider: str) -> None:
    talker.sandbox.add_fault(f"5xx-after:{provider}")
    assert submit(talker, provider).status_code == 500
    hand.pass_s(10)
    assert counts(talker) == (1, 1)
    assert talker.bill()["total"] == {**NOTHING, **WORTH[provider]}


def test_a_lost_answer_closes_the_connection_after_accepting(talker: Talker, hand: Hand, provider: str) -> None:
    talker.sandbox.add_fault(f"lost-answer:{provider}")
    with pytest.raises(UNANSWERED):
        submit(talker, provider)
    hand.pass_s(10)
    assert counts(talker) == (1, 1)
    assert talker.bill()["total"] == {**NOTHING, **WORTH[provider]}
    assert submit(talker, provider).is_success, "the server goes on"


def test_truncated_is_half_of_the_answer(talker: Talker, provider: str) -> None:
    talker.sandbox.add_fault(f"truncated:{provider}")
    response = submit(talker, provider)
    assert response.is_success
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        response.json()
    assert counts(talker) == (1, 1)


def test_an_extra_second_is_billed_and_said(talker: Talker, hand: Hand, provider: str) -> None:
    talker.sandbox.add_fault(f"extra-second:{provider}")
    submit(talker, provider)
    hand.pass_s(10)
    (job,) = items(talker.bill()["jobs"])
    more = {"fal": ("11", "1.54"), "runware": ("11", "1.54"), "creatify": ("11", "11")}
    assert (job["billed_seconds"], job["amount"]) == more[provider]
    answer = fetch(talker, provider)
    told = {
        "fal": lambda: answer.headers["x-fal-billable-units"],
        "runware": lambda: str(items(read(answer)["data"])[0]["cost"]),
        "creatify": lambda: str(read(answer)["credits_used"]),
    }
    assert told[provider]() == job["amount"]


def test_a_failed_job_is_not_charged(talker: Talker, hand: Hand, provider: str) -> None:
    talker.sandbox.add_fault(f"fail:{provider}")
    submit(talker, provider)
    hand.pass_s(10)
    (job,) = items(talker.bill()["jobs"])
    assert (job["status"], job["amount"], job["results"]) == ("failed", "0", 0)
    answer = fetch(talker, provider)
    if provider == "fal":
        assert answer.status_code == 500
        status = read(talker.fal_get(f"{answer.url}/status"))
        assert (status["status"], status["error_type"]) == ("COMPLETED", "internal_server_error")
    elif provider == "runware":
        (error,) = items(read(answer)["errors"])
        assert (error["status"], error["taskUUID"]) == ("error", ids(talker)[0])
        assert read(answer)["data"] == []
    else:
        assert read(answer)["status"] == "failed"


def test_every_result_of_a_failed_runware_task_fails(talker: Talker, hand: Hand) -> None:
    talker.sandbox.add_fault("fail:runware")
    wanted = task(numberResults=3)
    talker.runware(wanted)
    assert len(items(talker.poll(wanted)["data"])) == 3
    hand.pass_s(10)
    assert [error["resultIndex"] for error in items(talker.poll(wanted)["errors"])] == [0, 1, 2]


def test_a_hidden_job_never_shows_in_probes_but_is_billed(talker: Talker, hand: Hand, provider: str) -> None:
    talker.sandbox.add_fault(f"hide:{provider}:*")
    talker.sandbox.add_fault(f"lost-answer:{provider}")
    with pytest.raises(UNANSWERED):
        submit(talker, provider)
    hand.pass_s(10)
    probes: dict[str, Callable[[], tuple[object, ...]]] = {
        "fal": lambda: (read(talker.fal_api("models/requests/by-endpoint"))["items"],),
        "runware": lambda: (
            read(fetch(talker, provider))["data"],
            read(talker.runware({"taskType": "getTaskDetails", "taskUUID": ids(talker)[0]}))["data"],
        ),
        "creatify": lambda: (talker.creatify_get("aurora/").json(),),
    }
    assert all(found == [] for found in probes[provider]())
    assert talker.bill()["total"] == {**NOTHING, **WORTH[provider]}


def test_a_hidden_runware_task_still_holds_its_uuid(talker: Talker) -> None:
    talker.sandbox.add_fault("hide:runware")
    wanted = task()
    assert [talker.runware(wanted).status_code for _ in range(2)] == [200, 400]


def test_no_cost_is_billed_but_not_said(talker: Talker, hand: Hand, provider: str) -> None:
    talker.sandbox.add_fault(f"no-cost:{provider}")
    submit(talker, provider)
    hand.pass_s(10)
    answer = fetch(talker, provider)
    assert answer.status_code == 200
    assert "x-fal-billable-units" not in answer.headers
    body: Json = read(answer)
    if provider == "runware":
        assert "cost" not in items(body["data"])[0]
    if provider == "creatify":
        assert (body["status"], body["credits_used"]) == ("done", None)
    assert talker.bill()["total"] == {**NOTHING, **WORTH[provider]}


def test_text_chooses_the_submit(talker: Talker, provider: str) -> None:
    talker.sandbox.add_fault(f"refuse:{provider}~clip-7")
    codes = [submit(talker, provider, word).is_success for word in ("clip-6", "clip-7", "clip-7")]
    assert codes == [True, False, True]


def test_a_fault_spares_submits_that_are_refused_anyway(talker: Talker) -> None:
    talker.sandbox.add_fault("lost-answer:fal")
    assert talker.fal(resolution="8k").status_code == 422
    with pytest.raises(UNANSWERED):
        talker.fal()


def test_faults_strike_submits_only(talker: Talker, hand: Hand) -> None:
    talker.sandbox.add_fault("status-500:*:*")
    assert talker.creatify_get("aurora/").status_code == 200
    assert talker.poll(task()) == {"data": []}
    assert talker.fal_api("models/pricing", {"endpoint_id": FAL}).status_code == 200
    hand.pass_s(1)
    assert counts(talker) == (0, 0)


def test_the_lag_falls_between_accepting_and_answering() -> None:
    with Sandbox(answer_lag_s=0.3, render_s=0) as sandbox, Talker(sandbox) as talker:
        began = time.monotonic()
        assert talker.fal().status_code == 200
        assert time.monotonic() - began >= 0.3
    with Sandbox(answer_lag_s=60, render_s=0) as sandbox, Talker(sandbox) as talker, ThreadPoolExecutor() as pool:
        answer = pool.submit(talker.fal)
        while sandbox.bill()["accepted"] == 0:
            time.sleep(0.005)
        assert talker.creatify(image=None).status_code == 400, "what is not accepted does not wait"
        assert not answer.done()
        sandbox.stop()
        assert answer.result(timeout=5).status_code == 200, "nor does an answer outlast the sandbox"
