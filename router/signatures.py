"""Is this webhook fal's? ED25519 over the published keys, inside the replay window. Pure: keys and the time are given.

Facts: fal.ai/docs (webhooks). Signed are request id, user id, timestamp and the lower-case hex SHA-256 of the raw body,
joined by newlines; any key of the JWKS may fit; a timestamp off by more than 300 s is refused.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Literal

from .providers._http import rows, table, text

WINDOW_S = 300
KEYS_MAX = 32
"""Keys of a JWKS that are tried."""
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "request": "x-fal-webhook-request-id",
        "user": "x-fal-webhook-user-id",
        "timestamp": "x-fal-webhook-timestamp",
        "signature": "x-fal-webhook-signature",
    }
)
_WORD = re.compile(r"[\x21-\x7e]{1,200}")
_SECONDS = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"[0-9a-fA-F]{128}")
_KEY = re.compile(r"[A-Za-z0-9_-]{43}=?")

Finding = Literal["genuine", "malformed", "outside the window", "no key fits"]


@dataclass(frozen=True, slots=True)
class Signed:
    """The four headers of a signed webhook, in their documented form."""

    request: str
    user: str
    timestamp: str
    """Seconds since 1970, as it was written: that text is signed."""
    signature: bytes

    def message(self, body: bytes) -> bytes:
        return "\n".join((self.request, self.user, self.timestamp, sha256(body).hexdigest())).encode("ascii")


def read_headers(headers: Mapping[str, str]) -> Signed | None:
    """The signature's headers, names in lower case; None: one is missing or not in its documented form."""
    found = {name: headers.get(header, "") for name, header in HEADERS.items()}
    words = all(_WORD.fullmatch(found[name]) for name in ("request", "user"))
    if not (words and _SECONDS.fullmatch(found["timestamp"]) and _SIGNATURE.fullmatch(found["signature"])):
        return None
    return Signed(found["request"], found["user"], found["timestamp"], bytes.fromhex(found["signature"]))


def read_keys(jwks: object) -> tuple[bytes, ...]:
    """The ED25519 public keys (32 bytes each) of a key set; what is no such key is left out."""
    found: list[bytes] = []
    for entry in map(table, rows(table(jwks).get("keys"))):
        kind = entry.get("kty", "OKP"), entry.get("crv", "Ed25519"), entry.get("use", "sig")
        if kind == ("OKP", "Ed25519", "sig") and _KEY.fullmatch(text(entry, "x")):
            try:
                found.append(base64.urlsafe_b64decode(text(entry, "x").rstrip("=") + "="))
            except binascii.Error:
                continue
    return tuple(found[:KEYS_MAX])


def judged(signed: Signed | None, body: bytes, keys: Sequence[bytes], now_s: float) -> Finding:
    """Did the owner of one of these keys sign this body, and lately? `now_s`: seconds since 1970.

    Raises ModuleNotFoundError where `cryptography` is not installed.
    """
    if signed is None:
        return "malformed"
    if not abs(now_s - int(signed.timestamp)) <= WINDOW_S:
        return "outside the window"
    message = signed.message(body)
    return "genuine" if any(_signed_by(key, signed.signature, message) for key in keys) else "no key fits"


def require_cryptography() -> None:
    """Raises ModuleNotFoundError with the one line that says what to install."""
    try:
        _signed_by(bytes(32), bytes(64), b"")
    except ModuleNotFoundError as missing:
        line = "fal's webhooks are signed, which takes cryptography to verify: pip install 'faregate[webhooks]'"
        raise ModuleNotFoundError(line, name="cryptography") from missing


def _signed_by(key: bytes, signature: bytes, message: bytes) -> bool:
    # Imported here: only who receives fal's webhooks needs it.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):  # also bytes that are no point of the curve
        return False
    return True
