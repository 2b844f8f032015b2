"""What a provider is asked at once, and that all wait when it asks for that."""

from collections.abc import Callable
from threading import Barrier, Lock, Thread
from time import monotonic, sleep

import anyio
import httpx
import pytest

from router import BadRequest
from router.limits import Restraint, shipped_limits
from router.providers import shipped
from router.talk import Answer, Broken, Call, Reply
from router.transport import AsyncHttp, Http

URL = "http://provider.example/"


class Busy:
    """Counts how many are inside at once; answers 200, or what it is told to."""

    def __init__(self, status: int = 200, headers: dict[str, str] | None = None, lag_s: float = 0.02) -> None:
        self.status, self.headers, self.lag_s = status, headers or {}, lag_s
        self.inside = self.most = self.count = 0
        self.lock = Lock()

    def __call__(self, _request: httpx.Request) -> httpx.Response:
        with self.lock:
            self.inside += 1
            self.count += 1
            self.most = max(self.most, self.inside)
        sleep(self.lag_s)
        with self.lock:
            self.inside -= 1
        return httpx.Response(self.status, headers=self.headers, content=b"{}")


def call(purpose: str = "poll", provider: str = "creatify", **more: object) -> Call:
    return Call(purpose, "GET", URL, provider=provider, **more)  # type: ignore[arg-type]


def together(work: Callable[[], Answer], count: int) -> list[Answer]:
    answers: list[Answer] = []
    start = Barrier(count)

    def one() -> None:
        start.wait()
        answers.append(work())

    threads = [Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_the_shipped_limits_cover_every_provider_and_say_why() -> None:
    assert {*shipped({}), "other"} == shipped_limits().keys()
    assert all(limit.at_once >= 1 and limit.pause_s > 0 for limit in shipped_limits().values())


def test_no_more_than_its_limit_is_asked_at_once_and_submits_do_not_count() -> None:
    busy = Busy()
    http = Http(transport=httpx.MockTransport(busy), at_once={"creatify": 3})
    assert len(together(lambda: http.perform(call()), 12)) == 12
    assert busy.most == 3
    assert len(together(lambda: http.perform(call("submit")), 12)) == 12
    assert busy.most > 3
    with pytest.raises(BadRequest, match="at_once of fal must be 1 or more"):
        Http(at_once={"fal": 0})


def test_on_a_loop_too() -> None:
    inside, most = 0, 0

    async def handler(_request: httpx.Request) -> httpx.Response:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await anyio.sleep(0.01)
        inside -= 1
        return httpx.Response(200)

    async def main() -> None:
        async with AsyncHttp(transport=httpx.MockTransport(handler)) as http, anyio.create_task_group() as group:
            for _ in range(9):
                group.start_soon(http.perform, call())

    anyio.run(main)
    assert most == shipped_limits()["creatify"].at_once


@pytest.mark.parametrize(("status", "headers"), [(429, {"retry-after": "30"}), (503, {"retry-after": "30"}), (429, {})])
def test_after_its_word_nobody_asks_and_other_providers_are_asked(status: int, headers: dict[str, str]) -> None:
    busy = Busy(status, headers, lag_s=0)
    http = Http(transport=httpx.MockTransport(busy))
    answers = [http.perform(call()) for _ in range(20)]
    assert busy.count == 1
    assert all(isinstance(one, Reply) and one.status == status for one in answers)
    told = [one.headers["retry-after"] for one in answers[1:] if isinstance(one, Reply)]
    assert set(told) <= {"30", "29", "5", "4"}, "what is left of its time"
    http.perform(call(provider="fal"))
    assert busy.count == 2
    assert http.restraint.rest_s("runware") == 0


def test_a_503_that_names_no_time_stops_nobody() -> None:
    busy = Busy(503, lag_s=0)
    http = Http(transport=httpx.MockTransport(busy))
    for _ in range(3):
        http.perform(call())
    assert busy.count == 3


def test_an_upload_waits_and_a_submit_does_not() -> None:
    busy = Busy(429, {"retry-after": "1"}, lag_s=0)
    http = Http(transport=httpx.MockTransport(busy))
    http.perform(call())
    busy.status = 200
    began = monotonic()
    assert isinstance(http.perform(call("submit")), Reply)
    assert monotonic() - began < 0.9
    answer = http.perform(call("upload"))
    assert isinstance(answer, Reply)
    assert answer.status == 200
    assert monotonic() - began > 0.3


def test_the_longest_rest_has_a_limit_and_time_ends_it() -> None:
    now = [100.0]
    restraint = Restraint(clock=lambda: now[0])
    restraint.heard(call(), Reply(429, {"retry-after": "9999999"}, b""))
    assert restraint.rest_s("creatify") == 3600
    now[0] += 3601
    assert restraint.standing(call()) == 0
    broken = Broken(sent=True, error="x")
    assert restraint.heard(call(), broken) is broken
