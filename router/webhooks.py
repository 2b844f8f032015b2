"""Webhooks of the three providers as an ASGI app to mount: POST /<secret>/fal, /runware, /creatify.

A message is kept in the ledger's inbox and answered; then the provider itself is asked. No amount, state or address is
ever taken from a message. fal's are signed and verified; Runware's and Creatify's are not, so that only the secret
path keeps strangers from making us ask. Needs `faregate[webhooks]` for fal's signature.
"""

import hmac
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from time import monotonic
from types import MappingProxyType
from typing import Any, cast

import anyio

from .async_client import AsyncRouter
from .client import Router
from .drive import in_thread
from .errors import BadRequest
from .hearing import Hearing
from .hints import SOURCES, Said, Source, read_message
from .keyring import Keyring, fetching
from .ports import JobView
from .providers import Fal
from .signatures import WINDOW_S, read_headers, require_cryptography
from .transport import AsyncHttp

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

BODY_BYTES_MAX = 256 * 2**10
BODY_WAIT_S = 10.0
SECRET = re.compile(r"[A-Za-z0-9_-]{16,120}")
SEEN_MAX = 4096
"""Messages that are remembered to be answered without work; the ledger knows them all."""
HIDDEN = "…"
"""Stands for the secret wherever the path is shown after us, in a server's log of requests too."""
FAL_KEYS_URL = "https://rest.fal.ai/.well-known/jwks.json"
PLAIN: Mapping[str, str] = MappingProxyType({})

log = logging.getLogger("router.webhooks")


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    word: str
    headers: Mapping[str, str] = field(default_factory=lambda: PLAIN)
    source: Source = "fal"
    said: Said | None = None
    """What is to be acted on, once the answer is out."""


_NOT_HERE = _Answer(404, "not found")
_KNOWN = _Answer(200, "known")
_LATER = _Answer(503, "try again later", MappingProxyType({"retry-after": "30"}))


def webhook_app(
    router: Router | AsyncRouter,
    *,
    secret: str,
    at_once: int = 4,
    gap_s: float = 2.0,
    looks_s: Sequence[float] = (0.5, 2.0, 5.0),
    http: AsyncHttp | None = None,
) -> "Webhooks":
    """An ASGI app that hears the providers' webhooks for this router; mount it where they can reach it.

    `secret`: 16 to 120 letters, digits, - and _, the first part of the path below the mount. `at_once`: looks at
    providers under way; `gap_s`: between two looks at the same job; `looks_s`: waits before looking again at a job that
    its message overtook. `http`: carries the look-up of fal's public keys; None: a connection of its own, once a day.
    Raises BadRequest; ModuleNotFoundError where fal is in use and `faregate[webhooks]` is not installed.
    """
    if not SECRET.fullmatch(secret):
        raise BadRequest(
            f"a webhook secret has 16 to 120 letters, digits, - and _, this one has {len(secret)} signs",
            limit="16-120", next='make one with `python -c "import secrets; print(secrets.token_urlsafe(24))"`',
        )  # fmt: skip
    fal = router.desk.providers.get("fal")
    if fal is not None and fal.missing is None:
        require_cryptography()
    keys_url = fal.keys_url if isinstance(fal, Fal) else FAL_KEYS_URL
    hearing = Hearing(partial(_heard, router), at_once=at_once, gap_s=gap_s, looks_s=looks_s)
    return Webhooks(router, secret, hearing, Keyring(fetching(keys_url, http)))


class Webhooks:
    """The app itself; made by `webhook_app`."""

    def __init__(self, router: Router | AsyncRouter, secret: str, hearing: Hearing, keyring: Keyring) -> None:
        self._desk, self._secret = router.desk, secret.encode()
        self._hearing, self._keyring = hearing, keyring
        self._seen: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif (answer := await self._answer(scope, receive)) is not None:
            await _respond(send, answer)
            if answer.said is not None:
                await self._act(answer.source, answer.said)

    async def _answer(self, scope: Scope, receive: Receive) -> _Answer | None:
        """None: the other side hung up before its message was whole."""
        source = self._source(scope)
        if source is None:
            return _NOT_HERE
        if scope["method"] != "POST":
            return _Answer(405, "POST only", MappingProxyType({"allow": "POST"}))
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _body(headers, receive)
        if not isinstance(body, bytes):
            return body
        if source == "fal" and (refused := await self._unsigned(headers, body)) is not None:
            return refused
        said = read_message(source, body)
        if said is None:
            return _Answer(400, f"not a webhook of {source}")
        return await self._kept(source, said, body)

    def _source(self, scope: Scope) -> Source | None:
        """Whose path this is; None: not ours, or not with our secret. Takes the secret out of the path."""
        root, path = str(scope.get("root_path", "")), str(scope["path"])
        inside = path.removeprefix(root) if root and path.startswith(f"{root}/") else path
        _, _, rest = inside.partition("/")
        secret, _, name = rest.partition("/")
        if not hmac.compare_digest(secret.encode("utf-8", "surrogatepass"), self._secret):
            return None
        shown = path.replace(f"/{secret}", f"/{HIDDEN}")
        scope["path"], scope["raw_path"] = shown, shown.encode()
        return next((source for source in SOURCES if source == name), None)

    async def _unsigned(self, headers: Mapping[str, str], body: bytes) -> _Answer | None:
        """Why this is not taken for fal's; None: fal signed it, lately."""
        now_s = self._desk.clock().timestamp()
        try:
            finding = await self._keyring.judge(read_headers(headers), body, now_s)
        except ModuleNotFoundError:
            log.warning("a fal webhook was not taken: pip install 'faregate[webhooks]'")
            return _LATER
        if finding is None:
            return _LATER
        return None if finding == "genuine" else _Answer(401, f"signature: {finding}")

    async def _kept(self, source: Source, said: Said, body: bytes) -> _Answer:
        """Keep the message, once per job it names; only then is it answered and acted on.

        One that the ledger knew is acted on all the same: whoever kept it may have died before.
        """
        digest = sha256(body).hexdigest()
        mark = f"{source}:{digest}"
        if self._seen.get(mark, float("-inf")) > monotonic():
            return _KNOWN
        ledger = self._desk.ledger
        try:
            for job in said.jobs:
                await in_thread(partial(ledger.receive, source, "webhook", f"{digest}:{job}", body, job))
        except Exception as error:
            log.warning("a %s webhook could not be kept: %s", source, error)
            return _LATER
        while len(self._seen) >= SEEN_MAX:
            del self._seen[next(iter(self._seen))]
        self._seen[mark] = monotonic() + 2 * WINDOW_S
        return _Answer(200, "heard", source=source, said=said)

    async def _act(self, source: Source, said: Said) -> None:
        async with anyio.create_task_group() as group:
            for job in said.jobs:
                group.start_soon(partial(self._hearing.act, source, job, over=said.over))


async def _heard(router: Router | AsyncRouter, source: str, job: str) -> JobView | None:
    """The job as it then stands, also one that is over; None: nobody's, or not recorded yet."""
    if isinstance(router, AsyncRouter):
        view = await router.heard(source, job)
    else:
        view = await in_thread(partial(router.heard, source, job))
    return view or await in_thread(partial(router.desk.ledger.by_provider_job, source, job))


async def _body(headers: Mapping[str, str], receive: Receive) -> bytes | _Answer | None:
    """The whole body; an answer where it is too large or too slow; None: the other side hung up."""
    too_large = _Answer(413, f"at most {BODY_BYTES_MAX} bytes")
    stated = headers.get("content-length", "0")
    if not stated.isdecimal() or int(stated[:19]) > BODY_BYTES_MAX:
        return too_large
    gathered = bytearray()
    with anyio.move_on_after(BODY_WAIT_S):
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                return None
            gathered += cast("bytes", event.get("body", b""))
            if len(gathered) > BODY_BYTES_MAX:
                return too_large
            if not event.get("more_body", False):
                return bytes(gathered)
    return _Answer(408, f"not whole within {BODY_WAIT_S:g} s")


async def _respond(send: Send, answer: _Answer) -> None:
    body = json.dumps({"detail": answer.word}).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), **answer.headers}
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    """Served alone, there is nothing to open or to close: the router is its owner's."""
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
