"""`python -m tests.sim.hunt [NAME …]`: breaks each rule in a child process and tells how soon the simulator sees it.

Each child is forked before the router and the ledger are imported, and imports them with one file's text changed; the
files themselves are never touched. Prints one JSON line a mutation.
"""

import importlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import CodeType, ModuleType

from . import prices
from .mutations import MUTATIONS, ROOT, Mutation

SEEDS = 300
DEAR = ("pricing", "sqlmodel", "sqlalchemy.dialects.sqlite", "httpx", "anyio.to_thread", "tinytag", "alembic.command")
"""What no mutation touches: imported once, before the forks."""


class Changed(MetaPathFinder, Loader):
    """Gives one module its mutated text."""

    def __init__(self, mutation: Mutation) -> None:
        self.name, self.text, self.file = mutation.module, mutation.source(), str(ROOT / mutation.file)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return spec_from_loader(fullname, self, origin=self.file) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = self.file
        code: CodeType = compile(self.text, self.file, "exec")
        exec(code, module.__dict__)  # noqa: S102  # the mutated source is our own


def hunt(mutation: Mutation, seeds: int = SEEDS) -> dict[str, object]:
    """Run seeds until an invariant breaks; in this process, which is spoilt by it."""
    sys.meta_path.insert(0, Changed(mutation))
    played: Callable[[int], object] = importlib.import_module("tests.sim.play").played
    for seed in range(seeds):
        broken = getattr(played(seed), "broken")  # noqa: B009  # its type is of the mutated module
        if broken is not None:
            return {"name": mutation.name, "seeds": seed + 1, "broken": str(broken)}
    return {"name": mutation.name, "seeds": None, "broken": ""}


def in_child(mutation: Mutation, report: int) -> int:
    """Fork a child that hunts and writes its line; answers its process id."""
    child = os.fork()
    if child:
        return child
    try:
        found = hunt(mutation)
    except BaseException as error:
        found = {"name": mutation.name, "seeds": None, "broken": f"{type(error).__name__}: {error}"}
    os.write(report, (json.dumps(found) + "\n").encode())
    os._exit(0)


def main(names: Sequence[str], at_once: int = 2) -> None:
    for name in DEAR:
        importlib.import_module(name)
    prices.book()
    with tempfile.TemporaryDirectory(prefix="faregate-hunt-") as folder:
        tempfile.tempdir = folder  # children are gone without a word, and clean up nothing
        _all(names, at_once)


def _all(names: Sequence[str], at_once: int) -> None:
    left = 0
    for mutation in MUTATIONS:
        if names and mutation.name not in names:
            continue
        if left == at_once:
            os.wait()
            left -= 1
        in_child(mutation, sys.stdout.fileno())
        left += 1
    while left:
        os.wait()
        left -= 1


if __name__ == "__main__":
    main(sys.argv[1:])
