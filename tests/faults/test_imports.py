"""Bills whose import is killed with -9 in a page of lines and between two: the same import again ends in the rows of
one that was never killed, and the books are whole all the time. `make sim` kills at every write.
"""

import json
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest

from ledger import Ledger
from ledger.bills import importing
from pricing import usd
from tests.cli.world import Runner, until
from tests.cli.world import World as CommandLine
from tests.conftest import SWEEP
from tests.ledger import world as worlds
from tests.ledger.test_bills import event, refund
from tests.ledger.world import Clock, World

from .crew import Crew, statement

STEP = 1 if SWEEP else 9
PAGE = 4
THEN = datetime(2026, 11, 23, 12, tzinfo=UTC)
JOBS = 6
pytestmark = pytest.mark.timeout(600 if SWEEP else 60)
CHARGES = [
    event("p-a0"), event("p-a1"), event("p-a1", at="2026-11-20T12:06:00Z"), event("p-a2"), refund("p-a2", "1.40"),
    event("p-a3"), event("p-a4", "1.05"), event("p-a5", "140"),
]  # fmt: skip
"""What agrees, comes twice, is given back, comes after a release, is another amount, is absurd."""


def said(strangers: int) -> dict[str, Any]:
    """A page as fal answers it; the other lines are of nobody's."""
    others = [event(f"p-stranger-{number:04d}") for number in range(strangers)]
    page = {"billing_events": CHARGES + others, "next_cursor": None, "has_more": False}
    return json.loads(json.dumps(page, default=str))  # type: ignore[no-any-return]


def opened(url: str) -> World:
    """A ledger of six jobs, the same ones each time; its clock stands after them."""
    clock = Clock()
    ledger = Ledger.open(url, clock=clock)
    worlds._open.append(ledger)  # pyright: ignore[reportPrivateUsage]
    ledger.set_budget("acme", usd("1000"), overrun="allow_to_limit")
    w = World(ledger, clock)
    for number in range(JOBS):
        w.submitted(f"j{number}", f"a{number}")
    for number in range(3):
        w.settle(usd("1.40"), f"j{number}", f"a{number}", evidence="units")
    ledger.release(job="j3", attempt="a3", reason="it failed", proof="free by its rule")
    clock.now = THEN
    return w


def fresh(place: str, folder: Path) -> str:
    return worlds.file_url(folder / "other.db") if place.startswith("sqlite") else worlds.postgres_url()


def test_an_import_killed_anywhere_goes_on_to_the_same_rows(
    crew: Crew, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = said(1)
    whole, w = opened(fresh(place, tmp_path)), opened(place)
    whole.ledger.import_statement(statement(bill), author="ann")
    done, inside = worlds.plain(whole.ledger), list[int]()
    monkeypatch.setattr(importing, "PAGE", PAGE)
    ends = list(accumulate(map(len, importing.pages(statement(bill)))))

    def killed(name: str, **where: int) -> bool:
        """One import that is to die there; whether it did."""
        crew.start(name, "bring", place, said=bill, page=PAGE, still=THEN.isoformat(), **where)
        pid = crew.heard()["pid"]
        answer = crew.heard()
        until(lambda: not Path(f"/proc/{pid}").exists(), 10, 0.001)
        w.sound()
        return "killed" in answer

    def each_write(until_page: int) -> None:
        """Die after a write further on each time, until so many pages are in."""
        write = 1
        while killed(f"{until_page}-{write}", at_write=write) and listed(w) < (0, *ends)[until_page]:
            inside.append(listed(w))
            assert inside[-1] in (0, *ends), "a part of a page was kept"
            write += STEP

    each_write(1)
    assert killed("page", at_page=2)
    (head,) = w.ledger.statements()
    assert (listed(w), head.complete, head.lines) == (ends[0], False, ends[-1])
    each_write(len(ends))
    assert set(inside) == {0, *ends[:-1]}
    assert worlds.plain(w.ledger) == done
    (head,) = w.ledger.statements()
    assert head.complete
    print(f"\n{place.partition(':')[0]}: {len(inside)} kills at writes, with so many lines in: {inside}")


def listed(w: World) -> int:
    return len(worlds.plain(w.ledger)["listed"])


def test_the_command_killed_in_a_page_and_between_two(place: str, tmp_path: Path, runner: Runner) -> None:
    path = tmp_path / "fal.json"
    path.write_text(json.dumps(said(importing.PAGE)))
    other = fresh(place, tmp_path)
    whole, w = opened(other), opened(place)
    shell = CommandLine(runner, tmp_path, None)
    words = ("statement", "import", path, "--from", "2026-11-01", "--to", "2026-12-01", "--author", "ann", "--db")
    assert shell.run(*words, other).code == 0
    for kill_at, pages in (("lines-1", 0), ("page-1", 1), ("lines-2", 1)):
        assert shell.launch(*words, place, kill_at=kill_at).wait().code == -SIGKILL
        assert listed(w) == pages * importing.PAGE
        w.sound()
    assert shell.run(*words, place).code == 0
    assert untimed(w) == untimed(whole)
    w.sound()


def untimed(w: World) -> dict[str, list[dict[str, Any]]]:
    """All rows but for when they came: the command has a clock of its own."""
    times = {"at", "imported_at", "changed_at"}
    return {
        name: [{column: value for column, value in row.items() if column not in times} for row in rows]
        for name, rows in worlds.plain(w.ledger).items()
    }
