"""Serves an ASGI app over real loopback HTTP for a test, in a thread, and stops it; signs webhooks as fal would."""

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET = "a-secret-of-the-tests"  # noqa: S105 - it guards nothing


@contextmanager
def served(app: Any, *, lifespan: str = "off") -> Generator[str]:
    """The app's base address, until the block ends."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, ws="none", lifespan="on" if lifespan == "on" else "off", log_config=None, timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the app could not be served"
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()
    assert not thread.is_alive()


@dataclass
class Signer:
    """fal's side of its signature: a key pair, and its JWKS as an ASGI app that counts who asks."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    asked: int = 0
    works: bool = True

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        x = base64.urlsafe_b64encode(self.public).rstrip(b"=").decode()
        other = {"kty": "RSA", "n": "AQAB", "e": "AQAB"}
        return {"keys": [other, {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "1"}]}

    def headers(
        self, body: bytes, at_s: float | str, *, request: str = "req-1", user: str = "user-1"
    ) -> dict[str, str]:
        stamp = at_s if isinstance(at_s, str) else str(int(at_s))
        signed = "\n".join((request, user, stamp, sha256(body).hexdigest())).encode()
        return {
            "x-fal-webhook-request-id": request,
            "x-fal-webhook-user-id": user,
            "x-fal-webhook-timestamp": stamp,
            "x-fal-webhook-signature": self.key.sign(signed).hex(),
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["path"].endswith("/.well-known/jwks.json")
        self.asked += 1
        body = json.dumps(self.jwks()).encode()
        status = 200 if self.works else 500
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})


def fal_body(request: str, *, status: str = "OK") -> bytes:
    """A webhook as documented: no units, no cost."""
    payload = {"video": {"url": "https://v3.fal.media/files/output.mp4"}}
    said = {"request_id": request, "gateway_request_id": request, "status": status, "payload": payload}
    return json.dumps(said).encode()


def eventually(true: Callable[[], bool], within_s: float = 30) -> None:
    """Wait until it is so; fail when it does not become so."""
    until = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)
