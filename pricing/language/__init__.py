"""The card language of files: what a card may say, its faults, how it becomes rates. Computes no price."""

from collections.abc import Iterable
from pathlib import Path

from .faults import Fault


def check(paths: Iterable[Path | str] | Path | str) -> tuple[Fault, ...]:
    """Every fault of these card files, or of every *.toml in a folder, with file, line, key and fix; none: all good.

    They are judged together, as one book; `replace`, `confirm` and discounts may also speak of shipped cards.
    """
    from .checking import check_files  # reads cards, and so needs pydantic

    return check_files(paths)
