"""Each package shows exactly what its front door lists, sorted, typed, and nothing else."""

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

PACKAGES = ("pricing", "router", "ledger")


@pytest.mark.parametrize("name", PACKAGES)
def test_all_is_exact(name: str) -> None:
    package = importlib.import_module(name)
    shown = {
        key for key, value in vars(package).items() if not key.startswith("_") and not isinstance(value, ModuleType)
    }
    assert shown == set(package.__all__)
    assert list(package.__all__) == sorted(package.__all__)


@pytest.mark.parametrize("name", PACKAGES)
def test_each_package_is_typed(name: str) -> None:
    file = importlib.import_module(name).__file__
    assert file is not None
    assert (Path(file).parent / "py.typed").is_file()


@pytest.mark.parametrize(
    ("package", "absent"),
    [
        ("pricing", {"pydantic", "httpx", "sqlmodel", "sqlalchemy", "rich", "typer", "router", "ledger"}),
        (
            "router",
            {"sqlmodel", "sqlalchemy", "alembic", "psycopg", "typer", "starlette", "uvicorn", "ledger", "cryptography"},
        ),
        ("ledger", {"httpx", "rich", "typer", "alembic", "psycopg", "router"}),
    ],
)
def test_an_import_stays_light(package: str, absent: set[str]) -> None:
    code = f"import sys, {package}; print(*sorted(set(sys.modules) & {absent!r}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert loaded.stdout.split() == []
