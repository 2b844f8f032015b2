"""The house inspects itself: who may import whom, which rooms are pure, how large a room may grow."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("pricing", "router", "ledger")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

FORBIDDEN = {
    "pricing": {"router", "ledger", "httpx", "sqlmodel", "sqlalchemy"},
    "router": {"ledger", "sqlmodel", "sqlalchemy"},
    "ledger": {"router", "httpx"},
}
SANDBOX_PURE = {
    *("account", "creatify", "doors", "fal", "fal_platform", "faults", "hooks", "kinds", "latency", "market"),
    *("runware", "runware_account", "runware_tasks", "shop", "spoil"),
}
PURE = {
    "pricing": None,  # every room but `load`
    "router": {
        *(
            "candidates",
            "choose",
            "flow",
            "health",
            "hints",
            "knapsack",
            "latency",
            "margins",
            "plan",
            "policy",
            "ports",
        ),
        *("quality", "ranking", "rechoose", "request", "signatures", "steps", "talk", "telling"),
        *(f"sandbox/{room}" for room in SANDBOX_PURE),
    },
    "ledger": {"states", "accounts", "posting", "moves", "evidence", "variance"},
}
PURE_FOLDERS = {
    "ledger/statement",
    "ledger/reconcile",
    "ledger/learning",
    "ledger/forecast",
    "ledger/pages",
    "ledger/export",
}
"""Every room of these is pure, but those that bring the database in."""
NOT_PURE = {"export/files", "export/reading", "export/run"}
IMPURE_MODULES = {
    *("asyncio", "httpx", "os", "random", "secrets", "socket", "sqlite3", "sqlalchemy", "sqlmodel", "subprocess"),
    *("tempfile", "threading", "time", "urllib", "uuid"),
}
IMPURE_CALLS = {"now", "utcnow", "today", "open", "uuid4", "read_text", "read_bytes", "write_text"}


def parts(file: Path) -> tuple[str, str]:
    """(package, room) of a source file; a room in a sub-package keeps its folder's name in front."""
    inside = file.relative_to(ROOT).with_suffix("").parts
    return inside[0], "/".join(inside[1:])


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Absolute imports as (module, 0), relative ones as (module, level), those inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.level


def id_of(file: Path) -> str:
    return "/".join(parts(file))


def test_there_is_a_house() -> None:
    assert {parts(file)[0] for file in FILES} == set(PACKAGES)


@pytest.mark.parametrize("file", FILES, ids=id_of)
def test_arrows_run_one_way(file: Path) -> None:
    package, room = parts(file)
    forbidden: set[str] = set() if room.startswith("cli") else FORBIDDEN[package]
    for module, level in imports(ast.parse(file.read_text("utf-8"))):
        top, _, rest = module.partition(".")
        if level:
            continue
        assert top not in forbidden, f"{file}: imports {module}"
        if top in PACKAGES and package == top:
            pytest.fail(f"{file}: own modules are imported relatively, not as {module}")
        if top in PACKAGES:
            front_doors = {"", "pages", "sandbox"} if room.startswith("cli") else {""}
            assert rest in front_doors, f"{file}: {module} is not a front door"


def test_the_sandbox_shares_no_arithmetic() -> None:
    for file in FILES:
        if parts(file)[1].startswith("sandbox"):
            for module, level in imports(ast.parse(file.read_text("utf-8"))):
                assert module.partition(".")[0] not in PACKAGES, f"{file}: imports {module}"
                assert level <= 1, f"{file}: reaches out of the sandbox"


@pytest.mark.parametrize("file", FILES, ids=id_of)
def test_pure_rooms_touch_nothing(file: Path) -> None:
    package, room = parts(file)
    pure = PURE[package]
    inside = f"{package}/{room}".rpartition("/")[0] in PURE_FOLDERS and room not in NOT_PURE
    if (pure is None and room == "language/load") or (pure is not None and room not in pure and not inside):
        return
    tree = ast.parse(file.read_text("utf-8"))
    for module, level in imports(tree):
        assert level or module.partition(".")[0] not in IMPURE_MODULES, f"{file}: imports {module}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            assert name not in IMPURE_CALLS, f"{file}:{node.lineno}: calls {name}"


@pytest.mark.parametrize("file", FILES, ids=id_of)
def test_rooms_stay_readable(file: Path) -> None:
    text = file.read_text("utf-8")
    assert len(text.splitlines()) <= FILE_LINES_MAX, f"{file} is a hall"
    tree = ast.parse(text)
    assert ast.get_docstring(tree), f"{file} does not say what it does"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= FUNCTION_LINES_MAX, f"{file}:{node.lineno}: {node.name} has {lines} lines"


def test_no_import_cycle() -> None:
    graph = {module_of(file): set(edges(file)) for file in FILES if file.name != "__init__.py"}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path, module))
        if module not in done:
            for target in graph.get(module, ()):
                visit(target, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)


def edges(file: Path) -> Iterator[str]:
    """Modules of ours that are imported when this one is (imports inside functions are deferred on purpose)."""
    here = file.relative_to(ROOT).with_suffix("").parts
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = here[: -node.level]
            if node.module:
                yield ".".join((*base, *node.module.split(".")))
            else:
                yield from (".".join((*base, alias.name)) for alias in node.names)
