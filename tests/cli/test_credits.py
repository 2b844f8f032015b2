"""credits add and list: what was bought is booked once, what is left is shown, a slip of the pen is one line."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from .world import Doc, Providers, World


@pytest.fixture
def plain(open_world: Callable[[Providers | None], World]) -> World:
    """Without providers."""
    return open_world(None)


def credits_of(money: Doc) -> Decimal:
    assert money["currency"] == "creatify-credit"
    return Decimal(money["amount"])


LOT = ("credits", "add", "creatify", "500 creatify-credit", "99 USD", "--lot", "inv-1")


def test_bought_credits_are_listed_and_booked_once(plain: World) -> None:
    added = plain.run(*LOT, "--expires-at", "2099-11-30", "--author", "Ann", "--note", "card 1").ok()
    assert (added["lot"], added["expires_at"]) == ("inv-1", "2099-11-30T00:00:00+00:00")
    assert added["cost"] == {"amount": "99", "currency": "USD"}
    assert plain.run(*LOT, "--expires-at", "2099-11-30", "--author", "Ann", "--note", "card 1").ok() == added
    plain.run(*LOT, "--author", "Bob").failed(2, "bad_lot")
    (listed,) = plain.run("credits", "list").ok()["credits"]
    assert listed["lots"] == [added]
    assert credits_of(listed["remaining"]) == 500
    assert (credits_of(listed["uncovered"]), credits_of(listed["undrawn"])) == (0, 0)
    assert plain.run("credits", "list", "fal").ok() == {"credits": []}
    shown = plain.run("credits", "list", "--human")
    assert all(word in shown.out for word in ("inv-1", "500 creatify-credit", "99.00 USD", "2099-11-30"))
    plain.verified()


def test_what_a_job_cost_is_drawn_when_the_lots_are_listed(world: World) -> None:
    world.budget()
    world.run(*LOT).ok()
    media = ("--image", "https://media.example/face.png", "--audio", "https://media.example/talk-9.4s.mp3")
    job = world.run("run", *media, "--seconds", "9.4", "--scope", "acme/x", "--provider", "creatify").ok()
    (listed,) = world.run("credits", "list").ok()["credits"]
    assert credits_of(listed["remaining"]) == 500 - credits_of(world.job(job["job"])["native"]) < 500
    assert credits_of(listed["undrawn"]) == 0
    world.verified()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("creatify", "500 creatify-credits", "99 USD"), "bad_request"),
        (("creatfy", "500 creatify-credit", "99 USD"), "bad_request"),
        (("fal", "5 USD", "99 USD"), "bad_request"),
        (("creatify", "much", "99 USD"), "bad_money"),
        (("creatify", "0 creatify-credit", "99 USD"), "bad_lot"),
        (("creatify", "500 creatify-credit", "5 creatify-credit"), "bad_lot"),
        (("creatify", "500 creatify-credit", "99 USD", "--expires-at", "soon"), "bad_request"),
        (("creatify", "500 creatify-credit", "99 USD", "--expires-at", "2001-01-01"), "bad_lot"),
        (("creatify", "500 creatify-credit", "99 USD", "--priority", "high"), "usage"),
    ],
)
def test_a_slip_of_the_pen_is_one_line(plain: World, words: tuple[str, ...], code: str) -> None:
    plain.run("credits", "add", *words[:3], "--lot", "x", *words[3:]).failed(2, code)
