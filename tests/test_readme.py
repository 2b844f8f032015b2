"""What the README shows is run: its example prints exactly what it says, its commands succeed in their order."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.sandbox import Sandbox

from .cli.world import Runner

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a face and a voice track, and the sandbox's keys in the environment."""
    (tmp_path / "face.jpg").write_bytes(b"\xff\xd8\xff\xe0 a face")
    (tmp_path / "jobs.csv").write_text(blocks("csv")[0], "utf-8")
    shutil.copy(ROOT / "tests" / "audio" / "talk-13.02s-cbr.mp3", tmp_path / "talk.mp3")
    with Sandbox(render_s=0.1) as sandbox:
        for name, value in sandbox.env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("FAREGATE_DB", f"sqlite:///{tmp_path}/cli.db")
        monkeypatch.chdir(tmp_path)
        yield tmp_path


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_prints_what_it_says(place: Path) -> None:
    (example,), (printed, *_) = blocks("python"), blocks("text")
    (place / "example.py").write_text(example, "utf-8")
    assert run(sys.executable, "example.py") == printed
    assert (place / "clip.mp4").stat().st_size > 0


def test_the_example_passes_strict_typing(place: Path) -> None:
    (place / "example.py").write_text(blocks("python")[0], "utf-8")
    run(sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "example.py")


def test_the_commands_succeed_in_their_order(place: Path, runner: Runner) -> None:
    lines = [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]
    assert len(lines) >= 7
    for line in lines:
        name, *words = shlex.split(line)
        assert name == "faregate"
        ended = runner.launch(words, env=os.environ, cwd=place).wait()
        assert ended.code == 0, ended
