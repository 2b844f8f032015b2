"""fal's public keys, fetched when needed and kept for a day. Never trusts an older key, never asks in a storm."""

import logging
import time
from collections.abc import Awaitable, Callable

import anyio

from .providers._http import read
from .signatures import Finding, Signed, judged, read_keys
from .talk import Call
from .transport import AsyncHttp

KEPT_S = 86_400
"""fal's documentation: keys are cached for at most 24 hours."""
AGAIN_S = 30
"""Between two look-ups of the keys, however many messages fit none of them."""

log = logging.getLogger("router.webhooks")

Fetch = Callable[[], Awaitable[tuple[bytes, ...]]]


class Keyring:
    """Judges signatures by the keys that `fetch` answers; they rotate, so it asks again when none fits."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._clock = fetch, clock
        self._keys: tuple[bytes, ...] = ()
        self._got_at = self._asked_at = float("-inf")
        self._asking: anyio.Lock | None = None

    async def judge(self, signed: Signed | None, body: bytes, now_s: float) -> Finding | None:
        """As `signatures.judged`; None: there are no keys to judge by, so nobody can say."""
        finding = judged(signed, body, self._fresh(), now_s)
        if finding != "no key fits":
            return finding
        if await self._renewed():
            finding = judged(signed, body, self._fresh(), now_s)
        return finding if self._fresh() else None

    def _fresh(self) -> tuple[bytes, ...]:
        return self._keys if self._clock() - self._got_at < KEPT_S else ()

    async def _renewed(self) -> bool:
        """Have other keys come since? Asks at most once in AGAIN_S; whoever waits meanwhile shares the answer."""
        before = self._got_at
        self._asking = self._asking or anyio.Lock()
        async with self._asking:
            if self._got_at != before:
                return True
            if self._clock() - self._asked_at < AGAIN_S:
                return False
            self._asked_at = self._clock()
            found = await self._fetch()
            if not found:
                return False
            self._keys, self._got_at = found, self._clock()
            return True


def fetching(url: str, http: AsyncHttp | None = None) -> Fetch:
    """Keys from that address; empty where they cannot be had, and a line in the log says why."""

    async def fetch() -> tuple[bytes, ...]:
        call = Call("probe", "GET", url, timeout_s=10)
        if http is not None:
            looked = read(await http.perform(call))
        else:
            async with AsyncHttp() as own:  # once a day: no connection is worth keeping
                looked = read(await own.perform(call))
        keys = () if isinstance(looked, str) else read_keys(looked.value)
        if not keys:
            log.warning("no keys at %s: %s", url, looked if isinstance(looked, str) else "none is for ED25519")
        return keys

    return fetch
