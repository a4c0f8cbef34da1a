"""What ``syncd init`` writes: a site folder to start from. It never overwrites anything."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

from syncd.connectors import registry
from syncd.core.errors import FixInput, Place
from syncd.secrets.sealed import generate_master_key_file

_KEY: Final = "keys/master.key"
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
    there = [name for name in (*content, _KEY) if (folder / name).exists()]
    if there:
        raise FixInput(
            f"{', '.join(there)}: already there",
            place=Place(str(folder)),
            remedy="choose an empty folder; nothing was written",
        )
    try:
        for name, data in content.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(data)
        key = folder / _KEY
        key.parent.mkdir(mode=0o700, exist_ok=True)
        key.parent.chmod(0o700)  # it may have been there before, open to others
        generate_master_key_file(key)
    except OSError as wrong:
        raise FixInput(f"cannot be written: {wrong.strerror}", place=Place(str(folder))) from None
    return [folder / name for name in (*content, _KEY)]


def _content() -> Iterator[tuple[str, bytes]]:
    templates = files("syncd.config") / "templates"
    for name, template in _TEMPLATES.items():
        yield name, (templates / template).read_bytes()
    for platform in registry.names():
        if registry.platform(platform).profile is not None:
            for name, data in _example_profile(platform):
                yield f"profiles/{name}", data


def _example_profile(platform: str) -> Iterator[tuple[str, bytes]]:
    """The example that a platform's package carries, with what a person must set marked in it."""
    example = files(f"syncd.connectors.{platform.replace('-', '_')}") / "profile.example.yaml"
    if example.is_file():
        yield f"{platform}.yaml", example.read_bytes()
