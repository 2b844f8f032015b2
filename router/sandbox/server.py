"""The sandbox's server: a loopback address for each provider, in a thread. Never decides what is answered."""

import asyncio
import contextlib
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from random import Random
from types import FrameType, TracebackType
from typing import Literal, Self
from uuid import UUID

import uvicorn

from .connection import Receive, Scope, Send, protocol_of, serve
from .delivery import TRIES, WAIT_S, Delivery, is_delivered
from .hooks import Hook
from .kinds import PROVIDERS
from .latency import Latency
from .market import Market, environment
from .wire import Answer, Ask

PAUSE_S = 0.01
"""Between looks at the clock, while webhooks or outages wait for it."""


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
        usd: Decimal | str | int = 10_000,
        latency: Latency | Mapping[str, Latency] | None = None,
        billing_lag_s: float = 20.0,
        seed: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`latency` rules over `render_s`; `seed` makes ids and drawn latencies the same each time; None: by chance.

        `billing_lag_s` is how late bills show a charge. Raises ValueError for a bad fault or latency.
        """
        self._seed = seed
        self._open = partial(
            Market,
            clock=clock,
            faults=tuple(faults),
            answer_lag_s=answer_lag_s,
            render_s=render_s,
            latency=latency,
            billing_lag_s=billing_lag_s,
            output_extra_s=output_extra_s,
            fal_unit=fal_unit,
            fal_price_480p=fal_price_480p,
            creatify_credits=creatify_credits,
            usd=usd,
        )
        self._lock = threading.Lock()
        """Answers come from the server's thread, questions from any."""
        self._hosts: dict[str, str] = {}
        """By provider; the empty name is everybody's."""
        self._market = self._fresh()
        self._port = port
        self._server: uvicorn.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._listening: dict[str, asyncio.Server | None] = {}
        """None: closed for now."""
        self._outbox: deque[tuple[Hook, int, float]] = deque()
        """Hooks to send, with the number of tries made and when (monotonic) the next may be."""
        self._stirred = asyncio.Event()
        self._minding = asyncio.Lock()
        self._delivery = Delivery()
        self._stop = threading.Event()

    def _fresh(self) -> Market:
        chance = Random(self._seed)  # noqa: S311 - a sandbox's ids are no secrets
        return self._open(
            born=datetime.now(UTC),
            new_id=lambda: str(UUID(int=chance.getrandbits(128), version=4)),
            draw=chance.random,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Serve; returns when requests are answered. Raises OSError when the port is taken."""
        listeners: dict[str, socket.socket] = {}
        try:
            for name in ("", *PROVIDERS):
                listeners[name] = _listener(0 if name else self._port)
            self._hosts = {name: f"http://127.0.0.1:{each.getsockname()[1]}" for name, each in listeners.items()}
            self._market.known_as(self._hosts.values())
            config = uvicorn.Config(
                self._app, http=protocol_of(self), interface="asgi3", ws="none", lifespan="off", log_config=None,
                access_log=False, timeout_graceful_shutdown=5,
            )  # fmt: skip
            self._server = uvicorn.Server(config)
            self._thread = threading.Thread(
                target=lambda: asyncio.run(self._live(list(listeners.values()))), name="faregate-sandbox", daemon=True
            )
            self._thread.start()
            self._wait(self._server, self._thread)
            self._listening = dict(zip(listeners, self._server.servers, strict=True))
            self._attend()
        except BaseException:
            for each in listeners.values():
                each.close()
            raise

    async def _live(self, listeners: list[socket.socket]) -> None:
        self._loop = asyncio.get_running_loop()
        assert self._server is not None  # noqa: S101 - start made it
        keeping = asyncio.create_task(self._keep())
        try:
            await self._server.serve(sockets=listeners)
        finally:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping
            await self._delivery.close()

    def _wait(self, server: uvicorn.Server, thread: threading.Thread) -> None:
        while not server.started:
            if not thread.is_alive():
                raise OSError(f"the sandbox could not serve on {self._hosts['']}")
            time.sleep(0.002)

    def stop(self) -> None:
        """Answer what is being answered, then close. Harmless when repeated."""
        self._stop.set()
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
            self._server = self._thread = self._loop = None

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
        return dict(environment(self._hosts[""], self._hosts))

    @property
    def urls(self) -> dict[str, str]:
        host = self._hosts[""]
        return {
            "sandbox": host,
            "bill": f"{host}/_bill",
            "files": f"{host}/files",
            "outputs": f"{host}/outputs",
            "fal": f"{host}/fal",
            "runware": f"{host}/runware/v1",
            "creatify": f"{host}/creatify",
        }

    def bill(self) -> dict[str, object]:
        """What was truly billed until now: the same as GET /_bill."""
        with self._lock:
            return self._market.bill()

    def hooks(self) -> list[dict[str, object]]:
        """What became of each webhook that was due: the same as GET /_hooks."""
        with self._lock:
            return self._market.hooks()

    def forget(self) -> None:
        """Every job, file and added fault, as if just started: for a test suite that shares one sandbox."""
        with self._lock:
            self._market = self._fresh()
            self._market.known_as(self._hosts.values())
            self._outbox.clear()
        self._attend()

    def add_fault(self, spec: str) -> None:
        """One more fault from now on. Raises ValueError."""
        with self._lock:
            self._market.add_fault(spec)
        self._attend()

    def advance(self, seconds: float) -> None:
        """Let time pass at once, as POST /_clock?advance=… does. Raises ValueError."""
        with self._lock:
            self._market.advance(seconds)
        self._attend()

    def _attend(self) -> None:
        """Have the server look at outages and webhooks now; returns when it has closed what is down."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._mind_outages(), self._loop).result(10)

    async def _keep(self) -> None:
        """Webhooks and outages, as the market's clock brings them. Rests while there are none."""
        while True:
            with self._lock:
                self._outbox.extend((hook, 0, 0.0) for hook in self._market.due_hooks())
                waits = self._market.next_hook_s() is not None
            await self._mind_outages()
            await self._send_due()
            self._stirred.clear()
            busy = waits or self._outbox or None in self._listening.values()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stirred.wait(), PAUSE_S if busy else None)

    async def _send_due(self) -> None:
        """One try for each hook that is due, in order; the failed ones are put back with a later time."""
        for _ in range(len(self._outbox)):
            hook, tries, after_s = self._outbox.popleft()
            if time.monotonic() < after_s:
                self._outbox.append((hook, tries, after_s))
                continue
            await self._post(hook, tries + 1)

    async def _post(self, hook: Hook, tries: int) -> None:
        outcome = await self._delivery.post(hook)
        with self._lock:
            self._market.note_hook(hook, outcome)
        if not is_delivered(outcome) and tries < TRIES:
            self._outbox.append((hook, tries, time.monotonic() + WAIT_S * 2 ** (tries - 1)))

    async def _mind_outages(self) -> None:
        """Close the ports of those who are down, open those of the others."""
        self._stirred.set()
        async with self._minding:
            for name, listening in list(self._listening.items()):
                with self._lock:
                    down = self._market.is_down(name)
                if down and listening is not None:
                    listening.close()
                    self._listening[name] = None
                elif not down and listening is None:
                    with contextlib.suppress(OSError):  # another has the port just now: the next look tries again
                        self._listening[name] = await self._listen_again(int(self._hosts[name].rpartition(":")[2]))

    async def _listen_again(self, port: int) -> asyncio.Server:
        server = self._server
        assert server is not None  # noqa: S101 - only a running one has ports
        made = protocol_of(self)
        again = await asyncio.get_running_loop().create_server(
            lambda: made(server.config, server.server_state, server.lifespan.state), sock=_listener(port)
        )
        server.servers.append(again)
        return again

    def greet(self, port: int) -> bool:
        """Whether a new connection to this port is reset at once."""
        name = next((name for name, host in self._hosts.items() if host.endswith(f":{port}")), "")
        with self._lock:
            return self._market.greet(name) is not None

    def interrupt(self, ask: Ask) -> Answer | None:
        """The reset that stops a request of which only this much has arrived, if one does."""
        with self._lock:
            return self._market.interrupt(ask)

    async def answer(self, ask: Ask) -> Answer:
        """The market's; webhooks that come before it are sent first."""
        with self._lock:
            answer = self._market.answer(ask)
            due = self._market.due_hooks()
        self._outbox.extend((hook, 0, 0.0) for hook in due if not hook.before_answer)
        for hook in due:
            if hook.before_answer:
                await self._post(hook, 1)
        self._stirred.set()
        return answer

    async def lag(self, lag_s: float) -> None:
        """Wait, but let `stop` cut the waiting short."""
        until = time.monotonic() + lag_s
        while (left_s := until - time.monotonic()) > 0 and not self._stop.is_set():
            await asyncio.sleep(min(left_s, 0.05))

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        await serve(self, scope, receive, send)


def _listener(port: int) -> socket.socket:
    """Bound on loopback. Raises OSError.

    The protocol is named because asyncio sets TCP_NODELAY only then: without it every answer takes 40 ms.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
    except BaseException:
        listener.close()
        raise
    return listener
