"""The three providers on loopback, to test an integration without spending. Never asks pricing what it bills."""

try:
    from .server import Sandbox
except ModuleNotFoundError as missing:
    if missing.name not in ("starlette", "uvicorn"):
        raise
    line = "the sandbox needs starlette and uvicorn: pip install 'faregate[sandbox]'"
    raise ModuleNotFoundError(line, name=missing.name) from missing

__all__ = ["Sandbox"]
