"""Read-only mappings that can be pickled and copied: quotes are sent to worker processes, and Python's own refuse it.

Registered once for the type, so that no class that holds one needs code for it.
"""

import copyreg
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

K = TypeVar("K")
V = TypeVar("V")
_Any = MappingProxyType[Any, Any]


def read_only(items: Mapping[K, V]) -> MappingProxyType[K, V]:
    """A view that nobody can write through."""
    return MappingProxyType(items)


def _reduce(mapping: _Any) -> tuple[Callable[..., _Any], tuple[dict[Any, Any]]]:
    return read_only, (dict(mapping),)


copyreg.pickle(MappingProxyType, _reduce)
