"""Real sockets for a market's answers: reads a request, sends, cuts, resets, dawdles. Decides nothing."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl

from uvicorn.protocols.http.h11_impl import H11Protocol

from .wire import EMPTY, Answer, Ask, Cut

Scope = Mapping[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
"""ASGI's own words."""

TRANSPORT = "faregate.transport"
UNASKED_BYTES = 65_536
"""Of a longer body this much is read before anybody is asked whether to read on."""
SLOW_PARTS = 20


class Counter(Protocol):
    """Where requests are taken to; the server's side of the market."""

    def greet(self, port: int) -> bool:
        """Whether a new connection to this port is reset at once."""
        ...

    def interrupt(self, ask: Ask) -> Answer | None: ...
    async def answer(self, ask: Ask) -> Answer: ...
    async def lag(self, lag_s: float) -> None:
        """Wait, unless the server stops."""
        ...


def protocol_of(counter: Counter) -> type[H11Protocol]:
    """uvicorn's own protocol, which also greets connections and shows the application its transport."""

    class Greeted(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn's own
            super().connection_made(transport)
            app = self.app

            async def shown(scope: Scope, receive: Receive, send: Send) -> None:
                await app({**scope, TRANSPORT: transport}, receive, send)

            self.app = shown
            if counter.greet(transport.get_extra_info("sockname")[1]):
                _reset(transport)

    return Greeted


async def serve(counter: Counter, scope: Scope, receive: Receive, send: Send) -> None:
    """One request: read it, have it answered, do to the answer what the answer says."""
    port = scope["server"][1]
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = tuple(parse_qsl(str(scope["query_string"], "latin-1"), keep_blank_values=True))
    ask = Ask(scope["method"], scope["path"], query, headers, b"", f"http://127.0.0.1:{port}")
    answer = await _asked(counter, ask, receive)
    if answer is None:
        return
    if answer.lag_s:
        await counter.lag(answer.lag_s)
    if answer.cut is not None:
        await _break(scope[TRANSPORT], answer, answer.cut, receive)
    else:
        await _reply(counter, answer, send)


async def _asked(counter: Counter, ask: Ask, receive: Receive) -> Answer | None:
    """The answer to the whole request, or to as much of it as a fault lets be read. None: the client went away."""
    body, asked = bytearray(), False
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return await counter.answer(_with(ask, body))
        if not asked and len(body) > UNASKED_BYTES:
            asked = True
            stopped = counter.interrupt(_with(ask, body))
            if stopped is not None:
                await _read_to(stopped.cut, body, receive)
                return stopped
    return None


def _with(ask: Ask, body: bytearray) -> Ask:
    return Ask(ask.method, ask.path, ask.query, ask.headers, bytes(body), ask.host)


async def _read_to(cut: Cut | None, body: bytearray, receive: Receive) -> None:
    """Read on to where a fault ends it, however far the client gets."""
    until = None if cut is None else cut.request_body
    while until is None or len(body) < until:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body", False):
            return


async def _reply(counter: Counter, answer: Answer, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    body = b"" if answer.status in EMPTY else answer.body
    if answer.status not in EMPTY:
        headers += [(b"content-type", answer.kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.slow_s:
        size = max(1, len(body) // SLOW_PARTS)
        while len(body) > size:
            await send({"type": "http.response.body", "body": body[:size], "more_body": True})
            body = body[size:]
            await counter.lag(answer.slow_s / SLOW_PARTS)
    await send({"type": "http.response.body", "body": body})


async def _break(transport: asyncio.Transport, answer: Answer, cut: Cut, receive: Receive) -> None:
    """A part of the reply or nothing, then the end of the connection."""
    if cut.reply:
        transport.write(answer.raw()[: cut.reply])
    if cut.reset:
        _reset(transport)
    else:
        transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass


def _reset(transport: asyncio.Transport) -> None:
    """End it with a TCP reset: a linger of no time throws away what is unsent, and says so to the other side."""
    connected = transport.get_extra_info("socket")
    if connected is not None:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
