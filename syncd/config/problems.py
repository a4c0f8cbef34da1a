"""What is wrong with a file, all of it at once, each with its line and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from syncd.config.document import Document, Loc
from syncd.core.errors import FixInput


class BrokenFiles(FixInput):
    """Everything that is wrong with a site's files. ``problems`` holds them one by one."""

    def __init__(self, problems: Iterable[FixInput]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.message for problem in self.problems))


class Problems:
    """Collects what is wrong, so that a person mends a file once and not ten times."""

    def __init__(self) -> None:
        self.found: list[FixInput] = []

    def add(self, document: Document, loc: Loc, message: str, remedy: str = "") -> None:
        self.found.append(FixInput(message, place=document.place(loc), remedy=remedy))

    def unknown(self, document: Document, loc: Loc, what: str, name: str, known: Iterable[str]) -> None:
        """``name`` is none of ``known``: say which is nearest."""
        self.add(document, loc, f"unknown {what} {name!r}", nearest(name, known))

    def validation(
        self,
        wrong: ValidationError,
        document: Document,
        model: type[BaseModel],
        above: Loc = (),
        *,
        named: bool = False,
    ) -> None:
        """Everything pydantic found in the part of ``document`` that stands at ``above``; ``named``:
        that part is a mapping of names to ``model``."""
        for error in wrong.errors(include_url=False):
            loc = error["loc"]
            message, remedy = _words(error, loc[1:] if named else loc, model)
            self.add(document, (*above, *loc), message, remedy)

    def raise_if_any(self) -> None:
        """Raises ``FixInput`` (``BrokenFiles`` where there are several)."""
        if len(self.found) == 1:
            raise self.found[0]
        if self.found:
            raise BrokenFiles(self.found)


def nearest(name: str, known: Iterable[str]) -> str:
    """The remedy for an unknown name."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(names)}" if names else ""


def _words(error: ErrorDetails, loc: Loc, model: type[BaseModel]) -> tuple[str, str]:
    """(message, remedy) for a person. Never the value found: it may be a secret."""
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"unknown key {loc[-1]!r}", nearest(str(loc[-1]), _keys(model, loc[:-1]))
    if kind == "missing":
        return f"the key {loc[-1]!r} is missing", _meaning(model, loc)
    if kind == "string_type" and isinstance(error["input"], int | float):
        return "text expected, a number found", "write it in quotes, so that no leading zero is lost"
    if kind in ("enum", "literal_error"):
        expected = str(error.get("ctx", {}).get("expected", ""))
        known = [word.strip(" '\"") for word in expected.replace(" or ", ",").split(",")]
        return "not one of the known words", nearest(str(error["input"]), known)
    if kind in ("dict_type", "model_type", "mapping_type"):
        return "keys and values expected here", _meaning(model, loc)
    message = error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if kind == "string_pattern_mismatch":
        return f"does not look like {error.get('ctx', {}).get('pattern', 'what belongs here')}", ""
    return message[:1].lower() + message[1:], _meaning(model, loc)


def _meaning(model: type[BaseModel], loc: Loc) -> str:
    """What the documentation of the field at ``loc`` says."""
    for owner in _models_at(model, loc[:-1]):
        info = owner.model_fields.get(str(loc[-1])) if loc else None
        if info is not None and info.description:
            return " ".join(info.description.split())
    return ""


def _keys(model: type[BaseModel], loc: Loc) -> list[str]:
    return [name for owner in _models_at(model, loc) for name in owner.model_fields]


def _models_at(model: type[BaseModel], loc: Loc) -> list[type[BaseModel]]:
    """The models that may stand at ``loc`` below ``model``."""
    candidates: list[Any] = [model]
    for step in loc:
        below = [inner for candidate in candidates for inner in _below(candidate, step)]
        candidates = below or candidates  # a step into nothing names the branch of a union
    return [c for candidate in candidates for c in _models(candidate)]


def _below(annotation: Any, step: int | str) -> Iterator[Any]:
    for part in _branches(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            if step in part.model_fields:
                yield part.model_fields[str(step)].annotation
        elif get_origin(part) is dict:
            yield get_args(part)[1]
        elif get_origin(part) in (list, tuple) and isinstance(step, int):
            inner = get_args(part)
            yield inner[0] if len(inner) < 2 or inner[1] is Ellipsis else inner[min(step, len(inner) - 1)]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    for part in _branches(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield part


def _branches(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from _branches(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from _branches(part)
    else:
        yield annotation
