"""Contracts on disk: the shipped baselines and a site's own, the site's first.

``<root>/<platform>/<operation>.yaml`` with its scrubbed samples in ``samples/<operation>.json``
beside it. A file is read again when its content changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from monitor.contract import Contract
from syncd.core.errors import FixInput, Place


def shipped() -> Path:
    """Where the baselines stand that travel with syncd (in the wheel: inside the package)."""
    inside = Path(str(files("syncd"))) / "contracts"
    return inside if inside.is_dir() else Path(str(files("syncd"))).parent / "contracts"


class Library:
    """Contracts by platform and operation, out of several folders; the first folder that has one wins."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(roots)
        self._read: dict[Path, tuple[bytes, Contract]] = {}

    @classmethod
    def of_site(cls, folder: Path) -> Library:
        """A site's own contracts, then the shipped ones."""
        return cls((folder / "contracts", shipped()))

    def contract(self, platform: str, operation: str) -> Contract | None:
        """The contract that is in force; None: there is none. Raises ``FixInput`` if its file is broken."""
        for root in self._roots:
            file = place(root, platform, operation)
            if file.is_file():
                return self._load(file)
        return None

    def text(self, platform: str, operation: str) -> str | None:
        """The same as its file says it, comments and all."""
        files = (place(root, platform, operation) for root in self._roots)
        return next((file.read_text(encoding="utf-8") for file in files if file.is_file()), None)

    def all(self) -> Iterator[Contract]:
        """Every contract in force."""
        seen: set[tuple[str, str]] = set()
        for root in self._roots:
            for file in sorted(root.glob("*/*.yaml")):
                at = (file.parent.name, file.stem)
                if at not in seen:
                    seen.add(at)
                    yield self._load(file)

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """Changes when a file is touched; nothing is read for it."""
        stats = [(str(f), f.stat()) for root in self._roots for f in sorted(root.glob("*/*.yaml"))]
        return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)

    def samples(self, platform: str, operation: str) -> Sequence[Mapping[str, Any]]:
        """The scrubbed samples beside a contract; none where there is no file."""
        for root in self._roots:
            file = samples_place(root, platform, operation)
            if file.is_file():
                return read_samples(file)
        return ()

    def _load(self, file: Path) -> Contract:
        text = file.read_bytes()
        digest = blake2b(text, digest_size=16).digest()
        known = self._read.get(file)
        if known is None or known[0] != digest:
            contract = Contract.parse(text.decode(), str(file))
            if (contract.platform, contract.operation) != (file.parent.name, file.stem):
                told = f"{contract.platform}/{contract.operation}"
                raise FixInput(
                    f"holds the contract of {told}", place=Place(str(file)), remedy="rename the file"
                )
            known = self._read[file] = (digest, contract)
        return known[1]


def place(root: Path, platform: str, operation: str) -> Path:
    """The file of one contract."""
    return root / platform / f"{operation}.yaml"


def samples_place(root: Path, platform: str, operation: str) -> Path:
    """The file of its samples: a JSON list of records."""
    return root / platform / "samples" / f"{operation}.json"


def read_samples(file: Path) -> Sequence[Mapping[str, Any]]:
    """The records in one file of samples. Raises ``FixInput``."""
    try:
        found = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError:
        raise FixInput("no JSON", place=Place(str(file))) from None
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise FixInput("a list of records expected", place=Place(str(file)))
    return found


def write_samples(file: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Write scrubbed records, one list, indented so that a diff can be read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(orjson.dumps(list(records), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
