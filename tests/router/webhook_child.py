"""A webhook server in a process of its own, that kills itself where it is told to. Prints its port when it serves."""

import json
import os
import signal
import socket
import sys
from typing import Any

import uvicorn

from ledger import Ledger
from pricing import PriceBook
from router import Router, webhook_app
from router.providers import shipped
from router.steps import Step
from router.talk import Call
from tests.serving import SECRET


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Mortal(Ledger):
    """Dies right after a message was kept: before it is answered."""

    def receive(self, *args: Any, **more: Any) -> bool:
        super().receive(*args, **more)
        die()
        return True


def main(database: str, environment: str, point: str) -> None:
    def note(step: Step, _answer: object) -> None:
        if isinstance(step, Call) and point == "asked":
            die()

    ledger = (Mortal if point == "kept" else Ledger).open(database)
    router = Router(PriceBook.shipped(), ledger=ledger, providers=shipped(json.loads(environment)), on_step=note)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    app = webhook_app(router, secret=SECRET, looks_s=(0.2, 0.5, 1.0))
    uvicorn.Server(uvicorn.Config(app, ws="none", log_config=None)).run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
