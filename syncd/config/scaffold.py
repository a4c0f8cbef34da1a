"""What ``syncd init`` writes: a site folder to start from. It never overwrites anything."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from secrets import token_bytes
from typing import Final

from syncd.connectors import registry
from syncd.core.errors import FixInput, Place

KEY_BYTES: Final = 32

_TEMPLATES: Final = {
    "syncd.yaml": "syncd.yaml",
    "crosswalks/acme.yaml": "crosswalks.yaml",
    "contracts/README.md": "contracts.md",
    ".env.example": "env.example",
    ".gitignore": "gitignore",
}
"""File in the site folder -> template."""


def write_site(folder: Path) -> list[Path]:
    """Write the site folder and return its files in order. Raises ``FixInput`` if any of them is there.

    A master key is made at once, in a file that only its owner reads: a site without one cannot start.
    """
    content = dict(_content())
    there = [name for name in content if (folder / name).exists()]
    if there:
        raise FixInput(
            f"{', '.join(there)}: already there",
            place=Place(str(folder)),
            remedy="choose an empty folder; nothing was written",
        )
    written = []
    try:
        for name, data in content.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            secret = path.parent.name == "keys"
            if secret:
                path.parent.chmod(0o700)
            _write_new(path, data, 0o600 if secret else 0o644)
            written.append(path)
    except OSError as wrong:
        raise FixInput(f"cannot be written: {wrong.strerror}", place=Place(str(folder))) from None
    return written


def _write_new(path: Path, data: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)


def _content() -> Iterator[tuple[str, bytes]]:
    templates = files("syncd.config") / "templates"
    for name, template in _TEMPLATES.items():
        yield name, (templates / template).read_bytes()
    for platform in registry.names():
        if registry.platform(platform).profile is not None:
            for name, data in _example_profile(platform):
                yield f"profiles/{name}", data
    yield "keys/master.key", base64.b64encode(token_bytes(KEY_BYTES)) + b"\n"


def _example_profile(platform: str) -> Iterator[tuple[str, bytes]]:
    """The example that a platform's package carries, with what a person must set marked in it."""
    example = files(f"syncd.connectors.{platform.replace('-', '_')}") / "profile.example.yaml"
    if example.is_file():
        yield f"{platform}.yaml", example.read_bytes()
