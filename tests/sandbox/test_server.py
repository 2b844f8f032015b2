"""Serving: start, stop, signals, many clients, and no answer for whom there is none."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import httpx
import pytest

from router.sandbox import Sandbox

from .talker import Talker, task


def test_the_environment_and_the_addresses_are_complete(sandbox: Sandbox) -> None:
    host = sandbox.urls["sandbox"]
    assert host.startswith("http://127.0.0.1:")
    assert sandbox.env.keys() == {
        "FAL_KEY", "FAL_ADMIN_KEY", "RUNWARE_API_KEY", "CREATIFY_API_ID", "CREATIFY_API_KEY", "FAREGATE_FAL_QUEUE_URL",
        "FAREGATE_FAL_API_URL", "FAREGATE_FAL_REST_URL", "FAREGATE_RUNWARE_URL", "FAREGATE_CREATIFY_URL",
    }  # fmt: skip
    assert {name: url.removeprefix(host) for name, url in sandbox.urls.items()} == {
        "sandbox": "",
        "bill": "/_bill",
        "files": "/files",
        "outputs": "/outputs",
        "fal": "/fal",
        "runware": "/runware/v1",
        "creatify": "/creatify",
    }


def test_the_bill_is_one_document_with_amounts_as_text(talker: Talker) -> None:
    wanted = task()
    talker.runware(wanted)
    made = talker.creatify(name="clip-1").json()
    raw = talker.http.get(talker.sandbox.urls["bill"])
    bill = raw.json()
    assert bill == talker.sandbox.bill()
    instants = [job.pop("accepted_at") for job in bill["jobs"]] + [bill["jobs"][1]["billed"][0].pop("at")]
    assert all(datetime.fromisoformat(each).tzinfo is not None for each in instants)
    assert bill == {
        "total": {"USD": "0", "creatify-credit": "10"},
        "jobs": [
            {
                "provider": "runware",
                "id": wanted["taskUUID"],
                "attempt": wanted["taskUUID"],
                "model": "creatify:aurora@0",
                "status": "queued",
                "billed_seconds": "0",
                "amount": "0",
                "currency": "USD",
                "results": 0,
                "faults": [],
                "billed": [],
            },
            {
                "provider": "creatify",
                "id": made["id"],
                "attempt": "clip-1",
                "model": "aurora_v1",
                "status": "queued",
                "billed_seconds": "10",
                "amount": "10",
                "currency": "creatify-credit",
                "results": 0,
                "faults": [],
                "billed": [{"amount": "10", "what": "debit"}],
            },
        ],
        "submits": 2,
        "accepted": 2,
    }
    assert not re.search(r'":-?[0-9]*[.e]', raw.text), "no float anywhere"


def test_with_no_render_time_the_first_poll_finds_it_done() -> None:
    with Sandbox(render_s=0) as sandbox, Talker(sandbox) as talker:
        receipt = talker.fal().json()
        assert talker.fal_get(receipt["status_url"]).json()["status"] == "COMPLETED"
        made = talker.creatify().json()
        assert talker.creatify_get(f"aurora/{made['id']}/").json()["status"] == "done"


def test_renders_take_real_time() -> None:
    with Sandbox(render_s=0.2) as sandbox, Talker(sandbox) as talker:
        wanted = task()
        talker.runware(wanted)
        assert talker.poll(wanted)["data"] != []
        while sandbox.bill()["total"] == {"USD": "0", "creatify-credit": "0"}:
            time.sleep(0.005)
        assert sandbox.bill()["total"] == {"USD": "1.4", "creatify-credit": "0"}


def test_many_clients_at_once_are_each_billed_once() -> None:
    with Sandbox(faults=["lost-answer:*:10"], render_s=0) as sandbox:

        def one(number: int) -> str:
            with Talker(sandbox) as talker:
                submits: tuple[Callable[[], httpx.Response], ...] = (
                    talker.fal,
                    talker.creatify,
                    lambda: talker.runware(task()),
                )
                try:
                    return submits[number % 3]().reason_phrase
                except (httpx.RemoteProtocolError, httpx.ReadError):
                    return "lost"

        with ThreadPoolExecutor(16) as pool:
            ends = Counter(pool.map(one, range(90)))
        bill = sandbox.bill()
    assert ends["lost"] == 10
    assert (bill["submits"], bill["accepted"]) == (90, 90)
    assert bill["total"] == {"USD": "84", "creatify-credit": "300"}


def test_it_stops_and_frees_its_port() -> None:
    with Sandbox() as sandbox:
        port = int(sandbox.urls["sandbox"].rpartition(":")[2])
    sandbox.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(sandbox.urls["bill"])
    with Sandbox(port=port) as again:
        assert again.urls == sandbox.urls


def test_a_sandbox_forgets_all_but_the_faults_it_was_made_with() -> None:
    with Sandbox(faults=["refuse:fal"], render_s=0) as sandbox, Talker(sandbox) as talker:
        new = sandbox.bill()
        for _ in range(2):
            sandbox.add_fault("refuse:creatify")
            url = talker.put("a.wav", b"audio")
            codes = [talker.fal().status_code, talker.creatify().status_code, talker.runware(task()).status_code]
            assert codes == [403, 402, 200]
            sandbox.forget()
            assert talker.http.get(url).status_code == 404
            assert sandbox.bill() == new
        assert talker.creatify().status_code == 201


def test_a_taken_port_is_an_os_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match=r".+"):
            Sandbox(port=taken.getsockname()[1]).start()


def test_a_bad_fault_is_told_before_serving() -> None:
    with pytest.raises(ValueError, match="bad fault"):
        Sandbox(faults=["explode"])


def test_a_client_that_gives_up_during_the_lag_was_accepted() -> None:
    with Sandbox(answer_lag_s=60, render_s=0) as sandbox, Talker(sandbox) as talker:
        talker.http.timeout = httpx.Timeout(5, read=0.1)
        with pytest.raises(httpx.ReadTimeout):
            talker.fal()
        talker.http.timeout = httpx.Timeout(5)
        while sandbox.bill()["accepted"] == 0:
            time.sleep(0.005)
        assert talker.bill()["total"] == {"USD": "1.4", "creatify-credit": "0"}


def test_serving_in_another_thread_ends_with_stop() -> None:
    sandbox, ready = Sandbox(), threading.Event()

    def say(_: Sandbox) -> None:
        ready.set()

    thread = threading.Thread(target=sandbox.serve_forever, args=(say,))
    thread.start()
    assert ready.wait(5)
    assert httpx.get(sandbox.urls["bill"]).status_code == 200
    sandbox.stop()
    thread.join(5)
    assert not thread.is_alive()


SCRIPT = """
import json
from router.sandbox import Sandbox
Sandbox().serve_forever(lambda serving: print(json.dumps(serving.urls), flush=True))
print("ended", flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_0(how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        urls = json.loads(process.stdout.readline())
        assert httpx.get(urls["bill"]).status_code == 200
        os.kill(process.pid, how)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "ended\n", "")
