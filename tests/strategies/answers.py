"""What a provider may answer: whole replies made of the words that providers use, and calls that broke."""

import json

from hypothesis import strategies as st

from router.talk import Broken, Reply

_WORDS = st.sampled_from(
    (
        *("id", "status", "data", "errors", "error", "code", "message", "detail", "taskUUID", "taskType", "videoUUID"),
        *("videoURL", "cost", "request_id", "status_url", "response_url", "video", "url", "prices", "unit_price"),
        *("name", "currency", "endpoint_id", "items", "json_input", "started_at", "sent_at", "has_more", "next_cursor"),
        *("credits_used", "video_output", "failed_reason", "results", "mediaUUID", "resultIndex", "response"),
    )
)
_SAID = st.sampled_from(
    (
        *("done", "failed", "rejected", "running", "success", "error", "processing", "COMPLETED", "IN_QUEUE", "USD"),
        *("NaN", "-1", "1.4", "", "invalidModel", "conflictTaskUUID", "taskNotFound", "inferenceError"),
        *("fal-ai/creatify/aurora", "https://a.example/x.mp4", "2026-11-20T12:00:05Z"),
        *("0c7e2f5e-6a44-4a0e-9a37-0d5a3c1f9b11", "76cdd8b1-e337-4fe3-925f-513f86047104"),
    )
)
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | _SAID
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS | st.text(max_size=4), inner, max_size=6),
    max_leaves=24,
)


def _reply(status: int, headers: dict[str, str], body: object) -> Reply:
    return Reply(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())


def replies(statuses: st.SearchStrategy[int] | None = None) -> st.SearchStrategy[Reply]:
    """Whole HTTP answers: any bytes, and JSON (NaN and infinities too) made of the words that providers use."""
    units = _SAID | st.floats().map(str) | st.text(max_size=6)
    names = st.sampled_from(["x-fal-billable-units", "retry-after", "date", "x-fal-error-type"])
    headers = st.dictionaries(names, units, max_size=3)
    bodies = st.binary(max_size=40) | _JSON | st.dictionaries(_WORDS, _JSON, max_size=8)
    numbers = st.sampled_from([200, 201, 202, 204, 302, 400, 402, 404, 409, 422, 429, 500, 503]) | st.integers(100, 599)
    return st.builds(_reply, numbers if statuses is None else statuses, headers, bodies)


def answers() -> st.SearchStrategy[Reply | Broken]:
    """Replies, and calls that broke before or after the request left."""
    return replies() | st.builds(Broken, st.booleans(), st.text(max_size=20))
