"""The sellers' HTTP as conversations without I/O: what to ask, and what the answers mean. Never a price of our own."""

from collections.abc import Mapping

from ..ports import Provider
from .creatify import Creatify
from .fal import Fal
from .runware import Runware

__all__ = ["Creatify", "Fal", "Runware", "shipped"]


def shipped(env: Mapping[str, str]) -> dict[str, Provider]:
    """Every provider with an adapter, by name, with the keys and base addresses of this environment."""
    return {
        "creatify": Creatify.from_env(env),
        "fal": Fal.from_env(env),
        "runware": Runware.from_env(env),
    }
