"""Making many frozen values quickly. Knows nothing of what they are."""

from collections.abc import Callable
from dataclasses import fields, make_dataclass
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


def quick(kind: Callable[P, T]) -> Callable[P, T]:
    """Makes the same values as a frozen dataclass, from all its fields by position; nothing is checked.

    A frozen one stores each field by a call of object.__setattr__: twelve of them are most of a quote's time. An open
    twin of the same slots stores them directly, and then becomes one of the kind.
    """
    twin = make_dataclass("Twin", [one.name for one in fields(cast("type", kind))], slots=True, repr=False, eq=False)

    def make(*values: object) -> object:
        made = twin(*values)
        made.__class__ = kind
        return made

    return cast("Callable[P, T]", make)
