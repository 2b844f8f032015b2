"""Fetchers of bills: pages to the end, the last days again, one clear error, and no key to a stranger."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import cast
from urllib.parse import parse_qs, urlsplit

import pytest

from router.errors import BadRequest, NotConfigured, ProviderError
from router.sandbox import Sandbox
from router.statements import LAG_DAYS, SOURCES, Fetched, fetch, missing, since
from router.talk import Answer, Broken, Call, Reply
from router.transport import Http, encode

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
ENV = {
    "FAL_ADMIN_KEY": "admin-key-of-fal", "RUNWARE_API_KEY": "key-of-runware", "CREATIFY_API_ID": "an-id",
    "CREATIFY_API_KEY": "key-of-creatify",
}  # fmt: skip


def said(value: object, status: int = 200) -> Reply:
    return Reply(status, {}, encode(value))


def talk(source: str, answer: Callable[[Call], Answer], first: date, end: date) -> tuple[Fetched, list[Call]]:
    calls, talking = list[Call](), fetch(source, ENV, first=first, end=end, now=NOW)
    try:
        call = next(talking)
        while True:
            calls.append(call)
            call = talking.send(answer(call))
    except StopIteration as ended:
        return ended.value, calls


def asked(call: Call, name: str) -> str:
    return parse_qs(urlsplit(call.url).query).get(name, [""])[0]


def test_fal_pages_to_the_end_of_each_span() -> None:
    def answer(call: Call) -> Reply:
        more = not asked(call, "cursor")
        return said({"billing_events": [], "next_cursor": "second" if more else None, "has_more": more})

    fetched, calls = talk("fal-billing-events", answer, date(2026, 10, 1), date(2026, 11, 10))
    spans = [(asked(one, "start")[:10], asked(one, "end")[:10], asked(one, "cursor")) for one in calls]
    assert spans == [
        ("2026-10-01", "2026-10-31", ""),
        ("2026-10-01", "2026-10-31", "second"),
        ("2026-10-31", "2026-11-10", ""),
        ("2026-10-31", "2026-11-10", "second"),
    ]
    assert len(fetched.pages) == 4
    assert fetched.period == (date(2026, 10, 1), date(2026, 11, 10))
    assert all(one.purpose != "submit" and ENV["FAL_ADMIN_KEY"] not in one.url for one in calls)


def test_pages_without_an_end_are_refused() -> None:
    def answer(_: Call) -> Reply:
        return said({"billing_events": [], "next_cursor": "again", "has_more": True})

    with pytest.raises(ProviderError, match="without an end"):
        talk("fal-billing-events", answer, date(2026, 11, 1), date(2026, 11, 2))


def test_each_of_runwares_days_is_asked_for_and_written_into_its_rows() -> None:
    def answer(call: Call) -> Reply:
        tasks = cast("list[dict[str, str]]", call.json)
        assert all(one["startDate"] == one["endDate"] for one in tasks)
        return said(
            {"data": [{"taskUUID": one["taskUUID"], "rows": [{"model": "m", "spend": 1, "count": 1}]} for one in tasks]}
        )

    fetched, calls = talk("runware-usage", answer, date(2026, 11, 1), date(2026, 11, 13))
    assert len(calls) == 2
    days = [row["date"] for page in fetched.pages for row in page["data"]]  # type: ignore[index]
    assert days == [f"2026-11-{day:02d}" for day in range(1, 13)]


def test_a_day_that_runware_leaves_out_is_no_empty_day() -> None:
    with pytest.raises(ProviderError, match="2026-11-01"):
        talk("runware-usage", lambda _: said({"data": []}), date(2026, 11, 1), date(2026, 11, 2))


def test_creatifys_keys_follow_no_page_to_another_host() -> None:
    def answer(call: Call) -> Reply:
        if "page=2" in call.url:
            return said({"results": [], "next": "https://elsewhere.example/api/aurora/?page=3"})
        return said({"results": [], "next": call.url.partition("?")[0] + "?page=2"})

    with pytest.raises(ProviderError, match="outside"):
        talk("creatify-jobs", answer, date(2026, 11, 1), date(2026, 11, 2))


def test_what_may_pass_is_asked_again_and_a_refusal_is_not() -> None:
    answers: list[Answer] = [Broken(True, "reset"), said({}, 503), said({"billing_events": []})]
    fetched, calls = talk("fal-billing-events", lambda _: answers.pop(0), date(2026, 11, 1), date(2026, 11, 2))
    assert (len(fetched.pages), len(calls)) == (1, 3)
    told = said({"error": {"type": "authorization_error", "message": f"no {ENV['FAL_ADMIN_KEY']}"}}, 403)
    tries = list[Call]()

    def refuse(call: Call) -> Answer:
        tries.append(call)
        return told

    with pytest.raises(ProviderError, match="authorization_error") as caught:
        talk("fal-billing-events", refuse, date(2026, 11, 1), date(2026, 11, 2))
    assert len(tries) == 1
    assert ENV["FAL_ADMIN_KEY"] not in str(caught.value)


def test_the_last_days_are_asked_again() -> None:
    today = date(2026, 11, 28)
    assert since("fal-usage", None, today) == date(2026, 10, 29)
    assert since("fal-usage", date(2026, 11, 29), today) == date(2026, 11, 25)
    assert since("creatify-jobs", date(2026, 11, 10), today) == date(2026, 11, 3)
    assert {one for each in SOURCES.values() for one in each} == set(LAG_DAYS)


def test_bad_questions_and_absent_keys() -> None:
    assert missing("fal-usage", {}) == "FAL_ADMIN_KEY"
    assert missing("fal-usage", ENV) is None
    with pytest.raises(NotConfigured, match="RUNWARE_API_KEY"):
        fetch("runware-usage", {}, first=date(2026, 11, 1), end=date(2026, 11, 2), now=NOW)
    for source, end in (("csv", date(2026, 11, 2)), ("fal-usage", date(2026, 11, 1)), ("fal-usage", date(2030, 1, 1))):
        with pytest.raises(BadRequest):
            fetch(source, ENV, first=date(2026, 11, 1), end=end, now=NOW)


@pytest.mark.parametrize("source", sorted(LAG_DAYS))
def test_the_sandbox_answers_every_source(source: str) -> None:
    with Sandbox() as sandbox, Http() as http:
        talking = fetch(source, sandbox.env, first=date(2026, 11, 1), end=date(2026, 11, 3), now=NOW)
        try:
            call = next(talking)
            while True:
                call = talking.send(http.perform(call))
        except StopIteration as ended:
            fetched = ended.value
        assert (fetched.source, fetched.period) == (source, (date(2026, 11, 1), date(2026, 11, 3)))
        assert fetched.pages
