"""What ``syncd init`` writes: a site folder to start from. It never overwrites anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

from syncd.config.example import example_profile, example_settings
from syncd.connectors import registry
from syncd.core.errors import FixInput, Place
from syncd.secrets.sealed import generate_master_key_file

_KEY: Final = "keys/master.key"
_TEMPLATES: Final = {
    "syncd.yaml": "syncd.yaml",
    "crosswalks/acme.yaml": "crosswalks.yaml",
    "bridge.yaml": "bridge.yaml",
    "contracts/README.md": "contracts.md",
    ".gitignore": "gitignore",
}
"""File in the site folder -> template."""

_SETTINGS: Final = re.compile(r"^@settings ([\w-]+)@$", re.MULTILINE)
_ENVIRONMENT: Final = re.compile(r"\benv:([A-Z][A-Z0-9_]*)(?!\w)")


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
        for name, text in content.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        key = folder / _KEY
        key.parent.mkdir(mode=0o700, exist_ok=True)
        key.parent.chmod(0o700)  # it may have been there before, open to others
        generate_master_key_file(key)
    except OSError as wrong:
        raise FixInput(f"cannot be written: {wrong.strerror}", place=Place(str(folder))) from None
    return [folder / name for name in (*content, _KEY)]


def _content() -> Iterator[tuple[str, str]]:
    templates = files("syncd.config") / "templates"
    for name, template in _TEMPLATES.items():
        text = (templates / template).read_text("utf-8")
        if name == "syncd.yaml":
            text = _SETTINGS.sub(lambda m: example_settings(registry.platform(m[1]), "      "), text)
            # NAME is the placeholder of the explanation, not a variable
            names = dict.fromkeys(n for n in _ENVIRONMENT.findall(text) if n != "NAME")
            listed = "".join(f"{variable}=\n" for variable in names)
            yield ".env.example", (templates / "env.example").read_text("utf-8") + listed
        yield name, text
    for platform in registry.names():
        profile = example_profile(platform)
        if profile is not None:
            yield f"profiles/{platform}.yaml", profile
