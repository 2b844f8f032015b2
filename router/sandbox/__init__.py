"""The three providers on loopback, to test an integration without spending. Never asks pricing what it bills."""

from .hooks import Hook
from .kinds import CALLS, FORM, KINDS, told
from .latency import Latency
from .market import Market, environment
from .wire import Answer, Ask, Cut

try:
    from .server import Sandbox
except ModuleNotFoundError as missing:
    if missing.name != "uvicorn":
        raise
    line = "the sandbox needs uvicorn: pip install 'faregate[sandbox]'"
    raise ModuleNotFoundError(line, name=missing.name) from missing

__all__ = [
    "CALLS",
    "FORM",
    "KINDS",
    "Answer",
    "Ask",
    "Cut",
    "Hook",
    "Latency",
    "Market",
    "Sandbox",
    "environment",
    "told",
]
