"""Processes of a crowd on one database: one starts jobs, some resume them, one hears webhooks. They note what they do.

    python -m tests.faults.crowd start DATABASE LOG HOOKS COUNT
    python -m tests.faults.crowd resume DATABASE LOG
    python -m tests.faults.crowd hear DATABASE LOG

`resume` is `faregate resume --follow`; `hear` prints its port when it serves. A line of LOG is `instant word what`:
`claim` and `park` of a job, `submit` of a request, `settle`.
"""

import json
import re
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import uvicorn

import router.cli.run as commands
from ledger import Ledger
from pricing import PriceBook
from router import AvatarVideo, Policy, ProviderError, Refused, Router, recovery, webhook_app
from router.cli import main as faregate
from router.drive import OnStep
from router.steps import Ask, Step
from router.talk import Call
from tests.router.worker import Note, note_claims, noting
from tests.serving import SECRET

from .wishes import Wish, wishes

NAME = re.compile(r"clip-\d+-\d+\.")


def watching(note: Note) -> OnStep:
    def on_step(step: Step, _answer: object) -> None:
        if isinstance(step, Call) and step.purpose == "submit":
            found = NAME.search(json.dumps(step.json, default=str))
            note("submit", [f"{step.provider}/{found[0] if found else step.url}"])
        elif isinstance(step, Ask) and step.name in ("settle", "release"):
            note(step.name, ["-"])

    return on_step


def start(database: str, log: str, hooks: str, count: str) -> None:
    """All jobs, each lane's one after another; who is told that a circuit is open comes again."""
    made, note = wishes(int(count)), noting(log)
    with Ledger.open(database) as ledger, ThreadPoolExecutor(len(made)) as pool:
        lanes = [pool.submit(_lane, ledger, lane, hooks, note) for lane in made.values()]
        for lane in lanes:
            lane.result()


def _lane(ledger: Ledger, lane: list[Wish], hooks: str, note: Note) -> None:
    with Router(PriceBook.shipped(), ledger=ledger, webhooks=hooks, on_step=watching(note)) as router:
        for wish in lane:
            image, audio = "https://media.example/face.png", f"https://media.example/talk-{wish.seconds}s.mp3"
            request = AvatarVideo(image, audio, wish.seconds, "720p", prompt=wish.name, outputs=wish.outputs)
            policy = Policy(providers=None if wish.lane == "*" else frozenset({wish.lane}))
            for _ in range(120):
                try:
                    router.start(request, key=wish.name, scope=wish.scope, policy=policy)
                except Refused:
                    time.sleep(1)
                    continue
                except ProviderError:
                    pass  # it was refused, and its hold released
                break


def resume(database: str, log: str) -> None:
    note = noting(log)
    recovery.LEASE_S = 997  # by which a claim that is only kept is told from one given back, and nothing lapses
    note_claims(note)
    commands.__dict__["Router"] = partial(Router, on_step=watching(note))
    faregate(["resume", "--follow", "--db", database, "--json"])


def hear(database: str, log: str) -> None:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    with (
        Ledger.open(database) as ledger,
        Router(PriceBook.shipped(), ledger=ledger, on_step=watching(noting(log))) as router,
    ):
        config = uvicorn.Config(webhook_app(router, secret=SECRET), ws="none", log_config=None)
        listener.listen()
        print(listener.getsockname()[1], flush=True)
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    {"start": start, "resume": resume, "hear": hear}[sys.argv[1]](*sys.argv[2:])
