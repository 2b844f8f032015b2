"""What the adapters share: the meaning of a submit's answer, errors in one line, numbers that are money."""

from decimal import Decimal
from fractions import Fraction

import pytest

from pricing import Money
from router.ports import Provider
from router.providers import _http, shipped
from router.talk import NOTHING, Answer, Reply, Submission

from .talking import KEYS, LOST, NOT_SENT, SECRETS, meaning, order, reply

OFFERS = {
    "creatify": ("creatify/aurora_v1", "creatify/custom_template:standard"),
    "fal": ("fal/fal-ai/creatify/aurora",),
    "runware": ("runware/creatify:aurora@0", "runware/creatify:aurora@fast"),
}
EVERY = [(name, offer) for name, offers in OFFERS.items() for offer in offers]
REFUSED = {400, 401, 402, 403, 404, 413, 415, 429}
BODIES = [
    b"",
    b"<html>Bad gateway</html>",
    b"{}",
    b'{"detail": "no"}',
    b"[]",
    b'"x"',
    b"null",
    b'{"id": "x"',
    b"\xff\xfe",
]
STATUSES = [
    *range(200, 227),
    *range(300, 309),
    *range(400, 419),
    421,
    422,
    423,
    424,
    425,
    426,
    428,
    429,
    431,
    451,
    499,
    *range(500, 512),
    520,
    522,
    524,
    529,
]


def submitted(name: str, offer: str, answer: Answer) -> Submission:
    return meaning(shipped(KEYS)[name].submit(order(offer)), answer)


@pytest.mark.parametrize(("name", "offer"), EVERY)
@pytest.mark.parametrize("status", STATUSES)
def test_a_submit_by_status(name: str, offer: str, status: int) -> None:
    expected = "refused" if status in REFUSED else "unknown"
    for body in BODIES:
        got = submitted(name, offer, reply(status, body))
        assert got.outcome == expected, (body, got)
        assert got.provider_job is None
        assert got.reason


@pytest.mark.parametrize(("name", "offer"), EVERY)
def test_a_submit_that_broke(name: str, offer: str) -> None:
    assert submitted(name, offer, NOT_SENT).outcome == "not_sent"
    assert submitted(name, offer, LOST).outcome == "unknown"


@pytest.mark.parametrize("name", OFFERS)
def test_keys_come_from_the_environment(name: str) -> None:
    wanted = {"creatify": ["CREATIFY_API_ID", "CREATIFY_API_KEY"], "fal": ["FAL_KEY"], "runware": ["RUNWARE_API_KEY"]}[
        name
    ]
    assert shipped({})[name].missing == ", ".join(wanted)
    assert shipped(KEYS)[name].missing is None
    assert shipped({**KEYS, wanted[-1]: "  "})[name].missing == wanted[-1]
    odd = shipped({**KEYS, wanted[-1]: "two words\n"})[name].missing
    assert odd is not None
    assert "characters" in odd
    assert "two words" not in odd


@pytest.mark.parametrize(("name", "offer"), EVERY)
def test_keys_travel_in_secret_headers_only(name: str, offer: str) -> None:
    call = next(shipped(KEYS)[name].submit(order(offer)))
    said = repr((call.method, call.url, call.headers, call.json))
    assert not any(secret in said for secret in SECRETS)
    assert any(secret in " ".join(call.secret_headers.values()) for secret in SECRETS)
    assert call.purpose == "submit"


@pytest.mark.parametrize(("name", "offer"), EVERY)
def test_a_key_that_is_echoed_is_not_repeated(name: str, offer: str) -> None:
    for secret in SECRETS:
        got = submitted(name, offer, reply(401, {"detail": f"bad key {KEYS['FAL_KEY']} {secret}" * 30}))
        mine = {"creatify": "cr-secret-key", "fal": KEYS["FAL_KEY"], "runware": "rw-secret-key"}[name]
        assert mine not in got.reason
        assert len(got.reason) <= 200
        assert "\n" not in got.reason


@pytest.mark.parametrize(("name", "offer"), EVERY)
def test_a_good_order_passes_the_check(name: str, offer: str) -> None:
    provider: Provider = shipped(KEYS)[name]
    assert provider.check(order(offer)) is None
    assert provider.check(order("other/model")) is not None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"detail": "User is locked. Reason: Exhausted balance."}, "User is locked. Reason: Exhausted balance."),
        (
            {"detail": [{"loc": ["body", "image_url"], "msg": "too small", "type": "image_too_small"}]},
            "image_too_small: too small (body.image_url)",
        ),
        ({"detail": "x", "error_type": "bad_request"}, "x"),
        (
            {"error": {"type": "validation_error", "message": "Invalid request parameters"}},
            "validation_error: Invalid request parameters",
        ),
        ({"errors": [{"code": "invalidApiKey", "message": "Bad key", "taskUUID": "u"}]}, "invalidApiKey: Bad key"),
        ({"errors": [{"error": {"code": "a", "message": "b", "parameter": "p"}}]}, "a: b (p)"),
        (
            {"webhook_url": ["Ensure this field has no more than 200 characters."]},
            "webhook_url: Ensure this field has no more than 200 characters.",
        ),
        ({"a": ["b", "c"], "d": "e"}, "a: b; c; d: e"),
        ({"status": "NOT_FOUND"}, "status: NOT_FOUND"),
        ({"detail": {"detail": {"detail": {"detail": {"detail": {"detail": "deep"}}}}}}, ""),
        ({}, ""),
        ([], ""),
        (7, ""),
    ],
)
def test_the_words_of_an_error(body: object, words: str) -> None:
    got = _http.said(reply(418, body))
    assert got == (f"HTTP 418: {words}" if words else "HTTP 418")


def test_a_page_is_quoted_in_one_short_line() -> None:
    page = b"<html>\n\t<h1>Just a\x00 moment</h1>" + b"x" * 10_000
    got = _http.said(Reply(503, NOTHING, page))
    assert got.startswith("HTTP 503: <html> <h1>Just a moment</h1>xx")
    assert len(got) <= 200
    assert got.isprintable()


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 0 "}, 0.0),
        ({"retry-after": "999999999999999"}, 3600.0),
        ({"retry-after": "Fri, 20 Nov 2026 12:00:30 GMT", "date": "Fri, 20 Nov 2026 12:00:00 GMT"}, 30.0),
        ({"retry-after": "Fri, 20 Nov 2026 11:00:00 GMT", "date": "Fri, 20 Nov 2026 12:00:00 GMT"}, 0.0),
        ({"retry-after": "Fri, 20 Nov 2026 12:00:30 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1.5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "²"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], wait_s: float | None) -> None:
    assert _http.retry_after_s(headers) == wait_s


@pytest.mark.parametrize("value", ["1.4", "8.439999999999998", "0", "1.0", "1e-3", Decimal("0.98"), 11, "9999999999"])
def test_an_amount_is_read_exactly(value: object) -> None:
    assert _http.decimal(value) == Decimal(str(value))


@pytest.mark.parametrize(
    "value",
    [
        *("NaN", "Infinity", "-1", "-0.1", "1,4", "", " ", "1.4 USD", "1_000", "１", "1e99", "1e-99", "1e999999999999"),
        *("0x1", None, True, [], {}, 1.4, 10**400),
        *map(Decimal, ("NaN", "sNaN", "Infinity", "-1", "1E+400")),
    ],
    ids=repr,
)
def test_what_is_no_amount_is_said_in_words(value: object) -> None:
    got = _http.decimal(value)
    assert isinstance(got, str)
    assert got


def test_a_product_is_rounded_once_to_nanos_half_even() -> None:
    assert _http.money(Fraction("8.439999999999998") * Fraction("0.14"), "USD") == Money.of("1.181600000", "USD")
    assert _http.money(Fraction(1, 2 * 10**9), "USD") == Money.zero("USD")
    assert _http.money(Fraction(3, 2 * 10**9), "USD") == Money(2, "USD")
    assert isinstance(_http.money(Fraction(10**12), "USD"), str)


@pytest.mark.parametrize("url", ["https://a.example/x", "http://127.0.0.1:80/", "https://a.example/x?y=z#q"])
def test_web_addresses(url: str) -> None:
    assert _http.is_web(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "//a.example",
        "ftp://a.example",
        "file:///etc/passwd",
        "https://",
        "https:///x",
        "https://a b/",
        "https://a/\n",
        "http://[x/",
    ],
)
def test_other_addresses(url: str) -> None:
    assert not _http.is_web(url)
