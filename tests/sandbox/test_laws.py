"""What holds for whatever a client sends: an answer in JSON, never a crash, and a bill that adds up."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil
from random import Random
from typing import cast
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.sandbox.creatify import API_ID, API_KEY
from router.sandbox.fal_platform import KEY as FAL_KEY
from router.sandbox.market import Market
from router.sandbox.runware_tasks import KEY as RUNWARE_KEY
from router.sandbox.wire import Ask, dumps
from tests.strategies import json_texts, seconds

from .talker import AUDIO, IMAGE, Json, items, task

HEADERS = {
    "fal": {"authorization": f"Key {FAL_KEY}"},
    "runware": {"authorization": f"Bearer {RUNWARE_KEY}"},
    "creatify": {"x-api-id": API_ID, "x-api-key": API_KEY},
}


def market(clock: Callable[[], float] = lambda: 0.0, render_s: float = 0) -> Market:
    chance = Random(1)
    return Market(
        clock=clock,
        born=datetime(2026, 11, 30, tzinfo=UTC),
        new_id=lambda: str(UUID(int=chance.getrandbits(128), version=4)),
        render_s=render_s,
        creatify_credits=10**9,
    )


def ask(path: str, body: bytes) -> Ask:
    return Ask("POST", path, (), HEADERS[PATHS[path]], body)


PATHS = {
    "/fal/queue/fal-ai/creatify/aurora": "fal",
    "/fal/rest/storage/upload/initiate": "fal",
    "/runware/v1": "runware",
    "/creatify/api/aurora/": "creatify",
    "/creatify/api/custom_template_jobs/": "creatify",
}


@pytest.mark.parametrize("path", PATHS)
@given(text=json_texts())
def test_any_json_is_answered_in_json_and_only_a_2xx_accepts(path: str, text: str) -> None:
    shared = market()
    answer = shared.answer(ask(path, text.encode()))
    assert 200 <= answer.status < 500
    json.loads(answer.body)
    assert answer.status < 300 or shared.bill()["accepted"] == 0


@pytest.mark.parametrize("path", PATHS)
@given(body=st.binary(max_size=200))
def test_any_bytes_are_refused(path: str, body: bytes) -> None:
    answer = market().answer(ask(path, body))
    assert 400 <= answer.status < 500
    json.loads(answer.body)


RATES: dict[str, tuple[str, int]] = {
    "creatify:aurora@0": ("0.14", 1),
    "creatify:aurora@fast": ("0.07", 1),
    "480p": ("0.10", 1),
    "720p": ("0.14", 1),
    "aurora_v1": ("1", 1),
    "aurora_v1_fast": ("0.5", 1),
    "standard": ("5", 30),
}


def body_of(name: str, length: Decimal, results: int) -> tuple[str, object]:
    """The path, and the body of a submit for the offer whose rate this is."""
    audio = f"https://x.example/a.mp3?seconds={length}"
    if name.startswith("creatify:"):
        return "/runware/v1", [task(model=name, numberResults=results, inputs={"image": IMAGE, "audio": audio})]
    if name.endswith("p"):
        body: Json = {"image_url": IMAGE, "audio_url": audio, "resolution": name}
        return "/fal/queue/fal-ai/creatify/aurora", body
    if name == "standard":
        return "/creatify/api/custom_template_jobs/", {
            "template_id": str(uuid4()),
            "variables": {"seconds": str(length)},
        }
    return "/creatify/api/aurora/", {"image": IMAGE, "audio": audio, "model_version": name}


@given(st.lists(st.tuples(st.sampled_from(sorted(RATES)), seconds(), st.integers(1, 4)), max_size=6))
def test_the_bill_is_started_steps_times_the_rate_summed(orders: list[tuple[str, Decimal, int]]) -> None:
    shared = market()
    due = {"USD": Fraction(0), "creatify-credit": Fraction(0)}
    for name, length, results in orders:
        path, body = body_of(name, length, results)
        assert shared.answer(ask(path, dumps(body).encode())).status < 300
        rate, step = RATES[name]
        count = results if path == "/runware/v1" else 1
        due["creatify-credit" if PATHS[path] == "creatify" else "USD"] += (
            ceil(Fraction(length) / step) * Fraction(rate) * count
        )
    bill = shared.bill()
    total = cast("dict[str, str]", bill["total"])
    assert {currency: Fraction(amount) for currency, amount in total.items()} == due
    for currency in due:
        rows = [job for job in items(bill["jobs"]) if job["currency"] == currency]
        assert sum(Fraction(str(job["amount"])) for job in rows) == due[currency]
    assert bill["accepted"] == len(orders)


@given(share=st.floats(0, 2), results=st.integers(1, 4))
def test_a_post_paid_bill_only_grows_and_ends_at_the_price(share: float, results: int) -> None:
    clock = [0.0]
    shared = market(lambda: clock[0], render_s=10)
    wanted = task(numberResults=results, inputs={"image": IMAGE, "audio": AUDIO})
    assert shared.answer(ask("/runware/v1", dumps([wanted]).encode())).status == 200
    seen: list[Decimal] = []
    for at_s in sorted((0.0, 10 * share, 20.0)):
        clock[0] = at_s
        seen.append(Decimal(cast("dict[str, str]", shared.bill()["total"])["USD"]))
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (Decimal(0), results * Decimal("1.4"))
