"""Requests and policies refuse what makes no sense, in one line that says value and limit."""

from collections.abc import Callable

import pytest

from pricing import usd
from router import AvatarVideo, BadRequest, Policy, TemplateVideo
from router.brief import read
from router.policy import exact

URL = "https://x.example/a"


@pytest.mark.parametrize(
    "make",
    [
        lambda: AvatarVideo(URL, URL, seconds="0"),
        lambda: AvatarVideo(URL, URL, seconds="-1"),
        lambda: AvatarVideo(URL, URL, seconds="nan"),
        lambda: AvatarVideo(URL, URL, seconds="1e9"),
        lambda: AvatarVideo(URL, URL, resolution="720P"),
        lambda: AvatarVideo(URL, URL, outputs=0),
        lambda: AvatarVideo(URL, URL, outputs=True),
        lambda: AvatarVideo(URL, URL, guidance="much"),
        lambda: AvatarVideo(URL, URL, guidance="inf"),
        lambda: TemplateVideo("t", ("24", "10")),
        lambda: TemplateVideo("t", ("0", "10")),
        lambda: Policy(max_cost=usd("0")),
        lambda: Policy(max_latency_s=0),
        lambda: Policy(max_latency_s=float("nan")),
        lambda: Policy(min_quality="1.1"),
        lambda: Policy(confidence="0.4"),
        lambda: Policy(weights=(0, 0, 0)),
        lambda: Policy(weights=(1, -1, 1)),
        lambda: Policy(objective="nicest"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ],
)
def test_nonsense_is_refused_in_one_line(make: Callable[[], object]) -> None:
    with pytest.raises(BadRequest) as said:
        make()
    assert "\n" not in str(said.value)
    assert said.value.value is not None


def test_a_float_second_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="decimal_of"):
        AvatarVideo(URL, URL, seconds=9.4)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_policy_reads_a_float_as_it_prints() -> None:
    assert str(exact(0.1)) == "0.1"


def test_url_audio_needs_its_length() -> None:
    with pytest.raises(BadRequest, match=r"length of https://x.example/a is unknown"):
        read(AvatarVideo(URL, URL))


def test_variables_must_be_json() -> None:
    with pytest.raises(BadRequest, match="not plain JSON"):
        read(TemplateVideo("t", ("1", "2"), {"a": float("nan")}))


def test_the_hash_covers_request_scope_and_policy_and_nothing_else() -> None:
    brief = read(AvatarVideo(URL, URL, seconds="9.4"))
    same = read(AvatarVideo(URL, URL, seconds="9.40"))
    assert brief.hash("a", Policy()) == same.hash("a", Policy(max_cost=None))
    hashes = {
        brief.hash("a", Policy()),
        brief.hash("b", Policy()),
        brief.hash("a", Policy(max_cost=usd("4"))),
        read(AvatarVideo(URL, URL, seconds="9.5")).hash("a", Policy()),
        read(AvatarVideo(URL, URL, seconds="9.4", prompt="x")).hash("a", Policy()),
    }
    assert len(hashes) == 5
