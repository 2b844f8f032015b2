"""The inbox: everything anyone said is kept once, as it came in, whatever it holds."""

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import BadRequest, Message
from ledger.inbox import BODY_MOST, kept
from ledger.texts import NAME_MOST, clean, short
from pricing import usd

from .acting import examples
from .world import dump, raw, world


def test_a_message_is_kept_once_as_it_came() -> None:
    w = world()
    assert w.ledger.receive("fal", "webhook", "evt-1", '{"status": "OK"}', "p1")
    assert not w.ledger.receive("fal", "webhook", "evt-1", "something else", "p2")
    assert w.ledger.receive("runware", "webhook", "evt-1", "another's")
    assert w.ledger.messages() == (
        Message(1, w.clock(), "webhook", "fal", "evt-1", "p1", '{"status": "OK"}'),
        Message(w.ledger.messages()[1].id, w.clock(), "webhook", "runware", "evt-1", None, "another's"),
    )


def test_messages_are_found_by_the_providers_job_and_read_page_by_page() -> None:
    w = world()
    for n in range(7):
        w.ledger.receive("fal", "poll", f"m{n}", f"body {n}", f"p{n % 2}")
    assert [one.body for one in w.ledger.messages(provider_job="p1")] == ["body 1", "body 3", "body 5"]
    assert w.ledger.messages(provider_job="p9") == ()
    pages, after = list[str](), 0
    while page := w.ledger.messages(after=after, limit=3):
        pages += [one.body for one in page]
        after = page[-1].id
    assert pages == [f"body {n}" for n in range(7)]


def test_without_a_key_the_same_body_is_the_same_message() -> None:
    w = world()
    assert w.ledger.receive("fal", "poll", "", "a")
    assert w.ledger.receive("fal", "poll", "", "b")
    assert not w.ledger.receive("fal", "poll", "", "a")
    assert not w.ledger.receive("fal", "poll", "", b"a")


@pytest.mark.parametrize("body", ["nul \0 and half \ud800 a sign", b"not \xff utf-8 \0", "ä€\U0001f600", "", "\\x00"])
def test_what_no_database_holds_is_kept_as_escapes(body: str | bytes) -> None:
    w = world()
    assert w.ledger.receive("fal", "billing", "k\0\ud800", body, "p\0")
    (one,) = w.ledger.messages(provider_job="p\0")
    assert one.body == kept(body)
    assert (one.dedup_key, one.provider_job) == ("k\\x00\\ud800", "p\\x00")
    assert not w.ledger.receive("fal", "billing", "k\0\ud800", body)


def test_a_body_beyond_the_limit_is_cut_with_its_length_and_hash() -> None:
    w = world()
    body = "ä" * (BODY_MOST + 1)
    w.ledger.receive("fal", "webhook", "long", body)
    w.ledger.receive("fal", "webhook", "just", body[1:])
    cut, whole = (one.body for one in w.ledger.messages())
    digest = hashlib.sha256(body.encode()).hexdigest()
    assert cut == f"{body[1:]}\n[cut here: {2 * BODY_MOST + 2} bytes in all, sha256 {digest}]"
    assert whole == body[1:]


def test_long_names_from_outside_stay_apart_and_fit_an_index() -> None:
    w = world()
    long = "€" * 5000
    assert w.ledger.receive("fal", "webhook", long + "1", "a", long)
    assert w.ledger.receive("fal", "webhook", long + "2", "b", long)
    assert not w.ledger.receive("fal", "webhook", long + "2", "b", long)
    assert [one.body for one in w.ledger.messages(provider_job=long)] == ["a", "b"]
    w.hold()
    w.begin()
    assert w.ledger.outcome(job="j1", attempt="a1", outcome="accepted", provider_job=long) == "submitted"
    assert [event.kind for event in w.ledger.timeline("j1")].count("message") == 2
    w.sound()


@given(st.text(), st.text())
@examples(100)
def test_cleaning_keeps_good_text_and_cutting_keeps_two_apart(one: str, other: str) -> None:
    assert clean(clean(one)) == clean(one)
    clean(one).encode()
    assert "\0" not in clean(one)
    if "\0" not in one and one.encode("utf-8", "ignore").decode() == one:
        assert clean(one) == one
    long = [text * NAME_MOST for text in (one, other)]
    assert all(len(short(text)) <= NAME_MOST for text in long)
    assert (short(long[0]) == short(long[1])) == (clean(long[0]) == clean(long[1]))


def test_the_timeline_shows_a_jobs_messages_when_they_came() -> None:
    w = world()
    w.submitted()
    w.clock.forward(seconds=1)
    w.ledger.receive("fal", "webhook", "e1", "in\x1b[31m queue\n" + "x" * 500, "p-a1")
    w.ledger.receive("runware", "webhook", "e2", "another provider's", "p-a1")
    w.clock.forward(seconds=1)
    w.settle(usd("1.4"))
    events = w.ledger.timeline("j1")
    kinds = [event.kind for event in events]
    assert kinds == ["quote", "hold", "intent", "outcome", "message", "observation", *["posting"] * 4]
    assert events[4].detail == f"webhook from fal (e1): in [31m queue {'x' * 146}…"
    assert [event.at for event in events] == sorted(event.at for event in events)


def test_messages_are_facts() -> None:
    w = world()
    w.ledger.receive("fal", "webhook", "e1", "body")
    before = dump(w.ledger)
    for sql in ("UPDATE inbox SET body = ''", "DELETE FROM inbox"):
        with pytest.raises(Exception, match="holds facts"):
            raw(w.ledger, sql)
    assert dump(w.ledger) == before


@pytest.mark.parametrize("bad", [{"channel": "pigeon"}, {"provider": ""}, {"provider": "a\0"}])
def test_bad_messages(bad: dict[str, Any]) -> None:
    w = world()
    asked: dict[str, Any] = {"provider": "fal", "channel": "webhook", "dedup_key": "k", "body": "b"} | bad
    with pytest.raises(BadRequest):
        w.ledger.receive(**asked)
    with pytest.raises(BadRequest):
        w.ledger.messages(limit=0)
    assert w.ledger.messages() == ()
