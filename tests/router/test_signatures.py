"""fal's signature: what fal signed passes, whatever was altered is refused, and the window has exact edges."""

import builtins
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.signatures import HEADERS, WINDOW_S, Finding, judged, read_headers, read_keys, require_cryptography
from tests.serving import Signer

SIGNER, OTHER = Signer(), Signer()
KEYS = (OTHER.public, SIGNER.public)
NOW_S = 1_795_000_000.0
words = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
bodies = st.binary(max_size=400)


def found(headers: dict[str, str], body: bytes, now_s: float = NOW_S, keys: tuple[bytes, ...] = KEYS) -> Finding:
    return judged(read_headers(headers), body, keys, now_s)


@given(body=bodies, request=words, user=words, off_s=st.integers(-WINDOW_S, WINDOW_S))
def test_what_fal_signed_is_genuine_inside_the_window(body: bytes, request: str, user: str, off_s: int) -> None:
    headers = SIGNER.headers(body, NOW_S + off_s, request=request, user=user)
    assert found(headers, body) == "genuine"
    upper = {**headers, "x-fal-webhook-signature": headers["x-fal-webhook-signature"].upper()}
    assert found(upper, body) == "genuine"  # hex is hex


@given(body=st.binary(min_size=1, max_size=200), data=st.data())
def test_any_flipped_bit_of_the_body_is_refused(body: bytes, data: st.DataObject) -> None:
    bit = data.draw(st.integers(0, 8 * len(body) - 1))
    altered = bytearray(body)
    altered[bit // 8] ^= 1 << bit % 8
    assert found(SIGNER.headers(body, NOW_S), bytes(altered)) == "no key fits"


@given(bit=st.integers(0, 511), body=bodies)
def test_any_flipped_bit_of_the_signature_is_refused(bit: int, body: bytes) -> None:
    headers = SIGNER.headers(body, NOW_S)
    signature = bytearray.fromhex(headers["x-fal-webhook-signature"])
    signature[bit // 8] ^= 1 << bit % 8
    assert found({**headers, "x-fal-webhook-signature": signature.hex()}, body) == "no key fits"


@given(body=bodies, name=st.sampled_from(sorted(HEADERS.values())), value=st.one_of(words, st.text(max_size=20)))
def test_any_altered_header_is_refused(body: bytes, name: str, value: str) -> None:
    headers = SIGNER.headers(body, NOW_S)
    if headers[name] == value:
        return
    assert found({**headers, name: value}, body) != "genuine"
    assert found({other: text for other, text in headers.items() if other != name}, body) == "malformed"


@given(off_s=st.integers(-5, 5), body=bodies)
def test_the_timestamp_is_signed_as_it_was_written(off_s: int, body: bytes) -> None:
    headers = SIGNER.headers(body, NOW_S)
    stamp = str(int(NOW_S) + off_s)
    assert found({**headers, "x-fal-webhook-timestamp": stamp}, body) == ("genuine" if off_s == 0 else "no key fits")
    assert found({**headers, "x-fal-webhook-timestamp": f"0{int(NOW_S)}"}, body) == "no key fits"


@pytest.mark.parametrize(
    ("off_s", "finding"),
    [
        (-300.001, "outside the window"), (-300, "genuine"), (300, "genuine"), (300.001, "outside the window"),
        (10**9, "outside the window"), (float("nan"), "outside the window"), (float("inf"), "outside the window"),
    ],
)  # fmt: skip
def test_the_edges_of_the_window(off_s: float, finding: Finding) -> None:
    headers = SIGNER.headers(b"{}", NOW_S)
    assert found(headers, b"{}", NOW_S + off_s) == finding


def test_the_parts_cannot_be_shifted_into_each_other() -> None:
    """Joined by newlines, "a\\nb" + "c" would read as "a" + "b\\nc": no header carries a newline."""
    headers = SIGNER.headers(b"{}", NOW_S, request="a\nb", user="c")
    assert found(headers, b"{}") == "malformed"


@pytest.mark.parametrize("stamp", ["", "-1", "+1", "1e9", " 1", "1.0", "１", "1" * 13, "0x1", "1_0"])
def test_a_timestamp_is_whole_seconds_in_ascii(stamp: str) -> None:
    assert found(SIGNER.headers(b"{}", stamp), b"{}") == "malformed"


@pytest.mark.parametrize("keys", [(), (OTHER.public,), (b"",), (b"\xff" * 32,), (bytes(31), bytes(33))])
def test_no_key_of_ours_no_entry(keys: tuple[bytes, ...]) -> None:
    assert found(SIGNER.headers(b"{}", NOW_S), b"{}", keys=keys) == "no key fits"


def test_keys_are_read_and_what_is_none_is_left_out() -> None:
    good = SIGNER.jwks()["keys"]
    assert read_keys(SIGNER.jwks()) == (SIGNER.public,)
    (_, key) = good
    odd: list[object] = [
        None, [], "x", {}, {"x": 7}, {"kty": "OKP", "crv": "X25519", "x": key["x"]}, {**key, "use": "enc"},
        {**key, "x": key["x"] + "A"}, {**key, "x": "!" * 43}, {**key, "kty": "EC"},
    ]  # fmt: skip
    assert read_keys({"keys": [*odd, {"x": key["x"]}, {**key, "x": key["x"] + "="}]}) == (SIGNER.public, SIGNER.public)
    assert len(read_keys({"keys": [key] * 1000})) == 32


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)))
def test_any_key_set_is_read(value: object) -> None:
    for jwks in (value, {"keys": value}, {"keys": [value]}, json.loads(json.dumps({"keys": [{"x": value}]}))):
        assert read_keys(jwks) == ()


def test_without_cryptography_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    require_cryptography()
    really: Callable[..., Any] = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name.startswith("cryptography"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return really(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'faregate\[webhooks\]'"):
        require_cryptography()
