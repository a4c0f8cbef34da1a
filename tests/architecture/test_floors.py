"""The floors of the house: imports point down only, the core is pure, names and sizes stay honest."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("syncd", "monitor", "tui")

FLOORS: dict[str, tuple[str, ...]] = {
    "syncd.core": ("syncd.core",),
    "syncd.mapping": ("syncd.mapping", "syncd.core"),
    "syncd.entities": ("syncd.entities", "syncd.core"),
    "syncd.ports": ("syncd.ports", "syncd.core", "syncd.mapping"),
    "syncd.engine": (
        "syncd.engine",
        "syncd.core",
        "syncd.mapping",
        "syncd.entities",
        "syncd.ports",
        "syncd.api.models",
        "syncd.api.conflicts",
        "syncd.api.reconcile",
    ),
    "syncd.store": ("syncd.store", "syncd.core", "syncd.ports"),
    "syncd.dispatch": ("syncd.dispatch", "syncd.core", "syncd.ports", "syncd.engine"),
    "syncd.secrets": ("syncd.secrets", "syncd.core", "syncd.ports"),
    "syncd.http": ("syncd.http", "syncd.core", "syncd.ports", "syncd.secrets"),
    "syncd.rest": (
        "syncd.rest",
        "syncd.http",
        "syncd.core",
        "syncd.mapping",
        "syncd.ports",
        "syncd.secrets",
    ),
    "syncd.api": ("syncd.api", "syncd.core", "syncd.secrets"),
}
"""Package -> all that it may import of this house."""

FORBIDDEN: dict[str, tuple[str, ...]] = {
    "syncd.connectors": ("syncd.engine", "syncd.store", "syncd.dispatch", "syncd.service", "syncd.cli"),
    "syncd.bridge": ("syncd.engine", "syncd.store", "syncd.dispatch", "syncd.connectors", "syncd.cli"),
    "syncd.config": ("syncd.engine", "syncd.store", "syncd.dispatch", "syncd.service", "syncd.cli"),
    "monitor": ("syncd.engine", "syncd.dispatch", "syncd.service", "syncd.cli", "syncd.app", "tui"),
    "tui": ("syncd.engine", "syncd.store", "syncd.connectors", "syncd.app", "monitor"),
}
"""Package -> what it must not import."""

KNOWS_EVERYTHING = ("syncd.app", "syncd.cli", "syncd.demo", "syncd.__main__")
"""Where the parts are put together: the only ones that may import the monitor and the screens."""

IMPURE = ("asyncio", "logging", "random", "secrets", "socket", "sqlite3", "subprocess", "threading", "time")
PURE_BUILTINS_BARRED = ("open", "print", "input", "exec", "eval", "__import__")
CLOCKS = ("time.time", "time.monotonic", "datetime.now", "datetime.utcnow", "date.today", "uuid.uuid4")
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc", "stuff", "tools"}

LINES_MAX = 500
FUNCTION_MAX = 70
LONGER: dict[str, str] = {"syncd/api/endpoints.py": "a list: one declaration for each call of the API"}
"""File -> why it may be longer than ``LINES_MAX``."""


@cache
def modules() -> dict[str, Path]:
    """Every module of the house, by dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def imports(name: str) -> frozenset[str]:
    """Dotted names of what a module imports, wherever in it (also lazily and for typing)."""
    found: set[str] = set()
    for node in ast.walk(tree(modules()[name])):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            # `from a import b`: b may be a module of its own
            found.update(_imported(node.module or "", alias.name) for alias in node.names)
    return frozenset(found)


def _imported(module: str, name: str) -> str:
    inner = f"{module}.{name}"
    return inner if inner in modules() else module


def under(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def of(package: str) -> list[str]:
    return [name for name in modules() if under(name, package)]


def ours(names: frozenset[str]) -> list[str]:
    # the bare package holds the version and nothing else
    return sorted(n for n in names if n.split(".")[0] in PACKAGES and n != "syncd")


@pytest.mark.parametrize("package", FLOORS)
def test_a_floor_rests_only_on_those_below_it(package: str) -> None:
    wrong = [
        f"{name} imports {other}"
        for name in of(package)
        for other in ours(imports(name))
        if not any(under(other, allowed) for allowed in FLOORS[package])
    ]
    assert of(package)
    assert wrong == []


@pytest.mark.parametrize("package", FORBIDDEN)
def test_neighbours_do_not_know_each_other(package: str) -> None:
    wrong = [
        f"{name} imports {other}"
        for name in of(package)
        for other in ours(imports(name))
        if any(under(other, barred) for barred in FORBIDDEN[package])
    ]
    assert wrong == []


def test_connectors_do_not_know_each_other() -> None:
    shared = {"registry", "profiles"}
    platforms = {n.split(".")[2] for n in of("syncd.connectors") if n.count(".") >= 2} - shared
    wrong = [
        f"{name} imports {other}"
        for platform in platforms
        for name in of(f"syncd.connectors.{platform}")
        for other in ours(imports(name))
        for neighbour in platforms - {platform}
        if under(other, f"syncd.connectors.{neighbour}")
    ]
    assert len(platforms) >= 3
    assert wrong == []


def test_a_sandbox_knows_of_its_platform_only_the_site_profile() -> None:
    wrong = [
        f"{name} imports {other}"
        for name in of("syncd.sandbox")
        for other in ours(imports(name))
        if not (under(other, "syncd.sandbox") or under(other, "syncd.core") or _is_profile(other))
    ]
    assert wrong == []


def _is_profile(name: str) -> bool:
    """What must be assumed of one customer's system; of a ledger that takes files that is its layout."""
    return (under(name, "syncd.connectors") and name.endswith(".profile")) or name == "syncd.files.layout"


def test_only_the_composition_root_knows_the_monitor_and_the_screens() -> None:
    wrong = [
        f"{name} imports {other}"
        for name in of("syncd")
        if not any(under(name, root) for root in KNOWS_EVERYTHING)
        for other in ours(imports(name))
        if under(other, "monitor") or under(other, "tui")
    ]
    assert wrong == []


def test_nothing_below_imports_the_composition_root() -> None:
    wrong = [
        f"{name} imports {other}"
        for name in of("syncd")
        if not any(under(name, root) for root in KNOWS_EVERYTHING)
        for other in ours(imports(name))
        if any(under(other, root) for root in KNOWS_EVERYTHING)
    ]
    assert wrong == []


def test_the_core_is_the_standard_library_alone_and_pure() -> None:
    wrong = []
    for name in of("syncd.core"):
        foreign = {n.split(".")[0] for n in imports(name)} - {"syncd", "__future__"}
        wrong += [f"{name} imports {n}" for n in foreign if n not in sys.stdlib_module_names or n in IMPURE]
        for node in ast.walk(tree(modules()[name])):
            if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
                wrong.append(f"{name}:{node.lineno} awaits")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                barred = node.func.id in PURE_BUILTINS_BARRED
                wrong += [f"{name}:{node.lineno} calls {node.func.id}"] if barred else []
    assert wrong == []


@pytest.mark.parametrize("package", ["syncd.mapping", "syncd.entities"])
def test_what_the_core_works_on_is_pure_too(package: str) -> None:
    wrong = [f"{n} imports {i}" for n in of(package) for i in imports(n) if i.split(".")[0] in IMPURE]
    assert wrong == []


@pytest.mark.parametrize(
    "package", ["syncd.core", "syncd.mapping", "syncd.engine", "syncd.store", "syncd.dispatch"]
)
def test_time_and_chance_come_in_through_ports_only(package: str) -> None:
    wrong = [
        f"{name}:{node.lineno} {ast.unparse(node)}"
        for name in of(package)
        for node in ast.walk(tree(modules()[name]))
        if isinstance(node, ast.Attribute) and any(ast.unparse(node).endswith(c) for c in CLOCKS)
    ]
    wrong += [
        f"{name} imports {i}"
        for name in of(package)
        for i in imports(name)
        if i in ("random", "uuid", "time", "secrets")
    ]
    assert wrong == []


def test_modules_are_named_for_what_they_hold() -> None:
    assert [name for name in modules() if set(name.split(".")) & VAGUE] == []


def test_every_module_says_what_is_in_it() -> None:
    assert [name for name in modules() if not ast.get_docstring(tree(modules()[name]))] == []


def test_files_are_short() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules().values()
    }
    assert {name: n for name, n in lengths.items() if n > LINES_MAX and name not in LONGER} == {}


def test_functions_are_short() -> None:
    long = [
        f"{name}.{function.name}: {size}"
        for name, path in modules().items()
        for function, size in _functions(path)
        if size > FUNCTION_MAX
    ]
    assert long == []


def _functions(path: Path) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """With their lines, those of the docstring apart."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = len((ast.get_docstring(node) or "").splitlines())
            yield node, (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


def test_no_error_is_swallowed() -> None:
    """``except Exception`` (or wider) with nothing in it hides faults of ours."""
    wrong = [
        f"{name}:{node.lineno}"
        for name, path in modules().items()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and all(isinstance(step, ast.Pass | ast.Continue) for step in node.body)
    ]
    assert wrong == []


@pytest.mark.parametrize("command", ["export", "records"])
def test_a_command_beside_a_daemon_loads_none_of_the_engine(command: str) -> None:
    """A person waits for each command, and a day of batches is a dozen of them."""
    asked = f"import sys, syncd.app, syncd.app.exporting, syncd.cli.commands.{command}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert {"syncd.engine.cycle", "syncd.store.sql", "sqlalchemy", "monitor"}.isdisjoint(loaded.split())
