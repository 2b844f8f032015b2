"""fal: what is sent, what its queue and its units mean."""

import pytest

from pricing import Money
from router.providers import Fal
from router.talk import Progress, Reply

from .talking import KEYS, LOST, NOT_SENT, dec, drive, order, reply, ticket

OFFER = "fal/fal-ai/creatify/aurora"
FAL = Fal.from_env(KEYS)
REQUEST = "019312ab-7f5e-7000-8000-0123456789ab"
HOST = "https://queue.fal.run"
JOB = f"{HOST}/fal-ai/creatify/requests/{REQUEST}"
HANDLE = {"status_url": f"{JOB}/status", "response_url": JOB, "cancel_url": f"{JOB}/cancel"}
TICKET = ticket(OFFER, REQUEST, handle=HANDLE)
ACCEPTED = {"request_id": REQUEST, **HANDLE, "queue_position": 0}
VIDEO = {
    "video": {"file_name": "output.mp4", "content_type": "video/mp4", "url": "https://v3.fal.media/files/output.mp4"}
}
DONE = reply(200, {"status": "COMPLETED", "logs": [], "metrics": {"inference_time": 93.1}})
FAILED = reply(200, {"status": "COMPLETED", "error": "Face not found", "error_type": "face_detection_error"})


def price(unit_price: object, endpoint: str = "fal-ai/creatify/aurora", currency: str = "USD") -> Reply:
    row = {"endpoint_id": endpoint, "unit_price": unit_price, "unit": "units", "currency": currency}
    return reply(200, {"prices": [row], "next_cursor": None, "has_more": False})


def result(status: int, body: object, units: str | None) -> Reply:
    return reply(status, body, **({} if units is None else {"x_fal_billable_units": units}))


def test_the_body_has_exactly_the_documented_fields() -> None:
    plain = FAL.payload(order(OFFER))
    assert plain == {
        "image_url": "https://media.example/face.jpg",
        "audio_url": "https://media.example/talk.mp3",
        "resolution": "720p",
    }
    full = FAL.payload(
        order(OFFER, prompt="calm", guidance=dec("1.6"), audio_guidance=dec("0"), settings={"resolution": "480p"})
    )
    assert {name: full[name] for name in full if not name.endswith("_url")} == {
        "prompt": "calm",
        "guidance_scale": dec("1.6"),
        "audio_guidance_scale": 0,
        "resolution": "480p",
    }


def test_a_submit_goes_to_the_queue_and_keeps_the_returned_addresses() -> None:
    got, calls = drive(FAL.submit(order(OFFER, webhook_url="https://hook.example/a?b=c&d")), reply(200, ACCEPTED))
    assert (got.outcome, got.provider_job, got.handle) == ("accepted", REQUEST, HANDLE)
    (call,) = calls
    assert call.method == "POST"
    assert call.url == f"{HOST}/fal-ai/creatify/aurora?fal_webhook=https%3A%2F%2Fhook.example%2Fa%3Fb%3Dc%26d"
    assert call.secret_headers == {"authorization": "Key fal-id:fal-secret"}


def test_the_base_addresses_can_be_moved() -> None:
    moved = Fal.from_env({**KEYS, "FAREGATE_FAL_QUEUE_URL": "http://127.0.0.1:9/fal/queue/"})
    base = "http://127.0.0.1:9/fal/queue"
    urls = {"status_url": f"{base}/a/b/requests/1/status"}
    got, calls = drive(moved.submit(order(OFFER)), reply(200, {"request_id": "1", **urls}))
    assert calls[0].url == f"{base}/fal-ai/creatify/aurora"
    assert got.handle["status_url"] == urls["status_url"]
    assert got.handle["response_url"] == f"{base}/fal-ai/creatify/requests/1"


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/fal-ai/creatify/requests/1",
        "https://queue.fal.run.evil.example/x",
        "https://queue.fal.run@evil.example/x",
        "http://queue.fal.run/x",
        "https://queue.fal.run/../x",
        "https://queue.fal.run/x\n",
        "//queue.fal.run/x",
    ],
)
def test_the_key_follows_no_address_outside_the_queue(address: str) -> None:
    given = {"status_url": address, "response_url": address, "cancel_url": address}
    got, _ = drive(FAL.submit(order(OFFER)), reply(200, {"request_id": REQUEST, **given}))
    assert (got.outcome, got.handle) == ("accepted", HANDLE)
    assert "outside" in got.reason
    stored = ticket(OFFER, REQUEST, handle=given)
    _, calls = drive(FAL.poll(stored), LOST)
    assert [call.url for call in calls] == [HANDLE["status_url"]]


@pytest.mark.parametrize("request_id", [None, "", 7, "a/b", "..", "a b", "x" * 200, "é"])
def test_an_acceptance_without_a_usable_id_is_unknown(request_id: object) -> None:
    got, _ = drive(FAL.submit(order(OFFER)), reply(200, {**ACCEPTED, "request_id": request_id}))
    assert (got.outcome, got.provider_job) == ("unknown", None)


@pytest.mark.parametrize(
    ("status", "units", "outcome"),
    [
        (422, "0", "refused"),
        (422, "0.0", "refused"),
        (422, "1.4", "unknown"),
        (422, "abc", "unknown"),
        (422, "", "unknown"),
        (422, None, "unknown"),
        (400, None, "refused"),
        (400, "0", "refused"),
        (400, "42", "unknown"),
        (403, "abc", "unknown"),
        (409, "0", "unknown"),
        (500, "0", "unknown"),
    ],
)
def test_units_on_an_error_decide_whether_it_was_free(status: int, units: str | None, outcome: str) -> None:
    got, _ = drive(FAL.submit(order(OFFER)), result(status, {"detail": [{"msg": "bad", "type": "x"}]}, units))
    assert got.outcome == outcome
    assert got.reason


@pytest.mark.parametrize(
    ("units", "unit_price", "amount"),
    [
        ("1.4", b"1.0", "1.4"),
        ("10", b"0.14", "1.4"),
        ("10.0", b"0.14", "1.4"),
        ("1.4", b'"1.0"', "1.4"),
        ("8.439999999999998", b"1.0", "8.44"),
        ("8.439999999999998", b"0.14", "1.1816"),
        ("0.0000000005", b"1", "0"),
        ("0.0000000015", b"1", "0.000000002"),
        ("38.8", b"0.014", "0.5432"),
        ("3.008", b"0.03", "0.09024"),
        ("0", b"1.0", "0"),
    ],
)
def test_a_charge_is_units_times_unit_price(units: str, unit_price: bytes, amount: str) -> None:
    pricing = reply(
        200,
        b'{"prices":[{"endpoint_id":"fal-ai/creatify/aurora","unit_price":'
        + unit_price
        + b',"unit":"x","currency":"USD"}]}',
    )
    got, calls = drive(FAL.poll(TICKET), DONE, result(200, VIDEO, units), pricing)
    assert (got.state, got.outputs, got.delivered) == ("done", ("https://v3.fal.media/files/output.mp4",), 1)
    assert got.cost is not None
    assert (got.cost.amount, got.cost.evidence, got.cost.units) == (Money.of(amount, "USD"), "units", units)
    assert [(call.purpose, call.method, call.url) for call in calls] == [
        ("poll", "GET", HANDLE["status_url"]),
        ("poll", "GET", HANDLE["response_url"]),
        ("cost", "GET", "https://api.fal.ai/v1/models/pricing?endpoint_id=fal-ai%2Fcreatify%2Faurora"),
    ]


@pytest.mark.parametrize("units", [None, "NaN", "-1", "1,4", "", "1e99", "1.4, 1.4"])
def test_units_that_are_no_number_leave_the_cost_open(units: str | None) -> None:
    got, _ = drive(FAL.poll(TICKET), DONE, result(200, VIDEO, units))
    assert (got.state, got.cost) == ("done", None)
    assert "units" in got.reason


@pytest.mark.parametrize(
    "pricing",
    [
        LOST,
        NOT_SENT,
        reply(500, {"detail": "x"}),
        reply(401, {"detail": "x"}),
        reply(200, b"<html>"),
        reply(200, {}),
        reply(200, {"prices": []}),
        price("1.0", endpoint="fal-ai/other"),
        price("1.0", currency="EUR"),
        price(None),
        price("-1"),
        price("NaN"),
        reply(200, b'{"prices":[{"endpoint_id":"fal-ai/creatify/aurora","unit_price":NaN,"currency":"USD"}]}'),
        reply(200, {"prices": [{"endpoint_id": "fal-ai/creatify/aurora", "unit_price": 1, "currency": "USD"}] * 2}),
        price("999999999"),
    ],
)
def test_a_unit_price_that_is_not_to_be_had_leaves_the_cost_open(pricing: Reply) -> None:
    got, _ = drive(FAL.poll(TICKET), DONE, result(200, VIDEO, "99999"), pricing)
    assert (got.state, got.cost, got.delivered) == ("done", None, 1)
    assert "99999" in got.reason


@pytest.mark.parametrize(
    ("status", "units", "charged"),
    [
        (500, None, "no"),
        (503, "0", "no"),
        (504, None, "no"),
        (500, "abc", "maybe"),
        (503, "1,4", "maybe"),
        (500, "", "maybe"),
        (422, "0", "no"),
        (422, None, "maybe"),
        (422, "abc", "maybe"),
        (400, None, "maybe"),
        (499, None, "maybe"),
        (404, None, "maybe"),
        (200, None, "maybe"),
    ],
)
def test_whether_a_failed_job_was_charged(status: int, units: str | None, charged: str) -> None:
    got, _ = drive(FAL.poll(TICKET), FAILED, result(status, {"detail": "no face"}, units))
    assert (got.state, got.charged, got.cost) == ("failed", charged, None)
    assert "Face not found" in got.reason


def test_units_on_a_failure_are_a_cost() -> None:
    got, _ = drive(FAL.poll(TICKET), FAILED, result(422, {"detail": "x"}, "0.7"), price("1.0"))
    assert (got.state, got.charged) == ("failed", "maybe")
    assert got.cost is not None
    assert got.cost.amount == Money.of("0.7", "USD")


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"{}"])
def test_a_gateway_that_cannot_fetch_the_failure_proves_nothing(body: bytes) -> None:
    got, _ = drive(FAL.poll(TICKET), FAILED, result(502, body, None))
    assert got.state == "unreachable"
    got, _ = drive(FAL.poll(TICKET), FAILED, reply(502, body, x_fal_error_type="face_detection_error"))
    assert (got.state, got.charged) == ("failed", "no")
    got, _ = drive(FAL.poll(TICKET), DONE, reply(500, {"detail": "x"}, x_fal_error_type="internal_error"))
    assert got.state == "unreachable", "its status names no failure"


def test_a_5xx_of_another_kind_than_the_failure_does_not_make_it_free() -> None:
    """A billed 422 gave its hold back when the first look at its result met a 502 of fal's own."""
    answer = reply(502, {"detail": "x", "error_type": "runner_disconnected"}, x_fal_error_type="runner_disconnected")
    got, _ = drive(FAL.poll(TICKET), FAILED, answer)
    assert (got.state, got.charged, got.cost) == ("failed", "maybe", None)
    got, _ = drive(FAL.poll(TICKET), FAILED, result(422, {"detail": "x"}, "0.7"), price("1.0"))
    assert got.cost is not None, "the next look tells"


@pytest.mark.parametrize("units", ["0", "1.4", None])
@pytest.mark.parametrize("body", [b'{"video"={"url":"https://v3.fal.media/files/output.mp4"},}', b"", b"<html>"])
def test_a_result_that_cannot_be_read_is_no_failure_whatever_its_units(body: bytes, units: str | None) -> None:
    """It was taken for one that failed: with 0 units its hold was given back, with more its clip was lost."""
    got, _ = drive(FAL.poll(TICKET), DONE, result(200, body, units))
    assert (got.state, got.cost, got.charged) == ("unreachable", None, "maybe")


def test_a_422_result_is_a_failure_though_the_status_names_none() -> None:
    got, _ = drive(
        FAL.poll(TICKET), DONE, result(422, {"detail": [{"type": "content_policy_violation", "msg": "no"}]}, None)
    )
    assert (got.state, got.charged) == ("failed", "maybe")
    assert "content_policy_violation" in got.reason


@pytest.mark.parametrize(
    "answer",
    [
        LOST,
        reply(500),
        reply(502, b"<html>"),
        reply(401),
        reply(429),
        reply(404),
        reply(302),
        reply(200, {}),
        reply(200, b"{"),
    ],
)
def test_a_result_that_cannot_be_read_says_nothing(answer: Reply) -> None:
    got, _ = drive(FAL.poll(TICKET), DONE, answer)
    assert got.state == "unreachable"


@pytest.mark.parametrize("status", ["IN_QUEUE", "IN_PROGRESS"])
def test_a_job_that_runs(status: str) -> None:
    got, _ = drive(FAL.poll(TICKET), reply(202, {"status": status, "queue_position": 3}, retry_after="4"))
    assert got == Progress("running", reason=status, retry_after_s=4.0)


@pytest.mark.parametrize(
    "answer",
    [
        LOST,
        NOT_SENT,
        reply(500),
        reply(404, {"status": "NOT_FOUND"}),
        reply(200, {"status": "CANCELED"}),
        reply(200, []),
        reply(200, b"x"),
        reply(429),
    ],
)
def test_a_status_that_says_nothing(answer: Reply) -> None:
    got, _ = drive(FAL.poll(TICKET), answer)
    assert (got.state, bool(got.reason)) == ("unreachable", True)


def test_a_request_that_is_no_longer_known_is_gone_and_not_failed() -> None:
    got, _ = drive(FAL.poll(TICKET), reply(404, {"detail": "Request not found"}))
    assert (got.state, got.gone, got.charged, got.cost) == ("unreachable", True, "maybe", None)
    for answer in (LOST, reply(500), reply(403), reply(200, {"status": "NOT_FOUND"})):
        assert drive(FAL.poll(TICKET), answer)[0].gone is False
    got, _ = drive(FAL.poll(TICKET), DONE, reply(404, {"detail": "Not found"}))
    assert (got.state, got.gone) == ("unreachable", False), "its status knows it: only the result is not to be had"


def test_a_job_without_an_id_cannot_be_asked_about() -> None:
    assert drive(FAL.poll(ticket(OFFER, None)))[0].state == "unreachable"
    assert drive(FAL.cancel(ticket(OFFER, None)))[0] is False
