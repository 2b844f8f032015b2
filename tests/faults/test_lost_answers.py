"""The connection breaks around COMMIT: the caller gets the right answer all the same, and nothing is doubled.

ledger-anchors §10 asks for less ("ask again with the same op key"): here the store asks, not the caller.
"""

from collections.abc import Iterator

import pytest
from hypothesis import given

from ledger import Ledger, StorageError
from ledger.store import postgres as postgres_module
from pricing import usd
from tests.ledger import world as worlds
from tests.ledger.acting import act, examples
from tests.ledger.world import World, plain, postgres_url, world
from tests.strategies import Verb, traces

from .proxy import Cut, Proxy

CUTS: tuple[Cut, ...] = ("after", "before", "during")


pytestmark = pytest.mark.usefixtures("postgres")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(postgres_module, "_PAUSE_S", 0.0005)
    yield
    worlds.close_all()


def pair(proxy: Proxy) -> tuple[World, World]:
    """Two like ledgers: one on a sound wire, one by way of the proxy. Its `_proxied` schema is its own."""
    sound = world("8", postgres_url())
    url = postgres_url().partition("?")[2]
    schema = next(part for part in url.split("&") if part.startswith("schema="))
    return sound, world("8", f"{proxy.url}?{schema}")


def books(w: World) -> dict[str, object]:
    """Every row; of refusals and notices, that somebody asked twice is no news."""
    rows: dict[str, object] = dict(plain(w.ledger))
    for table in ("refusal", "notice"):
        rows[table] = {str(row | {"id": 0}) for row in plain(w.ledger)[table]}
    return rows


@given(trace=traces(12))
@examples(4)
def test_every_verb_answers_as_on_a_sound_wire(trace: list[Verb]) -> None:
    with Proxy(worlds._postgres[-1]) as proxy:  # pyright: ignore[reportPrivateUsage]
        sound, frail = pair(proxy)
        for n, verb in enumerate(trace):
            cut = CUTS[n % 3]
            proxy.cut(cut)
            for one in (sound, frail):
                one.clock.forward(microseconds=1)  # time goes on: an earlier grant is not ours
            expected, answer = act(sound, verb), act(frail, verb)
            # Asked again these find nothing left to do and say so: the books are the same.
            if verb.name not in ("expire", "draw"):
                assert answer == expected, (verb, cut)
            assert books(frail) == books(sound), (verb, cut)
        assert proxy.cuts > len(trace) // 2
        frail.sound()
        worlds.close_all()


@pytest.mark.parametrize("cut", CUTS)
def test_a_replay_stays_a_replay(postgres: str, cut: Cut) -> None:
    """Whoever began this attempt before may have sent its POST: a cut now must not say that it is fresh."""
    with Proxy(postgres) as proxy:
        _, w = pair(proxy)
        w.hold()
        w.begin()
        w.clock.forward(seconds=1)
        for verb in (w.hold, w.begin):
            proxy.cut(cut)
            assert verb().replayed
            proxy.cut(cut, cut)
            assert verb().replayed
        assert proxy.cuts == 3  # of hold's: a begin that finds its attempt has nothing to commit


def test_a_wire_that_stays_cut_is_one_clear_line(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Proxy(postgres) as proxy:
        sound, w = pair(proxy)
        monkeypatch.setattr(postgres_module, "_PATIENCE_S", 0.3)
        proxy.cut(*CUTS * 300)
        with pytest.raises(StorageError, match="ask again with the same key") as caught:
            w.hold()
        assert "\n" not in str(caught.value)
        assert proxy.cuts > 2
        proxy.cut()
        assert w.hold().replayed  # it had come through: a person who asks again is told so
        assert w.budget()[1] == usd("1.40")
        sound.hold()
        assert books(w) == books(sound)


def test_older_connections_are_not_tried_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """All sixteen broke when the server went: that is one break, not sixteen."""
    monkeypatch.setattr(postgres_module, "_PAUSE_S", 0.5)
    monkeypatch.setattr(postgres_module, "_PATIENCE_S", 0.7)
    ledger = Ledger.open(postgres_url())
    worlds._open.append(ledger)  # pyright: ignore[reportPrivateUsage]
    ledger.set_budget("acme", usd("100"))
    store = ledger._store  # pyright: ignore[reportPrivateUsage]
    assert isinstance(store, postgres_module.PostgresStore)
    idle = [store._pool.connect() for _ in range(16)]  # pyright: ignore[reportPrivateUsage]
    pids = [one.driver_connection.info.backend_pid for one in idle]  # type: ignore[union-attr]
    for one in idle:
        one.info["era"] = 0
        one.close()
    other = Ledger.open(postgres_url())
    worlds._open.append(other)  # pyright: ignore[reportPrivateUsage]
    for pid in pids:
        other._store.write(lambda work, pid=pid: work.text(f"SELECT pg_terminate_backend({pid})"))  # pyright: ignore[reportPrivateUsage]
    assert World(ledger).hold().refused is None
