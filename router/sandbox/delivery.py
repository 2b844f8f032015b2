"""Sends a market's webhooks to addresses on loopback, and says what became of them. Sends nothing anywhere else."""

import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx

from .hooks import Hook

TIMEOUT_S = 5.0
TRIES = 4
WAIT_S = 0.25
"""Before the second try; doubled for each further one."""
Note = Callable[[Hook, str], None]


class Delivery:
    """One client for all hooks. Use it on one event loop."""

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None

    async def post(self, hook: Hook) -> str:
        """One try. What became of it: an HTTP status, or why there is none."""
        if not is_loopback(hook.url):
            return "not sent: not an address on loopback"
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, verify=False)  # noqa: S501 - loopback
        try:
            answer = await self._client.post(hook.url, content=hook.body, headers=dict(hook.headers))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return f"failed: {type(error).__name__}"
        return str(answer.status_code)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()


def is_delivered(outcome: str) -> bool:
    """Redirects and addresses that are none of ours are failures for good; so no further try is made for them."""
    return outcome.startswith(("2", "3", "not sent"))


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own by its very form; no name is looked up but localhost."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
