"""Examples made from what the platforms declare: settings with their defaults, profiles with the
unknowns blanked.

``SET`` stands where a person must write something. The loader refuses it wherever it is left, so that
nothing that was made up for a sandbox ever reaches a real ledger.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from syncd.connectors.registry import Platform
from syncd.secrets.reference import SecretRef

SET: Final = "SET"


def unset(data: Any, above: tuple[int | str, ...] = ()) -> Iterator[tuple[int | str, ...]]:
    """Where ``SET`` still stands in ``data``."""
    if data == SET:
        yield above
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from unset(value, (*above, key))
    elif isinstance(data, list):
        for at, value in enumerate(data):
            yield from unset(value, (*above, at))


# -- settings -------------------------------------------------------------------------------------


def example_settings(platform: Platform, indent: str) -> str:
    """The platform's settings as YAML lines: what is required, and the rest as comments."""
    prefix = platform.name.split("-")[0].upper()
    return "\n".join(_settings(platform.settings, prefix, indent))


def _settings(model: type[BaseModel], prefix: str, indent: str) -> Iterator[str]:
    for name, info in model.model_fields.items():
        kinds = list(_branches(info.annotation))
        inner = next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)
        about = f"  # {_first_sentence(info)}" if info.description else ""
        if SecretRef in kinds:
            mark = "" if info.is_required() else "# "
            yield f"{indent}{mark}{name}: env:{prefix}_{name.upper()}{about}"
        elif inner is not None and info.is_required():
            yield f"{indent}{name}:{about}"
            yield from _settings(inner, prefix, f"{indent}  ")
        elif info.is_required():
            yield f"{indent}{name}: {_only_word(kinds) or SET}{about}"
        elif inner is None:
            yield f"{indent}# {name}: {_default(info)}{about}"


def _branches(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from _branches(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from _branches(part)
    else:
        yield annotation


def _only_word(kinds: list[Any]) -> str:
    """The one word that is allowed, such as the name of a union's branch; empty where several are."""
    words = get_args(kinds[0]) if get_origin(kinds[0]) is Literal else ()
    return str(words[0]) if len(words) == 1 else ""


def _default(info: FieldInfo) -> str:
    value = info.get_default(call_default_factory=True)
    if isinstance(value, set | frozenset | tuple):
        value = sorted(value)
    return json.dumps(value, default=str)


def _first_sentence(info: FieldInfo) -> str:
    words = " ".join((info.description or "").split())
    return re.split(r"(?<=[.;:])\s", words, maxsplit=1)[0].rstrip(".;:")


# -- profiles -------------------------------------------------------------------------------------

_LINE: Final = re.compile(r"^(?P<indent> *)(?P<key>- |[\w.-]+:)(?P<value> *[^#\n]*?)(?P<comment> *# .*)?$")
_MARK: Final = re.compile(r"assumed|made up|made-up|yours|inferred|seen|documented", re.IGNORECASE)
_UNKNOWN: Final = frozenset({"assumed", "made up", "made-up", "yours"})
_OWN: Final = frozenset({"provenance:", "product_version:"})
"""Keys that say of the sandbox's profile where it comes from: a site's own words belong there."""

_HEADER: Final = """\
# The site profile of {platform}: what its public documents do not say. Each SET was assumed for the
# sandbox (its value stands behind it) and must be read from your own installation or account. What
# you do not use may be deleted where the profile allows it: `syncd config schema profile:{platform}`.

"""


def example_profile(platform: str) -> str | None:
    """The sandbox's profile with every value that was assumed blanked; None where there is none."""
    source = files("syncd.sandbox") / "profiles" / f"{platform}.yaml"
    if not source.is_file():
        return None
    lines = source.read_text("utf-8").splitlines()
    while lines and (lines[0].startswith("#") or not lines[0]):
        lines.pop(0)
    return _HEADER.format(platform=platform) + "\n".join(_blanked(lines)) + "\n"


def _blanked(lines: list[str]) -> Iterator[str]:
    marks: list[tuple[int, bool]] = []  # (indent, whether unknown) of the enclosing blocks
    for line in lines:
        found = _LINE.match(line)
        if not found:
            yield line
            continue
        indent = len(found["indent"])
        marks = [mark for mark in marks if mark[0] < indent]
        own = _MARK.search(found["comment"] or "")
        unknown = own[0].lower() in _UNKNOWN if own else bool(marks and marks[-1][1])
        value = found["value"].strip()
        if value == "" or value.startswith("&"):
            marks.append((indent, unknown))
            yield line
        elif (unknown or found["key"] in _OWN) and _whole(value):
            yield _blank(found, value)
        else:
            yield line


def _whole(value: str) -> bool:
    """A value that ends on its own line, and is no alias or null."""
    opens = value.count("{") + value.count("[") - value.count("}") - value.count("]")
    return opens == 0 and not value.startswith("*") and value != "null"


def _blank(line: re.Match[str], value: str) -> str:
    space = "" if line["key"].endswith(" ") else " "
    comment = (line["comment"] or "").strip().removeprefix("#").strip()
    told = f"the sandbox has {value}" + (f"; {comment}" if comment else "")
    return f"{line['indent']}{line['key']}{space}{SET}  # {told}"
