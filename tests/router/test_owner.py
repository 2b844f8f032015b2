"""A process is named so that a dead one is known to be dead, and nothing else is."""

import subprocess
import sys

from router.owner import alive, me


def test_a_living_process_is_alive_and_a_dead_one_is_not() -> None:
    code = "from router.owner import me; print(me(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        name = child.stdout.readline().strip()
        assert alive(name) is True
        child.kill()
        child.wait(10)
        assert alive(name) is False
    assert alive(me()) is True


def test_what_cannot_be_told_is_none() -> None:
    host, pid, start = me().split("/")
    assert alive(f"elsewhere/{pid}/{start}") is None
    assert alive("") is None
    assert alive(f"{host}/x/{start}") is None
    assert alive(f"{host}/{pid}/1") is not True  # the pid lives on as another process
