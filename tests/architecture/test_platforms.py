"""A platform is one folder: beside its package, its sandbox, its contracts and its tests, no code knows its
name. So the change that adds one touches nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from syncd.connectors import registry
from syncd.sandbox import sandbox

ROOT = Path(__file__).resolve().parents[2]
CODE = ("syncd", "monitor", "tui", "benchmarks")

WORKED_EXAMPLE = {
    "syncd/config/templates/syncd.yaml",
    "syncd/config/templates/crosswalks.yaml",
    "syncd/cli/commands/site.py",
    "syncd/cli/commands/sandbox.py",
    "syncd/demo/pair.py",
    "syncd/scaffold/__init__.py",
}
"""What shows a newcomer how it is done must show it with something."""

SPEAKS_ITS_PROTOCOL = {"syncd/bridge/program.py"}
"""The bridge hands over one product's documents, and plays them to that product's sandbox."""

ORDINARY_WORDS = {"memory", "rest"}
"""Names that are words of the language too: only their packages are looked for."""

PLATFORMS = [name for name in registry.names() if name not in registry.outside()]


def own(path: str, name: str) -> bool:
    """Whether a file is one of the platform's own: it lies in a folder, or bears a name, that is its."""
    package = name.replace("-", "_")
    folders = (f"syncd/connectors/{package}/", f"syncd/sandbox/{package}/", f"contracts/{name}/")
    # a demo of a pair of platforms is data about exactly these two
    stem = Path(path).stem
    pair = path.startswith("syncd/demo/") and (package in stem or name in stem)
    return path.startswith(folders) or path == f"syncd/sandbox/profiles/{name}.yaml" or pair


def files() -> Iterator[Path]:
    for package in CODE:
        for suffix in ("py", "yaml", "toml", "json"):
            yield from sorted((ROOT / package).rglob(f"*.{suffix}"))


@dataclass(frozen=True)
class Said:
    """What a file's code says; comments and docstrings may tell of anything."""

    text: str
    modules: frozenset[str]


@cache
def said(path: Path) -> Said:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return Said("\n".join(line.partition("#")[0] for line in text.splitlines()), frozenset())
    nodes = list(ast.walk(ast.parse(text)))
    told = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    constants = [str(n.value) for n in nodes if isinstance(n, ast.Constant) and id(n) not in told]
    modules = {n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)}
    modules |= {alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names}
    return Said("\n".join(constants), frozenset(modules))


def says(path: Path, name: str) -> bool:
    """Whether a file's code names the platform."""
    package = name.replace("-", "_")
    if path.suffix != ".py":
        return re.search(rf"(?<![\w-])({name}|{package})(?![\w-])", said(path).text) is not None
    own_package = re.compile(rf"syncd\.(connectors|sandbox)\.{package}(\.|$)")
    return _in(said(path).text, name, package) or any(map(own_package.match, said(path).modules))


def _in(text: str, name: str, package: str) -> bool:
    return name not in ORDINARY_WORDS and re.search(rf"\b({name}|{package})\b", text) is not None


@pytest.mark.parametrize("name", PLATFORMS)
def test_no_other_code_knows_a_platform_by_name(name: str) -> None:
    wrong = [
        path
        for path in (file.relative_to(ROOT).as_posix() for file in files())
        if not own(path, name)
        and path not in WORKED_EXAMPLE | SPEAKS_ITS_PROTOCOL
        and says(ROOT / path, name)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_platform_is_whole(name: str) -> None:
    """A package with its quality file and its sandbox, lenses under the laws, and the suite over them."""
    package = name.replace("-", "_")
    assert registry.platform(name).name == name
    assert (ROOT / "syncd/connectors" / package / "quality.toml").is_file()
    assert name in sandbox.names() or name == "memory", "a platform that is played in memory needs no server"
    assert (ROOT / "tests/property/lenses" / f"{package}.py").is_file()
    assert (ROOT / "tests/conformance" / f"test_{package}.py").is_file()
