"""What ``syncd init`` writes: a site folder to start from. It never overwrites anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from textwrap import indent
from typing import Final

from syncd.config.example import example_profile, example_settings
from syncd.connectors import registry
from syncd.connectors.registry import Platform
from syncd.core.errors import FixInput, Place
from syncd.secrets.sealed import generate_master_key_file

_KEY: Final = "keys/master.key"
_TEMPLATES: Final = {
    "syncd.yaml": "syncd.yaml",
    "crosswalks/acme.yaml": "crosswalks.yaml",
    "contracts/README.md": "contracts.md",
    ".gitignore": "gitignore",
}
"""File in the site folder -> template."""
_BRIDGE: Final = """\
bridge:                               # where the program beside the ledger dials in
  host: 127.0.0.1                     # another address asks for tls_certificate and tls_key
  port: 8322

"""

_PLACE: Final = re.compile(r"@(\w+)@")
_KEY_OF: Final = re.compile(r"^(\w+):", re.MULTILINE)
_ASSUMED: Final = "provenance: assumed}        # measure it, then say `measured`"
_ENVIRONMENT: Final = re.compile(r"\benv:([A-Z][A-Z0-9_]*)(?!\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Two platforms, and what goes between them."""

    left: str
    right: str
    left_settings: str = ""
    """Settings that these flows need beyond what every connection has to say, as YAML without indentation."""
    right_settings: str = ""
    flows: str
    """The link's flows as YAML, without indentation."""
    tables: Sequence[str] = ()
    """The crosswalk tables that these flows use."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Further files of the folder -> what stands in them."""


def write_site(folder: Path, begun: Beginning) -> list[Path]:
    """Write the site folder and return its files in order. Raises ``FixInput`` if any of them is there.

    A master key is made at once, in a file that only its owner reads: a site without one cannot start.
    """
    content = dict(_content(begun))
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


def _content(begun: Beginning) -> Iterator[tuple[str, str]]:
    templates = files("syncd.config") / "templates"
    left, right = registry.platform(begun.left), registry.platform(begun.right)
    bridged = left.bridged or right.bridged
    places = {
        "left_title": left.title,
        "right_title": right.title,
        "left": _connection(left, begun.left_settings),
        "right": _connection(right, begun.right_settings),
        "bridge": _BRIDGE if bridged else "",
        "flows": indent(begun.flows.rstrip("\n"), " " * 6),
        "tables": "\n".join(f"{table}:\n  pairs: []" for table in begun.tables),
    }
    for name, template in _TEMPLATES.items():
        text = _PLACE.sub(lambda m: places[m[1]], (templates / template).read_text("utf-8"))
        if name == "syncd.yaml":
            # NAME is the placeholder of the explanation, not a variable
            names = dict.fromkeys(n for n in _ENVIRONMENT.findall(text) if n != "NAME")
            listed = "".join(f"{variable}=\n" for variable in names)
            yield ".env.example", (templates / "env.example").read_text("utf-8") + listed
        yield name, text
    if bridged:
        yield "bridge.yaml", (templates / "bridge.yaml").read_text("utf-8")
    for platform in (left, right):
        profile = example_profile(platform.name)
        if profile is not None:
            yield f"profiles/{platform.name}.yaml", profile
    yield from begun.files.items()


def _connection(platform: Platform, also: str) -> str:
    """The connection as YAML: what it must say, ``also`` what these flows need, and the rest as comments."""
    profile = f"profile: profiles/{platform.name}.yaml" if platform.profile else ""
    token = "bridge_token: env:SYNCD_BRIDGE_TOKEN" if platform.bridged else ""
    said = set(_KEY_OF.findall(also))
    lines = [line for line in example_settings(platform, "").splitlines() if _named(line) not in said]
    settings = indent("\n".join([*also.splitlines(), *lines]), "  ")
    # a ledger behind a bridge takes what it is handed when it comes to it; a file is there or not
    wait = "" if platform.exports else f"settle: {{seconds: {300 if platform.bridged else 60}, {_ASSUMED}"
    parts = (f"platform: {platform.name}", profile, token, "settings:", settings, wait)
    return indent("\n".join(part for part in parts if part), " " * 4)


def _named(line: str) -> str:
    """The setting that a line of an example is of; nothing for what stands inside one."""
    found = _KEY_OF.match(line.removeprefix("# "))
    return found[1] if found else ""
