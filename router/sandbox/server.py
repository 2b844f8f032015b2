"""The sandbox's server: one loopback address for all three providers, in a thread. Never decides what is answered."""

import asyncio
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from types import FrameType, TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl
from uuid import uuid4

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .market import Market, environment
from .wire import EMPTY, Answer, Ask, Cut

Scope = Mapping[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
"""ASGI's own words."""

TRANSPORT = "faregate.transport"


class Sandbox:
    """Creatify, fal and Runware on 127.0.0.1, for as long as the `with` block lasts. Nothing leaves the machine."""

    def __init__(
        self,
        faults: Iterable[str] = (),
        answer_lag_s: float = 0.0,
        render_s: float = 0.3,
        *,
        port: int = 0,
        output_extra_s: Decimal | str | int = 0,
        fal_unit: Literal["dollars", "seconds"] = "dollars",
        fal_price_480p: Decimal | str = "0.10",
        creatify_credits: Decimal | str | int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open = partial(
            Market,
            clock=clock,
            new_id=lambda: str(uuid4()),
            faults=tuple(faults),
            answer_lag_s=answer_lag_s,
            render_s=render_s,
            output_extra_s=output_extra_s,
            fal_unit=fal_unit,
            fal_price_480p=fal_price_480p,
            creatify_credits=creatify_credits,
        )
        self._lock = threading.Lock()
        """Answers come from the server's thread, questions from any."""
        self._market = self._open(born=datetime.now(UTC))
        self._port = port
        self._host = ""
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Serve; returns when requests are answered. Raises OSError when the port is taken."""
        # The protocol is named because asyncio sets TCP_NODELAY only then: without it every answer takes 40 ms.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", self._port))
            self._host = f"http://127.0.0.1:{listener.getsockname()[1]}"
            config = uvicorn.Config(
                self._app, http=_Protocol, interface="asgi3", ws="none", lifespan="off", log_config=None, access_log=False,
                timeout_graceful_shutdown=5,
            )  # fmt: skip
            self._server = uvicorn.Server(config)
            self._thread = threading.Thread(
                target=self._server.run, kwargs={"sockets": [listener]}, name="faregate-sandbox", daemon=True
            )
            self._thread.start()
            self._wait(self._server, self._thread)
        except BaseException:
            listener.close()
            raise

    def _wait(self, server: uvicorn.Server, thread: threading.Thread) -> None:
        while not server.started:
            if not thread.is_alive():
                raise OSError(f"the sandbox could not serve on {self._host}")
            time.sleep(0.002)

    def stop(self) -> None:
        """Answer what is being answered, then close. Harmless when repeated."""
        self._stop.set()
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
            self._server = self._thread = None

    def serve_forever(self, on_ready: Callable[[Self], None]) -> None:
        """Serve until SIGTERM, SIGINT or `stop`, then return. Signals are heard in the main thread only."""
        before = {}
        if threading.current_thread() is threading.main_thread():
            before = {each: signal.signal(each, self._heard) for each in (signal.SIGTERM, signal.SIGINT)}
        try:
            with self:
                on_ready(self)
                while not self._stop.wait(0.2):
                    pass
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _heard(self, _signal: int, _frame: FrameType | None) -> None:
        self._stop.set()

    @property
    def env(self) -> dict[str, str]:
        """The environment in which the adapters talk to this sandbox: keys and base addresses."""
        return dict(environment(self._host))

    @property
    def urls(self) -> dict[str, str]:
        return {
            "sandbox": self._host,
            "bill": f"{self._host}/_bill",
            "files": f"{self._host}/files",
            "outputs": f"{self._host}/outputs",
            "fal": f"{self._host}/fal",
            "runware": f"{self._host}/runware/v1",
            "creatify": f"{self._host}/creatify",
        }

    def bill(self) -> dict[str, object]:
        """What was truly billed until now: the same as GET /_bill."""
        with self._lock:
            return self._market.bill()

    def forget(self) -> None:
        """Every job, file and added fault, as if just started: for a test suite that shares one sandbox."""
        with self._lock:
            self._market = self._open(born=datetime.now(UTC))

    def add_fault(self, spec: str) -> None:
        """One more fault from now on. Raises ValueError."""
        with self._lock:
            self._market.add_fault(spec)

    def advance(self, seconds: float) -> None:
        """Let time pass at once, as POST /_clock?advance=… does. Raises ValueError."""
        with self._lock:
            self._market.advance(seconds)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request: read it, ask the market, do to the answer what the answer says."""
        answer = self._ask(scope, await _body(receive))
        if answer.lag_s:
            await self._lag(answer.lag_s)
        if answer.cut is not None:
            await _break(scope[TRANSPORT], answer, receive)
            return
        await _reply(answer, send)

    def _ask(self, scope: Scope, body: bytes) -> Answer:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = tuple(parse_qsl(str(scope["query_string"], "latin-1"), keep_blank_values=True))
        ask = Ask(scope["method"], scope["path"], query, headers, body, self._host)
        with self._lock:
            return self._market.answer(ask)

    async def _lag(self, lag_s: float) -> None:
        """Wait, but let `stop` cut the waiting short."""
        until = time.monotonic() + lag_s
        while (left_s := until - time.monotonic()) > 0 and not self._stop.is_set():
            await asyncio.sleep(min(left_s, 0.05))


class _Protocol(H11Protocol):
    """uvicorn's own, which also shows the application its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn's own
        super().connection_made(transport)
        app = self.app

        async def shown(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, TRANSPORT: transport}, receive, send)

        self.app = shown


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while (message := await receive())["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return b"".join(parts)


async def _reply(answer: Answer, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    body = b"" if answer.status in EMPTY else answer.body
    if answer.status not in EMPTY:
        headers += [(b"content-type", answer.kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _break(transport: asyncio.Transport, answer: Answer, receive: Receive) -> None:
    """No answer, or a part of it: the connection is closed instead."""
    cut = answer.cut or Cut()
    if cut.reply:
        transport.write(answer.raw()[: cut.reply])
    transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
