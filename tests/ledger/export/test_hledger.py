"""The journal read by the real hledger: it balances there, strictly, and every account stands where ours does."""

import csv
import io
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import Ledger
from ledger.export import hledger
from pricing import usd
from tests.ledger.acting import act, examples
from tests.ledger.world import World, credit, world
from tests.strategies import Verb, traces

from .rich import bought, rich

TOOL = shutil.which("hledger")
Balances = dict[tuple[str, str], int]


@pytest.fixture(autouse=True)
def tool() -> None:
    """In CI it is there, or the build is wrong; elsewhere a notice."""
    if TOOL is None:
        if os.environ.get("CI") == "true":
            pytest.fail("hledger is not installed; .ci/run does it")
        pytest.skip("hledger is not installed: apt-get install hledger")


def asked(path: Path, *words: str) -> str:
    done = subprocess.run(
        [str(TOOL), "-f", str(path), *words], capture_output=True, text=True, timeout=60, check=False,
        env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def ours(ledger: Ledger) -> Balances:
    """The journal's own sums, by account as hledger names it, and currency."""
    store = ledger._store  # pyright: ignore[reportPrivateUsage]
    found: Counter[tuple[str, str]] = Counter()
    for book, account, currency, nanos in store.read(
        lambda work: work.text("SELECT book, account, currency, amount_nanos FROM entry")
    ):
        found[hledger.account(book, account), currency] += nanos
    return {key: nanos for key, nanos in found.items() if nanos}


def theirs(path: Path, *words: str) -> Balances:
    """What `hledger balance` says."""
    text = asked(path, "balance", "--flat", "-O", "csv", "--no-total", *words)
    found: Balances = {}
    for row in list(csv.reader(io.StringIO(text)))[1:]:
        for amount in row[1].split(", "):
            number, _, commodity = amount.partition(" ")
            if number != "0":
                found[row[0], commodity.strip('"')] = int(Decimal(number).scaleb(9))
    return found


def proven(w: World) -> None:
    """Strictly checked, in order, each book at zero, each account as ours."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "spend.journal"
        count = w.ledger.export("hledger", path)
        asked(path, "check", "--strict")
        asked(path, "check", "ordereddates")
        assert f"Transactions             : {count} " in asked(path, "stats")
        assert theirs(path) == ours(w.ledger)
        for book in ("^money:", "^envelope:"):
            sums = asked(path, "balance", "--depth", "1", "-O", "csv", "--no-total", book)
            assert all(row[1] == "0" for row in list(csv.reader(io.StringIO(sums)))[1:])


def test_a_ledger_with_everything_in_it() -> None:
    proven(rich())


def test_tags_lead_back_to_the_job() -> None:
    w = rich()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "spend.journal"
        w.ledger.export("hledger", path)
        found = theirs(path, "money:expense", "tag:job=^j2$")
        assert found == {("money:expense:fal", "USD"): 1_260_000_000}
        assert theirs(path, "money:expense", "tag:evidence=billing_event") == {
            ("money:expense:fal", "USD"): 700_000_001
        }


@given(traces(40))
@examples(4)
def test_any_trace_balances_there(trace: list[Verb]) -> None:
    w = world("20")
    for verb in trace:
        act(w, verb)
    proven(w)


def test_a_long_journal_balances_there() -> None:
    w = world(None)
    w.ledger.buy_credits("creatify", credit("5000"), usd("993.07"), lot="big")
    for n in range(200):
        if n % 5 == 0:
            bought(w, f"c{n}", credit(str(1 + n % 13)), scope=f"acme/s{n % 7}")
        else:
            w.submitted(f"j{n}", f"a{n}", scope=f"acme/s{n % 7}/x")
            w.settle(usd(f"1.{n:09d}"), f"j{n}", f"a{n}", final=n % 3 != 0)
            if n % 3 == 0:
                w.settle(usd(f"1.{200 - n:09d}"), f"j{n}", f"a{n}", revision=1)
        w.clock.forward(hours=7)
        if n % 90 == 0:
            w.ledger.draw_credits("creatify")
    w.ledger.draw_credits("creatify")
    proven(w)


@given(st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=6, unique=True))
@examples(4)
def test_odd_names_stay_apart(names: Sequence[str]) -> None:
    """Also what an older ledger may hold, or a provider call its jobs: nothing breaks out of its line."""
    names = [name for name in names if not {"/", ":"} & set(name)]
    legs = [hledger.Leg("money", f"expense:{name}", "odd-Credit9", 1 + n) for n, name in enumerate(names)]
    legs += [hledger.Leg("money", "issued:x", "odd-Credit9", -sum(leg.nanos for leg in legs))] if legs else []
    one = hledger.Transaction(
        1, 10**15, "settle", "inline", names[0] if names else "j", "k", "a", "".join(names), ";,: x", tuple(legs)
    )
    accounts = sorted({(leg.book, leg.account) for leg in legs})
    with TemporaryDirectory() as folder:
        path = Path(folder) / "odd.journal"
        path.write_text("".join(hledger.text(accounts, ["odd-Credit9"], [one])), "ascii")
        asked(path, "check", "--strict")
        found = theirs(path)
    assert found == {(hledger.account(leg.book, leg.account), leg.currency): leg.nanos for leg in legs}
    assert len({hledger.account(*account) for account in accounts}) == len(accounts)
