"""A look at a database says how safely it is kept, and changes nothing; a network file system is refused."""

import sqlite3
from pathlib import Path

import pytest

from ledger import Ledger, StorageError, look_at, upgrade
from ledger.check.condition import WAL_MENDED
from ledger.store import filelock, mounts, sqlite
from ledger.tables import VERSION
from tests.ledger import world
from tests.ledger.world import file_url

TABLE = """\
proc /proc proc rw 0 0
/dev/sda1 / ext4 rw,relatime 0 0
nas:/share /mnt/our\\040share nfs4 rw 0 0
me@host:/ /mnt/ssh fuse.sshfs rw 0 0
//host/share /mnt/windows cifs rw 0 0
server:/old /mnt/hidden nfs rw 0 0
/dev/sdb1 /mnt/hidden ext4 rw 0 0
/dev/sdc1 /mnt/our\\040share/disk xfs rw 0 0
"""


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mounts"
    table.write_text(TABLE, "utf-8")
    monkeypatch.setattr(mounts, "MOUNTS", table)


@pytest.mark.usefixtures("mounted")
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/spend.db", "ext4"),
        ("/mnt/our share/a/spend.db", "nfs4"),
        ("/mnt/our share/disk/spend.db", "xfs"),
        ("/mnt/our shared.db", "ext4"),
        ("/mnt/hidden/spend.db", "ext4"),
        ("/mnt/ssh/spend.db", "fuse.sshfs"),
        ("/mnt/windows/spend.db", "cifs"),
    ],
)
def test_a_network_file_system_is_refused(path: str, kind: str) -> None:
    assert mounts.file_system(Path(path)) == kind
    if kind in ("ext4", "xfs"):
        mounts.refuse_network(Path(path))
        return
    for act in (Ledger.open, look_at, upgrade):
        with pytest.raises(StorageError, match=f"is on a network file system \\({kind}\\).*postgresql://"):
            act(path)


@pytest.mark.usefixtures("mounted")
def test_a_link_does_not_hide_a_network(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/mnt/ssh")
    assert mounts.file_system(tmp_path / "link" / "spend.db") == "fuse.sshfs"


def test_a_system_that_does_not_tell_refuses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "absent")
    assert mounts.file_system(tmp_path) is None
    mounts.refuse_network(tmp_path / "spend.db")


def test_a_file_that_is_not_there_stays_away(tmp_path: Path) -> None:
    found = look_at(file_url(tmp_path / "x.db"))
    assert (found.schema, found.needed, found.ok) == (None, VERSION, True)
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_is_told_as_its_writers_keep_it(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with Ledger.open(f"{file_url(path)}?synchronous=NORMAL") as ledger:
        store = ledger._store  # pyright: ignore[reportPrivateUsage]
        assert isinstance(store, sqlite.SqliteStore)
        found = look_at(f"{file_url(path)}?synchronous=NORMAL")
        assert found.details["journal_mode"] == store.journal_mode == "wal"
    assert found.schema == VERSION
    assert found.details["synchronous"] == "NORMAL"
    assert found.details["lock"] == f"{path}.lock"
    assert any("power cut" in note for note in found.notes)


@pytest.mark.parametrize(("library", "says"), [((3, 40, 1), "has the WAL-reset bug"), (WAL_MENDED, "has no WAL-reset")])
@pytest.mark.parametrize("locks", [True, False])
def test_what_keeps_the_wal_bug_away(
    library: tuple[int, ...], says: str, locks: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_file: object, **_wait: bool) -> None:
        raise OSError("no locks here")

    path = tmp_path / "x.db"
    if not locks:
        monkeypatch.setattr(filelock, "_take", refuse)
    Ledger.open(file_url(path)).close()
    monkeypatch.setattr(sqlite3, "sqlite_version_info", library)
    found = look_at(file_url(path))
    (note,) = (note for note in found.notes if "WAL-reset" in note)
    assert says in note
    assert found.details["journal_mode"] == ("wal" if locks else "truncate")
    if library < WAL_MENDED:
        assert ("the lock file" if locks else "journal_mode=truncate") in note


def test_another_schema_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    Ledger.open(file_url(path)).close()
    for version, way in (("0001", "faregate db upgrade"), ("0009", "the faregate that made it")):
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE migration SET version_num = ?", [version])
        connection.close()
        found = look_at(file_url(path))
        assert not found.ok
        assert way in found.faults[0]


@pytest.mark.usefixtures("postgres")
def test_a_server_is_told() -> None:
    url = world.postgres_url()
    assert look_at(url).schema is None
    assert "is made when" in look_at(url).notes[0]
    Ledger.open(url).close()
    found = look_at(url)
    assert (found.engine, found.schema, found.ok) == ("postgresql", VERSION, True)
    assert found.details["isolation"] == "read committed"
    assert found.details["schema_name"] == url.rpartition("=")[2]
    assert {"server_version", "fsync", "synchronous_commit", "max_connections", "pool"} <= set(found.details)
    offset = found.details["clock_offset_ms"]
    assert isinstance(offset, int)
    assert abs(offset) < 1000


@pytest.mark.usefixtures("postgres")
def test_strangers_tables_on_a_server_are_no_ledger() -> None:
    url = world.postgres_url()
    Ledger.open(url).close()
    with Ledger.open(url) as ledger:
        world.raw(ledger, "ALTER TABLE store RENAME TO shop")
    for act in (look_at, upgrade, Ledger.open):
        with pytest.raises(StorageError, match=r"is of something else|a database of something else"):
            act(url)
