"""The amounts and bodies of the starting documents, through the real adapters and a real ledger to a settled charge."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal

import httpx
import pytest

from ledger import Ledger
from pricing import Money, PriceBook, usd
from router import AvatarVideo, Patience, Policy, Result, Router, read_webhook
from router.providers import shipped
from router.transport import Http

KEYS = {"FAL_KEY": "f", "RUNWARE_API_KEY": "r", "CREATIFY_API_ID": "i", "CREATIFY_API_KEY": "c"}
RUNWARE = [
    ("creatify:aurora@0", "12.6", "f041a335-f6db-4dcd-af1c-3f429763319a", "1.82"),
    ("creatify:aurora@0", "10.6", "54efc27f-1074-409a-b453-6990f9dc6237", "1.54"),
    ("creatify:aurora@0", "9.6", "280af5c4-9220-4437-9df6-25f6e8a4f6b8", "1.4"),
    ("creatify:aurora@0", "10.6", "5a309bc4-88cc-47dc-957c-502cd77797e6", "1.54"),
    ("creatify:aurora@fast", "13.6", "349a8383-5dae-4191-979f-0e6243877d1c", "0.98"),
    ("creatify:aurora@fast", "10.6", "7aaf6f1b-dc63-447f-9002-c4f71509179d", "0.77"),
    ("creatify:aurora@fast", "17.2", "a16ce5a6-4915-4d51-b516-fa0145c94015", "1.26"),
]
"""Model, an audio length that bills to it, videoUUID and cost, as the seven example responses have them."""
WEBHOOK = (
    b'{"id": "76cdd8b1-e337-4fe3-925f-513f86047104", "status": "done", "failed_reason": "", "video_output": '
    b'"https://s3.us-west-2.amazonaws.com/remotionlambda-uswest2-30tewi8y5c/renders/qpyttobqzy/output.mp4"}'
)
CREATIFY_JOB = "76cdd8b1-e337-4fe3-925f-513f86047104"
Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("sqlite://") as opened:
        opened.set_budget("acme", usd("100"))
        yield opened
        assert opened.verify().ok


def router_over(handler: Handler, ledger: Ledger) -> Router:
    return Router(
        PriceBook.shipped(),
        ledger=ledger,
        providers=shipped(KEYS),
        patience=Patience(wait_s=0, first_s=0, longest_s=0),
        http=Http(transport=httpx.MockTransport(handler)),
    )


def run(router: Router, seconds: str, provider: str, resolution: str) -> Result:
    clip = AvatarVideo("https://x.example/a.png", "https://x.example/a.mp3", seconds=seconds, resolution=resolution)
    return router.run(clip, key="k", scope="acme", policy=Policy(providers=frozenset({provider})))


@pytest.mark.parametrize(("model", "seconds", "video", "cost"), RUNWARE)
def test_the_seven_runware_examples_settle_to_their_amounts(
    ledger: Ledger, model: str, seconds: str, video: str, cost: str
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        (task,) = json.loads(request.content)
        reply = {"taskType": "videoInference", "taskUUID": task["taskUUID"]}
        if task["taskType"] == "videoInference":
            assert task["includeCost"] is True
            assert task["model"] == model
            return httpx.Response(200, json={"data": [reply]})
        url = f"https://vm.runware.ai/video/os/a20d05/ws/5/vi/{video}.mp4"
        body = json.dumps({"data": [{**reply, "videoUUID": video, "videoURL": url, "cost": "COST"}]})
        return httpx.Response(200, content=body.replace('"COST"', cost))

    resolution = "720p" if model.endswith("@0") else "480p"
    result = run(router_over(answer, ledger), seconds, "runware", resolution)
    assert result.charge == result.native == usd(cost)
    assert (result.variance.amount, result.evidence, result.final) == (usd("0"), "inline", True)
    assert result.outputs[0].url.endswith(f"{video}.mp4")


@pytest.mark.parametrize(("units", "unit_price"), [("1.4", "1.0"), ("10", "0.14"), ("10.0", "0.14")])
def test_fal_is_charged_by_units_times_unit_price(ledger: Ledger, units: str, unit_price: str) -> None:
    queue = "https://queue.fal.run/fal-ai/creatify/requests/019e"

    def answer(request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        if request.method == "POST":
            urls = {"response_url": queue, "status_url": f"{queue}/status", "cancel_url": f"{queue}/cancel"}
            return httpx.Response(200, json={"request_id": "019e", **urls, "queue_position": 0})
        if "/models/pricing" in url:
            row = f'{{"endpoint_id": "fal-ai/creatify/aurora", "unit_price": {unit_price}, "currency": "USD"}}'
            return httpx.Response(200, content=f'{{"prices": [{row}], "next_cursor": null, "has_more": false}}')
        if url.endswith("/status"):
            return httpx.Response(200, json={"status": "COMPLETED", "logs": []})
        video = {"url": "https://storage.googleapis.com/falserverless/output.mp4", "content_type": "video/mp4"}
        return httpx.Response(200, json={"video": video}, headers={"x-fal-billable-units": units})

    result = run(router_over(answer, ledger), "9.4", "fal", "720p")
    assert (result.charge, result.evidence, result.variance.cause) == (usd("1.4"), "units", "none")


def test_the_creatify_webhook_triggers_a_fetch_and_posts_nothing_by_itself(ledger: Ledger) -> None:
    asked: list[str] = []
    status = "running"

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(201, json={"id": CREATIFY_JOB, "status": "pending", "credits_used": 0})
        asked.append(request.url.path)
        done = {"credits_used": Decimal(11), "duration": 11, "video_output": "https://s3.example/output.mp4"}
        body = {"id": CREATIFY_JOB, "status": status, "failed_reason": "", **(done if status == "done" else {})}
        return httpx.Response(200, content=json.dumps(body, default=str).replace('"11"', "11"))

    router = router_over(answer, ledger)
    clip = AvatarVideo("https://x.example/a.png", "https://x.example/a.mp3", seconds="10.4", resolution="720p")
    job = router.start(clip, key="k", scope="acme", policy=Policy(providers=frozenset({"creatify"})))
    hinted = read_webhook(WEBHOOK)
    assert hinted == CREATIFY_JOB

    view = router.heard("creatify", hinted)  # it says done; the provider, asked, says running
    assert asked == [f"/api/aurora/{CREATIFY_JOB}/"]
    assert view is not None
    assert (view.state, view.charged) == ("submitted", None)

    status = "done"
    view = router.heard("creatify", hinted)
    assert view is not None
    assert (view.id, view.state, view.native) == (job, "settled", Money.of("11", "creatify-credit"))
    assert view.charged == usd("2.178")
    posted = ledger.postings(job)
    assert router.heard("creatify", hinted) is None  # repeated: nothing is open, nothing is asked, nothing posted
    assert (len(asked), ledger.postings(job)) == (2, posted)
    assert router.heard("creatify", "00000000-0000-4000-8000-000000000000") is None
