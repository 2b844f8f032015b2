"""Exports of jobs: every row and every digit, the same in CSV and Parquet, on either database; no file half written."""

import csv
import io
import os
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import BadRequest, BadScope, Ledger, StorageError
from ledger.export import cells, files, run
from ledger.export.reading import Wanted
from ledger.store import Work
from pricing import Money, usd
from tests.ledger.acting import act, examples
from tests.ledger.world import World, postgres_url, world
from tests.strategies import Verb, traces

from .rich import rich


def exported(ledger: Ledger, form: Any, **more: Any) -> str:
    out = io.BytesIO()
    ledger.export(form, out, **more)
    return out.getvalue().decode()


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def total(rows: list[dict[str, str]], column: str, currency: str, by: str = "budget_currency") -> Decimal:
    return sum((Decimal(row[column]) for row in rows if row[column] and row[by] == currency), Decimal(0))


def test_a_row_for_each_attempt_and_one_for_a_job_without() -> None:
    rows = table(exported(rich().ledger, "csv"))
    assert Counter(row["job"] for row in rows) == {
        **dict.fromkeys(("j1", "j2", "j3", "j4", "j5", "j6", "j8"), 1),
        "j7": 2,
    }
    of = {(row["job"], row["attempt"]): row for row in rows}
    first, second = of["j7", "1"], of["j7", "2"]
    assert (first["outcome"], first["held"], first["charged"], first["reason"]) == ("refused", "", "", "turned away")
    assert (second["held"], second["charged"], second["evidence"]) == ("1.4", "0.700000001", "billing_event")
    assert second["provider_job"] == "'-p7", "a formula to a spreadsheet"
    assert of["j4", ""]["held"] == "1.4"
    assert of["j8", "1"]["exposed"] == "1.4"
    assert of["j1", "1"]["tags"].startswith('{"team":"=cmd')
    assert (of["j3", "1"]["charged_native"], of["j3", "1"]["currency"]) == ("6.0", "creatify-credit")


def test_rfc_4180() -> None:
    text = exported(rich().ledger, "csv")
    lines = text.split("\r\n")
    assert text.endswith("\r\n")
    assert len(lines) == 11
    assert "\n" not in "".join(lines), "the line end inside a tag is escaped in its JSON"
    assert '""team"":' in text


@given(traces(40))
@examples(6)
def test_the_sums_are_the_ledgers(trace: list[Verb]) -> None:
    w = world("20")
    for verb in trace:
        act(w, verb)
    rows = table(exported(w.ledger, "csv"))
    jobs = w.ledger.jobs()
    for name, amounts in {
        "charged": [job.charged for job in jobs if job.charged is not None],
        "held": [job.held for job in jobs],
        "open": [job.open for job in jobs],
        "exposed": [job.exposed for job in jobs],
        "variance": [job.variance for job in jobs if job.variance is not None],
    }.items():
        assert total(rows, name, "USD") == sum((one.amount for one in amounts), Decimal(0)), name
    spent = sum((one.spent for one in w.ledger.all_budgets() if one.scope == "acme" and one.window == "total"), usd(0))
    assert total(rows, "charged", "USD") == spent.amount


def test_parquet_says_the_same_exactly(tmp_path: Path) -> None:
    parquet = import_module("pyarrow.parquet")
    w = rich()
    assert w.ledger.export("parquet", tmp_path / "jobs.parquet") == 9
    found = parquet.read_table(tmp_path / "jobs.parquet")
    kinds: dict[str, cells.Kind] = {column.name: column.kind for column in run.columns_of("csv")}
    assert {str(field.type) for field in found.schema if kinds[field.name] == "amount"} == {"decimal128(38, 9)"}
    for plain, typed in zip(table(exported(w.ledger, "csv")), found.to_pylist(), strict=True):
        for name, text in plain.items():
            value = typed[name]
            if value is None:
                assert text == ""
            elif kinds[name] == "amount":
                assert Decimal(text) == value
                assert "." in text
            elif kinds[name] == "moment":
                assert datetime.fromisoformat(text) == value
            elif kinds[name] == "yes":
                assert text == str(value).lower()
            else:
                assert text == cells.TEXTS[kinds[name]](value)


def test_without_pyarrow_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BadRequest, match=r"pyarrow; pip install 'faregate\[parquet\]'"):
        world().ledger.export("parquet", tmp_path / "x.parquet")
    assert list(tmp_path.iterdir()) == []


def test_days_and_scopes() -> None:
    w = rich()
    jobs = {row["job"] for row in table(exported(w.ledger, "csv", since=date(2026, 11, 21)))}
    assert jobs == {"j3", "j4", "j5", "j6", "j7", "j8"}
    before = {row["job"] for row in table(exported(w.ledger, "csv", until=date(2026, 11, 21)))}
    assert before == {"j1", "j2"}
    assert {row["job"] for row in table(exported(w.ledger, "csv", scope="acme/c7/deep"))} == {"j6"}
    assert table(exported(w.ledger, "csv", scope="acme/c")) == [], "a scope is no prefix"
    with pytest.raises(BadScope):
        exported(w.ledger, "csv", scope="a//b")


@pytest.mark.usefixtures("postgres")
def test_both_databases_say_the_same() -> None:
    one, two = rich("sqlite://"), rich(postgres_url())
    for form in ("csv", "hledger"):
        assert sorted(exported(one.ledger, form).split("\n")) == sorted(exported(two.ledger, form).split("\n"))


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_amounts_keep_every_digit(nanos: int) -> None:
    text = cells.amount(nanos)
    assert Money.of(text, "USD").nanos == nanos
    assert "." in text
    assert not text.endswith("00")


@given(st.text(min_size=1))
def test_no_text_begins_like_a_formula(text: str) -> None:
    assert cells.safe(text)[0] not in "=+-@\t\r\n"
    assert cells.safe(text).endswith(text)


def test_pages_leave_nothing_out_and_memory_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    w = world(None)
    for n in range(25):
        w.submitted(f"j{n}", f"a{n}")
        w.settle(usd("1.40"), f"j{n}", f"a{n}")
    whole = exported(w.ledger, "csv"), exported(w.ledger, "focus"), exported(w.ledger, "hledger")
    monkeypatch.setattr("ledger.export.reading.PAGE", 7)
    sizes: list[int] = []
    kind = _works(w)
    monkeypatch.setattr(kind, "rows", _counting(kind.rows, sizes))
    assert (exported(w.ledger, "csv"), exported(w.ledger, "focus"), exported(w.ledger, "hledger")) == whole
    assert max(sizes) <= 7 * 4


def _works(w: World) -> Any:
    """The class that reads there."""
    store = w.ledger._store  # pyright: ignore[reportPrivateUsage]

    def kind(work: Work) -> Any:
        return type(work)

    return store.read(kind)


def _counting(real: Any, sizes: list[int]) -> Any:
    def rows(self: Any, *words: Any) -> Any:
        found = real(self, *words)
        sizes.append(len(found))
        return found

    return rows


def test_a_file_is_whole_or_what_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    w, out = rich(), tmp_path / "jobs.csv"
    out.write_text("what it was")

    def broken(*_: object) -> Iterator[Any]:
        yield ()
        raise StorageError("the database went away")

    with monkeypatch.context() as patch:
        patch.setattr("ledger.export.jobs.row", broken)
        patch.setattr("ledger.export.reading.jobs", broken)
        with pytest.raises((StorageError, ValueError)):
            w.ledger.export("csv", out)
    assert out.read_text() == "what it was"
    assert [one.name for one in tmp_path.iterdir()] == ["jobs.csv"]
    assert w.ledger.export("csv", out) == 9
    assert [one.name for one in tmp_path.iterdir()] == ["jobs.csv"]
    assert out.read_bytes().decode() == exported(w.ledger, "csv")
    assert w.ledger.export("csv", str(tmp_path / "named.csv")) == 9
    assert (tmp_path / "named.csv").read_bytes() == out.read_bytes()


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    w = world()
    with pytest.raises(BadRequest, match="is a folder"):
        w.ledger.export("csv", tmp_path)
    with pytest.raises(BadRequest, match="cannot be written"):
        w.ledger.export("csv", tmp_path / "no" / "such.csv")
    with pytest.raises(BadRequest, match="no export 'xml'"):
        w.ledger.export("xml", tmp_path / "x")  # type: ignore[arg-type]


def test_what_is_there_is_treated_with_care(tmp_path: Path) -> None:
    """A link is followed, a mode kept, a pipe written to, and a ledger never written over."""
    url, link, private = f"sqlite:///{tmp_path / 'spend.db'}", tmp_path / "link.csv", tmp_path / "private.csv"
    with Ledger.open(url) as ledger:
        private.write_text("what it was")
        private.chmod(0o600)
        link.symlink_to(private)
        assert ledger.export("csv", link) == 0
        assert link.is_symlink()
        assert private.read_text().startswith("job,key,")
        assert private.stat().st_mode & 0o777 == 0o600
        for form in ("csv", "focus", "hledger"):
            with pytest.raises(BadRequest, match="is a database; name another file"):
                ledger.export(form, tmp_path / "spend.db")  # type: ignore[arg-type]
        for name in ("x" * 300, "private.csv/x", "nul\0"):
            with pytest.raises(BadRequest, match="cannot be written"):
                ledger.export("csv", tmp_path / name)
        assert ledger.verify().ok
    assert sorted(one.name for one in tmp_path.glob("*.csv")) == ["link.csv", "private.csv"]


@pytest.mark.skipif(sys.platform != "linux", reason="its devices")
def test_devices_are_written_to_and_stay_devices(tmp_path: Path) -> None:
    w, link = rich(), tmp_path / "null"
    link.symlink_to("/dev/null")
    assert w.ledger.export("focus", link) > 0
    assert link.is_char_device()
    assert [one.name for one in tmp_path.iterdir()] == ["null"], "no metadata beside a device"
    pipe, read = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    w.ledger.export("csv", pipe)
    reader.join(30)
    assert read[0].decode() == exported(w.ledger, "csv")
    assert pipe.is_fifo()
    link.unlink()
    link.symlink_to("/dev/full")
    with pytest.raises(StorageError, match="cannot be written: No space left on device; free some space"):
        w.ledger.export("csv", link)


def test_a_unit_begun_again_begins_the_file_again() -> None:
    """PostgreSQL's reads are done again when another writer was faster: nothing of the first try may stay."""
    w, out = rich(), io.BytesIO()
    store = w.ledger._store  # pyright: ignore[reportPrivateUsage]
    for _ in range(2):
        store.read(lambda work: run.write(work, "csv", Wanted(), out, as_parquet=False))
    assert out.getvalue().decode() == exported(w.ledger, "csv")


def test_moments_read_as_utc() -> None:
    at = datetime(2026, 11, 20, 12, 0, 0, 17, tzinfo=UTC)
    micros = int(at.timestamp()) * 10**6 + 17
    assert cells.moment(micros) == "2026-11-20T12:00:00.000017Z"
    assert cells.second(micros) == "2026-11-20T12:00:00Z"


def test_the_room_is_named(tmp_path: Path) -> None:
    with files.whole(tmp_path / "x") as file:
        file.write(b"1")
        assert len(list(tmp_path.iterdir())) == 1
        assert not (tmp_path / "x").exists()
    assert (tmp_path / "x").read_bytes() == b"1"
