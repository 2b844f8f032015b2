"""The sandbox's server: one loopback address for all three providers, in a thread. Never decides what is answered."""

import asyncio
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from types import FrameType, TracebackType
from typing import Literal, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from . import creatify, fal, runware
from .account import Account
from .faults import Faults
from .media import Files
from .shop import Door, Handler, Shop
from .wire import Answer, Ask, said

TRANSPORT = "faregate.transport"
CLIP = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"
"""The first box of an MP4: enough to save and to recognise."""


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
        self._account = partial(Account, render_s, Decimal(creatify_credits), clock)
        self._faults = tuple(faults)
        self._shop = Shop(
            self._account(),
            Faults(self._faults),
            answer_lag_s=answer_lag_s,
            output_extra_s=Decimal(output_extra_s),
            fal_unit=fal_unit,
            fal_price_480p=Decimal(fal_price_480p),
        )
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
                self._app(), http=_Protocol, ws="none", lifespan="off", log_config=None, access_log=False,
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
        return {
            "FAL_KEY": fal.KEY,
            "RUNWARE_API_KEY": runware.KEY,
            "CREATIFY_API_ID": creatify.API_ID,
            "CREATIFY_API_KEY": creatify.API_KEY,
            "FAREGATE_FAL_QUEUE_URL": f"{self._host}/fal/queue",
            "FAREGATE_FAL_API_URL": f"{self._host}/fal/api/v1",
            "FAREGATE_FAL_REST_URL": f"{self._host}/fal/rest",
            "FAREGATE_RUNWARE_URL": f"{self._host}/runware/v1",
            "FAREGATE_CREATIFY_URL": f"{self._host}/creatify",
        }

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
        return self._shop.account.bill()

    def forget(self) -> None:
        """Every job, file and added fault, as if just started: for a test suite that shares one sandbox."""
        self._shop.account, self._shop.faults, self._shop.files = self._account(), Faults(self._faults), Files()

    def add_fault(self, spec: str) -> None:
        """One more fault from now on. Raises ValueError."""
        self._shop.faults.add(spec)

    def _app(self) -> ASGIApp:
        shop = self._shop
        doors: tuple[Door, ...] = (
            *fal.Fal(shop).doors(),
            *runware.Runware(shop).doors(),
            *creatify.Creatify(shop).doors(),
            ("PUT", "/files/{name}", self._put),
            ("GET", "/files/{name}", self._get),
            ("GET", "/outputs/{name}", lambda _: Answer(200, CLIP, kind="video/mp4")),
            ("GET", "/_bill", lambda _: said(200, self.bill())),
        )
        return Starlette(routes=[Route(path, self._endpoint(handle), methods=[verb]) for verb, path, handle in doors])

    def _endpoint(self, handle: Handler) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            answer = handle(
                Ask(
                    method=request.method,
                    path=dict(request.path_params),
                    query=tuple(request.query_params.multi_items()),
                    headers=dict(request.headers),
                    body=await request.body(),
                    host=self._host,
                )
            )
            if answer.lag_s:
                await self._lag(answer.lag_s)
            if answer.lost:
                return _Lost()
            empty = answer.status in (204, 205, 304)
            return Response(b"" if empty else answer.body, answer.status, dict(answer.headers), answer.kind)

        return endpoint

    async def _lag(self, lag_s: float) -> None:
        """Wait, but let `stop` cut the waiting short."""
        until = time.monotonic() + lag_s
        while (left_s := until - time.monotonic()) > 0 and not self._stop.is_set():
            await asyncio.sleep(min(left_s, 0.05))

    def _put(self, ask: Ask) -> Answer:
        self._shop.files.put(ask.path["name"], ask.body)
        return Answer(200)

    def _get(self, ask: Ask) -> Answer:
        data = self._shop.files.get(ask.path["name"])
        return (
            said(404, {"detail": "no such file"})
            if data is None
            else Answer(200, data, kind="application/octet-stream")
        )


class _Protocol(H11Protocol):
    """uvicorn's own, which also shows the application its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn's own
        super().connection_made(transport)
        app = self.app

        async def shown(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, TRANSPORT: transport}, receive, send)

        self.app = shown


class _Lost(Response):
    """No answer: the connection is closed instead."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del send  # nothing is sent
        scope[TRANSPORT].close()
        while (await receive())["type"] != "http.disconnect":
            pass
