"""A wire to PostgreSQL that can be cut around a COMMIT: the one instant at which nobody knows what happened.

A verb that is one statement without a transaction around it has no COMMIT: then that statement is the instant.
"""

import re
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Literal, Self

import sqlalchemy as sa

COMMIT = b"COMMIT\x00"
_AT_ONCE = re.compile(rb"P.{4}([^\0]*)\0\s*WITH (?:asked|made|w\d+) AS", re.DOTALL)
"""A Parse message of such a statement: with a name it is only prepared, and a Bind message names it later."""
Cut = Literal["before", "after", "during"]
"""Before the server hears COMMIT; after it has answered; while it works on it. The caller sees the same each time."""


class Proxy:
    """Listens on loopback and passes bytes on, until it is told to cut at the next COMMIT."""

    def __init__(self, url: str) -> None:
        self._target = sa.make_url(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._armed: list[Cut] = []
        self.cuts = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    @property
    def url(self) -> str:
        """The same database, by way of this wire."""
        port = self._listener.getsockname()[1]
        query = {name: value for name, value in self._target.query.items() if name != "host"}
        url = self._target.set(host="127.0.0.1", port=port, query=query)
        return url.render_as_string(hide_password=False)

    def cut(self, *instants: Cut) -> None:
        """The next COMMITs end so, one each."""
        self._armed[:] = instants

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server = self._dial()
            threading.Thread(target=self._to_server, args=(client, server), daemon=True).start()
            threading.Thread(target=self._to_client, args=(server, client), daemon=True).start()

    def _dial(self) -> socket.socket:
        folder = self._target.query.get("host")
        port = self._target.port or 5432
        if isinstance(folder, str) and folder.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{folder}/.s.PGSQL.{port}")
            return server
        return socket.create_connection((self._target.host or "127.0.0.1", port))

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        prepared: set[bytes] = set()
        try:
            while data := client.recv(65536):
                if _commits(data, prepared) and self._armed:
                    self._end(self._armed.pop(0), data, client, server)
                    return
                server.sendall(data)
        except OSError:
            pass
        _close(client, server)

    def _end(self, cut: Cut, data: bytes, client: socket.socket, server: socket.socket) -> None:
        self.cuts += 1
        _close(client)
        if cut != "before":
            server.sendall(data)
        if cut == "after":
            server.shutdown(socket.SHUT_WR)
            while server.recv(65536):  # until it has hung up: committed
                pass
        _close(server)

    def _to_client(self, server: socket.socket, client: socket.socket) -> None:
        try:
            while data := server.recv(65536):
                client.sendall(data)
        except OSError:
            pass


def _commits(data: bytes, prepared: set[bytes]) -> bool:
    parsed = _AT_ONCE.search(data)
    if parsed is not None and parsed[1]:
        prepared.add(parsed[1])
        return False
    return (
        data.endswith(COMMIT) or parsed is not None or (data[:1] == b"B" and data[6:].partition(b"\0")[0] in prepared)
    )


def _close(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
