"""Documents for the loopback sandbox: its own field names and words, mostly misused."""

import json

from hypothesis import strategies as st

SANDBOX_FIELDS = (
    *("image_url", "audio_url", "prompt", "guidance_scale", "audio_guidance_scale", "resolution", "image", "audio"),
    *("taskType", "taskUUID", "model", "inputs", "positivePrompt", "CFGScale", "numberResults", "includeCost"),
    *("operation", "media", "name", "webhook_url", "template_id", "variables", "model_version", "is_hidden"),
    *("text_prompt", "prompt_guidance_scale", "outputQuality", "ttl", "seconds", "apiKey", "content_type", "file_name"),
)
SANDBOX_WORDS = (
    *("videoInference", "getResponse", "getTaskDetails", "mediaStorage", "upload", "authentication", "480p"),
    *(
        "creatify:aurora@0",
        "https://x.example/a.mp3?seconds=1e9",
        "data:audio/wav;base64,UklGRg==",
        "http://127.0.0.1:1",
    ),
    *("67613ddc-2405-42bb-be8b-9714e84e63aa", "aurora_v1", "0", "-1", "NaN", "\ud800", "http://[", "9" * 5000),
)


def json_texts() -> st.SearchStrategy[str]:
    """JSON documents, as text: the providers' own field names and words, mostly misused; numbers of any size."""
    number_texts = st.sampled_from(["0", "-0.0", "1", "4", "1.5", "1e999", "1e-999999999", "9" * 4000, "1E+2"])
    words = st.sampled_from(SANDBOX_WORDS) | st.text(max_size=8)
    leaves = st.sampled_from(["null", "true", "false"]) | number_texts | words.map(_quoted)
    names = st.sampled_from(SANDBOX_FIELDS).map(_quoted)
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]")
            | st.lists(st.tuples(names, inner), max_size=8).map(lambda pairs: f"{{{','.join(map(':'.join, pairs))}}}")
        ),
        max_leaves=20,
    )


def _quoted(text: str) -> str:
    return json.dumps(text)


def fault_specs() -> st.SearchStrategy[str]:
    """Faults in order, of every kind, at any call, for anyone."""
    from router.sandbox.kinds import CALLS, KINDS, PROVIDERS

    def spec(name: str) -> st.SearchStrategy[str]:
        kind = KINDS[name]
        numbers = {"": st.just(""), "N": st.integers(0, 400), "S": st.integers(0, 30), "NNN": st.integers(200, 599)}
        called = kind.phase in ("request", "instead", "reply")
        calls = st.sampled_from(["", *(f"@{call}" for call in (*CALLS, "*"))]) if called else st.just("")
        owners = st.just("") if kind.only else st.sampled_from(["", ":*", *(f":{name}" for name in PROVIDERS)])
        return st.tuples(numbers[kind.letter], calls, owners).map(
            lambda parts: f"{kind.stem}{f'-{parts[0]}' if kind.letter else ''}{parts[1]}{parts[2]}"
        )

    return st.sampled_from(sorted(KINDS)).flatmap(spec)
