"""Bills from the sellers to the command line: made, fetched, reconciled; each planted fault found, and none besides."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ledger import Ledger
from pricing import PriceBook, Quote, Usage

from .world import AUDIO, Doc, Providers, Runner, World, amount, until

FAULTS = (
    "double-bill:fal:*~F-double",
    "late-bill-0.2:fal:*~F-late",
    "late-bill-0.2:runware:*~F-late",
    "bill-failed:fal:*~F-failed",
    "price-rise:creatify:*~F-rise",
)
ROW = {"job", "offer", "quoted", "held", "reported", "invoiced", "variance", "cause", "evidence"}
BREAK = {"kind", "job", "amount", "expected_by", "age_days"}
IMPORTED = {"statement", "provider", "source", "lines", "new_lines", "charges", "parked", "unmatched"}
LATER = (datetime.now(UTC) + timedelta(days=20)).isoformat()


@pytest.fixture(scope="module")
def billing(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Providers]:
    """Sellers whose bills show a charge soon."""
    faults = [word for fault in FAULTS for word in ("--fault", fault)]
    folder = tmp_path_factory.mktemp("billing")
    serving = Providers(runner, folder, "--render", "0.05", "--billing-lag", "0.1", *faults)
    try:
        yield serving
    finally:
        serving.stop()


@pytest.fixture
def world(runner: Runner, billing: Providers, tmp_path: Path) -> World:
    made = World(runner, tmp_path, billing)
    made.budget()
    return made


def make(world: World, provider: str, prompt: str = "a word", code: int = 0) -> None:
    audio = ["--audio", "https://example.com/talk.mp3", "--seconds", "9.4", "--image", "https://example.com/face.png"]
    done = world.run("run", *audio, "--scope", "acme/x", "--provider", provider, "--prompt", prompt)
    assert done.code == code, done


def fetched(world: World, lines: dict[str, int]) -> list[Doc]:
    """Fetch until the sellers show so many lines of each source: every world shares them, so at least."""
    found: list[Doc] = []

    def there() -> bool:
        found[:] = world.run("statement", "fetch").ok()["statements"]
        return all(one["lines"] >= lines[one["source"]] for one in found)

    until(there, 30, 0.3)
    return found


def differing(world: World, code: int = 1) -> tuple[list[Doc], Doc]:
    """The rows of this ledger's own jobs that differ, judged when all is due: what others made here is not ours."""
    done = world.run("reconcile", "--at", LATER)
    assert done.code == code, done
    done.quiet()
    doc = done.doc
    assert doc.keys() >= {"jobs", "totals", "breaks"}
    assert all(one.keys() >= ROW for one in doc["jobs"])
    assert all(one.keys() >= BREAK for one in doc["breaks"])
    return [one for one in doc["jobs"] if one["cause"] != "none"], doc


def test_without_faults_every_bill_agrees_and_with_them_each_is_found(world: World) -> None:
    for provider in ("fal", "creatify", "runware"):
        make(world, provider)
    told = fetched(world, {"fal-billing-events": 1, "creatify-jobs": 1, "runware-usage": 1})
    assert all(one.keys() == IMPORTED for one in told)
    assert {one["source"] for one in told} == {"fal-billing-events", "creatify-jobs", "runware-usage"}
    rows, doc = differing(world, 0)
    assert rows == []
    assert doc["breaks"] == []
    assert sum(one["jobs"] for one in doc["totals"]) == 3

    make(world, "fal", "F-double")
    make(world, "fal", "F-late", 3)
    make(world, "fal", "F-failed", 3)
    make(world, "runware", "F-late", 3)
    make(world, "creatify", "F-rise")
    fetched(world, {"fal-billing-events": 5, "creatify-jobs": 2, "runware-usage": 1})
    until(lambda: _all(world), 30, 0.5)
    rows, doc = differing(world)
    found = sorted((one["provider"], one["cause"], amount(one["amount"])) for one in rows)
    assert found == [
        ("fal", "duplicate", Decimal(1)),
        ("fal", "late_charge_after_release", Decimal(1)),
        ("fal", "late_charge_after_release", Decimal(1)),
        ("runware", "late_charge_after_release", Decimal("0.7")),
    ]
    assert {one["status"] for one in doc["breaks"]} == {"open"}
    risen = next(one for one in world.jobs() if one["native"] == {"amount": "6.25", "currency": "creatify-credit"})
    assert amount(risen["variance"]) > 0  # its provider said so itself: the bill only agrees
    (row,) = (one for one in doc["jobs"] if one["job"] == risen["job"])
    assert (row["cause"], row["quoted"]["amount"], row["invoiced"]["amount"]) == ("none", "5", "6.25")
    world.verified()
    _closed(world)


def _all(world: World) -> bool:
    world.run("statement", "fetch").ok()
    return len(differing(world)[0]) == 4


def _closed(world: World) -> None:
    """People's words: what is accepted is posted, and the list shortens."""
    open_ = world.run("breaks", "list").ok()["breaks"]
    assert open_ == []  # none is due yet: it is found, and pending
    breaks = {one["kind"]: one for one in world.run("breaks", "list", "--all").ok()["breaks"]}
    double = breaks["duplicate"]
    before = amount(world.job(double["job"])["charged"])
    closing = ("breaks", "close", double["id"], "--note", "they will not give it back", "--author", "ann")
    world.run(*closing, "--verdict", "perhaps").failed(2, "bad_request")
    told = world.run(*closing, "--verdict", "accepted").ok()
    assert told["status"] == "accepted"
    assert told["word"]["author"] == "ann"
    assert amount(world.job(double["job"])["charged"]) == 2 * before
    world.run(*closing, "--verdict", "accepted").ok()
    late = next(one for one in breaks.values() if one["provider"] == "runware")
    closing = ("breaks", "close", late["id"][:8], "--note", "asked them", "--author", "ann")
    assert world.run(*closing, "--verdict", "disputed").ok()["status"] == "disputed"
    world.run("breaks", "close", "0" * 16, "--verdict", "accepted", "--note", "x").failed(2, "bad_request")
    world.verified()


def test_files_are_imported_once_and_told_apart(world: World) -> None:
    event = {
        "request_id": "of-nobody", "endpoint_id": "fal-ai/creatify/aurora", "timestamp": "2026-11-02T10:00:00Z",
        "output_units": 10, "unit_price": 0.14, "cost_total": 1.4, "cost_subtotal": 1.4, "cost_discount": 0,
        "cost_estimate_nano_usd": 1_400_000_000,
    }  # fmt: skip
    path = world.folder / "fal.json"
    path.write_text(json.dumps({"billing_events": [event], "next_cursor": None, "has_more": False}))
    period = ("--from", "2026-11-01", "--to", "2026-12-01")
    (told,) = world.run("statement", "import", path, *period).ok()["statements"]
    assert (told["source"], told["new_lines"], told["unmatched"]) == ("fal-billing-events", 1, 1)
    (told,) = world.run("statement", "import", path, *period).ok()["statements"]
    assert told["new_lines"] == 0
    (filed,) = world.run("statement", "list").ok()["statements"]
    assert (filed["period"], filed["complete"], filed["lines"]) == (["2026-11-01", "2026-12-01"], True, 1)
    done = world.run("reconcile", "--statement", path, "--provider", "fal", "--month", "2026-11")
    assert done.code == 1
    (row,) = done.doc["jobs"]
    assert (row["job"], row["cause"], row["evidence"]) == (None, "unknown_charge", row["evidence"])
    (one,) = done.doc["breaks"]
    assert amount(one["amount"]) == Decimal("1.4")
    world.run("breaks", "close", one["id"], "--verdict", "accepted", "--note", "a trial by hand").ok()
    assert world.run("reconcile", "--month", "2026-11").code == 0
    world.verified()
    human = world.run("reconcile", "--human")
    assert "unknown_charge" in human.out


def test_bad_questions_get_one_line(world: World) -> None:
    path = world.folder / "odd.txt"
    path.write_text("nothing known")
    world.run("statement", "import", path).failed(2, "bad_request")
    world.run("statement", "import", world.folder / "absent.json").failed(2, "bad_request")
    world.run("statement", "import", AUDIO / "talk-9.4s.wav", "--source", "fal-usage").failed(2, "bad_statement")
    world.run("statement", "fetch", "--provider", "acme").failed(2, "bad_request")
    world.run("statement", "fetch", "--source", "csv").failed(2, "bad_request")
    world.run("statement", "fetch", "--from", "2026-11-02", "--to", "2026-11-02").failed(2, "bad_request")
    world.run("statement", "fetch", env={}).failed(2, "no_key")
    world.run("reconcile", "--month", "2026-13").failed(2, "bad_request")
    world.run("reconcile", "--rate", "EUR").failed(2, "bad_request")
    world.run("reconcile", "--accept-drift", "abc").failed(2, "bad_request")
    path.write_text(json.dumps({"billing_events": [{"request_id": "x"}]}))
    world.run("reconcile", "--statement", path).failed(2, "bad_statement")


def test_a_price_that_bills_support_becomes_a_card_of_its_own(runner: Runner, tmp_path: Path) -> None:
    world = World(runner, tmp_path, None)
    world.budget()
    offer, length = "fal/fal-ai/creatify/aurora", ("--seconds", "10", "--set", "resolution=720p")
    price = PriceBook.shipped().quote(offer, Usage.billed("10"), settings={"resolution": "720p"}, at=date(2026, 11, 20))
    with Ledger.open(f"sqlite:///{world.db}") as ledger:
        events = [billed_at(ledger, price, f"{number}", offer) for number in range(9)]
    path = world.folder / "fal.json"
    path.write_text(json.dumps({"billing_events": events, "next_cursor": None, "has_more": False}))
    done = world.run("reconcile", "--statement", path)
    (drift,) = done.doc["drift"]
    assert (drift["card_price"], drift["supported_price"], drift["charges"]) == ("0.14", "0.11", 9)
    card = world.folder / "learned.toml"
    world.run("reconcile", "--accept-drift", "nothing", "--into", card).failed(2, "bad_request")
    written = world.run("reconcile", "--accept-drift", drift["id"], "--into", card)
    assert written.doc["card"] == str(card)
    world.run("reconcile", "--accept-drift", drift["id"], "--into", card).failed(2, "bad_request")
    found = world.run("quote", "--offer", offer, *length, "--cards", card).ok()
    assert amount(found["expected"]) == Decimal("1.1")
    before = world.run("quote", "--offer", offer, *length, "--cards", card, "--at", "2026-11-20").ok()
    assert amount(before["expected"]) == Decimal("1.4")


def billed_at(ledger: Ledger, price: Quote, name: str, offer: str) -> Doc:
    """A job that was settled as quoted, and fal's event of another price."""
    job, attempt = f"j{name}", f"a{name}"
    ledger.hold(
        job=job, key=job, request_hash="h", scope="acme/x", quote=price, request={}, tags={}, owner="test",
        expires_in_s=600,
    )  # fmt: skip
    ledger.begin(
        job=job, attempt=attempt, provider="fal", quote=price, fingerprint="f", owner="test", ceiling=None
    )  # fmt: skip
    ledger.outcome(job=job, attempt=attempt, outcome="accepted", provider_job=f"p{name}")
    ledger.settle(job=job, attempt=attempt, evidence="quote", amount=price.expected, final=False, delivered=1)
    return {
        "request_id": f"p{name}", "endpoint_id": offer.removeprefix("fal/"), "output_units": 10, "unit_price": 0.11,
        "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "cost_estimate_nano_usd": 1_100_000_000,
    }  # fmt: skip
