"""Plants one bug: the module's source is changed on its way in, nothing on disk."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.mutants.mutations import MUTATIONS, Mutation


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, mutation: Mutation) -> None:
        super().__init__(name, path)
        self._mutation = mutation

    def get_code(self, fullname: str) -> Any:  # past the cache of compiled modules
        source = changed(Path(self.path).read_text(encoding="utf-8"), self._mutation)
        return compile(source, self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def __init__(self, mutation: Mutation) -> None:
        self._mutation = mutation

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._mutation.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin, self._mutation)
        return spec


def changed(source: str, mutation: Mutation) -> str:
    """The source with the bug in it. Raises ``ValueError`` where the text does not stand exactly once."""
    times = source.count(mutation.before)
    if times != 1:
        raise ValueError(f"{mutation.name}: its text stands {times} times in {mutation.module}")
    return source.replace(mutation.before, mutation.after)


def plant(name: str) -> Mutation:
    """Before anything imports the module: ``RuntimeError`` if it is late. ``KeyError`` for an unknown bug."""
    mutation = {one.name: one for one in MUTATIONS}[name]
    if mutation.module in sys.modules:
        raise RuntimeError(f"{mutation.module} is imported already")
    sys.meta_path.insert(0, _Finder(mutation))
    return mutation
