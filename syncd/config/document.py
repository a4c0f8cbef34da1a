"""One YAML file: its content as plain data, and the line on which every part of it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarbool import ScalarBoolean

from syncd.core.errors import FixInput, Place

LARGEST: Final = 4_000_000
"""Bytes. A file of this kind is written by a person; a larger one is a mistake."""

Loc = Sequence[int | str]
"""The path of a part: keys and list positions from the top."""


@dataclass(frozen=True)
class Document:
    """A file that was read. ``data`` holds only dict, list, str, int, float, bool, date and None."""

    path: Path
    data: Any
    tree: Any

    def place(self, loc: Loc = ()) -> Place:
        """Where ``loc`` stands: its own line, or that of the nearest part above it that exists.

        Steps that the file does not have (pydantic names the branch of a union) are passed over.
        """
        at, line, found = self.tree, None, []
        for step in loc:
            in_map = isinstance(at, CommentedMap) and step in at
            in_list = isinstance(at, CommentedSeq) and isinstance(step, int) and step < len(at)
            if not (in_map or in_list):
                continue
            own = at.lc.data.get(step) if at.lc.data else None
            line = own[0] + 1 if own else line
            found.append(step)
            at = at[step]
        return Place(str(self.path), line, dotted(found) or None)

    def at(self, loc: Loc) -> Any:
        """The plain data at ``loc``; None where there is none."""
        at = self.data
        for step in loc:
            try:
                at = at[step]
            except (KeyError, IndexError, TypeError):
                return None
        return at


def dotted(loc: Loc) -> str:
    """``("links", "acme", "pairs", 2)`` as ``links.acme.pairs[2]``."""
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def read(path: Path) -> Document:
    """Read a YAML file. Raises ``FixInput`` with its place where it cannot be read."""
    remedy = "see the line named; indent with spaces, and quote text that holds ': ' or starts with '*'"
    try:
        raw = path.read_bytes()
    except OSError as wrong:
        raise FixInput(
            f"cannot be read: {wrong.strerror}",
            place=Place(str(path)),
            remedy="`syncd init DIR` writes a site folder to start from",
        ) from None
    if len(raw) > LARGEST:
        raise FixInput(f"{len(raw)} bytes is no configuration", place=Place(str(path)))
    try:
        tree = YAML(typ="rt").load(raw.decode())
        return Document(path, _plain(tree), tree)
    except UnicodeDecodeError as wrong:
        line = raw[: wrong.start].count(b"\n") + 1
        raise FixInput("not UTF-8 text", place=Place(str(path), line)) from None
    except MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        place = Place(str(path), mark.line + 1 if mark else None)
        first = (wrong.problem or wrong.context or "").splitlines()[:1]
        said = first[0] if first else "not readable"
        raise FixInput(f"not readable as YAML: {said}", place=place, remedy=remedy) from None
    except YAMLError:
        raise FixInput("not readable as YAML", place=Place(str(path)), remedy=remedy) from None
    except RecursionError:
        raise FixInput("nested too deeply", place=Place(str(path))) from None


def _plain(node: Any) -> Any:
    if isinstance(node, CommentedMap):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(item) for item in node]
    if isinstance(node, TaggedScalar):
        raise YAMLError(f"the tag {node.tag.value} means nothing here")
    if isinstance(node, ScalarBoolean):  # an int to Python: it must not pass for a number
        return bool(node)
    for plain in (str, int, float):
        if isinstance(node, plain) and not isinstance(node, bool):
            return plain(node)
    return node
