"""What docs/ shows is run: cards load, Python answers what the page says, commands succeed, links lead somewhere."""

import doctest
import os
import re
import shlex
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from pricing import PriceBook

from .cli.world import Runner

ROOT = Path(__file__).parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TESTED = {"toml", "python", "text", "console", "csv"}


@dataclass(frozen=True)
class Block:
    """A block of code in a page."""

    line: int
    language: str
    text: str

    @property
    def title(self) -> str:
        """The remark in its first line: the name of a file."""
        first = self.text.partition("\n")[0]
        return first[2:] if first.startswith("# ") else ""


def blocks(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    return [Block(text.count("\n", 0, found.start()) + 1, *found.groups()) for found in FENCE.finditer(text)]


def head_of(page: list[Block]) -> str:
    """What stands before components that are shown alone."""
    first = next((block.text for block in page if block.language == "toml"), "")
    return first.partition("[[offers.rates.components]]")[0]


def book_of(block: Block, head: str, place: Path) -> PriceBook | None:
    """The book of a card block: of a whole card, of components under the head, of what is laid over shipped cards."""
    name = block.title if block.title.endswith(".toml") else "acme.toml"
    text = block.text
    if text.startswith("[[offers.rates.components]]"):
        text = head + text
    (place / name).write_text(text, "utf-8")
    if "\n# faults\n" in text:
        return None
    if "provider =" not in text:
        return PriceBook.shipped().with_cards([place / name])
    return PriceBook.load([place / name])


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.stem)
def test_every_block_is_of_a_kind_that_is_run(page: Path) -> None:
    assert {block.language for block in blocks(page)} <= TESTED
    assert page.read_text("utf-8").count("```") == 2 * len(blocks(page))


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.stem)
def test_cards_and_python_say_what_the_page_says(page: Path, place: Path) -> None:
    names: dict[str, object] = {}
    all_blocks, ran = blocks(page), 0
    head, runner = head_of(all_blocks), doctest.DocTestRunner(verbose=False)
    for block in all_blocks:
        if block.language == "toml":
            names["book"] = book_of(block, head, place)
        if block.language == "python" and block.text.startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(
                block.text, names, f"{page.name}:{block.line}", str(page), block.line
            )
            test.globs = names  # one for the whole page: `price` of its top reads the book of the card shown last
            said: list[str] = []
            runner.run(test, out=said.append, clear_globs=False)
            assert runner.summarize(verbose=False).failed == 0, "".join(said)
            ran += 1
    assert ran or "python" not in {block.language for block in all_blocks} or page.stem != "rate-cards"


def test_the_tests_of_a_page_find_what_it_says(place: Path) -> None:
    """docs/testing-your-prices.md: each test module is run, on the card shown last, and reports the line shown next."""
    page = blocks(ROOT / "docs" / "testing-your-prices.md")
    (place / "cards").mkdir()
    told = 0
    for block, after in zip(page, [*page[1:], Block(0, "", "")], strict=True):
        if block.language == "toml":
            (place / "cards" / (block.title or "acme.toml")).write_text(block.text, "utf-8")
        if block.language == "python" and not block.text.startswith(">>>"):
            (place / "test_prices.py").write_text(block.text, "utf-8")
            status, output = pytest_run(place)
            if after.language == "text":
                assert status == 1, output
                expected = [line for line in after.text.splitlines() if line]
                missing = [line for line in expected if line not in output]
                assert not missing, f"{missing} in\n{output}"
                told += 1
            else:
                assert status == 0, output
    assert told >= 2


def pytest_run(place: Path) -> tuple[int, str]:
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no", "test_prices.py")
    environment = os.environ | {"COLUMNS": "400"}
    done = subprocess.run(
        [sys.executable, *words], cwd=place, env=environment, capture_output=True, text=True, timeout=90
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.stem)
def test_commands_succeed(page: Path, place: Path, runner: Runner) -> None:
    """And print what stands below them, where something does. A csv block is the file usage.csv."""
    head = head_of(blocks(page))
    for block in blocks(page):
        if block.language == "toml":
            book_of(block, head, place)
        if block.language == "csv":
            (place / "usage.csv").write_text(block.text, "utf-8")
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:] if block.language == "console" else ():
            line, _, expected = part.partition("\n")
            name, *words = shlex.split(line)
            assert name == "faregate"
            ended = runner.launch(words, env=os.environ, cwd=place).wait()
            assert ended.code == 0, ended
            if expected:
                said = [printed.rstrip() for printed in ended.out.splitlines()]
                assert said == expected.splitlines(), ended.out


@pytest.mark.parametrize("page", [*DOCS, ROOT / "README.md"], ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text("utf-8"))
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("http"):
            assert (page.parent / target).is_file(), target


def test_the_page_names_every_key() -> None:
    """docs/rate-cards.md: each key of each model, each measure, each kind of tariff."""
    from pricing.language.fields import Model
    from pricing.units import BILLED, MEASURES

    text = (ROOT / "docs" / "rate-cards.md").read_text("utf-8")
    words = set(re.findall(r"[a-z_]+(?:-[a-z]+)*", text))

    def models(model: type[Model]) -> set[type[Model]]:
        return {model}.union(*(models(one) for one in model.__subclasses__()))

    keys = {name for model in models(Model) for name in model.model_fields}
    assert keys <= words, keys - words
    assert set(MEASURES) - {BILLED} <= set(re.findall(r"`([a-z0-9_]+)`", text))


def test_no_line_of_a_page_runs_on() -> None:
    for page in DOCS:
        long = [line for line in page.read_text("utf-8").splitlines() if len(line) > 240 and not line.startswith("|")]
        assert not long, textwrap.shorten(long[0], 120)
