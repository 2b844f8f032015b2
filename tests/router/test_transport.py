"""The wire: what left the machine, what came back, and what is saved."""

import asyncio
import gzip
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import httpx
import pytest

from router import transport
from router.download import download
from router.errors import BadRequest, ProviderError
from router.talk import Answer, Broken, Call, Purpose, Reply
from router.transport import AsyncHttp, Http, encode

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Fal-Billable-Units: 1.4\r\n\r\n{}"


class Server:
    """A socket that says exactly what a test wants."""

    def __init__(self, answer: bytes | None, *, close: bool = False, linger: bool = False) -> None:
        self._answer, self._close, self._linger = answer, close, linger
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            while (request := self._read(connection)) is not None:
                self.requests.append(request)
                if self._answer is None:
                    return
                connection.sendall(self._answer)
                if self._linger:
                    self._over.wait(10)
                if self._close or b"connection: close" in request.lower():
                    return

    def _read(self, connection: socket.socket) -> bytes | None:
        data = b""
        try:
            while b"\r\n\r\n" not in data:
                if not (more := connection.recv(65536)):
                    return None
                data += more
            head, _, body = data.partition(b"\r\n\r\n")
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            want = int(lengths[0].split(b":")[1]) if lengths else 0
            while len(body) < want:
                body += connection.recv(65536)
        except OSError:
            return None
        return head + b"\r\n\r\n" + body

    def stop(self) -> None:
        self._over.set()
        self._listener.close()


@contextmanager
def serving(answer: bytes | None, *, close: bool = False, linger: bool = False) -> Generator[Server]:
    server = Server(answer, close=close, linger=linger)
    try:
        yield server
    finally:
        server.stop()


def perform(call: Call) -> Answer:
    with Http() as http:
        return http.perform(call)


def perform_async(call: Call) -> Answer:
    async def main() -> Answer:
        async with AsyncHttp() as http:
            return await http.perform(call)

    return asyncio.run(main())


both = pytest.mark.parametrize("perform", [perform, perform_async], ids=["sync", "async"])
Perform = Callable[[Call], Answer]


@both
def test_an_answer_comes_back_whole(perform: Perform) -> None:
    with serving(OK) as server:
        secret = MappingProxyType({"authorization": "Key abc"})
        answer = perform(
            Call(
                "submit",
                "POST",
                server.url + "/x",
                json={"scale": Decimal("1.60"), "n": Decimal(1)},
                secret_headers=secret,
            )
        )
    assert isinstance(answer, Reply)
    assert (answer.status, answer.body, answer.headers["x-fal-billable-units"]) == (200, b"{}", "1.4")
    (request,) = server.requests
    assert request.endswith(b'\r\n\r\n{"scale":1.6,"n":1}')
    assert b"authorization: Key abc\r\n" in request
    assert b"content-type: application/json\r\n" in request.lower()


@both
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_an_answer(perform: Perform, status: int) -> None:
    with serving(f"HTTP/1.1 {status} Moved\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n".encode()) as server:
        answer = perform(Call("submit", "POST", server.url, json={}))
        assert isinstance(answer, Reply)
        assert answer.status == status
        assert len(server.requests) == 1


@both
def test_a_closed_connection_may_have_carried_the_request_once(perform: Perform) -> None:
    with serving(None) as server:
        answer = perform(Call("submit", "POST", server.url, json={}))
        assert answer == Broken(sent=True, error=answer.error if isinstance(answer, Broken) else "")
        assert len(server.requests) == 1, "a submit is never repeated"


@both
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["cut", "not gzip", "not HTTP", "bad chunk"],
)
def test_half_an_answer_is_none(perform: Perform, answer: bytes) -> None:
    with serving(answer, close=True) as server:
        broken = perform(Call("submit", "POST", server.url, json={}))
    assert isinstance(broken, Broken)
    assert broken.sent
    assert broken.error


@both
def test_a_slow_answer_is_given_up(perform: Perform) -> None:
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", linger=True) as server:
        broken = perform(Call("submit", "POST", server.url, json={}, timeout_s=0.2))
    assert isinstance(broken, Broken)
    assert broken.sent
    assert "ReadTimeout" in broken.error


@both
@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "ftp://example.com/", "http://[broken/", "nonsense", "http://exa mple/\x00", ""]
)
def test_what_cannot_be_reached_was_not_sent(perform: Perform, url: str) -> None:
    broken = perform(Call("submit", "POST", url, json={}, timeout_s=2))
    assert isinstance(broken, Broken)
    assert not broken.sent
    assert broken.error


@both
@pytest.mark.parametrize(
    "call",
    [
        Call("submit", "POST", "http://127.0.0.1:1/", json={"x": float("nan")}),
        Call("submit", "POST", "http://127.0.0.1:1/", json={"x": object()}),
        Call("submit", "POST", "http://127.0.0.1:1/", json={"x": "\ud800"}),
        Call("submit", "POST", "http://127.0.0.1:1/", content=Path("no-such-file")),
        Call("submit", "POST", "http://127.0.0.1:1/", secret_headers={"authorization": "Key é-secret-ü"}),
    ],
    ids=["nan", "object", "surrogate", "no file", "header"],
)
def test_what_cannot_be_written_was_not_sent(perform: Perform, call: Call) -> None:
    broken = perform(call)
    assert isinstance(broken, Broken)
    assert not broken.sent
    assert "secret" not in broken.error


@both
def test_an_illegal_key_is_never_shown(perform: Perform) -> None:
    with serving(OK) as server:
        broken = perform(Call("submit", "POST", server.url, secret_headers={"authorization": "Key very-secret\nx: y"}))
    assert isinstance(broken, Broken)
    assert not broken.sent
    assert "very-secret" not in broken.error
    assert server.requests == []


NEVER: list[type[Exception]] = [
    *(httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.LocalProtocolError),
    httpx.InvalidURL,
]
MAYBE: list[type[Exception]] = [
    *(httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.ReadTimeout, httpx.WriteTimeout, httpx.ProxyError),
    *(httpx.RemoteProtocolError, httpx.DecodingError, httpx.TooManyRedirects, httpx.NetworkError, httpx.TransportError),
    *(OSError, RuntimeError, ValueError, KeyError, Exception),
]


@pytest.mark.parametrize("kind", NEVER + MAYBE)
def test_only_proof_says_not_sent(kind: type[Exception]) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise kind("x")

    async def main() -> Answer:
        return await AsyncHttp(transport=httpx.MockTransport(fail)).perform(call)

    call = Call("submit", "POST", "http://provider.example/", json={})
    answer = Http(transport=httpx.MockTransport(fail)).perform(call)
    assert isinstance(answer, Broken)
    assert answer.sent is (kind in MAYBE)
    assert asyncio.run(main()) == answer


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_passes_through(stop: type[BaseException]) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise stop

    with pytest.raises(stop):
        Http(transport=httpx.MockTransport(fail)).perform(Call("submit", "POST", "http://provider.example/", json={}))


def test_cancelling_passes_through() -> None:
    async def main() -> None:
        with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", linger=True) as server:
            async with AsyncHttp() as http:
                task = asyncio.create_task(http.perform(Call("submit", "POST", server.url, json={})))
                await asyncio.sleep(0.2)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

    asyncio.run(main())


@pytest.mark.parametrize(("purpose", "connections"), [("submit", 3), ("poll", 1), ("probe", 1)])
def test_each_submit_has_its_own_connection(purpose: Purpose, connections: int) -> None:
    with serving(OK) as server, Http() as http:
        for _ in range(3):
            assert isinstance(http.perform(Call(purpose, "POST", server.url, json={})), Reply)
        assert server.connections == connections


def test_many_threads_share_one_pool() -> None:
    with serving(OK) as server, Http() as http:
        answers: list[Answer] = []
        threads = [
            threading.Thread(target=lambda: answers.append(http.perform(Call("poll", "GET", server.url))))
            for _ in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [type(answer) for answer in answers] == [Reply] * 16


@both
def test_an_answer_too_large_is_broken(perform: Perform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "ANSWER_BYTES_MAX", 1000)
    body = gzip.compress(b"0" * 100_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with serving(head + body) as server:
        broken = perform(Call("poll", "GET", server.url))
    assert isinstance(broken, Broken)
    assert "larger" in broken.error


def test_an_answer_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr("router.transport.time.monotonic", lambda: next(clock))
    drops = httpx.Response(200, content=iter([b"{"] * 100))
    http = Http(transport=httpx.MockTransport(lambda _: drops))
    broken = http.perform(Call("submit", "POST", "http://provider.example/", json={}, timeout_s=30))
    assert broken == Broken(sent=True, error="the answer did not end within 30 s")


@both
def test_a_file_is_streamed_with_its_length(perform: Perform, tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(bytes(range(256)) * 1000)
    with serving(OK) as server:
        answer = perform(Call("upload", "PUT", server.url, headers={"content-type": "audio/wav"}, content=path))
    assert isinstance(answer, Reply)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == path.read_bytes()
    assert b"transfer-encoding" not in head.lower()


def test_encode_is_exact_and_plain() -> None:
    value = {"b": MappingProxyType({"é": [Decimal("0.10"), Decimal(5), None, True]}), "a": "x"}
    assert encode(value) == '{"b":{"é":[0.1,5,null,true]},"a":"x"}'.encode()
    with pytest.raises(ValueError, match="JSON"):
        encode({"x": float("inf")})


def test_a_clip_is_saved_whole(tmp_path: Path) -> None:
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nclip", close=True) as server:
        path = download(server.url, tmp_path / "clip.mp4")
        assert path.read_bytes() == b"clip"
        assert download(server.url, path).read_bytes() == b"clip", "again, over the last"
    assert [file.name for file in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        None,
    ],
    ids=["404", "half", "empty", "closed"],
)
def test_a_clip_that_fails_leaves_nothing(answer: bytes | None, tmp_path: Path) -> None:
    old = tmp_path / "clip.mp4"
    old.write_bytes(b"old")
    with serving(answer, close=True) as server, pytest.raises(ProviderError, match="could not be saved"):
        download(server.url, old)
    assert old.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_clip_has_a_limit(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
    with serving(head + b"clip", close=True) as server, pytest.raises(ProviderError, match="more than 3 bytes"):
        download(server.url, tmp_path / "clip.mp4", max_bytes=3)
    assert list(tmp_path.iterdir()) == []


def test_a_clip_needs_a_place(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="is a folder"):
        download("http://127.0.0.1:1/", tmp_path)
    with pytest.raises(BadRequest, match="there is no folder"):
        download("http://127.0.0.1:1/", tmp_path / "no" / "clip.mp4")
    with pytest.raises(ProviderError):
        download("nonsense", tmp_path / "clip.mp4")
