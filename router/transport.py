"""Carries one `Call` over HTTP and says what came back. Never repeats a request, never follows a redirect.

The one question of money asked here: can a byte of the request have left this machine? `Broken.sent` is False
only for failures that prove it did not.
"""

import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import BinaryIO, Self, cast

import anyio
import httpx

from .limits import Restraint
from .talk import Answer, Broken, Call, Reply

ANSWER_BYTES_MAX = 8 * 2**20
CHUNK_BYTES = 64 * 2**10

_POOL = httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=15.0)
_ONCE = httpx.Limits(max_connections=1, max_keepalive_connections=0)

# Raised before the connection carried a byte of the request (a LocalProtocolError: before its headers were written).
_NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)


class Http:
    """Performs calls from any number of threads: one pool for reads, a fresh connection for each submit."""

    def __init__(
        self, *, transport: httpx.BaseTransport | None = None, at_once: Mapping[str, int] | None = None
    ) -> None:
        """`at_once`: calls to a provider at the same time, instead of those in limits.toml. Raises BadRequest."""
        self._transport = transport
        self.restraint = Restraint(at_once)
        self._pool: httpx.Client | None = None
        self._opening = Lock()

    def perform(self, call: Call) -> Answer:
        """Answers for every failure but a cancellation or an interrupt, which pass through.

        All but a submit keeps to its provider's limits.
        """
        if call.purpose == "submit":
            return self._perform(call)
        standing = self.restraint.standing(call)
        if isinstance(standing, Reply):
            return standing
        time.sleep(standing)
        with self.restraint.gate(call):
            standing = self.restraint.standing(call)  # it may have been said to one before us in the line
            if isinstance(standing, Reply):
                return standing
            return self.restraint.heard(call, self._perform(call))

    def _perform(self, call: Call) -> Answer:
        prepared = _prepare(call)
        if isinstance(prepared, Broken):
            return prepared
        trail = _Trail()
        try:
            with prepared:
                request = prepared.request(prepared.chunks(), trail.note)
                if call.purpose != "submit":
                    return self._send(self._pooled(), request, call)
                with self._client(_ONCE) as client:
                    return self._send(client, request, call)
        except Exception as error:  # after this point nothing may pass for "not sent" by accident
            return trail.broken(error, call)

    def close(self) -> None:
        """Close the pool; a later call opens a new one."""
        with self._opening:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _pooled(self) -> httpx.Client:
        with self._opening:
            if self._pool is None:
                self._pool = self._client(_POOL)
            return self._pool

    def _client(self, limits: httpx.Limits) -> httpx.Client:
        return httpx.Client(verify=tls(), limits=limits, transport=self._transport, follow_redirects=False)

    def _send(self, client: httpx.Client, request: httpx.Request, call: Call) -> Answer:
        response = client.send(request, stream=True)
        try:
            gathered = _Gathered(call)
            for chunk in response.iter_bytes():
                if (broken := gathered.add(chunk)) is not None:
                    return broken
            return gathered.reply(response)
        finally:
            response.close()


class AsyncHttp:
    """`Http` for one event loop."""

    def __init__(
        self, *, transport: httpx.AsyncBaseTransport | None = None, at_once: Mapping[str, int] | None = None
    ) -> None:
        """As `Http`."""
        self._transport = transport
        self.restraint = Restraint(at_once)
        self._pool: httpx.AsyncClient | None = None

    async def perform(self, call: Call) -> Answer:
        """As `Http.perform`."""
        if call.purpose == "submit":
            return await self._perform(call)
        standing = self.restraint.standing(call)
        if isinstance(standing, Reply):
            return standing
        await anyio.sleep(standing)
        async with self.restraint.async_gate(call):
            standing = self.restraint.standing(call)
            if isinstance(standing, Reply):
                return standing
            return self.restraint.heard(call, await self._perform(call))

    async def _perform(self, call: Call) -> Answer:
        prepared = _prepare(call)
        if isinstance(prepared, Broken):
            return prepared
        trail = _Trail()
        try:
            with prepared:
                request = prepared.request(prepared.async_chunks(), trail.note_async)
                if call.purpose != "submit":
                    return await self._send(self._pooled(), request, call)
                async with self._client(_ONCE) as client:
                    return await self._send(client, request, call)
        except Exception as error:  # as in Http.perform
            return trail.broken(error, call)

    async def close(self) -> None:
        """Close the pool; a later call opens a new one."""
        if self._pool is not None:
            await self._pool.aclose()
            self._pool = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _pooled(self) -> httpx.AsyncClient:
        if self._pool is None:
            self._pool = self._client(_POOL)
        return self._pool

    def _client(self, limits: httpx.Limits) -> httpx.AsyncClient:
        return httpx.AsyncClient(verify=tls(), limits=limits, transport=self._transport, follow_redirects=False)

    async def _send(self, client: httpx.AsyncClient, request: httpx.Request, call: Call) -> Answer:
        response = await client.send(request, stream=True)
        try:
            gathered = _Gathered(call)
            async for chunk in response.aiter_bytes():
                if (broken := gathered.add(chunk)) is not None:
                    return broken
            return gathered.reply(response)
        finally:
            await response.aclose()


def encode(value: object) -> bytes:
    """The bytes of a JSON body; Decimal as a JSON number, NaN and infinity refused (ValueError)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain).encode()


@cache
def tls() -> ssl.SSLContext:
    """Building one costs more than a submit, so all clients share it; it obeys SSL_CERT_FILE and SSL_CERT_DIR."""
    return httpx.create_ssl_context()


class _Prepared:
    """A call whose body and headers are known to be sendable. Owns the file it may stream."""

    def __init__(self, call: Call, headers: dict[str, str], body: bytes | None, file: BinaryIO | None) -> None:
        self._call, self._headers, self._body, self._file = call, headers, body, file

    def chunks(self) -> Iterator[bytes] | None:
        return None if self._file is None else _read(self._file)

    def async_chunks(self) -> AsyncIterator[bytes] | None:
        return None if self._file is None else _read_async(self._file)

    def request(
        self,
        chunks: Iterator[bytes] | AsyncIterator[bytes] | None,
        trace: Callable[[str, object], None] | Callable[[str, object], Awaitable[None]],
    ) -> httpx.Request:
        timeout = httpx.Timeout(self._call.timeout_s).as_dict()
        return httpx.Request(
            self._call.method,
            self._call.url,
            headers=self._headers,
            content=self._body if chunks is None else chunks,
            extensions={"timeout": timeout, "trace": trace},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()


def _prepare(call: Call) -> "_Prepared | Broken":
    """Everything that can fail before there is a connection."""
    try:
        headers = {"accept": "application/json", "user-agent": "faregate", **call.headers, **call.secret_headers}
        if call.purpose == "submit":
            headers["connection"] = "close"
        httpx.Request(call.method, call.url, headers=headers)  # the address and the headers, before any file is opened
        body, file = None, None
        if call.json is not None:
            body = encode(call.json)
            headers.setdefault("content-type", "application/json")
        elif isinstance(call.content, Path):
            headers["content-length"] = str(call.content.stat().st_size)
            file = call.content.open("rb")
        elif call.content is not None:
            body = call.content
        prepared = _Prepared(call, headers, body, file)
    except (OSError, ValueError, TypeError, RecursionError, httpx.InvalidURL) as error:
        return Broken(sent=False, error=_hide(f"the request cannot be made: {error}", call))
    else:
        return prepared


class _Trail:
    """Follows httpcore's trace far enough to know whether the request's headers were written."""

    def __init__(self) -> None:
        self.written = False

    def note(self, event: str, info: object) -> None:  # noqa: ARG002 - httpcore's signature
        if "send_request_headers.complete" in event or "send_request_body" in event:
            self.written = True

    async def note_async(self, event: str, info: object) -> None:
        self.note(event, info)

    def broken(self, error: Exception, call: Call) -> Broken:
        left = self.written or not isinstance(error, _NEVER_LEFT)
        return Broken(sent=left, error=_hide(f"{type(error).__name__}: {error}", call))


class _Gathered:
    """An answer as it arrives: bounded in bytes and in time."""

    def __init__(self, call: Call) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._timeout_s = call.timeout_s
        self._until = time.monotonic() + call.timeout_s

    def add(self, chunk: bytes) -> Broken | None:
        self._parts.append(chunk)
        self._size += len(chunk)
        if self._size > ANSWER_BYTES_MAX:
            return Broken(sent=True, error=f"the answer is larger than {ANSWER_BYTES_MAX} bytes")
        if time.monotonic() > self._until:
            return Broken(sent=True, error=f"the answer did not end within {self._timeout_s:g} s")
        return None

    def reply(self, response: httpx.Response) -> Reply:
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(status=response.status_code, headers=headers, body=b"".join(self._parts))


def _read(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


async def _read_async(file: BinaryIO) -> AsyncIterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    if isinstance(value, Decimal):
        whole = value.to_integral_value()
        return int(whole) if whole == value else float(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def _hide(text: str, call: Call) -> str:
    """One line without the call's secrets: an illegal header value would otherwise be quoted in full."""
    for secret in call.secret_headers.values():
        for word in {secret, repr(secret)[1:-1], *secret.split()}:
            if len(word) > 5:
                text = text.replace(word, "…")
    return one_line(text)


def one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]
