"""Whatever messages come, in any order, repeated, forged, about nobody: the money is what providers say when asked."""

import json
from dataclasses import dataclass
from typing import Literal

import anyio
import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing import Money, PriceBook, usd
from router import AsyncRouter, Policy, webhook_app
from router.hints import Source
from router.keyring import Keyring
from router.talk import Submission
from tests.serving import SECRET, Signer, fal_body

from .flow_world import CLIP, SCOPE, World
from .scripted import RUNNING, done

IDS: dict[Source, str] = {
    "fal": "req-1",
    "runware": "0c7e2f5e-6a44-4a0e-9a37-0d5a3c1f9b11",
    "creatify": "76cdd8b1-e337-4fe3-925f-513f86047104",
}
COSTS: dict[Source, Money] = {"fal": usd("1.00"), "runware": usd("0.90"), "creatify": usd("0.80")}
SIGNER, STRANGER = Signer(), Signer()


@dataclass(frozen=True)
class Sent:
    source: Source
    about: Literal["ours", "nobody's"]
    how: Literal["good", "forged", "late", "elsewhere"]
    serial: int

    @property
    def body(self) -> bytes:
        job = IDS[self.source] if self.about == "ours" else "00000000-0000-4000-8000-000000000000"
        if self.source == "fal":
            return fal_body(job, status="OK" if self.serial else "ERROR")
        lies = {"status": "done", "cost": 1e-9, "credits_used": 0, "n": self.serial}
        return json.dumps({"id": job, "taskUUID": job, **lies}).encode()

    def headers(self, now_s: float) -> dict[str, str]:
        signer = STRANGER if self.how == "forged" else SIGNER
        return signer.headers(self.body, now_s - (400 if self.how == "late" else 0))

    @property
    def accepted(self) -> bool:
        return self.how == "good" or (self.source != "fal" and self.how in ("forged", "late"))


messages = st.lists(
    st.builds(
        Sent, st.sampled_from(sorted(IDS)), st.sampled_from(["ours", "ours", "nobody's"]),
        st.sampled_from(["good", "good", "good", "forged", "late", "elsewhere"]), st.integers(0, 1),
    ),
    max_size=14,
)  # fmt: skip


async def deliver(world: World, sent: list[Sent], *, at_once: bool) -> None:
    router = AsyncRouter(PriceBook.shipped(), ledger=world.ledger, providers=world.providers, clock=world.clock)
    app = webhook_app(router, secret=SECRET, gap_s=0.001, looks_s=(0.001,))

    async def keys() -> tuple[bytes, ...]:
        return (SIGNER.public,)

    app._keyring = Keyring(keys)  # pyright: ignore[reportPrivateUsage]
    now_s = world.clock().timestamp()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app.example") as http:

        async def post(one: Sent) -> None:
            secret = SECRET if one.how != "elsewhere" else "another-secret-entirely"
            answer = await http.post(f"/{secret}/{one.source}", content=one.body, headers=one.headers(now_s))
            assert answer.is_success is one.accepted, (one, answer.text)

        async with anyio.create_task_group() as group:
            for one in sent:
                if at_once:
                    group.start_soon(post, one)
                else:
                    await post(one)


@given(sent=messages, at_once=st.booleans())
@settings(max_examples=30)
def test_no_message_moves_money_but_by_what_the_provider_says(sent: list[Sent], at_once: bool) -> None:
    world = World()
    world.creatify.missing = None
    with world.ledger, world.router:
        for source, job in IDS.items():
            scripted = world.providers[source]
            scripted.submits = [Submission("accepted", job)]
            scripted.polls = [RUNNING, done(COSTS[source])]  # a message may come before the provider knows it
            world.router.start(CLIP, key=source, scope=SCOPE, policy=Policy(providers=frozenset({source})))
        anyio.run(lambda: deliver(world, sent, at_once=at_once))
        for source in IDS:
            heard = any(one.source == source and one.about == "ours" and one.accepted for one in sent)
            view = world.ledger.by_key(source)
            assert view is not None
            assert (view.state, view.charged) == (("settled", COSTS[source]) if heard else ("submitted", None))
        kept = {(one.provider, one.body.encode()) for one in world.ledger.messages()}
        assert kept == {(one.source, one.body) for one in sent if one.accepted}
        assert len(world.ledger.messages()) == len(kept)
        verdict = world.ledger.verify()
        assert verdict.ok, verdict.faults
